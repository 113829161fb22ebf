//! Worked cases that cannot be asked: each is named, and the others are answered.

use comity_agreement::{Library, shipped, try_case};
use serde_json::{Value as Json, json};

fn answer(change: impl Fn(&mut Json)) -> Json {
    let mut case = json!({
        "id": "C", "instrument": "first-tlp-2.0", "sending": "EE", "receiving": "FI", "action": "share",
        "at": "2026-11-02T09:20:00Z", "setup": {},
        "facts": { "training_valid": true, "activity": "threat_intel", "marking": "TLP:GREEN" },
    });
    change(&mut case);
    let mut library = Library::open(shipped()).unwrap();
    try_case::try_line(&mut library, &case.to_string())
}

#[track_caller]
fn named(change: impl Fn(&mut Json), what: &str) {
    let answer = answer(change);
    assert_eq!(answer["id"], "C");
    assert!(answer["outcome"].is_null(), "{answer}");
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains(what), "`{error}` does not say `{what}`");
}

#[test]
fn a_key_of_setup_that_nobody_heeds_is_named() {
    assert_eq!(answer(|_| ())["outcome"], "permit");
    named(
        |case| case["setup"]["nationl"] = true.into(),
        "`setup`: no key `nationl` is known (did you mean `national`?)",
    );
    for known in ["ratifications_on_file", "time_rule"] {
        assert_eq!(answer(|case| case["setup"][known] = 3.into())["outcome"], "permit", "{known}");
    }
}

#[test]
fn a_word_for_activity_or_purpose_that_no_list_has_is_named() {
    named(
        |case| case["facts"]["activity"] = "threat_intell".into(),
        "`threat_intell` is none (did you mean `threat_intel`?)",
    );
    named(
        |case| case["facts"]["activity"] = "gardening".into(),
        "fact `activity`: expected one of threat_intel",
    );
    named(|case| case["facts"]["purpose"] = "gardening".into(), "fact `purpose`: expected one of");
    named(|case| case["facts"]["purpose"] = "gardening".into(), "`gardening` is none");
}

#[test]
fn a_year_before_our_era_is_no_instant() {
    for wrong in ["-002026-11-02T09:20:00Z", "-000001-01-01T00:00:00Z", "+002026-11-02T09:20:00Z"] {
        named(|case| case["at"] = wrong.into(), "`at`: expected an instant such as");
        named(
            |case| case["setup"]["knowledge_time"] = wrong.into(),
            "`setup.knowledge_time`: expected an instant",
        );
        named(
            |case| case["facts"]["aware_at"] = wrong.into(),
            "fact `aware_at`: expected an instant such as",
        );
    }
    assert_eq!(answer(|case| case["at"] = "2026-11-02T10:20:00+01:00".into())["outcome"], "permit");
}
