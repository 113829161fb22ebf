//! What the tests share: the shared files, and what an event says, as pairs that two events can be compared by.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Every file of JSON below a folder of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared(folder: &str) -> Option<Vec<PathBuf>> {
    let mut files = comity_beside::shared_files(&format!("data/{folder}"))?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    Some(files)
}

/// The events of a MISP document; attributes and objects without one are as if one event held them.
pub(crate) fn events(document: &Value) -> Vec<Value> {
    match document {
        Value::Array(items) => items.iter().flat_map(events).collect(),
        Value::Object(map) => {
            if let Some(response) = map.get("response") {
                return events(response);
            }
            let is_part = ["value", "Attribute", "name"].iter().any(|name| map.contains_key(*name));
            if let Some(event) = map.get("Event").filter(|_| !is_part) {
                return vec![event.clone()];
            }
            if map.contains_key("value") {
                return vec![serde_json::json!({ "Attribute": [document] })];
            }
            if map.contains_key("name") && map.contains_key("Attribute") {
                return vec![serde_json::json!({ "Object": [document] })];
            }
            vec![document.clone()]
        }
        _ => Vec::new(),
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn flag(value: &Value) -> bool {
    matches!(word(value).to_lowercase().as_str(), "1" | "true")
}

fn items<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match &value[name] {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// What a document of MISP says, by where it says it: the uuid of a thing (or, without one, its type and value) and a
/// property. Only what is said is there, so that one document can be held against another that says more.
pub(crate) fn said(document: &Value) -> BTreeMap<String, String> {
    collect(document, false, &twice(document))
}

/// The same, with what has a uuid also under its type and value, so that what had none before is found.
fn reached(document: &Value) -> BTreeMap<String, String> {
    collect(document, true, &BTreeSet::new())
}

fn collect(document: &Value, named: bool, twice: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for event in events(document) {
        let mut put = |name: &str, value: String| {
            if !value.is_empty() {
                found.insert(format!("event {} {name}", word(&event["info"])), value);
            }
        };
        for name in ["uuid", "date", "threat_level_id", "analysis", "timestamp", "extends_uuid"] {
            put(name, word(&event[name]));
        }
        put("published", flag(&event["published"]).to_string());
        put("Orgc", word(&event["Orgc"]["uuid"]));
        put("tags", tags(&event));
        put("clusters", clusters(&event));
        put("distribution", distribution(&event));
        put("group", word(&event["SharingGroup"]["uuid"]));
        for attribute in items(&event, "Attribute") {
            attribute_said(attribute, "", named, twice, &mut found);
        }
        for object in items(&event, "Object") {
            object_said(object, named, twice, &mut found);
        }
        for report in items(&event, "EventReport") {
            for name in ["name", "content"] {
                found.insert(format!("report {} {name}", word(&report["uuid"])), word(&report[name]));
            }
        }
        analyst(&event, &mut found);
    }
    found
}

/// A uuid that is one (some fixtures have `a` there) and this thing's alone (some have one twice).
fn uuid(thing: &Value, twice: &BTreeSet<String>) -> Option<String> {
    Some(word(&thing["uuid"])).filter(|uuid| uuid.len() == 36 && !twice.contains(uuid))
}

/// Uuids that two attributes or objects of a document have.
pub(crate) fn twice(document: &Value) -> BTreeSet<String> {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    let mut see = |thing: &Value| {
        let uuid = word(&thing["uuid"]);
        if !once.insert(uuid.clone()) {
            twice.insert(uuid);
        }
    };
    for event in events(document) {
        items(&event, "Attribute").into_iter().for_each(&mut see);
        for object in items(&event, "Object") {
            see(object);
            items(object, "Attribute").into_iter().for_each(&mut see);
        }
    }
    twice
}

fn object_said(object: &Value, named: bool, twice: &BTreeSet<String>, found: &mut BTreeMap<String, String>) {
    let name = format!("object {}", word(&object["name"]));
    let by_uuid = uuid(object, twice).map(|uuid| format!("object {uuid}"));
    if named || by_uuid.is_none() {
        object_under(&name, object, named, twice, found);
    }
    if let Some(key) = by_uuid {
        object_under(&key, object, named, twice, found);
    }
}

fn object_under(
    key: &str,
    object: &Value,
    named: bool,
    twice: &BTreeSet<String>,
    found: &mut BTreeMap<String, String>,
) {
    for name in
        ["name", "meta-category", "description", "template_uuid", "template_version", "comment", "timestamp"]
    {
        let value = word(&object[name]);
        if !value.is_empty() {
            found.insert(format!("{key} {name}"), value);
        }
    }
    found.insert(format!("{key} deleted"), flag(&object["deleted"]).to_string());
    for attribute in items(object, "Attribute") {
        attribute_said(attribute, &word(&object["name"]), named, twice, found);
    }
    for reference in items(object, "ObjectReference") {
        let key = format!("{key} -> {}", word(&reference["referenced_uuid"]));
        for name in ["uuid", "relationship_type", "comment"] {
            let value = word(&reference[name]);
            if !value.is_empty() {
                found.insert(format!("{key} {} {name}", word(&reference["relationship_type"])), value);
            }
        }
    }
    analyst(object, found);
}

fn attribute_said(
    attribute: &Value,
    object: &str,
    named: bool,
    twice: &BTreeSet<String>,
    found: &mut BTreeMap<String, String>,
) {
    if word(&attribute["value"]).is_empty() {
        return;
    }
    let said = ["object_relation", "type", "value"].map(|name| word(&attribute[name])).join(" ");
    let by_uuid = uuid(attribute, twice).map(|uuid| format!("attribute {uuid}"));
    if named || by_uuid.is_none() {
        attribute_under(&format!("attribute {object} {said}"), attribute, found);
    }
    if let Some(key) = by_uuid {
        attribute_under(&key, attribute, found);
    }
}

fn attribute_under(key: &str, attribute: &Value, found: &mut BTreeMap<String, String>) {
    for name in ["type", "category", "value", "comment", "timestamp", "data", "object_relation"] {
        let value = word(&attribute[name]);
        // One fixture has bytes that are no base64; these are named and left.
        let is_base64 = !value.contains('\'');
        if !value.is_empty() && (name != "data" || is_base64) {
            found.insert(format!("{key} {name}"), value);
        }
    }
    for name in ["to_ids", "deleted", "disable_correlation"] {
        found.insert(format!("{key} {name}"), flag(&attribute[name]).to_string());
    }
    for name in ["first_seen", "last_seen"] {
        if let Ok(at) = word(&attribute[name]).parse::<jiff::Timestamp>() {
            found.insert(format!("{key} {name}"), at.to_string());
        }
    }
    for (name, value) in [
        ("tags", tags(attribute)),
        ("clusters", clusters(attribute)),
        ("distribution", distribution(attribute)),
        ("group", word(&attribute["SharingGroup"]["uuid"])),
    ] {
        if !value.is_empty() {
            found.insert(format!("{key} {name}"), value);
        }
    }
    for sighting in items(attribute, "Sighting") {
        let key = format!("{key} sighting {}", word(&sighting["uuid"]));
        for name in ["type", "date_sighting", "source"] {
            found.insert(format!("{key} {name}"), word(&sighting[name]));
        }
        found.insert(format!("{key} by"), word(&sighting["Organisation"]["uuid"]));
    }
    analyst(attribute, found);
}

fn analyst(thing: &Value, found: &mut BTreeMap<String, String>) {
    for (list, name) in
        [("Note", "note"), ("Opinion", "opinion"), ("Opinion", "comment"), ("Note", "authors")]
    {
        for said in items(thing, list) {
            found.insert(format!("{list} {} {name}", word(&said["uuid"])), word(&said[name]));
        }
    }
}

fn distribution(thing: &Value) -> String {
    match word(&thing["distribution"]) {
        level if matches!(level.as_str(), "0" | "1" | "2" | "3") => level,
        _ => String::new(),
    }
}

/// Clusters by galaxy and value: MISP attaches them by tags, so that one says what the other does.
fn clusters(thing: &Value) -> String {
    let mut found = BTreeSet::new();
    for galaxy in items(thing, "Galaxy") {
        for cluster in items(galaxy, "GalaxyCluster") {
            found.insert(format!("misp-galaxy:{}=\"{}\"", word(&galaxy["type"]), word(&cluster["value"])));
        }
    }
    for tag in items(thing, "Tag") {
        let name = word(&tag["name"]);
        if name.starts_with("misp-galaxy:") {
            found.insert(name);
        }
    }
    found.into_iter().collect::<Vec<_>>().join(" ")
}

fn tags(thing: &Value) -> String {
    let names =
        items(thing, "Tag").into_iter().filter(|tag| !flag(&tag["local"])).map(|tag| word(&tag["name"]));
    let found: BTreeSet<String> = names.filter(|name| !name.starts_with("misp-galaxy:")).collect();
    found.into_iter().collect::<Vec<_>>().join(" ")
}

/// What `before` says and `after` does not, or says otherwise.
pub(crate) fn lost(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (said(before), reached(after));
    let lost = before.iter().filter(|(key, value)| after.get(*key) != Some(value));
    lost.map(|(key, value)| {
        let cut = |text: &str| text.chars().take(80).collect::<String>();
        format!("{key} = `{}`, now {:?}", cut(value), after.get(key).map(|value| cut(value)))
    })
    .collect()
}
