//! One environment: an act, and of the schema what the conditions asked about it can see.
//!
//! An attribute that no condition names cannot change what any of them comes to, so it is left out: the solver has
//! less to think of, and a proof stands as long as the words that it rests on do.

use crate::expression;
use cedar_policy::{EntityId, EntityTypeName, EntityUid, RequestEnv, Schema};
use comity_agreement::Vocabulary;
use comity_terms::Action;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The generated schema by its lines, so that a word means here what it means there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// `entity Party enum […];` by the type's name.
    entities: BTreeMap<String, String>,
    /// The attributes of an act, each with its type.
    acts: BTreeMap<String, Vec<(String, String)>>,
}

/// An act with the words that matter to a question about it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The act.
    pub action: Action,
    /// The attributes that conditions name.
    pub attributes: BTreeSet<String>,
    /// The schema, cut to these: part of what a proof is kept under.
    pub schema_text: String,
    /// The name that the act has to the solver.
    name: String,
}

/// An environment as Cedar holds it.
#[derive(Debug)]
pub struct Read {
    /// The schema.
    pub schema: Schema,
    /// The environment.
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

impl Words {
    /// Those of a vocabulary.
    #[must_use]
    pub fn of(vocabulary: &Vocabulary) -> Self {
        let mut out = Self::default();
        let mut act: Option<String> = None;
        for line in vocabulary.schema_text().lines() {
            if let Some(name) = line.strip_prefix("entity ").and_then(|rest| rest.split(' ').next()) {
                out.entities.insert(name.to_owned(), line.to_owned());
            } else if let Some(rest) = line.strip_prefix("action \"") {
                act = rest.split('"').next().map(str::to_owned);
                out.acts.extend(act.clone().map(|act| (act, Vec::new())));
            } else if let Some((key, kind)) = line.trim().split_once("?: ")
                && let Some(attributes) = act.as_ref().and_then(|act| out.acts.get_mut(act))
            {
                attributes.push((key.to_owned(), kind.trim_end_matches(',').to_owned()));
            }
        }
        out
    }

    /// The environment of `action` for these conditions.
    ///
    /// # Errors
    /// [`EnvironmentError`] when the act is not in the vocabulary.
    pub fn environment<'c>(
        &self,
        action: &Action,
        conditions: impl IntoIterator<Item = &'c Json>,
    ) -> Result<Environment, EnvironmentError> {
        let (mut attributes, mut acts) = (BTreeSet::new(), BTreeSet::new());
        for condition in conditions {
            expression::attributes(condition, &mut attributes);
            named_acts(condition, &mut acts);
        }
        let known = self
            .acts
            .get(action.as_str())
            .ok_or_else(|| EnvironmentError { action: action.clone(), text: "no such act".to_owned() })?;
        // Conditions hardly ever name the act: two acts of which they see the same are one question to the solver.
        let name = if acts.is_empty() { ACT } else { action.as_str() };
        let mut types: BTreeSet<&str> = ["Party", "Office"].into();
        let mut context = String::from("    approvals: Set<Office>,\n");
        for (key, kind) in known.iter().filter(|(key, _)| attributes.contains(key)) {
            types.insert(kind.strip_prefix("Set<").map_or(kind, |inner| inner.trim_end_matches('>')));
            let _ = writeln!(context, "    {key}?: {kind},");
        }
        let mut text = String::new();
        for line in types.iter().filter_map(|name| self.entities.get(*name)) {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(
            text,
            "action {name:?} appliesTo {{\n  principal: Party,\n  resource: Party,\n  context: {{\n{context}  }},\n}};"
        );
        acts.remove(name);
        for other in acts {
            let _ = writeln!(text, "action {other:?};");
        }
        Ok(Environment { action: action.clone(), attributes, schema_text: text, name: name.to_owned() })
    }
}

impl Environment {
    /// As Cedar holds it.
    ///
    /// # Errors
    /// [`EnvironmentError`] when Cedar does not read it.
    pub fn read(&self) -> Result<Read, EnvironmentError> {
        let wrong = |text: String| EnvironmentError { action: self.action.clone(), text };
        let (schema, _) =
            Schema::from_cedarschema_str(&self.schema_text).map_err(|error| wrong(error.to_string()))?;
        let kind = |name: &str| name.parse::<EntityTypeName>().map_err(|error| wrong(error.to_string()));
        let (party, act) = (kind("Party")?, kind("Action")?);
        let act = EntityUid::from_type_name_and_id(act, EntityId::new(&self.name));
        Ok(Read { schema, request: RequestEnv::new(party.clone(), act, party) })
    }
}

/// The acts that a condition names.
fn named_acts(condition: &Json, out: &mut BTreeSet<String>) {
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
