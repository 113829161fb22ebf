//! A STIX 2.1 bundle, read within bounds, each object once, its text kept as it was written.
//!
//! ```text
//! { "type": "bundle", "id": "bundle--…", "objects": [ {…}, {…} ] }      a bundle
//! {…}   or   [ {…}, {…} ]                                               wrapped into one
//! ```
//! One bad object among good ones is listed as [`Rejected`] and the others are kept. STIX 2.0 is read as 2.1
//! where it maps (`stix20`): what was upgraded is no longer byte for byte what came.
//!
//! Leaves what the properties mean to [`crate::table`]. Source: STIX 2.1 sections 2.9, 3.1, 3.2, 8.

use crate::classify::{CLEAR, Texts};
use crate::json::{Node, TreeError};
use crate::pattern::{Literal, literals};
use crate::table::PathTable;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

mod again;
mod envelope;
pub(crate) mod shape;
mod stix20;

use envelope::{Element, Envelope};

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
    /// A property that STIX asks for is not there.
    #[error("it is not there")]
    Absent,
    /// A property has a value of another kind.
    #[error("not {0}")]
    WrongType(&'static str),
    /// Not an instant.
    #[error("not an instant of the form 2026-01-02T03:04:05Z")]
    BadInstant,
    /// An instant that lies before one that it cannot lie before.
    #[error("before `{0}`")]
    Before(&'static str),
    /// A pattern whose quotes do not fit: where its literals begin and end cannot be told.
    #[error("not a pattern of STIX: a literal does not end where one can")]
    BadPattern,
    /// Neither STIX 2.1 nor 2.0.
    #[error("`spec_version` is neither `2.1` nor `2.0`")]
    Version,
    /// STIX 2.0 that does not map to 2.1.
    #[error("STIX 2.0 that does not map to 2.1: {0}")]
    NotUpgraded(&'static str),
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
    pub path: Cow<'static, str>,
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

/// Which versions of which objects a bundle has, each with the position of the first.
type Versions<'a> = HashMap<(Ident, Cow<'a, str>), usize>;

/// One object of a bundle.
pub struct Object<'a> {
    position: usize,
    raw: Cow<'a, str>,
    tree: Node<'a>,
    ident: Ident,
    // Several readers ask for them.
    literals: OnceLock<Box<[Literal]>>,
    // In most of them is nobody.
    texts: OnceLock<Option<Box<Texts>>>,
}

impl<'a> Object<'a> {
    /// Its position in the input, which the rejected count in too.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its text: as it was written, or as it was upgraded.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Its text, borrowed from the input where it is as it was written.
    pub(crate) fn bytes(&self) -> Cow<'a, [u8]> {
        match &self.raw {
            Cow::Borrowed(raw) => Cow::Borrowed(raw.as_bytes()),
            Cow::Owned(raw) => Cow::Owned(raw.as_bytes().to_vec()),
        }
    }

    /// Whether it was STIX 2.0 on input.
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        matches!(self.raw, Cow::Owned(_))
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

    /// The literals of its pattern; none when it has no pattern in STIX's own language.
    pub(crate) fn literals(&self) -> &[Literal] {
        self.literals.get_or_init(|| match self.tree.get("pattern").and_then(Node::as_text) {
            Some(pattern) if self.speaks_stix() => literals(pattern).into_boxed_slice(),
            _ => Box::default(),
        })
    }

    /// Whether its pattern, if it has one, is written in STIX's own language.
    pub(crate) fn speaks_stix(&self) -> bool {
        self.tree.get("pattern_type").and_then(Node::as_text).is_none_or(|language| language == "stix")
    }

    /// What its free texts tell of people: read once, for the table that is asked first.
    pub(crate) fn texts(&self, table: &PathTable) -> &Texts {
        let read = || Some(Texts::read(self, table)).filter(|texts| !texts.are_clear()).map(Box::new);
        self.texts.get_or_init(read).as_deref().unwrap_or(&CLEAR)
    }

    /// Whether `modified` tells versions of it apart.
    pub(crate) fn has_versions(&self) -> bool {
        shape::has_versions(self.stix_type())
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
    idents: HashMap<Cow<'a, str>, Ident>,
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
        Self::of(Envelope::read(text, limits)?)
    }

    /// The bundle of these objects, each the JSON text of one, as [`parse`](Self::parse) reads them in one text: none
    /// has to be in memory twice.
    ///
    /// # Errors
    /// [`BundleError`] as [`parse`](Self::parse); places are told within the object that does not read.
    pub fn of_objects(
        objects: impl IntoIterator<Item = &'a [u8]>,
        limits: &Limits,
    ) -> Result<Self, BundleError> {
        Self::of(Envelope::of_objects(objects, limits)?)
    }

    fn of(envelope: Envelope<'a>) -> Result<Self, BundleError> {
        let mut bundle = Self::empty(envelope.objects.len());
        bundle.read_properties(&envelope.properties)?;
        let mut versions = HashMap::with_capacity(envelope.objects.len());
        for (position, element) in envelope.objects.into_iter().enumerate() {
            bundle.read_element(position, element, &mut versions);
        }
        Ok(bundle)
    }

    /// One without objects, with room for so many.
    fn empty(room: usize) -> Self {
        Self {
            id: None,
            unknown: Vec::new(),
            objects: Vec::with_capacity(room),
            rejected: Vec::new(),
            idents: HashMap::with_capacity(room),
        }
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

    fn read_properties(&mut self, properties: &[(Cow<'a, str>, &'a str)]) -> Result<(), BundleError> {
        // A set, for a peer chooses how many there are.
        let mut seen = HashSet::new();
        for (name, value) in properties {
            if !seen.insert(name.as_ref()) {
                return Err(BundleError::BadProperty("a property named twice"));
            }
            match name.as_ref() {
                "type" => {}
                "id" => {
                    let id: String =
                        serde_json::from_str(value).map_err(|_| BundleError::BadProperty("id"))?;
                    let (kind, _) = split_id(&id).ok_or(BundleError::BadProperty("id"))?;
                    if kind != "bundle" {
                        return Err(BundleError::BadProperty("id"));
                    }
                    self.id = Some(id);
                }
                // A list of objects is no property here: this is something else, or a second one.
                "objects" => return Err(BundleError::BadProperty("objects")),
                // Its objects are known by what they have themselves.
                "spec_version" if *value == "\"2.0\"" => {}
                other => self.unknown.push(other.chars().take(250).collect()),
            }
        }
        Ok(())
    }

    fn read_element(
        &mut self,
        position: usize,
        Element { raw, tree }: Element<'a>,
        versions: &mut Versions<'a>,
    ) {
        match tree {
            Ok(Checked { tree, .. }) if stix20::is_old(&tree) => {
                let id = valid_id(&tree);
                match stix20::upgrade(tree) {
                    Ok(trees) => trees.into_iter().for_each(|tree| {
                        let mut text = Vec::new();
                        tree.write(&mut text);
                        let raw = Cow::Owned(String::from_utf8(text).unwrap_or_default());
                        self.read_object(position, raw, Checked::of(tree), versions);
                    }),
                    Err((path, reason)) => self.reject(position, id, path, reason),
                }
            }
            Ok(read) => self.read_object(position, Cow::Borrowed(raw), read, versions),
            Err(error) => self.reject(position, None, "", error.into()),
        }
    }

    fn read_object(
        &mut self,
        position: usize,
        raw: Cow<'a, str>,
        Checked { tree, wrong }: Checked<'a>,
        versions: &mut Versions<'a>,
    ) {
        let id = match (wrong.map(|wrong| *wrong), valid_id(&tree)) {
            (None, Some(id)) => id,
            (None, None) => return self.reject(position, None, "id", RejectionReason::NoId),
            (Some((path, reason)), id) => return self.reject(position, id, path, reason),
        };
        let (ident, literals, texts) = (0, OnceLock::new(), OnceLock::new());
        self.place(position, id, Object { position, raw, tree, ident, literals, texts }, versions);
    }

    /// Gives a good object its place, unless another has it.
    fn place(&mut self, position: usize, id: Cow<'a, str>, object: Object<'a>, versions: &mut Versions<'a>) {
        let next = self.idents.len();
        let ident = *self.idents.entry(id.clone()).or_insert(next);
        let tree = &object.tree;
        // Of what has no versions, a `modified` is one more property that nobody knows.
        let versioned =
            |_: &&Node<'_>| tree.get("type").and_then(Node::as_text).is_some_and(shape::has_versions);
        let modified = tree.get("modified").filter(versioned).and_then(Node::text).unwrap_or_default();
        match versions.entry((ident, modified)) {
            Entry::Occupied(first) => {
                // An upgraded observable's id is made from all that it says: it is there already.
                let observable = object.is_upgraded() && tree.get("created").is_none();
                if !observable {
                    self.reject(position, Some(id), "id", RejectionReason::Duplicate(*first.get()));
                }
            }
            Entry::Vacant(free) => {
                free.insert(position);
                self.objects.push(Object { position, ident, ..object });
            }
        }
    }

    fn reject(
        &mut self,
        index: usize,
        id: Option<Cow<'a, str>>,
        path: impl Into<Cow<'static, str>>,
        reason: RejectionReason,
    ) {
        if let Some(id) = &id {
            // What points to it did resolve on input, and must be seen not to afterwards.
            let next = self.idents.len();
            self.idents.entry(id.clone()).or_insert(next);
        }
        let (id, path) = (id.map(Cow::into_owned), path.into());
        self.rejected.push(Rejected { index, id, path, reason });
    }
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

fn valid_id<'a>(tree: &Node<'a>) -> Option<Cow<'a, str>> {
    tree.get("id").and_then(Node::text).filter(|id| split_id(id).is_some())
}

/// An object as it was read, and what is wrong with it by itself.
struct Checked<'a> {
    tree: Node<'a>,
    /// Where, and what.
    wrong: Option<Box<(Cow<'static, str>, RejectionReason)>>,
}

impl<'a> Checked<'a> {
    fn of(tree: Node<'a>) -> Self {
        Self { wrong: check(&tree).err().map(Box::new), tree }
    }
}

/// What every object must have: a type, an id of that type, the version, and the shape of its type.
fn check(tree: &Node<'_>) -> Result<(), (Cow<'static, str>, RejectionReason)> {
    let at = |name: &'static str, reason| Err((Cow::Borrowed(name), reason));
    let Node::Object(_) = tree else { return at("", RejectionReason::NotAnObject) };
    let text = |name| tree.get(name).and_then(Node::as_text);
    let Some(kind) = text("type") else { return at("type", RejectionReason::NoType) };
    match text("id").and_then(split_id) {
        Some((id_kind, _)) if id_kind == kind => {}
        _ => return at("id", RejectionReason::NoId),
    }
    match tree.get("spec_version") {
        Some(Node::Text(version)) if version == "2.1" => {}
        Some(_) => return at("spec_version", RejectionReason::Version),
        None => {}
    }
    shape::check(kind, tree)
}

#[cfg(test)]
mod tests;
