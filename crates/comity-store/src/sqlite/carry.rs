//! What a database holds, table by table, to be carried to another engine.

use super::columns::{every, plain};
use super::fault::Fault;
use super::{connection, log, schema};
use crate::carry::{Column, Columns, Put, Value};
use comity_exchange::ports::StoreError;
use rusqlite::types::{self, ValueRef};
use rusqlite::{Connection, params_from_iter};
use std::path::Path;

/// A table with its columns.
pub(crate) struct Table {
    pub(crate) name: String,
    /// Name and kind of each.
    pub(crate) columns: Vec<(String, Kind)>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Blob,
}

/// A database that is read whole.
pub(crate) struct Stored(Connection);

impl Stored {
    /// The database in `folder`, brought to the newest schema; `None` when there is none.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(super::DATABASE);
        if !path.is_file() {
            return Ok(None);
        }
        let mut connection = connection::writer(&path)?;
        schema::migrate(&mut connection)?;
        Ok(Some(Self(connection)))
    }

    /// The right edge of its log.
    pub(crate) fn frontier(&self) -> Result<Vec<u8>, StoreError> {
        let none = || StoreError::Failed("the database in the folder holds no log".into());
        log::frontier(&self.0)?.ok_or_else(none)
    }

    /// The tables, each after those that it refers to.
    pub(crate) fn tables(&self) -> Result<Vec<Table>, StoreError> {
        let names: Vec<String> = every(
            &self.0,
            "-- tables, in the order in which they were made
             SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('schema_version', 'frontier')
             ORDER BY rowid",
            [],
            |row| plain(row, "name"),
        )?;
        let tables = names.into_iter().map(|name| self.table(name));
        Ok(tables.collect::<Result<_, Fault>>()?)
    }

    fn table(&self, name: String) -> Result<Table, Fault> {
        let columns = every(
            &self.0,
            "-- tables, their columns
             SELECT name, type FROM pragma_table_info(?1) ORDER BY cid",
            [&name],
            |row| {
                let kind = match plain::<String>(row, "type")?.as_str() {
                    "INTEGER" => Kind::Integer,
                    "TEXT" => Kind::Text,
                    "BLOB" => Kind::Blob,
                    _ => return Err(Fault::Column("type")),
                };
                Ok((plain(row, "name")?, kind))
            },
        )?;
        Ok(Table { name, columns })
    }

    /// Gives every row of `table` to `put`, some at a time.
    pub(crate) fn rows(&self, table: &Table, put: Put<'_>) -> Result<(), StoreError> {
        let (name, columns) = table.quoted();
        let select = format!("-- rows\nSELECT {columns} FROM {name}");
        let mut statement = self.0.prepare(&select).map_err(Fault::from)?;
        let mut rows = statement.query([]).map_err(Fault::from)?;
        let (mut some, mut count, mut bytes) = (empty(table), 0, 0);
        while let Some(row) = rows.next().map_err(Fault::from)? {
            for (index, column) in some.iter_mut().enumerate() {
                bytes += push(column, row.get_ref(index).map_err(Fault::from)?)?;
            }
            count += 1;
            if count >= ROWS_MAX || bytes >= BYTES_MAX {
                put(std::mem::replace(&mut some, empty(table)))?;
                (count, bytes) = (0, 0);
            }
        }
        if count > 0 { put(some) } else { Ok(()) }
    }
}

/// A database file that is made of rows from elsewhere. Dropped before its end, it holds none.
pub(crate) struct Taking(Stored);

impl Taking {
    /// A database at `path`, where there is none yet, with the newest schema.
    pub(crate) fn begin(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connection::writer(path)?;
        schema::migrate(&mut connection)?;
        connection.execute_batch("-- begin, to take in\nBEGIN IMMEDIATE").map_err(Fault::from)?;
        Ok(Self(Stored(connection)))
    }

    /// The tables to fill, in an order in which they may be.
    pub(crate) fn tables(&self) -> Result<Vec<Table>, StoreError> {
        self.0.tables()
    }

    /// Takes in a row of a table.
    pub(crate) fn put(&self, table: &Table, values: Vec<Value>) -> Result<(), StoreError> {
        let (name, columns) = table.quoted();
        let places = vec!["?"; table.columns.len()].join(", ");
        let insert = format!("-- put\nINSERT INTO {name} ({columns}) VALUES ({places})");
        let values = values.into_iter().map(|value| match value {
            Value::Null => types::Value::Null,
            Value::Integer(number) => types::Value::Integer(number),
            Value::Text(text) => types::Value::Text(text),
            Value::Blob(bytes) => types::Value::Blob(bytes),
        });
        let mut statement = self.0.0.prepare_cached(&insert).map_err(Fault::from)?;
        statement.execute(params_from_iter(values)).map_err(Fault::from)?;
        Ok(())
    }

    /// Ends it, with the right edge of the log: the file is a whole database from now on.
    pub(crate) fn end(self, frontier: &[u8]) -> Result<(), StoreError> {
        let Self(Stored(connection)) = self;
        super::columns::change(
            &connection,
            "-- end, the frontier
             INSERT INTO frontier (one, bytes) VALUES (1, ?1)",
            [frontier],
        )?;
        connection.execute_batch("-- end, to take in\nCOMMIT").map_err(Fault::from)?;
        // The file alone: closing folds its write-ahead log back into it.
        connection.close().map_err(|(_, error)| Fault::from(error))?;
        Ok(())
    }
}

fn empty(table: &Table) -> Columns {
    let column = |kind: &Kind| match kind {
        Kind::Integer => Column::Integers(Vec::new()),
        Kind::Text => Column::Texts(Vec::new()),
        Kind::Blob => Column::Blobs(Vec::new()),
    };
    table.columns.iter().map(|(_, kind)| column(kind)).collect()
}

/// Puts a value at the end of its column; how many bytes it has.
fn push(column: &mut Column, value: ValueRef<'_>) -> Result<usize, Fault> {
    match (column, value) {
        (Column::Integers(all), ValueRef::Null) => all.push(None),
        (Column::Texts(all), ValueRef::Null) => all.push(None),
        (Column::Blobs(all), ValueRef::Null) => all.push(None),
        (Column::Integers(all), ValueRef::Integer(number)) => all.push(Some(number)),
        (Column::Texts(all), ValueRef::Text(text)) => {
            let read = String::from_utf8(text.to_vec()).map_err(|_| Fault::Column("text"))?;
            all.push(Some(read));
            return Ok(text.len());
        }
        (Column::Blobs(all), ValueRef::Blob(blob)) => {
            all.push(Some(blob.to_vec()));
            return Ok(blob.len());
        }
        // Tables are STRICT: a column holds its own kind.
        _ => return Err(Fault::Column("of another kind")),
    }
    Ok(0)
}

const ROWS_MAX: usize = 2_000;

const BYTES_MAX: usize = 8 << 20;
