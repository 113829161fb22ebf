//! A record happens whole or not at all, whoever shares its transaction.

use super::rows::{answer, exchange_row, offer, witness};
use super::{Harness, Seeded, at, party, record, wait};
use comity_exchange::ports::{Record, Store, StoreError};
use comity_terms::ExchangeId;
use comity_tlog::{SignedCheckpoint, TreeSize};

fn size(checkpoint: &str) -> TreeSize {
    SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap().checkpoint().size()
}

pub(crate) fn a_conflict_leaves_nothing(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(1);
    let exchange = ExchangeId::draw(&mut entropy);
    wait(async {
        let mut first = record(&mut entropy, 1, Some(exchange));
        first.answer = Some(answer("XA", exchange, b"first"));
        let integrated = store.record(first).await.unwrap();

        let mut second = record(&mut entropy, 2, Some(exchange));
        let segment = second.segments[0].id;
        let other = ExchangeId::draw(&mut entropy);
        second.exchanges.push(exchange_row(other));
        second.outbox.push(offer(&mut entropy, other, "2026-11-24T00:00:00Z"));
        second.partner_receipt = Some((other, b"receipt".to_vec()));
        second.witness = Some(witness(None, 3));
        second.answer = Some(answer("XA", exchange, b"second"));
        assert_eq!(store.record(second).await, Err(StoreError::Conflict("answer")));

        let found = store.answer(&party("XA"), exchange).await.unwrap().unwrap();
        assert_eq!(found.answer.header, b"first");
        assert_eq!(found.integrated, integrated);
        assert_eq!(store.exchange(other).await.unwrap(), None);
        assert_eq!(store.segment(segment).await.unwrap().map(|s| s.id), None);
        assert_eq!(store.partner_receipt(other).await.unwrap(), None);
        assert_eq!(store.witnessed("partner.example/log").await.unwrap(), None);
        let (now, until) = (at("2027-01-01T00:00:00Z"), at("2027-01-01T01:00:00Z"));
        assert_eq!(store.claim_outbox(now, until, 10, &[]).await.unwrap(), []);
        assert_eq!(size(&store.checkpoint().await.unwrap()), TreeSize(1));
    });
}

pub(crate) fn conflicts_leave_the_rest_of_their_batch_alone(harness: &impl Harness) {
    let store = std::sync::Arc::new(harness.open());
    let mut entropy = Seeded(2);
    let exchange = ExchangeId::draw(&mut entropy);
    let outcomes = wait(async {
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let mut record = record(&mut entropy, 1, None);
                if number % 2 == 0 {
                    record.answer = Some(answer("XA", exchange, &[number]));
                }
                let store = std::sync::Arc::clone(&store);
                tokio::spawn(async move { store.record(record).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    });
    // Of the fifty answers to one exchange one was kept; the fifty other records all were.
    let conflicts = outcomes.iter().filter(|o| **o == Err(StoreError::Conflict("answer"))).count();
    assert_eq!((conflicts, outcomes.iter().filter(|o| o.is_ok()).count()), (49, 51));
    assert_eq!(size(&wait(store.checkpoint()).unwrap()), TreeSize(51));
}

pub(crate) fn a_witness_steps_only_from_where_it_stands(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(3);
    wait(async {
        for (old, new, allowed) in
            [(Some(1), 2, false), (None, 3, true), (None, 3, false), (Some(3), 5, true), (Some(3), 6, false)]
        {
            let mut record = record(&mut entropy, 1, None);
            record.witness = Some(witness(old, new));
            let outcome = store.record(record).await.map(drop);
            let expected = if allowed { Ok(()) } else { Err(StoreError::Conflict("witness step")) };
            assert_eq!(outcome, expected, "{old:?} to {new}");
        }
        let (known, _) = store.witnessed("partner.example/log").await.unwrap().unwrap();
        assert_eq!(known, TreeSize(5));
    });
}

pub(crate) fn an_answer_is_kept_without_its_cosignature_where_the_step_is_stale(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(5);
    let [first, second] = [0, 1].map(|_| ExchangeId::draw(&mut entropy));
    let answered = |entropy: &mut Seeded, exchange| Record {
        answer: Some(answer("XA", exchange, b"offer")),
        witness: Some(witness(None, 3)),
        ..record(entropy, 1, Some(exchange))
    };
    wait(async {
        // Both were made while nothing was known of that log; they arrive at once, or one after the other.
        let both = (answered(&mut entropy, first), answered(&mut entropy, second));
        let (one, other) = tokio::join!(store.record(both.0), store.record(both.1));
        one.and(other).unwrap();
        let mut cosigned = 0;
        for exchange in [first, second] {
            let kept = store.answer(&party("XA"), exchange).await.unwrap().unwrap().answer;
            assert_eq!(kept.header, answer("XA", exchange, b"offer").header);
            assert_eq!(kept.cosignature.is_some(), kept.witnessed.is_some());
            cosigned += usize::from(kept.cosignature.is_some());
        }
        assert_eq!(cosigned, 1);
        let (known, _) = store.witnessed("partner.example/log").await.unwrap().unwrap();
        assert_eq!(known, TreeSize(3));
    });
}

pub(crate) fn an_answer_needs_the_entry_that_records_it(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(4);
    let exchange = ExchangeId::draw(&mut entropy);
    wait(async {
        let mut bare = record(&mut entropy, 0, None);
        bare.answer = Some(answer("XA", exchange, b"bare"));
        assert!(matches!(store.record(bare).await, Err(StoreError::Failed(_))));
        assert_eq!(store.answer(&party("XA"), exchange).await.unwrap(), None);
        store.record(record(&mut entropy, 1, None)).await.expect("the store goes on");
    });
}
