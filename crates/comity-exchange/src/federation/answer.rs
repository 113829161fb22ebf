//! The answer to an offer: the receiver's signed word on what became of it, with its receipt.
//!
//! A final answer is stored and given again byte for byte whenever the same offer comes again. An answer that
//! asks the sender to come back otherwise (`law_version`, `key_expired`) is not stored.

use super::frame::{Frame, FrameError, SignedHeader, read_json};
use crate::entry::PublicEntry;
use crate::report::DecisionReport;
use crate::signature::{Domain, PartyKey, PartyVerifier};
use crate::wire::{Base64, Text, WireSafeguards};
use comity_terms::{Digest, ExchangeId, LawName, Party, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest answer: its header and attachments at their bounds, and the frame.
pub const ANSWER_BYTES_MAX: usize =
    super::frame::HEADER_BYTES_MAX + super::frame::ATTACHMENTS_BYTES_MAX + 128;

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerResult {
    /// Decided, opened, checked, sealed and recorded here. Final.
    Accepted,
    /// The receiver's laws refused, or ask a human first; the bodies were dropped unopened. Final.
    RefusedUnopened,
    /// What was opened was not what the header said: it is not available to anyone. Final.
    Mismatch,
    /// Another exchange of its chain was accepted here before; the bodies were dropped unopened. Final.
    AcceptedBefore,
    /// The laws named by digest are not those in force here: decide again.
    LawVersion,
    /// The transport key is no longer there: seal again.
    KeyExpired,
}

impl AnswerResult {
    /// Whether the answer stands for good.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Accepted | Self::RefusedUnopened | Self::Mismatch | Self::AcceptedBefore)
    }
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The exchange.
    pub exchange_id: Text<ExchangeId>,
    /// The offer that is answered, by its digest.
    pub offer: Text<Digest>,
    /// Who answers.
    pub receiver: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// What became of it.
    pub result: AnswerResult,
    /// What each law said, per class.
    pub decisions: Vec<DecisionReport>,
    /// The limits that the receiver holds the data under: at least the sender's.
    pub safeguards: Option<WireSafeguards>,
    /// The laws as they stand here, when `law_version`.
    pub laws: BTreeMap<Text<LawName>, Text<Digest>>,
    /// The exchange of the chain that was accepted before, when `accepted_before`.
    #[serde(default)]
    pub accepted_before: Option<Text<ExchangeId>>,
    /// The receiver's log entry of what it did; the attached receipt proves it recorded.
    pub entry: Option<Base64>,
}

/// What proves itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerAttachments {
    /// The receiver's receipt for `entry`: a C2SP tlog-proof.
    pub receipt: Option<String>,
    /// The receiver's cosignature on the sender's checkpoint: a signed-note signature line.
    pub cosignature: Option<String>,
    /// The size of the sender's log that this receiver knows, for the next request to cosign.
    pub witnessed: Option<u64>,
}

/// An answer whose signature and form hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it says.
    pub header: AnswerHeader,
    /// What proves itself.
    pub attachments: AnswerAttachments,
}

impl AnswerHeader {
    /// The header signed by the receiver.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        let bytes = serde_json::to_vec(self).expect("a header is plain data");
        SignedHeader::sign(bytes, Domain::Acknowledgement, key)
    }

    /// The receiver's entry, when there is one.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        self.entry.as_ref().and_then(|entry| PublicEntry::from_bytes(&entry.0))
    }
}

impl Answer {
    /// Reads the answer of `receiver` to the offer known by `offer`.
    ///
    /// # Errors
    /// [`FrameError`], naming the part; callers try again later, for a middleman's answer is no answer.
    pub fn read(
        bytes: &[u8],
        exchange: ExchangeId,
        offer: Digest,
        receiver: &Party,
        verifier: &PartyVerifier,
    ) -> Result<Self, FrameError> {
        let frame = Frame::parse(bytes)?;
        let header: AnswerHeader = read_json(frame.verified(Domain::Acknowledgement, verifier)?, "header")?;
        let wrong = |reason: &str| FrameError::Content { part: "header", reason: reason.to_owned() };
        if header.version != 1 {
            return Err(wrong("its version is not known here"));
        }
        if header.exchange_id.0 != exchange || header.offer.0 != offer || header.receiver.0 != *receiver {
            return Err(wrong("it answers another offer"));
        }
        if header.result.is_final() && header.public_entry().is_none() {
            return Err(wrong("a final answer without the entry that records it"));
        }
        Ok(Self { header, attachments: read_json(frame.attachments, "attachments")? })
    }
}
