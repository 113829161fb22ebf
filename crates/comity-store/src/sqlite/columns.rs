//! How terms are written in columns, and read back; and the few ways in which a statement is run.

use super::fault::Fault;
use comity_terms::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, types::FromSql};
use std::str::FromStr;

/// An instant as text that sorts as it reads: RFC 3339 with nine decimals.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// A count or an index as the engine's signed integer.
pub(super) fn integer(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Other("a number is above 2^63 - 1".into()))
}

/// The value of a column as it is.
pub(super) fn plain<T: FromSql>(row: &Row<'_>, column: &'static str) -> Result<T, Fault> {
    row.get(column).map_err(|_| Fault::Column(column))
}

/// A term kept as its text.
pub(super) fn text<T: FromStr>(row: &Row<'_>, column: &'static str) -> Result<T, Fault> {
    let text: String = plain(row, column)?;
    text.parse().map_err(|_| Fault::Column(column))
}

/// A term kept as its text that may be absent.
pub(super) fn maybe_text<T: FromStr>(row: &Row<'_>, column: &'static str) -> Result<Option<T>, Fault> {
    let text: Option<String> = plain(row, column)?;
    text.map(|text| text.parse().map_err(|_| Fault::Column(column))).transpose()
}

/// A count or an index.
pub(super) fn number<T: TryFrom<i64>>(row: &Row<'_>, column: &'static str) -> Result<T, Fault> {
    plain::<i64>(row, column)?.try_into().map_err(|_| Fault::Column(column))
}

/// A count or an index that may be absent.
pub(super) fn maybe_number<T: TryFrom<i64>>(row: &Row<'_>, column: &'static str) -> Result<Option<T>, Fault> {
    let number: Option<i64> = plain(row, column)?;
    number.map(|number| number.try_into().map_err(|_| Fault::Column(column))).transpose()
}

/// A digest.
pub(super) fn digest(row: &Row<'_>, column: &'static str) -> Result<Digest, Fault> {
    plain(row, column).map(Digest)
}

/// An id, by its constructor.
pub(super) fn id<T>(
    row: &Row<'_>,
    column: &'static str,
    from_bytes: impl FnOnce([u8; 16]) -> Option<T>,
) -> Result<T, Fault> {
    from_bytes(plain(row, column)?).ok_or(Fault::Column(column))
}

/// An id that may be absent.
pub(super) fn maybe_id<T>(
    row: &Row<'_>,
    column: &'static str,
    from_bytes: impl FnOnce([u8; 16]) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let bytes: Option<[u8; 16]> = plain(row, column)?;
    bytes.map(|bytes| from_bytes(bytes).ok_or(Fault::Column(column))).transpose()
}

/// Runs a statement that changes rows; gives how many.
pub(super) fn change(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// Inserts a row that may be there once, by a statement that does nothing when it is.
pub(super) fn insert_once(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<(), Fault> {
    if change(connection, sql, params)? == 0 { Err(Fault::Conflict(what)) } else { Ok(()) }
}

/// The first row of a query, read.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params, |row| Ok(read(row))).optional()?.transpose()
}

/// Every row of a query, read.
pub(super) fn every<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}
