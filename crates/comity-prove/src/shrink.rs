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

/// The highest number that is looked for an edge below.
const NUMBER_MAX: i64 = 1 << 20;

/// Numbers brought to an edge: down to the first that still shows it, or, where none at all does too, up to the last.
fn edges(case: &mut Case, still: &dyn Fn(&Case) -> bool) {
    let numbers: Vec<(String, i64)> =
        case.facts.iter().filter_map(|(key, value)| Some((key.clone(), value.as_i64()?))).collect();
    for (key, was) in numbers {
        let with = |number: i64| {
            let mut other = case.clone();
            other.facts.insert(key.clone(), number.into());
            still(&other).then_some(other)
        };
        let none = with(0);
        let (mut shows, mut beyond) = match (&none, was) {
            (Some(_), _) if with(NUMBER_MAX).is_some() => (0, 0),
            (Some(_), _) => (0, NUMBER_MAX),
            (None, ..0) => continue,
            (None, _) => (was, 0),
        };
        while shows.abs_diff(beyond) > 1 {
            let middle = i64::midpoint(shows, beyond);
            *if with(middle).is_some() { &mut shows } else { &mut beyond } = middle;
        }
        if let Some(edge) = with(shows) {
            *case = edge;
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
