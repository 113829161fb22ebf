//! A request goes on to the partners that may hold data about the same person, and their answers come back: at whoever
//! refers it.
//!
//! ```text
//! concerned   partners that gave, or got, records that name who asks
//! draft       own laws, and those between the two: may the statement go there? then it is sealed to the partner
//! record      with the answer to the person, in its transaction: its entry lets the referrals go
//! send        until the partner has taken it, and again until it has answered and nobody after it owes anything
//! hear        the answer is verified, opened, sealed here, and recorded
//! ```
//! What the law does not let go is not sent: the reasons are told to the overseer. The person sees of answers from elsewhere
//! those that tell something; that a request was referred, or to whom, is told by nothing else.

use super::claim::{Claim, Kind, reason};
use super::law::{Asking, Said, of_referral};
use super::{Answer, Desk};
use crate::ExchangeError;
use crate::act::drawn;
use crate::alone::{clear, ended as erasure_of, held as held_alone, sealed};
use crate::disclose::{Because, next_try};
use crate::entry::PublicEntry;
use crate::erase::facts_of;
use crate::federation::frame::SignedHeader;
use crate::federation::referral::{
    HeardReferral, ReferralAnswerHeader, ReferralAttachments, ReferralHeader, ReferralResult, padded,
};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{
    Draft, FoundRecord, Peer, PeerError, Record, Referral, ReferralRoad as _, ReferralSent, Removals as _,
    RequestDetail, RequestRow, SegmentKind, Store, StoreError, Subjects as _,
};
use crate::proofs::receipt;
use crate::recall::keys_of;
use crate::signature::Signature;
use crate::wire::{Base64, Text};
use comity_terms::ids::RequestId;
use comity_terms::{Act, Digest, PackSlug, Party, Timestamp};
use comity_vault::{open_offer, seal_offer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The partners that gave, or got, records that name who asks, each with an agreement that they went under.
pub(super) async fn concerned<W: Desk>(
    world: &W,
    records: &[FoundRecord],
) -> Result<BTreeMap<Party, PackSlug>, ExchangeError> {
    let own = &world.signatory().party;
    let mut all = BTreeMap::new();
    for record in records {
        let partner = match (record.held.kind, record.held.exchange, &record.stream) {
            (SegmentKind::Opening, Some(exchange), _) => {
                world.store().exchange(exchange).await?.map(|row| row.peer)
            }
            (_, _, Some(stream)) => Some(stream.partner.clone()),
            (_, Some(exchange), None) => world.store().exchange(exchange).await?.map(|row| row.peer),
            _ => None,
        };
        if let Some(partner) = partner.filter(|partner| partner != own) {
            all.entry(partner).or_insert_with(|| record.held.agreement.clone());
        }
    }
    Ok(all)
}

/// A request as it goes on.
pub(super) struct GoingOn<'a> {
    pub(super) row: &'a RequestRow,
    pub(super) asking: &'a Asking,
    pub(super) claim: &'a Claim,
    pub(super) identity_verified: bool,
    pub(super) now: Timestamp,
}

/// A referral but for the entry that lets it go.
#[derive(Clone)]
pub(super) struct Drafted {
    to: Party,
    agreement: PackSlug,
    said: Option<Said>,
    header: Option<(ReferralHeader, Vec<u8>)>,
    why: Option<&'static str>,
}

/// Asks for each partner whether the statement may go there, and seals it to those where it may.
///
/// # Errors
/// [`ExchangeError`]; nothing was sent.
pub(super) async fn draft<W: Desk>(
    world: &W,
    going: &GoingOn<'_>,
    to: BTreeMap<Party, PackSlug>,
) -> Result<Vec<Drafted>, ExchangeError> {
    let own = &world.signatory().party;
    let referred = going.row.detail.referred.as_ref();
    let case = referred.map_or_else(|| RequestId::draw(&mut world.entropy()), |from| from.case.0);
    let origin = referred.map_or(own, |from| &from.origin.0).clone();
    let depth = referred.map_or(0, |from| from.depth.saturating_add(1));
    let removed = world.store().removals().await?;
    let mut all = Vec::new();
    for (partner, agreement) in to {
        // Not back where it came from.
        if partner == origin || referred.is_some_and(|from| from.from.0 == partner) {
            continue;
        }
        let mut drafted = Drafted {
            to: partner.clone(),
            agreement: agreement.clone(),
            said: None,
            header: None,
            why: None,
        };
        let said = of_referral(world, going.asking, &agreement, (own, &partner), going.now)?;
        let lets = said.as_ref().is_some_and(Said::grants);
        drafted.said = said;
        // What a person stated is not sealed to one that was removed either.
        let peer = world.store().peer(&partner).await?;
        let peer = peer.filter(|peer| removed.iter().all(|removal| removal.party != peer.party));
        let key = peer.as_ref().and_then(|peer| peer.identity.transport.as_ref()?.seal_to(going.now));
        match (lets, peer, key) {
            (false, ..) => drafted.why = Some("refused"),
            (true, None, _) => drafted.why = Some("left"),
            (true, Some(_), None) => drafted.why = Some("no_transport_key"),
            (true, Some(_), Some(key)) => {
                let info = ReferralHeader::seal_info(case, own, &partner);
                let statement = zeroize::Zeroizing::new(padded(going.claim.to_bytes()));
                let sealed =
                    seal_offer(&key.public, &info, &[(b"statement", &statement)], &mut world.entropy())?;
                let body = sealed.ciphertexts.into_iter().next().unwrap_or_default();
                let header = ReferralHeader {
                    version: 1,
                    case_id: Text(case),
                    origin: Text(origin.clone()),
                    sender: Text(own.clone()),
                    receiver: Text(partner),
                    depth,
                    action: Text(going.row.action.clone()),
                    agreement: Text(agreement),
                    identity_verified: going.identity_verified,
                    at: Text(going.now),
                    transport_key: Text(key.id),
                    encapsulated: Base64(sealed.encapsulated),
                    sealed: Text(Digest::of(&body)),
                    entry: Base64(Vec::new()),
                };
                drafted.header = Some((header, body));
            }
        }
        all.push(drafted);
    }
    Ok(all)
}

impl Drafted {
    /// The case, where it goes anywhere.
    pub(super) fn case(&self) -> Option<RequestId> {
        self.header.as_ref().map(|(header, _)| header.case_id.0)
    }

    /// What the overseer is told of it.
    pub(super) fn told(&self) -> serde_json::Value {
        json!({
            "to": self.to.to_string(),
            "agreement": self.agreement.to_string(),
            "asked": self.said.as_ref().map(|said| said.asked.to_string()),
            "ruling": self.said.as_ref().map(|said| said.recorded(0)),
            "not_sent": self.why,
        })
    }

    /// The referral that this entry lets go.
    pub(super) fn with_entry<W: Desk>(
        &self,
        world: &W,
        entry: PublicEntry,
        due: Timestamp,
        now: Timestamp,
    ) -> Referral {
        let sent = self.header.as_ref().map(|(header, body)| {
            let header = ReferralHeader { entry: Base64(entry.to_bytes().to_vec()), ..header.clone() };
            let signed = header.sign(&world.signatory().key);
            ReferralSent {
                message: Text(signed.digest()),
                signature: Base64(signed.signature.0.to_vec()),
                header: Base64(signed.header),
                body: Base64(body.clone()),
            }
        });
        Referral {
            to: Text(self.to.clone()),
            agreement: Text(self.agreement.clone()),
            complete: sent.is_none(),
            not_sent: self.why.map(ToOwned::to_owned),
            sent,
            due: Text(due),
            result: None,
            told: None,
            attempts: 0,
            next_at: Text(now),
        }
    }
}

/// The first instant at which something is to be sent; `None` where nothing is.
#[must_use]
pub(super) fn next_of(referrals: &[Referral]) -> Option<Timestamp> {
    referrals.iter().filter(|referral| !referral.complete).map(|referral| referral.next_at.0).min()
}

/// What came of one try.
#[derive(Debug)]
pub enum Told {
    /// An answer; more may still be owed.
    Heard(ReferralResult),
    /// None: it is tried again.
    Waiting {
        /// In words, for the operator.
        why: String,
        /// What it was.
        because: Because,
    },
    /// Somebody else is at it.
    Busy,
}

fn with(row: &RequestRow, place: usize, change: impl FnOnce(&mut Referral)) -> RequestRow {
    let mut row = RequestRow { version: row.version + 1, entered: false, ..row.clone() };
    if let Some(referral) = row.detail.referrals.get_mut(place) {
        change(referral);
    }
    row.next_at = next_of(&row.detail.referrals);
    row
}

/// Sends one referral of a request, verifies what is answered and notes it; without an answer it is tried again.
///
/// # Errors
/// [`ExchangeError`] when the store fails, or the log does not hold what lets it go.
pub async fn send<W: Desk>(
    world: &W,
    row: &RequestRow,
    place: usize,
    peer: &Peer,
) -> Result<Told, ExchangeError> {
    let now = world.now();
    let Some(referral) = row.detail.referrals.get(place).filter(|one| !one.complete) else {
        return Ok(Told::Busy);
    };
    let Some(sent) = referral.sent.clone() else { return Ok(Told::Busy) };
    let until = world.claimed_until(now);
    let claimed = with(row, place, |one| {
        one.attempts = one.attempts.saturating_add(1);
        one.next_at = Text(until);
    });
    match world.store().record(Record { requests: vec![claimed.clone()], ..Record::default() }).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => return Ok(Told::Busy),
        Err(error) => return Err(error.into()),
    }
    let attempts = claimed.detail.referrals[place].attempts;
    let frame = framed(world, &claimed, &sent).await?;
    let header: ReferralHeader = serde_json::from_slice(&sent.header.0).map_err(ExchangeError::proof)?;
    let answered = world.peers().refer(peer, frame).await.map_err(ExchangeError::from);
    let heard = answered.and_then(|bytes| {
        HeardReferral::read(&bytes, (header.case_id.0, sent.message.0), &peer.party, &keys_of(peer)?)
    });
    match heard {
        Ok(heard) => {
            let result = heard.header.result;
            note(world, &claimed, place, &heard).await?;
            Ok(Told::Heard(result))
        }
        Err(error) => {
            let because = match (&error, Misbehaviour::of_answer(&error)) {
                (ExchangeError::Peer(PeerError::Unreachable(_)), _) => Because::Unreached,
                (_, Some(kind)) => Because::Misbehaved(kind),
                _ => Because::NotReady,
            };
            if let Because::Misbehaved(kind) = because
                && crate::disclose::is_told(attempts.saturating_sub(1))
            {
                misbehaved(world, peer, kind, None, world.now()).await?;
            }
            let next = next_try(world.now(), attempts);
            let back = with(&claimed, place, |one| one.next_at = Text(next));
            world.store().record(Record { requests: vec![back], ..Record::default() }).await?;
            Ok(Told::Waiting { why: error.to_string(), because })
        }
    }
}

/// Ends a referral to a partner that is none any more: it is named, and owed no longer.
///
/// # Errors
/// [`ExchangeError`] when the store fails.
pub async fn end<W: Desk>(world: &W, row: &RequestRow, place: usize) -> Result<(), ExchangeError> {
    let ended = with(row, place, |one| {
        one.complete = true;
        one.not_sent = Some("left".to_owned());
    });
    match world.store().record(Record { requests: vec![ended], ..Record::default() }).await {
        Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The frame of a referral, once the entry that lets it go is found in the log again.
async fn framed<W: Desk>(world: &W, row: &RequestRow, sent: &ReferralSent) -> Result<Vec<u8>, ExchangeError> {
    let lost = || ExchangeError::proof("a stored referral does not read");
    let header: ReferralHeader = serde_json::from_slice(&sent.header.0).map_err(|_| lost())?;
    let found = world.store().request_integrated(row.id).await?;
    let (entry, integrated) = found.ok_or_else(|| ExchangeError::proof("no entry lets this referral go"))?;
    if header.entry.0 != entry.to_bytes() {
        return Err(ExchangeError::proof("a stored referral names another entry than the log holds"));
    }
    let receipt = receipt(world.store(), entry, &integrated).await?;
    receipt.verify(&entry.to_bytes(), &world.signatory().log, None).map_err(ExchangeError::proof)?;
    let attachments = ReferralAttachments { receipt: receipt.to_string() };
    let attachments = serde_json::to_vec(&attachments).map_err(ExchangeError::proof)?;
    let signature = sent.signature.0.as_slice().try_into().map_err(|_| lost())?;
    let signed = SignedHeader { header: sent.header.0.clone(), signature: Signature(signature) };
    Ok(signed.frame(&attachments, &sent.body.0))
}

/// One answer of those that came from elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct ElsewhereAnswer {
    /// Who answers.
    pub party: Text<Party>,
    /// The answer, as its person would get it there.
    pub answer: Box<RawValue>,
}

/// The answers in an opened body; it is the partner's to say who after it answered.
pub(super) fn answers(bytes: &[u8]) -> Result<Vec<ElsewhereAnswer>, ExchangeError> {
    serde_json::from_slice(bytes).map_err(|_| {
        crate::federation::frame::FrameError::Content {
            part: "bodies",
            reason: "what was opened is no list of answers".to_owned(),
        }
        .into()
    })
}

async fn note<W: Desk>(
    world: &W,
    row: &RequestRow,
    place: usize,
    heard: &HeardReferral,
) -> Result<(), ExchangeError> {
    let now = world.now();
    let header = &heard.header;
    let before = &row.detail.referrals[place];
    let mut told = None;
    if let Some(body) = &header.body {
        let own = &world.signatory().party;
        let secret = world.transport_secret(body.transport_key.0);
        let secret = secret.ok_or_else(|| ExchangeError::Keys("the transport key is gone".to_owned()))?;
        let info = ReferralAnswerHeader::seal_info(header.case_id.0, &header.holder.0, own);
        let clear = open_offer(&secret, &body.encapsulated.0, &info)?.open(0, b"answers", &heard.body)?;
        let clear = clear.as_bytes().trim_ascii_end();
        answers(clear)?;
        told = Some(sealed(world, *row.id.as_bytes(), clear, world.request_until(now))?);
    }
    let complete = header.complete && header.result != ReferralResult::Taken;
    let attempts = before.attempts;
    let next = next_try(now, attempts);
    let noted = with(row, place, |one| {
        one.result = Some(header.result);
        one.complete = complete;
        one.due = header.due.unwrap_or(one.due);
        one.next_at = Text(next);
        if let Some(told) = &told {
            one.told = Some(Text(told.id));
        }
    });
    let is_new = before.result != Some(header.result) || before.complete != complete || told.is_some();
    let mut change = Record { requests: vec![noted], ..Record::default() };
    let mut enter = |act, facts| {
        let (entry, opening) = drawn(world, act, facts, (&world.signatory().home(), None), now)?;
        change.entries.push(Draft { entry, opening: opening.id, exchange: None });
        change.segments.push(opening);
        Ok::<_, ExchangeError>(())
    };
    if is_new {
        enter(
            Act::RequestHeard,
            json!({
                "request": row.id.to_string(),
                "from": header.holder.0.to_string(),
                "result": header.result.as_str(),
                "complete": complete,
                "reasons": header.reasons,
                "entry": Digest::of(&header.entry.0).to_string(),
            }),
        )?;
    }
    // What it said before ends with what it says now.
    let mut ended = Vec::new();
    if let (Some(_), Some(Text(old))) = (&told, before.told)
        && let Some(segment) = world.store().segment(old).await?
    {
        ended = held_alone(&segment);
    }
    if !ended.is_empty() {
        enter(Act::RecordsErased, facts_of(&ended, "no_longer_needed"))?;
        change.erased = erasure_of(&ended, now);
    }
    change.segments.extend(told);
    match world.store().record(change).await {
        Ok(_) => Ok(()),
        // Tries that overlap are answered alike; one of them is noted.
        Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Every answer that came from elsewhere, as it came.
///
/// # Errors
/// [`ExchangeError`].
pub async fn elsewhere<W: Desk>(
    world: &W,
    detail: &RequestDetail,
) -> Result<Vec<ElsewhereAnswer>, ExchangeError> {
    let mut all = Vec::new();
    for referral in &detail.referrals {
        let Some(Text(segment)) = referral.told else { continue };
        let Some(segment) = world.store().segment(segment).await? else { continue };
        if let Some(clear) = clear(world, &segment)? {
            all.extend(answers(clear.as_bytes())?);
        }
    }
    Ok(all)
}

/// Of answers from elsewhere those that tell the person something: about records, or what was done. An answer that tells
/// nothing of any is the same whether nothing is held there or nothing may be said, and so is none.
#[must_use]
pub fn telling(all: Vec<ElsewhereAnswer>) -> Vec<ElsewhereAnswer> {
    #[derive(Deserialize)]
    struct Lists<'a> {
        #[serde(default, borrow)]
        records: Vec<&'a RawValue>,
        #[serde(default, borrow)]
        sent: Vec<&'a RawValue>,
        #[serde(default, borrow)]
        done: Vec<&'a RawValue>,
        #[serde(default, borrow)]
        declined: Vec<&'a RawValue>,
    }
    let tells = |one: &ElsewhereAnswer| {
        let lists = serde_json::from_str::<Lists<'_>>(one.answer.get());
        lists.is_ok_and(|lists| {
            [lists.records, lists.sent, lists.done, lists.declined].iter().any(|list| !list.is_empty())
        })
    };
    all.into_iter().filter(tells).collect()
}

/// Whether a request of this kind goes to this partner: what is ordered of it by this gateway's own order is not asked again.
pub(super) fn goes(kind: Kind, partner: &Party, ordered: &[super::OrderedThere]) -> bool {
    let asks = matches!(kind, Kind::Access | Kind::Port | Kind::Complain);
    asks || !ordered.iter().any(|there| there.to == *partner && there.refused.is_empty())
}

/// The reason of this gateway where a referral was sealed to a key that is gone.
pub(super) fn key_gone() -> String {
    reason("key_destroyed").to_string()
}

/// The bytes of an answer, for whoever asked on the person's behalf.
pub(super) fn one(party: &Party, answer: &Answer) -> Result<ElsewhereAnswer, ExchangeError> {
    let answer = serde_json::from_slice(&answer.0).map_err(ExchangeError::proof)?;
    Ok(ElsewhereAnswer { party: Text(party.clone()), answer })
}
