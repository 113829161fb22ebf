//! `comity import kev` and `comity import veris`, as an operator runs them: into a file, into a pipe, and with what is bad.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn comity(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.args(arguments).current_dir(folder).env_remove("COMITY_DIR").env_remove("COMITY_KEYS");
    command.output().expect("comity runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn catalogue() -> Value {
    json!({
        "catalogVersion": "1", "dateReleased": "2026-11-01T10:00:00Z", "count": 1, "vulnerabilities": [{
            "cveID": "CVE-2026-10001", "vendorProject": "Harbour", "product": "Gate", "vulnerabilityName": "Traversal",
            "dateAdded": "2026-10-20", "shortDescription": "Files are read.", "requiredAction": "Update.",
            "dueDate": "2026-11-10", "knownRansomwareCampaignUse": "Unknown", "extra": 1,
        }],
    })
}

fn incident(id: &str) -> Value {
    json!({
        "incident_id": id, "security_incident": "Confirmed", "schema_version": "1.4.1", "summary": "A letter.",
        "timeline": { "incident": { "year": 2026 } },
        "action": { "social": { "variety": ["Phishing"], "vector": ["Email"], "target": ["Finance"] } },
        "actor": { "unknown": {} }, "asset": { "assets": [{ "variety": "P - Finance" }], "cloud": ["NA"] },
        "discovery_method": { "unknown": true },
    })
}

#[test]
fn a_catalogue_becomes_a_bundle_that_an_agreement_lets_through() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kev.json"), catalogue().to_string()).expect("a file");
    let output = comity(folder.path(), &["import", "kev", "kev.json", "--output", "bundle.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(output.stdout.is_empty());
    let told = "not carried: /vulnerabilities/0/extra: is no property that its format has there";
    assert!(said(&output).contains(told), "{}", said(&output));

    let arguments = "minimise bundle.json --under first-tlp-2.0 --from EE --to FI --activity threat_intel --purpose cyber_defence --assume-in-force --report report.json";
    let output = comity(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
    let report: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).expect("a report"))
            .expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{report}: {}", said(&output));
    assert_eq!(report["objects"]["withheld"], 0, "{report}");
    // A marking says who may see it, and no time: whoever would give it away hears that now.
    assert!(said(&output).contains("no_retention_rule"), "{}", said(&output));
    let out: Value = serde_json::from_slice(&output.stdout).expect("a bundle");
    assert!(out.to_string().contains("CVE-2026-10001"));
}

#[test]
fn several_incidents_become_one_report_with_what_was_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut second = incident("2");
    second["attribute"] = json!({ "integrity": { "variety": ["Painted over"] } });
    std::fs::write(folder.path().join("1.json"), incident("1").to_string()).expect("a file");
    std::fs::write(folder.path().join("2.json"), json!([second]).to_string()).expect("a file");
    let output = comity(folder.path(), &["import", "veris", "1.json", "2.json", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["incidents"], &report["bundle"]["type"]), (&json!(2), &json!("bundle")));
    assert_eq!(
        report["left"],
        json!([{
            "path": "/0/attribute/integrity/variety/0", "count": 1, "reason": "is no word that its format has there",
        }])
    );
}

#[test]
fn what_is_bad_is_refused_with_its_file_and_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = incident("1");
    wrong["action"]["social"].as_object_mut().expect("an object").remove("target");
    wrong["timeline"]["incident"]["month"] = json!(0);
    let mut late = catalogue();
    late["vulnerabilities"][0]["dueDate"] = json!("later");
    for (name, document, format, told) in [
        (
            "wrong.json",
            wrong.to_string(),
            "veris",
            "wrong.json: /timeline/incident/month is out of range; /action/social/target is missing",
        ),
        (
            "late.json",
            late.to_string(),
            "kev",
            "late.json: /vulnerabilities/0/dueDate is no day (YYYY-MM-DD)",
        ),
        ("event.json", "{\"Event\":{}}".to_owned(), "veris", "event.json: no VERIS incident"),
        ("event.json", "{\"Event\":{}}".to_owned(), "kev", "event.json: no KEV catalogue"),
        ("cut.json", "{\"a\":".to_owned(), "kev", "cut.json: line 1, column 5: not JSON"),
    ] {
        std::fs::write(folder.path().join(name), document).expect("a file");
        let output = comity(folder.path(), &["import", format, name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(output.stdout.is_empty() && said(&output).contains(told), "{told}: {}", said(&output));
    }
    let output = comity(folder.path(), &["import", "veris", "absent.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("absent.json"), "{}", said(&output));
}
