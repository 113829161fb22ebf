//! From STIX to MISP: which objects make which event.

mod attribute;
mod context;
mod event;
mod foreign;
mod properties;

use crate::fields::{MispError, parse};
use crate::left::{Lefts, Reason};
use crate::{Converted, Limits, galaxy, id};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

type Object = Map<String, Value>;

/// MISP events of a STIX 2.1 bundle, of whoever wrote it: `{"Event":…}`, or `{"response":[…]}` for several.
///
/// A report or grouping is an event. Without any, the whole bundle is one; with several, what none of them names makes
/// another. What is not carried is listed.
///
/// # Errors
/// [`MispError`], and nothing is converted.
pub fn to_misp(bytes: &[u8], limits: &Limits) -> Result<Converted, MispError> {
    let (bundle_id, objects) = objects(parse(bytes, limits)?)?;
    if objects.iter().any(|object| event::all_marks(object).len() > BORNE_MAX) {
        return Err(MispError::TooManyBorne(BORNE_MAX));
    }
    let mut bundle = Bundle::new(bundle_id, objects);
    let events: Vec<Value> =
        bundle.events().into_iter().map(|(container, members)| bundle.event(container, &members)).collect();
    let count = events.len();
    let mut wrapped = events.into_iter().map(|event| json!({ "Event": event }));
    let document = match (count, wrapped.next()) {
        (1, Some(event)) => event,
        (_, first) => json!({ "response": first.into_iter().chain(wrapped).collect::<Vec<_>>() }),
    };
    Ok(Converted { document, events: count, left: bundle.left.into_list() })
}

fn objects(document: Value) -> Result<(String, Vec<Object>), MispError> {
    let (id, items) = match document {
        Value::Array(items) => (String::new(), items),
        Value::Object(mut map) => match map.get("type").and_then(Value::as_str) {
            Some("bundle") => {
                let id = map.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                match map.remove("objects") {
                    Some(Value::Array(items)) => (id, items),
                    None => (id, Vec::new()),
                    Some(_) => return Err(MispError::NotStix("`objects` is no list")),
                }
            }
            Some(_) if map.contains_key("id") => (String::new(), vec![Value::Object(map)]),
            _ => return Err(MispError::NotStix("it has no `type` of STIX")),
        },
        _ => return Err(MispError::NotStix("a JSON object or list is needed")),
    };
    let objects: Option<Vec<Object>> = items
        .into_iter()
        .map(|item| match item {
            Value::Object(map) => {
                let says = |name: &str| map.get(name).is_some_and(Value::is_string);
                (says("type") && says("id")).then_some(map)
            }
            _ => None,
        })
        .collect();
    objects.map(|objects| (id, objects)).ok_or(MispError::NotStix("an object has no `type` or no `id`"))
}

/// The most markings that one object may have: each is looked up for each object.
const BORNE_MAX: usize = 256;

/// The text of a property; nothing where it is none.
fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a list.
fn texts<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = &'a str> {
    object.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A bundle, by id.
struct Bundle {
    id: String,
    objects: Vec<Object>,
    by_id: HashMap<String, usize>,
    /// Observables that observed data or other observables point to.
    pointed: HashSet<String>,
    /// Identities that made or saw something.
    authors: HashSet<String>,
    left: Lefts,
}

impl Bundle {
    fn new(id: String, all: Vec<Object>) -> Self {
        let mut by_id: HashMap<String, usize> = HashMap::new();
        let mut objects: Vec<Object> = Vec::new();
        for object in all {
            let id = text(&object, "id").to_owned();
            match by_id.get(&id) {
                // Of several versions the last counts (section 3.6.2: the one most lately modified).
                Some(index) if text(&objects[*index], "modified") <= text(&object, "modified") => {
                    objects[*index] = object;
                }
                Some(_) => {}
                None => {
                    by_id.insert(id, objects.len());
                    objects.push(object);
                }
            }
        }
        let (mut pointed, mut authors) = (HashSet::new(), HashSet::new());
        for object in &objects {
            let who = texts(object, "where_sighted_refs").chain([text(object, "created_by_ref")]);
            authors.extend(who.map(str::to_owned));
            let kind = text(object, "type");
            if kind == "observed-data" || is_observable(kind) {
                for (name, value) in object {
                    if name == "object_refs" || name.ends_with("_ref") || name.ends_with("_refs") {
                        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                        pointed.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                }
            }
        }
        Self { id, objects, by_id, pointed, authors, left: Lefts::default() }
    }

    fn get(&self, id: &str) -> Option<&Object> {
        self.by_id.get(id).map(|index| &self.objects[*index])
    }

    /// Each container with its members, in the order of the bundle.
    fn events(&mut self) -> Vec<(Option<usize>, Vec<usize>)> {
        let is_container = |object: &Object| matches!(text(object, "type"), "report" | "grouping");
        let containers: Vec<usize> =
            (0..self.objects.len()).filter(|index| is_container(&self.objects[*index])).collect();
        let others = || (0..self.objects.len()).filter(|index| !is_container(&self.objects[*index]));
        if containers.len() <= 1 {
            return vec![(containers.first().copied(), others().collect())];
        }
        let mut owner: HashMap<usize, usize> = HashMap::new();
        let mut events: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
        for container in containers {
            let mut members = Vec::new();
            for reference in texts(&self.objects[container], "object_refs") {
                let Some(index) = self.by_id.get(reference).copied() else { continue };
                if is_container(&self.objects[index]) {
                    self.left.add(&format!("{reference}.object_refs"), Reason::NoPlace);
                } else if is_shared(id::kind(reference)) || owner.insert(index, container).is_none() {
                    owner.insert(index, container);
                    members.push(index);
                } else {
                    // MISP keeps each attribute in one event.
                    self.left.add(reference, Reason::NoPlace);
                }
            }
            members.sort_unstable();
            members.dedup();
            events.push((Some(container), members));
        }
        let rest: Vec<usize> = others()
            .filter(|index| {
                let kind = text(&self.objects[*index], "type");
                !owner.contains_key(index) && !matches!(kind, "identity" | "marking-definition")
            })
            .collect();
        if !rest.is_empty() {
            events.push((None, rest));
        }
        events
    }
}

/// Objects that several events may name without being of one of them.
fn is_shared(kind: &str) -> bool {
    galaxy::KINDS.contains(&kind) || matches!(kind, "identity" | "location") || is_observable(kind)
}

/// The types of STIX 2.1 section 6.
fn is_observable(kind: &str) -> bool {
    matches!(
        kind,
        "artifact"
            | "autonomous-system"
            | "directory"
            | "domain-name"
            | "email-addr"
            | "email-message"
            | "file"
            | "ipv4-addr"
            | "ipv6-addr"
            | "mac-addr"
            | "mutex"
            | "network-traffic"
            | "process"
            | "software"
            | "url"
            | "user-account"
            | "windows-registry-key"
            | "x509-certificate"
    )
}
