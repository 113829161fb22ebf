//! Instants for a question: such that the derived facts come to what a solver's model says of them.
//!
//! Rules never see an instant, so a model knows only how instants lie. This finds some that lie so: few candidates
//! for each, days before and after the act, tried in order of plainness.

use comity_agreement::Vocabulary;
use comity_agreement::vocabulary::{Derivation, FactType, Moment, Relation, Who};
use comity_terms::calendar::{Calendar, Count, due};
use comity_terms::{FactKey, JurisdictionCode, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A derived fact about instants, and what it must come to: absent, or a truth.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'v> {
    /// How it is worked out.
    pub derivation: &'v Derivation,
    /// What it must come to.
    pub comes_to: Option<bool>,
}

/// What is said of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It is stated.
    At(Timestamp),
    /// Null is stated: asked, and there is none.
    Null,
}

/// Where instants are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'c> {
    /// The words.
    pub vocabulary: &'c Vocabulary,
    /// The time of the act; it is judged then too.
    pub at: Timestamp,
    /// Where the data is.
    pub sending: &'c JurisdictionCode,
    /// Who gets it.
    pub receiving: &'c JurisdictionCode,
}

/// Hours from the act at which an instant is looked for, the plainest first.
const OFFSETS: [i64; 27] = [
    -24, 24, 0, -1, 1, -48, -72, -96, -120, -144, -168, -192, -240, -264, -288, -312, -336, -360, -480, -720,
    720, -1_416, -1_680, -2_400, 2_400, -9_600, 9_600,
];

/// Instants under which every wanted fact comes to what it must; `None` where none of those tried do.
#[must_use]
pub fn find<'v>(wanted: &[Wanted<'v>], setting: &Setting<'_>) -> Option<BTreeMap<&'v FactKey, Said>> {
    let keys: BTreeSet<&FactKey> = wanted.iter().flat_map(|wanted| facts(wanted.derivation)).collect();
    let keys: Vec<&FactKey> = keys.into_iter().collect();
    let mut found = BTreeMap::new();
    search(&keys, wanted, setting, &mut found).then_some(found)
}

fn search<'v>(
    left: &[&'v FactKey],
    wanted: &[Wanted<'v>],
    setting: &Setting<'_>,
    found: &mut BTreeMap<&'v FactKey, Said>,
) -> bool {
    let open = |wanted: &Wanted<'v>| facts(wanted.derivation).iter().any(|key| left.contains(key));
    if wanted
        .iter()
        .any(|wanted| !open(wanted) && work_out(wanted.derivation, found, setting) != wanted.comes_to)
    {
        return false;
    }
    let Some((key, rest)) = left.split_first() else { return true };
    if search(rest, wanted, setting, found) {
        return true;
    }
    let nullable = setting.vocabulary.fact(key.as_str()).is_some_and(|term| term.nullable);
    let instants = OFFSETS.iter().filter_map(|hours| {
        setting.at.checked_add(jiff::SignedDuration::from_hours(*hours)).ok().map(Said::At)
    });
    for said in instants.chain(nullable.then_some(Said::Null)) {
        found.insert(key, said);
        if search(rest, wanted, setting, found) {
            return true;
        }
    }
    found.remove(key);
    false
}

/// The datetime facts that a derivation is worked out from.
fn facts(derivation: &Derivation) -> Vec<&FactKey> {
    fn fact(moment: &Moment) -> Option<&FactKey> {
        if let Moment::Fact(key) = moment { Some(key) } else { None }
    }
    match derivation {
        Derivation::Compare(_, a, b) | Derivation::Within(a, b, ..) => {
            fact(a).into_iter().chain(fact(b)).collect()
        }
        Derivation::IsPresent(key) | Derivation::IsNull(key) => vec![key],
        _ => Vec::new(),
    }
}

/// Whether a derivation is about instants alone.
#[must_use]
pub fn is_timed(derivation: &Derivation, vocabulary: &Vocabulary) -> bool {
    match derivation {
        Derivation::Compare(..) | Derivation::Within(..) => true,
        Derivation::IsPresent(key) | Derivation::IsNull(key) => {
            vocabulary.fact(key.as_str()).is_some_and(|term| term.kind == FactType::Datetime)
        }
        _ => false,
    }
}

/// What the engine would work out; the answer that counts is the engine's own, when the case is asked.
fn work_out(
    derivation: &Derivation,
    found: &BTreeMap<&FactKey, Said>,
    setting: &Setting<'_>,
) -> Option<bool> {
    let moment = |moment: &Moment| match moment {
        Moment::At | Moment::KnowledgeTime => Some(setting.at),
        Moment::Fact(key) => match found.get(key)? {
            Said::At(at) => Some(*at),
            Said::Null => None,
        },
    };
    match derivation {
        Derivation::Compare(relation, a, b) => {
            let (a, b) = (moment(a)?, moment(b)?);
            Some(match relation {
                Relation::Before => a < b,
                Relation::AtOrBefore => a <= b,
                Relation::After => a > b,
                Relation::AtOrAfter => a >= b,
            })
        }
        Derivation::Within(a, b, period, None) => {
            let (a, b) = (moment(a)?, moment(b)?);
            Some(b <= due(a, period, Count::Plain, &Calendar::plain()).ok()?.operational)
        }
        Derivation::Within(a, b, period, Some((count, place))) => {
            let (a, b) = (moment(a)?, moment(b)?);
            let code = match place {
                Who::Sending => setting.sending,
                Who::Receiving => setting.receiving,
                Who::Fact(_) => return None,
            };
            let calendar = &setting.vocabulary.places().get(code)?.calendar;
            Some(b <= due(a, period, *count, calendar).ok()?.legal_latest)
        }
        Derivation::IsPresent(key) => Some(matches!(found.get(key), Some(Said::At(_)))),
        Derivation::IsNull(key) => found.get(key).map(|said| *said == Said::Null),
        _ => None,
    }
}
