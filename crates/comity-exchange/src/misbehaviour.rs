//! What a partner does that it should not, as an act of its own: what kind, never the bytes.
//!
//! Owns the words. What comes of it is decided where it is found: an offer is not accepted, an answer is none and the
//! offer is tried again, a log that has forked is not cosigned.

use crate::ExchangeError;
use crate::act::{enter_once, note};
use crate::federation::frame::FrameError;
use crate::ports::{Peer, Record};
use crate::shell::Shell;
use comity_terms::{Act, Digest, ExchangeId, Timestamp};
use serde_json::{Value as Json, json};

/// A kind of misbehaviour: the closed list of words that entries tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misbehaviour {
    /// An offer that does not read, is forged or proves nothing.
    OfferUnreadable,
    /// An offer whose facts are none that law knows.
    OfferFacts,
    /// Another offer under an exchange that was answered.
    OfferConflict,
    /// An answer that does not read, or answers something else.
    AnswerUnreadable,
    /// An answer that is not signed by the party's key.
    AnswerSignature,
    /// An answer whose receipt or cosignature does not hold.
    AnswerUnproven,
    /// Two trees of one size were signed under the name of its log.
    LogForked,
    /// A checkpoint of its log that was not shown to go on from the one that was cosigned last.
    LogUnproven,
    /// An order that data be erased or restricted that does not read.
    RecallUnreadable,
    /// One that is not signed by whoever sends it, or not by its origin.
    RecallForged,
    /// One whose receipt does not hold.
    RecallUnproven,
    /// One about an exchange that did not come from whoever sends it.
    RecallForeign,
    /// Another order under the id of one that was taken.
    RecallConflict,
    /// A question whether values are held that does not read: another size, elements that are none.
    MatchUnreadable,
    /// One that is not signed by whoever sends it.
    MatchForged,
    /// One whose receipt does not hold.
    MatchUnproven,
    /// Another batch under the number of one that was answered.
    MatchConflict,
    /// Another key or filter for a day than was told before.
    MatchKeyChanged,
    /// An evaluation that is not by the key of the day.
    MatchEvaluation,
    /// A question to look at records that does not read or open.
    ViewUnreadable,
    /// One that is not signed by whoever sends it.
    ViewForged,
    /// One whose receipt does not hold.
    ViewUnproven,
    /// Another question under the id of a view that was answered.
    ViewConflict,
    /// A person's request, passed on, that does not read or open.
    ReferralUnreadable,
    /// One that is not signed by whoever sends it.
    ReferralForged,
    /// One whose receipt does not hold.
    ReferralUnproven,
}

impl Misbehaviour {
    /// The word in entries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OfferUnreadable => "unreadable",
            Self::OfferFacts => "facts",
            Self::OfferConflict => "conflict",
            Self::AnswerUnreadable => "answer_unreadable",
            Self::AnswerSignature => "answer_signature",
            Self::AnswerUnproven => "answer_unproven",
            Self::LogForked => "log_forked",
            Self::LogUnproven => "log_unproven",
            Self::RecallUnreadable => "recall_unreadable",
            Self::RecallForged => "recall_forged",
            Self::RecallUnproven => "recall_unproven",
            Self::RecallForeign => "recall_foreign",
            Self::RecallConflict => "recall_conflict",
            Self::MatchUnreadable => "match_unreadable",
            Self::MatchForged => "match_forged",
            Self::MatchUnproven => "match_unproven",
            Self::MatchConflict => "match_conflict",
            Self::MatchKeyChanged => "match_key_changed",
            Self::MatchEvaluation => "match_evaluation",
            Self::ViewUnreadable => "view_unreadable",
            Self::ViewForged => "view_forged",
            Self::ViewUnproven => "view_unproven",
            Self::ViewConflict => "view_conflict",
            Self::ReferralUnreadable => "referral_unreadable",
            Self::ReferralForged => "referral_forged",
            Self::ReferralUnproven => "referral_unproven",
        }
    }

    /// What is wrong with an answer that failed with `error`; `None` where the partner did nothing wrong.
    #[must_use]
    pub fn of_answer(error: &ExchangeError) -> Option<Self> {
        match error {
            ExchangeError::Frame(FrameError::Signature(_)) => Some(Self::AnswerSignature),
            ExchangeError::Frame(_) => Some(Self::AnswerUnreadable),
            ExchangeError::Proof(_) => Some(Self::AnswerUnproven),
            _ => None,
        }
    }
}

impl Misbehaviour {
    /// What is wrong with an order that did not read with `error`; `None` where the partner did nothing wrong.
    #[must_use]
    pub fn of_recall(error: &ExchangeError) -> Option<Self> {
        match error {
            ExchangeError::Frame(FrameError::Signature(_)) => Some(Self::RecallForged),
            ExchangeError::Frame(_) => Some(Self::RecallUnreadable),
            ExchangeError::Proof(_) => Some(Self::RecallUnproven),
            _ => None,
        }
    }
}

impl Misbehaviour {
    /// What is wrong with a question whether values are held that did not read with `error`; `None` where the partner did
    /// nothing wrong.
    #[must_use]
    pub fn of_match(error: &ExchangeError) -> Option<Self> {
        match error {
            ExchangeError::Frame(FrameError::Signature(_)) => Some(Self::MatchForged),
            ExchangeError::Frame(_) => Some(Self::MatchUnreadable),
            ExchangeError::Proof(_) => Some(Self::MatchUnproven),
            _ => None,
        }
    }

    /// What is wrong with a question to look at records that was not taken with `error`; `None` where the partner did nothing
    /// wrong.
    #[must_use]
    pub fn of_view(error: &ExchangeError) -> Option<Self> {
        match error {
            ExchangeError::Frame(FrameError::Signature(_)) => Some(Self::ViewForged),
            ExchangeError::Frame(_) => Some(Self::ViewUnreadable),
            ExchangeError::Proof(_) => Some(Self::ViewUnproven),
            _ => None,
        }
    }

    /// What is wrong with a referral that was not taken with `error`.
    #[must_use]
    pub fn of_referral(error: &ExchangeError) -> Self {
        match error {
            ExchangeError::Frame(FrameError::Signature(_)) => Self::ReferralForged,
            ExchangeError::Proof(_) => Self::ReferralUnproven,
            _ => Self::ReferralUnreadable,
        }
    }
}

/// Records that a partner misbehaved, and in which exchange, where that is known.
///
/// # Errors
/// [`ExchangeError::Store`] or [`ExchangeError::Keys`]; nothing is recorded then.
pub async fn misbehaved<W: Shell>(
    world: &W,
    peer: &Peer,
    kind: Misbehaviour,
    exchange: Option<ExchangeId>,
    now: Timestamp,
) -> Result<(), ExchangeError> {
    note(world, Act::PeerMisbehaved, (said(peer, kind, exchange), None), now).await.map(drop)
}

/// Records that a partner answered a message wrongly: each kind of wrong answer to it once, however often it is asked again.
///
/// # Errors
/// As [`misbehaved`].
pub(crate) async fn answered_wrongly<W: Shell>(
    world: &W,
    peer: &Peer,
    kind: Misbehaviour,
    (message, exchange): (Digest, Option<ExchangeId>),
    now: Timestamp,
) -> Result<(), ExchangeError> {
    let name = Digest::of_parts("comity/misbehaved/v1", &[&message.0, kind.as_str().as_bytes()]);
    let told = (said(peer, kind, exchange), None);
    enter_once(world, &name, Act::PeerMisbehaved, told, now, Record::default).await.map(drop)
}

fn said(peer: &Peer, kind: Misbehaviour, exchange: Option<ExchangeId>) -> Json {
    let mut facts = json!({ "peer": peer.party.to_string(), "kind": kind.as_str() });
    if let Some(exchange) = exchange {
        facts["exchange"] = exchange.to_string().into();
    }
    facts
}
