//! The holder's side: a partner's officer looks at what is here.
//!
//! ```text
//! 1 read     signature, receipt, form; nothing is opened
//! 2 find     the same message was answered: the same answer is given. Another one under the same id is a conflict
//! 3 decide   by the same laws as the asker: may its officer use such data at all?
//! 4 budget   what a view costs is there; then what is looked for is opened
//! 5 look     as an officer's query: decided class by class, counted, recorded; opened after that, masked
//! 6 answer   sealed to the key of this view, recorded with what it cost, signed, with our receipt
//! ```

use super::{LOOK_UP, SHARE, SKEW, USE, request};
use crate::ExchangeError;
use crate::act::{enter, note};
use crate::audit::recorded::no_cases;
use crate::collect::{Found, Manner, Query, Reading, Selector, query};
use crate::entry::PublicEntry;
use crate::federation::frame::SignedHeader;
use crate::federation::matching::question_digest;
use crate::federation::referral::padded;
use crate::federation::view::{
    LOOKED_FOR, RECORDS, RECORDS_BYTES_MAX, ViewAnswerHeader, ViewAttachments, ViewHeader, ViewQuestion,
    ViewResult, read_looked_for,
};
use crate::matching::hold::taken_out;
use crate::matching::{Matcher, Ruled, rule};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{
    Integrated, MatchAnswerRow, MatchChange, MatchScope, MatchSpent, Matches, Peer, Record, StoreError,
    StoredMatch, Stream,
};
use crate::proofs::receipt;
use crate::question::Request;
use crate::recall::keys_of;
use crate::report::CitationReport;
use crate::shell::{Lent, Shell};
use crate::wire::{Base64, Text, facts_from_wire, law_digests};
use comity_agreement::{Decision, Outcome};
use comity_minimise::matching::BATCH;
use comity_terms::ids::{MatchId, ViewId};
use comity_terms::{Act, Asserter, Day, Digest, Facts, Month, ReasonCode, Timestamp};
use comity_vault::{open_offer, seal_offer};
use serde_json::json;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// Why a question gets no signed answer: the peer's mistake, for the door to report in its own format.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The message does not read or open, is forged, or proves nothing. It was recorded.
    #[error("the question is not accepted: {0}")]
    Misbehaved(String),
    /// Another question was answered under this id. It was recorded.
    #[error("another question was answered as view {0}")]
    Conflict(ViewId),
    /// We failed; the asker tries again.
    #[error(transparent)]
    Failed(#[from] ExchangeError),
}

impl From<StoreError> for ViewError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What a view costs of a partner's budget, in evaluations: as much as a batch of blind matching.
pub const COST: u64 = BATCH as u64;

/// How often what was used is looked up again because another question was faster.
const TRIES_MAX: u32 = 16;

/// The reasons of the vocabulary where the budget does not reach, and where records are more than one answer holds.
const CAP_REACHED: &str = "breadth_cap_reached";
const TOO_BROAD: &str = "query_too_broad";

/// The fact that an officer is trained: what the asker's gateway knows, and nobody here.
const TRAINED: &str = "training_valid";

/// Takes one question from a partner, and gives the answer to send.
///
/// # Errors
/// [`ViewError`]; nothing was opened then.
pub async fn take<W: Matcher>(
    world: &W,
    peer: &Peer,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, ViewError> {
    let own = &world.signatory().party;
    let question = match ViewQuestion::read(bytes, (&peer.party, own), &keys_of(peer)?) {
        Ok(question) => question,
        Err(error) => {
            let kind = Misbehaviour::of_view(&error).unwrap_or(Misbehaviour::ViewUnreadable);
            misbehaved(world, peer, kind, None, now).await?;
            return Err(ViewError::Misbehaved(error.to_string()));
        }
    };
    let header = &question.header;
    if let Some(stored) = world.store().match_answer(question.message).await? {
        return Ok(given(world, stored).await?);
    }
    let id = header.view_id.0;
    if world.store().match_message(&peer.party, kept_as(id), VIEW).await?.is_some() {
        misbehaved(world, peer, Misbehaviour::ViewConflict, None, now).await?;
        return Err(ViewError::Conflict(id));
    }
    let unrecorded = |result| Ok(unrecorded(world, &question, result, now));
    let near = [now.checked_sub(SKEW).ok(), now.checked_add(SKEW).ok()];
    if !matches!(near, [Some(first), Some(last)] if (first..=last).contains(&header.at.0)) {
        return unrecorded(ViewResult::Stale);
    }
    let Some(lent) = world.laws(&header.agreement.0, &peer.party) else {
        return unrecorded(ViewResult::LawVersion);
    };
    if law_digests(&lent.laws) != header.laws {
        return unrecorded(ViewResult::LawVersion);
    }
    let Some(facts) = facts_from_wire(&header.facts) else {
        return Err(unreadable(world, peer, "its facts do not read".to_owned(), now).await?);
    };
    let facts = told_by_partner(&facts, &lent);
    let taking = Taking { question: &question, peer, lent: &lent, facts, now };
    let asked = taking.request(world, USE)?;
    let ruled = match rule(world, &asked, &lent, 0) {
        Err(ExchangeError::Question(why)) => return Err(unreadable(world, peer, why, now).await?),
        ruled => ruled?,
    };
    if ruled.decision.outcome != Outcome::Permitted {
        let refused = citing(taking.answer(world, ViewResult::Refused), [&ruled.decision]);
        return Ok(acted(world, &taking, (&asked, &ruled), refused).await?);
    }
    let (scope, month) = (taking.scope(), Month::of(now));
    let spent = world.store().match_spent(&scope.peer, &scope.agreement, &scope.purpose, month).await?;
    if spent.saturating_add(COST) > world.match_budget(&scope) {
        return Ok(acted(world, &taking, (&asked, &ruled), taking.over_budget(world, spent)).await?);
    }
    let Some(secret) = world.transport_secret(header.transport_key.0) else {
        return unrecorded(ViewResult::KeyExpired);
    };
    let info = ViewHeader::seal_info(id, &peer.party, own);
    let opened = open_offer(&secret, &header.encapsulated.0, &info)
        .and_then(|agreed| agreed.open(0, LOOKED_FOR, &question.body))
        .map_err(|error| error.to_string());
    let selector =
        opened.and_then(|clear| read_looked_for(clear.as_bytes()).map_err(|error| error.to_string()));
    let selector = match selector {
        Ok(selector) => selector,
        Err(why) => return Err(unreadable(world, peer, why, now).await?),
    };
    let seen = look(world, &taking, selector).await?;
    Ok(answer(world, &taking, (&asked, &ruled), seen).await?)
}

/// What every step needs.
struct Taking<'a> {
    question: &'a ViewQuestion,
    peer: &'a Peer,
    lent: &'a Lent,
    /// What the asker states, as far as a partner may.
    facts: Facts,
    now: Timestamp,
}

impl Taking<'_> {
    fn request<W: Shell>(&self, world: &W, action: &str) -> Result<Request, ExchangeError> {
        let ViewHeader { agreement, activity, purpose, .. } = &self.question.header;
        let ends = (&world.signatory().party, &self.peer.party);
        let bare = request(action, ends, (&agreement.0, &activity.0, &purpose.0), (&self.facts, self.now))?;
        Ok(Request { binding: self.lent.binding, ..bare })
    }

    fn scope(&self) -> MatchScope {
        let header = &self.question.header;
        MatchScope {
            peer: self.peer.party.clone(),
            agreement: header.agreement.0.clone(),
            activity: header.activity.0.clone(),
            purpose: header.purpose.0.clone(),
            question: question_digest(&header.facts, &header.laws),
        }
    }

    /// What an opening tells of the question: nothing of whom or what was looked for.
    fn told(&self, (asked, ruled): (&Request, &Ruled)) -> serde_json::Value {
        json!({
            "view": self.question.header.view_id.0.to_string(),
            "from": self.peer.party.to_string(),
            "activity": asked.activity.to_string(),
            "purpose": asked.purpose.to_string(),
            "asked": asked.recorded(&self.lent.laws),
            "rulings": [ruled.ruling],
        })
    }

    fn answer<W: Shell>(&self, world: &W, result: ViewResult) -> ViewAnswerHeader {
        header_of(world, self.question, result, self.now)
    }

    fn over_budget<W: Matcher>(&self, world: &W, spent: u64) -> ViewAnswerHeader {
        let left = world.match_budget(&self.scope()).saturating_sub(spent);
        let again = Month::of(self.now).bounds().map(|(_, next)| Text(next));
        let reasons = vec![Text(word(CAP_REACHED))];
        let header = self.answer(world, ViewResult::OverBudget);
        ViewAnswerHeader { reasons, again_at: again, left: Some(left), ..header }
    }
}

/// What a partner states, without what this gateway alone knows of a view.
fn told_by_partner(facts: &Facts, lent: &Lent) -> Facts {
    let mut told = Facts::new();
    let known_here = [Asserter::Officer, Asserter::Office, Asserter::Partner, Asserter::Detected];
    for (key, fact) in facts.iter() {
        let term = lent.laws.vocabulary.fact(key.as_str());
        // An unknown key stays: the laws name it when they are asked.
        if key.as_str() == TRAINED
            || term.is_none_or(|term| known_here.iter().any(|by| term.asserted_by.contains(by)))
        {
            told.state(key.clone(), fact.value.clone(), fact.asserter);
        }
    }
    told
}

/// What may be seen.
struct Seen {
    /// The records as a JSON list.
    records: Zeroizing<Vec<u8>>,
    given: u64,
    masked: u64,
    /// How many are not shown because somebody whom they name has opted out.
    opted_out: u64,
    /// What the laws said of classes that are refused and may be told to be there.
    refused: Vec<Decision>,
}

/// 5: as an officer's query.
async fn look<W: Matcher>(world: &W, taking: &Taking<'_>, selector: Selector) -> Result<Seen, ExchangeError> {
    let (scope, share) = (taking.scope(), taking.request(world, SHARE)?);
    let stream = Stream {
        agreement: scope.agreement,
        // What came from others is theirs to be looked at.
        partner: world.signatory().party.clone(),
        activity: scope.activity,
        purpose: scope.purpose,
    };
    let reader = Some(taking.peer.party.to_string());
    let reading = Reading { request: share.clone(), lent: taking.lent.clone(), reader };
    let ordered =
        json!({ "view": taking.question.header.view_id.0.to_string(), "from": scope.peer.to_string() });
    let wanted = Query { stream, selector, manner: Manner::View, reading, ordered };
    let Found { read, classes, .. } = query(world, &wanted).await?;
    let out = taken_out(world, (&share, taking.lent), &classes, &read.records).await?;
    let shown =
        || read.records.iter().enumerate().filter(|(place, _)| !out.contains(place)).map(|(_, one)| one);
    let (given, masked) = (shown().count() as u64, shown().filter(|one| one.masked).count() as u64);
    let length: usize = shown().map(|one| one.object.as_bytes().len() + 1).sum();
    let mut records = Zeroizing::new(Vec::with_capacity(length + 2));
    records.push(b'[');
    for (place, one) in shown().enumerate() {
        if place > 0 {
            records.push(b',');
        }
        records.extend_from_slice(one.object.as_bytes());
    }
    records.push(b']');
    let mut refused = Vec::new();
    for ((_, decision), facts) in read.decisions.into_iter().zip(&classes) {
        if decision.outcome != Outcome::Permitted && may_be_told(world, taking, facts)? {
            refused.push(decision);
        }
    }
    Ok(Seen { records, given, masked, opted_out: out.len() as u64, refused })
}

/// Whether a partner may know that a record of such a class is held: the laws would let it ask.
fn may_be_told<W: Matcher>(world: &W, taking: &Taking<'_>, class: &Facts) -> Result<bool, ExchangeError> {
    let laws = &*taking.lent.laws;
    let asked = taking.request(world, LOOK_UP)?;
    let mut facts = Facts::new();
    // What was counted is of the view.
    for (key, fact) in class.iter().filter(|(key, _)| !COUNTED.contains(&key.as_str())) {
        facts.state(key.clone(), fact.value.clone(), fact.asserter);
    }
    let (question, setting) = (asked.question(&facts, laws), asked.setting());
    let decision = world.with_memo(|memo| memo.decide(laws, &question, &setting, &no_cases()));
    let decision = decision.map_err(|error| ExchangeError::Question(error.to_string()))?;
    Ok(decision.outcome == Outcome::Permitted)
}

/// The facts that a query is counted by.
const COUNTED: [&str; 6] = [
    "query_breadth",
    "query_breadth_cap",
    "lookups_done",
    "lookups_cap",
    "officer_lookups_done",
    "officer_lookups_cap",
];

/// 6: sealed, and recorded with what it cost.
async fn answer<W: Matcher>(
    world: &W,
    taking: &Taking<'_>,
    ruled: (&Request, &Ruled),
    seen: Seen,
) -> Result<Vec<u8>, ExchangeError> {
    let Taking { question, peer, now, .. } = taking;
    let id = question.header.view_id.0;
    let too_long = seen.records.len() > RECORDS_BYTES_MAX;
    let shows = !too_long && (seen.given > 0 || seen.refused.is_empty());
    let result = if shows { ViewResult::Viewed } else { ViewResult::Refused };
    let mut header = citing(taking.answer(world, result), &seen.refused);
    let mut body = Vec::new();
    if shows {
        let info = ViewAnswerHeader::seal_info(id, &world.signatory().party, &peer.party);
        let clear = Zeroizing::new(padded(seen.records.to_vec()));
        let sealed = seal_offer(&question.answer_to, &info, &[(RECORDS, &clear)], &mut world.entropy())?;
        body = sealed.ciphertexts.into_iter().next().unwrap_or_default();
        header.encapsulated = Some(Base64(sealed.encapsulated));
        header.sealed = Some(Text(Digest::of(&body)));
        (header.given, header.masked) = (seen.given, seen.masked);
    } else if too_long {
        header.reasons.push(Text(word(TOO_BROAD)));
    }
    let (scope, month) = (taking.scope(), Month::of(*now));
    let budget = world.match_budget(&scope);
    // A question is accepted until an hour after its instant, and that may lie an hour ahead: until then it is known.
    let kept =
        now.checked_add(2 * SKEW).map_err(|_| ExchangeError::Question("the end of time".to_owned()))?;
    for _ in 0..TRIES_MAX {
        let before = world.store().match_spent(&scope.peer, &scope.agreement, &scope.purpose, month).await?;
        let after = before.saturating_add(COST);
        if after > budget {
            return acted(world, taking, ruled, taking.over_budget(world, before)).await;
        }
        let header = ViewAnswerHeader { left: Some(budget - after), ..header.clone() };
        let mut facts = taking.told(ruled);
        facts["result"] = result.as_str().into();
        facts["given"] = header.given.into();
        facts["masked"] = header.masked.into();
        facts["opted_out"] = seen.opted_out.into();
        (facts["used"], facts["budget"]) = (after.into(), budget.into());
        let changed = |entry: PublicEntry| {
            let entry = Some(Base64(entry.to_bytes().to_vec()));
            let answer = ViewAnswerHeader { entry, ..header.clone() }.sign(&world.signatory().key);
            let row = MatchAnswerRow {
                message: question.message,
                peer: scope.peer.clone(),
                id: kept_as(id),
                batch: VIEW,
                day: Day::of(kept),
                answer,
                bodies: body.clone(),
            };
            let spent = MatchSpent {
                peer: scope.peer.clone(),
                agreement: scope.agreement.clone(),
                purpose: scope.purpose.clone(),
                month,
                before,
                after,
            };
            let matching = MatchChange { answers: vec![row], spent: Some(spent), ..MatchChange::default() };
            Record { matching, ..Record::default() }
        };
        match enter(world, Act::ViewAnswered, (facts, None), *now, changed).await {
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

/// Nothing was looked for, by law or by what is left: that is an act of its own.
async fn acted<W: Matcher>(
    world: &W,
    taking: &Taking<'_>,
    ruled: (&Request, &Ruled),
    header: ViewAnswerHeader,
) -> Result<Vec<u8>, ExchangeError> {
    let mut facts = taking.told(ruled);
    facts["result"] = header.result.as_str().into();
    let (entry, integrated) = note(world, Act::ViewAnswered, (facts, None), taking.now).await?;
    let header = ViewAnswerHeader { entry: Some(Base64(entry.to_bytes().to_vec())), ..header };
    framed(world, &header.sign(&world.signatory().key), (entry, &integrated), &[]).await
}

/// The frame of an answer that was recorded.
async fn given<W: Matcher>(world: &W, stored: StoredMatch) -> Result<Vec<u8>, ExchangeError> {
    let StoredMatch { row, entry, integrated } = stored;
    let said: ViewAnswerHeader = serde_json::from_slice(&row.answer.header)
        .map_err(|_| ExchangeError::proof("a stored answer to a view does not read"))?;
    if said.public_entry() != Some(entry) {
        return Err(ExchangeError::proof("a stored answer names another entry than the log holds"));
    }
    framed(world, &row.answer, (entry, &integrated), &row.bodies).await
}

async fn framed<W: Shell>(
    world: &W,
    signed: &SignedHeader,
    (entry, integrated): (PublicEntry, &Integrated),
    body: &[u8],
) -> Result<Vec<u8>, ExchangeError> {
    let receipt = Some(receipt(world.store(), entry, integrated).await?.to_string());
    let attachments = serde_json::to_vec(&ViewAttachments { receipt }).map_err(ExchangeError::proof)?;
    Ok(signed.frame(&attachments, body))
}

async fn unreadable<W: Matcher>(
    world: &W,
    peer: &Peer,
    why: String,
    now: Timestamp,
) -> Result<ViewError, ExchangeError> {
    misbehaved(world, peer, Misbehaviour::ViewUnreadable, None, now).await?;
    Ok(ViewError::Misbehaved(why))
}

/// An answer that is no act: it decides nothing, and is made anew each time.
fn unrecorded<W: Shell>(world: &W, question: &ViewQuestion, result: ViewResult, now: Timestamp) -> Vec<u8> {
    header_of(world, question, result, now).sign(&world.signatory().key).frame(b"{}", &[])
}

fn header_of<W: Shell>(
    world: &W,
    question: &ViewQuestion,
    result: ViewResult,
    now: Timestamp,
) -> ViewAnswerHeader {
    ViewAnswerHeader {
        version: 1,
        view_id: question.header.view_id,
        message: Text(question.message),
        holder: Text(world.signatory().party.clone()),
        at: Text(now),
        result,
        given: 0,
        masked: 0,
        reasons: Vec::new(),
        escalate_to: Vec::new(),
        citations: Vec::new(),
        again_at: None,
        left: None,
        encapsulated: None,
        sealed: None,
        entry: None,
    }
}

/// An answer with what the laws said, each reason, office and rule once.
fn citing<'d>(
    header: ViewAnswerHeader,
    decisions: impl IntoIterator<Item = &'d Decision>,
) -> ViewAnswerHeader {
    let (mut reasons, mut offices) = (BTreeSet::new(), BTreeSet::new());
    let mut citations: Vec<CitationReport> = Vec::new();
    for decision in decisions {
        reasons.extend(decision.reasons().into_iter().cloned());
        offices.extend(decision.escalate_to.iter().cloned());
        for citation in decision.citations.iter().map(CitationReport::from) {
            if !citations.contains(&citation) {
                citations.push(citation);
            }
        }
    }
    ViewAnswerHeader {
        reasons: reasons.into_iter().map(Text).collect(),
        escalate_to: offices.into_iter().map(Text).collect(),
        citations,
        ..header
    }
}

fn word(reason: &str) -> ReasonCode {
    // Unwrap safety: both are.
    reason.parse().expect("a reason code")
}

/// The batch that stands for a view among answers to questions in place.
const VIEW: u32 = 0;

/// The id that its answer is kept under.
fn kept_as(id: ViewId) -> MatchId {
    // Unwrap safety: both are random (v4) UUIDs.
    MatchId::from_bytes(*id.as_bytes()).unwrap_or_else(|| unreachable!("an id of a view is an id"))
}
