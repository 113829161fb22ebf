//! Step 1: what is due, or ordered, is erased in batches of one entry each.

use super::told::facts;
use super::{Against, BATCH_ROWS_MAX};
use crate::ExchangeError;
use crate::act::enter_sealing;
use crate::collect::tombstone::{Ending, Why};
use crate::ports::{HeldRecord, SegmentKind, Store, StoreError};
use crate::shell::Shell;
use comity_terms::{Act, ExchangeId, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};

/// How much was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Records received from partners.
    pub records: u64,
    /// Openings of entries.
    pub openings: u64,
    /// Entries that tell so.
    pub entries: u64,
    /// Records and openings that were to be erased by an order and are kept: a duty or a hold stands against it.
    pub kept: u64,
}

/// An order to erase what is held of one exchange before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Why, in the vocabulary's words.
    pub ground: ReasonCode,
    /// Whether the openings of its entries go too; the entries stay, and commit to what nobody can show any more.
    pub openings: bool,
}

/// The ground of an erasure at its time.
const DUE: &str = "retention_ended";

/// The ground of an erasure that the person concerned asked for.
const REQUESTED: &str = "erasure_requested";

/// The ground of an erasure that the person concerned asked for, for whoever notes it.
pub(crate) fn requested() -> ReasonCode {
    // Unwrap safety: the word is one.
    REQUESTED.parse().expect("a reason code")
}

/// Erases every record and opening that is to be erased by `by`, but for those that are held from it.
///
/// # Errors
/// [`ExchangeError`]; what was erased stays so, and the rest is found again.
pub async fn erase_due<R: Shell>(world: &R, by: Timestamp) -> Result<Erased, ExchangeError> {
    let mut erased = Erased::default();
    loop {
        let due = world.store().due(by, world.now(), BATCH_ROWS_MAX).await?;
        if due.is_empty() {
            return Ok(erased);
        }
        // Another hand was faster with one of them: what is due now is asked again.
        if erase(world, &due, (DUE, None)).await? {
            erased.add(&due);
        }
    }
}

/// Erases what is held of one exchange, whatever its time, but for what a duty to preserve or a hold keeps. `by` tells
/// whose order it is, in words that an entry may hold: a key and its signature. Gives how much was erased and kept, and
/// what stands against the rest.
///
/// # Errors
/// As [`erase_due`].
pub async fn erase_exchange<R: Shell>(
    world: &R,
    order: &Order,
    by: Json,
) -> Result<(Erased, Against), ExchangeError> {
    erase_unheld(world, order, |_| true, &by).await
}

/// Erases of one exchange the records that `of` says, whatever their time, but for what is kept; as [`erase_exchange`].
///
/// # Errors
/// As [`erase_due`].
pub(crate) async fn erase_unheld<R: Shell>(
    world: &R,
    order: &Order,
    of: impl Fn(&HeldRecord) -> bool,
    by: &Json,
) -> Result<(Erased, Against), ExchangeError> {
    let mut erased = Erased::default();
    // Openings of the erasures themselves belong to no exchange: this ends.
    'again: loop {
        let row = world.store().exchange(order.exchange).await?;
        let against = match &row {
            Some(row) => Against::of(world, row, world.now()).await?,
            None => Against::default(),
        };
        let held = world.store().held_of(order.exchange, order.openings, u32::MAX).await?;
        let (kept, wanted) = parted(&held, &of, &against);
        for batch in wanted.chunks(BATCH_ROWS_MAX as usize) {
            // Another hand was faster with one of them: what is held now is asked again.
            if !erase(world, batch, (order.ground.as_str(), Some((Some(order.exchange), by)))).await? {
                continue 'again;
            }
            erased.add(batch);
        }
        erased.kept = kept.len() as u64;
        if !kept.is_empty() {
            against.note(world, &order.ground, &held, &of).await?;
        }
        return Ok((erased, against));
    }
}

/// What is kept of the records that `of` says, and what may go.
fn parted(
    held: &[HeldRecord],
    of: &impl Fn(&HeldRecord) -> bool,
    against: &Against,
) -> (Vec<HeldRecord>, Vec<HeldRecord>) {
    let chosen = held.iter().filter(|held| of(held)).cloned();
    chosen.partition(|held| against.keeps(held))
}

/// Erases records for a person who asked for it, in batches of one entry each: `by` tells by which request, in words that
/// an entry may hold. What was gone already is left out.
pub(crate) async fn erase_for<R: Shell>(
    world: &R,
    records: &[HeldRecord],
    by: &Json,
) -> Result<Erased, ExchangeError> {
    let mut erased = Erased::default();
    let why = (REQUESTED, Some((None, by)));
    for batch in records.chunks(BATCH_ROWS_MAX as usize) {
        if erase(world, batch, why).await? {
            erased.add(batch);
            continue;
        }
        // Another hand was faster with one of them: the rest one by one.
        for one in batch.chunks(1) {
            if erase(world, one, why).await? {
                erased.add(one);
            }
        }
    }
    Ok(erased)
}

/// Erases copies of what is listed elsewhere: nobody reads them, and nobody has them from here.
pub(crate) async fn erase_copies<R: Shell>(world: &R, records: &[HeldRecord]) -> Result<(), ExchangeError> {
    for batch in records.chunks(BATCH_ROWS_MAX as usize) {
        // Where another hand was faster they are gone.
        erase(world, batch, (COPY, None)).await?;
    }
    Ok(())
}

/// The ground of an erasure of what is a copy.
const COPY: &str = "no_longer_needed";

/// Erases one batch; `false` when some of it was gone already, and nothing changed.
pub(super) async fn erase<R: Shell>(
    world: &R,
    records: &[HeldRecord],
    (ground, ordered): (&str, Option<(Option<ExchangeId>, &Json)>),
) -> Result<bool, ExchangeError> {
    let now = world.now();
    let mut facts = facts(records, ground);
    let exchange = ordered.and_then(|(exchange, _)| exchange);
    if let Some((_, by)) = ordered {
        facts["ordered"] = by.clone();
    }
    if let Some(exchange) = exchange {
        facts["exchange"] = json!(exchange.to_string());
    }
    // What no key opens is gone, whatever is held.
    let whatever_holds = ground == super::KEY_DESTROYED;
    let why = match ground {
        DUE => Why::Due,
        REQUESTED => Why::Requested,
        _ => Why::Ordered,
    };
    let ending = Ending::of(world, records, why, now).await?;
    let erased = enter_sealing(world, Act::RecordsErased, (facts, exchange), now, |_| {
        ending.record(world, records, whatever_holds, now)
    });
    match erased.await {
        Err(ExchangeError::Store(StoreError::Conflict(_))) => Ok(false),
        erased => erased.map(|_| true),
    }
}

impl Erased {
    fn add(&mut self, records: &[HeldRecord]) {
        let openings = records.iter().filter(|record| record.kind == SegmentKind::Opening).count();
        self.openings += openings as u64;
        self.records += (records.len() - openings) as u64;
        self.entries += 1;
    }
}
