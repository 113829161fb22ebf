//! Streams: what was added is found in order, by filter and page; what is erased is found no more.

use super::{Harness, Seeded, at, record, segment, wait};
use comity_exchange::collect::{ContentTag, ObjectTag, StandingRequest};
use comity_exchange::ports::{
    CollectedObject, CollectedSegment, Collections, Erasure, HeldFor, Page, Presence, Record, Removal,
    SegmentKind, Store, Stream, VersionWanted, Wanted,
};
use comity_exchange::wire::Text;
use comity_terms::ids::CollectionId;
use comity_terms::{ExchangeId, Timestamp};

fn stream(partner: &str) -> Stream {
    Stream {
        agreement: "pact-2026".parse().unwrap(),
        partner: partner.parse().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
    }
}

fn tag(number: u8) -> ObjectTag {
    ObjectTag([number; 16])
}

/// An object by number, type and the day in November of its version; none: it has no versions.
fn object(number: u8, stix_type: &str, day: Option<u8>) -> CollectedObject {
    CollectedObject {
        object: tag(number),
        content: ContentTag([number.wrapping_mul(7).wrapping_add(day.unwrap_or(0)); 16]),
        stix_type: stix_type.to_owned(),
        version: day.map(|day| at(&format!("2026-11-{day:02}T00:00:00Z"))),
    }
}

fn adding(entropy: &mut Seeded, partner: &str, objects: &[CollectedObject]) -> Record {
    let exchange = ExchangeId::draw(entropy);
    let sealed = segment(entropy, Some(exchange), SegmentKind::Records, objects.len() as u32, 32);
    let collected = CollectedSegment {
        segment: sealed.id,
        stream: stream(partner),
        added: None,
        known: format!("{{\"of\":\"{partner}\"}}"),
        objects: objects.to_vec(),
    };
    let mut told = record(entropy, 1, Some(exchange));
    told.segments.push(sealed);
    Record { collected: vec![collected], ..told }
}

fn wanted(partner: &str) -> Wanted {
    Wanted {
        stream: stream(partner),
        added_after: None,
        after: None,
        objects: Vec::new(),
        types: Vec::new(),
        versions: vec![VersionWanted::Last],
        limit: 100,
    }
}

fn found(page: &Page) -> Vec<(ObjectTag, String)> {
    page.listed.iter().map(|row| (row.object, row.version.to_string())).collect()
}

fn of(rows: &[(u8, &str)]) -> Vec<(ObjectTag, String)> {
    rows.iter().map(|(number, day)| (tag(*number), format!("2026-11-{day}T00:00:00Z"))).collect()
}

pub(crate) fn what_was_added_is_found_by_filter_and_page<H: Harness<Store: Collections>>(harness: &H) {
    let store = harness.open();
    let mut entropy = Seeded(300);
    wait(async {
        let first =
            [object(1, "indicator", Some(1)), object(2, "malware", Some(2)), object(3, "ipv4-addr", None)];
        store.record(adding(&mut entropy, "EE", &first)).await.unwrap();
        store.record(adding(&mut entropy, "EE", &[object(1, "indicator", Some(5))])).await.unwrap();
        store.record(adding(&mut entropy, "FI", &[object(9, "indicator", Some(9))])).await.unwrap();

        let all =
            store.collected(Wanted { versions: vec![VersionWanted::All], ..wanted("EE") }).await.unwrap();
        assert_eq!(all.listed.len(), 4);
        assert!(all.listed.is_sorted_by(|one, next| one.added < next.added), "each has its own place");
        assert_eq!(all.segments.len(), 2);
        assert!(all.segments.iter().all(|(_, known)| known == "{\"of\":\"EE\"}"));
        let unversioned = &all.listed[2];
        assert_eq!((unversioned.object, unversioned.version), (tag(3), unversioned.added));
        // Each row leads to its sealed bytes.
        for row in &all.listed {
            let (segment, _) =
                all.segments.iter().find(|(segment, _)| segment.id == row.place.segment).unwrap();
            assert!(segment.blob.len() >= row.row.offset as usize + row.row.length as usize);
        }

        let page = |versions, types: &[&str], objects: &[u8]| Wanted {
            versions,
            types: types.iter().map(ToString::to_string).collect(),
            objects: objects.iter().map(|number| tag(*number)).collect(),
            ..wanted("EE")
        };
        let (last, first) = (vec![VersionWanted::Last], vec![VersionWanted::First]);
        let exactly = vec![VersionWanted::Exactly(at("2026-11-01T00:00:00Z"))];
        let both = vec![VersionWanted::First, VersionWanted::Last];
        for (asked, rows) in [
            (page(last.clone(), &["indicator", "malware"], &[]), of(&[(2, "02"), (1, "05")])),
            (page(first, &["indicator"], &[]), of(&[(1, "01")])),
            (page(both, &[], &[1]), of(&[(1, "01"), (1, "05")])),
            (page(exactly, &[], &[1, 2]), of(&[(1, "01")])),
            (page(last.clone(), &["indicator"], &[2]), of(&[])),
            (page(last, &[], &[77]), of(&[])),
            (Wanted { stream: stream("XA"), ..wanted("EE") }, of(&[])),
            (wanted("FI"), of(&[(9, "09")])),
        ] {
            let page = store.collected(asked.clone()).await.unwrap();
            assert_eq!(found(&page), rows, "{asked:?}");
            assert!(!page.more);
        }

        let one = store.collected(Wanted { limit: 2, ..wanted("EE") }).await.unwrap();
        assert!(one.more);
        let after = one.listed.last().map(|row| row.added);
        let two = store.collected(Wanted { limit: 2, after, ..wanted("EE") }).await.unwrap();
        assert_eq!((two.listed.len(), two.more), (1, false), "a page goes on after the last");
        let added_after = Some(two.listed[0].added);
        let none = store.collected(Wanted { added_after, ..wanted("EE") }).await.unwrap();
        assert!(none.listed.is_empty(), "the instant itself is not included");
    });
}

pub(crate) fn an_object_is_added_once_with_each_version<H: Harness<Store: Collections>>(harness: &H) {
    let store = harness.open();
    let mut entropy = Seeded(301);
    let objects = [object(1, "indicator", Some(1)), object(2, "ipv4-addr", None)];
    wait(async {
        for _ in 0..2 {
            store.record(adding(&mut entropy, "EE", &objects)).await.unwrap();
        }
        let all =
            store.collected(Wanted { versions: vec![VersionWanted::All], ..wanted("EE") }).await.unwrap();
        assert_eq!(all.listed.len(), 2);
        let mut present = store.present(stream("EE"), vec![tag(1), tag(2), tag(3)]).await.unwrap();
        present.sort_by_key(|(object, _)| *object);
        let here =
            |row: &comity_exchange::ports::Listed, content| Presence::Here { version: row.version, content };
        assert_eq!(
            present,
            [
                (tag(1), here(&all.listed[0], objects[0].content)),
                (tag(2), here(&all.listed[1], objects[1].content)),
            ]
        );
    });
}

pub(crate) fn copies_are_found_with_their_clocks_whoever_they_came_from<H: Harness<Store: Collections>>(
    harness: &H,
) {
    let store = harness.open();
    let mut entropy = Seeded(304);
    let (same, newer, other) =
        (object(1, "indicator", Some(1)), object(1, "indicator", Some(5)), object(2, "malware", Some(2)));
    wait(async {
        for partner in ["EE", "FI"] {
            store.record(adding(&mut entropy, partner, std::slice::from_ref(&same))).await.unwrap();
        }
        store.record(adding(&mut entropy, "EE", &[newer.clone(), other])).await.unwrap();
        let Stream { agreement, activity, purpose, .. } = stream("EE");
        let held = HeldFor { agreement, activity, purpose };
        let mut clocks = store.clocks(held.clone(), vec![tag(1), tag(3)]).await.unwrap();
        clocks.sort();
        let until = store.collected(wanted("FI")).await.unwrap().listed[0].row.erase_by;
        let mut expected = [(same.content, until), (same.content, until), (newer.content, until)];
        expected.sort();
        assert_eq!(clocks, expected);
        let elsewhere = HeldFor { purpose: "research".parse().unwrap(), ..held };
        assert!(store.clocks(elsewhere, vec![tag(1)]).await.unwrap().is_empty(), "another clock");
    });
}

pub(crate) fn what_is_erased_is_found_no_more_and_what_was_removed_is_known<
    H: Harness<Store: Collections>,
>(
    harness: &H,
) {
    let store = harness.open();
    let mut entropy = Seeded(302);
    let now: Timestamp = at("2026-11-26T00:00:00Z");
    wait(async {
        let objects = [object(1, "indicator", Some(1)), object(2, "malware", Some(2))];
        store.record(adding(&mut entropy, "EE", &objects)).await.unwrap();
        let page = store.collected(wanted("EE")).await.unwrap();
        for (row, left) in page.listed.iter().zip([1, 0]) {
            let erased = Some(Erasure { records: vec![row.place], at: now, whatever_holds: false });
            let removal =
                Removal { stream: stream("EE"), object: row.object, version: None, content: None, at: now };
            let told = record(&mut entropy, 1, None);
            store.record(Record { erased, removed: vec![removal], ..told }).await.unwrap();
            assert_eq!(store.collected(wanted("EE")).await.unwrap().listed.len(), left);
        }
        let present = store.present(stream("EE"), vec![tag(1), tag(2)]).await.unwrap();
        assert_eq!(present.len(), 2);
        assert!(present.iter().all(|(_, presence)| *presence == Presence::Removed { version: None }));
    });
}

pub(crate) fn what_leaves_is_known_and_what_ended_is_not_there_again<H: Harness<Store: Collections>>(
    harness: &H,
) {
    let store = harness.open();
    let mut entropy = Seeded(305);
    let now: Timestamp = at("2026-11-26T00:00:00Z");
    let (older, newer) = (object(1, "indicator", Some(1)), object(1, "indicator", Some(5)));
    let (address, other) = (object(2, "ipv4-addr", None), object(3, "malware", Some(2)));
    wait(async {
        let objects = [older.clone(), newer.clone(), address.clone(), other.clone()];
        store.record(adding(&mut entropy, "EE", &objects)).await.unwrap();
        let all = Wanted { versions: vec![VersionWanted::All], ..wanted("EE") };
        let listed = store.collected(all.clone()).await.unwrap().listed;
        let of = |wanted: &CollectedObject| {
            listed.iter().find(|row| {
                row.object == wanted.object && wanted.version.is_none_or(|version| version == row.version)
            })
        };
        let (old, ip) = (of(&older).unwrap(), of(&address).unwrap());
        let nowhere = comity_exchange::ports::RecordPlace { ordinal: 77, ..old.place };
        let (mut leaving, segments) = store.leaving(vec![ip.place, old.place, nowhere]).await.unwrap();
        leaving.sort_by_key(|gone| gone.object);
        let told: Vec<_> = leaving
            .iter()
            .map(|gone| (gone.place, gone.object, gone.content, gone.version, gone.versions))
            .collect();
        assert_eq!(
            told,
            [
                (old.place, tag(1), older.content, old.version, 2),
                (ip.place, tag(2), address.content, ip.version, 1),
            ]
        );
        assert!(leaving.iter().all(|gone| gone.stream == stream("EE")));
        assert_eq!(segments.len(), 1);
        assert_eq!(segments[0].1, "{\"of\":\"EE\"}");

        // Both end by their clock; of the other somebody said so.
        let third = of(&other).unwrap();
        let removed = leaving.iter().map(|gone| Removal {
            stream: gone.stream.clone(),
            object: gone.object,
            version: Some(gone.version),
            content: Some(gone.content),
            at: now,
        });
        let ordered = Removal {
            stream: stream("EE"),
            object: tag(3),
            version: Some(third.version),
            content: None,
            at: now,
        };
        let removed = removed.chain([ordered]).collect();
        let records = vec![old.place, ip.place, third.place];
        let erased = Some(Erasure { records, at: now, whatever_holds: false });
        let told = record(&mut entropy, 1, None);
        store.record(Record { erased, removed, ..told }).await.unwrap();

        // A copy finds when its like has ended, and is not listed; another version, and what was called back, are.
        let Stream { agreement, activity, purpose, .. } = stream("EE");
        let held = HeldFor { agreement, activity, purpose };
        let mut clocks = store.clocks(held, vec![tag(1), tag(2), tag(3)]).await.unwrap();
        clocks.retain(|(_, until)| *until == now);
        clocks.sort();
        let mut ended = [(older.content, now), (address.content, now)];
        ended.sort();
        assert_eq!(clocks, ended);
        let newest = object(1, "indicator", Some(9));
        let again = [older, address, newest, other];
        store.record(adding(&mut entropy, "EE", &again)).await.unwrap();
        let listed = store.collected(all).await.unwrap();
        let days = ["2026-11-05T00:00:00Z", "2026-11-09T00:00:00Z", "2026-11-02T00:00:00Z"];
        let of: Vec<_> =
            [1, 1, 3].into_iter().zip(days).map(|(n, day): (u8, _)| (tag(n), day.to_owned())).collect();
        assert_eq!(found(&listed), of);
        assert!(store.leaving(Vec::new()).await.unwrap().0.is_empty());
    });
}

pub(crate) fn a_standing_request_is_replaced_by_its_id<H: Harness<Store: Collections>>(harness: &H) {
    let store = harness.open();
    let mut entropy = Seeded(303);
    let of = stream("EE");
    let mut request = StandingRequest {
        id: Text(CollectionId::draw(&mut entropy)),
        title: "To everyone".to_owned(),
        description: None,
        agreement: Text(of.agreement),
        partner: Text(of.partner),
        activity: Text(of.activity),
        purpose: Text(of.purpose),
        facts: vec![(Text("urgent".parse().unwrap()), "true".to_owned())],
        can_read: true,
        can_write: false,
        ordered: Some(("key".to_owned(), "signature".to_owned())),
        from: Text(at("2026-11-26T00:00:00Z")),
        until: None,
        reviewer: None,
        ended: None,
    };
    wait(async {
        for ended in [None, Some(Text(at("2026-11-27T00:00:00Z")))] {
            request.ended = ended;
            let told = record(&mut entropy, 1, None);
            store.record(Record { standing: vec![request.clone()], ..told }).await.unwrap();
            assert_eq!(store.standing_requests().await.unwrap(), [request.clone()]);
        }
    });
}
