//! A few connections that read, each on a thread of its own: waiting for the disk blocks no caller's thread.
//!
//! Queries are key lookups; a segment's blob is the largest thing read. Every query sees what was committed
//! before it was asked.

use super::connection;
use super::fault::Fault;
use comity_exchange::ports::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use tokio::sync::oneshot;

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// Who reads.
pub(super) struct Readers {
    queries: mpsc::Sender<Query>,
}

impl Readers {
    /// Readers of the database at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let (queries, waiting) = mpsc::channel::<Query>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..READERS {
            let connection = connection::reader(path)?;
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name("store reader".into())
                .spawn(move || {
                    while let Some(query) = next(&waiting) {
                        query(&connection);
                    }
                })
                .map_err(|error| Fault::Other(format!("no thread to read on: {error}")))?;
        }
        Ok(Self { queries })
    }

    /// What `query` finds.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (found, answer) = oneshot::channel();
        let query: Query = Box::new(move |connection| {
            // Whoever asked may have gone.
            let _ = found.send(query(connection));
        });
        let gone = || StoreError::Failed("the readers of the store are gone".into());
        self.queries.send(query).map_err(|_| gone())?;
        Ok(answer.await.map_err(|_| gone())??)
    }
}

/// The next query; `None` when the store is gone. One reader waits for it at a time.
fn next(waiting: &Mutex<mpsc::Receiver<Query>>) -> Option<Query> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

const READERS: usize = 3;
