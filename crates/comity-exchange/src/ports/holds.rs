//! What the store is asked and told about holds: what keeps records from erasure for a time.
//!
//! INVARIANT: while a hold stands no [`Erasure`](super::Erasure) ends a record that it covers: the store looks in the very
//! transaction. Leaves who may hold what, and how long, to [`hold`](crate::erase::hold).

use super::{HeldRecord, StoreError};
use comity_terms::ids::{ClassId, HoldId};
use comity_terms::{ExchangeId, ReasonCode, Timestamp};
use std::future::Future;

/// One hold. A record replaces its row by that of the next version; any other is a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// Its id.
    pub id: HoldId,
    /// Whose records are held.
    pub exchange: ExchangeId,
    /// The one record of it that is held, by class and place; `None` for all of them, and what explains them.
    pub record: Option<(ClassId, u32)>,
    /// Why: a word of the vocabulary's `hold_ground`.
    pub ground: String,
    /// Whether nobody uses them meanwhile.
    pub restricts: bool,
    /// Since when they are held on that ground, by this hold or those before it, UTC.
    pub since: Timestamp,
    /// Since when this one stands, UTC, in whole seconds.
    pub begun: Timestamp,
    /// Until when, UTC, in whole seconds: from then on it stands no more.
    pub until: Timestamp,
    /// Since when no more, where it was let go before its time, UTC, in whole seconds.
    pub lifted: Option<Timestamp>,
    /// Whose order it is: the public half of an officer's key.
    pub key: String,
    /// The rule that bounds it: law, pack, rule and article.
    pub bound: [String; 4],
    /// Why records are erased when it ends, though their time has not come; `None` where nobody asked.
    pub erase_after: Option<ReasonCode>,
    /// How often the row was written: 1 for the first.
    pub version: u32,
}

impl HoldRow {
    /// Whether it stands at `at`.
    #[must_use]
    pub fn stands(&self, at: Timestamp) -> bool {
        self.end().as_second() > at.as_second()
    }

    /// From when on it stands no more, UTC.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.lifted.map_or(self.until, |lifted| lifted.min(self.until))
    }

    /// Whether it keeps a record of its exchange, or an opening about it.
    #[must_use]
    pub fn covers(&self, record: &HeldRecord) -> bool {
        let one = |(class, ordinal)| record.class == Some(class) && record.row.ordinal == ordinal;
        record.exchange == Some(self.exchange) && self.record.is_none_or(one)
    }
}

/// Where holds are kept. They change by a [`Record`](super::Record).
pub trait Holds: Send + Sync + 'static {
    /// Every hold, by the instant of its beginning; those that have ended too.
    fn holds(&self) -> impl Future<Output = Result<Vec<HoldRow>, StoreError>> + Send;

    /// One hold.
    fn hold(&self, id: HoldId) -> impl Future<Output = Result<Option<HoldRow>, StoreError>> + Send;

    /// The holds on these exchanges, by the instant of their beginning; those that have ended too.
    fn holds_of(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> impl Future<Output = Result<Vec<HoldRow>, StoreError>> + Send;

    /// Whether any hold stands at `at` that restricts the use of what it covers.
    fn holds_restrict(&self, at: Timestamp) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Holds that have ended by `at` and after which somebody wanted erased what they kept.
    fn holds_over(&self, at: Timestamp) -> impl Future<Output = Result<Vec<HoldRow>, StoreError>> + Send;
}
