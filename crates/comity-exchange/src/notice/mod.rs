//! Persons who are to be told: a notice arises with its clock, may be put off on a ground that law lists and until a date,
//! and then goes out; what is late is flagged.
//!
//! ```text
//!            exchange recorded                 law asked: by when
//!  arise ───────────────────────> arisen ─── settle ──> open <─────────┐ the date has come, or the ground ended
//!                                   │                    │  └─ defer ─> deferred
//!               not delivered, or an officer            │ due, or an officer
//!               where nobody is owed it                  │
//!                                   v                    v
//!                                closed               issued ── handed over ──> given
//! ```
//! Each arrow is one transaction with one entry, but for that into `arisen`, which is the exchange's own, and for tries at
//! handing over that fail: these move the next try alone. Issued is recorded before anything is handed over; a crash
//! between handing over and its entry hands over again, under the same number, which a mailbox and a mail reader know.
//!
//! Invariants: entries and rows name nobody; whom a notice goes to, what it says and why it waits lie sealed, for as long
//! as they are needed. A deferral is a dated act of its own: it has a ground that a rule lists, reasons, a date, an officer,
//! and whoever the law says has to approve; nobody approves what they proposed. While a notice waits nothing of it is
//! handed to anybody.
//!
//! Leaves the words of a notice to `comity-notices`, and roads to the shell.

mod arise;
mod close;
mod defer;
mod file;
mod issue;
mod law;
mod matter;
mod record;
mod settle;

pub(crate) use arise::arising;
pub use arise::{Opening, open};
pub use close::{Closing, close};
pub use defer::{Deferring, approve, defer};
pub use file::{
    ADDRESSEE_BYTES_MAX, Addressee, AddresseeError, Letter, LetterDeferral, LetterEvent, LetterRemedy,
    NoticeFile,
};
pub use issue::{Trouble, Way, claimed, failed, given, issue, overdue, preview};
pub use law::Refusal;
pub use record::{address, filed};
pub use settle::settle;

use crate::ports::{NoticeRow, Notices};
use crate::subject::Desk;

/// A gateway that tells persons.
pub trait Teller: Desk<Store: Notices> {
    /// The authority that runs it, as it calls itself.
    fn authority(&self) -> &str;
}

/// What an act on a notice came to.
#[derive(Debug)]
pub enum Done {
    /// It is done.
    Yes(NoticeRow),
    /// Offices have to approve first; it is noted what.
    Proposed(NoticeRow),
    /// The law says no. It is recorded.
    Refused(Refusal),
}
