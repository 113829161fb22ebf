//! What is late is seen by whoever looks: the operator's figures, the ledger of what is owed, at both gateways that it concerns.

use crate::house::{House, PHISHING, pair};
use crate::recall::{complete, ordered, stands};
use crate::recall_chain::{held, line, share};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use comity_exchange::audit::due::Awaited;
use comity_exchange::erase::{Order, erase_exchange};
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::jobs::obligations;
use comity_gateway::watch::metrics;
use comity_gateway::work::{doctor, holds};
use comity_terms::Timestamp;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use tower_service::Service as _;

/// What `GET /metrics` gives for a series; `None` when there is none.
async fn figure(house: &House, series: &str) -> Option<f64> {
    let mut router = metrics::router(Arc::clone(&house.gateway));
    let answer = router.call(Request::get("/metrics").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let line =
        text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// The duty to reach every holder, as `comity audit obligations --json` prints it.
async fn owed(house: &House) -> Json {
    let dir = house.gateway.directory().data().to_owned();
    let run = move || {
        std::process::Command::new(env!("CARGO_BIN_EXE_comity"))
            .args(["audit", "obligations", "--json", "--dir"])
            .arg(dir)
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Json = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said} {output:?}"));
    let duties = told["obligations"].as_array().or(told.as_array()).unwrap_or_else(|| panic!("{told}"));
    let chain: Vec<&Json> = duties.iter().filter(|duty| duty["type"] == "propagate_to_holders").collect();
    assert_eq!(chain.len(), 1, "{told}");
    chain[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_down_past_the_due_date_is_overdue_at_both_sides_and_in_the_figures() {
    let mut houses = line(&["EE", "FI", "BE"]).await;
    let (third, second, first) = (houses.pop().unwrap(), houses.pop().unwrap(), houses.pop().unwrap());
    let given = share(&first, &second, PHISHING).await;
    share(&second, &third, &held(&second, given).await).await;
    let at = third.unplug(&second).await;
    let id = ordered(&first, given, RecallAction::Erase).await;
    for (house, owner) in [(&first, "EE"), (&second, "FI")] {
        assert_eq!(figure(house, "comity_recall_open").await, Some(1.0));
        assert_eq!(figure(house, "comity_recall_overdue").await, Some(0.0), "it is not late yet");
        let duty = owed(house).await;
        assert_eq!(
            (&duty["owner"], &duty["state"], &duty["evidence"]),
            (&owner.into(), &"open".into(), &Json::Null)
        );
    }

    // The third is down for four days; the law gives three.
    let four_days = Duration::from_secs(4 * 86_400);
    let (first, second) = (first.later(four_days).await, second.later(four_days).await);
    for (house, owner) in [(&first, "EE"), (&second, "FI")] {
        assert_eq!(figure(house, "comity_recall_overdue").await, Some(1.0), "at {owner}");
        let duty = owed(house).await;
        assert_eq!(
            (&duty["owner"], &duty["state"], &duty["evidence"]),
            (&owner.into(), &"overdue".into(), &Json::Null)
        );
        let due: comity_terms::Timestamp = duty["due_legal_latest"].as_str().unwrap().parse().unwrap();
        assert!(due < house.gateway.now(), "{duty}");
    }
    assert_eq!(stands(&first, id).await["state"], "overdue");

    // It is back, late as it is: the figures fall, and the ledger names the entry that proves it.
    let third = third.later(four_days).await;
    third.plug(&second, at).await;
    complete(&first, id).await;
    for house in [&first, &second] {
        assert_eq!(figure(house, "comity_recall_overdue").await, Some(0.0));
        let duty = owed(house).await;
        assert_eq!((&duty["state"], duty["evidence"].is_u64()), (&"done".into(), true), "{duty}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_are_owed_are_counted_until_they_are_made_or_nothing_is_left_to_look_at() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let mut given = Vec::new();
    for _ in 0..2 {
        let report = sender.share(PHISHING).await;
        assert_eq!(report.outcome, ExchangeOutcome::Delivered);
        given.push(report.exchange_id.0);
    }
    let (gateway, mut awaited) = (&*receiver.gateway, Awaited::default());
    let now = gateway.now();
    let late = now.checked_add(Duration::from_secs(100 * 86_400)).unwrap();
    obligations::once(gateway, &mut awaited, now).await.unwrap();
    let open = "comity_reviews{state=\"open\"}";
    let overdue = "comity_reviews{state=\"overdue\"}";
    let owed = figure(&receiver, open).await.unwrap();
    assert!(owed >= 2.0, "each exchange is to be looked at: {owed}");
    // By when the next is due a figure tells, and the doctor in words.
    let next = "comity_reviews_next_due_timestamp_seconds";
    let due = figure(&receiver, next).await.unwrap();
    let left = due - now.as_second() as f64;
    assert!((1.0..=90.0 * 86_400.0).contains(&left), "within the ninety days of the law: {left}");
    let looked = doctor::examine(gateway).await.unwrap();
    let reviews = looked.into_iter().find(|looked| looked.what == "reviews").unwrap();
    let day = Timestamp::from_second(due as i64).unwrap();
    assert!(reviews.found.contains(&format!("the next by {day:.0}")), "{}", reviews.found);
    assert_eq!(figure(&receiver, overdue).await, Some(0.0));
    obligations::once(gateway, &mut awaited, late).await.unwrap();
    assert_eq!((figure(&receiver, open).await, figure(&receiver, overdue).await), (Some(0.0), Some(owed)));
    assert_eq!(figure(&receiver, next).await, Some(0.0), "the next is none that is late");
    // A gateway that starts anew reads the same off its log.
    let mut anew = Awaited::default();
    assert_eq!(obligations::once(gateway, &mut anew, late).await.unwrap(), 0, "told once");
    assert_eq!(figure(&receiver, overdue).await, Some(owed));

    holds::review(gateway, (given[0], "trained"), true, None).await.unwrap();
    obligations::once(gateway, &mut awaited, late).await.unwrap();
    assert_eq!(figure(&receiver, overdue).await, Some(owed / 2.0), "one was looked at");
    let order = Order { exchange: given[1], ground: "no_longer_needed".parse().unwrap(), openings: false };
    erase_exchange(gateway, &order, Json::Null).await.unwrap();
    obligations::once(gateway, &mut awaited, late).await.unwrap();
    assert_eq!(figure(&receiver, overdue).await, Some(0.0), "of the other nothing is left");
}
