//! The right edge of a growing tree: all that appending needs, at most 63 hashes.
//!
//! Bit `level` of the size says whether a complete subtree of that height stands at the edge; its root is the peak
//! of that level. Appending is binary addition with carry: each carry completes a subtree.
//!
//! ```text
//! bytes = size (u64, big-endian) || peaks, from the tallest to the lowest, 32 bytes each
//! ```
//!
//! Leaves keeping the completed nodes to the store: [`Frontier::append`] hands them out.

use std::fmt;

use crate::error::Error;
use crate::merkle::{Hash, LeafIndex, Node, TreeSize, empty_root, node_hash};

/// The peaks of a tree, ready to be appended to.
#[derive(Clone)]
pub struct Frontier {
    size: u64,
    // Indexed by level. Where the size's bit is clear the slot is left over from the last append.
    peaks: [Hash; LEVELS],
}

impl Frontier {
    /// The edge of a tree without entries.
    pub fn new() -> Self {
        Self { size: 0, peaks: [Hash([0; 32]); LEVELS] }
    }

    /// How many entries were appended.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// The root of the tree as it is now.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks_lowest_first();
        match peaks.next() {
            None => empty_root(),
            Some(lowest) => peaks.fold(*lowest, |right, left| node_hash(left, &right)),
        }
    }

    /// Appends one entry by its leaf hash; gives the nodes that are complete now, from the leaf upwards.
    ///
    /// The nodes are those a store has to keep to answer as a [`NodeReader`](crate::NodeReader); about two per
    /// entry. The append has happened even if they are not looked at.
    ///
    /// # Panics
    /// At 2^63 - 1 entries, which at a million a second is 292,000 years away.
    pub fn append(&mut self, leaf: Hash) -> impl ExactSizeIterator<Item = Node> + '_ {
        let index = self.size;
        assert!(index < TreeSize::MAX.0, "the log is full");
        let height = index.trailing_ones() as usize;
        let mut completed = leaf;
        for slot in &mut self.peaks[..height] {
            // The peak is needed for its parent only; then its slot takes the node just completed at that level.
            let left = std::mem::replace(slot, completed);
            completed = node_hash(&left, slot);
        }
        self.peaks[height] = completed;
        self.size += 1;
        self.peaks[..=height].iter().enumerate().map(move |(level, hash)| Node {
            level: level as u8,
            index: index >> level,
            hash: *hash,
        })
    }

    /// The index that the next entry will have.
    pub fn next_index(&self) -> LeafIndex {
        LeafIndex(self.size)
    }

    /// Size and peaks, in the form that [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for level in (0..LEVELS).rev().filter(|level| self.has_peak(*level)) {
            bytes.extend_from_slice(&self.peaks[level].0);
        }
        bytes
    }

    /// The frontier whose bytes these are. It is as trustworthy as where they were kept: compare
    /// [`root`](Self::root) with a checkpoint's.
    ///
    /// # Errors
    /// [`Error::Content`] if the length does not follow from the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |reason| Error::Content { what: "frontier", reason };
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(wrong("shorter than its size"))?;
        let size = u64::from_be_bytes(*size);
        let (hashes, []) = hashes.as_chunks::<32>() else {
            return Err(wrong("not a whole number of hashes"));
        };
        if size > TreeSize::MAX.0 || size.count_ones() as usize != hashes.len() {
            return Err(wrong("as many hashes as the size has bits set are needed"));
        }
        let mut frontier = Self { size, ..Self::new() };
        let levels = (0..LEVELS).rev().filter(|level| size >> level & 1 == 1);
        for (level, hash) in levels.zip(hashes) {
            frontier.peaks[level] = Hash(*hash);
        }
        Ok(frontier)
    }

    fn has_peak(&self, level: usize) -> bool {
        self.size >> level & 1 == 1
    }

    fn peaks_lowest_first(&self) -> impl Iterator<Item = &Hash> {
        (0..LEVELS).filter(|level| self.has_peak(*level)).map(|level| &self.peaks[level])
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Frontier {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.peaks_lowest_first().eq(other.peaks_lowest_first())
    }
}

impl Eq for Frontier {}

impl fmt::Debug for Frontier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Frontier {{ size: {}, root: {} }}", self.size, self.root())
    }
}

/// One level for each bit of [`TreeSize::MAX`].
const LEVELS: usize = 63;

#[cfg(test)]
mod tests;
