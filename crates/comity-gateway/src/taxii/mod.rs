//! TAXII 2.1 for the tools of the house: MISP, OpenCTI, scripts.
//!
//! ```text
//! GET    /taxii2/                                             discovery
//! GET    /taxii2/{root}/                                      an API root: one for each agreement with a collection
//! GET    /taxii2/{root}/status/{id}/                          what became of a POST
//! GET    /taxii2/{root}/collections/[{id}/]                   the collections
//! GET    /taxii2/{root}/collections/{id}/manifest/            what there is, without the objects
//! GET    /taxii2/{root}/collections/{id}/objects/             a governed use: decided, recorded, given
//! POST   /taxii2/{root}/collections/{id}/objects/             a governed share: decided, minimised, recorded
//! GET    /taxii2/{root}/collections/{id}/objects/{object}/[versions/]
//! DELETE /taxii2/{root}/collections/{id}/objects/{object}/    taken out, with a tombstone for readers
//! ```
//! A collection is a standing request (`comity taxii add`): what a client cannot say comes from it. Every answer, refusals
//! included, is a TAXII message with the TAXII media type. Every path is found with and without its last slash.
//!
//! | read | for |
//! |---|---|
//! | [`media`] | what a client accepts and sends |
//! | [`query`] | filters and pages |
//! | [`envelope`] | the body of a POST |
//! | `reading`, `writing` | GET and POST, DELETE |
//! | `statuses` | what became of a POST, for a day, at every node |
//! | `refusal` | errors, as TAXII says them |
//!
//! Source: TAXII 2.1 (OASIS Standard, 10 June 2021), sections 3 to 5.

pub mod envelope;
pub mod media;
pub mod query;
mod reading;
mod refusal;
mod resources;
mod statuses;
mod writing;

use crate::api::problem::Problem;
use crate::gateway::Gateway;
use crate::signin::SignedIn;
use crate::work::collections;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use comity_exchange::collect::StandingRequest;
use comity_exchange::shell::Shell as _;
use comity_terms::PackSlug;
use comity_terms::ids::CollectionId;
pub use refusal::Refusal;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the routes share.
struct Door {
    gateway: Arc<Gateway>,
}

/// The routes under `/taxii2/`.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let bytes_max = gateway.settings().limits.bytes_max;
    let door = Arc::new(Door { gateway });
    let both = |router: Router<Arc<Door>>, path: &str, methods: MethodRouter<Arc<Door>>| {
        router.route(&format!("{path}/"), methods.clone()).route(path, methods)
    };
    let objects = "/{root}/collections/{collection}/objects";
    let mut router = Router::new();
    for (path, methods) in [
        ("/{root}".to_owned(), get(root)),
        ("/{root}/status/{status}".to_owned(), get(writing::status)),
        ("/{root}/collections".to_owned(), get(all)),
        ("/{root}/collections/{collection}".to_owned(), get(one)),
        ("/{root}/collections/{collection}/manifest".to_owned(), get(reading::manifest)),
        (objects.to_owned(), get(reading::objects).post(writing::add)),
        (format!("{objects}/{{object}}"), get(reading::object).delete(writing::remove)),
        (format!("{objects}/{{object}}/versions"), get(reading::versions)),
    ] {
        router = both(router, &path, methods);
    }
    let router = router
        .fallback(async || Refusal::not_found("there is nothing here"))
        .method_not_allowed_fallback(no_such_method);
    both(Router::new(), "/taxii2", get(discovery))
        .method_not_allowed_fallback(no_such_method)
        .nest("/taxii2", router)
        .layer(DefaultBodyLimit::max(bytes_max))
        .with_state(door)
}

/// Whether a path leads here.
#[must_use]
pub fn has(path: &str) -> bool {
    path.strip_prefix("/taxii2").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A problem, as TAXII tells it.
#[must_use]
pub fn told(problem: Problem) -> Response {
    Refusal::from(problem).into_response()
}

async fn no_such_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this resource knows no such method")
}

/// Who asks: signed in, and able to read the answer. Every route begins with it.
struct Client {
    who: SignedIn,
}

impl FromRequestParts<Arc<Door>> for Client {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Refusal> {
        let gateway = &door.gateway;
        let from = crate::signin::from(&parts.extensions);
        let who = gateway.signin().who(gateway, &parts.headers, from, gateway.now()).await?;
        media::accepted(&parts.headers)?;
        Ok(Self { who })
    }
}

/// A collection of an API root, by the path of the request.
struct Addressed {
    collection: StandingRequest,
    object: Option<String>,
}

#[derive(serde::Deserialize)]
struct Address {
    root: String,
    collection: String,
    #[serde(default)]
    object: Option<String>,
}

impl FromRequestParts<Arc<Door>> for Addressed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Refusal> {
        let Path(Address { root, collection, object }) = Path::from_request_parts(parts, door)
            .await
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the path is not UTF-8"))?;
        let none = || Refusal::not_found("no such collection stands here");
        let id: CollectionId = collection.parse().map_err(|_| none())?;
        let found = door.gateway.collection(id).filter(|found| found.agreement.0.as_str() == root);
        Ok(Self { collection: found.ok_or_else(none)?, object })
    }
}

async fn discovery(State(door): State<Arc<Door>>, _: Client, headers: HeaderMap) -> Response {
    let base = base(&headers);
    let roots: Vec<String> =
        roots(&door.gateway).iter().map(|root| format!("{base}/taxii2/{root}/")).collect();
    answer(
        StatusCode::OK,
        &resources::Discovery {
            title: "Comity",
            description: "The gateway by which states exchange cyber-threat data as their agreement and laws allow.",
            contact: door.gateway.authority(),
            default: roots.first().map(String::as_str),
            api_roots: &roots,
        },
    )
}

/// Where the client reached this gateway.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // What stands before this gateway may speak TLS to the client: the client's own address is told back to it.
    let said = headers.get("x-forwarded-proto").and_then(|said| said.to_str().ok());
    let scheme = if said.is_some_and(|said| said.eq_ignore_ascii_case("https")) { "https" } else { "http" };
    // Paths alone would do, but not every client reads them.
    host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
}

/// The API roots: one for each agreement that a collection is under.
fn roots(gateway: &Gateway) -> BTreeSet<PackSlug> {
    collections::standing(gateway).into_iter().map(|request| request.agreement.0).collect()
}

fn of_root(door: &Door, root: &str) -> Result<Vec<StandingRequest>, Refusal> {
    let mut all = collections::standing(&door.gateway);
    all.retain(|request| request.agreement.0.as_str() == root);
    if all.is_empty() { Err(Refusal::not_found("no such API root is here")) } else { Ok(all) }
}

async fn root(
    State(door): State<Arc<Door>>,
    _: Client,
    Path(root): Path<String>,
) -> Result<Response, Refusal> {
    of_root(&door, &root)?;
    Ok(answer(
        StatusCode::OK,
        &resources::ApiRoot {
            title: &root,
            description: "Collections under this agreement.",
            versions: [media::TAXII],
            max_content_length: door.gateway.settings().limits.bytes_max,
        },
    ))
}

async fn all(
    State(door): State<Arc<Door>>,
    _: Client,
    Path(root): Path<String>,
) -> Result<Response, Refusal> {
    let all = of_root(&door, &root)?;
    let collections = all.iter().map(resources::Collection::of).collect();
    Ok(answer(StatusCode::OK, &resources::Collections { collections }))
}

async fn one(_: Client, Addressed { collection, .. }: Addressed) -> Response {
    answer(StatusCode::OK, &resources::Collection::of(&collection))
}

/// A TAXII message.
fn answer(status: StatusCode, message: &impl Serialize) -> Response {
    // Unwrap safety: resources are plain data with text keys.
    let body = serde_json::to_vec(message).expect("a resource is plain data");
    (status, [(header::CONTENT_TYPE, media::TAXII)], Body::from(body)).into_response()
}
