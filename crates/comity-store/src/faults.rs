//! Where a commit can break, for tests that break it there.
//!
//! Nothing here is on the way of a gateway: only [`SqliteStore::dangerous_open_breaking`] takes [`Faults`], and a
//! store opened otherwise has none. A fault is told like the engine's own at that point, and handled by the same
//! code.
//!
//! ```text
//! Begin ── Change, Change, … ── Append ── Commit │ Committed ── mark ── answers ── Publish
//!          what fails up to here did not persist │ what fails after it did
//! ```
//!
//! [`SqliteStore::dangerous_open_breaking`]: crate::SqliteStore::dangerous_open_breaking

use std::io;

/// A point of a commit, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Before the transaction begins.
    Begin,
    /// After the rows of one change were written, under its savepoint.
    Change,
    /// Before entries, nodes and checkpoint are written.
    Append,
    /// Before the commit is asked for.
    Commit,
    /// After the commit, before the high-water mark is advanced.
    Committed,
    /// Before the files of the log are derived.
    Publish,
}

/// What breaks, and when.
pub trait Faults: Send + Sync + 'static {
    /// Whether `point` breaks this time.
    ///
    /// # Errors
    /// To break it: the store fails there as it would with this error of the disk.
    fn at(&self, point: Point) -> io::Result<()>;

    /// How large the database may grow, in pages of 4,096 bytes, before its disk is full; `None`: as far as it is.
    fn pages_max(&self) -> Option<u32> {
        None
    }
}

/// Nothing breaks.
pub(crate) struct NoFaults;

impl Faults for NoFaults {
    fn at(&self, _: Point) -> io::Result<()> {
        Ok(())
    }
}
