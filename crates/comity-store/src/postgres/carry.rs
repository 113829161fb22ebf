//! Takes in what another engine held, in one transaction.

use super::columns::{Param, change, first, plain};
use super::connection::Connections;
use super::fault::Fault;
use super::{log, schema};
use crate::carry::{Column, Columns};
use crate::location::ServerUrl;
use crate::sqlite::Table;
use comity_exchange::ports::StoreError;
use comity_tlog::Frontier;
use deadpool_postgres::Object;
use tokio::runtime::{Builder, Runtime};

/// A database on a server that takes a log in. Dropped before its end, it took in nothing.
///
/// It blocks: it is used on a thread that is no runtime's.
pub(crate) struct Carrying {
    runtime: Runtime,
    client: Option<Object>,
    frontier: Vec<u8>,
    there: bool,
}

impl Carrying {
    /// Begins to take in the log with this `frontier`.
    pub(crate) fn begin(url: &ServerUrl, frontier: &[u8]) -> Result<Self, StoreError> {
        let none = |error| StoreError::Failed(format!("no threads for the database: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(none)?;
        let connections = Connections::new(url, 1)?;
        let wanted = frontier.to_vec();
        let begun: Result<(Object, bool), Fault> = runtime.block_on(async move {
            let client = connections.take().await?;
            schema::migrate(&client).await?;
            client.batch_execute("-- carry, begins\nBEGIN").await?;
            let there = match log::take(&client).await? {
                None => false,
                Some(turn) if turn.frontier == wanted => true,
                Some(turn) => {
                    let holds = turn.size;
                    return Err(Fault::Other(format!("the server holds another log, of {holds} entries")));
                }
            };
            Ok((client, there))
        });
        let (client, there) = begun?;
        Ok(Self { runtime, client: Some(client), frontier: frontier.to_vec(), there })
    }

    /// Whether the server holds this very log: an earlier carrying was not noted.
    pub(crate) fn is_there_already(&self) -> bool {
        self.there
    }

    /// Takes in some rows of a table.
    pub(crate) fn put(&mut self, table: &Table, rows: Columns) -> Result<(), StoreError> {
        let (name, columns) = table.quoted();
        let kinds: Vec<String> = rows
            .iter()
            .zip(1..)
            .map(|(column, number)| match column {
                Column::Integers(_) => format!("${number}::bigint[]"),
                Column::Texts(_) => format!("${number}::text[]"),
                Column::Blobs(_) => format!("${number}::bytea[]"),
            })
            .collect();
        let insert =
            format!("-- put\nINSERT INTO {name} ({columns}) SELECT * FROM unnest({})", kinds.join(", "));
        self.with_client(async move |client| {
            let params = rows.into_iter().map(|column| -> Param<'static> {
                match column {
                    Column::Integers(all) => Box::new(all),
                    Column::Texts(all) => Box::new(all),
                    Column::Blobs(all) => Box::new(all),
                }
            });
            let statement = client.prepare_cached(&insert).await?;
            client.execute_raw(&statement, params.collect::<Vec<_>>()).await?;
            Ok(())
        })
    }

    /// Ends it: from now on the server holds the log.
    pub(crate) fn end(mut self) -> Result<(), StoreError> {
        let frontier = self.frontier.clone();
        let unread = |error: comity_tlog::Error| StoreError::Failed(error.to_string());
        let size = Frontier::from_bytes(&frontier).map_err(unread)?.size();
        self.with_client(async move |client| {
            let segments: i64 = first(
                client,
                "-- end, the segments
                 SELECT coalesce(max(number), 0) AS segments FROM segment",
                &[],
                |row| plain(row, "segments"),
            )
            .await?
            .unwrap_or(0);
            let size = super::columns::integer(size.0)?;
            change(
                client,
                "-- end, the sequencer
                 INSERT INTO sequencer (one, tree_size, frontier, epoch, holder, segments, register)
                 VALUES (1, $1, $2, 1, 'carried', $3, 0)",
                &[&size, &frontier, &segments],
            )
            .await?;
            Ok(client.batch_execute("-- end\nCOMMIT").await?)
        })
    }

    fn with_client(
        &mut self,
        work: impl AsyncFnOnce(&super::connection::Client) -> Result<(), Fault>,
    ) -> Result<(), StoreError> {
        let gone = || StoreError::Failed("carrying broke off before".into());
        let client = self.client.take().ok_or_else(gone)?;
        let worked = self.runtime.block_on(work(&client));
        if worked.is_ok() {
            self.client = Some(client);
        } else {
            drop(Object::take(client));
        }
        Ok(worked?)
    }
}
