//! The API: it says of itself what it does, and does that.

use crate::house::{PHISHING, pair};
use crate::kept::rows_and_keys;
use crate::tool::Tool;
use crate::{PASSWORD, fresh, indicator, officer};
use serde_json::{Value as Json, json};
use std::process::Command;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const EXCHANGES: &str = "/api/v1/exchanges";

fn order(under: &str, to: &str, bundle: &Json) -> Json {
    json!({ "under": under, "to": to, "activity": "threat_intel", "purpose": "cyber_defence", "bundle": bundle })
}

async fn post(tool: &Tool, path: &str, more: &[(&str, &str)], body: &Json) -> (u16, Json) {
    let headers = [&JSON[..], more].concat();
    let answer = tool.ask("POST", path, &headers, body.to_string().as_bytes()).await;
    (answer.status, answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_explains_itself_and_every_route_is_there() {
    let (_house, tool, _) = fresh().await;
    let document = tool.showing(None).get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let page = tool.showing(None).get("/api/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "00000000-0000-4000-8000-000000000000");
        let path = path.replace("{number}", "00000000-0000-4000-8000-000000000000");
        for method in methods.as_object().unwrap().keys() {
            let asked = tool.ask(&method.to_uppercase(), &path, &JSON, b"{}").await;
            let told = methods[method]["responses"].as_object().unwrap();
            assert!(told.contains_key(&asked.status.to_string()), "{method} {path}: {}", asked.status);
            if methods[method].get("security").is_none() {
                // The person's door.
                continue;
            }
            let nobody = tool.showing(None).ask(&method.to_uppercase(), &path, &JSON, b"{}").await;
            assert_eq!(nobody.status, 401, "{method} {path}");
            assert_eq!(nobody.header("content-type"), Some("application/problem+json"));
        }
    }
    let me = tool.get("/api/v1/me").await.json();
    assert_eq!((&me["officer"], &me["party"], &me["by"]), (&json!("ana"), &json!("EE"), &json!("password")));
    assert_eq!(tool.get("/api/v1/collections").await.json()[0]["pack"], "comity-open");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_comes_in_parts() {
    let (house, tool, _) = fresh().await;
    let document = tool.showing(None).get("/api/v1/openapi.json").await.json();
    let mut lists = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let get = &methods["get"];
        let answer = &get["responses"]["200"]["content"]["application/json"]["schema"];
        if answer["type"] != "array" {
            continue;
        }
        let parameters = get["parameters"].as_array().unwrap_or_else(|| panic!("{path} comes whole"));
        for name in ["after", "limit"] {
            assert!(parameters.iter().any(|parameter| parameter["name"] == name), "{path}: {name}");
            let unread = tool.get(&format!("{path}?{name}=x")).await;
            assert_eq!(unread.status, 400, "{path}?{name}=x: {}", unread.text());
        }
        assert_eq!(tool.get(&format!("{path}?limit=0")).await.status, 400, "{path}");
        assert!(!get["responses"]["200"]["headers"]["link"].is_null(), "{path}: Link");
        lists.push(path.clone());
    }
    assert!(lists.len() >= 4, "{lists:?}");

    for title in ["Another", "One more"] {
        let asked = crate::governed::kept_here(title, &[]);
        comity_gateway::work::collections::make(&house.gateway, "ana", asked).await.unwrap();
    }
    let whole = tool.get("/api/v1/collections").await.json();
    let (mut seen, mut next) = (Vec::new(), Some("/api/v1/collections?limit=2".to_owned()));
    while let Some(path) = next {
        let part = tool.get(&path).await;
        seen.extend(part.json().as_array().unwrap().clone());
        let link = part.header("link").map(str::to_owned);
        next = link.map(|link| {
            let (path, rest) = link.trim_start_matches('<').split_once('>').unwrap();
            assert_eq!(rest, "; rel=\"next\"");
            path.to_owned()
        });
    }
    assert_eq!((seen.len(), json!(seen)), (3, whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_comes_of_it_and_leaves_nothing() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    let tool = Tool::of(&sender, "ana", PASSWORD);
    let order = order("eu-nis2-2022-2555", "FI", &serde_json::from_slice(PHISHING).unwrap());
    sender.gateway.finish().await;
    let before = rows_and_keys(&sender);
    let (status, dry) = post(&tool, &format!("{EXCHANGES}?dry_run=true"), &[], &order).await;
    assert_eq!((status, &dry["dry_run"], &dry["outcome"]), (200, &json!(true), &json!("delivered")));
    rows_and_keys(&sender).are_those_of(&before, "a share");

    let (status, real) = post(&tool, EXCHANGES, &[], &order).await;
    assert_eq!((status, &real["outcome"]), (200, &json!("delivered")));
    assert_eq!(real["objects"], dry["objects"]);
    assert_eq!(real["withholdings"], dry["withholdings"]);
    let own = |decisions: &Json| {
        let all = decisions.as_array().unwrap().iter().filter(|one| one["side"] == "sender");
        all.map(|one| one["citations"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(own(&real["decisions"]), own(&dry["decisions"]));
    let stands = tool.get(&format!("{EXCHANGES}/{}", real["exchange_id"].as_str().unwrap())).await.json();
    assert_eq!((&stands["outcome"], &stands["peer"]), (&json!("delivered"), &json!("FI")));
    let owed = tool.get("/api/v1/obligations?limit=2").await.json();
    assert_eq!(owed["obligations"].as_array().unwrap().len(), 2);
    assert_eq!(owed["next"], 2);
    drop(receiver);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_let_through_in_part_is_told_as_such_dry_and_done() {
    let (_house, tool, _) = fresh().await;
    let mut amber = indicator(2, 1);
    amber["object_marking_refs"] = json!(["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]);
    let order = order("comity-open", "EE", &json!([indicator(1, 1), amber]));
    for path in [format!("{EXCHANGES}?dry_run=true"), EXCHANGES.to_owned()] {
        let (status, told) = post(&tool, &path, &[], &order).await;
        assert_eq!((status, &told["outcome"]), (200, &json!("partly_delivered")), "{path}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_does_the_same_once_and_another_request_under_it_is_refused() {
    let (_house, tool, _) = fresh().await;
    let place = |number| order("comity-open", "EE", &json!([indicator(number, 1)]));
    let key = [("idempotency-key", "a-key-of-mine")];
    let (_, first) = post(&tool, EXCHANGES, &key, &place(1)).await;
    let (status, again) = post(&tool, EXCHANGES, &key, &place(1)).await;
    assert_eq!((status, &again), (200, &first));
    let (status, refused) = post(&tool, EXCHANGES, &key, &place(2)).await;
    assert_eq!((status, &refused["type"]), (422, &json!("/api/problems/idempotency")));
    let (_, other) = post(&tool, EXCHANGES, &[("idempotency-key", "another")], &place(1)).await;
    assert_ne!(other["exchange_id"], first["exchange_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told_where_they_are_wrong() {
    let (_house, tool, _) = fresh().await;
    let good = order("comity-open", "EE", &json!([indicator(1, 1)]));
    let with = |key: &str, value: Json| {
        let mut changed = good.clone();
        changed[key] = value;
        changed
    };
    for (body, status, word) in [
        (json!([]), 400, ""),
        (json!({}), 400, "under"),
        (with("to", json!("nowhere")), 400, ""),
        (with("to", json!("FI")), 422, "FI"),
        (with("under", json!("no-such-pack")), 422, "no-such-pack"),
        (with("facts", json!({ "nothing_known": "true" })), 422, "nothing_known"),
        (with("bundle", json!(7)), 422, "bundle"),
        (with("more", json!(1)), 400, "more"),
    ] {
        let (found, told) = post(&tool, EXCHANGES, &[], &body).await;
        assert_eq!(found, status, "{told}");
        assert!(told["detail"].as_str().unwrap().contains(word), "{word}: {told}");
    }
    let text = tool.ask("POST", EXCHANGES, &[("content-type", "text/plain")], b"{}").await;
    assert_eq!(text.status, 415);
    for query in ["after=x", "limit=0", "limit=-1"] {
        assert_eq!(tool.get(&format!("/api/v1/obligations?{query}")).await.status, 400, "{query}");
    }
}

/// Whatever the document lets one say is answered as the document says: `schemathesis` says it.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_make_of_the_document_is_answered_as_it_says() {
    let Some(python) = comity_beside::python("schemathesis") else { return };
    let (house, _, _) = fresh().await;
    let url = format!("http://{}/api/v1/openapi.json", house.plain());
    // It leaves what it found where it is run.
    let room = tempfile::tempdir().unwrap();
    let run = move || {
        Command::new(&python)
            .args(["-m", "schemathesis.cli"])
            .args(["run", &url, "--auth", &format!("ana:{PASSWORD}"), "--max-examples", "15", "--seed", "1"])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
            .args(["--phases", "examples,fuzzing"])
            .current_dir(room.path())
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lacks_an_officers_key_says_which_file_it_lacks_and_does_nothing() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    let tool = Tool::of(&sender, "ana", PASSWORD);
    let order = order("eu-nis2-2022-2555", "FI", &serde_json::from_slice(PHISHING).unwrap());
    let (status, _) = post(&tool, EXCHANGES, &[], &order).await;
    assert_eq!(status, 200, "the first order draws the key");
    // As at a node whose directory was copied before that.
    let place = sender.gateway.directory().data().join("identity/officers");
    let file = std::fs::read_dir(&place).unwrap().map(|file| file.unwrap().path()).find(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name == comity_gateway::work::officers::file_name("ana", 1)
    });
    let (file, kept) = (file.unwrap(), sender.gateway.directory().data().join("elsewhere"));
    std::fs::rename(&file, &kept).unwrap();
    let size = async || sender.get("/log/checkpoint").await.lines().rev().nth(3).map(str::to_owned);
    let before = size().await;
    let (status, told) = post(&tool, EXCHANGES, &[], &order).await;
    assert_eq!((status, &told["type"]), (503, &json!("/api/problems/officer-key-absent")), "{told}");
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(told["detail"].as_str().unwrap().contains(name), "{told}");
    assert_eq!(size().await, before, "nothing is recorded");
    assert!(!file.exists(), "and no second key is drawn");
    // Another's key is none of theirs.
    std::fs::write(&file, format!("{}\n", "07".repeat(32))).unwrap();
    let (_, told) = post(&tool, EXCHANGES, &[], &order).await;
    assert_eq!(told["type"], "/api/problems/officer-key-absent", "{told}");
    std::fs::rename(&kept, &file).unwrap();
    assert_eq!(post(&tool, EXCHANGES, &[], &order).await.0, 200, "it serves at once");
}
