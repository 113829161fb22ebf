//! Declarations that would lower what was found in the data: named, and nothing is asked until they are gone.
//!
//! A declaration holds for the whole bundle. It may raise what was found in some objects and lie below what was found in
//! others: it stands where it raises, and what was found stands elsewhere. One that raises nothing and differs from what
//! was found can only be meant to lower it, and an officer who is not told believes that it did.
//! Source: DESIGN, section 4, answer 3: a declaration may raise, never lower.

use crate::ExchangeError;
use crate::question::Request;
use comity_agreement::Vocabulary;
use comity_agreement::facts::raise;
use comity_agreement::question::value_json;
use comity_minimise::FactClass;
use comity_terms::{Fact, FactKey, Facts, Value};
use std::collections::{BTreeMap, BTreeSet};

/// That the request declares nothing that would only lower what was found in `classes`.
///
/// # Errors
/// [`ExchangeError::Question`], naming each such fact with what was declared and found; nothing was asked.
pub(super) fn refuse(
    request: &Request,
    classes: &[FactClass],
    vocabulary: &Vocabulary,
) -> Result<(), ExchangeError> {
    let declared = &request.facts;
    let mut lowers: BTreeMap<&str, (&Value, &Value)> = BTreeMap::new();
    let mut raises: BTreeSet<&str> = BTreeSet::new();
    for class in classes {
        for (key, found) in class.facts.iter() {
            let Some(said) = declared.get(key.as_str()).filter(|said| said.value != found.value) else {
                continue;
            };
            if stands(vocabulary, key, found, said) {
                lowers.entry(key.as_str()).or_insert((&said.value, &found.value));
            } else {
                raises.insert(key.as_str());
            }
        }
    }
    lowers.retain(|key, _| !raises.contains(*key));
    if lowers.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = lowers
        .iter()
        .map(|(key, (said, found))| {
            let (said, found) = (value_json(said), value_json(found));
            format!("fact_lowered:{key}: {said} was declared, {found} was found")
        })
        .collect();
    Err(ExchangeError::Question(format!(
        "{}; a declaration may raise what is found in the data, never lower it",
        named.join("; ")
    )))
}

/// Whether what was found stands against what was declared.
fn stands(vocabulary: &Vocabulary, key: &FactKey, found: &Fact, said: &Fact) -> bool {
    let one = |fact: &Fact| {
        let mut facts = Facts::new();
        facts.state(key.clone(), fact.value.clone(), fact.asserter);
        facts
    };
    let raised = raise(vocabulary, one(found), one(said));
    raised.get(key.as_str()).is_some_and(|fact| fact.value == found.value)
}
