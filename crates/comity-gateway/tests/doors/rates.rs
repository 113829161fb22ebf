//! Whoever asks more often than the operator lets them is told so at each door in its own form, with the seconds to wait; after
//! these they are served.

use crate::house::House;
use crate::tool::{Answer, Tool};
use crate::{PASSWORD, officer};
use comity_gateway::work::{collections, tokens};
use serde_json::Value as Json;
use std::time::Duration;

/// A house with its public collection and these lines under `[signin]`, and the collection's root and id.
async fn house(signin: &str) -> (House, String, String) {
    let house = House::open("EE").await;
    collections::public(&house.gateway).await.unwrap();
    let collection = &collections::standing(&house.gateway)[0];
    let (root, id) = (collection.agreement.0.to_string(), collection.id.0.to_string());
    let directory = house.gateway.directory().clone();
    let room = house.close().await;
    std::fs::write(directory.settings(), format!("[signin]\n{signin}\n")).unwrap();
    (House::reopen(room, directory, ([127, 0, 0, 1], 0).into()).await, root, id)
}

/// A door: its name, a path of it, and what its 429 looks like.
type Door = (&'static str, String, fn(&Answer));

fn doors(root: &str, id: &str) -> [Door; 3] {
    [
        ("TAXII", format!("/taxii2/{root}/collections/{id}/"), |told| {
            assert_eq!(told.taxii(429)["title"], "too many requests");
        }),
        ("API", "/api/v1/exchanges/00000000-0000-4000-8000-000000000000".to_owned(), |told| {
            assert_eq!(told.header("content-type"), Some("application/problem+json"), "{}", told.text());
            let problem = told.json();
            assert_eq!(problem["type"], "/api/problems/sign-in-limited", "{problem}");
            assert_eq!(problem["status"], 429, "{problem}");
        }),
        ("MISP", format!("/misp/{id}/servers/getVersion"), |told| {
            assert_eq!(told.header("content-type"), Some("application/json"), "{}", told.text());
            let Json::Object(said) = told.json() else { panic!("{}", told.text()) };
            assert!(said["name"].to_string().contains("too many requests"), "{said:?}");
            assert_eq!(said["url"], "/servers/getVersion", "{said:?}");
        }),
    ]
}

/// Asks until it is too often. A machine that is slow takes more tries: each leaves the rate a second.
async fn until_limited(tool: &Tool, path: &str) -> Answer {
    for _ in 0..200 {
        let told =
            tool.ask("GET", path, &[("accept", "application/json, application/taxii+json")], b"").await;
        if told.status == 429 {
            return told;
        }
    }
    panic!("{path}: never too often")
}

/// Waits as long as the answer says. The rate is of real seconds: what is tested is that these are enough.
async fn wait_as_told(door: &str, told: &Answer) {
    let seconds = told.header("retry-after").unwrap_or_else(|| panic!("{door}: no Retry-After"));
    let seconds = seconds.parse().unwrap();
    assert!((1..=2).contains(&seconds), "{door}: {seconds}");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_who_asks_too_often_is_told_when_to_ask_again_at_every_door() {
    let (house, root, id) = house("officer_rate = { each_second = 1, burst = 2 }").await;
    for (number, (door, path, is_told)) in doors(&root, &id).into_iter().enumerate() {
        // Each has a bucket of their own.
        let name = format!("ana{number}");
        officer(&house, &name, 365).await;
        let (token, _) = tokens::give(&house.gateway, &name, door, None).await.unwrap();
        let tool = Tool::of(&house, &name, PASSWORD).showing(Some(&format!("Bearer {}", token.as_str())));
        let told = until_limited(&tool, &path).await;
        is_told(&told);
        wait_as_told(door, &told).await;
        let served = tool.get(&path).await;
        assert!(matches!(served.status, 200 | 404), "{door}: {} {}", served.status, served.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_often_is_told_so_before_anybody_is_looked_up() {
    let (house, root, id) = house("address_rate = { each_second = 1, burst = 2 }").await;
    let stranger = Tool::of(&house, "nobody", PASSWORD).showing(Some("Bearer comity_none"));
    for (door, path, is_told) in doors(&root, &id) {
        let told = until_limited(&stranger, &path).await;
        is_told(&told);
        assert_eq!(told.header("www-authenticate"), None, "{door}");
        wait_as_told(door, &told).await;
        let refused = stranger.get(&path).await;
        assert!(matches!(refused.status, 401 | 403), "{door}: {}", refused.status);
    }
}
