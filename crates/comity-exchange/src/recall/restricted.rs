//! What nobody may use for now: restricted by a partner's order, by what a person asked, or by a hold.
//!
//! Restricted are records: those that were named, and what was put right of them since. Where an order names none, it is
//! whatever its exchange has.

use super::onward::Named;
use crate::ExchangeError;
use crate::ports::{Holds as _, Recalls as _, RecordName, SealedSegment};
use crate::shell::Shell;
use comity_agreement::Vocabulary;
use comity_terms::{Asserter, ExchangeId, FactKey, Facts, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// The fact that an order restricts the data.
pub(crate) const RESTRICTED: &str = "use_restricted";

/// Whether the laws have a word for data whose use is restricted.
#[must_use]
pub fn has_word(vocabulary: &Vocabulary) -> bool {
    vocabulary.fact(RESTRICTED).is_some()
}

/// States that an order restricts the data, where the laws have a word for it.
pub fn restrict(facts: &mut Facts, vocabulary: &Vocabulary) {
    if let Some(key) = FactKey::new(RESTRICTED).ok().filter(|_| has_word(vocabulary)) {
        facts.state(key, true, Asserter::Gateway);
    }
}

/// The records of some exchanges that nobody may use now.
#[derive(Debug, Default)]
pub struct Restricted(HashMap<ExchangeId, Vec<Named>>);

impl Restricted {
    /// Whether everybody may use whatever there is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nobody may use this record.
    #[must_use]
    pub fn names(&self, record: &RecordName) -> bool {
        self.0.get(&record.exchange).is_some_and(|named| named.iter().any(|named| named.names(record)))
    }

    /// Whether nobody may use this record of a segment.
    pub(crate) fn holds(&self, segment: &SealedSegment, ordinal: u32) -> bool {
        let name = segment.exchange.zip(segment.class);
        name.is_some_and(|(exchange, class)| self.names(&RecordName { exchange, class, ordinal }))
    }
}

/// What of these exchanges is restricted at `now`.
///
/// # Errors
/// [`ExchangeError::Store`].
pub async fn restricted_now<W: Shell>(
    world: &W,
    exchanges: BTreeSet<ExchangeId>,
    now: Timestamp,
) -> Result<Restricted, ExchangeError> {
    let all: Vec<ExchangeId> = exchanges.into_iter().collect();
    let orders = world.store().restricted(all.clone()).await?;
    let mut listed: Vec<Named> =
        orders.into_iter().map(|order| Named::listed(order.exchange, order.records)).collect();
    if world.store().holds_restrict(now).await? {
        let holds = world.store().holds_of(all).await?;
        let holds = holds.iter().filter(|hold| hold.restricts && hold.stands(now));
        listed.extend(holds.map(|hold| Named::listed(hold.exchange, hold.record.map(|record| [record]))));
    }
    let mut restricted = Restricted::default();
    for named in listed {
        let exchange = named.exchange();
        let named = if named.is_whole() {
            named
        } else {
            named.with_corrected(&world.store().derived_from(exchange).await?)
        };
        restricted.0.entry(exchange).or_default().push(named);
    }
    Ok(restricted)
}
