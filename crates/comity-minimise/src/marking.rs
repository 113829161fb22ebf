//! Markings: the handling that each object asks for.
//!
//! Reads the Traffic Light Protocol, version 1 and 2, also where an Information Exchange Policy (IEP 2.0) names it: by the ids
//! known to the standard, by the definition in the bundle. Reads what such a policy limits, and words of the Permissible Actions
//! Protocol, which limit as it does. Reads the handling codes of police information exchange, by a
//! property of their own or in a statement that names them. A marking that is neither known nor in the bundle could say
//! anything, so it counts as the strictest of both; one that is there and says nothing about handling (a statement) asks for
//! none; a word that is on no scale is stricter than any that is.

use crate::bundle::{Bundle, Object};
use crate::json::Node;
use crate::table::PathTable;
use codes::Code;
use comity_terms::Handling;
use std::collections::HashMap;
use std::sync::Arc;

mod codes;
mod policies;

pub(crate) use codes::Codes;
pub(crate) use policies::{Policies, Policy};

/// What an object's markings ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Markings<'t> {
    /// The strictest marking of the object as a whole; `None` when it has none.
    pub object: Option<Handling>,
    /// The strictest marking of the object or of any part of it.
    pub strictest: Option<Handling>,
    /// The handling code of the object or of any part of it, in the table's words; `None` when it has none. Of two that are
    /// not comparable it is one that is no looser than either.
    pub code: Option<&'t str>,
    /// What the exchange policies of the object and of any part of it limit: each field as the strictest of them says it;
    /// `None` when it has none.
    pub(crate) policy: Option<Arc<Policy>>,
}

/// What one marking asks for.
#[derive(Debug, Clone, Default)]
struct Asks {
    handling: Option<Handling>,
    code: Option<Code>,
    policy: Option<Policy>,
}

/// The markings of every object, in the order of the bundle.
#[must_use]
pub fn markings<'t>(bundle: &Bundle<'_>, table: &'t PathTable) -> Vec<Markings<'t>> {
    let (codes, policies) = (table.codes(), table.policies());
    let defined: HashMap<&str, Asks> = bundle
        .objects()
        .iter()
        .filter(|object| object.stix_type() == "marking-definition")
        .map(|object| (object.id(), definition(object, table)))
        .collect();
    // Where there is no policy to read, the handling is as strict as any.
    let unknown = Asks { handling: Some(Handling::Red), code: Some(codes.strictest()), policy: None };
    let asks = |id: &str| match table.handling(id) {
        Some(handling) => Asks { handling: Some(handling), ..Asks::default() },
        None => defined.get(id).unwrap_or(&unknown).clone(),
    };
    let joined = |ids: &mut dyn Iterator<Item = &str>| {
        ids.map(asks).fold(Asks::default(), |one, other| Asks {
            handling: one.handling.max(other.handling),
            code: codes.join(one.code, other.code),
            policy: policies.join(one.policy, other.policy),
        })
    };
    let of = |object: &Object<'_>| {
        let refs = object.tree().get("object_marking_refs");
        let whole = joined(&mut refs.iter().flat_map(|refs| refs.items()).filter_map(Node::as_text));
        let granular = object.tree().get("granular_markings");
        let parts = granular.iter().flat_map(|list| list.items());
        let parts = joined(&mut parts.filter_map(|part| part.get("marking_ref")?.as_text()));
        // A code that is defined here is one of the definition too: it goes nowhere without what it binds.
        let own = defined.get(object.id()).cloned().unwrap_or_default();
        let code = codes.join(codes.join(whole.code, parts.code), own.code);
        let policy = policies.join(policies.join(whole.policy, parts.policy), own.policy);
        Markings {
            object: whole.handling,
            strictest: whole.handling.max(parts.handling),
            code: code.map(|code| codes.word(code)),
            policy: policy.map(Arc::new),
        }
    };
    bundle.objects().iter().map(of).collect()
}

fn definition(object: &Object<'_>, table: &PathTable) -> Asks {
    let codes = table.codes();
    let tree = object.tree();
    let definition = tree.get("definition");
    let code = codes.asked(tree);
    let tlp1 = || definition?.get("tlp")?.as_text();
    let iep = || definition?.get("iep")?.get("tlp")?.as_text();
    let tlp2 = || match tree.get("extensions")? {
        Node::Object(extensions) => extensions.iter().find_map(|(_, value)| value.get("tlp_2_0")?.as_text()),
        _ => None,
    };
    // What an agreement that reads no handling codes makes of one.
    let by_code = code.map(|_| codes.elsewhere());
    let word = tlp1().or_else(iep).or_else(tlp2).map(str::to_uppercase);
    let by_word = word.map(|word| {
        let word = if word == "WHITE" { "CLEAR" } else { &word };
        // A level that is not on the scale is stricter than any that is known.
        format!("TLP:{word}").parse().unwrap_or(Handling::Red)
    });
    Asks { handling: by_word.max(by_code), code, policy: table.policies().asked(tree) }
}

#[cfg(test)]
mod tests;
