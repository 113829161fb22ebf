//! A STIX 2.1 bundle, read within bounds, each object once, its text kept as it was written.
//!
//! ```text
//! { "type": "bundle", "id": "bundle--…", "objects": [ {…}, {…} ] }      a bundle
//! {…}   or   [ {…}, {…} ]                                               wrapped into one
//! ```
//! One bad object among good ones is listed as [`Rejected`] and the others are kept. STIX 2.0 is refused by
//! name: its objects carry no `spec_version` and its observed data holds observables inside.
//!
//! Leaves what the properties mean to [`crate::table`]. Source: STIX 2.1 sections 2.9, 3.1, 3.2, 8.

use crate::json::{DEPTH_MAX, Node, TreeError};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest input, in bytes.
    pub bytes_max: usize,
    /// The most objects in one bundle.
    pub objects_max: usize,
    /// The longest string, in bytes as written.
    pub string_length_max: usize,
}

impl Default for Limits {
    /// 128 MiB: three times the largest public bundle (enterprise ATT&CK, about 45 MB). 200,000 objects: eight
    /// times its count. Strings of 32 MiB: an artifact's payload of 24 MiB in base64.
    fn default() -> Self {
        Self { bytes_max: 128 << 20, objects_max: 200_000, string_length_max: 32 << 20 }
    }
}

/// Why nothing of an input was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Longer than the limit.
    #[error("the input has {bytes} bytes, more than {bytes_max}")]
    TooLong {
        /// What it has.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Not UTF-8.
    #[error("not UTF-8 after byte {0}")]
    NotUtf8(usize),
    /// Not JSON.
    #[error("not JSON at line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// JSON, but neither an object nor a list.
    #[error("neither a bundle, an object nor a list of objects")]
    NotABundle,
    /// A property of the bundle itself is not as STIX has it.
    #[error("`{0}` of the bundle is not as STIX 2.1 has it")]
    BadProperty(&'static str),
    /// More objects than the limit.
    #[error("{objects} objects, more than {objects_max}")]
    TooManyObjects {
        /// What it has.
        objects: usize,
        /// The limit.
        objects_max: usize,
    },
    /// STIX 2.0 or older.
    #[error("this is STIX 2.0: {0}; only STIX 2.1 is exchanged")]
    Stix20(&'static str),
}

/// Why one object was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RejectionReason {
    /// The text of it could not be read as a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Not a JSON object.
    #[error("not an object")]
    NotAnObject,
    /// `type` is absent or not a type's name.
    #[error("no type")]
    NoType,
    /// `id` is absent or not `type--uuid` of its own type.
    #[error("no id of the form type--uuid")]
    NoId,
    /// A STIX 2.0 object: no `spec_version`, or `2.0`.
    #[error("STIX 2.0: `spec_version` is not `2.1`")]
    Stix20,
    /// The same id and `modified` came before, at this position.
    #[error("the same id and version as object {0}")]
    Duplicate(usize),
}

/// An object that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its position in the input.
    pub index: usize,
    /// Its id, where it could be read.
    pub id: Option<String>,
    /// Where the fault lies, as a selector; empty for the whole object.
    pub path: &'static str,
    /// Why.
    pub reason: RejectionReason,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {} ({})", self.index, self.id.as_deref().unwrap_or("no id"))?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// One id of the bundle, as a dense number: several versions of an object share it.
pub(crate) type Ident = usize;

/// One object of a bundle.
pub struct Object<'a> {
    position: usize,
    raw: &'a str,
    tree: Node<'a>,
    ident: Ident,
}

impl<'a> Object<'a> {
    /// Its position in the input, which the rejected count in too.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its text as it was written.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Its tree.
    #[must_use]
    pub fn tree(&self) -> &Node<'a> {
        &self.tree
    }

    /// Its STIX type.
    #[must_use]
    pub fn stix_type(&self) -> &str {
        self.text("type")
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    pub(crate) fn ident(&self) -> Ident {
        self.ident
    }

    /// A top-level string property; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.tree.get(name).and_then(Node::as_text).unwrap_or_default()
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.id(), self.raw.len())
    }
}

/// A bundle: its good objects, and what was wrong with the others.
#[derive(Debug)]
pub struct Bundle<'a> {
    id: Option<String>,
    unknown: Vec<String>,
    objects: Vec<Object<'a>>,
    rejected: Vec<Rejected>,
    idents: HashMap<String, Ident>,
}

impl<'a> Bundle<'a> {
    /// The bundle that `bytes` hold; a lone object or a list of objects becomes a bundle without an id.
    ///
    /// # Errors
    /// [`BundleError`] when nothing of it can be used; callers refuse the input and say why. Single bad
    /// objects are no error: see [`rejected`](Self::rejected).
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, BundleError> {
        if bytes.len() > limits.bytes_max {
            return Err(BundleError::TooLong { bytes: bytes.len(), bytes_max: limits.bytes_max });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| BundleError::NotUtf8(error.valid_up_to()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        let mut bundle = Self {
            id: None,
            unknown: Vec::new(),
            objects: Vec::new(),
            rejected: Vec::new(),
            idents: HashMap::new(),
        };
        let raw_objects = bundle.read_envelope(whole)?;
        if raw_objects.len() > limits.objects_max {
            return Err(BundleError::TooManyObjects {
                objects: raw_objects.len(),
                objects_max: limits.objects_max,
            });
        }
        bundle.read_objects(&raw_objects, limits);
        bundle.refuse_stix20()?;
        Ok(bundle)
    }

    /// The bundle's own id; `None` when the input was a lone object or a list.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The good objects, in order. The indices that this crate speaks of are positions in this slice.
    #[must_use]
    pub fn objects(&self) -> &[Object<'a>] {
        &self.objects
    }

    /// The objects that were not read, in order.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// The properties of the bundle itself that STIX 2.1 does not know: they never travel.
    #[must_use]
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The number that stands for an id that occurs in the bundle, rejected objects included.
    pub(crate) fn ident(&self, id: &str) -> Option<Ident> {
        self.idents.get(id).copied()
    }

    /// How many different ids there are.
    pub(crate) fn ident_count(&self) -> usize {
        self.idents.len()
    }

    fn read_envelope(&mut self, whole: &'a RawValue) -> Result<Vec<&'a RawValue>, BundleError> {
        match whole.get().trim_start().as_bytes().first() {
            Some(b'[') => return serde_json::from_str(whole.get()).map_err(not_json),
            Some(b'{') => {}
            _ => return Err(BundleError::NotABundle),
        }
        let Envelope(properties) = serde_json::from_str(whole.get()).map_err(not_json)?;
        let find = |name| properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.get());
        if find("type") != Some("\"bundle\"") {
            return Ok(vec![whole]);
        }
        let mut objects = None;
        // A set, for a peer chooses how many there are.
        let mut seen = HashSet::new();
        for (name, value) in &properties {
            if !seen.insert(name.as_ref()) {
                return Err(BundleError::BadProperty("a property named twice"));
            }
            match name.as_ref() {
                "type" => {}
                "id" => {
                    let id: String =
                        serde_json::from_str(value.get()).map_err(|_| BundleError::BadProperty("id"))?;
                    let (kind, _) = split_id(&id).ok_or(BundleError::BadProperty("id"))?;
                    if kind != "bundle" {
                        return Err(BundleError::BadProperty("id"));
                    }
                    self.id = Some(id);
                }
                "objects" => {
                    objects = Some(
                        serde_json::from_str(value.get()).map_err(|_| BundleError::BadProperty("objects"))?,
                    );
                }
                "spec_version" if value.get() == "\"2.0\"" => {
                    return Err(BundleError::Stix20("`spec_version` of the bundle is `2.0`"));
                }
                other => self.unknown.push(other.chars().take(250).collect()),
            }
        }
        Ok(objects.unwrap_or_default())
    }

    fn read_objects(&mut self, raw_objects: &[&'a RawValue], limits: &Limits) {
        let mut versions: HashMap<(Ident, String), usize> = HashMap::new();
        for (position, raw) in raw_objects.iter().enumerate() {
            let (tree, id) = match Node::read(raw.get(), limits.string_length_max) {
                Ok(tree) => {
                    let id = tree.get("id").and_then(Node::as_text).filter(|id| split_id(id).is_some());
                    let id = id.map(str::to_owned);
                    (tree, id)
                }
                Err(error) => {
                    self.reject(position, None, "", error.into());
                    continue;
                }
            };
            let Some(id) = check(&tree).map_or_else(
                |(path, reason)| {
                    self.reject(position, id.clone(), path, reason);
                    None
                },
                |()| id.clone(),
            ) else {
                continue;
            };
            let next = self.idents.len();
            let ident = *self.idents.entry(id.clone()).or_insert(next);
            let modified = tree.get("modified").and_then(Node::as_text).unwrap_or_default().to_owned();
            if let Some(first) = versions.get(&(ident, modified.clone())) {
                self.reject(position, Some(id), "id", RejectionReason::Duplicate(*first));
                continue;
            }
            versions.insert((ident, modified), position);
            self.objects.push(Object { position, raw: raw.get(), tree, ident });
        }
    }

    fn reject(&mut self, index: usize, id: Option<String>, path: &'static str, reason: RejectionReason) {
        if let Some(id) = &id {
            // What points to it did resolve on input, and must be seen not to afterwards.
            let next = self.idents.len();
            self.idents.entry(id.clone()).or_insert(next);
        }
        self.rejected.push(Rejected { index, id, path, reason });
    }

    /// An input whose every fault is its version is refused as a whole, with that reason.
    fn refuse_stix20(&self) -> Result<(), BundleError> {
        let old = self.rejected.iter().filter(|rejected| rejected.reason == RejectionReason::Stix20).count();
        let has_new = self.objects.iter().any(|object| object.tree.get("spec_version").is_some());
        if old > 0 && !has_new {
            return Err(BundleError::Stix20("its objects have no `spec_version`"));
        }
        Ok(())
    }
}

fn not_json(error: serde_json::Error) -> BundleError {
    BundleError::NotJson { line: error.line(), column: error.column() }
}

/// Splits `type--uuid`; `None` when it is not of that form.
pub(crate) fn split_id(id: &str) -> Option<(&str, uuid::Uuid)> {
    let (kind, uuid) = id.split_once("--")?;
    let named = !kind.is_empty()
        && kind.len() <= 250
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    let uuid = uuid::Uuid::try_parse(uuid).ok().filter(|_| uuid.len() == 36)?;
    named.then_some((kind, uuid))
}

/// What every object must have: a type, an id of that type, and the version where STIX 2.1 asks for it.
fn check(tree: &Node<'_>) -> Result<(), (&'static str, RejectionReason)> {
    let Node::Object(_) = tree else {
        return Err(("", RejectionReason::NotAnObject));
    };
    let text = |name| tree.get(name).and_then(Node::as_text);
    let kind = text("type").ok_or(("type", RejectionReason::NoType))?;
    match text("id").and_then(split_id) {
        Some((id_kind, _)) if id_kind == kind => {}
        _ => return Err(("id", RejectionReason::NoId)),
    }
    match text("spec_version") {
        Some("2.1") => Ok(()),
        Some(_) => Err(("spec_version", RejectionReason::Stix20)),
        // Observables may leave it out; everything else has `created`, and then must name it.
        None if tree.get("created").is_some() || tree.get("created_by_ref").is_some() => {
            Err(("spec_version", RejectionReason::Stix20))
        }
        None => Ok(()),
    }
}

/// The properties of a bundle, in order, each once or more: duplicates are the reader's to refuse.
struct Envelope<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Properties;
        impl<'de> Visitor<'de> for Properties {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object nested no deeper than {DEPTH_MAX}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
                let mut properties = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    properties.push((Cow::Owned(name), map.next_value()?));
                }
                Ok(Envelope(properties))
            }
        }
        deserializer.deserialize_map(Properties)
    }
}

#[cfg(test)]
mod tests;
