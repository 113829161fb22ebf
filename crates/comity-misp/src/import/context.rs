//! What is said about events, attributes and objects: by whom, sightings, reports, analysts' notes and opinions.

use super::Scope;
use crate::fields::Fields;
use crate::left::Reason;
use crate::{id, label, time};
use comity_import::writer::Writer;
use serde_json::{Map, Value, json};

/// Writes an organisation; its id, or `None`, named, when it has no uuid.
pub(super) fn organisation(mut fields: Fields, scope: &mut Scope, writer: &mut Writer) -> Option<String> {
    let name = fields.text("name");
    let uuid = fields.uuid("uuid");
    let name = name.or_else(|| uuid.clone());
    let Some(name) = name else {
        writer.left.add(&fields.path, Reason::Unreadable);
        return None;
    };
    let uuid = uuid.unwrap_or_else(|| id::derived(&["organisation", &name]));
    let mut object = scope.new_object(&format!("identity--{uuid}"), scope.at);
    object.remove("created_by_ref");
    object.insert("name".to_owned(), json!(name));
    object.insert("identity_class".to_owned(), json!("organization"));
    marked(&mut object, scope);
    fields.end(&mut writer.left);
    Some(writer.put(object))
}

/// Who an event is about that is about nothing: STIX asks for one.
pub(super) fn nobody(scope: &Scope) -> Map<String, Value> {
    let uuid = id::derived(&["nobody", &scope.id]);
    let mut object = scope.new_object(&format!("identity--{uuid}"), scope.at);
    object.insert("name".to_owned(), json!("nobody"));
    object.insert("identity_class".to_owned(), json!("unknown"));
    object
}

fn marked(object: &mut Map<String, Value>, scope: &Scope) {
    if !scope.marks.is_empty() {
        object.insert("object_marking_refs".to_owned(), json!(scope.marks));
    }
}

/// A sighting: seen, held to be a false positive, or expired.
pub(super) fn sighting(mut fields: Fields, of: &str, scope: &mut Scope, writer: &mut Writer) {
    let seed = fields.seed();
    let at = fields.text("date_sighting").and_then(|text| time::from_seconds(&text)).unwrap_or(scope.at);
    let uuid = fields.uuid("uuid").unwrap_or_else(|| id::derived(&[of, &seed]));
    let kind = fields.text("type").unwrap_or_else(|| "0".to_owned());
    let stix_type = match kind.as_str() {
        "0" => "sighting",
        "1" => "opinion",
        "2" => "note",
        _ => {
            writer.left.add(&fields.path, Reason::Unreadable);
            return;
        }
    };
    let who = fields.fields("Organisation").and_then(|fields| organisation(fields, scope, writer));
    let mut object = scope.new_object(&format!("{stix_type}--{uuid}"), at);
    // Seen on its day, not on the event's.
    object.insert("created".to_owned(), json!(time::stix(at)));
    object.remove("created_by_ref");
    let source = fields.text("source");
    match stix_type {
        "sighting" => {
            object.insert("first_seen".to_owned(), json!(time::stix(at)));
            object.insert("last_seen".to_owned(), json!(time::stix(at)));
            object.insert("count".to_owned(), json!(1));
            object.insert("sighting_of_ref".to_owned(), json!(of));
            if let Some(who) = who {
                object.insert("where_sighted_refs".to_owned(), json!([who]));
            }
            if let Some(source) = source {
                object.insert("description".to_owned(), json!(source));
            }
        }
        "opinion" => {
            object.insert("opinion".to_owned(), json!("strongly-disagree"));
            object.insert("explanation".to_owned(), json!("False positive Sighting"));
            about(&mut object, of, who, source);
        }
        _ => {
            object.insert("abstract".to_owned(), json!("Expiration Sighting"));
            object.insert("content".to_owned(), json!("Held to have expired"));
            about(&mut object, of, who, source);
        }
    }
    if stix_type != "sighting" {
        object.insert("labels".to_owned(), json!([label::written("data-layer", "Sighting")]));
    }
    marked(&mut object, scope);
    scope.put(object, writer);
    fields.end(&mut writer.left);
}

fn about(object: &mut Map<String, Value>, of: &str, who: Option<String>, source: Option<String>) {
    object.insert("object_refs".to_owned(), json!([of]));
    if let Some(who) = who {
        object.insert("created_by_ref".to_owned(), json!(who));
    }
    if let Some(source) = source {
        let reference = json!({ "source_name": "misp:source", "description": source });
        object.insert("external_references".to_owned(), json!([reference]));
    }
}

/// A report of an event: a note, under the label of MISP's own converter.
pub(super) fn report(mut fields: Fields, scope: &mut Scope, writer: &mut Writer) {
    let seed = fields.seed();
    let at = fields.text("timestamp").and_then(|text| time::from_seconds(&text)).unwrap_or(scope.at);
    let uuid = fields.uuid("uuid").unwrap_or_else(|| id::derived(&[&scope.id, &seed]));
    let id = format!("note--{uuid}");
    let handling = super::handling::read(&mut fields, writer);
    let (marks, mut labels) = super::marks(&handling.marks, &[&scope.marks]);
    labels.push(label::written("data-layer", "Event Report"));
    labels.extend(handling.tags.iter().map(|tag| label::from_tag(tag)));
    let mut object = scope.new_object(&id, at);
    if let Some(name) = fields.text("name") {
        object.insert("abstract".to_owned(), json!(name));
    }
    object.insert("content".to_owned(), json!(fields.text("content").unwrap_or_default()));
    object.insert("object_refs".to_owned(), json!([scope.id]));
    object.insert("labels".to_owned(), json!(labels));
    if fields.flag("deleted") == Some(true) {
        object.insert("revoked".to_owned(), json!(true));
    }
    if !marks.is_empty() {
        object.insert("object_marking_refs".to_owned(), json!(marks));
    }
    scope.known.insert(uuid, id.clone());
    scope.put(object, writer);
    analyst(&mut fields, &id, scope, writer);
    fields.end(&mut writer.left);
}

/// Notes and opinions of analysts about the object `of`, and about each other.
pub(super) fn analyst(fields: &mut Fields, of: &str, scope: &mut Scope, writer: &mut Writer) {
    for note in fields.list("Note") {
        said(note, of, "note", scope, writer);
    }
    for opinion in fields.list("Opinion") {
        said(opinion, of, "opinion", scope, writer);
    }
    for relationship in fields.list("Relationship") {
        writer.left.add(&relationship.path, Reason::NoPlace);
    }
}

fn said(mut fields: Fields, of: &str, kind: &str, scope: &mut Scope, writer: &mut Writer) {
    let seed = fields.seed();
    let uuid = fields.uuid("uuid").unwrap_or_else(|| id::derived(&[of, &seed]));
    let created = fields.text("created").and_then(|text| time::from_text(&text));
    let at = fields.text("modified").and_then(|text| time::from_text(&text)).or(created).unwrap_or(scope.at);
    let id = format!("{kind}--{uuid}");
    let handling = super::handling::read(&mut fields, writer);
    let mut object = scope.new_object(&id, at);
    let created = created.filter(|created| *created <= at).unwrap_or(at);
    object.insert("created".to_owned(), json!(time::stix(created)));
    object.remove("created_by_ref");
    if let Some(who) = fields.fields("Orgc").and_then(|fields| organisation(fields, scope, writer)) {
        object.insert("created_by_ref".to_owned(), json!(who));
    }
    let mut labels = Vec::new();
    if let Some(authors) = fields.text("authors") {
        object.insert("authors".to_owned(), json!([authors]));
    }
    if kind == "note" {
        labels.push(label::written("analyst", "note"));
        object.insert("content".to_owned(), json!(fields.text("note").unwrap_or_default()));
        if let Some(language) = fields.text("language") {
            object.insert("lang".to_owned(), json!(language));
        }
    } else {
        labels.push(label::written("analyst", "opinion"));
        let level: u8 = fields.text("opinion").and_then(|text| text.parse().ok()).unwrap_or(50);
        labels.push(label::written("opinion", &level.to_string()));
        let word = match level {
            0..=20 => "strongly-disagree",
            21..=40 => "disagree",
            41..=60 => "neutral",
            61..=80 => "agree",
            _ => "strongly-agree",
        };
        object.insert("opinion".to_owned(), json!(word));
        if let Some(comment) = fields.text("comment") {
            object.insert("explanation".to_owned(), json!(comment));
        }
    }
    object.insert("object_refs".to_owned(), json!([of]));
    let (marks, shared) = super::marks(&handling.marks, &[&scope.marks]);
    labels.extend(shared);
    object.insert("labels".to_owned(), json!(labels));
    if !marks.is_empty() {
        object.insert("object_marking_refs".to_owned(), json!(marks));
    }
    for name in ["object_uuid", "object_type", "note_type", "note_type_name", "orgc_uuid", "org_uuid"] {
        fields.remove(name);
    }
    scope.put(object, writer);
    analyst(&mut fields, &id, scope, writer);
    fields.end(&mut writer.left);
}
