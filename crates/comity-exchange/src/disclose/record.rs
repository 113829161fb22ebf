//! From the sealed offer to the partner's acknowledgement: record, then deliver.
//!
//! ```text
//! 1 record      entry, opening, skeleton and outbox item in one transaction, under a signed checkpoint
//! 2 clear       the decision still holds, and the grade of receipt that the agreement asks is there
//! 3 deliver     offer with receipt and a request to cosign; the answer is read and its receipt verified
//! 4 acknowledge entry, partner's receipt, outcome and the settled outbox in one transaction
//! ```
//! A decision that no longer holds at 2 is made again ([`Stale`]); what comes of it is recorded as at 1.
//!
//! Crash points: before 1 nothing has happened. After 1 the outbox holds the offer: whoever claims it goes on at
//! 2 with [`Recorded::reverify`], the code of the normal path. After 3 the partner has answered and we have not
//! noted it: 3 is done again and gives the same answer, byte for byte. After 4 it is done.

use super::acknowledge::Delivered;
use super::renew::Stale;
use super::seal::{Sealed, Summary};
use crate::ExchangeError;
use crate::act::drawn;
use crate::collect::ObjectTag;
use crate::entry::PublicEntry;
use crate::federation::answer::Answer;
use crate::federation::offer::{OfferAttachments, OfferHeader};
use crate::notice::arising;
use crate::ports::{
    Derived, Draft, EscalationRow, ExchangeRow, Integrated, OutboxItem, Peer, Peers, Recalls, Record,
    RecordName, Store, StoreError,
};
use crate::proofs::{receipt, request_to_cosign, verify_receipt};
use crate::report::{ExchangeOutcome, Side};
use crate::shell::Shell;
use crate::signatory::Signatory;
use crate::wire::{Text, law_digests};
use comity_agreement::LawSet;
use comity_terms::{Act, Digest, ExchangeId, LawName, PackSlug, Timestamp};
use comity_tlog::{Receipt, SignatureLine, TreeSize, VerifierKey};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// The grade of receipt that delivery waits for.
pub use comity_tlog::Grade;

/// An exchange that the log holds.
#[derive(Debug)]
pub struct Recorded {
    pub(super) item: OutboxItem,
    pub(super) entry: PublicEntry,
    pub(super) receipt: Receipt,
    pub(super) integrated: Integrated,
    pub(super) basis: Basis,
}

/// What a decision was made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Basis {
    agreement: PackSlug,
    at: Timestamp,
    laws: BTreeMap<Text<LawName>, Text<Digest>>,
    /// Until when everything that offices state is attested.
    attested_until: Option<Timestamp>,
}

impl Basis {
    pub(super) fn of(header: &OfferHeader) -> Self {
        let ends = header.attestations.iter().map(|attestation| attestation.valid_until.0);
        Self {
            agreement: header.agreement.0.clone(),
            at: header.at.0,
            laws: header.laws.clone(),
            attested_until: ends.min(),
        }
    }

    /// Whether a decision on this basis holds at `now` beside the laws of now.
    fn holds(&self, laws: &LawSet, now: Timestamp, holds_until: Timestamp) -> bool {
        now < holds_until
            && self.attested_until.is_none_or(|until| now <= until)
            && self.laws == law_digests(laws)
            && laws.next_change(self.at).is_none_or(|change| now < change)
    }
}

impl OutboxItem {
    /// The agreement that it is under.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`] when the row is not what was written.
    pub fn agreement(&self) -> Result<PackSlug, ExchangeError> {
        Ok(self.header()?.agreement.0)
    }

    /// The header as it was signed.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`] when the row is not what was written; callers deliver nothing and raise alarm.
    pub(super) fn header(&self) -> Result<OfferHeader, ExchangeError> {
        let header: OfferHeader = serde_json::from_slice(&self.offer.header)
            .map_err(|_| ExchangeError::proof("a stored offer does not read"))?;
        if header.exchange_id.0 == self.exchange {
            Ok(header)
        } else {
            Err(ExchangeError::proof("a stored offer is another exchange's"))
        }
    }
}

/// What recording left to do.
#[derive(Debug)]
pub enum Filed {
    /// There is an offer to deliver.
    ToDeliver(Box<Recorded>),
    /// The exchange ends here.
    Ended,
}

impl Sealed {
    /// Records the exchange: skeleton, entry and outbox item in one transaction.
    ///
    /// The outbox item is claimed until `claimed_until`, so that no one else delivers it while its officer
    /// waits.
    ///
    /// # Errors
    /// [`ExchangeError::Store`]; whether it persisted is then not known, and recovery finds out from storage. A conflict
    /// when its receiver was removed meanwhile, or what it passes on was erased or restricted by an order: callers prepare it
    /// anew.
    pub async fn record<S: Store + Recalls>(
        self,
        store: &S,
        claimed_until: Timestamp,
    ) -> Result<(Summary, Filed, Receipt), ExchangeError> {
        let derived = self.derived(store).await?;
        let Self {
            summary,
            entry,
            opening,
            dispatch,
            waiting,
            placed: (placed, collected),
            tagged,
            taken,
            ..
        } = self;
        let request = &summary.request;
        let basis = dispatch.as_ref().map(|dispatch| dispatch.basis.clone());
        let barred = request.barred.iter().filter(|_| dispatch.is_some());
        let bars = barred.map(|bar| bar.of(summary.id)).collect();
        let item = dispatch.map(|dispatch| OutboxItem {
            exchange: summary.id,
            peer: request.receiver.clone(),
            offer: dispatch.header,
            bodies: dispatch.bodies,
            attempts: 0,
            next_at: claimed_until,
            horizon: dispatch.horizon,
        });
        let row = ExchangeRow {
            id: summary.id,
            side: Side::Sender,
            peer: request.receiver.clone(),
            agreement: request.agreement.clone(),
            agreement_digest: summary.agreement_digest,
            supersedes: request.supersedes.map(|superseded| superseded.exchange),
            chain: summary.chain,
            offer: item.as_ref().map(|item| item.offer.digest()),
            outcome: summary.outcome,
            whole: summary.whole,
            objects: summary.counts.kept + summary.counts.changed,
            at: request.at,
            changed_at: request.at,
        };
        let permitted = summary.rulings.iter().filter(|ruling| ruling.permits());
        let notices = arising(&row, &request.sender, permitted.flat_map(|ruling| &ruling.owed));
        let (waits, order) = waiting.unzip();
        // What waited until now goes on as this exchange, whatever it comes to.
        let approved = request.escalation.as_ref().and_then(|escalating| escalating.approved.as_ref());
        let ended = approved.map(|approved| EscalationRow { open: false, ..approved.row.clone() });
        let record = Record {
            entries: vec![Draft { entry, opening: opening.id, exchange: Some(summary.id) }],
            exchanges: vec![row],
            outbox: item.clone().into_iter().collect(),
            segments: std::iter::once(opening).chain(order).chain(placed).chain(taken).collect(),
            collected,
            tagged,
            escalations: ended.into_iter().chain(waits).collect(),
            used: summary.used().into_iter().map(|digest| (digest, summary.id)).collect(),
            usable: derived.iter().map(|derived| derived.source).collect(),
            derived,
            notices,
            bars,
            ..Record::default()
        };
        let integrated = store.record(record).await?;
        let receipt = receipt(store, entry, &integrated).await?;
        let filed = match item.zip(basis) {
            Some((item, basis)) => {
                let receipt = receipt.clone();
                Filed::ToDeliver(Box::new(Recorded { item, entry, receipt, integrated, basis }))
            }
            None => Filed::Ended,
        };
        Ok((summary, filed, receipt))
    }
}

impl Sealed {
    /// What of it had been received from others: to whom an order about that is passed on.
    async fn derived<S: Recalls>(&self, store: &S) -> Result<Vec<Derived>, ExchangeError> {
        if self.sent.is_empty() {
            return Ok(Vec::new());
        }
        let tags: Vec<ObjectTag> = self.sent.iter().map(|(_, tag)| *tag).collect();
        let sources = store.sources(tags, Some(&self.summary.request.sender)).await?;
        let given: HashMap<ObjectTag, RecordName> =
            self.sent.iter().map(|(name, tag)| (*tag, *name)).collect();
        let derived = sources
            .into_iter()
            .filter_map(|(tag, source)| given.get(&tag).map(|given| Derived { given: *given, source }));
        Ok(derived.collect())
    }
}

impl Recorded {
    /// An offer from the outbox, once its entry is found in the log again: a row is never trusted by itself.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`] when the log does not hold its entry; callers deliver nothing and raise alarm.
    pub async fn reverify<S: Store>(
        item: OutboxItem,
        store: &S,
        signatory: &Signatory,
    ) -> Result<Self, ExchangeError> {
        let (entry, integrated) = store
            .exchange_integrated(item.exchange)
            .await?
            .ok_or_else(|| ExchangeError::proof("no entry records this exchange"))?;
        let receipt = receipt(store, entry, &integrated).await?;
        receipt.verify(&entry.to_bytes(), &signatory.log, None).map_err(ExchangeError::proof)?;
        let header = item.header()?;
        if header.public_entry() != Some(entry) {
            return Err(ExchangeError::proof("a stored offer names another entry than the log holds"));
        }
        let basis = Basis::of(&header);
        Ok(Self { item, entry, receipt, integrated, basis })
    }

    /// The exchange.
    #[must_use]
    pub fn exchange(&self) -> ExchangeId {
        self.item.exchange
    }

    /// How often delivering was tried before.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.item.attempts
    }

    /// The agreement that it is under.
    #[must_use]
    pub fn agreement(&self) -> &PackSlug {
        &self.basis.agreement
    }

    /// The instant of its decision, UTC.
    #[must_use]
    pub fn decided_at(&self) -> Timestamp {
        self.basis.at
    }

    /// Whether its decision holds at `now` beside `laws`, those of now, and the receipt has the grade that the
    /// agreement asks: only then it may be delivered. `holds_until` is the gateway's own limit on a decision.
    #[must_use]
    pub fn clear(self, asked: Grade, laws: &LawSet, now: Timestamp, holds_until: Timestamp) -> Clearance {
        if !self.basis.holds(laws, now, holds_until) {
            return Clearance::Stale(Stale(self));
        }
        // A fresh receipt is integrated; the quorum that would make it witnessed is not collected yet.
        if Grade::Integrated >= asked { Clearance::Cleared(Cleared(self)) } else { Clearance::Waiting(self) }
    }
}

/// What clearing comes to.
#[derive(Debug)]
pub enum Clearance {
    /// It may be delivered.
    Cleared(Cleared),
    /// Witnesses are still missing.
    Waiting(Recorded),
    /// Its decision no longer holds: it is decided again.
    Stale(Stale),
}

/// The only value that a transport accepts.
#[derive(Debug)]
pub struct Cleared(Recorded);

/// How delivering ended.
#[expect(clippy::large_enum_variant, reason = "one value per try at delivering, consumed at once")]
#[derive(Debug)]
pub enum Delivery {
    /// With a verified answer.
    Answered(Box<Delivered>),
    /// Without one: the offer stays in the outbox, this value included.
    Failed(Cleared, ExchangeError),
}

impl Cleared {
    /// The offer's digest.
    #[must_use]
    pub fn offer(&self) -> Digest {
        self.0.item.offer.digest()
    }

    /// Sends the offer and verifies the answer: its signature, that it answers this offer, and its receipt in
    /// the receiver's log.
    pub async fn deliver<S: Store, P: Peers>(self, peers: &P, peer: &Peer, store: &S) -> Delivery {
        match self.try_deliver(peers, peer, store).await {
            Ok((answer, receipt, cosigned)) => {
                let witnessed = answer.attachments.witnessed.map(TreeSize);
                let Recorded { item, entry, .. } = self.0;
                Delivery::Answered(Box::new(Delivered { item, entry, answer, receipt, cosigned, witnessed }))
            }
            Err(error) => Delivery::Failed(self, error),
        }
    }

    async fn try_deliver<S: Store, P: Peers>(
        &self,
        peers: &P,
        peer: &Peer,
        store: &S,
    ) -> Result<(Answer, Option<Receipt>, Option<Receipt>), ExchangeError> {
        let Recorded { item, receipt, integrated, .. } = &self.0;
        let known = store.witnessed_by(&peer.party).await?;
        let attachments = OfferAttachments {
            receipt: receipt.to_string(),
            witness: request_to_cosign(store, &integrated.checkpoint, known).await?,
        };
        // Unwrap-free: a struct of strings always serialises.
        let attachments = serde_json::to_vec(&attachments).map_err(ExchangeError::proof)?;
        let frame = item.offer.frame(&attachments, &item.bodies);
        let bytes = peers.offer(peer, frame).await?;
        let verifier = peer.identity.party_verifier().map_err(crate::federation::frame::FrameError::from)?;
        let answer = Answer::read(&bytes, item.exchange, item.offer.digest(), &peer.party, &verifier)?;
        let theirs = match (answer.header.public_entry(), &answer.attachments.receipt) {
            (Some(entry), Some(text)) => Some(verify_receipt(text, entry, &peer.log_key()?)?),
            (Some(_), None) => return Err(ExchangeError::proof("a recorded answer without its receipt")),
            (None, _) => None,
        };
        let cosigned = match &answer.attachments.cosignature {
            Some(line) => Some(with_cosignature(receipt, line, &peer.witness_key()?)?),
            None => None,
        };
        Ok((answer, theirs, cosigned))
    }
}

/// Our receipt with a partner's cosignature added to its checkpoint, once that verifies.
fn with_cosignature(receipt: &Receipt, line: &str, witness: &VerifierKey) -> Result<Receipt, ExchangeError> {
    let line = SignatureLine::parse(line).map_err(ExchangeError::proof)?;
    let mut checkpoint = receipt.checkpoint().clone();
    checkpoint.add(line);
    let verified = checkpoint.note().verify([witness]).map_err(ExchangeError::proof)?;
    if verified.is_empty() {
        return Err(ExchangeError::proof("the cosignature is not the partner's"));
    }
    let extra = receipt.extra().unwrap_or_default();
    Receipt::new(extra, receipt.index(), receipt.proof().clone(), checkpoint).map_err(ExchangeError::proof)
}

/// Gives an offer up: its horizon has passed and nobody answered. One that was answered meanwhile stays so.
///
/// # Errors
/// [`ExchangeError::Store`]; it stays in the outbox.
pub async fn abandon<W: Shell>(world: &W, item: OutboxItem) -> Result<(), ExchangeError> {
    let now = world.now();
    let store = world.store();
    let mut row = store
        .exchange(item.exchange)
        .await?
        .ok_or_else(|| ExchangeError::proof("the exchange has no skeleton"))?;
    row.outcome = ExchangeOutcome::Refused;
    row.changed_at = now;
    let facts = json!({
        "exchange": item.exchange.to_string(),
        "offer": item.offer.digest().to_string(),
        "receiver": item.peer.to_string(),
        "attempts": item.attempts,
    });
    let (entry, opening) = drawn(world, Act::ExchangeAbandoned, facts, (&row.agreement, Some(row.id)), now)?;
    let record = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: Some(row.id) }],
        exchanges: vec![row],
        settled: vec![item.exchange],
        segments: vec![opening],
        ..Record::default()
    };
    match store.record(record).await {
        Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
