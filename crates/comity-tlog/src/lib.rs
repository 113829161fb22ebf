//! Transparency logs as C2SP writes them: pure functions from bytes to bytes and verdicts.
//!
//! Owns hashing, proofs, the tile layout, signed notes, checkpoints, cosignatures, witnessing, trust policies,
//! receipts and the audit of a whole log. Knows nothing of what an entry means.
//! Leaves storing, fetching, clocks and randomness to the caller: nodes come from a [`NodeReader`], files from a
//! [`TileSource`], time and seeds are arguments.
//!
//! ```text
//! text                          file             gives
//! RFC 6962, section 2.1         merkle.rs        Hash, leaf_hash, node_hash, NodeReader, root_at
//!                               frontier.rs      Frontier: the right edge, appended to
//!                               proof.rs         InclusionProof, ConsistencyProof
//! c2sp.org/tlog-tiles           tile.rs          Tile, Bundle, Resource: paths and contents
//! c2sp.org/signed-note          note.rs, key.rs  Note, SignatureLine; VerifierKey, SigningKey
//! c2sp.org/tlog-checkpoint      checkpoint.rs    Checkpoint, SignedCheckpoint
//! c2sp.org/tlog-cosignature     cosignature.rs   CosigningKey, cosignature/v1 messages
//! c2sp.org/tlog-witness         witness.rs       AddCheckpoint -> Cosign or Refusal
//! c2sp.org/tlog-policy          quorum.rs        Policy, Evaluation
//! c2sp.org/tlog-proof           receipt.rs       Receipt, Grade
//! (an auditor of tlog-tiles)    verify.rs        verify_log, Report, Finding
//! ```
//!
//! Invariants: every parser is bounded and accepts one spelling only, so what parses formats back to the same
//! bytes; nothing panics on input; a signature by a known key that does not verify rejects the whole note.

mod checkpoint;
mod cosignature;
mod error;
mod frontier;
mod key;
mod merkle;
mod note;
mod proof;
mod quorum;
mod receipt;
mod text;
mod tile;
mod verify;
mod witness;

pub use checkpoint::{Checkpoint, ORIGIN_BYTES_MAX, SignedCheckpoint};
pub use cosignature::CosigningKey;
pub use error::{Error, ReadError};
pub use frontier::Frontier;
pub use key::{SignatureType, SigningKey, VerifierKey};
pub use merkle::{Hash, LeafIndex, Node, NodeReader, TreeSize, empty_root, leaf_hash, node_hash, root_at};
pub use note::{NOTE_BYTES_MAX, Note, SIGNATURES_MAX, SignatureLine, VerifiedSignature};
pub use proof::{ConsistencyProof, InclusionProof, PROOF_HASHES_MAX, consistency_proof, inclusion_proof};
pub use quorum::{Evaluation, POLICY_BYTES_MAX, Policy, PolicyWitness};
pub use receipt::{Grade, RECEIPT_BYTES_MAX, Receipt, VerifiedReceipt};
pub use tile::{
    BUNDLE_BYTES_MAX, Bundle, ENTRY_BYTES_MAX, Resource, TILE_WIDTH, Tile, bundles_for, decode_bundle,
    encode_bundle, tile_bytes, tile_hashes, tiles_for,
};
pub use verify::{Finding, Report, TileSource, verify_log};
pub use witness::{
    AddCheckpoint, Cosigned, Outcome, REQUEST_BYTES_MAX, Refusal, SIZE_CONTENT_TYPE, add_checkpoint,
};

#[cfg(test)]
mod testing;
