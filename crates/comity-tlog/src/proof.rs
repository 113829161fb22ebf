//! Inclusion: an entry is in a tree. Consistency: a tree extends an earlier one. Built from nodes, verified alone.
//!
//! Both walk RFC 6962's recursion: a range of n entries splits at the largest power of two below n. A proof names
//! the siblings of the way, from the bottom up.
//!
//! Source: RFC 6962, sections 2.1.1 and 2.1.2 (building); RFC 9162, sections 2.1.3.2 and 2.1.4.2 (verifying).

use crate::error::{Error, ReadError};
use crate::merkle::{Hash, LeafIndex, NodeReader, TreeSize, empty_root, node_hash, range_root};

/// That an entry stands at its index in a tree: sibling hashes, from the leaf's to the root's child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof(Vec<Hash>);

/// That a tree begins with all entries of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof(Vec<Hash>);

/// Proves that entry `index` is in the tree of `size` entries.
///
/// # Errors
/// [`ReadError::Request`] if there is no such entry; [`ReadError::Missing`] if the store does not hold that tree.
pub fn inclusion_proof<R: NodeReader>(
    index: LeafIndex,
    size: TreeSize,
    reader: &R,
) -> Result<InclusionProof, ReadError<R::Error>> {
    if index.0 >= size.0 {
        return Err(ReadError::Request(Error::NotInTree { index, size }));
    }
    let (mut start, mut end) = (0, size.0);
    let mut hashes = Vec::new();
    while end - start > 1 {
        let split = start + split(end - start);
        if index.0 < split {
            hashes.push(range_root(split, end, reader)?);
            end = split;
        } else {
            hashes.push(range_root(start, split, reader)?);
            start = split;
        }
    }
    hashes.reverse();
    Ok(InclusionProof(hashes))
}

/// Proves that the tree of `new` entries begins with that of `old`. Empty from the empty tree, and to the same size.
///
/// # Errors
/// [`ReadError::Request`] if `old` is larger; [`ReadError::Missing`] if the store does not hold `new` entries.
pub fn consistency_proof<R: NodeReader>(
    old: TreeSize,
    new: TreeSize,
    reader: &R,
) -> Result<ConsistencyProof, ReadError<R::Error>> {
    if old > new {
        return Err(ReadError::Request(Error::Shrunk { old, new }));
    }
    let mut hashes = Vec::new();
    if old.0 > 0 {
        let (mut start, mut end) = (0, new.0);
        while end != old.0 {
            let split = start + split(end - start);
            if old.0 <= split {
                hashes.push(range_root(split, end, reader)?);
                end = split;
            } else {
                hashes.push(range_root(start, split, reader)?);
                start = split;
            }
        }
        // Where the old tree is itself a complete subtree at the left, the verifier has its root already.
        if start > 0 {
            hashes.push(range_root(start, end, reader)?);
        }
        hashes.reverse();
    }
    Ok(ConsistencyProof(hashes))
}

impl InclusionProof {
    /// From hashes as received.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`PROOF_HASHES_MAX`].
    pub fn from_hashes(hashes: Vec<Hash>) -> Result<Self, Error> {
        bounded(hashes).map(Self)
    }

    /// The hashes, from the leaf's sibling upwards.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// That the entry with this leaf hash stands at `index` in the tree of `size` entries with this `root`.
    ///
    /// # Errors
    /// [`Error::NotInTree`] or [`Error::Unproven`]: the entry must be taken as absent.
    pub fn verify(&self, leaf: &Hash, index: LeafIndex, size: TreeSize, root: &Hash) -> Result<(), Error> {
        if index.0 >= size.0 {
            return Err(Error::NotInTree { index, size });
        }
        let unproven = Error::Unproven { what: "inclusion" };
        let (mut node, mut last) = (index.0, size.0 - 1);
        let mut computed = *leaf;
        for sibling in &self.0 {
            if last == 0 {
                return Err(unproven);
            }
            if node & 1 == 1 || node == last {
                computed = node_hash(sibling, &computed);
                // The last node of a level without a right sibling rises unhashed.
                while node & 1 == 0 && node != 0 {
                    (node, last) = (node >> 1, last >> 1);
                }
            } else {
                computed = node_hash(&computed, sibling);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        if last == 0 && computed == *root { Ok(()) } else { Err(unproven) }
    }
}

impl ConsistencyProof {
    /// From hashes as received.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`PROOF_HASHES_MAX`].
    pub fn from_hashes(hashes: Vec<Hash>) -> Result<Self, Error> {
        bounded(hashes).map(Self)
    }

    /// The hashes, from the bottom up.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// That the tree of `new` entries and `new_root` begins with the tree of `old` entries and `old_root`.
    ///
    /// # Errors
    /// [`Error::Shrunk`] or [`Error::Unproven`]: the log must be taken as having rewritten its past.
    pub fn verify(
        &self,
        old: TreeSize,
        old_root: &Hash,
        new: TreeSize,
        new_root: &Hash,
    ) -> Result<(), Error> {
        let unproven = Error::Unproven { what: "consistency" };
        if old > new {
            return Err(Error::Shrunk { old, new });
        }
        if old == new || old.0 == 0 {
            let known = if old.0 == 0 { empty_root() } else { *new_root };
            let same = old != new || old_root == new_root;
            return if self.0.is_empty() && *old_root == known && same { Ok(()) } else { Err(unproven) };
        }
        // Start above the right edge of the old tree's last complete subtree; where that is the whole old tree,
        // its root is the first hash.
        let (mut node, mut last) = (old.0 - 1, new.0 - 1);
        let rise = node.trailing_ones();
        (node, last) = (node >> rise, last >> rise);
        let (first, rest) = if old.0.is_power_of_two() {
            (*old_root, &self.0[..])
        } else {
            let (first, rest) = self.0.split_first().ok_or(unproven.clone())?;
            (*first, rest)
        };
        let (mut old_computed, mut new_computed) = (first, first);
        for sibling in rest {
            if last == 0 {
                return Err(unproven);
            }
            if node & 1 == 1 || node == last {
                old_computed = node_hash(sibling, &old_computed);
                new_computed = node_hash(sibling, &new_computed);
                while node & 1 == 0 && node != 0 {
                    (node, last) = (node >> 1, last >> 1);
                }
            } else {
                new_computed = node_hash(&new_computed, sibling);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        let proven = last == 0 && old_computed == *old_root && new_computed == *new_root;
        if proven { Ok(()) } else { Err(unproven) }
    }
}

/// The most hashes in a proof, as tlog-witness sets it: one for each level of a tree of 2^63 entries.
pub const PROOF_HASHES_MAX: usize = 63;

/// The largest power of two below `count`, for at least two entries.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

fn bounded(hashes: Vec<Hash>) -> Result<Vec<Hash>, Error> {
    if hashes.len() > PROOF_HASHES_MAX {
        return Err(Error::TooLarge { what: "proof hashes", length: hashes.len(), max: PROOF_HASHES_MAX });
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests;
