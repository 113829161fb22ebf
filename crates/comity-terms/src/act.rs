//! Acts: what happened, as the log counts it.
//!
//! The log tells outsiders the family and the month of each act and nothing else; everything more is in the
//! sealed opening.

use crate::Timestamp;
use std::fmt;

/// The families that the public log counts acts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Deciding, delivering, refusing, acknowledging.
    Exchange,
    /// A person's request, a complaint, an order for a person.
    Remedy,
    /// An inspection, a finding, an order of an oversight seat.
    Oversight,
    /// Everything else that has a deadline, and the gateway's own acts (law adopted, keys changed).
    Procedure,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::Exchange, Self::Remedy, Self::Oversight, Self::Procedure];

    /// The byte that stands for it in an entry: 1 to 4.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Exchange => 1,
            Self::Remedy => 2,
            Self::Oversight => 3,
            Self::Procedure => 4,
        }
    }

    /// The family that a byte stands for.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.byte() == byte)
    }
}

/// A month of the Gregorian calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month that `at` falls in, UTC.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = jiff::tz::TimeZone::UTC.to_datetime(at).date();
        Self { year: date.year(), month: date.month() }
    }

    /// The month of that year and number, 1 to 12.
    #[must_use]
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// `yyyymm` as a number: 202611.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self.year.unsigned_abs()) * 100 + u32::from(self.month.unsigned_abs())
    }

    /// Its first instant and that of the next month, UTC; `None` at the end of time.
    #[must_use]
    pub fn bounds(self) -> Option<(Timestamp, Timestamp)> {
        let first = jiff::civil::Date::new(self.year, self.month, 1).ok()?;
        let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
        let instant =
            |date: jiff::civil::Date| jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        Some((instant(first)?, instant(next)?))
    }

    /// The month that `yyyymm` stands for.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::new(i16::try_from(number / 100).ok()?, i8::try_from(number % 100).ok()?)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// What a procedure or an exchange did, for the shell to record and carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// The sender's laws decided an exchange, whatever the outcome.
    ExchangeDecided,
    /// A partner's offer was decided, opened and kept.
    ExchangeReceived,
    /// A partner's offer was refused unopened.
    ExchangeRefused,
    /// What was opened did not match its header.
    ExchangeMismatched,
    /// A partner's message was forged, replayed or altered.
    PeerMisbehaved,
    /// The partner's signed answer arrived.
    ExchangeAcknowledged,
    /// Delivery was given up at the horizon.
    ExchangeAbandoned,
    /// Something that should hold does not, and a human has to look at it.
    FindingRaised,
    /// A pack was adopted: its digest signed for this party.
    LawAdopted,
    /// A partner was made known, or its identity changed.
    PeerAdded,
    /// An officer removed a partner: nothing flows to it any more.
    PeerRemoved,
    /// An officer was made known, or changed.
    OfficerAdded,
    /// Records were erased: their keys' rows are gone.
    RecordsErased,
    /// Records were put right: the wrong ones ended.
    RecordsCorrected,
    /// Epoch keys were destroyed: no copy of what they wrapped opens again.
    KeysDestroyed,
    /// A log ended, and the one that succeeds it began.
    LogSucceeded,
    /// A new key came in the place of another.
    KeyRotated,
    /// A key ended, and none came in its place.
    KeyRevoked,
    /// An office approved a question that was escalated to it.
    ApprovalGiven,
    /// An office refused one.
    ApprovalRefused,
    /// An office let its time pass, and the next one has the question.
    EscalationMoved,
    /// No office answered in time: the question is refused.
    EscalationEnded,
    /// An officer lent their office to another, for a time.
    OfficeDelegated,
    /// A token was given out that stands for an officer.
    TokenGiven,
    /// Tokens were ended.
    TokenEnded,
    /// An endpoint was named that is told of acts.
    WebhookAdded,
    /// An endpoint is told of acts no more.
    WebhookEnded,
    /// Records were used: a tool read them, or the laws refused it.
    RecordsUsed,
    /// A standing request was made, changed or ended: a collection that tools read and write by.
    RequestStanding,
    /// An officer ordered that data be erased or restricted wherever it went; the laws decided whether it may be.
    RecallOrdered,
    /// A partner's order was decided on: what of it is carried out here, and whom it is passed on to.
    RecallTaken,
    /// A partner's order was carried out here, as far as the laws let it be.
    RecallDone,
    /// A holder's signed answer to an order arrived.
    RecallAnswered,
    /// A person asked something about their data.
    RequestFiled,
    /// An officer read what a person stated.
    RequestRead,
    /// What a person asked was answered, or refused.
    RequestDecided,
    /// An officer asked whether a partner holds certain values; the laws decided whether it may be asked.
    MatchAsked,
    /// What a partner may match against was made ready for a day: the laws decided, class by class.
    MatchOpened,
    /// A partner's blinded values were evaluated, or the laws or the budget refused it.
    MatchAnswered,
    /// What was asked of a partner came to its end.
    MatchDone,
    /// An officer asked to look at what stays with a partner.
    ViewAsked,
    /// A partner's officer looks at records where they lie: decided and counted, and opened after it.
    RecordsViewed,
    /// A partner that asked to look was answered.
    ViewAnswered,
    /// A view came to its end.
    ViewDone,
    /// Somebody opted out of sharing, who has not been seen yet.
    OptOutFiled,
    /// An opt-out took effect, or was refused.
    OptOutDecided,
    /// An opt-out was withdrawn.
    OptOutEnded,
    /// A mandate was recorded under which flows may claim consent.
    MandateRecorded,
    /// A mandate ended before its time.
    MandateEnded,
    /// A person is to be told: by when is fixed.
    NoticeOpened,
    /// Telling a person is put off, or was refused to be.
    NoticeDeferred,
    /// An office approved what is proposed of a notice.
    NoticeApproved,
    /// A notice is on its way to the person.
    NoticeIssued,
    /// A notice was handed over.
    NoticeGiven,
    /// A person was not told in time.
    NoticeOverdue,
    /// A notice is owed no more.
    NoticeClosed,
    /// A duty of this party fell due, and is not known to be done.
    ObligationDue,
    /// The last lawful instant of a duty of this party passed.
    ObligationOverdue,
    /// Whether records are held from erasure was decided.
    HoldPlaced,
    /// Whether they are let go before the hold's time was decided.
    HoldLifted,
    /// Records were looked at before their time ended.
    RetentionReviewed,
    /// Whether an officer sees who is behind a mask was decided.
    RecordsUnmasked,
    /// A partner answered a request that was passed on to it.
    RequestHeard,
    /// What was restricted because a person asked may be used again.
    RequestLifted,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 64] = [
        Self::ExchangeDecided,
        Self::ExchangeReceived,
        Self::ExchangeRefused,
        Self::ExchangeMismatched,
        Self::PeerMisbehaved,
        Self::ExchangeAcknowledged,
        Self::ExchangeAbandoned,
        Self::FindingRaised,
        Self::LawAdopted,
        Self::PeerAdded,
        Self::PeerRemoved,
        Self::OfficerAdded,
        Self::RecordsErased,
        Self::RecordsCorrected,
        Self::KeysDestroyed,
        Self::LogSucceeded,
        Self::KeyRotated,
        Self::KeyRevoked,
        Self::ApprovalGiven,
        Self::ApprovalRefused,
        Self::EscalationMoved,
        Self::EscalationEnded,
        Self::OfficeDelegated,
        Self::TokenGiven,
        Self::TokenEnded,
        Self::WebhookAdded,
        Self::WebhookEnded,
        Self::RecordsUsed,
        Self::RequestStanding,
        Self::RecallOrdered,
        Self::RecallTaken,
        Self::RecallDone,
        Self::RecallAnswered,
        Self::RequestFiled,
        Self::RequestRead,
        Self::RequestDecided,
        Self::MatchAsked,
        Self::MatchOpened,
        Self::MatchAnswered,
        Self::MatchDone,
        Self::ViewAsked,
        Self::RecordsViewed,
        Self::ViewAnswered,
        Self::ViewDone,
        Self::OptOutFiled,
        Self::OptOutDecided,
        Self::OptOutEnded,
        Self::MandateRecorded,
        Self::MandateEnded,
        Self::NoticeOpened,
        Self::NoticeDeferred,
        Self::NoticeApproved,
        Self::NoticeIssued,
        Self::NoticeGiven,
        Self::NoticeOverdue,
        Self::NoticeClosed,
        Self::ObligationDue,
        Self::ObligationOverdue,
        Self::HoldPlaced,
        Self::HoldLifted,
        Self::RetentionReviewed,
        Self::RecordsUnmasked,
        Self::RequestHeard,
        Self::RequestLifted,
    ];

    /// The family that the public log counts it in.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::FindingRaised => Family::Oversight,
            Self::RecallOrdered | Self::RecallTaken | Self::RecallDone | Self::RecallAnswered => {
                Family::Remedy
            }
            Self::OptOutFiled | Self::OptOutDecided | Self::OptOutEnded => Family::Remedy,
            Self::MandateRecorded | Self::MandateEnded => Family::Procedure,
            Self::NoticeOpened
            | Self::NoticeDeferred
            | Self::NoticeApproved
            | Self::NoticeIssued
            | Self::NoticeGiven
            | Self::NoticeOverdue
            | Self::NoticeClosed => Family::Remedy,
            Self::RequestFiled
            | Self::RequestRead
            | Self::RequestDecided
            | Self::RequestHeard
            | Self::RequestLifted => Family::Remedy,
            Self::LawAdopted
            | Self::PeerAdded
            | Self::PeerRemoved
            | Self::OfficerAdded
            | Self::RecordsErased
            | Self::RecordsCorrected
            | Self::KeysDestroyed
            | Self::LogSucceeded
            | Self::KeyRotated
            | Self::KeyRevoked
            | Self::ApprovalGiven
            | Self::ApprovalRefused
            | Self::EscalationMoved
            | Self::EscalationEnded
            | Self::OfficeDelegated
            | Self::TokenGiven
            | Self::TokenEnded
            | Self::WebhookAdded
            | Self::WebhookEnded
            | Self::RequestStanding
            | Self::ObligationDue
            | Self::ObligationOverdue
            | Self::HoldPlaced
            | Self::HoldLifted
            | Self::RetentionReviewed => Family::Procedure,
            _ => Family::Exchange,
        }
    }

    /// The act of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == name)
    }

    /// The name in openings: `exchange.decided`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExchangeDecided => "exchange.decided",
            Self::ExchangeReceived => "exchange.received",
            Self::ExchangeRefused => "exchange.refused",
            Self::ExchangeMismatched => "exchange.mismatched",
            Self::PeerMisbehaved => "peer.misbehaved",
            Self::ExchangeAcknowledged => "exchange.acknowledged",
            Self::ExchangeAbandoned => "exchange.abandoned",
            Self::FindingRaised => "finding.raised",
            Self::LawAdopted => "law.adopted",
            Self::PeerAdded => "peer.added",
            Self::PeerRemoved => "peer.removed",
            Self::OfficerAdded => "officer.added",
            Self::RecordsErased => "records.erased",
            Self::RecordsCorrected => "records.corrected",
            Self::KeysDestroyed => "keys.destroyed",
            Self::LogSucceeded => "log.succeeded",
            Self::KeyRotated => "key.rotated",
            Self::KeyRevoked => "key.revoked",
            Self::ApprovalGiven => "approval.given",
            Self::ApprovalRefused => "approval.refused",
            Self::EscalationMoved => "escalation.moved",
            Self::EscalationEnded => "escalation.ended",
            Self::OfficeDelegated => "office.delegated",
            Self::TokenGiven => "token.given",
            Self::TokenEnded => "token.ended",
            Self::WebhookAdded => "webhook.added",
            Self::WebhookEnded => "webhook.ended",
            Self::RecordsUsed => "records.used",
            Self::RequestStanding => "request.standing",
            Self::RecallOrdered => "recall.ordered",
            Self::RecallTaken => "recall.taken",
            Self::RecallDone => "recall.done",
            Self::RecallAnswered => "recall.answered",
            Self::RequestFiled => "request.filed",
            Self::RequestRead => "request.read",
            Self::RequestDecided => "request.decided",
            Self::MatchAsked => "match.asked",
            Self::MatchOpened => "match.opened",
            Self::MatchAnswered => "match.answered",
            Self::MatchDone => "match.done",
            Self::ViewAsked => "view.asked",
            Self::RecordsViewed => "records.viewed",
            Self::ViewAnswered => "view.answered",
            Self::ViewDone => "view.done",
            Self::OptOutFiled => "opt_out.filed",
            Self::OptOutDecided => "opt_out.decided",
            Self::OptOutEnded => "opt_out.ended",
            Self::MandateRecorded => "mandate.recorded",
            Self::MandateEnded => "mandate.ended",
            Self::NoticeOpened => "notice.opened",
            Self::NoticeDeferred => "notice.deferred",
            Self::NoticeApproved => "notice.approved",
            Self::NoticeIssued => "notice.issued",
            Self::NoticeGiven => "notice.given",
            Self::NoticeOverdue => "notice.overdue",
            Self::NoticeClosed => "notice.closed",
            Self::ObligationDue => "obligation.due",
            Self::ObligationOverdue => "obligation.overdue",
            Self::HoldPlaced => "hold.placed",
            Self::HoldLifted => "hold.lifted",
            Self::RetentionReviewed => "retention.reviewed",
            Self::RecordsUnmasked => "records.unmasked",
            Self::RequestHeard => "request.heard",
            Self::RequestLifted => "request.lifted",
        }
    }
}
