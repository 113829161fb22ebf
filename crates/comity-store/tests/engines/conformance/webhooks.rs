//! Endpoints that are told of acts: each change is the next version of a row, and of two at once one is refused.

use super::{Harness, Seeded, at, record, wait};
use comity_exchange::ports::{Record, Store, StoreError, WebhookRow, Webhooks};
use comity_terms::ids::WebhookId;
use comity_tlog::LeafIndex;

fn row(entropy: &mut Seeded, from: &str) -> WebhookRow {
    WebhookRow {
        id: WebhookId::draw(entropy),
        url: "https://soc.example/comity".into(),
        events: "exchange.decided records.erased".into(),
        officer: "kask".into(),
        from: at(from),
        ended: None,
        version: 1,
        next: LeafIndex(7),
        failures: 0,
        failing_since: None,
        trouble: None,
        next_at: at(from),
        disabled: None,
    }
}

pub(crate) fn endpoints_change_one_version_at_a_time<H: Harness<Store: Webhooks>>(harness: &H) {
    let mut entropy = Seeded(31);
    wait(async {
        let store = harness.open();
        assert_eq!(store.webhooks().await.unwrap(), []);
        let (later, one) =
            (row(&mut entropy, "2026-11-25T00:00:00Z"), row(&mut entropy, "2026-11-24T00:00:00Z"));
        let mut added = record(&mut entropy, 1, None);
        added.webhooks = vec![later.clone(), one.clone()];
        store.record(added).await.unwrap();
        drop(store);

        let store = harness.open();
        assert_eq!(store.webhooks().await.unwrap(), [one.clone(), later.clone()], "oldest first");
        let failing = WebhookRow {
            version: 2,
            next: LeafIndex(9),
            failures: 3,
            failing_since: Some(at("2026-11-24T01:00:00Z")),
            trouble: Some("answered 500".into()),
            next_at: at("2026-11-24T02:00:00Z"),
            ..one.clone()
        };
        let change = |row: &WebhookRow| Record { webhooks: vec![row.clone()], ..Record::default() };
        store.record(change(&failing)).await.unwrap();
        // Whoever read the row before that is told, and what came with the change does not happen.
        let ended = WebhookRow { ended: Some(at("2026-11-26T00:00:00Z")), ..failing.clone() };
        for version in [1, 2, 4] {
            let mut late = record(&mut entropy, 1, None);
            late.webhooks = vec![WebhookRow { version, ..ended.clone() }];
            let made = store.record(late).await;
            assert!(matches!(made, Err(StoreError::Conflict(_))), "{version}: {made:?}");
        }
        assert_eq!(store.webhooks().await.unwrap(), [failing.clone(), later.clone()]);
        // What it was asked for never changes.
        let last = WebhookRow {
            version: 3,
            disabled: Some(at("2026-11-25T00:00:00Z")),
            ended: Some(at("2026-11-26T00:00:00Z")),
            ..failing
        };
        let renamed = WebhookRow { url: "https://elsewhere.example/".into(), ..last.clone() };
        store.record(change(&renamed)).await.unwrap();
        assert_eq!(store.webhooks().await.unwrap(), [last, later]);
    });
}

pub(crate) fn of_two_changes_at_once_one_is_refused<H: Harness<Store: Webhooks>>(harness: &H) {
    let mut entropy = Seeded(32);
    wait(async {
        let store = harness.open();
        let one = row(&mut entropy, "2026-11-24T00:00:00Z");
        let change = |row: &WebhookRow| Record { webhooks: vec![row.clone()], ..Record::default() };
        store.record(change(&one)).await.unwrap();
        let next = WebhookRow { version: 2, ..one };
        let both = futures_util::future::join(store.record(change(&next)), store.record(change(&next))).await;
        let refused = [both.0, both.1].into_iter().filter(|made| made.is_err()).count();
        assert_eq!(refused, 1);
    });
}
