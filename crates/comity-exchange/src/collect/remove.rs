//! An object is taken out of a stream: its records are erased, and readers who know only what was added since they last
//! asked learn of it by a *tombstone*: a STIX note about the object, labelled `removed`, that lies where they look.
//!
//! ```json
//! {"type":"note","spec_version":"2.1","id":"note--…","created":"…","modified":"…","labels":["removed"],
//!  "abstract":"Removed","content":"The object was removed from this collection: remove your copy.","object_refs":["indicator--…"]}
//! ```
//! A tombstone names the object and says nothing else of it. It ends when the record would have ended.

use super::place::{ClassKnown, collected};
use super::tags::ObjectTag;
use crate::ExchangeError;
use crate::entry::Opening;
use crate::erase;
use crate::ports::{
    CollectedSegment, Draft, Erasure, HeldRecord, Listed, Record, Removal, SealedSegment, SegmentKind, Store,
    Stream,
};
use crate::shell::Shell;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Act, Entropy, ExchangeId, Month, Timestamp};
use comity_vault::{Bucket, EpochKey, EpochKeys as _};
use serde_json::{Value as Json, json};

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
    let Some(until) = held.iter().map(|record| record.row.erase_by).max() else { return Ok(()) };
    // A tombstone is read as the object was: any of its versions tells by which facts.
    let known = segments.first().map(|(_, known)| known.as_str());
    let mut facts = erase::facts_of(&held, GROUND);
    facts["ordered"] = removing.by.clone();
    let home = world.signatory().home();
    let opening_until = world.opening_until(&home, now)?;
    let (entry, opening, tombstone) = world.with_keys(|keys| {
        let entropy = &mut world.entropy();
        let (entry, opening) = Opening::draw(Act::RecordsErased, now, facts, entropy);
        let opening =
            world.signatory().seal_opening(&opening, (&home, None), opening_until, keys, entropy)?;
        let tombstone = match known.filter(|_| removing.whole) {
            Some(known) => {
                let bucket = keys.current(&removing.stream.agreement, Month::of(until));
                let (bucket, key) = bucket.map_err(ExchangeError::keys)?;
                Some(sealed(world, (&removing, known), (now, until), (&bucket, &key), entropy)?)
            }
            None => None,
        };
        Ok::<_, ExchangeError>((entry, opening, tombstone))
    })?;
    let (segment, collected) = tombstone.unzip();
    let version = |row: &Listed| (!removing.whole).then_some(row.version);
    let record = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: std::iter::once(opening).chain(segment).collect(),
        collected: collected.into_iter().collect(),
        erased: Some(Erasure {
            records: held.iter().map(HeldRecord::place).collect(),
            at: now,
            whatever_holds: false,
        }),
        removed: listed
            .iter()
            .map(|row| Removal {
                stream: removing.stream.clone(),
                object: removing.object,
                version: version(row),
                at: now,
            })
            .collect(),
        ..Record::default()
    };
    world.store().record(record).await?;
    Ok(())
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

/// The tombstone, sealed, and as readers find it: it is read as the object was, by the facts of its class.
fn sealed<W: Shell>(
    world: &W,
    (removing, known): (&Removing<'_>, &str),
    (now, until): (Timestamp, Timestamp),
    (bucket, key): (&Bucket, &EpochKey),
    entropy: &mut dyn Entropy,
) -> Result<(SealedSegment, CollectedSegment), ExchangeError> {
    let known: ClassKnown = serde_json::from_str(known)
        .map_err(|_| ExchangeError::proof("what is known of a segment does not read"))?;
    let at = format!("{now:.3}");
    let note = json!({
        "type": "note",
        "spec_version": "2.1",
        "id": format!("note--{}", SegmentId::draw(entropy)),
        "created": at,
        "modified": at,
        "labels": ["removed"],
        "abstract": "Removed",
        "content": "The object was removed from this collection: remove your copy.",
        "object_refs": [removing.id],
    })
    .to_string();
    let of = (&removing.stream.agreement, ExchangeId::draw(entropy), ClassId::draw(entropy));
    let record = || std::iter::once(note.as_bytes());
    let kept = (until, bucket, key);
    let segment = world.signatory().seal_records(
        of,
        record().map(|record| (record, kept)),
        SegmentKind::Records,
        entropy,
    )?;
    let collected = collected(segment.id, &removing.stream, &known, record(), world.tags())?;
    Ok((segment, collected))
}
