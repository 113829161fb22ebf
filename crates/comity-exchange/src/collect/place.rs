//! The last stage of what is placed here: sealed into our own vault instead of to a partner.

use super::tags::Tags;
use crate::ExchangeError;
use crate::disclose::{Minimised, Sealed};
use crate::entry::records_root;
use crate::ports::{CollectedObject, CollectedSegment, SegmentKind, Stream};
use crate::report::ExchangeOutcome;
use crate::signatory::Signatory;
use crate::subject::Named;
use crate::wire::{Base64, Text, WireFact, WireSafeguards, facts_to_wire};
use comity_agreement::LawSet;
use comity_terms::beside::in_halves;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Activity, Entropy, ExchangeId, Month, Purpose, Timestamp};
use comity_vault::EpochKeys;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt::Display;

/// What is known of the objects of a segment: words of the vocabulary.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassKnown {
    /// Their facts as they came, after treatment: in the whole bundle, which a page of them is not.
    pub facts: Vec<WireFact>,
    /// The safeguards that they came under.
    pub safeguards: WireSafeguards,
    /// Whether it tells of objects that are gone: then its own end is told to nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tombstone: bool,
    /// The activity and the purpose that they came for. Of a copy of what lies in a collection already nothing else tells it;
    /// absent where an earlier release wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<(Text<Activity>, Text<Purpose>)>,
}

/// What placing needs beside the stage itself.
pub(crate) struct Placing<'a, K> {
    /// Who signs.
    pub(crate) signatory: &'a Signatory,
    /// The laws that were asked.
    pub(crate) laws: &'a LawSet,
    /// What stands for objects in the index.
    pub(crate) tags: &'a Tags,
    /// Whom the extract names.
    pub(crate) named: Named,
    /// When they are said to be added; `None`: when they are.
    pub(crate) added: Option<Timestamp>,
    /// Until when the opening of the entry is kept.
    pub(crate) opening_until: Timestamp,
    /// The epoch keys.
    pub(crate) keys: &'a mut K,
    /// Randomness.
    pub(crate) entropy: &'a mut dyn Entropy,
}

/// The most objects of one segment: a page of readers opens few segments, and none that is long.
const SEGMENT_OBJECTS_MAX: usize = 256;

impl Minimised {
    /// Seals the extract into our own vault, record by record, each under its clock; and the facts of the decision.
    ///
    /// # Errors
    /// [`ExchangeError::Law`] when no law says until when it may be kept; [`ExchangeError::Vault`],
    /// [`ExchangeError::Keys`]. Nothing was recorded, callers may try again.
    pub(crate) fn place<K: EpochKeys<Error: Display>>(
        self,
        with: Placing<'_, K>,
    ) -> Result<Sealed, ExchangeError> {
        let Placing { signatory, laws, tags, named, added, opening_until, keys, entropy } = with;
        let id = ExchangeId::draw(entropy);
        let erase_by = self
            .extract
            .safeguards
            .erase_by
            .ok_or_else(|| ExchangeError::Law("until when the data may be kept (erase_by)".to_owned()))?;
        let agreement = self.request.agreement.clone();
        let stream = Stream {
            agreement: agreement.clone(),
            partner: self.request.sender.clone(),
            activity: self.request.activity.clone(),
            purpose: self.request.purpose.clone(),
        };
        let (bucket, key) = keys.current(&agreement, Month::of(erase_by)).map_err(ExchangeError::keys)?;
        let mut salt = [0; 32];
        entropy.fill(&mut salt);
        let mut placed = Vec::new();
        let (mut tagged, mut sealed) = (Vec::new(), 0);
        for class in &self.extract.classes {
            let known = ClassKnown {
                facts: facts_to_wire(&class.sent),
                safeguards: WireSafeguards::from(&self.extract.safeguards),
                tombstone: false,
                asked_for: Some((Text(stream.activity.clone()), Text(stream.purpose.clone()))),
            };
            for objects in class.objects.chunks(SEGMENT_OBJECTS_MAX) {
                let of = (&agreement, id, ClassId::draw(entropy));
                let records = || objects.iter().map(Vec::as_slice);
                let kept = (erase_by, &bucket, &key);
                let segment = signatory.seal_records(
                    of,
                    records().map(|record| (record, kept)),
                    SegmentKind::Records,
                    entropy,
                )?;
                let found = collected(segment.id, &stream, &known, records(), tags)?;
                tagged.extend(named.within(segment.id, sealed, objects.len()));
                sealed += objects.len();
                placed.push((CollectedSegment { added, ..found }, segment));
            }
        }
        let all = self.extract.classes.iter().flat_map(|class| class.objects.iter().map(Vec::as_slice));
        let facts = json!({
            "records": { "salt": Base64(salt.to_vec()), "root": records_root(&salt, all).to_string() },
            "placed": placed.iter().map(|(collected, _)| collected.objects.len()).sum::<usize>(),
        });
        let (collected, segments) = placed.into_iter().unzip();
        let mut summary = self.summary(id, laws, ExchangeOutcome::Delivered);
        summary.outcome = ExchangeOutcome::delivered(summary.whole);
        let (entry, opening) = summary.opening(laws, facts, entropy);
        let opening =
            signatory.seal_opening(&opening, (&agreement, Some(id)), opening_until, keys, entropy)?;
        Ok(Sealed::placed(summary, (entry, opening), segments, (collected, tagged)))
    }
}

/// A sealed segment as readers may ask for its objects.
///
/// # Errors
/// [`ExchangeError::Bundle`] when an object is none of STIX, which was checked before.
pub fn collected<'o>(
    segment: SegmentId,
    stream: &Stream,
    known: &ClassKnown,
    objects: impl Iterator<Item = &'o [u8]>,
    tags: &Tags,
) -> Result<CollectedSegment, ExchangeError> {
    let objects: Vec<&[u8]> = objects.collect();
    CollectedSegment::of(segment, stream, known, indexed(&objects, tags)?)
}

impl CollectedSegment {
    /// A segment of these objects, in its order, as readers may ask for them.
    ///
    /// # Errors
    /// [`ExchangeError::Bundle`] when what is known of them is not written.
    pub(crate) fn of(
        segment: SegmentId,
        stream: &Stream,
        known: &ClassKnown,
        objects: Vec<CollectedObject>,
    ) -> Result<Self, ExchangeError> {
        let known = serde_json::to_string(known)
            .map_err(|error| ExchangeError::Bundle(format!("what is known of a class: {error}")))?;
        Ok(Self { segment, stream: stream.clone(), added: None, known, objects })
    }
}

/// What stands in the index for each of these objects, in their order.
///
/// # Errors
/// [`ExchangeError::Bundle`] when an object is none of STIX, which was checked before.
pub(crate) fn indexed(objects: &[&[u8]], tags: &Tags) -> Result<Vec<CollectedObject>, ExchangeError> {
    let broken = |error: serde_json::Error| ExchangeError::Bundle(format!("an extract: {error}"));
    let of_one = |at: usize| {
        let head: Head<'_> = serde_json::from_slice(objects[at]).map_err(broken)?;
        let instant = head.modified.or(head.created);
        Ok(CollectedObject {
            object: tags.object(&head.id),
            content: tags.content(objects[at]),
            stix_type: head.stix_type.into_owned(),
            version: instant.and_then(|text| text.parse().ok()),
        })
    };
    in_halves(objects.len(), of_one).into_iter().collect()
}

/// What the index needs of an object.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    stix_type: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    modified: Option<std::borrow::Cow<'a, str>>,
    #[serde(default, borrow)]
    created: Option<std::borrow::Cow<'a, str>>,
}
