//! What can be wrong with what we were given. Texts never quote an entry, only names, lines, lengths and indices.

use crate::merkle::{LeafIndex, TreeSize};

/// Why a text, a proof or a signature was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text departs from its format; `line` counts from 1.
    #[error("{what}, line {line}: {reason}")]
    Malformed {
        /// The kind of text: `note`, `checkpoint`, `policy` and so on.
        what: &'static str,
        /// Where, counting from 1.
        line: usize,
        /// What was expected there.
        reason: &'static str,
    },
    /// Binary content departs from its format.
    #[error("{what}: {reason}")]
    Content {
        /// The kind of content: `tile`, `entry bundle`, `frontier`.
        what: &'static str,
        /// What was expected.
        reason: &'static str,
    },
    /// Longer than the bound of its kind.
    #[error("{what} of {length} is above the limit of {max}")]
    TooLarge {
        /// What is too long, with its unit.
        what: &'static str,
        /// How long it is.
        length: usize,
        /// The bound.
        max: usize,
    },
    /// A verifier key, key name or path of a tile that is not one.
    #[error("not a {what}: {reason}")]
    Invalid {
        /// What it should have been.
        what: &'static str,
        /// Why it is not.
        reason: &'static str,
    },
    /// A known key's signature does not verify: the whole note is to be ignored.
    #[error("the signature by `{name}` does not verify")]
    BadSignature {
        /// The key's name.
        name: String,
    },
    /// No known key signed: the note is to be ignored.
    #[error("no signature by a known key")]
    NotSigned,
    /// The checkpoint is another log's.
    #[error("the checkpoint is of origin `{found}`, not `{expected}`")]
    Origin {
        /// The name of the key that was to verify it.
        expected: String,
        /// The origin line.
        found: String,
    },
    /// No such entry in a tree of this size.
    #[error("entry {} is not in a tree of {} entries", index.0, size.0)]
    NotInTree {
        /// The entry asked for.
        index: LeafIndex,
        /// The tree it was asked of.
        size: TreeSize,
    },
    /// The older tree is larger than the newer.
    #[error("a tree of {} entries cannot extend one of {}", new.0, old.0)]
    Shrunk {
        /// The size to start from.
        old: TreeSize,
        /// The size to arrive at.
        new: TreeSize,
    },
    /// The proof has too few or too many hashes for these sizes, or does not lead to the root.
    #[error("the {what} proof does not lead to the root")]
    Unproven {
        /// `inclusion` or `consistency`.
        what: &'static str,
    },
}

/// Why something could not be computed from stored nodes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The store failed.
    #[error(transparent)]
    Reader(E),
    /// The store lacks a complete subtree that a tree of this size has: the store is damaged or behind.
    #[error("no node at level {level}, index {index}")]
    Missing {
        /// Height of the subtree.
        level: u8,
        /// Which subtree of that height, from the left.
        index: u64,
    },
    /// The question makes no sense for these sizes.
    #[error("{0}")]
    Request(Error),
}
