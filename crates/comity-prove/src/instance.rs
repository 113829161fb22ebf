//! From what the solver says rules would see to a question that shows them that.
//!
//! Facts that rules see are stated as they are seen. Those behind derived facts (instants, records, texts) are made
//! up, plainly, so that the derived facts come out as the model has them. Where that cannot be done the combination
//! is named, so that the solver is asked again without it.

use crate::case::Case;
use crate::consistency::Standing;
use crate::environment::Environment;
use crate::expression::{all, and, entity, has, not, same, value};
use crate::instants::{self, Said, Wanted};
use crate::solver::{Model, Sight};
use comity_agreement::Vocabulary;
use comity_agreement::pack::State;
use comity_agreement::vocabulary::{Derivation, End, FactTerm, FactType, Who};
use comity_terms::{FactKey, JurisdictionCode, Timestamp};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// No question shows rules this: the condition under which one would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible(pub Json);

/// When an act of a made-up question is done: a Wednesday at noon, in no holiday that a state shares with another.
pub const AT: &str = "2026-09-16T12:00:00Z";

/// A question of which rules see what the model says.
///
/// # Errors
/// [`Impossible`] when there is none, or none was found.
pub fn question(
    vocabulary: &Vocabulary,
    environment: &Environment,
    model: &Model,
    standing: Standing,
) -> Result<Case, Impossible> {
    let impossible = || Impossible(combination(vocabulary, environment, model));
    let parse = |code: &str| code.parse::<JurisdictionCode>().map_err(|_| impossible());
    let at: Timestamp = AT.parse().map_err(|_| impossible())?;
    let mut case = Case {
        action: environment.action.clone(),
        sending: parse(&model.sending)?,
        receiving: parse(&model.receiving)?,
        at,
        setup: Map::new(),
        facts: BTreeMap::new(),
        approvals: model.approvals.iter().filter_map(|office| office.parse().ok()).collect(),
    };
    for (key, sight) in &model.seen {
        let Some(term) = vocabulary.fact(key).filter(|term| term.derived.is_none()) else { continue };
        let named = term.alias_of.as_ref().unwrap_or(&term.key);
        case.facts.insert(named.to_string(), stated(vocabulary, term, sight));
    }
    let derived: Vec<(&Derivation, Option<&Sight>)> = environment
        .attributes
        .iter()
        .filter_map(|key| Some((vocabulary.fact(key)?.derived.as_ref()?, model.seen.get(key))))
        .collect();
    instrument(&derived, standing, &mut case);
    hidden(vocabulary, &derived, &mut case).ok_or_else(impossible)?;
    let timed: Vec<Wanted<'_>> = derived
        .iter()
        .filter(|(derivation, _)| instants::is_timed(derivation, vocabulary))
        .map(|(derivation, sight)| Wanted {
            derivation,
            comes_to: sight.map(|sight| *sight == Sight::Truth(true)),
        })
        .collect();
    let setting = instants::Setting { vocabulary, at, sending: &case.sending, receiving: &case.receiving };
    let found = instants::find(&timed, &setting).ok_or_else(impossible)?;
    for (key, said) in found {
        let value = match said {
            Said::At(at) => at.to_string().into(),
            Said::Null => Json::Null,
        };
        case.facts.insert(key.to_string(), value);
    }
    Ok(case)
}

/// A fact that rules see, as it is stated.
fn stated(vocabulary: &Vocabulary, term: &FactTerm, sight: &Sight) -> Json {
    match sight {
        Sight::Truth(truth) => (*truth).into(),
        Sight::Number(number) => (*number).into(),
        Sight::Words(words) => json!(words),
        Sight::Word(word) => {
            let own = match &term.kind {
                FactType::Enum(list) => vocabulary.list(list).is_some_and(|words| words.contains(word)),
                _ => true,
            };
            // The member that stands for null, where the list has no such word of its own.
            if own { word.as_str().into() } else { Json::Null }
        }
    }
}

/// The state of the instrument, and what was declared under it.
fn instrument(derived: &[(&Derivation, Option<&Sight>)], standing: Standing, case: &mut Case) {
    let is = |wanted: &Derivation| {
        derived.iter().any(|(derivation, sight)| *derivation == wanted && *sight == Some(&Sight::Truth(true)))
    };
    let asked = |wanted: &Derivation| derived.iter().any(|(derivation, _)| *derivation == wanted);
    let in_force = Derivation::AgreementIs(State::InForce);
    if is(&Derivation::CoveredRetroactively) {
        // Known to have been in force only after the act: judged a month later.
        case.setup
            .insert("sunset_history".into(), json!([{ "from": "2026-01-01", "known_from": "2026-10-01" }]));
        case.setup.insert("knowledge_time".into(), "2026-10-16T12:00:00Z".into());
    } else if let Some(state) =
        [State::Lapsed, State::Expired].into_iter().find(|s| is(&Derivation::AgreementIs(*s)))
    {
        case.setup.insert("status".into(), state.as_str().into());
    } else if !standing.in_force && asked(&in_force) && !is(&in_force) {
        case.setup.insert("status".into(), "suspended".into());
    }
    let mut declared = Map::new();
    for (derivation, sight) in derived {
        if let (Derivation::Declared(side), Some(Sight::Words(names))) = (derivation, sight) {
            let party = if *side == End::Sending { &case.sending } else { &case.receiving };
            declared.insert(party.to_string(), json!(names));
        }
    }
    declared.retain(|_, names| *names != json!([]));
    if !declared.is_empty() {
        case.setup.insert("declarations".into(), declared.into());
    }
}

/// Facts that no rule sees, made up for what is derived from them.
fn hidden(vocabulary: &Vocabulary, derived: &[(&Derivation, Option<&Sight>)], case: &mut Case) -> Option<()> {
    let truth = |sight: Option<&Sight>| sight.map(|sight| *sight == Sight::Truth(true));
    for (derivation, sight) in derived {
        let wanted = truth(*sight);
        match derivation {
            Derivation::IsPresent(key) | Derivation::IsNull(key)
                if !instants::is_timed(derivation, vocabulary) && !case.facts.contains_key(key.as_str()) =>
            {
                let term = vocabulary.fact(key.as_str())?;
                let there = matches!(
                    (derivation, wanted),
                    (Derivation::IsPresent(_), Some(true)) | (Derivation::IsNull(_), Some(false))
                );
                if there {
                    case.facts.insert(key.to_string(), plain(vocabulary, term)?);
                } else if wanted == Some(true) {
                    case.facts.insert(key.to_string(), Json::Null);
                }
            }
            Derivation::IsEmpty(key) if !case.facts.contains_key(key.as_str()) => {
                if let Some(empty) = wanted {
                    let term = vocabulary.fact(key.as_str())?;
                    let value = if empty { json!([]) } else { plain(vocabulary, term)? };
                    case.facts.insert(key.to_string(), value);
                }
            }
            Derivation::SameParty(Who::Fact(key), other) | Derivation::SameParty(other, Who::Fact(key))
                if !case.facts.contains_key(key.as_str()) =>
            {
                if let Some(is_same) = wanted {
                    let party = party(other, case)?;
                    let other = vocabulary.places().keys().find(|code| code.as_str() != party)?.to_string();
                    case.facts.insert(key.to_string(), if is_same { party } else { other }.into());
                }
            }
            Derivation::ContainsParty(key, other) if !case.facts.contains_key(key.as_str()) => {
                if let Some(holds) = wanted {
                    let value = if holds { json!([party(other, case)?]) } else { json!([]) };
                    case.facts.insert(key.to_string(), value);
                }
            }
            Derivation::FieldIs(key, field, word) => {
                if let Some(is) = wanted {
                    let fields = record(case, key)?;
                    if is {
                        fields.insert(field.clone(), comity_agreement::question::value_json(word));
                    }
                }
            }
            Derivation::FieldContainsParty(key, field, other) => {
                if let Some(holds) = wanted {
                    let party = party(other, case)?;
                    let fields = record(case, key)?;
                    if holds {
                        fields.insert(field.clone(), json!([party]));
                    }
                }
            }
            Derivation::FieldIsAfter(key, field, ..) => {
                if let Some(after) = wanted {
                    let day = if after { "2026-12-31" } else { "2026-01-31" };
                    record(case, key)?.insert(field.clone(), day.into());
                }
            }
            _ => {}
        }
    }
    Some(())
}

/// The record under `key`, begun if it is not there.
fn record<'c>(case: &'c mut Case, key: &FactKey) -> Option<&'c mut Map<String, Json>> {
    case.facts.entry(key.to_string()).or_insert_with(|| json!({})).as_object_mut()
}

fn party(who: &Who, case: &Case) -> Option<String> {
    match who {
        Who::Sending => Some(case.sending.to_string()),
        Who::Receiving => Some(case.receiving.to_string()),
        Who::Fact(key) => case.facts.get(key.as_str())?.as_str().map(str::to_owned),
    }
}

/// Something that may be stated under a fact, where any will do.
fn plain(vocabulary: &Vocabulary, term: &FactTerm) -> Option<Json> {
    let first = |list: &str| vocabulary.list(list)?.first().cloned();
    Some(match &term.kind {
        FactType::Bool => true.into(),
        FactType::Long => 1.into(),
        FactType::Text => "stated".into(),
        FactType::Texts => json!(["stated"]),
        FactType::Datetime => AT.into(),
        FactType::Enum(list) => first(list)?.into(),
        FactType::Set(list) => json!([first(list)?]),
        FactType::Party => vocabulary.places().keys().next()?.as_str().into(),
        FactType::Parties => json!([vocabulary.places().keys().next()?.as_str()]),
        FactType::Record => json!({}),
    })
}

/// What the model says of derived facts and of what they are worked out from, as one condition.
fn combination(vocabulary: &Vocabulary, environment: &Environment, model: &Model) -> Json {
    let parts = environment.attributes.iter().filter_map(|key| {
        let term = vocabulary.fact(key)?;
        term.derived.as_ref()?;
        Some(match (model.seen.get(key), &term.kind) {
            (None, _) => not(has(key)),
            (Some(Sight::Truth(true)), _) => and(has(key), value(key)),
            (Some(Sight::Truth(false)), _) => and(has(key), not(value(key))),
            (Some(Sight::Words(words)), FactType::Set(_)) => {
                let items: Vec<Json> = words.iter().map(|word| entity("Declaration", word)).collect();
                and(has(key), same(value(key), json!({ "Set": items })))
            }
            _ => has(key),
        })
    });
    all(parts)
}

/// The model itself, as one condition.
#[must_use]
pub fn exactly(environment: &Environment, model: &Model) -> Json {
    let parties = [("principal", &model.receiving), ("resource", &model.sending)]
        .map(|(name, party)| same(crate::expression::end(name), entity("Party", party)));
    let facts =
        environment.attributes.iter().filter(|key| key.as_str() != "approvals").map(|key| {
            match model.seen.get(key) {
                None => not(has(key)),
                Some(Sight::Truth(true)) => and(has(key), value(key)),
                Some(Sight::Truth(false)) => and(has(key), not(value(key))),
                Some(Sight::Number(number)) => and(has(key), same(value(key), json!({ "Value": number }))),
                Some(Sight::Word(_) | Sight::Words(_)) => has(key),
            }
        });
    all(parties.into_iter().chain(facts))
}
