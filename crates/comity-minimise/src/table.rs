//! The path table: what kind of data each STIX property is, and what is done to it by default.
//!
//! Owns reading `vocabulary/paths.toml` (its header says how to read a section) and finding the place of a
//! property. Strict: a key that is not known, a class that is not defined or a method that does not exist
//! is an error that names its line. What has no place is unknown, and unknown stays home.

use crate::bundle::split_id;
use crate::json::Node;
use crate::marking::{Codes, Policies};
use crate::method::{Coarsening, Token};
use crate::subject::IdentifierKind;
use crate::warning::WarningLists;
use comity_terms::{DataCategory, DataClass, Handling, Treatment};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

mod carried;
mod read;
mod words;

pub(crate) use words::Words;

/// The table that ships with Comity.
pub const SHIPPED: &str = include_str!("../../../vocabulary/paths.toml");

/// Why a path table was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path table, line {line}: {text}")]
pub struct TableError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub text: String,
}

/// A class of property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: DataClass,
    /// What it is, in a sentence.
    pub summary: String,
    /// The lightest treatment that it ever gets, unless a row says otherwise.
    pub treatment: Treatment,
    /// Whether it is about a person.
    pub personal: bool,
    /// Whether its values are looked for in the bundle's other strings.
    pub recurs: bool,
    /// Which of those values are looked for in it.
    pub scan: Scan,
    /// What a person is known by in it, where it holds that; an e-mail address is one wherever it stands.
    pub identifies: Option<IdentifierKind>,
}

/// Which treated values are looked for in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// None.
    #[default]
    Nothing,
    /// Those with an `@`.
    Contact,
    /// Those with an `@`, and those of several words.
    Names,
    /// All.
    All,
    /// All, and whoever else is named in it or can be reached by what stands in it.
    People,
}

/// What kind of STIX object a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A domain object.
    Domain,
    /// A relationship or a sighting.
    Relationship,
    /// A cyber observable.
    Observable,
    /// Language content and extension definitions.
    Meta,
    /// A marking definition.
    Marking,
}

pub(crate) type ClassIndex = usize;

/// What is done at one place.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub class: ClassIndex,
    pub treatment: Option<Treatment>,
    pub generalise: Option<Coarsening>,
    pub pseudonymise: Option<Token>,
    pub attacker: Option<ClassIndex>,
    pub unless: Option<Unless>,
    pub to: Vec<String>,
}

/// The class that a property has instead, when another property has one of these values.
#[derive(Debug, Clone)]
pub(crate) struct Unless {
    pub property: String,
    pub is: Vec<String>,
    pub class: ClassIndex,
}

/// A place in a type's tree of properties.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub row: Option<Row>,
    children: Words<String, Place>,
    any: Option<Box<Place>>,
    /// Children that the object at this place must not lose.
    pub require: Vec<String>,
    /// Children of which the object at this place must keep one.
    pub one_of: Vec<Vec<String>>,
}

impl Place {
    pub(crate) fn child(&self, name: &str) -> Option<&Place> {
        self.children.get(name).or(self.any.as_deref())
    }

    fn at(&mut self, path: &str) -> &mut Place {
        path.split('.').fold(self, |place, step| match step {
            "*" => place.any.get_or_insert_default(),
            step => place.children.entry(step.to_owned()).or_default(),
        })
    }
}

/// What one type becomes where a property would stay home.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Becomes {
    #[serde(rename = "type")]
    pub stix_type: String,
    pub instead_of: String,
    pub carries: Vec<String>,
    pub requires: String,
}

/// What an object is to law when no property of `class` is present.
#[derive(Debug)]
pub(crate) struct Without {
    pub class: String,
    pub category: DataCategory,
}

/// One STIX type.
#[derive(Debug)]
pub(crate) struct StixType {
    pub kind: Kind,
    pub category: DataCategory,
    pub category_impersonal: DataCategory,
    /// The category of an object that has no property of a class: a message without its content.
    pub without: Option<Without>,
    pub root: Place,
    pub id_from: Vec<String>,
    pub cited_by: Vec<String>,
    pub becomes: Option<Becomes>,
}

/// What the graph says about whom an object concerns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectRules {
    pub otherwise: String,
    pub author: String,
    pub attackers: HashSet<String>,
    pub target_of: BTreeMap<String, String>,
    pub reference: BTreeMap<String, String>,
    pub recipients: Recipients,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipients {
    pub paths: HashSet<String>,
}

/// The path table.
#[derive(Debug)]
pub struct PathTable {
    classes: Vec<Class>,
    pub(crate) types: Words<String, StixType>,
    pub(crate) subject: SubjectRules,
    handling: HashMap<String, Handling>,
    codes: Codes,
    policies: Policies,
    /// The lists that facts are found by: both gateways of an exchange read the same.
    warning: WarningLists,
    /// The classes whose values are ids of other objects.
    pub(crate) reference: ClassIndex,
    pub(crate) marking: ClassIndex,
}

impl PathTable {
    /// The table that ships with Comity.
    ///
    /// # Errors
    /// [`TableError`] only if the shipped file is broken, which a test excludes.
    pub fn shipped() -> Result<Self, TableError> {
        let mut table = Self::parse(SHIPPED)?;
        table.warning =
            WarningLists::shipped().map_err(|error| TableError { line: 1, text: error.to_string() })?;
        Ok(table)
    }

    /// The table that `text` holds.
    ///
    /// # Errors
    /// [`TableError`] names the line; callers refuse to start with such a table.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        read::table(text)
    }

    /// Every class, by name.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The warning lists that ship with the table.
    #[must_use]
    pub fn warning_lists(&self) -> &WarningLists {
        &self.warning
    }

    /// The handling of a marking that is known to the standard.
    #[must_use]
    pub fn handling(&self, marking_id: &str) -> Option<Handling> {
        self.handling.get(marking_id).copied()
    }

    /// The handling codes of police information exchange.
    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// What information exchange policies limit.
    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Whether the table has a section for the type.
    #[must_use]
    pub fn knows(&self, stix_type: &str) -> bool {
        self.types.contains_key(stix_type)
    }

    /// The class of this name.
    pub(crate) fn class_named(&self, name: &str) -> Option<ClassIndex> {
        self.classes.iter().position(|class| class.name.as_str() == name)
    }

    pub(crate) fn class(&self, index: ClassIndex) -> &Class {
        &self.classes[index]
    }

    /// Whether an id outside the bundle tells the value it was made from: a UUIDv5 of an observable, or of a
    /// type that is not known not to be one.
    pub(crate) fn guessable(&self, id: &str) -> bool {
        let Some((kind, uuid)) = split_id(id) else { return false };
        uuid.get_version_num() == 5
            && self.types.get(kind).is_none_or(|stix_type| stix_type.kind == Kind::Observable)
    }

    /// The class that a property has in this object.
    pub(crate) fn class_of(&self, row: &Row, object: &Node<'_>, attacker: bool) -> ClassIndex {
        if attacker && let Some(class) = row.attacker {
            return class;
        }
        let Some(unless) = &row.unless else { return row.class };
        let value = object.get(&unless.property).and_then(Node::as_text).unwrap_or_default();
        let is = |word: &String| value == word || split_id(value).is_some_and(|(kind, _)| kind == word);
        if unless.is.iter().any(is) { unless.class } else { row.class }
    }
}

#[cfg(test)]
mod tests;
