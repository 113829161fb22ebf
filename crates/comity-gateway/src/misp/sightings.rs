//! Sightings between servers: pulled by search, pushed many at once. What is given is governed as an event is: each is given to
//! the door as STIX, and only what it took counts.

use super::door::MispDoor;
use super::{Asked, Failure, Misp, body, told};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use comity_misp::rest::{self, SightingSearch};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

impl<D: MispDoor> Misp<D> {
    async fn sightings(&self, asked: &Asked, context: Option<&str>, bytes: &[u8]) -> Result<Value, Failure> {
        let search = SightingSearch::read(context, &body(bytes)?, (self.now)())?;
        let heads = self.heads(&asked.visitor, &search.events).await?;
        let events = self.events(&asked.visitor, heads).await?;
        // What is deleted is sighted no more.
        let events = rest::Search::default().events(events);
        Ok(json!({ "response": search.of(&events) }))
    }

    /// Fails unless the event is here, as MISP does.
    async fn event_here(&self, asked: &Asked, uuid: &str, status: StatusCode) -> Result<(), Failure> {
        let uuid = uuid.trim_end_matches(".json");
        match self.heads(&asked.visitor, &rest::uuids("uuid", &json!(uuid))?).await?.is_empty() {
            true => Err(Failure::new(status, "Event not found or not accessible by this user.")),
            false => Ok(()),
        }
    }

    /// Those of these sightings that are here.
    async fn known_of(&self, asked: &Asked, uuids: &[String]) -> Result<HashSet<String>, Failure> {
        let ids: Vec<String> = uuids.iter().flat_map(|uuid| rest::sighting_carriers(uuid)).collect();
        let found = self.of_ids(&asked.visitor, &ids).await?;
        let uuid = |object: &Value| Some(object["id"].as_str()?.split_once("--")?.1.to_owned());
        Ok(found.iter().filter_map(uuid).collect())
    }

    /// Puts the markings into a bundle that its objects bear and that are here: one that nobody can read counts as the strictest.
    pub(super) async fn with_marks(&self, asked: &Asked, bundle: &mut Value) -> Result<(), Failure> {
        let objects = bundle["objects"].as_array().into_iter().flatten();
        let marks = objects.filter_map(|object| object["object_marking_refs"].as_array()).flatten();
        let marks: BTreeSet<String> = marks.filter_map(Value::as_str).map(str::to_owned).collect();
        let marks: Vec<String> = marks.into_iter().collect();
        let found = self.of_ids(&asked.visitor, &marks).await?;
        if let Some(objects) = bundle["objects"].as_array_mut() {
            objects.extend(found);
        }
        Ok(())
    }

    async fn save(&self, asked: &Asked, event: &str, bytes: &[u8]) -> Result<Value, Failure> {
        if !asked.visitor.may_write {
            return Err(Failure::new(StatusCode::FORBIDDEN, "You do not have permission to do that."));
        }
        let mut offered = rest::offered(&body(bytes)?)?;
        self.event_here(asked, event, StatusCode::METHOD_NOT_ALLOWED).await?;
        let uuids: Vec<String> = offered.iter().map(|one| one.uuid.clone()).collect();
        let known = self.known_of(asked, &uuids).await?;
        offered.retain(|one| !known.contains(&one.uuid));
        let of: HashSet<&String> = offered.iter().map(|one| &one.attribute).collect();
        let ids: Vec<String> = of.iter().flat_map(|uuid| rest::carriers(uuid)).collect();
        let carriers: HashMap<String, Value> = self
            .of_ids(&asked.visitor, &ids)
            .await?
            .into_iter()
            .filter_map(|object| Some((object["id"].as_str()?.split_once("--")?.1.to_owned(), object)))
            .collect();
        let (mut bundle, ids) = rest::sightings(&offered, &carriers)?;
        if ids.is_empty() {
            return Ok(json!({ "saved": false, "success": "No sightings added." }));
        }
        self.with_marks(asked, &mut bundle).await?;
        let (taken, reasons) = self.give(asked, &bundle).await?;
        let saved = ids.iter().filter(|id| taken.contains(*id)).count();
        let mut answer = match saved {
            0 => json!({ "saved": false, "success": "No sightings added." }),
            saved => json!({ "saved": true, "success": format!("{saved} sightings added.") }),
        };
        if !reasons.is_empty() {
            answer["errors_of_parts"] = json!(reasons);
        }
        Ok(answer)
    }
}

/// `sightings/restSearch`, `sightings/restSearch/event`, `sightings/restSearch/attribute`
pub(super) async fn search<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    context: Option<Path<String>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let context = context.as_ref().map(|Path(context)| context.trim_end_matches(".json"));
    told(&asked, misp.sightings(&asked, context, &bytes).await)
}

/// `sightings/filterSightingUuidsForPush/<uuid of the event>`
pub(super) async fn known<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    Path(event): Path<String>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let answer = async {
        let uuids = rest::uuids("uuid", &body(&bytes)?)?;
        misp.event_here(&asked, &event, StatusCode::NOT_FOUND).await?;
        let known = misp.known_of(&asked, &uuids).await?;
        Ok(json!(uuids.into_iter().filter(|uuid| known.contains(uuid)).collect::<Vec<_>>()))
    };
    told(&asked, answer.await)
}

/// `sightings/bulkSaveSightings/<uuid of the event>`
pub(super) async fn save<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    Path(event): Path<String>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    told(&asked, misp.save(&asked, &event, &bytes).await)
}
