//! Markings: the handling that each object asks for.
//!
//! Reads the Traffic Light Protocol, version 1 and 2: by the ids known to the standard, by the definition in
//! the bundle. A marking that is neither known nor in the bundle could say anything, so it counts as the
//! strictest handling; one that is there and says nothing about handling (a statement) asks for none.

use crate::bundle::{Bundle, Object};
use crate::json::Node;
use crate::table::PathTable;
use comity_terms::Handling;
use std::collections::HashMap;

/// What an object's markings ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Markings {
    /// The strictest marking of the object as a whole; `None` when it has none.
    pub object: Option<Handling>,
    /// The strictest marking of the object or of any part of it.
    pub strictest: Option<Handling>,
}

/// The markings of every object, in the order of the bundle.
#[must_use]
pub fn markings(bundle: &Bundle<'_>, table: &PathTable) -> Vec<Markings> {
    let defined: HashMap<&str, Option<Handling>> = bundle
        .objects()
        .iter()
        .filter(|object| object.stix_type() == "marking-definition")
        .map(|object| (object.id(), definition(object)))
        .collect();
    let handling =
        |id: &str| table.handling(id).or_else(|| defined.get(id).copied().unwrap_or(Some(Handling::Red)));
    let strictest = |ids: &mut dyn Iterator<Item = &str>| ids.filter_map(handling).max();
    let of = |object: &Object<'_>| {
        let refs = object.tree().get("object_marking_refs");
        let whole = strictest(&mut refs.iter().flat_map(|refs| refs.items()).filter_map(Node::as_text));
        let granular = object.tree().get("granular_markings");
        let parts = granular.iter().flat_map(|list| list.items());
        let parts = strictest(&mut parts.filter_map(|part| part.get("marking_ref")?.as_text()));
        Markings { object: whole, strictest: whole.max(parts) }
    };
    bundle.objects().iter().map(of).collect()
}

fn definition(object: &Object<'_>) -> Option<Handling> {
    let tree = object.tree();
    let tlp1 = || tree.get("definition")?.get("tlp")?.as_text();
    let tlp2 = || match tree.get("extensions")? {
        Node::Object(extensions) => extensions.iter().find_map(|(_, value)| value.get("tlp_2_0")?.as_text()),
        _ => None,
    };
    let word = tlp1().or_else(tlp2)?.to_uppercase();
    // A level that is not on the scale is stricter than any that is known.
    let word = if word == "WHITE" { "CLEAR" } else { &word };
    Some(format!("TLP:{word}").parse().unwrap_or(Handling::Red))
}

#[cfg(test)]
mod tests;
