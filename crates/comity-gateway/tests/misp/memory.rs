//! A door in memory: it keeps all but what has `refuse.example` in it, hands out pages of three, and knows two keys.

use comity_gateway::misp::{DoorError, Given, Giving, MispDoor, Page, Taking, Visitor};
use serde_json::Value;
use std::sync::Mutex;

/// The key of who may write.
pub(crate) const KEY: &str = "writer-0123456789abcdef";

/// Small, so that every answer takes several.
const PAGE: usize = 3;

#[derive(Default)]
pub(crate) struct Memory(Mutex<Vec<Value>>);

impl MispDoor for Memory {
    async fn enter(&self, key: &str) -> Result<Option<Visitor>, DoorError> {
        let may_write = match key {
            KEY => true,
            "a reader's key" => false,
            _ => return Ok(None),
        };
        Ok(Some(Visitor { id: key.to_owned(), organisation: "CERT".to_owned(), may_write }))
    }

    async fn give(&self, _: &Visitor, bundle: Vec<u8>) -> Result<Vec<Given>, DoorError> {
        let bundle: Value = serde_json::from_slice(&bundle).map_err(|_| DoorError::Broken)?;
        let mut kept = self.0.lock().expect("one at a time");
        let mut given = Vec::new();
        for object in bundle["objects"].as_array().into_iter().flatten() {
            let id = object["id"].as_str().unwrap_or_default().to_owned();
            let says = |name: &str| object[name].as_str().unwrap_or_default().contains("refuse.example");
            let outcome = if ["name", "pattern", "value"].into_iter().any(says) {
                Giving::Refused("not under this agreement, Art. 1".to_owned())
            } else {
                kept.retain(|there| there["id"] != *id);
                kept.push(object.clone());
                Giving::Taken
            };
            given.push(Given { id, outcome });
        }
        Ok(given)
    }

    async fn take(&self, _: &Visitor, taking: Taking) -> Result<Page, DoorError> {
        let kept = self.0.lock().expect("one at a time");
        let is_in = |list: &[String], object: &Value, name: &str| {
            list.is_empty() || list.iter().any(|word| object[name] == **word)
        };
        let found = kept.iter().filter(|it| is_in(&taking.types, it, "type") && is_in(&taking.ids, it, "id"));
        let from: usize = taking.next.as_deref().and_then(|next| next.parse().ok()).unwrap_or(0);
        let mut objects: Vec<Value> = found.skip(from).take(PAGE + 1).cloned().collect();
        let more = objects.len() > PAGE;
        objects.truncate(PAGE);
        Ok(Page { objects, next: more.then(|| (from + PAGE).to_string()) })
    }
}
