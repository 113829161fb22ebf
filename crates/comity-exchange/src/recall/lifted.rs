//! A restriction and its end at a holder, whichever arrives first: of what one origin says of an exchange, the later instant
//! counts; an end that names a restriction ends that one.
//!
//! ```text
//! taken   restrict: its row, so that nothing of it is passed on from here on     lift: a row that was lifted from the start
//! done    restrict: lifted at once where an end of it was taken before           lift: every row that it ends
//! ```
//! Each leaves its row with the record of its decision, and looks for the other's afterwards: of two that come at once, on
//! however many nodes, one sees the other. What was lifted stays so.

use super::take::found_order;
use crate::ExchangeError;
use crate::federation::recall::{HopRecords, OrderHeader, RecallAction, TakenHop};
use crate::ports::{ExchangeRow, Recalls as _, Restriction};
use crate::report::ExchangeOutcome;
use crate::shell::Shell;
use comity_terms::{ExchangeId, Timestamp};
use std::collections::BTreeSet;

/// The rows that an order leaves as soon as it is taken, of each exchange that is held.
pub(super) fn marks(taken: &TakenHop, mine: &[ExchangeRow], now: Timestamp) -> Vec<Restriction> {
    let restricts = match taken.order.action {
        RecallAction::Restrict => true,
        RecallAction::Lift if taken.order.party.is_none() => false,
        _ => return Vec::new(),
    };
    let mark = |row: &ExchangeRow| {
        let of = taken.hop.exchanges.iter().find(|exchange| exchange.exchange_id.0 == row.id);
        let named = |of: &HopRecords| {
            let class = of.class.0;
            of.ordinals.clone().into_iter().map(move |ordinal| (class, ordinal))
        };
        let records = of.map_or(Some(BTreeSet::new()), |of| {
            of.records.as_ref().map(|records| records.iter().flat_map(named).collect())
        });
        Restriction {
            exchange: row.id,
            records: if restricts { records } else { Some(BTreeSet::new()) },
            order: taken.order.order_id.0,
            from: now,
            lifted: (!restricts).then_some(now),
        }
    };
    mine.iter().filter(|row| row.outcome == ExchangeOutcome::Delivered).map(mark).collect()
}

/// The exchanges that an order speaks of and that never came. Whoever says to whom something is not passed on withdraws no
/// offer: that may still come.
pub(super) fn absent(taken: &TakenHop, mine: &[ExchangeRow]) -> Vec<ExchangeId> {
    if taken.order.party.is_some() {
        return Vec::new();
    }
    let named = taken.hop.exchanges.iter().map(|exchange| exchange.exchange_id.0);
    named.filter(|id| mine.iter().all(|row| row.id != *id)).collect()
}

/// The row by which an offer that comes after the order about it is known: its sender withdrew it, and it was late.
pub(super) fn called_back(taken: &TakenHop, exchange: ExchangeId, now: Timestamp) -> Restriction {
    let order = taken.order.order_id.0;
    Restriction { exchange, records: Some(BTreeSet::new()), order, from: now, lifted: Some(now) }
}

/// Whether a restriction was lifted before it came: by an order that its origin gave after it, or that names it.
///
/// # Errors
/// [`ExchangeError`] when the store fails.
pub(super) async fn is_lifted_already<W: Shell>(
    world: &W,
    taken: &TakenHop,
    exchange: ExchangeId,
) -> Result<bool, ExchangeError> {
    for row in world.store().restrictions_of(exchange).await? {
        if row.order == taken.order.order_id.0 {
            if row.lifted.is_some() {
                return Ok(true);
            }
        } else if row.lifted.is_some()
            && let Some(end) = found_order(world, row.order).await?
            && end.action == RecallAction::Lift
            && ends(&end, &taken.order)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What an order to lift ends of an exchange, and whether something stands there that is not its origin's to end.
///
/// # Errors
/// [`ExchangeError`] when the store fails.
pub(super) async fn ended_by<W: Shell>(
    world: &W,
    taken: &TakenHop,
    exchange: ExchangeId,
    now: Timestamp,
) -> Result<(Vec<Restriction>, bool), ExchangeError> {
    let (mut ended, mut others) = (Vec::new(), false);
    for row in world.store().restricted(vec![exchange]).await? {
        let known = found_order(world, row.order).await?;
        // What our own law or another's order asked stays.
        let own = |order: &&OrderHeader| {
            order.action == RecallAction::Restrict && order.origin == taken.order.origin
        };
        match known.as_ref().filter(own) {
            Some(order) if ends(&taken.order, order) => {
                ended.push(Restriction { lifted: Some(now), ..row });
            }
            Some(_) => {}
            None => others |= taken.order.lifts.is_none_or(|lifted| lifted.0 == row.order),
        }
    }
    Ok((ended, others))
}

/// Whether one order ends the restriction of another.
fn ends(end: &OrderHeader, restriction: &OrderHeader) -> bool {
    let named = end.lifts.map(|lifted| lifted == restriction.order_id);
    end.origin == restriction.origin && named.unwrap_or(restriction.at < end.at)
}
