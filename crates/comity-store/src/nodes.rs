//! Which subtrees of the log have rows of their own: those of sixteen entries and more. Smaller ones are hashed from
//! their entries when they are asked for, which costs less than looking their rows up, and an entry then costs an
//! eighth of a row instead of two.

use comity_exchange::entry::PublicEntry;
use comity_tlog::{Hash, Node, leaf_hash, node_hash};
use std::ops::Range;

/// The height from which on subtrees are stored: 2^4 entries.
pub(crate) const STORED_FROM: u8 = 4;

/// Whether `node` has a row.
pub(crate) fn is_stored(node: &Node) -> bool {
    node.level >= STORED_FROM
}

/// The entries below the subtrees of `level` in `range`.
pub(crate) fn entries_below(level: u8, range: &Range<u64>) -> Range<u64> {
    // A place beyond any tree has no entries: the range is then empty or runs over what is there.
    let edge = |place: u64| place.checked_mul(1 << level).unwrap_or(u64::MAX >> 1);
    edge(range.start)..edge(range.end)
}

/// The roots of the complete subtrees of `level` over `entries`, from the left.
pub(crate) fn folded(level: u8, entries: &[[u8; PublicEntry::SIZE]]) -> Vec<Hash> {
    let mut hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    for _ in 0..level {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes
}
