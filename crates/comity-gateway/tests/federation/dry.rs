//! Dry runs of commands (C35): each says what the act then does, and leaves entries, rows, keys and partners as they were.

use crate::entries;
use crate::house::{House, PHISHING, pair};
use crate::kept::rows_and_keys;
use crate::uses::CREDENTIAL_PAGE;
use comity_exchange::ports::{Officer, Store as _};
use comity_exchange::shell::Shell as _;
use comity_gateway::cli::run::Local;
use comity_gateway::socket::{Bytes, CommandRequest, Handler as _};
use comity_gateway::work::manage;
use comity_terms::Timestamp;
use comity_tlog::LeafIndex;
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

/// A bundle of which no class is refused, and what makes it wait for a reviewer.
const RANSOMWARE: &[u8] = include_bytes!("../../../../examples/bundles/ransomware-c2.json");
const CHILD: [(&str, &str); 1] = [("vulnerable", "[\"child\"]")];

const MARI: &str = r#"{"identifiers":[{"kind":"email","value":"Mari.Kask@example.org"}]}"#;
const TO_MARI: &str = r#"{"name":"Mari Kask","mailbox":"38001010000","language":"et","audience":"person"}"#;
const UNDER: &str = "--under eu-nis2-2022-2555 --activity threat_intel --purpose cyber_defence";

async fn employ(house: &House, name: &str, role: &str) {
    let until = Timestamp::from_second(house.gateway.now().as_second() + 365 * 86_400).unwrap();
    let officer = Officer {
        name: name.to_owned(),
        role: role.to_owned(),
        unit: None,
        training_until: until,
        password_hash: String::new(),
    };
    manage::add_officer(&house.gateway, officer).await.unwrap();
}

/// Runs a command as the socket does; its status and what it prints as JSON.
async fn run(house: &House, line: &str, stdin: &str) -> (u8, Json) {
    let request = CommandRequest {
        command: line.split_whitespace().chain(["--json"]).map(str::to_owned).collect(),
        stdin: (!stdin.is_empty()).then(|| Bytes(stdin.as_bytes().to_vec())),
        cwd: house.gateway.directory().data().to_owned(),
    };
    let local = Local(Arc::clone(&house.gateway));
    let reply = tokio::spawn(async move { local.run(request).await }).await.unwrap();
    let said = serde_json::from_slice(&reply.stdout.0);
    let told = String::from_utf8_lossy(&reply.stderr.0).into_owned();
    (reply.exit, said.unwrap_or_else(|error| panic!("{line}: {error}: {told}")))
}

/// The acts of a log from an entry on, but for first keys of officers.
async fn acts_since(house: &House, from: u64) -> Vec<(String, Json)> {
    let gateway = &house.gateway;
    let mut acts = Vec::new();
    for logged in gateway.store().logged(LeafIndex(from), 1_000).await.unwrap() {
        let Some(opening) = logged.opening else { continue };
        let opened = gateway.with_keys(|keys| gateway.signatory().open_opening(&opening, keys));
        let content: Json = serde_json::from_slice(opened.unwrap().unwrap().content()).unwrap();
        if content["facts"]["first"] != true {
            acts.push((content["act"].as_str().unwrap().to_owned(), content["facts"].clone()));
        }
    }
    acts
}

/// What the laws said, wherever an opening has it: outcome, reasons, rules and what is owed by whom.
fn said(facts: &Json) -> Vec<Json> {
    let all =
        [&facts["rulings"], &facts["asked"]["rulings"]].into_iter().filter_map(Json::as_array).flatten();
    let all = all.chain([&facts["ruling"]]).filter(|ruling| ruling.is_object());
    let duty = |duty: &Json| serde_json::json!([duty["type"], duty["owner"], duty["rule"]]);
    all.map(|ruling| {
        let owed: Vec<Json> = ruling["obligations"].as_array().into_iter().flatten().map(duty).collect();
        serde_json::json!([ruling["outcome"], ruling["reasons"], ruling["rules"], owed])
    })
    .collect()
}

/// Runs an act dry, finds everything as it was, does it, and finds that it did what was told. Gives what the act printed.
async fn dry_then_done(house: &House, partner: &House, line: &str, stdin: &str) -> Json {
    house.gateway.finish().await;
    let (before, theirs) = (rows_and_keys(house), entries(partner).await);
    let size = entries(house).await;
    let (exit, would) = run(house, &format!("{line} --dry-run"), stdin).await;
    assert_eq!(would["dry_run"], true, "{line}: {would}");
    assert_eq!(entries(house).await, size, "{line}: no entry");
    rows_and_keys(house).are_those_of(&before, line);
    assert_eq!(entries(partner).await, theirs, "{line}: the partner was not asked");
    let entries = would["entries"].as_array().unwrap();
    assert!(!entries.is_empty(), "{line}: {would}");
    assert_eq!(exit, u8::from(would["outcome"] != "permit"), "{line}: {would}");
    for decision in entries.iter().flat_map(|entry| entry["decisions"].as_array().unwrap()) {
        let rules = decision["citations"].as_array().unwrap();
        assert!(rules.iter().all(|rule| rule["article"].as_str().is_some_and(|text| !text.is_empty())));
        assert!(!rules.is_empty() || decision["outcome"] == "deny", "{line}: with its articles: {decision}");
    }

    let (_, done) = run(house, line, stdin).await;
    let acts = acts_since(house, size).await;
    assert!(acts.len() >= entries.len(), "{line}: {acts:?}\n{would}");
    for (entry, (act, facts)) in entries.iter().zip(&acts) {
        assert_eq!(entry["act"], act.as_str(), "{line}");
        assert_eq!(said(&entry["facts"]), said(facts), "{line}: {act}");
    }
    done
}

fn text(of: &Json) -> String {
    of.as_str().unwrap_or_else(|| panic!("{of}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_officer_orders_of_what_went_is_told_before_it_is_done() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let exchange = sender.share(PHISHING).await.exchange_id.0;
    // Whoever has no key yet is drawn none by a dry run.
    for name in ["one", "two", "three"] {
        employ(&sender, name, "analyst").await;
    }
    dry_then_done(&sender, &receiver, &format!("recall {exchange} --officer one --ground sent_in_error"), "")
        .await;
    let ask = format!("match - --with FI --officer two {UNDER}");
    dry_then_done(&sender, &receiver, &ask, "198.51.100.7\n").await;
    let view = format!("vault view --with FI --officer three {UNDER} --object {CREDENTIAL_PAGE}");
    dry_then_done(&sender, &receiver, &view, "").await;

    employ(&sender, "mari", "designated_reviewer").await;
    let waits = sender.share_with("trained", RANSOMWARE, &CHILD).await.exchange_id.0;
    let approve = format!("approve {waits} --office designated_reviewer --officer mari");
    dry_then_done(&sender, &receiver, &approve, "").await;
    let waits = sender.share_with("trained", RANSOMWARE, &CHILD).await.exchange_id.0;
    let refuse =
        format!("approve {waits} --office designated_reviewer --officer mari --refuse retention_over");
    dry_then_done(&sender, &receiver, &refuse, "").await;

    let add = format!("taxii add --title Indicators --partner FI --officer trained {UNDER}");
    let made = dry_then_done(&sender, &receiver, &add, "").await;
    let end = format!("taxii end {} --officer trained", text(&made["id"]));
    dry_then_done(&sender, &receiver, &end, "").await;
    let remove = "peer remove FI --reason instrument_suspended --officer trained";
    dry_then_done(&sender, &receiver, remove, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_officer_does_with_what_came_is_told_before_it_is_done() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let (one, two) = (sender.share(PHISHING).await.exchange_id.0, sender.share(PHISHING).await.exchange_id.0);
    let of = format!("--officer trained --from EE {UNDER}");
    let act = async |line: &str| dry_then_done(&receiver, &sender, line, "").await;
    act(&format!("vault read {of} --object {CREDENTIAL_PAGE}")).await;
    act(&format!("vault read {} --object {CREDENTIAL_PAGE}", of.replace("trained", "untrained"))).await;
    act(&format!("vault export {of} --type indicator --out taken.json")).await;
    act(&format!("vault unmask {CREDENTIAL_PAGE} {of}")).await;
    let reasons = receiver.gateway.directory().data().join("why.txt");
    std::fs::write(&reasons, "A claim is pending.").unwrap();
    let place = format!("hold place {one} --officer trained --ground legal_claim --reasons why.txt --until");
    let month = Timestamp::from_second(receiver.gateway.now().as_second() + 30 * 86_400).unwrap();
    let held = act(&format!("{place} {month}")).await;
    act(&format!("{place} 2200-01-01T00:00:00Z")).await;
    act(&format!("hold lift {} --officer trained --reasons why.txt", text(&held["hold_id"]))).await;
    act(&format!("vault review {one} --officer trained --outcome still_needed --reasons why.txt")).await;
    act(&format!("vault erase {two} --officer trained --ground erasure_ordered")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_about_persons_is_told_before_it_is_done() {
    let (house, partner) = pair(&["EE", "FI"], true).await;
    partner.officers().await;
    manage::adopt(&house.gateway, "eu-led-2016-680", Path::new("/")).await.unwrap();
    house.share(PHISHING).await;
    let own = house.party();
    house.share_to(&own, "trained", PHISHING, &[]).await;
    let act = async |line: &str, stdin: &str| dry_then_done(&house, &partner, line, stdin).await;
    // Filed and decided at once: two acts, of which the second is told too.
    let seen = "--identifiers - --officer trained --identity-seen";
    let (_, would) = run(&house, &format!("subject access {seen} --dry-run"), MARI).await;
    let acts: Vec<&str> =
        would["entries"].as_array().unwrap().iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["request.filed", "request.decided", "records.erased"], "{would}");
    assert!(would["entries"][1]["facts"]["granted"].as_u64() > Some(0), "{would}");
    act(&format!("subject access {seen}"), MARI).await;
    let filed = act("subject restrict --identifiers -", MARI).await;
    let number = text(&filed["number"]);
    act(&format!("subject show {number} --officer trained"), "").await;
    act(&format!("subject decide {number} --officer trained --identity-seen"), "").await;
    act(
        &format!(
            "subject decide {} --officer trained",
            text(&act("subject object --identifiers -", MARI).await["number"])
        ),
        "",
    )
    .await;
    act(&format!("subject erase {seen} --fact processing_unlawful=true"), MARI).await;

    let year = Timestamp::from_second(house.gateway.now().as_second() + 200 * 86_400).unwrap();
    let opt = format!("subject opt-out file --identifiers - --category health --until {year}");
    act(&format!("{opt} --officer trained --identity-seen"), MARI).await;
    let number = text(&act(&opt, MARI).await["number"]);
    act(&format!("subject opt-out decide {number} {seen}"), MARI).await;

    let mandate = include_str!("../../../../examples/mandates/incident-response.json");
    std::fs::write(house.gateway.directory().data().join("mandate.json"), mandate).unwrap();
    let given = act("mandate add mandate.json --officer trained", "").await;
    act(&format!("mandate end {} --officer trained", text(&given["id"])), "").await;

    let facts = "--fact activity=threat_intel --fact purpose=cyber_defence --fact data_category=traffic_data";
    let open = format!("notice open --to - --under eu-led-2016-680 --officer trained {facts}");
    let number = text(&act(&open, TO_MARI).await["number"]);
    act(&format!("notice address {number} --to - --officer trained"), TO_MARI).await;
    let later = Timestamp::from_second(house.gateway.now().as_second() + 60 * 86_400).unwrap();
    let put_off =
        format!("notice defer {number} --reason-file - --recheck {later} --officer trained --ground");
    act(&format!("{put_off} convenience"), "Later.").await;
    act(&format!("{put_off} obstruct_investigation"), "A search is planned.").await;
    act(&format!("notice close {number} --reason sent_in_error --officer trained"), "").await;
    act(&format!("notice send {number} --officer trained"), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_bad_input_is_bad_input_dry_too() {
    let (house, _partner) = pair(&["EE", "FI"], true).await;
    let request = CommandRequest {
        command: [
            "recall",
            "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10",
            "--officer",
            "nobody",
            "--ground",
            "sent_in_error",
            "--dry-run",
        ]
        .map(str::to_owned)
        .to_vec(),
        stdin: None,
        cwd: Path::new("/").to_owned(),
    };
    let reply = Local(Arc::clone(&house.gateway)).run(request).await;
    let told = String::from_utf8_lossy(&reply.stderr.0).into_owned();
    assert_eq!((reply.exit, reply.stdout.0.len()), (2, 0));
    assert!(told.contains("no officer `nobody` is known"), "{told}");
}
