//! One incident while it is told: its times, its id, and what is written of it.

use super::said::Said;
use crate::writer::Writer;
use crate::{id, new_object, relationship};
use serde_json::{Map, Value, json};

/// VERIS dates neither a country nor a kind of attack, a vulnerability or a campaign. What says nothing else than its own
/// name bears one day, so that it is one object in every bundle.
const UNDATED: &str = "2010-01-01T00:00:00.000Z";

/// The most actors of a side, names of malware, vulnerabilities of an action, or countries of a party that are read: they
/// are related with each other, so that these multiply. There are some 250 countries.
pub(super) const RELATED_MAX: usize = 256;

/// What an incident's ids are derived from: who recorded it and under which id.
pub(super) fn seed_of(map: &Map<String, Value>) -> String {
    let text = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default();
    id::derived(&["veris", text("source_id"), text("incident_id")])
}

pub(super) struct Story<'w> {
    pub(super) writer: &'w mut Writer,
    /// Where the incident stands in its document.
    pub(super) at: String,
    pub(super) seed: String,
    /// What the incident is called.
    pub(super) name: String,
    /// The incident's own id.
    pub(super) incident: String,
    pub(super) created: String,
    pub(super) modified: String,
    /// The first instant of the period in which it occurred.
    pub(super) occurred: String,
}

impl Story<'_> {
    /// An object of this incident, of an id derived from it and `parts`.
    pub(super) fn new_object(&self, kind: &str, parts: &[&str]) -> Map<String, Value> {
        let parts: Vec<&str> = [self.seed.as_str(), kind].into_iter().chain(parts.iter().copied()).collect();
        new_object(&format!("{kind}--{}", id::derived(&parts)), &self.created, &self.modified)
    }

    /// Writes an object that says nothing else than its name, of any incident; its id.
    pub(super) fn put_shared(&mut self, kind: &str, parts: &[&str], said: Value) -> String {
        let parts: Vec<&str> = ["veris", kind].into_iter().chain(parts.iter().copied()).collect();
        let mut object = new_object(&format!("{kind}--{}", id::derived(&parts)), UNDATED, UNDATED);
        if let Value::Object(said) = said {
            object.extend(said);
        }
        self.writer.put(object)
    }

    /// Writes an object with what else is said of it: labels on it, notes about it; its id.
    pub(super) fn put(&mut self, object: Map<String, Value>, said: Said) -> String {
        self.put_all(vec![object], said).swap_remove(0)
    }

    /// The same for several objects of which the same is said: each note is one, about all of them. Their ids.
    pub(super) fn put_all(&mut self, objects: Vec<Map<String, Value>>, said: Said) -> Vec<String> {
        let mut ids = Vec::new();
        for mut object in objects {
            if !said.labels.is_empty() {
                object.insert("labels".to_owned(), json!(said.labels));
            }
            ids.push(self.writer.put(object));
        }
        for (place, text) in said.notes {
            let mut note = self.new_object("note", &[&ids[0], &place, &text]);
            note.insert("abstract".to_owned(), json!(format!("veris:{place}")));
            note.insert("content".to_owned(), json!(text));
            note.insert("object_refs".to_owned(), json!(ids));
            self.writer.put(note);
        }
        ids
    }

    /// No more of what is related with each other than [`RELATED_MAX`]; more is an overrun.
    pub(super) fn bounded<T>(&mut self, mut things: Vec<T>) -> Vec<T> {
        self.writer.overrun |= things.len() > RELATED_MAX;
        things.truncate(RELATED_MAX);
        things
    }

    pub(super) fn relate(&mut self, verb: &str, from: &str, to: &str) {
        let link = relationship(verb, from, to, &self.created, &self.modified);
        self.writer.put(link);
    }
}
