//! The Cedar schema, generated: one record of context per action, every fact an optional attribute.

use super::{EntityTypes, FactTerm, FactType, Vocabulary};
use cedar_policy::{EntityTypeName, ParseErrors};
use comity_terms::Action;
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

/// The schema as text; the same vocabulary gives the same bytes.
pub(crate) fn generate(vocabulary: &Vocabulary) -> String {
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
    let mut out = String::from(
        "// Generated from the other files of this folder: see docs/pack-format.md, section 1.\n\n",
    );
    for (name, values) in &lists {
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
            let _ = writeln!(out, "    {key}?: {kind},");
        }
        out.push_str("  },\n};\n");
    }
    out
}

/// The attributes that rules about `action` may name beside `approvals`, with their Cedar types.
fn attributes<'v>(
    vocabulary: &'v Vocabulary,
    action: &'v Action,
) -> impl Iterator<Item = (&'v str, String)> + 'v {
    vocabulary.facts.values().filter(|term| term.covers(action)).filter_map(|term| {
        let kind = match &term.kind {
            FactType::Bool => "Bool".to_owned(),
            FactType::Long => "Long".to_owned(),
            FactType::Enum(list) => entity_type(list),
            FactType::Set(list) => format!("Set<{}>", entity_type(list)),
            FactType::Party => "Party".to_owned(),
            FactType::Parties => "Set<Party>".to_owned(),
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
