//! Public holidays as rules: which days of a year they fall on, and which days stand in for them.
//!
//! ```text
//! rules (yearly) ┐
//!                ├─> the days of every year covered ─> days in lieu ─> days between two holidays
//! days listed ───┘
//! ```
//! A list of days ends, and a rule does not; but whoever wrote either vouches for some years only
//! ([`Holidays::years`]). Beyond them nobody knows whether a day is one on which people work.

use super::{CalendarError, Count};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The holidays of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    /// The years that this speaks for; `None`: all, for a place without holidays.
    pub years: Option<RangeInclusive<i16>>,
    /// Days that no rule gives, and the only counting rule that heeds each; `None`: all heed it.
    pub listed: Vec<(Date, Option<Count>)>,
    /// What comes back each year.
    pub yearly: Vec<Yearly>,
    /// Whether a day between two holidays is one.
    pub between: bool,
}

/// A holiday that comes back each year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yearly {
    /// On which day.
    pub on: On,
    /// The first year in which it was kept; `None`: as far as the calendar goes back.
    pub from: Option<i16>,
    /// The last.
    pub until: Option<i16>,
    /// Years in which it is not kept, or on a day that is listed.
    pub except: BTreeSet<i16>,
    /// The day that is kept as well where it falls on a day off.
    pub in_lieu: Option<InLieu>,
    /// The only counting rule that heeds it; `None`: all do.
    pub only: Option<Count>,
}

/// A day of each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A month and a day.
    Fixed(i8, i8),
    /// So many days after Easter Sunday of the Gregorian calendar.
    Easter(i32),
    /// So many days after Easter Sunday of the Julian calendar, counted in the Gregorian.
    OrthodoxEaster(i32),
    /// The first such weekday that is not before the month and day.
    OnOrAfter(Weekday, i8, i8),
    /// The last such weekday that is not after the month and day.
    OnOrBefore(Weekday, i8, i8),
    /// The last such weekday of the month.
    Last(Weekday, i8),
}

/// Which day stands in for a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InLieu {
    /// Of one on a weekend: the next day that is neither weekend nor holiday.
    Next,
    /// Of one on a Sunday alone: as [`Next`](Self::Next).
    NextOfSunday,
    /// Of one on a Saturday the day before, of one on a Sunday the day after.
    Nearest,
}

impl InLieu {
    /// Every rule, with its word.
    pub const WORDS: [(&'static str, Self); 3] =
        [("next", Self::Next), ("next_of_sunday", Self::NextOfSunday), ("nearest", Self::Nearest)];
}

impl On {
    /// The day in `year`; `None` where the year has none (29 February).
    #[must_use]
    pub fn in_year(self, year: i16) -> Option<Date> {
        let after = |day: Date, days: i32| day.checked_add(days.days()).ok();
        // How many days it is from one weekday on to another.
        let ahead = |from: Weekday, to: Weekday| i32::from(from.until(to));
        match self {
            Self::Fixed(month, day) => Date::new(year, month, day).ok(),
            Self::Easter(days) => after(easter(year)?, days),
            Self::OrthodoxEaster(days) => after(orthodox_easter(year)?, days),
            Self::OnOrAfter(weekday, month, day) => {
                let first = Date::new(year, month, day).ok()?;
                after(first, ahead(first.weekday(), weekday))
            }
            Self::OnOrBefore(weekday, month, day) => {
                let last = Date::new(year, month, day).ok()?;
                after(last, -ahead(weekday, last.weekday()))
            }
            Self::Last(weekday, month) => {
                let last = Date::new(year, month, 1).ok()?.last_of_month();
                after(last, -ahead(weekday, last.weekday()))
            }
        }
    }
}

/// Easter Sunday (the anonymous Gregorian algorithm; J. Meeus, Astronomical Algorithms, chapter 8).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y.rem_euclid(19), y.div_euclid(100), y.rem_euclid(100));
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let g = (8 * b + 13).div_euclid(25);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c.div_euclid(4), c.rem_euclid(4));
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 19 * l).div_euclid(433);
    let month = (h + l - 7 * m + 90).div_euclid(25);
    let day = (h + l - 7 * m + 33 * month + 19).rem_euclid(32);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Easter Sunday of the Julian calendar, as a Gregorian date (Meeus, chapter 8).
fn orthodox_easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y.rem_euclid(4), y.rem_euclid(7), y.rem_euclid(19));
    let d = (19 * c + 15).rem_euclid(30);
    let e = (2 * a + 4 * b - d + 34).rem_euclid(7);
    // Days after 22 March by the Julian calendar.
    let days = d + e;
    let century = y.div_euclid(100);
    let behind = century - century.div_euclid(4) - 2;
    Date::new(year, 3, 22).ok()?.checked_add((days + behind).days()).ok()
}

impl FromStr for On {
    type Err = CalendarError;

    /// `12-25`, `easter - 2`, `orthodox easter + 1`, `first monday of may`, `last monday of may`,
    /// `monday on or before 05-24`, `thursday on or after 04-19`.
    fn from_str(text: &str) -> Result<Self, CalendarError> {
        read(text).ok_or_else(|| CalendarError::Yearly(text.chars().take(64).collect()))
    }
}

fn read(text: &str) -> Option<On> {
    let month_and_day = |text: &str| {
        let (month, day) = text.split_once('-')?;
        let two = |text: &str| {
            (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<i8>().ok())?
        };
        let (month, day) = (two(month)?, two(day)?);
        // A leap year, so that 29 February is a day.
        Date::new(2000, month, day).ok()?;
        Some((month, day))
    };
    let place = |words: &[(&str, i8)], word: &str| words.iter().find(|(w, _)| *w == word).map(|(_, n)| *n);
    let weekday = |word: &str| WEEKDAYS.iter().find(|(w, _)| *w == word).map(|(_, day)| *day);
    let words: Vec<&str> = text.split(' ').collect();
    let shift = |words: &[&str]| match words {
        [] => Some(0),
        [sign @ ("+" | "-"), days] => {
            let days: i32 = days.parse().ok().filter(|days| (1..=100).contains(days))?;
            Some(if *sign == "+" { days } else { -days })
        }
        _ => None,
    };
    match words.as_slice() {
        ["easter", rest @ ..] => shift(rest).map(On::Easter),
        ["orthodox", "easter", rest @ ..] => shift(rest).map(On::OrthodoxEaster),
        ["last", day, "of", month] => Some(On::Last(weekday(day)?, place(&MONTHS, month)?)),
        [nth, day, "of", month] => {
            let nth = place(&[("first", 0), ("second", 1), ("third", 2), ("fourth", 3)], nth)?;
            Some(On::OnOrAfter(weekday(day)?, place(&MONTHS, month)?, 7 * nth + 1))
        }
        [day, "on", "or", "after", date] => {
            month_and_day(date).and_then(|(m, d)| Some(On::OnOrAfter(weekday(day)?, m, d)))
        }
        [day, "on", "or", "before", date] => {
            month_and_day(date).and_then(|(m, d)| Some(On::OnOrBefore(weekday(day)?, m, d)))
        }
        [date] => month_and_day(date).map(|(month, day)| On::Fixed(month, day)),
        _ => None,
    }
}

/// The days of the week, by the words of calendars.
pub const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

const MONTHS: [(&str, i8); 12] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
];

/// The days that are holidays, each with the counting rules that heed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) all: BTreeSet<Date>,
    pub(super) only: BTreeMap<Count, BTreeSet<Date>>,
}

impl Days {
    pub(super) fn of(holidays: &Holidays, weekend: impl Fn(Date) -> bool) -> Self {
        let listed = |only: Option<Count>| {
            holidays.listed.iter().filter(move |(_, heeded)| *heeded == only).map(|(day, _)| *day)
        };
        let mut days = Self::default();
        let Some(years) = &holidays.years else { return days };
        // Whatever is heeded by all comes first: what one rule alone heeds gives way to it.
        for only in std::iter::once(None).chain(Count::ALL.into_iter().map(Some)) {
            let mut own: BTreeSet<Date> = listed(only).collect();
            let rules: Vec<&Yearly> = holidays.yearly.iter().filter(|rule| rule.only == only).collect();
            if own.is_empty() && rules.is_empty() {
                continue;
            }
            // A year more at either end: a day in lieu may lie in the next year, or in the last.
            let mut moving: Vec<(Date, InLieu)> = Vec::new();
            for year in *years.start() - 1..=*years.end() + 1 {
                for rule in rules.iter().filter(|rule| rule.kept(year)) {
                    let Some(day) = rule.on.in_year(year) else { continue };
                    let off = weekend(day) || days.all.contains(&day);
                    own.insert(day);
                    moving.extend(rule.in_lieu.filter(|_| off).map(|in_lieu| (day, in_lieu)));
                }
            }
            moving.sort_by_key(|(day, _)| *day);
            for (day, in_lieu) in moving {
                let held = |day: &Date| weekend(*day) || own.contains(day) || days.all.contains(day);
                let next = || {
                    std::iter::successors(day.tomorrow().ok(), |day| day.tomorrow().ok())
                        .find(|day| !held(day))
                };
                let stands_in = match in_lieu {
                    InLieu::Next => next(),
                    InLieu::NextOfSunday if day.weekday() == Weekday::Sunday => next(),
                    InLieu::NextOfSunday => None,
                    InLieu::Nearest if day.weekday() == Weekday::Saturday => day.yesterday().ok(),
                    InLieu::Nearest => day.tomorrow().ok(),
                };
                own.extend(stands_in);
            }
            if holidays.between {
                let two_on = |day: &Date| day.checked_add(2.days()).is_ok_and(|after| own.contains(&after));
                let between: Vec<Date> =
                    own.iter().filter(|day| two_on(day)).filter_map(|day| day.tomorrow().ok()).collect();
                own.extend(between);
            }
            match only {
                None => days.all = own,
                Some(count) => drop(days.only.insert(count, own)),
            }
        }
        days
    }
}

impl Yearly {
    fn kept(&self, year: i16) -> bool {
        self.from.is_none_or(|from| from <= year)
            && self.until.is_none_or(|until| year <= until)
            && !self.except.contains(&year)
    }
}

/// The widest range of years that a calendar may speak for: dates of the Gregorian calendar, and Easter by its rules.
pub const YEARS_MAX: RangeInclusive<i16> = 1900..=2199;

impl Holidays {
    /// Whether it speaks for the year of `day`.
    pub(super) fn covers(&self, day: Date) -> bool {
        self.years.as_ref().is_none_or(|years| years.contains(&day.year()))
    }

    /// # Errors
    /// [`CalendarError::Years`]: days without the years that they are for, years in which nothing can be worked out, or a
    /// listed day beside them.
    pub(super) fn sound(&self) -> Result<(), CalendarError> {
        let wrong = |text: String| Err(CalendarError::Years(text));
        let Some(years) = &self.years else {
            return if self.listed.is_empty() && self.yearly.is_empty() {
                Ok(())
            } else {
                wrong("holidays, but not for which years: `first_year` and `last_year` are missing".into())
            };
        };
        let (first, last) = (*years.start(), *years.end());
        if years.is_empty() || !YEARS_MAX.contains(&first) || !YEARS_MAX.contains(&last) {
            let (min, max) = (YEARS_MAX.start(), YEARS_MAX.end());
            return wrong(format!("{first} to {last} are no years from {min} to {max}"));
        }
        match self.listed.iter().find(|(day, _)| !self.covers(*day)) {
            Some((day, _)) => wrong(format!("{day} is listed, and the calendar is for {first} to {last}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
