//! The person's door in the shapes of the Data Rights Protocol 0.9: a request's and its status's, mapped onto the same core.
//!
//! ```text
//! GET  /.well-known/data-rights.json         what may be exercised here
//! POST /drp/v1/data-rights-request           files it; the status
//! GET  /drp/v1/data-rights-request/{id}      the status; with `processing_details` in words once it is answered
//! DELETE /drp/v1/data-rights-request/{id}    withdraws an opt-out
//! ```
//! Owns the mapping and its errors' form. The protocol has words for three of the things that a person may ask here; for the
//! others, and for what it says otherwise, see docs/subjects.md. A `request_id` has the code in it: it is shown to its agent alone.
//! INVARIANT: `no_match` is never told: what is not held and what is withheld are one answer.

use super::subjects::Person;
use super::{Api, Refused, json_body};
use crate::api::problem::{Kind as ProblemKind, Problem};
use crate::gateway::GatewayError;
use crate::net::body::at_most;
use crate::work::opt_outs;
use crate::work::subjects::{self, words};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::claim::CLAIM_BYTES_MAX;
use comity_exchange::subject::{Claim, Kind};
use comity_notices::{Audience, Language};
use comity_terms::ids::{OptOutId, RequestId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes of this page.
pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/.well-known/data-rights.json", get(offered))
        .route("/drp/v1/data-rights-request", at_most(CLAIM_BYTES_MAX, post(exercise)))
        .route("/drp/v1/data-rights-request/{id}", get(stands).delete(revoke))
}

/// The version of the protocol whose shapes these are.
const VERSION: &str = "0.9";

/// The rights that may be exercised, in the protocol's words, and what each is here; an opt-out is no request.
const EXERCISED: [(&str, Option<Kind>); 5] = [
    ("access", Some(Kind::Access)),
    ("access:categories", Some(Kind::Access)),
    ("access:specific", Some(Kind::Access)),
    ("deletion", Some(Kind::Erase)),
    (OPT_OUT, None),
];

const OPT_OUT: &str = "sale:opt_out";

/// What an agent sends: of the protocol's fields those that this gateway has a use for. It may send the others.
#[derive(Deserialize)]
struct DataRightsRequest {
    exercise: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    phone_number: Option<String>,
}

impl DataRightsRequest {
    /// By what the person is known.
    fn claim(&self) -> Result<Claim, Fault> {
        let stated = [("name", &self.name), ("email", &self.email), ("phone", &self.phone_number)];
        let identifiers: Vec<Value> = stated
            .into_iter()
            .filter_map(|(kind, value)| Some(json!({ "kind": kind, "value": value.as_ref()? })))
            .collect();
        if identifiers.is_empty() {
            return Err(Fault::malformed("name the person by `email`, `phone_number` or `name`"));
        }
        let claim = json!({ "identifiers": identifiers }).to_string();
        Claim::read(claim.as_bytes()).map_err(|error| Fault::malformed(error.to_string()))
    }
}

/// An error in the protocol's form.
struct Fault(StatusCode, String, String);

impl Fault {
    fn malformed(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, "malformed".to_owned(), message.into())
    }

    /// A wrong number and a wrong code are one answer.
    fn none() -> Self {
        Self(StatusCode::NOT_FOUND, "not-found".to_owned(), "no request has this `request_id`".to_owned())
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Problem(problem) => {
                let status = problem.status();
                let (title, detail) = problem.into_words();
                Self(status, title.replace(' ', "-"), detail.unwrap_or(title))
            }
            Refused::Denied(denied) => {
                let status = denied.into_response().status();
                Self(status, "too-many-requests".to_owned(), "ask later".to_owned())
            }
        }
    }
}

impl From<GatewayError> for Fault {
    fn from(error: GatewayError) -> Self {
        Refused::from(error).into()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let fatal = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
        let body = Json(json!({ "code": code, "message": message, "fatal": fatal }));
        (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
    }
}

async fn offered() -> Response {
    let actions: Vec<&str> = EXERCISED.iter().map(|(word, _)| *word).collect();
    Json(json!({
        "version": VERSION,
        "api_base": "/drp",
        "actions": actions,
        "user_relationships": [],
    }))
    .into_response()
}

async fn exercise(
    State(api): State<Arc<Api>>,
    person: Result<Person, Refused>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    person?;
    let body = json_body(&headers, body, CLAIM_BYTES_MAX)?;
    // The reader's own message may repeat a value: only the place is told.
    let asked: DataRightsRequest = serde_json::from_slice(&body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Fault::malformed(format!(
            "line {line}, column {column}: expected `exercise`, and `email`, `phone_number` or `name`"
        ))
    })?;
    let known = EXERCISED.iter().find(|(word, _)| *word == asked.exercise);
    let (_, kind) = known.ok_or_else(|| {
        let words = EXERCISED.map(|(word, _)| word).join(", ");
        Fault::malformed(format!(
            "`exercise`: expected {words}; what else may be asked: POST /api/v1/subject/requests"
        ))
    })?;
    let (claim, now) = (asked.claim()?, api.gateway.now());
    let status = match kind {
        Some(kind) => {
            let filed = subjects::file(&api.gateway, *kind, &claim).await?;
            let id = format!("{}.{}", filed.number, filed.code);
            told(&id, &subjects::status_json(&filed.row, now), None)
        }
        None => {
            let categories = opt_outs::categories(&api.gateway)?;
            let until = api.gateway.settings().subjects.opt_out_until(now);
            let filed = opt_outs::file(&api.gateway, &claim, &categories, until).await?;
            let id = format!("{OPTED}{}.{}", filed.row.id, filed.code);
            opted(&id, &opt_outs::status_json(&filed.row, now))
        }
    };
    Ok(super::answer(&status))
}

async fn stands(
    State(api): State<Arc<Api>>,
    person: Result<Person, Refused>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    person?;
    if let Some((number, code)) = opt_out_of(&id) {
        let status = opt_outs::status(&api.gateway, number, code).await?.ok_or_else(Fault::none)?;
        return Ok(super::answer(&opted(&id, &status)));
    }
    let (number, code) = id.split_once('.').ok_or_else(Fault::none)?;
    let number: RequestId = number.parse().map_err(|_| Fault::none())?;
    let status = subjects::status(&api.gateway, number, code).await?.ok_or_else(Fault::none)?;
    let unread = |_| GatewayError::Broken("a request's status does not read".to_owned());
    let status: Value = serde_json::from_str(&status).map_err(unread)?;
    let reads = (Audience::Person, Language::En);
    let words = words::in_words(&status, api.gateway.authority(), reads)?;
    let words = words.map(|all| all.iter().map(|one| one.text()).collect::<Vec<_>>().join("\n"));
    Ok(super::answer(&told(&id, &status, words)))
}

async fn revoke(
    State(api): State<Arc<Api>>,
    person: Result<Person, Refused>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    person?;
    let Some((number, code)) = opt_out_of(&id) else {
        let why = "a request is answered by law whatever its agent wishes; an opt-out can be withdrawn";
        return Err(Refused::from(Problem::new(ProblemKind::Method).with_detail(why)).into());
    };
    let status = opt_outs::withdraw(&api.gateway, number, code).await?.ok_or_else(Fault::none)?;
    Ok(super::answer(&opted(&id, &status)))
}

/// What the id of an opt-out begins with.
const OPTED: &str = "opt-out.";

fn opt_out_of(id: &str) -> Option<(OptOutId, &str)> {
    let (number, code) = id.strip_prefix(OPTED)?.split_once('.')?;
    Some((number.parse().ok()?, code))
}

/// A request's status in the protocol's words.
fn told(id: &str, status: &Value, words: Option<String>) -> Value {
    let codes = || status["answer"]["reasons"].as_array().into_iter().flatten().map(|one| &one["code"]);
    let (state, reason) = match status["state"].as_str() {
        Some("waiting") => ("open", Some("need_user_verification")),
        Some("refused") if codes().any(|code| code == "identity_not_verified") => {
            ("denied", Some("insuf_verification"))
        }
        Some("refused") if codes().any(|code| code == "ground_not_available") => {
            ("denied", Some("claim_not_covered"))
        }
        Some("refused") => ("denied", Some("other")),
        _ => ("fulfilled", None),
    };
    let path = format!("/api/v1/subject/requests/{}", status["number"].as_str().unwrap_or_default());
    let waits = "an officer sees who asks, and decides by the law as it stood when it was filed";
    json!({
        "request_id": id,
        "received_at": status["filed_at"],
        "expected_by": status["due_operational"],
        "status": state,
        "reason": reason,
        "processing_details": words.unwrap_or_else(|| waits.to_owned()),
        // With the part of `request_id` after the point in `Request-Code`: records and citations.
        "results_url": (state == "fulfilled").then_some(path),
    })
}

/// An opt-out's status in the protocol's words.
fn opted(id: &str, status: &Value) -> Value {
    let (state, reason) = match status["state"].as_str() {
        Some("waiting") => ("open", Some("need_user_verification")),
        Some("refused") => ("denied", Some("other")),
        Some("withdrawn") => ("revoked", None),
        Some("ended") => ("expired", None),
        _ => ("fulfilled", None),
    };
    json!({
        "request_id": id,
        "received_at": status["filed_at"],
        "expected_by": null,
        "status": state,
        "reason": reason,
        "processing_details": format!(
            "an opt-out of preventive sharing, until {}",
            status["until"].as_str().unwrap_or("-")
        ),
    })
}
