//! An order that data be erased or restricted wherever it went: the origin's signed word, carried from each holder to the
//! next, and the holders' signed answers, carried back.
//!
//! ```text
//! order      signed by the origin         comity/recall/v1         what, why, its own exchanges, its log entry
//! hop        signed by whoever sends it   comity/recall-hop/v1     the order as it was signed, the exchanges of this hop
//! answer     signed by the holder         comity/recall-answer/v1  what became of each exchange, its log entry
//! ```
//! A hop is a [frame](super::frame) whose attachments hold the origin's receipt. An answer's frame has the holder's receipt
//! in its attachments, and in its bodies what those answered that the holder passed the order on to: their own frames,
//! as they came. The header of an answer is the same whenever the same hop comes again; what follows it grows.
//!
//! Who may order: the sender of an exchange, about that exchange. A holder that passed data on is the sender of its own
//! exchange, and passes the order on about that one; so nobody orders anything of a stranger. That the order is the
//! origin's is checked with the origin's key where that is known here; else with the key that the sender vouches for.

mod read;

pub use read::{Answered, Known, Onward, TakenHop};

use super::frame::SignedHeader;
use crate::entry::PublicEntry;
use crate::report::CitationReport;
use crate::signature::{Domain, PartyKey};
use crate::wire::{Base64, Text, WireFact};
use comity_terms::ids::{ClassId, OrderId};
use comity_terms::{Digest, ExchangeId, Office, Party, ReasonCode, Timestamp};
use serde::{Deserialize, Serialize};

/// The most exchanges that one hop speaks of.
pub const EXCHANGES_MAX: usize = 4_096;

/// The most records that one hop names: as many as a bundle may have objects, so that each exchange fits; 7 bytes of JSON
/// for each keep it far below a header's bound.
pub const RECORDS_MAX: usize = 200_000;

/// How many hops an answer may tell of below the one that gives it.
pub const DEPTH_MAX: usize = 8;

/// The longest hop: header and attachments at their bounds, and the frame.
pub const HOP_BYTES_MAX: usize = super::frame::HEADER_BYTES_MAX + super::frame::ATTACHMENTS_BYTES_MAX + 128;

/// The longest answer: of 64 holders with 64 KiB each, in base64 three times over.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallAction {
    /// It should not have been sent: it is erased.
    Recall,
    /// It is erased.
    Erase,
    /// It is wrong: it is erased, and another exchange has it right.
    Correct,
    /// It stays, and nobody uses it.
    Restrict,
    /// What was restricted may be used again; where the order names a party, it may be passed on to it again.
    Lift,
    /// It stays and is used, and is not passed on to a party that is named.
    Bar,
}

impl RecallAction {
    /// Every action.
    pub const ALL: [Self; 6] =
        [Self::Recall, Self::Erase, Self::Correct, Self::Restrict, Self::Lift, Self::Bar];

    /// The word on the command line and in openings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::Erase => "erase",
            Self::Correct => "correct",
            Self::Restrict => "restrict",
            Self::Lift => "lift",
            Self::Bar => "bar",
        }
    }

    /// Whether it ends the records.
    #[must_use]
    pub fn erases(self) -> bool {
        matches!(self, Self::Recall | Self::Erase | Self::Correct)
    }
}

impl std::str::FromStr for RecallAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Nobody orders a bar by itself: it is what removing a partner comes to.
        let known = Self::ALL.into_iter().find(|action| *action != Self::Bar && action.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is none of recall, erase, correct, restrict, lift"))
    }
}

/// What the origin signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The order.
    pub order_id: Text<OrderId>,
    /// Whose it is.
    pub origin: Text<Party>,
    /// What is ordered.
    pub action: RecallAction,
    /// Why, in the vocabulary's words.
    pub ground: Text<ReasonCode>,
    /// The origin's own exchanges that it is about.
    pub exchanges: Vec<Text<ExchangeId>>,
    /// The origin's exchange that has it right, where it is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Text<ExchangeId>>,
    /// The restriction that is lifted, where it is not every one of this origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifts: Option<Text<OrderId>>,
    /// To whom it is not passed on, or may be again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Text<Party>>,
    /// What the origin states of the case: the holders' laws are asked with it.
    pub facts: Vec<WireFact>,
    /// The instant of the act, UTC.
    pub at: Text<Timestamp>,
    /// By when the origin owes that every holder has answered, UTC.
    pub due: Option<Text<Timestamp>>,
    /// The origin's log entry of its decision: the attached receipt proves it recorded.
    pub entry: Base64,
}

/// What whoever sends it on signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HopHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The order, as its origin signed it.
    pub order: Base64,
    /// The origin's signature.
    pub order_signature: Base64,
    /// The origin's party key, as the sender knows it.
    pub origin_key: String,
    /// Who sends it.
    pub sender: Text<Party>,
    /// Who is to answer.
    pub receiver: Text<Party>,
    /// When it was made, UTC.
    pub at: Text<Timestamp>,
    /// The exchanges between these two that it is about.
    pub exchanges: Vec<HopExchange>,
}

/// An exchange, or some of its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HopExchange {
    /// The exchange.
    pub exchange_id: Text<ExchangeId>,
    /// Which records; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<HopRecords>>,
}

/// Records of one class, by their places in its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HopRecords {
    /// The class.
    pub class: Text<ClassId>,
    /// The records, from 0.
    pub ordinals: Vec<u32>,
}

/// What proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HopAttachments {
    /// The origin's receipt for the order's entry: a C2SP tlog-proof.
    pub receipt: String,
}

/// What became of an exchange at a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallResult {
    /// It was done.
    Completed,
    /// It was asked to be erased, and stays without a use: a law asks that.
    Restricted,
    /// The holder's laws refuse.
    Refused,
    /// Nothing of it is held.
    NotFound,
}

impl RecallResult {
    /// The word in output and openings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Restricted => "restricted",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
        }
    }
}

/// What a holder signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallAnswerHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The order.
    pub order_id: Text<OrderId>,
    /// The hop that is answered, by what it is known by.
    pub message: Text<Digest>,
    /// Who answers.
    pub holder: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// What became of each exchange, in the order of the hop.
    pub results: Vec<ExchangeResult>,
    /// By when no copy of what was erased opens any more, UTC.
    pub destroyed_by: Option<Text<Timestamp>>,
    /// The holder's log entry of what it did; the attached receipt proves it recorded.
    pub entry: Base64,
}

/// What became of one exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeResult {
    /// The exchange.
    pub exchange_id: Text<ExchangeId>,
    /// What became of it.
    pub result: RecallResult,
    /// How many records it was.
    pub records: u64,
    /// Why not, or not so.
    pub reasons: Vec<String>,
    /// The offices that the holder's laws would ask first.
    pub escalate_to: Vec<Text<Office>>,
    /// Every rule that had a part.
    pub citations: Vec<CitationReport>,
}

/// What proves itself in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallAnswerAttachments {
    /// The holder's receipt for `entry`: a C2SP tlog-proof.
    pub receipt: String,
}

/// What a holder tells of one to whom it passed the order on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnwardAnswer {
    /// The next holder.
    pub party: Text<Party>,
    /// Its party key, as this holder knows it.
    pub party_key: String,
    /// The key of its log, as this holder knows it.
    pub log: String,
    /// By when this holder owes its answer, UTC.
    pub due: Option<Text<Timestamp>>,
    /// Its newest answer, the frame as it came; absent while there is none.
    pub answer: Option<Base64>,
}

impl OrderHeader {
    /// The header signed by the origin.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        SignedHeader::sign(serde_json::to_vec(self).expect("a header is plain data"), Domain::Recall, key)
    }

    /// The origin's entry, when it is one.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        PublicEntry::from_bytes(&self.entry.0)
    }
}

impl HopHeader {
    /// The header signed by whoever sends it.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: as above.
        SignedHeader::sign(serde_json::to_vec(self).expect("a header is plain data"), Domain::RecallHop, key)
    }
}

impl RecallAnswerHeader {
    /// The header signed by the holder.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: as above.
        SignedHeader::sign(
            serde_json::to_vec(self).expect("a header is plain data"),
            Domain::RecallAnswer,
            key,
        )
    }

    /// The holder's entry, when it is one.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        PublicEntry::from_bytes(&self.entry.0)
    }
}
