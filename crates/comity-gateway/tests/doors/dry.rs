//! `?dry_run=true` (C35): every act of an officer's over HTTP can be asked for before it is done, says what it then does, and
//! leaves entries, rows and keys as they were.

use crate::fresh;
use crate::house::House;
use crate::kept::rows_and_keys;
use crate::subjects::{MARI, REQUESTS, filed, holding, post};
use crate::tool::Tool;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::manage;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;

const NOTICES: &str = "/api/v1/notices";
const LED: &str = "eu-led-2016-680";

#[tokio::test(flavor = "multi_thread")]
async fn every_route_by_which_an_officer_acts_knows_a_dry_run() {
    let (_house, tool, _) = fresh().await;
    let document = tool.showing(None).get("/api/v1/openapi.json").await.json();
    let mut known = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            // At the person's door nobody is signed in, and nothing is decided.
            if method == "get" || described.get("security").is_none() {
                continue;
            }
            let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
            let dry = parameters.iter().find(|parameter| parameter["name"] == "dry_run");
            let dry = dry.unwrap_or_else(|| panic!("{method} {path} knows no dry run"));
            assert_eq!(dry["in"], "query");
            // One that is none is told, whatever else is wrong.
            let path = path.replace("{number}", "00000000-0000-4000-8000-000000000000");
            let unread =
                tool.ask(&method.to_uppercase(), &format!("{path}?dry_run=perhaps"), &[], b"{}").await;
            assert_eq!(unread.status, 400, "{method} {path}: {}", unread.text());
            known += 1;
        }
    }
    assert!(known >= 7, "{known} routes");
}

/// Asks for an act dry, finds everything as it was, does it, and finds the outcome that was told. Gives both answers.
async fn dry_then_done(house: &House, tool: &Tool, path: &str, body: &Json) -> (Json, Json) {
    house.gateway.finish().await;
    let before = rows_and_keys(house);
    let (status, would) = post(tool, &format!("{path}?dry_run=true"), body).await;
    assert_eq!((status, &would["dry_run"]), (200, &json!(true)), "{path}: {would}");
    rows_and_keys(house).are_those_of(&before, path);
    assert!(!would["entries"].as_array().unwrap().is_empty(), "{path}: {would}");
    let (status, done) = post(tool, path, body).await;
    assert!((200..300).contains(&status), "{path}: {done}");
    (would, done)
}

fn entry<'a>(would: &'a Json, act: &str) -> &'a Json {
    let entries = would["entries"].as_array().unwrap();
    entries.iter().find(|entry| entry["act"] == act).unwrap_or_else(|| panic!("{act}: {would}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_a_persons_request_is_told_before_it_is_decided() {
    let (house, _partner, tool) = holding().await;
    for (kind, seen, facts) in [
        ("access", true, json!({})),
        ("access", false, json!({})),
        ("erase", true, json!({ "processing_unlawful": "true" })),
    ] {
        let (number, _) = filed(&tool, kind, MARI).await;
        let path = format!("{REQUESTS}/{number}/decision");
        let body = json!({ "identity_seen": seen, "facts": facts });
        let (would, done) = dry_then_done(&house, &tool, &path, &body).await;
        let told = &entry(&would, "request.decided")["facts"];
        for key in ["held", "granted", "withheld", "erased", "sent"] {
            assert_eq!(told[key], done["record"][key], "{kind}: {key}");
        }
        let decided = &entry(&would, "request.decided")["decisions"][0];
        assert_eq!(decided["outcome"] == "permit", seen, "{decided}");
        assert!(
            decided["citations"].as_array().unwrap().iter().all(|rule| rule["article"] != ""),
            "{decided}"
        );
    }
    let body = json!({
        "identifiers": [{ "kind": "email", "value": MARI }], "categories": ["health"],
        "until": house.gateway.now().checked_add(Duration::from_secs(100 * 86_400)).unwrap().to_string(),
    });
    let (_, opted) = post(&tool.showing(None), "/api/v1/subject/opt-outs", &body).await;
    let path = format!("/api/v1/subject/opt-outs/{}/decision", opted["number"].as_str().unwrap());
    let body = json!({ "identity_seen": true, "identifiers": [{ "kind": "email", "value": MARI }] });
    let (would, done) = dry_then_done(&house, &tool, &path, &body).await;
    assert_eq!(entry(&would, "opt_out.decided")["facts"]["outcome"], done["state"], "{would}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_a_notice_is_told_before_it_goes_out() {
    let (house, tool, _) = fresh().await;
    manage::adopt(&house.gateway, LED, Path::new("/")).await.unwrap();
    let open = json!({
        "to": { "name": "Mari Kask", "mailbox": "38001010000", "language": "et", "audience": "person" },
        "under": LED,
        "facts": { "activity": "threat_intel", "purpose": "cyber_defence", "data_category": "traffic_data" },
    });
    let (would, opened) = dry_then_done(&house, &tool, NOTICES, &open).await;
    assert!(!would.to_string().contains("Kask"), "nothing of whom it goes to: {would}");
    let place = format!("{NOTICES}/{}", opened["number"].as_str().unwrap());
    let recheck = house.gateway.now().checked_add(Duration::from_secs(60 * 86_400)).unwrap().to_string();
    for (ground, outcome) in [("convenience", "deny"), ("obstruct_investigation", "permit")] {
        let body = json!({ "ground": ground, "reasons": "A search is planned.", "recheck": recheck });
        let (would, done) = dry_then_done(&house, &tool, &format!("{place}/deferral"), &body).await;
        assert_eq!((&would["outcome"], &done["outcome"]), (&json!(outcome), &json!(outcome)), "{would}");
    }
    let posted = house.gateway.directory().data().join("mailbox");
    let letters = || std::fs::read_dir(&posted).map_or(0, Iterator::count);
    let before = letters();
    let (status, would) = post(&tool, &format!("{place}/sending?dry_run=true"), &json!({})).await;
    assert_eq!((status, &would["outcome"], letters()), (200, &json!("permit"), before), "{would}");
    let (_, done) = dry_then_done(&house, &tool, &format!("{place}/sending"), &json!({})).await;
    assert_eq!((&done["outcome"], &done["state"]), (&json!("permit"), &json!("given")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_refused_dry_too() {
    let (house, tool, _) = fresh().await;
    let path = format!("{REQUESTS}/00000000-0000-4000-8000-000000000000/decision?dry_run=true");
    let body = json!({ "identity_seen": true });
    assert_eq!(post(&tool.showing(None), &path, &body).await.0, 401);
    let (status, told) = post(&tool, &path, &body).await;
    assert_eq!((status, &told["type"]), (422, &json!("/api/problems/input")), "{told}");
    drop(house);
}
