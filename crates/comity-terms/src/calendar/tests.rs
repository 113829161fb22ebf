use super::*;
use proptest::prelude::*;

const WEEKEND: [Weekday; 2] = [Weekday::Saturday, Weekday::Sunday];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar(zone: &str, holidays: &[&str]) -> Calendar {
    listing(zone, holidays.iter().map(|day| day.parse().unwrap()))
}

/// A calendar of the years to 2100 that lists these days.
fn listing(zone: &str, days: impl IntoIterator<Item = Date>) -> Calendar {
    let listed = days.into_iter().map(|day| (day, None)).collect();
    Calendar::new(zone, WEEKEND, &Holidays { years: Some(1950..=2100), listed, ..Default::default() })
        .unwrap()
}

fn ends(start: &str, period: &str, count: Count, calendar: &Calendar) -> (String, String) {
    let due = due(at(start), &period.parse().unwrap(), count, calendar).unwrap();
    assert_eq!(due.time_rule, count.time_rule());
    (due.operational.to_string(), due.legal_latest.to_string())
}

#[track_caller]
fn check(start: &str, period: &str, count: &str, place: (&str, &[&str]), operational: &str, legal: &str) {
    let ends = ends(start, period, count.parse().unwrap(), &calendar(place.0, place.1));
    assert_eq!(
        ends,
        (operational.to_owned(), legal.to_owned()),
        "{period} from {start} by {count} in {place:?}"
    );
}

const DUBLIN: (&str, &[&str]) = ("Europe/Dublin", &["2026-10-26", "2026-12-25"]);
const HELSINKI: (&str, &[&str]) = ("Europe/Helsinki", &["2026-12-06", "2026-12-25", "2027-01-01"]);
const LONDON: (&str, &[&str]) = ("Europe/London", &["2026-12-25", "2026-12-28"]);
const EU: &str = "eu-1182-71";
const UK: &str = "uk-working-days";

#[test]
fn worked_cases() {
    let event = "2026-11-02T09:20:00Z"; // a Monday
    check(event, "24 hours", EU, DUBLIN, "2026-11-03T09:20:00Z", "2026-11-03T10:00:00Z");
    check(event, "72 hours", EU, DUBLIN, "2026-11-05T09:20:00Z", "2026-11-05T10:00:00Z");
    check(event, "72 hours", EU, HELSINKI, "2026-11-05T09:20:00Z", "2026-11-05T10:00:00Z");
    check(event, "8 hours", EU, DUBLIN, "2026-11-02T17:20:00Z", "2026-11-02T18:00:00Z");
    check(event, "10 days", EU, DUBLIN, "2026-11-12T09:20:00Z", "2026-11-13T00:00:00Z");
    check(event, "10 days", EU, HELSINKI, "2026-11-12T09:20:00Z", "2026-11-12T22:00:00Z");
    check(event, "8 hours", "plain", DUBLIN, "2026-11-02T17:20:00Z", "2026-11-02T17:20:00Z");
    check(event, "30 days", "plain", DUBLIN, "2026-12-02T09:20:00Z", "2026-12-02T09:20:00Z");
    check(event, "45 days", "plain", DUBLIN, "2026-12-17T09:20:00Z", "2026-12-17T09:20:00Z");
    check(event, "90 days", "plain", DUBLIN, "2027-01-31T09:20:00Z", "2027-01-31T09:20:00Z");
    // A review of an urgent warrant that was issued on a Friday at 22:00.
    check(
        "2026-11-06T22:00:00Z",
        "3 working days",
        UK,
        LONDON,
        "2026-11-11T22:00:00Z",
        "2026-11-12T00:00:00Z",
    );
}

#[test]
fn art_3_1_the_hour_of_the_event_is_not_counted_even_when_it_has_just_begun() {
    check("2026-11-02T09:00:00Z", "1 hour", EU, DUBLIN, "2026-11-02T10:00:00Z", "2026-11-02T11:00:00Z");
    check(
        "2026-11-02T09:59:59.999Z",
        "1 hour",
        EU,
        DUBLIN,
        "2026-11-02T10:59:59.999Z",
        "2026-11-02T11:00:00Z",
    );
    // The hour of the place: in Kolkata it begins half an hour apart from ours.
    check(
        "2026-11-02T09:20:00Z",
        "1 hour",
        EU,
        ("Asia/Kolkata", &[]),
        "2026-11-02T10:20:00Z",
        "2026-11-02T10:30:00Z",
    );
    // Before 1970 too.
    check("1969-12-31T23:20:00Z", "1 hour", EU, ("UTC", &[]), "1970-01-01T00:20:00Z", "1970-01-01T01:00:00Z");
}

#[test]
fn art_3_3_hours_run_through_weekends_and_holidays() {
    check("2026-12-24T12:30:00Z", "72 hours", EU, DUBLIN, "2026-12-27T12:30:00Z", "2026-12-27T13:00:00Z");
}

#[test]
fn art_3_2_the_day_of_the_event_is_the_place_s_day() {
    // 23:30 UTC is already Tuesday in Helsinki.
    check("2026-11-02T23:30:00Z", "1 day", EU, HELSINKI, "2026-11-03T23:30:00Z", "2026-11-04T22:00:00Z");
    check("2026-11-02T23:30:00Z", "1 day", EU, DUBLIN, "2026-11-03T23:30:00Z", "2026-11-04T00:00:00Z");
}

#[test]
fn art_3_2_c_weeks_months_and_years_end_on_the_same_weekday_or_date() {
    check("2026-11-02T09:20:00Z", "1 week", EU, DUBLIN, "2026-11-09T09:20:00Z", "2026-11-10T00:00:00Z");
    check("2026-11-02T09:20:00Z", "1 month", EU, DUBLIN, "2026-12-02T09:20:00Z", "2026-12-03T00:00:00Z");
    check("2026-08-31T09:20:00Z", "6 months", EU, DUBLIN, "2027-02-28T09:20:00Z", "2027-03-02T00:00:00Z"); // a Sunday
    check("2027-08-31T09:20:00Z", "6 months", EU, DUBLIN, "2028-02-29T09:20:00Z", "2028-03-01T00:00:00Z"); // a leap year
    check("2028-02-29T09:20:00Z", "1 year", EU, DUBLIN, "2029-02-28T09:20:00Z", "2029-03-01T00:00:00Z");
    check("2028-02-29T09:20:00Z", "5 years", "plain", DUBLIN, "2033-02-28T09:20:00Z", "2033-02-28T09:20:00Z");
}

#[test]
fn art_3_4_a_last_day_off_moves_the_end_to_the_next_working_day() {
    check("2026-11-02T09:20:00Z", "5 days", EU, DUBLIN, "2026-11-07T09:20:00Z", "2026-11-10T00:00:00Z");
    // Friday 25 December is a holiday, Saturday and Sunday follow.
    check("2026-12-15T09:20:00Z", "10 days", EU, DUBLIN, "2026-12-25T09:20:00Z", "2026-12-29T00:00:00Z");
}

#[test]
fn art_3_5_two_days_or_more_hold_two_working_days() {
    // From Friday: Saturday and Sunday, moved to Monday, is one working day; Tuesday is the second.
    check("2026-11-06T09:20:00Z", "2 days", EU, DUBLIN, "2026-11-08T09:20:00Z", "2026-11-11T00:00:00Z");
    check("2026-11-06T09:20:00Z", "4 days", EU, DUBLIN, "2026-11-10T09:20:00Z", "2026-11-11T00:00:00Z");
    // One day is not two: Saturday, moved to Monday.
    check("2026-11-06T09:20:00Z", "1 day", EU, DUBLIN, "2026-11-07T09:20:00Z", "2026-11-10T00:00:00Z");
    check("2026-11-06T09:20:00Z", "48 hours", EU, DUBLIN, "2026-11-08T09:20:00Z", "2026-11-08T10:00:00Z");
}

#[test]
fn working_days_skip_weekends_and_holidays() {
    check(
        "2026-12-23T09:20:00Z",
        "3 working days",
        EU,
        DUBLIN,
        "2026-12-29T09:20:00Z",
        "2026-12-30T00:00:00Z",
    );
    check(
        "2026-12-23T09:20:00Z",
        "3 working days",
        UK,
        LONDON,
        "2026-12-30T09:20:00Z",
        "2026-12-31T00:00:00Z",
    );
    check(
        "2026-11-07T09:20:00Z",
        "1 working day",
        "plain",
        DUBLIN,
        "2026-11-09T09:20:00Z",
        "2026-11-09T09:20:00Z",
    );
}

#[test]
fn summer_time_moves_the_legal_end_with_the_clock_of_the_place() {
    // In Dublin clocks go back on 25 October 2026 and forward on 28 March 2027.
    check("2026-10-23T09:20:00Z", "5 days", EU, DUBLIN, "2026-10-28T09:20:00Z", "2026-10-29T00:00:00Z");
    check("2026-10-20T09:20:00Z", "3 days", EU, DUBLIN, "2026-10-23T09:20:00Z", "2026-10-23T23:00:00Z");
    // The event falls in an hour that the clock shows twice; 48 hours are 48 hours.
    check("2026-10-25T00:20:00Z", "48 hours", EU, DUBLIN, "2026-10-27T00:20:00Z", "2026-10-27T01:00:00Z");
    // Plain arithmetic would end half an hour into the next day of the place: the alarm rings before.
    check("2027-03-25T23:30:00Z", "4 days", EU, DUBLIN, "2027-03-29T23:00:00Z", "2027-03-29T23:00:00Z");
    // In Beirut midnight itself is skipped: Saturday 28 March 2026 ends when the clock shows 01:00.
    check(
        "2026-03-24T09:20:00Z",
        "4 days",
        EU,
        ("Asia/Beirut", &[]),
        "2026-03-28T09:20:00Z",
        "2026-03-30T21:00:00Z",
    );
}

#[test]
fn a_weekend_is_data() {
    let friday =
        Calendar::new("Asia/Riyadh", [Weekday::Friday, Weekday::Saturday], &Holidays::default()).unwrap();
    // Thursday 5 November 2026: the day after is off there, Sunday works.
    let ends = ends("2026-11-05T09:20:00Z", "1 day", Count::Eu1182_71, &friday);
    assert_eq!(ends.1, "2026-11-08T21:00:00Z");
}

#[test]
fn the_last_day_is_the_one_that_the_end_closes_or_falls_in() {
    let dublin = calendar(DUBLIN.0, DUBLIN.1);
    let last = |start: &str, period: &str, count| {
        let due = due(at(start), &period.parse().unwrap(), count, &dublin).unwrap();
        dublin.last_day(due.legal_latest).to_string()
    };
    assert_eq!(last("2026-11-09T09:00:00Z", "60 days", Count::Eu1182_71), "2027-01-08");
    assert_eq!(last("2026-11-02T09:20:00Z", "7 days", Count::Plain), "2026-11-09");
    assert_eq!(last("2026-11-06T22:00:00Z", "3 working days", Count::UkWorkingDays), "2026-11-11");
}

#[test]
fn what_cannot_be_counted_is_an_error() {
    let utc = Calendar::new("UTC", WEEKEND, &Holidays::default()).unwrap();
    let error = |start: &str, period: &str, count| {
        due(at(start), &period.parse().unwrap(), count, &utc).unwrap_err().to_string()
    };
    assert_eq!(
        error("2026-11-02T09:20:00Z", "10 days", Count::UkWorkingDays),
        "10 days cannot be counted by uk-working-days"
    );
    for count in [Count::Plain, Count::Eu1182_71] {
        for unit in ["hours", "days", "working days", "weeks", "months", "years"] {
            let period = format!("10000 {unit}");
            assert_eq!(
                error("9999-12-30T12:00:00Z", &period, count),
                format!("{period} end after the year 9999")
            );
        }
    }
    // The last day can be written, its end cannot.
    assert_eq!(error("9999-12-29T12:00:00Z", "2 days", Count::Eu1182_71), "2 days end after the year 9999");
    assert_eq!(
        Calendar::new("Europe/Atlantis", WEEKEND, &Holidays::default()),
        Err(CalendarError::Zone("Europe/Atlantis".into()))
    );
    let every_day = Weekday::Monday.cycle_forward().take(7);
    assert_eq!(Calendar::new("UTC", every_day, &Holidays::default()), Err(CalendarError::Weekend));
}

#[test]
fn periods_read_and_print_as_law_states_them() {
    for text in [
        "24 hours",
        "1 hour",
        "10 days",
        "3 working days",
        "1 working day",
        "2 weeks",
        "1 month",
        "6 months",
        "5 years",
    ] {
        assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
    }
    assert_eq!("1 months".parse::<Period>().unwrap().to_string(), "1 month");
    assert_eq!("10 day".parse::<Period>().unwrap().to_string(), "10 days");
    for text in [
        "", "days", "ten days", " 10 days", "10  days", "10 days ", "10 dayss", "-1 days", "+1 days",
        "1.5 days", "10 Days", "10d",
    ] {
        assert_eq!(text.parse::<Period>(), Err(CalendarError::Period(text.into())), "`{text}`");
    }
    for number in ["0", "10001", "99999999999999999999"] {
        assert_eq!(format!("{number} days").parse::<Period>(), Err(CalendarError::Number(number.into())));
    }
    for count in Count::ALL {
        assert_eq!(count.as_str().parse(), Ok(count));
    }
    assert_eq!("calendar".parse::<Count>(), Err(CalendarError::Count("calendar".into())));
}

#[test]
fn a_holiday_may_be_heeded_by_one_counting_rule_alone() {
    let only = Some(Count::UkWorkingDays);
    let listed = vec![("2026-11-30".parse().unwrap(), only)];
    let holidays = Holidays { years: Some(2026..=2026), listed, ..Default::default() };
    let london = Calendar::new("Europe/London", WEEKEND, &holidays).unwrap();
    let last = |count| {
        let due =
            due(at("2026-11-27T10:00:00Z"), &"3 working days".parse().unwrap(), count, &london).unwrap();
        london.last_day(due.legal_latest).to_string()
    };
    assert_eq!(last(Count::UkWorkingDays), "2026-12-03");
    assert_eq!(last(Count::Eu1182_71), "2026-12-02");
}

#[test]
fn beyond_the_years_of_a_calendar_nothing_is_taken_for_a_working_day() {
    let holidays = Holidays { years: Some(2025..=2027), ..Default::default() };
    let vienna = Calendar::new("Europe/Vienna", WEEKEND, &holidays).unwrap();
    let ends = |start: &str, period: &str, count| due(at(start), &period.parse().unwrap(), count, &vienna);
    let error = ends("2027-12-27T09:20:00Z", "5 days", Count::Eu1182_71).unwrap_err().to_string();
    // 1 January 2028 is a Saturday; whether people work on Monday the 3rd decides.
    assert_eq!(
        error,
        "whether 2028-01-03 is a working day is not known: the calendar is for the years 2025 to 2027"
    );
    for count in [Count::Eu1182_71, Count::UkWorkingDays, Count::Plain] {
        ends("2024-12-30T09:20:00Z", "1 working day", count).unwrap_err();
        ends("2027-12-30T09:20:00Z", "1 working day", count).unwrap();
    }
    // Where holidays do not matter, neither do the years.
    ends("2031-12-27T09:20:00Z", "72 hours", Count::Eu1182_71).unwrap();
    ends("2031-12-27T09:20:00Z", "5 days", Count::Plain).unwrap();
}

/// The regulation once more, as slowly as it reads: days and hours are walked one by one.
mod slow {
    use super::*;

    fn works(calendar: &Calendar, day: Date) -> bool {
        calendar.is_working_day(day, Count::Eu1182_71).unwrap()
    }

    pub(super) fn eu(start: Timestamp, period: &Period, calendar: &Calendar) -> Timestamp {
        let show = |at: Timestamp| calendar.zone.to_datetime(at);
        let day = |at: Timestamp| show(at).date();
        // The next quarter of an hour, the finest step at which any zone in use turns an hour.
        let step =
            |at: Timestamp| Timestamp::from_second((at.as_second().div_euclid(900) + 1) * 900).unwrap();
        let mut now = start;
        if period.unit() == Unit::Hours {
            // Out of the hour of the event, then through as many hours of sixty minutes.
            while now == start || show(now).minute() != 0 {
                now = step(now);
            }
            for _ in 0..4 * period.number() {
                now = step(now);
            }
            return now;
        }
        let event = day(start);
        let (mut days, mut working) = (0, 0);
        let mut expired = false;
        loop {
            // Through one more day, from its first quarter of an hour to its last.
            let today = day(now);
            while day(now) == today {
                now = step(now);
            }
            if today == event {
                continue;
            }
            days += 1;
            working += u32::from(works(calendar, today));
            let months =
                i32::from(today.year() - event.year()) * 12 + i32::from(today.month() - event.month());
            let same_date = today.day() == event.day()
                || (today.day() < event.day() && today.day() == today.days_in_month());
            let number = period.number();
            expired |= match period.unit() {
                Unit::Hours => unreachable!("returned above"),
                Unit::Days => days == number,
                Unit::WorkingDays => working == number,
                Unit::Weeks => days == 7 * number,
                Unit::Months => same_date && months == i32::try_from(number).unwrap(),
                Unit::Years => same_date && months == 12 * i32::try_from(number).unwrap(),
            };
            let least =
                if days >= 2 && !matches!((number, period.unit()), (1, Unit::Days | Unit::WorkingDays)) {
                    2
                } else {
                    1
                };
            if expired && works(calendar, today) && working >= least {
                return now;
            }
        }
    }
}

fn place() -> impl Strategy<Value = Calendar> {
    let zones = [
        "Europe/Dublin",
        "Europe/Tallinn",
        "Europe/Lisbon",
        "Asia/Kolkata",
        "America/New_York",
        "Pacific/Auckland",
    ];
    let holidays = proptest::collection::btree_set(0_i64..500, 0..60);
    (0..zones.len(), holidays).prop_map(move |(zone, holidays)| {
        let first = jiff::civil::date(2026, 1, 1);
        let holidays = holidays.into_iter().map(|n| first.checked_add(n.days()).unwrap());
        listing(zones[zone], holidays)
    })
}

fn start() -> impl Strategy<Value = Timestamp> {
    // From 2026 on, 400 days, to the second.
    (0_i64..400 * 86_400).prop_map(|s| Timestamp::from_second(1_767_225_600 + s).unwrap())
}

fn period() -> impl Strategy<Value = Period> {
    prop_oneof![
        (1_u32..100).prop_map(|n| Period::new(n, Unit::Hours).unwrap()),
        (1_u32..40).prop_map(|n| Period::new(n, Unit::Days).unwrap()),
        (1_u32..12).prop_map(|n| Period::new(n, Unit::WorkingDays).unwrap()),
        (1_u32..6).prop_map(|n| Period::new(n, Unit::Weeks).unwrap()),
        (1_u32..5).prop_map(|n| Period::new(n, Unit::Months).unwrap()),
        Just(Period::new(1, Unit::Years).unwrap()),
    ]
}

proptest! {
    #[test]
    fn the_arithmetic_agrees_with_counting_hour_by_hour_and_day_by_day(
        start in start(), period in period(), calendar in place(),
    ) {
        let due = due(start, &period, Count::Eu1182_71, &calendar).unwrap();
        prop_assert_eq!(due.legal_latest, slow::eu(start, &period, &calendar));
    }

    #[test]
    fn no_alarm_rings_after_the_end_or_before_the_event(
        start in start(), period in period(), calendar in place(),
    ) {
        for count in Count::ALL.into_iter().filter(|count| count.counts(period.unit())) {
            let due = due(start, &period, count, &calendar).unwrap();
            prop_assert!(start < due.operational, "{count}");
            prop_assert!(due.operational <= due.legal_latest, "{count}");
        }
    }

    #[test]
    fn a_longer_period_or_a_later_event_never_ends_sooner(
        start in start(), period in period(), calendar in place(), later in 0_i64..200_000,
    ) {
        let ends = |start, period: &Period| due(start, period, Count::Eu1182_71, &calendar).unwrap().legal_latest;
        let longer = Period::new(period.number() + 1, period.unit()).unwrap();
        prop_assert!(ends(start, &period) <= ends(start, &longer));
        let then = start.checked_add(later.seconds()).unwrap();
        prop_assert!(ends(start, &period) <= ends(then, &period));
    }

    #[test]
    fn one_more_holiday_never_makes_a_period_shorter(
        start in start(), period in period(), calendar in place(), day in 0_i64..500,
    ) {
        let mut stricter = calendar.clone();
        stricter.days.all.insert(jiff::civil::date(2026, 1, 1).checked_add(day.days()).unwrap());
        let ends = |calendar| due(start, &period, Count::Eu1182_71, calendar).unwrap().legal_latest;
        prop_assert!(ends(&calendar) <= ends(&stricter));
    }

    #[test]
    fn every_period_prints_as_it_reads(number in 1_u32..=Period::NUMBER_MAX, unit in 0_usize..6) {
        let period = Period::new(number, Unit::ALL[unit]).unwrap();
        prop_assert_eq!(period.to_string().parse(), Ok(period));
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".*") {
        let _ = text.parse::<Period>();
        let _ = text.parse::<Count>();
    }
}
