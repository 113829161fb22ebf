//! Facts before they count: required, stated by somebody who may, of their type; then derived.
//!
//! Absence never opens a door: in a live question a required fact that is not there refuses, all of them
//! named, before any rule is asked. A fact stated by somebody who may not state it refuses too.

use crate::finding::did_you_mean;
use crate::pack::{InForce, State};
use crate::question::{Mode, Question, QuestionError};
use crate::vocabulary::{Derivation, End, FactTerm, Place, Raise, Vocabulary};
use comity_terms::{Asserter, FactKey, Facts, JurisdictionCode, PackSlug, ReasonCode, Timestamp, Value};
use std::collections::BTreeMap;

/// What derivations and obligations are worked out from.
#[derive(Debug)]
pub(crate) struct Given<'q> {
    pub(crate) sending: &'q JurisdictionCode,
    pub(crate) receiving: &'q JurisdictionCode,
    pub(crate) at: Timestamp,
    pub(crate) knowledge_time: Timestamp,
    pub(crate) values: BTreeMap<&'q FactKey, &'q Value>,
    pub(crate) instrument: &'q Instrument,
    pub(crate) places: &'q BTreeMap<JurisdictionCode, Place>,
}

/// What the agreement asked says of itself before any rule is asked.
#[derive(Debug)]
pub(crate) struct Instrument {
    /// The names of what the parties declared or reserved; absent where the agreement knows none.
    pub(crate) declared: Option<Declared>,
    /// Its state for each party that it must bind, as known at the time of judging.
    pub(crate) states: Vec<InForce>,
    /// It was not known to bind when the act was done, and is known by now to have bound.
    pub(crate) covered_retroactively: bool,
}

/// The declarations of both ends, each a list of names.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) sending: Value,
    pub(crate) receiving: Value,
}

impl Instrument {
    /// Whether it is in `state` for a party that it must bind; in force: for every one.
    pub(crate) fn is(&self, state: State) -> bool {
        match state {
            State::InForce => self.states.iter().all(|found| *found == InForce::Yes),
            state => self.states.contains(&InForce::No(state)),
        }
    }
}

/// Facts that may be put to rules, with the booleans worked out from them.
#[derive(Debug)]
pub(crate) struct Checked<'q> {
    pub(crate) given: Given<'q>,
    pub(crate) derived: BTreeMap<&'q FactKey, bool>,
    /// Why rules are not asked: the reason, and the pack that required the fact where one did.
    pub(crate) refusals: Vec<(ReasonCode, Option<PackSlug>)>,
}

/// Checks the facts of a question that asks `packs`.
pub(crate) fn check<'q>(
    vocabulary: &'q Vocabulary,
    question: &'q Question,
    mode: Mode,
    packs: &[&PackSlug],
    instrument: &'q Instrument,
) -> Result<Checked<'q>, QuestionError> {
    let mut values: BTreeMap<&FactKey, &Value> = BTreeMap::new();
    let mut refusals = Vec::new();
    for (key, fact) in question.facts.iter() {
        let term = vocabulary.facts.get(key).ok_or_else(|| unknown(vocabulary, key))?;
        if term.derived.is_some() {
            return Err(QuestionError::DerivedFact(key.clone()));
        }
        term.check(vocabulary, &fact.value)?;
        if mode == Mode::Live && !canonical(vocabulary, term).asserted_by.contains(&fact.asserter) {
            refusals.push((reason("fact_not_assertable", key), None));
            continue;
        }
        for name in names(vocabulary, term) {
            if values.insert(name, &fact.value).is_some_and(|before| *before != fact.value) {
                return Err(QuestionError::Contradiction(key.clone(), name.clone()));
            }
        }
    }
    if mode == Mode::Live {
        let required = vocabulary.required.get(&question.action).into_iter().flatten();
        for term in
            required.filter(|key| !values.contains_key(key)).filter_map(|key| vocabulary.facts.get(key))
        {
            let requirement = term.required.iter().find(|requirement| {
                requirement.covers(&question.action)
                    && requirement.pack.as_ref().is_none_or(|pack| packs.contains(&pack))
            });
            if let Some(requirement) = requirement {
                refusals.push((reason("fact_missing", &term.key), requirement.pack.clone()));
            }
        }
    }
    if let Some(declared) = &instrument.declared {
        for (key, derivation) in derived(vocabulary) {
            match derivation {
                Derivation::Declared(End::Sending) => values.insert(key, &declared.sending),
                Derivation::Declared(End::Receiving) => values.insert(key, &declared.receiving),
                _ => None,
            };
        }
    }
    let given = Given {
        sending: &question.sending,
        receiving: &question.receiving,
        at: question.at,
        knowledge_time: question.knowledge_time,
        values,
        instrument,
        places: &vocabulary.places,
    };
    let derived = derived(vocabulary)
        .filter_map(|(key, derivation)| Some((key, derivation.work_out(&given)?)))
        .collect();
    Ok(Checked { given, derived, refusals })
}

/// The facts that are worked out, and how.
fn derived(vocabulary: &Vocabulary) -> impl Iterator<Item = (&FactKey, &Derivation)> {
    vocabulary.derived.iter().map(|(key, derivation)| (key, derivation))
}

/// `base:key`. The key's own form makes it a reason's.
fn reason(base: &str, key: &FactKey) -> ReasonCode {
    let code = format!("{base}:{key}");
    // Unwrap safety: a fact key is a word, so the code has a reason's form; the bound on length holds for
    // every key up to 70 characters, and a longer one falls back to the base.
    code.parse().or_else(|_| base.parse()).unwrap_or_else(|_| unreachable!("`{base}` is a word"))
}

fn unknown(vocabulary: &Vocabulary, key: &FactKey) -> QuestionError {
    let hint = did_you_mean(key.as_str(), vocabulary.facts.keys().map(|known| known.as_str()));
    QuestionError::UnknownFact { key: key.clone(), hint }
}

/// The fact that a name stands for.
fn canonical<'v>(vocabulary: &'v Vocabulary, term: &'v FactTerm) -> &'v FactTerm {
    term.alias_of.as_ref().and_then(|key| vocabulary.facts.get(key)).unwrap_or(term)
}

/// Every name of a fact: under each of them it is stated.
fn names<'v>(vocabulary: &'v Vocabulary, term: &'v FactTerm) -> Vec<&'v FactKey> {
    let canonical = &canonical(vocabulary, term).key;
    let others = vocabulary.aliases.get(canonical).into_iter().flatten();
    std::iter::once(canonical).chain(others).collect()
}

/// The facts of a class of objects: what was found in them, raised by what an officer or partner declared.
///
/// A declaration may raise what was detected along the fact's scale and never lower it; where the fact has no
/// scale, what was detected stands. Nothing is lost: a declaration about something that was not detected is
/// kept under its own asserter, and counts if that asserter may say it.
#[must_use]
pub fn raise(vocabulary: &Vocabulary, detected: Facts, declared: Facts) -> Facts {
    let mut out = detected;
    for (key, declaration) in declared {
        let stands = out.get(key.as_str()).is_some_and(|found| {
            found.asserter == Asserter::Detected
                && !higher(vocabulary, &key, &declaration.value, &found.value)
        });
        if !stands {
            out.state(key, declaration.value, declaration.asserter);
        }
    }
    out
}

fn higher(vocabulary: &Vocabulary, key: &FactKey, declared: &Value, found: &Value) -> bool {
    let Some(Raise(scale)) = vocabulary.facts.get(key).and_then(|term| term.raise.as_ref()) else {
        return false;
    };
    let step = |value: &Value| scale.iter().position(|step| step == value);
    // What was detected and is on no scale stands: it cannot be told whether the declaration lowers it.
    matches!((step(declared), step(found)), (Some(declared), Some(found)) if declared > found)
}
