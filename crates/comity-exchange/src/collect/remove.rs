//! An object is taken out of a stream by whoever keeps the collection: its records are erased, nobody puts it there again, and
//! readers learn of it by a [tombstone](super::tombstone) where it was the last version.

use super::tags::ObjectTag;
use super::tombstone::Ending;
use crate::ExchangeError;
use crate::act::enter_sealing;
use crate::erase;
use crate::ports::{HeldRecord, Listed, Removal, SealedSegment, Store as _, Stream};
use crate::shell::Shell;
use comity_terms::Act;
use serde_json::Value as Json;

/// What is taken out, and by whose order.
pub struct Removing<'a> {
    /// Out of which stream.
    pub stream: Stream,
    /// Stands for the object.
    pub object: ObjectTag,
    /// Its id, for the tombstone.
    pub id: &'a str,
    /// Whether these are all of its versions.
    pub whole: bool,
    /// Whose order it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
}

/// The ground of an erasure by which a collection's keeper takes something back.
const GROUND: &str = "no_longer_needed";

/// Takes the listed versions of an object out, in one transaction with the entry that says so.
///
/// # Errors
/// [`ExchangeError`]; nothing changed then.
pub async fn remove<W: Shell>(
    world: &W,
    removing: Removing<'_>,
    listed: &[Listed],
    segments: &[(SealedSegment, String)],
) -> Result<(), ExchangeError> {
    let now = world.now();
    let held: Vec<HeldRecord> = listed.iter().filter_map(|row| held(row, segments)).collect();
    let Some(ends) = held.iter().map(|record| record.row.erase_by).max() else { return Ok(()) };
    let until = world.told_until(now).max(ends);
    let mut facts = erase::facts_of(&held, GROUND);
    facts["ordered"] = removing.by.clone();
    let removed = listed.iter().map(|row| Removal {
        stream: removing.stream.clone(),
        object: removing.object,
        version: (!removing.whole).then_some(row.version),
        content: None,
        at: now,
    });
    // A tombstone is read as the object was: any of its versions tells by which facts.
    let known = segments.first().filter(|_| removing.whole);
    let object = known.map(|(_, known)| (&removing.stream, known.as_str(), until, removing.id));
    let ending = Ending::of_object(removed.collect(), object)?;
    let change = |_| ending.record(world, &held, false, now);
    enter_sealing(world, Act::RecordsErased, (facts, None), now, change).await.map(drop)
}

/// What keeps any of these from erasure: reasons in the vocabulary's words, each once.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail.
pub async fn against<W: Shell>(
    world: &W,
    listed: &[Listed],
    segments: &[(SealedSegment, String)],
) -> Result<Vec<String>, ExchangeError> {
    let mut reasons = Vec::new();
    for record in listed.iter().filter_map(|row| held(row, segments)) {
        let Some(exchange) = record.exchange else { continue };
        let Some(row) = world.store().exchange(exchange).await? else { continue };
        let against = erase::Against::of(world, &row, world.now()).await?;
        if against.keeps(&record) {
            reasons.extend(against.reasons());
        }
    }
    reasons.sort();
    reasons.dedup();
    Ok(reasons)
}

fn held(row: &Listed, segments: &[(SealedSegment, String)]) -> Option<HeldRecord> {
    let (segment, _) = segments.iter().find(|(segment, _)| segment.id == row.place.segment)?;
    Some(HeldRecord {
        segment: segment.id,
        number: 0,
        exchange: segment.exchange,
        class: segment.class,
        agreement: segment.agreement.clone(),
        kind: segment.kind,
        row: row.row.clone(),
    })
}
