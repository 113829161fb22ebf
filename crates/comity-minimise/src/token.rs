//! Tokens: what stands for a person's identifier when the identifier stays home.
//!
//! ```text
//! p-<32 characters of base32>     20 bytes: 16 of the OPRF output, 4 of a keyed check over these
//! ```
//! The OPRF is RFC 9497's, mode 0x00, ristretto255-SHA512, under the scalar of (agreement, partner, period):
//! whoever holds the scalar can evaluate a blinded identifier, so that a person is later found by token without
//! being named. A token whose check verifies is kept as it is (minimising twice changes nothing); any other
//! text of that form is plain text, since anybody can write one. A 32-bit check is forged once in 2^32 tries,
//! and a forgery only keeps a text of the forger's own.
//!
//! A key remembers the tokens that it made, since making one is dear: see `oprf.rs`.
//!
//! The same key gives the new id of an object whose own id would tell a name or a value ([`TokenKey::id`]).

use crate::oprf::{OUTPUT_LENGTH, Remembering};
use comity_terms::Digest;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// The longest identifier that the OPRF takes as it is; a longer one is hashed first (RFC 9497 bounds inputs
/// at 65,535 bytes; nothing that identifies a person comes near 4 KiB).
const INPUT_LENGTH_MAX: usize = 4096;
const DATA_LENGTH: usize = OUTPUT_LENGTH;
const CHECK_LENGTH: usize = 4;
const TOKEN_LENGTH: usize = 2 + 32;
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A key could not be derived: a name is longer than the derivation takes, or hit the one case in 2^252.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no token key can be derived from these names")]
pub struct TokenKeyError;

/// The key that tokens of one agreement, partner and period are made with.
pub struct TokenKey {
    oprf: Remembering,
    check: Zeroizing<[u8; 32]>,
    ids: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("token key of 32 bytes")
    }
}

impl TokenKey {
    /// The key of an agreement, partner and period under the gateway's `secret`.
    ///
    /// # Errors
    /// [`TokenKeyError`] when the names are too long; callers refuse the exchange.
    pub fn derive(
        secret: &[u8; 32],
        agreement: &str,
        partner: &str,
        period: &str,
    ) -> Result<Self, TokenKeyError> {
        let parts = [agreement.as_bytes(), partner.as_bytes(), period.as_bytes()];
        let info = Digest::of_parts("comity token scalar v1", &parts);
        let check = Digest::of_parts("comity token check key v1", &[secret, &info.0]);
        let ids = Digest::of_parts("comity object id key v1", &[secret, &info.0]);
        // What has no output is the all-zero token, which names nobody: the safe end.
        let oprf = Remembering::derive(secret, &info, [0; DATA_LENGTH]).ok_or(TokenKeyError)?;
        Ok(Self { oprf, check: Zeroizing::new(check.0), ids: Zeroizing::new(ids.0) })
    }

    /// The token of a value. Values that differ only in letter case or surrounding space have one token.
    #[must_use]
    pub fn token(&self, value: &str) -> String {
        let normalised = value.trim().to_lowercase();
        let hashed;
        let input = if normalised.len() <= INPUT_LENGTH_MAX {
            normalised.as_bytes()
        } else {
            hashed = Digest::of(normalised.as_bytes());
            &hashed.0
        };
        let name = Digest::of_parts("comity token memo v1", &[&*self.check, input]);
        let data = self.oprf.evaluate(name, input);
        let mut bytes = [0; DATA_LENGTH + CHECK_LENGTH];
        bytes[..DATA_LENGTH].copy_from_slice(&data);
        bytes[DATA_LENGTH..].copy_from_slice(&self.check_of(&data));
        format!("p-{}", encode(&bytes))
    }

    /// The id that stands for the object whose own id is `id`: of the same form for everybody who looks, the
    /// same in every exchange under this key, and not to be found from the old one without it.
    ///
    /// Keyed, so it looks drawn at random and bears the version of such ids (4): readers that take a UUIDv5
    /// for one made from a name are right about every id of that version.
    #[must_use]
    pub fn id(&self, stix_type: &str, id: &str) -> String {
        let Digest(bytes) = Digest::of_parts("comity object id v1", &[&*self.ids, id.as_bytes()]);
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&bytes[..16]);
        format!("{stix_type}--{}", uuid::Builder::from_random_bytes(uuid).into_uuid())
    }

    /// Whether `text` is a token made with this key.
    #[must_use]
    pub fn verifies(&self, text: &str) -> bool {
        if text.len() != TOKEN_LENGTH {
            return false;
        }
        let Some(bytes) = text.strip_prefix("p-").and_then(decode) else { return false };
        let (data, check) = bytes.split_at(DATA_LENGTH);
        self.check_of(data) == check
    }

    fn check_of(&self, data: &[u8]) -> [u8; CHECK_LENGTH] {
        let Digest([a, b, c, d, ..]) = Digest::of_parts("comity token check v1", &[&*self.check, data]);
        [a, b, c, d]
    }
}

/// A key with the tokens it has made.
pub(crate) struct Tokens<'k> {
    key: &'k TokenKey,
    made: Mutex<HashMap<String, String>>,
}

impl<'k> Tokens<'k> {
    pub(crate) fn new(key: &'k TokenKey) -> Self {
        Self { key, made: Mutex::default() }
    }

    /// The token of `value`; a value that is a token already is its own.
    pub(crate) fn of(&self, value: &str) -> String {
        if self.verifies(value) {
            return value.to_owned();
        }
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = made().get(value) {
            return token.clone();
        }
        // Outside the lock: making one is dear, and two threads make different ones.
        let token = self.key.token(value);
        made().insert(value.to_owned(), token.clone());
        token
    }

    pub(crate) fn verifies(&self, text: &str) -> bool {
        self.key.verifies(text)
    }

    /// As [`TokenKey::id`].
    pub(crate) fn id(&self, stix_type: &str, id: &str) -> String {
        self.key.id(stix_type, id)
    }
}

fn encode(bytes: &[u8; DATA_LENGTH + CHECK_LENGTH]) -> String {
    let mut text = String::with_capacity(32);
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            text.push(char::from(BASE32[usize::try_from(bits >> (5 * place) & 31).unwrap_or(0)]));
        }
    }
    text
}

fn decode(text: &str) -> Option<[u8; DATA_LENGTH + CHECK_LENGTH]> {
    let mut bytes = [0; DATA_LENGTH + CHECK_LENGTH];
    for (group, out) in text.as_bytes().chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
        let mut bits = 0_u64;
        for letter in group {
            let digit = BASE32.iter().position(|b| b == letter)?;
            bits = bits << 5 | digit as u64;
        }
        out.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
