//! The end of a log and the beginning of the one that succeeds it, and a copy of the database to keep: for whichever
//! engine it is.
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
//! A copy is SQLite's file whatever the engine: it holds every row as of one instant, and a gateway that is made of it has
//! its database in its folder, from where it moves to a server as any other.

use crate::location::Location;
use crate::log::{LogIdentity, other_mark, succeeds};
use crate::mark::{Mark, MarkFile};
use crate::{postgres, sqlite};
use comity_exchange::ports::{Draft, SealedSegment, StoreError};
use comity_terms::Timestamp;
use comity_tlog::{Checkpoint, Hash, SignedCheckpoint, TreeSize, VerifierKey};
use std::path::Path;

/// A log as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedTree {
    /// What was signed, as the mark says: more than is kept where the database was restored.
    pub signed: (TreeSize, Hash),
    /// The log that signed it: the one that ends, or a later one of which nothing is kept, where the database was restored
    /// from before that began.
    pub signed_by: String,
    /// What the successor goes on from.
    pub kept: TreeSize,
}

/// Ends the log of `old` and begins that of `new` in the database at `location` of the gateway in `folder`, which no
/// store has open.
///
/// `published` is where the ended log goes. `begin` makes the first entry of the successor, with its opening.
/// The mark may be of a log that succeeded `old` after the database was copied; the new one must succeed that too. Done
/// again after a crash it ends as if done once; `begin` is then not asked, and what it gave before stands.
///
/// # Errors
/// [`StoreError::SucceededSince`] when the mark is of a log that the new one does not succeed;
/// [`StoreError::Failed`] when database and mark are not of `old`, or cannot be read; nothing was changed but the
/// ended log's folder.
pub fn succeed(
    location: &Location,
    folder: &Path,
    keys: (&VerifierKey, LogIdentity),
    mark: impl MarkFile,
    published: &Path,
    now: Timestamp,
    begin: impl FnOnce(&EndedTree) -> Result<(Draft, SealedSegment), StoreError> + Send,
) -> Result<EndedTree, StoreError> {
    match location {
        Location::Folder => sqlite::succeed(folder, keys, mark, published, now, begin),
        Location::Server(url) => postgres::succeed(url, keys, mark, published, now, begin),
    }
}

/// Copies the database at `location` of the gateway in `folder`, as it is at one instant, to the file `to`, which is not
/// there yet; while a store serves it or not. Gives the newest checkpoint in the copy. What was erased is not copied.
///
/// # Errors
/// [`StoreError::Failed`]; what is at `to` is no copy then.
pub fn copy_database(location: &Location, folder: &Path, to: &Path) -> Result<String, StoreError> {
    let note = match location {
        Location::Folder => sqlite::copy(folder, to)?,
        Location::Server(url) => postgres::export(url, to)?,
    };
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::Failed(format!("the copy is not on the disk: {error}")))?;
    Ok(note)
}

/// The last checkpoint of a log that is to end with `note`, and what it ends as by the mark.
pub(crate) fn ends(
    old: &VerifierKey,
    new: &str,
    note: &str,
    marked: Option<&Mark>,
) -> Result<(Checkpoint, EndedTree), StoreError> {
    let ended = SignedCheckpoint::open(note.as_bytes(), old);
    let ended = ended.map_err(|error| StoreError::Failed(error.to_string()))?;
    let ended = ended.checkpoint().clone();
    if let Some(marked) = marked.filter(|marked| !ends_under(&marked.origin, old.name(), new)) {
        return Err(other_mark(&marked.origin, old.name()));
    }
    let tree = tree(&ended, marked);
    Ok((ended, tree))
}

/// The log that an earlier call ended with `note`, the last of its checkpoints that were set apart.
pub(crate) fn ended_before(
    old: &VerifierKey,
    new: &str,
    note: Option<String>,
    marked: Option<&Mark>,
) -> Result<EndedTree, StoreError> {
    let failed = StoreError::Failed;
    let is_ours = |marked: &Mark| marked.origin == new || ends_under(&marked.origin, old.name(), new);
    if let Some(marked) = marked.filter(|marked| !is_ours(marked)) {
        // What would be written in its place is older than it.
        return Err(other_mark(&marked.origin, new));
    }
    let note = note.ok_or_else(|| failed(format!("`{}` is not a log that ended here", old.name())))?;
    let ended = SignedCheckpoint::open(note.as_bytes(), old).map_err(|error| failed(error.to_string()))?;
    Ok(tree(ended.checkpoint(), marked.filter(|marked| marked.origin != new)))
}

/// Whether a mark of the log `marked` is one that `old` may end under: its own, or a later log's that `new` succeeds too.
fn ends_under(marked: &str, old: &str, new: &str) -> bool {
    marked == old || (succeeds(marked, old) && succeeds(new, marked))
}

fn tree(ended: &Checkpoint, marked: Option<&Mark>) -> EndedTree {
    let signed = marked.map_or((ended.size(), ended.root()), |marked| (marked.size, marked.root));
    let signed_by = marked.map_or(ended.origin(), |marked| &marked.origin).to_owned();
    EndedTree { signed, signed_by, kept: ended.size() }
}
