//! One MISP object: a note over its attributes, and its references.

use super::attribute::{self, Holder, Seen};
use super::{Scope, context, handling, marks};
use crate::fields::Fields;
use crate::left::Reason;
use crate::{id, label, time};
use comity_import::writer::Writer;
use jiff::Timestamp;
use serde_json::json;

/// A reference, until everything that it may point to is written.
pub(super) struct Reference {
    fields: Fields,
    source: String,
}

pub(super) fn convert(mut fields: Fields, scope: &mut Scope, writer: &mut Writer) {
    let seed = fields.seed();
    let name = fields.text("name").unwrap_or_else(|| "unnamed".to_owned());
    let uuid = fields.uuid("uuid").unwrap_or_else(|| id::derived(&[&scope.id, &fields.path, &seed]));
    let uuid = scope.unused(uuid, &fields.path, writer);
    let id = format!("note--{uuid}");
    scope.known.insert(uuid, id.clone());
    let at = fields.text("timestamp").and_then(|text| time::from_seconds(&text)).unwrap_or(scope.at);
    let handling = handling::read(&mut fields, writer);
    let (all_marks, mut labels) = marks(&handling.marks, &[&scope.marks]);
    labels.push(label::written("name", &name));
    for key in ["meta-category", "template_uuid", "template_version"] {
        labels.extend(fields.text(key).map(|value| label::written(key, &value)));
    }
    labels.extend(handling.tags.iter().map(|tag| label::from_tag(tag)));
    let mut references = Vec::new();
    if let Some(comment) = fields.text("comment") {
        references.push(json!({ "source_name": "misp:comment", "description": comment }));
    }
    references.extend(Seen::read(&mut fields, writer).references());
    let description = fields.text("description").unwrap_or_else(|| name.clone());
    let revoked = fields.flag("deleted").unwrap_or(false);

    let holder = Holder { name: &name, marks: &handling.marks };
    let mut refs = Vec::new();
    for attribute in fields.list("Attribute") {
        refs.extend(attribute::convert(attribute, Some(&holder), scope, writer));
    }
    if refs.is_empty() {
        refs.push(scope.id.clone());
    }
    let mut object = scope.new_object(&id, at);
    object.insert("content".to_owned(), json!(description));
    object.insert("object_refs".to_owned(), json!(refs));
    object.insert("labels".to_owned(), json!(labels));
    if revoked {
        object.insert("revoked".to_owned(), json!(true));
    }
    if !all_marks.is_empty() {
        object.insert("object_marking_refs".to_owned(), json!(all_marks));
    }
    if !references.is_empty() {
        object.insert("external_references".to_owned(), json!(references));
    }
    scope.put(object, writer);
    handling.attach(&id, at, scope, writer);
    for reference in fields.list("ObjectReference") {
        scope.references.push(Reference { fields: reference, source: id.clone() });
    }
    for sighting in fields.list("Sighting") {
        context::sighting(sighting, &id, scope, writer);
    }
    context::analyst(&mut fields, &id, scope, writer);
    fields.end(&mut writer.left);
}

/// Writes the references, now that what they point to is known.
pub(super) fn resolve(scope: &mut Scope, writer: &mut Writer) {
    for Reference { mut fields, source } in std::mem::take(&mut scope.references) {
        fields.remove("Object");
        fields.remove("Attribute");
        fields.remove("object_uuid");
        fields.remove("source_uuid");
        let named = fields.uuid("referenced_uuid").or_else(|| fields.uuid("uuid_referenced"));
        let Some(target) = named.and_then(|uuid| scope.known.get(&uuid).cloned()) else {
            writer.left.add(&fields.path, Reason::PointsNowhere);
            continue;
        };
        let verb = fields.text("relationship_type").unwrap_or_else(|| "related-to".to_owned());
        let at: Timestamp =
            fields.text("timestamp").and_then(|text| time::from_seconds(&text)).unwrap_or(scope.at);
        let uuid = fields.uuid("uuid").filter(|uuid| !writer.has(&format!("relationship--{uuid}")));
        let uuid = uuid.unwrap_or_else(|| id::derived(&["reference", &source, &target, &verb]));
        let mut link = scope.new_object(&format!("relationship--{uuid}"), at);
        let plain = plain(&verb);
        if plain != verb {
            link.insert("labels".to_owned(), json!([label::written("relationship_type", &verb)]));
        }
        link.insert("relationship_type".to_owned(), json!(plain));
        link.insert("source_ref".to_owned(), json!(source));
        link.insert("target_ref".to_owned(), json!(target));
        if let Some(comment) = fields.text("comment") {
            link.insert("description".to_owned(), json!(comment));
        }
        if fields.flag("deleted") == Some(true) {
            link.insert("revoked".to_owned(), json!(true));
        }
        if !scope.marks.is_empty() {
            link.insert("object_marking_refs".to_owned(), json!(scope.marks));
        }
        scope.put(link, writer);
        fields.end(&mut writer.left);
    }
}

/// A verb as STIX writes one: lower-case letters, digits and hyphens (STIX 2.1 section 5.1).
fn plain(verb: &str) -> String {
    let plain: String = verb
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .collect();
    let plain = plain.trim_matches('-').to_owned();
    if plain.is_empty() { "related-to".to_owned() } else { plain }
}
