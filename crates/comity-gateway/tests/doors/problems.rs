//! Where the `type` of each problem leads: a page for people, that says what the answer says.

use crate::fresh;
use crate::house::House;
use crate::tool::{Answer, Tool};
use comity_gateway::api::problem::{Kind, PAGES};
use std::collections::BTreeSet;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Follows a problem to its page; the name of its kind.
async fn followed(house: &House, answer: Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    let kind = problem["type"].as_str().unwrap();
    let (status, title) = (problem["status"].as_u64().unwrap(), problem["title"].as_str().unwrap());
    assert_eq!(u64::from(answer.status), status);
    let page = Tool::of(house, "", "").showing(None).get(kind).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{kind}");
    let text = page.text();
    for said in [kind, title, &format!("status {status} "), "What happened", "Why", "What to do"] {
        assert!(text.contains(said), "{kind}: no `{said}` in {text}");
    }
    kind.strip_prefix(PAGES).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_every_answer_leads_to_its_page() {
    let (house, ana, _) = fresh().await;
    let nobody = ana.showing(None);
    let exchanges = "/api/v1/exchanges";
    let packed = [("content-encoding", "gzip")];
    let mut seen = BTreeSet::new();
    for answer in [
        nobody.get("/api/v1/me").await,
        nobody.showing(Some("Basic !")).get("/api/v1/me").await,
        Tool::of(&house, "ana", "another").get("/api/v1/me").await,
        ana.get("/nowhere").await,
        ana.get("/api/v1/exchanges/1").await,
        ana.get("/log/tile/none").await,
        ana.get("/api/problems/none").await,
        ana.ask("POST", exchanges, &JSON, b"{}").await,
        ana.ask("POST", exchanges, &[], b"{}").await,
        ana.ask("POST", exchanges, &packed, b"{}").await,
        ana.get("/signin").await,
        ana.get("/signin/callback").await,
    ] {
        seen.insert(followed(&house, answer).await);
    }
    let away = ana.ask("DELETE", exchanges, &[], b"").await;
    assert_eq!(away.header("allow"), Some("POST"));
    seen.insert(followed(&house, away).await);
    for expected in [
        "sign-in-missing",
        "sign-in-unreadable",
        "sign-in-wrong",
        "not-found",
        "malformed",
        "media-type",
        "compressed",
        "no-provider",
        "method",
    ] {
        assert!(seen.contains(expected), "{expected} in {seen:?}");
    }
    // Too many wrong passwords lock the name.
    let wrong = Tool::of(&house, "ana", "wrong");
    let mut last = wrong.get("/api/v1/me").await;
    for _ in 0..6 {
        last = wrong.get("/api/v1/me").await;
    }
    assert_eq!(followed(&house, last).await, "sign-in-locked-out");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_leads_to_every_page() {
    let (house, ana, _) = fresh().await;
    let index = ana.showing(None).get(PAGES).await.text();
    for kind in Kind::ALL {
        assert!(index.contains(&format!("href=\"{}\"", kind.uri())), "{kind:?}");
        let page = ana.showing(None).get(&kind.uri()).await;
        assert_eq!(page.status, 200, "{kind:?}");
        assert!(page.text().contains(kind.title()), "{kind:?}");
    }
    drop(house);
}
