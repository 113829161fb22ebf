//! The rules by which periods are counted.

use super::{CalendarError, Unit};
use std::fmt;
use std::str::FromStr;

/// How a period is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// Plain arithmetic: the text that sets the period has no rule of its own.
    Plain,
    /// Regulation (EEC, Euratom) No 1182/71, Article 3.
    Eu1182_71,
    /// Working days as United Kingdom statutes count them: the day of the event is not one, and the period
    /// ends with the last.
    UkWorkingDays,
}

impl Count {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Eu1182_71, Self::UkWorkingDays];

    /// The word used in packs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Eu1182_71 => "eu-1182-71",
            Self::UkWorkingDays => "uk-working-days",
        }
    }

    /// The rule as it is cited beside a date.
    #[must_use]
    pub fn time_rule(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Eu1182_71 => "Reg.1182/71 Art.3",
            Self::UkWorkingDays => "UK working days",
        }
    }

    /// Whether periods in `unit` can be counted by this rule.
    #[must_use]
    pub fn counts(self, unit: Unit) -> bool {
        self != Self::UkWorkingDays || unit == Unit::WorkingDays
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Count {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        Self::ALL
            .into_iter()
            .find(|count| count.as_str() == text)
            .ok_or_else(|| CalendarError::Count(text.chars().take(64).collect()))
    }
}
