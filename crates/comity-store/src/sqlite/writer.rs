//! The one thread that writes: whatever arrived during the last commit is one transaction.
//!
//! Owns the order of a commit, as the head of this crate numbers it. Every change of several has a savepoint of its own,
//! so that a conflict in one leaves the others of its batch alone; one that is alone is taken back with its transaction,
//! and SQLite copies no page aside for it. A change that fails otherwise before the
//! commit fails alone, or with its batch when the engine rolled that back or the disk is full; from the commit on,
//! any other failure stops the thread: nobody knows what persisted until the store is opened again.

use super::collected;
use super::columns::change;
use super::connection::WalPages;
use super::fault::Fault;
use super::{
    credentials, erasure, escalation, exchange, holds, laws, log as rows, matching, notices, opt_outs,
    outbox, peers, recall, removals, subjects, uses, vault, webhooks,
};
use crate::faults::{Faults, Point};
use crate::log::{Batch, Log, first_about, record_bytes};
use crate::mark::MarkFile;
use crate::publisher::Notice;
use comity_exchange::ports::{Integrated, OutboxItem, Record, StoreError};
use comity_terms::{ExchangeId, Party, Timestamp};
use comity_tlog::{Frontier, LeafIndex};
use comity_vault::Bucket;
use rusqlite::{Connection, ErrorCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Instant;
use tokio::sync::oneshot;

/// Whoever waits for a change.
type Waiter<T> = oneshot::Sender<Result<T, StoreError>>;

/// A change, with whoever waits for it.
pub(super) enum Change {
    Record(Box<Record>, Waiter<Integrated>),
    ClaimDue {
        now: Timestamp,
        until: Timestamp,
        limit: u32,
        besides: Vec<Party>,
        waiter: Waiter<Vec<OutboxItem>>,
    },
    Claim {
        exchange: ExchangeId,
        now: Timestamp,
        until: Timestamp,
        waiter: Waiter<Option<OutboxItem>>,
    },
    Postpone {
        exchange: ExchangeId,
        next_at: Timestamp,
        waiter: Waiter<()>,
    },
    CloseBucket {
        bucket: Bucket,
        now: Timestamp,
        waiter: Waiter<bool>,
    },
}

/// What the writer's thread is sent.
pub(super) enum Message {
    Change(Change),
    /// The thread ends after what came before this.
    Close,
}

/// A change that was made, or not, and is answered after the commit.
enum Made {
    Record(Result<LeafIndex, Fault>, Waiter<Integrated>),
    Claims(Result<Vec<OutboxItem>, Fault>, Waiter<Vec<OutboxItem>>),
    Claim(Result<Option<OutboxItem>, Fault>, Waiter<Option<OutboxItem>>),
    Done(Result<(), Fault>, Waiter<()>),
    Closed(Result<bool, Fault>, Waiter<bool>),
}

/// The writer's hold on the store.
pub(super) struct Writer<M> {
    pub(super) connection: Connection,
    /// How long SQLite's own log is.
    pub(super) wal: WalPages,
    pub(super) log: Log,
    pub(super) mark: M,
    /// The time in the last mark, for all to see.
    pub(super) floor: Arc<Mutex<Timestamp>>,
    /// How long the last commit took, for all to see.
    pub(super) commit_nanos: Arc<AtomicU64>,
    pub(super) clock: Box<dyn Fn() -> Timestamp + Send>,
    pub(super) publisher: mpsc::Sender<Notice>,
    pub(super) faults: Arc<dyn Faults>,
}

impl<M: MarkFile> Writer<M> {
    /// Commits what arrives until the store is closed.
    ///
    /// An error means that a commit is in doubt. Whoever waits then, or asks later, finds that nobody answers.
    pub(super) fn run(mut self, arriving: &mpsc::Receiver<Message>) -> Result<(), StoreError> {
        while let Ok(first) = arriving.recv() {
            let (changes, last) = gather(first, arriving);
            self.commit(changes)?;
            // Nobody waits for this one.
            self.wal.fold(&self.connection);
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Makes `changes` in one transaction and answers whoever waits for them.
    ///
    /// An error means that nothing more may be written: what persisted is in doubt.
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        if let Err(fault) = self.begin() {
            refuse(changes, &fault.into());
            return Ok(());
        }
        let mut batch = self.log.begin();
        let alone = changes.len() == 1;
        let made = changes.into_iter().map(|change| self.make(change, &mut batch, alone)).collect();
        let grown = !batch.entries.is_empty();
        let integrated = self.log.integrate(&batch)?;
        if let Err(fault) = self.append(&batch, &integrated).and_then(|()| self.end()) {
            let doubt = matches!(fault, Fault::Doubt(_));
            let error = StoreError::from(fault);
            fail(made, &error);
            return if doubt { Err(error) } else { Ok(self.take_back()?) };
        }
        if let Err(error) = self.settle(integrated, grown) {
            fail(made, &error);
            return Err(error);
        }
        for made in made {
            made.answer(&self.log);
        }
        if grown {
            // A publisher that has ended, ended because the store is closing.
            let _ = self.publisher.send(Notice::Committed);
        }
        Ok(())
    }

    fn begin(&self) -> Result<(), Fault> {
        self.breaks(Point::Begin)?;
        self.execute("-- begin\nBEGIN IMMEDIATE")
    }

    /// Writes the batch's entries and their checkpoint, unless the engine has rolled everything back by itself,
    /// as it does when the disk is full.
    fn append(&self, batch: &Batch, (frontier, checkpoint): &(Frontier, String)) -> Result<(), Fault> {
        if self.connection.is_autocommit() {
            return Err(rolled_back());
        }
        if batch.entries.is_empty() {
            return Ok(());
        }
        self.breaks(Point::Append)?;
        rows::put_batch(&self.connection, batch, frontier, checkpoint)
    }

    /// The point from which the batch has happened.
    fn end(&self) -> Result<(), Fault> {
        self.breaks(Point::Commit)?;
        let began = Instant::now();
        let ended = self.connection.execute_batch("-- end\nCOMMIT");
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.commit_nanos.store(took.max(1), Ordering::Relaxed);
        match ended {
            // The page that makes it a commit is written last, and was not: it can be taken back like any other.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Err(error.into()),
            ended => ended.map_err(Fault::Doubt),
        }
    }

    /// Takes the transaction back, unless the engine has.
    fn take_back(&self) -> Result<(), Fault> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.execute("-- take_back\nROLLBACK")
    }

    /// Advances log and mark to what is committed.
    fn settle(&mut self, integrated: (Frontier, String), grown: bool) -> Result<(), StoreError> {
        self.breaks(Point::Committed)?;
        if !grown {
            return Ok(());
        }
        self.log.advance(integrated);
        let mut floor = self.floor.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = self.log.mark((self.clock)(), *floor);
        let written = self.mark.write(&mark);
        written.map_err(|error| StoreError::Failed(format!("the high-water mark is in doubt: {error}")))?;
        *floor = mark.time;
        Ok(())
    }

    fn make(&self, change: Change, batch: &mut Batch, alone: bool) -> Made {
        match change {
            Change::Record(record, waiter) => {
                let index = batch.next_index();
                let made =
                    self.apart(alone, |connection| put_record(connection, &record, index, (self.clock)()));
                let made = made.map(|()| {
                    record.entries.into_iter().for_each(|draft| batch.append(draft));
                    index
                });
                Made::Record(made, waiter)
            }
            Change::ClaimDue { now, until, limit, besides, waiter } => {
                Made::Claims(self.apart(alone, |c| outbox::claim_due(c, now, until, limit, &besides)), waiter)
            }
            Change::Claim { exchange, now, until, waiter } => {
                Made::Claim(self.apart(alone, |c| outbox::claim(c, exchange, now, until)), waiter)
            }
            Change::Postpone { exchange, next_at, waiter } => {
                Made::Done(self.apart(alone, |c| outbox::postpone(c, exchange, next_at)), waiter)
            }
            Change::CloseBucket { bucket, now, waiter } => {
                Made::Closed(self.apart(alone, |c| erasure::close(c, &bucket, now)), waiter)
            }
        }
    }

    /// Does `work` so that it changed nothing when it fails: under a savepoint, or, where it is `alone` in its transaction,
    /// with that.
    fn apart<T>(&self, alone: bool, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.connection.is_autocommit() {
            // A savepoint would now be a transaction of its own, and commit by itself.
            return Err(rolled_back());
        }
        let work = || work(&self.connection).and_then(|done| self.breaks(Point::Change).map(|()| done));
        if alone {
            let done = work();
            if done.is_err() {
                self.take_back()?;
            }
            return done;
        }
        let run = |sql| change(&self.connection, sql, []);
        run("-- apart, begins\nSAVEPOINT change")?;
        let done = work();
        if done.is_err() && !self.connection.is_autocommit() {
            run("-- apart, takes back\nROLLBACK TO change")?;
        }
        if !self.connection.is_autocommit() {
            run("-- apart, ends\nRELEASE change")?;
        }
        done
    }

    fn execute(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.connection.execute_batch(sql)?)
    }

    fn breaks(&self, point: Point) -> Result<(), Fault> {
        self.faults.at(point).map_err(|error| Fault::Other(error.to_string()))
    }
}

/// The changes of the next batch, and whether it is the last: whatever has arrived, up to the bounds.
fn gather(first: Message, arriving: &mpsc::Receiver<Message>) -> (Vec<Change>, bool) {
    let mut changes = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(message) = next {
        let Message::Change(change) = message else { return (changes, true) };
        bytes += change.bytes();
        changes.push(change);
        let full = changes.len() >= BATCH_CHANGES_MAX || bytes >= BATCH_BYTES_MAX;
        next = if full { None } else { arriving.try_recv().ok() };
    }
    (changes, false)
}

/// Writes the rows of a record whose first entry will have `index`.
fn put_record(
    connection: &Connection,
    record: &Record,
    index: LeafIndex,
    now: Timestamp,
) -> Result<(), Fault> {
    for row in &record.exchanges {
        exchange::put_exchange(connection, row, first_about(record, row.id, index))?;
    }
    for item in &record.outbox {
        outbox::put_offer(connection, item)?;
    }
    for exchange in &record.settled {
        outbox::settle_offer(connection, *exchange)?;
    }
    // What leaves a bucket before what enters one, so that an entry's own opening is not counted as left.
    if let Some(erasure) = &record.erased {
        erasure::erase(connection, erasure)?;
    }
    erasure::rewrap(connection, &record.rewrapped)?;
    if let Some(destruction) = &record.destroyed {
        erasure::put_destroyed(connection, destruction)?;
    }
    for segment in &record.segments {
        vault::put_segment(connection, segment)?;
        erasure::enter(connection, &segment.agreement, &segment.rows)?;
    }
    let stepped = record.witness.as_ref().map_or(Ok(()), |step| peers::step_witness(connection, step));
    let stepped = match stepped {
        Ok(()) => true,
        // Another answer to the same partner was faster.
        Err(Fault::Conflict(_)) if record.answer.is_some() => false,
        Err(fault) => return Err(fault),
    };
    if let Some(answer) = &record.answer {
        if record.entries.is_empty() {
            return Err(Fault::Other("an answer without the entry that records it".into()));
        }
        exchange::put_answer(connection, answer, stepped, index)?;
    }
    if let Some((party, size)) = &record.witnessed_by
        && size.0 <= index.0 + record.entries.len() as u64
    {
        peers::put_witnessed_by(connection, party, *size)?;
    }
    if let Some((exchange, receipt)) = &record.partner_receipt {
        exchange::put_partner_receipt(connection, *exchange, receipt)?;
    }
    if let Some(peer) = &record.peer {
        peers::put_peer(connection, peer)?;
    }
    if let Some(officer) = &record.officer {
        peers::put_officer(connection, officer)?;
    }
    escalation::put(connection, record)?;
    credentials::put(connection, record)?;
    webhooks::put(connection, &record.webhooks)?;
    recall::put(connection, record, index)?;
    removals::put(connection, record)?;
    collected::put(connection, record, now)?;
    matching::put(connection, &record.matching, index)?;
    opt_outs::put(connection, record)?;
    record.notices.iter().try_for_each(|row| notices::put(connection, row))?;
    holds::put(connection, record)?;
    uses::put(connection, record, index)?;
    subjects::put(connection, record, index)?;
    for key in &record.officer_keys {
        peers::put_officer_key(connection, key)?;
    }
    if let Some(adopted) = &record.adopted {
        laws::put_adopted(connection, adopted)?;
    }
    for (party, law) in &record.law_signatures {
        laws::put_signature(connection, party, law)?;
    }
    Ok(())
}

impl Change {
    /// About how many bytes it writes.
    fn bytes(&self) -> usize {
        let Self::Record(record, _) = self else { return 0 };
        record_bytes(record)
    }
}

impl Made {
    /// Tells whoever waits what became of it. They may have gone: it has happened all the same.
    fn answer(self, log: &Log) {
        fn tell<T>(made: Result<T, Fault>, waiter: Waiter<T>) {
            let _ = waiter.send(made.map_err(StoreError::from));
        }
        match self {
            Self::Record(made, waiter) => tell(made.map(|index| log.integrated(index)), waiter),
            Self::Claims(made, waiter) => tell(made, waiter),
            Self::Claim(made, waiter) => tell(made, waiter),
            Self::Done(made, waiter) => tell(made, waiter),
            Self::Closed(made, waiter) => tell(made, waiter),
        }
    }
}

/// Tells everyone of a batch that was not begun.
fn refuse(changes: Vec<Change>, error: &StoreError) {
    for change in changes {
        match change {
            Change::Record(_, waiter) => drop(waiter.send(Err(error.clone()))),
            Change::ClaimDue { waiter, .. } => drop(waiter.send(Err(error.clone()))),
            Change::Claim { waiter, .. } => drop(waiter.send(Err(error.clone()))),
            Change::Postpone { waiter, .. } => drop(waiter.send(Err(error.clone()))),
            Change::CloseBucket { waiter, .. } => drop(waiter.send(Err(error.clone()))),
        }
    }
}

/// Tells everyone of the batch that it failed; those whose change was in conflict learn that.
fn fail(batch: Vec<Made>, error: &StoreError) {
    fn tell<M, T>(made: Result<M, Fault>, waiter: Waiter<T>, error: &StoreError) {
        let _ = waiter.send(Err(made.err().map_or_else(|| error.clone(), StoreError::from)));
    }
    for made in batch {
        match made {
            Made::Record(made, waiter) => tell(made, waiter, error),
            Made::Claims(made, waiter) => tell(made, waiter, error),
            Made::Claim(made, waiter) => tell(made, waiter, error),
            Made::Done(made, waiter) => tell(made, waiter, error),
            Made::Closed(made, waiter) => tell(made, waiter, error),
        }
    }
}

fn rolled_back() -> Fault {
    Fault::Other("the engine rolled the batch back".into())
}

/// Enough to fill the time of a commit: at one in 10 ms, 100,000 changes a second.
const BATCH_CHANGES_MAX: usize = 1_024;

/// A batch takes no further change once it has this much to write: some hundred milliseconds of a disk.
const BATCH_BYTES_MAX: usize = 64 << 20;
