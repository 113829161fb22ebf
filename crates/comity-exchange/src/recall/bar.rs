//! Whom data is not passed on to any more: a partner was removed, and those who have the data from here are told so.
//!
//! ```text
//! removed    every exchange that others got of us ──> one order `bar` for each holder and agreement, and those further on
//! later      an offer says itself to whom it is not passed on: by our own word, and by that of those it is from
//! again      it is a partner again ──> `lift`, to whoever was told
//! ```
//! Nobody's law is asked: a bar only tightens, and whether one is lifted is its origin's to say. What is owed of the rest
//! is worked out from what is stored: which exchanges are not barred yet against who is removed, which are barred still
//! against who is not. So a crash in between is made good the next time.

use crate::ExchangeError;
use crate::act::enter;
use crate::federation::recall::{EXCHANGES_MAX, HopExchange, OrderHeader, RecallAction};
use crate::ports::{Bar, ExchangeRow, PeerRemoval, RecallRow, Record, Removals as _, StoreError};
use crate::recall::{first_hop, withdrawn};
use crate::report::ExchangeOutcome;
use crate::shell::Shell;
use crate::wire::{Base64, Text};
use comity_terms::ids::OrderId;
use comity_terms::{Act, PackSlug, Party, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;

/// Exchanges that are looked at once: those of four orders of the largest size.
const ROUND_MAX: u32 = 4 * EXCHANGES_MAX as u32;

/// Tells whoever has data from here to whom it is not passed on, and where it may be again, as far as it is not told; how
/// many orders go out by it.
///
/// # Errors
/// [`ExchangeError`]; what was told stays told, and the rest is told the next time.
pub async fn tell_holders<W: Shell>(world: &W, now: Timestamp) -> Result<usize, ExchangeError> {
    let own = world.signatory().party.clone();
    let mut told = 0;
    for removal in world.store().removals().await? {
        loop {
            let rows = world.store().unbarred(&removal.party, &own, ROUND_MAX).await?;
            let more = rows.len() as u32 == ROUND_MAX;
            for ((peer, agreement), rows) in by_holder(rows) {
                for rows in rows.chunks(EXCHANGES_MAX) {
                    order(world, &removal, (&peer, &agreement), rows, now).await?;
                    told += 1;
                }
            }
            if !more {
                break;
            }
        }
    }
    loop {
        let rows = world.store().barred_in_vain(&own, ROUND_MAX).await?;
        let more = rows.len() as u32 == ROUND_MAX;
        let mut by_party: BTreeMap<Party, (PeerRemoval, Vec<ExchangeRow>)> = BTreeMap::new();
        for (removal, row) in rows {
            let (_, rows) = by_party.entry(removal.party.clone()).or_insert_with(|| (removal, Vec::new()));
            rows.push(row);
        }
        for (removal, rows) in by_party.into_values() {
            for ((peer, agreement), rows) in by_holder(rows) {
                for rows in rows.chunks(EXCHANGES_MAX) {
                    order(world, &removal, (&peer, &agreement), rows, now).await?;
                    told += 1;
                }
            }
        }
        if !more {
            return Ok(told);
        }
    }
}

fn by_holder(rows: Vec<ExchangeRow>) -> BTreeMap<(Party, PackSlug), Vec<ExchangeRow>> {
    let mut by_holder: BTreeMap<(Party, PackSlug), Vec<ExchangeRow>> = BTreeMap::new();
    for row in rows {
        by_holder.entry((row.peer.clone(), row.agreement.clone())).or_default().push(row);
    }
    by_holder
}

/// One order to one holder under one agreement, with our own bars in the same record: that it is not passed on to whoever
/// is removed, or may be again where the removal has ended.
async fn order<W: Shell>(
    world: &W,
    removal: &PeerRemoval,
    (peer, agreement): (&Party, &PackSlug),
    rows: &[ExchangeRow],
    now: Timestamp,
) -> Result<(), ExchangeError> {
    let PeerRemoval { party, reason: ground, .. } = removal;
    let (action, at, stands) = match removal.ended {
        None => (RecallAction::Bar, removal.at, true),
        Some(ended) => (RecallAction::Lift, ended, false),
    };
    let own = &world.signatory().party;
    let id = OrderId::draw(&mut world.entropy());
    let exchanges: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let facts = json!({
        "order": id.to_string(),
        "exchange": exchanges.first(),
        "exchanges": exchanges,
        "agreement": agreement.to_string(),
        "action": action.as_str(),
        "party": party.to_string(),
        "ground": ground.to_string(),
        "to": peer.to_string(),
    });
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| Bar { exchange: row.id, party: party.clone(), origin: own.clone(), at, stands })
        .collect();
    let recorded = enter(world, Act::RecallOrdered, (facts, None), now, |entry| {
        let signed = OrderHeader {
            version: 1,
            order_id: Text(id),
            origin: Text(own.clone()),
            action,
            ground: Text(ground.clone()),
            exchanges: rows.iter().map(|row| Text(row.id)).collect(),
            replaced_by: None,
            lifts: None,
            party: Some(Text(party.clone())),
            facts: Vec::new(),
            at: Text(at),
            due: None,
            entry: Base64(entry.to_bytes().to_vec()),
        }
        .sign(&world.signatory().key);
        let exchanges = rows.iter().map(|row| HopExchange { exchange_id: Text(row.id), records: None });
        let hop = first_hop(world.signatory(), signed, peer, exchanges.collect(), now);
        let message = RecallRow::given(hop, id, peer.clone(), now);
        Record { recalls: vec![message], bars: bars.clone(), ..Record::default() }
    });
    recorded.await.map(drop)
}

/// Ends an offer that waits for who is removed: it goes nowhere any more. One that was answered meanwhile stays so.
///
/// # Errors
/// [`ExchangeError::Store`]; it stays in the outbox.
pub async fn end_offer<W: Shell>(
    world: &W,
    row: &ExchangeRow,
    removal: &PeerRemoval,
    attempts: u32,
) -> Result<bool, ExchangeError> {
    let now = world.now();
    if row.outcome != ExchangeOutcome::Queued {
        return Ok(false);
    }
    let facts = json!({
        "exchange": row.id.to_string(),
        "receiver": row.peer.to_string(),
        "attempts": attempts,
        "ended": "removed",
        "removed_at": removal.at.to_string(),
        "reason": removal.reason.to_string(),
    });
    let (settled, exchanges) = withdrawn(row, now);
    let change = |_| Record { settled: settled.clone(), exchanges: exchanges.clone(), ..Record::default() };
    match enter(world, Act::ExchangeAbandoned, (facts, Some(row.id)), now, change).await {
        Ok(_) => Ok(true),
        Err(ExchangeError::Store(StoreError::Conflict(_))) => Ok(false),
        Err(error) => Err(error),
    }
}
