//! The objects written so far, each id once.

use crate::left::{Left, Lefts};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The most tags, galaxies or marks that one event, object or attribute may have. Events of communities have some tens;
/// every mark of an event stands on everything in it, so that these multiply.
pub(crate) const BORNE_MAX: usize = 256;

#[derive(Default)]
pub(super) struct Writer {
    objects: Vec<Map<String, Value>>,
    index: HashMap<String, usize>,
    /// What the lists of joined objects have, by the object and the list's name.
    united: HashSet<(usize, String)>,
    /// Something had more than [`BORNE_MAX`].
    pub(super) overrun: bool,
    pub(super) left: Lefts,
}

impl Writer {
    pub(super) fn has(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// Writes an object, or joins it to the one of its id: lists of ids and labels are united, what that one lacks
    /// is added, and what it has stays.
    pub(super) fn put(&mut self, object: Map<String, Value>) -> String {
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
    pub(super) fn label(&mut self, id: &str, label: String) {
        let Some(index) = self.index.get(id) else { return };
        let labels = self.objects[*index].entry("labels").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(labels) = labels {
            labels.push(Value::String(label));
        }
    }

    /// Whether an object of that id says something else than this one would.
    pub(super) fn contradicts(&self, object: &Map<String, Value>) -> bool {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        let Some(there) = self.index.get(id).map(|index| &self.objects[*index]) else { return false };
        object
            .iter()
            .any(|(name, value)| !is_united(name) && there.get(name).is_some_and(|found| found != value))
    }

    pub(super) fn end(self) -> (Vec<Map<String, Value>>, Vec<Left>) {
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
