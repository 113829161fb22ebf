//! Whether a law is admitted: no rule of it can err, none is dead, and it is above every floor that it is held to.
//!
//! A law of a jurisdiction is never asked alone: it is held to the floor of each agreement that names its party, as
//! asked beside it. More law can only refuse more, so there is nothing to ask of the solver unless the law displaces an
//! article of that floor.

use crate::claim::{Prover, Verdict, concerns};
use crate::side::{Side, is_floor, packs};
use comity_agreement::pack::{Kind, Pack};
use comity_agreement::try_case::try_line;
use comity_agreement::{Finding, Law, Library};
use comity_terms::{PackSlug, RuleId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// What keeps the law out (errors), and what a reviewer should see.
    pub findings: Vec<Finding>,
    /// The floors that it was proved to be above.
    pub floors: Vec<PackSlug>,
}

/// Looks at the law of that name.
///
/// # Errors
/// [`comity_agreement::LoadError`] when it, or one that it is held to, does not load.
pub fn admit(
    prover: &Prover,
    library: &mut Library<'_>,
    slug: &PackSlug,
) -> Result<Admission, comity_agreement::LoadError> {
    let law = library.law(slug)?;
    let mut out = Admission::default();
    rules(prover, &law, &met(library, &law), &mut out.findings);
    let file = format!("{}/pack.toml", library.dir(slug).unwrap_or_default());
    let jurisdiction = law.pack().kind == Kind::Jurisdiction;
    let mut held: Vec<(Side, Arc<Law>)> = Vec::new();
    if !jurisdiction {
        held.push((Side::law(&law), law.clone()));
    }
    for other in library.slugs() {
        let other = library.law(&other)?;
        let (agreement, overlay) = if jurisdiction { (&other, &law) } else { (&law, &other) };
        if agreement.pack().kind == Kind::Jurisdiction || overlay.pack().kind != Kind::Jurisdiction {
            continue;
        }
        if names(agreement.pack(), &overlay.pack().slug) {
            if displaces(overlay, agreement) {
                held.push((Side::Laws(vec![agreement.clone(), overlay.clone()]), agreement.clone()));
            } else if jurisdiction {
                out.floors.push(agreement.pack().slug.clone());
            }
        }
    }
    for (side, floor) in held {
        let given = side.laws().get(1).map(|own| concerns(own.pack().slug.as_str()));
        let proof = prover.implies(&side, &Side::Floor(floor.clone()), given.into_iter().collect());
        let asked: Vec<String> = side.names().iter().map(ToString::to_string).collect();
        let asked = asked.join(" with ");
        match proof.verdict {
            Verdict::Holds => out.floors.push(floor.pack().slug.clone()),
            Verdict::Fails(found) => {
                let case = serde_json::Value::Object(found.case.json());
                let cited: Vec<String> =
                    found.b.iter().flat_map(|b| &b.citations).map(|c| c.rule.to_string()).collect();
                let text = format!("{asked} permits what {} forbid: {case}", cited.join(", "));
                out.findings.push(Finding::error(&file, 0, text));
            }
            Verdict::Unknown(why) => {
                let text =
                    format!("{asked}: not proved to be above the floor of {}: {why}", floor.pack().slug);
                out.findings.push(Finding::error(&file, 0, text));
            }
        }
    }
    out.findings.sort();
    Ok(out)
}

/// No rule errs, none is dead. A rule that matches in a worked case is alive.
fn rules(prover: &Prover, law: &Arc<Law>, met: &BTreeSet<RuleId>, findings: &mut Vec<Finding>) {
    for rule in law.pack().rules() {
        let proof = prover.never_errs(law, &rule.id);
        let found = |text: String| Finding::error(&rule.file, rule.line, text);
        match proof.verdict {
            Verdict::Holds => {}
            Verdict::Fails(case) => {
                let case = serde_json::Value::Object(case.case.json());
                findings.push(found(format!("rule `{}` can err: {case}", rule.id)));
            }
            Verdict::Unknown(why) => {
                findings.push(found(format!("rule `{}`: not proved never to err: {why}", rule.id)));
            }
        }
        if met.contains(&rule.id) {
            continue;
        }
        match prover.dead(law, &rule.id).verdict {
            Verdict::Fails(_) => {}
            Verdict::Holds => {
                let text = format!("rule `{}` is dead: no question matches it", rule.id);
                findings.push(Finding::warning(&rule.file, rule.line, text));
            }
            Verdict::Unknown(why) => {
                let text = format!("rule `{}`: not told whether any question matches it: {why}", rule.id);
                findings.push(Finding::warning(&rule.file, rule.line, text));
            }
        }
    }
}

/// The rules of a law that match in a worked case of its own.
#[must_use]
pub fn met(library: &mut Library<'_>, law: &Law) -> BTreeSet<RuleId> {
    let slug = &law.pack().slug;
    let path = format!("{}/scenarios.jsonl", library.dir(slug).unwrap_or_default());
    let text = library.source().read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut out = BTreeSet::new();
    for line in text.unwrap_or_default().lines().filter(|line| !line.trim().is_empty()) {
        let answer = try_line(library, line);
        let cited = answer["citations"].as_array().into_iter().flatten();
        let own = cited.filter(|citation| citation["pack"] == slug.as_str());
        out.extend(own.filter_map(|citation| citation["rule"].as_str()?.parse().ok()));
    }
    out
}

/// Whether an agreement names the party whose law that is.
fn names(agreement: &Pack, party: &PackSlug) -> bool {
    let named = |row: &comity_agreement::pack::Status| {
        row.parties.as_ref().is_none_or(|parties| parties.contains(party.as_str()))
    };
    agreement.status.iter().any(named)
}

/// Whether a law displaces an article of a floor.
fn displaces(law: &Law, floor: &Law) -> bool {
    let mut articles = packs(floor).flat_map(Pack::rules).filter(|rule| is_floor(rule));
    articles.any(|rule| law.pack().displaces.contains(&rule.id))
}
