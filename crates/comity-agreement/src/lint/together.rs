//! An agreement and the law of a party, asked together: the law may tighten, never loosen, and never refuse on
//! data-protection grounds what a floor of cooperation grants.
//!
//! Which figures are compared is not told by their names but by what they do to the safeguards: two duties that
//! end in the same dimension bind the same thing. Where the overlay's rule matches only cases in which the
//! agreement's matches too, a looser figure of the overlay could never hold: it is an error. Where it may stand
//! alone, nothing is claimed.

use super::rules;
use crate::compile::{Compiled, Law};
use crate::finding::Finding;
use crate::obligations::Template;
use crate::pack::{Floor, Reach, Rule, RuleEffect};
use crate::vocabulary::{Dimension, Vocabulary};
use comity_terms::{Activity, DataClass, Value};

/// What is wrong with asking `overlay` beside `agreement`; nothing where its party is none of the agreement's, for
/// then it overlays nothing.
#[must_use]
pub fn check_together(agreement: &Law, overlay: &Law, vocabulary: &Vocabulary) -> Vec<Finding> {
    if !names(agreement, overlay) {
        return Vec::new();
    }
    let mut findings = against_floor(agreement, overlay);
    findings.extend(super::displaced::between(agreement, overlay));
    let agreed: Vec<(&Rule, Reach<'_>, &Template)> = agreement.compiled().flat_map(duties).collect();
    for (rule, reach, template) in duties(&overlay.own) {
        if beyond_scope(agreement, &reach, vocabulary) {
            continue;
        }
        for (other, other_reach, others) in &agreed {
            if !reach.within(other_reach) {
                continue;
            }
            if let Some(what) = looser(template, others, vocabulary) {
                let text = format!(
                    "rule `{}` {what} than `{}` ({}) of `{}`: an overlay may only tighten",
                    rule.id,
                    other.id,
                    other.article,
                    agreement.pack().slug
                );
                findings.push(Finding::error(&rule.file, rule.line, text));
            }
        }
    }
    findings.extend(lighter_treatments(agreement, &overlay.own));
    findings
}

/// Whether the agreement names the party whose law `overlay` is, whatever its state.
fn names(agreement: &Law, overlay: &Law) -> bool {
    let party = overlay.pack().slug.as_str();
    agreement
        .pack()
        .status
        .iter()
        .any(|row| row.parties.as_ref().is_none_or(|parties| parties.contains(party)))
}

/// The rules of a pack that owe something, with what each owes.
fn duties(compiled: &std::sync::Arc<Compiled>) -> impl Iterator<Item = (&Rule, Reach<'_>, &Template)> {
    let pack = &compiled.pack;
    pack.rules().iter().flat_map(move |rule| {
        pack.templates(&rule.id).iter().map(move |template| (rule, rule.reach(), template))
    })
}

/// Whether a rule speaks only of activities that the agreement does not cover: it is never asked beside it.
fn beyond_scope(agreement: &Law, reach: &Reach<'_>, vocabulary: &Vocabulary) -> bool {
    let activities = vocabulary.slot("activity").and_then(|slot| reach.allowed(slot));
    activities.is_some_and(|words| {
        let covered = |activity: &Activity| words.contains(&Value::from(activity.as_str()));
        !agreement.pack().activities.iter().any(covered)
    })
}

/// How a duty is looser than another that binds the same thing.
fn looser(own: &Template, agreed: &Template, vocabulary: &Vocabulary) -> Option<&'static str> {
    let dimension =
        |template: &Template| vocabulary.obligations().get(&template.kind).and_then(|term| term.safeguard);
    if let (Some(ours), Some(theirs)) = (dimension(own), dimension(agreed))
        && ours == theirs
        && let (Some(own), Some(agreed)) = (own.end_from_act(), agreed.end_from_act())
    {
        match ours {
            Dimension::EraseBy if own > agreed => return Some("erases later"),
            Dimension::NotifyBy if own > agreed => return Some("tells later"),
            Dimension::KeepUntil if own < agreed => return Some("keeps less long"),
            _ => {}
        }
    }
    None
}

/// Treatments that the overlay states and that are lighter than the agreement's.
fn lighter_treatments(agreement: &Law, overlay: &Compiled) -> Vec<Finding> {
    let file = format!("{}/pack.toml", overlay.pack.dir);
    let heaviest = |class: &DataClass| {
        let packs = agreement.compiled().filter_map(|compiled| compiled.pack.treatments.get(class));
        packs.map(|rule| rule.treatment).max()
    };
    let stated = overlay.pack.treatments.iter();
    stated
        .filter(|(class, rule)| heaviest(class).is_some_and(|agreed| rule.treatment < agreed))
        .map(|(class, rule)| {
            let text = format!(
                "`{class}` is treated more lightly ({}) than by `{}`: an overlay may only tighten",
                rule.treatment,
                agreement.pack().slug
            );
            Finding::error(&file, 0, text)
        })
        .collect()
}

/// Forbids of `other` on generic data-protection grounds that meet what a floor of cooperation grants, and that the
/// agreement does not displace.
pub(super) fn against_floor(agreement: &Law, other: &Law) -> Vec<Finding> {
    let floors: Vec<(&Rule, Reach<'_>)> = rules(agreement)
        .filter(|rule| rule.effect == RuleEffect::Permit && rule.floor == Some(Floor::Cooperation))
        .map(|rule| (rule, rule.reach()))
        .collect();
    let displaced = &agreement.pack().displaces;
    rules(other)
        .filter(|rule| rule.effect == RuleEffect::Forbid && rule.kind.as_deref() == Some(DATA_PROTECTION))
        .filter(|rule| !displaced.contains(&rule.id))
        .filter_map(|rule| {
            let reach = rule.reach();
            let (floor, _) = floors.iter().find(|(_, floor)| !floor.apart(&reach))?;
            let text = format!(
                "rule `{}` refuses on generic data-protection grounds what `{}` ({}) grants as a floor of cooperation",
                rule.id, floor.id, floor.article
            );
            Some(Finding::error(&rule.file, rule.line, text))
        })
        .collect()
}

/// The `@kind` of a forbid that rests on data protection in general.
pub(super) const DATA_PROTECTION: &str = "data_protection";
