//! A log's end and its successor's beginning in the folder's database, and a copy of it: see `crate::succession`.

use super::columns::{change, first, plain};
use super::fault::Fault;
use super::log::{self as rows, StoredLog};
use super::{connection, erasure, schema, vault};
use crate::log::{Log, LogIdentity};
use crate::mark::{Mark, MarkFile};
use crate::succession::{EndedTree, ended_before, ends};
use crate::tiles::PublishedLog;
use comity_exchange::ports::{Draft, SealedSegment, StoreError};
use comity_terms::Timestamp;
use comity_tlog::{SignedCheckpoint, VerifierKey};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// As `crate::succession::succeed`.
pub(crate) fn succeed(
    folder: &Path,
    (old, new): (&VerifierKey, LogIdentity),
    mut mark: impl MarkFile,
    published: &Path,
    now: Timestamp,
    begin: impl FnOnce(&EndedTree) -> Result<(Draft, SealedSegment), StoreError>,
) -> Result<EndedTree, StoreError> {
    let unreadable = |error| StoreError::Failed(format!("the high-water mark is in doubt: {error}"));
    let failed = |text: String| StoreError::Failed(text);
    let mut connection = connection::writer(&folder.join(super::DATABASE))?;
    schema::migrate(&mut connection)?;
    let marked = mark.read().map_err(unreadable)?;
    let frontier =
        rows::frontier(&connection)?.ok_or_else(|| failed("there is no log to succeed".to_owned()))?;
    let (size, note) = rows::checkpoint(&connection)?;
    let begun = SignedCheckpoint::open(note.as_bytes(), new.key.verifier_key()).is_ok();
    let (log, tree) = if begun {
        let tree = ended_before(old, &new.origin, last_of(&connection, old)?, marked.as_ref())?;
        (Log::resume(new, &frontier, note)?, tree)
    } else {
        let (ended, tree) = ends(old, &new.origin, &note, marked.as_ref())?;
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

/// The last checkpoint of a log that ended here.
fn last_of(connection: &Connection, old: &VerifierKey) -> Result<Option<String>, Fault> {
    first(
        connection,
        "-- last_of
         SELECT note FROM ended_checkpoint WHERE origin = ?1 ORDER BY tree_size DESC LIMIT 1",
        [old.name()],
        |row| plain::<String>(row, "note"),
    )
}

/// Copies the database in `folder`, as it is at one instant, to `to`; gives its newest checkpoint. Free pages, and what
/// was erased in them, are not copied.
pub(crate) fn copy(folder: &Path, to: &Path) -> Result<String, StoreError> {
    let copied = || -> Result<String, Fault> {
        let from = connection::reader(&folder.join(super::DATABASE))?;
        let path = to.to_str().ok_or_else(|| Fault::Other("the path of the copy is not text".into()))?;
        change(&from, "-- copy\n VACUUM INTO ?1", [path])?;
        let copy = connection::reader(to)?;
        Ok(rows::checkpoint(&copy)?.1)
    };
    Ok(copied()?)
}
