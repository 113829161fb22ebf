//! One environment: an act, and of the schema what the conditions asked about it can see.
//!
//! An attribute that no condition names cannot change what any of them comes to, so it is left out: the solver has
//! less to think of, and a proof stands as long as the words that it rests on do.

use crate::expression;
use cedar_policy::{EntityId, EntityTypeName, EntityUid, RequestEnv, Schema};
use comity_agreement::Vocabulary;
use comity_terms::Action;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// An act with the words that matter to a question about it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The act.
    pub action: Action,
    /// The attributes that conditions name.
    pub attributes: BTreeSet<String>,
    /// The schema, cut to these: part of what a proof is kept under.
    pub schema_text: String,
    /// The same, as Cedar holds it.
    pub schema: Schema,
    /// The environment, as Cedar holds it.
    pub request: RequestEnv,
}

/// A schema that could not be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema of `{action}`: {text}")]
pub struct EnvironmentError {
    /// The act.
    pub action: Action,
    /// Why.
    pub text: String,
}

impl Environment {
    /// The environment of `action` for these conditions.
    ///
    /// # Errors
    /// [`EnvironmentError`] when the act is not in the vocabulary, or Cedar does not read the schema.
    pub fn new<'c>(
        vocabulary: &Vocabulary,
        action: &Action,
        conditions: impl IntoIterator<Item = &'c serde_json::Value>,
    ) -> Result<Self, EnvironmentError> {
        let (mut attributes, mut acts) = (BTreeSet::new(), BTreeSet::new());
        for condition in conditions {
            expression::attributes(condition, &mut attributes);
            named_acts(condition, &mut acts);
        }
        // Conditions hardly ever name the act: two acts of which they see the same are one question to the solver.
        let name = if acts.is_empty() { ACT } else { action.as_str() };
        let wrong = |text: String| EnvironmentError { action: action.clone(), text };
        let mut schema_text = cut(vocabulary.schema_text(), action, name, &attributes)
            .ok_or_else(|| wrong("no such act".to_owned()))?;
        acts.remove(action.as_str());
        for other in acts {
            let _ = writeln!(schema_text, "action {other:?};");
        }
        let (schema, _) =
            Schema::from_cedarschema_str(&schema_text).map_err(|error| wrong(error.to_string()))?;
        let kind = |name: &str| name.parse::<EntityTypeName>().map_err(|error| wrong(error.to_string()));
        let (party, act) = (kind("Party")?, kind("Action")?);
        let act = EntityUid::from_type_name_and_id(act, EntityId::new(name));
        let request = RequestEnv::new(party.clone(), act, party);
        Ok(Self { action: action.clone(), attributes, schema_text, schema, request })
    }
}

/// The schema with one act and of its context the given attributes: lines of the generated text, so that a word
/// means here what it means there.
fn cut(text: &str, action: &Action, name: &str, attributes: &BTreeSet<String>) -> Option<String> {
    let head = format!("action {:?} appliesTo {{", action.as_str());
    let renamed = format!("action {name:?} appliesTo {{");
    let own = text.lines().skip_while(|line| *line != head).take_while(|line| !line.is_empty());
    let mut types: BTreeSet<&str> = ["Party", "Office"].into();
    let mut body = String::new();
    for line in own {
        if let Some((name, kind)) = line.trim().split_once("?: ") {
            if !attributes.contains(name) {
                continue;
            }
            let kind = kind.trim_end_matches(',');
            types.insert(kind.strip_prefix("Set<").map_or(kind, |inner| inner.trim_end_matches('>')));
        }
        let _ = writeln!(body, "{}", if line == head { &renamed } else { line });
    }
    let mut out = String::new();
    for line in text.lines() {
        let named = line.strip_prefix("entity ").and_then(|rest| rest.split(' ').next());
        if named.is_some_and(|name| types.contains(name)) {
            let _ = writeln!(out, "{line}");
        }
    }
    (!body.is_empty()).then(|| out + &body)
}

/// The acts that a condition names.
fn named_acts(condition: &serde_json::Value, out: &mut BTreeSet<String>) {
    use serde_json::Value as Json;
    match condition {
        Json::Object(fields) => {
            if fields.get("type").is_some_and(|kind| kind == "Action")
                && let Some(id) = fields.get("id").and_then(Json::as_str)
            {
                out.insert(id.to_owned());
            }
            fields.values().for_each(|inner| named_acts(inner, out));
        }
        Json::Array(items) => items.iter().for_each(|item| named_acts(item, out)),
        _ => {}
    }
}

/// The name that an act has to the solver where conditions do not ask for it.
const ACT: &str = "act";
