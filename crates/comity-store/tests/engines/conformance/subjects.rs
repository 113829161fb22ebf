//! Persons: a record is found by the tags of whom it names, and by nothing once it is gone; a request moves on one version
//! at a time.

use super::{Harness, Seeded, at, record, segment, wait};
use comity_exchange::collect::Tags;
use comity_exchange::ports::{
    CollectedObject, CollectedSegment, Erasure, FoundRecord, Record, RecordName, RecordPlace, RequestDetail,
    RequestRow, SealedSegment, SegmentKind, Store, StoreError, Stream, SubjectTag, Subjects, Tagged,
};
use comity_exchange::wire::Text;
use comity_terms::ids::{ClassId, RequestId, SegmentId};
use comity_terms::{Digest, ExchangeId, Month};
use std::collections::BTreeMap;

fn month(text: &str) -> Month {
    Month::of(at(text))
}

fn tagged(segment: &SealedSegment, ordinal: u32, of: &str, tag: u8) -> Tagged {
    Tagged {
        place: RecordPlace { segment: segment.id, ordinal },
        month: month(of),
        tag: SubjectTag([tag; 16]),
        sent: None,
    }
}

fn places(found: &[FoundRecord]) -> Vec<RecordPlace> {
    found.iter().map(|found| found.held.place()).collect()
}

const MAY: &str = "2027-05-24T00:00:00Z";
const JUNE: &str = "2027-06-24T00:00:00Z";

pub(crate) fn a_record_is_found_by_whom_it_names_until_it_is_gone<H: Harness<Store: Subjects>>(harness: &H) {
    let store = harness.open();
    let mut entropy = Seeded(41);
    let exchange = ExchangeId::draw(&mut entropy);
    let sealed = segment(&mut entropy, Some(exchange), SegmentKind::Records, 3, 48);
    let opening = segment(&mut entropy, Some(exchange), SegmentKind::Opening, 1, 48);
    let stream = Stream {
        agreement: "pact-2026".parse().unwrap(),
        partner: "EE".parse().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
    };
    let tags = Tags::new([5; 32]);
    let collected = CollectedSegment {
        segment: sealed.id,
        stream: stream.clone(),
        added: None,
        known: "{}".into(),
        objects: (0..3_u8)
            .map(|number| CollectedObject {
                object: tags.object(&format!("identity--{number}")),
                content: tags.content(&[number]),
                stix_type: "identity".into(),
                version: None,
            })
            .collect(),
    };
    let class = ClassId::draw(&mut entropy);
    let name = |ordinal| RecordName { exchange, class, ordinal };
    let wanted = |of: &str, tag: u8| (month(of), SubjectTag([tag; 16]));
    wait(async {
        let change = Record {
            tagged: vec![
                tagged(&sealed, 0, MAY, 1),
                tagged(&sealed, 0, MAY, 2),
                tagged(&sealed, 2, MAY, 1),
                Tagged { sent: Some((class, 7)), ..tagged(&opening, 0, JUNE, 1) },
                Tagged { sent: Some((class, 2)), ..tagged(&opening, 0, JUNE, 1) },
            ],
            segments: vec![sealed.clone(), opening.clone()],
            collected: vec![collected],
            ..Record::default()
        };
        store.record(change).await.unwrap();
        let of = |segment: &SealedSegment, ordinal| RecordPlace { segment: segment.id, ordinal };
        assert_eq!(store.tagged(vec![]).await.unwrap(), []);
        assert_eq!(
            store.tagged(vec![wanted(JUNE, 2), wanted(MAY, 3)]).await.unwrap(),
            [],
            "months do not meet"
        );
        let both = store.tagged(vec![wanted(MAY, 2), wanted(MAY, 1), wanted(JUNE, 1)]).await.unwrap();
        assert_eq!(places(&both), [of(&sealed, 0), of(&sealed, 2), of(&opening, 0)], "each once, in order");
        assert_eq!((both[0].stream.as_ref(), both[0].known.as_deref()), (Some(&stream), Some("{}")));
        assert_eq!((both[2].stream.as_ref(), both[2].known.as_deref()), (None, None));
        assert_eq!((both[0].held.exchange, &both[0].held.row), (Some(exchange), &sealed.rows[0]));
        assert_eq!(both[2].held.kind, SegmentKind::Opening);
        let sent = store.tagged_sent(vec![wanted(JUNE, 1), wanted(MAY, 1)]).await.unwrap();
        assert_eq!(sent, [name(2), name(7)], "what was sent, by its place in the exchange");
        assert_eq!(store.tagged_sent(vec![wanted(JUNE, 2)]).await.unwrap(), []);

        let erased = Erasure { records: vec![of(&sealed, 0)], at: at(MAY), whatever_holds: false };
        let mut told = record(&mut entropy, 1, None);
        told.erased = Some(erased);
        store.record(told).await.unwrap();
        let left = store.tagged(vec![wanted(MAY, 1), wanted(MAY, 2)]).await.unwrap();
        assert_eq!(places(&left), [of(&sealed, 2)], "gone with the record");

        // With the key of May its tags go; what was sent until June is still found.
        store.record(Record { untagged: Some(month(JUNE)), ..Record::default() }).await.unwrap();
        let left = store.tagged(vec![wanted(MAY, 1), wanted(JUNE, 1)]).await.unwrap();
        assert_eq!(places(&left), [of(&opening, 0)]);
        assert_eq!(store.tagged_sent(vec![wanted(JUNE, 1)]).await.unwrap().len(), 2);
        // With the opening goes what it tells of what was sent.
        let mut told = record(&mut entropy, 1, None);
        told.erased = Some(Erasure { records: vec![of(&opening, 0)], at: at(JUNE), whatever_holds: false });
        store.record(told).await.unwrap();
        assert_eq!(store.tagged_sent(vec![wanted(JUNE, 1)]).await.unwrap(), []);
    });
}

fn request(entropy: &mut Seeded, filed: &str) -> RequestRow {
    RequestRow {
        id: RequestId::draw(entropy),
        action: "access_request".parse().unwrap(),
        open: true,
        filed_at: at(filed),
        due_operational: at("2026-12-24T00:00:00Z"),
        due_legal_latest: at("2026-12-28T22:59:59Z"),
        decided_at: None,
        version: 1,
        case: None,
        entered: false,
        next_at: None,
        detail: RequestDetail {
            code: Text(Digest::of(b"code")),
            laws: BTreeMap::from([(Text("EE".parse().unwrap()), Text(Digest::of(b"law")))]),
            claim: Text(SegmentId::draw(entropy)),
            answer: None,
            outcome: None,
            officer: None,
            orders: Vec::new(),
            corrected: Vec::new(),
            lifted: None,
            referrals: Vec::new(),
            referred: None,
        },
    }
}

pub(crate) fn requests_that_wait_come_in_parts<H: Harness<Store: Subjects>>(harness: &H) {
    let mut entropy = Seeded(44);
    // Filed in another order than they are due; two are due at once.
    let mut row = |day: u32| RequestRow {
        due_legal_latest: at(&format!("2026-12-{:02}T22:59:59Z", 28 - day / 2)),
        ..request(&mut entropy, &format!("2026-11-{day:02}T00:00:00Z"))
    };
    let mut rows: Vec<RequestRow> = (1..=7).map(&mut row).collect();
    let answered = RequestRow { open: false, ..row(8) };
    wait(async {
        let store = harness.open();
        let requests = rows.iter().chain([&answered]).cloned().collect();
        store.record(Record { requests, ..Record::default() }).await.unwrap();
        rows.sort_by_key(|row| (row.due_legal_latest, *row.id.as_bytes()));
        for limit in [1, 2, 3, 7, 8] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let part = store.requests_waiting(after, limit).await.unwrap();
                assert!(part.len() <= limit as usize);
                let Some(last) = part.last() else { break };
                after = Some((last.due_legal_latest, last.id));
                seen.extend(part);
            }
            assert_eq!(seen, rows, "by when they are due, each once: {limit} at a time");
        }
        let day = |day: u32| at(&format!("2026-12-{day:02}T22:59:59Z"));
        assert_eq!(store.requests_counted(day(1)).await.unwrap(), (7, 0));
        let late = rows.iter().filter(|row| row.due_legal_latest < day(27)).count() as u64;
        assert!((1..7).contains(&late));
        assert_eq!(store.requests_counted(day(27)).await.unwrap(), (7, late), "to the second");
        // Behind one that was answered meanwhile the list goes on where it was.
        let place = Some((answered.due_legal_latest, answered.id));
        let behind: Vec<RequestRow> = rows
            .iter()
            .filter(|row| {
                (row.due_legal_latest, *row.id.as_bytes())
                    > (answered.due_legal_latest, *answered.id.as_bytes())
            })
            .cloned()
            .collect();
        assert_eq!(store.requests_waiting(place, 10).await.unwrap(), behind);
    });
}

pub(crate) fn a_request_moves_on_one_version_at_a_time<H: Harness<Store: Subjects>>(harness: &H) {
    let mut entropy = Seeded(42);
    let mut row = |filed: &str| request(&mut entropy, filed);
    let (one, two) = (row("2026-11-24T00:00:00Z"), row("2026-11-25T00:00:00Z"));
    wait(async {
        let store = harness.open();
        let change = |row: &RequestRow| Record { requests: vec![row.clone()], ..Record::default() };
        store.record(change(&two)).await.unwrap();
        store.record(change(&one)).await.unwrap();
        drop(store);
        let store = harness.open();
        assert_eq!(store.requests(false).await.unwrap(), [one.clone(), two.clone()], "oldest first");
        let decided = RequestRow {
            open: false,
            decided_at: Some(at("2026-11-26T00:00:00Z")),
            version: 2,
            detail: RequestDetail { outcome: Some("answered".into()), ..one.detail.clone() },
            ..one.clone()
        };
        store.record(change(&decided)).await.unwrap();
        for version in [1, 2, 4] {
            let made = store.record(change(&RequestRow { version, ..one.clone() })).await;
            assert!(matches!(made, Err(StoreError::Conflict(_))), "{version}: {made:?}");
        }
        assert_eq!(store.requests(false).await.unwrap(), std::slice::from_ref(&two));
        assert_eq!(store.requests(true).await.unwrap(), [decided.clone(), two.clone()]);
        assert_eq!(store.requests_waiting(None, 10).await.unwrap(), std::slice::from_ref(&two));
        assert_eq!(store.request(one.id).await.unwrap(), Some(decided));
        assert_eq!(store.request(RequestId::draw(&mut Seeded(1))).await.unwrap(), None);
    });
}

pub(crate) fn a_case_is_here_once_and_what_is_to_be_sent_is_found_when_it_is_due<
    H: Harness<Store: Subjects>,
>(
    harness: &H,
) {
    let mut entropy = Seeded(43);
    let case = RequestId::draw(&mut entropy);
    let (filed, later) = ("2026-11-24T00:00:00Z", at("2026-11-25T00:00:00Z"));
    let row =
        |entropy: &mut Seeded| RequestRow { case: Some(case), entered: true, ..request(entropy, filed) };
    let (one, other) = (row(&mut entropy), row(&mut entropy));
    wait(async {
        let store = harness.open();
        let told = |entropy: &mut Seeded, row: &RequestRow| Record {
            requests: vec![row.clone()],
            ..record(entropy, 2, None)
        };
        let change = told(&mut entropy, &one);
        let first = change.entries[0].entry;
        store.record(change).await.unwrap();
        let again = store.record(told(&mut entropy, &other)).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        assert_eq!(store.request(other.id).await.unwrap(), None);
        let read = RequestRow { entered: false, ..one.clone() };
        assert_eq!(store.request_of_case(case).await.unwrap(), Some(read.clone()));
        assert_eq!(store.request_of_case(one.id).await.unwrap(), None, "a number is no case");
        let (entry, integrated) = store.request_integrated(one.id).await.unwrap().unwrap();
        assert_eq!((entry, integrated.index.0), (first, 0), "the first entry of the record that brought it");

        // A later version keeps what its receipt is for, unless it is entered itself.
        let waits = RequestRow { version: 2, next_at: Some(later), ..read };
        store.record(told(&mut entropy, &waits)).await.unwrap();
        assert_eq!(store.request_integrated(one.id).await.unwrap().unwrap().0, first);
        let before = at("2026-11-24T23:59:59Z");
        assert_eq!(store.requests_to_send(before, 9).await.unwrap(), []);
        assert_eq!(store.requests_to_send(later, 9).await.unwrap(), std::slice::from_ref(&waits));
        assert_eq!(store.requests_to_send(later, 0).await.unwrap(), []);
        let done = RequestRow { version: 3, next_at: None, entered: true, ..waits };
        let change = told(&mut entropy, &done);
        let last = change.entries[0].entry;
        store.record(change).await.unwrap();
        assert_eq!(store.requests_to_send(later, 9).await.unwrap(), []);
        assert_eq!(store.request_integrated(one.id).await.unwrap().unwrap().0, last);
    });
}
