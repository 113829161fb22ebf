//! The one database behind the ports: state, sealed records and the log, in one transaction.
//!
//! Owns all SQL, the order of a commit, the derived files of the log, and the high-water mark. Leaves what a
//! record means to `comity-exchange`, whose [`Store`](comity_exchange::ports::Store) it implements, and where
//! keys and folders lie to the shell.
//!
//! What happens to a record, and what a power cut leaves at each point:
//!
//! ```text
//! 1. it joins the batch of what arrived during the last commit      nothing happened
//! 2. its rows are written, under a savepoint of its own             nothing happened
//! 3. its entries are appended; the batch's checkpoint is signed     nothing happened: the signature was not shown
//! 4. commit, to the disk                                            all of it happened
//! 5. the high-water mark is advanced, to its disk                   the mark is behind: opening advances it
//! 6. whoever waits is answered                                      the caller asks again and finds it
//! 7. tiles, then DIR/log/checkpoint, are derived, on a thread apart  opening derives what is missing
//! ```
//! Any doubt from 4 on stops the writer: what persisted is found out by opening the store again, which is the
//! same code as every start.
//!
//! Invariants: what was answered survives a power cut; a conflict in one record leaves the others of its batch
//! alone; the log is never appended to behind its mark.
//!
//! | read | for |
//! |---|---|
//! | `log` | the log as its sequencer holds it; pure |
//! | [`mark`] | the high-water mark |
//! | `tiles` | the published files of the log |
//! | [`succeed`], [`copy_database`] | the log that succeeds another; a copy to keep |
//! | [`Database`] | the one type that the shell holds; [`DryUntil`]: what a dry run sees of it |
//! | [`SqliteStore`] | the embedded engine: one writer with group commit, a few readers |
//! | [`PostgresStore`] | the engine for several nodes: one writes at a time, fenced |
//! | [`carry`](fn@carry) | how a database moves from the folder to a server |
//! | [`Plan`] | how an engine goes about what is asked by the clock |
//! | [`faults`] | where tests break a commit |

mod carry;
mod database;
mod ending;
pub mod faults;
mod location;
mod log;
pub mod mark;
mod nodes;
mod plans;
mod postgres;
mod publisher;
mod schema;
mod sqlite;
mod succession;
mod tiles;
mod words;

pub use carry::carry;
pub use database::{Database, DryUntil};
pub use location::{Location, LocationError, ServerUrl};
pub use log::LogIdentity;
pub use mark::{FileMark, Mark, MarkFile};
pub use plans::Plan;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
pub use succession::{EndedTree, copy_database, succeed};
