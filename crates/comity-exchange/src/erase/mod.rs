//! The end of records: erased when their time has come, or earlier by an order; then beyond every copy's reach.
//!
//! *Erased*: the key row is gone from the database. *Destroyed*: the epoch key that wrapped it is gone too, so that
//! old pages, write-ahead logs and backups open no more. An epoch key is one for each agreement and month, so what
//! stays in the bucket is wrapped anew first:
//!
//! ```text
//! 1 erase    rows and blobs go, an entry with one root over them is appended, their buckets are marked: one transaction
//! 2 turn     the key store makes the bucket's next generation; from then on records are sealed under that
//! 3 rewrap   each row still in the bucket is wrapped under the next generation, 500 a transaction
//! 4 close    the bucket holds nothing, and takes nothing any more: one transaction
//! 5 destroy  the key store destroys the bucket's key
//! 6 note     the entry that says so is appended, and the bucket's mark is taken off: one transaction
//! ```
//! Crash points. Before 1 nothing has happened, after it the mark says what is left to do, and whoever comes next
//! begins at 2: turning again finds the generation that is there; rows already wrapped anew are not in the bucket;
//! closing and destroying twice is once; what is destroyed and not noted is noted. There is no other recovery.
//! A record that was sealed before 2 and is stored after 4 is refused there: its maker seals again.
//!
//! A month that has passed holds nothing that may stay but what is held from erasure: its buckets go from 4, all generations;
//! one with records that are held stays until something is erased from it, and goes from 2 then.
//!
//! Invariants: nothing is erased that a [`hold`] keeps, or a duty to preserve, whoever asks; one batch is one entry; an entry tells exactly what was erased; no key is destroyed while a record
//! that should stay is wrapped by it; nothing here opens a record, but for its id, where readers of a collection are to be told.
//!
//! Leaves to the shell when to sweep, and to [`Store`] and [`EpochKeys`] that each step is durable.

mod due;
pub mod hold;
pub(crate) mod preserved;
mod rotate;
mod told;

pub use due::{Erased, Order, erase_due, erase_exchange};
pub(crate) use due::{erase_copies, erase_for, erase_unheld, requested};
pub use hold::Against;
pub use rotate::{Destroyed, Waiting, came_back, destroy, waiting};
pub(crate) use told::facts as facts_of;

#[cfg(doc)]
use comity_vault::EpochKeys;

/// The ground of erasing what no key opens: it came back with a restored database.
const KEY_DESTROYED: &str = "key_destroyed";

/// The most rows that one transaction erases or wraps anew.
pub const BATCH_ROWS_MAX: u32 = 500;
