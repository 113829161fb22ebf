//! What goes wrong in the engine, before it is told as a [`StoreError`].

use comity_exchange::ports::StoreError;
use comity_vault::Bucket;

/// A failed statement or a row that cannot be what was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// A row that may be written once is there already.
    #[error("{0} is there already")]
    Conflict(&'static str),
    /// A record came to a bucket that is closed.
    #[error("the epoch key of {0} takes no more records")]
    Closed(Bucket),
    /// The engine failed. Its texts name tables and columns, never values.
    #[error("{0}")]
    Engine(#[from] rusqlite::Error),
    /// The commit failed, and whether it persisted is not known.
    #[error("the commit is in doubt: {0}")]
    Doubt(rusqlite::Error),
    /// A column holds what was never written to it.
    #[error("column {0} does not read")]
    Column(&'static str),
    /// A rule of the port is broken, by the caller or by the database.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// Whether a row was refused because another has what must be unique.
    pub(super) fn is_unique_violation(&self) -> bool {
        let Self::Engine(error) = self else { return false };
        error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict(what) => Self::Conflict(what),
            Fault::Closed(bucket) => Self::KeyClosed(bucket),
            other => Self::Failed(other.to_string()),
        }
    }
}
