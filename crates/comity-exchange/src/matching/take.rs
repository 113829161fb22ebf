//! The holder's side: one question, start to finish.
//!
//! ```text
//! 1 read      signature, receipt, form: every element is one
//! 2 find      the same message was answered: the same answer is given
//! 3 decide    by the same laws as the asker, or nobody is asked
//! 4 open      the statement of the day: there, or made ready from the set and recorded
//!   evaluate  this day's statement is there; the budget reaches; record what was used with the answer
//! 5 answer    with our receipt
//! ```

use super::hold::{Ready, ready};
use super::{Matcher, Ruled, request, rule};
use crate::ExchangeError;
use crate::act::{enter, note};
use crate::entry::PublicEntry;
use crate::federation::frame::SignedHeader;
use crate::federation::matching::{
    AttachedStatement, EpochStatement, MatchAnswerAttachments, MatchAnswerHeader, MatchQuestion, MatchResult,
    MatchStep,
};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{
    Integrated, MatchAnswerRow, MatchChange, MatchEpochRow, MatchScope, MatchSide, MatchSpent, Matches, Peer,
    Record, StoreError, StoredMatch,
};
use crate::proofs::receipt;
use crate::question::Request;
use crate::recall::keys_of;
use crate::report::CitationReport;
use crate::shell::{Lent, Shell};
use crate::wire::{Base64, Text, facts_from_wire, law_digests};
use comity_agreement::{Decision, Outcome};
use comity_minimise::matching::{BATCH, Elements};
use comity_terms::ids::MatchId;
use comity_terms::{Act, Day, Digest, Month, ReasonCode, Timestamp};
use serde_json::json;

/// Why a question gets no signed answer: the peer's mistake, for the door to report in its own format.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// The message does not read, is forged, or proves nothing. It was recorded.
    #[error("the question is not accepted: {0}")]
    Misbehaved(String),
    /// Another batch was answered under this number. It was recorded.
    #[error("another batch of {0} was answered under this number")]
    Conflict(MatchId),
    /// We failed; the asker tries again.
    #[error(transparent)]
    Failed(#[from] ExchangeError),
}

impl From<StoreError> for MatchError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The reason, in the vocabulary's words, where the budget does not reach.
const CAP_REACHED: &str = "breadth_cap_reached";

/// The word.
fn cap_reached() -> ReasonCode {
    // Unwrap safety: it is one.
    CAP_REACHED.parse().expect("a reason code")
}

/// For how many scopes one partner has a set made ready on one day: each takes a minute of every processor, and 20 MB, at most.
const SCOPES_MAX: u64 = 16;

/// How often what was used is looked up again because another batch was faster.
const TRIES_MAX: u32 = 16;

/// Takes one question from a partner, and gives the answer to send.
///
/// # Errors
/// [`MatchError`]; nothing was evaluated then.
pub async fn take<W: Matcher>(
    world: &W,
    peer: &Peer,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, MatchError> {
    let keys = keys_of(peer)?;
    let question = match MatchQuestion::read(bytes, (&peer.party, &world.signatory().party), &keys) {
        Ok(question) => question,
        Err(error) => {
            let kind = Misbehaviour::of_match(&error).unwrap_or(Misbehaviour::MatchUnreadable);
            misbehaved(world, peer, kind, None, now).await?;
            return Err(MatchError::Misbehaved(error.to_string()));
        }
    };
    if let Some(stored) = world.store().match_answer(question.message).await? {
        return Ok(given(world, stored).await?);
    }
    let scope = question.scope();
    let Some(lent) = world.laws(&scope.agreement, &peer.party) else {
        return Ok(unrecorded(world, &question, MatchResult::LawVersion, now));
    };
    if law_digests(&lent.laws) != question.header.laws {
        return Ok(unrecorded(world, &question, MatchResult::LawVersion, now));
    }
    let Some(facts) = facts_from_wire(&question.header.facts) else {
        return Err(unreadable(world, peer, "its facts do not read".to_owned(), now).await?);
    };
    let own = &world.signatory().party;
    let asked = Request { binding: lent.binding, ..request((own, &peer.party), &scope, &facts, now)? };
    let ruled = match rule(world, &asked, &lent, 0) {
        Err(ExchangeError::Question(why)) => return Err(unreadable(world, peer, why, now).await?),
        ruled => ruled?,
    };
    let taking = Taking { question: &question, scope: &scope, asked: &asked, lent: &lent, now };
    if ruled.decision.outcome != Outcome::Permitted {
        let refused = citing(answer(world, &question, MatchResult::Refused, now), &ruled.decision);
        return Ok(acted(world, &taking, &ruled, refused).await?);
    }
    match (&question.header.step, &question.elements) {
        (MatchStep::Evaluate { day, batch, .. }, Some(elements)) => {
            let other = world.store().match_message(&peer.party, question.header.match_id.0, *batch).await?;
            if other.is_some_and(|other| other != question.message) {
                misbehaved(world, peer, Misbehaviour::MatchConflict, None, now).await?;
                return Err(MatchError::Conflict(question.header.match_id.0));
            }
            Ok(evaluate(world, &taking, &ruled, (day.0, *batch, elements)).await?)
        }
        _ => Ok(open(world, &taking, &ruled).await?),
    }
}

/// What every step needs.
struct Taking<'a> {
    question: &'a MatchQuestion,
    scope: &'a MatchScope,
    asked: &'a Request,
    lent: &'a Lent,
    now: Timestamp,
}

impl Taking<'_> {
    /// What an opening tells of the question: no value, and no count of what matched, which only the asker knows.
    fn told(&self) -> serde_json::Value {
        json!({
            "match": self.question.header.match_id.0.to_string(),
            "from": self.scope.peer.to_string(),
            "activity": self.scope.activity.to_string(),
            "purpose": self.scope.purpose.to_string(),
            "asked": self.asked.recorded(&self.lent.laws),
        })
    }
}

async fn unreadable<W: Matcher>(
    world: &W,
    peer: &Peer,
    why: String,
    now: Timestamp,
) -> Result<MatchError, ExchangeError> {
    misbehaved(world, peer, Misbehaviour::MatchUnreadable, None, now).await?;
    Ok(MatchError::Misbehaved(why))
}

/// 4, open: the statement of today, made ready where there is none.
async fn open<W: Matcher>(world: &W, taking: &Taking<'_>, ruled: &Ruled) -> Result<Vec<u8>, ExchangeError> {
    let day = Day::of(taking.now);
    let row = match world.store().match_epoch(MatchSide::Holder, taking.scope, day).await? {
        Some(row) => row,
        None if world.store().match_scopes(&taking.scope.peer, day).await? >= SCOPES_MAX => {
            let over = answer(world, taking.question, MatchResult::OverBudget, taking.now);
            let reasons = vec![Text(cap_reached())];
            let over = MatchAnswerHeader { reasons, again_at: Some(Text(day.end())), ..over };
            return acted(world, taking, ruled, over).await;
        }
        None => match made(world, taking, day).await {
            // Another try was faster: what is stored by now is the day's.
            Err(ExchangeError::Store(StoreError::Conflict(_))) => {
                let row = world.store().match_epoch(MatchSide::Holder, taking.scope, day).await?;
                row.ok_or_else(|| ExchangeError::proof("the statement of the day is not stored"))?
            }
            made => made?,
        },
    };
    let found = world.store().match_opened(taking.scope, day).await?;
    let (entry, integrated) = found.ok_or_else(|| ExchangeError::proof("no entry lets this filter go"))?;
    let statement: EpochStatement = serde_json::from_slice(&row.statement.header)
        .map_err(|_| ExchangeError::proof("a stored statement does not read"))?;
    if statement.public_entry() != Some(entry) {
        return Err(ExchangeError::proof("a stored statement names another entry than the log holds"));
    }
    let attachments = MatchAnswerAttachments {
        receipt: None,
        opened: Some(AttachedStatement {
            statement: Base64(row.statement.header),
            signature: Base64(row.statement.signature.0.to_vec()),
            receipt: receipt(world.store(), entry, &integrated).await?.to_string(),
        }),
    };
    let has = match &taking.question.header.step {
        MatchStep::Open { have: Some(have) } => have.0 == statement.filter.0,
        _ => false,
    };
    let bodies = if has { Vec::new() } else { row.filter };
    let header = answer(world, taking.question, MatchResult::Opened, taking.now);
    framed(&header.sign(&world.signatory().key), &attachments, &bodies)
}

/// Makes the day's key and filter ready, and records them.
async fn made<W: Matcher>(world: &W, taking: &Taking<'_>, day: Day) -> Result<MatchEpochRow, ExchangeError> {
    let key = world.match_key(taking.scope, day)?;
    let Ready { filter, rulings, records, matched, opted_out } =
        ready(world, taking.scope, (taking.asked, taking.lent), &key).await?;
    let filter = filter.to_bytes();
    let (public, digest) = (Base64(key.public().to_vec()), Digest::of(&filter));
    let mut facts = taking.told();
    facts["day"] = day.to_string().into();
    facts["key"] = json!(public);
    facts["filter"] = digest.to_string().into();
    facts["rulings"] = json!(rulings);
    facts["records"] = records.into();
    facts["matched"] = matched.saturating_sub(opted_out).into();
    facts["opted_out"] = opted_out.into();
    let scope = taking.scope;
    let signed = |entry: PublicEntry| {
        EpochStatement {
            version: 1,
            holder: Text(world.signatory().party.clone()),
            asker: Text(scope.peer.clone()),
            agreement: Text(scope.agreement.clone()),
            activity: Text(scope.activity.clone()),
            purpose: Text(scope.purpose.clone()),
            question: Text(scope.question),
            day: Text(day),
            key: public.clone(),
            filter: Text(digest),
            entry: Base64(entry.to_bytes().to_vec()),
        }
        .sign(&world.signatory().key)
    };
    let row = |statement| MatchEpochRow {
        side: MatchSide::Holder,
        scope: scope.clone(),
        day,
        statement,
        receipt: None,
        filter: filter.clone(),
    };
    enter(world, Act::MatchOpened, (facts, None), taking.now, |entry| Record {
        matching: MatchChange { epochs: vec![row(signed(entry))], ..MatchChange::default() },
        ..Record::default()
    })
    .await?;
    let stored = world.store().match_epoch(MatchSide::Holder, scope, day).await?;
    stored.ok_or_else(|| ExchangeError::proof("the statement of the day is not stored"))
}

/// 4, evaluate: one batch, within the budget.
async fn evaluate<W: Matcher>(
    world: &W,
    taking: &Taking<'_>,
    ruled: &Ruled,
    (day, batch, elements): (Day, u32, &Elements),
) -> Result<Vec<u8>, ExchangeError> {
    let Taking { question, scope, now, .. } = *taking;
    let known = world.store().match_epoch(MatchSide::Holder, scope, day).await?.is_some();
    if day != Day::of(now) || !known {
        return Ok(unrecorded(world, question, MatchResult::DayOver, now));
    }
    let key = world.match_key(scope, day)?;
    let (evaluated, proof) = key
        .evaluate(elements, &mut world.entropy())
        .map_err(|error| ExchangeError::Question(error.to_string()))?;
    let month = Month::of(now);
    let budget = world.match_budget(scope);
    for _ in 0..TRIES_MAX {
        let before = world.store().match_spent(&scope.peer, &scope.agreement, &scope.purpose, month).await?;
        let after = before.saturating_add(BATCH as u64);
        let reaches = after <= budget;
        let mut facts = taking.told();
        facts["batch"] = batch.into();
        facts["evaluations"] = json!(if reaches { BATCH } else { 0 });
        facts["used"] = json!(if reaches { after } else { before });
        facts["budget"] = budget.into();
        facts["rulings"] = json!([ruled.ruling]);
        let mut header = citing(answer(world, question, MatchResult::Evaluated, now), &ruled.decision);
        header.left = Some(budget.saturating_sub(if reaches { after } else { before }));
        if reaches {
            header.proof = Some(Base64(proof.to_vec()));
            header.elements = Some(Text(Digest::of(&evaluated)));
        } else {
            header.result = MatchResult::OverBudget;
            header.reasons = vec![Text(cap_reached())];
            header.again_at = month.bounds().map(|(_, next)| Text(next));
        }
        facts["result"] = header.result.as_str().into();
        let changed = |entry: PublicEntry| {
            let header =
                MatchAnswerHeader { entry: Some(Base64(entry.to_bytes().to_vec())), ..header.clone() };
            let row = MatchAnswerRow {
                message: question.message,
                peer: scope.peer.clone(),
                id: question.header.match_id.0,
                batch,
                day,
                answer: header.sign(&world.signatory().key),
                bodies: if reaches { evaluated.clone() } else { Vec::new() },
            };
            let spent = reaches.then(|| MatchSpent {
                peer: scope.peer.clone(),
                agreement: scope.agreement.clone(),
                purpose: scope.purpose.clone(),
                month,
                before,
                after,
            });
            let matching = MatchChange { answers: vec![row], spent, ..MatchChange::default() };
            Record { matching, ..Record::default() }
        };
        match enter(world, Act::MatchAnswered, (facts, None), now, changed).await {
            // The same message, or another one of this partner, was faster.
            Err(ExchangeError::Store(StoreError::Conflict(_))) => {}
            done => _ = done?,
        }
        if let Some(stored) = world.store().match_answer(question.message).await? {
            return given(world, stored).await;
        }
    }
    Err(StoreError::Conflict("what was used of a budget").into())
}

/// Nothing is evaluated, by law or by what is left: that is an act of its own.
async fn acted<W: Matcher>(
    world: &W,
    taking: &Taking<'_>,
    ruled: &Ruled,
    header: MatchAnswerHeader,
) -> Result<Vec<u8>, ExchangeError> {
    let now = taking.now;
    let mut facts = taking.told();
    facts["result"] = header.result.as_str().into();
    facts["evaluations"] = 0.into();
    facts["rulings"] = json!([ruled.ruling]);
    let (entry, integrated) = note(world, Act::MatchAnswered, (facts, None), now).await?;
    let header = MatchAnswerHeader { entry: Some(Base64(entry.to_bytes().to_vec())), ..header };
    let attachments = proved(world, entry, &integrated).await?;
    framed(&header.sign(&world.signatory().key), &attachments, &[])
}

/// The frame of an answer that was recorded.
async fn given<W: Matcher>(world: &W, stored: StoredMatch) -> Result<Vec<u8>, ExchangeError> {
    let StoredMatch { row, entry, integrated } = stored;
    let said: MatchAnswerHeader = serde_json::from_slice(&row.answer.header)
        .map_err(|_| ExchangeError::proof("a stored answer to a question does not read"))?;
    if said.public_entry() != Some(entry) {
        return Err(ExchangeError::proof("a stored answer names another entry than the log holds"));
    }
    let attachments = proved(world, entry, &integrated).await?;
    framed(&row.answer, &attachments, &row.bodies)
}

async fn proved<W: Shell>(
    world: &W,
    entry: PublicEntry,
    integrated: &Integrated,
) -> Result<MatchAnswerAttachments, ExchangeError> {
    let receipt = receipt(world.store(), entry, integrated).await?.to_string();
    Ok(MatchAnswerAttachments { receipt: Some(receipt), opened: None })
}

fn framed(
    signed: &SignedHeader,
    attachments: &MatchAnswerAttachments,
    bodies: &[u8],
) -> Result<Vec<u8>, ExchangeError> {
    let attachments = serde_json::to_vec(attachments).map_err(ExchangeError::proof)?;
    Ok(signed.frame(&attachments, bodies))
}

/// An answer that is no act: it decides nothing, and is made anew each time.
fn unrecorded<W: Shell>(world: &W, question: &MatchQuestion, result: MatchResult, now: Timestamp) -> Vec<u8> {
    answer(world, question, result, now).sign(&world.signatory().key).frame(b"{}", &[])
}

fn answer<W: Shell>(
    world: &W,
    question: &MatchQuestion,
    result: MatchResult,
    now: Timestamp,
) -> MatchAnswerHeader {
    MatchAnswerHeader {
        version: 1,
        match_id: question.header.match_id,
        message: Text(question.message),
        holder: Text(world.signatory().party.clone()),
        at: Text(now),
        result,
        reasons: Vec::new(),
        escalate_to: Vec::new(),
        citations: Vec::new(),
        again_at: None,
        left: None,
        proof: None,
        elements: None,
        entry: None,
    }
}

/// An answer with what the laws said.
fn citing(header: MatchAnswerHeader, decision: &Decision) -> MatchAnswerHeader {
    MatchAnswerHeader {
        reasons: decision.reasons().into_iter().cloned().map(Text).collect(),
        escalate_to: decision.escalate_to.iter().cloned().map(Text).collect(),
        citations: decision.citations.iter().map(CitationReport::from).collect(),
        ..header
    }
}
