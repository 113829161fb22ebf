//! Orders that data be erased or restricted: each change of a message is the next version of its row; where records went,
//! and what is restricted, is found again.

use super::rows::exchange_row;
use super::{Harness, Seeded, at, entries, record, segment, wait};
use comity_exchange::collect::{ContentTag, ObjectTag};
use comity_exchange::ports::{
    CollectedObject, CollectedSegment, Collections, Derived, ExchangeRow, RecallRow, Recalls, Record,
    RecordName, Restriction, SegmentKind, Store, StoreError, Stream, Way,
};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::ids::{ClassId, OrderId};
use comity_terms::{Digest, ExchangeId};
use std::collections::BTreeSet;

fn row(entropy: &mut Seeded, order: OrderId, from: &str, way: Way) -> RecallRow {
    let mut header = vec![0; 40];
    comity_terms::Entropy::fill(entropy, &mut header);
    RecallRow {
        message: Digest::of(&header),
        order,
        way,
        peer: "FI".parse().unwrap(),
        parent: None,
        header,
        signature: [9; 64],
        receipt: None,
        at: at(from),
        due: Some(at("2026-11-28T00:00:00Z")),
        version: 1,
        entered: true,
        answer: None,
        complete: false,
        attempts: 0,
        next_at: at(from),
    }
}

fn change(row: &RecallRow) -> Record {
    Record { recalls: vec![row.clone()], ..Record::default() }
}

pub(crate) fn messages_of_orders_change_one_version_at_a_time<H: Harness<Store: Recalls>>(harness: &H) {
    let mut entropy = Seeded(41);
    wait(async {
        let store = harness.open();
        let (order, other) = (OrderId::draw(&mut entropy), OrderId::draw(&mut entropy));
        let taken = RecallRow {
            entered: false,
            receipt: Some("proof".into()),
            ..row(&mut entropy, order, "2026-11-24T00:00:00Z", Way::Taken)
        };
        let given = RecallRow {
            parent: Some(taken.message),
            ..row(&mut entropy, order, "2026-11-25T00:00:00Z", Way::Given)
        };
        let apart = row(&mut entropy, other, "2026-11-24T12:00:00Z", Way::Given);
        store.record(record(&mut entropy, 2, None)).await.unwrap();
        let mut first = record(&mut entropy, 2, None);
        let entered = entries(&first)[0];
        first.recalls = vec![given.clone(), taken.clone()];
        store.record(first).await.unwrap();
        store.record(Record { recalls: vec![apart.clone()], ..record(&mut entropy, 1, None) }).await.unwrap();
        drop(store);

        let store = harness.open();
        assert_eq!(store.recalls(None).await.unwrap(), [taken.clone(), apart.clone(), given.clone()]);
        assert_eq!(store.recalls(Some(order)).await.unwrap(), [taken.clone(), given.clone()]);
        assert_eq!(store.recalls_open().await.unwrap(), [taken.clone(), apart.clone(), given.clone()]);
        assert_eq!(store.recall(given.message).await.unwrap(), Some(given.clone()));
        assert_eq!(store.recall(Digest::of(b"none")).await.unwrap(), None);
        assert_eq!(store.recalls_under(taken.message).await.unwrap(), std::slice::from_ref(&given));
        let (entry, integrated) = store.recall_integrated(given.message).await.unwrap().unwrap();
        assert_eq!((entry, integrated.index.0), (entered, 2), "the first entry of its record");
        assert_eq!(store.recall_integrated(taken.message).await.unwrap(), None, "not entered yet");

        // What is due, and only what goes out.
        let due = async |at_: &str, limit| store.recalls_due(at(at_), limit).await.unwrap();
        assert_eq!(due("2026-11-24T11:59:59Z", 9).await, []);
        assert_eq!(due("2026-11-25T00:00:00Z", 9).await, [apart.clone(), given.clone()]);
        assert_eq!(due("2026-11-25T00:00:00Z", 1).await, std::slice::from_ref(&apart));

        // An answer is the next version; whoever read the row before it is told, and nothing of its record happens.
        let answered = RecallRow {
            version: 2,
            answer: Some(vec![1, 2, 3]),
            complete: true,
            attempts: 4,
            next_at: at("2026-11-26T00:00:00Z"),
            ..given.clone()
        };
        store
            .record(Record { recalls: vec![answered.clone()], ..record(&mut entropy, 1, None) })
            .await
            .unwrap();
        for version in [1, 2, 4] {
            let late = RecallRow { version, ..answered.clone() };
            let made = store.record(Record { recalls: vec![late], ..record(&mut entropy, 1, None) }).await;
            assert!(matches!(made, Err(StoreError::Conflict(_))), "{version}: {made:?}");
        }
        assert_eq!(store.recall(given.message).await.unwrap(), Some(answered));
        let (entry, _) = store.recall_integrated(given.message).await.unwrap().unwrap();
        assert_eq!(entry, entered, "the entry that let it go stays the one");
        assert_eq!(due("2026-11-27T00:00:00Z", 9).await, std::slice::from_ref(&apart));
        assert_eq!(store.recalls_open().await.unwrap(), [taken.clone(), apart]);

        let done =
            RecallRow { version: 2, entered: true, answer: Some(vec![7]), complete: true, ..taken.clone() };
        let with = record(&mut entropy, 1, None);
        let last = entries(&with)[0];
        store.record(Record { recalls: vec![done], ..with }).await.unwrap();
        assert_eq!(store.recall_integrated(taken.message).await.unwrap().unwrap().0, last);
    });
}

pub(crate) fn of_two_tries_at_once_one_has_the_message<H: Harness<Store: Recalls>>(harness: &H) {
    let mut entropy = Seeded(42);
    wait(async {
        let store = harness.open();
        let order = OrderId::draw(&mut entropy);
        let one = row(&mut entropy, order, "2026-11-24T00:00:00Z", Way::Given);
        let unentered = RecallRow { entered: false, ..one };
        store.record(change(&unentered)).await.unwrap();
        let next = RecallRow { version: 2, ..unentered };
        let both = futures_util::future::join(store.record(change(&next)), store.record(change(&next))).await;
        assert_eq!([both.0, both.1].into_iter().filter(|made| made.is_err()).count(), 1);
    });
}

pub(crate) fn where_records_went_is_found_from_both_ends<H: Harness<Store: Recalls + Collections>>(
    harness: &H,
) {
    let mut entropy = Seeded(43);
    wait(async {
        let store = harness.open();
        let source = ExchangeId::draw(&mut entropy);
        let sealed = segment(&mut entropy, Some(source), SegmentKind::Records, 2, 32);
        let class = sealed.class.unwrap();
        let stream = |partner: &str| Stream {
            agreement: "pact-2026".parse().unwrap(),
            partner: partner.parse().unwrap(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "cyber_defence".parse().unwrap(),
        };
        let object = |number: u8| CollectedObject {
            object: ObjectTag([number; 16]),
            content: ContentTag([number; 16]),
            stix_type: "indicator".into(),
            version: None,
        };
        let own_exchange = ExchangeId::draw(&mut entropy);
        let own = segment(&mut entropy, Some(own_exchange), SegmentKind::Records, 1, 32);
        let collected = |segment, partner: &str, objects| CollectedSegment {
            segment,
            stream: stream(partner),
            added: None,
            known: "{}".into(),
            objects,
        };
        let mut received = record(&mut entropy, 1, Some(source));
        received.collected = vec![
            collected(sealed.id, "FI", vec![object(1), object(2)]),
            collected(own.id, "EE", vec![object(1)]),
        ];
        received.segments.extend([sealed, own]);
        store.record(received).await.unwrap();
        let found =
            store.sources(vec![ObjectTag([2; 16]), ObjectTag([3; 16])], Some(&"EE".parse().unwrap())).await;
        let name = |exchange, class, ordinal| RecordName { exchange, class, ordinal };
        assert_eq!(found.unwrap(), [(ObjectTag([2; 16]), name(source, class, 1))]);
        let found = store.sources(vec![ObjectTag([1; 16])], Some(&"EE".parse().unwrap())).await.unwrap();
        assert_eq!(found.len(), 1, "what is this gateway's own came from nobody");
        let every = store.sources(vec![ObjectTag([1; 16])], None).await.unwrap();
        assert_eq!(every.len(), 2, "and is among all that is held");

        let (given, other) = (ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy));
        let of = ClassId::draw(&mut entropy);
        let derived = |exchange, ordinal| Derived {
            given: name(exchange, of, ordinal),
            source: name(source, class, ordinal),
        };
        let all = [derived(given, 0), derived(given, 1), derived(other, 0)];
        store.record(Record { derived: all.to_vec(), ..Record::default() }).await.unwrap();
        store.record(Record { derived: all[..1].to_vec(), ..Record::default() }).await.unwrap();
        let mut from = store.derived_from(source).await.unwrap();
        from.sort_unstable();
        let mut wanted = all.to_vec();
        wanted.sort_unstable();
        assert_eq!(from, wanted);
        assert_eq!(store.derived_of(given).await.unwrap(), all[..2]);
        assert_eq!(store.derived_from(given).await.unwrap(), []);
    });
}

pub(crate) fn what_is_restricted_stays_so_until_it_is_lifted<H: Harness<Store: Recalls>>(harness: &H) {
    let mut entropy = Seeded(44);
    wait(async {
        let store = harness.open();
        let (one, other) = (ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy));
        assert!(!store.restricts().await.unwrap());
        let begun = Restriction {
            exchange: one,
            records: None,
            order: OrderId::draw(&mut entropy),
            from: at("2026-11-24T00:00:00Z"),
            lifted: None,
        };
        let put = |row: Restriction| Record { restrictions: vec![row], ..Record::default() };
        store.record(put(begun.clone())).await.unwrap();
        drop(store);
        let store = harness.open();
        assert!(store.restricts().await.unwrap());
        assert_eq!(store.restricted(vec![other, one]).await.unwrap(), std::slice::from_ref(&begun));
        store
            .record(put(Restriction { lifted: Some(at("2026-11-25T00:00:00Z")), ..begun.clone() }))
            .await
            .unwrap();
        assert_eq!(store.restricted(vec![one]).await.unwrap(), []);
        assert!(!store.restricts().await.unwrap());

        // What two orders restrict stays restricted until both are lifted.
        let class = ClassId::draw(&mut entropy);
        let records = |ordinals: &[u32]| Some(ordinals.iter().map(|ordinal| (class, *ordinal)).collect());
        let second = Restriction {
            order: OrderId::draw(&mut entropy),
            records: records(&[0, 7]),
            from: at("2026-11-26T00:00:00Z"),
            ..begun.clone()
        };
        let third = Restriction { order: OrderId::draw(&mut entropy), ..begun.clone() };
        let again = Restriction { from: at("2026-11-25T12:00:00Z"), ..third.clone() };
        let both = Record { restrictions: vec![second.clone(), third.clone()], ..Record::default() };
        store.record(both).await.unwrap();
        store.record(put(again)).await.unwrap();
        let restricted = store.restricted(vec![one]).await.unwrap();
        assert_eq!(restricted, [third.clone(), second.clone()], "since when does not change");
        let lifted = Some(at("2026-11-27T00:00:00Z"));
        let third = Restriction { lifted, ..third };
        store.record(put(third.clone())).await.unwrap();
        assert_eq!(store.restricted(vec![one]).await.unwrap(), std::slice::from_ref(&second));
        assert_eq!(store.restricted_by(third.order).await.unwrap(), std::slice::from_ref(&third));

        // What was lifted stays so, whatever comes later under its order.
        let late = Restriction { lifted: None, ..third.clone() };
        store.record(put(late)).await.unwrap();
        assert_eq!(store.restricted_by(third.order).await.unwrap(), std::slice::from_ref(&third));
        let of_one = store.restrictions_of(one).await.unwrap();
        let orders: Vec<OrderId> = of_one.iter().map(|row| row.order).collect();
        assert_eq!(orders.len(), 3, "those that were lifted too");
        assert!([begun.order, second.order, third.order].iter().all(|order| orders.contains(order)));
        assert_eq!(store.restrictions_of(other).await.unwrap(), []);

        // What is named again later is restricted too, and nothing that was is not.
        store.record(put(Restriction { records: records(&[9]), ..second.clone() })).await.unwrap();
        let second = Restriction { records: records(&[0, 7, 9]), ..second };
        assert_eq!(store.restricted(vec![one]).await.unwrap(), std::slice::from_ref(&second));
        // An order that named all goes on naming all.
        store.record(put(Restriction { records: records(&[1]), ..third.clone() })).await.unwrap();
        assert_eq!(store.restricted_by(third.order).await.unwrap(), [third]);
        assert_eq!(store.restricted_by(second.order).await.unwrap(), [second]);
    });
}

pub(crate) fn what_an_order_was_about_neither_comes_later_nor_is_passed_on<H: Harness<Store: Recalls>>(
    harness: &H,
) {
    let mut entropy = Seeded(45);
    wait(async {
        let store = harness.open();
        let (known, late) = (ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy));
        let received = |id| ExchangeRow {
            side: Side::Receiver,
            outcome: ExchangeOutcome::Delivered,
            ..exchange_row(id)
        };
        let order = OrderId::draw(&mut entropy);
        let row = |exchange, records, lifted| Restriction {
            exchange,
            records,
            order,
            from: at("2026-11-24T00:00:00Z"),
            lifted,
        };
        // What is here is not absent.
        store.record(Record { exchanges: vec![received(known)], ..Record::default() }).await.unwrap();
        let absent = |id| Record { absent: vec![id], ..Record::default() };
        let refused = store.record(absent(known)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");

        // What an order called back before it came does not begin; it may be kept as refused, and others come.
        let lifted = Some(at("2026-11-24T00:00:00Z"));
        let called_back =
            Record { restrictions: vec![row(late, Some(BTreeSet::new()), lifted)], ..absent(late) };
        store.record(called_back).await.unwrap();
        let comes = |row| Record { exchanges: vec![row], ..Record::default() };
        let refused = store.record(comes(received(late))).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
        assert_eq!(store.exchange(late).await.unwrap(), None);
        let kept = ExchangeRow { outcome: ExchangeOutcome::Refused, ..received(late) };
        store.record(comes(kept)).await.unwrap();
        // One that was here before the order moves on as ever.
        store
            .record(Record { restrictions: vec![row(known, None, None)], ..Record::default() })
            .await
            .unwrap();
        store.record(comes(received(known))).await.unwrap();

        // What is not here, or is restricted, is not passed on.
        let source = ExchangeId::draw(&mut entropy);
        let sealed = segment(&mut entropy, Some(source), SegmentKind::Records, 2, 32);
        let class = sealed.class.unwrap();
        let mut came = record(&mut entropy, 1, Some(source));
        came.segments.push(sealed);
        store.record(came).await.unwrap();
        let name = |ordinal| RecordName { exchange: source, class, ordinal };
        let passes = |ordinals: &[u32]| Record {
            usable: ordinals.iter().map(|ordinal| name(*ordinal)).collect(),
            ..Record::default()
        };
        store.record(passes(&[0, 1])).await.unwrap();
        let refused = store.record(passes(&[0, 2])).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
        let restricted = row(source, Some([(class, 1)].into()), None);
        store.record(Record { restrictions: vec![restricted.clone()], ..Record::default() }).await.unwrap();
        store.record(passes(&[0])).await.unwrap();
        let refused = store.record(passes(&[0, 1])).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
        let ended = Restriction { lifted: Some(at("2026-11-25T00:00:00Z")), ..restricted };
        store.record(Record { restrictions: vec![ended], ..Record::default() }).await.unwrap();
        store.record(passes(&[0, 1])).await.unwrap();
    });
}
