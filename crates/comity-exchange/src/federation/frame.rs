//! The frame of a signed message that is followed by sealed bytes.
//!
//! ```text
//! "comity/1\n" | header length u32 BE | header (JSON) | signature [64]
//!              | attachments length u32 BE | attachments (JSON) | bodies, to the end
//! ```
//! The signature covers the header alone. Attachments prove themselves (checkpoints, proofs), so they may be
//! made anew for each try without changing the digest that a message is known by. Bodies are bound by their
//! digests in the header.

use crate::ExchangeError;
use crate::signature::{Domain, PartyKey, PartyVerifier, Signature, SignatureError};
use comity_terms::Digest;

const MAGIC: &[u8] = b"comity/1\n";

/// The longest header: 4,096 classes of at most 2 KiB of facts and digests.
pub const HEADER_BYTES_MAX: usize = 4_096 * 2_048;

/// The longest attachments: two checkpoints (16 signatures of 200 bytes) and two proofs of 63 hashes of 45
/// bytes come to less than 16 KiB; room for as much again in base64.
pub const ATTACHMENTS_BYTES_MAX: usize = 64 * 1_024;

/// A framed message, borrowed from the bytes it was read from.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    header: &'a [u8],
    signature: Signature,
    /// What proves itself.
    pub attachments: &'a [u8],
    /// The sealed bodies, end to end.
    pub bodies: &'a [u8],
}

/// What is wrong with a frame: the peer's mistake, by where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes do not begin as a frame.
    #[error("not a comity/1 frame")]
    Magic,
    /// The bytes end inside a part.
    #[error("the {part} is cut off: {expected} bytes announced, {found} there")]
    Cut {
        /// Which part.
        part: &'static str,
        /// How long it was said to be.
        expected: usize,
        /// How much there is.
        found: usize,
    },
    /// A part is longer than the bound.
    #[error("the {part} is {length} bytes long, the most is {most}")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// How long it was said to be.
        length: usize,
        /// The bound.
        most: usize,
    },
    /// A part does not read as what it should be.
    #[error("the {part} does not read: {reason}")]
    Content {
        /// Which part.
        part: &'static str,
        /// Where and why.
        reason: String,
    },
    /// The signature does not count.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl<'a> Frame<'a> {
    /// Reads a frame; nothing in it is believed yet.
    ///
    /// # Errors
    /// [`FrameError`]; callers answer the peer with it and record the misbehaviour.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(FrameError::Magic)?;
        let (header, rest) = part(rest, "header", HEADER_BYTES_MAX)?;
        let (signature, rest) = rest.split_first_chunk().ok_or(FrameError::Cut {
            part: "signature",
            expected: 64,
            found: rest.len(),
        })?;
        let (attachments, bodies) = part(rest, "attachments", ATTACHMENTS_BYTES_MAX)?;
        Ok(Self { header, signature: Signature(*signature), attachments, bodies })
    }

    /// The header, once its signature is found to be `party`'s.
    ///
    /// # Errors
    /// [`FrameError::Signature`]; callers refuse the message and record it.
    pub fn verified(&self, domain: Domain, party: &PartyVerifier) -> Result<&'a [u8], FrameError> {
        party.verify(domain, self.header, &self.signature)?;
        Ok(self.header)
    }

    /// The signature as it stands.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// The header as it stands, unverified: only to learn whose signature to check.
    #[must_use]
    pub fn dangerous_unverified_header(&self) -> &'a [u8] {
        self.header
    }

    /// What the message is known by: the digest of header and signature.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts("comity/message/v1", &[self.header, &self.signature.0])
    }
}

fn part<'a>(bytes: &'a [u8], part: &'static str, most: usize) -> Result<(&'a [u8], &'a [u8]), FrameError> {
    let (length, rest) =
        bytes.split_first_chunk().ok_or(FrameError::Cut { part, expected: 4, found: bytes.len() })?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > most {
        return Err(FrameError::TooLong { part, length, most });
    }
    rest.split_at_checked(length).ok_or(FrameError::Cut { part, expected: length, found: rest.len() })
}

/// A message signed and ready but for its attachments: what the outbox keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedHeader {
    /// The header's bytes, as signed.
    pub header: Vec<u8>,
    /// The party's signature over them.
    pub signature: Signature,
}

impl SignedHeader {
    /// Signs `header`.
    #[must_use]
    pub fn sign(header: Vec<u8>, domain: Domain, key: &PartyKey) -> Self {
        let signature = key.sign(domain, &header);
        Self { header, signature }
    }

    /// What the message is known by, as [`Frame::digest`] finds it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts("comity/message/v1", &[&self.header, &self.signature.0])
    }

    /// The frame's bytes, with these attachments and bodies.
    #[must_use]
    pub fn frame(&self, attachments: &[u8], bodies: &[u8]) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(MAGIC.len() + 72 + self.header.len() + attachments.len() + bodies.len());
        out.extend_from_slice(MAGIC);
        // Unwrap-free: both lengths are bounded far below u32 by the parts' own limits.
        out.extend((self.header.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.header);
        out.extend(self.signature.0);
        out.extend((attachments.len() as u32).to_be_bytes());
        out.extend_from_slice(attachments);
        out.extend_from_slice(bodies);
        out
    }
}

/// What is wrong with a part of a message. `reason` repeats no value of the peer's.
pub(crate) fn wrong(part: &'static str, reason: impl Into<String>) -> ExchangeError {
    FrameError::Content { part, reason: reason.into() }.into()
}

/// Reads a JSON part into its struct, naming line and column when it does not fit.
pub(super) fn read_json<'a, T: serde::Deserialize<'a>>(
    bytes: &'a [u8],
    part: &'static str,
) -> Result<T, FrameError> {
    serde_json::from_slice(bytes).map_err(|error| FrameError::Content {
        part,
        // serde_json quotes the offending value: a peer's value must not reach our log, so only the place does.
        reason: format!("{:?} at line {} column {}", error.classify(), error.line(), error.column()),
    })
}

#[cfg(test)]
mod tests;
