//! Mutual recognition: whether what one state's law lets go of its own data, another would let go of its.
//!
//! A law speaks of its own state by name. To compare two, each state stands where the other stood: the second law is
//! asked the mirrored question.

use crate::case::Case;
use comity_terms::JurisdictionCode;
use serde_json::Value as Json;

/// The conditions with both parties exchanged.
#[must_use]
pub fn mirrored(condition: &Json, one: &str, other: &str) -> Json {
    match condition {
        Json::Object(fields) => {
            let entity = fields.get("type").is_some_and(|kind| kind == "Party");
            fields
                .iter()
                .map(|(key, value)| {
                    let value = match value.as_str() {
                        Some(id) if entity && key == "id" => swapped(id, one, other).into(),
                        _ => mirrored(value, one, other),
                    };
                    (key.clone(), value)
                })
                .collect()
        }
        Json::Array(items) => items.iter().map(|item| mirrored(item, one, other)).collect(),
        plain => plain.clone(),
    }
}

/// The case with both parties exchanged, wherever they are named.
#[must_use]
pub fn mirrored_case(case: &Case, one: &JurisdictionCode, other: &JurisdictionCode) -> Case {
    let code = |code: &JurisdictionCode| {
        if code == one {
            other.clone()
        } else if code == other {
            one.clone()
        } else {
            code.clone()
        }
    };
    let mut out = case.clone();
    (out.sending, out.receiving) = (code(&case.sending), code(&case.receiving));
    for value in out.facts.values_mut() {
        exchange(value, one.as_str(), other.as_str());
    }
    if let Some(Json::Object(listed)) = out.setup.get_mut("declarations") {
        *listed = std::mem::take(listed)
            .into_iter()
            .map(|(party, names)| (swapped(&party, one.as_str(), other.as_str()).to_owned(), names))
            .collect();
    }
    out
}

fn exchange(value: &mut Json, one: &str, other: &str) {
    match value {
        Json::String(text) => *text = swapped(text, one, other).to_owned(),
        Json::Array(items) => items.iter_mut().for_each(|item| exchange(item, one, other)),
        Json::Object(fields) => fields.values_mut().for_each(|item| exchange(item, one, other)),
        _ => {}
    }
}

fn swapped<'t>(code: &'t str, one: &'t str, other: &'t str) -> &'t str {
    if code == one {
        other
    } else if code == other {
        one
    } else {
        code
    }
}
