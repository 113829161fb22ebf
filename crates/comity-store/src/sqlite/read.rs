//! A few connections that read: what may take its time, each on a thread of its own, so that waiting for the disk blocks
//! no caller's thread; what is looked up by key, on the caller's, since handing it over would cost more than finding it.
//!
//! Queries are key lookups; a segment's blob is the largest thing read. Every query sees what was committed
//! before it was asked, in one view.

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
    /// What nobody looks things up with just now.
    spare: Mutex<Vec<Connection>>,
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
        let spare = (0..SPARE).map(|_| connection::reader(path)).collect::<Result<_, _>>()?;
        Ok(Self { queries, spare: Mutex::new(spare) })
    }

    /// What `query` finds, which looks a few rows up by key: found on the caller's thread, unless that many are at it.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = spare().pop();
        let Some(connection) = taken else { return self.read(query).await };
        let found = at_once(&connection, query);
        spare().push(connection);
        Ok(found?)
    }

    /// What `query` finds for so many `keys`: few are looked up on the caller's thread.
    pub(super) async fn look_all<T: Send + 'static>(
        &self,
        keys: usize,
        query: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        if keys <= FEW { self.look(query).await } else { self.read(query).await }
    }

    /// What `query` finds.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (found, answer) = oneshot::channel();
        let query: Query = Box::new(move |connection| {
            // Whoever asked may have gone.
            let _ = found.send(at_once(connection, query));
        });
        let gone = || StoreError::Failed("the readers of the store are gone".into());
        self.queries.send(query).map_err(|_| gone())?;
        Ok(answer.await.map_err(|_| gone())??)
    }
}

/// What `query` finds in one view of the database: each of its statements alone would take a lock, and let it go.
fn at_once<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    connection.prepare_cached("-- at_once, begins\nBEGIN DEFERRED")?.execute([])?;
    let found = query(connection);
    connection.prepare_cached("-- at_once, ends\nCOMMIT")?.execute([])?;
    found
}

/// The next query; `None` when the store is gone. One reader waits for it at a time.
fn next(waiting: &Mutex<mpsc::Receiver<Query>>) -> Option<Query> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

const READERS: usize = 3;

/// How many keys are looked up on the caller's thread at most.
const FEW: usize = 64;

/// How many look things up at once: as many as a small machine has threads for callers.
const SPARE: usize = 2;
