//! Periods as law states them: a number and a unit.

use super::CalendarError;
use std::fmt;
use std::str::FromStr;

/// What a period is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Hours.
    Hours,
    /// Calendar days.
    Days,
    /// Days that are neither weekend nor public holiday.
    WorkingDays,
    /// Weeks.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 6] =
        [Self::Hours, Self::Days, Self::WorkingDays, Self::Weeks, Self::Months, Self::Years];

    fn singular(self) -> &'static str {
        match self {
            Self::Hours => "hour",
            Self::Days => "day",
            Self::WorkingDays => "working day",
            Self::Weeks => "week",
            Self::Months => "month",
            Self::Years => "year",
        }
    }
}

/// A period: "24 hours", "3 working days", "1 month".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    number: u32,
    unit: Unit,
}

impl Period {
    /// The most units that a period may have: 27 years in days, and few enough to count one by one.
    pub const NUMBER_MAX: u32 = 10_000;

    /// The period of `number` units.
    ///
    /// # Errors
    /// [`CalendarError::Number`] unless `number` is from 1 to [`NUMBER_MAX`](Self::NUMBER_MAX).
    pub fn new(number: u32, unit: Unit) -> Result<Self, CalendarError> {
        if (1..=Self::NUMBER_MAX).contains(&number) {
            Ok(Self { number, unit })
        } else {
            Err(CalendarError::Number(number.to_string()))
        }
    }

    /// How many.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// Of what.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.unit
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.number == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.number, self.unit.singular())
    }
}

impl FromStr for Period {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let cut = |text: &str| text.chars().take(64).collect::<String>();
        let malformed = || CalendarError::Period(cut(text));
        let (number, unit) = text.split_once(' ').ok_or_else(malformed)?;
        let unit = Unit::ALL
            .into_iter()
            .find(|known| unit.strip_suffix('s').unwrap_or(unit) == known.singular())
            .ok_or_else(malformed)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed());
        }
        let number = number.parse().map_err(|_| CalendarError::Number(cut(number)))?;
        Self::new(number, unit)
    }
}
