//! Sightings between servers: which are asked for, how they are told, and which are offered.
//!
//! ```text
//! pull   sightings/restSearch/event       {"uuid":[…],"last":0,"includeUuid":true}  ->  {"response":[{"Sighting":{…}}]}
//! push   sightings/filterSightingUuidsForPush/<event>   [uuid]  ->  those that are here
//!        sightings/bulkSaveSightings/<event>            [{"uuid","attribute_uuid","type","date_sighting","source","Organisation"}]
//! ```
//! A sighting does not change: one that is here is not taken again.
//!
//! Source: MISP 2.5, `Sighting::restSearch`, `bulkSaveSightings`, `filterSightingUuidsForPush`; PyMISP `search_sightings`.

use super::search::{Filter, flag, moment, texts};
use super::{RequestError, VALUES_MAX, items};
use crate::{id, time};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// How far back a search goes that does not say: as MISP's own.
const LAST: &str = "30d";

/// What a search for sightings asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SightingSearch {
    /// Only those of events of these uuids, where there are any.
    pub events: Vec<String>,
    attributes: Vec<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    kinds: Filter,
    organisations: Filter,
    sources: Filter,
    with_attribute: bool,
    with_event: bool,
}

impl SightingSearch {
    /// Reads a search in a context: of `event`s or `attribute`s by their uuids, or of all. `now` is what "thirty days ago"
    /// counts from.
    ///
    /// # Errors
    /// [`RequestError`]; the caller answers 400 with it.
    pub fn read(context: Option<&str>, request: &Value, now: Timestamp) -> Result<Self, RequestError> {
        let request = request.as_object().ok_or(RequestError::NotAnObject)?;
        let request = request.get("request").and_then(Value::as_object).unwrap_or(request);
        let (mut search, mut of, mut last) = (Self::default(), Vec::new(), None);
        for (name, value) in request.iter().filter(|(_, value)| !value.is_null() && **value != json!("")) {
            let at = |text: &str| moment(text, now).ok_or_else(|| RequestError::Unreadable(name.to_owned()));
            match name.as_str() {
                "returnFormat" if value == "json" => {}
                // Nothing has a number here: an id is a uuid.
                "id" | "uuid" => of.extend(uuids(name, value)?),
                "from" => search.from = Some(at(&texts(name, value)?.concat())?),
                "to" => search.to = Some(at(&texts(name, value)?.concat())?),
                "last" => last = Some(at(&texts(name, value)?.concat())?),
                "type" => search.kinds = Filter::read(name, value)?,
                "org_id" => search.organisations = Filter::read(name, value)?,
                "source" => search.sources = Filter::read(name, value)?,
                "includeAttribute" => search.with_attribute = flag(value),
                "includeEvent" => search.with_event = flag(value),
                // Both uuids are told always.
                "includeUuid" => {}
                _ => return Err(RequestError::Unknown(name.to_owned())),
            }
        }
        if search.from.is_none() && search.to.is_none() {
            search.from = last.or_else(|| moment(LAST, now));
        }
        match context {
            None => {}
            Some("event" | "attribute") if of.is_empty() => {
                return Err(RequestError::Unreadable("uuid".to_owned()));
            }
            Some("event") => search.events = of,
            Some("attribute") => search.attributes = of,
            Some(other) => return Err(RequestError::Unknown(other.to_owned())),
        }
        Ok(search)
    }

    /// The sightings that it asks for, of those in these events.
    #[must_use]
    pub fn of(&self, events: &[Value]) -> Vec<Value> {
        let mut found = Vec::new();
        for (event, attribute, sighting) in events.iter().flat_map(sighted) {
            let of_this = |uuids: &[String], thing: &Value| {
                uuids.is_empty() || uuids.iter().any(|uuid| thing["uuid"] == **uuid)
            };
            if of_this(&self.events, event) && of_this(&self.attributes, attribute) && self.takes(sighting) {
                found.push(self.told(event, attribute, sighting));
            }
        }
        found
    }

    fn takes(&self, sighting: &Value) -> bool {
        let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
        let at = date_of(sighting).unwrap_or(Timestamp::UNIX_EPOCH);
        let who = &sighting["Organisation"];
        self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at <= to)
            && self.kinds.takes(&[&text(sighting, "type")])
            && self.organisations.takes(&[&text(who, "uuid"), &text(who, "name")])
            && self.sources.takes(&[&text(sighting, "source")])
    }

    fn told(&self, event: &Value, attribute: &Value, sighting: &Value) -> Value {
        let mut told = sighting.clone();
        told["attribute_uuid"] = attribute["uuid"].clone();
        told["event_uuid"] = event["uuid"].clone();
        // A server that syncs reads both, and saves on behalf of the organisation where this is not 0.
        told["org_id"] = json!(if sighting["Organisation"].is_object() { "1" } else { "0" });
        if sighting["source"].is_null() {
            told["source"] = json!("");
        }
        if self.with_attribute {
            let mut attribute = attribute.clone();
            if let Some(attribute) = attribute.as_object_mut() {
                attribute.remove("Sighting");
            }
            told["Attribute"] = attribute;
        }
        if self.with_event {
            let names = ["uuid", "info", "date", "timestamp", "Orgc"];
            told["Event"] =
                names.iter().map(|name| ((*name).to_owned(), event[*name].clone())).collect::<Value>();
        }
        json!({ "Sighting": told })
    }
}

/// Every sighting in an event, with the attribute that it is of.
fn sighted(event: &Value) -> impl Iterator<Item = (&Value, &Value, &Value)> {
    let inner = items(event, "Object").flat_map(|object| items(object, "Attribute"));
    let attributes = items(event, "Attribute").chain(inner);
    attributes.flat_map(move |attribute| {
        items(attribute, "Sighting").map(move |sighting| (event, attribute, sighting))
    })
}

fn date_of(sighting: &Value) -> Option<Timestamp> {
    time::from_seconds(&crate::observe::scalar(&sighting["date_sighting"])?)
}

/// When an event was sighted last, in seconds: what a server looks at before it pulls or pushes sightings. `0` where it never was.
pub(super) fn newest(event: &Value) -> String {
    let newest = sighted(event).filter_map(|(_, _, sighting)| date_of(sighting)).max();
    newest.map_or_else(|| "0".to_owned(), time::seconds)
}

/// The uuids of what is asked about.
///
/// # Errors
/// [`RequestError`]; the caller answers 400 with it.
pub fn uuids(name: &str, value: &Value) -> Result<Vec<String>, RequestError> {
    let unreadable = || RequestError::Unreadable(name.to_owned());
    texts(name, value)?.iter().map(|text| id::uuid(text).ok_or_else(unreadable)).collect()
}

/// The ids under which a sighting of that uuid may be carried.
#[must_use]
pub fn sighting_carriers(uuid: &str) -> [String; 3] {
    ["sighting", "opinion", "note"].map(|kind| format!("{kind}--{uuid}"))
}

/// One sighting that a server offers.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedSighting {
    /// Its own uuid.
    pub uuid: String,
    /// The attribute that it is of.
    pub attribute: String,
    said: Value,
}

/// The sightings that a server offers, each uuid once.
///
/// # Errors
/// [`RequestError`]; the caller answers 400 with it.
pub fn offered(request: &Value) -> Result<Vec<OfferedSighting>, RequestError> {
    let unreadable = |name: &str| RequestError::Unreadable(name.to_owned());
    let list = request.get("Sighting").unwrap_or(request);
    let list = list.as_array().ok_or_else(|| unreadable("the list of sightings"))?;
    if list.len() > VALUES_MAX {
        return Err(unreadable("the list of sightings"));
    }
    let (mut offered, mut known) = (Vec::new(), HashSet::new());
    for said in list {
        let said = said.get("Sighting").unwrap_or(said);
        let uuid = |name: &str| said[name].as_str().and_then(id::uuid).ok_or_else(|| unreadable(name));
        let (own, attribute) = (uuid("uuid")?, uuid("attribute_uuid")?);
        if date_of(said).is_none() {
            return Err(unreadable("date_sighting"));
        }
        if known.insert(own.clone()) {
            offered.push(OfferedSighting { uuid: own, attribute, said: said.clone() });
        }
    }
    Ok(offered)
}

/// The bundle of offered sightings, each of the object that `carriers` has for its attribute, whose marks it bears; with the id
/// of each. Those of an attribute that is not there are left out, as MISP does.
///
/// # Errors
/// [`RequestError`] for one of no known type; the caller answers 400 with it.
pub fn sightings(
    offered: &[OfferedSighting],
    carriers: &HashMap<String, Value>,
) -> Result<(Value, Vec<String>), RequestError> {
    let (mut objects, mut ids, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    for one in offered {
        let Some(of) = carriers.get(&one.attribute) else { continue };
        let at = date_of(&one.said).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut said = json!({ "uuid": one.uuid, "date_sighting": time::seconds(at) });
        for name in ["type", "source", "Organisation"] {
            if let Some(value) = one.said.get(name).filter(|value| !value.is_null() && **value != json!("")) {
                said[name] = value.clone();
            }
        }
        let bundle = super::sighting_said(&said, of, at)?;
        for object in items(&bundle, "objects") {
            let id = object["id"].as_str().unwrap_or_default();
            // An organisation that saw several stands there once.
            if known.insert(id.to_owned()) {
                objects.push(object.clone());
            }
            if sighting_carriers(&one.uuid).contains(&id.to_owned()) {
                ids.push(id.to_owned());
            }
        }
    }
    let id = format!("bundle--{}", id::derived(&["sightings", &ids.concat()]));
    Ok((json!({ "type": "bundle", "id": id, "objects": objects }), ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "00000000-0000-4000-8000-00000000000e";
    const SEEN: &str = "00000000-0000-4000-8000-00000000000a";

    fn now() -> Timestamp {
        "2026-05-01T00:00:00Z".parse().unwrap()
    }

    fn event() -> Value {
        let sighting = |number: u8, kind: &str, at: &str, who: Value| json!({ "uuid": format!("00000000-0000-4000-8000-00000000000{number}"), "type": kind, "date_sighting": at, "Organisation": who });
        let cert = json!({ "name": "CERT", "uuid": "00000000-0000-4000-8000-0000000000cc" });
        json!({ "uuid": EVENT, "info": "Loader", "Attribute": [{ "uuid": SEEN, "value": "c2.example", "Sighting": [
            sighting(1, "0", "1777000000", Value::Null), sighting(2, "1", "1767400000", cert),
        ] }] })
    }

    fn found(context: Option<&str>, request: Value) -> Vec<String> {
        let search = SightingSearch::read(context, &request, now()).unwrap();
        let told = search.of(&[event()]);
        told.iter().map(|one| one["Sighting"]["uuid"].as_str().unwrap()[35..].to_owned()).collect()
    }

    #[test]
    fn what_a_server_pulls_is_told_with_both_uuids() {
        let asked = json!({ "returnFormat": "json", "last": 0, "includeUuid": true, "uuid": [EVENT] });
        let told = SightingSearch::read(Some("event"), &asked, now()).unwrap().of(&[event()]);
        let (one, other) = (&told[0]["Sighting"], &told[1]["Sighting"]);
        assert_eq!((&one["event_uuid"], &one["attribute_uuid"]), (&json!(EVENT), &json!(SEEN)));
        assert_eq!(
            (&one["source"], &one["org_id"], &other["org_id"]),
            (&json!(""), &json!("0"), &json!("1"))
        );
        assert!(one.get("Attribute").is_none() && one.get("Event").is_none());
        assert_eq!(newest(&event()), "1777000000");
        assert_eq!(newest(&json!({ "uuid": EVENT })), "0");
    }

    #[test]
    fn filters_take_what_they_say_and_thirty_days_where_none_says() {
        assert_eq!(found(None, json!({})), ["1"]);
        assert_eq!(found(None, json!({ "last": "0" })), ["1", "2"]);
        assert_eq!(found(None, json!({ "to": "1767400000" })), ["2"]);
        assert_eq!(found(None, json!({ "last": "0", "type": "1" })), ["2"]);
        assert_eq!(
            found(None, json!({ "last": "0", "org_id": ["!00000000-0000-4000-8000-0000000000cc"] })),
            ["1"]
        );
        assert_eq!(found(Some("attribute"), json!({ "last": "0", "id": SEEN })), ["1", "2"]);
        assert_eq!(found(Some("attribute"), json!({ "last": "0", "id": EVENT })), Vec::<String>::new());
        for (context, request) in [
            (Some("event"), json!({})),
            (Some("tag"), json!({ "uuid": EVENT })),
            (None, json!({ "nonsense": 1 })),
            (None, json!({ "uuid": "../x" })),
            (None, json!([])),
            (None, json!({ "last": "yesterday" })),
        ] {
            assert!(SightingSearch::read(context, &request, now()).is_err(), "{context:?} {request}");
        }
    }

    #[test]
    fn what_is_offered_is_read_once_and_bears_the_marks_of_its_attribute() {
        let one = |uuid: &str, of: &str| json!({ "uuid": uuid, "attribute_uuid": of, "type": "0", "date_sighting": 1_767_400_000, "source": "honeypot", "org_id": "0" });
        let own = "00000000-0000-4000-8000-000000000005";
        let list = json!([one(own, SEEN), one(own, SEEN), one(EVENT, EVENT)]);
        let read = offered(&list).unwrap();
        assert_eq!(read.len(), 2);
        let of =
            json!({ "id": format!("indicator--{SEEN}"), "object_marking_refs": ["marking-definition--1"] });
        let (bundle, ids) = sightings(&read, &HashMap::from([(SEEN.to_owned(), of)])).unwrap();
        assert_eq!(ids, [format!("sighting--{own}")], "what is of nothing here is left out");
        let made = &bundle["objects"][0];
        assert_eq!(
            (&made["sighting_of_ref"], &made["description"]),
            (&json!(format!("indicator--{SEEN}")), &json!("honeypot"))
        );
        assert_eq!(made["object_marking_refs"], json!(["marking-definition--1"]));
        for wrong in [
            json!({}),
            json!([{}]),
            json!([{ "uuid": own, "attribute_uuid": SEEN }]),
            json!([{ "uuid": "x", "attribute_uuid": SEEN }]),
        ] {
            assert!(offered(&wrong).is_err(), "{wrong}");
        }
    }
}
