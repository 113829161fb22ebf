//! What points to attributes, objects and the event: references, sightings, reports, opinions, clusters.

use super::event::{Draft, Place, context_organisation};
use super::{Bundle, Object, is_observable, text, texts};
use crate::label::Labels;
use crate::left::Reason;
use crate::{galaxy, id, time};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The label of a note that stands where an object was removed from a collection.
const TOMBSTONE: &str = "removed";

impl Bundle {
    /// Adds what `object` says about parts of the event.
    pub(super) fn context(&mut self, object: &Object, draft: &mut Draft) {
        let labels = Labels::of(object);
        let stix_id = text(object, "id");
        if draft.places.contains_key(stix_id) {
            return;
        }
        match text(object, "type") {
            "sighting" => self.sighting(object, text(object, "sighting_of_ref"), "0", draft),
            "opinion" | "note" if labels.get("data-layer") == Some("Sighting") => {
                let kind = if text(object, "type") == "opinion" { "1" } else { "2" };
                let of = texts(object, "object_refs").next().unwrap_or_default();
                self.sighting(object, of, kind, draft);
            }
            "opinion" if text(object, "explanation") == "False positive Sighting" => {
                let of = texts(object, "object_refs").next().unwrap_or_default();
                self.sighting(object, of, "1", draft);
            }
            "note" if ["analyst", "context-layer"].iter().any(|key| labels.get(key).is_some()) => {
                self.analyst(object, "Note", draft)
            }
            "opinion" => self.analyst(object, "Opinion", draft),
            "note" => {}
            "relationship" => self.reference(object, draft),
            "identity" if self.is_author(stix_id) || text(object, "identity_class") == "unknown" => {}
            kind if galaxy::KINDS.contains(&kind) || labels.get("galaxy-type").is_some() => {}
            kind if is_observable(kind) => {}
            "marking-definition" => {}
            // Named where they were read, when their value was gone.
            _ if labels.get("type").is_some() => {}
            _ => self.no_place(object),
        }
    }

    fn is_author(&self, identity: &str) -> bool {
        self.authors.contains(identity)
    }

    fn sighting(&mut self, object: &Object, of: &str, kind: &str, draft: &mut Draft) {
        let Some(place) =
            draft.places.get(of).copied().filter(|place| !matches!(place, Place::Event | Place::Report(_)))
        else {
            self.left.add(text(object, "id"), Reason::PointsNowhere);
            return;
        };
        let seen = ["last_seen", "first_seen", "modified"]
            .into_iter()
            .find_map(|name| time::from_text(text(object, name)));
        let mut made = Map::new();
        made.insert("uuid".to_owned(), json!(id::of(text(object, "id")).unwrap_or_default()));
        made.insert("type".to_owned(), json!(kind));
        if let Some(at) = seen {
            made.insert("date_sighting".to_owned(), json!(time::seconds(at)));
        }
        let who = texts(object, "where_sighted_refs").next().unwrap_or_else(|| match kind {
            "0" => "",
            _ => text(object, "created_by_ref"),
        });
        let who = if who.is_empty() { text(object, "x_misp_author_ref") } else { who };
        if let Some(who) = self.get(who) {
            made.insert("Organisation".to_owned(), context_organisation(who));
        }
        let source = match kind {
            "0" => text(object, "description").to_owned(),
            _ => {
                let references =
                    object.get("external_references").and_then(Value::as_array).into_iter().flatten();
                let mut sources = references.filter(|it| it["source_name"] == "misp:source");
                sources.next().and_then(|it| it["description"].as_str()).unwrap_or_default().to_owned()
            }
        };
        if !source.is_empty() {
            made.insert("source".to_owned(), json!(source));
        }
        // An object's sighting is told of its first attribute where it has one: only attributes are sighted in MISP.
        let place = match place {
            Place::Object(at) if draft.objects[at].get("Attribute").and_then(|it| it.get(0)).is_some() => {
                Place::Inner(at, 0)
            }
            place => place,
        };
        draft.push(place, "Sighting", Value::Object(made));
    }

    /// Adds the report that a note is: any note that is nothing else of MISP's.
    pub(super) fn report(&mut self, object: &Object, draft: &mut Draft) {
        let labels = Labels::of(object);
        if text(object, "type") == "note" && labels.tags().any(|label| label == TOMBSTONE) {
            // Says that an object was taken out of a collection, and nothing of it.
            self.left.add(text(object, "id"), Reason::NoPlace);
            return;
        }
        let is_other =
            ["type", "name", "analyst", "context-layer"].into_iter().any(|key| labels.get(key).is_some())
                || labels.get("data-layer") == Some("Sighting");
        if text(object, "type") != "note" || is_other {
            return;
        }
        let mut made = Map::new();
        made.insert("uuid".to_owned(), json!(id::of(text(object, "id")).unwrap_or_default()));
        let name = match text(object, "abstract") {
            "" => "Note",
            name => name,
        };
        made.insert("name".to_owned(), json!(name));
        made.insert("content".to_owned(), json!(text(object, "content")));
        if let Some(at) = time::from_text(text(object, "modified")) {
            made.insert("timestamp".to_owned(), json!(time::seconds(at)));
        }
        if object.get("revoked") == Some(&Value::Bool(true)) {
            made.insert("deleted".to_owned(), json!(true));
        }
        let reports = draft.event.get("EventReport").and_then(Value::as_array).map_or(0, Vec::len);
        draft.push(Place::Event, "EventReport", Value::Object(made));
        let place = Place::Report(reports);
        draft.places.insert(text(object, "id").to_owned(), place);
        let held = draft.marks.clone();
        self.handle(object, place, draft, &held);
        self.rest(object, &["abstract", "content", "object_refs", "revoked"]);
    }

    fn analyst(&mut self, object: &Object, kind: &str, draft: &mut Draft) {
        let of = texts(object, "object_refs").find_map(|of| draft.places.get(of).copied());
        let Some(place) = of else {
            self.left.add(text(object, "id"), Reason::PointsNowhere);
            return;
        };
        let mut made = Map::new();
        let labels = Labels::of(object);
        made.insert("uuid".to_owned(), json!(id::of(text(object, "id")).unwrap_or_default()));
        made.insert("object_uuid".to_owned(), json!(draft.uuid(place)));
        let target = match place {
            Place::Event => "Event",
            Place::Object(_) => "Object",
            Place::Report(_) => "EventReport",
            Place::Attribute(_) | Place::Inner(..) => "Attribute",
        };
        made.insert("object_type".to_owned(), json!(target));
        for name in ["created", "modified"] {
            if let Some(at) = time::from_text(text(object, name)) {
                let at = jiff::tz::TimeZone::UTC.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
                made.insert(name.to_owned(), json!(at));
            }
        }
        if let Some(authors) = texts(object, "authors").next() {
            made.insert("authors".to_owned(), json!(authors));
        }
        if kind == "Note" {
            made.insert("note".to_owned(), json!(text(object, "content")));
            if !text(object, "lang").is_empty() {
                made.insert("language".to_owned(), json!(text(object, "lang")));
            }
        } else {
            let level = labels.get("opinion").map(str::to_owned).unwrap_or_else(|| {
                let level = match text(object, "opinion") {
                    "strongly-disagree" => 0,
                    "disagree" => 25,
                    "agree" => 75,
                    "strongly-agree" => 100,
                    _ => 50,
                };
                level.to_string()
            });
            let level: u8 = level.parse().unwrap_or(50);
            made.insert("opinion".to_owned(), json!(level));
            made.insert("comment".to_owned(), json!(text(object, "explanation")));
        }
        draft.push(place, kind, Value::Object(made));
        self.rest(
            object,
            &["content", "abstract", "authors", "lang", "object_refs", "opinion", "explanation", "revoked"],
        );
    }

    /// A relationship between two parts is a reference of the first; MISP knows them of objects only.
    fn reference(&mut self, object: &Object, draft: &mut Draft) {
        let (source, target) = (text(object, "source_ref"), text(object, "target_ref"));
        if self.cluster(target).is_some() || self.cluster(source).is_some() {
            return;
        }
        let places = (draft.places.get(source).copied(), draft.places.get(target).copied());
        let (Some(source @ Place::Object(_)), Some(target)) = places else {
            // An indicator based on what was observed is one attribute.
            if text(object, "relationship_type") != "based-on" || places.0.is_none() {
                self.left.add(text(object, "id"), Reason::NoPlace);
            }
            return;
        };
        if Some(source) == places.1 {
            return;
        }
        let labels = Labels::of(object);
        let mut made = Map::new();
        made.insert("uuid".to_owned(), json!(id::of(text(object, "id")).unwrap_or_default()));
        made.insert("object_uuid".to_owned(), json!(draft.uuid(source)));
        made.insert("referenced_uuid".to_owned(), json!(draft.uuid(target)));
        let verb = labels.get("relationship_type").unwrap_or_else(|| text(object, "relationship_type"));
        made.insert("relationship_type".to_owned(), json!(verb));
        if !text(object, "description").is_empty() {
            made.insert("comment".to_owned(), json!(text(object, "description")));
        }
        if let Some(at) = time::from_text(text(object, "modified")) {
            made.insert("timestamp".to_owned(), json!(time::seconds(at)));
        }
        if object.get("revoked") == Some(&Value::Bool(true)) {
            made.insert("deleted".to_owned(), json!(true));
        }
        draft.push(source, "ObjectReference", Value::Object(made));
        self.rest(object, &["relationship_type", "source_ref", "target_ref", "description", "revoked"]);
    }

    /// The galaxy's type and the cluster, when the object of that id is one.
    fn cluster(&self, stix_id: &str) -> Option<(String, &Object)> {
        let object = self.get(stix_id)?;
        let labels = Labels::of(object);
        if labels.get("type").is_some() || labels.get("name").is_some() {
            return None;
        }
        let kind = text(object, "type");
        let galaxy = labels.get("galaxy-type").map(str::to_owned);
        let galaxy = galaxy.or_else(|| galaxy::KINDS.contains(&kind).then(|| format!("stix-2.1-{kind}")))?;
        Some((galaxy, object))
    }

    /// Attaches clusters: to what a relationship says bears them, else to the event.
    pub(super) fn clusters(&mut self, object: &Object, borne: &HashSet<String>, draft: &mut Draft) {
        let stix_id = text(object, "id").to_owned();
        if text(object, "type") == "relationship" {
            let (source, target) = (text(object, "source_ref"), text(object, "target_ref"));
            let bearer = draft.places.get(source).copied();
            if let Some(place) = bearer
                && self.cluster(target).is_some()
            {
                let labels = Labels::of(object);
                let ways: Vec<&str> = labels.all("galaxy").collect();
                self.attach(target, place, &ways, draft);
            } else if self.cluster(source).is_some() || self.cluster(target).is_some() {
                self.left.add(&stix_id, Reason::NoPlace);
            }
            return;
        }
        if self.cluster(&stix_id).is_none() {
            return;
        }
        if !borne.contains(&stix_id) && !draft.ours {
            self.attach(&stix_id, Place::Event, &[], draft);
        }
        let taken = [
            "name",
            "description",
            "aliases",
            "external_references",
            "kill_chain_phases",
            "is_family",
            "identity_class",
            "revoked",
        ];
        let object = object.clone();
        self.rest(&object, &taken);
    }

    fn attach(&mut self, cluster: &str, place: Place, ways: &[&str], draft: &mut Draft) {
        // MISP's objects bear no clusters; their attributes do.
        if let Place::Object(at) = place {
            let count = draft.objects[at].get("Attribute").and_then(Value::as_array).map_or(0, Vec::len);
            for index in 0..count {
                self.attach(cluster, Place::Inner(at, index), ways, draft);
            }
            return;
        }
        let Some((galaxy, object)) = self.cluster(cluster) else { return };
        let value = text(object, "name").to_owned();
        let tag = galaxy::tag(&galaxy, &value);
        if ways.is_empty() || ways.contains(&"tag") {
            draft.push(place, "Tag", json!({ "name": tag }));
        }
        if !ways.is_empty() && !ways.contains(&"cluster") {
            return;
        }
        let labels = Labels::of(object);
        let said = detail(object, &galaxy, &tag);
        let name = labels.get("galaxy-name").unwrap_or(&galaxy).to_owned();
        let uuid =
            labels.get("galaxy-uuid").map(str::to_owned).unwrap_or_else(|| id::derived(&["galaxy", &galaxy]));
        if !draft.is_new(place, &format!("Galaxy {cluster}")) {
            return;
        }
        let known = draft.galaxies.get(&(place, galaxy.clone())).copied();
        let list = draft.at(place).entry("Galaxy").or_insert_with(|| json!([]));
        let Some(list) = list.as_array_mut() else { return };
        match known.and_then(|index| list.get_mut(index)?.get_mut("GalaxyCluster")?.as_array_mut()) {
            Some(clusters) => clusters.push(said),
            None => {
                list.push(json!({
                    "uuid": uuid, "name": name, "type": galaxy, "description": name, "GalaxyCluster": [said],
                }));
                let index = list.len() - 1;
                draft.galaxies.insert((place, galaxy), index);
            }
        }
    }
}

/// A cluster as MISP writes it.
fn detail(object: &Object, galaxy: &str, tag: &str) -> Value {
    let mut meta = Map::new();
    let aliases: Vec<&str> = texts(object, "aliases").collect();
    if !aliases.is_empty() {
        meta.insert("synonyms".to_owned(), json!(aliases));
    }
    let (mut ids, mut refs) = (Vec::new(), Vec::new());
    for reference in object.get("external_references").and_then(Value::as_array).into_iter().flatten() {
        if let Some(external_id) = reference.get("external_id").and_then(Value::as_str) {
            ids.push(external_id);
        } else if let Some(url) = reference.get("url").and_then(Value::as_str) {
            refs.push(url);
        }
    }
    for (name, list) in [("external_id", &ids), ("refs", &refs)] {
        if !list.is_empty() {
            meta.insert(name.to_owned(), json!(list));
        }
    }
    let phases = object.get("kill_chain_phases").and_then(Value::as_array).into_iter().flatten();
    let phases: Vec<String> = phases
        .filter_map(|phase| {
            Some(format!("{}:{}", phase["kill_chain_name"].as_str()?, phase["phase_name"].as_str()?))
        })
        .collect();
    if !phases.is_empty() {
        meta.insert("kill_chain".to_owned(), json!(phases));
    }
    json!({
        "uuid": id::of(text(object, "id")).unwrap_or_default(), "type": galaxy, "value": text(object, "name"),
        "tag_name": tag, "description": text(object, "description"), "meta": meta,
    })
}
