//! From a STIX bundle to the least that serves the purpose.
//!
//! Owns STIX: reading a bundle within bounds, the facts that its objects tell, its markings, and treating
//! its properties by the path table. Leaves deciding to `comity-agreement`, which turns the facts into a
//! decision and a [`Profile`]; leaves sealing and sending to `comity-exchange`. Pure: keys and randomness
//! are arguments. Knows no law: what is treated how is data (`vocabulary/paths.toml` and the profile).
//!
//! ```text
//! bytes ─> Bundle ─┬─> classify ─> facts, classes of equal facts ─> (decided elsewhere)
//!                  └─> minimise(objects permitted, profile, token key) ─> objects, withholdings, counts
//! ```
//!
//! | read | for |
//! |---|---|
//! | [`bundle`] | a bundle within bounds; what was wrong with single objects |
//! | [`table`] | the path table |
//! | [`classify`] | facts about each object |
//! | [`marking`] | the handling that each object asks for |
//! | [`minimise`] | the four steps of minimising |
//! | `treat` | one object under the table |
//! | `graph` | whom an object concerns; which side it is on |
//! | [`token`] | what stands for an identifier |
//! | [`text`] | people in free text |
//! | [`subject`] | what a person is known by in a record, and the tag that stands for it |
//! | [`matching`] | whether two parties hold the same value, without either showing its own |
//! | [`warning`] | addresses and names that serve everybody |
//!
//! Absent: finding names in texts by a model. What no list, form or neighbouring word explains is a likely name, and
//! is withheld as its class asks.

pub mod bundle;
pub mod classify;
mod graph;
mod identifier;
pub mod json;
pub mod marking;
pub mod matching;
pub mod method;
pub mod minimise;
mod oprf;
mod pattern;
pub mod profile;
mod scrub;
pub mod subject;
pub mod table;
pub mod text;
pub mod token;
mod treat;
pub mod warning;
pub mod withholding;

pub use bundle::{Bundle, BundleError, Limits, Object, Rejected, RejectionReason};
pub use classify::{FactClass, ObjectFacts, classes, classify, classify_properties, facts};
pub use marking::{Markings, markings};
pub use minimise::{Counts, Minimised, MinimisedObject, bundle_bytes, minimise};
pub use profile::Profile;
pub use subject::{Identifier, IdentifierKind, SubjectKey, SubjectTag, identifiers};
pub use table::{Class, PathTable, TableError};
pub use token::{TokenKey, TokenKeyError};
pub use warning::{Warning, WarningListError, WarningLists, warnings};
pub use withholding::{Ground, Withholding};
