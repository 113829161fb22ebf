//! RFC 9497's OPRF in mode 0x00, ristretto255-SHA512, that remembers what it gave: by a keyed digest of the value, so that no
//! value outlives the call that it was given in.
//!
//! One evaluation costs about 50 us, nearly all of it one multiplication with a secret scalar, which cannot be prepared for a
//! point that only hashing gives.

use comity_terms::Digest;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use voprf::{OprfServer, Ristretto255};

/// How many bytes of an output are used.
pub(crate) const OUTPUT_LENGTH: usize = 16;

/// How many outputs are remembered: 16,384, about 1 MB. Beyond that all are forgotten, and it begins again.
const REMEMBERED_MAX: usize = 16_384;

/// The OPRF under one scalar.
pub(crate) struct Remembering {
    oprf: OprfServer<Ristretto255>,
    /// What stands for an input that has no output.
    nothing: [u8; OUTPUT_LENGTH],
    outputs: Mutex<HashMap<Digest, [u8; OUTPUT_LENGTH]>>,
}

impl Remembering {
    /// Under the scalar that `secret` and `info` give; `None` in the one case in 2^252 in which none comes out. An input
    /// that is longer than RFC 9497 allows (65,535 bytes), or that hashing takes to the group's identity (never found by
    /// anyone), comes to `nothing`.
    pub(crate) fn derive(secret: &[u8; 32], info: &Digest, nothing: [u8; OUTPUT_LENGTH]) -> Option<Self> {
        let oprf = OprfServer::new_from_seed(secret, &info.0).ok()?;
        Some(Self { oprf, nothing, outputs: Mutex::default() })
    }

    /// The output for `input`, which is remembered as `name`: a keyed digest of it.
    pub(crate) fn evaluate(&self, name: Digest, input: &[u8]) -> [u8; OUTPUT_LENGTH] {
        let known = self.outputs.lock().unwrap_or_else(PoisonError::into_inner).get(&name).copied();
        known.unwrap_or_else(|| {
            let mut output = self.nothing;
            if let Ok(whole) = self.oprf.evaluate(input) {
                output.copy_from_slice(&whole[..OUTPUT_LENGTH]);
            }
            let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
            if outputs.len() >= REMEMBERED_MAX {
                outputs.clear();
            }
            outputs.insert(name, output);
            output
        })
    }
}

#[cfg(test)]
mod tests;
