//! What is not carried: where it stood, how often, and why.

use std::collections::BTreeMap;
use std::fmt;

/// Why something was not carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It has a meaning only on the server that wrote it: its numbering, counters, correlations, accounts.
    Local,
    /// A tag or cluster that its owner marked as not to leave the server.
    LocalTag,
    /// It belongs to a shared library (taxonomies, galaxies), which its reader has.
    Library,
    /// A proposal, which its event's owner has not accepted.
    Proposal,
    /// It points to what is not in the event.
    PointsNowhere,
    /// Its uuid is another thing's too: it is carried under a derived one.
    Twice,
    /// It is not what its place asks for.
    Unreadable,
    /// The other format has no place for it.
    NoPlace,
    /// Its own format has no such property.
    NoProperty,
    /// Its own format has no such word at its place.
    NoWord,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "has a meaning only on the server that wrote it",
            Self::LocalTag => "is marked as local: it does not leave its server",
            Self::Library => "belongs to a library that its reader has",
            Self::Proposal => "is a proposal that the owner of the event has not accepted",
            Self::PointsNowhere => "points to what is not in the event",
            Self::Twice => "has the uuid of another thing, and is carried under a derived one",
            Self::Unreadable => "is not what its place asks for",
            Self::NoPlace => "has no place in the other format",
            Self::NoProperty => "is no property that its format has there",
            Self::NoWord => "is no word that its format has there",
        })
    }
}

/// One kind of thing that was not carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Where the first of them stood: `Event[0].Attribute[3].id`, the id of a STIX object and a property, or a JSON
    /// pointer (RFC 6901).
    pub path: String,
    /// How many of its kind there were, in like places.
    pub count: usize,
    /// Why.
    pub reason: Reason,
}

/// Collects what is left, one line for each kind of place.
#[derive(Debug, Default)]
pub struct Lefts(BTreeMap<(String, Reason), (String, usize)>);

impl Lefts {
    /// Notes that what stood at `path` is not carried.
    pub fn add(&mut self, path: &str, reason: Reason) {
        let entry = self.0.entry((pattern(path), reason)).or_insert_with(|| (path.to_owned(), 0));
        entry.1 += 1;
    }

    /// One line for each kind of place, by place.
    #[must_use]
    pub fn into_list(self) -> Vec<Left> {
        let lines = self.0.into_iter();
        lines.map(|((_, reason), (path, count))| Left { path, count, reason }).collect()
    }
}

/// The path without its indexes, and without the uuid of an id.
fn pattern(path: &str) -> String {
    if let Some(pointer) = path.strip_prefix('/') {
        let is_name = |step: &&str| !step.bytes().all(|byte| byte.is_ascii_digit());
        return format!("/{}", pointer.split('/').filter(is_name).collect::<Vec<_>>().join("/"));
    }
    let mut out = String::new();
    let mut inside = false;
    let path = match path.split_once("--") {
        Some((kind, rest)) => format!("{kind}--{}", rest.get(36..).unwrap_or_default()),
        None => path.to_owned(),
    };
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}
