//! Reading MISP's JSON within bounds, and naming what nobody read.
//!
//! MISP writes numbers and flags as texts, numbers or booleans, one item where a list is meant, and null for nothing:
//! all of these read. Every property that is not taken is named at the end, so that nothing is dropped in silence.

use crate::id;
use crate::left::{Lefts, Reason};
use comity_import::{Limits, Unread};
use serde_json::{Map, Value};

/// Why a document was not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MispError {
    /// It was not read at all.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// One thing has more tags, galaxies or markings than this.
    #[error("more than {0} tags, galaxies or markings on one thing")]
    TooManyBorne(usize),
    /// JSON, and no MISP event, attribute or object.
    #[error("no MISP event, attribute or object: {0}")]
    NotMisp(&'static str),
    /// JSON, and no STIX bundle.
    #[error("no STIX 2.1 bundle: {0}")]
    NotStix(&'static str),
}

/// Reads JSON within `limits`; what MISP and STIX carry files and rules in may be long.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, MispError> {
    Ok(comity_import::read::parse(bytes, limits, &["data", "payload_bin", "pattern"])?)
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
