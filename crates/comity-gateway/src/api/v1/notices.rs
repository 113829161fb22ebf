//! Notices to persons, at an officer's desk: nothing of them is told to anybody who is not signed in.

use super::desk::{Behind, part};
use super::dry::{At, or_done};
use super::once::Asked;
use super::problems::{HasBody, Signed};
use super::{
    Api, Officer, Refused, answer, json_body, malformed, number, once, read_body, read_json, stated, written,
};
use crate::api::problem::Problem;
use crate::gateway::{Gateway, GatewayError};
use crate::net::body::at_most;
use crate::work::notices::{self, Off, Order, REASONS_BYTES_MAX};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use comity_exchange::notice::Addressee;
use comity_exchange::ports::NoticeRow;
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_notices::{Audience, Language};
use comity_store::DryUntil;
use comity_terms::{Digest, ExchangeId, FactKey, Office, PackSlug, ReasonCode, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The longest body: reasons, as JSON writes them, and what stands beside them.
pub(super) const BODY_BYTES_MAX: usize = 4 * REASONS_BYTES_MAX;

/// The routes of this page.
pub(super) fn routes(api: &Arc<Api>) -> Router<Arc<Api>> {
    let most = |route| at_most(BODY_BYTES_MAX, route);
    // What comes after its record is a letter, which is sent.
    let dry = |route| or_done(api, DryUntil::FirstRecord, route);
    Router::new()
        .route("/api/v1/notices", most(dry(post(open)).get(owed)))
        .route("/api/v1/notices/{number}", get(shown))
        .route("/api/v1/notices/{number}/deferral", most(dry(post(defer))))
        .route("/api/v1/notices/{number}/approval", most(dry(post(approve))))
        .route("/api/v1/notices/{number}/addressee", most(dry(post(address))))
        .route("/api/v1/notices/{number}/sending", dry(post(send)))
        .route("/api/v1/notices/{number}/closing", most(dry(post(close))))
}

const NOTICE: &str = "a notice";

#[utoipa::path(
    get,
    path = "/api/v1/notices",
    summary = "The notices to persons that are owed: by when, what waits, and why",
    params(
        ("after" = Option<String>, Query, description = "The number of the last one of the part before"),
        ("limit" = Option<u64>, Query, description = "How many, 1 to 1,000")
    ),
    responses(
        (
            status = 200, description = "Nothing of whom they go to", body = [Object],
            headers(("link" = String, description = "The next part, with `rel=next`, where there is one: RFC 8288"))
        ),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`after` is the number of nothing that was ever in the list", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn owed(
    State(api): State<Arc<Api>>,
    _: Officer,
    query: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Refused> {
    let (after, limit) = Behind::read(query, NOTICE)?;
    let listed = notices::part(&api.gateway, after, limit).await?;
    Ok(part(("/api/v1/notices", "number"), &listed, limit))
}

/// How a notice is opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeOrder {
    /// Whom it goes to: name, email or mailbox, language (en, fr, de, et), audience (person, child).
    #[schema(value_type = Object, example = json!({ "name": "Mari Kask", "email": "mari@example.ee", "language": "et", "audience": "person" }))]
    to: Box<RawValue>,
    /// The exchange that the person is told of.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    exchange_id: Option<Text<ExchangeId>>,
    /// The agreement whose law is asked, where there is no exchange.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    under: Option<Text<PackSlug>>,
    /// Facts that the officer states, as text.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    facts: BTreeMap<Text<FactKey>, String>,
}

#[utoipa::path(
    post,
    path = "/api/v1/notices",
    summary = "Open a notice to a person",
    request_body = NoticeOrder,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same request is done once"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "With `dry_run`: what would be recorded", body = Object),
        (
            status = 201, description = "Its number, and by when it is due", body = Object,
            headers(("location" = String, description = "The notice"))
        ),
        (status = 409, description = "The first request under this key is under way", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It cannot be done so", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn open(
    State(api): State<Arc<Api>>,
    At(gateway): At,
    Officer(officer): Officer,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let expected = "`to`, and `exchange_id` or `under`";
    let body = json_body(&headers, body, BODY_BYTES_MAX)?;
    let asked: NoticeOrder = read_json(&body, expected)?;
    let to = addressee(&asked.to)?;
    let order = Order {
        exchange: asked.exchange_id.map(|id| id.0),
        under: asked.under.map(|under| under.0),
        to,
        facts: stated(asked.facts),
        // The body of another route may be the same.
        once: once::key(&api, &officer.officer, &headers, Digest::of_parts("comity/notices/open", &[&body]))?,
    };
    let made = match order.once.clone() {
        None => told(&gateway, &notices::open(&gateway, &officer.officer, order).await?),
        Some(once) => {
            let at = Arc::clone(&gateway);
            let work = async move { Ok(told(&at, &notices::open(&at, &officer.officer, order).await?)) };
            once::answer(&gateway, once, work, Asked::Notice).await?
        }
    };
    // The same answer, where it is given again, has the same place.
    let Made { number } = serde_json::from_slice(&made)
        .map_err(|error| GatewayError::Broken(format!("an answer does not read: {error}")))?;
    let place = format!("/api/v1/notices/{number}");
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], written(made)).into_response())
}

fn told(gateway: &Gateway, row: &NoticeRow) -> Vec<u8> {
    notices::row_json(row, gateway.now()).to_string().into_bytes()
}

/// The answer to what was taken under a client's key, of what was told of it then: its number.
pub(super) async fn told_again(gateway: &Gateway, number: &[u8]) -> Result<Vec<u8>, GatewayError> {
    Ok(told(gateway, &notices::told_again(gateway, number).await?))
}

/// What of an opened notice tells its place.
#[derive(Deserialize)]
struct Made {
    number: String,
}

/// Who reads a notice, and in which language.
#[derive(Deserialize, IntoParams)]
pub(super) struct Reader {
    /// person, child, expert, journalist or partner; whom it goes to unless given.
    audience: Option<String>,
    /// en, fr, de or et.
    language: Option<String>,
}

#[utoipa::path(
    get,
    path = "/api/v1/notices/{number}",
    summary = "A notice, and what it says",
    params(("number" = String, Path, description = "Its number"), Reader),
    responses(
        (status = 200, description = "Where it stands; `message` as whom it goes to reads it, or an audience", body = Object),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "There is none, or it has not gone out", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn shown(
    State(api): State<Arc<Api>>,
    _: Officer,
    Path(of): Path<String>,
    query: Result<Query<Reader>, QueryRejection>,
) -> Result<Response, Refused> {
    let (audience, language) = Reader::read(query)?;
    Ok(answer(&notices::shown(&api.gateway, number(&of, NOTICE)?, audience, language).await?))
}

impl Reader {
    /// What is asked for.
    pub(super) fn read(
        query: Result<Query<Self>, QueryRejection>,
    ) -> Result<(Option<Audience>, Option<Language>), Refused> {
        let Query(reader) = query.map_err(|_| malformed("`audience`, `language`: expected one word each"))?;
        let audience = word::<Audience>("audience", reader.audience)?;
        Ok((audience, word::<Language>("language", reader.language)?))
    }
}

/// One of a few words, where one is given.
fn word<T: FromStr<Err: Display>>(key: &str, given: Option<String>) -> Result<Option<T>, Refused> {
    let read = given.map(|word| word.parse()).transpose();
    read.map_err(|error| malformed(format!("`{key}`: {error}")))
}

/// How a notice is put off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeDeferral {
    /// The ground: a word that the law lists.
    #[schema(example = "obstruct_investigation")]
    ground: String,
    /// The reasons, in words. They are sealed.
    reasons: String,
    /// Until when, UTC.
    #[schema(value_type = String, example = "2027-02-01T00:00:00Z")]
    recheck: Text<Timestamp>,
    /// What else the officer states, as text.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    facts: BTreeMap<Text<FactKey>, String>,
}

#[utoipa::path(
    post,
    path = "/api/v1/notices/{number}/deferral",
    summary = "Put a notice off, on a ground that the law lists",
    request_body = NoticeDeferral,
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "`outcome`: permit, escalate (offices have to approve), deny with reasons", body = Object),
        (status = 422, description = "It cannot be done so", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn defer(
    At(gateway): At,
    Officer(officer): Officer,
    Path(of): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let of = number(&of, NOTICE)?;
    let expected = "`ground`, `reasons` and `recheck`";
    let asked: NoticeDeferral = read_body(&headers, body, BODY_BYTES_MAX, expected)?;
    let NoticeDeferral { ground, reasons, recheck, facts } = asked;
    let off = Off { ground, reasons, recheck: recheck.0, facts: stated(facts) };
    let done = notices::defer(&gateway, of, &officer.officer, off).await?;
    Ok(answer(&notices::done_json(&done, gateway.now())))
}

/// For which office an officer approves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeApproval {
    /// The office.
    #[schema(value_type = String, example = "prosecutor")]
    office: Text<Office>,
}

#[utoipa::path(
    post,
    path = "/api/v1/notices/{number}/approval",
    summary = "Approve for an office what is proposed of a notice",
    request_body = NoticeApproval,
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "`outcome`: permit once all offices have approved, escalate while others have not", body = Object),
        (status = 422, description = "It cannot be done so", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn approve(
    At(gateway): At,
    Officer(officer): Officer,
    Path(of): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let of = number(&of, NOTICE)?;
    let approval: NoticeApproval = read_body(&headers, body, BODY_BYTES_MAX, "`office`")?;
    let done = notices::approve(&gateway, of, &officer.officer, &approval.office.0).await?;
    Ok(answer(&notices::done_json(&done, gateway.now())))
}

#[utoipa::path(
    post,
    path = "/api/v1/notices/{number}/sending",
    summary = "Send a notice now: what it was put off for has ended",
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "`outcome`: permit, escalate (offices have to approve), deny with reasons; `state`: issued, or given once it was handed over", body = Object),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It goes to nobody, or is given", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn send(
    At(gateway): At,
    Officer(officer): Officer,
    Path(of): Path<String>,
) -> Result<Response, Refused> {
    let done = notices::send(&gateway, number(&of, NOTICE)?, &officer.officer).await?;
    Ok(answer(&notices::done_json(&done, gateway.now())))
}

/// Whom a notice goes to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeAddressee {
    /// Name, email or mailbox, language (en, fr, de, et), audience (person, child).
    #[schema(value_type = Object, example = json!({ "name": "Mari Kask", "email": "mari@example.ee", "language": "et", "audience": "person" }))]
    to: Box<RawValue>,
}

#[utoipa::path(
    post,
    path = "/api/v1/notices/{number}/addressee",
    summary = "Say whom a notice goes to: one that an exchange gave rise to waits for that",
    request_body = NoticeAddressee,
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "Where it stands, and nothing of whom it goes to", body = Object),
        (status = 422, description = "It has gone on, or cannot be done so", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn address(
    At(gateway): At,
    Officer(officer): Officer,
    Path(of): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let of = number(&of, NOTICE)?;
    let asked: NoticeAddressee = read_body(&headers, body, BODY_BYTES_MAX, "`to`")?;
    let to = addressee(&asked.to)?;
    let row = notices::address(&gateway, of, &officer.officer, to).await?;
    Ok(answer(&notices::row_json(&row, gateway.now())))
}

fn addressee(to: &RawValue) -> Result<Addressee, Refused> {
    Addressee::read(to.get().as_bytes()).map_err(|error| malformed(format!("`to`: {error}")))
}

/// Why a notice is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeClosing {
    /// The reason, in the vocabulary's words.
    #[schema(value_type = String, example = "sent_in_error")]
    reason: Text<ReasonCode>,
}

#[utoipa::path(
    post,
    path = "/api/v1/notices/{number}/closing",
    summary = "Close a notice that nobody is owed",
    request_body = NoticeClosing,
    params(
        ("number" = String, Path, description = "Its number"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded, drawn or sent")
    ),
    responses(
        (status = 200, description = "`outcome`: permit, or deny with reasons where a decision owes it, or none says that it is not owed", body = Object),
        (status = 422, description = "It has gone on, or cannot be done so", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn close(
    At(gateway): At,
    Officer(officer): Officer,
    Path(of): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let of = number(&of, NOTICE)?;
    let closing: NoticeClosing = read_body(&headers, body, BODY_BYTES_MAX, "`reason`")?;
    let done = notices::close(&gateway, of, &officer.officer, &closing.reason.0).await?;
    Ok(answer(&notices::done_json(&done, gateway.now())))
}
