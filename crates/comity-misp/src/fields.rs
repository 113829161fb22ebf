//! Reading MISP's JSON within bounds, and naming what nobody read.
//!
//! MISP writes numbers and flags as texts, numbers or booleans, one item where a list is meant, and null for nothing:
//! all of these read. Every property that is not taken is named at the end, so that nothing is dropped in silence.

use crate::id;
use crate::left::{Lefts, Reason};
use serde_json::{Map, Value};

/// What is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document. A tree of JSON values takes up to some 30 times as much for an instant.
    pub bytes_max: usize,
    /// Objects of JSON in one document: events, attributes, tags and all others.
    pub records_max: usize,
    /// Bytes of one text that is no attached file.
    pub text_length_max: usize,
}

impl Default for Limits {
    /// 64 MiB; a million records, which 64 MiB holds at 64 bytes each; texts of 1 MiB.
    fn default() -> Self {
        Self { bytes_max: 64 << 20, records_max: 1 << 20, text_length_max: 1 << 20 }
    }
}

/// Why a document was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MispError {
    /// More bytes than the limit.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// More records than the limit.
    #[error("more than {0} records")]
    TooMany(usize),
    /// One thing has more tags, galaxies or markings than this.
    #[error("more than {0} tags, galaxies or markings on one thing")]
    TooManyBorne(usize),
    /// A text longer than the limit.
    #[error("a text longer than {0} bytes")]
    TextTooLong(usize),
    /// Not JSON, or nested deeper than 128.
    #[error("line {line}, column {column}: not JSON, or nested too deep")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// JSON, and no MISP event, attribute or object.
    #[error("no MISP event, attribute or object: {0}")]
    NotMisp(&'static str),
    /// JSON, and no STIX bundle.
    #[error("no STIX 2.1 bundle: {0}")]
    NotStix(&'static str),
}

/// Reads JSON within `limits` (and within 128 levels, serde_json's own bound).
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, MispError> {
    if bytes.len() > limits.bytes_max {
        return Err(MispError::TooLong(limits.bytes_max));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| MispError::NotJson { line: error.line(), column: error.column() })?;
    let mut records = 0;
    bounded(&value, "", limits, &mut records)?;
    Ok(value)
}

fn bounded(value: &Value, name: &str, limits: &Limits, records: &mut usize) -> Result<(), MispError> {
    match value {
        Value::String(text) => {
            let holds_file = matches!(name, "data" | "payload_bin" | "pattern");
            if text.len() > limits.text_length_max && !holds_file {
                return Err(MispError::TextTooLong(limits.text_length_max));
            }
        }
        Value::Array(items) => items.iter().try_for_each(|item| bounded(item, name, limits, records))?,
        Value::Object(map) => {
            *records += 1;
            if *records > limits.records_max {
                return Err(MispError::TooMany(limits.records_max));
            }
            map.iter().try_for_each(|(name, value)| bounded(value, name, limits, records))?;
        }
        _ => {}
    }
    Ok(())
}

/// The properties of one JSON object, each taken once.
#[derive(Debug)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    pub(crate) path: String,
}

impl Fields {
    pub(crate) fn new(map: Map<String, Value>, path: String) -> Self {
        Self { map, path }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !is_nothing(value))
    }

    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name)
    }

    /// All of it as text: what an id is derived from where MISP gives none.
    pub(crate) fn seed(&self) -> String {
        serde_json::to_string(&self.map).unwrap_or_default()
    }

    /// The names of what was not taken.
    pub(crate) fn names(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    /// A text, number or flag, as text; nothing when it is empty.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let text = match self.map.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        self.map.remove(name);
        (!text.is_empty()).then_some(text)
    }

    /// `true`, `1`, `"1"`, `"true"`; `None` where it is not there.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        Some(matches!(text.to_ascii_lowercase().as_str(), "1" | "true"))
    }

    pub(crate) fn uuid(&mut self, name: &str) -> Option<String> {
        let found = id::uuid(self.map.get(name)?.as_str()?)?;
        self.map.remove(name);
        Some(found)
    }

    /// One object.
    pub(crate) fn fields(&mut self, name: &str) -> Option<Self> {
        match self.map.remove(name)? {
            Value::Object(map) => Some(Self { map, path: self.at(name) }),
            other => {
                self.map.insert(name.to_owned(), other);
                None
            }
        }
    }

    /// The objects of a list, or a single one; what is no object stays, to be named.
    pub(crate) fn list(&mut self, name: &str) -> Vec<Self> {
        let items = match self.map.remove(name) {
            Some(Value::Array(items)) => items,
            Some(one @ Value::Object(_)) => vec![one],
            Some(other) => {
                self.map.insert(name.to_owned(), other);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::Object(map) => found.push(Self { map, path: format!("{}[{index}]", self.at(name)) }),
                other => others.push(other),
            }
        }
        if !others.is_empty() {
            self.map.insert(name.to_owned(), Value::Array(others));
        }
        found
    }

    /// Names what was not taken and says something.
    pub(crate) fn end(self, left: &mut Lefts) {
        for (name, value) in self.map {
            if !is_nothing(&value) {
                let reason = if LOCAL.contains(&name.as_str()) { Reason::Local } else { Reason::NoPlace };
                left.add(&format!("{}.{name}", self.path), reason);
            }
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// What has a meaning only on the server that wrote it: numbering, counters, correlations, accounts.
const LOCAL: [&str; 47] = [
    "id",
    "event_id",
    "object_id",
    "attribute_id",
    "org_id",
    "orgc_id",
    "org",
    "orgc",
    "Org",
    "sharing_group_id",
    "galaxy_id",
    "galaxy_cluster_id",
    "galaxy_cluster_uuid",
    "tag_id",
    "user_id",
    "sync_user_id",
    "referenced_id",
    "referenced_type",
    "source_id",
    "attribute_count",
    "object_count",
    "report_count",
    "proposal_email_lock",
    "locked",
    "event_creator_email",
    "RelatedEvent",
    "RelatedAttribute",
    "Feed",
    "EventTag",
    "AttributeTag",
    "warnings",
    "warnings_count",
    "batch_import",
    "value1",
    "value2",
    "image",
    "colour",
    "hide_tag",
    "numerical_value",
    "exportable",
    "is_galaxy",
    "is_custom_galaxy",
    "local_only",
    "inherited",
    "event_uuid",
    "attribute_uuid",
    "date_modified",
];
