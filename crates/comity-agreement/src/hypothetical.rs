//! A question that nobody acts on: what was decisive, what is missing and who may give it, what would change
//! the answer. What `law explain` prints (C04, C19, C35).
//!
//! The decision is that of a live question: the same engine, the same bytes of law. The changes are found by
//! deciding again with one fact other than it is; each is minimal, for one fact is the least that can change.
//! Only facts that some matching or nearly matching rule reads are tried, with values that rules name: every
//! word of a closed list, both truths, both sides of a threshold, null where it may be given.

use crate::decide::{Decision, Outcome, decide};
use crate::pack::Rule;
use crate::question::{LawSet, Question, QuestionError, Setting};
use crate::vocabulary::{FactTerm, FactType, Vocabulary};
use comity_terms::{Asserter, Citation, Effect, FactKey, ReasonCode, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A decision, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What the laws said.
    pub decision: Decision,
    /// The rules on which it turned: the forbids that matched, or, where there are none, the permits.
    pub decisive: Vec<Citation>,
    /// The facts without which no rule is asked.
    pub missing: Vec<Missing>,
    /// What would change the answer, the better answers first.
    pub changes: Vec<Change>,
}

/// A fact that must be stated and was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its key.
    pub fact: FactKey,
    /// What it says.
    pub summary: String,
    /// Who may say it.
    pub givers: BTreeSet<Asserter>,
}

/// One fact that, other than it is, changes the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The fact.
    pub fact: FactKey,
    /// What is stated now; `None`: nothing.
    pub from: Option<Value>,
    /// What would have to be stated.
    pub to: Value,
    /// What the laws would say then.
    pub outcome: Outcome,
    /// The reasons that would be left.
    pub reasons: BTreeSet<ReasonCode>,
    /// Who may say it.
    pub givers: BTreeSet<Asserter>,
}

/// How many changes are told at most: what fits a page.
pub const CHANGES_MAX: usize = 24;

/// Explains a question.
///
/// # Errors
/// [`QuestionError`] when it cannot be asked; callers correct it.
pub fn explain(laws: &LawSet, question: &Question, setting: &Setting) -> Result<Explained, QuestionError> {
    let decision = decide(laws, question, setting)?;
    let vocabulary = &laws.vocabulary;
    let forbids = decision.citations.iter().filter(|citation| citation.effect == Effect::Forbid);
    let mut decisive: Vec<Citation> = forbids.cloned().collect();
    if decisive.is_empty() {
        let permits = decision.citations.iter().filter(|citation| citation.effect == Effect::Permit);
        decisive.extend(permits.cloned());
    }
    let missing = decision
        .reasons()
        .into_iter()
        .filter_map(|reason| vocabulary.fact(reason.as_str().strip_prefix("fact_missing:")?))
        .map(|term| Missing {
            fact: term.key.clone(),
            summary: term.summary.clone(),
            givers: term.asserted_by.clone(),
        })
        .collect();
    let mut changes = Vec::new();
    for (key, values) in candidates(laws, question) {
        let Some(term) = vocabulary.fact(key.as_str()) else { continue };
        let from = question.facts.value(key.as_str());
        let mut best: Vec<Change> = Vec::new();
        for to in values.into_iter().filter(|to| Some(to) != from) {
            let mut other = question.clone();
            let Some(giver) = term.asserted_by.first() else { continue };
            other.facts.state(key.clone(), to.clone(), *giver);
            // A value that contradicts another name of the fact is no hypothesis.
            let Ok(answer) = decide(laws, &other, setting) else { continue };
            let fewer = answer.reasons().len() < decision.reasons().len();
            let better = answer.outcome < decision.outcome
                || (answer.outcome == decision.outcome && decision.outcome != Outcome::Permitted && fewer);
            if better || answer.outcome > decision.outcome {
                best.push(Change {
                    fact: key.clone(),
                    from: from.cloned(),
                    to,
                    outcome: answer.outcome,
                    reasons: answer.reasons().into_iter().cloned().collect(),
                    givers: term.asserted_by.clone(),
                });
            }
        }
        // Of the values of one fact that come to the same, the first stands for all.
        let mut told: BTreeSet<(Outcome, BTreeSet<ReasonCode>)> = BTreeSet::new();
        best.retain(|change| told.insert((change.outcome, change.reasons.clone())));
        changes.extend(best);
    }
    changes.sort_by_key(|change| (change.outcome, change.reasons.len(), change.fact.clone()));
    changes.truncate(CHANGES_MAX);
    Ok(Explained { decision, decisive, missing, changes })
}

/// The facts that could change the answer, each with the values to try.
fn candidates(laws: &LawSet, question: &Question) -> BTreeMap<FactKey, BTreeSet<Value>> {
    let vocabulary = &laws.vocabulary;
    let mut out: BTreeMap<FactKey, BTreeSet<Value>> = BTreeMap::new();
    let packs = std::iter::once(&laws.agreement).chain(laws.national.values());
    let rules = packs.flat_map(|law| law.compiled()).flat_map(|compiled| compiled.pack.rules());
    for rule in rules.filter(|rule| rule.actions.contains(&question.action)) {
        for attribute in &rule.attributes {
            let Some(term) = vocabulary.facts.get(attribute) else { continue };
            let stated: Vec<&FactTerm> = match &term.derived {
                None => vec![term],
                Some(derivation) => derivation
                    .operands()
                    .into_iter()
                    .filter_map(|key| vocabulary.fact(key.as_str()))
                    .collect(),
            };
            for term in stated.into_iter().filter(|term| term.alias_of.is_none()) {
                out.entry(term.key.clone()).or_default().extend(values(term, rule, question, vocabulary));
            }
        }
    }
    out
}

/// The values of a fact that a rule could answer differently to.
fn values(term: &FactTerm, rule: &Rule, question: &Question, vocabulary: &Vocabulary) -> Vec<Value> {
    let mut out: Vec<Value> = match &term.kind {
        FactType::Bool => vec![Value::Bool(true), Value::Bool(false)],
        FactType::Enum(list) => {
            vocabulary.list(list).into_iter().flatten().map(|word| Value::from(word.as_str())).collect()
        }
        FactType::Long => rule
            .sieve
            .numbers(term.slot)
            .into_iter()
            .flat_map(|n| [n - 1, n, n + 1])
            .map(Value::Long)
            .collect(),
        FactType::Set(_) | FactType::Parties => vec![Value::List(Vec::new())],
        FactType::Party => [&question.sending, &question.receiving].map(|code| code.as_str().into()).to_vec(),
        FactType::Datetime | FactType::Text | FactType::Texts | FactType::Record => Vec::new(),
    };
    out.extend(term.nullable.then_some(Value::Null));
    out
}
