//! VERIS incidents to STIX 2.1.
//!
//! | VERIS | STIX 2.1 |
//! |---|---|
//! | incident | `incident`; `summary` its description, `confidence` its confidence, its id and `reference` external references |
//! | victim | `identity` of an organisation with its sector, `located-at` a `location` |
//! | actor | `threat-actor`, with types and motivations where STIX has them, `located-at` a `location`, `targets` the victim |
//! | malware | `malware`, with its types |
//! | hacking, social, misuse, physical | an `attack-pattern` for each variety, the same object in every bundle |
//! | `cve` | `vulnerability`, which malware `exploits` and attack patterns `targets` |
//! | `ioc` | `indicator`, `related-to` the incident, where its form says what it is; else a `note` |
//! | `campaign_id` | `campaign` |
//! | every other closed word, number and code | label `veris:<place>="…"` of what it is said of |
//! | every other text | `note` about what it is said of |
//! | when | label `veris:timeline.incident="2016-09"`, as coarse as it is said |
//!
//! An incident bears no marking in VERIS, and none here: the officer says how it is handled.

mod action;
mod incident;
mod ioc;
mod party;
mod said;
mod shape;
mod story;
mod words;

use crate::left::{Lefts, Reason};
use crate::shape::Findings;
use crate::writer::Writer;
use crate::{ImportError, Imported, Limits, bundle};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Incidents that are to be one bundle, document by document.
#[derive(Debug, Default)]
pub struct Import {
    limits: Limits,
    writer: Writer,
    ids: Vec<String>,
    seen: HashSet<String>,
}

impl Import {
    /// An import that reads each document within `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds a document: one incident, a list of them, or one under `incident`, as VERIS's own tests have it.
    ///
    /// # Errors
    /// [`ImportError`], with each trouble by its JSON pointer; the import is not to be used further.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        let document = crate::read::parse(bytes, &self.limits, &[])?;
        let mut found = Findings::after(std::mem::take(&mut self.writer.left));
        let mut read = Vec::new();
        match document {
            Value::Array(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    read.extend(incident(item, &format!("/{index}"), &mut found)?);
                }
            }
            one => read.extend(incident(one, "", &mut found)?),
        }
        for (at, map) in &read {
            if !self.seen.insert(story::seed_of(map)) {
                found.trouble(&format!("{at}/incident_id"), "was there before");
            }
        }
        self.writer.left = found.end()?;
        for (at, map) in read {
            self.ids.push(incident::convert(map, at, &mut self.writer));
            if self.writer.overrun {
                return Err(ImportError::TooManyRelated(story::RELATED_MAX));
            }
        }
        Ok(())
    }

    /// A STIX 2.1 bundle of all incidents. The same documents give the same bundle. What is not carried is listed.
    #[must_use]
    pub fn finish(self) -> Imported {
        let count = self.ids.len();
        let seed: Vec<&str> = std::iter::once("veris").chain(self.ids.iter().map(String::as_str)).collect();
        bundle(&seed, self.writer, count)
    }
}

/// The bundle of one document; see [`Import`].
///
/// # Errors
/// [`ImportError`], and nothing is converted.
pub fn to_stix(bytes: &[u8], limits: &Limits) -> Result<Imported, ImportError> {
    let mut import = Import::new(*limits);
    import.add(bytes)?;
    Ok(import.finish())
}

/// Where an incident stands in its document, and what it says.
type Placed = (String, Map<String, Value>);

/// One incident held against its shape.
fn incident(value: Value, at: &str, found: &mut Findings) -> Result<Option<Placed>, ImportError> {
    const NONE: ImportError =
        ImportError::Other("no VERIS incident: neither `action` nor `incident` is there");
    let Value::Object(mut map) = value else { return Err(NONE) };
    if !map.contains_key("action") && map.get("incident").is_some_and(Value::is_object) {
        let inner = map.remove("incident").unwrap_or_default();
        unknown(&map, at, &mut found.left);
        return incident(inner, &format!("{at}/incident"), found);
    }
    // A file without its action is one of VERIS all the same, and is told so.
    if !["action", "actor", "incident_id"].iter().any(|name| map.contains_key(*name)) {
        return Err(NONE);
    }
    match map.get("discovery_method") {
        // One word, before 1.3.1: none of those that are known now.
        Some(Value::String(_)) => {
            map.remove("discovery_method");
            found.left.add(&format!("{at}/discovery_method"), Reason::NoWord);
        }
        Some(_) => {}
        None => found.trouble(&format!("{at}/discovery_method"), "is missing"),
    }
    let kind = crate::shape::Kind::Parts(&shape::INCIDENT);
    let read = crate::shape::read(Value::Object(map), &kind, at, found);
    Ok(match read {
        Some(Value::Object(map)) => Some((at.to_owned(), map)),
        _ => None,
    })
}

fn unknown(map: &Map<String, Value>, at: &str, left: &mut Lefts) {
    for name in ["message", "should"].into_iter().filter(|name| map.contains_key(*name)) {
        left.add(&format!("{at}/{name}"), Reason::NoPlace);
    }
}
