//! Notices: each moves on one version at a time, is found when its time has come, and arises of an exchange once.

use super::{Harness, Seeded, at, wait};
use comity_exchange::ports::{
    Deferral, NoticeDetail, NoticeRow, NoticeState, Notices, Proposed, Record, Store, StoreError,
};
use comity_exchange::wire::Text;
use comity_terms::ExchangeId;
use comity_terms::ids::{NoticeId, SegmentId};

pub(crate) fn a_notice_moves_on_one_version_at_a_time<H: Harness<Store: Notices>>(harness: &H) {
    let mut entropy = Seeded(43);
    let deferral = Deferral {
        ground: "public_security".into(),
        listed_by: vec![("pact-2026/pact.9".into(), "Art. 9".into())],
        at: Text(at("2026-11-24T00:00:00Z")),
        recheck: Text(at("2027-01-24T00:00:00Z")),
        reasons: Text(SegmentId::draw(&mut entropy)),
        officer: "ana".into(),
        approved: vec![(Text("prosecutor".parse().unwrap()), "pia".into())],
        ended: None,
    };
    let mut row = |arisen: &str, next: Option<&str>| NoticeRow {
        id: NoticeId::draw(&mut entropy),
        state: NoticeState::Arisen,
        exchange: Some(ExchangeId::draw(&mut entropy)),
        agreement: "pact-2026".parse().unwrap(),
        arisen_at: at(arisen),
        due_operational: at("2026-12-24T00:00:00Z"),
        due_legal_latest: at("2026-12-28T22:59:59Z"),
        next_at: next.map(at),
        overdue_since: None,
        ended_at: None,
        version: 1,
        detail: NoticeDetail {
            owed_by: vec![("EE/ee.notice".into(), "§ 1".into())],
            ..NoticeDetail::default()
        },
    };
    let one = row("2026-11-24T00:00:00Z", Some("2026-11-24T00:00:00.5Z"));
    let two = row("2026-11-25T00:00:00Z", Some("2026-11-24T00:00:00Z"));
    let three = NoticeRow { exchange: None, ..row("2026-11-26T00:00:00Z", None) };
    wait(async {
        let store = harness.open();
        let change = |row: &NoticeRow| Record { notices: vec![row.clone()], ..Record::default() };
        for row in [&three, &two, &one] {
            store.record(change(row)).await.unwrap();
        }
        drop(store);
        let store = harness.open();
        let all = [one.clone(), two.clone(), three.clone()];
        assert_eq!(store.notices(false).await.unwrap(), all, "oldest first");
        assert_eq!(store.notices_owed(None, 10).await.unwrap(), all);
        let part = store.notices_owed(None, 2).await.unwrap();
        assert_eq!(part, all[..2]);
        let after = Some((two.arisen_at, two.id));
        assert_eq!(store.notices_owed(after, 2).await.unwrap(), all[2..]);
        assert_eq!(store.notices_owed(Some((three.arisen_at, three.id)), 2).await.unwrap(), []);
        let due = store.notices_due(at("2026-11-24T00:00:00.4Z"), 10).await.unwrap();
        assert_eq!(due, std::slice::from_ref(&two));
        let due = store.notices_due(at("2026-11-25T00:00:00Z"), 1).await.unwrap();
        assert_eq!(due, std::slice::from_ref(&two), "the longest waiting first");

        let moved = NoticeRow {
            state: NoticeState::Deferred,
            next_at: Some(at("2027-01-24T00:00:00Z")),
            overdue_since: Some(at("2026-12-29T00:00:00Z")),
            version: 2,
            detail: NoticeDetail {
                file: Some(Text(SegmentId::draw(&mut Seeded(7)))),
                deferrals: vec![deferral.clone()],
                proposed: Some(Proposed {
                    deferral: Some(deferral.clone()),
                    officer: "ana".into(),
                    offices: vec![Text("prosecutor".parse().unwrap())],
                    approved: Vec::new(),
                    until: Text(at("2026-11-27T00:00:00Z")),
                }),
                ..one.detail.clone()
            },
            ..one.clone()
        };
        store.record(change(&moved)).await.unwrap();
        for version in [2, 4] {
            let made = store.record(change(&NoticeRow { version, ..one.clone() })).await;
            assert!(matches!(made, Err(StoreError::Conflict(_))), "{version}: {made:?}");
        }
        // An exchange that is recorded again brings the notice that there is.
        store.record(change(&one)).await.unwrap();
        assert_eq!(store.notice(one.id).await.unwrap(), Some(moved.clone()));
        let given = NoticeRow {
            state: NoticeState::Given,
            next_at: None,
            ended_at: Some(at("2027-01-24T00:00:01Z")),
            version: 3,
            ..moved
        };
        store.record(change(&given)).await.unwrap();
        assert_eq!(store.notices(false).await.unwrap(), [two.clone(), three.clone()]);
        assert_eq!(store.notices_owed(None, 10).await.unwrap(), [two.clone(), three.clone()]);
        assert_eq!(store.notices(true).await.unwrap(), [given.clone(), two, three]);
        assert_eq!(store.notice(given.id).await.unwrap(), Some(given));
        assert_eq!(store.notice(NoticeId::draw(&mut Seeded(1))).await.unwrap(), None);
    });
}
