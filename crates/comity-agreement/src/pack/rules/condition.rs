//! The condition of a rule, in Cedar's JSON form: what it names, and how it is put to Cedar.

use super::APPROVALS;
use crate::finding::did_you_mean;
use crate::vocabulary::Vocabulary;
use cedar_policy::{ActionConstraint, Expression, Policy};
use comity_terms::{Action, Office};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The policy, lifted by the office's approval where one can lift it.
pub(super) fn lifted(mut est: Json, office: Option<&Office>) -> Result<Json, String> {
    if let Some(office) = office {
        let lifted = json!({
            "kind": "unless",
            "body": { "contains": {
                "left": { ".": { "left": { "Var": "context" }, "attr": APPROVALS } },
                "right": { "Value": { "__entity": { "type": "Office", "id": office.as_str() } } },
            } },
        });
        est.get_mut("conditions")
            .and_then(Json::as_array_mut)
            .ok_or_else(|| "the policy has no conditions to append to".to_owned())?
            .push(lifted);
    }
    Ok(est)
}

/// The policy's parties and conditions as one expression, read by Cedar itself.
///
/// It is made for speed: without the action, which the index of a compiled pack has compared already, and
/// without list literals, which Cedar builds anew at every question.
pub(super) fn matcher(est: &Json) -> Result<Expression, String> {
    let mut parts = Vec::new();
    for end in ["principal", "resource"] {
        match est[end]["op"].as_str() {
            Some("All") => {}
            Some("==") => {
                let party = json!({ "Value": { "__entity": est[end]["entity"] } });
                parts.push(json!({ "==": { "left": { "Var": end }, "right": party } }));
            }
            _ => return Err(format!("the {end} is named with `==`, or not at all")),
        }
    }
    for condition in est["conditions"].as_array().into_iter().flatten() {
        let body = condition["body"].clone();
        parts.push(if condition["kind"] == "when" { body } else { json!({ "!": { "arg": body } }) });
    }
    let both = |left: Json, right: Json| json!({ "&&": { "left": left, "right": right } });
    let mut body = parts.into_iter().reduce(both).unwrap_or_else(|| json!({ "Value": true }));
    spell_out(&mut body);
    let all = json!({ "op": "All" });
    let conditions = json!([{ "kind": "when", "body": body }]);
    let policy = json!({
        "effect": "permit", "principal": all, "action": all, "resource": all, "conditions": conditions,
    });
    let policy = Policy::from_json(None, policy).map_err(|error| error.to_string())?;
    let condition = policy.as_ref().non_scope_constraints().ok_or("Cedar read no condition")?;
    Ok(condition.clone().into())
}

/// Writes `[A, B].contains(x)` as `A == x || B == x`, which is the same.
fn spell_out(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(spell_out),
        Json::Object(fields) => {
            fields.iter_mut().for_each(|(_, value)| spell_out(value));
            let Some(contains) = fields.get("contains") else { return };
            let Some(items) = contains["left"]["Set"].as_array() else { return };
            let equals = |item: &Json| json!({ "==": { "left": item, "right": contains["right"] } });
            let spelt = items.iter().map(equals).collect();
            if let Some(spelt) = any(spelt) {
                *json = spelt;
            }
        }
        _ => {}
    }
}

/// One expression that holds where one of several does, in their order; as flat as it can be, for Cedar goes down in it by
/// recursion.
fn any(mut parts: Vec<Json>) -> Option<Json> {
    while parts.len() > 1 {
        let mut fewer = Vec::with_capacity(parts.len().div_ceil(2));
        let mut parts_left = parts.into_iter();
        while let Some(left) = parts_left.next() {
            fewer.push(match parts_left.next() {
                Some(right) => json!({ "||": { "left": left, "right": right } }),
                None => left,
            });
        }
        parts = fewer;
    }
    parts.pop()
}

/// The actions that a policy covers, or the first that the vocabulary does not know.
pub(super) fn actions(policy: &Policy, vocabulary: &Vocabulary) -> Result<BTreeSet<Action>, String> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any => return Ok(vocabulary.actions.keys().cloned().collect()),
        ActionConstraint::Eq(one) => vec![one],
        ActionConstraint::In(several) => several,
    };
    named
        .iter()
        .map(|uid| {
            let id: &str = uid.id().as_ref();
            vocabulary
                .actions
                .get_key_value(id)
                .map(|(action, _)| action.clone())
                .ok_or_else(|| id.to_owned())
        })
        .collect()
}

/// Every attribute that is read or asked for in a policy, `has` included.
pub(super) fn attributes(est: &Json) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let gather = |key: &str, value: &Json| {
        if [".", "has"].contains(&key)
            && let Some(attribute) = value.get("attr").and_then(Json::as_str)
        {
            return Some(attribute.to_owned());
        }
        None
    };
    fn go(json: &Json, gather: &dyn Fn(&str, &Json) -> Option<String>, out: &mut BTreeSet<String>) {
        match json {
            Json::Object(fields) => {
                for (key, value) in fields {
                    out.extend(gather(key, value));
                    go(value, gather, out);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| go(item, gather, out)),
            _ => {}
        }
    }
    go(&est["conditions"], &gather, &mut out);
    out
}

/// The ids of the entities of a type that conditions name.
pub(super) fn named(conditions: &Json, kind: &str) -> BTreeSet<String> {
    fn go(json: &Json, kind: &str, out: &mut BTreeSet<String>) {
        match json {
            Json::Object(fields) => {
                let entity = fields.get("__entity").filter(|entity| entity["type"] == kind);
                out.extend(entity.and_then(|entity| entity["id"].as_str()).map(str::to_owned));
                fields.values().for_each(|value| go(value, kind, out));
            }
            Json::Array(items) => items.iter().for_each(|item| go(item, kind, out)),
            _ => {}
        }
    }
    let mut out = BTreeSet::new();
    go(conditions, kind, &mut out);
    out
}

/// The ids that a policy names, those of a list literal together.
pub(super) fn word_lists(est: &Json, out: &mut Vec<BTreeSet<String>>) {
    match est {
        Json::Object(fields) => {
            if let Some(items) = fields.get("Set").and_then(Json::as_array) {
                let ids = items.iter().filter_map(|item| item["Value"]["__entity"]["id"].as_str());
                out.push(ids.map(str::to_owned).collect());
                return;
            }
            for (key, value) in fields {
                match value["id"].as_str() {
                    Some(id) if ["__entity", "entity"].contains(&key.as_str()) => {
                        out.push([id.to_owned()].into());
                    }
                    _ => word_lists(value, out),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| word_lists(item, out)),
        _ => {}
    }
}

/// The first operator of a policy's conditions for which `is` holds.
pub(super) fn find(est: &Json, is: &dyn Fn(&str, &Json) -> bool) -> Option<String> {
    fn go(json: &Json, is: &dyn Fn(&str, &Json) -> bool) -> Option<String> {
        match json {
            Json::Object(fields) => fields
                .iter()
                .find_map(|(key, value)| if is(key, value) { Some(key.clone()) } else { go(value, is) }),
            Json::Array(items) => items.iter().find_map(|item| go(item, is)),
            _ => None,
        }
    }
    go(&est["conditions"], is)
}

pub(super) fn known_attribute(
    attribute: &str,
    actions: &BTreeSet<Action>,
    vocabulary: &Vocabulary,
) -> Result<(), String> {
    if attribute == APPROVALS {
        return Err("approvals are appended by the loader: write `@escalate_to`".into());
    }
    let Some(term) = vocabulary.fact(attribute) else {
        let known = vocabulary.facts.keys().map(|key| key.as_str());
        return Err(format!("no fact `{attribute}`{}", did_you_mean(attribute, known)));
    };
    if !term.kind.reaches_rules() {
        return Err(format!("`{attribute}` never reaches rules: derive a fact from it"));
    }
    match actions.iter().find(|action| !term.covers(action)) {
        Some(action) => {
            Err(format!("fact `{attribute}` is not there for the action `{action}`, which this covers"))
        }
        None => Ok(()),
    }
}
