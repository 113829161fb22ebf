//! A day, UTC: how long a key for blind matching lasts.

use crate::{Month, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar, UTC, of a year of four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day: expected yyyy-mm-dd")]
pub struct DayError;

impl Day {
    /// The day that `at` falls in, UTC.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(TimeZone::UTC.to_datetime(at).date())
    }

    /// The month that it is in.
    #[must_use]
    pub fn month(self) -> Month {
        // Unwrap safety: a date has a month of 1 to 12; a year that is none of four digits is that of the end of time.
        Month::new(self.0.year(), self.0.month()).unwrap_or_else(|| Month::of(Timestamp::MAX))
    }

    /// The first instant after it, UTC; the last one of all where there is none.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let next =
            self.0.tomorrow().ok().and_then(|next| TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok());
        next.unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date: Date = Some(text).filter(|_| shaped).ok_or(DayError)?.parse().map_err(|_| DayError)?;
        (date.to_string() == text).then_some(Self(date)).ok_or(DayError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let day = Day::of("2026-11-26T23:59:59Z".parse().unwrap());
        assert_eq!(day.to_string(), "2026-11-26");
        assert_eq!(day.end(), "2026-11-27T00:00:00Z".parse().unwrap());
        assert_eq!("2026-11-26".parse(), Ok(day));
        assert_eq!(day.month().number(), 202_611);
        for text in ["", "2026-1-1", "2026-02-30", "20261126", "2026-11-26T00:00:00Z"] {
            assert_eq!(text.parse::<Day>(), Err(DayError), "`{text}`");
        }
    }
}
