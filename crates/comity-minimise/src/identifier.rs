//! Ids of observables: UUIDv5 over the ID-contributing properties, so that an id tells no more than these.
//!
//! ```text
//! <type>--UUIDv5(00abedb4-aa42-466c-9c01-fed23315a9b7, JCS({contributing properties that are there}))
//! ```
//! Source: STIX 2.1 section 2.9; of a dictionary of hashes only the first of MD5, SHA-1, SHA-256, SHA-512
//! contributes, else the first by name.

use crate::json::Node;
use comity_terms::Entropy;
use std::borrow::Cow;
use uuid::{Builder, Uuid};

const NAMESPACE: Uuid = Uuid::from_u128(0x00abedb4_aa42_466c_9c01_fed23315a9b7);
const HASHES_FIRST: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The id of an observable of this type with these properties; `None` when none of them contributes.
pub(crate) fn derived(stix_type: &str, contributing: &[String], tree: &Node<'_>) -> Option<String> {
    let canonical = contribution(contributing, tree)?;
    Some(format!("{stix_type}--{}", Uuid::new_v5(&NAMESPACE, &canonical)))
}

/// A random id.
pub(crate) fn random(stix_type: &str, entropy: &mut dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    format!("{stix_type}--{}", Builder::from_random_bytes(bytes).into_uuid())
}

/// Whether an id is made from a name (UUID version 3 or 5): whoever guesses the name can check the guess.
pub(crate) fn is_from_name(id: &str) -> bool {
    let uuid = id.rsplit_once("--").and_then(|(_, uuid)| Uuid::parse_str(uuid).ok());
    uuid.is_some_and(|uuid| matches!(uuid.get_version_num(), 3 | 5))
}

/// The canonical text of what contributes to the id; `None` when nothing does.
pub(crate) fn contribution(contributing: &[String], tree: &Node<'_>) -> Option<Vec<u8>> {
    let properties: Vec<_> = contributing
        .iter()
        .filter_map(|name| {
            let value = tree.get(name)?;
            let value = if name == "hashes" { first_hash(value)? } else { value.clone() };
            Some((Cow::Borrowed(name.as_str()), value))
        })
        .collect();
    if properties.is_empty() {
        return None;
    }
    let mut canonical = Vec::new();
    Node::Object(properties).write_canonical(&mut canonical);
    Some(canonical)
}

fn first_hash<'n>(hashes: &Node<'n>) -> Option<Node<'n>> {
    let Node::Object(entries) = hashes else { return None };
    let preferred = HASHES_FIRST.iter().find_map(|name| entries.iter().find(|(key, _)| key == name));
    let (name, value) = preferred.or_else(|| entries.iter().min_by(|(a, _), (b, _)| a.cmp(b)))?;
    Some(Node::Object(vec![(name.clone(), value.clone())]))
}

#[cfg(test)]
mod tests;
