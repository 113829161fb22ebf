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
//! the safe one for whoever has to act. A day that the calendar does not list as a holiday is no holiday: a
//! calendar that ends too soon makes the legal end come too soon.
//!
//! Invariants: `operational <= legal_latest`, so no alarm rings after the law's end, and both lie after the
//! event. Source: Regulation (EEC, Euratom) No 1182/71, Articles 2 and 3.

mod count;
mod period;

pub use count::Count;
pub use period::{Period, Unit};

use crate::{Due, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::BTreeSet;

/// The days and the clock of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    /// From Monday.
    weekend: [bool; 7],
    holidays: BTreeSet<Date>,
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
}

impl Calendar {
    /// The calendar of a place: its IANA zone, the days of its weekend, its public holidays.
    ///
    /// # Errors
    /// [`CalendarError::Zone`] and [`CalendarError::Weekend`]; callers name the file.
    pub fn new(
        zone: &str,
        weekend: impl IntoIterator<Item = Weekday>,
        holidays: impl IntoIterator<Item = Date>,
    ) -> Result<Self, CalendarError> {
        // The bundled database, so that a deadline does not depend on the machine it is computed on.
        let zone = TimeZoneDatabase::bundled()
            .get(zone)
            .map_err(|_| CalendarError::Zone(zone.chars().take(64).collect()))?;
        let mut days = [false; 7];
        for day in weekend {
            days[usize::from(day.to_monday_zero_offset().unsigned_abs())] = true;
        }
        if days == [true; 7] {
            return Err(CalendarError::Weekend);
        }
        Ok(Self { zone, weekend: days, holidays: holidays.into_iter().collect() })
    }

    /// The IANA name of its zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Whether `date` is neither weekend nor a public holiday.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        !self.weekend[weekday] && !self.holidays.contains(&date)
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

    /// The instant at which `date` ends, which is the first of the next day.
    fn end_of(&self, date: Date) -> Option<Timestamp> {
        let midnight = date.tomorrow().ok()?.at(0, 0, 0, 0);
        // Where the clock is put forward at midnight the day begins later; where it is put back, at the
        // first of the two midnights.
        self.zone.to_timestamp(midnight).ok()
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
    fn working_days_after(&self, date: Date, number: u32) -> Option<Date> {
        let mut day = date;
        for _ in 0..number {
            day = self.working_day_from(day.tomorrow().ok()?)?;
        }
        Some(day)
    }

    /// The first working day that is not before `date`.
    fn working_day_from(&self, mut date: Date) -> Option<Date> {
        while !self.is_working_day(date) {
            date = date.tomorrow().ok()?;
        }
        Some(date)
    }
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
/// [`CalendarError::OutOfRange`]; callers refuse rather than go without the deadline.
pub fn due(
    start: Timestamp,
    period: &Period,
    count: Count,
    calendar: &Calendar,
) -> Result<Due, CalendarError> {
    if !count.counts(period.unit()) {
        return Err(CalendarError::Uncountable { period: *period, count });
    }
    let plain = plain_end(start, period, calendar);
    let legal = match count {
        Count::Plain => plain,
        Count::Eu1182_71 => eu_end(start, period, calendar),
        Count::UkWorkingDays => calendar
            .working_days_after(calendar.date(start), period.number())
            .and_then(|last| calendar.end_of(last)),
    };
    let (Some(plain), Some(legal_latest)) = (plain, legal) else {
        return Err(CalendarError::OutOfRange(*period));
    };
    Ok(Due { operational: plain.min(legal_latest), legal_latest, time_rule: count.time_rule() })
}

/// Plain arithmetic. `None` when the end cannot be written.
fn plain_end(start: Timestamp, period: &Period, calendar: &Calendar) -> Option<Timestamp> {
    let number = i64::from(period.number());
    let utc = TimeZone::UTC;
    match period.unit() {
        Unit::Hours => start.checked_add(number.hours()).ok(),
        Unit::Days => start.checked_add((24 * number).hours()).ok(),
        Unit::Weeks => start.checked_add((7 * 24 * number).hours()).ok(),
        Unit::Months => utc.to_timestamp(utc.to_datetime(start).checked_add(number.months()).ok()?).ok(),
        Unit::Years => utc.to_timestamp(utc.to_datetime(start).checked_add(number.years()).ok()?).ok(),
        Unit::WorkingDays => {
            let clock = calendar.zone.to_datetime(start);
            let last = calendar.working_days_after(clock.date(), period.number())?;
            calendar.zone.to_timestamp(last.to_datetime(clock.time())).ok()
        }
    }
}

/// Regulation 1182/71, Article 3. `None` when the end cannot be written.
fn eu_end(start: Timestamp, period: &Period, calendar: &Calendar) -> Option<Timestamp> {
    let event = calendar.date(start);
    let number = i64::from(period.number());
    let last = match period.unit() {
        // 3(1), 3(2)(a); weekends count, and 3(4) does not apply.
        Unit::Hours => return calendar.end_of_hour(start)?.checked_add(number.hours()).ok(),
        // 3(1), 3(2)(b): the day after the event is the first.
        Unit::Days => event.checked_add(number.days()).ok()?,
        // 3(3).
        Unit::WorkingDays => calendar.working_days_after(event, period.number())?,
        // 3(2)(c); the date that a month lacks becomes its last.
        Unit::Weeks => event.checked_add(number.weeks()).ok()?,
        Unit::Months => event.checked_add(number.months()).ok()?,
        Unit::Years => event.checked_add(number.years()).ok()?,
    };
    // 3(4).
    let last = calendar.working_day_from(last)?;
    // 3(5), of which a single day is free; weeks and more lack two working days only where holidays are many.
    let one_day = number == 1 && matches!(period.unit(), Unit::Days | Unit::WorkingDays);
    let least = if one_day { last } else { calendar.working_days_after(event, 2)? };
    calendar.end_of(last.max(least))
}

#[cfg(test)]
mod tests;
