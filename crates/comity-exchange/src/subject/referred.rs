//! A request that a partner passes on: at whoever takes it.
//!
//! ```text
//! 1 read     the signature of the sender, its receipt, the form; nothing is opened
//! 2 find     the case came before: by the same message, the answer that there is by now; by another way, `known`
//! 3 decide   our own laws: may it be taken?
//! 4 file     opened, sealed into our own vault, filed like any request: an officer decides by our law and its time
//! 5 answer   `taken`; once it is decided, the answer that its person would get here, sealed to whoever refers it
//! ```
//! So a ring ends: a gateway takes a case once, and the one where the person asked has it already.

use super::claim::{CLAIM_BYTES_MAX, Claim, Kind};
use super::law::{Asking, of_referral};
use super::refer::{elsewhere, key_gone, one};
use super::request::file_referred;
use super::{Answer, Desk, Filing};
use crate::ExchangeError;
use crate::alone::clear;
use crate::federation::frame::SignedHeader;
use crate::federation::referral::{
    ReferralAnswerHeader, ReferralAttachments, ReferralHeader, ReferralResult, SealedTo, TakenReferral,
    padded,
};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{
    Peer, Record, Referred, ReferredAnswer, RequestDetail, RequestRow, Store, StoreError, Subjects as _,
};
use crate::proofs::receipt;
use crate::recall::keys_of;
use crate::report::CitationReport;
use crate::signature::Signature;
use crate::wire::{Base64, Text};
use comity_terms::{Asserter, Digest, Facts, Timestamp};
use comity_vault::{open_offer, seal_offer};
use std::time::Duration;

/// Why a referral gets no signed answer.
#[derive(Debug, thiserror::Error)]
pub enum TakeReferralError {
    /// It does not read, is forged, or proves nothing. It was recorded.
    #[error("the referral is not accepted: {0}")]
    Misbehaved(String),
    /// We failed; the sender tries again.
    #[error(transparent)]
    Failed(#[from] ExchangeError),
}

impl From<StoreError> for TakeReferralError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes a request that a partner passes on, and gives the answer to send.
///
/// # Errors
/// [`TakeReferralError`]; nothing was filed then.
pub async fn take_referral<W: Desk>(
    world: &W,
    peer: &Peer,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, TakeReferralError> {
    let keys = keys_of(peer)?;
    let own = &world.signatory().party;
    let taken = match TakenReferral::read(bytes, (&peer.party, own), &keys) {
        Ok(taken) => taken,
        Err(error) => return bad(world, peer, &error, now).await,
    };
    let header = &taken.header;
    let Some(kind) = Kind::of_action(&header.action.0) else {
        let error = ExchangeError::Question("it asks what no person asks".to_owned());
        return bad(world, peer, &error, now).await;
    };
    if let Some(row) = world.store().request_of_case(header.case_id.0).await? {
        return Ok(answered(world, peer, &taken, row, now).await?);
    }
    let mut about = Facts::new();
    about.know("identity_verified", header.identity_verified, Asserter::Partner);
    about.know("requester", "data_subject", Asserter::Partner);
    let asking = Asking { kind, at: now, digests: world.adopted_now(), facts: about };
    let said = of_referral(world, &asking, &header.agreement.0, (&peer.party, own), now)?;
    let referred = Referred {
        case: header.case_id,
        from: Text(peer.party.clone()),
        origin: header.origin.clone(),
        depth: header.depth,
        message: Text(taken.message),
        identity_verified: header.identity_verified,
        reasons: Vec::new(),
        answer: None,
    };
    let refused = match &said {
        Some(said) if said.grants() => None,
        Some(said) => Some(said.decision.reasons().into_iter().map(ToString::to_string).collect()),
        None => Some(vec!["no_governing_rule".to_owned()]),
    };
    let opened = match (&refused, world.transport_secret(header.transport_key.0)) {
        (Some(_), _) => None,
        (None, None) => Some(Err(key_gone())),
        (None, Some(secret)) => Some(Ok(secret)),
    };
    let row = match opened {
        None => {
            file_referred(world, kind, None, Referred { reasons: refused.unwrap_or_default(), ..referred })
                .await
        }
        Some(Err(gone)) => {
            file_referred(world, kind, None, Referred { reasons: vec![gone], ..referred }).await
        }
        Some(Ok(secret)) => {
            let info = ReferralHeader::seal_info(header.case_id.0, &peer.party, own);
            let opened = open_offer(&secret, &header.encapsulated.0, &info)
                .and_then(|agreed| agreed.open(0, b"statement", &taken.body));
            let claim = opened.map_err(|error| error.to_string()).and_then(|clear| {
                let text = clear.as_bytes().trim_ascii_end();
                if text.len() > CLAIM_BYTES_MAX {
                    return Err(format!("more than {CLAIM_BYTES_MAX} bytes"));
                }
                Claim::read(text).map_err(|error| error.to_string())
            });
            match claim {
                Ok(claim) => {
                    file_referred(world, kind, Some(&Filing { kind, claim: &claim }), referred).await
                }
                Err(why) => {
                    let error =
                        ExchangeError::Question(format!("what it states does not open or read: {why}"));
                    return bad(world, peer, &error, now).await;
                }
            }
        }
    };
    let row = match row {
        // Another try was faster: what is stored by now goes on.
        Err(ExchangeError::Store(StoreError::Conflict(_))) => {
            let found = world.store().request_of_case(header.case_id.0).await?;
            found.ok_or_else(|| ExchangeError::proof("a referred request is not stored"))?
        }
        row => row?,
    };
    Ok(answered(world, peer, &taken, row, now).await?)
}

async fn bad<W: Desk>(
    world: &W,
    peer: &Peer,
    error: &ExchangeError,
    now: Timestamp,
) -> Result<Vec<u8>, TakeReferralError> {
    let kind = Misbehaviour::of_referral(error);
    misbehaved(world, peer, kind, None, now).await?;
    Err(TakeReferralError::Misbehaved(error.to_string()))
}

/// How long a sealed answer is given again: well within the life of the key that it is sealed to.
const SEALED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The answer that there is by now.
async fn answered<W: Desk>(
    world: &W,
    peer: &Peer,
    taken: &TakenReferral,
    row: RequestRow,
    now: Timestamp,
) -> Result<Vec<u8>, ExchangeError> {
    let store = world.store();
    let found = store.request_integrated(row.id).await?;
    let (entry, integrated) = found.ok_or_else(|| ExchangeError::proof("no entry records this request"))?;
    let attachments = ReferralAttachments { receipt: receipt(store, entry, &integrated).await?.to_string() };
    let attachments = serde_json::to_vec(&attachments).map_err(ExchangeError::proof)?;
    let mut header = ReferralAnswerHeader {
        version: 1,
        case_id: taken.header.case_id,
        message: Text(taken.message),
        holder: Text(world.signatory().party.clone()),
        at: Text(row.decided_at.unwrap_or(row.filed_at)),
        result: ReferralResult::Known,
        due: None,
        complete: true,
        reasons: Vec::new(),
        citations: Vec::<CitationReport>::new(),
        body: None,
        entry: Base64(entry.to_bytes().to_vec()),
    };
    let mine = row.detail.referred.clone().filter(|referred| referred.message.0 == taken.message);
    let Some(referred) = mine else {
        return Ok(header.sign(&world.signatory().key).frame(&attachments, &[]));
    };
    if row.open {
        header.result = ReferralResult::Taken;
        header.due = Some(Text(row.due_legal_latest));
        header.complete = false;
        return Ok(header.sign(&world.signatory().key).frame(&attachments, &[]));
    }
    let Some(Text(answer)) = row.detail.answer else {
        header.result = ReferralResult::Refused;
        header.reasons = referred.reasons;
        return Ok(header.sign(&world.signatory().key).frame(&attachments, &[]));
    };
    header.result = ReferralResult::Answered;
    header.complete = row.detail.referrals.iter().all(|referral| referral.complete);
    let further = row.detail.referrals.iter().filter(|referral| referral.told.is_some()).count() as u64;
    let stands = |kept: &&ReferredAnswer| {
        let fresh = kept.at.0.checked_add(SEALED_FOR).is_ok_and(|end| now < end);
        fresh && kept.complete == header.complete && kept.further == further
    };
    if let Some(kept) = referred.answer.as_ref().filter(stands) {
        let signature = kept.signature.0.as_slice().try_into();
        let signature = signature.map_err(|_| ExchangeError::proof("a stored answer does not read"))?;
        let signed = SignedHeader { header: kept.header.0.clone(), signature: Signature(signature) };
        return Ok(signed.frame(&attachments, &kept.body.0));
    }
    let mut all = Vec::new();
    if let Some(segment) = store.segment(answer).await?
        && let Some(clear) = clear(world, &segment)?
    {
        all.push(one(&world.signatory().party, &Answer(clear.as_bytes().to_vec()))?);
    }
    all.extend(elsewhere(world, &row.detail).await?);
    let text = zeroize::Zeroizing::new(padded(serde_json::to_vec(&all).map_err(ExchangeError::proof)?));
    let key = peer.identity.transport.as_ref().and_then(|key| key.seal_to(now));
    let key =
        key.ok_or_else(|| ExchangeError::Keys("the partner's transport key is not known".to_owned()))?;
    let info = ReferralAnswerHeader::seal_info(header.case_id.0, &header.holder.0, &peer.party);
    let sealed = seal_offer(&key.public, &info, &[(b"answers", &text)], &mut world.entropy())?;
    let body = sealed.ciphertexts.into_iter().next().unwrap_or_default();
    header.at = Text(now);
    header.body = Some(SealedTo {
        transport_key: Text(key.id),
        encapsulated: Base64(sealed.encapsulated),
        sealed: Text(Digest::of(&body)),
    });
    let signed = header.sign(&world.signatory().key);
    let kept = ReferredAnswer {
        at: Text(now),
        header: Base64(signed.header.clone()),
        signature: Base64(signed.signature.0.to_vec()),
        body: Base64(body.clone()),
        complete: header.complete,
        further,
    };
    let referred = Some(Referred { answer: Some(kept), ..referred });
    let row = RequestRow {
        version: row.version + 1,
        entered: false,
        detail: RequestDetail { referred, ..row.detail },
        ..row
    };
    match store.record(Record { requests: vec![row], ..Record::default() }).await {
        // Another try made one too, or the request moved on: either is an answer.
        Ok(_) | Err(StoreError::Conflict(_)) => Ok(signed.frame(&attachments, &body)),
        Err(error) => Err(error.into()),
    }
}
