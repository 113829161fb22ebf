//! Identifiers. Random (v4) throughout: a time-ordered id would tell an outsider when an act was done. One that stands for a
//! digest has the same form: what may be recorded once is recorded under it, and a second time is a conflict.

use crate::{Digest, Entropy};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A fresh id.
            pub fn draw(entropy: &mut dyn Entropy) -> Self {
                let mut bytes = [0; 16];
                entropy.fill(&mut bytes);
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The id of these 16 bytes; `None` when they are not those of a random (v4) UUID.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
                let id = uuid::Uuid::from_bytes(bytes);
                (id.get_version_num() == 4).then_some(Self(id))
            }

            /// The id that stands for a digest: its first 16 bytes, as those of a random (v4) UUID.
            #[must_use]
            pub fn of_digest(digest: &Digest) -> Self {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&digest.0[..16]);
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The 16 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                uuid::Uuid::parse_str(text)
                    .ok()
                    .filter(|id| id.get_version_num() == 4 && text.len() == 36)
                    .map(Self)
                    .ok_or(IdError)
            }
        }
    };
}

/// A text that is not a random (v4) UUID of 36 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a random (v4) UUID of 36 characters")]
pub struct IdError;

id! {
    /// One exchange, the same at both gateways. Deciding again makes a new one that names the old.
    ExchangeId
}
id! {
    /// One segment of the vault.
    SegmentId
}
id! {
    /// One collection: a standing request that tools read and write by.
    CollectionId
}
id! {
    /// One class of objects within an exchange: those with equal facts.
    ClassId
}
id! {
    /// One request of a person about their data: its number.
    RequestId
}
id! {
    /// One opt-out: its number.
    OptOutId
}
id! {
    /// One mandate under which flows may claim consent.
    MandateId
}
id! {
    /// One notice to a person: its number. That which an exchange gives rise to bears the number of the exchange's chain.
    NoticeId
}
id! {
    /// One endpoint that is told of acts.
    WebhookId
}
id! {
    /// One order that data be erased or restricted wherever it went, the same at every gateway.
    OrderId
}
id! {
    /// One question whether a partner holds certain values, the same at both gateways.
    MatchId
}
id! {
    /// One view of what stays with a partner, the same at both gateways.
    ViewId
}
id! {
    /// One hold: what keeps records from erasure for a time.
    HoldId
}
