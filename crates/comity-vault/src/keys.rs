//! Epoch keys: one for each agreement and month of erasure.
//!
//! Owns what a bucket is, how an epoch key wraps a record's secret, and the port through which the shell
//! gives and destroys epoch keys. Leaves where they lie to the shell: never in the data directory, never in
//! its backup.
//!
//! ```text
//! wrapped key (60) = nonce (12, random) | AES-256-GCM(epoch key, nonce, secret) (32) | tag (16)
//! ```
//!
//! The nonce is random because one epoch key wraps many secrets: after 2^32 of them, two months at 800 a
//! second, the odds that two nonces are equal are 2^-33.

use crate::Cause;
use crate::aead::{self, KEY_LENGTH, NONCE_LENGTH, Secret, TAG_LENGTH};
use comity_terms::{Entropy, Month, PackSlug};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The bytes of a wrapped key: nonce, secret, tag.
pub const WRAPPED_KEY_LENGTH: usize = NONCE_LENGTH + KEY_LENGTH + TAG_LENGTH;

/// What shares one epoch key, and is destroyed with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// The agreement.
    pub agreement: PackSlug,
    /// The month in which its records are to be erased.
    pub month: Month,
    /// Which of the keys that the month has had: an early erasure wraps what stays under the next one.
    pub generation: u32,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} generation {}", self.agreement, self.month, self.generation)
    }
}

/// The key of a bucket. It wraps record secrets and does nothing else; overwritten when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct EpochKey([u8; KEY_LENGTH]);

impl EpochKey {
    /// A fresh key.
    #[must_use]
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        let mut key = Self([0; KEY_LENGTH]);
        entropy.fill(&mut key.0);
        key
    }

    /// The key that a key store kept.
    #[must_use]
    pub fn from_bytes(bytes: &Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        Self(**bytes)
    }

    /// The key's bytes, for a key store to keep. Wherever else they go, records can be read after their end.
    #[must_use]
    pub fn dangerous_bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }

    pub(crate) fn wrap(
        &self,
        secret: &Secret,
        associated: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<[u8; WRAPPED_KEY_LENGTH], Cause> {
        let mut nonce = [0; NONCE_LENGTH];
        entropy.fill(&mut nonce);
        let mut wrapped = [0; WRAPPED_KEY_LENGTH];
        let (head, tail) = wrapped.split_at_mut(NONCE_LENGTH);
        let (text, tag) = tail.split_at_mut(KEY_LENGTH);
        head.copy_from_slice(&nonce);
        text.copy_from_slice(&secret[..]);
        tag.copy_from_slice(&aead::encrypt(&self.0, &nonce, associated, text)?);
        Ok(wrapped)
    }

    pub(crate) fn unwrap(
        &self,
        wrapped: &[u8; WRAPPED_KEY_LENGTH],
        associated: &[u8],
    ) -> Result<Secret, Cause> {
        let (mut nonce, mut secret, mut tag) =
            ([0; NONCE_LENGTH], Zeroizing::new([0; KEY_LENGTH]), [0; TAG_LENGTH]);
        nonce.copy_from_slice(&wrapped[..NONCE_LENGTH]);
        secret.copy_from_slice(&wrapped[NONCE_LENGTH..NONCE_LENGTH + KEY_LENGTH]);
        tag.copy_from_slice(&wrapped[NONCE_LENGTH + KEY_LENGTH..]);
        aead::decrypt(&self.0, &nonce, associated, &mut secret[..], &tag).map_err(|_| Cause::Key)?;
        Ok(secret)
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch key of {KEY_LENGTH} bytes")
    }
}

/// Where epoch keys lie. Implemented by the shell.
pub trait EpochKeys {
    /// What can go wrong there.
    type Error;

    /// The key that records of that agreement and month are sealed under now; made when there is none.
    ///
    /// A key that is returned is durable. After [`destroy`](Self::destroy) of a bucket the next one has a
    /// higher generation: no bucket ever has two keys.
    ///
    /// # Errors
    /// Those of the key store; callers seal nothing.
    fn current(&mut self, agreement: &PackSlug, month: Month) -> Result<(Bucket, EpochKey), Self::Error>;

    /// The key of `bucket`; `None` when it was destroyed or never was.
    ///
    /// # Errors
    /// Those of the key store; callers must not take them for destruction.
    fn get(&self, bucket: &Bucket) -> Result<Option<EpochKey>, Self::Error>;

    /// The key that records of this agreement and month are sealed under after `bucket`: of a later generation,
    /// made when there is none. From then on [`current`](Self::current) gives it, too.
    ///
    /// # Errors
    /// Those of the key store; callers destroy nothing.
    fn turn(&mut self, bucket: &Bucket) -> Result<(Bucket, EpochKey), Self::Error>;

    /// Whether the key of `bucket` was destroyed here; `false` also when it never was.
    ///
    /// # Errors
    /// Those of the key store.
    fn is_destroyed(&self, bucket: &Bucket) -> Result<bool, Self::Error>;

    /// Every bucket whose key is there, or whose destruction has begun and is not finished.
    ///
    /// # Errors
    /// Those of the key store.
    fn buckets(&self) -> Result<Vec<Bucket>, Self::Error>;

    /// Destroys the key of `bucket`: when it returns, nothing sealed under it can be read again, in any copy.
    /// Destroying what is gone already is done.
    ///
    /// # Errors
    /// Those of the key store; callers retry until it is done.
    fn destroy(&mut self, bucket: &Bucket) -> Result<(), Self::Error>;
}
