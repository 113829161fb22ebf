//! Which duties one law gives and another does not, and which it gives sooner, later or otherwise.
//!
//! A duty is its type: all rules that owe it, of a law and of what it includes, count together. That one law owes it
//! where the other does not is asked of the solver and replayed in the engine. How a duty differs is read off one
//! question at which the same rule owes it in both; a difference that shows on other questions alone is not told.

use crate::case::Case;
use crate::claim::{Prover, Verdict};
use crate::replay;
use crate::side::packs;
use comity_agreement::Law;
use comity_agreement::pack::Rule;
use comity_agreement::vocabulary::{Dimension, FactType};
use comity_terms::{Obligation, ObligationType};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a duty of a new law stands to that of an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Owed where it is no more.
    Vanishes,
    /// Owed where it was not.
    Appears,
    /// It guards less: erased or told later, kept less long, done later.
    Weaker,
    /// It guards more.
    Stronger,
    /// Other terms, of which none is stricter by itself.
    Otherwise,
    /// It could not be told.
    Unknown,
}

impl Change {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vanishes => "vanishes",
            Self::Appears => "appears",
            Self::Weaker => "weaker",
            Self::Stronger => "stronger",
            Self::Otherwise => "otherwise",
            Self::Unknown => "unknown",
        }
    }
}

/// A duty that is not the same under two laws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The type of duty.
    pub kind: ObligationType,
    /// How it changes.
    pub change: Change,
    /// A case that shows it; none where it could not be told.
    pub case: Option<Case>,
}

/// The rules that owe a duty of the type, of the law and of what it includes.
#[must_use]
pub fn owing<'l>(law: &'l Law, kind: &ObligationType) -> Vec<&'l Rule> {
    let owes = |(pack, rule): &(&comity_agreement::Pack, &Rule)| {
        pack.templates(&rule.id).iter().any(|template| template.kind == *kind)
    };
    let rules = packs(law).flat_map(|pack| pack.rules().iter().map(move |rule| (pack, rule)));
    rules.filter(owes).map(|(_, rule)| rule).collect()
}

/// The types of duty that a law knows.
fn kinds(law: &Law) -> BTreeSet<ObligationType> {
    let templates = packs(law)
        .flat_map(|pack| pack.rules().iter().flat_map(|rule| pack.templates(&rule.id)))
        .map(|template| template.kind.clone());
    templates.collect()
}

/// What becomes of the duties of `old` under `new`; a type may be there more than once.
#[must_use]
pub fn changes(prover: &Prover, old: &Arc<Law>, new: &Arc<Law>) -> Vec<Duty> {
    let mut out = Vec::new();
    for kind in kinds(old).union(&kinds(new)) {
        let text = |law: &Law| -> Vec<String> {
            owing(law, kind).iter().map(|rule| rule.policy().to_string()).collect()
        };
        if text(old) != text(new) {
            for (one, other, change) in [(old, new, Change::Vanishes), (new, old, Change::Appears)] {
                let (change, case) = match prover.owed_alike(one, other, kind).verdict {
                    Verdict::Holds => continue,
                    Verdict::Fails(found) => (change, Some(found.case)),
                    Verdict::Unknown(_) => (Change::Unknown, None),
                };
                out.push(Duty { kind: kind.clone(), change, case });
            }
        }
        out.extend(terms(prover, old, new, kind));
    }
    out
}

/// The duties of the type that the same rules owe otherwise.
fn terms(prover: &Prover, old: &Arc<Law>, new: &Arc<Law>, kind: &ObligationType) -> Vec<Duty> {
    let worded = |law: &Law, rule: &Rule| {
        let templates = law.pack().templates(&rule.id);
        format!("{templates:?} {:?}", law.pack().parameters)
    };
    let own = |law: &Arc<Law>| law.pack().rules().iter().map(|rule| rule.id.clone()).collect::<BTreeSet<_>>();
    let (ours, theirs) = (own(old), own(new));
    let both =
        owing(old, kind).into_iter().filter(|rule| ours.contains(&rule.id) && theirs.contains(&rule.id));
    let changed = both.filter(|rule| worded(old, rule) != worded(new, rule));
    let told = changed.filter_map(|rule| {
        let Verdict::Fails(found) = prover.dead(old, &rule.id).verdict else { return None };
        let case = dated(prover, old, new, rule, found.case);
        let owed = |law: &Arc<Law>| -> Option<Vec<Obligation>> {
            let decision = replay::decided(&prover.vocabulary, std::slice::from_ref(law), &case).ok()?;
            let of_rule = |duty: &Obligation| duty.kind == *kind && duty.source.3 == rule.id;
            Some(decision.obligations.into_iter().filter(of_rule).collect())
        };
        let (was, is) = (owed(old)?, owed(new)?);
        let change = compared(prover, kind, &was, &is)?;
        Some(Duty { kind: kind.clone(), change, case: Some(case) })
    });
    told.collect()
}

/// The case with the instants that the rule's duties run from.
fn dated(prover: &Prover, old: &Law, new: &Law, rule: &Rule, mut case: Case) -> Case {
    let templates = [old, new].into_iter().flat_map(|law| law.pack().templates(&rule.id));
    for key in templates.flat_map(|template| template.facts()) {
        let stated = prover.vocabulary.fact(key).is_some_and(|term| {
            term.kind == FactType::Datetime && term.derived.is_none() && term.covers(&case.action)
        });
        if stated && !case.facts.contains_key(key) {
            case.facts.insert(key.to_owned(), case.at.to_string().into());
        }
    }
    case
}

/// How the duties that are compare to those that were; `None` where they are the same, or one is owed on another rule.
fn compared(prover: &Prover, kind: &ObligationType, was: &[Obligation], is: &[Obligation]) -> Option<Change> {
    let ([was], [is]) = (was, is) else { return (was != is).then_some(Change::Otherwise) };
    if was == is {
        return None;
    }
    let later = match (&was.due, &is.due) {
        (Some(was), Some(is)) => is.operational.cmp(&was.operational),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => Ordering::Equal,
    };
    let keeps = prover.vocabulary.obligations().get(kind).and_then(|term| term.safeguard)
        == Some(Dimension::KeepUntil);
    Some(match if keeps { later.reverse() } else { later } {
        Ordering::Greater => Change::Weaker,
        Ordering::Less => Change::Stronger,
        Ordering::Equal => Change::Otherwise,
    })
}

/// Which way duties go together: `same`, `weaker`, `stronger`, `both`, or `unknown`.
#[must_use]
pub fn direction(duties: &[Duty]) -> &'static str {
    let any = |changes: &[Change]| duties.iter().any(|duty| changes.contains(&duty.change));
    let weaker = any(&[Change::Vanishes, Change::Weaker, Change::Otherwise]);
    let stronger = any(&[Change::Appears, Change::Stronger, Change::Otherwise]);
    match (weaker, stronger) {
        _ if any(&[Change::Unknown]) => "unknown",
        (true, true) => "both",
        (true, false) => "weaker",
        (false, true) => "stronger",
        (false, false) => "same",
    }
}
