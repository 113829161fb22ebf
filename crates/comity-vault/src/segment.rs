//! Segments: the records of one class of one exchange, sealed into one blob.
//!
//! Owns the order of records in the blob and what they are bound to. Leaves the sealing of each to
//! [`KeyRow`]'s room, the storing to `comity-store` (a blob per segment, a small row per record) and the
//! erasing to whoever watches `erase_by`.
//!
//! ```text
//! blob    sealed record 0 | sealed record 1 | …
//! place   "segment" | store | agreement | exchange (16) | class (16) | segment (16)
//! ```

use crate::record::Place;
use crate::{Bucket, Cleartext, EpochKey, KeyRow, VaultError};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Entropy, ExchangeId, PackSlug, Timestamp};
use std::fmt;

/// What a segment is, and where it lies: every record in it is bound to this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SegmentContext {
    /// The store, by the name it has had since it was made: rows of a copy under another name do not open.
    pub store: String,
    /// The agreement that the exchange is under.
    pub agreement: PackSlug,
    /// The exchange.
    pub exchange: ExchangeId,
    /// The class of objects within it.
    pub class: ClassId,
    /// The segment.
    pub segment: SegmentId,
}

impl SegmentContext {
    fn place(&self) -> Place {
        let ids = [self.exchange.as_bytes(), self.class.as_bytes(), self.segment.as_bytes()];
        Place::new("segment", self.segment, &self.store, &self.agreement, &ids)
    }
}

/// A sealed segment.
#[derive(Clone, PartialEq, Eq)]
pub struct Segment {
    /// The sealed records, one after the other.
    pub blob: Vec<u8>,
    /// Their key rows, by ordinal.
    pub rows: Vec<KeyRow>,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment of {} records, {} bytes", self.rows.len(), self.blob.len())
    }
}

/// A segment that is being filled.
pub struct SegmentBuilder {
    place: Place,
    segment: Segment,
}

impl SegmentBuilder {
    /// An empty segment.
    #[must_use]
    pub fn new(context: &SegmentContext) -> Self {
        Self { place: context.place(), segment: Segment { blob: Vec::new(), rows: Vec::new() } }
    }

    /// Seals one record under a secret of its own, wrapped by the epoch key of `bucket`.
    ///
    /// # Errors
    /// [`VaultError::Record`] when `bucket` is not that of the agreement and of the month of `erase_by`, or
    /// when the record or the segment is too long; nothing was added then. Callers start another segment.
    pub fn push(
        &mut self,
        record: &[u8],
        erase_by: Timestamp,
        (bucket, key): (&Bucket, &EpochKey),
        entropy: &mut dyn Entropy,
    ) -> Result<(), VaultError> {
        let Segment { blob, rows } = &mut self.segment;
        // A segment has at most 2^25 records, for each has a tag of 16 bytes: the ordinal never saturates.
        let ordinal = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let row = self
            .place
            .seal(ordinal, record, erase_by, (bucket, key), entropy, blob)
            .map_err(|cause| self.place.refuse(ordinal, cause))?;
        rows.push(row);
        Ok(())
    }

    /// The sealed segment.
    #[must_use]
    pub fn finish(self) -> Segment {
        self.segment
    }
}

impl fmt::Debug for SegmentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segment.fmt(f)
    }
}

/// The record of `row`, from the bytes of the blob that the row's offset and length cut out.
///
/// # Errors
/// [`VaultError::Record`] when the epoch key, the context, the row or the bytes are not those that it was
/// sealed with; the cause says which check failed first. Callers record a finding.
pub fn open(
    row: &KeyRow,
    sealed: &[u8],
    key: &EpochKey,
    context: &SegmentContext,
) -> Result<Cleartext, VaultError> {
    context.place().open(row, sealed, key)
}

/// The row with its secret wrapped by the epoch key of another generation: what is kept when its bucket's
/// key is destroyed early. The blob stays as it is.
///
/// # Errors
/// [`VaultError::Record`] when the row does not open under `old`, or `bucket` is of another agreement or
/// month. Callers must not destroy the old key then.
pub fn rewrap(
    row: &KeyRow,
    context: &SegmentContext,
    old: &EpochKey,
    (bucket, new): (&Bucket, &EpochKey),
    entropy: &mut dyn Entropy,
) -> Result<KeyRow, VaultError> {
    context.place().rewrap(row, old, (bucket, new), entropy)
}

#[cfg(test)]
mod tests;
