//! The person's door, for opt-outs: file one, see where it stands and withdraw it without signing in; decide on one as an
//! officer.
//!
//! Filing looks nothing up. What is shown says nothing of what was done with data since.

use super::dry::{At, or_done};
use super::problems::{Anybody, HasBody, Signed};
use super::subjects::Person;
use super::{Api, Officer, Refused, answer, code, malformed, read_body};
use crate::api::problem::{Kind as ProblemKind, Problem};
use crate::net::body::at_most;
use crate::work::opt_outs;
use crate::work::subjects::SeenByOfficer;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::Claim;
use comity_exchange::subject::claim::CLAIM_BYTES_MAX;
use comity_exchange::wire::Text;
use comity_store::DryUntil;
use comity_terms::Timestamp;
use comity_terms::ids::OptOutId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// The routes of this page.
pub(super) fn routes(api: &Arc<Api>) -> Router<Arc<Api>> {
    Router::new()
        .route("/api/v1/subject/opt-outs", at_most(CLAIM_BYTES_MAX, post(file)))
        .route("/api/v1/subject/opt-outs/{number}", get(stands).delete(withdraw))
        .route(
            "/api/v1/subject/opt-outs/{number}/decision",
            at_most(CLAIM_BYTES_MAX, or_done(api, DryUntil::End, post(decide))),
        )
}

/// What a person opts out of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonOptOut {
    /// What the person is known by: `kind` is email, phone, account, national_id, name or pseudonym.
    #[schema(value_type = Vec<Object>, example = json!([{ "kind": "email", "value": "mari@example.ee" }]))]
    identifiers: Box<RawValue>,
    /// The categories of data: words of the vocabulary's list `sensitive_category`.
    #[schema(example = json!(["health"]))]
    categories: Vec<String>,
    /// When it ends by itself, UTC.
    #[schema(value_type = String, format = "date-time")]
    until: Text<Timestamp>,
}

#[utoipa::path(
    post,
    path = "/api/v1/subject/opt-outs",
    summary = "Opt out of preventive sharing, by category of data; no sign-in",
    request_body = PersonOptOut,
    responses(
        (status = 202, description = "Filed: its number, and the code that opens its status and withdraws it. It takes effect when an officer has seen who filed it", body = Object),
        (status = 422, description = "It cannot be done so", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Anybody
    )
)]
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    _: Person,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let expected = "`identifiers`, `categories` and `until`";
    let asked: PersonOptOut = read_body(&headers, body, CLAIM_BYTES_MAX, expected)?;
    let claim = claim(&asked.identifiers)?;
    let filed = opt_outs::file(&api.gateway, &claim, &asked.categories, asked.until.0).await?;
    let told = opt_outs::filed_json(&filed, api.gateway.now());
    let status = format!("/api/v1/subject/opt-outs/{}", filed.row.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, status)], answer(&told)).into_response())
}

fn claim(identifiers: &RawValue) -> Result<Claim, Refused> {
    let claim = format!("{{\"identifiers\":{}}}", identifiers.get());
    Claim::read(claim.as_bytes()).map_err(|error| malformed(error.to_string()))
}

/// A wrong number and a wrong code are one answer.
fn none() -> Problem {
    Problem::new(ProblemKind::NotFound).with_detail("no opt-out has this number and this code")
}

#[utoipa::path(
    get,
    path = "/api/v1/subject/opt-outs/{number}",
    summary = "Where an opt-out stands; no sign-in",
    params(
        ("number" = String, Path, description = "Its number"),
        ("Request-Code" = String, Header, description = "The code that was given with it")
    ),
    responses(
        (status = 200, description = "Where it stands: nothing of what was done with data since", body = Object),
        (status = 404, description = "No opt-out has this number and this code", body = Problem, content_type = "application/problem+json"),
        Anybody
    )
)]
pub(super) async fn stands(
    State(api): State<Arc<Api>>,
    _: Person,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let number: OptOutId = number.parse().map_err(|_| none())?;
    Ok(answer(&opt_outs::status(&api.gateway, number, code(&headers)).await?.ok_or_else(none)?))
}

#[utoipa::path(
    delete,
    path = "/api/v1/subject/opt-outs/{number}",
    summary = "Withdraw an opt-out; no sign-in",
    params(
        ("number" = String, Path, description = "Its number"),
        ("Request-Code" = String, Header, description = "The code that was given with it")
    ),
    responses(
        (status = 200, description = "It is withdrawn, or had ended", body = Object),
        (status = 404, description = "No opt-out has this number and this code", body = Problem, content_type = "application/problem+json"),
        Anybody
    )
)]
pub(super) async fn withdraw(
    State(api): State<Arc<Api>>,
    _: Person,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let number: OptOutId = number.parse().map_err(|_| none())?;
    Ok(answer(&opt_outs::withdraw(&api.gateway, number, code(&headers)).await?.ok_or_else(none)?))
}

/// How an officer decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OptOutDecision {
    /// Whether the officer has seen who filed it.
    identity_seen: bool,
    /// What the person is known by, as they filed it.
    #[schema(value_type = Vec<Object>)]
    identifiers: Box<RawValue>,
}

#[utoipa::path(
    post,
    path = "/api/v1/subject/opt-outs/{number}/decision",
    summary = "Decide on an opt-out that waits, by this party's law",
    request_body = OptOutDecision,
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "Where it stands now", body = Object),
        (status = 422, description = "It cannot be done so", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn decide(
    At(gateway): At,
    Officer(officer): Officer,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let number: OptOutId = super::number(&number, "an opt-out")?;
    let expected = "`identity_seen` and `identifiers`";
    let decision: OptOutDecision = read_body(&headers, body, CLAIM_BYTES_MAX, expected)?;
    let claim = claim(&decision.identifiers)?;
    let check = SeenByOfficer(decision.identity_seen);
    let row = opt_outs::decide(&gateway, number, &claim, &officer.officer, &check).await?;
    Ok(answer(&opt_outs::status_json(&row, gateway.now())))
}
