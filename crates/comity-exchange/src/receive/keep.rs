//! What came, sealed into our own vault: record by record, each under a key of its own and its clock.
//!
//! A copy never restarts a clock: what is held already under the same agreement, for the same activity and purpose, is
//! erased when the first of its copies is, whoever sends it again. Another purpose is another decision, with a clock of
//! its own. A record whose clock has run out takes its copy along, whether the sweep has reached it or not: what has ended is
//! remembered by a digest, and the next sweep ends the copy.

use crate::ExchangeError;
use crate::collect::place::indexed;
use crate::collect::{ClassKnown, ContentTag};
use crate::entry::records_root;
use crate::federation::offer::{Offer, split_objects};
use crate::ports::{
    CollectedObject, CollectedSegment, HeldFor, SealedSegment, SegmentKind, Store as _, Stream, Tagged,
};
use crate::shell::Shell;
use crate::subject::{Named, about_people};
use crate::wire::{Base64, Text, WireSafeguards, facts_from_wire};
use comity_terms::beside::both;
use comity_terms::{Entropy as _, Month, Safeguards, Timestamp};
use comity_vault::{Bucket, Cleartext, EpochKey, EpochKeys as _};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};

/// The records of an opened offer, sealed.
#[derive(Debug, Default)]
pub(super) struct SealedRecords {
    /// A segment for each class.
    pub(super) segments: Vec<SealedSegment>,
    /// What the index needs of the objects of each class.
    indexed: Vec<Vec<CollectedObject>>,
    /// What finds them by the persons whom they name.
    pub(super) tagged: Vec<Tagged>,
    /// What the opening of the entry tells of them.
    pub(super) told: Json,
}

/// What was opened, object by object, as the index of this gateway has it; and what of it is held already.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// What the index needs of the objects of each class.
    indexed: Vec<Vec<CollectedObject>>,
    /// When the first of its copies is erased, of each content that is held already.
    clocks: HashMap<ContentTag, Timestamp>,
}

impl Held {
    /// Looks up what was opened. Nothing is known yet of its form but what this asks for.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`], [`ExchangeError::Bundle`] where it has no form, [`ExchangeError::Store`].
    pub(super) async fn look_up<R: Shell>(
        world: &R,
        offer: &Offer<'_>,
        texts: &[Cleartext],
    ) -> Result<Self, ExchangeError> {
        let tags = world.tags();
        let classes = classes_of(texts)?;
        let indexed = classes.iter().map(|objects| indexed(objects, tags)).collect::<Result<Vec<_>, _>>()?;
        let clocks = clocks(world, offer, &indexed).await?;
        Ok(Self { indexed, clocks })
    }
}

/// The objects of each class.
fn classes_of(texts: &[Cleartext]) -> Result<Vec<Vec<&[u8]>>, ExchangeError> {
    let broken = || ExchangeError::proof("a class lost its form");
    texts.iter().map(|text| split_objects(text.as_bytes()).ok_or_else(broken)).collect()
}

/// Seals every record of an opened offer, to be erased when its limits say, or a copy's that is here already.
///
/// # Errors
/// [`ExchangeError::Law`] when no law says until when it may be kept; [`ExchangeError::Vault`],
/// [`ExchangeError::Keys`]. Nothing was kept, the sender tries again.
pub(super) fn seal<R: Shell>(
    world: &R,
    offer: &Offer<'_>,
    texts: &[Cleartext],
    safeguards: &Safeguards,
    (held, kind): (Held, SegmentKind),
    now: Timestamp,
) -> Result<SealedRecords, ExchangeError> {
    let header = &offer.header;
    let erase_by = safeguards
        .erase_by
        .ok_or_else(|| ExchangeError::Law("until when the data may be kept (erase_by)".to_owned()))?;
    let classes = classes_of(texts)?;
    let Held { indexed, clocks } = held;
    let until = |object: &CollectedObject| {
        clocks.get(&object.content).map_or(erase_by, |clock| erase_by.min(now.max(*clock)))
    };
    let months = indexed.iter().flatten().map(|object| Month::of(until(object)));
    let epochs = world.with_keys(|keys| {
        let mut epochs: BTreeMap<Month, (Bucket, EpochKey)> = BTreeMap::new();
        for month in months {
            if let std::collections::btree_map::Entry::Vacant(place) = epochs.entry(month) {
                place.insert(keys.current(&header.agreement.0, month).map_err(ExchangeError::keys)?);
            }
        }
        Ok::<_, ExchangeError>(epochs)
    })?;
    let entropy = &mut world.entropy();
    let salt: [u8; 32] = entropy.bytes();
    let sealing = || {
        let segments =
            header.classes.iter().zip(&classes).zip(&indexed).map(|((class, objects), indexed)| {
                let of = (&header.agreement.0, header.exchange_id.0, class.class.0);
                let records = objects.iter().zip(indexed).map(|(record, object)| {
                    let until = until(object);
                    let (bucket, key) = &epochs[&Month::of(until)];
                    (*record, (until, bucket, key))
                });
                world.signatory().seal_records(of, records, kind, entropy)
            });
        segments.collect::<Result<Vec<_>, _>>()
    };
    let about = header.classes.iter().zip(classes.iter().zip(&indexed)).map(|(class, (objects, indexed))| {
        // What the header says of a class counts only where it says that it is about people: what was found otherwise is
        // read like it.
        let personal = kind == SegmentKind::Quarantined
            || facts_from_wire(&class.sent).is_none_or(|facts| about_people(&facts));
        (personal, objects.iter().zip(indexed).map(|(object, indexed)| (*object, until(indexed))))
    });
    let reading = || (Named::of(world, about), records_root(&salt, classes.iter().flatten().copied()));
    let bytes = texts.iter().map(|text| text.as_bytes().len()).sum();
    let (segments, (named, root)) = both(bytes, sealing, reading);
    let (segments, named) = (segments?, named?);
    let (mut tagged, mut first) = (Vec::new(), 0);
    for (segment, objects) in segments.iter().zip(&classes) {
        tagged.extend(named.within(segment.id, first, objects.len()));
        first += objects.len();
    }
    let told = json!({
        "salt": Base64(salt.to_vec()),
        "root": root.to_string(),
        "quarantined": kind == SegmentKind::Quarantined,
    });
    Ok(SealedRecords { segments, indexed, tagged, told })
}

/// When the first of its copies is erased, of each content that is held already.
async fn clocks<R: Shell>(
    world: &R,
    offer: &Offer<'_>,
    indexed: &[Vec<CollectedObject>],
) -> Result<HashMap<ContentTag, Timestamp>, ExchangeError> {
    let Some((activity, purpose)) = offer.header.asked_for() else { return Ok(HashMap::new()) };
    let held = HeldFor { agreement: offer.header.agreement.0.clone(), activity, purpose };
    let objects = indexed.iter().flatten().map(|object| object.object).collect();
    let mut first: HashMap<ContentTag, Timestamp> = HashMap::new();
    for (content, until) in world.store().clocks(held, objects).await? {
        first.entry(content).and_modify(|clock| *clock = until.min(*clock)).or_insert(until);
    }
    Ok(first)
}

impl SealedRecords {
    /// What readers of this gateway's collections find them by.
    ///
    /// # Errors
    /// [`ExchangeError::Bundle`] when what is known of a class is not written.
    pub(super) fn collected(
        &mut self,
        offer: &Offer<'_>,
        safeguards: &Safeguards,
    ) -> Result<Vec<CollectedSegment>, ExchangeError> {
        let header = &offer.header;
        // Both are required of every exchange, so an offer without them was not permitted.
        let Some((activity, purpose)) = header.asked_for() else { return Ok(Vec::new()) };
        let (agreement, partner) = (header.agreement.0.clone(), header.sender.0.clone());
        let stream = Stream { agreement, partner, activity, purpose };
        let indexed = std::mem::take(&mut self.indexed);
        let collect =
            header.classes.iter().zip(indexed).zip(&self.segments).map(|((class, objects), segment)| {
                let known = ClassKnown {
                    facts: class.sent.clone(),
                    safeguards: WireSafeguards::from(safeguards),
                    tombstone: false,
                    asked_for: Some((Text(stream.activity.clone()), Text(stream.purpose.clone()))),
                };
                CollectedSegment::of(segment.id, &stream, &known, objects)
            });
        collect.collect()
    }
}
