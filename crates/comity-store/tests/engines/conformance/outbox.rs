//! An offer is tried by one at a time, until it is settled.

use super::rows::offer;
use super::{Harness, Seeded, at, record, wait};
use comity_exchange::ports::{Store, StoreError};
use comity_terms::ExchangeId;

const DUE: &str = "2026-11-24T00:00:00Z";

pub(crate) fn a_claim_is_exclusive_until_it_runs_out(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(10);
    let exchange = ExchangeId::draw(&mut entropy);
    let item = offer(&mut entropy, exchange, DUE);
    wait(async {
        let mut put = record(&mut entropy, 1, Some(exchange));
        put.outbox.push(item.clone());
        store.record(put).await.unwrap();
        let (early, now) = (at("2026-11-23T23:59:59.999999999Z"), at(DUE));
        let (until, later) = (at("2026-11-24T00:01:00Z"), at("2026-11-24T00:02:00Z"));
        assert_eq!(store.claim_outbox(early, until, 10, &[]).await.unwrap(), [], "not due yet");
        let besides = ["XA".parse().unwrap(), item.peer.clone()];
        assert_eq!(
            store.claim_outbox(now, until, 10, &besides).await.unwrap(),
            [],
            "its partner is left out"
        );
        assert_eq!(
            store.claim_outbox(now, until, 10, &besides[..1]).await.unwrap(),
            std::slice::from_ref(&item)
        );
        assert_eq!(store.claim_outbox(now, until, 10, &[]).await.unwrap(), [], "claimed");
        assert_eq!(store.claim_offer(exchange, now, until).await.unwrap(), None, "claimed");
        let again = store.claim_outbox(until, later, 10, &[]).await.unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, item.attempts + 1), "the claim ran out");
    });
}

pub(crate) fn a_postponed_offer_waits_and_a_settled_one_is_gone(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(11);
    let exchange = ExchangeId::draw(&mut entropy);
    let (now, next, until) = (at(DUE), at("2026-11-24T00:00:00.5Z"), at("2026-11-24T01:00:00Z"));
    wait(async {
        let mut put = record(&mut entropy, 1, Some(exchange));
        put.outbox.push(offer(&mut entropy, exchange, DUE));
        store.record(put).await.unwrap();
        assert!(store.claim_offer(exchange, now, until).await.unwrap().is_some());
        store.postpone(exchange, next).await.unwrap();
        assert_eq!(store.claim_outbox(now, until, 10, &[]).await.unwrap(), [], "postponed");
        let claimed = store.claim_offer(exchange, now, until).await.unwrap().expect("whenever it is due");
        assert_eq!((claimed.attempts, claimed.next_at), (1, next));
        store.postpone(exchange, next).await.unwrap();
        assert_eq!(store.claim_outbox(next, until, 10, &[]).await.unwrap().len(), 1);
        let mut settle = record(&mut entropy, 1, Some(exchange));
        settle.settled.push(exchange);
        store.record(settle).await.unwrap();
        let late = at("2027-01-01T00:00:00Z");
        assert_eq!(store.claim_offer(exchange, late, late).await.unwrap(), None);
        store.postpone(exchange, next).await.expect("what is gone needs no postponing");
        // Two tries that overlap both have an answer; only one of them ends the exchange.
        let before = store.checkpoint().await.unwrap();
        let mut again = record(&mut entropy, 1, Some(exchange));
        again.settled.push(exchange);
        assert_eq!(store.record(again).await, Err(StoreError::Conflict("settlement")));
        assert_eq!(store.checkpoint().await.unwrap(), before, "nothing changed");
    });
}

pub(crate) fn concurrent_claims_share_no_offer(harness: &impl Harness) {
    let store = std::sync::Arc::new(harness.open());
    let mut entropy = Seeded(12);
    let mut claimed = wait(async {
        let mut put = record(&mut entropy, 1, None);
        for _ in 0..40 {
            let exchange = ExchangeId::draw(&mut entropy);
            put.outbox.push(offer(&mut entropy, exchange, DUE));
        }
        store.record(put).await.unwrap();
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let store = std::sync::Arc::clone(&store);
                tokio::spawn(async move {
                    store.claim_outbox(at(DUE), at("2026-11-24T01:00:00Z"), 5, &[]).await.unwrap()
                })
            })
            .collect();
        let mut claimed = Vec::new();
        for task in tasks {
            claimed.extend(task.await.unwrap().into_iter().map(|item| item.exchange));
        }
        claimed
    });
    assert_eq!(claimed.len(), 40);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 40, "one offer was claimed twice");
}
