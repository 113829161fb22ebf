//! Legal time: what "24 hours", "10 days" or "one month" come to. Pure: zone, weekend and holidays are
//! arguments, and so is the instant from which a period runs.
//!
//! Owns periods, the rules by which they are counted, and the arithmetic of both. Leaves to the vocabulary
//! which zone, weekend and holidays a state has; to the packs which period and which rule a duty takes; to
//! the shell what time it is.
//!
//! Every period comes out as two instants ([`Due`]), `operational` by plain arithmetic, for alarms, and
//! `legal_latest` by the counting rule. Under Regulation (EEC, Euratom) No 1182/71 these differ:
//!
//! ```text
//!                event                                        operational     legal latest
//! 24 hours       Mon 09:20 ─┤ 10:00 ├──── 24 whole hours ────> Tue 09:20       Tue 10:00
//! 10 days        Mon 09:20 ─┤ 24:00 ├──── 10 whole days ─────> Thu 09:20       Thu 24:00
//! 5 days         Mon 09:20 ─┤ 24:00 ├── 5 days ──┤ weekend ├─> Sat 09:20       Mon 24:00
//! ```
//!
//! | Article | rule |
//! |---|---|
//! | 2(2) | working days are all days other than public holidays, Sundays and Saturdays |
//! | 3(1) | the hour, or the day, in which the event falls is not counted |
//! | 3(2)(a) | hours: from the beginning of the first hour to the expiry of the last |
//! | 3(2)(b) | days: from the beginning of the first day to the expiry of the last hour of the last |
//! | 3(2)(c) | weeks, months, years: to the expiry of the last hour of the same weekday or date as the event's; where the last month has no such date, of its last day |
//! | 3(3) | holidays and weekends are counted, save where the period is in working days |
//! | 3(4) | a period not in hours whose last day is a holiday, Sunday or Saturday ends with the next working day |
//! | 3(5) | a period of two days or more includes at least two working days |
//!
//! Days end, and hours begin, by the clock of the calendar's zone, summer time included. Article 3(5) is not
//! applied to periods in hours: whether 72 hours are "two days or more" is disputed, and the earlier end is
//! the safe one for whoever has to act. A calendar speaks for some years ([`Holidays::years`]): a period whose end
//! hangs on whether people work on a day of another year is an error, for taking it for a working day would make
//! the legal end come too soon. A holiday may be heeded by one counting rule alone: United Kingdom statutes heed
//! those of every part of it.
//!
//! Invariants: `operational <= legal_latest`, so no alarm rings after the law's end, and both lie after the
//! event. Source: Regulation (EEC, Euratom) No 1182/71, Articles 2 and 3.

mod count;
mod holidays;
mod period;

pub use count::Count;
pub use holidays::{Holidays, InLieu, On, WEEKDAYS, YEARS_MAX, Yearly};
pub use period::{Period, Unit};

use crate::{Due, Timestamp};
use holidays::Days;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The days and the clock of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    /// From Monday.
    weekend: [bool; 7],
    /// The first and last year that the holidays are for.
    years: Option<(i16, i16)>,
    days: Days,
}

/// A period that cannot be read or counted, or a calendar that no period can be counted in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is not in the IANA database.
    #[error("no time zone `{0}` in the IANA database")]
    Zone(String),
    /// Every day of the week is weekend.
    #[error("a week needs at least one day that is not weekend")]
    Weekend,
    /// A text that is not a period.
    #[error("`{0}` is not a period: expected a number and hours, days, working days, weeks, months or years")]
    Period(String),
    /// A number of units that no period may have.
    #[error("a period has from 1 to {max} units, not `{0}`", max = Period::NUMBER_MAX)]
    Number(String),
    /// A text that names no counting rule.
    #[error("`{0}` is not a counting rule: expected plain, eu-1182-71 or uk-working-days")]
    Count(String),
    /// The counting rule does not speak of such periods.
    #[error("{period} cannot be counted by {count}")]
    Uncountable {
        /// The period.
        period: Period,
        /// The rule.
        count: Count,
    },
    /// The end is past the last year that can be written.
    #[error("{0} end after the year 9999")]
    OutOfRange(Period),
    /// Whether people work on a day decides, and the calendar is not for its year.
    #[error("whether {day} is a working day is not known: the calendar is for the years {first} to {last}")]
    Beyond {
        /// The day.
        day: Date,
        /// The first year that the calendar is for.
        first: i16,
        /// The last.
        last: i16,
    },
    /// A text that is no day of the year.
    #[error(
        "`{0}` is no day of each year: expected `12-25`, `easter - 2`, `orthodox easter + 1`, `first monday of may`, \
         `last monday of may`, `monday on or before 05-24` or `thursday on or after 04-19`"
    )]
    Yearly(String),
    /// Holidays and the years that they are for do not fit.
    #[error("{0}")]
    Years(String),
}

/// Why there is no day or instant.
enum Lost {
    /// It cannot be written.
    Range,
    /// It hangs on a day that nobody vouches for.
    Beyond(CalendarError),
}

impl From<CalendarError> for Lost {
    fn from(error: CalendarError) -> Self {
        Self::Beyond(error)
    }
}

/// Of jiff, whose every error here is that a date or an instant cannot be written.
impl From<jiff::Error> for Lost {
    fn from(_: jiff::Error) -> Self {
        Self::Range
    }
}

impl Calendar {
    /// The calendar of a place: its IANA zone, the days of its weekend, its public holidays.
    ///
    /// # Errors
    /// [`CalendarError::Zone`], [`CalendarError::Weekend`] and [`CalendarError::Years`]; callers name the file.
    pub fn new(
        zone: &str,
        weekend: impl IntoIterator<Item = Weekday>,
        holidays: &Holidays,
    ) -> Result<Self, CalendarError> {
        // The bundled database, so that a deadline does not depend on the machine it is computed on.
        let zone = TimeZoneDatabase::bundled()
            .get(zone)
            .map_err(|_| CalendarError::Zone(zone.chars().take(64).collect()))?;
        let mut days = [false; 7];
        for day in weekend {
            days[place(day)] = true;
        }
        if days == [true; 7] {
            return Err(CalendarError::Weekend);
        }
        holidays.sound()?;
        let off = |date: Date| days[place(date.weekday())];
        Ok(Self {
            zone,
            weekend: days,
            years: holidays.years.as_ref().map(|years| (*years.start(), *years.end())),
            days: Days::of(holidays, off),
        })
    }

    /// The calendar by which nothing is off: of plain arithmetic in UTC, on which no place bears.
    #[must_use]
    pub fn plain() -> Self {
        Self { zone: TimeZone::UTC, weekend: [false; 7], years: None, days: Days::default() }
    }

    /// The IANA name of its zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Whether `date` is neither weekend nor a public holiday, as `count` heeds holidays.
    ///
    /// # Errors
    /// [`CalendarError::Beyond`] for a day of a year that the calendar is not for.
    pub fn is_working_day(&self, date: Date, count: Count) -> Result<bool, CalendarError> {
        if self.weekend[place(date.weekday())] {
            return Ok(false);
        }
        match self.years {
            Some((first, last)) if !(first..=last).contains(&date.year()) => {
                Err(CalendarError::Beyond { day: date, first, last })
            }
            _ => {
                let own = self.days.only.get(&count);
                Ok(!self.days.all.contains(&date) && !own.is_some_and(|own| own.contains(&date)))
            }
        }
    }

    /// The date that the calendars on the wall show at `at`.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// The last day of a period that ends at `end`: the day that `end` closes, or falls in.
    #[must_use]
    pub fn last_day(&self, end: Timestamp) -> Date {
        self.date(end.checked_sub(1.nanosecond()).unwrap_or(end))
    }

    /// The first instant of `date`, where that can be written.
    #[must_use]
    pub fn begins(&self, date: Date) -> Option<Timestamp> {
        self.zone.to_timestamp(date.at(0, 0, 0, 0)).ok()
    }

    /// The instant at which `date` ends, which is the first of the next day.
    fn end_of(&self, date: Date) -> Option<Timestamp> {
        // Where the clock is put forward at midnight the day begins later; where it is put back, at the
        // first of the two midnights.
        self.begins(date.tomorrow().ok()?)
    }

    /// The end of the hour in which `at` falls, by the clock as it stands at `at`.
    fn end_of_hour(&self, at: Timestamp) -> Option<Timestamp> {
        const HOUR: i64 = 3600;
        let offset = i64::from(self.zone.to_offset(at).seconds());
        let hour =
            (at.as_nanosecond().div_euclid(1_000_000_000) + i128::from(offset)).div_euclid(i128::from(HOUR));
        let end = (i64::try_from(hour).ok()? + 1) * HOUR - offset;
        Timestamp::from_second(end).ok()
    }

    /// The `number`th working day after `date`.
    fn working_days_after(&self, date: Date, number: u32, count: Count) -> Result<Date, Lost> {
        let mut day = date;
        for _ in 0..number {
            day = self.working_day_from(day.tomorrow()?, count)?;
        }
        Ok(day)
    }

    /// The first working day that is not before `date`.
    fn working_day_from(&self, mut date: Date, count: Count) -> Result<Date, Lost> {
        while !self.is_working_day(date, count)? {
            date = date.tomorrow()?;
        }
        Ok(date)
    }
}

/// Where a weekday stands in a week that begins on Monday.
fn place(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

/// When a period that runs from `start` ends, counted by `count` in `calendar`.
///
/// UTC. `operational` is plain arithmetic: hours and days of 24 hours, months and years by the UTC calendar
/// (six months from 31 August end on the last of February), working days at the same hour of the place's
/// clock; where that would lie after the legal end, the legal end. `legal_latest` is exclusive: the day or
/// hour before it is the last. Under [`Count::Plain`] both are the same.
///
/// # Errors
/// [`CalendarError::Uncountable`], which [`Count::counts`] lets a pack's loader find first, and
/// [`CalendarError::OutOfRange`] and [`CalendarError::Beyond`]; callers refuse rather than go without the deadline.
pub fn due(
    start: Timestamp,
    period: &Period,
    count: Count,
    calendar: &Calendar,
) -> Result<Due, CalendarError> {
    if !count.counts(period.unit()) {
        return Err(CalendarError::Uncountable { period: *period, count });
    }
    let ends = || {
        let plain = plain_end(start, period, count, calendar)?;
        let legal_latest = match count {
            Count::Plain => plain,
            Count::Eu1182_71 => eu_end(start, period, calendar)?,
            Count::UkWorkingDays => {
                let last = calendar.working_days_after(calendar.date(start), period.number(), count)?;
                calendar.end_of(last).ok_or(Lost::Range)?
            }
        };
        Ok(Due { operational: plain.min(legal_latest), legal_latest, time_rule: count.time_rule() })
    };
    ends().map_err(|lost| match lost {
        Lost::Range => CalendarError::OutOfRange(*period),
        Lost::Beyond(error) => error,
    })
}

/// Plain arithmetic.
fn plain_end(
    start: Timestamp,
    period: &Period,
    count: Count,
    calendar: &Calendar,
) -> Result<Timestamp, Lost> {
    let number = i64::from(period.number());
    let utc = TimeZone::UTC;
    let by_utc = |span: jiff::Span| utc.to_timestamp(utc.to_datetime(start).checked_add(span)?);
    Ok(match period.unit() {
        Unit::Hours => start.checked_add(number.hours())?,
        Unit::Days => start.checked_add((24 * number).hours())?,
        Unit::Weeks => start.checked_add((7 * 24 * number).hours())?,
        Unit::Months => by_utc(number.months())?,
        Unit::Years => by_utc(number.years())?,
        Unit::WorkingDays => {
            let clock = calendar.zone.to_datetime(start);
            let last = calendar.working_days_after(clock.date(), period.number(), count)?;
            calendar.zone.to_timestamp(last.to_datetime(clock.time()))?
        }
    })
}

/// Regulation 1182/71, Article 3.
fn eu_end(start: Timestamp, period: &Period, calendar: &Calendar) -> Result<Timestamp, Lost> {
    let count = Count::Eu1182_71;
    let event = calendar.date(start);
    let number = i64::from(period.number());
    let last = match period.unit() {
        // 3(1), 3(2)(a); weekends count, and 3(4) does not apply.
        Unit::Hours => {
            return Ok(calendar.end_of_hour(start).ok_or(Lost::Range)?.checked_add(number.hours())?);
        }
        // 3(1), 3(2)(b): the day after the event is the first.
        Unit::Days => event.checked_add(number.days())?,
        // 3(3).
        Unit::WorkingDays => calendar.working_days_after(event, period.number(), count)?,
        // 3(2)(c); the date that a month lacks becomes its last.
        Unit::Weeks => event.checked_add(number.weeks())?,
        Unit::Months => event.checked_add(number.months())?,
        Unit::Years => event.checked_add(number.years())?,
    };
    // 3(4).
    let last = calendar.working_day_from(last, count)?;
    // 3(5), of which a single day is free; weeks and more lack two working days only where holidays are many.
    let one_day = number == 1 && matches!(period.unit(), Unit::Days | Unit::WorkingDays);
    let least = if one_day { last } else { calendar.working_days_after(event, 2, count)? };
    calendar.end_of(last.max(least)).ok_or(Lost::Range)
}

#[cfg(test)]
mod tests;
