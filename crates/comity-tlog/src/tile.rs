//! The files of a published log: where each lies, what is in it, which change when the log grows.
//!
//! ```text
//! checkpoint                        the signed checkpoint
//! tile/<L>/<N>[.p/<W>]              W hashes (256 without .p): nodes of level 8 L, from index 256 N on
//! tile/entries/<N>[.p/<W>]          as many entries, each: length (u16, big-endian) || bytes
//! N = 1234067                       x001/x234/067
//! ```
//!
//! Invariant: a path that parses formats back to itself. A tile holds roots of complete subtrees only; the tree
//! between them is recomputed by hashing.
//! Leaves writing and caching to the caller: write tiles and bundles before the checkpoint that needs them.
//! Source: C2SP tlog-tiles.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::error::{Error, ReadError};
use crate::merkle::{Hash, NodeReader, TreeSize};
use crate::text::decimal;

/// Up to 256 consecutive hashes of one tile level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// Up to 256 consecutive entries, in one file beside the level 0 tile of the same index and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bundle {
    index: u64,
    width: u16,
}

/// A file of a published log, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// `checkpoint`
    Checkpoint,
    /// `tile/<L>/<N>[.p/<W>]`
    Tile(Tile),
    /// `tile/entries/<N>[.p/<W>]`
    Bundle(Bundle),
}

/// The tiles to write when the log grows from `old` to `new` and a checkpoint of `new` is to be published.
///
/// Level by level, from the left; the last of each level may be partial. Tiles that `old` had complete are left out.
pub fn tiles_for(old: TreeSize, new: TreeSize) -> impl Iterator<Item = Tile> {
    (0..=LEVEL_MAX).flat_map(move |level| {
        let hashes = |size: TreeSize| size.0 >> (TILE_HEIGHT * level);
        spans(hashes(old), hashes(new)).map(move |(index, width)| Tile { level, index, width })
    })
}

/// The entry bundles to write when the log grows from `old` to `new`, as [`tiles_for`] has it for tiles.
pub fn bundles_for(old: TreeSize, new: TreeSize) -> impl Iterator<Item = Bundle> {
    spans(old.0, new.0).map(|(index, width)| Bundle { index, width })
}

/// The content of `tile`: its hashes, one after the other.
///
/// # Errors
/// [`ReadError::Missing`] if the store does not hold as many nodes.
pub fn tile_bytes<R: NodeReader>(tile: Tile, reader: &R) -> Result<Vec<u8>, ReadError<R::Error>> {
    let level = tile.level * TILE_HEIGHT;
    let first = tile.index * TILE_WIDTH;
    let mut bytes = Vec::with_capacity(usize::from(tile.width) * 32);
    for index in first..first + u64::from(tile.width) {
        let hash = reader.node(level, index).map_err(ReadError::Reader)?;
        bytes.extend_from_slice(&hash.ok_or(ReadError::Missing { level, index })?.0);
    }
    Ok(bytes)
}

/// The hashes of a tile's content.
///
/// # Errors
/// [`Error::Content`] if there are not exactly as many as the tile is wide.
pub fn tile_hashes(tile: Tile, bytes: &[u8]) -> Result<Vec<Hash>, Error> {
    match bytes.as_chunks::<32>() {
        (hashes, []) if hashes.len() == usize::from(tile.width) => {
            Ok(hashes.iter().copied().map(Hash).collect())
        }
        _ => Err(Error::Content { what: "tile", reason: "not as many hashes as the tile is wide" }),
    }
}

/// The content of an entry bundle.
///
/// # Errors
/// [`Error::TooLarge`] if an entry exceeds [`ENTRY_BYTES_MAX`]: refuse such an entry before it is appended.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| Error::TooLarge {
            what: "entry bytes",
            length: entry.len(),
            max: ENTRY_BYTES_MAX,
        })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle's content, borrowed.
///
/// # Errors
/// [`Error::Content`] if there are not exactly as many as the bundle is wide, or bytes are left over.
pub fn decode_bundle(bundle: Bundle, bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut rest = bytes;
    let entries: Option<Vec<&[u8]>> = (0..bundle.width).map(|_| take_entry(&mut rest)).collect();
    match (entries, rest) {
        (Some(entries), []) => Ok(entries),
        (None, _) => Err(Error::Content { what: "entry bundle", reason: "ends within an entry" }),
        (Some(_), _) => Err(Error::Content { what: "entry bundle", reason: "goes on after its last entry" }),
    }
}

/// Takes the next length-prefixed entry off the front of `rest`; `None` if it is cut off.
pub(crate) fn take_entry<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(entry)
}

impl Tile {
    /// The tile that holds `width` hashes from index 256 * `index` on, at tile level `level`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a width outside 1 to 256, or a place that no tree of at most 2^63 - 1 entries has.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, Error> {
        let invalid = |reason| Error::Invalid { what: "tile", reason };
        if level > LEVEL_MAX {
            return Err(invalid("its level is above 7"));
        }
        if !(1..=TILE_WIDTH as u16).contains(&width) {
            return Err(invalid("its width is not 1 to 256"));
        }
        if index > (TreeSize::MAX.0 >> (TILE_HEIGHT * level)) / TILE_WIDTH {
            return Err(invalid("its index is beyond the largest tree"));
        }
        Ok(Self { level, index, width })
    }

    /// The tile at a place that a tree of `size` entries has, as wide as that tree makes it.
    pub(crate) fn in_tree(level: u8, index: u64, size: TreeSize) -> Self {
        let hashes = (size.0 >> (TILE_HEIGHT * level)) - index * TILE_WIDTH;
        Self { level, index, width: hashes.min(TILE_WIDTH) as u16 }
    }

    /// The entries of a tree of `size` entries that lie in its place, under its hashes or still to come under them.
    pub(crate) fn entries(self, size: TreeSize) -> Range<u64> {
        // In u128, for a tile of level 7 spans 2^64 entries.
        let edge =
            |index: u64| (u128::from(index) << (TILE_HEIGHT * (self.level + 1))).min(size.0.into()) as u64;
        edge(self.index)..edge(self.index + 1)
    }

    /// 0 for leaf hashes; each hash of the next level stands for a full tile of this one.
    pub fn level(self) -> u8 {
        self.level
    }

    /// Which tile of its level, from the left.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many hashes: 256 unless partial.
    pub fn width(self) -> u16 {
        self.width
    }

    /// The full tile in the same place: what may be fetched where a partial one is gone.
    pub fn full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }

    /// Where it lies, relative to the log's prefix.
    pub fn path(self) -> String {
        self.to_string()
    }
}

impl Bundle {
    /// The bundle of `width` entries from entry 256 * `index` on.
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`Tile::new`].
    pub fn new(index: u64, width: u16) -> Result<Self, Error> {
        let Tile { index, width, .. } = Tile::new(0, index, width)?;
        Ok(Self { index, width })
    }

    /// Which bundle, from the left.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many entries: 256 unless partial.
    pub fn width(self) -> u16 {
        self.width
    }

    /// The full bundle in the same place.
    pub fn full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }

    /// Where it lies, relative to the log's prefix.
    pub fn path(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "tile/{}/{}", self.level, Place(self.index, self.width))
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "tile/entries/{}", Place(self.index, self.width))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => out.write_str("checkpoint"),
            Self::Tile(tile) => tile.fmt(out),
            Self::Bundle(bundle) => bundle.fmt(out),
        }
    }
}

impl FromStr for Resource {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for anything but the one spelling of a path in the layout: answer 404.
    fn from_str(path: &str) -> Result<Self, Error> {
        let resource = if path == "checkpoint" {
            Some(Self::Checkpoint)
        } else if let Some(place) = path.strip_prefix("tile/entries/") {
            parse_place(place).and_then(|(index, width)| Bundle::new(index, width).ok()).map(Self::Bundle)
        } else {
            parse_tile(path).map(Self::Tile)
        };
        resource
            .filter(|resource| resource.to_string() == path)
            .ok_or(Error::Invalid { what: "path of a log", reason: "not in the tlog-tiles layout" })
    }
}

/// Index and width as the end of a path.
struct Place(u64, u16);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(index, width) = *self;
        // 2^55 tiles at most: 17 digits, 6 groups.
        for group in (1..6).rev() {
            let above = index / 1000_u64.pow(group);
            if above > 0 {
                write!(out, "x{:03}/", above % 1000)?;
            }
        }
        write!(out, "{:03}", index % 1000)?;
        if u64::from(width) < TILE_WIDTH { write!(out, ".p/{width}") } else { Ok(()) }
    }
}

/// Lenient about spelling: the caller compares with what the result formats to.
fn parse_place(place: &str) -> Option<(u64, u16)> {
    let (groups, width) = match place.split_once(".p/") {
        Some((groups, width)) => (groups, u16::try_from(decimal(width)?).ok()?),
        None => (place, TILE_WIDTH as u16),
    };
    let digits: String = groups.chars().filter(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, width))
}

fn parse_tile(path: &str) -> Option<Tile> {
    let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = parse_place(place)?;
    Tile::new(u8::try_from(decimal(level)?).ok()?, index, width).ok()
}

/// Index and width of the groups of 256 that are new or wider in a level grown from `old` to `new` hashes.
fn spans(old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let range = if new > old { old / TILE_WIDTH..new.div_ceil(TILE_WIDTH) } else { 0..0 };
    range.map(move |index| (index, (new - index * TILE_WIDTH).min(TILE_WIDTH) as u16))
}

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;

/// The longest entry: what a u16 can count.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// The largest entry bundle: 256 * (2 + 65,535) = 16,777,472 bytes.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES_MAX);

/// Levels of the tree in one level of tiles.
pub(crate) const TILE_HEIGHT: u8 = 8;

/// The highest tile level of a tree of at most 2^63 - 1 entries: 63 / 8.
pub(crate) const LEVEL_MAX: u8 = 7;

#[cfg(test)]
mod tests;
