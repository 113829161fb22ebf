//! Sealing under a secret that is used once, with a commitment to that secret.
//!
//! AES-GCM alone does not commit: one ciphertext can be made that opens under two keys, to two texts, and so
//! could say one thing to a receiver and another to an overseer. Therefore
//!
//! ```text
//! HKDF-Expand(secret, associated data) = AEAD key (32) | commitment (32)
//! ```
//!
//! and the commitment is kept beside the sealed bytes and compared, in constant time, before they are opened.
//! Two secrets, or two sets of associated data, with the same commitment are a collision of SHA-256. The
//! secret is uniformly random and so is its own pseudorandom key: nothing is extracted.
//!
//! The nonce is zero throughout: INVARIANT: every secret is drawn or derived for one text alone.
//!
//! Source: RFC 5869 sections 2.3 and 3.3; Bellare and Hoang, "Efficient schemes for committing authenticated
//! encryption" (2022), on committing to all inputs.

use crate::{Cause, Cleartext};
use aes_gcm::aead::{AeadInOut as _, KeyInit as _, inout::InOutBuf};
use aes_gcm::{Aes256Gcm, Key, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

pub(crate) const KEY_LENGTH: usize = 32;
pub(crate) const NONCE_LENGTH: usize = 12;
pub(crate) const TAG_LENGTH: usize = 16;

/// The bytes of a commitment.
pub const COMMITMENT_LENGTH: usize = 32;

/// What seals one text. Overwritten when dropped.
pub(crate) type Secret = Zeroizing<[u8; KEY_LENGTH]>;
pub(crate) type Commitment = [u8; COMMITMENT_LENGTH];

const ONE_USE: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];

/// A secret bound to its associated data: it seals or opens one text.
pub(crate) struct Seal<'a> {
    key: Secret,
    commitment: Commitment,
    associated: &'a [u8],
}

impl<'a> Seal<'a> {
    pub(crate) fn new(secret: &Secret, associated: &'a [u8]) -> Self {
        let mut both = Zeroizing::new([0; KEY_LENGTH + COMMITMENT_LENGTH]);
        // Unwrap safety: a pseudorandom key of 32 bytes and an output of 64 (at most 255 * 32) are accepted.
        Hkdf::<Sha256>::from_prk(&secret[..])
            .expect("32 bytes are a pseudorandom key")
            .expand(associated, &mut both[..])
            .expect("64 bytes are within the output limit");
        let (mut key, mut commitment) = (Zeroizing::new([0; KEY_LENGTH]), [0; COMMITMENT_LENGTH]);
        key.copy_from_slice(&both[..KEY_LENGTH]);
        commitment.copy_from_slice(&both[KEY_LENGTH..]);
        Self { key, commitment, associated }
    }

    pub(crate) fn commitment(&self) -> &Commitment {
        &self.commitment
    }

    /// Whether the secret and the associated data are those that were committed to.
    pub(crate) fn check(&self, commitment: &[u8]) -> Result<(), Cause> {
        if bool::from(self.commitment[..].ct_eq(commitment)) { Ok(()) } else { Err(Cause::Commitment) }
    }

    /// Appends the sealed `text` to `out`: as many bytes, and a tag.
    pub(crate) fn seal(self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Cause> {
        // Room first: while the text is in `out` it must not be moved, for a move leaves a copy behind.
        out.reserve(text.len() + TAG_LENGTH);
        let start = out.len();
        out.extend_from_slice(text);
        let tag = encrypt(&self.key, &ONE_USE, self.associated, &mut out[start..])?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// The text, when `commitment` is to this secret and no byte was altered.
    pub(crate) fn open(self, commitment: &[u8], sealed: &[u8]) -> Result<Cleartext, Cause> {
        self.check(commitment)?;
        let (text, tag) = sealed.split_last_chunk::<TAG_LENGTH>().ok_or(Cause::Length)?;
        let mut text = Zeroizing::new(text.to_vec());
        decrypt(&self.key, &ONE_USE, self.associated, &mut text, tag).map_err(|_| Cause::Sealed)?;
        Ok(Cleartext::new(text))
    }
}

/// Encrypts `text` in place and returns the tag.
pub(crate) fn encrypt(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    associated: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_LENGTH], Cause> {
    let length = text.len();
    cipher(key)
        .encrypt_inout_detached(&Nonce::from(*nonce), associated, InOutBuf::from(text))
        .map(Into::into)
        .map_err(|_| Cause::TooLong(length))
}

/// Decrypts `text` in place when `tag` is right; an altered text stays encrypted.
pub(crate) fn decrypt(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    associated: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Result<(), aes_gcm::Error> {
    cipher(key).decrypt_inout_detached(
        &Nonce::from(*nonce),
        associated,
        InOutBuf::from(text),
        &Tag::from(*tag),
    )
}

fn cipher(key: &[u8; KEY_LENGTH]) -> Aes256Gcm {
    Aes256Gcm::new(<&Key<Aes256Gcm>>::from(key))
}

#[cfg(test)]
mod tests;
