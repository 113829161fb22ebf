//! The offer: what a sender asks a receiver to take, and the sealed bodies it would take.
//!
//! The header says the question, the facts of each class with who asserted each, the law by digest, and the
//! digest of every body; the bodies follow in the order of the classes. A receiver decides on the header; the
//! bodies stay closed until it has its own permission. Each class carries two fact sets: as decided, and of
//! the extract as sent; what is opened must read as the second.

use super::frame::{Frame, FrameError, SignedHeader, read_json};
use crate::entry::PublicEntry;
use crate::ports::Bar;
use crate::question::Attestation;
use crate::signature::{Domain, PartyKey, PartyVerifier};
use crate::wire::{Base64, Text, WireFact, WireSafeguards, facts_from_wire};
use comity_agreement::Vocabulary;
use comity_agreement::facts::raise;
use comity_terms::ids::ClassId;
use comity_terms::{
    Action, Activity, Asserter, Digest, ExchangeId, FactKey, Facts, LawName, Office, PackSlug, Party,
    Purpose, Timestamp,
};
use comity_vault::TransportPublic;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most classes in one offer: classes are sets of equal facts, and the facts that detection states take
/// fewer than 4,096 combinations in any bundle seen; the header's bound is computed from this number.
pub const CLASSES_MAX: usize = 4_096;

/// The most parties that an offer names as those that it is not passed on to: there are fewer states, and each may have
/// been removed by several.
pub const BARRED_MAX: usize = 1_024;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The exchange.
    pub exchange_id: Text<ExchangeId>,
    /// The exchange that this one replaces: decided or sealed again.
    pub supersedes: Option<Text<ExchangeId>>,
    /// The first exchange of its chain, where it replaces another. A receiver accepts one of a chain.
    #[serde(default)]
    pub chain: Option<Text<ExchangeId>>,
    /// The exchange under which the bodies were sealed, where that is another: an offer that is only decided
    /// again keeps them as they are.
    #[serde(default)]
    pub sealed_as: Option<Text<ExchangeId>>,
    /// Where the data is.
    pub sender: Text<Party>,
    /// Who gets it.
    pub receiver: Text<Party>,
    /// The act that law was asked about.
    pub action: Text<Action>,
    /// The agreement that it is under.
    pub agreement: Text<PackSlug>,
    /// The digest of every law asked.
    pub laws: BTreeMap<Text<LawName>, Text<Digest>>,
    /// Whether the sender treated the agreement as in force for a trial.
    pub assume_in_force: bool,
    /// The instant of the act, UTC.
    pub at: Text<Timestamp>,
    /// The instant after which the sender gives up, UTC.
    pub horizon: Text<Timestamp>,
    /// The facts that hold for every class.
    pub facts: Vec<WireFact>,
    /// What stands behind the facts that offices state.
    #[serde(default)]
    pub attestations: Vec<WireAttestation>,
    /// The classes, in the order of the bodies.
    pub classes: Vec<ClassHeader>,
    /// The limits that travel with the data.
    pub safeguards: WireSafeguards,
    /// To whom it is not passed on, by whose word: the sender's, and that of those it is from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<WireBar>,
    /// The receiver's transport key that the bodies are sealed to.
    pub transport_key: Text<Digest>,
    /// The encapsulation of the bodies' keys.
    pub encapsulated: Base64,
    /// The sender's log entry of its decision: the attached receipt proves it recorded.
    pub entry: Base64,
}

/// One class of an offer: objects with equal facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassHeader {
    /// The class.
    pub class: Text<ClassId>,
    /// How many objects.
    pub objects: u64,
    /// The facts that were detected before treatment: what was decided.
    pub decided: Vec<WireFact>,
    /// The facts that are detected in the extract as sent.
    pub sent: Vec<WireFact>,
    /// The offices whose approvals let it go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Text<Office>>,
    /// The digest of the body's cleartext.
    pub digest: Text<Digest>,
    /// The digest of the sealed body.
    pub sealed: Text<Digest>,
    /// The length of the sealed body, bytes.
    pub length: u64,
}

/// A party that data is not passed on to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireBar {
    /// Who.
    pub party: Text<Party>,
    /// Whose word it is.
    pub origin: Text<Party>,
    /// When the origin said so, UTC.
    pub at: Text<Timestamp>,
}

impl WireBar {
    /// The bar that it is of what goes by `exchange`.
    #[must_use]
    pub fn of(&self, exchange: ExchangeId) -> Bar {
        let Self { party, origin, at } = self;
        Bar { exchange, party: party.0.clone(), origin: origin.0.clone(), at: at.0, stands: true }
    }
}

/// What an office attested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireAttestation {
    /// The fact.
    pub key: Text<FactKey>,
    /// The digest of the document.
    pub document: Text<Digest>,
    /// Until when it is valid, UTC.
    pub valid_until: Text<Timestamp>,
}

impl From<&Attestation> for WireAttestation {
    fn from(attestation: &Attestation) -> Self {
        Self {
            key: Text(attestation.key.clone()),
            document: Text(attestation.document),
            valid_until: Text(attestation.valid_until),
        }
    }
}

/// What proves itself, made anew for each try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferAttachments {
    /// The sender's receipt for `entry`: a C2SP tlog-proof.
    pub receipt: String,
    /// A C2SP tlog-witness request to cosign the sender's checkpoint.
    pub witness: Option<String>,
}

/// An offer whose signature and form hold. Its bodies are still sealed.
pub struct Offer<'a> {
    /// What it says.
    pub header: OfferHeader,
    /// What it is known by.
    pub digest: Digest,
    /// What proves itself.
    pub attachments: OfferAttachments,
    /// The sealed body of each class, in order.
    pub bodies: Vec<&'a [u8]>,
}

impl std::fmt::Debug for Offer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer {} of {} classes", self.header.exchange_id.0, self.header.classes.len())
    }
}

impl OfferHeader {
    /// The header signed by the sender.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        let bytes = serde_json::to_vec(self).expect("a header is plain data");
        SignedHeader::sign(bytes, Domain::Offer, key)
    }

    /// The agreed category and the purpose that its facts state.
    #[must_use]
    pub fn asked_for(&self) -> Option<(Activity, Purpose)> {
        let stated = |key: &str| {
            self.facts.iter().find(|fact| fact.key().as_str() == key).and_then(crate::wire::WireFact::text)
        };
        Some((stated("activity")?.parse().ok()?, stated("purpose")?.parse().ok()?))
    }

    /// The sender's entry, when it is one.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        PublicEntry::from_bytes(&self.entry.0)
    }

    /// The first exchange of its chain: itself, unless it replaces another.
    #[must_use]
    pub fn chain(&self) -> ExchangeId {
        self.chain.unwrap_or(self.exchange_id).0
    }

    /// The exchange under which its bodies were sealed.
    #[must_use]
    pub fn sealed_as(&self) -> ExchangeId {
        self.sealed_as.unwrap_or(self.exchange_id).0
    }

    /// The facts that a class was decided on: its own, raised by the common ones as at the sender. `None` when
    /// they do not read.
    #[must_use]
    pub fn decided_facts(&self, class: &ClassHeader, vocabulary: &Vocabulary) -> Option<Facts> {
        self.raised(vocabulary, facts_from_wire(&class.decided)?)
    }

    /// Facts detected in objects of this offer, raised by what holds for all of it.
    #[must_use]
    pub fn raised(&self, vocabulary: &Vocabulary, detected: Facts) -> Option<Facts> {
        Some(raise(vocabulary, detected, facts_from_wire(&self.facts)?))
    }

    /// Leaves out what offices state and what attests it where that is not in force at `now`: it counts no longer.
    pub(crate) fn keep_attested(&mut self, now: Timestamp) {
        self.attestations.retain(|attestation| attestation.valid_until.0 >= now);
        let attested: BTreeSet<FactKey> = self.attestations.iter().map(|a| a.key.0.clone()).collect();
        let counts = |fact: &WireFact| fact.asserter() != Asserter::Office || attested.contains(fact.key());
        self.facts.retain(counts);
        for class in &mut self.classes {
            class.decided.retain(counts);
        }
    }

    /// The first fact that an office states without an attestation that was valid at the act.
    fn unattested(&self) -> Option<&FactKey> {
        let stated = self.facts.iter().chain(self.classes.iter().flat_map(|class| &class.decided));
        stated.filter(|fact| fact.asserter() == Asserter::Office).map(WireFact::key).find(|key| {
            let attested = |a: &&WireAttestation| a.key.0 == **key && a.valid_until.0 >= self.at.0;
            self.attestations.iter().find(attested).is_none()
        })
    }

    /// To whom what comes by it is not passed on.
    #[must_use]
    pub fn bars(&self) -> Vec<Bar> {
        self.barred.iter().map(|bar| bar.of(self.exchange_id.0)).collect()
    }

    /// What binds a body to its place: the exchange that it was sealed under, class and agreement.
    #[must_use]
    pub fn body_context(exchange: ExchangeId, class: ClassId, agreement: &PackSlug) -> Vec<u8> {
        [&exchange.as_bytes()[..], class.as_bytes(), agreement.as_str().as_bytes()].concat()
    }

    /// What binds the encapsulation: exchange and both parties.
    #[must_use]
    pub fn seal_info(exchange: ExchangeId, sender: &Party, receiver: &Party) -> Vec<u8> {
        format!("comity/offer/v1\n{exchange}\n{sender}\n{receiver}\n").into_bytes()
    }
}

impl<'a> Offer<'a> {
    /// Reads an offer by `sender`, whose key `verifier` is. Every digest in the header is checked against the
    /// sealed bodies; nothing is opened.
    ///
    /// # Errors
    /// [`FrameError`], naming the part; callers refuse the offer and record the misbehaviour.
    pub fn read(
        bytes: &'a [u8],
        sender: &Party,
        receiver: &Party,
        verifier: &PartyVerifier,
    ) -> Result<Self, FrameError> {
        let frame = Frame::parse(bytes)?;
        let header: OfferHeader = read_json(frame.verified(Domain::Offer, verifier)?, "header")?;
        let wrong = |reason: String| FrameError::Content { part: "header", reason };
        if header.version != 1 {
            return Err(wrong(format!("version {} is not known here", header.version)));
        }
        if header.sender.0 != *sender || header.receiver.0 != *receiver {
            return Err(wrong("the parties are not those of this connection".to_owned()));
        }
        if header.classes.is_empty() || header.classes.len() > CLASSES_MAX {
            return Err(wrong(format!("{} classes; 1 to {CLASSES_MAX} are possible", header.classes.len())));
        }
        if header.barred.len() > BARRED_MAX {
            let count = header.barred.len();
            return Err(wrong(format!("{count} parties are barred; {BARRED_MAX} are possible")));
        }
        if header.public_entry().is_none() {
            return Err(wrong("the entry is none of this version".to_owned()));
        }
        if header.supersedes.is_none() && (header.chain.is_some() || header.sealed_as.is_some()) {
            return Err(wrong("it belongs to the chain of an exchange that it does not replace".to_owned()));
        }
        if let Some(key) = header.unattested() {
            return Err(wrong(format!("fact `{key}` is an office's, and no attestation stands behind it")));
        }
        let attachments = read_json(frame.attachments, "attachments")?;
        let bodies = split_bodies(&header.classes, frame.bodies)?;
        Ok(Self { header, digest: frame.digest(), attachments, bodies })
    }
}

fn split_bodies<'a>(classes: &[ClassHeader], mut rest: &'a [u8]) -> Result<Vec<&'a [u8]>, FrameError> {
    let mut bodies = Vec::with_capacity(classes.len());
    for (number, class) in classes.iter().enumerate() {
        let cut = || FrameError::Cut {
            part: "bodies",
            expected: usize::try_from(class.length).unwrap_or(usize::MAX),
            found: rest.len(),
        };
        let length = usize::try_from(class.length).map_err(|_| cut())?;
        let (body, after) = rest.split_at_checked(length).ok_or_else(cut)?;
        if Digest::of(body) != class.sealed.0 {
            let reason = format!("class {number}: the sealed body is not the one that the header names");
            return Err(FrameError::Content { part: "bodies", reason });
        }
        bodies.push(body);
        rest = after;
    }
    if rest.is_empty() {
        Ok(bodies)
    } else {
        let reason = format!("{} bytes follow the last body", rest.len());
        Err(FrameError::Content { part: "bodies", reason })
    }
}

/// The cleartext of one class: each object's bytes after their length (u32 BE).
#[must_use]
pub fn join_objects<'a>(objects: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for object in objects {
        join(object, &mut out);
    }
    out
}

/// As [`join_objects`]; each object is gone once it was copied, for the largest classes are as large as what came.
pub(crate) fn join_owned(objects: Vec<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(objects.iter().map(|object| 4 + object.len()).sum());
    for object in objects {
        join(&object, &mut out);
    }
    out
}

fn join(object: &[u8], out: &mut Vec<u8>) {
    out.extend((object.len() as u32).to_be_bytes());
    out.extend_from_slice(object);
}

/// The objects of a class's cleartext, in order; `None` when the lengths do not add up.
#[must_use]
pub fn split_objects(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        let (object, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        objects.push(object);
        bytes = rest;
    }
    Some(objects)
}

/// The public half that an offer to `key` seals to, with its id: kept together so they cannot part.
#[derive(Debug, Clone)]
pub struct SealTo {
    /// What the header names.
    pub id: Digest,
    /// What the bodies are sealed to.
    pub public: TransportPublic,
}
