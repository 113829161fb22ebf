//! The end of a log and the beginning of the one that succeeds it; and a copy of the database to keep.
//!
//! The successor goes on from the tree that is stored: every entry keeps its index, and from then on has its proof
//! under the successor's checkpoints. What the ended log signed is set apart.
//!
//! ```text
//! 1. the ended log is published in a folder of its own     nothing happened: derived
//! 2. its checkpoints are set apart, the first entry of the
//!    successor is appended and its checkpoint signed       one transaction
//! 3. the mark becomes the successor's                      a crash before it: done again, from 3
//! ```

use super::columns::{change, first, plain};
use super::fault::Fault;
use super::log::{self as rows, StoredLog};
use super::{connection, erasure, schema, vault};
use crate::log::{Log, LogIdentity};
use crate::mark::{Mark, MarkFile};
use crate::tiles::PublishedLog;
use comity_exchange::ports::{Draft, SealedSegment, StoreError};
use comity_terms::Timestamp;
use comity_tlog::{Hash, SignedCheckpoint, TreeSize, VerifierKey};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// A log as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedTree {
    /// What was signed, as the mark says: more than is kept where the database was restored.
    pub signed: (TreeSize, Hash),
    /// What the successor goes on from.
    pub kept: TreeSize,
}

/// Ends the log of `old` and begins that of `new` in the database in `folder`, which no store has open.
///
/// `published` is where the ended log goes. `begin` makes the first entry of the successor, with its opening.
/// Done again after a crash it ends as if done once; `begin` is then not asked, and what it gave before stands.
///
/// # Errors
/// [`StoreError::Failed`] when database and mark are not of `old`, or cannot be read; nothing was changed but the
/// ended log's folder.
pub fn succeed(
    folder: &Path,
    (old, new): (&VerifierKey, LogIdentity),
    mut mark: impl MarkFile,
    published: &Path,
    now: Timestamp,
    begin: impl FnOnce(&EndedTree) -> Result<(Draft, SealedSegment), StoreError>,
) -> Result<EndedTree, StoreError> {
    let unreadable = |error| StoreError::Failed(format!("the high-water mark is in doubt: {error}"));
    let failed = |text: String| StoreError::Failed(text);
    let mut connection = connection::writer(&folder.join("comity.sqlite"))?;
    schema::migrate(&mut connection)?;
    let marked = mark.read().map_err(unreadable)?;
    let frontier =
        rows::frontier(&connection)?.ok_or_else(|| failed("there is no log to succeed".to_owned()))?;
    let (size, note) = rows::checkpoint(&connection)?;
    let begun = SignedCheckpoint::open(note.as_bytes(), new.key.verifier_key()).is_ok();
    let (log, tree) = if begun {
        let tree = ended_before(&connection, old, marked.as_ref())?;
        (Log::resume(new, &frontier, note)?, tree)
    } else {
        let ended =
            SignedCheckpoint::open(note.as_bytes(), old).map_err(|error| failed(error.to_string()))?;
        let ended = ended.checkpoint().clone();
        if let Some(marked) = marked.as_ref().filter(|marked| marked.origin != old.name()) {
            return Err(failed(format!(
                "the high-water mark is of `{}`, the log is `{}`",
                marked.origin,
                old.name()
            )));
        }
        let signed = marked.as_ref().map_or((size, ended.root()), |marked| (marked.size, marked.root));
        let tree = EndedTree { signed, kept: size };
        let reader = StoredLog(&connection);
        PublishedLog::open(published.to_owned(), old, &reader)
            .and_then(|mut log| log.publish(size, &note, &reader))
            .map_err(|error| failed(error.to_string()))?;
        let (draft, opening) = begin(&tree)?;
        let mut log = Log::succeeding(new, &frontier, &ended)?;
        let mut batch = log.begin();
        batch.append(draft);
        let integrated = log.integrate(&batch)?;
        let origin = old.name().to_owned();
        let write = |connection: &mut Connection| -> Result<(), Fault> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            change(
                &transaction,
                "-- succeed, sets the ended log's checkpoints apart
                 INSERT INTO ended_checkpoint (origin, tree_size, note) SELECT ?1, tree_size, note FROM checkpoint",
                [&origin],
            )?;
            change(&transaction, "-- succeed, the successor has none yet\n DELETE FROM checkpoint", [])?;
            change(&transaction, "-- succeed, nobody knows it yet\n DELETE FROM witnessed_by", [])?;
            vault::put_segment(&transaction, &opening)?;
            erasure::enter(&transaction, &opening.agreement, &opening.rows)?;
            rows::put_batch(&transaction, &batch, &integrated.0, &integrated.1)?;
            Ok(transaction.commit()?)
        };
        write(&mut connection)?;
        log.advance(integrated);
        (log, tree)
    };
    let floor = marked.map_or(now, |marked| marked.time);
    let reached: Mark = log.mark(now, floor);
    mark.write(&reached).map_err(unreadable)?;
    Ok(tree)
}

/// The log that was ended by an earlier call.
fn ended_before(
    connection: &Connection,
    old: &VerifierKey,
    marked: Option<&Mark>,
) -> Result<EndedTree, StoreError> {
    let note = first(
        connection,
        "-- ended_before
         SELECT note FROM ended_checkpoint WHERE origin = ?1 ORDER BY tree_size DESC LIMIT 1",
        [old.name()],
        |row| plain::<String>(row, "note"),
    )?;
    let note =
        note.ok_or_else(|| StoreError::Failed(format!("`{}` is not a log that ended here", old.name())))?;
    let ended = SignedCheckpoint::open(note.as_bytes(), old);
    let ended = ended.map_err(|error| StoreError::Failed(error.to_string()))?;
    let ended = ended.checkpoint();
    let marked = marked.filter(|marked| marked.origin == old.name());
    let signed = marked.map_or((ended.size(), ended.root()), |marked| (marked.size, marked.root));
    Ok(EndedTree { signed, kept: ended.size() })
}

/// Copies the database in `folder`, as it is at one instant, to `to`, which is not there yet; while a store serves it
/// or not. Gives the newest checkpoint in the copy. Free pages, and what was erased in them, are not copied.
///
/// # Errors
/// [`StoreError::Failed`]; what is at `to` is no copy then.
pub fn copy_database(folder: &Path, to: &Path) -> Result<String, StoreError> {
    let copied = || -> Result<String, Fault> {
        let from = connection::reader(&folder.join("comity.sqlite"))?;
        let path = to.to_str().ok_or_else(|| Fault::Other("the path of the copy is not text".into()))?;
        change(&from, "-- copy_database\n VACUUM INTO ?1", [path])?;
        let copy = connection::reader(to)?;
        Ok(rows::checkpoint(&copy)?.1)
    };
    let note = copied()?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::Failed(format!("the copy is not on the disk: {error}")))?;
    Ok(note)
}
