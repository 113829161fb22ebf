//! The public entry of one act, and the opening that it commits to.
//!
//! ```text
//! entry (38 bytes)   version 01 | family u8 | month u32 BE (yyyymm) | commitment [32]
//! commitment         SHA-256 over ("comity/entry/v1", salt [32], opening), each with its length before it
//! opening            JSON of decision facts from the closed vocabulary; sealed in the vault with its own clock
//! ```
//! Invariants: every entry has the same size, whatever the act; the salt makes the commitment tell nothing; no
//! name, identifier or free text stands in an opening, so a log that cannot forget never has to.
//! An exchange's opening carries [`records_root`]: each record can be shown later to have been part of the
//! exchange without showing the others.

use comity_terms::{Act, Digest, Entropy, Family, Month, Timestamp};
use comity_tlog::{Frontier, Hash, leaf_hash};
use serde_json::Value as Json;
use std::fmt;

/// The public part of one act: what anyone may see.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicEntry {
    family: Family,
    month: Month,
    commitment: Digest,
}

impl PublicEntry {
    /// How many bytes an entry has: 1 + 1 + 4 + 32.
    pub const SIZE: usize = 38;
    const VERSION: u8 = 1;

    /// The bytes that the log holds.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut out = [0; Self::SIZE];
        out[0] = Self::VERSION;
        out[1] = self.family.byte();
        out[2..6].copy_from_slice(&self.month.number().to_be_bytes());
        out[6..].copy_from_slice(&self.commitment.0);
        out
    }

    /// The entry that `bytes` are; `None` when they are none of this version.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::SIZE] = bytes.try_into().ok()?;
        let (head, commitment) = bytes.split_at(6);
        if head[0] != Self::VERSION {
            return None;
        }
        Some(Self {
            family: Family::from_byte(head[1])?,
            month: Month::from_number(u32::from_be_bytes(head[2..6].try_into().ok()?))?,
            commitment: Digest(commitment.try_into().ok()?),
        })
    }

    /// What kind of act outsiders count it as.
    #[must_use]
    pub fn family(self) -> Family {
        self.family
    }

    /// The month of the act, UTC.
    #[must_use]
    pub fn month(self) -> Month {
        self.month
    }

    /// Whether `opening` is what this entry commits to.
    #[must_use]
    pub fn commits_to(self, opening: &Opening) -> bool {
        self.commitment == opening.commitment()
    }
}

impl fmt::Debug for PublicEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.family, self.month, self.commitment)
    }
}

/// What an entry commits to: a salt and the facts of the act. `Debug` prints a length.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    salt: [u8; 32],
    content: Vec<u8>,
}

impl Opening {
    /// The opening of an act done at `at`, with the entry that commits to it.
    pub fn draw(act: Act, at: Timestamp, facts: Json, entropy: &mut dyn Entropy) -> (PublicEntry, Self) {
        let content = serde_json::json!({ "act": act.as_str(), "at": at.to_string(), "facts": facts });
        let mut salt = [0; 32];
        entropy.fill(&mut salt);
        let opening = Self { salt, content: content.to_string().into_bytes() };
        let entry =
            PublicEntry { family: act.family(), month: Month::of(at), commitment: opening.commitment() };
        (entry, opening)
    }

    /// The bytes that the vault seals: the salt, then the content.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.salt[..], &self.content].concat()
    }

    /// The opening that the vault gave back; `None` when it is too short to be one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (salt, content) = bytes.split_first_chunk()?;
        Some(Self { salt: *salt, content: content.to_vec() })
    }

    /// The facts of the act, as JSON.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    fn commitment(&self) -> Digest {
        Digest::of_parts("comity/entry/v1", &[&self.salt, &self.content])
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening of {} bytes", self.content.len())
    }
}

/// The Merkle root (RFC 6962) over the salted commitments of an exchange's records, in their order.
///
/// Each leaf is the digest of the record under its own salt, so one record can be shown without its neighbours
/// and none can be guessed. The salts are derived from `salt` and the record's number.
#[must_use]
pub fn records_root<'a>(salt: &[u8; 32], records: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut frontier = Frontier::new();
    for (number, record) in records.into_iter().enumerate() {
        let _ = frontier.append(leaf_hash(&record_commitment(salt, number as u64, record).0));
    }
    frontier.root()
}

/// The salted commitment of record `number` of an exchange.
#[must_use]
pub fn record_commitment(salt: &[u8; 32], number: u64, record: &[u8]) -> Digest {
    Digest::of_parts("comity/record/v1", &[salt, &number.to_be_bytes(), record])
}

#[cfg(test)]
mod tests;
