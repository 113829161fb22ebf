//! Who a gateway deals with: partners, its own officers, and the laws that were adopted for it.

use crate::federation::identity::{Identity, SignedLaw};
use comity_terms::{Party, Timestamp};
use comity_tlog::VerifierKey;

/// A partner gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its party.
    pub party: Party,
    /// Its federation listener: `https://host:port`.
    pub url: String,
    /// What it told of itself, verified.
    pub identity: Identity,
}

impl Peer {
    /// What verifies its log.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`](crate::ExchangeError::Proof) when its identity names no such key.
    pub fn log_key(&self) -> Result<VerifierKey, crate::ExchangeError> {
        self.identity.log.parse().map_err(crate::ExchangeError::proof)
    }

    /// What verifies its cosignatures.
    ///
    /// # Errors
    /// As [`log_key`](Self::log_key).
    pub fn witness_key(&self) -> Result<VerifierKey, crate::ExchangeError> {
        self.identity.witness.parse().map_err(crate::ExchangeError::proof)
    }
}

/// An officer of this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// The name that commands are given under.
    pub name: String,
    /// The role: an office of the vocabulary is one that they act for.
    pub role: String,
    /// The unit that they serve in, where it is known.
    pub unit: Option<String>,
    /// The last instant at which the training is valid, UTC.
    pub training_until: Timestamp,
    /// The password's argon2 hash, in PHC form.
    pub password_hash: String,
}

/// A key that an officer's orders are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerKey {
    /// The officer.
    pub officer: String,
    /// The public half.
    pub key: String,
    /// Since when it counts, UTC.
    pub from: Timestamp,
    /// Until when; `None` while it does.
    pub ended: Option<Timestamp>,
}

/// A pack adopted by this gateway: signed for its party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedLaw {
    /// The signature with pack and digest.
    pub law: SignedLaw,
    /// When, UTC.
    pub at: Timestamp,
}
