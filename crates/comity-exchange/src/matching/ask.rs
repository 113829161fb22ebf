//! The asker's side: an officer asks, the laws decide whether it may be asked, and each value gets its answer.

use super::{Matcher, Ruled, request, rule};
use crate::ExchangeError;
use crate::act::note;
use crate::federation::frame::FrameError;
use crate::federation::matching::{
    ANSWER_BYTES_MAX, BATCHES_MAX, MatchAnswered, MatchAttachments, MatchHeader, MatchResult, MatchStep,
    Opened,
};
use crate::federation::recall::Known;
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{
    MatchChange, MatchEpochRow, MatchRoad, MatchScope, MatchSide, Matches, Peer, PeerError, Record, Store,
    StoreError,
};
use crate::proofs::receipt;
use crate::question::Request;
use crate::recall::keys_of;
use crate::report::CitationReport;
use crate::wire::{Base64, Text, facts_to_wire, law_digests};
use comity_agreement::{Decision, Outcome};
use comity_minimise::matching::{BATCH, Blinded, ELEMENT_LENGTH, Filter, MatchValue};
use comity_terms::ids::MatchId;
use comity_terms::{Act, Activity, Day, Digest, Facts, Office, PackSlug, Purpose, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// What an officer asks.
#[derive(Debug)]
pub struct Asking {
    /// The question.
    pub id: MatchId,
    /// The agreement that it is under.
    pub agreement: PackSlug,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// What the officer states, and what the gateway knows of officer and values.
    pub facts: Facts,
    /// By whose key it is asked, in words that an entry may hold: a key and its signature.
    pub by: Json,
    /// What is looked for: at most [`BATCHES_MAX`] batches.
    pub values: Vec<MatchValue>,
    /// The instant of the act, UTC.
    pub at: Timestamp,
}

/// What went over the wire, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Questions.
    pub sent: u64,
    /// Answers, the filter in them.
    pub received: u64,
    /// The filter, where it was sent this time.
    pub filter: u64,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Every value has its answer.
    Complete,
    /// Our own laws, asked for both sides, refuse: nothing was asked.
    RefusedHere,
    /// The holder's do.
    RefusedThere {
        /// Why.
        reasons: Vec<ReasonCode>,
        /// Whom its laws would ask first.
        escalate_to: Vec<Office>,
        /// Every rule that had a part.
        citations: Vec<CitationReport>,
    },
    /// The budget of the month does not reach.
    OverBudget {
        /// When the next one begins, UTC.
        again_at: Option<Timestamp>,
    },
    /// The holder has other laws: both adopt the same first.
    LawVersion,
    /// The holder was not reached, or answered what is none.
    Broken {
        /// In words.
        why: String,
        /// What it did that it should not.
        misbehaved: Option<Misbehaviour>,
    },
}

/// What came of a question.
#[derive(Debug)]
pub struct Asked {
    /// What the laws said here.
    pub decision: Decision,
    /// Of each value whether it matched; `None` where it has no answer.
    pub matched: Vec<Option<bool>>,
    /// How it ended.
    pub end: End,
    /// The day of the key that answered last.
    pub day: Option<Day>,
    /// How many evaluations were used.
    pub evaluations: u64,
    /// How many are left of the budget, as the holder says.
    pub left: Option<u64>,
    /// What went over the wire.
    pub traffic: Traffic,
}

impl Asked {
    /// How many values matched.
    #[must_use]
    pub fn matches(&self) -> usize {
        self.matched.iter().filter(|matched| **matched == Some(true)).count()
    }
}

/// Asks, from the decision to the last batch.
///
/// # Errors
/// [`ExchangeError::Question`] when the laws cannot be asked, or too much is looked for; [`ExchangeError`] when the store or
/// the keys fail. A partner that does not answer is no error: [`End::Broken`].
pub async fn ask<W: Matcher>(world: &W, peer: &Peer, asking: &Asking) -> Result<Asked, ExchangeError> {
    let Asking { id, agreement, values, at, .. } = asking;
    let most = BATCHES_MAX as usize * BATCH;
    if values.is_empty() || values.len() > most {
        let text = format!("{} values to look for; 1 to {most} are possible", values.len());
        return Err(ExchangeError::Question(text));
    }
    let lent = world
        .laws(agreement, &peer.party)
        .ok_or_else(|| ExchangeError::Question(format!("`{agreement}` is not adopted here")))?;
    let own = &world.signatory().party;
    let question = MatchHeader {
        version: 1,
        match_id: Text(*id),
        asker: Text(own.clone()),
        holder: Text(peer.party.clone()),
        agreement: Text(agreement.clone()),
        laws: law_digests(&lent.laws),
        activity: Text(asking.activity.clone()),
        purpose: Text(asking.purpose.clone()),
        facts: facts_to_wire(&asking.facts),
        at: Text(*at),
        step: MatchStep::Open { have: None },
        entry: Base64(Vec::new()),
    };
    let scope = question.scope(&peer.party);
    let asked = Request { binding: lent.binding, ..request((&peer.party, own), &scope, &asking.facts, *at)? };
    let Ruled { decision, ruling } = rule(world, &asked, &lent, values.len() as u64)?;
    let permitted = decision.outcome == Outcome::Permitted;
    let facts = json!({
        "match": id.to_string(),
        "to": peer.party.to_string(),
        "activity": asking.activity.to_string(),
        "purpose": asking.purpose.to_string(),
        "values": values.len(),
        "asked": asked.recorded(&lent.laws),
        "rulings": [ruling],
        "ordered": asking.by,
    });
    let (entry, integrated) = note(world, Act::MatchAsked, (facts, None), *at).await?;
    let mut done = Asked {
        decision,
        matched: vec![None; values.len()],
        end: End::RefusedHere,
        day: None,
        evaluations: 0,
        left: None,
        traffic: Traffic::default(),
    };
    if !permitted {
        return Ok(done);
    }
    let attachments =
        MatchAttachments { receipt: receipt(world.store(), entry, &integrated).await?.to_string() };
    let mut talk = Talk {
        world,
        peer,
        keys: keys_of(peer)?,
        scope,
        question: MatchHeader { entry: Base64(entry.to_bytes().to_vec()), ..question },
        attachments: serde_json::to_vec(&attachments).map_err(ExchangeError::proof)?,
    };
    done.end = match talk.through(values, &mut done).await {
        Ok(end) => end,
        Err(error) => {
            let kind = match &error {
                Wrong::Told(kind, _) => Some(*kind),
                Wrong::Other(ExchangeError::Peer(_)) => None,
                Wrong::Other(error) => Misbehaviour::of_answer(error),
            };
            match (kind, error) {
                (Some(kind), error) => {
                    misbehaved(world, peer, kind, None, world.now()).await?;
                    End::Broken { why: error.to_string(), misbehaved: Some(kind) }
                }
                (None, Wrong::Other(ExchangeError::Peer(error))) => {
                    End::Broken { why: error.to_string(), misbehaved: None }
                }
                (None, Wrong::Other(error)) => return Err(error),
                (None, Wrong::Told(..)) => return Err(ExchangeError::proof("a kind was told")),
            }
        }
    };
    let facts = json!({
        "match": id.to_string(),
        "with": peer.party.to_string(),
        "purpose": asking.purpose.to_string(),
        "result": done.end.as_str(),
        "answered": done.matched.iter().flatten().count(),
        "matched": done.matches(),
        "evaluations": done.evaluations,
        "day": done.day.map(|day| day.to_string()),
    });
    note(world, Act::MatchDone, (facts, None), world.now()).await?;
    Ok(done)
}

impl End {
    /// The word in output and openings.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::RefusedHere => "refused_here",
            Self::RefusedThere { .. } => "refused",
            Self::OverBudget { .. } => "over_budget",
            Self::LawVersion => "law_version",
            Self::Broken { .. } => "broken",
        }
    }
}

/// What breaks a question off.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    /// The holder did what it should not.
    #[error("{1}")]
    Told(Misbehaviour, String),
    #[error(transparent)]
    Other(#[from] ExchangeError),
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// A question under way.
struct Talk<'a, W> {
    world: &'a W,
    peer: &'a Peer,
    keys: Known,
    scope: MatchScope,
    question: MatchHeader,
    attachments: Vec<u8>,
}

/// The key and filter that answer.
struct Answering {
    day: Day,
    key: [u8; ELEMENT_LENGTH],
    filter: Filter,
}

/// How often a question goes on under the key of another day.
const DAYS_MAX: u32 = 2;

/// How often a message is sent that was not answered.
const TRIES: u32 = 2;

/// How far the holder's day may lie from ours: clocks that differ by hours disagree about the day.
const SKEW: Duration = Duration::from_secs(12 * 60 * 60);

impl<W: Matcher> Talk<'_, W> {
    /// Batch by batch.
    async fn through(&mut self, values: &[MatchValue], done: &mut Asked) -> Result<End, Wrong> {
        let mut answering: Option<Answering> = None;
        let mut opened = 0;
        let (mut batch, mut sent) = (0, 0);
        // A batch number is answered once: one that met the end of a day goes out again under the next number.
        while batch * BATCH < values.len() {
            let Some(with) = &answering else {
                if opened > DAYS_MAX {
                    let text = "the holder ends every day that it begins".to_owned();
                    return Err(Wrong::Told(Misbehaviour::AnswerUnreadable, text));
                }
                opened += 1;
                match self.open(done).await? {
                    Ok(open) => answering = Some(open),
                    Err(end) => return Ok(end),
                }
                continue;
            };
            let chunk: Vec<&MatchValue> = values.iter().skip(batch * BATCH).take(BATCH).collect();
            let blinded = Blinded::draw(&chunk, &mut self.world.entropy());
            let blinded = blinded.map_err(|error| ExchangeError::Question(error.to_string()))?;
            sent += 1;
            let step = MatchStep::Evaluate {
                day: Text(with.day),
                batch: sent,
                elements: Text(Digest::of(blinded.bytes())),
            };
            let answer = self.send(step, blinded.bytes(), done).await?;
            match answer.header.result {
                MatchResult::Evaluated => {
                    let proof = answer.proof.unwrap_or([0; 64]);
                    let tags = blinded
                        .finish(&with.key, &answer.elements, &proof)
                        .map_err(|error| Wrong::Told(Misbehaviour::MatchEvaluation, error.to_string()))?;
                    for (place, tag) in tags.into_iter().enumerate() {
                        done.matched[batch * BATCH + place] = Some(with.filter.contains(tag));
                    }
                    done.day = Some(with.day);
                    done.evaluations += BATCH as u64;
                    done.left = answer.header.left;
                    batch += 1;
                }
                MatchResult::DayOver => answering = None,
                _ => return Ok(ended(answer)),
            }
        }
        Ok(End::Complete)
    }

    /// The statement of the day: the one that was told before, or none was.
    async fn open(&self, done: &mut Asked) -> Result<Result<Answering, End>, Wrong> {
        let world = self.world;
        let now = world.now();
        let known = world.store().match_epoch(MatchSide::Asker, &self.scope, Day::of(now)).await?;
        let have = known.as_ref().map(|row| Text(Digest::of(&row.filter)));
        let answer = self.send(MatchStep::Open { have }, &[], done).await?;
        let Some(opened) = answer.opened else { return Ok(Err(ended(answer))) };
        let Opened { statement, signed, receipt, key, filter } = opened;
        let day = statement.day.0;
        let near = [now.checked_sub(SKEW), now.checked_add(SKEW)];
        if !near.into_iter().flatten().any(|at| Day::of(at) == day) {
            let text = format!("its day is {day}, and here it is {}", Day::of(now));
            return Err(Wrong::Told(Misbehaviour::AnswerUnreadable, text));
        }
        done.traffic.filter += filter.as_ref().map_or(0, Vec::len) as u64;
        let pinned = world.store().match_epoch(MatchSide::Asker, &self.scope, day).await?;
        let filter = match (pinned, filter) {
            (Some(row), _) if row.statement.header != signed.header => {
                let text = format!("another key or filter was told for {day} before");
                return Err(Wrong::Told(Misbehaviour::MatchKeyChanged, text));
            }
            (Some(row), _) => row.filter,
            (None, Some(filter)) => {
                let row = MatchEpochRow {
                    side: MatchSide::Asker,
                    scope: self.scope.clone(),
                    day,
                    statement: signed,
                    receipt: Some(receipt),
                    filter: filter.clone(),
                };
                let matching = MatchChange { epochs: vec![row], ..MatchChange::default() };
                match world.store().record(Record { matching, ..Record::default() }).await {
                    // Two questions at once: the one that was told first counts, and the next open compares.
                    Ok(_) | Err(StoreError::Conflict(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                filter
            }
            (None, None) => {
                let reason = "they are not the filter of the statement".to_owned();
                return Err(ExchangeError::from(FrameError::Content { part: "bodies", reason }).into());
            }
        };
        let filter = Filter::from_bytes(&filter).map_err(ExchangeError::proof)?;
        Ok(Ok(Answering { day, key, filter }))
    }

    /// Sends one step, and reads what is answered. The same message may be sent again: it is answered alike.
    async fn send(
        &self,
        step: MatchStep,
        bodies: &[u8],
        done: &mut Asked,
    ) -> Result<MatchAnswered, ExchangeError> {
        let header = MatchHeader { step, ..self.question.clone() };
        let signed = header.sign(&self.world.signatory().key);
        let frame = signed.frame(&self.attachments, bodies);
        let mut tries = 0;
        let bytes = loop {
            tries += 1;
            done.traffic.sent += frame.len() as u64;
            match self.world.peers().ask_match(self.peer, frame.clone()).await {
                Err(PeerError::Unreachable(_)) if tries < TRIES => {}
                answered => break answered?,
            }
        };
        done.traffic.received += bytes.len() as u64;
        if bytes.len() > ANSWER_BYTES_MAX {
            let (part, length, most) = ("answer", bytes.len(), ANSWER_BYTES_MAX);
            return Err(FrameError::TooLong { part, length, most }.into());
        }
        MatchAnswered::read(&bytes, (&header, signed.digest()), &self.keys)
    }
}

/// What an answer ends a question with that is no evaluation.
fn ended(answer: MatchAnswered) -> End {
    let header = answer.header;
    match header.result {
        MatchResult::OverBudget => End::OverBudget { again_at: header.again_at.map(|at| at.0) },
        MatchResult::LawVersion => End::LawVersion,
        MatchResult::Refused => End::RefusedThere {
            reasons: header.reasons.into_iter().map(|reason| reason.0).collect(),
            escalate_to: header.escalate_to.into_iter().map(|office| office.0).collect(),
            citations: header.citations,
        },
        result => {
            let why = format!("it answers `{}` to a step that has no such answer", result.as_str());
            End::Broken { why, misbehaved: None }
        }
    }
}
