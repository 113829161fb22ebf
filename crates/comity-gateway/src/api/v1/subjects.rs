//! The person's door: file a request and see where it stands without signing in; decide on one as an officer.
//!
//! Filing looks nothing up, and is answered the same whoever asks. A wrong code and a wrong number are one answer.

use super::desk::{Behind, part};
use super::dry::{At, or_done};
use super::notices::Reader;
use super::problems::{Anybody, HasBody, Signed};
use super::{Api, Officer, Refused, answer, code, malformed, read_body, stated, written};
use crate::api::problem::{Kind as ProblemKind, Problem};
use crate::gateway::GatewayError;
use crate::net::body::at_most;
use crate::work::subjects::{self, SeenByOfficer, words};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::claim::CLAIM_BYTES_MAX;
use comity_exchange::subject::{Claim, Kind};
use comity_exchange::wire::Text;
use comity_notices::{Audience, Language};
use comity_store::DryUntil;
use comity_terms::FactKey;
use comity_terms::ids::RequestId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The routes of this page.
pub(super) fn routes(api: &Arc<Api>) -> Router<Arc<Api>> {
    Router::new()
        .route("/api/v1/subject/requests", at_most(CLAIM_BYTES_MAX, post(file).get(waiting)))
        .route("/api/v1/subject/requests/{number}", get(stands))
        .route("/api/v1/subject/requests/{number}/statement", get(statement))
        .route(
            "/api/v1/subject/requests/{number}/decision",
            at_most(CLAIM_BYTES_MAX, or_done(api, DryUntil::End, post(decide))),
        )
}

/// A person, who need not sign in.
pub(super) struct Person;

impl FromRequestParts<Arc<Api>> for Person {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refused> {
        let from = crate::signin::from(&parts.extensions);
        api.gateway.signin().person(&parts.headers, from, api.gateway.now())?;
        Ok(Self)
    }
}

/// What a person asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonRequest {
    /// access, correct, erase, restrict, object, port or complain.
    #[schema(value_type = String, example = "access")]
    request: String,
    /// What the person is known by: `kind` is email, phone, account, national_id, name or pseudonym.
    #[schema(value_type = Vec<Object>, example = json!([{ "kind": "email", "value": "mari@example.ee" }]))]
    identifiers: Box<RawValue>,
    /// What is wrong about the person, and what is right: `kind`, `was`, `is`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, example = json!([{ "kind": "name", "was": "Mari Kaks", "is": "Mari Kask" }]))]
    corrections: Option<Box<RawValue>>,
    /// What the person says about it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    text: Option<Box<RawValue>>,
}

#[utoipa::path(
    post,
    path = "/api/v1/subject/requests",
    summary = "Ask about one's own data; no sign-in",
    request_body = PersonRequest,
    responses(
        (status = 202, description = "Filed: its number, the code that opens its status, and by when it is answered", body = Object),
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
    let expected = "`request`, `identifiers` and, if wanted, `corrections` and `text`";
    let asked: PersonRequest = read_body(&headers, body, CLAIM_BYTES_MAX, expected)?;
    let kind: Kind = asked.request.parse().map_err(|error| malformed(format!("`request`: {error}")))?;
    let text = asked.text.map_or_else(String::new, |text| format!(",\"text\":{}", text.get()));
    let right = asked.corrections.map_or_else(String::new, |all| format!(",\"corrections\":{}", all.get()));
    let claim = format!("{{\"identifiers\":{}{right}{text}}}", asked.identifiers.get());
    let claim = Claim::read(claim.as_bytes()).map_err(|error| malformed(error.to_string()))?;
    let filed = subjects::file(&api.gateway, kind, &claim).await?;
    let told = subjects::filed_json(&filed, api.gateway.now());
    let status = format!("/api/v1/subject/requests/{}", filed.number);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, status)], answer(&told)).into_response())
}

#[utoipa::path(
    get,
    path = "/api/v1/subject/requests/{number}",
    summary = "Where a request stands, and its answer; no sign-in",
    params(
        ("number" = String, Path, description = "Its number"),
        ("Request-Code" = String, Header, description = "The code that was given with it"),
        ("audience" = Option<String>, Query, description = "The answer in words, for whom: person, child, expert, journalist, partner"),
        ("language" = Option<String>, Query, description = "The answer in words, in which language: en, fr, de, et")
    ),
    responses(
        (status = 200, description = "Where it stands; `answer` once there is one; `message`, where words are asked for", body = Object),
        (status = 400, description = "No such audience or language", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No request has this number and this code", body = Problem, content_type = "application/problem+json"),
        Anybody
    )
)]
pub(super) async fn stands(
    State(api): State<Arc<Api>>,
    _: Person,
    Path(number): Path<String>,
    query: Result<Query<Reader>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let reads = match Reader::read(query)? {
        (None, None) => None,
        (audience, language) => {
            Some((audience.unwrap_or(Audience::Person), language.unwrap_or(Language::En)))
        }
    };
    let none = || Problem::new(ProblemKind::NotFound).with_detail("no request has this number and this code");
    let number: RequestId = number.parse().map_err(|_| none())?;
    let status = subjects::status(&api.gateway, number, code(&headers)).await?.ok_or_else(none)?;
    let Some(reads) = reads else { return Ok(written(status)) };
    let unread = |_| GatewayError::Broken("a request's status does not read".to_owned());
    let said = serde_json::from_str(&status).map_err(unread)?;
    let Some(words) = words::in_words(&said, api.gateway.authority(), reads)? else {
        return Ok(written(status));
    };
    // The answer stays as it was sealed: the words stand behind it.
    let head = status.strip_suffix('}').unwrap_or(&status);
    Ok(written(format!("{head},\"message\":{}}}", words::message_json(&words))))
}

#[utoipa::path(
    get,
    path = "/api/v1/subject/requests",
    summary = "The requests of persons that wait: what is asked, and by when it is to be answered",
    params(
        ("after" = Option<String>, Query, description = "The number of the last one of the part before"),
        ("limit" = Option<u64>, Query, description = "How many, 1 to 1,000")
    ),
    responses(
        (
            status = 200, description = "Nothing of who asks, and nothing of what is held", body = [Object],
            headers(("link" = String, description = "The next part, with `rel=next`, where there is one: RFC 8288"))
        ),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`after` is the number of nothing that was ever in the list", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn waiting(
    State(api): State<Arc<Api>>,
    _: Officer,
    query: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Refused> {
    let (after, limit) = Behind::read(query, "a request")?;
    let listed = subjects::part(&api.gateway, after, limit).await?;
    Ok(part(("/api/v1/subject/requests", "number"), &listed, limit))
}

#[utoipa::path(
    get,
    path = "/api/v1/subject/requests/{number}/statement",
    summary = "What the person stated, for the officer who decides: that they read it is recorded",
    params(("number" = String, Path, description = "Its number")),
    responses(
        (status = 200, description = "By what the person is known, and what they say", body = Object),
        (status = 400, description = "The number is none", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No request of that number waits, or the officer's training has ended", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn statement(
    State(api): State<Arc<Api>>,
    Officer(officer): Officer,
    Path(number): Path<String>,
) -> Result<Response, Refused> {
    let number: RequestId = super::number(&number, "a request")?;
    let claim = subjects::show(&api.gateway, number, &officer.officer).await?;
    Ok(answer(&subjects::shown_json(number, &claim)))
}

/// How an officer decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonDecision {
    /// Whether the officer has seen who asks.
    identity_seen: bool,
    /// Facts that the officer states, as text.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    facts: BTreeMap<Text<FactKey>, String>,
}

#[utoipa::path(
    post,
    path = "/api/v1/subject/requests/{number}/decision",
    summary = "Decide on a request of a person, by the law as it stood when it was filed",
    request_body = PersonDecision,
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "What the person is told, what the overseer is told, and who else is to be asked", body = Object),
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
    let number: RequestId = super::number(&number, "a request")?;
    let expected = "`identity_seen` and, if wanted, `facts`";
    let decision: PersonDecision = read_body(&headers, body, CLAIM_BYTES_MAX, expected)?;
    let (check, facts) = (SeenByOfficer(decision.identity_seen), stated(decision.facts));
    let decided = subjects::decide(&gateway, number, &officer.officer, &check, &facts).await?;
    Ok(written(subjects::decided_json(&gateway, &decided).await?))
}
