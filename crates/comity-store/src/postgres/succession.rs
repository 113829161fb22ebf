//! A log's end and its successor's beginning on the server: see `crate::succession`.
//!
//! The nodes of the gateway are stopped: one that still ran would find a log that its key does not sign, and write nothing.

use super::columns::{self, change, first, plain};
use super::connection::{Client, Connections};
use super::fault::Fault;
use super::found::found;
use super::log as rows;
use super::plan::{Plan, Wanted};
use super::{durable, published, schema};
use crate::location::ServerUrl;
use crate::log::{Log, LogIdentity};
use crate::mark::MarkFile;
use crate::succession::{EndedTree, ended_before, ends};
use crate::tiles::PublishedLog;
use comity_exchange::ports::{Draft, Record, SealedSegment, StoreError};
use comity_terms::Timestamp;
use comity_tlog::{Checkpoint, SignedCheckpoint, TreeSize, VerifierKey};
use deadpool_postgres::Object;
use std::path::Path;
use tokio::runtime::Builder;

/// As `crate::succession::succeed`.
pub(crate) fn succeed(
    url: &ServerUrl,
    keys: (&VerifierKey, LogIdentity),
    mark: impl MarkFile,
    published: &Path,
    now: Timestamp,
    begin: impl FnOnce(&EndedTree) -> Result<(Draft, SealedSegment), StoreError> + Send,
) -> Result<EndedTree, StoreError> {
    // A thread of its own, for the caller's may be a runtime's.
    let broken = |_| StoreError::Failed("the succession broke off".into());
    let work = || succeeded(url, keys, mark, published, now, begin);
    std::thread::scope(|scope| scope.spawn(work).join()).map_err(broken)?
}

fn succeeded(
    url: &ServerUrl,
    (old, new): (&VerifierKey, LogIdentity),
    mut mark: impl MarkFile,
    folder: &Path,
    now: Timestamp,
    begin: impl FnOnce(&EndedTree) -> Result<(Draft, SealedSegment), StoreError>,
) -> Result<EndedTree, StoreError> {
    let none = |error| StoreError::Failed(format!("no threads for the database: {error}"));
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(none)?;
    let connections = Connections::new(url, 2)?;
    let unreadable = |error| StoreError::Failed(format!("the high-water mark is in doubt: {error}"));
    let marked = mark.read().map_err(unreadable)?;
    let Stands { frontier, size, note, ended } = runtime.block_on(stands(&connections, old))?;
    let begun = SignedCheckpoint::open(note.as_bytes(), new.key.verifier_key()).is_ok();
    let (log, tree) = if begun {
        let tree = ended_before(old, &new.origin, ended, marked.as_ref())?;
        (Log::resume(new, &frontier, note)?, tree)
    } else {
        let (last, tree) = ends(old, &new.origin, &note, marked.as_ref())?;
        let reader = published::Server::new(runtime.handle().clone(), connections.clone());
        PublishedLog::open(folder.to_owned(), old, &reader)
            .and_then(|mut log| log.publish(size, &note, &reader))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let log = runtime.block_on(write(&connections, (old, new), &last, begin(&tree)?))?;
        (log, tree)
    };
    let floor = marked.map_or(now, |marked| marked.time);
    mark.write(&log.mark(now, floor)).map_err(unreadable)?;
    Ok(tree)
}

/// Where the log on the server stands.
struct Stands {
    frontier: Vec<u8>,
    size: TreeSize,
    note: String,
    /// The last checkpoint of the log that is to end, where it has ended before.
    ended: Option<String>,
}

async fn stands(connections: &Connections, old: &VerifierKey) -> Result<Stands, Fault> {
    let client = connections.take().await?;
    durable(&client).await?;
    schema::migrate(&client).await?;
    let none = || Fault::Other("there is no log to succeed".into());
    let frontier = first(
        &client,
        "-- stands, the frontier
         SELECT frontier FROM sequencer WHERE one = 1",
        &[],
        |row| plain(row, "frontier"),
    );
    let frontier = frontier.await?.ok_or_else(none)?;
    let (size, note) = rows::checkpoint(&client).await?;
    let ended = first(
        &client,
        "-- stands, the last of the ended log
         SELECT note FROM ended_checkpoint WHERE origin = $1 ORDER BY tree_size DESC LIMIT 1",
        &[&old.name()],
        |row| plain(row, "note"),
    )
    .await?;
    Ok(Stands { frontier, size, note, ended })
}

async fn write(
    connections: &Connections,
    keys: (&VerifierKey, LogIdentity),
    last: &Checkpoint,
    first: (Draft, SealedSegment),
) -> Result<Log, Fault> {
    let client = connections.take().await?;
    let written = written(&client, keys, last, first).await;
    if written.is_err() {
        // Whatever it has begun ends with its connection.
        drop(Object::take(client));
    }
    written
}

async fn written(
    client: &Client,
    (old, new): (&VerifierKey, LogIdentity),
    last: &Checkpoint,
    (draft, opening): (Draft, SealedSegment),
) -> Result<Log, Fault> {
    client.batch_execute("-- succeed, begins\nBEGIN").await?;
    let turn = rows::take(client).await?.ok_or_else(|| Fault::Other("the log was never begun".into()))?;
    if turn.size != last.size() {
        return Err(Fault::Other(
            "another node of this gateway wrote meanwhile: a log is succeeded while none serves".into(),
        ));
    }
    let mut log = Log::succeeding(new, &turn.frontier, last)?;
    let records = [Record { entries: vec![draft], segments: vec![opening], ..Record::default() }];
    let mut plan = Plan::over(found(client, &Wanted::of(&records)).await?);
    let mut batch = log.begin();
    plan.admit(&records[0], batch.next_index())?;
    records[0].entries.iter().for_each(|draft| batch.append(draft.clone()));
    let integrated = log.integrate(&batch)?;
    change(
        client,
        "-- succeed, sets the ended log's checkpoints apart
         INSERT INTO ended_checkpoint (origin, tree_size, note) SELECT $1, tree_size, note FROM checkpoint",
        &[&old.name()],
    )
    .await?;
    change(client, "-- succeed, the successor has none yet\nDELETE FROM checkpoint", &[]).await?;
    change(client, "-- succeed, nobody knows it yet\nDELETE FROM witnessed_by", &[]).await?;
    let mut steps = plan.steps(turn.segments + 1)?;
    steps.extend(rows::put_batch(&batch, integrated.0.size(), &integrated.1)?);
    let segments = turn.segments + plan.segments() as i64;
    steps.push(rows::pass(&turn, &integrated.0, "succeeded", segments, turn.register)?);
    if columns::run(client, steps).await?.last() != Some(&1) {
        return Err(Fault::Fenced);
    }
    client.batch_execute("-- succeed, ends\nCOMMIT").await?;
    log.advance(integrated);
    Ok(log)
}
