//! The log as its one sequencer holds it: what is signed, what grows, and whether it may grow at all.
//!
//! Pure, and the same for every engine: entries go in, rows and a signed checkpoint come out. Leaves to the
//! engine when that is one transaction, and to [`mark`](crate::mark) where the high-water mark lies.
//!
//! ```text
//! Log ── begin ──> Batch ── append, append, … ──> sign ──> rows + checkpoint ── commit ──> advance ──> Log
//! ```
//! Invariant: a batch that is dropped changed nothing. The log only ever advances to what is committed.

use crate::mark::Mark;
use comity_exchange::ports::{Draft, Integrated, Record, StoreError};
use comity_terms::{ExchangeId, Timestamp};
use comity_tlog::{
    Checkpoint, Frontier, Hash, LeafIndex, Node, SignedCheckpoint, SigningKey, TreeSize, leaf_hash,
};

/// Which log this is, and the key that signs for it.
#[derive(Debug)]
pub struct LogIdentity {
    /// The origin: the name that the key carries.
    pub origin: String,
    /// Signs the checkpoints.
    pub key: SigningKey,
}

/// The log up to its last committed checkpoint.
pub(crate) struct Log {
    identity: LogIdentity,
    frontier: Frontier,
    checkpoint: String,
}

/// Entries that are being integrated together.
pub(crate) struct Batch {
    frontier: Frontier,
    /// The entries with their indices, in order.
    pub(crate) entries: Vec<(LeafIndex, Draft)>,
    /// The subtrees that these entries complete.
    pub(crate) nodes: Vec<Node>,
}

impl Log {
    /// A log without entries.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the key is not the origin's.
    pub(crate) fn empty(identity: LogIdentity) -> Result<Self, StoreError> {
        let mut log = Self { identity, frontier: Frontier::new(), checkpoint: String::new() };
        log.checkpoint = log.sign(&log.frontier)?;
        Ok(log)
    }

    /// The log that was stored as `frontier` and `checkpoint`.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the checkpoint is not by this log's key, or signs another tree than the
    /// frontier is the edge of: the database was altered.
    pub(crate) fn resume(
        identity: LogIdentity,
        frontier: &[u8],
        checkpoint: String,
    ) -> Result<Self, StoreError> {
        let mut log = Self { identity, frontier: Frontier::new(), checkpoint: String::new() };
        let stands = log.verified(frontier, checkpoint)?;
        log.advance(stands);
        Ok(log)
    }

    /// Where this log stands by `frontier` and `checkpoint` as stored: what [`advance`](Self::advance) takes.
    ///
    /// # Errors
    /// As for [`resume`](Self::resume).
    pub(crate) fn verified(
        &self,
        frontier: &[u8],
        checkpoint: String,
    ) -> Result<(Frontier, String), StoreError> {
        let frontier = Frontier::from_bytes(frontier).map_err(failed)?;
        let signed = SignedCheckpoint::open(checkpoint.as_bytes(), self.identity.key.verifier_key());
        let signed = signed.map_err(failed)?;
        let signed = signed.checkpoint();
        if signed.size() != frontier.size() || signed.root() != frontier.root() {
            return Err(StoreError::Failed("the newest checkpoint signs another tree than is stored".into()));
        }
        Ok((frontier, checkpoint))
    }

    /// The log of `identity` before its first entry, on the tree of the log that ended at `ended`.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub(crate) fn succeeding(
        identity: LogIdentity,
        frontier: &[u8],
        ended: &Checkpoint,
    ) -> Result<Self, StoreError> {
        let frontier = Frontier::from_bytes(frontier).map_err(failed)?;
        if ended.size() != frontier.size() || ended.root() != frontier.root() {
            return Err(StoreError::Failed("the newest checkpoint signs another tree than is stored".into()));
        }
        let mut log = Self { identity, frontier, checkpoint: String::new() };
        log.checkpoint = log.sign(&log.frontier)?;
        Ok(log)
    }

    /// That this log may be appended to where it holds `found` entries: it is not behind `mark`.
    ///
    /// `root_at` gives the root that the stored tree had at a size.
    ///
    /// # Errors
    /// [`StoreError::BehindMark`] when more was signed than is stored, or another tree was;
    /// [`StoreError::SucceededSince`] when the mark is of a log that succeeds this one; [`StoreError::Failed`] when it is
    /// missing, or another gateway's.
    pub(crate) fn check(
        &self,
        found: TreeSize,
        mark: Option<&Mark>,
        root_at: impl FnOnce(TreeSize) -> Result<Hash, StoreError>,
    ) -> Result<(), StoreError> {
        let Some(mark) = mark else {
            // Between making the database and writing the first mark the log is empty.
            return if found.0 == 0 {
                Ok(())
            } else {
                Err(StoreError::Failed(format!(
                    "the log holds {found} entries and its high-water mark is gone"
                )))
            };
        };
        if mark.origin != self.identity.origin {
            return Err(other_mark(&mark.origin, &self.identity.origin));
        }
        if mark.size > found || root_at(mark.size)? != mark.root {
            return Err(StoreError::BehindMark { marked: mark.size.0, found: found.0 });
        }
        Ok(())
    }

    /// How many entries are committed.
    pub(crate) fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The frontier, as [`resume`](Self::resume) reads it.
    pub(crate) fn frontier(&self) -> Vec<u8> {
        self.frontier.to_bytes()
    }

    /// The newest signed checkpoint.
    pub(crate) fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// The mark of this log as it is now, no earlier than `floor`.
    pub(crate) fn mark(&self, now: Timestamp, floor: Timestamp) -> Mark {
        Mark {
            origin: self.identity.origin.clone(),
            size: self.size(),
            root: self.frontier.root(),
            time: now.max(floor),
        }
    }

    /// A batch on top of what is committed.
    pub(crate) fn begin(&self) -> Batch {
        Batch { frontier: self.frontier.clone(), entries: Vec::new(), nodes: Vec::new() }
    }

    /// The log with `batch` integrated under one signed checkpoint: what is to be committed, then kept.
    ///
    /// # Errors
    /// [`StoreError::Failed`] as for [`empty`](Self::empty).
    pub(crate) fn integrate(&self, batch: &Batch) -> Result<(Frontier, String), StoreError> {
        if batch.entries.is_empty() {
            return Ok((self.frontier.clone(), self.checkpoint.clone()));
        }
        Ok((batch.frontier.clone(), self.sign(&batch.frontier)?))
    }

    /// Goes on from what [`integrate`](Self::integrate) gave, once that is committed.
    pub(crate) fn advance(&mut self, (frontier, checkpoint): (Frontier, String)) {
        self.frontier = frontier;
        self.checkpoint = checkpoint;
    }

    /// Where a record stands whose first entry has `index`, under the newest checkpoint.
    pub(crate) fn integrated(&self, index: LeafIndex) -> Integrated {
        Integrated { index, size: self.size(), checkpoint: self.checkpoint.clone() }
    }

    fn sign(&self, frontier: &Frontier) -> Result<String, StoreError> {
        let LogIdentity { origin, key } = &self.identity;
        let checkpoint = Checkpoint::new(origin, frontier.size(), frontier.root()).map_err(failed)?;
        Ok(SignedCheckpoint::sign(checkpoint, key).map_err(failed)?.to_string())
    }
}

impl Batch {
    /// The index that the next entry will have.
    pub(crate) fn next_index(&self) -> LeafIndex {
        self.frontier.next_index()
    }

    /// Appends one entry.
    pub(crate) fn append(&mut self, draft: Draft) {
        let index = self.next_index();
        self.nodes.extend(self.frontier.append(leaf_hash(&draft.entry.to_bytes())));
        self.entries.push((index, draft));
    }
}

/// Why the log `found` does not go on under a mark of the log `marked`, which is another.
pub(crate) fn other_mark(marked: &str, found: &str) -> StoreError {
    if succeeds(marked, found) {
        return StoreError::SucceededSince { marked: marked.to_owned(), found: found.to_owned() };
    }
    StoreError::Failed(format!(
        "the high-water mark is of `{marked}`, the log is `{found}`: these keys are not of this gateway, or of a later copy"
    ))
}

/// Whether by their names the log `later` succeeds the log `earlier`, at once or after others: `NAME`, `NAME/2`, `NAME/3`.
pub(crate) fn succeeds(later: &str, earlier: &str) -> bool {
    let number = |name: &str, origin: &str| {
        let number: u32 = origin.strip_prefix(name)?.strip_prefix('/')?.parse().ok()?;
        let counts = (2..SUCCESSORS_MAX).contains(&number) && origin == format!("{name}/{number}");
        counts.then_some(number)
    };
    let numbered = earlier.rsplit_once('/').and_then(|(name, _)| Some((name, number(name, earlier)?)));
    let (name, before) = numbered.unwrap_or((earlier, 1));
    number(name, later).is_some_and(|number| number > before)
}

/// Below this a number at the end of a name is a successor's: names that are drawn end in eight digits at least.
const SUCCESSORS_MAX: u32 = 1_000_000;

/// The first entry about an exchange in a record whose first entry will have `index`.
pub(crate) fn first_about(record: &Record, exchange: ExchangeId, index: LeafIndex) -> Option<LeafIndex> {
    let place = record.entries.iter().position(|draft| draft.exchange == Some(exchange))?;
    Some(LeafIndex(index.0 + place as u64))
}

/// About how many bytes a record writes.
pub(crate) fn record_bytes(record: &Record) -> usize {
    let segments = record.segments.iter().map(|s| s.blob.len() + s.rows.len() * KEY_ROW_BYTES);
    let offers = record.outbox.iter().map(|item| item.offer.header.len() + item.bodies.len());
    let filters = record.matching.epochs.iter().map(|row| row.filter.len());
    segments.chain(offers).chain(filters).sum()
}

/// A key row with its place in two trees.
const KEY_ROW_BYTES: usize = 160;

fn failed(error: comity_tlog::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::succeeds;

    #[test]
    fn which_log_succeeds_which_is_told_by_their_names() {
        let first = "comity/XA/1f2e3d4c";
        for (later, earlier) in [
            (format!("{first}/2"), first.to_owned()),
            (format!("{first}/12"), first.to_owned()),
            (format!("{first}/3"), format!("{first}/2")),
            ("comity/XA/12345678/2".to_owned(), "comity/XA/12345678".to_owned()),
        ] {
            assert!(succeeds(&later, &earlier), "{later} {earlier}");
            assert!(!succeeds(&earlier, &later) && !succeeds(&later, &later), "{later} {earlier}");
        }
        for (other, earlier) in [
            ("comity/XA/22345678", "comity/XA/12345678"),
            ("comity/XA/1f2e3d4c/1", first),
            ("comity/XA/1f2e3d4c/02", first),
            ("comity/XA/1f2e3d4c/witness/2", first),
            ("comity/XB/1f2e3d4c/2", first),
        ] {
            assert!(!succeeds(other, earlier), "{other} {earlier}");
        }
    }
}
