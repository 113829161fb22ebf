//! Sending one message of an order, and noting what its holder answered.

use super::keys_of;
use crate::ExchangeError;
use crate::act::enter;
use crate::disclose::{Because, is_told, next_try};
use crate::federation::frame::{FrameError, SignedHeader};
use crate::federation::recall::{Answered, HopAttachments, Known, TakenHop};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{Peer, PeerError, RecallRoad, RecallRow, Recalls, Record, Store, StoreError};
use crate::proofs::receipt;
use crate::shell::Shell;
use crate::signature::Signature;
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
    match sent.and_then(|bytes| Ok((heard(&row, peer, &bytes, known)?, bytes))) {
        Ok((answered, bytes)) => {
            note(world, row, bytes, &answered).await?;
            Ok(Heard::Answered(Box::new(answered)))
        }
        Err(error) => {
            let because = match (&error, Misbehaviour::of_answer(&error)) {
                (ExchangeError::Peer(PeerError::Unreachable(_)), _) => Because::Unreached,
                (_, Some(kind)) => Because::Misbehaved(kind),
                _ => Because::NotReady,
            };
            if let Because::Misbehaved(kind) = because
                && is_told(row.attempts.saturating_sub(1))
            {
                misbehaved(world, peer, kind, None, world.now()).await?;
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
async fn note<W: Shell>(
    world: &W,
    row: RecallRow,
    bytes: Vec<u8>,
    answered: &Answered,
) -> Result<(), ExchangeError> {
    let now = world.now();
    let (first, complete) = (row.answer.is_none(), answered.is_complete());
    let next_at = next_try(now, row.attempts);
    let noted = RecallRow { version: row.version + 1, answer: Some(bytes), complete, next_at, ..row };
    let record = || Record { recalls: vec![noted.clone()], ..Record::default() };
    let done = if first || complete {
        let mut holders = Vec::new();
        told(answered, &mut holders);
        let facts = json!({
            "order": noted.order.to_string(),
            "from": noted.peer.to_string(),
            "complete": complete,
            "holders": holders,
        });
        enter(world, Act::RecallAnswered, (facts, None), now, |_| record()).await.map(drop)
    } else {
        world.store().record(record()).await.map(drop).map_err(ExchangeError::from)
    };
    match done {
        // Claims that overlap, as after a jump of the clock, are answered alike; one of them is noted.
        Err(ExchangeError::Store(StoreError::Conflict(_))) => Ok(()),
        done => done,
    }
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
