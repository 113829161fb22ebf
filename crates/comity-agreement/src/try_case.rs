//! A worked case in, its answer out: what `comity law try` prints.
//!
//! ```text
//! {"id":…,"instrument":…,"sending":…,"receiving":…,"action":…,"at":…,"setup":{…},"facts":{…}}
//!   -> {"id":…,"mode":"closed-world","outcome":"permit|deny|escalate","reasons":[…],…}  or  {"id":…,"error":…}
//! ```
//! Closed-world: an absent fact is not relevant, and the agreement is taken as signed. A word that a fact's list does not
//! have is read as the list says of such words (`unknown`), and the answer names the fact in `read_as_other`. `expected` is never
//! read. Keys of `setup` that are heeded: `assume_in_force`, `national`, `knowledge_time`, `status`,
//! `sunset_history`, `sunset_inclusive`, `declarations` (none are made but those listed); `ratifications_on_file` and
//! `time_rule` describe the case to people. Any other key is an error of the case, for it was meant to be heeded.

use crate::compile::{Law, Library};
use crate::decide::{Decision, decide};
use crate::question::{LawSet, Mode, Question, Setting, value_json};
use crate::vocabulary::{FactTerm, FactType, Vocabulary};
use comity_terms::{
    Action, Asserter, Citation, FactKey, Facts, JurisdictionCode, Obligation, PackSlug, Timestamp,
};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The answer to the case in `line`, as the contract prints it.
#[must_use]
pub fn try_line(library: &mut Library<'_>, line: &str) -> Json {
    match serde_json::from_str(line) {
        Ok(case) => try_case(library, &case),
        // A case is one line: which of its file only the reader of the file knows.
        Err(error) => {
            let said = error.to_string().replace(" at line 1 column ", " at column ");
            json!({ "id": null, "error": format!("not JSON: {said}") })
        }
    }
}

/// The answer to a case, or `{"id", "error"}` for one that cannot be asked.
#[must_use]
pub fn try_case(library: &mut Library<'_>, case: &Json) -> Json {
    match answer(library, case) {
        Ok(decision) => {
            let mut out = decision_json(&decision);
            out.insert("id".into(), case["id"].clone());
            let other = read_as_other(library, case);
            if !other.is_empty() {
                out.insert("read_as_other".into(), other.into());
            }
            Json::Object(out)
        }
        Err(error) => json!({ "id": case["id"], "error": error }),
    }
}

/// What is wrong with an answer, as its case expects it: another outcome, a reason or duty that is not there, or one
/// under `absent` that is: a reason, a type of duty, or a duty with these of its keys.
///
/// Reasons and duties beyond those expected are no fault: a case tells what it is about.
#[must_use]
pub fn amiss(case: &Json, answer: &Json) -> Option<String> {
    if let Some(error) = answer.get("error") {
        return Some(error.to_string());
    }
    let expected = &case["expected"];
    let items = |json: &Json, key: &str| json[key].as_array().cloned().unwrap_or_default();
    if expected["outcome"] != answer["outcome"] {
        let (is, wanted) = (&answer["outcome"], &expected["outcome"]);
        return Some(format!("{is} for {wanted}, reasons {}", answer["reasons"]));
    }
    let (reasons, owed) = (items(answer, "reasons"), items(answer, "obligations"));
    if let Some(reason) = items(expected, "reasons").into_iter().find(|reason| !reasons.contains(reason)) {
        return Some(format!("{reason} is not among {}", answer["reasons"]));
    }
    let met = |wanted: &Json| {
        let keys: Vec<_> = wanted.as_object().into_iter().flatten().collect();
        owed.iter().any(|duty| keys.iter().all(|(key, value)| duty[key.as_str()] == **value))
    };
    if let Some(wanted) = items(expected, "obligations").into_iter().find(|wanted| !met(wanted)) {
        return Some(format!("{wanted} is not among {}", answer["obligations"]));
    }
    let there = |what: &Json| {
        if what.is_object() {
            return met(what);
        }
        reasons.contains(what) || owed.iter().any(|duty| duty["type"] == *what)
    };
    let found = items(expected, "absent").into_iter().find(there);
    found.map(|what| format!("{what} is there, and should not be"))
}

/// Asks a case.
///
/// # Errors
/// A sentence that names the key and what was expected.
pub fn answer(library: &mut Library<'_>, case: &Json) -> Result<Decision, String> {
    let (laws, question, setting) = read_case(library, case)?;
    decide(&laws, &question, &setting).map_err(|error| error.to_string())
}

/// What a case asks, of which laws, and how.
///
/// # Errors
/// A sentence that names the key and what was expected.
pub fn read_case(library: &mut Library<'_>, case: &Json) -> Result<(LawSet, Question, Setting), String> {
    let instrument: PackSlug = named(case, "instrument")?;
    let vocabulary = library.vocabulary().clone();
    if library.dir(&instrument).is_none() {
        let known = library.slugs();
        let near = crate::finding::did_you_mean(instrument.as_str(), known.iter().map(PackSlug::as_str));
        return Err(format!("`instrument`: there is no pack `{instrument}`{near}"));
    }
    let agreement = library.law(&instrument).map_err(|error| error.to_string())?;
    let setup = case.get("setup").filter(|setup| !setup.is_null());
    let setup = match setup {
        None => &Map::new(),
        Some(Json::Object(setup)) => setup,
        Some(_) => return Err("`setup`: expected an object".into()),
    };
    if let Some(key) = setup.keys().find(|key| !SETUP.contains(&key.as_str())) {
        return Err(format!("`setup`: no key `{key}` is known{}", crate::finding::did_you_mean(key, SETUP)));
    }
    let flag = |key: &str| match setup.get(key) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Bool(truth)) => Ok(*truth),
        Some(_) => Err(format!("`setup.{key}`: expected true or false")),
    };
    let (sending, receiving): (JurisdictionCode, JurisdictionCode) =
        (named(case, "sending")?, named(case, "receiving")?);
    let at = case.get("at").ok_or("`at` is missing")?;
    let at = instant(at).ok_or("`at`: expected an instant such as 2026-11-02T09:20:00Z")?;
    let knowledge_time = match setup.get("knowledge_time") {
        None | Some(Json::Null) => at,
        Some(time) => {
            instant(time).ok_or("`setup.knowledge_time`: expected an instant such as 2026-11-02T09:20:00Z")?
        }
    };
    let mut facts = Facts::new();
    let given = match case.get("facts") {
        None => &Map::new(),
        Some(Json::Object(given)) => given,
        Some(_) => return Err("`facts`: expected an object".into()),
    };
    for (key, value) in given {
        let key: FactKey = key.parse().map_err(|error| format!("`facts`: {error}"))?;
        let term = vocabulary.fact(key.as_str()).ok_or_else(|| {
            let known = vocabulary.facts().keys().map(|known| known.as_str());
            format!("no fact `{key}`{}", crate::finding::did_you_mean(key.as_str(), known))
        })?;
        let other = term.words_as_other(&vocabulary, value);
        let value = other.as_ref().unwrap_or(value);
        let value = term
            .from_json(&vocabulary, value)
            .map_err(|error| format!("{error}{}", not_listed(&vocabulary, term, value)))?;
        facts.state(key, value, Asserter::Officer);
    }
    let national = flag("national")?;
    let mut laws = BTreeMap::new();
    if national {
        for code in [&sending, &receiving] {
            let own = library.own_law(code).map_err(|error| error.to_string())?;
            laws.extend(own.map(|law| (code.clone(), law)));
        }
    }
    let question = Question {
        action: named::<Action>(case, "action")?,
        sending,
        receiving,
        at,
        knowledge_time,
        facts,
        approvals: Default::default(),
    };
    let setting = Setting {
        mode: Mode::ClosedWorld,
        assume_in_force: flag("assume_in_force")?,
        binding: true,
        national,
    };
    let agreement = set_up(agreement, setup)?;
    Ok((LawSet { agreement, national: laws, vocabulary }, question, setting))
}

/// The keys that the `setup` of a case may have.
const SETUP: [&str; 9] = [
    "assume_in_force",
    "declarations",
    "knowledge_time",
    "national",
    "ratifications_on_file",
    "status",
    "sunset_history",
    "sunset_inclusive",
    "time_rule",
];

/// Which word of a case is none of its fact's list, for an error that lists those that are.
fn not_listed(vocabulary: &Vocabulary, term: &FactTerm, value: &Json) -> String {
    let FactType::Enum(list) = &term.kind else { return String::new() };
    let words = vocabulary.list(list).unwrap_or_default();
    let Some(word) = value.as_str().filter(|word| words.iter().all(|known| known != word)) else {
        return String::new();
    };
    let short: String = word.chars().take(64).collect();
    format!("; `{short}` is none{}", crate::finding::did_you_mean(word, words.iter().map(String::as_str)))
}

fn instant(json: &Json) -> Option<Timestamp> {
    comity_terms::instant(json.as_str()?)
}

/// The facts of a case that hold words which our lists do not have: each was read as its list's `unknown`.
fn read_as_other(library: &Library<'_>, case: &Json) -> Vec<String> {
    let vocabulary = library.vocabulary();
    let facts = case.get("facts").and_then(Json::as_object).into_iter().flatten();
    let strange = facts.filter(|(key, value)| {
        vocabulary.fact(key).is_some_and(|term| term.words_as_other(vocabulary, value).is_some())
    });
    strange.map(|(key, _)| key.clone()).collect()
}

fn named<T: std::str::FromStr<Err: std::fmt::Display>>(case: &Json, key: &str) -> Result<T, String> {
    let text = case.get(key).ok_or_else(|| format!("`{key}` is missing"))?;
    let text = text.as_str().ok_or_else(|| format!("`{key}`: expected text"))?;
    text.parse().map_err(|error| format!("`{key}`: {error}"))
}

/// The law as the `setup` of a case has it: its status, and the declarations made under it.
///
/// # Errors
/// A sentence that names the key and what was expected.
pub fn set_up(law: Arc<Law>, setup: &Map<String, Json>) -> Result<Arc<Law>, String> {
    with_declarations(with_status(law, setup)?, setup)
}

/// The law with the status that a case sets: `status`, a word, or `sunset_history`, its periods in force.
fn with_status(law: Arc<Law>, setup: &Map<String, Json>) -> Result<Arc<Law>, String> {
    use crate::pack::{State, Status};
    let date = |row: &Json, key: &str| match row.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(date) => date
            .as_str()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(|| format!("`setup.sunset_history`: `{key}` is not a date")),
    };
    let inclusive = match setup.get("sunset_inclusive") {
        None | Some(Json::Null) => true,
        Some(Json::Bool(truth)) => *truth,
        Some(_) => return Err("`setup.sunset_inclusive`: expected true or false".into()),
    };
    let last = |day: Option<jiff::civil::Date>| match day {
        Some(day) if !inclusive => day.yesterday().ok(),
        day => day,
    };
    let everyone = |state, from, until, known_from| Status { parties: None, state, from, until, known_from };
    let rows = if let Some(history) = setup.get("sunset_history").and_then(Json::as_array) {
        history
            .iter()
            .map(|row| {
                let from = date(row, "from")?.ok_or("`setup.sunset_history`: `from` is missing")?;
                Ok(everyone(State::InForce, from, last(date(row, "to")?), date(row, "known_from")?))
            })
            .collect::<Result<Vec<_>, String>>()?
    } else if let Some(word) = setup.get("status").and_then(Json::as_str) {
        let state = State::WORDS.iter().find(|(known, _)| *known == word).map(|(_, state)| *state);
        let state = match (state, word) {
            (Some(state), _) => state,
            (None, "not_in_force") => State::Adopted,
            (None, _) => return Err(format!("`setup.status`: `{word}` is no state of an instrument")),
        };
        vec![everyone(state, jiff::civil::Date::MIN, None, None)]
    } else {
        return Ok(law);
    };
    Ok(Arc::new(law.with_status(rows)))
}

/// The law with the declarations that a case lists, and no others.
fn with_declarations(law: Arc<Law>, setup: &Map<String, Json>) -> Result<Arc<Law>, String> {
    let known: Vec<&str> =
        law.pack().declarations.iter().map(|declaration| declaration.name.as_str()).collect();
    let mut made: BTreeMap<JurisdictionCode, BTreeSet<String>> = BTreeMap::new();
    let listed = match setup.get("declarations") {
        None | Some(Json::Null) => &Map::new(),
        Some(Json::Object(listed)) => listed,
        Some(_) => return Err("`setup.declarations`: expected an object of parties".into()),
    };
    for (party, names) in listed {
        let party = party.parse().map_err(|error| format!("`setup.declarations`: {error}"))?;
        let names = names.as_array().ok_or("`setup.declarations`: expected a list of names by party")?;
        for name in names {
            let name = name.as_str().ok_or("`setup.declarations`: expected names")?;
            if !known.contains(&name) {
                let hint = crate::finding::did_you_mean(name, known.iter().copied());
                let slug = &law.pack().slug;
                return Err(format!("`setup.declarations`: `{slug}` has no declaration `{name}`{hint}"));
            }
            made.entry(JurisdictionCode::clone(&party)).or_default().insert(name.to_owned());
        }
    }
    Ok(if known.is_empty() { law } else { Arc::new(law.with_declarations(&made)) })
}

/// A decision as the contract prints it, without `id`.
#[must_use]
pub fn decision_json(decision: &Decision) -> Map<String, Json> {
    let strings = |items: &mut dyn Iterator<Item = String>| items.map(Json::from).collect::<Json>();
    let mut out = Map::new();
    out.insert("mode".into(), decision.mode.as_str().into());
    out.insert("outcome".into(), decision.outcome.as_str().into());
    out.insert("reasons".into(), strings(&mut decision.reasons().into_iter().map(ToString::to_string)));
    out.insert("escalate_to".into(), strings(&mut decision.escalate_to.iter().map(ToString::to_string)));
    out.insert("laws".into(), strings(&mut decision.laws.iter().map(ToString::to_string)));
    out.insert("obligations".into(), decision.obligations.iter().map(obligation_json).collect());
    out.insert("citations".into(), decision.citations.iter().map(citation_json).collect());
    out
}

/// An obligation as the contract prints it: a key that is not set is absent, but for `value`.
#[must_use]
pub fn obligation_json(obligation: &Obligation) -> Json {
    let mut out = Map::new();
    for (key, value) in &obligation.terms {
        out.insert(key.clone(), value_json(value));
    }
    out.insert("type".into(), obligation.kind.as_str().into());
    out.insert("value".into(), obligation.value.as_ref().map_or(Json::Null, value_json));
    if let Some(due) = &obligation.due {
        out.insert("due_operational".into(), due.operational.to_string().into());
        out.insert("due_legal_latest".into(), due.legal_latest.to_string().into());
        out.insert("time_rule".into(), due.time_rule.into());
    }
    Json::Object(out)
}

/// A citation as the contract prints it.
#[must_use]
pub fn citation_json(citation: &Citation) -> Json {
    json!({
        "law": citation.law.to_string(),
        "pack": citation.pack.as_str(),
        "article": citation.article.as_str(),
        "rule": citation.rule.as_str(),
        "effect": citation.effect.to_string(),
        "summary": &*citation.summary,
    })
}
