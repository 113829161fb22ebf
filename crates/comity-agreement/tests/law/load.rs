//! Law that must not load, each with the line that a lawyer opens. One change to the invented states' law each.

use crate::common::fixtures;
use comity_agreement::{Finding, LawFiles, Level, Library, lint};

/// What is found in `slug` when `old` is written `new` in `path`.
fn changed(path: &str, old: &str, new: &str, slug: &str) -> Vec<Finding> {
    let mut files = fixtures();
    let text = String::from_utf8(files.0[path].clone()).unwrap();
    assert!(text.contains(old), "{path} has no `{old}`");
    files.0.insert(path.into(), text.replacen(old, new, 1).into_bytes());
    found(&files, slug)
}

fn found(files: &LawFiles, slug: &str) -> Vec<Finding> {
    match Library::open(files) {
        Err(error) => error.0,
        Ok(mut library) => lint::check(&mut library, &slug.parse().unwrap()),
    }
}

#[track_caller]
fn refused(path: &str, old: &str, new: &str, line: usize, says: &str) {
    let findings = changed(path, old, new, "grove");
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Error).collect();
    assert!(
        errors.iter().any(|found| found.file == path && found.line == line && found.text.contains(says)),
        "no error on line {line} says `{says}`: {errors:#?}"
    );
}

/// The errors that a change makes.
fn errors(path: &str, old: &str, new: &str) -> Vec<Finding> {
    let findings = changed(path, old, new, "grove");
    findings.into_iter().filter(|finding| finding.level == Level::Error).collect()
}

const FORBIDS: &str = "agreements/grove/forbids.cedar";
const PERMITS: &str = "agreements/grove/permits.cedar";
const PACK: &str = "agreements/grove/pack.toml";
const OWED: &str = "agreements/grove/obligations.toml";
const FACTS: &str = "vocabulary/facts.toml";

#[test]
fn the_fixtures_load() {
    for slug in ["grove", "seal", "XA", "XB"] {
        let errors: Vec<_> =
            found(&fixtures(), slug).into_iter().filter(|found| found.level == Level::Error).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_misspelt_attribute_is_an_error_even_where_only_has_names_it() {
    refused(
        FORBIDS,
        "context has training_valid &&",
        "context has trainng_valid &&",
        3,
        "did you mean `training_valid`?",
    );
    refused(
        FORBIDS,
        "!context.training_valid",
        "!context.trainingvalid",
        3,
        "did you mean `training_valid`?",
    );
    refused(
        PERMITS,
        ".contains(context.activity) }",
        ".contains(context.activity) } unless { context has trainng_valid }",
        3,
        "no fact `trainng_valid`",
    );
}

#[test]
fn an_attribute_of_another_action_is_an_error() {
    refused(
        FORBIDS,
        "context has grant_over && context.grant_over",
        "context has visits && context.visits > 3",
        12,
        "not there for the action",
    );
}

#[test]
fn what_could_error_or_reach_past_scope_is_an_error() {
    refused(
        FORBIDS,
        "context has grant_over && context.grant_over",
        "context has days && context.days + 1 > 3",
        10,
        "overflow",
    );
    refused(
        FORBIDS,
        "context has training_valid && !context.training_valid",
        "!context.training_valid",
        3,
        "training_valid",
    );
    refused(
        PERMITS,
        "context has activity &&",
        "context has personal_data && context.personal_data && context has activity &&",
        3,
        "scope only",
    );
}

#[test]
fn annotations_are_needed_and_known() {
    refused(FORBIDS, "@article(\"Art. 2\") ", "", 1, "`@article` is missing");
    refused(FORBIDS, " @reason(\"training_not_valid\")", "", 1, "`@reason` is missing");
    refused(FORBIDS, "training_not_valid", "trainng_not_valid", 1, "did you mean `training_not_valid`?");
    refused(
        FORBIDS,
        "@escalate_to(\"reviewer\")",
        "@escalate_to(\"reviwer\")",
        5,
        "did you mean `reviewer`?",
    );
    refused(FORBIDS, "@enforce(\"suppress\")", "@enforce(\"surpress\")", 1, "`@enforce`");
    refused(FORBIDS, "@id(\"grove.grant\")", "@id(\"grove.training\")", 10, "is there twice");
    refused(FORBIDS, "@summary", "@sumary", 1, "did you mean `summary`?");
}

#[test]
fn an_unknown_word_of_a_list_is_an_error() {
    refused(PERMITS, "Activity::\"threat_intel\"", "Activity::\"thread_intel\"", 3, "thread_intel");
    refused(PERMITS, "Action::\"share\"", "Action::\"shear\"", 2, "did you mean `share`?");
    refused(PACK, "\"cyber_defence\"", "\"cyber_defense\"", 8, "not in the vocabulary");
}

#[test]
fn an_agreement_that_does_not_say_what_it_covers_is_an_error() {
    for key in ["activities", "purposes", "data_categories", "recipients", "supervision"] {
        refused(PACK, &format!("\n{key}"), &format!("\n#{key}"), 1, &format!("`{key}` is missing"));
    }
}

#[test]
fn keys_are_known_and_typed() {
    refused(PACK, "supervision ", "supervison ", 1, "`supervision` is missing");
    let says = "`title` is missing, and no key `titel` is known here (did you mean `title`?)";
    refused(PACK, "title ", "titel ", 3, says);
    refused(
        PACK,
        "kind      = \"party-set\"\ncertainty = \"design\"",
        "kind = \"party-set\"\ncertainty = \"sure\"",
        24,
        "`sure` is no mark of certainty",
    );
    let findings = changed(PACK, "\"30 days\"", "\"30 dies\"", "grove");
    assert!(findings[0].text.contains("[parameter.retention]: `30 dies` is not a period"), "{findings:#?}");
    refused(PACK, "[treatments]", "[tretments]", 28, "did you mean `treatments`?");
    refused(OWED, "type     = \"delete_by\"", "type     = \"delete_at\"", 3, "did you mean `delete_by`?");
    refused(OWED, "{ fact = \"days\" }", "{ fact = \"activity\" }", 6, "expected number");
    refused(OWED, "starts = \"aware_at\"", "starts = \"personal_data\"", 15, "datetime");
    refused(OWED, "when =", "wen =", 19, "did you mean `when`?");
    refused(OWED, "parameter = \"retention\"", "parameter = \"retension\"", 6, "did you mean `retention`?");
}

#[test]
fn a_declaration_is_known_to_the_pack_and_to_the_vocabulary() {
    refused(FORBIDS, "Declaration::\"2(a)\"", "Declaration::\"2(b)\"", 14, "`[[declaration]]` of pack.toml");
    refused(FORBIDS, "Declaration::\"2(a)\"", "Declaration::\"2(c)\"", 16, "2(c)");
    refused(PACK, "name    = \"2(a)\"", "name    = \"2(c)\"", 36, "not in the list `declaration`");
}

#[test]
fn an_agreement_without_a_deletion_rule_for_a_category_does_not_activate() {
    let rule = "context has personal_data && context.personal_data";
    let narrower = "context has data_category && context.data_category == DataCategory::\"content_data\"";
    let path = "agreements/grove/obligations.cedar";
    let findings = errors(path, rule, narrower);
    assert!(findings[0].text.contains("no rule says when `indicator` is deleted"), "{findings:#?}");
    assert_eq!(findings.len(), 1, "{findings:#?}");
}

#[test]
fn a_deletion_rule_that_waits_for_a_fact_ends_nothing_for_certain() {
    let path = "agreements/grove/obligations.cedar";
    let rest = "unless { context has personal_data && context.personal_data }";
    let dated = "when { context has court_order && context.court_order }";
    let findings = errors(path, rest, dated);
    let said: Vec<_> = findings.iter().map(|found| found.text.as_str()).collect();
    let of = |category| {
        format!(
            "no rule says when `{category}` is deleted that was given by `share` and is not about a person: the agreement does not activate"
        )
    };
    assert_eq!(said, [of("content_data"), of("indicator")]);
    // One that says when only where a fact says it is none either.
    let own = "starts = \"at\"\nperiod = \"365 days\"";
    let findings = errors(OWED, own, "due = { fact = \"first_delete_by\" }");
    assert_eq!(findings.len(), 2, "{findings:#?}");
}

#[test]
fn an_article_is_answered_for_by_a_rule_or_by_a_note() {
    let articles = "\"Art. 1\", \"Art. 2\", \"Art. 3\", \"Art. 5\", \"Art. 6\", \"Art. 7\", \"Art. 8\"";
    let covers = format!("citation  = \"Grove 2024/1\"\ncovers = [{articles}, \"Art. 11\"]");
    let findings = changed(PACK, "citation  = \"Grove 2024/1\"", &covers, "grove");
    let says = |text: &str| findings.iter().filter(|found| found.text.contains(text)).count();
    assert_eq!(says("`Art. 11` has neither a rule nor"), 1, "{findings:#?}");
    assert_eq!(says("which `covers` does not list"), 2, "the two rules of Art. 9: {findings:#?}");
    assert_eq!(says("has neither a rule nor"), 1, "{findings:#?}");
}

#[test]
fn contradictory_dates_are_an_error() {
    refused(PACK, "until   = \"2026-12-31\"", "until   = \"2023-12-31\"", 13, "lies before `from`");
    refused(
        PACK,
        "from      = 2027-06-01",
        "from      = 2027-06-01\nuntil = 2027-05-31",
        40,
        "lies before `from`",
    );
    // Two rows of one day that say different things of one party.
    refused(
        PACK,
        "known_from = \"2027-02-01\"",
        "",
        18,
        "from 2024-01-01 it is `in_force` until 2027-12-31 for XA, and by a row before this `in_force` until 2026-12-31",
    );
    // A last day is one in force, and a lapse follows a last day.
    refused(
        PACK,
        "state   = \"in_force\"",
        "state   = \"suspended\"",
        13,
        "`until` is the last day in force",
    );
    let mut files = fixtures();
    let text = String::from_utf8(files.0["agreements/seal/pack.toml"].clone()).unwrap();
    let lapse = "[lapse]\nescalate_to = \"reviewer\"\narticle = \"Seal 9\"\n";
    files.0.insert("agreements/seal/pack.toml".into(), format!("{text}{lapse}").into_bytes());
    let findings = found(&files, "seal");
    assert!(findings[0].text.contains("no `[[status]]` has one") && findings[0].line == 11, "{findings:#?}");
}

#[test]
fn a_word_that_a_list_does_not_have_is_other_in_a_case_and_an_error_in_a_packs_own() {
    let case = r#"{"id": "O", "instrument": "grove", "sending": "XA", "receiving": "XB", "action": "share",
        "at": "2026-11-02T09:20:00Z", "facts": {"vulnerable": ["hermit", "child"], "activity": "threat_intel"}}"#;
    let mut files = fixtures();
    let lists = String::from_utf8(files.0["vocabulary/enums.toml"].clone()).unwrap();
    let ask = |files: &LawFiles| {
        let mut library = Library::open(files).unwrap();
        comity_agreement::try_case::try_line(&mut library, case)
    };
    assert!(ask(&files)["error"].as_str().unwrap().contains("`vulnerable`"), "no word to read it as");
    files.0.insert(
        "vocabulary/enums.toml".into(),
        lists.replace("\"child\"", "\"child\", \"other\"").into_bytes(),
    );
    let answer = ask(&files);
    assert_eq!((&answer["outcome"], &answer["read_as_other"][0]), (&"escalate".into(), &"vulnerable".into()));
    files.0.insert("agreements/grove/scenarios.jsonl".into(), case.replace('\n', "").into_bytes());
    let findings = found(&files, "grove");
    let told = findings.iter().find(|finding| finding.file == "agreements/grove/scenarios.jsonl").unwrap();
    assert_eq!((told.level, told.line), (Level::Error, 1));
    assert!(told.text.contains("`vulnerable` holds a word that its list does not have"));
}

#[test]
fn a_case_of_a_pack_that_comes_out_otherwise_is_an_error_on_its_line() {
    let path = "agreements/grove/scenarios.jsonl";
    let case = |id: &str, expected: &str| {
        format!(
            r#"{{"id": "{id}", "instrument": "grove", "sending": "XA", "receiving": "XB", "action": "share", "at": "2026-11-02T09:20:00Z", "facts": {{"vulnerable": ["child"], "activity": "threat_intel", "personal_data": true}}, "expected": {expected}}}"#
        )
    };
    let of_cases = |lines: &[String]| {
        let mut files = fixtures();
        files.0.insert(path.into(), lines.join("\n").into_bytes());
        let mut found = found(&files, "grove");
        found.retain(|finding| finding.file == path);
        found
    };
    let right = case("R", r#"{"outcome": "escalate", "reasons": ["child_check"]}"#);
    assert_eq!(of_cases(std::slice::from_ref(&right)), []);
    let twice = of_cases(&[right.clone(), right.clone()]);
    assert_eq!((twice.len(), twice[0].line), (1, 2));
    assert!(twice[0].text.contains(r#"two cases are called "R""#));
    let outcome = case("O", r#"{"outcome": "permit"}"#);
    let reason = case("N", r#"{"outcome": "escalate", "reasons": ["training_not_valid"]}"#);
    let absent = case("A", r#"{"outcome": "escalate", "absent": ["child_check"]}"#);
    let other = case(
        "D",
        r#"{"outcome": "escalate", "absent": [{"type": "delete_by", "due_operational": "2027-11-02T09:20:00Z"}]}"#,
    );
    let duty = case("E", r#"{"outcome": "escalate", "absent": [{"type": "delete_by"}]}"#);
    let findings = of_cases(&[right, outcome, reason, absent, other, duty]);
    let told: Vec<_> = findings.iter().map(|finding| (finding.level, finding.line)).collect();
    let wrong = [2, 3, 4, 6].map(|line| (Level::Error, line));
    assert_eq!(told, wrong, "{findings:#?}");
    assert!(
        findings[0]
            .text
            .contains(r#"the case "O" comes out otherwise than it says: "escalate" for "permit""#)
    );
}

#[test]
fn what_a_hostile_partner_might_send_is_named_and_refused() {
    refused(PERMITS, "principal", "principal == ?principal", 1, "slot");
    refused(PERMITS, "principal", "principal in Party::\"XA\"", 1, "`==`");
    refused(PERMITS, "permit (", "{\"effect\": \"permit\"} permit (", 2, "unexpected token");
    refused(PACK, "slug      = \"grove\"", "slug      = \"grove", 1, "string");
    let mut files = fixtures();
    files.0.insert("agreements/grove/policies.json".into(), b"[]".to_vec());
    let findings = found(&files, "grove");
    assert_eq!(findings[0].file, "agreements/grove/policies.json", "{findings:#?}");
    assert!(findings[0].text.contains("a pack has no such file"), "{findings:#?}");
    let mut files = fixtures();
    files.0.insert(FORBIDS.into(), vec![b' '; 10 << 20]);
    let findings = found(&files, "grove");
    assert!(findings[0].text.contains("weighs 10485760 bytes"), "{findings:#?}");
    assert_eq!(findings[0].file, FORBIDS);
    let mut files = fixtures();
    files.0.insert(FORBIDS.into(), vec![0xff, 0xfe]);
    assert_eq!(found(&files, "grove")[0].text, "is not UTF-8");
}

#[test]
fn packs_that_include_each_other_are_an_error() {
    let findings = changed("agreements/seal/pack.toml", "kind ", "include = [\"seal\"]\nkind ", "grove");
    assert!(findings[0].text.contains("includes itself"), "{findings:#?}");
    assert_eq!(findings[0].file, "agreements/seal/pack.toml");
}

#[test]
fn rules_and_templates_go_in_pairs() {
    refused(OWED, "rule = \"grove.quiet\"", "rule = \"grove.quit\"", 25, "did you mean `grove.quiet`?");
    // The last template alone owes for `grove.quiet`; another rule's type fits it as well.
    let last = "rule = \"grove.quiet\"\ntype = \"no_notification_needed\"";
    let findings = changed(OWED, last, "rule = \"grove.court\"\ntype = \"log_record\"", "grove");
    assert!(findings[0].text.contains("rule `grove.quiet` has no template"), "{findings:#?}");
    assert_eq!((findings[0].file.as_str(), findings[0].line), ("agreements/grove/obligations.cedar", 13));
}

#[test]
fn the_vocabulary_is_closed() {
    refused(FACTS, "of          = \"seal\"", "of          = \"seals\"", 24, "did you mean `seal`?");
    refused(FACTS, "a = \"affected\"", "a = \"afected\"", 99, "did you mean `affected`?");
    let seal = "actions = [\"share\"]\npack    = \"seal\"\n";
    for (more, says) in [
        ("is = \"x\"\n", "`beside`, which is missing"),
        ("beside = \"vulnerabel\"\n", "did you mean `vulnerable`?"),
        ("beside = \"vulnerable\"\nunless = \"days\"\n", "names a bool"),
    ] {
        let errors = changed(FACTS, seal, &format!("{seal}{more}"), "grove");
        assert!(errors.iter().any(|found| found.text.contains(says)), "{more}: {errors:#?}");
    }
    refused("vocabulary/reasons.toml", "[policy_error]", "[polcy_error]", 0, "`policy_error` is missing");
}

#[test]
fn the_digest_covers_words_and_includes_and_not_cases() {
    let digest =
        |files: &LawFiles| Library::open(files).unwrap().law(&"grove".parse().unwrap()).unwrap().digest();
    let before = digest(&fixtures());
    let after = |path: &str, old: &str, new: &str| {
        let mut files = fixtures();
        let text = String::from_utf8(files.0[path].clone()).unwrap();
        assert!(text.contains(old));
        files.0.insert(path.into(), text.replacen(old, new, 1).into_bytes());
        digest(&files)
    };
    assert_ne!(before, after(FORBIDS, "Only the trained", "Only trained people"));
    assert_ne!(before, after("agreements/seal/forbids.cedar", "Red does not", "Red never does"));
    assert_ne!(before, after(FACTS, "summary     = \"Training is valid\"", "summary     = \"It is valid\""));
    assert_ne!(
        before,
        after(FACTS, "When the grant ends", "The end"),
        "what a derived fact is worked out from"
    );
    assert_eq!(before, after(FACTS, "Only for use", "For use"), "a word that the pack does not use");
    let mut files = fixtures();
    files.0.insert("agreements/grove/scenarios.jsonl".into(), b"\n".to_vec());
    assert_eq!(before, digest(&files));
}

/// The findings for a file of the Grove with `text` at its end, on half the stack that a worker of the gateway has.
fn appended(path: &'static str, text: String) -> Vec<Finding> {
    let check = move || {
        let mut files = fixtures();
        files.0.entry(path.into()).or_default().extend(text.into_bytes());
        found(&files, "grove")
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(check).unwrap().join().unwrap()
}

fn rule_with(condition: &str) -> String {
    format!(
        "\n@id(\"grove.deep\") @article(\"Art. 1\") @summary(\"s\") @reason(\"training_not_valid\") @enforce(\"suppress\")\n\
         forbid (principal, action == Action::\"share\", resource)\nwhen {{ {condition} }};\n"
    )
}

type Deep = fn(usize) -> String;

/// A condition of `n` of the operator or bracket, each a step deeper for whoever reads it.
const DEEP: [(&str, Deep); 12] = [
    ("brackets", |n| format!("{}true{}", "(".repeat(n), ")".repeat(n))),
    ("not", |n| format!("{}context has activity{}", "!(".repeat(n), ")".repeat(n))),
    ("sets", |n| format!("{}1{} == [1]", "[".repeat(n), "]".repeat(n))),
    ("records", |n| format!("{}1{} == {{}}", "{a:".repeat(n), "}".repeat(n))),
    ("both", |n| format!("{}true{}", "(context has activity && ".repeat(n), ")".repeat(n))),
    ("and", |n| format!("{}true", "context has activity && ".repeat(n))),
    ("or", |n| format!("{}true", "context has activity || ".repeat(n))),
    ("else", |n| format!("{}true", "if context has activity then true else ".repeat(n))),
    ("then", |n| format!("{}true{}", "if context has activity then ".repeat(n), " else true".repeat(n))),
    ("members", |n| format!("context{} == 1", ".activity".repeat(n))),
    ("sums", |n| format!("1{} == 1", " + 1".repeat(n))),
    ("calls", |n| format!("context.activity{}1{}", ".contains(".repeat(n), ")".repeat(n))),
];

#[test]
fn a_rule_that_nests_too_deep_is_named_and_ends_nothing() {
    for (what, condition) in DEEP {
        for n in [200, 800, 20_000] {
            let findings = appended(FORBIDS, rule_with(&condition(n)));
            let says = |found: &Finding| {
                found.file == FORBIDS && found.line > 3 && found.text.contains("write several rules")
            };
            assert!(matches!(&findings[..], [one] if says(one)), "{what} {n}: {findings:?}");
        }
    }
}

#[test]
fn a_rule_just_within_the_bounds_is_read_on_a_small_stack() {
    for (what, condition) in DEEP {
        let deepest = (1..200).rev().map(condition).find(|condition| {
            let findings = appended(FORBIDS, rule_with(condition));
            !findings.iter().any(|found| found.text.contains("write several rules"))
        });
        assert!(deepest.is_some_and(|condition| condition.len() > 60), "{what}");
    }
    // Both bounds at once, and a list of thousands, which is no operator.
    let both =
        format!("{}{}true{}", "context has activity || ".repeat(31), "(true && ".repeat(29), ")".repeat(29));
    let words = vec!["Activity::\"threat_intel\""; 5_000].join(", ");
    let list = format!("context has activity && [{words}].contains(context.activity)");
    for condition in [both, list] {
        let findings = appended(FORBIDS, rule_with(&condition));
        assert!(findings.iter().all(|found| found.level == Level::Warning), "{findings:?}");
    }
}

#[test]
fn toml_and_cases_that_nest_too_deep_are_named_and_end_nothing() {
    for n in [100, 20_000] {
        for deep in [
            format!("\ndeep = {}1{}\n", "[".repeat(n), "]".repeat(n)),
            format!("\ndeep = {}1{}\n", "{ a = ".repeat(n), " }".repeat(n)),
        ] {
            let findings = appended(OWED, deep);
            assert!(findings.iter().any(|found| found.file == OWED && found.line > 0), "{findings:?}");
        }
        let case = format!("\n{}1{}\n", "[".repeat(n), "]".repeat(n));
        let findings = appended("agreements/grove/scenarios.jsonl", case);
        assert!(findings.iter().any(|found| found.level == Level::Error && found.line > 0), "{findings:?}");
    }
    // A key of many parts is a table within a table for each.
    let findings = appended(OWED, format!("\n[{}a]\nb = 1\n", "a.".repeat(20_000)));
    assert!(findings.iter().any(|found| found.file == OWED), "{findings:?}");
}

#[test]
fn a_file_of_too_many_rules_is_named_at_once() {
    let many = rule_with("true").repeat(2_100);
    let findings = appended(FORBIDS, many);
    assert!(matches!(&findings[..], [one] if one.text.contains("more than 2000 rules")), "{findings:?}");
}

#[test]
fn what_cedar_says_of_a_rule_names_it_by_its_id() {
    let findings = appended(FORBIDS, rule_with("context.activity == Activity::\"threat_intel\""));
    assert!(
        findings.iter().any(|found| found.text.starts_with("rule `grove.deep`, unable to guarantee")),
        "{findings:?}"
    );
}
