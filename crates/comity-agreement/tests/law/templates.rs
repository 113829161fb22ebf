//! What templates and derived facts can say of time and text, on the law of the Grove with a few lines more.

use crate::common::{fixtures, instant, law_set};
use comity_agreement::{LawFiles, try_case};
use serde_json::{Value as Json, json};

/// The fixtures with `text` at the end of a file.
fn with(files: &mut LawFiles, path: &str, text: &str) {
    files.0.get_mut(path).unwrap().extend(text.bytes());
}

/// What is owed for an incident that XA shares with XB, known at `aware_at`.
fn owed(files: &LawFiles, at: &str, aware_at: Option<&str>) -> Vec<Json> {
    let mut library = comity_agreement::Library::open(files).unwrap();
    let mut facts =
        json!({ "training_valid": true, "activity": "incident_response", "data_category": "indicator" });
    if let Some(aware_at) = aware_at {
        facts["aware_at"] = aware_at.into();
    }
    let case = json!({
        "id": "T", "instrument": "grove", "sending": "XA", "receiving": "XB", "action": "share", "at": at, "facts": facts,
    });
    let answer = try_case::try_case(&mut library, &case);
    assert_eq!(answer.get("error"), None, "{answer}");
    answer["obligations"].as_array().unwrap().clone()
}

#[test]
fn a_hold_waits_for_the_last_lawful_instant_and_names_its_zone() {
    let mut files = fixtures();
    with(
        &mut files,
        "agreements/grove/obligations.toml",
        r#"
[[obligation]]
rule   = "grove.warning"
type   = "notify_subject"
starts = { first = [{ fact = "aware_at" }, { fact = "at" }] }
period = "10 days"
[obligation.terms]
not_before_unless_cleared = { end_of = { starts = { first = [{ fact = "aware_at" }, { fact = "at" }] }, period = "10 days" } }
time_zone = { fact = "zone" }
to        = { text = [{ fact = "sending" }, " enforcing authority"] }
from      = { text = [{ fact = "case_number" }, " of the court"] }
"#,
    );
    let hold = |at, aware_at| {
        let owed = owed(&files, at, aware_at);
        owed.into_iter().find(|duty| duty.get("time_zone").is_some()).unwrap()
    };
    // Ten days from a Thursday end on a Sunday, and lawfully with the Monday after it, in the zone of XA.
    let held = hold("2026-11-02T09:20:00Z", Some("2026-11-05T09:20:00Z"));
    assert_eq!(held["due_operational"], "2026-11-15T09:20:00Z");
    assert_eq!(held["not_before_unless_cleared"], held["due_legal_latest"]);
    let end = instant(held["due_legal_latest"].as_str().unwrap());
    assert!(end > instant("2026-11-16T12:00:00Z"), "{end}");
    assert_eq!(held["to"], "XA enforcing authority");
    assert_eq!(held.get("from"), None, "a text with a part that is absent is absent");
    // Where the first is absent the second counts.
    assert_eq!(hold("2026-11-02T09:20:00Z", None)["due_operational"], "2026-11-12T09:20:00Z");
}

#[test]
fn an_empty_or_mixed_choice_is_found_at_load() {
    for (line, finding) in [
        ("starts = { first = [] }", "`first` of nothing"),
        ("starts = { first = [{ fact = \"aware_at\" }, \"soon\"] }", "expected instant"),
        (
            "due = { fact = \"aware_at\" }\nvalue = { text = [{ fact = \"affected\" }] }",
            "expected a text or a number",
        ),
    ] {
        let mut files = fixtures();
        let template =
            format!("\n[[obligation]]\nrule = \"grove.warning\"\ntype = \"notify_subject\"\n{line}\n");
        with(&mut files, "agreements/grove/obligations.toml", &template);
        let mut library = comity_agreement::Library::open(&files).unwrap();
        let error = library.law(&"grove".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains(finding), "{error}");
    }
}

#[test]
fn in_time_is_counted_by_the_rule_of_law_in_the_zone_of_a_party() {
    let mut files = fixtures();
    with(
        &mut files,
        "vocabulary/facts.toml",
        "\n[told_in_time]\nsummary = \"Told within two hours\"\ntype = \"bool\"\n\
         derived = { op = \"within\", a = \"aware_at\", b = \"at\", period = \"2 hours\", count = \"eu-1182-71\", zone = \"sending\" }\n",
    );
    with(
        &mut files,
        "agreements/grove/obligations.cedar",
        "\n@id(\"grove.in-time\") @article(\"Art. 6\") @summary(\"In time\") @enforce(\"observe_only\") @reason(\"remark\")\n\
         permit (principal, action == Action::\"share\", resource)\nwhen { context has told_in_time && context.told_in_time };\n",
    );
    let laws = law_set(&files, "grove", &[]);
    assert!(laws.vocabulary.fact("told_in_time").is_some());
    let in_time = |at: &str| {
        let mut library = comity_agreement::Library::open(&files).unwrap();
        let case = json!({
            "id": "T", "instrument": "grove", "sending": "XA", "receiving": "XB", "action": "share", "at": at,
            "facts": { "training_valid": true, "activity": "threat_intel", "aware_at": "2026-11-02T09:20:00Z" },
        });
        let answer = try_case::try_case(&mut library, &case);
        answer["reasons"].as_array().unwrap().contains(&"remark".into())
    };
    // The hour of the event is not counted: two hours from 09:20 end with the hour that ends at 12:00.
    assert!(in_time("2026-11-02T12:00:00Z"));
    assert!(!in_time("2026-11-02T12:00:01Z"));
}
