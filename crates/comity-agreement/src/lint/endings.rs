//! Whether an agreement ends the keeping of all the data that it lets go (C11).
//!
//! Asks every scope of the agreement that a live question can state, with nothing else known: a rule that waits for a further
//! fact (a date that the sender set, a person found vulnerable) may never match, and ends nothing for certain. Leaves to
//! the reading of the manifest what the agreement covers, with whom, and under whose supervision.

use crate::compile::Law;
use crate::finding::Finding;
use crate::pack::{Kind, Pack, Rule, RuleEffect, Seen};
use crate::vocabulary::{Dimension, Vocabulary};
use comity_terms::{Action, DataCategory, Value};

/// Why an agreement does not activate, which is why nobody can adopt it: a category of its data that its permits let go, and that no deletion rule, its own or
/// of what it includes, ends for whoever receives it; data about people and other data apart.
#[must_use]
pub fn completeness(law: &Law, vocabulary: &Vocabulary) -> Vec<Finding> {
    let pack = law.pack();
    if pack.kind != Kind::Agreement {
        return Vec::new();
    }
    let ending = ending(law, vocabulary);
    let given = vocabulary.actions().iter().filter(|(_, term)| term.hands_over()).map(|(action, _)| action);
    let given: Vec<&Action> = given.collect();
    let gap = |category: &DataCategory| {
        let each = given.iter().flat_map(|action| [(*action, true), (*action, false)]);
        each.into_iter().find(|(action, personal)| {
            let asked = |rule: &&Rule| rule.actions.contains(*action);
            let permits = pack.rules().iter().filter(|rule| rule.effect == RuleEffect::Permit);
            let permits: Vec<_> = permits.filter(asked).collect();
            let ending: Vec<_> = ending.iter().copied().filter(asked).collect();
            scopes(pack, category, *personal).iter().any(|scope| {
                let seen = seen(scope, vocabulary);
                permits.iter().any(|rule| rule.sieve.holds(&seen) != Some(false))
                    && !ending.iter().any(|rule| rule.sieve.holds(&seen) == Some(true))
            })
        })
    };
    let file = format!("{}/pack.toml", pack.dir);
    let open = pack.data_categories.iter().filter_map(|category| Some((category, gap(category)?)));
    open.map(|(category, (action, personal))| {
        let about = if personal { "about a person" } else { "not about a person" };
        let text = format!(
            "no rule says when `{category}` is deleted that was given by `{action}` and is {about}: the agreement does not activate"
        );
        Finding::error(&file, 0, text)
    })
    .collect()
}

/// The rules of a law that set an end which no fact is needed for.
fn ending<'l>(law: &'l Law, vocabulary: &Vocabulary) -> Vec<&'l Rule> {
    let erases = |kind| {
        vocabulary.obligations().get(kind).is_some_and(|term| term.safeguard == Some(Dimension::EraseBy))
    };
    let packs = law.compiled().map(|compiled| &compiled.pack);
    let owing = packs.flat_map(|pack| pack.rules().iter().map(move |rule| (pack, rule)));
    owing
        .filter(|(_, rule)| rule.effect == RuleEffect::Obligation)
        .filter(|(pack, rule)| {
            let mut owed = pack.templates(&rule.id).iter();
            owed.any(|template| erases(&template.kind) && template.end_from_act().is_some())
        })
        .map(|(_, rule)| rule)
        .collect()
}

/// What a question within the agreement states for certain, by the names of the facts.
type Scope = [(&'static str, Value); 4];

fn scopes(pack: &Pack, category: &DataCategory, personal: bool) -> Vec<Scope> {
    let every = pack
        .activities
        .iter()
        .flat_map(|activity| pack.purposes.iter().map(move |purpose| (activity, purpose)));
    every
        .map(|(activity, purpose)| {
            [
                ("data_category", category.as_str().into()),
                ("personal_data", Value::Bool(personal)),
                ("activity", activity.as_str().into()),
                ("purpose", purpose.as_str().into()),
            ]
        })
        .collect()
}

fn seen<'s>(scope: &'s Scope, vocabulary: &Vocabulary) -> Seen<'s> {
    let mut slots = vec![None; vocabulary.keys.len() + 1];
    for (key, value) in scope {
        if let Some(slot) = vocabulary.slot(key) {
            slots[slot] = Some(value);
        }
    }
    // Between which parties is left open: a rule for one of them alone is for the cases.
    Seen { slots, principal: "", resource: "" }
}
