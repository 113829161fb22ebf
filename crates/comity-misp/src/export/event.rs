//! One event: its parts are made first, then what points to them.

use super::{Bundle, Object, is_observable, text, texts};
use crate::label::Labels;
use crate::left::Reason;
use crate::marking::Handling;
use crate::{galaxy, id, marking, time};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Where a part of an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The event.
    Event,
    /// An attribute of it.
    Attribute(usize),
    /// An object of it.
    Object(usize),
    /// An attribute of an object of it.
    Inner(usize, usize),
    /// A report on it.
    Report(usize),
}

/// An event under construction.
pub(super) struct Draft {
    pub(super) event: Map<String, Value>,
    pub(super) attributes: Vec<Map<String, Value>>,
    pub(super) objects: Vec<Map<String, Value>>,
    /// Where what a STIX id names stands.
    pub(super) places: HashMap<String, Place>,
    /// The marks of the event, and those of each object, by its id.
    pub(super) marks: Vec<String>,
    /// Whether we wrote the bundle.
    pub(super) ours: bool,
    /// The uuids of attributes and objects.
    uuids: HashSet<String>,
    /// What each list already has.
    once: HashSet<(Place, String)>,
    /// Where in the list of its bearer each galaxy stands.
    pub(super) galaxies: HashMap<(Place, String), usize>,
}

impl Draft {
    pub(super) fn at(&mut self, place: Place) -> &mut Map<String, Value> {
        match place {
            Place::Event => &mut self.event,
            Place::Attribute(index) => &mut self.attributes[index],
            Place::Object(index) => &mut self.objects[index],
            Place::Report(index) => {
                let reports = self.event.get("EventReport").and_then(Value::as_array).map_or(0, Vec::len);
                if index >= reports {
                    return &mut self.event;
                }
                let list = self.event.entry("EventReport").or_insert_with(|| json!([]));
                let report = list.get_mut(index).and_then(Value::as_object_mut);
                #[expect(clippy::expect_used, reason = "counted just above")]
                report.expect("a report of this draft")
            }
            Place::Inner(object, index) => {
                let list = self.objects[object].entry("Attribute").or_insert_with(|| json!([]));
                match list.get_mut(index).and_then(Value::as_object_mut) {
                    Some(attribute) => attribute,
                    // Unwrap safety: places are made from these lists alone; the event takes what would be lost.
                    None => &mut self.event,
                }
            }
        }
    }

    pub(super) fn push(&mut self, place: Place, list: &str, item: Value) {
        if !self.is_new(place, &format!("{list} {item}")) {
            return;
        }
        if let Some(list) = self.at(place).entry(list).or_insert_with(|| json!([])).as_array_mut() {
            list.push(item);
        }
    }

    /// Whether this was not said of that place before.
    pub(super) fn is_new(&mut self, place: Place, said: &str) -> bool {
        self.once.insert((place, said.to_owned()))
    }

    /// Gives a thing a uuid of its own where another has its: MISP knows each uuid once.
    fn own_uuid(&mut self, id: &str, thing: &mut Map<String, Value>) {
        let uuid = thing.get("uuid").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.uuids.insert(uuid.clone()) {
            let another = id::derived(&[&uuid, id]);
            self.uuids.insert(another.clone());
            thing.insert("uuid".to_owned(), json!(another));
        }
    }

    pub(super) fn add_attribute(&mut self, id: &str, mut attribute: Map<String, Value>) {
        self.own_uuid(id, &mut attribute);
        self.places.insert(id.to_owned(), Place::Attribute(self.attributes.len()));
        self.attributes.push(attribute);
    }

    pub(super) fn add_object(&mut self, id: &str, mut object: Map<String, Value>) {
        self.own_uuid(id, &mut object);
        self.places.insert(id.to_owned(), Place::Object(self.objects.len()));
        self.objects.push(object);
    }

    pub(super) fn uuid(&mut self, place: Place) -> String {
        self.at(place).get("uuid").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Bundle {
    /// The MISP event of a container and its members.
    pub(super) fn event(&mut self, container: Option<usize>, members: &[usize]) -> Value {
        let container = container.map(|index| self.objects[index].clone());
        let mut draft = self.head(container.as_ref(), members);
        let members: Vec<Object> = members.iter().map(|index| self.objects[*index].clone()).collect();
        // Objects of ours hold their attributes, which are made before them; what points comes last.
        let mut made: HashSet<String> = HashSet::new();
        for object in &members {
            self.make(object, &mut draft, &mut made);
        }
        for object in &members {
            self.shell(object, &mut draft);
        }
        draft.gather();
        for object in &members {
            self.report(object, &mut draft);
        }
        for object in &members {
            self.context(object, &mut draft);
        }
        let borne: HashSet<String> = members
            .iter()
            .filter(|link| draft.places.contains_key(text(link, "source_ref")))
            .map(|link| text(link, "target_ref").to_owned())
            .collect();
        for object in &members {
            self.clusters(object, &borne, &mut draft);
        }
        let Draft { mut event, mut attributes, objects, .. } = draft;
        attributes.retain(|attribute| !attribute.is_empty());
        event.insert("Attribute".to_owned(), json!(attributes));
        event.insert("Object".to_owned(), json!(objects));
        Value::Object(event)
    }

    fn head(&mut self, container: Option<&Object>, members: &[usize]) -> Draft {
        let mut event = Map::new();
        let empty = Object::new();
        let head = container.unwrap_or(&empty);
        let labels = Labels::of(head);
        let named = container.map(|head| text(head, "id")).and_then(id::of);
        let uuid = named.or_else(|| id::of(&self.id)).unwrap_or_else(|| {
            let ids: Vec<&str> = members.iter().map(|index| text(&self.objects[*index], "id")).collect();
            id::derived(&ids)
        });
        event.insert("uuid".to_owned(), json!(uuid));
        let changed = || members.iter().map(|index| text(&self.objects[*index], "modified")).max();
        let at = match container {
            Some(head) => time::from_text(text(head, "modified")),
            None => changed().and_then(time::from_text),
        };
        let at = at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let name = match text(head, "name") {
            "" if container.is_some() => "",
            "" => "STIX bundle",
            name => name,
        };
        event.insert("info".to_owned(), json!(name));
        let day = labels.get("date").map(str::to_owned);
        let day = day.or_else(|| time::from_text(text(head, "created")).map(time::date));
        event.insert("date".to_owned(), json!(day.unwrap_or_else(|| time::date(at))));
        event.insert("timestamp".to_owned(), json!(time::seconds(at)));
        for name in ["threat_level_id", "analysis", "extends_uuid", "publish_timestamp"] {
            if let Some(value) = labels.get(name) {
                event.insert(name.to_owned(), json!(value));
            }
        }
        let published = text(head, "type") == "report";
        event.insert("published".to_owned(), json!(published));
        if published && let Some(at) = time::from_text(text(head, "published")) {
            event.insert("publish_timestamp".to_owned(), json!(time::seconds(at)));
        }
        if labels.is_true("disable_correlation") {
            event.insert("disable_correlation".to_owned(), json!(true));
        }
        if let Some(author) = self.get(text(head, "created_by_ref")) {
            event.insert("Orgc".to_owned(), context_organisation(author));
        }
        let marks: Vec<String> = all_marks(head);
        let mut draft = Draft {
            event,
            attributes: Vec::new(),
            objects: Vec::new(),
            places: HashMap::from([(text(head, "id").to_owned(), Place::Event)]),
            marks: Vec::new(),
            ours: labels.get("tool") == Some("comity"),
            uuids: HashSet::new(),
            once: HashSet::new(),
            galaxies: HashMap::new(),
        };
        self.handle(head, Place::Event, &mut draft, &[]);
        draft.marks = marks;
        if let Some(description) = head.get("description").and_then(Value::as_str) {
            let report = json!({
                "uuid": id::derived(&["description", text(head, "id")]), "name": "Description",
                "content": description, "timestamp": time::seconds(at),
            });
            draft.push(Place::Event, "EventReport", report);
        }
        self.rest(head, &["name", "published", "context", "object_refs", "description"]);
        draft
    }

    /// Makes an attribute or object of it, where it is one.
    fn make(&mut self, object: &Object, draft: &mut Draft, made: &mut HashSet<String>) {
        let kind = text(object, "type");
        let stix_id = text(object, "id").to_owned();
        let labels = Labels::of(object);
        if let Some(twin) = twin(&stix_id)
            && made.contains(&twin)
        {
            // An observed-data and an indicator of one uuid are one attribute or object, which is for detection.
            if let Some(place) = draft.places.get(&twin).copied() {
                draft.places.insert(stix_id, place);
            }
            return;
        }
        let done = if labels.get("type").is_some() || kind == "x-misp-attribute" {
            self.attribute(object, draft)
        } else if kind == "note" && labels.get("name").is_some() {
            return;
        } else if labels.get("name").is_some() || kind == "x-misp-object" {
            self.foreign_object(object, draft)
        } else {
            self.foreign(object, draft)
        };
        if done {
            made.insert(stix_id);
        }
    }

    /// A note that stands for an object: holds the attributes it names that say which part of it they are.
    fn shell(&mut self, object: &Object, draft: &mut Draft) {
        let labels = Labels::of(object);
        let (Some(name), "note") = (labels.get("name"), text(object, "type")) else { return };
        let stix_id = text(object, "id");
        let mut shell = Map::new();
        let Some(uuid) = id::of(stix_id) else { return };
        shell.insert("uuid".to_owned(), json!(uuid));
        shell.insert("name".to_owned(), json!(name));
        shell.insert("description".to_owned(), json!(text(object, "content")));
        for key in ["meta-category", "template_uuid", "template_version"] {
            if let Some(value) = labels.get(key) {
                shell.insert(key.to_owned(), json!(value));
            }
        }
        attribute_times(object, &mut shell);
        let marks = all_marks(object);
        let index = draft.objects.len();
        draft.add_object(stix_id, shell);
        let event = draft.marks.clone();
        self.handle(object, Place::Object(index), draft, &event);
        let own: Vec<String> = marks.iter().filter(|mark| !event.contains(mark)).cloned().collect();
        let mut inner = 0;
        for reference in texts(object, "object_refs").map(str::to_owned).collect::<Vec<_>>() {
            let Some(Place::Attribute(at)) = draft.places.get(&reference).copied() else { continue };
            if !draft.attributes[at].contains_key("object_relation") {
                continue;
            }
            let taken = std::mem::take(&mut draft.attributes[at]);
            draft.push_inner(index, taken);
            let place = Place::Inner(index, inner);
            inner += 1;
            draft.places.insert(reference.clone(), place);
            if let Some(found) = twin(&reference).and_then(|twin| draft.places.get_mut(&twin)) {
                *found = place;
            }
            if !own.is_empty() {
                self.inherit(&reference, place, draft, &own);
            }
        }
        self.rest(object, &["content", "abstract", "object_refs", "external_references", "revoked"]);
    }

    /// Takes from an attribute what it has of its object.
    fn inherit(&self, reference: &str, place: Place, draft: &mut Draft, of_object: &[String]) {
        let Some(object) = self.get(reference) else { return };
        let labels = Labels::of(object);
        let own: HashSet<&str> = labels.all("own").collect();
        for mark in of_object.iter().filter(|mark| !own.contains(mark.as_str())) {
            let attribute = draft.at(place);
            match marking::read(mark, self.get(mark)) {
                Handling::Tag(name) => {
                    if let Some(tags) = attribute.get_mut("Tag").and_then(Value::as_array_mut) {
                        tags.retain(|tag| tag.get("name").and_then(Value::as_str) != Some(&name));
                    }
                }
                Handling::Distribution(_) | Handling::SharingGroup(_) => {
                    attribute.remove("distribution");
                    attribute.remove("SharingGroup");
                }
            }
        }
    }

    /// Tags, distribution and sharing group of an object, without those that `held` has.
    pub(super) fn handle(&mut self, object: &Object, place: Place, draft: &mut Draft, held: &[String]) {
        let labels = Labels::of(object);
        let own: HashSet<&str> = labels.all("own").collect();
        for mark in all_marks(object) {
            if held.contains(&mark) && !own.contains(mark.as_str()) {
                continue;
            }
            match marking::read(&mark, self.get(&mark)) {
                Handling::Tag(name) => draft.push(place, "Tag", json!({ "name": name })),
                Handling::Distribution(level) => {
                    draft.at(place).entry("distribution").or_insert(json!(level));
                }
                Handling::SharingGroup(group) => {
                    draft.at(place).insert("distribution".to_owned(), json!("4"));
                    draft.at(place).insert("SharingGroup".to_owned(), group);
                }
            }
        }
        for tag in labels.tags() {
            draft.push(place, "Tag", json!({ "name": tag }));
        }
    }

    /// Names the properties that nobody took.
    pub(super) fn rest(&mut self, object: &Object, taken: &[&str]) {
        const COMMON: [&str; 9] = [
            "type",
            "id",
            "spec_version",
            "created",
            "modified",
            "created_by_ref",
            "labels",
            "object_marking_refs",
            "granular_markings",
        ];
        for name in object.keys().map(String::as_str) {
            if !COMMON.contains(&name) && !taken.contains(&name) {
                self.left.add(&format!("{}.{name}", text(object, "id")), Reason::NoPlace);
            }
        }
    }

    /// What is nothing MISP has a place for.
    pub(super) fn no_place(&mut self, object: &Object) {
        let kind = text(object, "type");
        let known = galaxy::KINDS.contains(&kind) || is_observable(kind);
        if !known && !matches!(kind, "marking-definition" | "relationship" | "sighting") {
            self.left.add(text(object, "id"), Reason::NoPlace);
        }
    }
}

impl Draft {
    fn push_inner(&mut self, object: usize, attribute: Map<String, Value>) {
        let list = self.objects[object].entry("Attribute").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(Value::Object(attribute));
        }
    }

    /// Every object has its list.
    fn gather(&mut self) {
        for object in &mut self.objects {
            object.entry("Attribute").or_insert_with(|| json!([]));
        }
    }
}

/// The id that an observed-data or indicator of the same uuid would have.
fn twin(stix_id: &str) -> Option<String> {
    match stix_id.split_once("--")? {
        ("indicator", uuid) => Some(format!("observed-data--{uuid}")),
        ("observed-data", uuid) => Some(format!("indicator--{uuid}")),
        _ => None,
    }
}

/// The marks of an object, those of its parts included: a part cannot be marked in MISP, so the whole is.
pub(super) fn all_marks(object: &Object) -> Vec<String> {
    let granular = object.get("granular_markings").and_then(Value::as_array).into_iter().flatten();
    let granular = granular.filter_map(|granular| granular.get("marking_ref").and_then(Value::as_str));
    let mut once = HashSet::new();
    let marks = texts(object, "object_marking_refs").chain(granular);
    marks.filter(|mark| once.insert(*mark)).map(str::to_owned).collect()
}

/// Timestamp, deletion, comment and times of sight, as they stand on a note or an observed-data.
pub(super) fn attribute_times(object: &Object, into: &mut Map<String, Value>) {
    let changed = text(object, "modified");
    if let Some(at) = time::from_text(changed) {
        into.insert("timestamp".to_owned(), json!(time::seconds(at)));
    }
    if object.get("revoked") == Some(&Value::Bool(true)) {
        into.insert("deleted".to_owned(), json!(true));
    }
    for reference in object.get("external_references").and_then(Value::as_array).into_iter().flatten() {
        let said = |name: &str| reference.get(name).and_then(Value::as_str).unwrap_or_default();
        match said("source_name") {
            "misp:comment" => {
                into.insert("comment".to_owned(), json!(said("description")));
            }
            name @ ("misp:first_seen" | "misp:last_seen") => {
                if let Some(at) = time::from_text(said("external_id")) {
                    into.insert(name.trim_start_matches("misp:").to_owned(), json!(time::seen(at)));
                }
            }
            _ => {}
        }
    }
}

pub(super) fn context_organisation(identity: &Object) -> Value {
    let uuid = id::of(text(identity, "id")).unwrap_or_default();
    json!({ "uuid": uuid, "name": text(identity, "name") })
}
