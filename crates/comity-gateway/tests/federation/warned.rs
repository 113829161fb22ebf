//! Warning lists that an operator names: the officer is told, nothing is decided by them, and one that does not read
//! keeps the gateway from starting.

use super::{House, pair};
use comity_exchange::report::{ExchangeOutcome, ExchangeReport, WarningReport};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use std::path::Path;

const INDICATOR: &[u8] = br#"[{"type":"indicator","spec_version":"2.1",
    "id":"indicator--00000000-0000-4000-8000-000000000005","created":"2026-01-01T00:00:00Z",
    "modified":"2026-01-01T00:00:00Z","pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix",
    "valid_from":"2026-01-01T00:00:00Z"}]"#;

fn set(dir: &Path, list: &str) {
    let lists = dir.join("lists");
    std::fs::create_dir_all(&lists).unwrap();
    std::fs::write(lists.join("ours.json"), list).unwrap();
    std::fs::write(dir.join("settings.toml"), "warning_lists = [\"lists\"]\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operators_list_has_is_told_to_the_officer_and_decides_nothing() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let before = sender.share(INDICATOR).await;
    assert_eq!(before.outcome, ExchangeOutcome::Delivered);
    assert_eq!(before.warnings, []);

    let address = sender.address();
    let room = sender.close().await;
    let dir = room.path().join("EE");
    set(
        &dir,
        r#"{"name":"Ours","type":"cidr","list":["198.51.100.0/24"],"matching_attributes":["ip-src","ip-dst"]}"#,
    );
    let sender = House::reopen(room, Directory::open(&dir, None).unwrap(), address).await;
    let report = sender.share(INDICATOR).await;
    let warning = WarningReport {
        object: "indicator--00000000-0000-4000-8000-000000000005".to_owned(),
        path: "pattern".to_owned(),
        list: "Ours".to_owned(),
    };
    assert_eq!(report.warnings, [warning]);
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    // But for the instants that duties count from.
    let said = |report: &ExchangeReport| -> Vec<_> {
        let all = report.decisions.iter();
        all.map(|one| (one.side, one.objects, one.outcome.clone(), one.citations.clone())).collect()
    };
    assert_eq!(said(&report), said(&before), "the partner finds the same facts without the list");

    let room = sender.close().await;
    set(&dir, "{\n \"name\": 7}");
    let error =
        Gateway::open(Directory::open(&dir, None).unwrap()).await.map(drop).expect_err("it does not start");
    let told = error.to_string();
    assert!(told.contains("lists/ours.json") && told.contains("line 2"), "{told}");
    drop((room, receiver));
}
