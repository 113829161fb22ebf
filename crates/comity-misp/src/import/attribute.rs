//! One attribute: the STIX object that carries its value, and what else it says.

use super::{Scope, context, handling, marks};
use crate::fields::Fields;
use crate::kinds::{Shape, shape};
use crate::left::Reason;
use crate::{id, label, observe, pattern, time};
use comity_import::writer::Writer;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The object that an attribute is in.
pub(super) struct Holder<'a> {
    pub(super) name: &'a str,
    pub(super) marks: &'a [String],
}

/// When a thing was seen, as MISP says.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
}

impl Seen {
    pub(super) fn read(fields: &mut Fields, writer: &mut Writer) -> Self {
        let mut one = |name: &str| {
            let text = fields.text(name)?;
            let at = time::from_text(&text).or_else(|| time::from_seconds(&text));
            if at.is_none() {
                writer.left.add(&fields.at(name), Reason::Unreadable);
            }
            at
        };
        let (first, last) = (one("first_seen"), one("last_seen"));
        if let (Some(from), Some(to)) = (first, last)
            && to < from
        {
            writer.left.add(&fields.at("last_seen"), Reason::Unreadable);
            return Self { first, last: None };
        }
        Self { first, last }
    }

    /// Which of the two were said, where a STIX object must have both.
    fn label(self) -> Option<String> {
        let said = match (self.first, self.last) {
            (None, None) => return None,
            (Some(_), None) => "first",
            (None, Some(_)) => "last",
            (Some(_), Some(_)) => "first last",
        };
        Some(label::written("seen", said))
    }

    /// As external references, for objects that have no such times.
    pub(super) fn references(self) -> impl Iterator<Item = Value> {
        let said = [("misp:first_seen", self.first), ("misp:last_seen", self.last)];
        said.into_iter()
            .filter_map(|(name, at)| Some(json!({ "source_name": name, "external_id": time::stix(at?) })))
    }
}

/// What is written on whatever carries an attribute.
struct Common {
    uuid: String,
    at: Timestamp,
    labels: Vec<String>,
    marks: Vec<String>,
    revoked: bool,
    comment: Option<String>,
    seen: Seen,
}

/// Writes an attribute; the id of what carries it, or `None`, named, when it is none.
pub(super) fn convert(
    mut fields: Fields,
    holder: Option<&Holder<'_>>,
    scope: &mut Scope,
    writer: &mut Writer,
) -> Option<String> {
    let seed = fields.seed();
    let Some(value) = fields.text("value").or_else(|| fields.text("value1")) else {
        writer.left.add(&fields.path, Reason::Unreadable);
        return None;
    };
    let kind = fields.text("type").unwrap_or_else(|| {
        writer.left.add(&fields.at("type"), Reason::Unreadable);
        "text".to_owned()
    });
    let uuid = fields.uuid("uuid").unwrap_or_else(|| id::derived(&[&scope.id, &fields.path, &seed]));
    let uuid = scope.unused(uuid, &fields.path, writer);
    let relation = fields.text("object_relation");
    let at = fields.text("timestamp").and_then(|text| time::from_seconds(&text)).unwrap_or(scope.at);
    let handling = handling::read(&mut fields, writer);
    let held: &[&[String]] = match holder {
        Some(holder) => &[&scope.marks, holder.marks],
        None => &[&scope.marks],
    };
    let (all_marks, mut labels) = marks(&handling.marks, held);
    labels.push(label::written("type", &kind));
    labels.extend(fields.text("category").map(|category| label::written("category", &category)));
    labels.extend(relation.as_deref().map(|relation| label::written("object_relation", relation)));
    if fields.flag("disable_correlation") == Some(true) {
        labels.push(label::written("disable_correlation", "True"));
    }
    labels.extend(handling.tags.iter().map(|tag| label::from_tag(tag)));
    let to_ids = fields.flag("to_ids").unwrap_or(false);
    let data = fields.text("data").filter(|data| {
        let reads = observe::is_base64(data);
        if !reads {
            writer.left.add(&fields.at("data"), Reason::Unreadable);
        }
        reads
    });
    let common = Common {
        uuid: uuid.clone(),
        at,
        labels,
        marks: all_marks,
        revoked: fields.flag("deleted").unwrap_or(false),
        comment: fields.text("comment"),
        seen: Seen::read(&mut fields, writer),
    };
    let shape = shape(&kind, relation.as_deref(), holder.map(|holder| holder.name));
    let id = common.carry(shape, &value, data.as_deref(), to_ids, scope, writer);
    if data.is_some() && id::kind(&id) != "observed-data" {
        writer.left.add(&fields.at("data"), Reason::NoPlace);
    }
    scope.known.insert(uuid, id.clone());
    handling.attach(&id, at, scope, writer);
    for sighting in fields.list("Sighting") {
        context::sighting(sighting, &id, scope, writer);
    }
    for proposal in fields.list("ShadowAttribute") {
        writer.left.add(&proposal.path, Reason::Proposal);
    }
    context::analyst(&mut fields, &id, scope, writer);
    fields.end(&mut writer.left);
    Some(id)
}

impl Common {
    /// Writes what carries the value: the standard's own object where the value reads back from it, else a note.
    fn carry(
        &self,
        shape: Shape,
        value: &str,
        data: Option<&str>,
        to_ids: bool,
        scope: &mut Scope,
        writer: &mut Writer,
    ) -> String {
        let holds_file = data.is_some() && matches!(shape, Shape::File { .. });
        if to_ids
            && !holds_file
            && let Some(id) = self.indicator(shape, value, scope, writer)
        {
            return id;
        }
        let seen_by =
            matches!(shape, Shape::Rule(_)).then(|| self.rule(shape, value, scope, writer)).flatten();
        if let Some(id) = seen_by {
            return self.unless_ids(id, to_ids, writer);
        }
        if let Some(id) = self.observed(shape, value, data, scope, writer) {
            if to_ids && holds_file && self.indicator(shape, value, scope, writer).is_some() {
                return id;
            }
            return self.says_ids(id, to_ids, writer);
        }
        let id = self.named(shape, value, scope, writer).unwrap_or_else(|| self.note(value, scope, writer));
        self.says_ids(id, to_ids, writer)
    }

    /// Says that the value is for detection where its carrier does not.
    fn says_ids(&self, id: String, to_ids: bool, writer: &mut Writer) -> String {
        if to_ids {
            writer.label(&id, label::written("to_ids", "True"));
        }
        id
    }

    /// Says that it is not where its carrier would.
    fn unless_ids(&self, id: String, to_ids: bool, writer: &mut Writer) -> String {
        if !to_ids {
            writer.label(&id, label::written("to_ids", "False"));
        }
        id
    }

    /// The object with what all carriers say; times of sight and comment as references, unless it has places for them.
    fn object(&self, kind: &str, described: bool, timed: bool, scope: &Scope) -> Map<String, Value> {
        let mut object = scope.new_object(&format!("{kind}--{}", self.uuid), self.at);
        if self.revoked {
            object.insert("revoked".to_owned(), json!(true));
        }
        let mut labels = self.labels.clone();
        let mut references = Vec::new();
        if timed {
            labels.extend(self.seen.label());
        } else {
            references.extend(self.seen.references());
        }
        match &self.comment {
            Some(comment) if described => {
                object.insert("description".to_owned(), json!(comment));
            }
            Some(comment) => {
                references.push(json!({ "source_name": "misp:comment", "description": comment }));
            }
            None => {}
        }
        object.insert("labels".to_owned(), json!(labels));
        if !self.marks.is_empty() {
            object.insert("object_marking_refs".to_owned(), json!(self.marks));
        }
        if !references.is_empty() {
            object.insert("external_references".to_owned(), json!(references));
        }
        object
    }

    fn indicator(&self, shape: Shape, value: &str, scope: &mut Scope, writer: &mut Writer) -> Option<String> {
        if let Some(id) = self.rule(shape, value, scope, writer) {
            return Some(id);
        }
        let conjunction = pattern::of(shape, value)?;
        let text = format!("[{conjunction}]");
        let reads_back = pattern::value(shape, &pattern::comparisons(&text)?)? == value;
        reads_back.then(|| self.with_pattern("stix", &text, scope, writer))
    }

    fn rule(&self, shape: Shape, value: &str, scope: &mut Scope, writer: &mut Writer) -> Option<String> {
        let Shape::Rule(language) = shape else { return None };
        // A pattern of STIX must be one; what is not a plain conjunction is not checked here, and stays a note.
        if language == "stix" {
            pattern::comparisons(value)?;
        }
        Some(self.with_pattern(language, value, scope, writer))
    }

    fn with_pattern(&self, language: &str, text: &str, scope: &mut Scope, writer: &mut Writer) -> String {
        let mut object = self.object("indicator", true, true, scope);
        object.insert("pattern".to_owned(), json!(text));
        object.insert("pattern_type".to_owned(), json!(language));
        if language == "stix" {
            object.insert("pattern_version".to_owned(), json!("2.1"));
        }
        let from =
            self.seen.first.unwrap_or_else(|| self.seen.last.map_or(self.at, |last| last.min(self.at)));
        object.insert("valid_from".to_owned(), json!(time::stix(from)));
        if let Some(until) = self.seen.last.filter(|until| *until > from) {
            object.insert("valid_until".to_owned(), json!(time::stix(until)));
        }
        scope.put(object, writer)
    }

    fn observed(
        &self,
        shape: Shape,
        value: &str,
        data: Option<&str>,
        scope: &mut Scope,
        writer: &mut Writer,
    ) -> Option<String> {
        let mut observables = observe::of(shape, value, data, &self.uuid)?;
        let views: Vec<&Map<String, Value>> = observables.iter().collect();
        let (read, content) = observe::value(shape, &views)?;
        if read != value || content.as_deref() != data.filter(|_| matches!(shape, Shape::File { .. })) {
            return None;
        }
        if observables.iter().any(|object| writer.contradicts(object)) {
            // Two attributes say different things of one observable: this one gets ids of its own.
            rename(&mut observables, &self.uuid);
        }
        let mut refs = Vec::new();
        for mut observable in observables {
            if !self.marks.is_empty() {
                observable.insert("object_marking_refs".to_owned(), json!(self.marks));
            }
            refs.push(scope.put(observable, writer));
        }
        let mut object = self.object("observed-data", false, true, scope);
        let from = self.seen.first.or(self.seen.last).unwrap_or(self.at);
        let to = self.seen.last.unwrap_or(from);
        object.insert("first_observed".to_owned(), json!(time::stix(from)));
        object.insert("last_observed".to_owned(), json!(time::stix(to)));
        object.insert("number_observed".to_owned(), json!(1));
        object.insert("object_refs".to_owned(), json!(refs));
        Some(scope.put(object, writer))
    }

    fn named(&self, shape: Shape, value: &str, scope: &mut Scope, writer: &mut Writer) -> Option<String> {
        let object = match shape {
            Shape::Named(kind) => {
                let mut object = self.object(kind, true, false, scope);
                object.insert("name".to_owned(), json!(value));
                if kind == "vulnerability" && value.starts_with("CVE-") {
                    let mut references = vec![json!({ "source_name": "cve", "external_id": value })];
                    if let Some(Value::Array(more)) = object.remove("external_references") {
                        references.extend(more);
                    }
                    object.insert("external_references".to_owned(), json!(references));
                }
                object
            }
            Shape::Organisation => {
                let mut object = self.object("identity", false, false, scope);
                object.insert("identity_class".to_owned(), json!("organization"));
                object.insert("name".to_owned(), json!(value));
                object
            }
            Shape::Person(property) => {
                let mut object = self.object("identity", false, false, scope);
                object.insert("identity_class".to_owned(), json!("individual"));
                if property != "name" {
                    // STIX asks for a name, and MISP knows none.
                    object.insert("name".to_owned(), json!(format!("misp:{}", self.uuid)));
                }
                object.insert(property.to_owned(), json!(value));
                object
            }
            _ => return None,
        };
        Some(scope.put(object, writer))
    }

    fn note(&self, value: &str, scope: &mut Scope, writer: &mut Writer) -> String {
        let mut object = self.object("note", false, false, scope);
        object.insert("content".to_owned(), json!(value));
        object.insert("object_refs".to_owned(), json!([scope.id]));
        scope.put(object, writer)
    }
}

/// Gives observables ids that nothing else has, and follows them in their references.
fn rename(observables: &mut [Map<String, Value>], uuid: &str) {
    let mut renamed = Vec::new();
    for object in observables.iter_mut() {
        let old = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let new = format!("{}--{}", id::kind(&old), id::derived(&[&old, uuid]));
        object.insert("id".to_owned(), json!(new));
        renamed.push((old, new));
    }
    for object in observables {
        for value in object.values_mut() {
            replace(value, &renamed);
        }
    }
}

fn replace(value: &mut Value, renamed: &[(String, String)]) {
    match value {
        Value::String(text) => {
            if let Some((_, new)) = renamed.iter().find(|(old, _)| old == text) {
                text.clone_from(new);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, renamed)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, renamed)),
        _ => {}
    }
}
