//! What an opening holds of a decision: the question whole, as far as it is of the closed vocabulary, and the answer.
//!
//! ```text
//! asked     action, parties, agreement, laws by digest, at, knowledge_time, case state, common facts
//! rulings   for each class: its facts, the approvals that counted; outcome, reasons, offices, rules, what is owed with its dates
//! ```
//! A text that is no word of the vocabulary is told by its length ([`Vocabulary::closed`]). What is owed is therefore
//! worked out from the closed facts ([`owed`]): deciding again comes to the same, and no text stands in a log.

use crate::wire::Text;
use comity_agreement::question::value_json;
use comity_agreement::try_case::obligation_json;
use comity_agreement::{Decision, LawSet, Memo, Question, QuestionError, Setting, Vocabulary};
use comity_terms::{
    Action, Asserter, DataClass, Digest, FactKey, Facts, LawName, Obligation, Office, Owner, PackSlug, Party,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Facts by key, each with who asserted it.
pub type RecordedFacts = BTreeMap<Text<FactKey>, RecordedFact>;

/// One fact of the closed vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFact {
    /// Who says so.
    pub by: Text<Asserter>,
    /// What is so.
    pub value: Json,
}

/// Everything that the laws were asked with, but the facts of each class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedQuestion {
    /// The act.
    pub action: Text<Action>,
    /// Where the data is.
    pub sender: Text<Party>,
    /// Who gets it.
    pub receiver: Text<Party>,
    /// The agreement.
    pub agreement: Text<PackSlug>,
    /// The digest of every law asked.
    pub laws: BTreeMap<Text<LawName>, Text<Digest>>,
    /// The instant of the act, UTC.
    pub at: Text<Timestamp>,
    /// The instant of the judging, UTC.
    pub knowledge_time: Text<Timestamp>,
    /// Whether the agreement was taken to be in force for a trial.
    pub assumed_in_force: bool,
    /// Whether both parties had signed the agreement's digest.
    pub binding: bool,
    /// The digest of what procedures bore on the question.
    pub case_state: Text<Digest>,
    /// The facts that hold for every class.
    pub facts: RecordedFacts,
}

/// What the laws said of one class of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRuling {
    /// How many objects.
    pub objects: u64,
    /// The facts of the class alone.
    pub facts: RecordedFacts,
    /// The offices whose approvals counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Text<Office>>,
    /// `permit`, `deny` or `escalate`.
    pub outcome: String,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// The offices that must approve.
    pub escalate_to: Vec<Text<Office>>,
    /// Every rule that matched: `pack/rule`.
    pub rules: Vec<String>,
    /// What is owed: as it is printed, with its owner, law and rule.
    pub obligations: Vec<Json>,
    /// What was stripped before the question was asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stripped: Vec<String>,
}

impl RecordedRuling {
    /// Of a class that is asked about, its answer not read.
    pub(super) fn asked_about(facts: RecordedFacts, approvals: Vec<Text<Office>>) -> Self {
        Self {
            objects: 0,
            facts,
            approvals,
            outcome: String::new(),
            reasons: Vec::new(),
            escalate_to: Vec::new(),
            rules: Vec::new(),
            obligations: Vec::new(),
            stripped: Vec::new(),
        }
    }

    /// What an opening holds of `decision` about `objects` objects with these facts. `owed` is what [`owed`] gave.
    #[must_use]
    pub fn of(
        decision: &Decision,
        owed: &[Obligation],
        objects: u64,
        (facts, approvals): (&Facts, &BTreeSet<Office>),
        stripped: &BTreeSet<DataClass>,
        vocabulary: &Vocabulary,
    ) -> Self {
        Self {
            objects,
            facts: recorded_facts(facts, vocabulary),
            approvals: approvals.iter().cloned().map(Text).collect(),
            outcome: decision.outcome.as_str().to_owned(),
            reasons: reasons(decision),
            escalate_to: decision.escalate_to.iter().cloned().map(Text).collect(),
            rules: rules(decision),
            obligations: owed.iter().map(recorded_obligation).collect(),
            stripped: stripped.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The facts that an opening may hold.
#[must_use]
pub fn recorded_facts(facts: &Facts, vocabulary: &Vocabulary) -> RecordedFacts {
    let facts = vocabulary.closed(facts);
    let recorded = facts.iter().map(|(key, fact)| {
        (Text(key.clone()), RecordedFact { by: Text(fact.asserter), value: value_json(&fact.value) })
    });
    recorded.collect()
}

/// The facts that an opening holds; an error names one that this vocabulary cannot read.
///
/// # Errors
/// A sentence about the fact, without its value.
pub fn read_facts(recorded: &RecordedFacts, vocabulary: &Vocabulary) -> Result<Facts, String> {
    let mut facts = Facts::new();
    for (Text(key), fact) in recorded {
        let term = vocabulary.fact(key.as_str()).ok_or_else(|| format!("no fact `{key}` is known"))?;
        let value = term.from_json(vocabulary, &fact.value).map_err(|error| error.to_string())?;
        facts.state(key.clone(), value, fact.by.0);
    }
    Ok(facts)
}

/// The reasons of a decision, each once, in the order of their codes.
#[must_use]
pub fn reasons(decision: &Decision) -> Vec<String> {
    decision.reasons().into_iter().map(ToString::to_string).collect()
}

/// Every rule that matched, in the order of the laws.
#[must_use]
pub fn rules(decision: &Decision) -> Vec<String> {
    decision.citations.iter().map(|citation| format!("{}/{}", citation.pack, citation.rule)).collect()
}

/// One duty as an opening keeps it.
#[must_use]
pub fn recorded_obligation(obligation: &Obligation) -> Json {
    let mut json = obligation_json(obligation);
    let (law, pack, _, rule) = &obligation.source;
    json["owner"] = owner(&obligation.owner).into();
    json["law"] = law.to_string().into();
    json["rule"] = format!("{pack}/{rule}").into();
    json
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Sender => "sender".to_owned(),
        Owner::Receiver => "receiver".to_owned(),
        Owner::Party(code) => code.to_string(),
    }
}

/// What is owed by a decision, as its opening may hold it: worked out from the facts without their texts.
///
/// # Errors
/// As [`Memo::decide`].
pub fn owed(
    decision: &Decision,
    laws: &LawSet,
    question: &Question,
    setting: &Setting,
    memo: &mut Memo,
) -> Result<Vec<Obligation>, QuestionError> {
    let facts = laws.vocabulary.closed(&question.facts);
    if facts == question.facts {
        return Ok(decision.obligations.clone());
    }
    let closed = Question { facts, ..question.clone() };
    Ok(memo.decide(laws, &closed, setting, &no_cases())?.obligations)
}

/// The state of no case: no procedure bears on an exchange yet.
#[must_use]
pub fn no_cases() -> Digest {
    Digest::of(b"")
}
