//! Times: MISP's seconds and zoned texts, STIX's UTC texts.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Seconds since 1970, as MISP writes them (a text of digits, or a number).
pub(crate) fn from_seconds(text: &str) -> Option<Timestamp> {
    let seconds: i64 = text.trim().parse().ok()?;
    Timestamp::from_second(seconds).ok().filter(|at| *at > Timestamp::UNIX_EPOCH)
}

pub(crate) fn seconds(at: Timestamp) -> String {
    at.as_second().to_string()
}

/// Midnight of a day.
pub(crate) fn from_date(text: &str) -> Option<Timestamp> {
    let date: Date = text.trim().parse().ok()?;
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

pub(crate) fn date(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).date().to_string()
}

/// A time with its zone, or of a day or clock without one, which is taken as UTC.
pub(crate) fn from_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let clock: jiff::civil::DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(clock).ok()
}

/// As STIX writes it (section 3.2 of STIX 2.1: RFC 3339, UTC, `Z`).
pub(crate) fn stix(at: Timestamp) -> String {
    if at.subsec_nanosecond() % 1_000_000 == 0 { format!("{at:.3}") } else { format!("{at:.6}") }
}

/// As MISP writes when something was seen: microseconds and a zone.
pub(crate) fn seen(at: Timestamp) -> String {
    format!("{}+00:00", format!("{at:.6}").trim_end_matches('Z'))
}
