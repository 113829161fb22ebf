//! Cedar conditions in Cedar's JSON form, and sets of policies made of them.
//!
//! Conditions are put together as data and read by Cedar itself, so that nothing here can be parsed otherwise
//! than Cedar parses it.

use cedar_policy::{Policy, PolicyId, PolicySet};
use serde_json::{Value as Json, json};

/// A condition that could not be put together: a policy in a form that packs do not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the condition cannot be read: {0}")]
pub struct ConditionError(pub String);

/// Always, or never.
#[must_use]
pub fn truth(truth: bool) -> Json {
    json!({ "Value": truth })
}

/// Both.
#[must_use]
pub fn and(left: Json, right: Json) -> Json {
    json!({ "&&": { "left": left, "right": right } })
}

/// Either.
#[must_use]
pub fn or(left: Json, right: Json) -> Json {
    json!({ "||": { "left": left, "right": right } })
}

/// All of them; of none, always.
#[must_use]
pub fn all(parts: impl IntoIterator<Item = Json>) -> Json {
    parts.into_iter().reduce(and).unwrap_or_else(|| truth(true))
}

/// Any of them; of none, never.
#[must_use]
pub fn any(parts: impl IntoIterator<Item = Json>) -> Json {
    parts.into_iter().reduce(or).unwrap_or_else(|| truth(false))
}

/// Not so.
#[must_use]
pub fn not(condition: Json) -> Json {
    json!({ "!": { "arg": condition } })
}

/// Where the first holds, the second does.
#[must_use]
pub fn implies(left: Json, right: Json) -> Json {
    or(not(left), right)
}

/// Both hold, or neither does.
#[must_use]
pub fn same(left: Json, right: Json) -> Json {
    json!({ "==": { "left": left, "right": right } })
}

/// The attribute is there.
#[must_use]
pub fn has(attribute: &str) -> Json {
    json!({ "has": { "left": { "Var": "context" }, "attr": attribute } })
}

/// The attribute's value; only behind [`has`].
#[must_use]
pub fn value(attribute: &str) -> Json {
    json!({ ".": { "left": { "Var": "context" }, "attr": attribute } })
}

/// The attribute is there and true.
#[must_use]
pub fn holds(attribute: &str) -> Json {
    and(has(attribute), value(attribute))
}

/// An entity by type and id.
#[must_use]
pub fn entity(kind: &str, id: &str) -> Json {
    json!({ "Value": { "__entity": { "type": kind, "id": id } } })
}

/// Who asks, or where the data is: `principal` or `resource`.
#[must_use]
pub fn end(name: &str) -> Json {
    json!({ "Var": name })
}

/// The set holds the member.
#[must_use]
pub fn contains(set: Json, member: Json) -> Json {
    json!({ "contains": { "left": set, "right": member } })
}

/// The set has no member.
#[must_use]
pub fn is_empty(set: Json) -> Json {
    json!({ "isEmpty": { "arg": set } })
}

/// A policy's parties and conditions as one condition; its action is told by who asks it.
///
/// # Errors
/// [`ConditionError`] for a scope that packs do not have.
pub fn condition(policy: &Policy) -> Result<Json, ConditionError> {
    let est = policy.to_json().map_err(|error| ConditionError(error.to_string()))?;
    let mut parts = Vec::new();
    for name in ["principal", "resource"] {
        match est[name]["op"].as_str() {
            Some("All") => {}
            Some("==") => {
                parts.push(same(end(name), json!({ "Value": { "__entity": est[name]["entity"] } })));
            }
            _ => return Err(ConditionError(format!("the {name} of `{}`", policy.id()))),
        }
    }
    for asked in est["conditions"].as_array().into_iter().flatten() {
        let body = asked["body"].clone();
        parts.push(if asked["kind"] == "when" { body } else { not(body) });
    }
    Ok(all(parts))
}

/// The attributes that a condition names, `has` included.
pub fn attributes(condition: &Json, out: &mut std::collections::BTreeSet<String>) {
    match condition {
        Json::Object(fields) => {
            for (key, inner) in fields {
                if matches!(key.as_str(), "." | "has")
                    && let Some(attribute) = inner["attr"].as_str()
                {
                    out.insert(attribute.to_owned());
                }
                attributes(inner, out);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| attributes(item, out)),
        _ => {}
    }
}

/// The condition where these attributes are never there.
#[must_use]
pub fn without(condition: &Json, attributes: &std::collections::BTreeSet<&str>) -> Json {
    match condition {
        Json::Object(fields) => {
            let gone = fields.get("has").and_then(|has| has["attr"].as_str());
            if gone.is_some_and(|attribute| attributes.contains(attribute)) {
                return truth(false);
            }
            fields.iter().map(|(key, inner)| (key.clone(), without(inner, attributes))).collect()
        }
        Json::Array(items) => items.iter().map(|item| without(item, attributes)).collect(),
        plain => plain.clone(),
    }
}

/// One policy over every party and act.
///
/// # Errors
/// [`ConditionError`] when Cedar does not read it.
pub fn policy(id: &str, effect: &str, condition: &Json) -> Result<Policy, ConditionError> {
    let everything = json!({ "op": "All" });
    let est = json!({
        "effect": effect, "principal": everything, "action": everything, "resource": everything,
        "conditions": [{ "kind": "when", "body": condition }],
    });
    Policy::from_json(Some(PolicyId::new(id)), est).map_err(|error| ConditionError(error.to_string()))
}

/// The set that allows exactly where every one of `must` holds and none of `must_not`.
///
/// # Errors
/// [`ConditionError`] when Cedar does not read one.
pub fn allowing(must: &[Json], must_not: &[Json]) -> Result<PolicySet, ConditionError> {
    let permit = policy("all", "permit", &truth(true))?;
    let unless =
        must.iter().enumerate().map(|(n, asked)| policy(&format!("must{n}"), "forbid", &not(asked.clone())));
    let forbids = must_not.iter().enumerate().map(|(n, asked)| policy(&format!("not{n}"), "forbid", asked));
    let policies = std::iter::once(Ok(permit)).chain(unless).chain(forbids).collect::<Result<Vec<_>, _>>()?;
    PolicySet::from_policies(policies).map_err(|error| ConditionError(error.to_string()))
}
