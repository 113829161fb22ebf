use super::*;
use proptest::prelude::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn on(text: &str, year: i16) -> String {
    text.parse::<On>().unwrap().in_year(year).unwrap().to_string()
}

#[test]
fn days_of_the_year_read_as_calendars_write_them() {
    assert_eq!(on("12-25", 2026), "2026-12-25");
    assert_eq!(on("easter - 2", 2026), "2026-04-03");
    assert_eq!(on("easter + 50", 2026), "2026-05-25");
    assert_eq!(on("orthodox easter + 1", 2026), "2026-04-13");
    assert_eq!(on("first monday of may", 2026), "2026-05-04");
    assert_eq!(on("fourth thursday of november", 2026), "2026-11-26");
    assert_eq!(on("last monday of may", 2026), "2026-05-25");
    assert_eq!(on("last monday of december", 2027), "2027-12-27");
    assert_eq!(on("monday on or before 05-24", 2027), "2027-05-24");
    assert_eq!(on("monday on or before 05-24", 2026), "2026-05-18");
    assert_eq!(on("saturday on or after 10-31", 2026), "2026-10-31");
    assert_eq!(on("thursday on or after 04-19", 2026), "2026-04-23");
    assert_eq!("02-29".parse::<On>().unwrap().in_year(2027), None);
    for text in [
        "",
        "25-12",
        "12-32",
        "1-1",
        "easter-2",
        "easter - 0",
        "easter - 101",
        "easter + two",
        "fifth monday of may",
        "first mon of may",
        "first monday of maius",
        "monday after 05-24",
        "12-25 ",
        "monday on or after",
    ] {
        assert_eq!(text.parse::<On>(), Err(CalendarError::Yearly(text.into())), "`{text}`");
    }
}

// Tables of the Astronomical Society and of the Church of Greece, as printed.
#[test]
fn easter_falls_where_printed_tables_have_it() {
    let tables = [
        (1961, "1961-04-02", "1961-04-09"),
        (2000, "2000-04-23", "2000-04-30"),
        (2008, "2008-03-23", "2008-04-27"),
        (2014, "2014-04-20", "2014-04-20"),
        (2024, "2024-03-31", "2024-05-05"),
        (2025, "2025-04-20", "2025-04-20"),
        (2026, "2026-04-05", "2026-04-12"),
        (2027, "2027-03-28", "2027-05-02"),
        (2028, "2028-04-16", "2028-04-16"),
        (2038, "2038-04-25", "2038-04-25"),
        (2076, "2076-04-19", "2076-04-26"),
    ];
    for (year, west, east) in tables {
        assert_eq!(on("easter", year), west);
        assert_eq!(on("orthodox easter", year), east);
    }
}

fn off(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn kept(rules: &[(&str, Option<InLieu>)], between: bool, year: i16) -> Vec<String> {
    let rule = |(text, in_lieu): &(&str, Option<InLieu>)| Yearly {
        on: text.parse().unwrap(),
        from: None,
        until: None,
        except: BTreeSet::new(),
        in_lieu: *in_lieu,
        only: None,
    };
    let holidays = Holidays {
        years: Some(year..=year),
        yearly: rules.iter().map(rule).collect(),
        between,
        ..Default::default()
    };
    let days = Days::of(&holidays, off).all.into_iter().filter(|day| day.year() == year && !off(*day));
    days.map(|day| day.to_string()).collect()
}

#[test]
fn days_in_lieu_are_the_next_that_are_free() {
    let british = [("12-25", Some(InLieu::Next)), ("12-26", Some(InLieu::Next))];
    assert_eq!(kept(&british, false, 2026), ["2026-12-25", "2026-12-28"]);
    assert_eq!(kept(&british, false, 2027), ["2027-12-27", "2027-12-28"]);
    // A Sunday and a Monday: 26 December is a holiday already.
    assert_eq!(kept(&british, false, 2022), ["2022-12-26", "2022-12-27"]);
    let federal = [("01-01", Some(InLieu::Nearest)), ("07-04", Some(InLieu::Nearest))];
    // 1 January 2028 is a Saturday: it is kept on the last day of 2027.
    assert_eq!(kept(&federal, false, 2027), ["2027-01-01", "2027-07-05", "2027-12-31"]);
    assert_eq!(kept(&federal, false, 2028), ["2028-07-04"]);
    let sundays =
        [("05-03", Some(InLieu::NextOfSunday)), ("05-04", Some(InLieu::NextOfSunday)), ("05-05", None)];
    assert_eq!(kept(&sundays, false, 2026), ["2026-05-04", "2026-05-05", "2026-05-06"]);
    assert_eq!(kept(&sundays, false, 2025), ["2025-05-05", "2025-05-06"]);
    let autumn = [("third monday of september", None), ("09-23", None)];
    assert_eq!(kept(&autumn, true, 2026), ["2026-09-21", "2026-09-22", "2026-09-23"]);
}

#[test]
fn a_day_that_one_rule_heeds_gives_way_to_what_all_heed() {
    let rule = |text: &str, only| Yearly {
        on: text.parse().unwrap(),
        from: None,
        until: None,
        except: BTreeSet::new(),
        in_lieu: Some(InLieu::Next),
        only,
    };
    let yearly = vec![rule("01-01", None), rule("01-02", Some(Count::UkWorkingDays))];
    let days = Days::of(&Holidays { years: Some(2022..=2024), yearly, ..Default::default() }, off);
    // 1 January 2023 was a Sunday: the 2nd stood in for it, and the 3rd for the 2nd.
    assert!(days.all.contains(&day("2023-01-02")) && !days.all.contains(&day("2023-01-03")));
    assert!(days.only[&Count::UkWorkingDays].contains(&day("2023-01-03")));
}

#[test]
fn years_and_exceptions_bound_a_rule() {
    let rule = Yearly {
        on: "06-19".parse().unwrap(),
        from: Some(2021),
        until: Some(2030),
        except: [2025].into(),
        in_lieu: None,
        only: None,
    };
    let holidays = Holidays { years: Some(2015..=2040), yearly: vec![rule], ..Default::default() };
    let years: Vec<i16> = Days::of(&holidays, off).all.iter().map(|day| day.year()).collect();
    assert_eq!(years, [2021, 2022, 2023, 2024, 2026, 2027, 2028, 2029, 2030]);
}

#[test]
fn holidays_say_for_which_years_they_are() {
    let sound = |holidays: &Holidays| holidays.sound().map_err(|error| error.to_string());
    let listed = vec![(day("2026-12-25"), None)];
    let with = |years| Holidays { years, listed: listed.clone(), ..Default::default() };
    assert!(sound(&with(None)).unwrap_err().contains("`first_year` and `last_year` are missing"));
    assert_eq!(
        sound(&with(Some(2027..=2028))).unwrap_err(),
        "2026-12-25 is listed, and the calendar is for 2027 to 2028"
    );
    assert_eq!(
        sound(&with(Some(RangeInclusive::new(2028, 2027)))).unwrap_err(),
        "2028 to 2027 are no years from 1900 to 2199"
    );
    assert_eq!(sound(&with(Some(2026..=2300))).unwrap_err(), "2026 to 2300 are no years from 1900 to 2199");
    assert_eq!(sound(&with(Some(2026..=2026))), Ok(()));
    assert_eq!(sound(&Holidays::default()), Ok(()));
}

proptest! {
    /// Weekdays, walked one by one.
    #[test]
    fn a_weekday_near_a_date_is_the_nearest(year in YEARS_MAX, weekday in 0_usize..7, month in 1_i8..=12, of in 1_i8..=28) {
        let (weekday, first) = (WEEKDAYS[weekday].1, Date::new(year, month, of).unwrap());
        let mut walk = first;
        while walk.weekday() != weekday {
            walk = walk.tomorrow().unwrap();
        }
        prop_assert_eq!(On::OnOrAfter(weekday, month, of).in_year(year), Some(walk));
        let mut walk = first;
        while walk.weekday() != weekday {
            walk = walk.yesterday().unwrap();
        }
        prop_assert_eq!(On::OnOrBefore(weekday, month, of).in_year(year), Some(walk));
        let mut walk = first.last_of_month();
        while walk.weekday() != weekday {
            walk = walk.yesterday().unwrap();
        }
        prop_assert_eq!(On::Last(weekday, month).in_year(year), Some(walk));
    }

    #[test]
    fn no_text_breaks_the_reader_of_days(text in ".*") {
        let _ = text.parse::<On>();
    }
}
