//! The audit of a whole published log, from its files alone.
//!
//! ```text
//! checkpoint ── signed? quorum? ──────────────────────────────┐
//! entries ── hash ──> leaf hashes ── append ──> nodes ── ... ── root, the checkpoint's?
//!                        │ each the one in level 0?  │ each at level 8, 16, ... the one in its tile?
//! ```
//!
//! Streams: one bundle and one tile of each level are held at a time. Entries are read in order and every node is
//! compared as soon as it is complete, so the first finding is the earliest and the narrowest: an entry that differs
//! from its own tile is named itself; where entry and tile agree with each other but not with a tile above, only the
//! range under that hash is known.
//! Leaves fetching, from a directory or a URL, to the caller.
//! Source: C2SP tlog-tiles.

use std::fmt;
use std::ops::Range;

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::Error;
use crate::frontier::Frontier;
use crate::key::VerifierKey;
use crate::merkle::{Hash, LeafIndex, Node, TreeSize, leaf_hash};
use crate::quorum::Policy;
use crate::tile::{
    BUNDLE_BYTES_MAX, Bundle, LEVEL_MAX, TILE_HEIGHT, TILE_WIDTH, Tile, bundles_for, take_entry, tile_hashes,
};

/// Where a published log can be read.
pub trait TileSource {
    /// How reading fails, as opposed to the file not being there.
    type Error;

    /// The content of the file at `path`, relative to the log's prefix; `None` if there is none.
    ///
    /// Implementations bound what they read: [`BUNDLE_BYTES_MAX`] holds for every file of a log.
    ///
    /// # Errors
    /// When the source cannot be read: the audit stops without a verdict.
    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// The verdict on a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What the log claims; `None` if not even that could be read.
    pub checkpoint: Option<Checkpoint>,
    /// Whether a key was given, by itself or by the policy, and the log's signature was verified with it.
    pub signature_verified: bool,
    /// What is wrong, if anything is: the first in the order of entries.
    pub finding: Option<Finding>,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The checkpoint is missing, unreadable, not signed by the key, or not cosigned by the quorum.
    Checkpoint {
        /// Why.
        reason: String,
    },
    /// An entry is missing, or is not the one whose hash is in its tile.
    Entry {
        /// Which.
        index: LeafIndex,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Entries that disagree with a tile above them, or a tile or bundle that is missing or unreadable.
    Tile {
        /// The file.
        path: String,
        /// The entries under what is wrong: from the first to before the last.
        entries: Range<u64>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// All files agree with each other and not with the checkpoint's root.
    Root {
        /// How many entries there are, all of them in doubt.
        size: TreeSize,
    },
}

/// Verifies the log in `source`: its checkpoint, by `key` and `policy` as far as given, and every entry and tile.
///
/// With a policy that lists logs, one of them must have signed. `progress` is told how many entries agreed so far.
///
/// # Errors
/// Only what `source` answers; whatever is wrong with the log is in the [`Report`].
pub fn verify_log<S: TileSource>(
    source: &S,
    key: Option<&VerifierKey>,
    policy: Option<&Policy>,
    progress: &mut dyn FnMut(TreeSize),
) -> Result<Report, S::Error> {
    let mut report = Report { checkpoint: None, signature_verified: false, finding: None };
    let wrong = |reason: String| Some(Finding::Checkpoint { reason });
    let Some(bytes) = source.fetch("checkpoint")? else {
        return Ok(Report { finding: wrong("there is no checkpoint".to_owned()), ..report });
    };
    let signed = match SignedCheckpoint::parse(&bytes) {
        Ok(signed) => signed,
        Err(error) => return Ok(Report { finding: wrong(error.to_string()), ..report }),
    };
    let checkpoint = signed.checkpoint().clone();
    report.checkpoint = Some(checkpoint.clone());
    match check_signatures(&signed, key, policy) {
        Ok(verified) => report.signature_verified = verified,
        Err(reason) => return Ok(Report { finding: wrong(reason), ..report }),
    }
    let audit = Audit { source, size: checkpoint.size(), tiles: [const { None }; LEVELS] };
    report.finding = match audit.run(checkpoint.root(), progress) {
        Ok(()) => None,
        Err(Stop::Found(finding)) => Some(finding),
        Err(Stop::Source(error)) => return Err(error),
    };
    Ok(report)
}

fn check_signatures(
    signed: &SignedCheckpoint,
    key: Option<&VerifierKey>,
    policy: Option<&Policy>,
) -> Result<bool, String> {
    let text = |error: Error| error.to_string();
    let mut verified = false;
    if let Some(key) = key {
        signed.verify(key).map_err(text)?;
        verified = true;
    }
    if let Some(policy) = policy {
        if !policy.logs().is_empty() {
            policy.verify_log(signed).map_err(text)?;
            verified = true;
        }
        if !policy.evaluate(signed).map_err(text)?.satisfied {
            return Err("not cosigned by the quorum".to_owned());
        }
    }
    Ok(verified)
}

struct Audit<'s, S> {
    source: &'s S,
    size: TreeSize,
    // The tile of each level that the entries under examination belong to.
    tiles: [Option<(Tile, Vec<Hash>)>; LEVELS],
}

enum Stop<E> {
    Found(Finding),
    Source(E),
}

impl<S: TileSource> Audit<'_, S> {
    fn run(mut self, root: Hash, progress: &mut dyn FnMut(TreeSize)) -> Result<(), Stop<S::Error>> {
        let mut frontier = Frontier::new();
        for bundle in bundles_for(TreeSize(0), self.size) {
            self.bundle(bundle, &mut frontier)?;
            progress(frontier.size());
        }
        if frontier.root() != root {
            return Err(Stop::Found(Finding::Root { size: self.size }));
        }
        Ok(())
    }

    /// Appends the bundle's entries and compares every node that they complete.
    fn bundle(&mut self, bundle: Bundle, frontier: &mut Frontier) -> Result<(), Stop<S::Error>> {
        let first = bundle.index() * TILE_WIDTH;
        let entries = first..first + u64::from(bundle.width());
        let fail =
            |reason| Stop::Found(Finding::Tile { path: bundle.path(), entries: entries.clone(), reason });
        let (bytes, full) = self.fetch(bundle.path(), bundle.full().path(), || fail("it is missing"))?;
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(fail("it is larger than any bundle"));
        }
        let mut rest = &bytes[..];
        for index in entries.clone() {
            let index = LeafIndex(index);
            let entry = take_entry(&mut rest)
                .ok_or(Stop::Found(Finding::Entry { index, reason: "its bundle ends before it does" }))?;
            for node in
                frontier.append(leaf_hash(entry)).filter(|node| node.level.is_multiple_of(TILE_HEIGHT))
            {
                self.compare(node)?;
            }
        }
        // A full bundle served in place of a partial one rightly goes on.
        if rest.is_empty() || full { Ok(()) } else { Err(fail("it goes on after its last entry")) }
    }

    fn compare(&mut self, node: Node) -> Result<(), Stop<S::Error>> {
        let level = node.level / TILE_HEIGHT;
        let place = (node.index % TILE_WIDTH) as usize;
        let (tile, hashes) = self.tile(level, node.index / TILE_WIDTH)?;
        if hashes.get(place) == Some(&node.hash) {
            return Ok(());
        }
        Err(Stop::Found(if level == 0 {
            Finding::Entry { index: LeafIndex(node.index), reason: "its hash is not the one in its tile" }
        } else {
            let reason = "a hash in it is not that of the tiles and entries under it";
            let entries = node.index << node.level..(node.index + 1) << node.level;
            Finding::Tile { path: tile.path(), entries, reason }
        }))
    }

    /// The tile at `level` and `index`, as wide as the log's size makes it; fetched when first asked for.
    fn tile(&mut self, level: u8, index: u64) -> Result<&(Tile, Vec<Hash>), Stop<S::Error>> {
        let slot = usize::from(level);
        let current = match self.tiles[slot].take() {
            Some(held) if held.0.index() == index => held,
            _ => self.fetch_tile(Tile::in_tree(level, index, self.size))?,
        };
        Ok(self.tiles[slot].insert(current))
    }

    fn fetch_tile(&self, tile: Tile) -> Result<(Tile, Vec<Hash>), Stop<S::Error>> {
        let entries = tile.entries(self.size);
        let fail =
            |reason| Stop::Found(Finding::Tile { path: tile.path(), entries: entries.clone(), reason });
        let (bytes, full) = self.fetch(tile.path(), tile.full().path(), || fail("it is missing"))?;
        let fetched = if full { tile.full() } else { tile };
        let hashes =
            tile_hashes(fetched, &bytes).map_err(|_| fail("it does not hold as many hashes as it should"))?;
        Ok((tile, hashes))
    }

    /// The file at `path`, or else at `full`, as logs may replace partial files; and whether it was that.
    fn fetch(
        &self,
        path: String,
        full: String,
        missing: impl Fn() -> Stop<S::Error>,
    ) -> Result<(Vec<u8>, bool), Stop<S::Error>> {
        if let Some(bytes) = self.source.fetch(&path).map_err(Stop::Source)? {
            return Ok((bytes, false));
        }
        let bytes = if path == full { None } else { self.source.fetch(&full).map_err(Stop::Source)? };
        Ok((bytes.ok_or_else(missing)?, true))
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn ok(&self) -> bool {
        self.finding.is_none()
    }
}

impl Finding {
    /// The entries in doubt: from the first to before the last. `None` where the checkpoint itself is.
    pub fn entries(&self) -> Option<Range<u64>> {
        match self {
            Self::Checkpoint { .. } => None,
            Self::Entry { index, .. } => Some(index.0..index.0 + 1),
            Self::Tile { entries, .. } => Some(entries.clone()),
            Self::Root { size } => Some(0..size.0),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint { reason } => write!(out, "checkpoint: {reason}"),
            Self::Entry { index, reason } => write!(out, "entry {index}: {reason}"),
            Self::Tile { path, entries, reason } => {
                write!(
                    out,
                    "entries {} to {}, {path}: {reason}",
                    entries.start,
                    entries.end.saturating_sub(1)
                )
            }
            Self::Root { size } => {
                write!(out, "all {size} entries: their root is not the checkpoint's, though all files agree")
            }
        }
    }
}

const LEVELS: usize = LEVEL_MAX as usize + 1;

#[cfg(test)]
mod tests;
