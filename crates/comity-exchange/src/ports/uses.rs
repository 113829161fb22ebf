//! What the store is asked and told about uses of what was received: by whom, how much, and how often a person was looked
//! up.
//!
//! Leaves what a use is to [`collect`](crate::collect).

use super::StoreError;
use comity_terms::{Action, ExchangeId, Purpose, Timestamp};
use comity_tlog::LeafIndex;
use std::future::Future;

/// One use of records of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRow {
    /// The exchange by which they had come.
    pub exchange: ExchangeId,
    /// The entry of the use; of one that is to be recorded it is the first of its record, whatever stands here.
    pub entry: LeafIndex,
    /// When, UTC.
    pub at: Timestamp,
    /// What was asked, as law knows it.
    pub action: Action,
    /// What for.
    pub purpose: Purpose,
    /// By whose key; `None` where a tool of the gateway's own read.
    pub reader: Option<String>,
    /// How many records of it were given.
    pub given: u64,
    /// How many records of it the laws did not let be given.
    pub refused: u64,
}

/// Stands for whom a look-up counts for: a person, or an officer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted(pub [u8; 16]);

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Counted {:02x}{:02x}…", self.0[0], self.0[1])
    }
}

/// Look-ups that are counted, if there are as many as was thought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// Whom they count for.
    pub who: Counted,
    /// How many had been counted since `since` when it was decided. Where there are more by now, that is a conflict.
    pub done: u64,
    /// Since when they are counted, UTC.
    pub since: Timestamp,
    /// How many more there are now.
    pub times: u64,
    /// When, UTC.
    pub at: Timestamp,
    /// When they count no more, UTC: then the row goes.
    pub until: Timestamp,
}

/// How often records of an exchange were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UseCount {
    /// Uses: entries.
    pub uses: u64,
    /// Records given by them, those given twice counted twice.
    pub given: u64,
    /// Records that the laws did not let be given.
    pub refused: u64,
    /// Uses by which an officer was let see who is behind a mask.
    pub unmasked: u64,
}

/// Where uses are kept. They change by a [`Record`](super::Record).
pub trait Uses: Send + Sync + 'static {
    /// The uses of records of an exchange, in the order of the log; at most `limit`, the newest.
    fn used(
        &self,
        exchange: ExchangeId,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<UseRow>, StoreError>> + Send;

    /// How often records of these exchanges were used: of each that was, in the order of their ids.
    fn use_counts(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> impl Future<Output = Result<Vec<(ExchangeId, UseCount)>, StoreError>> + Send;

    /// The size of the log before which uses are in its entries alone.
    fn used_from(&self) -> impl Future<Output = Result<LeafIndex, StoreError>> + Send;

    /// Whether there are look-ups that count no more at `at`.
    fn look_ups_over(&self, at: Timestamp) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How many look-ups count for somebody after `since`.
    fn looked_up(
        &self,
        who: Counted,
        since: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
