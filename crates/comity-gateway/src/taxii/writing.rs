//! POST and DELETE: what is added is shared as the standing request says, and each object is told what became of it.

use super::query::Query;
use super::refusal::Refusal;
use super::resources::{Status, StatusDetail, instant, version};
use super::statuses::Kept;
use super::{Addressed, Client, Door, answer, media};
use crate::work::collections;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use comity_exchange::collect::StandingRequest;
use comity_exchange::ports::{Presence, Store as _, VersionWanted};
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_exchange::shell::Shell as _;
use comity_minimise::bundle_bytes;
use comity_terms::{ExchangeId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

/// What a status says of an object, as far as it reads.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default, borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    modified: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    created: Option<Cow<'a, str>>,
}

/// One object of an envelope.
struct Given<'a> {
    raw: &'a RawValue,
    /// Its id, or its place where it has none.
    id: String,
    /// Its version, as it says; where it says nothing, that of the request.
    version: Option<Timestamp>,
    fate: Option<Fate>,
}

/// What became of an object.
enum Fate {
    Done(Option<String>),
    Failed(String),
    Waits(String),
}

pub(super) async fn add(
    State(door): State<Arc<Door>>,
    client: Client,
    Addressed { collection, .. }: Addressed,
    request: Request,
) -> Result<Response, Refusal> {
    media::sent(request.headers())?;
    writable(&collection)?;
    let body = body(&door, request).await?;
    let envelope = read(&body)?;
    let now = door.gateway.now();
    let mut given: Vec<Given<'_>> = envelope.objects.iter().enumerate().map(head).collect();
    settle_known(&door, &collection, &mut given).await?;
    let exchange = share(&door, &collection, &client, &mut given).await?;
    let status = told(given, now, &door);
    let root = collection.agreement.0.to_string();
    door.statuses.keep(Kept { root, status: status.clone(), exchange }, now);
    Ok(answer(StatusCode::ACCEPTED, &status))
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

fn read(body: &[u8]) -> Result<Envelope<'_>, Refusal> {
    let no_envelope = |why: String| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is no envelope").with_description(why)
    };
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => no_envelope(error.to_string()),
        _ => Refusal::malformed(format!("the body is no JSON: {error}")),
    })?;
    if envelope.objects.is_empty() {
        return Err(no_envelope("`objects`: an envelope of no objects".to_owned()));
    }
    Ok(envelope)
}

fn head<'a>((place, raw): (usize, &&'a RawValue)) -> Given<'a> {
    let head: Option<Head<'_>> = serde_json::from_str(raw.get()).ok();
    let instant = head.as_ref().and_then(|head| head.modified.as_ref().or(head.created.as_ref()));
    let version = instant.and_then(|text| text.parse().ok());
    let id = head.as_ref().and_then(|head| head.id.as_deref());
    Given { raw, id: id.map_or_else(|| format!("objects[{place}]"), str::to_owned), version, fate: None }
}

fn writable(collection: &StandingRequest) -> Result<(), Refusal> {
    if collection.can_write {
        Ok(())
    } else {
        Err(Refusal::new(StatusCode::FORBIDDEN, "nothing is added to this collection"))
    }
}

/// Tells at once what is there already, and what was taken out and is not put there again.
async fn settle_known(
    door: &Door,
    collection: &StandingRequest,
    given: &mut [Given<'_>],
) -> Result<(), Refusal> {
    let gateway = &door.gateway;
    let ids: Vec<&str> = given.iter().map(|given| given.id.as_str()).collect();
    let present = collections::present(gateway, collection.stream(), &ids).await?;
    if present.is_empty() {
        return Ok(());
    }
    let mut by_object: HashMap<_, Vec<Presence>> = HashMap::new();
    for (object, presence) in present {
        by_object.entry(object).or_default().push(presence);
    }
    for given in given {
        let Some(known) = by_object.get(&gateway.tags().object(&given.id)) else { continue };
        let content = gateway.tags().content(given.raw.get().as_bytes());
        for presence in known {
            match presence {
                Presence::Removed { version } if version.is_none() || *version == given.version => {
                    given.fate = Some(Fate::Failed(
                        "it was removed from this collection, and is not added again".to_owned(),
                    ));
                    break;
                }
                // What came from a partner is the partner's: writing goes to it all the same.
                Presence::Here { version, content: had }
                    if collection.partner.0 == gateway.signatory().party
                        && (given.version == Some(*version)
                            || (given.version.is_none() && *had == content)) =>
                {
                    given.fate = Some(Fate::Done(Some("it is here already".to_owned())));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Shares what is left, and notes what became of each object.
async fn share(
    door: &Door,
    collection: &StandingRequest,
    client: &Client,
    given: &mut [Given<'_>],
) -> Result<Option<ExchangeId>, Refusal> {
    let open: Vec<usize> = (0..given.len()).filter(|place| given[*place].fate.is_none()).collect();
    if open.is_empty() {
        return Ok(None);
    }
    let id = door.gateway.with_keys(|_, entropy| ExchangeId::draw(entropy));
    let bytes =
        bundle_bytes(&format!("bundle--{id}"), open.iter().map(|place| given[*place].raw.get().as_bytes()));
    let report = collections::write(&door.gateway, collection, &client.who.officer, bytes).await?;
    for (index, place) in open.iter().enumerate() {
        let fate = fate(&report, index, &given[*place].id);
        given[*place].fate = Some(fate);
    }
    Ok(Some(report.exchange_id.0))
}

/// What became of the object that is number `index` of a shared bundle.
fn fate(report: &ExchangeReport, index: usize, id: &str) -> Fate {
    if let Some(rejected) = report.rejected.iter().find(|rejected| rejected.index == index as u64) {
        return Fate::Failed(rejected.reason.clone());
    }
    let mut changed = Vec::new();
    for withheld in report.withholdings.iter().filter(|withheld| withheld.object == id) {
        if withheld.path.is_empty() {
            return match report.outcome {
                ExchangeOutcome::Escalated => Fate::Waits(waiting(report)),
                _ => Fate::Failed(format!("withheld: {}", withheld.ground)),
            };
        }
        changed.push(format!("{} {}: {}", withheld.path, withheld.treatment, withheld.ground));
    }
    match report.outcome {
        ExchangeOutcome::Refused => Fate::Failed(format!("refused: {}", reasons(report))),
        ExchangeOutcome::Escalated => Fate::Waits(waiting(report)),
        ExchangeOutcome::Queued => {
            Fate::Waits(report.waiting.clone().unwrap_or_else(|| "it waits for the partner".to_owned()))
        }
        ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered => {
            Fate::Done((!changed.is_empty()).then(|| format!("changed: {}", changed.join("; "))))
        }
    }
}

fn waiting(report: &ExchangeReport) -> String {
    format!("it waits for {}", report.waiting.as_deref().unwrap_or("an office"))
}

fn reasons(report: &ExchangeReport) -> String {
    let all: std::collections::BTreeSet<&str> = report
        .decisions
        .iter()
        .flat_map(|decision| decision.reasons.iter().map(|reason| reason.as_str()))
        .collect();
    let all: Vec<&str> = all.into_iter().collect();
    if all.is_empty() { "nothing is left of it".to_owned() } else { all.join(", ") }
}

fn told(given: Vec<Given<'_>>, now: Timestamp, door: &Door) -> Status {
    let id = door.gateway.with_keys(|_, entropy| ExchangeId::draw(entropy));
    let (mut successes, mut failures, mut pendings) = (Vec::new(), Vec::new(), Vec::new());
    let total_count = given.len();
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
    Status {
        id: id.to_string(),
        status: if pendings.is_empty() { "complete" } else { "pending" },
        request_timestamp: instant(now),
        total_count,
        success_count: successes.len(),
        successes,
        failure_count: failures.len(),
        failures,
        pending_count: pendings.len(),
        pendings,
    }
}

pub(super) async fn status(
    State(door): State<Arc<Door>>,
    _: Client,
    Path((root, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let kept = door.statuses.get(&root, &id);
    let Kept { mut status, exchange, .. } =
        kept.ok_or_else(|| Refusal::not_found("no status of that id is kept"))?;
    if let Some(exchange) = exchange.filter(|_| status.pending_count > 0) {
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
    status.status = "complete";
    (status.success_count, status.failure_count) = (status.successes.len(), status.failures.len());
    status.pending_count = 0;
}

pub(super) async fn remove(
    State(door): State<Arc<Door>>,
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
    let gone = collections::remove(&door.gateway, &collection, &client.who.officer, &id, versions).await?;
    if gone == 0 { Err(none()) } else { Ok(answer(StatusCode::OK, &serde_json::json!({}))) }
}
