//! Blind matching: whether two parties hold the same value, without either showing its own.
//!
//! ```text
//! asker    value ─> normal form ─> blinded element ──────────────────────────────────> unblind ─> tag ─> in the filter?
//! holder   its set, once per epoch: value ─> normal form ─> tag ─> filter    evaluate + proof ─┘
//! ```
//! RFC 9497's VOPRF (mode 0x01, ristretto255-SHA512). A tag is the first 8 bytes of its output. The filter is a binary fuse
//! filter with fingerprints of 32 bits over tags, filled up with random ones to a round size.
//!
//! Invariants: what the holder sees of a batch is [`BATCH`] elements that are random to it, whatever the asker looks for
//! and however much of it is filling; what the asker sees is a filter that it can ask nothing without an evaluation, and
//! evaluations that are proved to be by the key of the epoch. No value outlives the call that it was given in.
//!
//! Not promised: that a value whose form differs (a name with and without its host) meets itself; that one in 2^32
//! lookups does not say yes for nothing. Whoever has evaluations left can ask about whatever it guesses.
//! Source: RFC 9497; Graf and Lemire, Binary Fuse Filters, 2022.

mod blind;
mod filter;
mod value;

pub use blind::{BATCH, BlindError, Blinded, ELEMENT_LENGTH, Elements, MatchKey, PROOF_LENGTH};
pub use filter::{FILTER_BYTES_MAX, Filter, FilterError, VALUES_MAX, rounded};
pub use value::{MatchValue, VALUE_LENGTH_MAX, match_values};
