//! What others wrote: observables, indicators and objects of MISP's own converter.

use super::event::{Draft, Place, attribute_times};
use super::properties::{said, template};
use super::{Bundle, Object, is_observable, text, texts};
use crate::label::Labels;
use crate::{id, observe, pattern, time};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// How deep properties of an observable are looked into: extensions lie at 3.
const DEPTH_MAX: usize = 6;

/// One attribute to be: the path of its property, and its value.
type Found = (String, String);

impl Bundle {
    /// Adds what an object of others is in MISP; whether it is anything is the answer.
    pub(super) fn foreign(&mut self, object: &Object, draft: &mut Draft) -> bool {
        match text(object, "type") {
            "indicator" => self.foreign_indicator(object, draft),
            "observed-data" => {
                let refs: Vec<String> = texts(object, "object_refs").map(str::to_owned).collect();
                let first = refs.first().cloned();
                for reference in refs {
                    if let Some(observable) = self.get(&reference).cloned() {
                        self.observable(&observable, Some(object), draft);
                    }
                }
                let place = first.and_then(|first| draft.places.get(&first).copied());
                if let Some(place) = place {
                    draft.places.insert(text(object, "id").to_owned(), place);
                }
                let taken = ["first_observed", "last_observed", "number_observed", "object_refs", "revoked"];
                self.rest(object, &taken);
                place.is_some()
            }
            "vulnerability" => {
                let name = text(object, "name").to_owned();
                let mut made = attribute("vulnerability", "External analysis", &name);
                made.insert("uuid".to_owned(), json!(id::of(text(object, "id")).unwrap_or_default()));
                self.finish(object, made, draft);
                self.rest(object, &["name", "description", "revoked"]);
                true
            }
            kind if is_observable(kind) => {
                if !self.pointed.contains(text(object, "id")) {
                    self.observable(object, None, draft);
                }
                true
            }
            _ => false,
        }
    }

    /// An observable: an attribute where one property says all, else an object.
    fn observable(&mut self, object: &Object, seen: Option<&Object>, draft: &mut Draft) {
        let stix_id = text(object, "id").to_owned();
        if draft.places.contains_key(&stix_id) || !is_observable(text(object, "type")) {
            return;
        }
        let mut found = Vec::new();
        self.properties(object, text(object, "type"), &mut found, DEPTH_MAX);
        if found.is_empty() {
            self.left.add(&stix_id, crate::Reason::NoPlace);
            return;
        }
        self.add(&stix_id, object, seen, None, &found, false, draft);
    }

    /// Adds an attribute, or an object of several, under the id `stix_id`.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call for each kind of foreign object; a struct would only rename them"
    )]
    fn add(
        &mut self,
        stix_id: &str,
        object: &Object,
        seen: Option<&Object>,
        named: Option<(&str, &str)>,
        found: &[Found],
        to_ids: bool,
        draft: &mut Draft,
    ) {
        let uuid = id::of(stix_id).unwrap_or_else(|| id::derived(&[stix_id]));
        let times = seen.unwrap_or(object);
        if let ([(path, value)], None) = (found, named)
            && let Some((kind, _, category)) = said(path)
        {
            let mut made = attribute(kind, category, &prefixed(kind, value));
            made.insert("uuid".to_owned(), json!(uuid));
            made.insert("to_ids".to_owned(), json!(to_ids));
            observed_times(times, &mut made);
            self.finish_at(stix_id, object, made, draft);
            return;
        }
        let (name, meta) = named.unwrap_or_else(|| {
            let kind = found.first().and_then(|(path, _)| path.split(':').next()).unwrap_or_default();
            template(kind)
        });
        let mut shell = Map::new();
        shell.insert("uuid".to_owned(), json!(uuid));
        shell.insert("name".to_owned(), json!(name));
        shell.insert("meta-category".to_owned(), json!(meta));
        shell.insert("description".to_owned(), json!(name));
        attribute_times(times, &mut shell);
        let mut attributes = Vec::new();
        let mut once = HashSet::new();
        for (index, (path, value)) in found.iter().enumerate() {
            if !once.insert((path, value)) {
                continue;
            }
            let last = path.rsplit([':', '.']).next().unwrap_or_default();
            let plain = last.trim_start_matches("x_misp_").trim_end_matches("[*]").replace(['_', '\''], "-");
            let mut made = match said(path) {
                Some((kind, relation, category)) => {
                    let mut made = attribute(kind, category, &prefixed(kind, value));
                    made.insert("object_relation".to_owned(), json!(relation));
                    made
                }
                None => {
                    let mut made = attribute("text", "Other", value);
                    made.insert("object_relation".to_owned(), json!(plain.trim_matches('-')));
                    made
                }
            };
            let seed = index.to_string();
            made.insert("uuid".to_owned(), json!(id::derived(&[stix_id, path, &seed])));
            made.insert("to_ids".to_owned(), json!(to_ids && said(path).is_some()));
            observed_times(times, &mut made);
            attributes.push(Value::Object(made));
        }
        shell.insert("Attribute".to_owned(), Value::Array(attributes));
        let place = Place::Object(draft.objects.len());
        draft.add_object(stix_id, shell);
        // MISP's objects have no tags: those of the object go to its attributes.
        let count = draft.objects.last().and_then(|object| object.get("Attribute")?.as_array().map(Vec::len));
        let held = draft.marks.clone();
        let Place::Object(at) = place else { return };
        for index in 0..count.unwrap_or(0) {
            self.handle(object, Place::Inner(at, index), draft, &held);
        }
    }

    /// The leaves of an observable, references to others followed.
    fn properties(&self, object: &Object, path: &str, found: &mut Vec<Found>, depth: usize) {
        for (name, value) in object {
            let is_frame = matches!(
                name.as_str(),
                "type"
                    | "id"
                    | "spec_version"
                    | "object_marking_refs"
                    | "granular_markings"
                    | "defanged"
                    | "contains_refs"
                    | "labels"
                    | "created"
                    | "modified"
                    | "created_by_ref"
                    | "is_multipart"
                    | "extension_type"
                    | "encapsulates_refs"
                    | "encapsulated_by_ref"
                    | "payload_bin"
            );
            if !is_frame {
                let separator = if path.contains(':') { '.' } else { ':' };
                self.leaf(value, &format!("{path}{separator}{name}"), found, depth);
            }
        }
    }

    fn leaf(&self, value: &Value, path: &str, found: &mut Vec<Found>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Array(items) => {
                for item in items {
                    self.leaf(item, &format!("{path}[*]"), found, depth);
                }
            }
            Value::Object(map) => self.properties(map, path, found, depth),
            other => {
                let Some(value) = observe::scalar(other) else { return };
                let is_reference = path.trim_end_matches("[*]").ends_with("_ref")
                    || path.trim_end_matches("[*]").ends_with("_refs");
                if is_reference {
                    if let Some(value) =
                        self.get(&value).and_then(|object| object.get("value").or(object.get("name")))
                    {
                        let last = if self
                            .get(observe::scalar(other).unwrap_or_default().as_str())
                            .is_some_and(|o| o.contains_key("value"))
                        {
                            "value"
                        } else {
                            "name"
                        };
                        found.extend(observe::scalar(value).map(|value| (format!("{path}.{last}"), value)));
                    }
                } else {
                    found.push((path.to_owned(), value));
                }
            }
        }
    }

    fn foreign_indicator(&mut self, object: &Object, draft: &mut Draft) -> bool {
        let stix_id = text(object, "id").to_owned();
        let language = text(object, "pattern_type").to_owned();
        let pattern = text(object, "pattern").to_owned();
        let comparisons =
            (language == "stix" || language.is_empty()).then(|| pattern::comparisons(&pattern)).flatten();
        let found: Option<Vec<Found>> =
            comparisons.map(|all| all.into_iter().filter(|(path, _)| !path.ends_with("_ref.type")).collect());
        let known = found.filter(|all| !all.is_empty() && all.iter().all(|(path, _)| said(path).is_some()));
        if let Some(found) = known {
            self.add(&stix_id, object, None, None, &found, true, draft);
        } else {
            let kind = match language.as_str() {
                "yara" | "sigma" | "snort" => language.as_str(),
                "stix" | "" => "stix2-pattern",
                _ => "text",
            };
            let category = if kind == "text" { "Other" } else { "Payload installation" };
            let category = if kind == "snort" { "Network activity" } else { category };
            let mut made = attribute(kind, category, &pattern);
            made.insert(
                "uuid".to_owned(),
                json!(id::of(&stix_id).unwrap_or_else(|| id::derived(&[&stix_id]))),
            );
            made.insert("to_ids".to_owned(), json!(true));
            observed_times(object, &mut made);
            self.finish_at(&stix_id, object, made, draft);
        }
        let said: Vec<&str> = [text(object, "name"), text(object, "description")]
            .into_iter()
            .filter(|said| !said.is_empty())
            .collect();
        if let (false, Some(place)) = (said.is_empty(), draft.places.get(&stix_id).copied()) {
            draft.at(place).insert("comment".to_owned(), json!(said.join(": ")));
        }
        self.rest(
            object,
            &[
                "name",
                "description",
                "pattern",
                "pattern_type",
                "pattern_version",
                "valid_from",
                "valid_until",
                "revoked",
            ],
        );
        true
    }

    /// An object of MISP's own converter, under its name.
    pub(super) fn foreign_object(&mut self, object: &Object, draft: &mut Draft) -> bool {
        let labels = Labels::of(object);
        let name = labels.get("name").unwrap_or_else(|| text(object, "x_misp_name")).to_owned();
        let meta =
            labels.get("meta-category").unwrap_or_else(|| text(object, "x_misp_meta_category")).to_owned();
        let stix_id = text(object, "id").to_owned();
        let named = Some((name.as_str(), meta.as_str()));
        let mut found = Vec::new();
        match text(object, "type") {
            "x-misp-object" => return self.custom_object(object, &name, &meta, draft),
            "observed-data" => {
                let refs: Vec<String> = texts(object, "object_refs").map(str::to_owned).collect();
                for reference in refs {
                    if let Some(observable) = self.get(&reference).cloned() {
                        self.properties(&observable, text(&observable, "type"), &mut found, DEPTH_MAX);
                    }
                }
                self.add(&stix_id, object, Some(object), named, &found, false, draft);
            }
            "indicator" => {
                let pattern = text(object, "pattern");
                match pattern::comparisons(pattern) {
                    Some(all) => {
                        found.extend(all.into_iter().filter(|(path, _)| !path.ends_with("_ref.type")))
                    }
                    None => found.push(("indicator:pattern".to_owned(), pattern.to_owned())),
                }
                self.add(&stix_id, object, Some(object), named, &found, true, draft);
            }
            kind => {
                let kind = kind.to_owned();
                let mut plain = object.clone();
                plain.retain(|name, _| {
                    !name.ends_with("_ref")
                        && !name.ends_with("_refs")
                        && name != "revoked"
                        && name != "modified"
                });
                self.properties(&plain, &kind, &mut found, DEPTH_MAX);
                self.add(&stix_id, object, None, named, &found, false, draft);
            }
        }
        true
    }

    fn custom_object(&mut self, object: &Object, name: &str, meta: &str, draft: &mut Draft) -> bool {
        let stix_id = text(object, "id");
        let mut shell = Map::new();
        shell.insert("uuid".to_owned(), json!(id::of(stix_id).unwrap_or_default()));
        shell.insert("name".to_owned(), json!(name));
        shell.insert("meta-category".to_owned(), json!(meta));
        shell.insert("description".to_owned(), json!(name));
        attribute_times(object, &mut shell);
        let mut attributes = Vec::new();
        for (index, said) in
            object.get("x_misp_attributes").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let Some(said) = said.as_object() else { continue };
            let mut made = said.clone();
            made.entry("uuid").or_insert_with(|| json!(id::derived(&[stix_id, &index.to_string()])));
            attributes.push(Value::Object(made));
        }
        shell.insert("Attribute".to_owned(), Value::Array(attributes));
        draft.add_object(stix_id, shell);
        true
    }

    fn finish(&mut self, object: &Object, mut made: Map<String, Value>, draft: &mut Draft) {
        if !text(object, "description").is_empty() {
            made.insert("comment".to_owned(), json!(text(object, "description")));
        }
        self.finish_at(text(object, "id"), object, made, draft);
    }

    fn finish_at(&mut self, stix_id: &str, object: &Object, mut made: Map<String, Value>, draft: &mut Draft) {
        attribute_times(object, &mut made);
        let place = Place::Attribute(draft.attributes.len());
        draft.add_attribute(stix_id, made);
        let held = draft.marks.clone();
        self.handle(object, place, draft, &held);
    }
}

fn attribute(kind: &str, category: &str, value: &str) -> Map<String, Value> {
    let mut made = Map::new();
    made.insert("type".to_owned(), json!(kind));
    made.insert("category".to_owned(), json!(category));
    made.insert("value".to_owned(), json!(value));
    made
}

/// MISP writes `AS` before the number of an autonomous system.
fn prefixed(kind: &str, value: &str) -> String {
    if kind == "AS" { format!("AS{value}") } else { value.to_owned() }
}

/// First and last seen, from observed data or an indicator of others.
fn observed_times(object: &Object, into: &mut Map<String, Value>) {
    if let Some(at) = time::from_text(text(object, "modified")) {
        into.insert("timestamp".to_owned(), json!(time::seconds(at)));
    }
    let from = time::from_text(text(object, "first_observed"))
        .or_else(|| time::from_text(text(object, "valid_from")));
    let to = time::from_text(text(object, "last_observed"))
        .or_else(|| time::from_text(text(object, "valid_until")));
    for (name, at) in [("first_seen", from), ("last_seen", to)] {
        if let Some(at) = at {
            into.insert(name.to_owned(), json!(time::seen(at)));
        }
    }
}
