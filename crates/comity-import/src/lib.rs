//! Other formats to STIX 2.1 bundles: CISA's catalogue of exploited vulnerabilities, incidents in VERIS.
//!
//! Owns the shape of these formats and which STIX object carries which part of them, and what every importer shares,
//! MISP's (`comity-misp`) too: bounds, ids, times, TLP, the list of what is left. Leaves deciding, minimising and
//! sending to the other rooms, which see only STIX. Pure: no clock, no randomness, no files; ids are derived from
//! content. Knows no law.
//!
//! ```text
//! JSON ─> read      within bounds
//!      ─> shape     as its format says; what is wrong is refused, by where it stands
//!      ─> kev, veris ─> writer ─> bundle
//!                └─> left: what is not carried, where it stood, why
//! ```
//!
//! Invariants: the same input gives the same bundle; nothing is dropped in silence; nothing lies in a property of our
//! own (`x_…`), which would stay home; a label holds closed words, numbers and days only, since labels are not scanned
//! for persons: any other text stands where texts do, in a description or a note.

pub mod id;
pub mod kev;
pub mod left;
pub mod marking;
pub mod read;
mod shape;
pub mod time;
pub mod value;
pub mod veris;
pub mod writer;

pub use left::{Left, Reason};
pub use read::{Limits, Unread};
pub use shape::Trouble;

use serde_json::{Map, Value, json};

/// What an import gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// A STIX 2.1 bundle.
    pub bundle: Value,
    /// How many vulnerabilities or incidents there were.
    pub count: usize,
    /// What was not carried, by where it stood.
    pub left: Vec<Left>,
}

/// Why a document was not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It was not read at all.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// JSON, and not of the format.
    #[error("{0}")]
    Other(&'static str),
    /// One incident names more than this of what is related with each other.
    #[error("more than {0} actors, names, countries or vulnerabilities in one place of an incident")]
    TooManyRelated(usize),
    /// Not as its format says: the first troubles by where they stand, and how many more there are.
    #[error("{}", told(.0, *.1))]
    Wrong(Vec<Trouble>, usize),
}

fn told(troubles: &[Trouble], more: usize) -> String {
    let mut text = troubles.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// An object of STIX with what all of them have.
fn new_object(id: &str, created: &str, modified: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(id::kind(id)));
    object.insert("spec_version".to_owned(), json!("2.1"));
    object.insert("id".to_owned(), json!(id));
    object.insert("created".to_owned(), json!(created));
    object.insert("modified".to_owned(), json!(modified));
    object
}

/// A relationship of an id derived from its ends, with both its times.
fn relationship(verb: &str, from: &str, to: &str, created: &str, modified: &str) -> Map<String, Value> {
    let id = format!("relationship--{}", id::derived(&["import", verb, from, to]));
    let mut link = new_object(&id, created, modified);
    link.insert("relationship_type".to_owned(), json!(verb));
    link.insert("source_ref".to_owned(), json!(from));
    link.insert("target_ref".to_owned(), json!(to));
    link
}

/// The bundle of what was written, of an id derived from `parts`.
fn bundle(parts: &[&str], writer: writer::Writer, count: usize) -> Imported {
    let (objects, left) = writer.end();
    let bundle = format!("bundle--{}", id::derived(parts));
    Imported { bundle: json!({ "type": "bundle", "id": bundle, "objects": objects }), count, left }
}
