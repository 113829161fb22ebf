//! How a gateway's database moves from its folder to a server: every row, in one transaction.
//!
//! Both engines have the same tables and columns, so this knows no table by name but the two in which they differ:
//! the right edge of the log is the sequencer's row on a server. What was there before stays where it was; the shell
//! puts it out of use.
//!
//! Invariant: a server that holds a log takes no other one.

use crate::location::ServerUrl;
use crate::postgres::Carrying;
use crate::sqlite::Table;
use comity_exchange::ports::StoreError;
use std::path::Path;

/// Copies the database in `folder` to the server at `url`, which holds no log yet, or this very one already. `false`
/// when there is no database in `folder`: then there is nothing to copy.
///
/// Nobody else may work on either meanwhile: the shell holds the folder's lock.
///
/// # Errors
/// [`StoreError::Failed`] when either cannot be read or written, or the server holds another log; nothing was
/// written then.
pub fn carry(folder: &Path, url: &ServerUrl) -> Result<bool, StoreError> {
    // A thread of its own, for the caller's may be a runtime's.
    let broken = |_| StoreError::Failed("carrying the database to the server broke off".into());
    std::thread::scope(|scope| scope.spawn(|| carried(folder, url)).join()).map_err(broken)?
}

fn carried(folder: &Path, url: &ServerUrl) -> Result<bool, StoreError> {
    let Some(source) = crate::sqlite::Stored::open(folder)? else { return Ok(false) };
    let mut target = Carrying::begin(url, &source.frontier()?)?;
    if target.is_there_already() {
        return Ok(true);
    }
    for table in source.tables()? {
        source.rows(&table, &mut |rows| target.put(&table, rows))?;
    }
    target.end()?;
    Ok(true)
}

/// One value of a row.
pub(crate) enum Value {
    /// There is none.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Rows of a table, column by column.
pub(crate) type Columns = Vec<Column>;

/// One column of some rows.
pub(crate) enum Column {
    /// Whole numbers.
    Integers(Vec<Option<i64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Bytes.
    Blobs(Vec<Option<Vec<u8>>>),
}

/// Takes some rows of a table.
pub(crate) type Put<'a> = &'a mut dyn FnMut(Columns) -> Result<(), StoreError>;

impl Table {
    /// The table's name and those of its columns, quoted.
    pub(crate) fn quoted(&self) -> (String, String) {
        let columns: Vec<String> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        (format!("\"{}\"", self.name), columns.join(", "))
    }
}
