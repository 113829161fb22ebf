//! MISP's own REST interface: a gateway between two MISP servers, as far as push, pull and PyMISP go.
//!
//! ```text
//! Authorization: <key>      a bearer token of the gateway, as MISP sends its own (with or without `Bearer `)
//! GET  servers/getVersion, servers/getPyMISPVersion, users/view/me
//! POST events/restSearch, events/index, attributes/restSearch; GET events/view/<uuid>
//! POST events/filterEventIdsForPush, events/add, events/edit/<uuid>, sightings/add
//! POST sightings/restSearch[/event|/attribute], sightings/filterSightingUuidsForPush/<uuid>, sightings/bulkSaveSightings/<uuid>
//! GET  shadow_attributes/index: none, for no proposal is carried
//! ```
//! Each may end in `.json`, and in the named parameters of MISP (`/deleted:1`). Everything else is 404, by MISP's own error
//! shape: there are no users, tags or feeds to manage here.
//!
//! At a collection `?dry_run=true` asks any of them what would come of it: `dry`.
//!
//! Owns HTTP and MISP's shapes. What may come in and go out is the [`MispDoor`]'s, behind which lie agreement and law:
//! what is added is given to it as STIX, and only what it took is in the answer; what is read is what it hands out.
//!
//! Source: MISP's OpenAPI description of its REST interface.

pub mod collection;
pub mod door;
mod dry;
mod reading;
mod sightings;
mod writing;

pub use door::{DoorError, Given, Giving, MispDoor, Page, Taking, Visitor};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, extract::State};
use comity_misp::rest;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// The longest body: an event with its attachments.
pub const BODY_BYTES_MAX: usize = 64 << 20;

/// What the routes share.
pub struct Misp<D> {
    door: D,
    /// What time it is: "since yesterday" counts from it.
    now: fn() -> Timestamp,
}

/// The routes of one door. `now` is the shell's clock.
pub fn router<D: MispDoor>(door: D, now: fn() -> Timestamp) -> Router {
    let misp = Arc::new(Misp { door, now });
    Router::new()
        .route("/servers/getVersion", get(version::<D>))
        .route("/servers/getVersion.json", get(version::<D>))
        .route("/servers/getPyMISPVersion", get(pymisp_version::<D>))
        .route("/servers/getPyMISPVersion.json", get(pymisp_version::<D>))
        .route("/users/view/{who}", get(user::<D>))
        .route("/events/restSearch", post(reading::events::<D>))
        .route("/events/restSearch.json", post(reading::events::<D>))
        .route("/events/index", get(reading::whole_index::<D>).post(reading::index::<D>))
        .route("/events/index.json", get(reading::whole_index::<D>).post(reading::index::<D>))
        .route("/events/view/{uuid}", get(reading::view::<D>).post(reading::view::<D>))
        .route("/events/view/{uuid}/{*named}", get(reading::view_as::<D>).post(reading::view_as::<D>))
        .route("/attributes/restSearch", post(reading::attributes::<D>))
        .route("/attributes/restSearch.json", post(reading::attributes::<D>))
        .route("/events/filterEventIdsForPush", post(reading::wanted::<D>))
        .route("/events/add", post(writing::add::<D>))
        .route("/events/add.json", post(writing::add::<D>))
        .route("/events/add/{*named}", post(writing::add::<D>))
        .route("/events/edit/{uuid}", post(writing::edit::<D>).put(writing::edit::<D>))
        .route("/events/edit/{uuid}/{*named}", post(writing::edit::<D>).put(writing::edit::<D>))
        .route("/sightings/add", post(writing::sighting::<D>))
        .route("/sightings/add/{uuid}", post(writing::sighting_of::<D>))
        .route("/sightings/restSearch", post(sightings::search::<D>))
        .route("/sightings/restSearch.json", post(sightings::search::<D>))
        .route("/sightings/restSearch/{context}", post(sightings::search::<D>))
        .route("/sightings/filterSightingUuidsForPush/{uuid}", post(sightings::known::<D>))
        .route("/sightings/bulkSaveSightings/{uuid}", post(sightings::save::<D>))
        .route("/shadow_attributes/index", get(proposals::<D>))
        .route("/shadow_attributes/index.json", get(proposals::<D>))
        .route("/shadow_attributes/index/{*named}", get(proposals::<D>))
        // As PyMISP writes it.
        .route("/shadowAttributes/index", get(proposals::<D>))
        .route("/shadowAttributes/index/{*named}", get(proposals::<D>))
        .fallback(async |request: Request| {
            Failure::new(StatusCode::NOT_FOUND, "Not found").at(request.uri().path()).into_response()
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(shaped))
        .with_state(misp)
}

/// What is refused before a route sees it (its method, a body that is too long or cut off) in MISP's shape too.
async fn shaped(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced: Option<usize> = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        // Before any of it is read.
        return Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too long").at(&path).into_response();
    }
    let response = next.run(request).await;
    let told = response.headers().get(header::CONTENT_TYPE);
    let is_json = told.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let name = match response.status() {
        _ if is_json => return response,
        StatusCode::METHOD_NOT_ALLOWED => "Method not allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too long",
        status if status.is_client_error() => "The request does not read",
        _ => return response,
    };
    Failure::new(response.status(), name).at(&path).into_response()
}

/// A request by someone whom the door knows: its path, for MISP's errors, and who asks.
pub(crate) struct Asked {
    path: String,
    visitor: Visitor,
}

impl<D: MispDoor> FromRequestParts<Arc<Misp<D>>> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, misp: &Arc<Misp<D>>) -> Result<Self, Response> {
        let path = parts.uri.path().to_owned();
        let key = [header::AUTHORIZATION.as_str(), "x-misp-auth"]
            .into_iter()
            .find_map(|name| parts.headers.get(name));
        let key = key.and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
        let key = key.strip_prefix("Bearer ").unwrap_or(key).trim();
        let unknown = || {
            let message = "Authentication failed. Please make sure you pass the API key of an API enabled user \
                           along in the Authorization header.";
            Failure::new(StatusCode::FORBIDDEN, message).at(&path).into_response()
        };
        if key.is_empty() {
            return Err(unknown());
        }
        match misp.door.enter(key).await {
            Ok(Some(visitor)) => Ok(Self { path, visitor }),
            Ok(None) => Err(unknown()),
            Err(error) => Err(Failure::from(error).at(&path).into_response()),
        }
    }
}

/// An error in MISP's shape.
pub(crate) struct Failure {
    status: StatusCode,
    name: String,
    errors: Vec<String>,
    path: String,
    /// After how many seconds it may be asked again, where waiting helps.
    retry_after: Option<u64>,
}

impl Failure {
    fn new(status: StatusCode, name: &str) -> Self {
        Self { status, name: name.to_owned(), errors: Vec::new(), path: String::new(), retry_after: None }
    }

    fn because(mut self, errors: Vec<String>) -> Self {
        self.errors = errors;
        self
    }

    fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }
}

impl From<DoorError> for Failure {
    fn from(error: DoorError) -> Self {
        let status = match &error {
            DoorError::Forbidden(_) => StatusCode::FORBIDDEN,
            DoorError::Limited { .. } => StatusCode::TOO_MANY_REQUESTS,
            DoorError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            DoorError::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let retry_after = match &error {
            DoorError::Limited { retry_after } => Some(*retry_after),
            _ => None,
        };
        Self { retry_after, ..Self::new(status, &error.to_string()) }
    }
}

impl From<rest::RequestError> for Failure {
    fn from(error: rest::RequestError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, &error.to_string())
    }
}

impl From<comity_misp::MispError> for Failure {
    fn from(error: comity_misp::MispError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, &error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = rest::refusal(&self.path, &self.name, &self.name, &self.errors);
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// What was found or done, or why not, in the form of either.
fn told(asked: &Asked, answer: Result<Value, Failure>) -> Response {
    answer.map_err(|failure| failure.at(&asked.path)).map(Json).into_response()
}

/// A body as JSON, whatever its content type says: MISP's clients differ.
fn body(bytes: &[u8]) -> Result<Value, Failure> {
    if bytes.is_empty() {
        return Ok(serde_json::json!({}));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::new(StatusCode::BAD_REQUEST, "The body is no JSON").because(vec![place])
    })
}

async fn version<D: MispDoor>(State(_): State<Arc<Misp<D>>>, _: Asked) -> Response {
    Json(rest::version()).into_response()
}

async fn pymisp_version<D: MispDoor>(State(_): State<Arc<Misp<D>>>, _: Asked) -> Response {
    Json(rest::pymisp_version()).into_response()
}

/// Proposals to change an event: its owner has not accepted them, so none is carried, and none is here.
async fn proposals<D: MispDoor>(State(_): State<Arc<Misp<D>>>, _: Asked) -> Response {
    Json(serde_json::json!([])).into_response()
}

/// Whoever asks is "me"; there are no others.
async fn user<D: MispDoor>(
    State(_): State<Arc<Misp<D>>>,
    axum::extract::Path(who): axum::extract::Path<String>,
    asked: Asked,
) -> Response {
    match who.as_str() {
        "me" | "me.json" => {
            Json(rest::user(&asked.visitor.organisation, asked.visitor.may_write)).into_response()
        }
        _ => Failure::new(StatusCode::NOT_FOUND, "Invalid user").at(&asked.path).into_response(),
    }
}
