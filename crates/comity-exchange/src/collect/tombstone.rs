//! What readers are told of objects that are gone: a *tombstone*, which lies where they look for what is new.
//!
//! ```json
//! {"type":"note","spec_version":"2.1","id":"note--…","created":"…","modified":"…","labels":["removed"],
//!  "abstract":"Removed","content":"The object was removed from this collection: remove your copy.","object_refs":["indicator--…"]}
//! ```
//! It names objects and says nothing else of them; those of one class that end by one act are named by one tombstone. It is
//! given whatever ended the object's last version: its time, an order, a person's request, whoever keeps the collection. An
//! object that no key opens any more is named by none: nobody knows its id.
//!
//! Invariants: a tombstone comes in the transaction that takes its objects out; it is read as they were, by the facts of their
//! class; its own end is told to nobody.

use super::place::{ClassKnown, collected};
use super::read::opened;
use super::tags::ObjectTag;
use crate::ExchangeError;
use crate::ports::{
    CollectedSegment, Erasure, HeldRecord, Leaving, Record, RecordPlace, Removal, SealedSegment, SegmentKind,
    Store as _, Stream,
};
use crate::shell::Shell;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_vault::{Bucket, EpochKey, EpochKeys as _};
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What a collection's index says when records of it end.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// The objects that are not put there again.
    removed: Vec<Removal>,
    /// What readers are told.
    told: Vec<Told>,
}

/// One tombstone to be.
#[derive(Debug)]
struct Told {
    stream: Stream,
    known: ClassKnown,
    until: Timestamp,
    ids: Vec<String>,
}

/// Why records end, as far as their readers are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Their time has come: no copy is kept after it.
    Due,
    /// Somebody ordered it before their time: readers are told as long as the record would have been there.
    Ordered,
    /// The person concerned asked for it: readers are told no longer than needed.
    Requested,
}

impl Ending {
    /// What to say of `records`, which end at `now`. Each record is opened for its id, where there is a key that opens it.
    ///
    /// # Errors
    /// [`ExchangeError`] when the store or the keys fail.
    pub(crate) async fn of<W: Shell>(
        world: &W,
        records: &[HeldRecord],
        why: Why,
        now: Timestamp,
    ) -> Result<Self, ExchangeError> {
        let readable = records.iter().filter(|record| record.kind == SegmentKind::Records);
        let by_place: BTreeMap<RecordPlace, &HeldRecord> =
            readable.map(|record| (record.place(), record)).collect();
        if by_place.is_empty() {
            return Ok(Self::default());
        }
        let (leaving, segments) = world.store().leaving(by_place.keys().copied().collect()).await?;
        let read = |(segment, known): (SealedSegment, String)| {
            let is_tombstone = class_of(&known)?.tombstone;
            Ok((segment.id, (segment, known, is_tombstone)))
        };
        let segments: BTreeMap<SegmentId, (SealedSegment, String, bool)> =
            segments.into_iter().map(read).collect::<Result<_, ExchangeError>>()?;
        let mut going: BTreeMap<(&Stream, ObjectTag), u64> = BTreeMap::new();
        for gone in &leaving {
            *going.entry((&gone.stream, gone.object)).or_default() += 1;
        }
        let keys = keys_of(world, leaving.iter().filter_map(|gone| by_place.get(&gone.place).copied()))?;
        let mut ending = Self::default();
        let mut told: BTreeMap<(&Stream, &str), (Timestamp, BTreeSet<String>)> = BTreeMap::new();
        for gone in &leaving {
            let Some((held, (segment, known, is_tombstone))) =
                by_place.get(&gone.place).zip(segments.get(&gone.place.segment))
            else {
                continue;
            };
            if *is_tombstone {
                continue;
            }
            ending.removed.push(removal(gone, held, why, now));
            let last = going.get(&(&gone.stream, gone.object)) == Some(&gone.versions);
            let id = if last { id(world, segment, held, &keys) } else { None };
            if let Some(id) = id {
                let ends = held.row.erase_by;
                let until = match why {
                    // What is due is erased somewhat before its time.
                    Why::Due => world.told_until(now.max(ends)),
                    Why::Ordered => world.told_until(now).max(ends),
                    Why::Requested => world.told_until(now),
                };
                let (latest, ids) =
                    told.entry((&gone.stream, known.as_str())).or_insert((until, BTreeSet::new()));
                *latest = until.max(*latest);
                ids.insert(id);
            }
        }
        for ((stream, known), (until, ids)) in told {
            let told = Told::new(stream.clone(), known, until, ids.into_iter().collect())?;
            ending.told.push(told);
        }
        Ok(ending)
    }

    /// What to say of one object whose id is given, and of which nothing is left.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`] when what is `known` of its class does not read.
    pub(super) fn of_object(
        removed: Vec<Removal>,
        object: Option<(&Stream, &str, Timestamp, &str)>,
    ) -> Result<Self, ExchangeError> {
        let told = object
            .map(|(stream, known, until, id)| Told::new(stream.clone(), known, until, vec![id.to_owned()]));
        Ok(Self { removed, told: told.transpose()?.into_iter().collect() })
    }

    /// The end of `records`, with what is said of it: to be recorded in one transaction.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`], [`ExchangeError::Vault`].
    pub(crate) fn record<W: Shell>(
        &self,
        world: &W,
        records: &[HeldRecord],
        whatever_holds: bool,
        now: Timestamp,
    ) -> Result<Record, ExchangeError> {
        let (segments, collected) = self.sealed(world, now)?;
        let places = records.iter().map(HeldRecord::place).collect();
        Ok(Record {
            segments,
            collected,
            erased: Some(Erasure { records: places, at: now, whatever_holds }),
            removed: self.removed.clone(),
            ..Record::default()
        })
    }

    /// The tombstones, sealed, and as readers find them.
    fn sealed<W: Shell>(
        &self,
        world: &W,
        now: Timestamp,
    ) -> Result<(Vec<SealedSegment>, Vec<CollectedSegment>), ExchangeError> {
        world.with_keys(|keys| {
            let sealed = self.told.iter().map(|told| {
                let bucket = keys.current(&told.stream.agreement, Month::of(told.until));
                let (bucket, key) = bucket.map_err(ExchangeError::keys)?;
                told.sealed(world, now, (&bucket, &key))
            });
            let sealed: Vec<_> = sealed.collect::<Result<_, ExchangeError>>()?;
            Ok(sealed.into_iter().unzip())
        })
    }
}

/// What is known of a class, as it stands beside its segment.
fn class_of(known: &str) -> Result<ClassKnown, ExchangeError> {
    serde_json::from_str(known).map_err(|_| ExchangeError::proof("what is known of a segment does not read"))
}

fn removal(gone: &Leaving, held: &HeldRecord, why: Why, now: Timestamp) -> Removal {
    let over = why == Why::Due || held.row.erase_by <= now;
    Removal {
        stream: gone.stream.clone(),
        object: gone.object,
        version: Some(gone.version),
        content: over.then_some(gone.content),
        at: now,
    }
}

/// The keys of the buckets of these records, as far as they are there.
pub(super) fn keys_of<'r, W: Shell>(
    world: &W,
    records: impl Iterator<Item = &'r HeldRecord>,
) -> Result<BTreeMap<Bucket, EpochKey>, ExchangeError> {
    let buckets: BTreeSet<Bucket> = records.map(HeldRecord::bucket).collect();
    world.with_keys(|keys| {
        let held = buckets.into_iter().filter_map(|bucket| {
            let key = keys.get(&bucket).map_err(ExchangeError::keys).transpose()?;
            Some(key.map(|key| (bucket, key)))
        });
        held.collect()
    })
}

/// The id of a record; `None` where no key opens it.
pub(super) fn id<W: Shell>(
    world: &W,
    segment: &SealedSegment,
    held: &HeldRecord,
    keys: &BTreeMap<Bucket, EpochKey>,
) -> Option<String> {
    // What was altered opens no more: it ends all the same.
    let clear = opened(world.signatory(), segment, &held.row, keys.get(&held.bucket())?).ok()??;
    let head: Head<'_> = serde_json::from_slice(clear.as_bytes()).ok()?;
    Some(head.id.into_owned())
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Told {
    fn new(stream: Stream, known: &str, until: Timestamp, ids: Vec<String>) -> Result<Self, ExchangeError> {
        let known = ClassKnown { tombstone: true, ..class_of(known)? };
        Ok(Self { stream, known, until, ids })
    }

    fn sealed<W: Shell>(
        &self,
        world: &W,
        now: Timestamp,
        (bucket, key): (&Bucket, &EpochKey),
    ) -> Result<(SealedSegment, CollectedSegment), ExchangeError> {
        let entropy = &mut world.entropy();
        let at = format!("{now:.3}");
        let note = json!({
            "type": "note",
            "spec_version": "2.1",
            "id": format!("note--{}", SegmentId::draw(entropy)),
            "created": at,
            "modified": at,
            "labels": ["removed"],
            "abstract": "Removed",
            "content": if self.ids.len() == 1 { ONE } else { SEVERAL },
            "object_refs": self.ids,
        })
        .to_string();
        let of = (&self.stream.agreement, ExchangeId::draw(entropy), ClassId::draw(entropy));
        let record = || std::iter::once(note.as_bytes());
        let kept = (self.until, bucket, key);
        let segment = world.signatory().seal_records(
            of,
            record().map(|record| (record, kept)),
            SegmentKind::Records,
            entropy,
        )?;
        let collected = collected(segment.id, &self.stream, &self.known, record(), world.tags())?;
        Ok((segment, collected))
    }
}

const ONE: &str = "The object was removed from this collection: remove your copy.";
const SEVERAL: &str = "The objects were removed from this collection: remove your copies.";
