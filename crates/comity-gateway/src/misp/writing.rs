//! What is added: events and sightings, each given to the door as STIX. The answer holds what it took.

use super::door::{Giving, MispDoor};
use super::{Asked, Failure, Misp, body, told};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use comity_misp::{Limits, rest, to_misp, to_stix};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most reasons that one answer tells.
const REASONS_MAX: usize = 100;

impl<D: MispDoor> Misp<D> {
    /// Gives a bundle. What it took, and what it did not with the reason; a failure when it took nothing of `needed`.
    pub(super) async fn give(
        &self,
        asked: &Asked,
        bundle: &Value,
    ) -> Result<(HashSet<String>, Vec<String>), Failure> {
        if !asked.visitor.may_write {
            return Err(Failure::new(StatusCode::FORBIDDEN, "You do not have permission to do that."));
        }
        let given = self.door.give(&asked.visitor, bundle.to_string().into_bytes()).await?;
        let mut reasons: HashMap<String, usize> = HashMap::new();
        let mut taken = HashSet::new();
        for given in given {
            match given.outcome {
                Giving::Taken => {
                    taken.insert(given.id);
                }
                Giving::Waits => *reasons.entry("waits for an office".to_owned()).or_default() += 1,
                Giving::Refused(why) => *reasons.entry(why).or_default() += 1,
            }
        }
        let mut reasons: Vec<String> =
            reasons.into_iter().map(|(why, count)| format!("{why} ({count})")).collect();
        reasons.sort();
        reasons.truncate(REASONS_MAX);
        Ok((taken, reasons))
    }

    async fn add(&self, asked: &Asked, bytes: &[u8], uuid: Option<&str>) -> Result<Value, Failure> {
        let stix = to_stix(bytes, &Limits { bytes_max: super::BODY_BYTES_MAX, ..Limits::default() })?;
        let mut objects = match stix.document {
            Value::Object(mut map) => map.remove("objects").unwrap_or_default(),
            _ => Value::Null,
        };
        let heads = objects.as_array().into_iter().flatten();
        let head = heads.filter(|it| matches!(it["type"].as_str(), Some("report" | "grouping")));
        let heads: Vec<String> = head.filter_map(|head| head["id"].as_str()).map(str::to_owned).collect();
        let [head] = heads.as_slice() else {
            return Err(Failure::new(StatusCode::BAD_REQUEST, "One event is needed"));
        };
        if let Some(uuid) = uuid
            && !head.ends_with(&format!("--{uuid}"))
        {
            return Err(Failure::new(StatusCode::BAD_REQUEST, "The event is of another uuid than the path"));
        }
        let bundle = json!({ "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": objects });
        let (taken, reasons) = self.give(asked, &bundle).await?;
        if let Some(list) = objects.as_array_mut() {
            // Markings are the standard's: they come with what bears them.
            list.retain(|object| {
                let id = object["id"].as_str().unwrap_or_default();
                taken.contains(id) || object["type"] == "marking-definition"
            });
        }
        if !taken.contains(head) {
            return Err(Failure::new(StatusCode::FORBIDDEN, "Could not add Event").because(reasons));
        }
        let kept = json!({ "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": objects });
        let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
        let mut answer = to_misp(kept.to_string().as_bytes(), &limits)?.document;
        if !reasons.is_empty() {
            answer["errors_of_parts"] = json!(reasons);
        }
        Ok(answer)
    }

    async fn sighted(&self, asked: &Asked, bytes: &[u8], uuid: Option<String>) -> Result<Value, Failure> {
        let request = body(bytes)?;
        let named = uuid.or_else(|| {
            ["uuid", "attribute_uuid", "id"]
                .iter()
                .find_map(|name| request[*name].as_str().map(str::to_owned))
        });
        let Some(named) = named else {
            return Err(Failure::new(StatusCode::BAD_REQUEST, "A sighting is of an attribute, by its uuid"));
        };
        let Some(of) = self.one_of(&asked.visitor, &rest::carriers(&named)).await? else {
            return Err(Failure::new(StatusCode::NOT_FOUND, "Invalid attribute"));
        };
        let mut bundle = rest::sighting(&request, &of, (self.now)())?;
        self.with_marks(asked, &mut bundle).await?;
        let (taken, reasons) = self.give(asked, &bundle).await?;
        if taken.is_empty() {
            return Err(Failure::new(StatusCode::FORBIDDEN, "Could not add Sighting").because(reasons));
        }
        let made = &bundle["objects"][0];
        let uuid = made["id"].as_str().and_then(|id| id.split_once("--")).map_or("", |(_, uuid)| uuid);
        let at: Option<jiff::Timestamp> = made["modified"].as_str().and_then(|text| text.parse().ok());
        let kind = match made["type"].as_str() {
            Some("opinion") => "1",
            Some("note") => "2",
            _ => "0",
        };
        let seconds = at.map(|at| at.as_second().to_string());
        Ok(
            json!({ "Sighting": { "uuid": uuid, "type": kind, "date_sighting": seconds, "attribute_uuid": named } }),
        )
    }
}

/// `events/add`
pub(super) async fn add<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    told(&asked, misp.add(&asked, &bytes, None).await)
}

/// `events/edit/<uuid>`
pub(super) async fn edit<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    Path(named): Path<Vec<String>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let uuid = named.first().map(|uuid| uuid.trim_end_matches(".json").to_owned()).unwrap_or_default();
    told(&asked, misp.add(&asked, &bytes, Some(&uuid)).await)
}

/// `sightings/add`
pub(super) async fn sighting<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    told(&asked, misp.sighted(&asked, &bytes, None).await)
}

/// `sightings/add/<uuid of the attribute>`
pub(super) async fn sighting_of<D: MispDoor>(
    State(misp): State<Arc<Misp<D>>>,
    Path(uuid): Path<String>,
    asked: Asked,
    bytes: Bytes,
) -> Response {
    let uuid = uuid.trim_end_matches(".json").to_owned();
    told(&asked, misp.sighted(&asked, &bytes, Some(uuid)).await)
}
