//! Opt-outs and mandates: what people have opted out of stays home, a lawful targeted act is not touched, and nobody learns
//! of either; consent is no ground outside a mandate; data about vulnerable people waits, and is kept for a shorter time.

use crate::house::{House, PHISHING, pair};
use crate::tool::Tool;
use crate::{PASSWORD, officer};
use comity_exchange::ports::Store as _;
use comity_exchange::report::ExchangeReport;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::{audit, mandates, share};
use comity_terms::Timestamp;
use comity_tlog::LeafIndex;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const OPT_OUTS: &str = "/api/v1/subject/opt-outs";
/// What the officer says of a bundle that tells of somebody's illness, where nothing less would serve.
const HEALTH: [(&str, &str); 3] = [
    ("sensitive", "[\"health\"]"),
    ("strictly_necessary", "true"),
    ("safeguards", "[\"restricted_access\"]"),
];

fn mari() -> Json {
    json!([{ "kind": "email", "value": "Mari.Kask@example.org" }, { "kind": "name", "value": "Kask, Mari" }])
}

/// Whether she is named. The surname's four letters alone come about by chance in some megabytes of ciphertext.
fn names_mari(bytes: &[u8]) -> bool {
    let bytes = bytes.to_ascii_lowercase();
    let found = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    ["mari.kask", "mari kask", "kask, mari"].into_iter().any(found)
}

pub(crate) async fn house() -> (House, House, Tool) {
    let (ee, fi) = pair(&["EE", "FI"], true).await;
    officer(&ee, "ana", 365).await;
    let tool = Tool::of(&ee, "ana", PASSWORD);
    (ee, fi, tool)
}

fn order(facts: &[(&str, &str)], attested: &[(&str, Json)]) -> share::Order {
    share::Order {
        bundle: Arc::new(PHISHING.to_vec()),
        officer: "ana".into(),
        under: "eu-nis2-2022-2555".parse().unwrap(),
        to: "FI".parse().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect(),
        attestations: attested
            .iter()
            .map(|(key, file)| (key.parse().unwrap(), file.to_string().into_bytes()))
            .collect(),
        assume_in_force: false,
        added: None,
        once: None,
    }
}

pub(crate) async fn shared(ee: &House, facts: &[(&str, &str)]) -> ExchangeReport {
    share::share(&ee.gateway, order(facts, &[])).await.unwrap()
}

/// What of the bundle stays home for an opt-out, by type.
fn opted_out(report: &ExchangeReport) -> Vec<String> {
    let report = serde_json::to_value(report).unwrap();
    let all = report["withholdings"].as_array().unwrap().iter();
    let whole = all.filter(|one| one["ground"].as_str().unwrap().ends_with("P13.3 (C67): redact"));
    let mut types: Vec<String> = whole
        .map(|one| {
            assert_eq!((&one["path"], &one["treatment"]), (&json!(""), &json!("withhold_object")), "{one}");
            one["object"].as_str().unwrap().split("--").next().unwrap().to_owned()
        })
        .collect();
    types.sort();
    types
}

fn reasons(report: &ExchangeReport) -> String {
    serde_json::to_value(report).unwrap()["decisions"].to_string()
}

async fn post(tool: &Tool, path: &str, body: &Json) -> (u16, Json) {
    let answer = tool.ask("POST", path, &JSON, body.to_string().as_bytes()).await;
    (answer.status, answer.json())
}

/// Files without signing in; number and code.
async fn filed(ee: &House, tool: &Tool, categories: &[&str]) -> (String, String) {
    let until = Timestamp::from_second(ee.gateway.now().as_second() + 90 * 86_400).unwrap();
    let body = json!({ "identifiers": mari(), "categories": categories, "until": until.to_string() });
    let (status, told) = post(&tool.showing(None), OPT_OUTS, &body).await;
    assert_eq!((status, &told["state"]), (202, &json!("waiting")), "{told}");
    (told["number"].as_str().unwrap().to_owned(), told["code"].as_str().unwrap().to_owned())
}

async fn decided(tool: &Tool, number: &str, seen: bool, identifiers: Json) -> (u16, Json) {
    let path = format!("{OPT_OUTS}/{number}/decision");
    post(tool, &path, &json!({ "identity_seen": seen, "identifiers": identifiers })).await
}

async fn status(tool: &Tool, number: &str, code: &str) -> (u16, String) {
    let path = format!("{OPT_OUTS}/{number}");
    let answer = tool.showing(None).ask("GET", &path, &[("request-code", code)], b"").await;
    (answer.status, answer.text())
}

/// Everything that openings of a log hold.
async fn openings(house: &House) -> String {
    let gateway = &house.gateway;
    let mut all = String::new();
    for logged in gateway.store().logged(LeafIndex(0), 10_000).await.unwrap() {
        let Some(segment) = &logged.opening else { continue };
        let opening = gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys)).unwrap();
        all.push_str(&String::from_utf8_lossy(opening.unwrap().content()));
        all.push('\n');
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_opted_out_of_stays_home_and_nobody_learns_of_it() {
    let (ee, fi, tool) = house().await;
    let before = shared(&ee, &HEALTH).await;
    assert_eq!((before.outcome.as_str(), opted_out(&before).len()), ("delivered", 0), "{}", reasons(&before));

    let (number, code) = filed(&ee, &tool, &["health"]).await;
    let waiting = shared(&ee, &HEALTH).await;
    assert_eq!(opted_out(&waiting), [""; 0], "without effect before somebody was seen");
    let (code_of, told) =
        decided(&tool, &number, true, json!([{ "kind": "name", "value": "Jaan Tamm" }])).await;
    assert_eq!(code_of, 422, "somebody else: {told}");
    let (code_of, told) = decided(&tool, &number, true, mari()).await;
    assert_eq!((code_of, &told["state"]), (200, &json!("in_force")), "{told}");
    let shown = status(&tool, &number, &code).await;

    let after = shared(&ee, &HEALTH).await;
    assert_eq!(after.outcome.as_str(), "delivered", "permitted, without what was opted out of");
    let stays = ["campaign", "email-addr", "identity", "indicator", "note", "url"];
    assert_eq!(opted_out(&after), stays, "every object that names her, in whatever form");
    assert!(after.objects.kept + after.objects.changed < before.objects.kept + before.objects.changed);
    // Other data, and what she did not opt out of, go as before.
    for said in ["[]", "[\"religion\"]"] {
        let facts = [("sensitive", said), HEALTH[1], HEALTH[2]];
        let other = shared(&ee, &facts).await;
        assert_eq!((opted_out(&other), other.objects), (vec![], before.objects), "{facts:?}");
    }
    // Where nobody says whether it is of such a category, that is asked, of these objects alone.
    let unsaid = shared(&ee, &[]).await;
    assert_eq!(unsaid.outcome.as_str(), "partly_delivered");
    assert!(reasons(&unsaid).contains("fact_missing:sensitive"), "{}", reasons(&unsaid));

    // C70: a lawful targeted act is not touched; she sees the same bytes as before.
    let aimed = shared(&ee, &[HEALTH[0], HEALTH[1], HEALTH[2], ("targeted", "true")]).await;
    assert_eq!((aimed.outcome, aimed.objects, opted_out(&aimed)), (before.outcome, before.objects, vec![]));
    assert!(reasons(&aimed).contains("no_tipping_off") && reasons(&aimed).contains("no_redaction_needed"));
    assert_eq!(status(&tool, &number, &code).await, shown);
    assert!(!shown.1.contains("redact"), "{shown:?}");

    // The partner is told neither of the opt-out nor of what it did, and gets as many classes as without it.
    let there = openings(&fi).await;
    assert!(there.contains("exchange.received") && !there.contains("opt_out"), "{there}");
    let classes = |report: &ExchangeReport| {
        let told = serde_json::to_value(report).unwrap();
        told["decisions"].as_array().unwrap().iter().filter(|one| one["side"] == "receiver").count()
    };
    assert_eq!(classes(&aimed), classes(&before));
    // Here the entry says by which rule; nothing says who.
    let here = openings(&ee).await;
    assert!(here.contains("opt_out.decided") && here.contains("comity-baseline/base.opt-out"));
    assert!(!names_mari(here.as_bytes()));
    let replayed = audit::replay(&ee.gateway, false, |_| {}).await.unwrap();
    assert_eq!((replayed.different.len(), replayed.identical), (0, replayed.decisions));

    let path = format!("{OPT_OUTS}/{number}");
    let ended = tool.showing(None).ask("DELETE", &path, &[("request-code", &code)], b"").await;
    assert_eq!((ended.status, &ended.json()["state"]), (200, &json!("withdrawn")));
    assert_eq!(shared(&ee, &HEALTH).await.objects, before.objects, "withdrawn, it has no effect");
    // Nobody can be read off the register.
    let directory = ee.gateway.directory().data().to_owned();
    for file in ["comity.sqlite", "comity.sqlite-wal"] {
        assert!(!names_mari(&std::fs::read(directory.join(file)).unwrap_or_default()), "{file}");
    }
    drop(fi);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_that_is_refused_says_why_and_where_to_turn() {
    let (ee, _fi, tool) = house().await;
    let (number, code) = filed(&ee, &tool, &["health", "religion"]).await;
    assert_eq!(status(&tool, &number, "wrong").await.0, 404);
    let nobody = "6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d";
    assert_eq!(status(&tool, nobody, &code).await.0, 404, "a wrong number as a wrong code");
    let (code_of, told) = decided(&tool, &number, false, mari()).await;
    assert_eq!((code_of, &told["state"]), (200, &json!("refused")), "{told}");
    assert!(told["reasons"].as_array().is_some_and(|all| !all.is_empty()), "{told}");
    assert!(told["remedies"][0]["until"].is_string(), "{told}");
    let (code_of, told) = decided(&tool, &number, true, mari()).await;
    assert_eq!(code_of, 422, "it is decided: {told}");
    assert_eq!(opted_out(&shared(&ee, &HEALTH).await).len(), 0);

    let tomorrow = Timestamp::from_second(ee.gateway.now().as_second() + 86_400).unwrap().to_string();
    for (body, named) in [
        (json!({ "identifiers": mari(), "categories": ["helth"], "until": tomorrow }), "categories"),
        (json!({ "identifiers": mari(), "categories": [], "until": tomorrow }), "categories"),
        (
            json!({ "identifiers": mari(), "categories": ["health"], "until": "2020-01-01T00:00:00Z" }),
            "until",
        ),
        (
            json!({ "identifiers": mari(), "categories": ["health"], "until": "2090-01-01T00:00:00Z" }),
            "until",
        ),
        (json!({ "identifiers": [], "categories": ["health"], "until": tomorrow }), "identifiers"),
        (json!({ "identifiers": mari(), "until": tomorrow }), "categories"),
    ] {
        let (status, told) = post(&tool.showing(None), OPT_OUTS, &body).await;
        assert!([400, 422].contains(&status) && told.to_string().contains(named), "{status} {told}");
        assert!(!told.to_string().to_lowercase().contains("kask"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_a_ground_within_a_mandate_alone() {
    let (ee, _fi, _tool) = house().await;
    let consent = [("legal_basis", "consent"), ("sensitive", "[]")];
    let none = shared(&ee, &consent).await;
    assert_eq!(none.outcome.as_str(), "refused");
    assert!(reasons(&none).contains("consent_is_no_ground"), "{}", reasons(&none));
    let now = ee.gateway.now().as_second();
    let at = |days: i64| Timestamp::from_second(now + days * 86_400).unwrap().to_string();
    let mandate = json!({
        "body": "Riigikogu", "citation": "Resolution 7 of 2026", "document": format!("sha256:{}", "ab".repeat(32)),
        "from": at(-1), "until": at(90),
        "agreements": ["eu-nis2-2022-2555"], "receivers": ["FI"], "activities": ["threat_intel"],
        "purposes": ["cyber_defence"], "data_categories": ["indicator"], "sensitive": [],
    });
    let mut wrong = mandate.clone();
    wrong["data_categories"] = json!(["indicators"]);
    let error = mandates::add(&ee.gateway, wrong.to_string().as_bytes(), "ana").await.unwrap_err();
    assert!(error.to_string().contains("`data_categories`: `indicators`"), "{error}");
    // The example that the command's help shows, in its time.
    let example = include_str!("../../../../examples/mandates/incident-response.json");
    let example = example.replace("2028-01-01T00:00:00Z", &at(90));
    let example = mandates::add(&ee.gateway, example.as_bytes(), "ana").await.unwrap();
    assert_eq!(example.mandate.body, "Riigikogu");
    mandates::end(&ee.gateway, example.id, "ana").await.unwrap();
    let row = mandates::add(&ee.gateway, mandate.to_string().as_bytes(), "ana").await.unwrap();
    let within = shared(&ee, &consent).await;
    assert_eq!(within.outcome.as_str(), "partly_delivered", "indicators go, what it does not name stays");
    assert!(reasons(&within).contains("consent_is_no_ground"));
    // C66: what the mandate does not cover.
    for facts in [
        [("legal_basis", "consent"), ("sensitive", "[\"health\"]"), ("strictly_necessary", "true")]
            .as_slice(),
        // Nobody said what special categories are in it.
        &[("legal_basis", "consent")],
    ] {
        assert_eq!(shared(&ee, facts).await.outcome.as_str(), "refused", "{facts:?}");
    }
    mandates::end(&ee.gateway, row.id, "ana").await.unwrap();
    assert_eq!(shared(&ee, &consent).await.outcome.as_str(), "refused", "it has ended");
    let here = openings(&ee).await;
    assert!(here.contains("mandate.recorded") && here.contains("mandate.ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn data_about_a_child_waits_for_the_check_and_is_kept_for_a_shorter_time() {
    let (ee, _fi, _tool) = house().await;
    let child = [("vulnerable", "[\"child\"]")];
    let waits = shared(&ee, &child).await;
    assert_eq!(waits.outcome.as_str(), "escalated");
    assert!(reasons(&waits).contains("vulnerable_check_missing"), "{}", reasons(&waits));
    assert!(waits.waiting.unwrap().contains("designated_reviewer"), "how it is given");
    // An officer's word is none; the office's counts, with what stands behind it.
    let claimed =
        share::share(&ee.gateway, order(&[child[0], ("vulnerable_check", "true")], &[])).await.unwrap();
    assert_eq!(claimed.outcome.as_str(), "refused");
    assert!(reasons(&claimed).contains("fact_not_assertable:vulnerable_check"), "{}", reasons(&claimed));
    let until = Timestamp::from_second(ee.gateway.now().as_second() + 86_400).unwrap().to_string();
    let check = json!({
        "value": true, "issuer": "Office of the Chancellor of Justice",
        "document_digest": format!("sha256:{}", "cd".repeat(32)), "valid_until": until,
    });
    let report = share::share(&ee.gateway, order(&child, &[("vulnerable_check", check)])).await.unwrap();
    assert_eq!(report.outcome.as_str(), "delivered", "{}", reasons(&report));
    let erase_by: Timestamp =
        serde_json::to_value(&report).unwrap()["safeguards"]["erase_by"].as_str().unwrap().parse().unwrap();
    let days = (erase_by.as_second() - ee.gateway.now().as_second()) / 86_400;
    assert!((28..=30).contains(&days), "kept for {days} days");
}
