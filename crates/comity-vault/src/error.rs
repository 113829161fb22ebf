//! What can fail, told by place and never by content.

use comity_terms::ids::SegmentId;

/// A record, a body or a key that is not sealed or not opened. Callers record a finding; they never retry
/// with another context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A record of a segment, or an opening (then its id, and ordinal 0).
    #[error("record {ordinal} of segment {segment}: {cause}")]
    Record {
        /// The segment.
        segment: SegmentId,
        /// The record in it.
        ordinal: u32,
        /// What is wrong.
        cause: Cause,
    },
    /// A body of an offer.
    #[error("body {index} of the offer: {cause}")]
    Body {
        /// The body in the offer.
        index: usize,
        /// What is wrong.
        cause: Cause,
    },
    /// An offer has more bodies than there can be classes.
    #[error("{count} bodies in one offer: at most {max} are allowed", max = crate::transport::BODIES_MAX)]
    Bodies {
        /// How many.
        count: usize,
    },
    /// A transport key that is not one.
    #[error("not a transport key: expected 32 bytes of X25519")]
    TransportKey,
    /// No key is agreed: the recipient's key, or what was encapsulated to it, is not one.
    #[error("no key can be agreed under this transport key")]
    Encapsulation,
}

/// What is wrong with one record or body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// More bytes than one may have.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// The segment is full.
    #[error("the segment would be longer than {0} bytes")]
    SegmentFull(usize),
    /// The epoch key is of another agreement or month than the record's.
    #[error("the epoch key is of another agreement or month")]
    Bucket,
    /// Fewer or more bytes were given than were sealed.
    #[error("the sealed bytes have another length")]
    Length,
    /// The wrapped key does not open: another epoch key, another context, or an altered row.
    #[error("its key does not open under this epoch key and context")]
    Key,
    /// The key opens, and is not the one that was committed to.
    #[error("its key is not the one committed to")]
    Commitment,
    /// The sealed bytes were altered.
    #[error("its sealed bytes were altered")]
    Sealed,
}
