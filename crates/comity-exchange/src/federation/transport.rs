//! The transport key of the day: what a partner seals bodies to.
//!
//! Told in the identity, under its signature, and named in offers by the digest of its public half. Its secret
//! is destroyed after the retry horizon, so a body recorded on the wire opens for nobody afterwards.

use super::offer::SealTo;
use crate::wire::{Base64, Text};
use comity_terms::{Digest, Timestamp};
use comity_vault::TransportPublic;
use serde::{Deserialize, Serialize};

/// A transport key as its party tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportKey {
    /// The public half.
    pub public: Base64,
    /// From when partners seal to it, UTC.
    pub from: Text<Timestamp>,
    /// Until when partners seal to it, UTC.
    pub until: Text<Timestamp>,
    /// Until when its party can open what was sealed to it, UTC: the retry horizon lies before this.
    pub opens_until: Text<Timestamp>,
}

impl TransportKey {
    /// What offers name it by: the digest of its public half.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.public.0)
    }

    /// Whether a partner should seal to it at `now`, or fetch a newer one.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.from.0 <= now && now < self.until.0
    }

    /// What to seal to, when the key is one and can still be opened at `now`.
    #[must_use]
    pub fn seal_to(&self, now: Timestamp) -> Option<SealTo> {
        if now >= self.opens_until.0 {
            return None;
        }
        let public = TransportPublic::from_bytes(&self.public.0).ok()?;
        Some(SealTo { id: self.id(), public })
    }
}
