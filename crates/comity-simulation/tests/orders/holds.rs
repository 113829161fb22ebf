//! What must be so at each gateway when all is calm, in whichever order the orders came:
//!
//! 1. every order that was recorded is answered, by every holder, with an entry that is proved;
//! 2. `completed` or `not_found` of an order that erases: nothing that it names is held there any more, whatever came later;
//! 3. `restricted` of one: what it names is gone by now, or nobody uses it;
//! 4. what no order that erases names and no person had erased is there, every record of it: nothing vanishes;
//! 5. what is held from erasure is there, whatever was ordered meanwhile, and whatever a clock says;
//! 6. what is restricted was ordered to be and not lifted since by its origin, and the other way round;
//! 7. every order was passed on to whoever had what it names from here;
//! 8. every request is answered, and whatever went on to a partner is.

use comity_exchange::federation::recall::{
    HopExchange, OrderHeader, RecallAction, RecallAnswerHeader, RecallResult, TakenHop,
};
use comity_exchange::ports::{
    ExchangeRow, Holds as _, RecallRow, Recalls as _, RecordName, RequestRow, Store as _, StoreError,
    Subjects as _, Way,
};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_simulation::clockwork::at_once;
use comity_simulation::gateway::Gateway;
use comity_terms::ExchangeId;
use comity_terms::ids::{ClassId, OrderId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an order named here, and what became of it.
struct Named {
    row: RecallRow,
    order: OrderHeader,
    exchange: ExchangeId,
    records: Records,
    result: RecallResult,
}

/// Records of one exchange, by class and place; `None`: all of them.
struct Records(Option<BTreeSet<(ClassId, u32)>>);

impl Records {
    fn of(exchange: &HopExchange) -> Self {
        Self(exchange.records.as_ref().map(|of| {
            let places = of.iter().flat_map(|of| of.ordinals.iter().map(|ordinal| (of.class.0, *ordinal)));
            places.collect()
        }))
    }

    fn names(&self, class: ClassId, ordinal: u32) -> bool {
        self.0.as_ref().is_none_or(|all| all.contains(&(class, ordinal)))
    }
}

fn named(row: &RecallRow) -> Result<Vec<Named>, String> {
    let (hop, order) = TakenHop::stored(&row.header).map_err(|error| error.to_string())?;
    let answer = row.answer.as_deref().and_then(|kept| kept.get(64..)).ok_or("taken, and not answered")?;
    let answer: RecallAnswerHeader = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let all = hop.exchanges.iter().zip(&answer.results).map(|(exchange, result)| Named {
        row: row.clone(),
        order: order.clone(),
        exchange: exchange.exchange_id.0,
        records: Records::of(exchange),
        result: result.result,
    });
    Ok(all.collect())
}

fn failed(error: StoreError) -> String {
    error.to_string()
}

/// The invariants, at one gateway; how many orders it took, and how many requests it answered.
pub(crate) fn at(gateway: &Arc<Gateway>) -> Result<(usize, usize), String> {
    let store = gateway.store().inner();
    let rows = at_once(store.recalls(None)).map_err(failed)?;
    if let Some(open) = rows.iter().find(|row| row.way == Way::Given && !row.complete) {
        return Err(format!("1: an order is not answered: {open:?}"));
    }
    let mut all: Vec<Named> = Vec::new();
    for row in rows.iter().filter(|row| row.way == Way::Taken) {
        all.extend(named(row)?);
    }
    let requests = at_once(store.requests(true)).map_err(failed)?;
    asked(&requests)?;
    let mut by_exchange: BTreeMap<ExchangeId, Vec<&Named>> = BTreeMap::new();
    for one in &all {
        by_exchange.entry(one.exchange).or_default().push(one);
    }
    let received: Vec<ExchangeRow> = {
        let ledger = gateway.disk.faults.ledger();
        let kept =
            |row: &&ExchangeRow| row.side == Side::Receiver && row.outcome == ExchangeOutcome::Delivered;
        ledger.exchanges.values().filter(kept).cloned().collect()
    };
    for row in received {
        let orders = by_exchange.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        exchange(gateway, &row, orders, &requests)?;
        passed_on(gateway, orders, &rows)?;
    }
    Ok((all.len(), requests.len()))
}

/// 2 to 6, of one exchange that was received.
fn exchange(
    gateway: &Gateway,
    row: &ExchangeRow,
    orders: &[&Named],
    requests: &[RequestRow],
) -> Result<(), String> {
    let store = gateway.store().inner();
    let held = at_once(store.held_of(row.id, false, 1_000)).map_err(failed)?;
    let restricted = at_once(store.restricted(vec![row.id])).map_err(failed)?;
    let holds = at_once(store.holds_of(vec![row.id])).map_err(failed)?;
    let erasing: Vec<&&Named> = orders.iter().filter(|one| one.order.action.erases()).collect();
    for one in &erasing {
        let left = held.iter().filter_map(|record| record.name());
        let left = left.filter(|record| one.records.names(record.class, record.ordinal)).count();
        match one.result {
            RecallResult::Completed | RecallResult::NotFound if left > 0 => {
                return Err(format!("2: {left} of {} are held after {:?}", row.id, one.row));
            }
            RecallResult::Restricted if left > 0 && restricted.is_empty() => {
                return Err(format!("3: {} is used after {:?}", row.id, one.row));
            }
            _ => {}
        }
    }
    let erased = erasing.iter().any(|one| one.result != RecallResult::Refused);
    let by_person = requests.iter().any(|request| request.action.as_str() == "erasure_request");
    if !erased && !by_person && held.len() as u64 != row.objects {
        return Err(format!("4: {} of {} records of {} are there", held.len(), row.objects, row.id));
    }
    if holds.iter().any(|hold| hold.stands(gateway.now())) && held.is_empty() {
        return Err(format!("5: {} is held from erasure, and is gone", row.id));
    }
    let restricts = |one: &&&Named| {
        let erases = one.order.action.erases() && one.result == RecallResult::Restricted;
        let stands = || orders.iter().all(|other| !ends(&other.order, &one.order));
        let asked = one.order.action == RecallAction::Restrict && one.result == RecallResult::Completed;
        let names = held.iter().filter_map(|record| record.name());
        let left = names.filter(|name| one.records.names(name.class, name.ordinal)).count() > 0;
        left && (erases || asked && stands())
    };
    let wanted: BTreeSet<OrderId> = orders.iter().filter(restricts).map(|one| one.order.order_id.0).collect();
    // A person's own restriction bears the number of their request.
    let persons: BTreeSet<OrderId> =
        requests.iter().filter_map(|request| OrderId::from_bytes(*request.id.as_bytes())).collect();
    let stands: BTreeSet<OrderId> = restricted
        .iter()
        .filter(|one| {
            held.iter().filter_map(|record| record.name()).any(|name| {
                one.records.as_ref().is_none_or(|records| records.contains(&(name.class, name.ordinal)))
            })
        })
        .map(|one| one.order)
        .filter(|order| !persons.contains(order))
        .collect();
    if stands != wanted {
        return Err(format!("6: of {} {stands:?} restrict, and {wanted:?} were to", row.id));
    }
    Ok(())
}

/// Whether an order lifts a restriction: its origin's, given later.
fn ends(end: &OrderHeader, restriction: &OrderHeader) -> bool {
    let lifts = end.action == RecallAction::Lift && end.party.is_none();
    let named = end.lifts.map(|lifted| lifted == restriction.order_id);
    lifts && end.origin == restriction.origin && named.unwrap_or(restriction.at < end.at)
}

/// 7: what had been given to others of an exchange that orders name is named by messages under the same orders.
fn passed_on(gateway: &Gateway, orders: &[&Named], rows: &[RecallRow]) -> Result<(), String> {
    let store = gateway.store().inner();
    for one in orders {
        for derived in at_once(store.derived_from(one.exchange)).map_err(failed)? {
            let RecordName { exchange, class, ordinal } = derived.given;
            let given = at_once(store.exchange(exchange)).map_err(failed)?.ok_or("a lost exchange")?;
            // What was given later was given though the order was known: its restriction had ended.
            if !one.records.names(derived.source.class, derived.source.ordinal) || given.at > one.row.at {
                continue;
            }
            let received =
                matches!(given.outcome, ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered);
            let mut told = false;
            let under = rows.iter().filter(|row| row.way == Way::Given && row.order == one.row.order);
            for row in under {
                let (hop, _) = TakenHop::stored(&row.header).map_err(|error| error.to_string())?;
                let mut named = hop.exchanges.iter().filter(|named| named.exchange_id.0 == exchange);
                told |= named.any(|named| Records::of(named).names(class, ordinal));
            }
            if received && !told {
                return Err(format!(
                    "7: {} was given {exchange} of {} at {}, and {:?} of {} taken at {} was not passed on",
                    given.peer, one.exchange, given.at, one.order.action, one.order.at.0, one.row.at
                ));
            }
        }
    }
    Ok(())
}

/// 8.
fn asked(requests: &[RequestRow]) -> Result<(), String> {
    for row in requests {
        if row.open {
            return Err(format!("8: request {} waits still", row.id));
        }
        if let Some(open) = row.detail.referrals.iter().find(|one| one.sent.is_some() && !one.complete) {
            return Err(format!("8: {} has not answered request {}", open.to.0, row.id));
        }
    }
    Ok(())
}
