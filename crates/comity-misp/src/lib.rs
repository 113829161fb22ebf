//! MISP events to STIX 2.1 bundles and back.
//!
//! Owns MISP's JSON (the MISP core format) and which STIX object carries which part of it. Leaves deciding,
//! minimising and sending to the other rooms, which see only STIX. Pure: no clock, no randomness, no files; ids are
//! MISP's own uuids or derived from content. Knows no law.
//!
//! ```text
//! MISP JSON ─> to_stix ─> bundle ─> (decided, minimised, sent) ─> bundle ─> to_misp ─> MISP JSON
//!                  └─> Left: what is not carried, where it stood, why          └─> Left
//! ```
//!
//! | MISP | STIX 2.1 |
//! |---|---|
//! | event | `report--<uuid>` when published, else `grouping--<uuid>` |
//! | attribute, to_ids | `indicator--<uuid>` |
//! | attribute | `observed-data--<uuid>` and its observables; `identity--<uuid>` for what is said of a person; `note--<uuid>` where STIX has no place |
//! | object | `note--<uuid>` over its attributes, each of which is carried by itself |
//! | reference, sighting | `relationship--<uuid>`, `sighting--<uuid>` (false positive: `opinion`; expiration: `note`) |
//! | galaxy cluster | the domain object of its kind, and a relationship that says who bears it |
//! | TLP, PAP, distribution, sharing group | marking definitions, on the event and on everything in it |
//! | other tags, type, category | labels |
//! | soft delete | `revoked` |
//!
//! Invariants: a value stands in one place only, where the path table knows it for what it is, so that minimising it
//! there minimises it; nothing lies in a property of our own (`x_…`), which would stay home; a carrier is used only
//! when the value reads back from it letter by letter, else a note carries it.
//!
//! Source: the MISP core format (draft-dulaunoy-misp-core-format); STIX 2.1; the mapping that MISP's own converter
//! documents, whose labels are used where it has them.

mod export;
mod fields;
mod galaxy;
mod import;
mod kinds;
mod label;
mod marking;
mod observe;
mod pattern;
pub mod rest;
mod time;

pub use comity_import::{Left, Limits, Reason, Unread};
pub use export::to_misp;
pub use fields::MispError;
pub use import::{Import, to_stix};

pub(crate) use comity_import::{id, left};

use serde_json::Value;

/// What a conversion gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The document: a STIX bundle, or `{"Event":…}` (`{"response":[…]}` for several).
    pub document: Value,
    /// How many events there were.
    pub events: usize,
    /// What was not carried, by where it stood.
    pub left: Vec<Left>,
}
