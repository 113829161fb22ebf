//! One sealed record: its key row, what it is bound to, and the order in which that is checked.
//!
//! Owns what segments and openings share. Leaves to these what they are and where they lie ([`Place`]).
//!
//! ```text
//! sealed record   ciphertext | tag (16)
//! key row         ordinal, offset, length, wrapped key (60), commitment (32), generation, erase_by
//!
//! associated data, integers big-endian, texts after their length (u64)
//!   of a record        "comity vault 1 record" | bound
//!   of a wrapped key   "comity vault 1 key" | bound | generation (u32) | commitment (32)
//!   bound              place | ordinal (u32) | offset (u64) | length (u32) | erase_by (i128, nanoseconds)
//! ```
//!
//! A record's own associated data leaves the generation out, so that an early erasure wraps the keys of what
//! stays anew without touching the blob.
//!
//! Invariants: `erase_by` is a whole second, never later than asked; the bucket of a row is its agreement, the
//! month of its `erase_by`, and its generation, so that a row cannot name a key that lives longer; a row opens
//! in its own place, of its own store, or not at all.

use crate::aead::{COMMITMENT_LENGTH, KEY_LENGTH, Seal, Secret, TAG_LENGTH};
use crate::{Bucket, Cause, Cleartext, EpochKey, VaultError, WRAPPED_KEY_LENGTH};
use comity_terms::ids::SegmentId;
use comity_terms::{Entropy, Month, PackSlug, Timestamp};
use std::fmt;

/// The most bytes of one record: 16 MiB, eighty times the largest object of the public STIX collections we
/// have tried (200 kB), far from the 64 GiB that one AES-GCM key can seal.
pub const RECORD_LENGTH_MAX: usize = 16 << 20;

/// The most bytes of one segment: 512 MiB, half of what the engines take as one value.
pub const SEGMENT_LENGTH_MAX: usize = 512 << 20;

/// What the store keeps of one record beside the blob. Every field is bound: a row that was altered, or
/// moved to another segment, opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The place in the segment, from 0.
    pub ordinal: u32,
    /// Where in the blob the sealed record begins.
    pub offset: u64,
    /// How many bytes it has there, the tag included.
    pub length: u32,
    /// The record's secret, wrapped by the epoch key.
    pub wrapped_key: [u8; WRAPPED_KEY_LENGTH],
    /// The commitment to the secret and the context.
    pub commitment: [u8; COMMITMENT_LENGTH],
    /// The generation of the epoch key.
    pub generation: u32,
    /// The instant by which the record is to be erased, in whole seconds.
    pub erase_by: Timestamp,
}

impl KeyRow {
    /// The bucket whose key wraps this row's.
    #[must_use]
    pub fn bucket(&self, agreement: &PackSlug) -> Bucket {
        Bucket { agreement: agreement.clone(), month: Month::of(self.erase_by), generation: self.generation }
    }
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "key row {} of {} bytes at {}, generation {}, erase by {}",
            self.ordinal, self.length, self.offset, self.generation, self.erase_by
        )
    }
}

/// Where sealed records lie: what their associated data begins with.
pub(crate) struct Place {
    id: SegmentId,
    agreement: PackSlug,
    bytes: Vec<u8>,
}

impl Place {
    pub(crate) fn new(
        kind: &str,
        id: SegmentId,
        store: &str,
        agreement: &PackSlug,
        ids: &[&[u8; 16]],
    ) -> Self {
        let mut bytes = Vec::with_capacity(128);
        for text in [kind, store, agreement.as_str()] {
            push_text(&mut bytes, text);
        }
        bytes.extend(ids.iter().copied().flatten());
        Self { id, agreement: agreement.clone(), bytes }
    }

    pub(crate) fn refuse(&self, ordinal: u32, cause: Cause) -> VaultError {
        VaultError::Record { segment: self.id, ordinal, cause }
    }

    pub(crate) fn seal(
        &self,
        ordinal: u32,
        record: &[u8],
        erase_by: Timestamp,
        (bucket, key): (&Bucket, &EpochKey),
        entropy: &mut dyn Entropy,
        blob: &mut Vec<u8>,
    ) -> Result<KeyRow, Cause> {
        if record.len() > RECORD_LENGTH_MAX {
            return Err(Cause::TooLong(RECORD_LENGTH_MAX));
        }
        if blob.len() + record.len() + TAG_LENGTH > SEGMENT_LENGTH_MAX {
            return Err(Cause::SegmentFull(SEGMENT_LENGTH_MAX));
        }
        let length =
            u32::try_from(record.len() + TAG_LENGTH).map_err(|_| Cause::TooLong(RECORD_LENGTH_MAX))?;
        let mut row = KeyRow {
            ordinal,
            offset: blob.len() as u64,
            length,
            wrapped_key: [0; WRAPPED_KEY_LENGTH],
            commitment: [0; COMMITMENT_LENGTH],
            generation: bucket.generation,
            erase_by: whole_second(erase_by),
        };
        self.check(&row, bucket)?;
        let mut secret = Secret::new([0; KEY_LENGTH]);
        entropy.fill(&mut secret[..]);
        let associated = self.of_record(&row);
        let seal = Seal::new(&secret, &associated);
        row.commitment = *seal.commitment();
        row.wrapped_key = key.wrap(&secret, &self.of_key(&row), entropy)?;
        seal.seal(record, blob)?;
        Ok(row)
    }

    pub(crate) fn open(&self, row: &KeyRow, sealed: &[u8], key: &EpochKey) -> Result<Cleartext, VaultError> {
        let opened = if u32::try_from(sealed.len()) == Ok(row.length) {
            key.unwrap(&row.wrapped_key, &self.of_key(row))
                .and_then(|secret| Seal::new(&secret, &self.of_record(row)).open(&row.commitment, sealed))
        } else {
            Err(Cause::Length)
        };
        opened.map_err(|cause| self.refuse(row.ordinal, cause))
    }

    pub(crate) fn rewrap(
        &self,
        row: &KeyRow,
        old: &EpochKey,
        (bucket, new): (&Bucket, &EpochKey),
        entropy: &mut dyn Entropy,
    ) -> Result<KeyRow, VaultError> {
        let mut rewrapped = || {
            self.check(row, bucket)?;
            let secret = old.unwrap(&row.wrapped_key, &self.of_key(row))?;
            Seal::new(&secret, &self.of_record(row)).check(&row.commitment)?;
            let mut row = KeyRow { generation: bucket.generation, ..row.clone() };
            row.wrapped_key = new.wrap(&secret, &self.of_key(&row), entropy)?;
            Ok(row)
        };
        rewrapped().map_err(|cause| self.refuse(row.ordinal, cause))
    }

    fn check(&self, row: &KeyRow, bucket: &Bucket) -> Result<(), Cause> {
        let same = bucket.agreement == self.agreement && bucket.month == Month::of(row.erase_by);
        if same { Ok(()) } else { Err(Cause::Bucket) }
    }

    fn of_record(&self, row: &KeyRow) -> Vec<u8> {
        self.associated("comity vault 1 record", row)
    }

    fn of_key(&self, row: &KeyRow) -> Vec<u8> {
        let mut bytes = self.associated("comity vault 1 key", row);
        bytes.extend_from_slice(&row.generation.to_be_bytes());
        bytes.extend_from_slice(&row.commitment);
        bytes
    }

    fn associated(&self, label: &str, row: &KeyRow) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 96);
        push_text(&mut bytes, label);
        bytes.extend_from_slice(&self.bytes);
        bytes.extend_from_slice(&row.ordinal.to_be_bytes());
        bytes.extend_from_slice(&row.offset.to_be_bytes());
        bytes.extend_from_slice(&row.length.to_be_bytes());
        bytes.extend_from_slice(&row.erase_by.as_nanosecond().to_be_bytes());
        bytes
    }
}

/// The last whole second that is not after `at`.
fn whole_second(at: Timestamp) -> Timestamp {
    let second = at.as_nanosecond().div_euclid(1_000_000_000) * 1_000_000_000;
    // The earliest instant that can be written is a whole second.
    Timestamp::from_nanosecond(second).unwrap_or(Timestamp::MIN)
}

pub(crate) fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
