//! What has no property of its own in STIX: closed words, numbers and codes as labels, any other text as notes.

use super::shape::INCIDENT;
use crate::shape::{Kind, Parts};
use serde_json::{Map, Value};

/// Labels and notes of one object; a note is a place and a text.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) labels: Vec<String>,
    pub(super) notes: Vec<(String, String)>,
}

impl Said {
    /// All that is said in a part of the incident, by its place: `victim`, `actor.external`.
    pub(super) fn of(map: &Map<String, Value>, place: &str) -> Self {
        let mut said = Self::default();
        if let Some(parts) = parts_at(place) {
            said.parts(map, parts, place);
        }
        said
    }

    /// All that is said in the rest of the incident.
    pub(super) fn of_incident(map: &Map<String, Value>) -> Self {
        let mut said = Self::default();
        said.parts(map, &INCIDENT, "");
        said
    }

    pub(super) fn label(&mut self, place: &str, word: &str) {
        let label = format!("veris:{place}=\"{word}\"");
        if !self.labels.contains(&label) {
            self.labels.push(label);
        }
    }

    pub(super) fn note(&mut self, place: &str, text: &str) {
        if !text.trim().is_empty() {
            self.notes.push((place.to_owned(), text.to_owned()));
        }
    }

    fn parts(&mut self, map: &Map<String, Value>, parts: &Parts, place: &str) {
        if parts.joined {
            return self.joined(map, parts, place);
        }
        for part in parts.parts {
            if let Some(value) = map.get(part.name) {
                let place =
                    if place.is_empty() { part.name.to_owned() } else { format!("{place}.{}", part.name) };
                self.value(value, &part.kind, &place);
            }
        }
        // That it is unknown who or what it was is said by an object without anything in it.
        if map.is_empty() && place.ends_with(".unknown") {
            self.label(place, "true");
        }
    }

    fn value(&mut self, value: &Value, kind: &Kind, place: &str) {
        match (kind, value) {
            (Kind::Text | Kind::Any, Value::String(text)) => self.note(place, text),
            (Kind::Form(..) | Kind::Word(_), Value::String(word)) => self.label(place, word),
            (Kind::Whole(..) | Kind::Number | Kind::Flag, value) => self.label(place, &value.to_string()),
            (Kind::Many(many), Value::Array(items)) => {
                items.iter().for_each(|item| self.value(item, &many.of, place));
            }
            (Kind::Parts(parts), Value::Object(map)) => self.parts(map, parts, place),
            _ => {}
        }
    }

    /// `Months, value 10`; the first part by its value alone where it must be there.
    fn joined(&mut self, map: &Map<String, Value>, parts: &Parts, place: &str) {
        let mut words = Vec::new();
        for part in parts.parts {
            let Some(value) = map.get(part.name) else { continue };
            let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            words.push(if part.needed { word } else { format!("{} {word}", part.name) });
        }
        if !words.is_empty() {
            self.label(place, &words.join(", "));
        }
    }
}

fn parts_at(place: &str) -> Option<&'static Parts> {
    let mut parts: &'static Parts = &INCIDENT;
    for step in place.split('.') {
        let part = parts.parts.iter().find(|part| part.name == step)?;
        let Kind::Parts(inner) = &part.kind else { return None };
        parts = inner;
    }
    Some(parts)
}
