//! What an operator's monitoring reads of a gateway, and what it never shows.

use crate::house::{PHISHING, pair};
use comity_gateway::watch::metrics;

/// The value of a series; `None` when there is none.
fn figure(text: &str, series: &str) -> Option<f64> {
    let line =
        text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_what_happened_and_no_value_of_the_data() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    sender.share(PHISHING).await;
    let sent = metrics::text(&sender.gateway).await.unwrap();
    let exchanges = "comity_exchanges_total{side=\"sender\",outcome=\"delivered\"}";
    assert_eq!(figure(&sent, exchanges), Some(1.0), "{sent}");
    assert_eq!(figure(&sent, "comity_partner_reached{party=\"FI\"}"), Some(1.0));
    assert_eq!(figure(&sent, "comity_outbox_offers"), Some(0.0));
    assert_eq!(figure(&sent, "comity_recall_overdue"), Some(0.0));
    assert!(figure(&sent, "comity_store_commit_seconds").unwrap() > 0.0);
    let received = metrics::text(&receiver.gateway).await.unwrap();
    let decisions = "comity_decisions_total{side=\"receiver\",outcome=\"permit\"}";
    assert!(figure(&received, decisions).unwrap() >= 1.0, "{received}");
    assert!(figure(&received, "comity_log_entries").unwrap() >= 3.0);
    assert!(figure(&received, "comity_vault_held").unwrap() > 3.0);
    assert_eq!(figure(&received, "comity_vault_overdue"), Some(0.0));
    assert_eq!(figure(&received, "comity_vault_undestroyed_oldest_seconds"), Some(0.0));
    assert_eq!(figure(&sent, "comity_exchange_seconds_count{side=\"sender\"}"), Some(1.0), "{sent}");
    assert!(figure(&sent, "comity_exchange_seconds_sum{side=\"sender\"}").unwrap() > 0.0);
    assert_eq!(
        figure(&received, "comity_exchange_seconds_count{side=\"receiver\"}"),
        Some(1.0),
        "{received}"
    );
    // One class was refused as it was, and went without its content.
    let refused = "comity_refusals_total{side=\"sender\",reason=\"no_prior_authorisation\"}";
    assert_eq!(figure(&sent, refused), Some(1.0), "{sent}");
    assert!(!received.contains("comity_refusals_total{"), "{received}");
    for text in [&sent, &received] {
        assert!(text.ends_with("# EOF\n"));
        assert!(!text.contains("trained") && !text.contains('@') && !text.contains("--"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_why_exchanges_were_refused() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    sender
        .share(br#"{"type":"bundle","id":"bundle--4a1d4ac8-6c2b-4b43-9d4c-77d1e1b3c0aa","objects":[]}"#)
        .await;
    let text = metrics::text(&sender.gateway).await.unwrap();
    let nothing = "comity_refusals_total{side=\"sender\",reason=\"nothing_given\"}";
    assert_eq!(figure(&text, nothing), Some(1.0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_ready_while_its_store_takes_changes() {
    let (house, _) = pair(&["EE", "FI"], false).await;
    assert!(house.get("/ready").await.starts_with("HTTP/1.1 200"));
    assert!(house.get("/health").await.starts_with("HTTP/1.1 200"));
    assert!(
        house.get("/metrics").await.starts_with("HTTP/1.1 404"),
        "figures are on the operator's listener"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_what_is_wrong_and_what_to_do() {
    use comity_gateway::work::doctor::{Health, examine};
    use std::os::unix::fs::PermissionsExt as _;
    let (house, other) = pair(&["EE", "FI"], true).await;
    let told = examine(&house.gateway).await.unwrap();
    assert!(told.iter().all(|looked| looked.health == Health::Good), "{told:?}");
    for what in [
        "directories",
        "database",
        "log",
        "clock",
        "erasure",
        "destruction",
        "outbox",
        "recall",
        "law",
        "partner",
    ] {
        assert!(told.iter().any(|looked| looked.what == what), "{what}: {told:?}");
    }
    other.unplug(&house).await;
    let data = house.gateway.directory().data();
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let told = examine(&house.gateway).await.unwrap();
    let of = |what: &str| told.iter().find(|looked| looked.what == what).unwrap();
    assert_eq!((of("directories").health, of("partner").health), (Health::Bad, Health::Warning));
    assert!(of("directories").advice.as_deref().is_some_and(|advice| advice.starts_with("chmod 700 ")));
}
