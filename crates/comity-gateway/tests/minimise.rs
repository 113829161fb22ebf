//! `comity minimise` on what cannot be used, as its user runs it: whoever gives it something bad is told what, where,
//! and why, whatever else is good in it.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A run of the command on `file`, and its report.
fn minimised(file: &Path, more: &[&str]) -> (Output, Value) {
    let room = tempfile::tempdir().unwrap();
    let report = room.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_comity"))
        .arg("minimise")
        .arg(file)
        .args(["--under", "eu-nis2-2022-2555", "--from", "EE", "--to", "FI", "--activity", "threat_intel"])
        .args(["--purpose", "cyber_defence", "--report"])
        .arg(&report)
        .args(more)
        .output()
        .unwrap();
    let report = std::fs::read(report).map(|bytes| serde_json::from_slice(&bytes).unwrap());
    (output, report.unwrap_or_default())
}

/// The same on a bundle of these objects.
fn given(objects: &[Value]) -> (Output, Value) {
    let mut bundle = json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009"});
    if !objects.is_empty() {
        bundle["objects"] = objects.into();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bundle.to_string()).unwrap();
    minimised(file.path(), &[])
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn malware(number: usize) -> Value {
    json!({"type": "malware", "spec_version": "2.1", "id": format!("malware--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "name": "Loader", "is_family": true})
}

/// Every file under the shared folder of bad data; none where it is not here.
fn bad_files() -> Vec<PathBuf> {
    comity_beside::shared_files("data/bad").unwrap_or_default()
}

#[test]
fn whoever_gives_something_bad_is_told_what_is() {
    let files = bad_files();
    if files.is_empty() {
        eprintln!("skipped: the shared bad data is not here");
        return;
    }
    for file in files {
        let (output, report) = minimised(&file, &[]);
        let (name, said) = (file.display(), said(&output));
        let reasons = report["reasons"].as_array().unwrap_or_else(|| panic!("{name}: no report: {said}"));
        let counts = |key: &str| report["objects"][key].as_u64().unwrap();
        assert_eq!(counts("in"), counts("kept") + counts("changed") + counts("withheld"), "{name}");
        match output.status.code() {
            Some(0) => assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "{name}"),
            Some(1) => {
                assert!(output.stdout.is_empty(), "{name}");
                assert!(!reasons.is_empty(), "{name}: refused for no reason");
                let last = said.trim_end().lines().last().unwrap();
                let (outcome, why) = last.split_once(": ").unwrap_or_else(|| panic!("{name}: {last}"));
                assert!(outcome == report["outcome"] && !why.is_empty(), "{name}: {last}");
            }
            Some(2) => {
                assert!(output.stdout.is_empty(), "{name}");
                assert_eq!(
                    (&report["outcome"], reasons),
                    (&"deny".into(), &vec!["not_read".into()]),
                    "{name}"
                );
                let file = file.file_name().unwrap().to_str().unwrap();
                assert!(said.contains("error: ") && said.contains(file), "{name}: {said}");
            }
            other => panic!("{name}: {other:?}: {said}"),
        }
        let unread = report["rejected"].as_array().unwrap().len();
        assert_eq!(
            said.lines().filter(|line| line.starts_with("not read: ")).count(),
            unread.min(101),
            "{name}"
        );
        let whole = report["withholdings"].as_array().unwrap().iter();
        let whole = whole.filter(|w| w["ground"].as_str().unwrap().starts_with("not read: ")).count();
        assert_eq!(whole, unread, "{name}: each is a withholding");
    }
}

#[test]
fn one_bad_object_among_a_thousand_is_named_and_the_others_are_printed() {
    let mut objects: Vec<Value> = (0..1_000).map(malware).collect();
    objects[500]["created"] = "yesterday".into();
    let (output, report) = given(&objects);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["objects"].as_array().unwrap().len(),
        999
    );
    let id = objects[500]["id"].as_str().unwrap();
    assert!(said.contains(&format!("not read: object 500 ({id}) at `created`: not an instant")), "{said}");
    assert!(said.contains("stays home: not_read"), "{said}");
    assert_eq!(report["objects"], json!({"in": 1000, "kept": 999, "changed": 0, "withheld": 1}));
    let [withheld] = &report["withholdings"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!((&withheld["object"], &withheld["path"]), (&id.into(), &"".into()));
    assert_eq!(withheld["treatment"], "withhold_object");
    assert_eq!((&report["outcome"], &report["reasons"]), (&"permit".into(), &json!(["not_read"])));
}

#[test]
fn where_nothing_reads_the_input_is_bad() {
    let mut bad = malware(1);
    bad["is_family"] = "perhaps".into();
    let (output, report) = given(&[bad.clone(), json!(7)]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    assert!(
        said.contains("at `is_family`: not true or false") && said.contains("object 1 (no id)"),
        "{said}"
    );
    assert_eq!((&report["outcome"], &report["reasons"]), (&"deny".into(), &json!(["not_read"])));
    // Of something good and something bad, of which nothing is left, both are said.
    let unlisted = json!({"type": "x-notes", "spec_version": "2.1", "id": "x-notes--00000000-0000-4000-8000-000000000001",
        "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z"});
    let (output, report) = given(&[bad, unlisted]);
    assert_eq!((output.status.code(), report["outcome"].as_str()), (Some(1), Some("deny")));
    let reasons = report["reasons"].as_array().unwrap();
    assert!(reasons.contains(&"not_read".into()) && reasons.len() > 1, "{reasons:?}");
}

#[test]
fn the_least_of_nothing_is_nothing() {
    let (output, report) = given(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&printed["type"], printed.get("objects")),
        (&"bundle".into(), None),
        "a list in STIX is never empty"
    );
    assert_eq!(said(&output), "stays home: nothing_given\n");
    assert_eq!((&report["outcome"], &report["reasons"]), (&"permit".into(), &json!(["nothing_given"])));
}

#[test]
fn a_marking_that_nobody_knows_is_named() {
    let mut object = malware(1);
    let marking = "marking-definition--00000000-0000-4000-8000-00000000abcd";
    object["object_marking_refs"] = json!([marking]);
    let (output, report) = given(&[object]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let reasons = report["reasons"].as_array().unwrap();
    assert!(reasons.contains(&"marking_red".into()), "the strictest is assumed: {reasons:?}");
    assert!(said.contains(&format!("marking_unknown:{marking}")), "{said}");
    assert!(report["withholdings"][0]["ground"].as_str().unwrap().contains(marking), "{report}");
}

#[test]
fn a_declaration_that_would_lower_what_is_found_is_named() {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bundles/phishing-campaign.json");
    let (output, _) = minimised(&bundle, &["--fact", "personal_data=false"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = said(&output);
    assert!(said.contains("fact_lowered:personal_data: false was declared, true was found"), "{said}");
    let (output, _) = minimised(&bundle, &["--fact", "personal_data=true"]);
    assert_eq!(output.status.code(), Some(0), "a declaration may raise");
}

#[test]
fn a_directory_without_a_pack_is_told_from_a_name_that_is_none() {
    let room = tempfile::tempdir().unwrap();
    let told = |under: &Path| {
        let scope =
            ["--from", "EE", "--to", "FI", "--activity", "threat_intel", "--purpose", "cyber_defence"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
        let output = command.args(["minimise", "-", "--under"]).arg(under).args(scope).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        said(&output)
    };
    assert!(told(room.path()).contains("the directory has no `pack.toml`"), "{}", told(room.path()));
    let nowhere = room.path().join("nowhere");
    assert!(told(&nowhere).contains("neither shipped nor a directory"), "{}", told(&nowhere));
    let typed = told(Path::new("eu-nis2-2022-255"));
    assert!(typed.contains("(did you mean `eu-nis2-2022-2555`?)"), "{typed}");
}

/// What an exchange policy, or a word of the Permissible Actions Protocol, says of a bundle is asked of the law that knows such
/// policies: nobody has to say it again as a fact.
#[test]
fn an_exchange_policy_in_a_marking_is_asked_of_the_law() {
    let direct = "planned_action=externally-visible-direct-actions";
    for (definition, fact, reason) in [
        (json!({"iep": {"end_date": "2020-01-01"}}), None, Some("iep_expired")),
        (json!({"iep": {"end_date": "when it is over"}}), None, Some("iep_expired")),
        (json!({"iep": {"start_date": "2199-01-01T00:00:00Z"}}), None, Some("iep_not_begun")),
        (json!({"iep": {"permitted_actions": "none"}}), Some(direct), Some("iep_permitted_actions")),
        (json!({"statement": "PAP:RED"}), Some(direct), Some("iep_permitted_actions")),
        (json!({"statement": "PAP:AMBER"}), Some(direct), Some("iep_permitted_actions")),
        (json!({"statement": "PAP:GREEN"}), Some(direct), None),
        (json!({"iep": {"start_date": "2020-01-01", "end_date": "2199-01-01"}}), None, None),
    ] {
        let id = "marking-definition--00000000-0000-4000-8000-000000000007";
        let marking = json!({"type": "marking-definition", "spec_version": "2.1", "id": id,
            "created": "2026-01-01T00:00:00Z", "definition_type": "statement", "definition": definition});
        let mut marked = malware(1);
        marked["object_marking_refs"] = json!([id]);
        let bundle = json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009",
            "objects": [marking, marked]});
        let room = tempfile::tempdir().unwrap();
        let (file, report) = (room.path().join("bundle.json"), room.path().join("report.json"));
        std::fs::write(&file, bundle.to_string()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_comity"))
            .arg("minimise")
            .arg(&file)
            .args([
                "--under",
                "eu-nis2-2022-2555",
                "--from",
                "EE",
                "--to",
                "FI",
                "--activity",
                "threat_intel",
            ])
            .args(["--purpose", "cyber_defence", "--report"])
            .arg(&report)
            .args(fact.iter().flat_map(|fact| ["--fact", fact]))
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        let refused = reason.is_some();
        assert_eq!(output.status.code(), Some(i32::from(refused)), "{definition}: {}", said(&output));
        let reasons: Vec<&str> =
            report["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(reasons, reason.into_iter().collect::<Vec<_>>(), "{definition}");
    }
}
