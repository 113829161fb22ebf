//! Holds keep records from erasure whoever asks, until they end; uses and look-ups are counted once.

use super::{Harness, Seeded, at, record, segment, wait};
use comity_exchange::ports::{
    Counted, Erasure, HeldRecord, HoldRow, Holds, LookUp, Record, RecordPlace, SegmentKind, Store,
    StoreError, SubjectTag, Subjects, Tagged, UseCount, UseRow, Uses,
};
use comity_terms::ids::HoldId;
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_tlog::LeafIndex;

const DUE: &str = "2027-05-24T00:00:00Z";

fn hold(entropy: &mut Seeded, exchange: ExchangeId, until: &str) -> HoldRow {
    HoldRow {
        id: HoldId::draw(entropy),
        exchange,
        record: None,
        ground: "legal_claim".into(),
        restricts: true,
        since: at("2027-01-01T00:00:00Z"),
        begun: at("2027-01-01T00:00:00Z"),
        until: at(until),
        lifted: None,
        key: "a key".into(),
        bound: ["agreement".into(), "pact-2026".into(), "pact.1".into(), "Art. 1".into()],
        erase_after: None,
        version: 1,
    }
}

fn change(row: &HoldRow) -> Record {
    Record { holds: vec![row.clone()], ..Record::default() }
}

async fn erase(
    store: &impl Store,
    held: &[HeldRecord],
    now: Timestamp,
    whatever: bool,
) -> Result<(), StoreError> {
    let records = held.iter().map(HeldRecord::place).collect();
    let erased = Some(Erasure { records, at: now, whatever_holds: whatever });
    let mut told = record(&mut Seeded(901), 1, None);
    told.segments.clear();
    store.record(Record { erased, ..told }).await.map(drop)
}

pub(crate) fn what_is_held_is_neither_due_nor_erased_until_its_hold_ends<H>(harness: &H)
where
    H: Harness<Store: Holds>,
{
    let store = harness.open();
    let mut entropy = Seeded(72);
    let (kept, other) = (ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy));
    let sealed = segment(&mut entropy, Some(kept), SegmentKind::Records, 3, 48);
    let free = segment(&mut entropy, Some(other), SegmentKind::Records, 2, 48);
    wait(async {
        let segments = vec![sealed.clone(), free.clone()];
        store.record(Record { segments, ..Record::default() }).await.unwrap();
        let row = hold(&mut entropy, kept, "2027-06-01T00:00:00Z");
        store.record(change(&row)).await.unwrap();
        assert!(matches!(store.record(change(&row)).await, Err(StoreError::Conflict(_))), "once a version");
        assert_eq!(store.holds().await.unwrap(), std::slice::from_ref(&row));
        assert_eq!(store.hold(row.id).await.unwrap(), Some(row.clone()));
        assert_eq!(store.holds_of(vec![other]).await.unwrap(), []);
        let due = store.due(at(DUE), at(DUE), 10).await.unwrap();
        assert_eq!(due.iter().map(|held| held.exchange).collect::<Vec<_>>(), [Some(other); 2]);
        let vitals = store.vitals(at(DUE)).await.unwrap();
        assert_eq!((vitals.overdue, vitals.holds), (2, 1));
        let held = store.held_of(kept, false, 10).await.unwrap();
        let refused = erase(&store, &held[..1], at(DUE), false).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        assert_eq!(store.held_of(kept, false, 10).await.unwrap().len(), 3, "nothing of it");
        assert!(store.holds_restrict(at(DUE)).await.unwrap());
        // At its end, to the second.
        let last = at("2027-05-31T23:59:59Z");
        assert!(store.due(last, last, 10).await.unwrap().iter().all(|held| held.exchange == Some(other)));
        let end = at("2027-06-01T00:00:00Z");
        assert_eq!(store.due(end, end, 10).await.unwrap().len(), 5);
        assert!(!store.holds_restrict(end).await.unwrap());
        erase(&store, &held[..1], end, false).await.unwrap();
        // What no key opens goes in any case.
        erase(&store, &held[1..2], at(DUE), true).await.unwrap();
    });
}

pub(crate) fn one_record_is_held_and_a_hold_is_let_go<H>(harness: &H)
where
    H: Harness<Store: Holds + Subjects>,
{
    let store = harness.open();
    let mut entropy = Seeded(73);
    let exchange = ExchangeId::draw(&mut entropy);
    let sealed = segment(&mut entropy, Some(exchange), SegmentKind::Records, 3, 48);
    wait(async {
        store.record(Record { segments: vec![sealed.clone()], ..Record::default() }).await.unwrap();
        let record = Some((sealed.class.unwrap(), 1));
        let row = HoldRow { record, ..hold(&mut entropy, exchange, "2027-06-01T00:00:00Z") };
        store.record(change(&row)).await.unwrap();
        let due = store.due(at(DUE), at(DUE), 10).await.unwrap();
        assert_eq!(due.iter().map(|held| held.row.ordinal).collect::<Vec<_>>(), [0, 2]);
        // When the month has passed its tags go, but for those of what is held.
        let (may, june) = (Month::of(at(DUE)), Month::of(at("2027-06-01T00:00:00Z")));
        let tag = SubjectTag([5; 16]);
        let tagged = |ordinal| Tagged {
            place: RecordPlace { segment: sealed.id, ordinal },
            month: may,
            tag,
            sent: None,
        };
        let tagged = vec![tagged(0), tagged(1), tagged(2)];
        store.record(Record { tagged, ..Record::default() }).await.unwrap();
        let longer = HoldRow { until: at("2027-07-01T00:00:00Z"), ..hold(&mut entropy, exchange, DUE) };
        store.record(change(&HoldRow { record: row.record, ..longer })).await.unwrap();
        store.record(Record { untagged: Some(june), ..Record::default() }).await.unwrap();
        assert_eq!(store.tagged_months(june).await.unwrap(), [may]);
        let left = store.tagged(vec![(may, tag)]).await.unwrap();
        assert_eq!(left.iter().map(|found| found.held.row.ordinal).collect::<Vec<_>>(), [1]);
        let ground = Some("erasure_ordered".parse().unwrap());
        let noted = HoldRow { erase_after: ground, version: 2, ..row.clone() };
        store.record(change(&noted)).await.unwrap();
        assert_eq!(store.holds_over(at(DUE)).await.unwrap(), []);
        let lifted = HoldRow { lifted: Some(at(DUE)), version: 3, ..noted };
        store.record(change(&lifted)).await.unwrap();
        assert_eq!(store.holds_over(at(DUE)).await.unwrap(), std::slice::from_ref(&lifted));
        assert_eq!(store.due(at(DUE), at(DUE), 10).await.unwrap().len(), 2, "another hold keeps it");
        let settled = HoldRow { erase_after: None, version: 4, ..lifted };
        store.record(change(&settled)).await.unwrap();
        assert_eq!(store.holds_over(at("2028-01-01T00:00:00Z")).await.unwrap(), []);
    });
}

pub(crate) fn uses_and_look_ups_are_counted_once<H>(harness: &H)
where
    H: Harness<Store: Uses>,
{
    let store = harness.open();
    let mut entropy = Seeded(74);
    let (one, other) = (ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy));
    let now = at("2027-01-10T00:00:00Z");
    let used = |exchange, action: &str, given, refused| UseRow {
        exchange,
        entry: LeafIndex(0),
        at: now,
        action: action.parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        reader: Some("a key".into()),
        given,
        refused,
    };
    wait(async {
        store.record(record(&mut entropy, 2, None)).await.unwrap();
        let uses = vec![used(one, "use", 3, 1), used(other, "use", 0, 2)];
        let first = store.record(Record { uses, ..record(&mut entropy, 1, None) }).await.unwrap();
        let uses = vec![used(one, "unmask", 1, 0)];
        let second = store.record(Record { uses, ..record(&mut entropy, 1, None) }).await.unwrap();
        let rows = store.used(one, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.entry).collect::<Vec<_>>(), [first.index, second.index]);
        assert_eq!(store.used(one, 1).await.unwrap()[0].entry, second.index, "the newest");
        let counts = store.use_counts(vec![one, other, ExchangeId::draw(&mut entropy)]).await.unwrap();
        let count = |of| counts.iter().find(|(exchange, _)| *exchange == of).map(|(_, count)| *count);
        assert_eq!(counts.len(), 2);
        assert_eq!(count(one), Some(UseCount { uses: 2, given: 4, refused: 1, unmasked: 1 }));
        assert_eq!(count(other), Some(UseCount { uses: 1, given: 0, refused: 2, unmasked: 0 }));

        let (who, since) = (Counted([7; 16]), at("2026-12-11T00:00:00Z"));
        let until = at("2027-02-09T00:00:00Z");
        let look_up = |done| LookUp { who, done, since, times: 1, at: now, until };
        let counted =
            |done| Record { looked_up: vec![look_up(done)], ..record(&mut Seeded(902 + done), 1, None) };
        store.record(counted(0)).await.unwrap();
        assert!(matches!(store.record(counted(0)).await, Err(StoreError::Conflict(_))), "another was faster");
        store.record(counted(1)).await.unwrap();
        assert_eq!(store.looked_up(who, since).await.unwrap(), 2);
        assert_eq!(store.looked_up(who, now).await.unwrap(), 0, "of a later period");
        assert!(!store.look_ups_over(now).await.unwrap());
        assert!(store.look_ups_over(until).await.unwrap());
        store.record(Record { uncounted: Some(until), ..Record::default() }).await.unwrap();
        assert_eq!(store.looked_up(who, since).await.unwrap(), 0);
    });
}
