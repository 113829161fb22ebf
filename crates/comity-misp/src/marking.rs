//! Handling: TLP tags, PAP tags, distribution and sharing groups, as marking definitions.
//!
//! TLP is the standard's own (STIX 2.1 section 7.2.1.4, and OASIS's extension for TLP 2.0). The others are statements:
//! `PAP:RED`, `MISP distribution: 1`, `MISP sharing group`, the last with the group's name and its organisations as
//! external references. What an event is marked with, everything in it is marked with.

use crate::id;
use serde_json::{Map, Value, json};

/// The extension that says a TLP 2.0 level.
const TLP_2: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// Tag, id, and whether it is of TLP 1.
const TLP: [(&str, &str, bool); 6] = [
    ("tlp:white", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", true),
    ("tlp:green", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", true),
    ("tlp:amber", "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", true),
    ("tlp:red", "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", true),
    ("tlp:clear", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", false),
    ("tlp:amber+strict", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", false),
];

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
    if let Some((tag, id, first)) = TLP.into_iter().find(|(known, ..)| *known == lower) {
        let level = tag.trim_start_matches("tlp:");
        let mut object = definition(id.to_owned(), "2017-01-20T00:00:00.000Z");
        object.insert("name".to_owned(), json!(format!("TLP:{}", level.to_ascii_uppercase())));
        if first {
            object.insert("definition_type".to_owned(), json!("tlp"));
            object.insert("definition".to_owned(), json!({ "tlp": level }));
        } else {
            object.insert("created".to_owned(), json!("2022-10-01T00:00:00.000Z"));
            let extension = json!({ "extension_type": "property-extension", "tlp_2_0": level });
            object.insert("extensions".to_owned(), json!({ TLP_2: extension }));
        }
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
    let mut object = definition(format!("marking-definition--{uuid}"), STATEMENT_CREATED);
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

fn definition(id: String, created: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("marking-definition"));
    object.insert("spec_version".to_owned(), json!("2.1"));
    object.insert("id".to_owned(), json!(id));
    object.insert("created".to_owned(), json!(created));
    object
}

fn statement(text: &str) -> Map<String, Value> {
    let id = format!("marking-definition--{}", id::derived(&["statement", text]));
    let mut object = definition(id, STATEMENT_CREATED);
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
