//! What goes wrong with the server, before it is told as a [`StoreError`], and which of it passes by itself.

use comity_exchange::ports::StoreError;
use comity_vault::Bucket;
use tokio_postgres::error::SqlState;

/// A failed statement, a lost connection, or a row that cannot be what was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// A row that may be written once is there already.
    #[error("{0} is there already")]
    Conflict(&'static str),
    /// A record came to a bucket that is closed.
    #[error("the epoch key of {0} takes no more records")]
    Closed(Bucket),
    /// The server or the connection to it failed.
    #[error("{}", told(.0))]
    Engine(#[from] tokio_postgres::Error),
    /// No connection is to be had.
    #[error("no connection to the database: {0}")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// Another node has written since this one read: the fence held.
    #[error("another node of this gateway wrote meanwhile")]
    Fenced,
    /// A column holds what was never written to it.
    #[error("column {0} does not read")]
    Column(&'static str),
    /// The store, as told to callers.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule of the port is broken, by the caller or by the database.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// Whether trying again may do: the transaction was in another's way, or the server went away.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Engine(error) => match error.code() {
                Some(code) => PASSING.contains(code) || code.code().starts_with("08"),
                // No answer of the server at all.
                None => true,
            },
            Self::Pool(_) | Self::Fenced => true,
            _ => false,
        }
    }

    /// Whether another process did the same at the same time, as when two make the schema.
    pub(super) fn is_there_already(&self) -> bool {
        let Self::Engine(error) = self else { return false };
        [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT]
            .iter()
            .any(|code| error.code() == Some(code))
    }
}

/// What passes: serialisation failures and deadlocks, a lock or a turn that took too long, a server that restarts.
const PASSING: &[SqlState] = &[
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::LOCK_NOT_AVAILABLE,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::TOO_MANY_CONNECTIONS,
];

/// The server's code and message. Its detail may quote values of a row, and stays out.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("the database says {}: {}", error.code().code(), error.message()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict(what) => Self::Conflict(what),
            Fault::Closed(bucket) => Self::KeyClosed(bucket),
            Fault::Store(error) => error,
            other => Self::Failed(other.to_string()),
        }
    }
}
