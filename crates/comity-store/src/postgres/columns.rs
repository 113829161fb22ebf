//! How terms are written in columns, and read back; and the few ways in which a statement is run.

use super::connection::Client;
use super::fault::Fault;
use comity_terms::{Digest, Timestamp};
use futures_util::future::try_join_all;
use std::str::FromStr;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, ToSql};

/// One parameter of a statement.
pub(super) type Param<'p> = Box<dyn ToSql + Sync + Send + 'p>;

/// A statement with its parameters: for many rows each parameter is a whole column, and the statement unnests them.
pub(super) struct Step<'p> {
    pub(super) sql: &'static str,
    pub(super) params: Vec<Param<'p>>,
}

impl<'p> Step<'p> {
    /// A statement, its parameters still to come.
    pub(super) fn new(sql: &'static str) -> Self {
        Self { sql, params: Vec::new() }
    }

    /// The step with one more parameter.
    pub(super) fn with(mut self, value: impl ToSql + Sync + Send + 'p) -> Self {
        self.params.push(Box::new(value));
        self
    }

    /// The step with a column of `rows` as one more parameter.
    pub(super) fn column<R, T: ToSql + Sync + Send + 'p>(
        self,
        rows: &[R],
        value: impl FnMut(&R) -> T,
    ) -> Self {
        self.with(rows.iter().map(value).collect::<Vec<T>>())
    }
}

/// Runs `steps` in their order, all sent before the first is answered; how many rows each changed.
pub(super) async fn run(client: &Client, steps: Vec<Step<'_>>) -> Result<Vec<u64>, Fault> {
    let mut sent = Vec::with_capacity(steps.len());
    for Step { sql, params } in steps {
        let statement = client.prepare_cached(sql).await?;
        sent.push(async move { client.execute_raw(&statement, params).await });
    }
    // Each is sent when first polled, and they are polled in order.
    Ok(try_join_all(sent).await?)
}

/// The first row of a query, read.
pub(super) async fn first<T>(
    client: &Client,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    read: impl FnOnce(&Row) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let statement = client.prepare_cached(sql).await?;
    client.query_opt(&statement, params).await?.map(|row| read(&row)).transpose()
}

/// Every row of a query, read.
pub(super) async fn every<T>(
    client: &Client,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    read: impl FnMut(&Row) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, params).await?.iter().map(read).collect()
}

/// Runs one statement that changes rows; gives how many.
pub(super) async fn change(client: &Client, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Fault> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, params).await?)
}

/// An instant as text that sorts as it reads: RFC 3339 with nine decimals.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// A count or an index as the engine's signed integer.
pub(super) fn integer(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Other("a number is above 2^63 - 1".into()))
}

/// The value of a column as it is.
pub(super) fn plain<T: FromSqlOwned>(row: &Row, column: &'static str) -> Result<T, Fault> {
    row.try_get(column).map_err(|_| Fault::Column(column))
}

/// A term kept as its text.
pub(super) fn text<T: FromStr>(row: &Row, column: &'static str) -> Result<T, Fault> {
    let text: String = plain(row, column)?;
    text.parse().map_err(|_| Fault::Column(column))
}

/// A term kept as its text that may be absent.
pub(super) fn maybe_text<T: FromStr>(row: &Row, column: &'static str) -> Result<Option<T>, Fault> {
    let text: Option<String> = plain(row, column)?;
    text.map(|text| text.parse().map_err(|_| Fault::Column(column))).transpose()
}

/// A count or an index.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: &'static str) -> Result<T, Fault> {
    plain::<i64>(row, column)?.try_into().map_err(|_| Fault::Column(column))
}

/// A count or an index that may be absent.
pub(super) fn maybe_number<T: TryFrom<i64>>(row: &Row, column: &'static str) -> Result<Option<T>, Fault> {
    let number: Option<i64> = plain(row, column)?;
    number.map(|number| number.try_into().map_err(|_| Fault::Column(column))).transpose()
}

/// So many bytes.
pub(super) fn bytes<const N: usize>(row: &Row, column: &'static str) -> Result<[u8; N], Fault> {
    plain::<Vec<u8>>(row, column)?.try_into().map_err(|_| Fault::Column(column))
}

/// So many bytes that may be absent.
pub(super) fn maybe_bytes<const N: usize>(row: &Row, column: &'static str) -> Result<Option<[u8; N]>, Fault> {
    let bytes: Option<Vec<u8>> = plain(row, column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| Fault::Column(column))).transpose()
}

/// A digest.
pub(super) fn digest(row: &Row, column: &'static str) -> Result<Digest, Fault> {
    bytes(row, column).map(Digest)
}

/// An id, by its constructor.
pub(super) fn id<T>(
    row: &Row,
    column: &'static str,
    from_bytes: impl FnOnce([u8; 16]) -> Option<T>,
) -> Result<T, Fault> {
    from_bytes(bytes(row, column)?).ok_or(Fault::Column(column))
}

/// An id that may be absent.
pub(super) fn maybe_id<T>(
    row: &Row,
    column: &'static str,
    from_bytes: impl FnOnce([u8; 16]) -> Option<T>,
) -> Result<Option<T>, Fault> {
    maybe_bytes(row, column)?.map(|bytes| from_bytes(bytes).ok_or(Fault::Column(column))).transpose()
}
