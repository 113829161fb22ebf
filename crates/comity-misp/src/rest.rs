//! What MISP's own REST interface asks and answers, as far as push, pull and PyMISP go. Pure: the shell finds the
//! events, keeps them, and knows who asks.
//!
//! ```text
//! pull   getVersion, events/index (minimal), events/view/<uuid>, events/restSearch, sightings/restSearch
//! push   getVersion, events/filterEventIdsForPush, events/view/<uuid> (HEAD), events/add, events/edit/<uuid>, sightings/add,
//!        sightings/filterSightingUuidsForPush, sightings/bulkSaveSightings
//! ```
//! A search with a filter that is not known here is refused: an answer that ignored it would say more than was asked.
//!
//! Source: MISP's OpenAPI description of its REST interface; PyMISP.

mod search;
mod sightings;

pub use search::Search;
pub use sightings::{OfferedSighting, SightingSearch, offered, sighting_carriers, sightings, uuids};

use crate::{id, time};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// The version of MISP whose messages these are.
pub const MISP_VERSION: &str = "2.5.34";

/// The most values that one filter, or events that one offer, may have.
const VALUES_MAX: usize = 10_000;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is no JSON object.
    #[error("the request is no JSON object")]
    NotAnObject,
    /// It asks for what is not known here.
    #[error("`{0}` is not known here")]
    Unknown(String),
    /// It asks in a way that does not read.
    #[error("`{0}` does not read")]
    Unreadable(String),
}

/// The answer to `servers/getVersion`: what a server that syncs wants to know first.
#[must_use]
pub fn version() -> Value {
    json!({
        "version": MISP_VERSION, "pymisp_recommended_version": MISP_VERSION, "perm_sync": true,
        "perm_sighting": true, "perm_galaxy_editor": false, "request_encoding": [], "filter_sightings": true,
    })
}

/// The answer to `servers/getPyMISPVersion`.
#[must_use]
pub fn pymisp_version() -> Value {
    json!({ "version": MISP_VERSION })
}

/// The answer to `users/view/me`: a user who may sync, and nothing about a person.
#[must_use]
pub fn user(organisation: &str, may_write: bool) -> Value {
    let uuid = id::derived(&["organisation", organisation]);
    json!({
        "User": {
            "id": "1", "org_id": "1", "email": "sync@comity.invalid", "role_id": "1", "autoalert": false,
            "disabled": false,
        },
        "Organisation": { "id": "1", "name": organisation, "uuid": uuid },
        "Role": {
            "id": "1", "name": "Sync", "perm_add": may_write, "perm_modify": may_write, "perm_sync": true,
            "perm_auth": true, "perm_sighting": may_write, "perm_publish": may_write, "perm_site_admin": false,
            "perm_admin": false,
        },
        "UserSetting": [],
    })
}

/// What MISP answers where something is not done: an error that PyMISP and a syncing server show as it stands.
#[must_use]
pub fn refusal(path: &str, name: &str, message: &str, errors: &[String]) -> Value {
    json!({ "saved": false, "name": name, "message": message, "url": path, "errors": errors })
}

fn items<'a>(thing: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    thing[name].as_array().into_iter().flatten()
}

/// An event as `events/index` lists it.
#[must_use]
pub fn index_entry(event: &Value) -> Value {
    let inner = items(event, "Object").map(|object| items(object, "Attribute").count()).sum::<usize>();
    let mut entry = Map::new();
    for name in [
        "uuid",
        "info",
        "date",
        "timestamp",
        "published",
        "publish_timestamp",
        "threat_level_id",
        "analysis",
        "distribution",
        "extends_uuid",
    ] {
        if let Some(value) = event.get(name) {
            entry.insert(name.to_owned(), value.clone());
        }
    }
    let tags: Vec<Value> = items(event, "Tag").map(|tag| json!({ "Tag": tag })).collect();
    entry.insert("EventTag".to_owned(), json!(tags));
    entry.insert("Orgc".to_owned(), event["Orgc"].clone());
    entry.insert("orgc_uuid".to_owned(), event["Orgc"]["uuid"].clone());
    entry
        .insert("attribute_count".to_owned(), json!((items(event, "Attribute").count() + inner).to_string()));
    entry.insert("sighting_timestamp".to_owned(), json!(sightings::newest(event)));
    Value::Object(entry)
}

/// Of the events that a server would push, those that are not here or are older here.
///
/// # Errors
/// [`RequestError`]; the caller answers 400 with it.
pub fn wanted(offered: &Value, here: &HashMap<String, i64>) -> Result<Vec<String>, RequestError> {
    let offered = offered.as_array().ok_or(RequestError::Unreadable("the list of events".to_owned()))?;
    let mut found = Vec::new();
    for event in offered.iter().take(VALUES_MAX) {
        let event = event.get("Event").unwrap_or(event);
        let unreadable = || RequestError::Unreadable("uuid".to_owned());
        let uuid = event["uuid"].as_str().and_then(id::uuid).ok_or_else(unreadable)?;
        let at: i64 =
            crate::observe::scalar(&event["timestamp"]).and_then(|text| text.parse().ok()).unwrap_or(0);
        if here.get(&uuid).is_none_or(|known| at > *known) {
            found.push(uuid);
        }
    }
    Ok(found)
}

/// The ids under which an attribute or object of that uuid may be carried.
#[must_use]
pub fn carriers(uuid: &str) -> Vec<String> {
    ["indicator", "observed-data", "note", "identity", "vulnerability", "campaign", "threat-actor"]
        .map(|kind| format!("{kind}--{uuid}"))
        .to_vec()
}

/// The ids under which an event of that uuid may be carried.
#[must_use]
pub fn containers(uuid: &str) -> Vec<String> {
    ["report", "grouping"].map(|kind| format!("{kind}--{uuid}")).to_vec()
}

/// Every id that a STIX object points to.
#[must_use]
pub fn pointed(object: &Value) -> HashSet<String> {
    let mut found = HashSet::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match value {
            Value::String(text) if name.ends_with("_ref") => {
                found.insert(text.clone());
            }
            Value::Array(list) if name.ends_with("_refs") => {
                found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Value::Array(list) => found.extend(list.iter().flat_map(pointed)),
            _ => {}
        }
    }
    found
}

/// A sighting that a client adds, as a bundle about the object `of`, whose marks it bears; at `now` where it does not
/// say when.
///
/// # Errors
/// [`RequestError`]; the caller answers 400 with it.
pub fn sighting(request: &Value, of: &Value, now: Timestamp) -> Result<Value, RequestError> {
    let text = |name: &str| request.get(name).and_then(crate::observe::scalar);
    let at = text("timestamp")
        .or_else(|| text("date_sighting"))
        .and_then(|text| time::from_seconds(&text))
        .unwrap_or(now);
    let kind = text("type").unwrap_or_else(|| "0".to_owned());
    let source = text("source").unwrap_or_default();
    let seconds = time::seconds(at);
    let id = of["id"].as_str().unwrap_or_default();
    let uuid = id::derived(&["sighting", id, &kind, &source, &seconds]);
    let said = json!({ "uuid": uuid, "type": kind, "date_sighting": seconds, "source": source });
    sighting_said(&said, of, at)
}

/// The bundle of one sighting, as MISP writes it, of the object `of`.
fn sighting_said(said: &Value, of: &Value, at: Timestamp) -> Result<Value, RequestError> {
    let id = of["id"].as_str().unwrap_or_default();
    let marks = items(of, "object_marking_refs").filter_map(Value::as_str).map(str::to_owned).collect();
    crate::import::sighting(said, id, marks, at).ok_or(RequestError::Unreadable("type".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_and_unknown_events_are_wanted() {
        let a = "00000000-0000-4000-8000-000000000001";
        let b = "00000000-0000-4000-8000-000000000002";
        let offered = json!([{ "Event": { "uuid": a, "timestamp": "5" } }, { "uuid": b, "timestamp": 7 }]);
        let here = |at: i64| HashMap::from([(a.to_owned(), at)]);
        assert_eq!(wanted(&offered, &here(5)).unwrap(), [b]);
        assert_eq!(wanted(&offered, &here(4)).unwrap(), [a, b]);
        assert!(wanted(&json!([{ "uuid": "../x" }]), &here(0)).is_err());
    }
}
