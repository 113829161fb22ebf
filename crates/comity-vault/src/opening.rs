//! Openings: the facts behind one log entry, sealed with a clock of their own.
//!
//! The log holds a commitment; what it commits to lies here and can be erased without touching the log. An
//! opening is sealed as a segment of one record is. Leaves to `comity-exchange` what the facts are, and to the
//! store who may ask for them.
//!
//! ```text
//! place   "opening" | store | agreement | opening (16)
//! ```

use crate::record::Place;
use crate::{Bucket, Cleartext, EpochKey, KeyRow, VaultError};
use comity_terms::ids::SegmentId;
use comity_terms::{Entropy, PackSlug, Timestamp};
use std::fmt;

/// What an opening is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpeningContext {
    /// The store, by the name it has had since it was made.
    pub store: String,
    /// The agreement, or the pack that the act was under.
    pub agreement: PackSlug,
    /// The opening.
    pub opening: SegmentId,
}

impl OpeningContext {
    fn place(&self) -> Place {
        Place::new("opening", self.opening, &self.store, &self.agreement, &[self.opening.as_bytes()])
    }
}

/// A sealed opening.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedOpening {
    /// The sealed facts.
    pub sealed: Vec<u8>,
    /// Their key row, of ordinal 0.
    pub row: KeyRow,
}

impl fmt::Debug for SealedOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "opening of {} bytes", self.sealed.len())
    }
}

/// The facts, sealed until `erase_by` under the epoch key of `bucket`.
///
/// # Errors
/// As [`SegmentBuilder::push`](crate::SegmentBuilder::push).
pub fn seal_opening(
    facts: &[u8],
    context: &OpeningContext,
    erase_by: Timestamp,
    epoch: (&Bucket, &EpochKey),
    entropy: &mut dyn Entropy,
) -> Result<SealedOpening, VaultError> {
    let place = context.place();
    let mut sealed = Vec::new();
    let row = place
        .seal(0, facts, erase_by, epoch, entropy, &mut sealed)
        .map_err(|cause| place.refuse(0, cause))?;
    Ok(SealedOpening { sealed, row })
}

/// The facts of a sealed opening.
///
/// # Errors
/// As [`open`](crate::open).
pub fn open_opening(
    opening: &SealedOpening,
    key: &EpochKey,
    context: &OpeningContext,
) -> Result<Cleartext, VaultError> {
    context.place().open(&opening.row, &opening.sealed, key)
}

/// The row of an opening with its secret wrapped by the epoch key of another generation.
///
/// # Errors
/// As [`rewrap`](crate::rewrap).
pub fn rewrap_opening(
    row: &KeyRow,
    context: &OpeningContext,
    old: &EpochKey,
    new: (&Bucket, &EpochKey),
    entropy: &mut dyn Entropy,
) -> Result<KeyRow, VaultError> {
    context.place().rewrap(row, old, new, entropy)
}

#[cfg(test)]
mod tests;
