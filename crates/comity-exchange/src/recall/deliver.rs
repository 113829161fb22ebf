//! Sending one message of an order, and noting what its holder answered.

use super::keys_of;
use crate::ExchangeError;
use crate::act::{enter, enter_once};
use crate::disclose::{Because, next_try};
use crate::federation::frame::{Frame, FrameError, SignedHeader};
use crate::federation::recall::{Answered, HopAttachments, Known, RecallAnswerHeader, TakenHop};
use crate::misbehaviour::{Misbehaviour, answered_wrongly};
use crate::ports::{Peer, PeerError, RecallRoad, RecallRow, Recalls, Record, Store, StoreError};
use crate::proofs::receipt;
use crate::shell::Shell;
use crate::signature::Signature;
use crate::wire::Base64;
use comity_terms::{Act, Digest, Party, Timestamp};
use serde_json::{Value as Json, json};

/// What came of one try.
#[derive(Debug)]
pub enum Heard {
    /// An answer; others further on may still be owed.
    Answered(Box<Answered>),
    /// None: it is tried again.
    Waiting {
        /// In words, for the operator.
        why: String,
        /// What it was.
        because: Because,
    },
}

/// Claims a message for one try; `None` when another one is faster.
///
/// # Errors
/// [`ExchangeError::Store`].
pub async fn claim<W: Shell>(
    world: &W,
    row: RecallRow,
    now: Timestamp,
) -> Result<Option<RecallRow>, ExchangeError> {
    let claimed = RecallRow {
        version: row.version + 1,
        attempts: row.attempts.saturating_add(1),
        next_at: world.claimed_until(now),
        ..row
    };
    let record = Record { recalls: vec![claimed.clone()], ..Record::default() };
    match world.store().record(record).await {
        Ok(_) => Ok(Some(claimed)),
        Err(StoreError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Sends a claimed message, verifies what is answered and notes it; without an answer it is given back, to be tried again.
///
/// # Errors
/// [`ExchangeError`] when the store failed, or the log does not hold what lets the message go; it stays where it is.
pub async fn deliver<W: Shell>(
    world: &W,
    row: RecallRow,
    peer: &Peer,
    known: &(dyn Fn(&Party) -> Option<Known> + Sync),
) -> Result<Heard, ExchangeError> {
    let frame = framed(world, &row).await?;
    let sent = world.peers().recall(peer, frame).await.map_err(ExchangeError::from);
    let noted = match sent.and_then(|bytes| Ok((heard(&row, peer, &bytes, known)?, bytes))) {
        Ok((answered, bytes)) => note(world, row.clone(), bytes, &answered).await.map(|()| answered),
        Err(error) => Err(error),
    };
    match noted {
        Ok(answered) => Ok(Heard::Answered(Box::new(answered))),
        Err(error @ (ExchangeError::Store(_) | ExchangeError::Keys(_))) => Err(error),
        Err(error) => {
            let because = match (&error, Misbehaviour::of_answer(&error)) {
                (ExchangeError::Peer(PeerError::Unreachable(_)), _) => Because::Unreached,
                (_, Some(kind)) => Because::Misbehaved(kind),
                _ => Because::NotReady,
            };
            if let Because::Misbehaved(kind) = because {
                // An order about several exchanges is named by the first: the others stand in the same message.
                let about = TakenHop::stored(&row.header)?.0.exchanges.first().map(|one| one.exchange_id.0);
                answered_wrongly(world, peer, kind, (row.message, about), world.now()).await?;
            }
            let next_at = next_try(world.now(), row.attempts);
            let back = RecallRow { version: row.version + 1, next_at, ..row };
            world.store().record(Record { recalls: vec![back], ..Record::default() }).await?;
            Ok(Heard::Waiting { why: error.to_string(), because })
        }
    }
}

/// The frame of a message, once the entry that lets it go is found in the log again.
async fn framed<W: Shell>(world: &W, row: &RecallRow) -> Result<Vec<u8>, ExchangeError> {
    let store = world.store();
    let found = store.recall_integrated(row.message).await?;
    let (entry, integrated) = found.ok_or_else(|| ExchangeError::proof("no entry lets this order go"))?;
    let own = receipt(store, entry, &integrated).await?;
    own.verify(&entry.to_bytes(), &world.signatory().log, None).map_err(ExchangeError::proof)?;
    let receipt = match &row.receipt {
        Some(origins) => origins.clone(),
        None if TakenHop::stored(&row.header)?.1.public_entry() == Some(entry) => own.to_string(),
        None => return Err(ExchangeError::proof("a stored order names another entry than the log holds")),
    };
    let attachments = serde_json::to_vec(&HopAttachments { receipt }).map_err(ExchangeError::proof)?;
    let signed = SignedHeader { header: row.header.clone(), signature: Signature(row.signature) };
    Ok(signed.frame(&attachments, &[]))
}

/// The answer to a message, if these bytes are one.
///
/// # Errors
/// As [`Answered::read`]; also when it leaves out what it was asked about.
pub fn heard(
    row: &RecallRow,
    peer: &Peer,
    bytes: &[u8],
    known: &(dyn Fn(&Party) -> Option<Known> + Sync),
) -> Result<Answered, ExchangeError> {
    let keys = keys_of(peer)?;
    let answered = Answered::read(bytes, (row.order, Some(row.message)), &peer.party, &keys, &known)?;
    let (hop, _) = TakenHop::stored(&row.header)?;
    let asked = hop.exchanges.iter().map(|exchange| exchange.exchange_id.0);
    if !asked.eq(answered.header.results.iter().map(|result| result.exchange_id.0)) {
        let reason = "it speaks of other exchanges than it was asked about".to_owned();
        return Err(FrameError::Content { part: "header", reason }.into());
    }
    Ok(answered)
}

/// Notes an answer: by an entry the first, and the one after which no more is owed.
///
/// An entry of the holder's log proves one answer: the note of the first that names it lies where the entry says, so that
/// another answer that names it too finds the place taken.
///
/// # Errors
/// [`ExchangeError::Proof`] when the holder's entry has proved another answer already; nothing is noted then.
async fn note<W: Shell>(
    world: &W,
    row: RecallRow,
    bytes: Vec<u8>,
    answered: &Answered,
) -> Result<(), ExchangeError> {
    let now = world.now();
    let (first, complete) = (row.answer.is_none(), answered.is_complete());
    let proves_anew = row.answer.as_deref().and_then(entry_of).as_ref() != Some(&answered.header.entry);
    let next_at = next_try(now, row.attempts);
    let (order, message, version) = (row.order, row.message, row.version);
    let noted = RecallRow { version: version + 1, answer: Some(bytes), complete, next_at, ..row };
    let record = || Record { recalls: vec![noted.clone()], ..Record::default() };
    let facts = || {
        let mut holders = Vec::new();
        told(answered, &mut holders);
        json!({
            "order": order.to_string(),
            "from": noted.peer.to_string(),
            "complete": complete,
            "holders": holders,
        })
    };
    let done = if proves_anew && (first || complete) {
        let proof = [noted.peer.as_str().as_bytes(), &answered.header.entry.0];
        let name = Digest::of_parts("comity/recall/answered/v1", &proof);
        match enter_once(world, &name, Act::RecallAnswered, (facts(), None), now, record).await {
            Ok(true) => return Ok(()),
            Ok(false) => Err(StoreError::Conflict("another answer").into()),
            Err(error) => Err(error),
        }
    } else if complete {
        enter(world, Act::RecallAnswered, (facts(), None), now, |_| record()).await.map(drop)
    } else {
        world.store().record(record()).await.map(drop).map_err(ExchangeError::from)
    };
    match done {
        Err(ExchangeError::Store(StoreError::Conflict(_))) => {
            let rows = world.store().recalls(Some(order)).await?;
            match rows.iter().find(|row| row.message == message) {
                Some(row) if row.version == version && proves_anew => {
                    Err(ExchangeError::proof("the entry that it names records another answer"))
                }
                // Claims that overlap, as after a jump of the clock, are answered alike; one of them is noted.
                _ => Ok(()),
            }
        }
        done => done,
    }
}

/// The holder's log entry that a noted answer names.
fn entry_of(answer: &[u8]) -> Option<Base64> {
    let frame = Frame::parse(answer).ok()?;
    // Verified before it was noted.
    let header: RecallAnswerHeader = serde_json::from_slice(frame.dangerous_unverified_header()).ok()?;
    Some(header.entry)
}

/// What an opening holds of an answer and those further on: who, what became of how much, and where that is proved.
fn told(answered: &Answered, holders: &mut Vec<Json>) {
    let results = answered.header.results.iter().map(|result| {
        json!({
            "exchange": result.exchange_id.0.to_string(),
            "result": result.result.as_str(),
            "records": result.records,
        })
    });
    holders.push(json!({
        "holder": answered.header.holder.0.to_string(),
        "at": answered.header.at.0.to_string(),
        "results": results.collect::<Vec<_>>(),
        "receipt": Digest::of(answered.receipt.to_string().as_bytes()).to_string(),
    }));
    for onward in &answered.onward {
        match &onward.answer {
            Some(answer) => told(answer, holders),
            None => holders.push(json!({ "holder": onward.party.to_string(), "results": [] })),
        }
    }
}
