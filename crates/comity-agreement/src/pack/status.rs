//! Where and when a pack is in force: per party and date, on two axes.
//!
//! `at` is the time of the act, `knowledge_time` the time from which it is judged: a row counts only once it
//! is known, so that a retroactive renewal changes what is known now and not what was known then. Days are those of
//! the party: an act of one of its states ends when the last day is over there.

use comity_terms::calendar::Calendar;
use comity_terms::{JurisdictionCode, ReasonCode, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// The state of an instrument for a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Its text is final.
    Adopted,
    /// Signed, not ratified.
    Signed,
    /// It binds.
    InForce,
    /// In force, and its rules apply later.
    NotYetApplicable,
    /// Suspended.
    Suspended,
    /// Run out; it can be revived.
    Lapsed,
    /// Run out; it cannot be revived.
    Expired,
    /// Ended.
    Terminated,
}

impl State {
    /// Every state, with its word.
    pub const WORDS: [(&'static str, Self); 8] = [
        ("adopted", Self::Adopted),
        ("signed", Self::Signed),
        ("in_force", Self::InForce),
        ("not_yet_applicable", Self::NotYetApplicable),
        ("suspended", Self::Suspended),
        ("lapsed", Self::Lapsed),
        ("expired", Self::Expired),
        ("terminated", Self::Terminated),
    ];

    /// The word used in packs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, state)| *state == self).map_or("in_force", |(word, _)| word)
    }

    /// The reason that it gives for refusing. `None` when it is in force.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::InForce => None,
            Self::NotYetApplicable => Some("instrument_not_yet_applicable"),
            Self::Lapsed => Some("instrument_lapsed"),
            Self::Expired => Some("instrument_expired"),
            Self::Adopted | Self::Signed | Self::Suspended | Self::Terminated => {
                Some("instrument_not_in_force")
            }
        }
    }
}

/// A row of a pack's status: for these parties, from this day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// For whom; `None`: for everyone.
    pub parties: Option<BTreeSet<JurisdictionCode>>,
    /// What holds.
    pub state: State,
    /// The first day, by the calendar of the party.
    pub from: Date,
    /// The last day.
    pub until: Option<Date>,
    /// The day from which this was known; `None`: always.
    pub known_from: Option<Date>,
}

/// Whether a pack binds a party at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce {
    /// It does.
    Yes,
    /// It is in this state.
    No(State),
    /// The party is not named.
    NotAParty,
}

impl InForce {
    /// The reason that it gives for refusing.
    #[must_use]
    pub fn reason(self) -> Option<ReasonCode> {
        let reason = match self {
            Self::Yes => return None,
            Self::No(state) => state.reason()?,
            Self::NotAParty => "instrument_not_in_force",
        };
        reason.parse().ok()
    }
}

/// What the rows say of `party` for an act at `at`, as known at `knowledge_time`; both fall on the day that `calendar`,
/// the party's, shows.
///
/// Of the rows that are known and begin no later than the act, the last holds: the one known latest, of these
/// the one that begins latest, of these the later in the file. Past its last day an in-force row has lapsed.
pub(crate) fn in_force(
    rows: &[Status],
    party: &JurisdictionCode,
    at: Timestamp,
    knowledge_time: Timestamp,
    calendar: &Calendar,
) -> InForce {
    let (at, known) = (calendar.date(at), calendar.date(knowledge_time));
    let named = |row: &&Status| row.parties.as_ref().is_none_or(|parties| parties.contains(party));
    let mut rows = rows.iter().filter(named).peekable();
    if rows.peek().is_none() {
        return InForce::NotAParty;
    }
    let holding = rows
        .filter(|row| row.from <= at && row.known_from.is_none_or(|from| from <= known))
        .max_by_key(|row| (row.known_from, row.from));
    match holding {
        None => InForce::No(State::Adopted),
        Some(row) if row.state == State::InForce && row.until.is_some_and(|until| until < at) => {
            InForce::No(State::Lapsed)
        }
        Some(row) if row.state == State::InForce => InForce::Yes,
        Some(row) => InForce::No(row.state),
    }
}

/// The first row that contradicts one before it, and how: for a party that both name, with the same beginning, known
/// from the same day, and another state or end. A row for everyone is not one that names: the named goes before it.
pub(super) fn contradiction(rows: &[Status]) -> Option<(usize, String)> {
    let says = |row: &Status| {
        let until = row.until.map_or_else(String::new, |until| format!(" until {until}"));
        format!("`{}`{until}", row.state.as_str())
    };
    rows.iter().enumerate().find_map(|(place, row)| {
        let same_day = |other: &&Status| (other.from, other.known_from) == (row.from, row.known_from);
        let otherwise = |other: &&Status| (other.state, other.until) != (row.state, row.until);
        let shared = |other: &Status| match (&row.parties, &other.parties) {
            (None, None) => Some("everyone".to_owned()),
            (Some(ours), Some(theirs)) => ours.intersection(theirs).next().map(ToString::to_string),
            _ => None,
        };
        let earlier = rows.iter().take(place).filter(same_day).filter(otherwise);
        let (other, who) = earlier.filter_map(|other| Some((other, shared(other)?))).next()?;
        let text = format!(
            "from {} it is {} for {who}, and by a row before this {}",
            row.from,
            says(row),
            says(other)
        );
        Some((place, text))
    })
}

/// The days on which these rows may begin to say something else: a row begins, has had its last day, or becomes known.
pub(super) fn changes(rows: &[Status]) -> impl Iterator<Item = Date> + '_ {
    rows.iter().flat_map(|row| [Some(row.from), row.until.and_then(over), row.known_from]).flatten()
}

/// The day after the last one.
pub(super) fn over(last: Date) -> Option<Date> {
    last.tomorrow().ok()
}

/// The first instant after `after` at which one of `days` begins in one of the places.
pub(super) fn next_change<'c>(
    days: impl Iterator<Item = Date>,
    calendars: impl Iterator<Item = &'c Calendar> + Clone,
    after: Timestamp,
) -> Option<Timestamp> {
    // No zone is a day away from UTC: days before yesterday are over everywhere.
    let yesterday = TimeZone::UTC.to_datetime(after).date().checked_sub(1.day()).unwrap_or(Date::MIN);
    let mut days: Vec<Date> = days.filter(|day| *day >= yesterday).collect();
    days.sort_unstable();
    days.into_iter().find_map(|day| {
        calendars.clone().filter_map(|place| place.begins(day)).filter(|begins| *begins > after).min()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use comity_terms::calendar::Holidays;

    fn row(from: &str, until: Option<&str>, known: Option<&str>) -> Status {
        Status {
            parties: None,
            state: State::InForce,
            from: from.parse().unwrap(),
            until: until.map(|day| day.parse().unwrap()),
            known_from: known.map(|day| day.parse().unwrap()),
        }
    }

    fn place(zone: &str) -> Calendar {
        Calendar::new(zone, [], &Holidays::default()).unwrap()
    }

    #[test]
    fn the_next_change_is_the_first_midnight_at_which_a_row_begins_ends_or_becomes_known() {
        let rows = [row("2026-01-01", Some("2026-09-30"), None), row("2026-12-01", None, Some("2026-11-20"))];
        let next = |after: &str| {
            next_change(changes(&rows), [&place("UTC")].into_iter(), after.parse().unwrap())
                .map(|at| at.to_string())
        };
        assert_eq!(next("2025-12-31T23:59:59Z").as_deref(), Some("2026-01-01T00:00:00Z"));
        // The last day is one on which it is still in force.
        assert_eq!(next("2026-01-01T00:00:00Z").as_deref(), Some("2026-10-01T00:00:00Z"));
        assert_eq!(next("2026-10-01T00:00:00Z").as_deref(), Some("2026-11-20T00:00:00Z"));
        assert_eq!(next("2026-11-20T00:00:00Z").as_deref(), Some("2026-12-01T00:00:00Z"));
        assert_eq!(next("2026-12-01T00:00:00Z"), None);
    }

    #[test]
    fn a_last_day_is_over_when_it_is_over_where_the_party_is() {
        let rows = [row("2026-01-01", Some("2026-09-30"), None)];
        let us: JurisdictionCode = "US".parse().unwrap();
        let state = |at: &str, zone: &str| {
            let at = at.parse().unwrap();
            in_force(&rows, &us, at, at, &place(zone))
        };
        assert_eq!(state("2026-10-01T03:00:00Z", "America/New_York"), InForce::Yes);
        assert_eq!(state("2026-10-01T04:00:00Z", "America/New_York"), InForce::No(State::Lapsed));
        assert_eq!(state("2026-09-30T22:00:00Z", "Europe/Paris"), InForce::No(State::Lapsed));
        // It begins there too when the day begins.
        assert_eq!(state("2026-01-01T04:59:00Z", "America/New_York"), InForce::No(State::Adopted));
        let places = [place("America/New_York"), place("Europe/Paris")];
        let next = |after: &str| {
            next_change(changes(&rows), places.iter(), after.parse().unwrap()).map(|at| at.to_string())
        };
        assert_eq!(next("2026-09-30T12:00:00Z").as_deref(), Some("2026-09-30T22:00:00Z"));
        assert_eq!(next("2026-09-30T22:00:00Z").as_deref(), Some("2026-10-01T04:00:00Z"));
        assert_eq!(next("2026-10-01T04:00:00Z"), None);
    }
}
