//! From the extract to a sealed offer, and the facts that the log entry commits to.

use super::extract::Extract;
use super::record::Basis;
use super::stages::{Halted, Minimised, Ruling};
use crate::ExchangeError;
use crate::audit::recorded::RecordedRuling;
use crate::collect::{ObjectTag, Tags};
use crate::entry::{Opening, PublicEntry, records_root};
use crate::escalation::waiting;
use crate::federation::frame::SignedHeader;
use crate::federation::offer::{
    ClassHeader, OfferHeader, SealTo, WireAttestation, join_owned, split_objects,
};
use crate::ports::{CollectedSegment, EscalationRow, RecordName, SealedSegment, Tagged};
use crate::question::Request;
use crate::report::{ExchangeOutcome, ObjectCounts};
use crate::shell::Shell;
use crate::signatory::Signatory;
use crate::subject::{Named, about_people};
use crate::wire::{Base64, Text, WireSafeguards, facts_to_wire, law_digests};
use comity_agreement::{LawSet, Vocabulary};
use comity_minimise::{Rejected, Withholding};
use comity_terms::beside::both;
use comity_terms::ids::ClassId;
use comity_terms::{Act, Digest, Entropy, ExchangeId, Safeguards, Timestamp};
use comity_vault::EpochKeys;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Display;

/// An exchange as far as it is sealed: cleartext is gone, nothing is recorded yet.
#[derive(Debug)]
pub struct Sealed {
    pub(super) summary: Summary,
    pub(super) entry: PublicEntry,
    pub(super) opening: SealedSegment,
    pub(super) dispatch: Option<Dispatch>,
    /// What waits for offices from now on, with the sealed order.
    pub(super) waiting: Option<(EscalationRow, SealedSegment)>,
    /// What is placed here instead of being sent: the sealed records, and what readers find them by.
    pub(super) placed: (Vec<SealedSegment>, Vec<CollectedSegment>),
    /// What stands for the ids of what is sent: for what had been received from others.
    pub(super) sent: Vec<(RecordName, ObjectTag)>,
    /// What finds by persons what is placed here, or was sent.
    pub(super) tagged: Vec<Tagged>,
    /// What the client's own key stands for from now on, where it was asked under one.
    pub(super) taken: Option<SealedSegment>,
}

impl Sealed {
    /// What is placed here.
    pub(crate) fn placed(
        summary: Summary,
        (entry, opening): (PublicEntry, SealedSegment),
        segments: Vec<SealedSegment>,
        (collected, tagged): (Vec<CollectedSegment>, Vec<Tagged>),
    ) -> Self {
        Self {
            summary,
            entry,
            opening,
            dispatch: None,
            waiting: None,
            placed: (segments, collected),
            sent: Vec::new(),
            tagged,
            taken: None,
        }
    }

    /// What is told of the exchange.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The same, to be recorded with what a client's key stands for: where that is taken already, nothing is recorded.
    #[must_use]
    pub fn under(self, taken: SealedSegment) -> Self {
        Self { taken: Some(taken), ..self }
    }
}

/// What is to be delivered once it is recorded.
pub(super) struct Dispatch {
    pub(super) header: SignedHeader,
    pub(super) bodies: Vec<u8>,
    pub(super) horizon: Timestamp,
    pub(super) basis: Basis,
}

impl std::fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dispatch of {} sealed bytes", self.bodies.len())
    }
}

/// What is told of an exchange from here on: decisions, counts and grounds; no content.
#[derive(Debug)]
pub struct Summary {
    /// The exchange.
    pub id: ExchangeId,
    /// The first exchange of its chain: itself, unless it replaces another.
    pub chain: ExchangeId,
    /// What was asked.
    pub request: Request,
    /// The digest of the agreement.
    pub agreement_digest: Digest,
    /// What the laws said.
    pub rulings: Vec<Ruling>,
    /// What went and what stayed.
    pub counts: ObjectCounts,
    /// What was left out or changed.
    pub withholdings: Vec<Withholding>,
    /// What did not read.
    pub rejected: Vec<Rejected>,
    /// Why objects stay home that no law speaks of: reason codes.
    pub reasons: BTreeSet<String>,
    /// The limits that travel with the data.
    pub safeguards: Safeguards,
    /// Where the exchange stands.
    pub outcome: ExchangeOutcome,
    /// Whether every class is permitted.
    pub whole: bool,
}

/// What sealing needs beside the stage itself.
pub struct Sealing<'a, W> {
    /// Who signs, what stands for objects in the index, and the epoch keys: borrowed for the opening alone.
    pub world: &'a W,
    /// The laws that were asked.
    pub laws: &'a LawSet,
    /// The receiver's transport key.
    pub seal_to: &'a SealTo,
    /// How long delivery is tried, from the instant of the act.
    pub horizon: Timestamp,
    /// Until when the opening of the entry is kept.
    pub opening_until: Timestamp,
    /// Randomness.
    pub entropy: &'a mut dyn Entropy,
}

impl Minimised {
    /// What is told of it as the exchange `id`.
    pub(crate) fn summary(self, id: ExchangeId, laws: &LawSet, outcome: ExchangeOutcome) -> Summary {
        let Self { request, rulings, extract } = self;
        let Extract { safeguards, counts, withholdings, rejected, reasons, .. } = extract;
        let whole = rulings_whole(&rulings);
        Summary {
            id,
            chain: request.supersedes.map_or(id, |superseded| superseded.chain),
            request,
            agreement_digest: laws.agreement.digest(),
            rulings,
            counts,
            withholdings,
            rejected,
            reasons,
            safeguards,
            outcome,
            whole,
        }
    }

    /// Whom the extract names, object by object, for as long as it may be kept.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`].
    pub(crate) fn named<W: Shell>(&self, world: &W) -> Result<Named, ExchangeError> {
        self.named_in(world, self.extract.classes.iter().map(|class| class.objects.iter().map(Vec::as_slice)))
    }

    /// As [`Minimised::named`], where the objects of each class are these.
    fn named_in<'o, W: Shell, O: IntoIterator<Item = &'o [u8]>>(
        &self,
        world: &W,
        objects: impl IntoIterator<Item = O>,
    ) -> Result<Named, ExchangeError> {
        let Some(erase_by) = self.extract.safeguards.erase_by else { return Ok(Named::default()) };
        let classes = self.extract.classes.iter().zip(objects);
        Named::of(
            world,
            classes.map(|(class, objects)| {
                (about_people(&class.sent), objects.into_iter().map(move |object| (object, erase_by)))
            }),
        )
    }

    /// What stands for the ids that the objects of the exchange `id` had, but for those that everybody has.
    fn sent_as(&self, id: ExchangeId, classes: &[ClassId], tags: &Tags) -> Vec<(RecordName, ObjectTag)> {
        let mut sent = Vec::new();
        for (class, of) in classes.iter().zip(&self.extract.classes) {
            let named = |(ordinal, source): &(u32, String)| {
                let name = RecordName { exchange: id, class: *class, ordinal: *ordinal };
                (!is_anybodys(source)).then(|| (name, tags.object(source)))
            };
            sent.extend(of.sources.iter().filter_map(named));
        }
        sent
    }

    /// Seals the extract to the receiver, class by class, and the facts of the decision in our own vault.
    ///
    /// # Errors
    /// [`ExchangeError::Vault`], [`ExchangeError::Keys`]; nothing was recorded, callers may try again.
    pub fn seal<W: Shell>(mut self, with: Sealing<'_, W>) -> Result<Sealed, ExchangeError> {
        let id = ExchangeId::draw(with.entropy);
        let counts: Vec<u64> = self.extract.classes.iter().map(|class| class.objects.len() as u64).collect();
        let clear: Vec<Vec<u8>> = self
            .extract
            .classes
            .iter_mut()
            .map(|class| join_owned(std::mem::take(&mut class.objects)))
            .collect();
        let request = &self.request;
        let extract = &self.extract.classes;
        let ids: Vec<ClassId> = extract.iter().map(|_| ClassId::draw(with.entropy)).collect();
        let places: Vec<(ClassId, usize)> =
            ids.iter().zip(&counts).map(|(class, count)| (*class, *count as usize)).collect();
        let contexts: Vec<Vec<u8>> =
            ids.iter().map(|class| OfferHeader::body_context(id, *class, &request.agreement)).collect();
        let bodies: Vec<(&[u8], &[u8])> =
            contexts.iter().zip(&clear).map(|(context, text)| (&context[..], &text[..])).collect();
        let info = OfferHeader::seal_info(id, &request.sender, &request.receiver);
        let mut salt = [0; 32];
        with.entropy.fill(&mut salt);
        // What is sealed, and what this gateway finds it by: neither needs the other.
        let objects: Vec<Vec<&[u8]>> = clear.iter().filter_map(|text| split_objects(text)).collect();
        let sealing = || {
            let sealed = comity_vault::seal_offer(&with.seal_to.public, &info, &bodies, with.entropy);
            let digests: Vec<Digest> = clear.iter().map(|text| Digest::of(text)).collect();
            (sealed, digests, records_root(&salt, objects.iter().flatten().copied()))
        };
        let finding = || {
            let named = self.named_in(with.world, objects.iter().map(|of_class| of_class.iter().copied()));
            (named, self.sent_as(id, &ids, with.world.tags()))
        };
        let ((sealed, digests, root), (named, sent)) =
            both(clear.iter().map(Vec::len).sum(), sealing, finding);
        let (sealed, named) = (sealed?, named?);

        let classes: Vec<ClassHeader> = extract
            .iter()
            .zip(ids.iter().zip(counts))
            .zip(digests.into_iter().zip(&sealed.ciphertexts))
            .map(|((class, (id, objects)), (digest, body))| ClassHeader {
                class: Text(*id),
                objects,
                decided: facts_to_wire(&class.decided),
                approvals: class.approvals.iter().cloned().map(Text).collect(),
                sent: facts_to_wire(&class.sent),
                digest: Text(digest),
                sealed: Text(Digest::of(body)),
                length: body.len() as u64,
            })
            .collect();
        drop((bodies, objects));
        drop(clear);
        let facts = json!({
            "records": { "salt": Base64(salt.to_vec()), "root": root.to_string() },
            "classes": classes.iter().map(|c| json!({ "objects": c.objects, "digest": c.digest, "sealed": c.sealed })).collect::<Json>(),
        });
        let summary = self.summary(id, with.laws, ExchangeOutcome::Queued);
        let (entry, opening) = summary.opening(with.laws, facts, with.entropy);
        let held = (&summary.request.agreement, Some(id));
        let opening = with.world.with_keys(|keys| {
            let signatory = with.world.signatory();
            signatory.seal_opening(&opening, held, with.opening_until, keys, with.entropy)
        })?;
        let header = OfferHeader {
            version: 1,
            exchange_id: Text(id),
            supersedes: summary.request.supersedes.map(|superseded| Text(superseded.exchange)),
            chain: summary.request.supersedes.map(|superseded| Text(superseded.chain)),
            sealed_as: None,
            sender: Text(summary.request.sender.clone()),
            receiver: Text(summary.request.receiver.clone()),
            action: Text(summary.request.action.clone()),
            agreement: Text(summary.request.agreement.clone()),
            laws: law_digests(with.laws),
            assume_in_force: summary.request.assume_in_force,
            at: Text(summary.request.at),
            horizon: Text(with.horizon),
            facts: facts_to_wire(&summary.request.common_facts()),
            attestations: summary.request.attestations.iter().map(WireAttestation::from).collect(),
            classes,
            safeguards: WireSafeguards::from(&summary.safeguards),
            barred: summary.request.barred.iter().cloned().collect(),
            transport_key: Text(with.seal_to.id),
            encapsulated: Base64(sealed.encapsulated),
            entry: Base64(entry.to_bytes().to_vec()),
        };
        let dispatch = Dispatch {
            basis: Basis::of(&header),
            header: header.sign(&with.world.signatory().key),
            bodies: end_to_end(sealed.ciphertexts),
            horizon: with.horizon,
        };
        Ok(Sealed {
            tagged: named.sent(opening.id, &places),
            summary,
            entry,
            opening,
            dispatch: Some(dispatch),
            waiting: None,
            placed: Default::default(),
            sent,
            taken: None,
        })
    }
}

/// Whether an object is one that everybody has: what markings and extensions are.
fn is_anybodys(id: &str) -> bool {
    ["marking-definition--", "extension-definition--"].iter().any(|kind| id.starts_with(kind))
}

/// Sealed bodies end to end. One alone stays where it is, and of several each is gone once it was copied.
fn end_to_end(ciphertexts: Vec<Vec<u8>>) -> Vec<u8> {
    let mut ciphertexts = ciphertexts.into_iter();
    let mut all = ciphertexts.next().unwrap_or_default();
    all.reserve_exact(ciphertexts.as_slice().iter().map(Vec::len).sum());
    ciphertexts.for_each(|body| all.extend_from_slice(&body));
    all
}

/// What sealing a halted exchange needs.
pub struct Halting<'a, K> {
    /// Who signs.
    pub signatory: &'a Signatory,
    /// The laws that were asked.
    pub laws: &'a LawSet,
    /// Until when the opening of the entry is kept.
    pub opening_until: Timestamp,
    /// Until when an escalated order is kept at most, where no law says how long offices have.
    pub waits_until: Timestamp,
    /// The epoch keys.
    pub keys: &'a mut K,
    /// Randomness.
    pub entropy: &'a mut dyn Entropy,
}

impl Halted {
    fn seal<K: EpochKeys<Error: Display>>(
        self,
        outcome: ExchangeOutcome,
        with: Halting<'_, K>,
    ) -> Result<Sealed, ExchangeError> {
        let Self { request, rulings, extract } = self;
        let Extract { counts, withholdings, rejected, reasons, .. } = extract;
        let id = ExchangeId::draw(with.entropy);
        let summary = Summary {
            id,
            chain: request.supersedes.map_or(id, |superseded| superseded.chain),
            request,
            agreement_digest: with.laws.agreement.digest(),
            rulings,
            counts,
            withholdings,
            rejected,
            reasons,
            safeguards: Safeguards::NONE,
            outcome,
            whole: false,
        };
        let (entry, opening) = summary.opening(with.laws, Json::Null, with.entropy);
        let opening = with.signatory.seal_opening(
            &opening,
            (&summary.request.agreement, Some(summary.id)),
            with.opening_until,
            with.keys,
            with.entropy,
        )?;
        Ok(Sealed {
            summary,
            entry,
            opening,
            dispatch: None,
            waiting: None,
            placed: Default::default(),
            sent: Vec::new(),
            tagged: Vec::new(),
            taken: None,
        })
    }
}

impl super::stages::Refused {
    /// Seals the facts of a refusal, for the log to commit to.
    ///
    /// # Errors
    /// As [`Minimised::seal`].
    pub fn seal<K: EpochKeys<Error: Display>>(self, with: Halting<'_, K>) -> Result<Sealed, ExchangeError> {
        self.0.seal(ExchangeOutcome::Refused, with)
    }
}

impl super::stages::Escalated {
    /// Seals the facts of an escalation, for the log to commit to, and the order with its bundle, for offices to wait
    /// with.
    ///
    /// # Errors
    /// As [`Minimised::seal`].
    pub fn seal<K: EpochKeys<Error: Display>>(
        self,
        bundle: &[u8],
        with: Halting<'_, K>,
    ) -> Result<Sealed, ExchangeError> {
        let Halting { signatory, laws, opening_until, waits_until, keys, entropy } = with;
        let halting =
            Halting { signatory, laws, opening_until, waits_until, keys: &mut *keys, entropy: &mut *entropy };
        let sealed = self.0.seal(ExchangeOutcome::Escalated, halting)?;
        let Summary { id, request, rulings, .. } = &sealed.summary;
        let order = (*id, request, bundle);
        let waiting = waiting(order, rulings, laws, waits_until, (signatory, keys, entropy))?;
        Ok(Sealed { waiting, ..sealed })
    }
}

impl Summary {
    /// The approvals that its decisions used, each once.
    pub(super) fn used(&self) -> BTreeSet<Digest> {
        self.rulings.iter().flat_map(|ruling| ruling.used.iter().copied()).collect()
    }

    /// The entry of the decision and its opening: facts from the closed vocabulary, no value of the input.
    pub(crate) fn opening(
        &self,
        laws: &LawSet,
        extract: Json,
        entropy: &mut dyn Entropy,
    ) -> (PublicEntry, Opening) {
        let facts = json!({
            "exchange": self.id.to_string(),
            "supersedes": self.request.supersedes.map(|superseded| superseded.exchange.to_string()),
            "asked": self.request.recorded(laws),
            "attestations": self.request.attestations.iter().map(|attestation| json!({
                "key": attestation.key.to_string(),
                "document": attestation.document.to_string(),
                "valid_until": attestation.valid_until.to_string(),
            })).collect::<Json>(),
            "ordered": self.request.ordered.as_ref().map(|ordered| json!({
                "key": ordered.key,
                "activity": self.request.activity.to_string(),
                "purpose": self.request.purpose.to_string(),
                "bundle": ordered.bundle.to_string(),
                "signature": ordered.signature,
            })),
            "rulings": self.rulings.iter().map(|ruling| ruling.recorded(&laws.vocabulary)).collect::<Vec<_>>(),
            "used": self.used().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "objects": self.counts,
            "safeguards": WireSafeguards::from(&self.safeguards),
            "extract": extract,
        });
        Opening::draw(Act::ExchangeDecided, self.request.at, facts, entropy)
    }
}

impl Ruling {
    /// What an opening holds of it.
    fn recorded(&self, vocabulary: &Vocabulary) -> RecordedRuling {
        let objects = self.objects.len() as u64;
        let of = (&self.detected, &self.approvals);
        RecordedRuling::of(&self.decision, &self.owed, objects, of, &self.stripped, vocabulary)
    }
}

/// Whether every class may go: a class that was refused as it stands counts as going when its stripped extract
/// may.
#[must_use]
pub fn rulings_whole(rulings: &[Ruling]) -> bool {
    use comity_agreement::Outcome::Permitted;
    rulings.iter().all(|ruling| {
        ruling.decision.outcome == Permitted
            || (ruling.stripped.is_empty()
                && ruling.objects.iter().all(|object| {
                    rulings.iter().any(|again| {
                        !again.stripped.is_empty()
                            && again.decision.outcome == Permitted
                            && again.objects.contains(object)
                    })
                }))
    })
}
