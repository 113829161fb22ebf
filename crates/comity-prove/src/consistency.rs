//! What is always so of the facts that rules see, as conditions: a question that breaks one cannot be asked.
//!
//! Rules see derived facts beside those they are worked out from, and two names of one fact. To the solver each is
//! an attribute like any other; these conditions tell it what the engine guarantees. Whatever they leave out is found
//! when a question is put together (`instance`), which then names the combination that cannot be.

use crate::expression::{all, and, any, contains, end, has, holds, implies, is_empty, not, same, value};
use comity_agreement::Vocabulary;
use comity_agreement::pack::State;
use comity_agreement::vocabulary::{Derivation, FactTerm, FactType, Moment, Who};
use comity_terms::{Action, FactKey};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What is taken for granted of the instrument that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// It knows declarations, so rules see those of both ends.
    pub declares: bool,
    /// It is in force. Out of force the engine refuses, whatever rules say.
    pub in_force: bool,
    /// It may also have lapsed or ended: its pack names an office that can let the act go on, or acts that outlive it.
    pub may_lapse: bool,
}

/// The conditions that hold of every question about `action`, over the attributes in `named`.
#[must_use]
pub fn always(
    vocabulary: &Vocabulary,
    action: &Action,
    named: &BTreeSet<String>,
    standing: Standing,
) -> Vec<Json> {
    let derived: Vec<(&str, &Derivation)> = named
        .iter()
        .filter_map(|key| Some((key.as_str(), vocabulary.fact(key)?.derived.as_ref()?)))
        .collect();
    let sees = |key: &FactKey| {
        vocabulary.fact(key.as_str()).filter(|term| term.covers(action) && term.kind.reaches_rules())
    };
    let mut out = Vec::new();
    for (key, derivation) in &derived {
        out.extend(alone(key, derivation, &sees));
        for (other, second) in &derived {
            if key < other {
                out.extend(together((key, derivation), (other, second)));
            }
        }
    }
    out.extend(instrument(&derived, standing));
    out.extend(aliases(vocabulary, named));
    out
}

/// The instrument's own state, for rules that ask for it.
fn instrument(derived: &[(&str, &Derivation)], standing: Standing) -> Vec<Json> {
    let mut out = Vec::new();
    let of = |wanted: State| {
        derived.iter().find(|(_, d)| **d == Derivation::AgreementIs(wanted)).map(|(key, _)| *key)
    };
    for (key, derivation) in derived {
        match derivation {
            Derivation::Declared(_) if standing.declares => out.push(has(key)),
            Derivation::Declared(_) => out.push(not(has(key))),
            Derivation::AgreementIs(state) => {
                out.push(has(key));
                if standing.in_force && !standing.may_lapse {
                    out.push(same(holds(key), crate::expression::truth(*state == State::InForce)));
                }
            }
            Derivation::CoveredRetroactively => {
                out.push(has(key));
                out.extend(of(State::InForce).map(|in_force| implies(holds(key), holds(in_force))));
            }
            _ => {}
        }
    }
    // An instrument is in one state for the two parties of a worked case.
    let states =
        [State::InForce, State::Lapsed, State::Expired].into_iter().filter_map(of).collect::<Vec<_>>();
    for (place, state) in states.iter().enumerate() {
        out.extend(states[place + 1..].iter().map(|other| not(and(holds(state), holds(other)))));
    }
    out
}

/// What one derived fact has to do with what it is worked out from.
fn alone<'v>(
    key: &str,
    derivation: &Derivation,
    sees: &dyn Fn(&FactKey) -> Option<&'v FactTerm>,
) -> Vec<Json> {
    let mut out = Vec::new();
    // Where the fact is there and not null, as rules can tell; nothing where they do not see it.
    let stated = |key: &FactKey| {
        sees(key).map(|term| match term.kind {
            FactType::Enum(_) if term.nullable => {
                and(has(key.as_str()), not(same(value(key.as_str()), none_of(term))))
            }
            _ => has(key.as_str()),
        })
    };
    match derivation {
        Derivation::IsPresent(a) => {
            out.push(has(key));
            out.extend(stated(a).map(|stated| same(holds(key), stated)));
        }
        Derivation::IsNull(a) => match sees(a) {
            Some(term) if matches!(term.kind, FactType::Enum(_)) => {
                out.push(same(has(key), has(a.as_str())));
                out.push(same(holds(key), and(has(a.as_str()), same(value(a.as_str()), none_of(term)))));
            }
            Some(_) => out.push(same(has(a.as_str()), and(has(key), not(holds(key))))),
            None => {}
        },
        Derivation::IsEmpty(a) if sees(a).is_some() => {
            out.push(same(has(key), has(a.as_str())));
            out.push(implies(has(key), and(has(a.as_str()), same(holds(key), is_empty(value(a.as_str()))))));
        }
        Derivation::ContainsParty(a, b) if sees(a).is_some() => {
            if let Some((there, party)) = who(b, sees) {
                let both = and(has(a.as_str()), there);
                out.push(same(has(key), both.clone()));
                out.push(implies(
                    both.clone(),
                    all([both, same(holds(key), contains(value(a.as_str()), party))]),
                ));
            }
        }
        Derivation::SameParty(a, b) => {
            if let (Some((there, a)), Some((here, b))) = (who(a, sees), who(b, sees)) {
                let both = and(there, here);
                out.push(same(has(key), both.clone()));
                out.push(implies(both.clone(), and(both, same(holds(key), same(a, b)))));
            }
        }
        _ => {}
    }
    out
}

/// A party as rules see it: when it is there, and who it is.
fn who<'v>(who: &Who, sees: &dyn Fn(&FactKey) -> Option<&'v FactTerm>) -> Option<(Json, Json)> {
    match who {
        Who::Sending => Some((crate::expression::truth(true), end("resource"))),
        Who::Receiving => Some((crate::expression::truth(true), end("principal"))),
        Who::Fact(key) => sees(key).map(|_| (has(key.as_str()), value(key.as_str()))),
    }
}

/// The member of a list that stands for null.
fn none_of(term: &FactTerm) -> Json {
    let FactType::Enum(list) = &term.kind else { return crate::expression::truth(false) };
    let camel: String = list
        .split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect();
    crate::expression::entity(&camel, "none")
}

/// What two derived facts have to do with each other.
fn together((key, one): (&str, &Derivation), (other, two): (&str, &Derivation)) -> Vec<Json> {
    use Derivation as D;
    let equal = || vec![same(has(key), has(other)), same(holds(key), holds(other))];
    if one == two {
        return equal();
    }
    match (one, two) {
        (D::IsPresent(a), D::IsNull(b)) if a == b => {
            vec![same(holds(key), and(has(other), not(holds(other))))]
        }
        (D::IsNull(a), D::IsPresent(b)) if a == b => vec![same(holds(other), and(has(key), not(holds(key))))],
        (D::FieldIs(a, field, _), D::FieldIs(b, second, _)) if a == b => {
            // One record; two words of one field are never both its value.
            let mut out = vec![same(has(key), has(other))];
            if field == second {
                out.push(not(and(holds(key), holds(other))));
            }
            out
        }
        (D::FieldIsAfter(a, ..), D::FieldIs(b, ..)) if a == b => vec![implies(has(key), has(other))],
        (D::FieldIs(a, ..), D::FieldIsAfter(b, ..)) if a == b => vec![implies(has(other), has(key))],
        (D::FieldContainsParty(a, ..), D::FieldIs(b, ..))
        | (D::FieldIs(a, ..), D::FieldContainsParty(b, ..))
            if a == b =>
        {
            vec![same(has(key), has(other))]
        }
        (D::Within(a, b, short, count), D::Within(c, d, long, counted))
            if (a, b, count) == (c, d, counted) && short.unit() == long.unit() =>
        {
            let (narrow, wide) = if short.number() <= long.number() { (key, other) } else { (other, key) };
            vec![same(has(key), has(other)), implies(holds(narrow), holds(wide))]
        }
        (D::IsPresent(a), timed) if moments(timed).contains(&a) => vec![implies(has(other), holds(key))],
        (timed, D::IsPresent(a)) if moments(timed).contains(&a) => vec![implies(has(key), holds(other))],
        (D::Compare(..) | D::Within(..), D::Compare(..) | D::Within(..)) if moments(one) == moments(two) => {
            vec![same(has(key), has(other))]
        }
        _ => Vec::new(),
    }
}

/// The datetime facts that a comparison of instants is worked out from.
fn moments(derivation: &Derivation) -> BTreeSet<&FactKey> {
    fn fact(moment: &Moment) -> Option<&FactKey> {
        if let Moment::Fact(key) = moment { Some(key) } else { None }
    }
    match derivation {
        Derivation::Compare(_, a, b) | Derivation::Within(a, b, ..) => {
            fact(a).into_iter().chain(fact(b)).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The names of one fact say the same.
fn aliases(vocabulary: &Vocabulary, named: &BTreeSet<String>) -> Vec<Json> {
    let own = |key: &str| {
        let term = vocabulary.fact(key)?;
        Some(term.alias_of.as_ref().unwrap_or(&term.key).as_str().to_owned())
    };
    let mut out = Vec::new();
    for one in named {
        for other in named.iter().filter(|other| *other > one) {
            if own(one).is_some() && own(one) == own(other) {
                out.push(same(has(one), has(other)));
                out.push(any([not(has(one)), not(has(other)), same(value(one), value(other))]));
            }
        }
    }
    out
}
