//! The published log: files derived from the database after commit, in tlog-tiles layout.
//!
//! Owns the folder `log/`: nothing else writes there, and anything in it can be deleted and is written again.
//! Leaves the truth to the database, and reading it to the engine.
//!
//! ```text
//! log/checkpoint              last: what it needs is there by then
//! log/tile/<L>/<N>            written once, never changed
//! log/tile/<L>/<N>.p/<W>      one for each published checkpoint that needs it, until <N> is full
//! log/tile/entries/<N>[.p/<W>]
//! ```
//! Every file is written beside its place and renamed, so a reader never sees half of one. Nothing is flushed
//! to the disk: what a power cut takes away is found short, or missing, when the store is opened, and derived
//! again.
//! Source: C2SP tlog-tiles.

use comity_exchange::entry::PublicEntry;
use comity_tlog::{
    Bundle, Hash, NodeReader, ReadError, SignedCheckpoint, TILE_WIDTH, TreeSize, VerifierKey, bundles_for,
    encode_bundle, root_at, tile_bytes, tiles_for,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A stored log that can be published.
pub(crate) trait LogReader {
    /// How reading fails.
    type Error: Display;

    /// The newest checkpoint, and how many entries it signs.
    fn newest(&self) -> Result<(TreeSize, String), Self::Error>;

    /// The nodes of a level in a range of places, as far as they are complete.
    fn level(&self, level: u8, range: Range<u64>) -> Result<Vec<(u64, Hash)>, Self::Error>;

    /// The entries of a range that the log holds, in order.
    fn entries(&self, range: Range<u64>) -> Result<Vec<[u8; PublicEntry::SIZE]>, Self::Error>;
}

/// A stored log, its nodes read a tile's width at a time.
struct Wide<'r, R> {
    log: &'r R,
    /// The places of a level that were read last.
    last: RefCell<(u8, Range<u64>, HashMap<u64, Hash>)>,
}

impl<'r, R: LogReader> Wide<'r, R> {
    fn of(log: &'r R) -> Self {
        Self { log, last: RefCell::new((0, 0..0, HashMap::new())) }
    }
}

impl<R: LogReader> NodeReader for Wide<'_, R> {
    type Error = R::Error;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, R::Error> {
        let mut last = self.last.borrow_mut();
        if last.0 != level || !last.1.contains(&index) {
            let first = index - index % TILE_WIDTH;
            let range = first..first + TILE_WIDTH;
            let nodes = self.log.level(level, range.clone())?.into_iter().collect();
            *last = (level, range, nodes);
        }
        Ok(last.2.get(&index).copied())
    }
}

/// Why the files could not be derived.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TileError {
    #[error("`{path}` cannot be written: {error}")]
    File { path: String, error: io::Error },
    #[error("the log cannot be read: {0}")]
    Log(String),
}

/// The folder of a published log, and how far it goes.
pub(crate) struct PublishedLog {
    folder: PathBuf,
    /// `None` while no checkpoint of this log is there.
    published: Option<TreeSize>,
}

impl PublishedLog {
    /// The log in `folder`, with every file that its last published checkpoint needs.
    ///
    /// What is there and is not this log's is written again.
    pub(crate) fn open<R: LogReader>(
        folder: PathBuf,
        key: &VerifierKey,
        reader: &R,
    ) -> Result<Self, TileError> {
        let mut log = Self { folder, published: None };
        let found = fs::read(log.folder.join("checkpoint")).unwrap_or_default();
        let published = SignedCheckpoint::open(&found, key).ok().map(|signed| signed.checkpoint().clone());
        if let Some(published) =
            published.filter(|p| root_at(p.size(), &Wide::of(reader)).ok() == Some(p.root()))
        {
            log.derive(TreeSize(0), published.size(), reader, Self::is_whole)?;
            log.published = Some(published.size());
        }
        Ok(log)
    }

    /// Publishes `checkpoint`, which signs a tree of `size`, after what it needs.
    pub(crate) fn publish<R: LogReader>(
        &mut self,
        size: TreeSize,
        checkpoint: &str,
        reader: &R,
    ) -> Result<(), TileError> {
        if self.published.is_some_and(|published| size <= published) {
            // There is nothing newer; or another node's checkpoint was read before this one's was published.
            return Ok(());
        }
        self.derive(self.published.unwrap_or(TreeSize(0)), size, reader, |_, _, _| false)?;
        self.write("checkpoint", checkpoint.as_bytes())?;
        self.published = Some(size);
        Ok(())
    }

    /// Writes the files that grow from `old` to `new`, but for those that `skip`, given path and length, spares.
    fn derive<R: LogReader>(
        &self,
        old: TreeSize,
        new: TreeSize,
        reader: &R,
        skip: impl Fn(&Self, &str, u64) -> bool,
    ) -> Result<(), TileError> {
        let nodes = Wide::of(reader);
        for tile in tiles_for(old, new) {
            if !skip(self, &tile.path(), u64::from(tile.width()) * 32) {
                let bytes = tile_bytes(tile, &nodes).map_err(unread)?;
                self.write(&tile.path(), &bytes)?;
                self.drop_partial(&tile.path(), tile == tile.full())?;
            }
        }
        for bundle in bundles_for(old, new) {
            if !skip(self, &bundle.path(), u64::from(bundle.width()) * BUNDLED_ENTRY_LENGTH) {
                let bytes = bundle_bytes(bundle, reader)?;
                self.write(&bundle.path(), &bytes)?;
                self.drop_partial(&bundle.path(), bundle == bundle.full())?;
            }
        }
        Ok(())
    }

    /// Whether the file is there in its full length: files are renamed into place, so none is half written, but
    /// a power cut may leave one empty.
    fn is_whole(&self, path: &str, length: u64) -> bool {
        fs::metadata(self.folder.join(path)).is_ok_and(|file| file.len() == length)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), TileError> {
        let target = self.folder.join(path);
        let beside = self.folder.join("new");
        let folder = target.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&beside, bytes))
            .and_then(|()| fs::rename(&beside, &target))
            .map_err(|error| file_error(&target, error))
    }

    /// Removes the partial files of a place whose full file is there now: readers fall back to that one.
    fn drop_partial(&self, path: &str, full: bool) -> Result<(), TileError> {
        if !full {
            return Ok(());
        }
        let partial = self.folder.join(format!("{path}.p"));
        match fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(&partial, error)),
            _ => Ok(()),
        }
    }
}

fn bundle_bytes<R: LogReader>(bundle: Bundle, reader: &R) -> Result<Vec<u8>, TileError> {
    let first = bundle.index() * TILE_WIDTH;
    let range = first..first + u64::from(bundle.width());
    let missing = || TileError::Log(format!("entries {} to {} are not all there", range.start, range.end));
    let entries = reader.entries(range.clone()).map_err(|error| TileError::Log(error.to_string()))?;
    if entries.len() != usize::from(bundle.width()) {
        return Err(missing());
    }
    encode_bundle(entries.iter().map(|entry| &entry[..])).map_err(|_| missing())
}

fn unread<E: Display>(error: ReadError<E>) -> TileError {
    TileError::Log(match error {
        ReadError::Reader(error) => error.to_string(),
        ReadError::Missing { level, index } => format!("no node at level {level}, index {index}"),
        ReadError::Request(error) => error.to_string(),
    })
}

fn file_error(path: &Path, error: io::Error) -> TileError {
    TileError::File { path: path.display().to_string(), error }
}

/// An entry in a bundle: its length in two bytes, then itself.
const BUNDLED_ENTRY_LENGTH: u64 = 2 + PublicEntry::SIZE as u64;
