//! `displaces`: which rules of other packs are not asked beside a pack, and who may say so.
//!
//! Displacing is settled before anything is joined, so it is never settled by the answer: what two packs say of
//! each other is an error, and so is a name that no rule bears. What may be displaced is narrow: of what a pack
//! includes all but its floor of protection; of a party's law only what refuses on data-protection grounds in
//! general where a floor of cooperation grants. A party's law displaces nothing of an agreement.

use crate::compile::{Law, Library};
use crate::finding::{Finding, did_you_mean};
use crate::pack::{Floor, Pack, Rule, RuleEffect};
use comity_terms::PackSlug;
use std::collections::BTreeSet;

/// What is wrong with what a pack displaces of itself and of what it includes. Such a law does not load.
pub(crate) fn inside(law: &Law) -> Vec<Finding> {
    let pack = law.pack();
    let mut findings = Vec::new();
    for id in &pack.displaces {
        if pack.rules().iter().any(|rule| rule.id == *id) {
            findings
                .push(wrong(pack, format!("`displaces` names `{id}`, a rule of this pack: leave it out")));
        }
    }
    for included in law.includes() {
        findings.extend(circular(pack, included));
        let floors = displaced(pack, included).filter(|rule| rule.floor == Some(Floor::Protection));
        findings.extend(floors.map(|rule| {
            let text = format!(
                "`displaces` names `{}` ({}) of `{}`, a floor of protection: nothing displaces it",
                rule.id, rule.article, included.slug
            );
            wrong(pack, text)
        }));
    }
    findings
}

/// What is wrong with what an agreement and the law of a party displace of each other.
pub(super) fn between(agreement: &Law, overlay: &Law) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own = overlay.pack();
    let grants = |rule: &Rule| rule.effect == RuleEffect::Permit && rule.floor == Some(Floor::Cooperation);
    let floors: Vec<_> = super::rules(agreement).filter(|rule| grants(rule)).map(Rule::reach).collect();
    for rule in displaced(agreement.pack(), own) {
        let general = rule.kind.as_deref() == Some(super::together::DATA_PROTECTION);
        if !general || !floors.iter().any(|floor| !floor.apart(&rule.reach())) {
            let text = format!(
                "`displaces` names `{}` ({}) of `{}`, which does not refuse on data-protection grounds what a floor of \
                 cooperation grants: it stays",
                rule.id, rule.article, own.slug
            );
            findings.push(wrong(agreement.pack(), text));
        }
    }
    for compiled in agreement.compiled() {
        let circle = circular(own, &compiled.pack);
        // What is circular is named so; the rest of what a party's law displaces here loosens.
        if circle.is_empty() {
            findings.extend(displaced(own, &compiled.pack).map(|rule| {
                let text = format!(
                    "`displaces` names `{}` ({}) of `{}`: an overlay may only tighten",
                    rule.id, rule.article, compiled.pack.slug
                );
                wrong(own, text)
            }));
        }
        findings.extend(circle);
    }
    findings
}

/// What is wrong with what a pack displaces anywhere in the library: names of no rule, and circles.
pub(super) fn anywhere(library: &mut Library<'_>, pack: &Pack) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut others: BTreeSet<PackSlug> = BTreeSet::new();
    for id in &pack.displaces {
        let bearing: Vec<PackSlug> = bearing(library, id.as_str());
        if bearing.is_empty() {
            let known = rule_ids(library);
            let hint = did_you_mean(id.as_str(), known.iter().map(String::as_str));
            findings.push(wrong(pack, format!("`displaces` names `{id}`, which no pack has{hint}")));
        }
        others.extend(bearing.into_iter().filter(|slug| *slug != pack.slug));
    }
    for slug in others {
        // One that does not load says so itself.
        if let Ok(other) = library.law(&slug) {
            findings.extend(circular(pack, other.pack()));
        }
    }
    findings
}

/// Two packs of which each displaces rules of the other.
fn circular(pack: &Pack, other: &Pack) -> Vec<Finding> {
    let (Some(ours), Some(theirs)) = (displaced(other, pack).next(), displaced(pack, other).next()) else {
        return Vec::new();
    };
    let text = format!(
        "`displaces` is circular: `{}` displaces `{}` of `{}`, which displaces `{}` of `{}`",
        pack.slug, theirs.id, other.slug, ours.id, pack.slug
    );
    vec![wrong(pack, text)]
}

/// The rules of `of` that `by` displaces.
fn displaced<'p>(by: &'p Pack, of: &'p Pack) -> impl Iterator<Item = &'p Rule> {
    of.rules().iter().filter(|rule| by.displaces.contains(&rule.id) && by.slug != of.slug)
}

fn wrong(pack: &Pack, text: String) -> Finding {
    Finding::error(&format!("{}/pack.toml", pack.dir), pack.displaces_line, text)
}

/// The packs that have a rule of that name, found in their text: no pack need load for it.
fn bearing(library: &Library<'_>, id: &str) -> Vec<PackSlug> {
    let mark = format!("@id({id:?})");
    let has = |slug: &PackSlug| texts(library, slug).iter().any(|text| text.contains(&mark));
    library.slugs().into_iter().filter(has).collect()
}

/// Every id that a rule bears anywhere.
fn rule_ids(library: &Library<'_>) -> BTreeSet<String> {
    let texts = library.slugs().into_iter().flat_map(|slug| texts(library, &slug));
    let ids = |text: String| {
        let after = text.split("@id(\"").skip(1).filter_map(|rest| rest.split_once('"'));
        after.map(|(id, _)| id.to_owned()).collect::<Vec<_>>()
    };
    texts.flat_map(ids).collect()
}

fn texts(library: &Library<'_>, slug: &PackSlug) -> Vec<String> {
    let files = ["forbids.cedar", "obligations.cedar", "permits.cedar"];
    files.iter().filter_map(|file| library.file(slug, file)).map(|(_, text)| text).collect()
}
