//! Copies that only minimising shows to be copies: what was placed here and turned out to be what lies in the stream already, or
//! has ended there, goes at once. It would begin a clock of its own.

use super::tags::ObjectTag;
use super::tombstone::{id, keys_of};
use crate::ExchangeError;
use crate::erase::erase_copies;
use crate::ports::{Collections, HeldRecord, Presence, RecordPlace, SegmentKind, Store as _, Stream};
use crate::shell::Shell;
use comity_terms::ExchangeId;
use comity_terms::ids::SegmentId;
use std::collections::BTreeSet;

/// How many records of an exchange were copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copies {
    /// Of what lies in the stream.
    pub here: u64,
    /// Of what has ended there.
    pub ended: u64,
}

/// Erases what was placed by `exchange` and is listed in `stream` under an older copy, or not any more.
///
/// # Errors
/// [`ExchangeError`]; what was erased stays so.
pub async fn drop_copies<W: Shell<Store: Collections>>(
    world: &W,
    exchange: ExchangeId,
    stream: &Stream,
) -> Result<Copies, ExchangeError> {
    let mut held = world.store().held_of(exchange, false, u32::MAX).await?;
    held.retain(|record| record.kind == SegmentKind::Records);
    let places = held.iter().map(HeldRecord::place).collect();
    let (listed, _) = world.store().leaving(places).await?;
    let listed: BTreeSet<RecordPlace> = listed.into_iter().map(|listed| listed.place).collect();
    held.retain(|record| !listed.contains(&record.place()));
    let keys = keys_of(world, held.iter())?;
    let mut tags = Vec::with_capacity(held.len());
    let segments: BTreeSet<SegmentId> = held.iter().map(|record| record.segment).collect();
    for segment in segments {
        let Some(segment) = world.store().segment(segment).await? else { continue };
        let records = held.iter().filter(|record| record.segment == segment.id);
        let ids = records.filter_map(|record| id(world, &segment, record, &keys));
        tags.extend(ids.map(|id| world.tags().object(&id)));
    }
    let known = world.store().present(stream.clone(), tags.clone()).await?;
    let here: BTreeSet<ObjectTag> = known
        .into_iter()
        .filter_map(|(tag, presence)| matches!(presence, Presence::Here { .. }).then_some(tag))
        .collect();
    let mut copies = Copies::default();
    for tag in tags {
        *if here.contains(&tag) { &mut copies.here } else { &mut copies.ended } += 1;
    }
    erase_copies(world, &held).await?;
    Ok(copies)
}
