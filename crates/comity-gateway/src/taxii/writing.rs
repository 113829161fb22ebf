//! POST and DELETE: what is added is shared as the standing request says, and each object is told what became of it; by
//! `?dry_run=true` what would become of it, and nothing does (C35).

use super::envelope::Envelope;
use super::query::Query;
use super::refusal::Refusal;
use super::resources::{State, Status, StatusDetail, instant, version};
use super::statuses::{self, Kept};
use super::{Addressed, Client, Door, answer, media};
use crate::work::collections::{self, Fate, Given};
use axum::body::Bytes;
use axum::extract::{self, FromRequest as _, Path, RawQuery, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use comity_exchange::collect::StandingRequest;
use comity_exchange::ports::{Store as _, VersionWanted};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_store::DryUntil;
use comity_terms::{ExchangeId, Timestamp};
use std::sync::Arc;

pub(super) async fn add(
    extract::State(door): extract::State<Arc<Door>>,
    client: Client,
    Addressed { collection, .. }: Addressed,
    RawQuery(raw): RawQuery,
    request: Request,
) -> Result<Response, Refusal> {
    media::sent(request.headers())?;
    writable(&collection)?;
    let is_dry = Query::read(raw.as_deref())?.dry_run();
    let body = body(&door, request).await?;
    let envelope = Envelope::read(&body)?;
    let now = door.gateway.now();
    if is_dry {
        let dry = door.gateway.dry_run(DryUntil::FirstRecord);
        let (given, _) = collections::add(&dry, &collection, &client.who.officer, &envelope.objects).await?;
        return Ok(would(fates(given, now), now));
    }
    let (given, exchange) =
        collections::add(&door.gateway, &collection, &client.who.officer, &envelope.objects).await?;
    let id = ExchangeId::draw(&mut door.gateway.entropy());
    let (root, exchange) = (collection.agreement.0.to_string(), exchange.map(Text));
    let kept = Kept { root, status: told(fates(given, now), now, id.to_string()), exchange };
    statuses::keep(&door.gateway, id, &kept, now).await?;
    Ok(answer(StatusCode::ACCEPTED, &kept.status))
}

/// The body, within the bound that the API root tells. One that announces more is refused before any of it is read.
async fn body(door: &Door, request: Request) -> Result<Bytes, Refusal> {
    let most = door.gateway.settings().limits.bytes_max;
    let too_long = || {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than the API root takes")
            .with_description(format!("at most {most} bytes"))
    };
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced: Option<u64> = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_long());
    }
    Bytes::from_request(request, &()).await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_long(),
        _ => Refusal::malformed("the body was cut off, or came too slowly"),
    })
}

fn writable(collection: &StandingRequest) -> Result<(), Refusal> {
    if collection.can_write {
        Ok(())
    } else {
        Err(Refusal::new(StatusCode::FORBIDDEN, "nothing is added to this collection"))
    }
}

/// What became of each object that was given: successes, failures, what waits.
type Fates = [Vec<StatusDetail>; 3];

fn fates(given: Vec<Given<'_>>, now: Timestamp) -> Fates {
    let [mut successes, mut failures, mut pendings] = Fates::default();
    for Given { id, version: at, fate, .. } in given {
        let version = at.map_or_else(|| instant(now), version);
        let detail = |message| StatusDetail { id, version, message };
        match fate {
            Some(Fate::Done(message)) => successes.push(detail(message)),
            Some(Fate::Waits(why)) => pendings.push(detail(Some(why))),
            Some(Fate::Failed(why)) => failures.push(detail(Some(why))),
            None => failures.push(detail(None)),
        }
    }
    [successes, failures, pendings]
}

fn told([successes, failures, pendings]: Fates, now: Timestamp, id: String) -> Status {
    Status {
        id,
        dry_run: false,
        status: if pendings.is_empty() { State::Complete } else { State::Pending },
        request_timestamp: instant(now),
        total_count: successes.len() + failures.len() + pendings.len(),
        success_count: successes.len(),
        successes,
        failure_count: failures.len(),
        failures,
        pending_count: pendings.len(),
        pendings,
    }
}

/// A status of what would be: kept under no id, and nothing more comes of it.
fn would(fates: Fates, now: Timestamp) -> Response {
    let status = Status { dry_run: true, status: State::Complete, ..told(fates, now, NO_STATUS.to_owned()) };
    answer(StatusCode::OK, &status)
}

/// A status has an id (section 4.3.1). Under this one none is ever kept.
const NO_STATUS: &str = "00000000-0000-0000-0000-000000000000";

pub(super) async fn status(
    extract::State(door): extract::State<Arc<Door>>,
    _: Client,
    Path((root, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let kept = statuses::get(&door.gateway, &root, &id).await?;
    let Kept { mut status, exchange, .. } =
        kept.ok_or_else(|| Refusal::not_found("no status of that id is kept"))?;
    if let Some(Text(exchange)) = exchange.filter(|_| status.pending_count > 0) {
        let row = door.gateway.store().exchange(exchange).await?;
        settle(&mut status, row.map(|row| row.outcome));
    }
    Ok(answer(StatusCode::OK, &status))
}

/// Moves what waited to where the exchange has come since.
fn settle(status: &mut Status, outcome: Option<ExchangeOutcome>) {
    let done = match outcome {
        Some(ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered) => true,
        Some(ExchangeOutcome::Refused) => false,
        Some(ExchangeOutcome::Queued | ExchangeOutcome::Escalated) | None => return,
    };
    let waited = std::mem::take(&mut status.pendings);
    let settled = waited.into_iter();
    if done {
        status.successes.extend(settled.map(|detail| StatusDetail { message: None, ..detail }));
    } else {
        let refused = Some("refused since".to_owned());
        status.failures.extend(settled.map(|detail| StatusDetail { message: refused.clone(), ..detail }));
    }
    status.status = State::Complete;
    (status.success_count, status.failure_count) = (status.successes.len(), status.failures.len());
    status.pending_count = 0;
}

pub(super) async fn remove(
    extract::State(door): extract::State<Arc<Door>>,
    client: Client,
    Addressed { collection, object }: Addressed,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(raw.as_deref())?;
    if !(collection.can_read && collection.can_write) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "nothing is removed from this collection"));
    }
    let none = || Refusal::not_found("no such object is in this collection");
    if query.means_nothing_here() {
        return Err(none());
    }
    // Without a filter every version goes: TAXII 2.1 section 5.7.
    let versions =
        if query.versions().is_empty() { vec![VersionWanted::All] } else { query.versions().to_vec() };
    let id = object.unwrap_or_default();
    let officer = &client.who.officer;
    if query.dry_run() {
        let now = door.gateway.now();
        let dry = door.gateway.dry_run(DryUntil::End);
        let gone = collections::remove(&dry, &collection, officer, &id, versions).await?;
        let goes = |at| StatusDetail { id: id.clone(), version: version(at), message: None };
        let successes: Vec<_> = gone.into_iter().map(goes).collect();
        return if successes.is_empty() { Err(none()) } else { Ok(would([successes, vec![], vec![]], now)) };
    }
    let gone = collections::remove(&door.gateway, &collection, officer, &id, versions).await?;
    if gone.is_empty() { Err(none()) } else { Ok(answer(StatusCode::OK, &serde_json::json!({}))) }
}
