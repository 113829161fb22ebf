//! One record sealed by itself under this party's own law: what persons state, and what they are told.

use crate::ExchangeError;
use crate::collect::read::opened;
use crate::ports::{HeldRecord, SealedSegment, SegmentKind};
use crate::shell::Shell;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_vault::{Cleartext, EpochKeys as _};

/// `bytes`, sealed until `until` and bound to the number of what they are of, as records are to their exchange.
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
    let record = std::iter::once(bytes);
    world.signatory().seal_records_as(
        segment,
        of,
        record.map(|record| (record, (until, &bucket, &key))),
        SegmentKind::Records,
        entropy,
    )
}

/// The one record of a segment, opened; `None` when it is erased.
///
/// # Errors
/// [`ExchangeError`] when the keys fail, or it is not what was sealed.
pub(crate) fn clear<W: Shell>(
    world: &W,
    segment: &SealedSegment,
) -> Result<Option<Cleartext>, ExchangeError> {
    let Some(row) = segment.rows.first() else { return Ok(None) };
    let bucket = row.bucket(&segment.agreement);
    let key = world.with_keys(|keys| keys.get(&bucket)).map_err(ExchangeError::keys)?;
    key.map_or(Ok(None), |key| opened(world.signatory(), segment, row, &key))
}

/// The one record of a segment, as what is erased is named; `None` when it is erased already.
pub(crate) fn held(segment: &SealedSegment) -> Option<HeldRecord> {
    Some(HeldRecord {
        segment: segment.id,
        number: 0,
        exchange: segment.exchange,
        class: segment.class,
        agreement: segment.agreement.clone(),
        kind: segment.kind,
        row: segment.rows.first()?.clone(),
    })
}
