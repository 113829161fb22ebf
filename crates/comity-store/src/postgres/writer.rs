//! The one task of a node that writes: whatever arrived while it waited for its turn is one transaction.
//!
//! Any node may write, one at a time: its turn begins when it has locked the sequencer's row, and ends with its
//! transaction. Whoever waits is served in line by the server. A node that dies gives its turn up with its
//! connection; one that stops in the middle loses it by the server's clock, and what it was writing with it. No
//! node goes on from memory: each turn begins with what the row says, and ends with an update of that very row,
//! which is the fence.
//!
//! ```text
//! 1 take      the sequencer's row, locked               another node wrote since: go on from there, not behind the mark
//! 2 find      what the records may not meet             one in conflict is left out, the others go on
//! 3 write     rows of all tables, in one flight; the batch's checkpoint is signed
//! 4 pass      the sequencer's row, where it is as it was taken
//! 5 commit    to the server's disk                      no answer: the next turn looks whether the checkpoint is there
//! 6 mark      the high-water mark, to its disk          in doubt: this node writes no more
//! 7 answer
//! ```
//! What passes by itself (serialisation failures, deadlocks, a server that restarts) is tried again from 1, a bounded
//! number of times.

use super::columns;
use super::connection::{Client, Connections, Tries};
use super::fault::Fault;
use super::found::found;
use super::log as rows;
use super::plan::{Plan, Wanted};
use super::{
    collected, credentials, erasure, escalation, holds, matching, notices, opt_outs, recall, removals,
    subjects, uses, webhooks,
};
use crate::faults::{Faults, Point};
use crate::log::Log;
use crate::mark::MarkFile;
use crate::publisher::Notice;
use comity_exchange::ports::{Integrated, Record, StoreError};
use comity_terms::Timestamp;
use comity_tlog::{Frontier, LeafIndex, root_at};
use deadpool_postgres::Object;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Whoever waits for a record.
type Waiter = oneshot::Sender<Result<Integrated, StoreError>>;

/// What the writer is sent.
pub(super) enum Message {
    Record(Box<Record>, Waiter),
    /// The task ends after what came before this.
    Close,
}

/// The writer's hold on the store.
pub(super) struct Writer<M> {
    pub(super) connections: Connections,
    pub(super) log: Log,
    pub(super) mark: M,
    /// The time in the last mark, for all to see.
    pub(super) floor: Arc<Mutex<Timestamp>>,
    /// How long the last commit took, for all to see.
    pub(super) commit_nanos: Arc<AtomicU64>,
    pub(super) clock: Box<dyn Fn() -> Timestamp + Send>,
    pub(super) publisher: std::sync::mpsc::Sender<Notice>,
    /// What this node calls itself in the sequencer's row.
    pub(super) node: String,
    pub(super) faults: Arc<dyn Faults>,
}

/// What a batch came to.
struct Made {
    outcomes: Vec<Result<LeafIndex, Fault>>,
    integrated: (Frontier, String),
    grown: bool,
}

impl<M: MarkFile> Writer<M> {
    /// Commits what arrives until the store is closed.
    ///
    /// An error means that the mark is in doubt. Whoever waits then, or asks later, finds that nobody answers.
    pub(super) async fn run(
        mut self,
        mut arriving: mpsc::UnboundedReceiver<Message>,
    ) -> Result<(), StoreError> {
        while let Some(first) = arriving.recv().await {
            let (records, waiters, last) = gather(first, &mut arriving);
            self.commit(&records, waiters).await?;
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Makes `records` in one turn and answers whoever waits for them.
    ///
    /// An error means that this node may write no more.
    async fn commit(&mut self, records: &[Record], waiters: Vec<Waiter>) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let (mut tries, mut doubt) = (Tries::default(), None);
        let attempted = loop {
            match self.attempt(records, &mut doubt).await {
                Err(fault) if fault.passes() && tries.again().await => {}
                attempted => break attempted,
            }
        };
        let settled = match attempted {
            Ok(Made { outcomes, integrated, grown }) => {
                self.settle(integrated, grown).map(|()| (outcomes, grown))
            }
            Err(fault) => {
                tell(waiters, &fault.into());
                return Ok(());
            }
        };
        match settled {
            Ok((outcomes, grown)) => {
                for (made, waiter) in outcomes.into_iter().zip(waiters) {
                    // They may have gone: it has happened all the same.
                    let _ =
                        waiter.send(made.map(|index| self.log.integrated(index)).map_err(StoreError::from));
                }
                if grown {
                    // A publisher that has ended, ended because the store is closing.
                    let _ = self.publisher.send(Notice::Committed);
                }
                Ok(())
            }
            Err(error) => {
                tell(waiters, &error);
                Err(error)
            }
        }
    }

    /// One try at a turn. `doubt` holds what an earlier try came to whose commit was not answered.
    async fn attempt(&mut self, records: &[Record], doubt: &mut Option<Made>) -> Result<Made, Fault> {
        self.breaks(Point::Begin)?;
        let client = self.connections.take().await?;
        let attempted = self.turn(&client, records, doubt).await;
        if attempted.is_err() && client.batch_execute("-- attempt, takes back\nROLLBACK").await.is_err() {
            // Nobody knows the state of this connection: it is not used again.
            drop(Object::take(client));
        }
        attempted
    }

    async fn turn(
        &mut self,
        client: &Client,
        records: &[Record],
        doubt: &mut Option<Made>,
    ) -> Result<Made, Fault> {
        let (begun, turn) = tokio::join!(client.batch_execute("-- turn, begins\nBEGIN"), rows::take(client));
        begun?;
        let turn = turn?.ok_or_else(|| Fault::Other("the log was never begun".into()))?;
        if let Some(made) = self.resolved(client, doubt).await? {
            client.batch_execute("-- turn, nothing to do\nCOMMIT").await?;
            return Ok(made);
        }
        self.follow(client, &turn).await?;
        let mut plan = Plan::over(found(client, &Wanted::of(records)).await?);
        let mut batch = self.log.begin();
        let mut outcomes = Vec::with_capacity(records.len());
        for record in records {
            let index = batch.next_index();
            let admitted = match self.breaks(Point::Change).and_then(|()| plan.check(record)) {
                Ok(()) => ended(client, record, index).await?,
                refused => refused,
            };
            let admitted = admitted.and_then(|()| plan.admit(record, index));
            if admitted.is_ok() {
                record.entries.iter().for_each(|draft| batch.append(draft.clone()));
            }
            outcomes.push(admitted.map(|()| index));
        }
        let grown = !batch.entries.is_empty();
        let integrated = self.log.integrate(&batch)?;
        let mut steps = plan.steps(turn.segments + 1)?;
        steps.extend(plan.collected((self.clock)()));
        if grown {
            self.breaks(Point::Append)?;
            steps.extend(rows::put_batch(&batch, integrated.0.size(), &integrated.1)?);
        }
        let segments = turn.segments + plan.segments() as i64;
        let register = turn.register + i64::from(plan.changes_register());
        steps.push(rows::pass(&turn, &integrated.0, &self.node, segments, register)?);
        if columns::run(client, steps).await?.last() != Some(&1) {
            return Err(Fault::Fenced);
        }
        self.breaks(Point::Commit)?;
        let began = Instant::now();
        let committed = client.batch_execute("-- turn, ends\nCOMMIT").await;
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.commit_nanos.store(took.max(1), Ordering::Relaxed);
        let made = Made { outcomes, integrated, grown };
        match committed {
            Ok(()) => Ok(made),
            Err(error) => {
                // A server that answers says that it did not commit; none that answers may have done so.
                *doubt = error.as_db_error().is_none().then_some(made);
                Err(error.into())
            }
        }
    }

    /// What a try came to whose commit was not answered, if its checkpoint is there. With the turn taken, no
    /// transaction that would put it there is still under way.
    ///
    /// A batch without entries leaves none. It is written again, and what may be there once is then in conflict.
    async fn resolved(&mut self, client: &Client, doubt: &mut Option<Made>) -> Result<Option<Made>, Fault> {
        let Some(made) = doubt.take_if(|made| made.grown) else { return Ok(None) };
        let note = match rows::checkpoint_of(client, made.integrated.0.size()).await {
            Ok(note) => note,
            Err(fault) => {
                *doubt = Some(made);
                return Err(fault);
            }
        };
        Ok(note.is_some_and(|note| note == made.integrated.1).then_some(made))
    }

    /// Goes on from where the row says that the log stands: if another node wrote since, that must be this log,
    /// and no less of it than the mark says.
    async fn follow(&mut self, client: &Client, turn: &rows::Turn) -> Result<(), Fault> {
        if turn.frontier == self.log.frontier() {
            return Ok(());
        }
        let (_, note) = rows::checkpoint(client).await?;
        let stands = self.log.verified(&turn.frontier, note)?;
        check(client, &self.log, stands.0.size(), &mut self.mark).await?;
        self.log.advance(stands);
        Ok(())
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
        let written = tokio::task::block_in_place(|| self.mark.write(&mark));
        written.map_err(|error| StoreError::Failed(format!("the high-water mark is in doubt: {error}")))?;
        *floor = mark.time;
        Ok(())
    }

    fn breaks(&self, point: Point) -> Result<(), Fault> {
        self.faults.at(point).map_err(|error| Fault::Other(error.to_string()))
    }
}

/// Does what a record says of the ends of others, of offices, credentials, endpoints and orders, under a savepoint of its own: these are few.
///
/// The outer error is the transaction's, the inner one the record's.
async fn ended(client: &Client, record: &Record, index: LeafIndex) -> Result<Result<(), Fault>, Fault> {
    if !erasure::ends(record)
        && !escalation::speaks(record)
        && !credentials::speaks(record)
        && !webhooks::speaks(record)
        && !recall::speaks(record)
        && !removals::speaks(record)
        && !collected::speaks(record)
        && !subjects::speaks(record)
        && record.matching.is_empty()
        && !opt_outs::speaks(record)
        && !notices::speaks(record)
        && !holds::speaks(record)
        && !uses::speaks(record)
    {
        return Ok(Ok(()));
    }
    client.batch_execute("-- ended, begins\nSAVEPOINT ended").await?;
    let done = async {
        erasure::end(client, record).await?;
        escalation::put(client, record).await?;
        credentials::put(client, record).await?;
        webhooks::put(client, record).await?;
        recall::put(client, record, index).await?;
        removals::put(client, record).await?;
        collected::put(client, record).await?;
        matching::put(client, &record.matching, index).await?;
        opt_outs::put(client, record).await?;
        notices::put(client, record).await?;
        holds::put(client, record).await?;
        uses::put(client, record, index).await?;
        subjects::put(client, record, index).await?;
        Ok::<(), Fault>(())
    };
    let done = done.await;
    if matches!(&done, Err(fault) if fault.passes()) {
        return done.map(Ok);
    }
    if done.is_err() {
        client.batch_execute("-- ended, takes back\nROLLBACK TO ended").await?;
    }
    client.batch_execute("-- ended, ends\nRELEASE ended").await?;
    Ok(done)
}

/// That the stored log of `size` is not behind the mark.
pub(super) async fn check(
    client: &Client,
    log: &Log,
    size: comity_tlog::TreeSize,
    mark: &mut impl MarkFile,
) -> Result<Option<crate::mark::Mark>, Fault> {
    let unreadable = |error| StoreError::Failed(format!("the high-water mark is in doubt: {error}"));
    let marked = mark.read().map_err(unreadable)?;
    let root = match &marked {
        Some(mark) if mark.size <= size => {
            let at = mark.size;
            Some(rows::computed(client, move |nodes| root_at(at, nodes)).await?)
        }
        _ => None,
    };
    let lacking = || StoreError::Failed("the root of the log was not read".into());
    log.check(size, marked.as_ref(), |_| root.ok_or_else(lacking))?;
    Ok(marked)
}

/// The records of the next batch with whoever waits for them, and whether it is the last: whatever has arrived, up
/// to the bounds.
fn gather(
    first: Message,
    arriving: &mut mpsc::UnboundedReceiver<Message>,
) -> (Vec<Record>, Vec<Waiter>, bool) {
    let (mut records, mut waiters, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut next = Some(first);
    while let Some(message) = next {
        let Message::Record(record, waiter) = message else { return (records, waiters, true) };
        bytes += crate::log::record_bytes(&record);
        records.push(*record);
        waiters.push(waiter);
        let full = records.len() >= BATCH_RECORDS_MAX || bytes >= BATCH_BYTES_MAX;
        next = if full { None } else { arriving.try_recv().ok() };
    }
    (records, waiters, false)
}

/// Tells everyone of the batch that it failed.
fn tell(waiters: Vec<Waiter>, error: &StoreError) {
    for waiter in waiters {
        let _ = waiter.send(Err(error.clone()));
    }
}

/// Enough to fill the time of a commit.
const BATCH_RECORDS_MAX: usize = 1_024;

/// A batch takes no further record once it has this much to write: some hundred milliseconds of a disk.
const BATCH_BYTES_MAX: usize = 64 << 20;
