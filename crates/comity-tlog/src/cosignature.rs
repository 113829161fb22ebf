//! Cosignatures: a witness's dated word that a checkpoint extends everything it saw of that log before.
//!
//! ```text
//! signature = time (u64, big-endian, seconds since 1970) || Ed25519 (64 bytes) over
//!
//! cosignature/v1
//! time 1679315147
//! example.com/behind-the-sofa          the whole text of the checkpoint
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```
//!
//! The message does not name the witness: one key must not serve two names.
//! Leaves deciding whether to cosign to `witness`. ML-DSA-44 cosignatures (type 06) are read over, not verified.
//! Source: C2SP tlog-cosignature, cosignature/v1.

use std::fmt;

use ed25519_dalek::Signer as _;

use crate::checkpoint::SignedCheckpoint;
use crate::error::Error;
use crate::key::{SignatureType, VerifierKey};
use crate::note::SignatureLine;

/// A witness's private key, type 04. Wiped from memory when dropped.
pub struct CosigningKey {
    verifier: VerifierKey,
    secret: ed25519_dalek::SigningKey,
}

impl CosigningKey {
    /// The key named `name` of a seed of 32 secret random bytes, used for nothing else. The caller wipes the seed.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is not one.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier =
            VerifierKey::new(name, SignatureType::CosignatureV1, secret.verifying_key().as_bytes())?;
        Ok(Self { verifier, secret })
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Cosigns `checkpoint` at `now`, in seconds since 1970 (held at 2^63 - 1).
    ///
    /// This states that the checkpoint is consistent with all that this key cosigned of the log before: only
    /// [`add_checkpoint`](crate::add_checkpoint), or someone who did its checks, may call it.
    pub fn cosign(&self, checkpoint: &SignedCheckpoint, now: u64) -> SignatureLine {
        let time = now.min(TIME_MAX);
        let signature = self.secret.sign(message(time, checkpoint.note().text()).as_bytes());
        SignatureLine::new(&self.verifier, [&time.to_be_bytes()[..], &signature.to_bytes()].concat())
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CosigningKey({}, 32 bytes)", self.verifier.name())
    }
}

/// The time of a cosignature that verifies; `None` if it does not.
pub(crate) fn verify(key: &VerifierKey, text: &str, cosignature: &[u8]) -> Option<u64> {
    let (time, signature) = cosignature.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    let valid = time <= TIME_MAX && key.verify_ed25519(message(time, text).as_bytes(), signature);
    valid.then_some(time)
}

fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The latest time that a cosignature can carry: 2^63 - 1.
const TIME_MAX: u64 = i64::MAX as u64;

#[cfg(test)]
pub(crate) mod tests;
