//! The SQLite engine: one database in the gateway's folder, one writer, a few readers.
//!
//! ```text
//! DIR/comity.sqlite     state, vault rows, log: the only truth (and -wal, -shm beside it)
//! DIR/log/              the published log, derived
//! ```
//! One file for each area of the port, with the statements that belong to it; each statement opens with a
//! comment that names its function.

mod carry;
mod collected;
mod columns;
mod connection;
mod credentials;
mod erasure;
mod escalation;
mod exchange;
mod fault;
mod holds;
mod laws;
mod log;
mod matching;
mod notices;
mod opt_outs;
mod outbox;
mod peers;
mod plans;
mod read;
mod recall;
mod removals;
mod restriction;
mod schema;
mod subjects;
mod succession;
mod uses;
mod vault;
mod webhooks;
mod writer;

pub(crate) use carry::{Kind, Stored, Table, Taking};

use crate::ending::{self, Ending};
use crate::faults::{Faults, NoFaults};
use crate::log::{Log, LogIdentity};
use crate::mark::MarkFile;
use crate::publisher::{self, Notice};
use comity_exchange::collect::{ContentTag, ObjectTag};
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::{
    AdoptedLaw, ApprovalRow, DelegationRow, Epoch, EscalationRow, ExchangeRow, FoundAnswer, HeldFor,
    HeldRecord, Integrated, Left, Logged, Officer, OfficerKey, OutboxItem, Peer, Record, RecordPlace,
    SealedSegment, Standing, Store, StoreError, TokenRow, Vitals,
};
use comity_terms::{Digest, ExchangeId, Month, Party, Timestamp, ids::SegmentId};
use comity_tlog::{
    ConsistencyProof, InclusionProof, LeafIndex, TreeSize, consistency_proof, inclusion_proof, root_at,
};
use comity_vault::Bucket;
use connection::WalPages;
use fault::Fault;
use log::{OwnLog, StoredLog, unread};
use read::Readers;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
pub(crate) use succession::{copy, succeed};
use tokio::sync::oneshot;
use writer::{Change, Message, Writer};

/// The store of one gateway, in SQLite.
///
/// Callers are async and need no runtime: the work is done on threads of the store's own. Dropping it closes it.
pub struct SqliteStore {
    messages: mpsc::Sender<Message>,
    readers: Readers,
    notices: mpsc::Sender<Notice>,
    floor: Arc<Mutex<Timestamp>>,
    /// How long the last commit took; 0 before the first.
    commit_nanos: Arc<AtomicU64>,
    ending: Ending,
    /// Taken when the store is closed.
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<()>,
    publisher: JoinHandle<()>,
}

impl SqliteStore {
    /// Opens the store in `folder`, which exists; makes the database when there is none.
    ///
    /// The log is that of `identity`, and no shorter than `mark` says. `clock` gives the time that marks carry.
    /// One process at a time: the shell holds the folder's lock.
    ///
    /// # Errors
    /// [`StoreError::BehindMark`] when the database was restored: the operator opens a successor log.
    /// [`StoreError::Failed`] when database, log and mark do not fit each other, or cannot be read.
    pub fn open(
        folder: &Path,
        identity: LogIdentity,
        mark: impl MarkFile,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, StoreError> {
        Self::dangerous_open_breaking(folder, identity, mark, clock, Arc::new(NoFaults))
    }

    /// As [`open`](Self::open), and breaks where `faults` says: for tests of what then happens.
    ///
    /// # Errors
    /// As there.
    pub fn dangerous_open_breaking(
        folder: &Path,
        identity: LogIdentity,
        mut mark: impl MarkFile,
        clock: impl Fn() -> Timestamp + Send + 'static,
        faults: Arc<dyn Faults>,
    ) -> Result<Self, StoreError> {
        let database = folder.join(DATABASE);
        let key = identity.key.verifier_key().clone();
        let mut connection = connection::writer(&database)?;
        let wal = WalPages::watch(&mut connection)?;
        schema::migrate(&mut connection)?;
        if let Some(pages) = faults.pages_max() {
            connection::grow_to(&connection, pages)?;
        }
        let log = resume(&mut connection, identity)?;
        let unreadable = |error| StoreError::Failed(format!("the high-water mark is in doubt: {error}"));
        let marked = mark.read().map_err(unreadable)?;
        log.check(log.size(), marked.as_ref(), |size| {
            root_at(size, &StoredLog(&connection)).map_err(|error| unread(error).into())
        })?;
        let now = clock();
        outbox::release(&connection, now)?;
        let reached = log.mark(now, marked.as_ref().map_or(now, |mark| mark.time));
        if marked.as_ref() != Some(&reached) {
            // A crash between commit and mark, or the first start.
            mark.write(&reached).map_err(unreadable)?;
        }
        let floor = Arc::new(Mutex::new(reached.time));
        let commit_nanos = Arc::new(AtomicU64::new(0));
        let readers = Readers::open(&database)?;
        let (notices, publisher) = publisher::start(
            OwnLog(connection::reader(&database)?),
            folder.join("log"),
            key,
            Arc::clone(&faults),
            None,
        )
        .map_err(|error| StoreError::Failed(format!("no thread to publish on: {error}")))?;
        let (messages, arriving) = mpsc::channel();
        let writer = Writer {
            connection,
            wal,
            log,
            mark,
            floor: Arc::clone(&floor),
            commit_nanos: Arc::clone(&commit_nanos),
            clock: Box::new(clock),
            publisher: notices.clone(),
            faults,
        };
        let (writing, ending) = ending::begin();
        let writer = thread::Builder::new()
            .name("store writer".into())
            .spawn(move || writing.ends(writer.run(&arriving)))
            .map_err(|error| StoreError::Failed(format!("no thread to write on: {error}")))?;
        Ok(Self {
            messages,
            readers,
            notices,
            floor,
            commit_nanos,
            ending,
            threads: Mutex::new(Some(Threads { writer, publisher })),
        })
    }

    /// The latest instant at which this log was known to be signed: the gateway's time never runs below it.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        *self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the store takes no changes any more, where it stopped by itself: a commit or the mark is in doubt.
    #[must_use]
    pub fn stopped(&self) -> Option<StoreError> {
        self.ending.why()
    }

    /// Waits until the store stops by itself, and gives why; for ever where it is closed instead.
    pub async fn until_stopped(&self) -> StoreError {
        self.ending.wait().await
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
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Threads { writer, publisher }) = threads else { return };
        // The publisher last, so that it sees what the writer committed last. Whichever has stopped before does
        // not hear this; one that panicked has said so, and the other still ends in order.
        let _ = self.messages.send(Message::Close);
        let _ = writer.join();
        let _ = self.notices.send(Notice::Close);
        let _ = publisher.join();
    }

    async fn change<T>(
        &self,
        change: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Change,
    ) -> Result<T, StoreError> {
        let (waiter, made) = oneshot::channel();
        self.messages.send(Message::Change(change(waiter))).map_err(|_| stopped())?;
        made.await.map_err(|_| stopped())?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// The log as the database holds it; begun, with a checkpoint of no entries, when there is none.
fn resume(connection: &mut Connection, identity: LogIdentity) -> Result<Log, StoreError> {
    if let Some(frontier) = log::frontier(connection)? {
        let (_, checkpoint) = log::checkpoint(connection)?;
        return Log::resume(identity, &frontier, checkpoint);
    }
    let empty = Log::empty(identity)?;
    let begin = |connection: &mut Connection| -> Result<(), Fault> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        log::put_checkpoint(&transaction, empty.size(), &empty.frontier(), empty.checkpoint())?;
        Ok(transaction.commit()?)
    };
    begin(connection)?;
    Ok(empty)
}

/// The database's file in the gateway's folder.
pub(crate) const DATABASE: &str = "comity.sqlite";

fn stopped() -> StoreError {
    StoreError::Failed("the store is closed, or stopped after a commit in doubt".into())
}

impl Store for SqliteStore {
    async fn record(&self, record: Record) -> Result<Integrated, StoreError> {
        self.change(|waiter| Change::Record(Box::new(record), waiter)).await
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError> {
        self.readers.look(move |c| exchange::exchange(c, id)).await
    }

    async fn exchange_integrated(
        &self,
        id: ExchangeId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.readers.look(move |c| log::exchange_integrated(c, id)).await
    }

    async fn answer(&self, peer: &Party, exchange: ExchangeId) -> Result<Option<FoundAnswer>, StoreError> {
        let peer = peer.clone();
        self.readers.look(move |c| exchange::answer(c, &peer, exchange)).await
    }

    async fn accepted_in_chain(
        &self,
        peer: &Party,
        chain: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError> {
        let peer = peer.clone();
        self.readers.look(move |c| exchange::accepted_in_chain(c, &peer, chain)).await
    }

    async fn partner_receipt(&self, exchange: ExchangeId) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.look(move |c| exchange::partner_receipt(c, exchange)).await
    }

    async fn claim_outbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
        besides: &[Party],
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let besides = besides.to_vec();
        self.change(|waiter| Change::ClaimDue { now, until, limit, besides, waiter }).await
    }

    async fn claim_offer(
        &self,
        exchange: ExchangeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<OutboxItem>, StoreError> {
        self.change(|waiter| Change::Claim { exchange, now, until, waiter }).await
    }

    async fn postpone(&self, exchange: ExchangeId, next_at: Timestamp) -> Result<(), StoreError> {
        self.change(|waiter| Change::Postpone { exchange, next_at, waiter }).await
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        self.readers.look(|c| log::checkpoint(c).map(|(_, note)| note)).await
    }

    async fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<InclusionProof, StoreError> {
        self.readers.look(move |c| inclusion_proof(index, size, &StoredLog(c)).map_err(unread)).await
    }

    async fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<ConsistencyProof, StoreError> {
        self.readers.look(move |c| consistency_proof(old, new, &StoredLog(c)).map_err(unread)).await
    }

    async fn logged(&self, from: LeafIndex, limit: u32) -> Result<Vec<Logged>, StoreError> {
        self.readers.read(move |c| log::logged(c, from, limit)).await
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<(TreeSize, comity_tlog::Hash)>, StoreError> {
        let origin = origin.to_owned();
        self.readers.look(move |c| peers::witnessed(c, &origin)).await
    }

    async fn witnessed_checkpoint(&self, origin: &str) -> Result<Option<String>, StoreError> {
        let origin = origin.to_owned();
        self.readers.look(move |c| peers::witnessed_checkpoint(c, &origin)).await
    }

    async fn witnessed_by(&self, peer: &Party) -> Result<TreeSize, StoreError> {
        let peer = peer.clone();
        self.readers.look(move |c| peers::witnessed_by(c, &peer)).await
    }

    async fn peer(&self, party: &Party) -> Result<Option<Peer>, StoreError> {
        let party = party.clone();
        self.readers.look(move |c| peers::peer(c, &party)).await
    }

    async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        self.readers.read(peers::peers).await
    }

    async fn officer(&self, name: &str) -> Result<Option<Officer>, StoreError> {
        let name = name.to_owned();
        self.readers.look(move |c| peers::officer(c, &name)).await
    }

    async fn officer_keys(&self) -> Result<Vec<OfficerKey>, StoreError> {
        self.readers.read(peers::officer_keys).await
    }

    async fn standing(&self, name: &str) -> Result<Option<Standing>, StoreError> {
        let name = name.to_owned();
        self.readers.look(move |c| credentials::standing(c, &name)).await
    }

    async fn token(&self, digest: Digest) -> Result<Option<TokenRow>, StoreError> {
        self.readers.look(move |c| credentials::token(c, digest)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.readers.read(credentials::tokens).await
    }

    async fn subject(&self, subject: Digest) -> Result<Option<String>, StoreError> {
        self.readers.look(move |c| credentials::subject(c, subject)).await
    }

    async fn escalation(&self, exchange: ExchangeId) -> Result<Option<EscalationRow>, StoreError> {
        self.readers.look(move |c| escalation::escalation(c, exchange)).await
    }

    async fn escalations(
        &self,
        after: Option<ExchangeId>,
        limit: u32,
    ) -> Result<Vec<EscalationRow>, StoreError> {
        self.readers.read(move |c| escalation::escalations(c, after, limit)).await
    }

    async fn approvals(&self, exchange: ExchangeId) -> Result<Vec<ApprovalRow>, StoreError> {
        self.readers.read(move |c| escalation::approvals(c, exchange)).await
    }

    async fn delegations(&self) -> Result<Vec<DelegationRow>, StoreError> {
        self.readers.read(escalation::delegations).await
    }

    async fn adopted_laws(&self) -> Result<Vec<AdoptedLaw>, StoreError> {
        self.readers.read(laws::adopted).await
    }

    async fn law_signatures(&self, party: &Party) -> Result<Vec<SignedLaw>, StoreError> {
        let party = party.clone();
        self.readers.read(move |c| laws::signatures(c, &party)).await
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<SealedSegment>, StoreError> {
        self.readers.read(move |c| vault::segment(c, id)).await
    }

    async fn segments(&self, exchange: ExchangeId) -> Result<Vec<SegmentId>, StoreError> {
        self.readers.read(move |c| vault::segments(c, exchange)).await
    }

    async fn due(&self, by: Timestamp, at: Timestamp, limit: u32) -> Result<Vec<HeldRecord>, StoreError> {
        self.readers.read(move |c| erasure::due(c, by, at, limit)).await
    }

    async fn held_of(
        &self,
        exchange: ExchangeId,
        openings: bool,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        self.readers.read(move |c| erasure::held_of(c, exchange, openings, limit)).await
    }

    async fn leaving(&self, places: Vec<RecordPlace>) -> Result<Left, StoreError> {
        self.readers.read(move |c| collected::leaving(c, &places)).await
    }

    async fn clocks(
        &self,
        held: HeldFor,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ContentTag, Timestamp)>, StoreError> {
        self.readers.look_all(objects.len(), move |c| collected::clocks(c, &held, &objects)).await
    }

    async fn held_in(
        &self,
        bucket: &Bucket,
        after: Option<&HeldRecord>,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        let (bucket, after) = (bucket.clone(), after.cloned());
        self.readers.read(move |c| erasure::held_in(c, &bucket, after.as_ref(), limit)).await
    }

    async fn close_bucket(&self, bucket: &Bucket, now: Timestamp) -> Result<bool, StoreError> {
        self.change(|waiter| Change::CloseBucket { bucket: bucket.clone(), now, waiter }).await
    }

    async fn epochs(&self, month: Month, all: bool) -> Result<Vec<Epoch>, StoreError> {
        self.readers.read(move |c| erasure::epochs(c, month, all)).await
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vitals, StoreError> {
        let commit = match self.commit_nanos.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        };
        let vitals = self.readers.read(move |c| erasure::vitals(c, now)).await?;
        Ok(Vitals { commit, ..vitals })
    }
}
