//! From MISP to STIX: the documents of a file, and each event of them.

mod attribute;
mod context;
mod handling;
mod object;

use crate::fields::{Fields, MispError, parse};
use crate::left::Reason;
use crate::{Converted, Limits, id, label, time};
use comity_import::writer::Writer;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The most tags, galaxies or marks that one event, object or attribute may have. Events of communities have some tens;
/// every mark of an event stands on everything in it, so that these multiply.
pub(crate) const BORNE_MAX: usize = 256;

/// Events that are to be one bundle, document by document.
#[derive(Default)]
pub struct Import {
    limits: Limits,
    documents: Documents,
}

impl Import {
    /// An import that reads each document within `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, documents: Documents::default() }
    }

    /// Adds a document: one event, `{"Event":…}`, `{"response":[…]}`, a list of these, or attributes and objects without
    /// their event, which become one.
    ///
    /// # Errors
    /// [`MispError`]; the import is not to be used further.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), MispError> {
        self.documents.add(parse(bytes, &self.limits)?)
    }

    /// A STIX 2.1 bundle of all events. The same documents give the same bundle. What is not carried is listed.
    ///
    /// # Errors
    /// [`MispError::TooManyBorne`], and nothing is converted.
    pub fn finish(self) -> Result<Converted, MispError> {
        let mut writer = Writer::default();
        let events = self.documents.events.len();
        let mut ids = Vec::new();
        for (index, event) in self.documents.events.into_iter().enumerate() {
            let path = if events == 1 { "Event".to_owned() } else { format!("Event[{index}]") };
            ids.extend(convert(Fields::new(event, path), &mut writer));
            if writer.overrun {
                return Err(MispError::TooManyBorne(BORNE_MAX));
            }
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (objects, left) = writer.end();
        let bundle = format!("bundle--{}", id::derived(&ids));
        let document = json!({ "type": "bundle", "id": bundle, "objects": objects });
        Ok(Converted { document, events, left })
    }
}

/// The bundle of one document; see [`Import`].
///
/// # Errors
/// [`MispError`], and nothing is converted.
pub fn to_stix(bytes: &[u8], limits: &Limits) -> Result<Converted, MispError> {
    let mut import = Import::new(*limits);
    import.add(bytes)?;
    import.finish()
}

/// A bundle of one sighting of the object `of`; `None` when it is of no known type.
pub(crate) fn sighting(said: &Value, of: &str, marks: Vec<String>, at: Timestamp) -> Option<Value> {
    let fields = Fields::new(said.as_object()?.clone(), "Sighting".to_owned());
    let mut scope = Scope {
        id: String::new(),
        marks,
        author: None,
        day: None,
        at,
        refs: Vec::new(),
        listed: HashSet::new(),
        known: HashMap::new(),
        references: Vec::new(),
    };
    let mut writer = Writer::default();
    context::sighting(fields, of, &mut scope, &mut writer);
    let (objects, _) = writer.end();
    let id = objects.first()?.get("id")?.as_str()?.to_owned();
    Some(json!({ "type": "bundle", "id": format!("bundle--{}", id::derived(&[&id])), "objects": objects }))
}

/// The events of a document; attributes and objects without one are gathered by the event they name.
#[derive(Default)]
struct Documents {
    events: Vec<Map<String, Value>>,
    loose: HashMap<String, usize>,
}

impl Documents {
    fn add(&mut self, document: Value) -> Result<(), MispError> {
        match document {
            Value::Array(items) => items.into_iter().try_for_each(|item| self.add(item)),
            Value::Object(map) => self.add_map(map),
            _ => Err(MispError::NotMisp("a JSON object or list is needed")),
        }
    }

    fn add_map(&mut self, mut map: Map<String, Value>) -> Result<(), MispError> {
        if let Some(response) = map.remove("response") {
            return self.add(response);
        }
        match map.remove("Event") {
            Some(Value::Object(event)) if !is_attribute(&map) && !is_object(&map) => {
                self.events.push(event);
                return Ok(());
            }
            Some(event) => {
                map.insert("Event".to_owned(), event);
            }
            None => {}
        }
        if map.contains_key("info") {
            self.events.push(map);
        } else if is_object(&map) {
            self.gather("Object", map);
        } else if is_attribute(&map) {
            self.gather("Attribute", map);
        } else if map.contains_key("Attribute") || map.contains_key("Object") {
            let galaxies = map.remove("Galaxy");
            for kind in ["Attribute", "Object"] {
                let items = match map.remove(kind) {
                    Some(Value::Array(items)) => items,
                    Some(one) => vec![one],
                    None => continue,
                };
                for item in items {
                    if let Value::Object(item) = item {
                        self.gather(kind, item);
                    }
                }
            }
            if let (Some(galaxies), Some(event)) = (galaxies, self.events.last_mut()) {
                event.insert("Galaxy".to_owned(), galaxies);
            }
        } else {
            return Err(MispError::NotMisp("none of `Event`, `info`, `Attribute`, `Object` is there"));
        }
        Ok(())
    }

    fn gather(&mut self, kind: &str, mut item: Map<String, Value>) {
        let event = match item.remove("Event") {
            Some(Value::Object(event)) => event,
            _ => Map::new(),
        };
        let named = event.get("uuid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let index = *self.loose.entry(named).or_insert_with(|| {
            self.events.push(event);
            self.events.len() - 1
        });
        let list = self.events[index].entry(kind).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(Value::Object(item));
        }
    }
}

fn is_attribute(map: &Map<String, Value>) -> bool {
    let says = |name: &str| map.contains_key(name);
    says("type") && says("value") && (says("category") || says("uuid") || says("to_ids"))
}

fn is_object(map: &Map<String, Value>) -> bool {
    map.contains_key("name") && map.contains_key("Attribute") && !map.contains_key("info")
}

/// What is known of an event while its parts are written.
struct Scope {
    /// Its report's or grouping's id.
    id: String,
    /// Marking definitions that everything in it bears.
    marks: Vec<String>,
    author: Option<String>,
    day: Option<Timestamp>,
    at: Timestamp,
    refs: Vec<String>,
    listed: HashSet<String>,
    /// STIX ids by the uuids that MISP points with.
    known: HashMap<String, String>,
    references: Vec<object::Reference>,
}

impl Scope {
    /// An object of the event, last changed at `at`. It was made on the event's day at the latest, which is the only
    /// time that does not move when it changes.
    fn new_object(&self, id: &str, at: Timestamp) -> Map<String, Value> {
        let created = self.day.filter(|day| *day < at).unwrap_or(at);
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(id::kind(id)));
        object.insert("spec_version".to_owned(), json!("2.1"));
        object.insert("id".to_owned(), json!(id));
        if let Some(author) = &self.author {
            object.insert("created_by_ref".to_owned(), json!(author));
        }
        object.insert("created".to_owned(), json!(time::stix(created)));
        object.insert("modified".to_owned(), json!(time::stix(at)));
        object
    }

    /// The uuid, or, where the event has it already, one derived from it.
    fn unused(&self, uuid: String, path: &str, writer: &mut Writer) -> String {
        if !self.known.contains_key(&uuid) {
            return uuid;
        }
        writer.left.add(&format!("{path}.uuid"), Reason::Twice);
        id::derived(&[&uuid, path])
    }

    fn list(&mut self, id: &str) {
        if self.listed.insert(id.to_owned()) {
            self.refs.push(id.to_owned());
        }
    }

    /// Writes an object and lists it in the event.
    fn put(&mut self, object: Map<String, Value>, writer: &mut Writer) -> String {
        let id = writer.put(object);
        self.list(&id);
        id
    }
}

fn convert(mut event: Fields, writer: &mut Writer) -> Option<String> {
    let seed = event.seed();
    let at = event.text("timestamp").and_then(|text| time::from_seconds(&text));
    let day = event.text("date");
    let published_at = event.text("publish_timestamp").and_then(|text| time::from_seconds(&text));
    let midnight = day.as_deref().and_then(time::from_date);
    let at = at.or(published_at).or(midnight).unwrap_or(Timestamp::UNIX_EPOCH);
    let info = event.text("info");
    let uuid = event.uuid("uuid").unwrap_or_else(|| id::derived(&["event", &seed]));
    let published = event.flag("published").unwrap_or(false);
    let id = format!("{}--{uuid}", if published { "report" } else { "grouping" });
    if ["report", "grouping"].iter().any(|kind| writer.has(&format!("{kind}--{uuid}"))) {
        writer.left.add(&event.path, Reason::Unreadable);
        return None;
    }

    let mut labels = vec![label::tool()];
    for name in ["threat_level_id", "analysis", "extends_uuid"] {
        labels.extend(event.text(name).map(|value| label::written(name, &value)));
    }
    labels.extend(day.map(|day| label::written("date", &day)));
    if let (false, Some(at)) = (published, published_at) {
        labels.push(label::written("publish_timestamp", &time::seconds(at)));
    }
    if event.flag("disable_correlation") == Some(true) {
        labels.push(label::written("disable_correlation", "True"));
    }

    let mut scope = Scope {
        id: id.clone(),
        marks: Vec::new(),
        author: None,
        day: midnight,
        at,
        refs: Vec::new(),
        listed: HashSet::new(),
        known: HashMap::from([(uuid, id.clone())]),
        references: Vec::new(),
    };
    let handling = handling::read(&mut event, writer);
    scope.marks.clone_from(&handling.marks);
    if let Some(organisation) = event.fields("Orgc") {
        scope.author = context::organisation(organisation, &mut scope, writer);
    }
    labels.extend(handling.tags.iter().map(|tag| label::from_tag(tag)));

    for attribute in event.list("Attribute") {
        attribute::convert(attribute, None, &mut scope, writer);
    }
    for object in event.list("Object") {
        object::convert(object, &mut scope, writer);
    }
    for report in event.list("EventReport") {
        context::report(report, &mut scope, writer);
    }
    context::analyst(&mut event, &id, &mut scope, writer);
    for proposal in event.list("ShadowAttribute") {
        writer.left.add(&proposal.path, Reason::Proposal);
    }
    handling.attach(&id, at, &mut scope, writer);
    object::resolve(&mut scope, writer);
    event.end(&mut writer.left);

    if scope.refs.is_empty() {
        let nobody = context::nobody(&scope);
        scope.put(nobody, writer);
    }
    let mut container = scope.new_object(&id, at);
    if published {
        let published = published_at.unwrap_or(at);
        container.insert("published".to_owned(), json!(time::stix(published)));
        container.insert("name".to_owned(), json!(info.unwrap_or_default()));
    } else {
        container.insert("context".to_owned(), json!("suspicious-activity"));
        if let Some(info) = info {
            container.insert("name".to_owned(), json!(info));
        }
    }
    container.insert("labels".to_owned(), json!(labels));
    if !scope.marks.is_empty() {
        container.insert("object_marking_refs".to_owned(), json!(scope.marks));
    }
    container.insert("object_refs".to_owned(), json!(scope.refs));
    writer.put(container);
    Some(id)
}

/// The marks of a part: its own, then those of what holds it; and the labels that say which of its own it shares with
/// what holds it, since these would read as inherited.
fn marks(own: &[String], held: &[&[String]]) -> (Vec<String>, Vec<String>) {
    let mut all: BTreeMap<&str, ()> = BTreeMap::new();
    let mut shared = Vec::new();
    for mark in own {
        all.insert(mark, ());
        if held.iter().any(|marks| marks.contains(mark)) {
            shared.push(label::written("own", mark));
        }
    }
    all.extend(held.iter().flat_map(|marks| marks.iter()).map(|mark| (mark.as_str(), ())));
    (all.into_keys().map(str::to_owned).collect(), shared)
}
