//! The transport key of the day: what a partner seals bodies to.
//!
//! Fetched from `/federation/v1/keys`, signed by the party key, named by its day and public half. Its secret
//! is destroyed after the retry horizon, so a body recorded on the wire opens for nobody afterwards.

use super::frame::{FrameError, read_json};
use crate::signature::{Domain, PartyKey, PartyVerifier, Signature};
use crate::wire::{Base64, Text};
use comity_terms::{Digest, Party, Timestamp};
use comity_vault::TransportPublic;
use serde::{Deserialize, Serialize};

/// The largest announcement: two keys of less than 200 bytes, a signature, JSON.
pub const ANNOUNCEMENT_BYTES_MAX: usize = 4_096;

/// A transport key as its party announces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportKey {
    /// Whose key.
    pub party: Text<Party>,
    /// The public half.
    pub public: Base64,
    /// From when partners seal to it, UTC.
    pub from: Text<Timestamp>,
    /// Until when partners seal to it, UTC; opening goes on to the horizon.
    pub until: Text<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcement {
    key: TransportKey,
    signature: String,
}

impl TransportKey {
    /// What offers name it by: the digest of its public half.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.public.0)
    }

    /// The announcement's bytes.
    #[must_use]
    pub fn announce(&self, party: &PartyKey) -> Vec<u8> {
        let signature = party.sign(Domain::TransportKey, &self.signed_bytes()).to_string();
        // Unwrap safety: strings always serialise.
        serde_json::to_vec(&Announcement { key: self.clone(), signature }).expect("plain data")
    }

    /// Reads an announcement by `party` that is good at `now`.
    ///
    /// # Errors
    /// [`FrameError`] when it is another party's, forged, or not for this time; callers fetch again later.
    pub fn read(
        bytes: &[u8],
        party: &Party,
        verifier: &PartyVerifier,
        now: Timestamp,
    ) -> Result<(Self, TransportPublic), FrameError> {
        let wrong = |reason: &str| FrameError::Content { part: "transport key", reason: reason.to_owned() };
        if bytes.len() > ANNOUNCEMENT_BYTES_MAX {
            return Err(FrameError::TooLong {
                part: "transport key",
                length: bytes.len(),
                most: ANNOUNCEMENT_BYTES_MAX,
            });
        }
        let Announcement { key, signature } = read_json(bytes, "transport key")?;
        verifier.verify(Domain::TransportKey, &key.signed_bytes(), &Signature::parse(&signature)?)?;
        if key.party.0 != *party {
            return Err(wrong("it is another party's"));
        }
        if now < key.from.0 || now >= key.until.0 {
            return Err(wrong("it is not for this time"));
        }
        let public = TransportPublic::from_bytes(&key.public.0).map_err(|_| wrong("not a public key"))?;
        Ok((key, public))
    }

    fn signed_bytes(&self) -> Vec<u8> {
        // Unwrap safety: as in `announce`.
        serde_json::to_vec(self).expect("plain data")
    }
}
