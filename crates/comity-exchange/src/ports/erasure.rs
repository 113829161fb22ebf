//! What the store is asked and told about the end of records and of the keys that wrap them.
//!
//! Leaves the order of these steps to [`erase`](crate::erase).

use super::{RecordName, SegmentKind};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, PackSlug, Timestamp};
use comity_vault::{Bucket, KeyRow};

/// Where one sealed record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordPlace {
    /// The segment.
    pub segment: SegmentId,
    /// The record in it, from 0.
    pub ordinal: u32,
}

/// A sealed record without its bytes: its key row, and what that is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRecord {
    /// The segment.
    pub segment: SegmentId,
    /// The segment's place in the order of sealing: with the row it tells where to go on.
    pub number: u64,
    /// The exchange that it belongs to.
    pub exchange: Option<ExchangeId>,
    /// The class of objects that it is of; openings have none.
    pub class: Option<ClassId>,
    /// The agreement that it is held under.
    pub agreement: PackSlug,
    /// What the segment holds.
    pub kind: SegmentKind,
    /// The key row.
    pub row: KeyRow,
}

impl HeldRecord {
    /// Where it lies.
    #[must_use]
    pub fn place(&self) -> RecordPlace {
        RecordPlace { segment: self.segment, ordinal: self.row.ordinal }
    }

    /// What both gateways call it; `None` for what is of no exchange.
    #[must_use]
    pub fn name(&self) -> Option<RecordName> {
        let (exchange, class) = self.exchange.zip(self.class)?;
        Some(RecordName { exchange, class, ordinal: self.row.ordinal })
    }

    /// The bucket whose key wraps its own.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        self.row.bucket(&self.agreement)
    }
}

/// Records that end together, by one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Which. One that is gone already is a conflict: an entry tells exactly what it erased. So is one that a hold covers
    /// which stands at `at`.
    pub records: Vec<RecordPlace>,
    /// When, UTC. From then on their epoch keys are to be destroyed.
    pub at: Timestamp,
    /// Whatever is held: nobody can open them any more.
    pub whatever_holds: bool,
}

/// A key row wrapped anew. One that was erased meanwhile, or wrapped by another hand, stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// The segment.
    pub segment: SegmentId,
    /// The generation that it leaves.
    pub from: u32,
    /// The row under its new generation.
    pub row: KeyRow,
}

/// Epoch keys that are gone by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destruction {
    /// Whose keys.
    pub buckets: Vec<Bucket>,
    /// When that was certain, UTC.
    pub at: Timestamp,
}

/// What the store knows of a bucket whose key is not destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// The bucket.
    pub bucket: Bucket,
    /// Records wrapped by its key now.
    pub held: u64,
    /// Records erased that its key once wrapped: copies of them open until it is destroyed.
    pub erased: u64,
    /// When the first of these was erased, UTC.
    pub erased_since: Option<Timestamp>,
    /// Whether it takes no more records.
    pub closed: bool,
}
