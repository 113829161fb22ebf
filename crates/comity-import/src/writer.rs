//! The objects written so far, each id once.

use crate::left::{Left, Lefts};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Objects of a bundle, in the order in which they were first written, and what was left.
#[derive(Debug, Default)]
pub struct Writer {
    objects: Vec<Map<String, Value>>,
    index: HashMap<String, usize>,
    /// What the lists of joined objects have, by the object and the list's name.
    united: HashSet<(usize, String)>,
    /// Something bore more than its importer takes.
    pub overrun: bool,
    /// What is not carried.
    pub left: Lefts,
}

impl Writer {
    /// Whether an object of that id was written.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// Writes an object, or joins it to the one of its id: lists of ids and labels are united, what that one lacks
    /// is added, and what it has stays.
    pub fn put(&mut self, object: Map<String, Value>) -> String {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        match self.index.get(&id) {
            Some(index) => join(&mut self.objects[*index], object, *index, &mut self.united),
            None => {
                self.index.insert(id.clone(), self.objects.len());
                self.objects.push(object);
            }
        }
        id
    }

    /// Adds a label to what was written.
    pub fn label(&mut self, id: &str, label: String) {
        let Some(index) = self.index.get(id) else { return };
        let labels = self.objects[*index].entry("labels").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(labels) = labels {
            labels.push(Value::String(label));
        }
    }

    /// Whether an object of that id says something else than this one would.
    #[must_use]
    pub fn contradicts(&self, object: &Map<String, Value>) -> bool {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        let Some(there) = self.index.get(id).map(|index| &self.objects[*index]) else { return false };
        object
            .iter()
            .any(|(name, value)| !is_united(name) && there.get(name).is_some_and(|found| found != value))
    }

    /// The objects, and what was left.
    #[must_use]
    pub fn end(self) -> (Vec<Map<String, Value>>, Vec<Left>) {
        (self.objects, self.left.into_list())
    }
}

fn is_united(name: &str) -> bool {
    matches!(name, "object_marking_refs" | "resolves_to_refs" | "labels")
}

fn join(
    there: &mut Map<String, Value>,
    object: Map<String, Value>,
    index: usize,
    united: &mut HashSet<(usize, String)>,
) {
    for (name, value) in object {
        let key = |item: &Value| (index, format!("{name} {}", item.as_str().unwrap_or_default()));
        match there.get_mut(&name) {
            None => {
                there.insert(name, value);
            }
            Some(Value::Array(found)) if is_united(&name) => {
                if united.insert((index, name.clone())) {
                    united.extend(found.iter().map(key));
                }
                for item in value.as_array().into_iter().flatten() {
                    if united.insert(key(item)) {
                        found.push(item.clone());
                    }
                }
            }
            Some(_) => {}
        }
    }
}
