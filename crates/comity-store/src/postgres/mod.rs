//! The PostgreSQL engine: one database for all nodes of a gateway, one of them writing the log at a time.
//!
//! ```text
//! the server            state, vault rows, log: the only truth
//! DIR/log/              the published log, derived by each node
//! KEYS/mark             the high-water mark, shared by the nodes
//! ```
//! One file for each area of the port, with the statements that belong to it, as in SQLite's engine; each statement
//! opens with a comment that names its function. Nothing depends on advisory locks or on notices of the server, so
//! that a distributed engine which speaks its protocol will do.
//!
//! | read | for |
//! |---|---|
//! | `writer` | a turn at the log, from lock to answer |
//! | `plan` | what a batch of records comes to; pure |
//! | `connection` | sessions, and what is tried again |

mod carry;
mod collected;
mod columns;
mod connection;
mod credentials;
mod erasure;
mod escalation;
mod exchange;
mod export;
mod fault;
mod found;
mod holds;
mod laws;
mod log;
mod matching;
mod notices;
mod opt_outs;
mod outbox;
mod peers;
mod plan;
mod plans;
mod published;
mod recall;
mod removals;
mod restriction;
mod schema;
mod store;
mod subjects;
mod succession;
mod uses;
mod vault;
mod webhooks;
mod writer;

pub(crate) use carry::Carrying;
pub(crate) use export::export;
pub(crate) use succession::succeed;

use crate::ending::{self, Ending};
use crate::faults::{Faults, NoFaults};
use crate::location::ServerUrl;
use crate::log::{Log, LogIdentity};
use crate::mark::MarkFile;
use crate::publisher::{self, Notice};
use columns::{change, first, plain};
use comity_exchange::ports::StoreError;
use comity_terms::Timestamp;
use connection::{Client, Connections};
use fault::Fault;
use futures_util::future::BoxFuture;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc as channel, oneshot};
use writer::{Message, Writer};

/// The store of one gateway, in PostgreSQL, as one of its nodes has it.
///
/// Callers are async and need no runtime of any kind: the store has its own. Dropping it closes it.
pub struct PostgresStore {
    messages: channel::UnboundedSender<Message>,
    connections: Connections,
    notices: mpsc::Sender<Notice>,
    floor: Arc<Mutex<Timestamp>>,
    /// How long the last commit took; 0 before the first.
    commit_nanos: Arc<AtomicU64>,
    ending: Ending,
    runtime: Handle,
    /// Taken when the store is closed.
    running: Mutex<Option<Running>>,
}

struct Running {
    runtime: Runtime,
    /// Nothing is ever sent: it is cut off when the writer has ended.
    writer: mpsc::Receiver<()>,
    publisher: JoinHandle<()>,
}

impl PostgresStore {
    /// Opens the store on the server at `url`; makes the schema when there is none. Blocks until that is done.
    ///
    /// The log is that of `identity`, and no shorter than `mark` says, which the nodes of the gateway share. `clock`
    /// gives the time that marks carry. The files of the log are derived under `folder`, which is this node's own.
    ///
    /// # Errors
    /// [`StoreError::BehindMark`] when the database was restored: the operator opens a successor log.
    /// [`StoreError::Failed`] when the server is not reached, or database, log and mark do not fit each other.
    pub fn open(
        url: &ServerUrl,
        folder: &Path,
        identity: LogIdentity,
        mark: impl MarkFile,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, StoreError> {
        Self::dangerous_open_breaking(url, folder, identity, mark, clock, Arc::new(NoFaults))
    }

    /// As [`open`](Self::open), and breaks where `faults` says: for tests of what then happens.
    ///
    /// # Errors
    /// As there.
    pub fn dangerous_open_breaking(
        url: &ServerUrl,
        folder: &Path,
        identity: LogIdentity,
        mut mark: impl MarkFile,
        clock: impl Fn() -> Timestamp + Send + 'static,
        faults: Arc<dyn Faults>,
    ) -> Result<Self, StoreError> {
        let none = |error| StoreError::Failed(format!("no threads for the database: {error}"));
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(none)?;
        let handle = runtime.handle().clone();
        let key = identity.key.verifier_key().clone();
        let connections = Connections::new(url, READERS)?;
        let writing = Connections::new(url, 1)?;
        let node = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let (opened, opening) = mpsc::channel();
        let (floor_now, name) = (clock(), node.clone());
        let connecting = writing.clone();
        // Blocking in here would hold up whichever runtime the caller is on; its thread waits instead.
        handle.spawn(async move {
            let log = open(&connecting, identity, &mut mark, floor_now, &name).await;
            let _ = opened.send(log.map(|(log, floor)| (log, floor, mark)));
        });
        let gone = |_| StoreError::Failed("opening the database broke off".into());
        let (log, floor, mark) = opening.recv().map_err(gone)??;
        let floor = Arc::new(Mutex::new(floor));
        let published = published::Server::new(handle.clone(), connections.clone());
        let looked_for = Some(PUBLISHED_EVERY);
        let (notices, publisher) =
            publisher::start(published, folder.join("log"), key, Arc::clone(&faults), looked_for)
                .map_err(none)?;
        let commit_nanos = Arc::new(AtomicU64::new(0));
        let (messages, arriving) = channel::unbounded_channel();
        let writer = Writer {
            connections: writing,
            log,
            mark,
            floor: Arc::clone(&floor),
            commit_nanos: Arc::clone(&commit_nanos),
            clock: Box::new(clock),
            publisher: notices.clone(),
            node,
            faults,
        };
        let (ended, writer_ended) = mpsc::channel::<()>();
        let (writing, ending) = ending::begin();
        handle.spawn(async move {
            writing.ends(writer.run(arriving).await);
            drop(ended);
        });
        let running = Mutex::new(Some(Running { runtime, writer: writer_ended, publisher }));
        Ok(Self { messages, connections, notices, floor, commit_nanos, ending, runtime: handle, running })
    }

    /// The latest instant at which this log was known to be signed: the gateway's time never runs below it.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        *self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why this node takes no changes any more, where it stopped by itself: the mark is in doubt.
    #[must_use]
    pub fn stopped(&self) -> Option<StoreError> {
        self.ending.why()
    }

    /// Waits until this node stops by itself, and gives why; for ever where it is closed instead.
    pub async fn until_stopped(&self) -> StoreError {
        self.ending.wait().await
    }

    /// How often partners or laws have changed, by any node.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the server is not reached.
    pub async fn register_version(&self) -> Result<i64, StoreError> {
        self.ask(|client| {
            Box::pin(async move {
                let found = first(
                    client,
                    "-- register_version
                     SELECT register FROM sequencer WHERE one = 1",
                    &[],
                    |row| plain(row, "register"),
                );
                Ok(found.await?.unwrap_or(0))
            })
        })
        .await
    }

    /// Waits until what was committed before is published in the folder of the log.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the files cannot be written. Nothing is lost by it: they are derived again.
    pub async fn flush_tiles(&self) -> Result<(), StoreError> {
        let (waiter, flushed) = oneshot::channel();
        self.notices.send(Notice::Flush(waiter)).map_err(|_| stopped())?;
        flushed.await.map_err(|_| stopped())?
    }

    /// Finishes what is under way and ends the threads; blocks until then. Later calls fail.
    ///
    /// What was committed is published by then, unless the files cannot be written: opening derives them again.
    pub fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { runtime, writer, publisher }) = running else { return };
        // The publisher last, so that it sees what the writer committed last.
        let _ = self.messages.send(Message::Close);
        let _ = writer.recv();
        let _ = self.notices.send(Notice::Close);
        let _ = publisher.join();
        runtime.shutdown_background();
    }

    async fn ask<T: Send + 'static>(
        &self,
        query: impl for<'c> Fn(&'c Client) -> BoxFuture<'c, Result<T, Fault>> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let connections = self.connections.clone();
        let asked = self.runtime.spawn(async move { connections.ask(query).await });
        Ok(asked.await.map_err(|_| stopped())??)
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// The log as the database holds it, begun where there is none, not behind the mark; and the time in the mark now.
async fn open(
    connections: &Connections,
    identity: LogIdentity,
    mark: &mut impl MarkFile,
    now: Timestamp,
    node: &str,
) -> Result<(Log, Timestamp), StoreError> {
    let client = connections.take().await.map_err(StoreError::from)?;
    durable(&client).await?;
    schema::migrate(&client).await?;
    let empty = Log::empty(identity)?;
    let opened = resume(&client, empty, mark, now, node).await;
    if opened.is_err() {
        // The turn ends with the connection, whatever state that is in.
        drop(deadpool_postgres::Object::take(client));
    }
    Ok(opened?)
}

async fn resume(
    client: &Client,
    mut log: Log,
    mark: &mut impl MarkFile,
    now: Timestamp,
    node: &str,
) -> Result<(Log, Timestamp), Fault> {
    client.batch_execute("-- resume, begins\nBEGIN").await?;
    let begun = columns::run(client, vec![log::begin(log.frontier(), node)]).await?;
    if begun == [1] {
        columns::run(client, vec![log::put_checkpoint(log.size(), log.checkpoint())?]).await?;
    }
    let turn = log::take(client).await?.ok_or_else(|| Fault::Other("the log was not begun".into()))?;
    let (_, note) = log::checkpoint(client).await?;
    let stands = log.verified(&turn.frontier, note)?;
    let marked = writer::check(client, &log, stands.0.size(), mark).await?;
    log.advance(stands);
    let reached = log.mark(now, marked.as_ref().map_or(now, |mark| mark.time));
    if marked.as_ref() != Some(&reached) {
        // A crash between commit and mark, or the first start.
        let unwritten = |error| StoreError::Failed(format!("the high-water mark is in doubt: {error}"));
        tokio::task::block_in_place(|| mark.write(&reached)).map_err(unwritten)?;
    }
    client.batch_execute("-- resume, ends\nCOMMIT").await?;
    Ok((log, reached.time))
}

/// That a commit is on the server's disk when it is answered, as far as the server says.
async fn durable(client: &Client) -> Result<(), Fault> {
    let set: Option<String> = first(
        client,
        "-- durable
         SELECT current_setting('fsync', true) AS fsync",
        &[],
        |row| plain(row, "fsync"),
    )
    .await?
    .flatten();
    if set.as_deref() == Some("off") {
        return Err(Fault::Other(
            "the database runs with fsync = off: what it commits does not survive a power cut".into(),
        ));
    }
    change(client, "-- durable\nSET synchronous_commit = on", &[]).await?;
    Ok(())
}

fn stopped() -> StoreError {
    StoreError::Failed("the store is closed, or stopped after a commit in doubt".into())
}

/// Threads of the store's own: one for the writer, one for those who read.
const WORKERS: usize = 2;

/// Connections that read at once.
const READERS: usize = 6;

/// How often a node looks for what others have committed, to publish it.
const PUBLISHED_EVERY: Duration = Duration::from_secs(1);
