//! What this party's law says of a request: of itself, whatever is held, and of each class of records that was found.
//!
//! The request itself is asked of the law of this party alone. Of records the agreement that they are held under is asked
//! too; one that grants nothing about such requests, and objects to nothing, leaves them to the law of the place.

use super::Desk;
use super::claim::Kind;
use crate::ExchangeError;
use crate::audit::recorded::{RecordedRuling, no_cases, owed};
use crate::shell::Lent;
use comity_agreement::facts::raise;
use comity_agreement::{Decision, LawSet, Outcome, Question, Setting};
use comity_terms::{Action, Digest, Facts, LawName, Obligation, Office, PackSlug, Party, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is asked of law, whatever the records are.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What the person asks.
    pub kind: Kind,
    /// When it was filed: the instant of the act, UTC.
    pub at: Timestamp,
    /// The laws as they stood then.
    pub digests: BTreeMap<PackSlug, Digest>,
    /// What is known of who asks, and what an officer states.
    pub facts: Facts,
}

/// What the law said, with what it was asked.
#[derive(Debug, Clone)]
pub struct Said {
    /// The pack that was asked as the agreement.
    pub asked: PackSlug,
    /// The laws.
    pub laws: Arc<LawSet>,
    /// The facts of the class.
    pub detected: Facts,
    /// The answer.
    pub decision: Decision,
    /// What is owed, as an opening may hold it.
    pub owed: Vec<Obligation>,
}

impl Said {
    /// Whether it may be done, and nothing asks that the answer let nothing be read from it.
    #[must_use]
    pub fn grants(&self) -> bool {
        let neutral = |obligation: &Obligation| obligation.kind.as_str() == NEUTRAL_REPLY;
        self.decision.outcome == Outcome::Permitted && !self.owed.iter().any(neutral)
    }

    /// What an opening holds of it, about `objects` records.
    #[must_use]
    pub fn recorded(&self, objects: u64) -> RecordedRuling {
        self.recorded_with(objects, &BTreeSet::new())
    }

    /// What an opening holds of it, about `objects` records, with the offices that had approved.
    #[must_use]
    pub fn recorded_with(&self, objects: u64, approvals: &BTreeSet<Office>) -> RecordedRuling {
        let of = (&self.detected, approvals);
        RecordedRuling::of(&self.decision, &self.owed, objects, of, &BTreeSet::new(), &self.laws.vocabulary)
    }

    /// The first thing of this type that is owed.
    #[must_use]
    pub fn owes(&self, kind: &str) -> Option<&Obligation> {
        self.owed.iter().find(|obligation| obligation.kind.as_str() == kind)
    }
}

/// The duty to answer so that nothing can be read from it.
const NEUTRAL_REPLY: &str = "neutral_reply";

/// What the law of this party says of the request itself, asked as of `at`.
///
/// # Errors
/// [`ExchangeError::Law`] when that law is not here; [`ExchangeError::Question`].
pub fn of_request<W: Desk>(world: &W, asking: &Asking, at: Timestamp) -> Result<Said, ExchangeError> {
    let home = world.signatory().home();
    let lent = world
        .laws_then(&home, &asking.digests)
        .ok_or_else(|| ExchangeError::Law(format!("what a person may ask: `{home}` is not adopted here")))?;
    said(world, asking, (&home, &lent), Facts::new(), at)
}

/// What the laws say of records of one class, held under `agreement`; `None` when a law is not here: nothing is granted.
///
/// # Errors
/// [`ExchangeError::Question`].
pub fn of_records<W: Desk>(
    world: &W,
    asking: &Asking,
    agreement: &PackSlug,
    detected: Facts,
) -> Result<Option<Said>, ExchangeError> {
    let home = world.signatory().home();
    let Some(lent) = world.laws_then(agreement, &asking.digests) else { return Ok(None) };
    let under = said(world, asking, (agreement, &lent), detected.clone(), asking.at)?;
    if !is_silent(&under.decision) {
        return Ok(Some(under));
    }
    let Some(lent) = world.laws_then(&home, &asking.digests) else { return Ok(None) };
    said(world, asking, (&home, &lent), detected, asking.at).map(Some)
}

/// What the laws say of passing a request on from one party to another, one of which is this one: those between the two,
/// under the agreement that data went under, unless it has no rule about it; then the law of this party. `None` when that is
/// not here.
///
/// # Errors
/// [`ExchangeError::Question`].
pub fn of_referral<W: Desk>(
    world: &W,
    asking: &Asking,
    agreement: &PackSlug,
    (sending, receiving): (&Party, &Party),
    at: Timestamp,
) -> Result<Option<Said>, ExchangeError> {
    let own = &world.signatory().party;
    let partner = if sending == own { receiving } else { sending };
    // Unwrap safety: a test parses it.
    let action: Action = REFER.parse().unwrap_or_else(|_| unreachable!("an action's name is a word"));
    let put = (action, asking.facts.clone(), BTreeSet::new());
    if let Some(lent) = world.laws(agreement, partner) {
        let ends = (sending, receiving);
        let under = said_between(world, ends, put.clone(), (agreement, &lent), Facts::new(), at)?;
        if !is_silent(&under.decision) {
            return Ok(Some(under));
        }
    }
    let home = world.signatory().home();
    let Some(lent) = world.laws_then(&home, &asking.digests) else { return Ok(None) };
    said_of(world, put, (&home, &lent), Facts::new(), at).map(Some)
}

/// The act that passing a request on is, in the vocabulary's words.
pub(super) const REFER: &str = "refer_request";

/// Whether all that stands against it is that the agreement has no rule about it.
pub(crate) fn is_silent(decision: &Decision) -> bool {
    let silent = decision.grounds.iter().all(|ground| {
        ground.law == LawName::Agreement && ground.rule.is_none() && ground.reason.as_str() == NO_RULE
    });
    decision.outcome == Outcome::Refused && !decision.grounds.is_empty() && silent
}

/// The engine's reason where no rule permits.
const NO_RULE: &str = "no_governing_rule";

fn said<W: Desk>(
    world: &W,
    asking: &Asking,
    asked: (&PackSlug, &Lent),
    detected: Facts,
    at: Timestamp,
) -> Result<Said, ExchangeError> {
    said_of(world, (asking.kind.action(), asking.facts.clone(), BTreeSet::new()), asked, detected, at)
}

/// What laws say of an act of this party alone, as of `at`, with the facts of a class and what else is known.
///
/// # Errors
/// [`ExchangeError::Question`].
pub(crate) fn said_of<W: Desk>(
    world: &W,
    put: (Action, Facts, BTreeSet<Office>),
    asked: (&PackSlug, &Lent),
    detected: Facts,
    at: Timestamp,
) -> Result<Said, ExchangeError> {
    let party = &world.signatory().party;
    said_between(world, (party, party), put, asked, detected, at)
}

/// The same of an act of one party towards another.
fn said_between<W: Desk>(
    world: &W,
    (sending, receiving): (&Party, &Party),
    (action, known, approvals): (Action, Facts, BTreeSet<Office>),
    (asked, lent): (&PackSlug, &Lent),
    detected: Facts,
    at: Timestamp,
) -> Result<Said, ExchangeError> {
    let laws = &lent.laws;
    let question = Question {
        action,
        sending: sending.clone(),
        receiving: receiving.clone(),
        at,
        knowledge_time: at,
        facts: raise(&laws.vocabulary, detected.clone(), known),
        approvals,
    };
    let setting = Setting::live(lent.binding);
    let wrong = |error: comity_agreement::QuestionError| ExchangeError::Question(error.to_string());
    let (decision, owed) = world.with_memo(|memo| {
        let decision = memo.decide(laws, &question, &setting, &no_cases()).map_err(wrong)?;
        let owed = owed(&decision, laws, &question, &setting, memo).map_err(wrong)?;
        Ok::<_, ExchangeError>((decision, owed))
    })?;
    Ok(Said { asked: asked.clone(), laws: Arc::clone(laws), detected, decision, owed })
}
