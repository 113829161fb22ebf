//! One offer, start to finish, on the receiver's side.
//!
//! ```text
//! 1 read        the frame's form, the sender's signature, the digests of the sealed bodies, its receipt
//! 2 find        the same offer was answered before: the same answer, byte for byte; another one: 409
//! 3 decide      our own laws, on the header; refused, or one of its chain accepted: the bodies are dropped unopened
//! 4 open        with the transport key of the day
//! 5 check       digests, counts and facts are those of the header; if not, decide again on what was found
//! 6 seal        record by record into our own vault, each with its clock
//! 7 record      skeleton, sealed records, entry, answer and cosigned step in one transaction
//! 8 answer      with our receipt and cosignature
//! ```
//! Crash points: before 7 nothing has happened and the sender tries again. After 7 the stored answer is given
//! at 2. Two tries at once: one of them finds the answer taken at 7, and gives that one.

use super::answer::{Answered, stored, unstored};
use super::keep::{Held, SealedRecords, seal};
use super::open::{Checked, Difference, Found, Judged, Opened};
use super::stages::{Decided, Offered, Ruling, reports};
use crate::ExchangeError;
use crate::act::drawn;
use crate::audit::recorded::RecordedRuling;
use crate::federation::answer::{AnswerHeader, AnswerResult};
use crate::federation::asking::Asking;
use crate::federation::frame::FrameError;
use crate::federation::offer::Offer;
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::notice::arising;
use crate::ports::{
    CollectedSegment, Draft, ExchangeRow, FoundAnswer, Peer, Recalls as _, Record, SealedSegment,
    SegmentKind, Store, StoreError, StoredAnswer, Tagged,
};
use crate::proofs::{Cosigning, cosign, verify_receipt};
use crate::report::{ExchangeOutcome, Side};
use crate::shell::{Lent, Shell};
use crate::wire::{Base64, Text, WireSafeguards};
use comity_terms::{Act, Digest, ExchangeId, LawName, Safeguards, Timestamp};
use futures_util::future::join;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Why an offer gets no signed answer: the peer's mistake, for the door to report in its own format.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The message does not read, is forged, or proves nothing. It was recorded.
    #[error("the offer is not accepted: {0}")]
    Misbehaved(String),
    /// Another offer was answered under this exchange. It was recorded.
    #[error("another offer was answered under exchange {0}")]
    Conflict(comity_terms::ExchangeId),
    /// We failed; the sender tries again.
    #[error(transparent)]
    Failed(#[from] ExchangeError),
}

impl From<StoreError> for OfferError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes one offer from a partner, and gives the answer to send.
///
/// # Errors
/// [`OfferError`]; nothing was opened or kept then.
pub async fn receive<R: Shell>(
    world: &R,
    peer: &Peer,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Answered, OfferError> {
    let verified = read(world, peer, bytes);
    let offer = match verified {
        Ok(offer) => offer,
        Err(error) => {
            // 1 failed: the peer misbehaved, and that is an act of its own.
            misbehaved(world, peer, Misbehaviour::OfferUnreadable, None, now).await?;
            return Err(OfferError::Misbehaved(error.to_string()));
        }
    };
    let exchange = offer.header.exchange_id.0;
    if let Some(found) = world.store().answer(&peer.party, exchange).await? {
        return again(world, peer, &offer, found, now).await;
    }
    let cosigning = match &offer.attachments.witness {
        Some(request) => cosign(world.store(), request, &peer.log_key()?, world.signatory(), now).await.ok(),
        None => None,
    };
    if let Some(kind) = cosigning.as_ref().and_then(|cosigning| cosigning.misbehaviour) {
        // Its data is taken as the laws say; its log is not cosigned, and anyone can be shown why.
        misbehaved(world, peer, kind, Some(exchange), now).await?;
    }
    if let Some(accepted) = world.store().accepted_in_chain(&peer.party, offer.header.chain()).await? {
        let kept =
            Kept { accepted: Some(accepted), ..Kept::new(offer, Vec::new(), AnswerResult::AcceptedBefore) };
        return kept.record(world, peer, None, cosigning, now).await;
    }
    let agreement = offer.header.agreement.0.clone();
    let Some(Lent { laws, binding }) = world.laws(&agreement, &peer.party) else {
        return Ok(unstored(world, &offer, AnswerResult::LawVersion, BTreeMap::new(), now));
    };
    let decided = match world.with_memo(|memo| Offered(offer).decide(&laws, memo, binding, now)) {
        Ok(decided) => decided,
        Err(error) => {
            misbehaved(world, peer, Misbehaviour::OfferFacts, Some(exchange), now).await?;
            return Err(OfferError::Misbehaved(error.to_string()));
        }
    };
    let kept = match decided {
        Decided::OtherLaw(offer, here) => {
            return Ok(unstored(world, &offer, AnswerResult::LawVersion, here, now));
        }
        Decided::Refused(refused) => Kept::new(refused.offer, refused.rulings, AnswerResult::RefusedUnopened),
        Decided::Permitted(permitted) => {
            let Some(secret) = world.transport_secret(permitted.offer.header.transport_key.0) else {
                return Ok(unstored(world, &permitted.offer, AnswerResult::KeyExpired, BTreeMap::new(), now));
            };
            let (found, held) = match permitted.open(&secret) {
                Ok(opened) => {
                    // What is held already is looked up while what came is checked.
                    let held = Held::look_up(world, &opened.offer, &opened.texts);
                    let compared = async { opened.compared(world.table(), world.limits()) };
                    let (held, compared) = join(held, compared).await;
                    (opened.checked(compared), held)
                }
                Err(mismatched) => (Found::Otherwise(mismatched), Ok(Held::default())),
            };
            match found {
                Found::AsSaid(checked) => checked.seal(world, held?, now)?,
                Found::Otherwise(mismatched) => {
                    let judged = world.with_memo(|memo| mismatched.judge(&laws, memo, binding, now))?;
                    judged.seal(world, held, now)?
                }
            }
        }
    };
    kept.record(world, peer, Some(&Lent { laws, binding }), cosigning, now).await
}

fn read<'a, R: Shell>(world: &R, peer: &Peer, bytes: &'a [u8]) -> Result<Offer<'a>, ExchangeError> {
    let verifier = peer.identity.party_verifier().map_err(FrameError::from)?;
    let offer = Offer::read(bytes, &peer.party, &world.signatory().party, &verifier)?;
    let entry = offer.header.public_entry().ok_or_else(|| ExchangeError::proof("no entry"))?;
    verify_receipt(&offer.attachments.receipt, entry, &peer.log_key()?)?;
    Ok(offer)
}

/// The same offer again gets the same answer; another one under its exchange is a conflict.
async fn again<R: Shell>(
    world: &R,
    peer: &Peer,
    offer: &Offer<'_>,
    found: FoundAnswer,
    now: Timestamp,
) -> Result<Answered, OfferError> {
    if found.answer.offer != offer.digest {
        misbehaved(world, peer, Misbehaviour::OfferConflict, Some(found.answer.exchange), now).await?;
        return Err(OfferError::Conflict(found.answer.exchange));
    }
    Ok(stored(world, found).await?)
}

/// Keeps the record of an offer; gives its answer as it is stored by then: without the cosignature where another answer to
/// the same partner took the step.
async fn recorded<R: Shell>(
    world: &R,
    peer: &Peer,
    exchange: ExchangeId,
    record: Record,
) -> Result<FoundAnswer, StoreError> {
    world.store().record(record).await?;
    let found = world.store().answer(&peer.party, exchange).await?;
    found.ok_or_else(|| StoreError::Failed("the answer is not stored".to_owned()))
}

/// An offer that is dealt with and only has to be recorded and answered.
struct Kept<'a> {
    offer: Offer<'a>,
    rulings: Vec<Ruling>,
    result: AnswerResult,
    difference: Option<Difference>,
    /// The exchange of the chain that was accepted before.
    accepted: Option<ExchangeId>,
    /// Whether an order about it came before it.
    called_back: bool,
    safeguards: Option<Safeguards>,
    segments: Vec<SealedSegment>,
    /// What readers find the records by.
    collected: Vec<CollectedSegment>,
    /// What finds the records by the persons whom they name.
    tagged: Vec<Tagged>,
    records: Json,
}

impl<'a> Kept<'a> {
    /// With nothing kept of it but what is recorded.
    fn new(offer: Offer<'a>, rulings: Vec<Ruling>, result: AnswerResult) -> Self {
        Self {
            offer,
            rulings,
            result,
            difference: None,
            accepted: None,
            called_back: false,
            safeguards: None,
            segments: Vec::new(),
            collected: Vec::new(),
            tagged: Vec::new(),
            records: Json::Null,
        }
    }
}

impl<'a> Checked<'a> {
    /// Seals every record into our own vault under its clock. The cleartext is wiped after this.
    fn seal<R: Shell>(self, world: &R, held: Held, now: Timestamp) -> Result<Kept<'a>, ExchangeError> {
        let Opened { offer, texts, safeguards, rulings } = self.0;
        let kept = (held, SegmentKind::Records);
        let mut sealed = seal(world, &offer, &texts, &safeguards, kept, now)?;
        Ok(Kept {
            collected: sealed.collected(&offer, &safeguards)?,
            tagged: sealed.tagged,
            safeguards: Some(safeguards),
            segments: sealed.segments,
            records: sealed.told,
            ..Kept::new(offer, rulings, AnswerResult::Accepted)
        })
    }
}

impl<'a> Judged<'a> {
    /// Seals what may be kept where nobody reads it. The cleartext is wiped after this, in any case.
    fn seal<R: Shell>(
        self,
        world: &R,
        held: Result<Held, ExchangeError>,
        now: Timestamp,
    ) -> Result<Kept<'a>, ExchangeError> {
        let Self { offer, rulings, difference, kept, looked_less } = self;
        if let Some((texts, safeguards)) = kept.as_ref().filter(|_| looked_less) {
            // Its sender could not see more; our laws have permitted what it is. It is in no collection: its class there
            // would be that of the header.
            let kept = (held?, SegmentKind::Records);
            let sealed = seal(world, &offer, texts, safeguards, kept, now)?;
            return Ok(Kept {
                tagged: sealed.tagged,
                safeguards: Some(safeguards.clone()),
                segments: sealed.segments,
                records: sealed.told,
                ..Kept::new(offer, rulings, AnswerResult::Accepted)
            });
        }
        let sealed = match &kept {
            Some((texts, safeguards)) => {
                seal(world, &offer, texts, safeguards, (held?, SegmentKind::Quarantined), now)?
            }
            None => SealedRecords::default(),
        };
        Ok(Kept {
            difference: Some(difference),
            tagged: sealed.tagged,
            segments: sealed.segments,
            records: sealed.told,
            ..Kept::new(offer, rulings, AnswerResult::Mismatch)
        })
    }
}

impl Kept<'_> {
    async fn record<R: Shell>(
        mut self,
        world: &R,
        peer: &Peer,
        lent: Option<&Lent>,
        cosigning: Option<Cosigning>,
        now: Timestamp,
    ) -> Result<Answered, OfferError> {
        let exchange = self.offer.header.exchange_id.0;
        let record = self.assemble(world, peer, lent, cosigning.as_ref(), now)?;
        let conflict = match recorded(world, peer, exchange, record).await {
            Err(conflict @ StoreError::Conflict(_)) => conflict,
            kept => return Ok(stored(world, kept?).await?),
        };
        // Another try was faster: what is stored by now decides.
        if let Some(found) = world.store().answer(&peer.party, exchange).await? {
            return again(world, peer, &self.offer, found, now).await;
        }
        let chain = self.offer.header.chain();
        let accepted = world.store().accepted_in_chain(&peer.party, chain).await?;
        if self.result == AnswerResult::Accepted && !world.store().restrictions_of(exchange).await?.is_empty()
        {
            // It was called back before it came: whoever sent it has withdrawn it, and this is a late copy.
            let kept = Kept::new(self.offer, Vec::new(), AnswerResult::RefusedUnopened);
            let mut kept = Kept { called_back: true, ..kept };
            let record = kept.assemble(world, peer, None, None, now)?;
            return Ok(stored(world, recorded(world, peer, exchange, record).await?).await?);
        }
        if accepted.is_none() || self.result != AnswerResult::Accepted {
            return Err(conflict.into());
        }
        let mut kept = Kept { accepted, ..Kept::new(self.offer, self.rulings, AnswerResult::AcceptedBefore) };
        let record = kept.assemble(world, peer, lent, None, now)?;
        Ok(stored(world, recorded(world, peer, exchange, record).await?).await?)
    }

    /// What is recorded of it; what was sealed goes into that.
    fn assemble<R: Shell>(
        &mut self,
        world: &R,
        peer: &Peer,
        lent: Option<&Lent>,
        cosigning: Option<&Cosigning>,
        now: Timestamp,
    ) -> Result<Record, ExchangeError> {
        let header = &self.offer.header;
        let exchange = header.exchange_id.0;
        let agreement = &header.agreement.0;
        let act = match self.result {
            AnswerResult::Accepted => Act::ExchangeReceived,
            AnswerResult::Mismatch => Act::ExchangeMismatched,
            _ => Act::ExchangeRefused,
        };
        let decisions = reports(&self.rulings);
        let asked = lent.map(|Lent { laws, binding }| {
            Asking { header, laws, binding: *binding, at: header.at.0, now }.recorded()
        });
        let recorded = |ruling: &Ruling| {
            let vocabulary = &lent?.laws.vocabulary;
            let Ruling { objects, detected, decision, approvals, owed } = ruling;
            let of = (detected, approvals);
            Some(RecordedRuling::of(decision, owed, *objects, of, &BTreeSet::new(), vocabulary))
        };
        let facts = json!({
            "exchange": exchange.to_string(),
            "offer": self.offer.digest.to_string(),
            "sender": peer.party.to_string(),
            "agreement": agreement.to_string(),
            "asked": asked,
            "result": self.result,
            "accepted_before": self.accepted.map(|id| id.to_string()),
            "called_back": self.called_back.then_some(true),
            "difference": self.difference.map(|d| json!({ "class": d.class, "what": d.what })),
            "classes": header.classes.iter().map(|class| {
                json!({ "objects": class.objects, "digest": class.digest })
            }).collect::<Json>(),
            // Those of the classes; after a mismatch also what the laws said of what was found.
            "rulings": self.rulings.iter().filter_map(recorded).collect::<Vec<_>>(),
            "records": self.records,
        });
        let (entry, opening) = drawn(world, act, facts, (agreement, Some(exchange)), now)?;
        let answer = AnswerHeader {
            version: 1,
            exchange_id: header.exchange_id,
            offer: Text(self.offer.digest),
            receiver: Text(world.signatory().party.clone()),
            at: Text(now),
            result: self.result,
            decisions,
            safeguards: self.safeguards.as_ref().map(WireSafeguards::from),
            laws: BTreeMap::new(),
            accepted_before: self.accepted.map(Text),
            entry: Some(Base64(entry.to_bytes().to_vec())),
        }
        .sign(&world.signatory().key);
        let row = ExchangeRow {
            id: exchange,
            side: Side::Receiver,
            peer: peer.party.clone(),
            agreement: agreement.clone(),
            agreement_digest: header.laws.get(&Text(LawName::Agreement)).map_or(Digest([0; 32]), |d| d.0),
            supersedes: header.supersedes.map(|id| id.0),
            chain: header.chain(),
            offer: Some(self.offer.digest),
            outcome: match self.result {
                AnswerResult::Accepted => ExchangeOutcome::Delivered,
                _ => ExchangeOutcome::Refused,
            },
            whole: self.result == AnswerResult::Accepted,
            objects: header.classes.iter().map(|class| class.objects).sum(),
            at: header.at.0,
            changed_at: now,
        };
        let opening_id = opening.id;
        let owed = self.rulings.iter().flat_map(|ruling| &ruling.owed);
        let notices = arising(&row, &world.signatory().party, owed);
        let bars = if self.segments.is_empty() { Vec::new() } else { header.bars() };
        let mut segments = std::mem::take(&mut self.segments);
        segments.push(opening);
        Ok(Record {
            entries: vec![Draft { entry, opening: opening_id, exchange: Some(exchange) }],
            exchanges: vec![row],
            segments,
            collected: std::mem::take(&mut self.collected),
            tagged: std::mem::take(&mut self.tagged),
            answer: Some(StoredAnswer {
                peer: peer.party.clone(),
                exchange,
                offer: self.offer.digest,
                header: answer.header,
                signature: answer.signature.0,
                cosignature: cosigning.and_then(|c| c.line.clone()),
                witnessed: cosigning.map(|c| c.known),
            }),
            witness: cosigning.and_then(|c| c.step.clone()),
            notices,
            bars,
            ..Record::default()
        })
    }
}
