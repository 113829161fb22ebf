//! What stays home, and why: each object with its ground, and the reason codes that no law gives.
//!
//! ```text
//! nothing_given           the bundle has no objects
//! not_read                an object does not read as STIX 2.1; which one and why is listed
//! nothing_left            the laws let it go, and nothing of it serves the purpose
//! no_retention_rule       the laws let it go, and none says until when it may be kept; not of a preview
//! marking_unknown:ID      an object stays home under the strictest marking, for its own is neither known nor there
//! ```
//! `nothing_left` and `no_retention_rule` are known only once the bundle was minimised: `extract` adds them. A person who is told that nothing went is
//! always told one of these, or a law's reason.

use super::extract::grounded;
use super::stages::Ruling;
use comity_minimise::{Bundle, Ground, Object, PathTable, Rejected, Withholding};
use comity_terms::Treatment;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Display;

/// The bundle has no objects.
const NOTHING_GIVEN: &str = "nothing_given";
/// An object does not read.
const NOT_READ: &str = "not_read";
/// The laws let it go, and nothing of it serves the purpose.
pub(super) const NOTHING_LEFT: &str = "nothing_left";
/// The laws let it go, and none says until when it may be kept: nobody could seal it.
pub(super) const NO_RETENTION_RULE: &str = "no_retention_rule";
/// A marking that is neither known nor in the bundle.
const MARKING_UNKNOWN: &str = "marking_unknown";

/// The objects that no ruling lets go, each with the law and the reason that keeps it; those that do not read; and the
/// reasons of the table above, as far as the bundle and the rulings tell.
pub(super) fn stays(
    bundle: &Bundle<'_>,
    rulings: &[Ruling],
    table: &PathTable,
) -> (Vec<Withholding>, BTreeSet<String>) {
    let mut reasons = BTreeSet::new();
    if bundle.objects().is_empty() && bundle.rejected().is_empty() {
        reasons.insert(NOTHING_GIVEN.to_owned());
    }
    if !bundle.rejected().is_empty() {
        reasons.insert(NOT_READ.to_owned());
    }
    let goes: BTreeSet<usize> =
        rulings.iter().filter(|r| r.goes()).flat_map(|r| r.objects.iter().copied()).collect();
    let mut kept_by: BTreeMap<usize, String> = BTreeMap::new();
    for ruling in rulings.iter().filter(|ruling| !ruling.goes()) {
        let ground = match ruling.redacts() {
            Some(duty) if ruling.permits() => {
                let (law, pack, article, _) = &duty.source;
                format!("{law}: {pack} {article}: {}", duty.kind)
            }
            _ => ruling.decision.grounds.first().map_or_else(String::new, grounded),
        };
        for object in ruling.objects.iter().filter(|object| !goes.contains(object)) {
            kept_by.entry(*object).or_insert_with(|| ground.clone());
        }
    }
    let defined: HashSet<&str> = bundle
        .objects()
        .iter()
        .filter(|object| !kept_by.is_empty() && object.stix_type() == "marking-definition")
        .map(Object::id)
        .collect();
    let mut withholdings = Vec::with_capacity(kept_by.len() + bundle.rejected().len());
    for (index, mut ground) in kept_by {
        let Some(object) = bundle.objects().get(index) else { continue };
        for marking in markings(object) {
            if table.handling(marking).is_none() && !defined.contains(marking) {
                ground.push_str(&format!("; `{marking}` is no known marking, and not in the bundle"));
                reasons.insert(format!("{MARKING_UNKNOWN}:{marking}"));
            }
        }
        withholdings.push(whole(object.id().to_owned(), ground));
    }
    withholdings.extend(bundle.rejected().iter().map(unread));
    (withholdings, reasons)
}

/// The markings of an object and of its parts, each once.
fn markings<'o>(object: &'o Object<'_>) -> BTreeSet<&'o str> {
    let whole = object.tree().get("object_marking_refs").into_iter().flat_map(|refs| refs.items());
    let granular = object.tree().get("granular_markings").into_iter().flat_map(|list| list.items());
    let parts = granular.filter_map(|part| part.get("marking_ref")?.as_text());
    whole.filter_map(|marking| marking.as_text()).chain(parts).collect()
}

/// One that does not read stays home whole: by its id where it has one, by its place in any case.
fn unread(rejected: &Rejected) -> Withholding {
    whole(rejected.id.clone().unwrap_or_default(), unread_ground(rejected))
}

/// The ground on which what does not read stays home: `rejected` says what and why.
#[must_use]
pub fn unread_ground(rejected: &impl Display) -> String {
    format!("not read: {rejected}")
}

fn whole(object: String, ground: String) -> Withholding {
    Withholding {
        object,
        path: String::new(),
        data_class: "object".to_owned(),
        treatment: Treatment::WithholdObject,
        ground: Ground::Treated(ground),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decided, Received, Tools};
    use crate::question::Request;
    use comity_agreement::{LawSet, Library, Memo, shipped};
    use comity_minimise::{Limits, PathTable, TokenKey};
    use comity_terms::{Asserter, Facts};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// Nobody is named in it: laws on personal data give it no time.
    const BUNDLE: &[u8] = br#"{"type":"bundle","id":"bundle--0b6e5a52-1a43-4c8b-9d0e-3f1a2b4c5d6e","objects":[{
        "type":"vulnerability","spec_version":"2.1","id":"vulnerability--7d0c2c1e-5a1f-4b8e-8c36-0c2b7f3f9a11",
        "created":"2026-01-05T10:00:00.000Z","modified":"2026-01-05T10:00:00.000Z","name":"CVE-2026-10001"}]}"#;

    /// What goes by a marking alone, which says who may see it and no time.
    fn goes(live: bool) -> Result<usize, Vec<String>> {
        let mut library = Library::open(shipped()).unwrap();
        let agreement = library.law(&"first-tlp-2.0".parse().unwrap()).unwrap();
        let vocabulary = Arc::clone(library.vocabulary());
        let own =
            ["EE", "FI"].map(|code| (code.parse().unwrap(), library.law(&code.parse().unwrap()).unwrap()));
        let laws = LawSet { agreement, national: BTreeMap::from(own), vocabulary };
        let token_key = TokenKey::derive(&[7; 32], "first-tlp-2.0", "FI", "2026-03").unwrap();
        let (table, limits) = (PathTable::shipped().unwrap(), Limits::default());
        let tools = Tools { laws: &laws, table: &table, token_key: &token_key, limits: &limits };
        let what = ["share", "threat_intel", "cyber_defence"];
        let mut facts = Facts::new();
        facts.state("training_valid".parse().unwrap(), true, Asserter::Gateway);
        let request = Request {
            facts,
            binding: true,
            live,
            ..Request::bare(
                ("EE".parse().unwrap(), "FI".parse().unwrap()),
                laws.agreement.pack().slug.clone(),
                (what[0].parse().unwrap(), what[1].parse().unwrap(), what[2].parse().unwrap()),
                "2026-03-02T08:00:00Z".parse().unwrap(),
            )
        };
        let mut none = |bytes: &mut [u8]| bytes.fill(0);
        let received = Received::read(BUNDLE, &limits, request).unwrap();
        let decided = received.classify(&table).decide(&tools, &mut Memo::new(4), &mut none).unwrap();
        let Decided::Permitted(permitted) = decided else { panic!("{decided:?}") };
        match permitted.minimise(&tools, &mut none).unwrap() {
            Ok(minimised) => Ok(minimised.told().1.len()),
            Err(refused) => Err(refused.told().reasons_all().into_iter().collect()),
        }
    }

    #[test]
    fn what_no_law_says_a_time_for_is_previewed_and_not_given_away() {
        assert_eq!(goes(false), Ok(1));
        assert_eq!(goes(true), Err(vec!["no_retention_rule".to_owned()]));
    }
}
