//! STIX 2.0 read as STIX 2.1: what maps is upgraded, what does not is rejected with the reason.
//!
//! ```text
//! every object          spec_version 2.1
//! indicator … identity  labels -> indicator_types, malware_types, report_types, threat_actor_types, tool_types, roles
//! indicator             pattern_type stix; renamed properties and instants in the pattern
//! malware               is_family true: 2.0 names malware, and has no place for a sample of it
//! observed-data         objects -> object_refs; each observable an object of its own, its references to ids
//! ```
//! Properties that 2.1 no longer has stay where they are: the path table does not list them, so they are
//! withheld and reported like any other unknown. The id of an observable is a UUIDv5 of all that it says (STIX
//! 2.0 gives it none): equal ones become one object. One that refers to others says its place among them. Source: STIX 2.0 part 1 to 4, STIX 2.1 section 1.2 and 6;
//! docs/decisions says what was weighed.

use super::RejectionReason;
use crate::json::Node;
use crate::pattern;
use comity_terms::Digest;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The namespace of the ids that upgraded observables get, drawn once.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_42a7_93de_4b5c_a8e0_57d1_3b90_c264);

type Properties<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// What is wrong with an object, and at which of its properties.
type Fault = (&'static str, RejectionReason);

/// Whether an object is one of STIX 2.0. Observables of 2.1 may leave their version out; everything else has
/// `created`, and in 2.1 names its version.
pub(super) fn is_old(tree: &Node<'_>) -> bool {
    match tree.get("spec_version").and_then(Node::as_text) {
        Some(version) => version == "2.0",
        None => tree.get("created").is_some() || tree.get("created_by_ref").is_some(),
    }
}

/// The objects of STIX 2.1 that one of STIX 2.0 becomes: itself last, before it the observables that it held.
///
/// # Errors
/// A [`Fault`]; the caller rejects the object.
pub(super) fn upgrade(tree: Node<'_>) -> Result<Vec<Node<'_>>, Fault> {
    let Node::Object(mut properties) = tree else { return Err(("", RejectionReason::NotAnObject)) };
    let kind = text_of(&properties, "type").ok_or(("type", RejectionReason::NoType))?;
    version(&mut properties);
    if let Some(types) = labels_are(&kind) {
        rename(&mut properties, "labels", types);
        follow_labels(&mut properties, types);
    }
    let mut objects = Vec::new();
    match kind.as_ref() {
        "indicator" => {
            if let Some((_, Node::Text(text))) = properties.iter_mut().find(|(name, _)| name == "pattern") {
                *text = Cow::Owned(pattern::upgraded(text, &renamed));
            }
            give(&mut properties, "pattern_type", || text("stix"));
        }
        "malware" => give(&mut properties, "is_family", || Node::Literal(Cow::Borrowed("true"))),
        "observed-data" => objects = unpack(&mut properties)?,
        _ => {}
    }
    objects.push(Node::Object(properties));
    Ok(objects)
}

fn labels_are(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "identity" => "roles",
        "indicator" => "indicator_types",
        "malware" => "malware_types",
        "report" => "report_types",
        "threat-actor" => "threat_actor_types",
        "tool" => "tool_types",
        _ => return None,
    })
}

/// The name that a property of an observable has in STIX 2.1.
fn renamed(kind: &str, name: &str) -> Option<&'static str> {
    Some(match (kind, name) {
        ("file" | "directory", "created") => "ctime",
        ("file" | "directory", "modified") => "mtime",
        ("file" | "directory", "accessed") => "atime",
        ("process", "created") => "created_time",
        ("process", "binary_ref") => "image_ref",
        ("user-account", "password_last_changed") => "credential_last_changed",
        ("windows-registry-key", "modified") => "modified_time",
        _ => return None,
    })
}

/// Takes the observables out of an observed-data object and refers to them.
fn unpack<'a>(properties: &mut Properties<'a>) -> Result<Vec<Node<'a>>, Fault> {
    const AT: &str = "objects";
    let no = |why| (AT, RejectionReason::NotUpgraded(why));
    let Some(position) = properties.iter().position(|(name, _)| name == AT) else { return Ok(Vec::new()) };
    if properties.iter().any(|(name, _)| name == "object_refs") {
        return Err(no("it has both `objects` and `object_refs`"));
    }
    if selectors(properties).any(|selector| selector == AT || selector.starts_with("objects.")) {
        return Err(no("a granular marking speaks of an embedded observable"));
    }
    let Node::Object(embedded) = properties.remove(position).1 else {
        return Err(no("`objects` is no object"));
    };
    if embedded.is_empty() {
        return Err(no("`objects` is empty"));
    }
    let keys: HashSet<&str> = embedded.iter().map(|(key, _)| key.as_ref()).collect();
    let mut refers_on = Vec::with_capacity(embedded.len());
    for (_, observable) in &embedded {
        let mut named = Vec::new();
        references(observable, false, &mut named);
        if !named.iter().all(|key| keys.contains(key)) {
            return Err(no("an embedded observable refers to one that is not there"));
        }
        refers_on.push(!named.is_empty());
    }
    // References may lead in circles (a folder holds the file that lies in it): ids are there before them.
    let whole = Node::Object(embedded);
    let mut canonical = Vec::new();
    whole.write_canonical(&mut canonical);
    let graph = Digest::of(&canonical);
    let Node::Object(embedded) = whole else { return Err(no("`objects` is no object")) };
    let mut ids = HashMap::with_capacity(embedded.len());
    let mut observables = Vec::with_capacity(embedded.len());
    for ((key, node), refers_on) in embedded.into_iter().zip(refers_on) {
        let Node::Object(properties) = node else { return Err(no("an embedded observable is no object")) };
        let (kind, properties) =
            renewed(properties).ok_or_else(|| no("an embedded observable has no type"))?;
        let node = Node::Object(properties);
        let mut says = Vec::new();
        match refers_on {
            // What it says depends on others: it is itself in this observed data only.
            true => says.extend(graph.0.iter().chain(key.as_bytes())),
            false => node.write_canonical(&mut says),
        }
        let id = format!("{kind}--{}", Uuid::new_v5(&NAMESPACE, &says));
        ids.insert(key.into_owned(), id.clone());
        observables.push((id, node));
    }
    let mut seen = HashSet::new();
    let refs = observables.iter().filter(|(id, _)| seen.insert(id.as_str()));
    let refs = refs.map(|(id, _)| text(id)).collect();
    properties.insert(position, (Cow::Borrowed("object_refs"), Node::List(refs)));
    let finished = observables.into_iter().map(|(id, mut node)| {
        point(&mut node, false, &ids);
        if let Node::Object(properties) = &mut node {
            let at = properties.iter().position(|(name, _)| name == "type").map_or(0, |at| at + 1);
            properties.insert(at, (Cow::Borrowed("id"), Node::Text(Cow::Owned(id))));
            version(properties);
        }
        node
    });
    Ok(finished.collect())
}

/// The type of an observable, and its properties as STIX 2.1 names them.
fn renewed(mut properties: Properties<'_>) -> Option<(String, Properties<'_>)> {
    let kind = text_of(&properties, "type")?.into_owned();
    for (name, value) in &mut properties {
        if let Some(new) = renamed(&kind, name) {
            *name = Cow::Borrowed(new);
        }
        if let (true, Node::Object(hashes)) = (name == "hashes", &mut *value) {
            rename(hashes, "ssdeep", "SSDEEP");
        }
    }
    properties.retain(|(name, _)| name != "id" && name != "spec_version");
    Some((kind, properties))
}

/// The keys that the references within a value name.
fn references<'n>(node: &'n Node<'_>, is_reference: bool, named: &mut Vec<&'n str>) {
    match node {
        Node::Text(key) if is_reference => named.push(key),
        Node::List(items) => items.iter().for_each(|item| references(item, is_reference, named)),
        Node::Object(properties) => {
            for (name, value) in properties {
                references(value, refers(name), named);
            }
        }
        _ => {}
    }
}

/// Puts ids in place of the keys that the references within a value name.
fn point(node: &mut Node<'_>, is_reference: bool, ids: &HashMap<String, String>) {
    match node {
        Node::Text(key) if is_reference => {
            if let Some(id) = ids.get(key.as_ref()) {
                *key = Cow::Owned(id.clone());
            }
        }
        Node::List(items) => items.iter_mut().for_each(|item| point(item, is_reference, ids)),
        Node::Object(properties) => {
            for (name, value) in properties {
                point(value, refers(name), ids);
            }
        }
        _ => {}
    }
}

fn refers(name: &str) -> bool {
    (name.ends_with("_ref") || name.ends_with("_refs")) && !name.starts_with("x_")
}

fn text(word: &str) -> Node<'static> {
    Node::Text(Cow::Owned(word.to_owned()))
}

fn text_of<'a>(properties: &Properties<'a>, name: &str) -> Option<Cow<'a, str>> {
    properties.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.text())
}

/// Names the version, after the type.
fn version(properties: &mut Properties<'_>) {
    properties.retain(|(name, _)| name != "spec_version");
    let at = properties.iter().position(|(name, _)| name == "type").map_or(0, |at| at + 1);
    properties.insert(at, (Cow::Borrowed("spec_version"), text("2.1")));
}

fn give(properties: &mut Properties<'_>, name: &'static str, value: impl FnOnce() -> Node<'static>) {
    if !properties.iter().any(|(key, _)| key == name) {
        properties.push((Cow::Borrowed(name), value()));
    }
}

fn rename(properties: &mut Properties<'_>, from: &str, to: &'static str) {
    if properties.iter().any(|(name, _)| name == to) {
        return;
    }
    if let Some((name, _)) = properties.iter_mut().find(|(name, _)| name == from) {
        *name = Cow::Borrowed(to);
    }
}

fn selectors<'n>(properties: &'n Properties<'_>) -> impl Iterator<Item = &'n str> {
    let granular = properties.iter().find(|(name, _)| name == "granular_markings");
    let markings = granular.into_iter().flat_map(|(_, markings)| markings.items());
    markings.filter_map(|marking| marking.get("selectors")).flat_map(Node::items).filter_map(Node::as_text)
}

/// Selectors of `labels` follow them.
fn follow_labels(properties: &mut Properties<'_>, types: &str) {
    let granular = properties.iter_mut().filter(|(name, _)| name == "granular_markings");
    for marking in granular.flat_map(|(_, markings)| list_mut(markings)) {
        let Node::Object(marking) = marking else { continue };
        for selector in
            marking.iter_mut().filter(|(name, _)| name == "selectors").flat_map(|(_, s)| list_mut(s))
        {
            let Node::Text(selector) = selector else { continue };
            let rest =
                selector.strip_prefix("labels").filter(|rest| rest.is_empty() || rest.starts_with('.'));
            if let Some(rest) = rest {
                *selector = Cow::Owned(format!("{types}{rest}"));
            }
        }
    }
}

fn list_mut<'n, 'a>(node: &'n mut Node<'a>) -> &'n mut [Node<'a>] {
    match node {
        Node::List(items) => items,
        other => std::slice::from_mut(other),
    }
}

#[cfg(test)]
mod tests;
