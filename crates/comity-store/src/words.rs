//! The words that both engines keep in columns.

use comity_exchange::ports::{MatchSide, SegmentKind, Way};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::Timestamp;
use std::collections::BTreeSet;

/// An instant as whole microseconds since 1970.
pub(crate) fn microseconds(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant that so many microseconds since 1970 are, where there is one.
pub(crate) fn of_microseconds(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds).ok()
}

pub(crate) fn side_text(side: Side) -> &'static str {
    match side {
        Side::Sender => "sender",
        Side::Receiver => "receiver",
    }
}

pub(crate) fn side_of(text: &str) -> Option<Side> {
    [Side::Sender, Side::Receiver].into_iter().find(|side| side_text(*side) == text)
}

pub(crate) fn way_text(way: Way) -> &'static str {
    match way {
        Way::Given => "given",
        Way::Taken => "taken",
    }
}

pub(crate) fn way_of(text: &str) -> Option<Way> {
    [Way::Given, Way::Taken].into_iter().find(|way| way_text(*way) == text)
}

pub(crate) fn match_side_text(side: MatchSide) -> &'static str {
    match side {
        MatchSide::Holder => "holder",
        MatchSide::Asker => "asker",
    }
}

pub(crate) fn outcome_of(text: &str) -> Option<ExchangeOutcome> {
    use ExchangeOutcome::{Delivered, Escalated, PartlyDelivered, Queued, Refused};
    [Delivered, PartlyDelivered, Refused, Escalated, Queued]
        .into_iter()
        .find(|outcome| outcome.as_str() == text)
}

pub(crate) fn kind_text(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Opening => "opening",
        SegmentKind::Records | SegmentKind::Quarantined => "records",
    }
}

pub(crate) fn kind_of(text: &str, quarantined: bool) -> Option<SegmentKind> {
    [SegmentKind::Opening, SegmentKind::Records, SegmentKind::Quarantined]
        .into_iter()
        .find(|kind| kind_text(*kind) == text && (*kind == SegmentKind::Quarantined) == quarantined)
}

/// Words with a space between: none of them has one.
pub(crate) fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The words of such a text.
pub(crate) fn split(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The rule that bounds a hold, as one text: its parts, a line each.
pub(crate) fn bound_text(bound: &[String; 4]) -> String {
    bound.join("\n")
}

/// The rule that such a text names.
pub(crate) fn bound_of(text: &str) -> Option<[String; 4]> {
    text.split('\n').map(str::to_owned).collect::<Vec<_>>().try_into().ok()
}
