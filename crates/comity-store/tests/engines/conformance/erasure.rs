//! Records end in batches, each told by one entry; a bucket's row knows what its key still wraps.

use super::{Harness, Seeded, at, record, segment, wait};
use comity_exchange::ports::{
    Destruction, Erasure, HeldRecord, Record, Rewrapped, SealedSegment, SegmentKind, Store, StoreError,
};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_vault::Bucket;

const DUE: &str = "2027-05-24T00:00:00Z";

fn month() -> Month {
    Month::of(at(DUE))
}

fn bucket(generation: u32) -> Bucket {
    Bucket { agreement: "pact-2026".parse().unwrap(), month: month(), generation }
}

fn records(entropy: &mut Seeded, exchange: ExchangeId, rows: u32) -> SealedSegment {
    segment(entropy, Some(exchange), SegmentKind::Records, rows, 48)
}

async fn put(store: &impl Store, segment: &SealedSegment) {
    store.record(Record { segments: vec![segment.clone()], ..Record::default() }).await.unwrap();
}

async fn erase(store: &impl Store, held: &[HeldRecord], now: Timestamp) -> Result<(), StoreError> {
    let erased =
        Erasure { records: held.iter().map(HeldRecord::place).collect(), at: now, whatever_holds: false };
    let mut told = record(&mut Seeded(900), 1, None);
    told.segments.clear();
    store.record(Record { erased: Some(erased), ..told }).await.map(drop)
}

pub(crate) fn what_is_due_is_found_in_order_and_goes_with_its_blob(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(70);
    let exchange = ExchangeId::draw(&mut entropy);
    let sealed = records(&mut entropy, exchange, 5);
    let mut later = records(&mut entropy, exchange, 1);
    later.rows[0].erase_by = at("2027-05-25T00:00:00Z");
    wait(async {
        put(&store, &sealed).await;
        put(&store, &later).await;
        assert_eq!(store.due(at("2027-05-23T23:59:59Z"), at(DUE), 10).await, Ok(vec![]), "nothing early");
        let due = store.due(at(DUE), at(DUE), 3).await.unwrap();
        assert_eq!(due.iter().map(|held| held.row.clone()).collect::<Vec<_>>(), sealed.rows[..3]);
        assert_eq!((due[0].exchange, due[0].class, due[0].kind), (Some(exchange), sealed.class, sealed.kind));
        erase(&store, &due, at(DUE)).await.unwrap();
        assert_eq!(store.segment(sealed.id).await.unwrap().unwrap().rows, sealed.rows[3..]);
        let due = store.due(at(DUE), at(DUE), 10).await.unwrap();
        erase(&store, &due, at(DUE)).await.unwrap();
        assert!(store.segment(sealed.id).await.unwrap().is_none(), "no blob without records");
        assert_eq!(store.segment(later.id).await.unwrap().unwrap().rows, later.rows);
        let vitals = store.vitals(at(DUE)).await.unwrap();
        assert_eq!((vitals.held, vitals.erased, vitals.destroyed, vitals.overdue), (1, 5, 0, 0));
        assert_eq!(vitals.waiting_since, Some(at(DUE)));
        let overdue = store.vitals(at("2027-05-26T00:00:00Z")).await.unwrap();
        assert_eq!((overdue.overdue, overdue.overdue_since), (1, Some(later.rows[0].erase_by)));
    });
}

pub(crate) fn an_entry_tells_exactly_what_it_erased(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(71);
    let exchange = ExchangeId::draw(&mut entropy);
    let sealed = records(&mut entropy, exchange, 3);
    wait(async {
        put(&store, &sealed).await;
        let held = store.held_of(exchange, false, 10).await.unwrap();
        erase(&store, &held[..1], at(DUE)).await.unwrap();
        let checkpoint = store.checkpoint().await.unwrap();
        let again = erase(&store, &held, at(DUE)).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        assert_eq!(store.checkpoint().await.unwrap(), checkpoint, "and no entry of it");
        assert_eq!(store.held_of(exchange, false, 10).await.unwrap(), held[1..]);
    });
}

pub(crate) fn a_bucket_closes_once_it_is_empty_and_stays_closed(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(72);
    let exchange = ExchangeId::draw(&mut entropy);
    let sealed = records(&mut entropy, exchange, 700);
    let now = at("2026-11-25T00:00:00Z");
    wait(async {
        put(&store, &sealed).await;
        put(&store, &segment(&mut entropy, None, SegmentKind::Opening, 1, 64)).await;
        let held = store.held_of(exchange, false, 2).await.unwrap();
        erase(&store, &held, now).await.unwrap();
        assert_eq!(store.close_bucket(&bucket(1), now).await, Ok(false), "it holds records");
        let (mut passes, mut after) = (0, None);
        loop {
            let held = store.held_in(&bucket(1), after.as_ref(), 300).await.unwrap();
            let Some(last) = held.last() else { break };
            after = Some(last.clone());
            let anew = |held: &HeldRecord| {
                let mut row = held.row.clone();
                row.generation = 2;
                row.wrapped_key[0] ^= 1;
                Rewrapped { segment: held.segment, from: 1, row }
            };
            let rewrapped = held.iter().map(anew).collect();
            store.record(Record { rewrapped, ..Record::default() }).await.unwrap();
            passes += 1;
        }
        assert_eq!(passes, 3, "698 records and an opening by 300");
        let epochs = store.epochs(month(), true).await.unwrap();
        assert_eq!(
            epochs.iter().map(|epoch| (epoch.held, epoch.erased)).collect::<Vec<_>>(),
            [(0, 2), (699, 0)]
        );
        assert_eq!(
            store.epochs(month(), false).await.unwrap(),
            epochs[..1],
            "those with something to destroy"
        );
        assert_eq!(store.close_bucket(&bucket(1), now).await, Ok(true));
        assert_eq!(store.close_bucket(&bucket(1), now).await, Ok(true), "closed is closed");

        let late = records(&mut entropy, exchange, 2);
        let refused =
            store.record(Record { segments: vec![late.clone()], ..record(&mut entropy, 0, None) }).await;
        assert_eq!(refused, Err(StoreError::KeyClosed(bucket(1))));
        assert!(store.segment(late.id).await.unwrap().is_none(), "nothing of it is kept");

        let destroyed = Some(Destruction { buckets: vec![bucket(1)], at: now });
        store.record(Record { destroyed, ..Record::default() }).await.unwrap();
        assert_eq!(store.epochs(month(), true).await.unwrap(), epochs[1..]);
        let vitals = store.vitals(now).await.unwrap();
        assert_eq!((vitals.erased, vitals.destroyed, vitals.waiting_since), (2, 2, None));
    });
}

pub(crate) fn what_was_erased_meanwhile_is_not_wrapped_anew(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(73);
    let exchange = ExchangeId::draw(&mut entropy);
    wait(async {
        put(&store, &records(&mut entropy, exchange, 2)).await;
        let held = store.held_of(exchange, false, 10).await.unwrap();
        erase(&store, &held[..1], at(DUE)).await.unwrap();
        let rewrapped = held.iter().map(|held| {
            let row = comity_vault::KeyRow { generation: 2, ..held.row.clone() };
            Rewrapped { segment: held.segment, from: 1, row }
        });
        store.record(Record { rewrapped: rewrapped.collect(), ..Record::default() }).await.unwrap();
        let left = store.held_of(exchange, false, 10).await.unwrap();
        assert_eq!(
            left.iter().map(|held| (held.row.ordinal, held.row.generation)).collect::<Vec<_>>(),
            [(1, 2)]
        );
        let epochs = store.epochs(month(), true).await.unwrap();
        assert_eq!(epochs.iter().map(|epoch| epoch.held).collect::<Vec<_>>(), [0, 1]);
    });
}

pub(crate) fn openings_are_asked_for_by_name(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(74);
    let exchange = ExchangeId::draw(&mut entropy);
    wait(async {
        put(&store, &segment(&mut entropy, Some(exchange), SegmentKind::Opening, 1, 64)).await;
        put(&store, &records(&mut entropy, exchange, 1)).await;
        let kinds = |held: Vec<HeldRecord>| held.iter().map(|held| held.kind).collect::<Vec<_>>();
        assert_eq!(kinds(store.held_of(exchange, false, 10).await.unwrap()), [SegmentKind::Records]);
        let both = kinds(store.held_of(exchange, true, 10).await.unwrap());
        assert_eq!(both, [SegmentKind::Opening, SegmentKind::Records]);
    });
}
