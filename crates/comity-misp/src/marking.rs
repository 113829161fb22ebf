//! Handling: TLP tags, PAP tags, distribution and sharing groups, as marking definitions.
//!
//! TLP is the standard's own, as every importer writes it (`comity_import::marking`). The others are statements:
//! `PAP:RED`, `MISP distribution: 1`, `MISP sharing group`, the last with the group's name and its organisations as
//! external references. What an event is marked with, everything in it is marked with.

use crate::id;
use comity_import::marking::{TLP, TLP_2, definition, tlp};
use serde_json::{Map, Value, json};

/// Those of TLP 2.0 that are read and not written, since their tags are those of TLP 1.
const TLP_2_TWINS: [(&str, &str); 3] = [
    ("tlp:green", "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
    ("tlp:amber", "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
    ("tlp:red", "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"),
];

const STATEMENT_CREATED: &str = "2017-01-20T00:00:00.000Z";
const DISTRIBUTION: &str = "MISP distribution: ";
/// How a marking that MISP has no word for stands there: as a tag with its text, and back.
const STATEMENT_TAG: &str = "stix:statement=\"";
const SHARING_GROUP: &str = "MISP sharing group";

/// What a marking definition says, in MISP's words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Handling {
    /// A tag of TLP or PAP.
    Tag(String),
    /// Distribution 0 to 3.
    Distribution(String),
    /// A sharing group, as MISP writes one.
    SharingGroup(Value),
}

/// The marking definition for a tag, when it is one of TLP or PAP.
pub(crate) fn of_tag(tag: &str) -> Option<Map<String, Value>> {
    let lower = tag.to_ascii_lowercase();
    if let Some(object) = tlp(&lower) {
        return Some(object);
    }
    if let Some(text) = tag.strip_prefix(STATEMENT_TAG).and_then(|rest| rest.strip_suffix('"')) {
        return Some(statement(text));
    }
    lower.starts_with("pap:").then(|| statement(tag))
}

/// The marking definition for a distribution of 0 to 3; none for "inherit", and none for a sharing group's 4.
pub(crate) fn of_distribution(level: &str) -> Option<Map<String, Value>> {
    matches!(level, "0" | "1" | "2" | "3").then(|| statement(&format!("{DISTRIBUTION}{level}")))
}

/// The marking definition for a sharing group: its uuid, name, releasability and organisations.
pub(crate) fn of_sharing_group(uuid: &str, group: &SharingGroup) -> Map<String, Value> {
    let mut object = definition(&format!("marking-definition--{uuid}"), STATEMENT_CREATED);
    object.insert("definition_type".to_owned(), json!("statement"));
    object.insert("definition".to_owned(), json!({ "statement": SHARING_GROUP }));
    object.insert("name".to_owned(), json!(group.name));
    let mut references = Vec::new();
    if let Some(to) = &group.releasability {
        references.push(json!({ "source_name": "misp:releasability", "description": to }));
    }
    for (uuid, name) in &group.organisations {
        references
            .push(json!({ "source_name": "misp:organisation", "external_id": uuid, "description": name }));
    }
    if !references.is_empty() {
        object.insert("external_references".to_owned(), Value::Array(references));
    }
    object
}

/// What of a sharing group travels.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SharingGroup {
    pub name: String,
    pub releasability: Option<String>,
    /// Uuid and name of each.
    pub organisations: Vec<(String, String)>,
}

fn statement(text: &str) -> Map<String, Value> {
    let id = format!("marking-definition--{}", id::derived(&["statement", text]));
    let mut object = definition(&id, STATEMENT_CREATED);
    object.insert("definition_type".to_owned(), json!("statement"));
    object.insert("definition".to_owned(), json!({ "statement": text }));
    object
}

/// What a marking definition says to MISP. One that MISP has no word for becomes a tag with its text, so that no reader
/// is left without it.
pub(crate) fn read(id: &str, object: Option<&Map<String, Value>>) -> Handling {
    let known = TLP.iter().map(|(tag, id, _)| (*tag, *id)).chain(TLP_2_TWINS);
    if let Some((tag, _)) = known.into_iter().find(|(_, known)| *known == id) {
        return Handling::Tag(tag.to_owned());
    }
    object.and_then(|object| said(id, object)).unwrap_or_else(|| {
        let name = object.and_then(|object| object.get("name")).and_then(Value::as_str);
        Handling::Tag(format!("{STATEMENT_TAG}{}\"", name.unwrap_or(id)))
    })
}

fn said(id: &str, object: &Map<String, Value>) -> Option<Handling> {
    let level = object.get("extensions").and_then(|all| all.get(TLP_2)).and_then(|it| it.get("tlp_2_0"));
    let level = level.or_else(|| object.get("definition").and_then(|it| it.get("tlp")));
    if let Some(level) = level.and_then(Value::as_str) {
        return Some(Handling::Tag(format!("tlp:{}", level.to_ascii_lowercase())));
    }
    let statement = object.get("definition")?.get("statement")?.as_str()?;
    if let Some(level) = statement.strip_prefix(DISTRIBUTION)
        && of_distribution(level).is_some()
    {
        return Some(Handling::Distribution(level.to_owned()));
    }
    if statement == SHARING_GROUP {
        return Some(Handling::SharingGroup(sharing_group(id, object)?));
    }
    let tag = match statement.to_ascii_lowercase().starts_with("pap:") {
        true => statement.to_owned(),
        false => format!("{STATEMENT_TAG}{statement}\""),
    };
    Some(Handling::Tag(tag))
}

fn sharing_group(id: &str, object: &Map<String, Value>) -> Option<Value> {
    let mut organisations = Vec::new();
    let mut releasability = "";
    for reference in object.get("external_references").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| reference.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("source_name") {
            "misp:releasability" => releasability = text("description"),
            "misp:organisation" => {
                let organisation = json!({ "uuid": text("external_id"), "name": text("description") });
                organisations.push(json!({ "Organisation": organisation }));
            }
            _ => {}
        }
    }
    let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
    Some(json!({
        "uuid": id::of(id)?, "name": name, "releasability": releasability, "SharingGroupOrg": organisations,
    }))
}
