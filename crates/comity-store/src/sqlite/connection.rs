//! Connections, each set up alike, and the version of the engine that may be trusted with a log.

use super::fault::Fault;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// The first version without the corruption that resetting a write-ahead log could cause: 3.51.3.
const VERSION_LEAST: i32 = 3_051_003;

/// The connection that writes; the database is made when there is none.
pub(super) fn writer(path: &Path) -> Result<Connection, Fault> {
    if rusqlite::version_number() < VERSION_LEAST {
        return Err(Fault::Other(format!("SQLite {} is not safe; 3.51.3 is", rusqlite::version())));
    }
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Other("the database cannot have a write-ahead log where it lies".into()));
    }
    // FULL: a commit is on the disk when it returns. NORMAL would lose the last ones in a power cut.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The pages that one exchange of a thousand records changes stay in memory until it is committed: 16 MiB.
    connection.pragma_update(None, "cache_size", -16_384)?;
    // Pages that change with every batch, as the right edges of tables do, are folded back once in 16 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // After a large batch the log is cut back to what thousands of acts need.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

/// Lets the database grow to so many pages and no further, as on a disk that is full then.
pub(super) fn grow_to(connection: &Connection, pages: u32) -> Result<(), Fault> {
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    Ok(())
}

/// A connection that only reads. The database is there and has its schema.
pub(super) fn reader(path: &Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Room for every statement there is.
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
