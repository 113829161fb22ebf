//! Times: MISP's seconds and zoned texts; STIX's as every importer has them.

pub(crate) use comity_import::time::{from_date, from_text, stix};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds since 1970, as MISP writes them (a text of digits, or a number).
pub(crate) fn from_seconds(text: &str) -> Option<Timestamp> {
    let seconds: i64 = text.trim().parse().ok()?;
    Timestamp::from_second(seconds).ok().filter(|at| *at > Timestamp::UNIX_EPOCH)
}

pub(crate) fn seconds(at: Timestamp) -> String {
    at.as_second().to_string()
}

pub(crate) fn date(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).date().to_string()
}

/// As MISP writes when something was seen: microseconds and a zone.
pub(crate) fn seen(at: Timestamp) -> String {
    format!("{}+00:00", format!("{at:.6}").trim_end_matches('Z'))
}
