//! The least that still shows it: a case without whatever can be left out, with numbers at the edge.
//!
//! Each step is kept only if the engine still answers as before, so what comes out is as true as what went in.

use crate::case::Case;
use comity_terms::JurisdictionCode;
use serde_json::Value as Json;

/// The case made as small as `still` allows; the given parties are preferred.
#[must_use]
pub fn shrink(case: Case, parties: &[JurisdictionCode], still: &dyn Fn(&Case) -> bool) -> Case {
    let mut case = fewer(case, still);
    for end in 0..2 {
        for party in parties {
            let mut other = case.clone();
            let (sending, receiving) = (other.sending.clone(), other.receiving.clone());
            let (own, far) =
                if end == 0 { (&mut other.sending, receiving) } else { (&mut other.receiving, sending) };
            if far == *party {
                continue;
            }
            if own == party {
                break;
            }
            let was = std::mem::replace(own, party.clone());
            rename(&mut other, &was, party);
            if still(&other) {
                case = other;
                break;
            }
        }
    }
    edges(&mut case, still);
    fewer(case, still)
}

/// Numbers brought down to the first that still shows it, where all above it do.
fn edges(case: &mut Case, still: &dyn Fn(&Case) -> bool) {
    let numbers: Vec<(String, i64)> =
        case.facts.iter().filter_map(|(key, value)| Some((key.clone(), value.as_i64()?))).collect();
    for (key, mut high) in numbers {
        let mut low = -1;
        while high.saturating_sub(low) > 1 {
            let middle = low + high.saturating_sub(low) / 2;
            let mut other = case.clone();
            other.facts.insert(key.clone(), middle.into());
            if still(&other) {
                high = middle;
                *case = other;
            } else {
                low = middle;
            }
        }
    }
}

/// The case without what can be left out, one thing at a time until nothing can.
fn fewer(mut case: Case, still: &dyn Fn(&Case) -> bool) -> Case {
    loop {
        let mut smaller: Vec<Case> = Vec::new();
        for office in &case.approvals {
            let mut other = case.clone();
            other.approvals.remove(office);
            smaller.push(other);
        }
        for key in case.setup.keys() {
            let mut other = case.clone();
            other.setup.remove(key);
            smaller.push(other);
        }
        for (key, value) in &case.facts {
            let mut other = case.clone();
            other.facts.remove(key);
            smaller.push(other);
            smaller.extend(parts(value).into_iter().map(|part| {
                let mut other = case.clone();
                other.facts.insert(key.clone(), part);
                other
            }));
        }
        match smaller.into_iter().find(|other| still(other)) {
            Some(other) => case = other,
            None => return case,
        }
    }
}

/// A list or record without one of its members.
fn parts(value: &Json) -> Vec<Json> {
    match value {
        Json::Array(items) => (0..items.len())
            .map(|place| {
                let mut items = items.clone();
                items.remove(place);
                Json::Array(items)
            })
            .collect(),
        Json::Object(fields) => fields
            .keys()
            .map(|key| {
                let mut fields = fields.clone();
                fields.remove(key);
                Json::Object(fields)
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A party that takes another's place does so in declarations too.
fn rename(case: &mut Case, was: &JurisdictionCode, is: &JurisdictionCode) {
    if let Some(Json::Object(listed)) = case.setup.get_mut("declarations")
        && let Some(names) = listed.remove(was.as_str())
    {
        listed.insert(is.to_string(), names);
    }
}
