//! Gives out what the server holds, as of one instant: a copy to keep, as a database file of the other engine.

use super::connection::{Client, Connections};
use super::fault::Fault;
use super::{columns, log, schema};
use crate::carry::Value;
use crate::location::ServerUrl;
use crate::sqlite::{Kind, Table, Taking};
use comity_exchange::ports::StoreError;
use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use std::path::Path;
use std::pin::pin;
use tokio::runtime::Builder;
use tokio_postgres::Row;

/// Copies every row to the file `to`, which is not there yet; gives the newest checkpoint in it.
pub(crate) fn export(url: &ServerUrl, to: &Path) -> Result<String, StoreError> {
    // A thread of its own, for the caller's may be a runtime's.
    let broken = |_| StoreError::Failed("copying the database broke off".into());
    std::thread::scope(|scope| scope.spawn(|| exported(url, to)).join()).map_err(broken)?
}

fn exported(url: &ServerUrl, to: &Path) -> Result<String, StoreError> {
    let none = |error| StoreError::Failed(format!("no threads for the database: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(none)?;
    let connections = Connections::new(url, 1)?;
    let taking = Taking::begin(to)?;
    let (frontier, note) = runtime.block_on(async {
        let client = connections.take().await?;
        let copied = copied(&client, &taking).await;
        if copied.is_err() {
            // Its transaction ends with it.
            drop(Object::take(client));
        }
        copied
    })?;
    taking.end(&frontier)?;
    Ok(note)
}

async fn copied(client: &Client, taking: &Taking) -> Result<(Vec<u8>, String), Fault> {
    schema::migrate(client).await?;
    client.batch_execute("-- export, begins\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let none = || Fault::Other("the database holds no log".into());
    let frontier = columns::first(
        client,
        "-- export, the frontier
         SELECT frontier FROM sequencer WHERE one = 1",
        &[],
        |row| columns::plain(row, "frontier"),
    );
    let frontier = frontier.await?.ok_or_else(none)?;
    for table in taking.tables()? {
        let (name, columns) = table.quoted();
        let parameters: [&str; 0] = [];
        let rows = client.query_raw(&format!("-- export\nSELECT {columns} FROM {name}"), parameters).await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            taking.put(&table, values(&table, &row)?)?;
        }
    }
    let (_, note) = log::checkpoint(client).await?;
    client.batch_execute("-- export, ends\nCOMMIT").await?;
    Ok((frontier, note))
}

fn values(table: &Table, row: &Row) -> Result<Vec<Value>, Fault> {
    let value = |(index, (_, kind)): (usize, &(String, Kind))| {
        let value = match kind {
            Kind::Integer => row.try_get::<_, Option<i64>>(index)?.map(Value::Integer),
            Kind::Text => row.try_get::<_, Option<String>>(index)?.map(Value::Text),
            Kind::Blob => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Blob),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    table.columns.iter().enumerate().map(value).collect()
}
