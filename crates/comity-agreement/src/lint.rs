//! What `law check` says beyond whether law loads.
//!
//! Errors are what the law itself forbids to write: a forbid on generic data-protection grounds against a
//! permit of the cooperation floor, an overlay that loosens ([`check_together`]), packs that displace each other, a
//! worked case that comes out otherwise than it says.
//! Warnings are what a reviewer should see.

mod coverage;
mod displaced;
mod endings;
mod together;

pub(crate) use displaced::inside as displaced_inside;
pub use endings::completeness;
pub use together::check_together;

use crate::compile::{Law, Library};
use crate::finding::{Finding, LoadError};
use crate::pack::{Kind, Rule};
use crate::{rights, try_case};
use comity_terms::PackSlug;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Everything found in a pack: why it does not load, or what is odd about it.
#[must_use]
pub fn check(library: &mut Library<'_>, slug: &PackSlug) -> Vec<Finding> {
    match library.law(slug) {
        Err(LoadError(findings)) => findings,
        Ok(law) => {
            let mut findings = cooperation(&law);
            findings.extend(completeness(&law, library.vocabulary()));
            findings.extend(marks(&law));
            findings.extend(parameters(library, &law));
            findings.extend(scenarios(library, &law));
            findings.extend(displaced::anywhere(library, law.pack()));
            findings.extend(beside_others(library, &law));
            findings.extend(rights::gaps(library, &law).unwrap_or_else(|error| error.0));
            findings.extend(coverage::articles(&law));
            findings.extend(coverage::permits(&law, library.vocabulary()));
            findings.sort();
            findings
        }
    }
}

/// The floor of a law against its own forbids and those of what it includes.
fn cooperation(law: &Law) -> Vec<Finding> {
    together::against_floor(law, law)
}

fn rules(law: &Law) -> impl Iterator<Item = &Rule> {
    law.compiled().flat_map(|compiled| compiled.pack.rules())
}

/// Marks of how well a text was checked that are none.
fn marks(law: &Law) -> Vec<Finding> {
    let pack = law.pack();
    let parameters = pack.parameters.values().map(|parameter| (parameter.line, &parameter.certainty));
    let made = pack.declarations.iter().flat_map(|declaration| &declaration.made);
    let every =
        std::iter::once(&pack.certainty).chain(made.map(|made| &made.certainty)).map(|mark| (0, mark));
    let file = format!("{}/pack.toml", pack.dir);
    every
        .chain(parameters)
        .filter(|(_, mark)| !["S", "K+", "K", "design"].contains(&mark.as_str()))
        .map(|(line, mark)| {
            let text = format!("`{mark}` is no mark of certainty: S seen, K+ sure, K to be checked, design");
            Finding::error(&file, line, text)
        })
        .collect()
}

/// Parameters that nothing uses. A rule cannot use one; templates, and figures the design names, can.
fn parameters(library: &Library<'_>, law: &Law) -> Vec<Finding> {
    let pack = law.pack();
    let Some((_, templates)) = library.file(&pack.slug, "obligations.toml") else { return Vec::new() };
    let file = format!("{}/pack.toml", pack.dir);
    let used = |name: &str| templates.contains(&format!("parameter = \"{name}\""));
    pack.parameters
        .iter()
        .filter(|(name, _)| !used(name))
        .map(|(name, parameter)| {
            Finding::warning(&file, parameter.line, format!("no template uses the parameter `{name}`"))
        })
        .collect()
}

/// Rules that no worked case of the pack names, cases that cannot be asked, and those that come out otherwise than they say.
fn scenarios(library: &mut Library<'_>, law: &Law) -> Vec<Finding> {
    let pack = law.pack();
    let (mut fired, mut named): (BTreeSet<String>, BTreeSet<String>) = (BTreeSet::new(), BTreeSet::new());
    let mut findings = Vec::new();
    let file = format!("{}/scenarios.jsonl", pack.dir);
    if let Some((_, text)) = library.file(&pack.slug, "scenarios.jsonl") {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case = serde_json::from_str(line).unwrap_or(Json::Null);
            let answer = if case.is_null() {
                try_case::try_line(library, line)
            } else {
                try_case::try_case(library, &case)
            };
            if let Some(id) = case["id"].as_str()
                && !named.insert(id.to_owned())
            {
                findings.push(Finding::error(
                    &file,
                    index + 1,
                    format!("two cases are called {}", case["id"]),
                ));
            }
            if let Some(error) = answer.get("error").and_then(|error| error.as_str()) {
                findings.push(Finding::error(&file, index + 1, error));
            } else if case.get("expected").is_some()
                && let Some(why) = try_case::amiss(&case, &answer)
            {
                let text = format!("the case {} comes out otherwise than it says: {why}", case["id"]);
                findings.push(Finding::error(&file, index + 1, text));
            }
            for fact in
                answer["read_as_other"].as_array().into_iter().flatten().filter_map(|fact| fact.as_str())
            {
                let text = format!("`{fact}` holds a word that its list does not have");
                findings.push(Finding::error(&file, index + 1, text));
            }
            fired.extend(answer["citations"].as_array().into_iter().flatten().filter_map(|citation| {
                (citation["pack"] == pack.slug.as_str())
                    .then(|| citation["rule"].as_str().map(str::to_owned))?
            }));
        }
    }
    for rule in pack.rules().iter().filter(|rule| !fired.contains(rule.id.as_str())) {
        let text = format!("rule `{}` ({}) matches in no worked case", rule.id, rule.article);
        findings.push(Finding::warning(&rule.file, rule.line, text));
    }
    findings
}

/// What is wrong with what a pack displaces in a library that has every pack it may speak of: names of no rule, circles.
/// Whoever adopts a pack asks this; a shelf of adopted laws has not the others.
#[must_use]
pub fn check_displaced(library: &mut Library<'_>, law: &Law) -> Vec<Finding> {
    displaced::anywhere(library, law.pack())
}

/// What is wrong between a pack and those it is asked with: a party's law and every agreement that names the party.
fn beside_others(library: &mut Library<'_>, law: &Law) -> Vec<Finding> {
    let overlay = law.pack().kind == Kind::Jurisdiction;
    let mut findings = Vec::new();
    for slug in library.slugs() {
        // One that does not load says so itself.
        let Ok(other) = library.law(&slug) else { continue };
        if (other.pack().kind == Kind::Jurisdiction) == overlay {
            continue;
        }
        let (agreement, party) = if overlay { (&*other, law) } else { (law, &*other) };
        findings.extend(check_together(agreement, party, library.vocabulary()));
    }
    findings
}
