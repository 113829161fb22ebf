//! The API for programs that are no TAXII clients: JSON over HTTP, signed in as everywhere (docs/signin.md).
//!
//! ```text
//! GET  /api/                          this API, readable in a browser
//! GET  /api/v1/openapi.json           the same, OpenAPI 3.1, generated from these routes
//! GET  /api/v1/me                     who is signed in
//! POST /api/v1/exchanges[?dry_run]    a share; with `dry_run` what would come of it
//! GET  /api/v1/exchanges/{id}         where an exchange stands
//! GET  /api/v1/approvals              what waits for offices
//! GET  /api/v1/obligations            what is owed, page by page
//! GET  /api/v1/collections            what tools write and read by
//! POST /api/v1/subject/requests       a person asks about their data; GET: what waits, for officers
//! GET  /api/v1/subject/requests/{number}           where it stands, for whoever has its code
//! POST /api/v1/subject/requests/{number}/decision  an officer decides
//! POST /api/v1/subject/opt-outs       a person opts out; GET, DELETE …/{number}: for whoever has its code
//! POST /api/v1/subject/opt-outs/{number}/decision  an officer decides
//! GET  /.well-known/data-rights.json  what a person's agent may exercise in the shapes of the Data Rights Protocol, and
//! POST /drp/v1/data-rights-request    does; GET …/{id}: its status
//! GET  /api/v1/notices                persons who are to be told; POST: open a notice
//! GET  /api/v1/notices/{number}       a notice, and what it says
//! POST /api/v1/notices/{number}/{addressee,deferral,approval,sending,closing}
//! GET  /api/problems/[{kind}]         a page for each problem, where its `type` leads
//! ```
//! With `?dry_run=true` an officer's act is decided, and what it would have recorded is told. A refusal is an answer, not an error: 200 with
//! `outcome`. Errors are RFC 9457 problems.

mod desk;
mod document;
mod drp;
mod dry;
mod exchanges;
mod notices;
mod once;
mod opt_outs;
pub mod order;
mod problems;
mod subjects;

use crate::api::problem::{Kind, Problem, pages};
use crate::gateway::{Gateway, GatewayError};
use crate::net::body::at_most;
use crate::signin::{Denied, SignedIn};
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comity_exchange::ExchangeError;
use comity_exchange::ports::StoreError;
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_terms::FactKey;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// What the routes share.
struct Api {
    gateway: Arc<Gateway>,
}

/// The routes under `/api`.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let bytes_max = gateway.settings().limits.bytes_max;
    let api = Arc::new(Api { gateway });
    Router::new()
        .route("/api", get(document::page))
        .route("/api/", get(document::page))
        .route("/api/v1/openapi.json", get(document::openapi))
        .route("/api/v1/me", get(desk::me))
        .route("/api/v1/exchanges", at_most(bytes_max, post(exchanges::share)))
        .route("/api/v1/exchanges/{id}", get(exchanges::stands))
        .route("/api/v1/approvals", get(desk::approvals))
        .route("/api/v1/obligations", get(desk::obligations))
        .route("/api/v1/collections", get(desk::collections))
        .merge(subjects::routes(&api))
        .merge(opt_outs::routes(&api))
        .merge(drp::routes())
        .merge(notices::routes(&api))
        .method_not_allowed_fallback(async || Problem::new(Kind::Method))
        .layer(DefaultBodyLimit::max(bytes_max))
        .with_state(api)
        .merge(pages::router())
}

/// Who asks.
struct Officer(SignedIn);

impl FromRequestParts<Arc<Api>> for Officer {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refused> {
        let from = crate::signin::from(&parts.extensions);
        let gateway = &api.gateway;
        Ok(Self(gateway.signin().who(gateway, &parts.headers, from, gateway.now()).await?))
    }
}

/// Why a request is not done: a problem, or nobody who is signed in.
enum Refused {
    Problem(Problem),
    Denied(Denied),
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<GatewayError> for Refused {
    fn from(error: GatewayError) -> Self {
        Self::Problem(match error {
            GatewayError::Input(why) => Problem::new(Kind::Input).with_detail(why),
            error @ GatewayError::PeerRemoved(_) => {
                Problem::new(Kind::PartnerRemoved).with_detail(error.to_string())
            }
            // Told as what would have been recorded.
            GatewayError::Store(StoreError::DryRun)
            | GatewayError::Exchange(ExchangeError::Store(StoreError::DryRun)) => {
                Problem::new(Kind::Unavailable)
            }
            error @ GatewayError::OfficerKeyAbsent { .. } => {
                tracing::error!(%error, "an officer's order cannot be signed here");
                Problem::new(Kind::OfficerKeyAbsent).with_detail(error.to_string())
            }
            GatewayError::Store(_) | GatewayError::Exchange(ExchangeError::Store(_)) => {
                tracing::error!(%error, "a request of the API failed");
                Problem::new(Kind::Unavailable).with_detail("the store takes and gives nothing now")
            }
            error => {
                tracing::error!(%error, "a request of the API failed");
                Problem::new(Kind::Failed)
            }
        })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Denied(denied) => denied.into_response(),
        }
    }
}

/// Plain JSON that no cache keeps.
fn answer(value: &impl serde::Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

/// The body of a request that is to be JSON; its route takes at most so many bytes.
fn json_body(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    most: usize,
) -> Result<Bytes, Refused> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !said.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::new(Kind::MediaType).with_detail("send it as `application/json`").into());
    }
    body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Kind::TooLong).with_detail(format!("the most is {most} bytes")).into()
        }
        _ => malformed("the body was cut off"),
    })
}

/// What a body says. Where it does not read only the place and what was `expected` are told: the reader's own message may
/// repeat a value.
fn read_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    most: usize,
    expected: &str,
) -> Result<T, Refused> {
    read_json(&json_body(headers, body, most)?, expected)
}

fn read_json<T: DeserializeOwned>(body: &[u8], expected: &str) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| {
        malformed(format!("line {}, column {}: expected {expected}", error.line(), error.column()))
    })
}

/// The number that an address names something by.
fn number<T: FromStr>(text: &str, of: &str) -> Result<T, Refused> {
    text.parse().map_err(|_| malformed(format!("the number of {of} is a UUID")))
}

/// The header that the code of a person's request or opt-out comes in: an address would end up in logs.
const CODE: &str = "request-code";

fn code(headers: &HeaderMap) -> &str {
    headers.get(CODE).and_then(|code| code.to_str().ok()).unwrap_or_default()
}

/// What an officer states.
fn stated(facts: BTreeMap<Text<FactKey>, String>) -> Vec<(FactKey, String)> {
    facts.into_iter().map(|(key, value)| (key.0, value)).collect()
}

/// JSON that is written already, and that no cache keeps.
fn written(json: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, json.into()).into_response()
}

fn malformed(detail: impl Into<String>) -> Refused {
    Problem::new(Kind::Malformed).with_detail(detail).into()
}
