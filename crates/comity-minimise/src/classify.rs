//! Facts about each object, as found in it: before any treatment, without any key.
//!
//! | key | value |
//! |---|---|
//! | `data_category` | from the path table, by type, by what is present and by whether a person is concerned; `other` for a type that is not listed |
//! | `personal_data` | whether any property present is about a person who is not the attacker's side, or a free text tells of one |
//! | `subject_status` | whom it concerns, from the graph; only where it is personal |
//! | `likely_names_present` | true where words in a free text read like a name and nothing explains them |
//! | `touches_untargeted` | true where an indicator, or what lies on the attacker's side, is on a warning list |
//! | `marking` | the strictest handling that its markings ask for; only where there is one |
//! | `handling_code` | the handling code of police information exchange that its markings carry; only where there is one |
//! | `iep` | what the exchange policies that it is marked with limit, and words of the Permissible Actions Protocol; only where there is one |
//!
//! Deliberately absent: sensitive categories, vulnerability and privilege. Structure does not tell them, so
//! they stay for an officer to say, and a law that needs them finds them missing and refuses.

use crate::bundle::{Bundle, Object};
use crate::graph::Subjects;
use crate::json::Node;
use crate::marking::{Policy, markings};
use crate::method::{Token, finds};
use crate::table::{PathTable, Place, Row};
use crate::warning::of_object;
use comity_terms::beside::in_halves;
use comity_terms::{Asserter, Facts, Handling};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

mod texts;

pub(crate) use texts::{CLEAR, Texts};

/// One object's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Its position in [`Bundle::objects`].
    pub index: usize,
    /// Its id.
    pub id: String,
    /// What was found, all asserted as detected; shared by all that it was found in.
    pub facts: Arc<Facts>,
}

/// The objects that have equal facts: what one question is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactClass {
    /// Their facts.
    pub facts: Facts,
    /// Their positions in [`Bundle::objects`], in order.
    pub objects: Vec<usize>,
}

/// The facts of every object, in the order of the bundle.
#[must_use]
pub fn classify(bundle: &Bundle<'_>, table: &PathTable) -> Vec<ObjectFacts> {
    found(bundle, table, true)
}

/// The facts of every object as releases found them that did not look into free texts: to understand what such a one says.
#[must_use]
pub fn classify_properties(bundle: &Bundle<'_>, table: &PathTable) -> Vec<ObjectFacts> {
    found(bundle, table, false)
}

/// The facts of every object alone, in the order of the bundle: as [`classify`] finds them.
#[must_use]
pub fn facts(bundle: &Bundle<'_>, table: &PathTable) -> Vec<Arc<Facts>> {
    facts_of(bundle, table, true)
}

fn found(bundle: &Bundle<'_>, table: &PathTable, texts_too: bool) -> Vec<ObjectFacts> {
    let facts = facts_of(bundle, table, texts_too).into_iter();
    let objects = bundle.objects().iter().zip(facts).enumerate();
    objects.map(|(index, (object, facts))| ObjectFacts { index, id: object.id().to_owned(), facts }).collect()
}

fn facts_of(bundle: &Bundle<'_>, table: &PathTable, texts_too: bool) -> Vec<Arc<Facts>> {
    let subjects = Subjects::read(bundle, table, &|_| true);
    let markings = markings(bundle, table);
    let tell = |index: usize| {
        let object = &bundle.objects()[index];
        let texts = texts_too.then(|| object.texts(table));
        let personal = is_personal(object, table, &subjects)
            || texts.is_some_and(|texts| texts.tell_of_a_person(table, &subjects));
        Told {
            personal,
            category: category(object, table, personal),
            status: personal.then(|| subjects.status(object.ident(), table)),
            likely_names: texts.is_some_and(|texts| texts.likely_names),
            untargeted: !of_object(index, object, &subjects, table.warning_lists()).is_empty(),
            marking: markings[index].strictest,
            code: markings[index].code,
            policy: markings[index].policy.clone(),
        }
    };
    let mut shared: HashMap<Told<'_>, Arc<Facts>> = HashMap::new();
    in_halves(bundle.objects().len(), tell)
        .into_iter()
        .map(|told| Arc::clone(shared.entry(told).or_insert_with_key(|told| Arc::new(told.facts()))))
        .collect()
}

/// What can be told of an object.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Told<'t> {
    personal: bool,
    category: &'t str,
    status: Option<&'t str>,
    likely_names: bool,
    untargeted: bool,
    marking: Option<Handling>,
    code: Option<&'t str>,
    policy: Option<Arc<Policy>>,
}

impl Told<'_> {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        let mut state = |key: &str, value: comity_terms::Value| facts.know(key, value, Asserter::Detected);
        state("personal_data", self.personal.into());
        state("data_category", self.category.into());
        if let Some(status) = self.status {
            state("subject_status", status.into());
        }
        if self.likely_names {
            state("likely_names_present", true.into());
        }
        if self.untargeted {
            state("touches_untargeted", true.into());
        }
        if let Some(handling) = self.marking {
            state("marking", handling.as_str().into());
        }
        if let Some(code) = self.code {
            state("handling_code", code.into());
        }
        if let Some(policy) = &self.policy {
            let fields = policy.iter().map(|(field, said)| (field.clone(), said.as_str().into()));
            state("iep", comity_terms::Value::Record(fields.collect()));
        }
        facts
    }
}

/// What the object is to law: by its type, by what is present of it, and by whether a person is concerned.
fn category<'t>(object: &Object<'_>, table: &'t PathTable, personal: bool) -> &'t str {
    let Some(stix_type) = table.types.get(object.stix_type()) else { return UNLISTED };
    match &stix_type.without {
        Some(without) if !has_class(object, table, &stix_type.root, &without.class) => {
            without.category.as_str()
        }
        _ if personal => stix_type.category.as_str(),
        _ => stix_type.category_impersonal.as_str(),
    }
}

fn has_class(object: &Object<'_>, table: &PathTable, root: &Place, class: &str) -> bool {
    any(object.tree(), root, &|row, _| {
        table.class(table.class_of(row, object.tree(), false)).name.as_str() == class
    })
}

/// The category of a type that the table does not list: no rule names it.
const UNLISTED: &str = "other";

/// The classes of equal facts, in the order of their facts.
#[must_use]
pub fn classes(facts: Vec<ObjectFacts>) -> Vec<FactClass> {
    let mut classes: BTreeMap<Arc<Facts>, Vec<usize>> = BTreeMap::new();
    for object in facts {
        classes.entry(object.facts).or_default().push(object.index);
    }
    classes
        .into_iter()
        .map(|(facts, objects)| FactClass { facts: Arc::unwrap_or_clone(facts), objects })
        .collect()
}

/// Whether a property that the table lists is about a person. A type that the table does not list tells
/// nothing: it stays home whole, and counts as personal until then.
pub(crate) fn is_personal(object: &Object<'_>, table: &PathTable, subjects: &Subjects) -> bool {
    let Some(stix_type) = table.types.get(object.stix_type()) else { return true };
    let attacker = subjects.is_attacker(object.ident());
    let personal = |row: &Row, value: &Node<'_>| {
        let class = table.class(table.class_of(row, object.tree(), attacker));
        let present = match (row.pseudonymise, value) {
            (Some(Token::Pattern), Node::Text(_)) => object
                .literals()
                .iter()
                .any(|literal| literal.steps().any(|step| table.subject.recipients.paths.contains(&*step))),
            (Some(method), Node::Text(text)) if method.is_partial() => {
                finds(method, text, &|value| subjects.is_cited(value))
            }
            _ => true,
        };
        class.personal && present
    };
    any(object.tree(), &stix_type.root, &personal)
}

/// Whether `test` holds at any value that has a row.
fn any(node: &Node<'_>, place: &Place, test: &dyn Fn(&Row, &Node<'_>) -> bool) -> bool {
    match node {
        Node::List(items) => items.iter().any(|item| any(item, place, test)),
        node => {
            let here = place.row.as_ref().is_some_and(|row| test(row, node));
            let Node::Object(properties) = node else { return here };
            here || properties
                .iter()
                .any(|(name, value)| place.child(name).is_some_and(|place| any(value, place, test)))
        }
    }
}

#[cfg(test)]
mod tests;
