//! Labels: tags as they are, and what MISP says of a thing as `misp:key="value"`, as MISP's own converter writes it.

use serde_json::{Map, Value};

/// The keys that are ours or the converter's; a tag that would read as one of them is written as `misp:tag="…"`.
const KEYS: [&str; 26] = [
    "type",
    "category",
    "to_ids",
    "object_relation",
    "name",
    "meta-category",
    "template_uuid",
    "template_version",
    "seen",
    "disable_correlation",
    "own",
    "threat_level_id",
    "analysis",
    "extends_uuid",
    "date",
    "publish_timestamp",
    "galaxy-type",
    "galaxy-name",
    "galaxy-uuid",
    "galaxy",
    "tag",
    "relationship_type",
    "opinion",
    "analyst",
    "data-layer",
    "context-layer",
];

/// Keys that stand in the same form and are also tags of MISP's own taxonomy: labels of ours only with these values.
const TOOLS: [&str; 3] = ["comity", "misp2stix2", "MISP-STIX-Converter"];

/// The label that says which tool wrote an event.
pub(crate) fn tool() -> String {
    written("tool", TOOLS[0])
}

pub(crate) fn written(key: &str, value: &str) -> String {
    format!("misp:{key}=\"{value}\"")
}

/// A tag as a label.
pub(crate) fn from_tag(tag: &str) -> String {
    if is_ours(tag) { written("tag", tag) } else { tag.to_owned() }
}

fn parts(label: &str) -> Option<(&str, &str)> {
    let (key, value) = label.strip_prefix("misp:")?.split_once("=\"")?;
    Some((key, value.strip_suffix('"')?))
}

fn is_ours(label: &str) -> bool {
    parts(label).is_some_and(|(key, value)| KEYS.contains(&key) || key == "tool" && TOOLS.contains(&value))
}

/// The labels of one object, read.
#[derive(Debug, Default)]
pub(crate) struct Labels(Vec<String>);

impl Labels {
    pub(crate) fn of(object: &Map<String, Value>) -> Self {
        let labels = object.get("labels").and_then(Value::as_array).into_iter().flatten();
        Self(labels.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The value of the first label of that key.
    pub(crate) fn get<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.all(key).next()
    }

    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter_map(|label| parts(label))
            .filter(move |(found, _)| *found == key)
            .map(|(_, value)| value)
    }

    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The tags among them.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|label| match parts(label) {
            Some(("tag", tag)) => Some(tag),
            _ if is_ours(label) || label.eq_ignore_ascii_case("threat-report") => None,
            _ => Some(label.as_str()),
        })
    }
}
