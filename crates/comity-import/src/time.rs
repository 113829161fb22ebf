//! Times as STIX writes them, and days as others write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// As STIX writes it (STIX 2.1 section 3.2: RFC 3339, UTC, `Z`).
#[must_use]
pub fn stix(at: Timestamp) -> String {
    if at.subsec_nanosecond() % 1_000_000 == 0 { format!("{at:.3}") } else { format!("{at:.6}") }
}

/// Midnight, in UTC, of a day as RFC 3339 writes it; `None` for what is none.
#[must_use]
pub fn from_date(text: &str) -> Option<Timestamp> {
    midnight(text.trim().parse().ok()?)
}

/// Midnight of a day, in UTC.
#[must_use]
pub fn midnight(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

/// A time with its zone, or of a day or clock without one, which is taken as UTC; `None` for what is none.
#[must_use]
pub fn from_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let clock: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(clock).ok()
}
