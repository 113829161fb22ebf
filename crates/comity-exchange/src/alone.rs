//! A document sealed by itself under this party's own law: what persons state, and what they are told.
//!
//! ```text
//! document   record 0 | record 1 | …    as many records of a segment as its length asks for, one but for the longest
//! ```
//!
//! Invariant: a document is there whole or not at all: one of which a part is erased is erased.

use crate::ExchangeError;
use crate::collect::read::opened;
use crate::ports::{Erasure, HeldRecord, SealedSegment, SegmentKind};
use crate::shell::Shell;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_vault::{Cleartext, EpochKeys as _, KeyRow, RECORD_LENGTH_MAX};

/// The document `bytes`, sealed until `until` and bound to the number of what they are of, as records are to their exchange.
///
/// # Errors
/// [`ExchangeError::Keys`], [`ExchangeError::Vault`]; callers record nothing.
pub(crate) fn sealed<W: Shell>(
    world: &W,
    number: [u8; 16],
    bytes: &[u8],
    until: Timestamp,
) -> Result<SealedSegment, ExchangeError> {
    let segment = SegmentId::draw(&mut world.entropy());
    sealed_as(world, segment, number, bytes, until)
}

/// As [`sealed`], into the segment `segment`: recorded a second time it is a conflict.
///
/// # Errors
/// As there.
pub(crate) fn sealed_as<W: Shell>(
    world: &W,
    segment: SegmentId,
    number: [u8; 16],
    bytes: &[u8],
    until: Timestamp,
) -> Result<SealedSegment, ExchangeError> {
    // Unwrap safety: numbers are random (v4) UUIDs, as ids of exchanges are.
    let bound = ExchangeId::from_bytes(number).unwrap_or_else(|| unreachable!("a number is an id"));
    let home = world.signatory().home();
    let entropy = &mut world.entropy();
    let (bucket, key) =
        world.with_keys(|keys| keys.current(&home, Month::of(until))).map_err(ExchangeError::keys)?;
    let of = (&home, bound, ClassId::draw(entropy));
    let parts = bytes.chunks(RECORD_LENGTH_MAX).chain(bytes.is_empty().then_some(bytes));
    world.signatory().seal_records_as(
        segment,
        of,
        parts.map(|part| (part, (until, &bucket, &key))),
        SegmentKind::Records,
        entropy,
    )
}

/// The document of a segment, opened; `None` when it is erased.
///
/// # Errors
/// [`ExchangeError`] when the keys fail, or it is not what was sealed.
pub(crate) fn clear<W: Shell>(
    world: &W,
    segment: &SealedSegment,
) -> Result<Option<Cleartext>, ExchangeError> {
    let sealed: u64 = segment.rows.iter().map(|row| u64::from(row.length)).sum();
    if segment.rows.is_empty() || sealed < segment.blob.len() as u64 {
        return Ok(None);
    }
    let mut parts = Vec::with_capacity(segment.rows.len());
    for row in &segment.rows {
        let bucket = row.bucket(&segment.agreement);
        let key = world.with_keys(|keys| keys.get(&bucket)).map_err(ExchangeError::keys)?;
        let Some(key) = key else { return Ok(None) };
        let Some(part) = opened(world.signatory(), segment, row, &key)? else { return Ok(None) };
        parts.push(part);
    }
    Ok(Some(Cleartext::joined(parts)))
}

/// The records of a document, as what is erased is named; none when it is erased already.
pub(crate) fn held(segment: &SealedSegment) -> Vec<HeldRecord> {
    let held = |row: &KeyRow| HeldRecord {
        segment: segment.id,
        number: 0,
        exchange: segment.exchange,
        class: segment.class,
        agreement: segment.agreement.clone(),
        kind: segment.kind,
        row: row.clone(),
    };
    segment.rows.iter().map(held).collect()
}

/// The erasure of a document; `None` where nothing of it is left.
pub(crate) fn ended(document: &[HeldRecord], at: Timestamp) -> Option<Erasure> {
    let records: Vec<_> = document.iter().map(HeldRecord::place).collect();
    (!records.is_empty()).then_some(Erasure { records, at, whatever_holds: false })
}
