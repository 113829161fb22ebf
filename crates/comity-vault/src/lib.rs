//! The vault: sealed records, and the keys that decide how long they can be read.
//!
//! Owns the sealed formats (segments, openings, bodies under way), their keys and the order in which these
//! are checked. AEAD lives here and only here. Leaves storing rows and blobs to `comity-store`, the files of
//! epoch keys and the sweeping of expired ones to the shell, and what a record means to `comity-exchange`.
//!
//! ```text
//! epoch key, one per agreement and month of erasure; in the shell's key store, never beside the data
//!   └─ wraps ─> record secret, one per record; in the key row, with a commitment to it
//!                  └─ derives ─> AEAD key ─ seals ─> the record; in the segment's blob
//! ```
//!
//! *Erased* means that the key row is gone; *destroyed*, that the epoch key is: then no copy of the row, in an
//! old page, a write-ahead log or a backup, can be read again. Every record has an instant by which it is to
//! be erased, and none can be sealed without: there is no other way in than [`SegmentBuilder::push`].
//!
//! Pure: randomness is an argument, and there is no clock, file or network. Invariants: a secret seals one
//! record and no second; nothing is opened under a context, a date or a place other than the one it was
//! sealed for; `Debug` prints lengths, never bytes.
//!
//! | read | for |
//! |---|---|
//! | [`keys`] | buckets, epoch keys, and the port that holds them |
//! | [`segment`] | one blob per exchange and class, a key row per record |
//! | [`opening`] | the sealed facts behind one log entry |
//! | [`transport`] | bodies under way to a partner: HPKE, one sealed body per class |
//!
//! Source: NIST SP 800-38D (AES-256-GCM), RFC 5869 (HKDF-SHA256), RFC 9180 (HPKE).

mod aead;
mod cleartext;
mod error;
pub mod keys;
pub mod opening;
mod pool;
mod record;
pub mod segment;
#[cfg(test)]
mod testing;
pub mod transport;

pub use aead::COMMITMENT_LENGTH;
pub use cleartext::Cleartext;
pub use error::{Cause, VaultError};
pub use keys::{Bucket, EpochKey, EpochKeys, WRAPPED_KEY_LENGTH};
pub use opening::{OpeningContext, SealedOpening, open_opening, rewrap_opening, seal_opening};
pub use pool::Pool;
pub use record::{KeyRow, RECORD_LENGTH_MAX, SEGMENT_LENGTH_MAX};
pub use segment::{Segment, SegmentBuilder, SegmentContext, open, rewrap};
pub use transport::{
    BODY_LENGTH_MAX, OfferBodies, SealedBodies, TransportPublic, TransportSecret, open_offer, seal_offer,
};
