//! The Merkle tree of RFC 6962, section 2.1: hashes, sizes, and the root of any earlier size.
//!
//! A *node* (level, index) is the root of a complete subtree: 2^level entries from entry index * 2^level on. A
//! complete subtree never changes, so a store keeps nodes and answers for every past size:
//!
//! ```text
//! level 2        (2,0)
//! level 1    (1,0)   (1,1)    (1,2)         a tree of 7: the root of any size is the hash of its
//! level 0    0   1   2   3    4   5   6     peaks, here (2,0), (1,2), (0,6), folded from the right
//! ```
//!
//! Leaves growing the tree to `frontier`, proving to `proof`.
//! Source: RFC 6962, section 2.1; C2SP tlog-tiles.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::fmt;
use std::hash::BuildHasher;

use sha2::{Digest, Sha256};

use crate::error::ReadError;
use crate::text;

/// A SHA-256 hash in the tree. Displayed as base64, as every C2SP text writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// Which entry, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct LeafIndex(pub u64);

/// How many entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TreeSize(pub u64);

/// The root of a complete subtree, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its height: 0 for an entry.
    pub level: u8,
    /// Which subtree of that height, from the left.
    pub index: u64,
    /// Its root.
    pub hash: Hash,
}

/// Where the hashes of complete subtrees are kept.
pub trait NodeReader {
    /// How reading fails.
    type Error;

    /// The root of the complete subtree at `level` and `index`; `None` if it is not complete yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Self::Error>;
}

/// The leaf hash of an entry: SHA-256 of 00 and its bytes.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash over two subtrees: SHA-256 of 01, the left and the right.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // One contiguous block hashes faster than three updates.
    let mut block = [1; 65];
    block[1..33].copy_from_slice(&left.0);
    block[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(block).into())
}

/// The root of a tree without entries: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The root that the tree had when it held `size` entries.
///
/// # Errors
/// [`ReadError::Missing`] if the store does not hold that many.
pub fn root_at<R: NodeReader>(size: TreeSize, reader: &R) -> Result<Hash, ReadError<R::Error>> {
    if size.0 == 0 { Ok(empty_root()) } else { range_root(0, size.0, reader) }
}

/// RFC 6962's MTH(D[start:end]), for ranges that its splits produce: `start` is a multiple of the smallest power of
/// two that holds the range, so the range's peaks are nodes of the whole tree.
pub(crate) fn range_root<R: NodeReader>(
    start: u64,
    end: u64,
    reader: &R,
) -> Result<Hash, ReadError<R::Error>> {
    let mut root: Option<Hash> = None;
    let mut edge = end;
    // From the smallest peak, at the right, to the largest.
    while edge > start {
        let level = (edge - start).trailing_zeros() as u8;
        let peak = read(reader, level, (edge - 1) >> level)?;
        root = Some(root.map_or(peak, |right| node_hash(&peak, &right)));
        edge -= 1 << level;
    }
    Ok(root.unwrap_or_else(empty_root))
}

fn read<R: NodeReader>(reader: &R, level: u8, index: u64) -> Result<Hash, ReadError<R::Error>> {
    reader.node(level, index).map_err(ReadError::Reader)?.ok_or(ReadError::Missing { level, index })
}

impl Hash {
    /// From standard base64 of exactly 32 bytes.
    pub fn from_base64(text: &str) -> Option<Self> {
        text::base64_decode(text)?.try_into().ok().map(Self)
    }
}

impl TreeSize {
    /// 2^63 - 1: other implementations hold sizes as signed integers, and no proof then exceeds
    /// [`PROOF_HASHES_MAX`](crate::PROOF_HASHES_MAX).
    pub const MAX: Self = Self(i64::MAX as u64);
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&text::base64_encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hash({self})")
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<S: BuildHasher> NodeReader for HashMap<(u8, u64), Hash, S> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Infallible> {
        Ok(self.get(&(level, index)).copied())
    }
}

impl NodeReader for BTreeMap<(u8, u64), Hash> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Infallible> {
        Ok(self.get(&(level, index)).copied())
    }
}

#[cfg(test)]
pub(crate) mod tests;
