//! What an operator watches of the store: counts and ages, no name and no value.

use comity_terms::Timestamp;
use comity_tlog::TreeSize;
use std::time::Duration;

/// The state of the store at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// Entries of the log.
    pub tree_size: TreeSize,
    /// How long the last commit took, to the disk; `None` before the first since the store was opened.
    pub commit: Option<Duration>,
    /// Offers that wait for their answers.
    pub outbox: u64,
    /// The act of the oldest of these, UTC.
    pub outbox_since: Option<Timestamp>,
    /// Sealed records and openings.
    pub held: u64,
    /// Those of them whose instant of erasure has passed, and which no hold keeps.
    pub overdue: u64,
    /// The earliest such instant, UTC.
    pub overdue_since: Option<Timestamp>,
    /// Records and openings erased, ever.
    pub erased: u64,
    /// Those of them whose epoch keys are destroyed.
    pub destroyed: u64,
    /// When the first of those erased was whose key is not destroyed, UTC.
    pub waiting_since: Option<Timestamp>,
    /// Holds that stand.
    pub holds: u64,
}
