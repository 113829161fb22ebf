//! Facts before they count: required, stated by somebody who may, of their type; then derived.
//!
//! Absence never opens a door: in a live question a required fact that is not there refuses, all of them
//! named, before any rule is asked. A fact stated by somebody who may not state it refuses too.

use crate::finding::did_you_mean;
use crate::pack::{InForce, State};
use crate::question::{Mode, Question, QuestionError};
use crate::vocabulary::{Bearing, Derivation, End, FactTerm, Place, Raise, Slot, Vocabulary};
use comity_terms::{Asserter, FactKey, Facts, JurisdictionCode, PackSlug, ReasonCode, Timestamp, Value};
use std::collections::BTreeMap;

/// A value for every fact that is stated, by the place of the fact.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values<'q>(Vec<Option<&'q Value>>);

impl<'q> Values<'q> {
    /// The value at a place, null included.
    pub(crate) fn get(&self, slot: Slot) -> Option<&'q Value> {
        self.0.get(slot).copied().flatten()
    }

    /// The value at a place, where there is one and it is not null.
    pub(crate) fn stated(&self, slot: Slot) -> Option<&'q Value> {
        self.get(slot).filter(|value| **value != Value::Null)
    }

    /// Every value, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &'q Value)> + '_ {
        self.0.iter().enumerate().filter_map(|(slot, value)| Some((slot, (*value)?)))
    }

    fn state(&mut self, slot: Slot, value: &'q Value) -> Option<&'q Value> {
        self.0.get_mut(slot).and_then(|held| held.replace(value))
    }
}

/// What derivations and obligations are worked out from.
#[derive(Debug)]
pub(crate) struct Given<'q> {
    pub(crate) sending: &'q JurisdictionCode,
    pub(crate) receiving: &'q JurisdictionCode,
    pub(crate) at: Timestamp,
    pub(crate) knowledge_time: Timestamp,
    pub(crate) values: Values<'q>,
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
    /// What was stated, and what was worked out of it.
    pub(crate) given: Given<'q>,
    /// Which facts bear on the act.
    pub(crate) bearing: &'q Bearing,
    /// Why rules are not asked: the reason, and the pack that required the fact where one did.
    pub(crate) refusals: Vec<(ReasonCode, Option<PackSlug>)>,
}

/// Checks the facts of a question that asks `packs`.
pub(crate) fn check<'q>(
    vocabulary: &'q Vocabulary,
    bearing: &'q Bearing,
    question: &'q Question,
    mode: Mode,
    packs: &[&PackSlug],
    instrument: &'q Instrument,
) -> Result<Checked<'q>, QuestionError> {
    let mut values = Values(vec![None; vocabulary.facts.len()]);
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
        for name in &term.names {
            if values.state(*name, &fact.value).is_some_and(|before| *before != fact.value) {
                return Err(QuestionError::Contradiction(key.clone(), vocabulary.keys[*name].clone()));
            }
        }
    }
    if mode == Mode::Live {
        let absent = bearing.required.iter().filter(|slot| values.get(**slot).is_none());
        for term in absent.filter_map(|slot| vocabulary.facts.get(&vocabulary.keys[*slot])) {
            let requirement = term.required.iter().find(|requirement| {
                requirement.covers(&question.action)
                    && requirement.is_called_for(|key| values.get(vocabulary.facts.get(key)?.slot))
                    && requirement.pack.as_ref().is_none_or(|pack| packs.contains(&pack))
            });
            if let Some(requirement) = requirement {
                refusals.push((reason("fact_missing", &term.key), requirement.pack.clone()));
            }
        }
    }
    if let Some(declared) = &instrument.declared {
        for (slot, derivation) in &bearing.derived {
            match derivation {
                Derivation::Declared(End::Sending) => values.state(*slot, &declared.sending),
                Derivation::Declared(End::Receiving) => values.state(*slot, &declared.receiving),
                _ => None,
            };
        }
    }
    let mut given = Given {
        sending: &question.sending,
        receiving: &question.receiving,
        at: question.at,
        knowledge_time: question.knowledge_time,
        values,
        instrument,
        places: &vocabulary.places,
    };
    const TRUTHS: [&Value; 2] = [&Value::Bool(false), &Value::Bool(true)];
    for (slot, derivation) in &bearing.derived {
        // No derivation reads what another worked out, so the order does not matter.
        let truth = derivation.work_out(&given).map_err(|error| QuestionError::Derivation {
            key: vocabulary.keys[*slot].clone(),
            text: error.to_string(),
        })?;
        if let Some(truth) = truth {
            given.values.state(*slot, TRUTHS[usize::from(truth)]);
        }
    }
    Ok(Checked { given, bearing, refusals })
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
