//! Whether a partner holds certain values: blinded questions, and their answers.
//!
//! ```text
//! question   signed by the asker    comity/match/v1          under which agreement, for what; which step
//! statement  signed by the holder   comity/match-epoch/v1    key and filter of a day, its log entry
//! answer     signed by the holder   comity/match-answer/v1   what became of the step, its log entry
//! ```
//! Two steps: *open* asks for the statement and the filter of the day, *evaluate* has one batch of blinded elements in its
//! bodies. A question's attachments hold the asker's receipt. The bodies of an answer are the filter, or the evaluated
//! elements; the statement comes in its attachments, with the receipt that proves it.
//!
//! Source: `docs/spec/matching.md`.

mod read;

pub use read::{MatchAnswered, MatchQuestion, Opened};

use super::frame::{ATTACHMENTS_BYTES_MAX, SignedHeader};
use crate::entry::PublicEntry;
use crate::report::CitationReport;
use crate::signature::{Domain, PartyKey};
use crate::wire::{Base64, Text, WireFact};
use comity_minimise::matching::{BATCH, ELEMENT_LENGTH, FILTER_BYTES_MAX};
use comity_terms::ids::MatchId;
use comity_terms::{Activity, Day, Digest, LawName, Office, PackSlug, Party, Purpose, ReasonCode, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest header of a question: facts of a few hundred bytes, and room.
pub const QUESTION_HEADER_BYTES_MAX: usize = 64 * 1_024;

/// The longest question: header, attachments, a batch, and the frame.
pub const QUESTION_BYTES_MAX: usize =
    QUESTION_HEADER_BYTES_MAX + ATTACHMENTS_BYTES_MAX + BATCH * ELEMENT_LENGTH + 128;

/// The longest answer: 256 KiB of citations, attachments, the largest filter, and the frame.
pub const ANSWER_BYTES_MAX: usize = (256 << 10) + ATTACHMENTS_BYTES_MAX + FILTER_BYTES_MAX + 128;

/// The most batches of one question: 8,192 values.
pub const BATCHES_MAX: u32 = 64;

/// The highest number of a batch: those of one question, and some that met the end of a day.
pub const NUMBER_MAX: u32 = BATCHES_MAX + 8;

/// What the asker signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The question.
    pub match_id: Text<MatchId>,
    /// Who asks.
    pub asker: Text<Party>,
    /// Whose set is asked about.
    pub holder: Text<Party>,
    /// The agreement that it is under.
    pub agreement: Text<PackSlug>,
    /// The digest of every law that the asker asked.
    pub laws: BTreeMap<Text<LawName>, Text<Digest>>,
    /// The agreed category.
    pub activity: Text<Activity>,
    /// What it is for.
    pub purpose: Text<Purpose>,
    /// What the asker states: the holder's laws are asked with it.
    pub facts: Vec<WireFact>,
    /// The instant of the act, UTC.
    pub at: Text<Timestamp>,
    /// Which step.
    pub step: MatchStep,
    /// The asker's log entry of its decision: the attached receipt proves it recorded.
    pub entry: Base64,
}

/// One step of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MatchStep {
    /// The key and filter of the day.
    Open {
        /// The filter that the asker has already: it is not sent again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        have: Option<Text<Digest>>,
    },
    /// One batch.
    Evaluate {
        /// The day of the key that it is meant for.
        day: Text<Day>,
        /// Which batch, from 1.
        batch: u32,
        /// The digest of the elements that follow.
        elements: Text<Digest>,
    },
}

/// What proves itself in a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchAttachments {
    /// The asker's receipt for `entry`: a C2SP tlog-proof.
    pub receipt: String,
}

/// What the holder signs of a day: the same for one asker, agreement, activity, purpose, facts and laws all day long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochStatement {
    /// The version of this format: 1.
    pub version: u8,
    /// Whose set.
    pub holder: Text<Party>,
    /// For whom.
    pub asker: Text<Party>,
    /// The agreement.
    pub agreement: Text<PackSlug>,
    /// The agreed category.
    pub activity: Text<Activity>,
    /// What it is for.
    pub purpose: Text<Purpose>,
    /// The digest of facts and laws: [`question_digest`].
    pub question: Text<Digest>,
    /// The day, UTC.
    pub day: Text<Day>,
    /// The public key of the day.
    pub key: Base64,
    /// The filter's digest.
    pub filter: Text<Digest>,
    /// The holder's log entry of it; its opening holds key and filter.
    pub entry: Base64,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchResult {
    /// Statement and filter are here.
    Opened,
    /// The batch was evaluated.
    Evaluated,
    /// The holder's laws refuse.
    Refused,
    /// The budget of the month does not reach: `again_at` says when the next one begins.
    OverBudget,
    /// The day of the batch has passed, or its key and filter are none that were asked for: open first.
    DayOver,
    /// The holder has other laws than the asker.
    LawVersion,
}

impl MatchResult {
    /// The word in output and openings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Evaluated => "evaluated",
            Self::Refused => "refused",
            Self::OverBudget => "over_budget",
            Self::DayOver => "day_over",
            Self::LawVersion => "law_version",
        }
    }

    /// Whether it is an act of the holder's, with an entry of its own.
    #[must_use]
    pub fn is_act(self) -> bool {
        matches!(self, Self::Evaluated | Self::Refused | Self::OverBudget)
    }
}

/// What the holder signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchAnswerHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The question.
    pub match_id: Text<MatchId>,
    /// The message that is answered, by what it is known by.
    pub message: Text<Digest>,
    /// Who answers.
    pub holder: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// What became of it.
    pub result: MatchResult,
    /// Why not.
    pub reasons: Vec<Text<ReasonCode>>,
    /// The offices that the holder's laws would ask first.
    pub escalate_to: Vec<Text<Office>>,
    /// Every rule that had a part.
    pub citations: Vec<CitationReport>,
    /// When to ask again, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Text<Timestamp>>,
    /// How many evaluations are left of the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// That the evaluation is by the key of the day: RFC 9497, section 2.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Base64>,
    /// The digest of the elements that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements: Option<Text<Digest>>,
    /// The holder's log entry of what it did, where it is an act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Base64>,
}

/// What proves itself in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchAnswerAttachments {
    /// The holder's receipt for the answer's `entry`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// The statement of the day, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<AttachedStatement>,
}

/// A statement as it is attached: signed for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachedStatement {
    /// What the holder signed.
    pub statement: Base64,
    /// Its signature.
    pub signature: Base64,
    /// The holder's receipt for the statement's `entry`.
    pub receipt: String,
}

/// What stands for facts and laws in a scope: both sides come to the same.
#[must_use]
pub fn question_digest(facts: &[WireFact], laws: &BTreeMap<Text<LawName>, Text<Digest>>) -> Digest {
    // Unwrap safety: text, numbers and lists and maps of them always serialise.
    let facts = serde_json::to_vec(facts).expect("facts are plain data");
    let laws = serde_json::to_vec(laws).expect("digests are plain data");
    Digest::of_parts("comity match question v1", &[&facts, &laws])
}

fn plain<T: Serialize>(header: &T) -> Vec<u8> {
    // Unwrap safety: as above.
    serde_json::to_vec(header).expect("a header is plain data")
}

impl MatchHeader {
    /// The header signed by the asker.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        SignedHeader::sign(plain(self), Domain::Match, key)
    }
}

impl EpochStatement {
    /// The statement signed by the holder.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        SignedHeader::sign(plain(self), Domain::MatchEpoch, key)
    }

    /// The holder's entry, when it is one.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        PublicEntry::from_bytes(&self.entry.0)
    }
}

impl MatchAnswerHeader {
    /// The header signed by the holder.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        SignedHeader::sign(plain(self), Domain::MatchAnswer, key)
    }

    /// The holder's entry, when it is one.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        PublicEntry::from_bytes(&self.entry.as_ref()?.0)
    }
}
