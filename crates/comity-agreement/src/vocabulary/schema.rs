//! The Cedar schema, generated: one record of context per action, every fact an optional attribute.

use super::{EntityTypes, FactTerm, FactType, Vocabulary};
use cedar_policy::{EntityTypeName, ParseErrors};
use comity_terms::Action;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The name of the Cedar entity type of a list: `data_category` is `DataCategory`.
pub(crate) fn entity_type(list: &str) -> String {
    list.split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect()
}

/// The schema as text, for people and provers; the same vocabulary gives the same bytes.
pub(crate) fn text(vocabulary: &Vocabulary) -> String {
    let mut out = String::from(
        "// Generated from the other files of this folder: see docs/pack-format.md, section 1.\n\n",
    );
    for (name, values) in lists(vocabulary) {
        let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        let _ = writeln!(out, "entity {name} enum [{}];", values.join(", "));
    }
    for action in vocabulary.actions.keys() {
        let _ = write!(
            out,
            "\naction {:?} appliesTo {{\n  principal: Party,\n  resource: Party,\n",
            action.as_str()
        );
        let _ = write!(out, "  context: {{\n    approvals: Set<Office>,\n");
        for (key, kind) in attributes(vocabulary, action) {
            let _ = match kind {
                Kind::One(name) => writeln!(out, "    {key}?: {name},"),
                Kind::SetOf(name) => writeln!(out, "    {key}?: Set<{name}>,"),
            };
        }
        out.push_str("  },\n};\n");
    }
    out
}

/// The same schema as Cedar's JSON: read ten times as fast as the text, whose every word goes through a lexer of its
/// own.
pub(crate) fn json(vocabulary: &Vocabulary) -> Json {
    let one = |name: &str| json!({ "type": "EntityOrCommon", "name": name });
    let set = |name: &str| json!({ "type": "Set", "element": one(name) });
    let entity_types: Map<String, Json> =
        lists(vocabulary).into_iter().map(|(name, values)| (name, json!({ "enum": values }))).collect();
    let mut actions = Map::new();
    for action in vocabulary.actions.keys() {
        let mut context = Map::new();
        context.insert("approvals".to_owned(), set("Office"));
        for (key, kind) in attributes(vocabulary, action) {
            let mut kind = match kind {
                Kind::One(name) => one(&name),
                Kind::SetOf(name) => set(&name),
            };
            kind["required"] = false.into();
            context.insert(key.to_owned(), kind);
        }
        let applies = json!({
            "principalTypes": ["Party"],
            "resourceTypes": ["Party"],
            "context": { "type": "Record", "attributes": context },
        });
        actions.insert(action.to_string(), json!({ "appliesTo": applies }));
    }
    json!({ "": { "entityTypes": entity_types, "actions": actions } })
}

/// The members of each entity type.
fn lists(vocabulary: &Vocabulary) -> BTreeMap<String, BTreeSet<&str>> {
    let mut lists: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    lists.insert("Party".into(), vocabulary.places.keys().map(|code| code.as_str()).collect());
    lists.insert("Office".into(), vocabulary.offices.keys().map(|office| office.as_str()).collect());
    for term in vocabulary.facts.values() {
        if let FactType::Enum(list) | FactType::Set(list) = &term.kind {
            let values = lists.entry(entity_type(list)).or_default();
            values.extend(vocabulary.lists[list].iter().map(String::as_str));
            if term.nullable && matches!(term.kind, FactType::Enum(_)) {
                values.insert(NONE);
            }
        }
    }
    lists
}

/// The Cedar type of an attribute.
enum Kind {
    One(String),
    SetOf(String),
}

/// The attributes that rules about `action` may name beside `approvals`, with their Cedar types.
fn attributes<'v>(
    vocabulary: &'v Vocabulary,
    action: &'v Action,
) -> impl Iterator<Item = (&'v str, Kind)> + 'v {
    vocabulary.facts.values().filter(|term| term.covers(action)).filter_map(|term| {
        let kind = match &term.kind {
            FactType::Bool => Kind::One("Bool".to_owned()),
            FactType::Long => Kind::One("Long".to_owned()),
            FactType::Enum(list) => Kind::One(entity_type(list)),
            FactType::Set(list) => Kind::SetOf(entity_type(list)),
            FactType::Party => Kind::One("Party".to_owned()),
            FactType::Parties => Kind::SetOf("Party".to_owned()),
            FactType::Text | FactType::Texts | FactType::Datetime | FactType::Record => return None,
        };
        Some((term.key.as_str(), kind))
    })
}

/// The member that stands for null in a list: asked, and there is none.
pub(crate) const NONE: &str = "none";

/// The Cedar types of what a request is made of.
pub(crate) fn entity_types<'t>(
    facts: impl Iterator<Item = &'t FactTerm>,
) -> Result<EntityTypes, Box<ParseErrors>> {
    // Each name once: Cedar's lexer is costly to start, and many facts share a list.
    let mut parsed: BTreeMap<String, EntityTypeName> = BTreeMap::new();
    let mut parse = |name: &str| -> Result<EntityTypeName, Box<ParseErrors>> {
        if let Some(held) = parsed.get(name) {
            return Ok(held.clone());
        }
        let fresh: EntityTypeName = name.parse().map_err(Box::new)?;
        Ok(parsed.entry(name.to_owned()).or_insert(fresh).clone())
    };
    let mut of_fact = Vec::new();
    for term in facts {
        of_fact.push(match &term.kind {
            FactType::Enum(list) | FactType::Set(list) => Some(parse(&entity_type(list))?),
            FactType::Party | FactType::Parties => Some(parse("Party")?),
            _ => None,
        });
    }
    Ok(EntityTypes { action: parse("Action")?, party: parse("Party")?, office: parse("Office")?, of_fact })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped;
    use cedar_policy::SchemaFragment;

    #[test]
    fn text_and_json_are_one_schema() {
        let vocabulary = Vocabulary::load(shipped()).unwrap();
        let (read, _) = SchemaFragment::from_cedarschema_str(&text(&vocabulary)).unwrap();
        // Cedar writes out what it would take for granted, so its own reading of ours is compared.
        let ours = SchemaFragment::from_json_value(json(&vocabulary)).unwrap();
        assert!(read.to_json_value().unwrap() == ours.to_json_value().unwrap());
    }
}
