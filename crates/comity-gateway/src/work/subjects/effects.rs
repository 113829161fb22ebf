//! What follows where a person's request is upheld, beyond the records here: orders to partners are sent, what was put right
//! is given to them again, a restriction is lifted, and what used the old value is listed.

use super::known_request;
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use crate::work::{manage, officers, recall, share};
use comity_exchange::ExchangeError;
use comity_exchange::audit::replay::read as read_decision;
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{Recalls as _, SealedSegment, SegmentKind, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{Decided, Lifting, OrderedThere, lift as lifted};
use comity_terms::ids::RequestId;
use comity_terms::{Asserter, ExchangeId, Facts, Family, ReasonCode, Timestamp};
use comity_tlog::LeafIndex;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tries at once to send what was ordered of partners; what does not go waits, as every order does.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub(super) async fn send(gateway: &Gateway, ordered: &[OrderedThere]) -> Result<(), GatewayError> {
    for row in ordered.iter().filter_map(|there| there.row.clone()) {
        recall::send(gateway, row).await?;
    }
    Ok(())
}

/// Gives what was put right here to the partners that got the wrong: a share of its own, decided as every one, and then the
/// order that the wrong is erased for it. Partners keep the wrong restricted until then. What is told of each exchange: what
/// came of it, for the officer.
///
/// # Errors
/// [`GatewayError`] when the store fails; what the laws refuse is told.
pub(super) async fn give_again(
    gateway: &Arc<Gateway>,
    officer: &str,
    decided: &Decided,
) -> Result<Vec<Json>, GatewayError> {
    let own = &gateway.signatory().party;
    let objects: Vec<&[u8]> = decided
        .corrected
        .iter()
        .filter(|record| record.was.stream.as_ref().is_some_and(|stream| stream.partner == *own))
        .map(|record| record.given.as_slice())
        .collect();
    let mut told = Vec::new();
    if decided.corrected.is_empty() {
        return Ok(told);
    }
    for there in decided.ordered.iter().filter(|there| there.refused.is_empty()) {
        let exchange = there.order.exchange.0;
        let outcome = match objects.as_slice() {
            [] => {
                json!({ "why": "what is right is not held here: give it, then `comity recall --action correct --by`" })
            }
            objects => replaced(gateway, officer, there, objects).await?,
        };
        told.push(
            json!({ "exchange": exchange.to_string(), "to": there.to.to_string(), "given_again": outcome }),
        );
    }
    Ok(told)
}

async fn replaced(
    gateway: &Arc<Gateway>,
    officer: &str,
    there: &OrderedThere,
    objects: &[&[u8]],
) -> Result<Json, GatewayError> {
    let exchange = there.order.exchange.0;
    let Some(row) = gateway.store().exchange(exchange).await? else { return Ok(Json::Null) };
    let Some((activity, purpose)) = asked_for(gateway, exchange).await? else {
        return Ok(json!({ "why": "nobody can read any more what it was given for" }));
    };
    let order = share::Order {
        bundle: Arc::new(bundle(objects)),
        officer: officer.to_owned(),
        under: row.agreement,
        to: row.peer,
        activity,
        purpose,
        facts: Vec::new(),
        attestations: Vec::new(),
        assume_in_force: false,
        added: None,
        once: None,
    };
    let report = match share::share(gateway, order).await {
        Ok(report) => report,
        Err(GatewayError::Input(why)) => return Ok(json!({ "why": why })),
        Err(error) => return Err(error),
    };
    let right = report.exchange_id.0;
    let mut said = json!({ "exchange_id": right.to_string(), "outcome": report.outcome.as_str() });
    use ExchangeOutcome::{Delivered, PartlyDelivered, Queued};
    if !matches!(report.outcome, Delivered | PartlyDelivered | Queued) {
        return Ok(said);
    }
    // The wrong ones end for it; the restriction that kept them ends with the order after.
    let records = records_of(gateway, there).await?;
    let step = |action, replaced_by, lifts| recall::Order {
        exchange,
        officer: officer.to_owned(),
        action,
        records: records.clone(),
        lifts,
        replaced_by,
        ground: ground("found_inaccurate"),
        facts: Vec::new(),
    };
    let (corrected, _) = recall::order(gateway, &step(RecallAction::Correct, Some(right), None)).await?;
    let restricted = Some(there.order.order.0);
    let (lifted, _) = recall::order(gateway, &step(RecallAction::Lift, None, restricted)).await?;
    said["orders"] = json!([corrected.to_string(), lifted.to_string()]);
    Ok(said)
}

async fn records_of(
    gateway: &Gateway,
    there: &OrderedThere,
) -> Result<Option<Vec<comity_exchange::federation::recall::HopRecords>>, GatewayError> {
    use comity_exchange::federation::recall::TakenHop;
    let rows = gateway.store().recalls(Some(there.order.order.0)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (hop, _) = TakenHop::stored(&row.header)?;
    Ok(hop.exchanges.into_iter().next().and_then(|exchange| exchange.records))
}

fn bundle(objects: &[&[u8]]) -> Vec<u8> {
    let id = comity_terms::ids::SegmentId::draw(&mut OsEntropy);
    let mut out = format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[").into_bytes();
    for (place, object) in objects.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(object);
    }
    out.extend_from_slice(b"]}");
    out
}

fn ground(word: &'static str) -> ReasonCode {
    // Unwrap safety: each is a word of the vocabulary, which a test of the exchange room holds.
    word.parse().unwrap_or_else(|_| unreachable!("`{word}` is a word"))
}

/// For which activity and purpose something was sent, as the opening of its entry tells.
async fn asked_for(
    gateway: &Gateway,
    exchange: ExchangeId,
) -> Result<Option<(comity_terms::Activity, comity_terms::Purpose)>, GatewayError> {
    for id in gateway.store().segments(exchange).await? {
        let Some(segment) = gateway.store().segment(id).await? else { continue };
        if segment.kind != SegmentKind::Opening {
            continue;
        }
        let opening = gateway.with_keys(|keys| gateway.signatory().open_opening(&segment, keys))?;
        let Some(opening) = opening else { continue };
        let Some(asked) = read_decision(opening.content()).ok().flatten().and_then(|decision| decision.asked)
        else {
            continue;
        };
        let word = |key: &str| {
            let (_, fact) = asked.facts.iter().find(|(name, _)| name.0.as_str() == key)?;
            fact.value.as_str().map(ToOwned::to_owned)
        };
        if let (Some(activity), Some(purpose)) = (word("activity"), word("purpose"))
            && let (Ok(activity), Ok(purpose)) = (activity.parse(), purpose.parse())
        {
            return Ok(Some((activity, purpose)));
        }
    }
    Ok(None)
}

/// Ends what a request restricts, here and at partners, as an officer orders.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may order it, the request restricts nothing, the ground is no word, or the
/// law asks that the person be told before; nothing happened then.
pub async fn lift(
    gateway: &Gateway,
    number: RequestId,
    officer: &str,
    (ground, person_informed): (&ReasonCode, bool),
) -> Result<Json, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    if !manage::is_reason(ground)? {
        return Err(GatewayError::Input(format!("`{ground}` is no reason that the vocabulary knows")));
    }
    let row = known_request(gateway, number).await?;
    let now = gateway.now();
    let text = format!("lift\n{number}\n{ground}\n{person_informed}\n{now}\n");
    let by = acting.signed(&text);
    let mut facts = Facts::new();
    facts.know("training_valid", true, Asserter::Gateway);
    let lifting = Lifting { ground: ground.clone(), person_informed, facts, by };
    let done = {
        let _one = gateway.sweeping().lock().await;
        lifted(gateway, row, &lifting, now).await
    };
    let (row, ordered) = done.map_err(|error| match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    })?;
    send(gateway, &ordered).await?;
    Ok(json!({
        "number": number.to_string(),
        "lifted_at": row.detail.lifted.map(|at| at.0.to_string()),
        "ordered": ordered.iter().map(ordered_json).collect::<Json>(),
    }))
}

/// An order to a partner as it is printed.
#[must_use]
pub fn ordered_json(there: &OrderedThere) -> Json {
    json!({
        "order": there.order.order.0.to_string(),
        "exchange": there.order.exchange.0.to_string(),
        "to": there.to.to_string(),
        "action": there.order.action.as_str(),
        "refused": there.refused,
    })
}

/// Entries that are looked at together.
const BATCH_ENTRIES: u32 = 256;

/// What used records before they were put right for a request (C58): every decision of this log that read them, and every
/// exchange that was made of them; for people to look at again. The log is read from where the first of them came in: before
/// that nobody can have used it.
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn corrected(gateway: &Gateway, number: RequestId) -> Result<Json, GatewayError> {
    let row = known_request(gateway, number).await?;
    let (Some(until), of) = (row.decided_at, row.detail.corrected) else {
        return Err(GatewayError::Input(format!("request {number} waits: nothing was put right for it yet")));
    };
    let of: BTreeSet<String> = of.iter().map(|exchange| exchange.0.to_string()).collect();
    let (mut first, mut passed) = (LeafIndex(u64::MAX), BTreeSet::new());
    for exchange in of.iter().filter_map(|id| id.parse::<ExchangeId>().ok()) {
        if let Some((_, integrated)) = gateway.store().exchange_integrated(exchange).await? {
            first = first.min(integrated.index);
        }
        let derived = gateway.store().derived_from(exchange).await?.into_iter();
        passed.extend(derived.map(|one| one.given.exchange).filter(|given| *given != exchange));
    }
    let mut used = Vec::new();
    if !of.is_empty() {
        each(gateway, first, |index, told| {
            let facts = &told["facts"];
            let names = |id: &Json| id.as_str().is_some_and(|id| of.contains(id));
            let reads = facts["of"].as_array().is_some_and(|all| all.iter().any(names));
            let at: Option<Timestamp> = told["at"].as_str().and_then(|at| at.parse().ok());
            if reads && at.is_none_or(|at| at <= until) {
                used.push(json!({
                    "entry": index,
                    "act": told["act"],
                    "at": told["at"],
                    "purpose": facts["purpose"],
                    "reader": facts["reader"],
                }));
            }
        })
        .await?;
    }
    Ok(json!({
        "number": number.to_string(),
        "exchanges": of,
        "decisions": used,
        "derived": passed.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

/// Every entry of the family `exchange` from `from` on whose opening can be read, with its index.
async fn each(
    gateway: &Gateway,
    mut from: LeafIndex,
    mut see: impl FnMut(u64, Json),
) -> Result<(), GatewayError> {
    loop {
        let batch = gateway.store().logged(from, BATCH_ENTRIES).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        from = LeafIndex(last.index.0 + 1);
        for logged in batch.iter().filter(|logged| logged.entry.family() == Family::Exchange) {
            let open = |segment: &SealedSegment| {
                gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys))
            };
            let opening = logged.opening.as_ref().map_or(Ok(None), open)?;
            let told = opening.and_then(|opening| serde_json::from_slice(opening.content()).ok());
            told.into_iter().for_each(|told| see(logged.index.0, told));
        }
    }
}
