//! What a person is known by in a record, and the tag that stands for it in an index.
//!
//! ```text
//! record ─> identifiers: kind and normalised value ─> tag: 16 bytes of the OPRF output (RFC 9497, ristretto255-SHA512)
//!                                                     under the scalar of the month in which the record is erased
//! ```
//! Whoever asks for their data states what they are known by; the same value, normalised alike, gives the same tag. With
//! the month's secret gone no tag of that month leads anywhere, not even for whoever guesses the value. A pseudonym is an
//! OPRF output already, which nobody guesses: a keyed digest stands for it, which costs a fiftieth.
//!
//! Invariants: a tag tells nothing to whoever has not the key; kinds do not meet; no value outlives the call that it was
//! given in (what a key remembers is under a keyed digest).
//!
//! Not promised: a name written otherwise, or a telephone number with and without its country, are two identifiers.

mod corrected;
mod found;
mod normal;

pub use corrected::{Correction, corrected};
pub use found::{identifiers, may_identify};

use comity_terms::Digest;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize as _, Zeroizing};

use crate::TokenKeyError;
use crate::oprf::{OUTPUT_LENGTH, Remembering};

/// What kind of identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The name of an account.
    Account,
    /// A number by which a state, a bank or a card knows a person.
    NationalId,
    /// A person's name.
    Name,
    /// A pseudonym: what a gateway wrote in the place of any of these.
    Pseudonym,
}

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Email, Self::Phone, Self::Account, Self::NationalId, Self::Name, Self::Pseudonym];

    /// Its word in files and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Account => "account",
            Self::NationalId => "national_id",
            Self::Name => "name",
            Self::Pseudonym => "pseudonym",
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no kind of identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no kind of identifier: expected email, phone, account, national_id, name or pseudonym")]
pub struct IdentifierKindError;

impl FromStr for IdentifierKind {
    type Err = IdentifierKindError;

    fn from_str(text: &str) -> Result<Self, IdentifierKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(IdentifierKindError)
    }
}

/// What a person is known by, normalised. Wiped when it is dropped; `Debug` prints a length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    kind: IdentifierKind,
    value: String,
}

impl Identifier {
    /// The identifier that `text` is; `None` when nothing of its kind is in it.
    #[must_use]
    pub fn new(kind: IdentifierKind, text: &str) -> Option<Self> {
        let value = normal::normalised(kind, text)?;
        Some(Self { kind, value })
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> IdentifierKind {
        self.kind
    }

    /// Its normalised value: personal data.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl Drop for Identifier {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.kind, self.value.len())
    }
}

/// What stands for an identifier in the index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectTag(pub [u8; OUTPUT_LENGTH]);

impl fmt::Debug for SubjectTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectTag {:02x}{:02x}…", self.0[0], self.0[1])
    }
}

/// The key of the tags of one month of erasure.
pub struct SubjectKey {
    oprf: Remembering,
    pseudonyms: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("subject key of 32 bytes")
    }
}

impl SubjectKey {
    /// The key of the month named `month` under the gateway's `secret` of that month.
    ///
    /// # Errors
    /// [`TokenKeyError`] in the one case in 2^252 in which no scalar comes out; callers seal nothing.
    pub fn derive(secret: &[u8; 32], month: &str) -> Result<Self, TokenKeyError> {
        let info = Digest::of_parts("comity subject scalar v1", &[month.as_bytes()]);
        let pseudonyms = Digest::of_parts("comity subject pseudonym key v1", &[secret, &info.0]);
        // What has no output, which no normalised value is, meets nobody: the digest of the key stands for it.
        let oprf = Remembering::derive(secret, &info, half(&pseudonyms.0)).ok_or(TokenKeyError)?;
        Ok(Self { oprf, pseudonyms: Zeroizing::new(pseudonyms.0) })
    }

    /// The tag of an identifier: the same for the same kind and normalised value.
    #[must_use]
    pub fn tag(&self, identifier: &Identifier) -> SubjectTag {
        let Identifier { kind, value } = identifier;
        let name = Digest::of_parts(
            "comity subject v1",
            &[&*self.pseudonyms, kind.as_str().as_bytes(), value.as_bytes()],
        );
        if *kind == IdentifierKind::Pseudonym {
            return SubjectTag(half(&name.0));
        }
        let input = Zeroizing::new([kind.as_str().as_bytes(), &[0], value.as_bytes()].concat());
        SubjectTag(self.oprf.evaluate(name, &input))
    }
}

/// The first half.
fn half(bytes: &[u8; 32]) -> [u8; OUTPUT_LENGTH] {
    let mut half = [0; OUTPUT_LENGTH];
    half.copy_from_slice(&bytes[..OUTPUT_LENGTH]);
    half
}

#[cfg(test)]
mod tests;
