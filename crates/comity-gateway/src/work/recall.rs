//! Orders that data be erased or restricted wherever it went: given by officers, sent until they are answered, and shown
//! with what every holder did.

use super::{manage, officers, share};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::ExchangeError;
use comity_exchange::disclose::Because;
use comity_exchange::federation::recall::{
    Answered, HopRecords, Known, Onward, OrderHeader, RecallAction, TakenHop,
};
use comity_exchange::ports::{RecallRow, Recalls as _, Record, Store as _, StoreError, Uses as _, Way};
use comity_exchange::recall::{Given, Giving, Heard, claim, deliver, give, heard, keys_of};
use comity_exchange::shell::{Lent, Shell as _};
use comity_terms::ids::OrderId;
use comity_terms::{Act, Asserter, ExchangeId, FactKey, Family, Party, ReasonCode, Timestamp};
use comity_tlog::LeafIndex;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// What an officer orders.
#[derive(Debug, Clone)]
pub struct Order {
    /// The exchange: one that this gateway gave.
    pub exchange: ExchangeId,
    /// The officer.
    pub officer: String,
    /// What is to become of it.
    pub action: RecallAction,
    /// Which of its records; `None`: all of them.
    pub records: Option<Vec<HopRecords>>,
    /// The restriction that is lifted, where it is not every one of this gateway.
    pub lifts: Option<OrderId>,
    /// The exchange that has it right, for a correction.
    pub replaced_by: Option<ExchangeId>,
    /// Why, in the vocabulary's words.
    pub ground: ReasonCode,
    /// Facts that the officer states. Where there are none, that it should not have gone or is wrong.
    pub facts: Vec<(FactKey, String)>,
}

/// The fact that whoever calls data back states, unless others are stated.
const WRONG: &str = "wrong_data_sent";

/// What whoever corrects states beside it.
const INACCURATE: &str = "inaccuracy_proven";

/// The most messages that one round sends.
const ROUND_MAX: u32 = 64;

/// The keys of a party that is a partner here.
#[must_use]
pub fn known(gateway: &Gateway, party: &Party) -> Option<Known> {
    if *party == gateway.signatory().party {
        let signatory = gateway.signatory();
        return Some(Known { party: signatory.key.verifier(), log: signatory.log.clone() });
    }
    gateway.known_peer(party).ok().and_then(|peer| keys_of(&peer).ok())
}

/// When no copy of what is erased at `now` opens any more, at the latest, UTC.
#[must_use]
pub fn destroyed_by(gateway: &Gateway, now: Timestamp) -> Timestamp {
    let settings = gateway.settings();
    now.checked_add(settings.destroy_after + settings.sweep_every).unwrap_or(Timestamp::MAX)
}

/// Gives an order, and tries at once to send it.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may order it, the exchange is none that this gateway gave, or a word is
/// none of the vocabulary; nothing happened then.
pub async fn order(gateway: &Gateway, order: &Order) -> Result<(OrderId, Given), GatewayError> {
    let acting = officers::deciding(gateway, &order.officer).await?;
    let at = gateway.now();
    if !manage::is_reason(&order.ground)? {
        return Err(GatewayError::Input(format!(
            "`{}` is no reason that the vocabulary knows",
            order.ground
        )));
    }
    let row = gateway.store().exchange(order.exchange).await?;
    let row =
        row.ok_or_else(|| GatewayError::Input(format!("no exchange {} is recorded here", order.exchange)))?;
    let lent = gateway.laws(&row.agreement, &row.peer).ok_or_else(|| {
        GatewayError::Input(format!("`{}` is not adopted here; `comity law adopt {0}`", row.agreement))
    })?;
    let id = OrderId::draw(&mut OsEntropy);
    let (exchange, action, ground) = (order.exchange, order.action.as_str(), &order.ground);
    let right = order.replaced_by.map_or_else(String::new, |right| right.to_string());
    let text = format!("recall\n{id}\n{exchange}\n{action}\n{right}\n{ground}\n{at}\n");
    let facts = stated(order, &lent)?;
    let giving = Giving {
        order: id,
        exchange,
        records: order.records.clone(),
        action: order.action,
        lifts: order.lifts,
        replaced_by: order.replaced_by,
        ground: order.ground.clone(),
        by: acting.ordered(&text, &facts, &lent.laws.vocabulary),
        facts,
        at,
    };
    let given = give(gateway, &giving).await.map_err(input)?;
    if let Some(row) = &given.row {
        send(gateway, row.clone()).await?;
    }
    Ok((id, given))
}

fn input(error: ExchangeError) -> GatewayError {
    match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    }
}

fn stated(order: &Order, lent: &Lent) -> Result<comity_terms::Facts, GatewayError> {
    share::assertable_by_officer(&order.facts, lent)?;
    let mut facts = share::stated_by_officer(&order.facts, lent)?;
    if facts.is_empty() {
        let inaccurate = (order.action == RecallAction::Correct).then_some(INACCURATE);
        for key in [WRONG].into_iter().chain(inaccurate) {
            let key = FactKey::new(key).map_err(|error| GatewayError::Broken(error.to_string()))?;
            facts.state(key, true, Asserter::Officer);
        }
    }
    // Who is not trained did not come this far.
    share::known_training(&mut facts, true)?;
    Ok(facts)
}

/// Sends every message that is due, once.
///
/// # Errors
/// [`GatewayError`] when the store fails; a partner that does not answer is no error.
pub async fn once(gateway: &Gateway) -> Result<(), GatewayError> {
    let now = gateway.now();
    let mut unreached: BTreeSet<Party> = BTreeSet::new();
    for row in gateway.store().recalls_due(now, ROUND_MAX).await? {
        if unreached.contains(&row.peer) {
            // It is due still, and is tried when the partner's first one is.
            continue;
        }
        let party = row.peer.clone();
        let Some(claimed) = claim(gateway, row, now).await? else { continue };
        let order = claimed.order;
        match send(gateway, claimed).await {
            Ok(Some(Because::Unreached)) => _ = unreached.insert(party),
            Ok(_) => {}
            // The others go on; this one is tried again when its claim runs out.
            Err(error) => tracing::error!(%order, %party, %error, "an order could not be sent"),
        }
    }
    Ok(())
}

/// Makes every message that waits due now: a process before this one may have ended while it had claimed some. Where another
/// node is sending one still, it is sent twice and answered alike.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn take_up(gateway: &Gateway) -> Result<(), GatewayError> {
    let now = gateway.now();
    let open = gateway.store().recalls_open().await?.into_iter();
    for row in open.filter(|row| row.way == Way::Given && row.next_at > now) {
        let due = RecallRow { version: row.version + 1, next_at: now, ..row };
        match gateway.store().record(Record { recalls: vec![due], ..Record::default() }).await {
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Asks a partner again for every answer that it gave: its log or its keys are others now. One that was restored may have
/// lost what it did, and does it again; one that was not answers as before, with receipts of its log as it is now.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn ask_again(gateway: &Gateway, party: &Party) -> Result<(), GatewayError> {
    let now = gateway.now();
    let rows = gateway.store().recalls(None).await?;
    for row in rows.into_iter().filter(|row| row.way == Way::Given && row.peer == *party) {
        let asked = RecallRow { version: row.version + 1, complete: false, attempts: 0, next_at: now, ..row };
        match gateway.store().record(Record { recalls: vec![asked], ..Record::default() }).await {
            // A try that is under way asks it now.
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Sends a claimed message; what keeps it waiting, where it goes on doing so.
pub(super) async fn send(gateway: &Gateway, row: RecallRow) -> Result<Option<Because>, GatewayError> {
    let (order, party) = (row.order, row.peer.clone());
    // Also to one that is removed: what it holds is still to be erased.
    let peer = gateway.known_peer(&party)?;
    let heard = deliver(gateway, row, &peer, &|party| known(gateway, party)).await?;
    gateway.counts().reached(&party, matches!(heard, Heard::Answered(_)));
    match heard {
        Heard::Answered(answered) => {
            tracing::info!(%order, %party, complete = answered.is_complete(), "an order was answered");
            Ok(None)
        }
        Heard::Waiting { why, because } => {
            match because {
                Because::Unreached => tracing::info!(%order, %party, "an order's holder is not reached"),
                Because::Misbehaved(kind) => {
                    gateway.counts().misbehaved();
                    tracing::warn!(%order, %party, kind = kind.as_str(), "a holder's answer is none");
                }
                Because::NotReady => tracing::warn!(%order, %party, %why, "an order is not answered"),
            }
            if because != Because::Unreached {
                // It may have moved on while we waited: its new keys serve the next try.
                let _ = manage::hear_from(gateway, &peer).await;
            }
            Ok(Some(because))
        }
    }
}

/// An order as this gateway knows it.
#[derive(Debug, Clone)]
pub struct KnownOrder {
    /// What its origin signed.
    pub order: OrderHeader,
    /// The messages, in the order of time.
    pub rows: Vec<RecallRow>,
}

/// Every order, or one of them, the oldest first.
///
/// # Errors
/// [`GatewayError`] when the store fails or what it holds does not read.
pub async fn orders(gateway: &Gateway, one: Option<OrderId>) -> Result<Vec<KnownOrder>, GatewayError> {
    let mut orders: Vec<KnownOrder> = Vec::new();
    for row in gateway.store().recalls(one).await? {
        match orders.iter_mut().find(|known| known.order.order_id.0 == row.order) {
            Some(known) => known.rows.push(row),
            None => {
                let (_, order) = TakenHop::stored(&row.header)?;
                orders.push(KnownOrder { order, rows: vec![row] });
            }
        }
    }
    Ok(orders)
}

/// An order as it is printed: what was ordered, and what each holder that is known of did.
#[must_use]
pub fn order_json(gateway: &Gateway, known: &KnownOrder, now: Timestamp) -> Json {
    let order = &known.order;
    let open: Vec<&RecallRow> = known.rows.iter().filter(|row| !row.complete).collect();
    let state = match () {
        () if open.iter().any(|row| row.is_overdue(now)) => "overdue",
        () if !open.is_empty() => "open",
        () => "complete",
    };
    let mut holders = Vec::new();
    for row in known.rows.iter().filter(|row| row.way == Way::Given) {
        holder(gateway, row, now, &mut holders);
    }
    let here = known.rows.iter().filter(|row| row.way == Way::Taken).flat_map(taken_here);
    json!({
        "order_id": order.order_id.0.to_string(),
        "origin": order.origin.0.to_string(),
        "action": order.action.as_str(),
        "ground": order.ground.0.to_string(),
        "replaced_by": order.replaced_by.map(|right| right.0.to_string()),
        "exchanges": order.exchanges.iter().map(|exchange| exchange.0.to_string()).collect::<Vec<_>>(),
        "at": order.at.0.to_string(),
        "due": known.rows.iter().filter_map(|row| row.due).min().map(|due| due.to_string()),
        "state": state,
        "here": here.collect::<Vec<_>>(),
        "holders": holders,
    })
}

/// What this gateway itself did by a message that came in.
fn taken_here(row: &RecallRow) -> Vec<Json> {
    let answer = row.answer.as_deref().and_then(|kept| kept.get(64..));
    let answer: Option<comity_exchange::federation::recall::RecallAnswerHeader> =
        answer.and_then(|header| serde_json::from_slice(header).ok());
    answer.map(|answer| answer.results.iter().map(result_json).collect()).unwrap_or_default()
}

/// What a holder did, and those after it: each verified again.
fn holder(gateway: &Gateway, row: &RecallRow, now: Timestamp, holders: &mut Vec<Json>) {
    let answered = row.answer.as_deref().map(|bytes| {
        let peer = gateway.known_peer(&row.peer)?;
        Ok::<_, GatewayError>(heard(row, &peer, bytes, &|party| known(gateway, party))?)
    });
    match answered {
        Some(Ok(answered)) => answer_json(&answered, &[], now, holders),
        Some(Err(error)) => holders.push(json!({
            "holder": row.peer.to_string(), "via": [], "state": "unverified", "why": error.to_string(),
        })),
        None => holders.push(waiting_json(&row.peer, &[], row.due, now)),
    }
}

fn waiting_json(party: &Party, via: &[String], due: Option<Timestamp>, now: Timestamp) -> Json {
    let overdue = due.is_some_and(|due| now > due);
    json!({
        "holder": party.to_string(),
        "via": via,
        "state": if overdue { "overdue" } else { "open" },
        "due": due.map(|due| due.to_string()),
    })
}

fn answer_json(answered: &Answered, via: &[String], now: Timestamp, holders: &mut Vec<Json>) {
    let header = &answered.header;
    holders.push(json!({
        "holder": header.holder.0.to_string(),
        "via": via,
        "state": "answered",
        "at": header.at.0.to_string(),
        "results": header.results.iter().map(result_json).collect::<Vec<_>>(),
        "destroyed_by": header.destroyed_by.map(|by| by.0.to_string()),
        "receipt": {
            "origin": answered.receipt.checkpoint().checkpoint().origin(),
            "index": answered.receipt.index().0,
            "tree_size": answered.receipt.checkpoint().checkpoint().size().0,
        },
    }));
    let via: Vec<String> = via.iter().cloned().chain([header.holder.0.to_string()]).collect();
    for Onward { party, due, answer } in &answered.onward {
        match answer {
            Some(answer) => answer_json(answer, &via, now, holders),
            None => holders.push(waiting_json(party, &via, *due, now)),
        }
    }
}

fn result_json(result: &comity_exchange::federation::recall::ExchangeResult) -> Json {
    json!({
        "exchange_id": result.exchange_id.0.to_string(),
        "result": result.result.as_str(),
        "records": result.records,
        "reasons": result.reasons,
        "escalate_to": result.escalate_to.iter().map(|office| office.0.to_string()).collect::<Vec<_>>(),
        "citations": result.citations,
    })
}

/// What made use of data before an order about it came: reads that were recorded, by their entries, and exchanges that
/// passed it on. For people to look at again (C58).
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn uses(gateway: &Gateway, known: &KnownOrder) -> Result<Json, GatewayError> {
    let mut of = BTreeSet::new();
    let mut passed = BTreeSet::new();
    for row in known.rows.iter().filter(|row| row.way == Way::Taken) {
        let (hop, _) = TakenHop::stored(&row.header)?;
        for exchange in hop.exchanges {
            let id = exchange.exchange_id.0;
            of.insert(id.to_string());
            let derived = gateway.store().derived_from(id).await?;
            passed.extend(derived.into_iter().map(|derived| derived.given.exchange.to_string()));
        }
    }
    let mut read: BTreeMap<u64, Json> = BTreeMap::new();
    // What was recorded before uses had rows is in its entries alone.
    if !of.is_empty() {
        let until = gateway.store().used_from().await?;
        let mut from = LeafIndex(0);
        while from < until {
            let batch = gateway.store().logged(from, BATCH_ENTRIES).await?;
            let Some(last) = batch.last() else { break };
            from = LeafIndex(last.index.0 + 1);
            let early = batch.iter().filter(|logged| logged.index < until);
            for logged in early.filter(|logged| logged.entry.family() == Family::Exchange) {
                let Some(segment) = &logged.opening else { continue };
                let opened = gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys))?;
                read.extend(opened.and_then(|opening| read_of(opening.content(), &of)).map(|mut used| {
                    used["entry"] = logged.index.0.into();
                    (logged.index.0, used)
                }));
            }
        }
    }
    for id in of.iter().filter_map(|id| id.parse().ok()) {
        for used in gateway.store().used(id, u32::MAX).await? {
            let told = json!({
                "entry": used.entry.0,
                "at": used.at.to_string(),
                "purpose": used.purpose.to_string(),
                "reader": used.reader,
            });
            read.insert(used.entry.0, told);
        }
    }
    let read: Vec<Json> = read.into_values().collect();
    Ok(json!({ "read": read, "passed_on": passed }))
}

/// What an opening tells of a read of records of these exchanges; `None` when it is of none.
fn read_of(content: &[u8], of: &BTreeSet<String>) -> Option<Json> {
    let told: Json = serde_json::from_slice(content).ok()?;
    let facts = &told["facts"];
    let used = facts["of"].as_array()?.iter().any(|id| id.as_str().is_some_and(|id| of.contains(id)));
    let purpose = || json!({ "at": told["at"], "purpose": facts["purpose"], "reader": facts["reader"] });
    (used && told["act"] == Act::RecordsUsed.as_str()).then(purpose)
}

/// Entries that are looked at together.
const BATCH_ENTRIES: u32 = 256;

/// How many messages wait for an answer, and how many of them are overdue, as their partner's and as what came here.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn standing(gateway: &Gateway, now: Timestamp) -> Result<(u64, u64), StoreError> {
    let open = gateway.store().recalls_open().await?;
    let overdue = open.iter().filter(|row| row.is_overdue(now)).count();
    Ok((open.len() as u64, overdue as u64))
}
