//! What an overseer reads of a log: its entries with their openings.

use super::SealedSegment;
use crate::entry::PublicEntry;
use comity_terms::ExchangeId;
use comity_tlog::LeafIndex;

/// One entry as the store holds it.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its place in the log.
    pub index: LeafIndex,
    /// The public part.
    pub entry: PublicEntry,
    /// The exchange that it is about.
    pub exchange: Option<ExchangeId>,
    /// What it commits to, sealed; `None` once that was erased.
    pub opening: Option<SealedSegment>,
}
