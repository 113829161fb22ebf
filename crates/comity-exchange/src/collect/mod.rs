//! What the tools of a house read and write by: collections, each a standing request.
//!
//! ```text
//! POST ─> share to the partner that the request names; or, where that is the gateway's own party, place here:
//!         read ─> classify ─> decide ─> minimise ─> seal into our own vault ─> record
//! GET  ─> find in the index ─> decide on the use, class by class ─> record ─> open ─> give
//! ```
//! A *stream* holds what came under one agreement from one partner for one activity and purpose; a *collection* is an
//! officer's standing request to write to it and read from it, with the facts that tools cannot say and an end.
//!
//! Invariants: what a reader gets was permitted by the agreement and by the law of this party, for that officer, at
//! that instant, and the entry that says so was recorded before; no use loosens what was minimised when the record
//! came; the index holds digests under a key of this gateway's, and no value or id of an object.
//!
//! | read | for |
//! |---|---|
//! | [`standing`] | the standing request, as an officer signs it |
//! | [`tags`] | what stands for ids and contents in the index |
//! | `place` | the last stage of what is placed here instead of being sent |
//! | `copies` | what turned out to be a copy of what is placed here already |
//! | [`mod@read`] | one page of records, decided on and opened |
//! | [`mod@query`] | what an officer looks for: counted, capped, and masked where it is about others than was asked |
//! | [`mod@remove`] | an object taken out by whoever keeps the collection |
//! | [`mod@status`] | what became of what a tool wrote, for whoever asks later |
//! | `tombstone` | what readers are told of objects that are gone, whatever ended them |

mod copies;
mod mask;
pub(crate) mod place;
pub mod query;
pub mod read;
pub mod remove;
pub mod standing;
pub mod status;
pub mod tags;
pub(crate) mod tombstone;

pub use copies::{Copies, drop_copies};
pub use place::{ClassKnown, collected};
pub use query::{Caps, Found, Manner, Query, Selector, query};
pub use read::{Read, Reading, Record, read};
pub use remove::{Removing, remove};
pub use standing::StandingRequest;
pub use tags::{ContentTag, ObjectTag, Tags};
