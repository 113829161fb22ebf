//! What changed of a rule, in sentences that a lawyer reads.

use crate::obligations::Template;
use crate::pack::{Floor, Pack, Rule, RuleEffect};
use std::collections::BTreeSet;
use std::fmt::Display;

/// What is said of a rule that came.
pub(super) fn came(rule: &Rule) -> Vec<String> {
    vec![format!("new, {}: {}", does(rule), rule.summary)]
}

/// What is said of a rule that went.
pub(super) fn went(rule: &Rule) -> Vec<String> {
    vec![format!("gone, {}: {}", did(rule), rule.summary)]
}

/// What is said of a rule that is not as it was.
pub(super) fn changed(was: &Rule, is: &Rule, (old, new): (&Pack, &Pack)) -> Vec<String> {
    let mut out = Vec::new();
    if was.effect != is.effect {
        out.push(format!("{} before, and now {}", did(was), does(is)));
    }
    let before = out.len();
    listed(&mut out, "it also covers", "it no longer covers", &was.actions, &is.actions);
    listed(&mut out, "it also looks at", "it no longer looks at", &was.attributes, &is.attributes);
    for ((key, from), to) in was
        .attributes
        .iter()
        .zip(&was.slots)
        .filter_map(|(key, slot)| Some(((key, *slot), place(is, *slot)?)))
    {
        let figures = |rule: &Rule, slot| rule.sieve.numbers(slot);
        let (was, is) = (figures(was, from), figures(is, to));
        if was != is {
            let numbers = |all: &[i64]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            out.push(format!("`{key}` is held against {}, before against {}", numbers(&is), numbers(&was)));
        }
    }
    let words = |rule: &Rule| rule.lists.iter().flatten().cloned().collect::<BTreeSet<String>>();
    listed(&mut out, "it also names", "it no longer names", &words(was), &words(is));
    if out.len() == before && was.conditions() != is.conditions() {
        out.push("it looks at the same facts, and asks something else of them".to_owned());
    }
    duties(&mut out, old.templates(&was.id), new.templates(&is.id));
    let word = |item: &Option<String>| item.clone().unwrap_or_else(|| "none".to_owned());
    let mut other = |what: &str, was: Option<String>, is: Option<String>| {
        if was != is {
            out.push(format!("{what} is {}, before {}", word(&is), word(&was)));
        }
    };
    let text = |item: Option<&dyn Display>| item.map(ToString::to_string);
    other(
        "the reason that it gives",
        text(was.reason.as_ref().map(|r| r as &dyn Display)),
        text(is.reason.as_ref().map(|r| r as &dyn Display)),
    );
    other(
        "the office that can lift it",
        text(was.escalate_to.as_ref().map(|o| o as &dyn Display)),
        text(is.escalate_to.as_ref().map(|o| o as &dyn Display)),
    );
    let floor = |rule: &Rule| {
        rule.floor.map(|floor| match floor {
            Floor::Protection => "the floor of protection".to_owned(),
            Floor::Cooperation => "the floor of cooperation".to_owned(),
        })
    };
    other("the floor that it belongs to", floor(was), floor(is));
    other(
        "what a gateway can do about it",
        Some(was.enforce.as_str().to_owned()),
        Some(is.enforce.as_str().to_owned()),
    );
    other("the article", Some(was.article.to_string()), Some(is.article.to_string()));
    if was.summary != is.summary {
        out.push(format!("it is worded \"{}\", before \"{}\"", is.summary, was.summary));
    }
    out
}

/// The place of an attribute, where the rule names it.
fn place(rule: &Rule, slot: usize) -> Option<usize> {
    rule.slots.contains(&slot).then_some(slot)
}

fn listed<T: Ord + Display>(
    out: &mut Vec<String>,
    also: &str,
    no_longer: &str,
    was: &BTreeSet<T>,
    is: &BTreeSet<T>,
) {
    let names = |items: Vec<&T>| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ");
    let (come, gone): (Vec<&T>, Vec<&T>) = (is.difference(was).collect(), was.difference(is).collect());
    for (says, items) in [(also, come), (no_longer, gone)] {
        if !items.is_empty() {
            out.push(format!("{says} {}", names(items)));
        }
    }
}

fn duties(out: &mut Vec<String>, was: &[Template], is: &[Template]) {
    let kinds = |all: &[Template]| all.iter().map(|one| one.kind.to_string()).collect::<BTreeSet<String>>();
    let (before, after) = (kinds(was), kinds(is));
    listed(out, "it also lays down", "it no longer lays down", &before, &after);
    for kind in before.intersection(&after) {
        let own = |all: &[Template]| -> Vec<String> {
            // A template has no words of its own to compare: how it prints holds every part of it.
            all.iter().filter(|one| one.kind.as_str() == kind).map(|one| format!("{one:?}")).collect()
        };
        if own(was) != own(is) {
            out.push(format!("`{kind}` is owed otherwise: by when, by whom, or what it says"));
        }
    }
}

fn does(rule: &Rule) -> &'static str {
    match rule.effect {
        RuleEffect::Permit => "it allows",
        RuleEffect::Forbid => "it refuses",
        RuleEffect::Obligation => "it lays down a duty",
    }
}

fn did(rule: &Rule) -> &'static str {
    match rule.effect {
        RuleEffect::Permit => "it allowed",
        RuleEffect::Forbid => "it refused",
        RuleEffect::Obligation => "it laid down a duty",
    }
}
