//! What `law check` says beyond whether law loads.
//!
//! Errors are what the law itself forbids to write: a forbid on generic data-protection grounds against a
//! permit of the cooperation floor, an overlay that loosens ([`check_together`]). Warnings are what a reviewer
//! should see.

mod coverage;
mod together;

pub(crate) use coverage::completeness;
pub use together::check_together;

use crate::compile::{Law, Library};
use crate::finding::{Finding, LoadError, did_you_mean};
use crate::pack::{Kind, Rule};
use comity_terms::PackSlug;
use std::collections::BTreeSet;

/// Everything found in a pack: why it does not load, or what is odd about it.
#[must_use]
pub fn check(library: &mut Library<'_>, slug: &PackSlug) -> Vec<Finding> {
    match library.law(slug) {
        Err(LoadError(findings)) => findings,
        Ok(law) => {
            let mut findings = cooperation(&law);
            findings.extend(parameters(library, &law));
            findings.extend(scenarios(library, &law));
            findings.extend(displaced(&law));
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

/// Forbids that no worked case of the pack names, and cases that cannot be asked.
fn scenarios(library: &mut Library<'_>, law: &Law) -> Vec<Finding> {
    let pack = law.pack();
    let mut fired: BTreeSet<String> = BTreeSet::new();
    let mut findings = Vec::new();
    let file = format!("{}/scenarios.jsonl", pack.dir);
    if let Some((_, text)) = library.file(&pack.slug, "scenarios.jsonl") {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let answer = crate::try_case::try_line(library, line);
            if let Some(error) = answer.get("error").and_then(|error| error.as_str()) {
                findings.push(Finding::error(&file, index + 1, error));
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

/// Names of displaced rules that are nowhere to be displaced.
fn displaced(law: &Law) -> Vec<Finding> {
    let pack = law.pack();
    if pack.kind == Kind::Jurisdiction {
        return Vec::new();
    }
    let file = format!("{}/pack.toml", pack.dir);
    let known: BTreeSet<&str> = rules(law).map(|rule| rule.id.as_str()).collect();
    pack.displaces
        .iter()
        .filter(|rule| !known.contains(rule.as_str()))
        .map(|rule| {
            let hint = did_you_mean(rule.as_str(), known.iter().copied());
            Finding::warning(
                &file,
                0,
                format!("`displaces` names `{rule}`, which no pack asked with this one has{hint}"),
            )
        })
        .collect()
}
