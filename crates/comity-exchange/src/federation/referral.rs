//! A person's request, passed on to a partner that may hold data about the same person; and the partner's answers.
//!
//! ```text
//! referral   signed by whoever refers   comity/referral/v1          what is asked, under which agreement; the statement, sealed
//! answer     signed by the partner      comity/referral-answer/v1   taken, known, refused or answered; the answer, sealed
//! ```
//! Both are [frames](super::frame) with the receipt of the entry that they name in their attachments and one sealed body at
//! the most. What a person stated and what they are told stands in bodies alone, padded: [`padded`]. The same referral again
//! gets the answer that there is by then.

use super::frame::{ATTACHMENTS_BYTES_MAX, Frame, HEADER_BYTES_MAX, SignedHeader, read_json, wrong};
use super::recall::Known;
use crate::ExchangeError;
use crate::entry::PublicEntry;
use crate::proofs::verify_receipt;
use crate::report::CitationReport;
use crate::signature::{Domain, PartyKey, Signature};
use crate::wire::{Base64, Text};
use comity_terms::ids::RequestId;
use comity_terms::{Action, Digest, Family, PackSlug, Party, Timestamp};
use comity_vault::BODY_LENGTH_MAX;
use serde::{Deserialize, Serialize};

/// The longest referral: a statement at its bound and padded, header and attachments.
pub const REFERRAL_BYTES_MAX: usize = 1 << 20;

/// The longest answer to one: a sealed body at its bound, header and attachments. An answer about 100,000 records of some 500
/// bytes is 53 MB, 64 MiB once it is padded; four times that goes into a body.
pub const REFERRAL_ANSWER_BYTES_MAX: usize =
    BODY_LENGTH_MAX + SEALED_MORE_MAX + HEADER_BYTES_MAX + ATTACHMENTS_BYTES_MAX;

/// What sealing a body adds, and the lengths of a frame's parts: well below this.
const SEALED_MORE_MAX: usize = 1 << 10;

/// How many gateways a request is passed on by, one after the other.
pub const REFERRAL_DEPTH_MAX: u8 = 8;

/// What whoever refers a request signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferralHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The case: the same at every gateway, and nowhere the number of a request.
    pub case_id: Text<RequestId>,
    /// Where the person asked.
    pub origin: Text<Party>,
    /// Who refers it.
    pub sender: Text<Party>,
    /// Whom to.
    pub receiver: Text<Party>,
    /// How many had it before: 0 from the origin.
    pub depth: u8,
    /// What is asked, as law knows it.
    pub action: Text<Action>,
    /// The agreement that data went between the two under.
    pub agreement: Text<PackSlug>,
    /// Whether the sender knows that who asks is who they say, or was told so.
    pub identity_verified: bool,
    /// When it was made, UTC.
    pub at: Text<Timestamp>,
    /// The receiver's transport key that the statement is sealed to.
    pub transport_key: Text<Digest>,
    /// What agrees the key of the body.
    pub encapsulated: Base64,
    /// The digest of the sealed body.
    pub sealed: Text<Digest>,
    /// The sender's log entry of its decision: the attached receipt proves it recorded.
    pub entry: Base64,
}

/// What became of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralResult {
    /// It is filed, and an officer decides.
    Taken,
    /// The case came here before, by another way.
    Known,
    /// The receiver's law does not let it be taken: nothing was opened.
    Refused,
    /// An officer decided.
    Answered,
}

impl ReferralResult {
    /// The word in output and openings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Known => "known",
            Self::Refused => "refused",
            Self::Answered => "answered",
        }
    }
}

/// What the partner signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferralAnswerHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The case.
    pub case_id: Text<RequestId>,
    /// The referral that is answered, by what it is known by.
    pub message: Text<Digest>,
    /// Who answers.
    pub holder: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// What became of it.
    pub result: ReferralResult,
    /// By when it is answered, by the law of who answers, UTC.
    pub due: Option<Text<Timestamp>>,
    /// Whether no more is to come.
    pub complete: bool,
    /// Why it is refused.
    pub reasons: Vec<String>,
    /// By which rules.
    pub citations: Vec<CitationReport>,
    /// What the body is sealed with, where there is one.
    pub body: Option<SealedTo>,
    /// The log entry of who answers; the attached receipt proves it recorded.
    pub entry: Base64,
}

/// How a body is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedTo {
    /// The transport key that it is sealed to.
    pub transport_key: Text<Digest>,
    /// What agrees its key.
    pub encapsulated: Base64,
    /// The digest of the sealed body.
    pub sealed: Text<Digest>,
}

/// What proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferralAttachments {
    /// The receipt for the header's entry: a C2SP tlog-proof.
    pub receipt: String,
}

impl ReferralHeader {
    /// The header signed by whoever refers.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        let header = serde_json::to_vec(self).expect("a referral is plain data");
        SignedHeader::sign(header, Domain::Referral, key)
    }

    /// What the body is bound to: the case, and both ends.
    #[must_use]
    pub fn seal_info(case: RequestId, sender: &Party, receiver: &Party) -> Vec<u8> {
        format!("comity referral v1\n{case}\n{sender}\n{receiver}\n").into_bytes()
    }
}

impl ReferralAnswerHeader {
    /// The header signed by who answers.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        let header = serde_json::to_vec(self).expect("an answer is plain data");
        SignedHeader::sign(header, Domain::ReferralAnswer, key)
    }

    /// What the body is bound to.
    #[must_use]
    pub fn seal_info(case: RequestId, holder: &Party, asking: &Party) -> Vec<u8> {
        format!("comity referral answer v1\n{case}\n{holder}\n{asking}\n").into_bytes()
    }
}

/// JSON padded by spaces to one of few lengths, so that its length tells little: the next power of two from 4 KiB on.
#[must_use]
pub fn padded(mut json: Vec<u8>) -> Vec<u8> {
    let length = json.len().max(4 << 10).next_power_of_two();
    json.resize(length, b' ');
    json
}

/// A referral whose signature, form and receipt hold. Its body is not opened.
#[derive(Debug, Clone)]
pub struct TakenReferral {
    /// What it is known by.
    pub message: Digest,
    /// What its sender signed.
    pub header: ReferralHeader,
    /// The sender's signature.
    pub signature: Signature,
    /// The sealed body.
    pub body: Vec<u8>,
}

impl TakenReferral {
    /// Reads a referral that `sender` sent to `receiver`.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`], naming the part, or [`ExchangeError::Proof`] when the receipt does not hold; callers refuse
    /// the message and record the misbehaviour.
    pub fn read(
        bytes: &[u8],
        (sender, receiver): (&Party, &Party),
        keys: &Known,
    ) -> Result<Self, ExchangeError> {
        if bytes.len() > REFERRAL_BYTES_MAX {
            return Err(wrong("bodies", format!("more than {REFERRAL_BYTES_MAX} bytes")));
        }
        let frame = Frame::parse(bytes)?;
        let header: ReferralHeader = read_json(frame.verified(Domain::Referral, &keys.party)?, "header")?;
        if header.version != 1 {
            return Err(wrong("header", format!("version {} is not known here", header.version)));
        }
        if header.sender.0 != *sender || header.receiver.0 != *receiver {
            return Err(wrong("header", "the parties are not those of this connection"));
        }
        if header.depth >= REFERRAL_DEPTH_MAX {
            return Err(wrong(
                "header",
                format!("more than {REFERRAL_DEPTH_MAX} gateways one after the other"),
            ));
        }
        if Digest::of(frame.bodies) != header.sealed.0 {
            return Err(wrong("bodies", "the body is not the one that was signed"));
        }
        proved(&header.entry, frame.attachments, keys)?;
        Ok(Self {
            message: frame.digest(),
            header,
            signature: frame.signature(),
            body: frame.bodies.to_vec(),
        })
    }
}

/// An answer whose signature, form and receipt hold. Its body is not opened.
#[derive(Debug, Clone)]
pub struct HeardReferral {
    /// What it says.
    pub header: ReferralAnswerHeader,
    /// The sealed body, where there is one.
    pub body: Vec<u8>,
}

impl HeardReferral {
    /// Reads the answer of `holder` to the referral known by `message`.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`] or [`ExchangeError::Proof`], naming the part: a claim without a log entry is no answer.
    pub fn read(
        bytes: &[u8],
        (case, message): (RequestId, Digest),
        holder: &Party,
        keys: &Known,
    ) -> Result<Self, ExchangeError> {
        let frame = Frame::parse(bytes)?;
        let verified = frame.verified(Domain::ReferralAnswer, &keys.party)?;
        let header: ReferralAnswerHeader = read_json(verified, "header")?;
        if header.version != 1 {
            return Err(wrong("header", "its version is not known here"));
        }
        if header.case_id.0 != case || header.message.0 != message || header.holder.0 != *holder {
            return Err(wrong("header", "it answers another referral"));
        }
        if header.body.is_some() != (header.result == ReferralResult::Answered) {
            return Err(wrong("header", "an answer has a body, and nothing else has one"));
        }
        let sealed = header.body.as_ref().map_or(Digest::of(b""), |body| body.sealed.0);
        if Digest::of(frame.bodies) != sealed {
            return Err(wrong("bodies", "the body is not the one that was signed"));
        }
        proved(&header.entry, frame.attachments, keys)?;
        Ok(Self { body: frame.bodies.to_vec(), header })
    }
}

fn proved(entry: &Base64, attachments: &[u8], keys: &Known) -> Result<(), ExchangeError> {
    let entry = PublicEntry::from_bytes(&entry.0).filter(|entry| entry.family() == Family::Remedy);
    let entry = entry.ok_or_else(|| wrong("header", "without the entry that records it"))?;
    let attachments: ReferralAttachments = read_json(attachments, "attachments")?;
    verify_receipt(&attachments.receipt, entry, &keys.log).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_padded_has_one_of_few_lengths_and_is_the_same_json() {
        for (length, expected) in [(2, 4_096), (4_095, 4_096), (4_097, 8_192), (130_000, 131_072)] {
            let json = format!("\"{}\"", "x".repeat(length - 2)).into_bytes();
            let padded = padded(json.clone());
            assert_eq!(padded.len(), expected);
            assert_eq!(
                serde_json::from_slice::<String>(&padded).unwrap(),
                serde_json::from_slice::<String>(&json).unwrap()
            );
        }
    }
}
