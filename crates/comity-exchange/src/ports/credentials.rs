//! What stands for an officer beside their password: tokens of their tools, and who they are to an OpenID provider.

use super::Officer;
use comity_terms::{Digest, Timestamp};

/// A token that stands for an officer. Of the token itself, only its digest is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// SHA-256 of the token.
    pub digest: Digest,
    /// The officer whom it stands for.
    pub officer: String,
    /// What it is for, as who asked for it says; may be empty.
    pub title: String,
    /// Since when it counts, UTC.
    pub from: Timestamp,
    /// The last instant at which it counts, UTC; `None` where it has no end of its own.
    pub until: Option<Timestamp>,
    /// When it was ended before; `None` while it was not.
    pub ended: Option<Timestamp>,
}

/// Who an officer is to an OpenID provider. Written once: neither is ever anybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRow {
    /// SHA-256 of the issuer and the subject that it speaks of.
    pub subject: Digest,
    /// The officer.
    pub officer: String,
}

/// An officer as they stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The officer.
    pub officer: Officer,
    /// The public half of their newest key: what entries name them by. `None` until they have ordered something.
    pub key: Option<String>,
    /// Whether that key has ended and none came in its place: they order nothing.
    pub revoked: bool,
}
