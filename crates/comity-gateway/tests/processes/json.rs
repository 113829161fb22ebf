//! Every command with `--json`: standard output is one document (or one a line, where its help says so), whatever comes of it; a
//! command that fails prints nothing there, and says why on standard error.
//!
//! The table is walked against the tree of commands: one that is added is in it, or is no command that prints.

use crate::place::comity;
use clap::CommandFactory as _;
use comity_gateway::cli::Cli;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// A command line, in which `{NAME}` stands for what an earlier one gave; what is on its standard input; what it gives: a
/// name and where that stands in its JSON.
type Line = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const MARI: &str = r#"{"identifiers":[{"kind":"email","value":"Mari.Kask@example.org"}]}"#;
const TO_MARI: &str = r#"{"name":"Mari Kask","mailbox":"38001010000","language":"et","audience":"person"}"#;

/// What prints no JSON, and why.
const NONE: [(&str, &str); 8] = [
    ("completions", "a script for a shell"),
    ("man", "writes files"),
    ("serve", "runs until it is told to stop"),
    ("notice approve", "nothing is proposed that an office approves under these laws"),
    ("law prove", "comity-prove, a programme of its own"),
    ("law compare", "the same"),
    ("law recognise", "the same"),
    ("law exchange", "the same"),
];

/// In this order, at the two gateways that `comity demo` leaves in `ee` and `fi`.
const LINES: &[Line] = &[
    ("demo --dir demo", "", &[("x", "/exchanges/0/exchange_id"), ("y", "/exchanges/1/exchange_id")]),
    ("init --dir xa --jurisdiction XA --authority A", "", &[]),
    (
        "officer add --dir {ee} --name ana --role analyst --training-until 2099-06-30 --password-stdin",
        "correct horse battery",
        &[],
    ),
    (
        "officer add --dir {ee} --name mari --role designated_reviewer --training-until 2099-06-30 --password-stdin",
        "correct horse battery",
        &[],
    ),
    (
        "officer add --dir {fi} --name bo --role analyst --training-until 2099-06-30 --password-stdin",
        "correct horse battery",
        &[],
    ),
    (
        "officer add --dir {fi} --name cy --role analyst --training-until 2099-06-30 --password-stdin",
        "correct horse battery",
        &[],
    ),
    ("officer delegate --dir {ee} --name mari --to ana --until 2099-01-01T00:00:00Z", "", &[]),
    ("token add --dir {ee} --officer ana --title t", "", &[("token", "/id")]),
    ("token list --dir {ee}", "", &[]),
    ("token end --dir {ee} {token}", "", &[]),
    (
        "webhook add http://127.0.0.1:9/hook --dir {ee} --officer ana --events exchange.*",
        "",
        &[("hook", "/id")],
    ),
    ("webhook list --dir {ee}", "", &[]),
    ("webhook resume --dir {ee} {hook}", "", &[]),
    ("webhook end --dir {ee} {hook}", "", &[]),
    ("identity --dir xa", "", &[]),
    ("peer add --dir {ee} --jurisdiction XA --url https://127.0.0.1:9 --identity xa.json", "", &[]),
    ("peer list --dir {ee}", "", &[]),
    ("peer remove XA --dir {ee} --reason instrument_suspended --officer ana", "", &[]),
    ("law adopt eu-led-2016-680 --dir {ee}", "", &[]),
    ("law try cases.jsonl", "", &[]),
    ("law check first-tlp-2.0", "", &[]),
    ("law show first-tlp-2.0", "", &[]),
    ("law diff first-tlp-2.0 first-tlp-2.0", "", &[]),
    (
        "law explain --under eu-nis2-2022-2555 --from EE --to FI --action share --fact activity=threat_intel --fact purpose=cyber_defence",
        "",
        &[],
    ),
    (
        "share bundle.json --dir {ee} --officer ana --under eu-nis2-2022-2555 --to FI --activity threat_intel --purpose cyber_defence",
        "",
        &[],
    ),
    (
        "share bundle.json --dir {ee} --officer ana --under eu-nis2-2022-2555 --to FI --activity threat_intel --purpose cyber_defence --dry-run",
        "",
        &[],
    ),
    (
        "share child.json --dir {ee} --officer ana --under eu-nis2-2022-2555 --to FI --activity threat_intel --purpose cyber_defence --fact vulnerable=[\"child\"]",
        "",
        &[("waits", "/exchange_id")],
    ),
    ("approvals --dir {ee}", "", &[]),
    (
        "approve {waits} --dir {ee} --officer mari --office designated_reviewer --refuse retention_over",
        "",
        &[],
    ),
    ("recall {x} --dir {ee} --officer ana --ground sent_in_error --dry-run", "", &[]),
    ("recall {x} --dir {ee} --officer ana --ground sent_in_error", "", &[]),
    ("recalls --dir {ee}", "", &[]),
    (
        "match - --dir {ee} --with FI --officer ana --under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence",
        "198.51.100.7\n",
        &[],
    ),
    ("taxii collections --dir {ee}", "", &[]),
    (
        "taxii add --dir {ee} --title t --under eu-nis2-2022-2555 --partner EE --activity threat_intel --purpose cyber_defence --officer ana",
        "",
        &[("collection", "/id")],
    ),
    (
        "taxii import bundle.json --dir {ee} --collection {collection} --officer ana --added-from 2026-01-01T00:00:00Z",
        "",
        &[],
    ),
    ("taxii end {collection} --dir {ee} --officer ana", "", &[]),
    ("log key --dir {ee}", "", &[("vkey", "/vkey")]),
    ("log receipt {x} --dir {ee}", "", &[]),
    ("key list --dir {ee}", "", &[]),
    ("key rotate transport --dir {ee}", "", &[]),
    ("key rotate officer --name ana --dir {ee}", "", &[]),
    ("backup --dir {ee} --to copy", "", &[]),
    ("restore --from copy --dir again", "", &[]),
    ("doctor --dir {ee}", "", &[]),
    (
        "subject access --dir {ee} --identifiers - --officer ana --identity-seen",
        MARI,
        &[("asked", "/number")],
    ),
    ("subject correct --dir {ee} --identifiers - --officer ana --identity-seen", MARI, &[]),
    ("subject erase --dir {ee} --identifiers - --officer ana --identity-seen", MARI, &[]),
    (
        "subject restrict --dir {ee} --identifiers - --officer ana --identity-seen",
        MARI,
        &[("restricted", "/number")],
    ),
    ("subject object --dir {ee} --identifiers - --officer ana --identity-seen", MARI, &[]),
    ("subject port --dir {ee} --identifiers - --officer ana --identity-seen", MARI, &[]),
    ("subject complain --dir {ee} --identifiers -", MARI, &[("number", "/number"), ("code", "/code")]),
    ("subject show {number} --dir {ee} --officer ana", "", &[]),
    ("subject status {number} --dir {ee}", "{code}", &[]),
    ("subject decide {number} --dir {ee} --officer ana --identity-seen", "", &[]),
    ("subject lift {restricted} --dir {ee} --officer ana", "", &[]),
    ("subject list --dir {ee} --all", "", &[]),
    (
        "subject opt-out file --dir {ee} --identifiers - --category health --until {later}",
        MARI,
        &[("opt", "/number"), ("optcode", "/code")],
    ),
    ("subject opt-out decide {opt} --dir {ee} --identifiers - --officer ana --identity-seen", MARI, &[]),
    ("subject opt-out status {opt} --dir {ee}", "{optcode}", &[]),
    ("subject opt-out withdraw {opt} --dir {ee}", "{optcode}", &[]),
    ("subject opt-out list --dir {ee}", "", &[]),
    ("mandate add mandate.json --dir {ee} --officer ana", "", &[("mandate", "/id")]),
    ("mandate list --dir {ee}", "", &[]),
    ("mandate end {mandate} --dir {ee} --officer ana", "", &[]),
    (
        "notice open --dir {ee} --to - --under eu-led-2016-680 --officer ana --fact activity=threat_intel --fact purpose=cyber_defence --fact data_category=traffic_data",
        TO_MARI,
        &[("notice", "/number")],
    ),
    ("notice address {notice} --dir {ee} --to - --officer ana", TO_MARI, &[]),
    (
        "notice defer {notice} --dir {ee} --ground obstruct_investigation --reason-file - --recheck {later} --officer ana",
        "A search.",
        &[],
    ),
    ("notice show {notice} --dir {ee}", "", &[]),
    ("notice approve {notice} --dir {ee} --office prosecutor --officer ana", "", &[]),
    ("notice close {notice} --dir {ee} --reason sent_in_error --officer ana", "", &[]),
    ("notice send {notice} --dir {ee} --officer ana", "", &[]),
    ("notice list --dir {ee} --all", "", &[]),
    ("vault show --dir {fi}", "", &[]),
    (
        "vault read --dir {fi} --officer bo --from EE --under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence --type indicator",
        "",
        &[("object", "/bundle/objects/0/id")],
    ),
    (
        "vault export --dir {fi} --officer bo --from EE --under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence --out taken.json",
        "",
        &[],
    ),
    (
        "vault approve {object} --dir {fi} --officer cy --for bo --until {later} --from EE --under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence",
        "",
        &[],
    ),
    (
        "vault unmask {object} --dir {fi} --officer bo --from EE --under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence",
        "",
        &[],
    ),
    (
        "vault view --dir {fi} --with EE --officer bo --under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence --object {object}",
        "",
        &[],
    ),
    (
        "hold place {y} --dir {fi} --officer bo --ground legal_claim --until {later} --reasons why.txt",
        "",
        &[("hold", "/hold_id")],
    ),
    ("hold list --dir {fi}", "", &[]),
    ("hold lift {hold} --dir {fi} --officer bo --reasons why.txt", "", &[]),
    ("vault review {y} --dir {fi} --officer bo --outcome still_needed --reasons why.txt", "", &[]),
    ("vault erase {y} --dir {fi} --officer bo --ground erasure_ordered", "", &[]),
    ("vault sweep --dir {fi}", "", &[]),
    (
        "minimise bundle.json --under eu-nis2-2022-2555 --from EE --to FI --activity threat_intel --purpose cyber_defence",
        "",
        &[],
    ),
    ("import misp event.json", "", &[]),
    ("import kev kev.json", "", &[]),
    ("import veris veris.json", "", &[]),
    ("export misp bundle.json", "", &[]),
    ("detect", "{\"id\":1,\"text\":\"Anna Tamm, anna.tamm@example.ee\"}\n", &[]),
    ("audit verify {ee}/log --key {vkey}", "", &[]),
    ("audit receipt receipt.txt --key {vkey}", "", &[]),
    ("audit replay --dir {ee}", "", &[]),
    ("audit obligations --dir {ee}", "", &[]),
    ("audit requests --dir {ee}", "", &[]),
    ("audit deletion --dir {ee}", "", &[]),
    ("audit uses {x} --dir {fi}", "", &[]),
    ("audit corrected {asked} --dir {ee}", "", &[]),
    ("officer revoke --dir {ee} --name ana", "", &[]),
    ("log succeed --dir {ee}", "", &[]),
];

/// The path of every command that does something.
fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    if !command.has_subcommands() && path != "help" {
        found.insert(path.to_owned());
    }
    for one in command.get_subcommands() {
        leaves(one, format!("{path} {}", one.get_name()).trim(), found);
    }
}

/// What a line prints on standard output, and its status.
fn run(room: &Path, line: &str, stdin: &str) -> (i32, String, String) {
    let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
    let mut command = comity(&words);
    command.current_dir(room).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // One that reads nothing may be gone by then.
    let _ = process.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = process.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn files(room: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = |from: &str, to: &str| {
        std::fs::copy(root.join(from), room.join(to)).unwrap_or_else(|error| panic!("{from}: {error}"))
    };
    copy("examples/bundles/phishing-campaign.json", "bundle.json");
    copy("examples/bundles/ransomware-c2.json", "child.json");
    copy("examples/mandates/incident-response.json", "mandate.json");
    let write = |name: &str, text: &str| std::fs::write(room.join(name), text).unwrap();
    write("why.txt", "A claim is pending.");
    let case = comity_agreement::shipped().0["agreements/first-tlp-2.0/scenarios.jsonl"].clone();
    let case = String::from_utf8(case).unwrap();
    write("cases.jsonl", case.lines().next().unwrap());
    write(
        "event.json",
        r#"{"Event":{"info":"Loader","date":"2026-01-02","Attribute":[{"type":"domain","value":"c2.example","to_ids":true}]}}"#,
    );
    write(
        "kev.json",
        r#"{"title":"CISA Catalog","catalogVersion":"2026.01.02","dateReleased":"2026-01-02T00:00:00.000Z","count":1,"vulnerabilities":[{"cveID":"CVE-2026-0001","vendorProject":"V","product":"P","vulnerabilityName":"N","dateAdded":"2026-01-02","shortDescription":"D","requiredAction":"A","dueDate":"2026-01-23"}]}"#,
    );
    write(
        "veris.json",
        r#"{"schema_version":"1.3.7","incident_id":"5F1C0A42-8D21-4E0F-9A58-6B1F1A7C3D10","security_incident":"Confirmed","summary":"S","timeline":{"incident":{"year":2026}},"victim":{"victim_id":"V","industry":"000","country":["EE"],"employee_count":"Unknown"},"discovery_method":{"unknown":true},"actor":{"unknown":{}},"action":{"unknown":{}},"asset":{"assets":[{"variety":"Unknown"}]},"attribute":{"unknown":{}}}"#,
    );
}

#[test]
fn every_command_prints_one_document_or_says_why_not() {
    let room = tempfile::tempdir().unwrap();
    files(room.path());
    let mut known: BTreeMap<String, String> =
        [("ee", "demo/EE"), ("fi", "demo/FI"), ("later", "2027-01-31T18:00:00Z")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let (mut wrong, mut printed) = (Vec::new(), BTreeSet::new());
    for (line, stdin, gives) in LINES {
        let filled = |text: &str| {
            known
                .iter()
                .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        let (line, stdin) = (filled(line), filled(stdin));
        let (status, said, told) = run(room.path(), &line, &stdin);
        let documents: Result<Vec<Json>, _> = serde_json::Deserializer::from_str(&said).into_iter().collect();
        let Ok(documents) = documents else {
            wrong.push(format!("{line}: exit {status}, no JSON: {said}{told}"));
            continue;
        };
        if said.contains('\u{1b}') || told.contains('\u{1b}') {
            wrong.push(format!("{line}: colours or progress where no terminal is: {told:?}"));
        }
        match status {
            0 | 1 if documents.is_empty() => wrong.push(format!("{line}: prints nothing: {told}")),
            0 | 1 => {
                let path = line.split(" --").next().unwrap().to_owned();
                printed.insert(path);
            }
            2 if !documents.is_empty() || told.is_empty() => wrong.push(format!("{line}: {said}{told}")),
            2 => eprintln!("{line}: {told}"),
            _ => wrong.push(format!("{line}: exit {status}: {told}")),
        }
        for (name, place) in *gives {
            let value = documents.first().and_then(|document| document.pointer(place)).and_then(Json::as_str);
            match value {
                Some(value) => _ = known.insert((*name).to_owned(), value.to_owned()),
                None => wrong.push(format!("{line}: gives no {place}: {said}{told}")),
            }
        }
        if line.starts_with("demo") {
            let settings = room.path().join("demo/EE/settings.toml");
            let shipped = std::fs::read_to_string(&settings).unwrap();
            std::fs::write(&settings, shipped.replace("test_imports = false", "test_imports = true"))
                .unwrap();
        }
        if line.starts_with("identity") {
            std::fs::write(room.path().join("xa.json"), &said).unwrap();
        }
        if line.starts_with("log receipt") {
            let receipt = documents[0]["receipt"].as_str().unwrap_or_default();
            std::fs::write(room.path().join("receipt.txt"), receipt).unwrap();
        }
    }
    let mut all = BTreeSet::new();
    leaves(&Cli::command(), "", &mut all);
    for leaf in all {
        let has = printed.iter().any(|line| *line == leaf || line.starts_with(&format!("{leaf} ")));
        if !has && !NONE.iter().any(|(none, _)| *none == leaf) {
            wrong.push(format!("{leaf}: never printed anything"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
