//! What is read: searches, the index, one event.
//!
//! An event is a report or grouping and what it names, so that reading is two steps: the containers, then what they
//! point to. Each is bounded.

use super::door::{MispDoor, Taking, Visitor};
use super::{Asked, Failure, Misp, body, told};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use comity_misp::{Limits, rest, to_misp};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most objects that are gathered for one answer: more, and the client is told to ask for less.
const OBJECTS_MAX: usize = 200_000;

/// How many ids are asked for at once.
const IDS_AT_ONCE: usize = 500;

/// How far what an event names is followed: event, observed data, observable, what that points to, the author of it.
const STEPS_MAX: usize = 4;

impl<D: MispDoor> Misp<D> {
    /// Every page of what is to be handed out.
    async fn all(&self, visitor: &Visitor, mut taking: Taking) -> Result<Vec<Value>, Failure> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let page = self.door.take(visitor, taking.clone()).await?;
            found.extend(page.objects);
            if found.len() > OBJECTS_MAX {
                let much = "More than can be told at once: search by uuid, or for a shorter time";
                return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, much));
            }
            // A page that says it is followed by itself would never end.
            match page.next {
                Some(next) if Some(&next) != taking.next.as_ref() => taking.next = Some(next),
                _ => return Ok(found),
            }
        }
    }

    /// The containers of the events of these uuids, or of all.
    pub(super) async fn heads(&self, visitor: &Visitor, uuids: &[String]) -> Result<Vec<Value>, Failure> {
        let types = vec!["report".to_owned(), "grouping".to_owned()];
        if uuids.is_empty() {
            return self.all(visitor, Taking { types, ..Taking::default() }).await;
        }
        let ids: Vec<String> = uuids.iter().flat_map(|uuid| rest::containers(uuid)).collect();
        self.of_ids(visitor, &ids).await
    }

    pub(super) async fn of_ids(&self, visitor: &Visitor, ids: &[String]) -> Result<Vec<Value>, Failure> {
        let mut found = Vec::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let taking = Taking { ids: ids.to_vec(), ..Taking::default() };
            found.extend(self.all(visitor, taking).await?);
            if found.len() > OBJECTS_MAX {
                let much = "More than can be told at once: search by uuid, or for a shorter time";
                return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, much));
            }
        }
        Ok(found)
    }

    /// The events of these containers, whole. What was sighted since is not named by them: sightings point to what they
    /// are of, and are looked up by their type.
    pub(super) async fn events(&self, visitor: &Visitor, heads: Vec<Value>) -> Result<Vec<Value>, Failure> {
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let mut objects = heads;
        let types = ["sighting", "opinion"].map(str::to_owned).to_vec();
        let sightings = self.all(visitor, Taking { types, ..Taking::default() }).await?;
        let mut known: HashSet<String> =
            objects.iter().filter_map(|object| object["id"].as_str()).map(str::to_owned).collect();
        let mut fresh: Vec<String> = objects.iter().flat_map(rest::pointed).collect();
        for step in 0..STEPS_MAX {
            if step == 1 {
                // Once what the events name is known: what was seen of it.
                let of_these = |object: &&Value| rest::pointed(object).iter().any(|id| known.contains(id));
                let seen: Vec<Value> = sightings.iter().filter(of_these).cloned().collect();
                for object in seen {
                    let id = object["id"].as_str().unwrap_or_default().to_owned();
                    if known.insert(id) {
                        fresh.extend(rest::pointed(&object));
                        attach(&mut objects, &object);
                        objects.push(object);
                    }
                }
            }
            fresh.retain(|id| known.insert(id.clone()));
            if fresh.is_empty() && step > 0 {
                break;
            }
            let found = self.of_ids(visitor, &fresh).await?;
            fresh = found.iter().flat_map(rest::pointed).collect();
            objects.extend(found);
        }
        let bundle = json!({ "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": objects });
        let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
        let converted = to_misp(bundle.to_string().as_bytes(), &limits)?;
        let events = match converted.document {
            Value::Object(mut map) => match map.remove("response") {
                Some(Value::Array(events)) => events,
                _ => vec![Value::Object(map)],
            },
            _ => Vec::new(),
        };
        let of_these = events.into_iter().map(|mut event| event["Event"].take());
        Ok(of_these
            .filter(|event| {
                event["uuid"]
                    .as_str()
                    .is_some_and(|uuid| rest::containers(uuid).iter().any(|id| known.contains(id)))
            })
            .collect())
    }

    /// Reads a search and goes through what it asks for: the search, to be asked of each event, and the events.
    async fn search(&self, visitor: &Visitor, asked: &Value) -> Result<(rest::Search, Vec<Value>), Failure> {
        let search = rest::Search::read(asked, (self.now)())?;
        let heads = self.heads(visitor, &search.uuids).await?;
        let found = self.events(visitor, heads).await?;
        Ok((search, found))
    }

    /// One object, under one of these ids.
    pub(super) async fn one_of(&self, visitor: &Visitor, ids: &[String]) -> Result<Option<Value>, Failure> {
        Ok(self.of_ids(visitor, ids).await?.into_iter().next())
    }
}

/// Names a sighting in the event that names what it is of: with several events each has its own.
fn attach(objects: &mut [Value], sighting: &Value) {
    let of = rest::pointed(sighting);
    let names_it = |head: &Value| {
        let refs = head["object_refs"].as_array().into_iter().flatten();
        refs.filter_map(Value::as_str).any(|id| of.contains(id))
    };
    for head in objects.iter_mut() {
        if matches!(head["type"].as_str(), Some("report" | "grouping")) && names_it(head) {
            let id = sighting["id"].clone();
            if let Some(refs) = head["object_refs"].as_array_mut()
                && !refs.contains(&id)
            {
                refs.push(id);
            }
        }
    }
}

fn wrapped(events: Vec<Value>) -> Vec<Value> {
    events.into_iter().map(|event| json!({ "Event": event })).collect()
}

/// `events/restSearch`
pub(super) async fn events<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let answer = async {
        let (search, found) = misp.search(&asked.visitor, &body(&bytes)?).await?;
        Ok(json!({ "response": wrapped(search.events(found)) }))
    };
    told(&asked, answer.await)
}

/// `attributes/restSearch`
pub(super) async fn attributes<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let answer = async {
        let (search, found) = misp.search(&asked.visitor, &body(&bytes)?).await?;
        Ok(json!({ "response": { "Attribute": search.attributes(found) } }))
    };
    told(&asked, answer.await)
}

/// `events/index`, by search
pub(super) async fn index<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    told(&asked, listed(&misp, &asked, &bytes).await)
}

/// `events/index`
pub(super) async fn whole_index<D: MispDoor>(State(misp): State<Arc<Misp<D>>>, asked: Asked) -> Response {
    told(&asked, listed(&misp, &asked, b"").await)
}

async fn listed<D: MispDoor>(misp: &Misp<D>, asked: &Asked, bytes: &[u8]) -> Result<Value, Failure> {
    let (search, found) = misp.search(&asked.visitor, &body(bytes)?).await?;
    Ok(json!(search.events(found).iter().map(rest::index_entry).collect::<Vec<_>>()))
}

/// `events/view/<uuid>`
pub(super) async fn view<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    Path(uuid): Path<String>,
    asked: Asked,
) -> Response {
    told(&asked, one(&misp, &asked, &uuid, false).await)
}

/// The same with MISP's named parameters; of these `deleted:1` changes what is told.
pub(super) async fn view_as<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    Path((uuid, named)): Path<(String, String)>,
    asked: Asked,
) -> Response {
    let deleted = named.split('/').any(|word| {
        let (name, value) = word.split_once(':').unwrap_or_default();
        name.starts_with("deleted") && value == "1"
    });
    told(&asked, one(&misp, &asked, &uuid, deleted).await)
}

async fn one<D: MispDoor>(
    misp: &Misp<D>,
    asked: &Asked,
    uuid: &str,
    deleted: bool,
) -> Result<Value, Failure> {
    let uuid = uuid.trim_end_matches(".json");
    let asked_for = json!({ "uuid": uuid, "deleted": deleted });
    let (search, found) = misp.search(&asked.visitor, &asked_for).await?;
    match search.events(found).into_iter().next() {
        Some(event) => Ok(json!({ "Event": event })),
        None => Err(Failure::new(StatusCode::NOT_FOUND, "Invalid event")),
    }
}

/// `events/filterEventIdsForPush`
pub(super) async fn wanted<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let answer = async {
        let offered = body(&bytes)?;
        let named = rest::wanted(&offered, &HashMap::new())?;
        let heads = match named.is_empty() {
            true => Vec::new(),
            false => misp.heads(&asked.visitor, &named).await?,
        };
        let here = heads.iter().filter_map(|head| {
            let uuid = head["id"].as_str()?.split_once("--")?.1.to_owned();
            let at: jiff::Timestamp = head["modified"].as_str()?.parse().ok()?;
            Some((uuid, at.as_second()))
        });
        Ok(json!(rest::wanted(&offered, &here.collect())?))
    };
    told(&asked, answer.await)
}
