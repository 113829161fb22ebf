//! An attribute of MISP's, read back from what carries it.

use super::event::{Draft, Place, attribute_times};
use super::{Bundle, Object, is_observable, text, texts};
use crate::kinds::{Shape, shape};
use crate::label::Labels;
use crate::left::Reason;
use crate::{id, observe, pattern, time};
use serde_json::{Map, Value, json};

impl Bundle {
    /// Adds the attribute that `object` carries, and says whether there was one; what has lost its value is named.
    pub(super) fn attribute(&mut self, object: &Object, draft: &mut Draft) -> bool {
        let stix_id = text(object, "id");
        let labels = Labels::of(object);
        let kind = labels.get("type").unwrap_or_else(|| text(object, "x_misp_type")).to_owned();
        let relation = labels.get("object_relation");
        let other = if text(object, "type") == "observed-data" { "indicator" } else { "observed-data" };
        let twin = id::of(stix_id).and_then(|uuid| self.get(&format!("{other}--{uuid}"))).cloned();
        // The relation names the shape only where the value is in an object; which object, the carrier tells.
        let read = self.value(object, &kind).or_else(|| self.value(twin.as_ref()?, &kind));
        let (Some((value, data)), Some(uuid)) = (read, id::of(stix_id)) else {
            self.left.add(stix_id, Reason::Unreadable);
            return false;
        };
        let mut made = Map::new();
        made.insert("uuid".to_owned(), json!(uuid));
        made.insert("type".to_owned(), json!(kind));
        let category = labels.get("category").unwrap_or_else(|| text(object, "x_misp_category"));
        if !category.is_empty() {
            made.insert("category".to_owned(), json!(category));
        }
        made.insert("value".to_owned(), json!(value));
        if let Some(data) = data {
            made.insert("data".to_owned(), json!(data));
        }
        if let Some(relation) = relation {
            made.insert("object_relation".to_owned(), json!(relation));
        }
        let detects = |object: &Object| text(object, "type") == "indicator";
        let to_ids = match labels.get("to_ids") {
            Some(said) => said.eq_ignore_ascii_case("true"),
            None => {
                detects(object)
                    || twin.as_ref().is_some_and(detects)
                    || object.get("x_misp_to_ids") == Some(&json!(true))
            }
        };
        made.insert("to_ids".to_owned(), json!(to_ids));
        if labels.is_true("disable_correlation") {
            made.insert("disable_correlation".to_owned(), json!(true));
        }
        attribute_times(object, &mut made);
        let comment = match text(object, "type") {
            "indicator" | "vulnerability" | "campaign" | "threat-actor" => text(object, "description"),
            _ => text(object, "x_misp_comment"),
        };
        if !comment.is_empty() {
            made.insert("comment".to_owned(), json!(comment));
        }
        seen(object, &labels, draft.ours, &mut made);
        let place = Place::Attribute(draft.attributes.len());
        draft.add_attribute(stix_id, made);
        let held = draft.marks.clone();
        self.handle(object, place, draft, &held);
        true
    }

    fn value(&self, object: &Object, kind: &str) -> Option<(String, Option<String>)> {
        let plain = |name: &str| {
            let value = observe::scalar(object.get(name)?)?;
            Some((value, None))
        };
        match text(object, "type") {
            "indicator" => {
                let pattern = text(object, "pattern");
                if text(object, "pattern_type") != "stix" || kind == "stix2-pattern" {
                    return plain("pattern");
                }
                let comparisons = pattern::comparisons(pattern)?;
                Some((pattern::value(shape(kind, None, None), &comparisons)?, None))
            }
            "observed-data" => {
                let objects: Vec<&Object> = texts(object, "object_refs")
                    .filter_map(|id| self.get(id))
                    .filter(|object| is_observable(text(object, "type")))
                    .collect();
                let carried = shape(kind, None, None);
                let account = objects.iter().find(|object| text(object, "type") == "user-account");
                // A plain text is carried by an account only; its property is the value.
                let carried = match (carried, account) {
                    (Shape::Note, Some(account)) => {
                        let property = ["credential", "account_login", "user_id"]
                            .into_iter()
                            .find(|name| account.contains_key(*name))?;
                        Shape::Account("unknown", property)
                    }
                    (carried, _) => carried,
                };
                observe::value(carried, &objects)
            }
            "identity" => match shape(kind, None, None) {
                Shape::Person(property) => plain(property),
                Shape::Organisation => plain("name"),
                _ => {
                    let property = ["contact_information", "description"]
                        .into_iter()
                        .find(|name| object.contains_key(*name))
                        .unwrap_or("name");
                    // The name that stands where MISP knew none is no value.
                    plain(property).filter(|(value, _)| !value.starts_with("misp:"))
                }
            },
            "note" => plain("content"),
            "x-misp-attribute" => {
                let data = object.get("x_misp_data").and_then(Value::as_str).map(str::to_owned);
                plain("x_misp_value").map(|(value, _)| (value, data))
            }
            _ => plain("name"),
        }
    }
}

/// When it was seen, where the object says so: its times are also there where MISP said nothing.
fn seen(object: &Object, labels: &Labels, ours: bool, into: &mut Map<String, Value>) {
    let (first, last) = match text(object, "type") {
        "observed-data" => ("first_observed", "last_observed"),
        "indicator" => ("valid_from", "valid_until"),
        _ => return,
    };
    let from = time::from_text(text(object, first));
    let to = time::from_text(text(object, last)).or(from);
    let changed = time::from_text(text(object, "modified"));
    let said = labels.get("seen");
    let says = |which: &str, at: Option<jiff::Timestamp>| match said {
        Some(said) => said.split(' ').any(|word| word == which),
        // Others write the times that MISP had, and the time of the change where it had none.
        None => !ours && at != changed,
    };
    for (which, name, at) in [("first", "first_seen", from), ("last", "last_seen", to)] {
        if says(which, at)
            && let Some(at) = at
        {
            into.insert(name.to_owned(), json!(time::seen(at)));
        }
    }
}
