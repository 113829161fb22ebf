//! Receipts: that an entry is in a log, to be checked from these bytes alone.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>                      optional; ours carry the entry's bytes
//! index 73894
//! gSKyXoYZUgZ6jduWYrkDOARinOMG…       inclusion proof, from the leaf's sibling to the root's child
//! <empty line>
//! <the checkpoint, with its signatures>
//! ```
//!
//! What `extra` holds proves nothing by itself: it is hashed as the entry, and the proof then either holds or not.
//! Source: C2SP tlog-proof.

use std::fmt;

use crate::checkpoint::SignedCheckpoint;
use crate::error::Error;
use crate::key::VerifierKey;
use crate::merkle::{Hash, LeafIndex, TreeSize, leaf_hash};
use crate::note::NOTE_BYTES_MAX;
use crate::proof::{InclusionProof, PROOF_HASHES_MAX};
use crate::quorum::Policy;
use crate::text::{base64_decode, base64_encode, decimal};
use crate::tile::ENTRY_BYTES_MAX;

/// A proof of inclusion with its checkpoint. Nothing of it is verified until [`verify`](Self::verify).
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's bytes, or whatever else the log's users put there; never empty.
    extra: Option<Vec<u8>>,
    index: LeafIndex,
    proof: InclusionProof,
    checkpoint: SignedCheckpoint,
}

/// How strong a verified receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Under a checkpoint that the log signed.
    Integrated,
    /// And a quorum of witnesses cosigned that checkpoint.
    Witnessed,
}

/// What a verified receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// Where the entry stands.
    pub index: LeafIndex,
    /// The size of the tree in which it was proved.
    pub tree_size: TreeSize,
    /// How strong the proof is.
    pub grade: Grade,
}

impl Receipt {
    /// A receipt for the entry at `index`; `extra` usually its bytes, empty for none.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if `extra` is longer than an entry can be.
    pub fn new(
        extra: &[u8],
        index: LeafIndex,
        proof: InclusionProof,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, Error> {
        if extra.len() > ENTRY_BYTES_MAX {
            return Err(Error::TooLarge { what: "extra bytes", length: extra.len(), max: ENTRY_BYTES_MAX });
        }
        let extra = (!extra.is_empty()).then(|| extra.to_vec());
        Ok(Self { extra, index, proof, checkpoint })
    }

    /// Reads a receipt.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |line, reason| Error::Malformed { what: "receipt", line, reason };
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(Error::TooLarge {
                what: "receipt bytes",
                length: bytes.len(),
                max: RECEIPT_BYTES_MAX,
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed(1, "no empty line"))?;
        let mut lines = head.split('\n').enumerate().map(|(offset, line)| (offset + 1, line)).peekable();
        if lines.next().is_none_or(|(_, line)| line != HEADER) {
            return Err(malformed(1, "not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = match lines.next_if(|(_, line)| line.starts_with("extra ")) {
            None => Vec::new(),
            Some((number, line)) => base64_decode(&line["extra ".len()..])
                .filter(|extra| !extra.is_empty())
                .ok_or(malformed(number, "extra data not in standard base64"))?,
        };
        let index = lines
            .next()
            .and_then(|(_, line)| decimal(line.strip_prefix("index ")?))
            .ok_or(malformed(2, "not `index` and a number"))?;
        let hashes = lines
            .map(|(number, line)| {
                Hash::from_base64(line).ok_or(malformed(number, "not the base64 of 32 bytes"))
            })
            .collect::<Result<_, _>>()?;
        let proof = InclusionProof::from_hashes(hashes)?;
        Self::new(&extra, LeafIndex(index), proof, SignedCheckpoint::parse(checkpoint.as_bytes())?)
    }

    /// Verifies that `entry` is in the log with the key `log`, and whether the witnesses of `policy` saw it there.
    ///
    /// Without a policy, or with one that asks for no witness, the grade is [`Grade::Integrated`] at most. A quorum
    /// that is not reached is no error: it shows in the grade.
    ///
    /// # Errors
    /// [`Error::Origin`], [`Error::NotSigned`], [`Error::BadSignature`], [`Error::NotInTree`] or
    /// [`Error::Unproven`]: the receipt proves nothing.
    pub fn verify(
        &self,
        entry: &[u8],
        log: &VerifierKey,
        policy: Option<&Policy>,
    ) -> Result<VerifiedReceipt, Error> {
        self.checkpoint.verify(log)?;
        let checkpoint = self.checkpoint.checkpoint();
        self.proof.verify(&leaf_hash(entry), self.index, checkpoint.size(), &checkpoint.root())?;
        let witnessed = match policy {
            Some(policy) => policy.requires_witnesses() && policy.evaluate(&self.checkpoint)?.satisfied,
            None => false,
        };
        let grade = if witnessed { Grade::Witnessed } else { Grade::Integrated };
        Ok(VerifiedReceipt { index: self.index, tree_size: checkpoint.size(), grade })
    }

    /// The `extra` line's bytes: not authenticated, see [`verify`](Self::verify).
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Where the entry is said to stand.
    pub fn index(&self) -> LeafIndex {
        self.index
    }

    /// The inclusion proof.
    pub fn proof(&self) -> &InclusionProof {
        &self.proof
    }

    /// The checkpoint it leads to.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(out, "extra {}", base64_encode(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        self.proof.hashes().iter().try_for_each(|hash| writeln!(out, "{hash}"))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

impl fmt::Debug for Receipt {
    /// Without the extra data, which is the log's users' own.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Receipt")
            .field("extra_bytes", &self.extra.as_ref().map_or(0, Vec::len))
            .field("index", &self.index)
            .field("checkpoint", &self.checkpoint.checkpoint())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Integrated => "integrated",
            Self::Witnessed => "witnessed",
        })
    }
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The longest receipt: the header (23 bytes), `extra ` with an entry in base64 and a newline (7 + 87,380), `index `
/// with a number and a newline (26), 63 hashes of 45 bytes (2,835), a newline, a note.
pub const RECEIPT_BYTES_MAX: usize =
    23 + 7 + ENTRY_BYTES_MAX.div_ceil(3) * 4 + 26 + PROOF_HASHES_MAX * 45 + 1 + NOTE_BYTES_MAX;

#[cfg(test)]
mod tests;
