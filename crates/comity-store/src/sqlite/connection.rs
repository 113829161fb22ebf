//! Connections, each set up alike, and the version of the engine that may be trusted with a log.

use super::fault::Fault;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
    // What a savepoint may have to restore, too; else SQLite writes it to a file of its own beyond 64 KiB.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Pages that change with every batch, as the right edges of tables do, are folded back once in 16 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", WalPages::FOLD_MIN)?;
    // After a large batch the log is cut back to what thousands of acts need.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

/// Lets the database grow to so many pages and no further, as on a disk that is full then.
pub(super) fn grow_to(connection: &Connection, pages: u32) -> Result<(), Fault> {
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    Ok(())
}

/// How many pages SQLite's log has, as the last commit of a connection left it.
#[derive(Clone, Default)]
pub(super) struct WalPages(Arc<AtomicU32>);

impl WalPages {
    /// From so many pages on, the log is folded back into the database: 16 MiB.
    const FOLD_MIN: u32 = 4_000;

    /// Those of the log that `connection` writes. Its commits fold nothing back from here on: [`fold`](Self::fold) does.
    pub(super) fn watch(connection: &mut Connection) -> Result<Self, Fault> {
        let watched = Self::default();
        let pages = Arc::clone(&watched.0);
        connection.wal_hook(Some(move |_: &mut Wal, now| {
            pages.store(u32::try_from(now).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(watched)
    }

    /// Folds the log back into the database where it is long. What a reader still looks at stays for another time, and so
    /// does everything where it fails: nothing is lost by it.
    pub(super) fn fold(&self, connection: &Connection) {
        if self.0.load(Ordering::Relaxed) >= Self::FOLD_MIN {
            let _ = connection.execute_batch("-- fold\nPRAGMA wal_checkpoint(PASSIVE)");
        }
    }
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
