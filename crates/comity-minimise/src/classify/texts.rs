//! What the free texts of an object tell of people: found once, for facts and for treatment alike.

use crate::bundle::Object;
use crate::graph::Subjects;
use crate::json::Node;
use crate::scrub::people::class_of;
use crate::table::{PathTable, Place, Row, Scan};
use crate::text::{Label, detect};
use std::fmt;

/// What the detector found in the free texts of one object, before any treatment.
#[derive(Default)]
pub(crate) struct Texts {
    /// What was found, with the value as it stands there.
    found: Vec<(Label, String)>,
    /// Whether words read like a name and nothing explains them.
    pub likely_names: bool,
}

/// What texts tell in which nobody is.
pub(crate) static CLEAR: Texts = Texts { found: Vec::new(), likely_names: false };

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} found", self.found.len())
    }
}

impl Texts {
    /// Reads every text in which the table has people looked for, whatever the class that the graph gives it.
    pub(crate) fn read(object: &Object<'_>, table: &PathTable) -> Self {
        let mut texts = Self::default();
        if let Some(stix_type) = table.types.get(object.stix_type()) {
            texts.within(object.tree(), &stix_type.root, table);
        }
        texts
    }

    /// Whether nobody is in them, and nobody seems to be.
    pub(crate) fn are_clear(&self) -> bool {
        self.found.is_empty() && !self.likely_names
    }

    /// Whether they tell of a person; what a pattern cites is the attacker's.
    pub(crate) fn tell_of_a_person(&self, table: &PathTable, subjects: &Subjects) -> bool {
        self.found.iter().any(|(label, value)| {
            let class = table.class_named(class_of(*label));
            class.is_none_or(|class| table.class(class).personal) && !subjects.is_cited(value)
        })
    }

    fn within(&mut self, node: &Node<'_>, place: &Place, table: &PathTable) {
        match node {
            Node::List(items) => items.iter().for_each(|item| self.within(item, place, table)),
            Node::Object(properties) => {
                for (name, value) in properties {
                    if let Some(place) = place.child(name) {
                        self.within(value, place, table);
                    }
                }
            }
            leaf => {
                if let (Some(row), Some(text)) = (&place.row, leaf.as_text())
                    && is_looked_into(row, table)
                {
                    self.text(text);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        let found = detect(text);
        self.likely_names |= !found.likely_names.is_empty();
        let values = found.spans.iter().map(|span| (span.label, text[span.start..span.end].to_owned()));
        self.found.extend(values);
    }
}

/// Whether people are looked for in what a row speaks of, in any of the classes that it can have.
fn is_looked_into(row: &Row, table: &PathTable) -> bool {
    let others = row.attacker.into_iter().chain(row.unless.as_ref().map(|unless| unless.class));
    std::iter::once(row.class).chain(others).any(|class| table.class(class).scan == Scan::People)
}
