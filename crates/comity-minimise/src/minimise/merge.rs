//! Objects that come to have the same id become one: what the later add is put in, each looked at once.
//!
//! Properties that the first lacks, references and markings that it does not name are added. What contradicts
//! it stays home and is reported. The work is linear in what is merged, however many objects become one.

use super::{lost_at, one};
use crate::bundle::Object;
use crate::json::Node;
use crate::withholding::{Ground, Withholding};
use comity_terms::Treatment;
use std::borrow::Cow;
use std::collections::HashMap;

const GRANULAR: &str = "granular_markings";

/// An object that others are merged into.
pub(super) struct Merging<'a> {
    properties: Vec<(Cow<'a, str>, Node<'a>)>,
    positions: HashMap<Cow<'a, str>, usize>,
    /// By position of a list: where each of its items stands, by its text.
    items: HashMap<usize, HashMap<Vec<u8>, usize>>,
    /// Whether anything was added.
    pub(super) changed: bool,
}

/// Where a property of a later object is now.
enum Place {
    /// Where it was.
    Same,
    /// Its items stand at these places.
    Items(Vec<usize>),
    /// Nowhere: it contradicts.
    Gone,
}

impl<'a> Merging<'a> {
    pub(super) fn new(first: Node<'a>) -> Self {
        let Node::Object(properties) = first else {
            return Self::new(Node::Object(Vec::new()));
        };
        let positions = properties.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        Self { properties, positions, items: HashMap::new(), changed: false }
    }

    /// Puts in what `later` adds, which was `source`.
    pub(super) fn add(&mut self, source: &Object<'_>, later: Node<'a>, report: &mut Vec<Withholding>) {
        report.push(one(source, "id", "reference", Treatment::Pseudonymise, Ground::Merged));
        let Node::Object(properties) = later else { return };
        let mut places = HashMap::new();
        let mut granular = None;
        for (name, value) in properties {
            if name == GRANULAR {
                granular = Some(value);
                continue;
            }
            let place = self.put(name.clone(), value);
            if matches!(place, Place::Gone) {
                let withheld = Treatment::WithholdProperty;
                report.push(one(source, &name, "unknown", withheld, Ground::Merged));
            }
            places.insert(name, place);
        }
        // Last: selectors follow what became of the other properties.
        if let Some(granular) = granular {
            let markings = granular.items().iter().enumerate();
            let followed: Vec<_> =
                markings.filter_map(|(at, marking)| follow(source, at, marking, &places, report)).collect();
            if !followed.is_empty() {
                self.put(Cow::Borrowed(GRANULAR), Node::List(followed));
            }
        }
    }

    pub(super) fn into_node(self) -> Node<'a> {
        Node::Object(self.properties)
    }

    fn put(&mut self, name: Cow<'a, str>, value: Node<'a>) -> Place {
        let Some(&position) = self.positions.get(&name) else {
            self.positions.insert(name.clone(), self.properties.len());
            self.properties.push((name, value));
            self.changed = true;
            return Place::Same;
        };
        match (&mut self.properties[position].1, value) {
            (held, value) if *held == value => Place::Same,
            (Node::List(held), Node::List(more)) if name.ends_with("_refs") || name == GRANULAR => {
                let known = self.items.entry(position).or_insert_with(|| {
                    held.iter().enumerate().map(|(at, item)| (text_of(item), at)).collect()
                });
                let mut places = Vec::with_capacity(more.len());
                for item in more {
                    let place = *known.entry(text_of(&item)).or_insert_with(|| {
                        held.push(item);
                        self.changed = true;
                        held.len() - 1
                    });
                    places.push(place);
                }
                Place::Items(places)
            }
            _ => Place::Gone,
        }
    }
}

fn text_of(item: &Node<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    item.write(&mut text);
    text
}

/// A granular marking of a later object with its selectors as they are in the merged one; `None` when none of
/// what it marked is left.
fn follow<'a>(
    source: &Object<'_>,
    at: usize,
    marking: &Node<'a>,
    places: &HashMap<Cow<'a, str>, Place>,
    report: &mut Vec<Withholding>,
) -> Option<Node<'a>> {
    let Node::Object(properties) = marking else { return None };
    let mut kept = Vec::with_capacity(properties.len());
    for (name, value) in properties {
        if name != "selectors" {
            kept.push((name.clone(), value.clone()));
            continue;
        }
        let mut selectors = Vec::new();
        for (index, selector) in value.items().iter().enumerate() {
            let path = format!("{GRANULAR}.[{at}].selectors.[{index}]");
            let mut tell = |treatment| report.push(one(source, &path, "marking", treatment, Ground::Follows));
            let text = selector.as_text().unwrap_or_default();
            match place_of(text, places) {
                Some(followed) => {
                    if followed != text {
                        tell(Treatment::Generalise);
                    }
                    selectors.push(Node::Text(Cow::Owned(followed)));
                }
                None => tell(Treatment::WithholdProperty),
            }
        }
        if selectors.is_empty() {
            report.push(lost_at(source, &format!("{GRANULAR}.[{at}]"), "marking", Ground::Follows));
            return None;
        }
        kept.push((name.clone(), Node::List(selectors)));
    }
    Some(Node::Object(kept))
}

/// The selector of the same value in the merged object.
fn place_of(selector: &str, places: &HashMap<Cow<'_, str>, Place>) -> Option<String> {
    let (name, rest) = selector.split_once('.').map_or((selector, None), |(name, rest)| (name, Some(rest)));
    match (places.get(name)?, rest) {
        (Place::Gone, _) => None,
        (Place::Same, _) | (Place::Items(_), None) => Some(selector.to_owned()),
        (Place::Items(places), Some(rest)) => {
            let (item, inside) = rest.split_once('.').map_or((rest, ""), |(item, inside)| (item, inside));
            let index: usize = item.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
            let dot = if inside.is_empty() { "" } else { "." };
            Some(format!("{name}.[{}]{dot}{inside}", places.get(index)?))
        }
    }
}

#[cfg(test)]
mod tests;
