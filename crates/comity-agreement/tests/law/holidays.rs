//! The rules of `vocabulary/calendars` against plain lists of days on which people did not, or will not, work.

use crate::common::fixtures;
use comity_agreement::{Library, Vocabulary, shipped};
use comity_terms::calendar::Count;
use jiff::civil::{Date, Weekday};
use std::collections::BTreeSet;

const KNOWN: &str = include_str!("../fixtures/holidays.txt");

/// Every weekday off of that year, by the calendar of the place.
fn off(vocabulary: &Vocabulary, place: &str, year: i16, count: Count) -> BTreeSet<Date> {
    let calendar = &vocabulary.places()[place].calendar;
    let weekend = |day: &Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let days = std::iter::successors(Date::new(year, 1, 1).ok(), |day| day.tomorrow().ok());
    let days = days.take_while(|day| day.year() == year).filter(|day| !weekend(day));
    days.filter(|day| !calendar.is_working_day(*day, count).unwrap()).collect()
}

#[test]
fn holidays_are_those_that_were_published() {
    let vocabulary = Vocabulary::load(shipped()).unwrap();
    let mut places = BTreeSet::new();
    for line in KNOWN.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (place, year) = (words.next().unwrap(), words.next().unwrap());
        let known: BTreeSet<Date> = words.map(|day| format!("{year}-{day}").parse().unwrap()).collect();
        let (place, count) = match place.strip_suffix('+') {
            Some(place) => (place, Count::UkWorkingDays),
            None => (place, Count::Eu1182_71),
        };
        places.insert(place);
        let ours = off(&vocabulary, place, year.parse().unwrap(), count);
        let (lacking, added): (Vec<_>, Vec<_>) =
            (known.difference(&ours).collect(), ours.difference(&known).collect());
        assert!(
            lacking.is_empty() && added.is_empty(),
            "{place} {year}: lacking {lacking:?}, too many {added:?}"
        );
    }
    let invented = |code: &str| vocabulary.places()[code].invented;
    let unknown: Vec<&str> =
        vocabulary.places().keys().map(|code| code.as_str()).filter(|code| !places.contains(code)).collect();
    assert!(unknown.iter().all(|code| invented(code)), "no list to check {unknown:?} against");
}

#[test]
fn the_law_of_an_organisation_is_a_pack_that_is_there() {
    let mut library = Library::open(shipped()).unwrap();
    let places = library.vocabulary().places().clone();
    for (code, place) in places {
        let named = place.organisation.as_ref().and_then(|organisation| organisation.law.clone());
        let own = library.own_law(&code).unwrap();
        assert_eq!(own.is_some(), named.is_some() || library.dir(&code.as_str().parse().unwrap()).is_some());
        assert_eq!(
            named.is_some(),
            named.zip(own).is_some_and(|(slug, law)| law.pack().slug == slug),
            "{code}"
        );
    }
}

#[test]
fn calendars_do_not_end_with_the_lists() {
    let vocabulary = Vocabulary::load(shipped()).unwrap();
    for (code, place) in vocabulary.places() {
        let works = |day: &str| place.calendar.is_working_day(day.parse().unwrap(), Count::Eu1182_71);
        // Christmas Day of 2040 is a Tuesday; where people work on it, they do so each year.
        assert_eq!(works("2040-12-25").unwrap(), works("2029-12-25").unwrap(), "{code}");
        assert!(works("2050-12-30").is_ok(), "{code}");
        assert_eq!(works("2201-06-10").is_ok(), place.invented, "{code}: nobody can know");
    }
}

#[test]
fn a_plain_list_speaks_for_the_years_that_it_lists() {
    // As calendars were before holidays were rules, and as they lie in the folders of gateways.
    let path = "vocabulary/calendars/XA.toml";
    let with = |years: &str, more: &str| {
        let mut files = fixtures();
        let text = String::from_utf8(files.0[path].clone()).unwrap();
        let text = text.replace("first_year = 2020\nlast_year = 2035\n", years) + more;
        files.0.insert(path.into(), text.into_bytes());
        Vocabulary::load(&files).map_err(|error| error.to_string())
    };
    let listed = with("", "").unwrap();
    let works = |day: &str| listed.places()["XA"].calendar.is_working_day(day.parse().unwrap(), Count::Plain);
    assert_eq!((works("2026-11-04"), works("2026-11-05")), (Ok(false), Ok(true)));
    assert!(works("2027-11-04").is_err() && works("2025-11-04").is_err());
    let rule = "\n[[yearly]]\nname = \"Day of the Grove\"\non = \"11-04\"\n";
    assert!(with("", rule).unwrap_err().contains("`first_year` and `last_year` are missing"));
    assert!(with("first_year = 2020\n", rule).unwrap_err().contains("go together"));
    let wrong = rule.replace("11-04", "the fourth");
    assert!(
        with("first_year = 2020\nlast_year = 2035\n", &wrong).unwrap_err().contains("`the fourth` is no day")
    );
}
