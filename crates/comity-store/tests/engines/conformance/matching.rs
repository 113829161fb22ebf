//! Blind matching: a day has one key and filter at each side, a batch one answer, and a budget is used by what was found.

use super::{Harness, Seeded, at, party, record, wait};
use comity_exchange::federation::frame::SignedHeader;
use comity_exchange::ports::{
    MatchAnswerRow, MatchChange, MatchEpochRow, MatchScope, MatchSide, MatchSpent, Matches, Record, Store,
    StoreError,
};
use comity_exchange::signature::Signature;
use comity_terms::ids::MatchId;
use comity_terms::{Day, Digest, Month};

fn scope(question: u8) -> MatchScope {
    MatchScope {
        peer: party("XA"),
        agreement: "pact-2026".parse().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        question: Digest([question; 32]),
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn signed(byte: u8) -> SignedHeader {
    SignedHeader { header: vec![byte; 40], signature: Signature([byte; 64]) }
}

fn epoch(side: MatchSide, of: &str, byte: u8) -> MatchEpochRow {
    MatchEpochRow {
        side,
        scope: scope(1),
        day: day(of),
        statement: signed(byte),
        receipt: (side == MatchSide::Asker).then(|| "a receipt".to_owned()),
        filter: vec![byte; 5_000],
    }
}

fn change(matching: MatchChange) -> Record {
    Record { matching, ..Record::default() }
}

fn conflicts(made: Result<comity_exchange::ports::Integrated, StoreError>, what: &str) {
    assert!(matches!(made, Err(StoreError::Conflict(_))), "{what}: {made:?}");
}

pub(crate) fn a_day_has_one_key_and_filter_at_each_side<H: Harness<Store: Matches>>(harness: &H) {
    let mut entropy = Seeded(61);
    let (today, tomorrow) = (day("2026-11-26"), day("2026-11-27"));
    let put = |row: &MatchEpochRow| MatchChange { epochs: vec![row.clone()], ..MatchChange::default() };
    wait(async {
        let store = harness.open();
        let held = epoch(MatchSide::Holder, "2026-11-26", 1);
        let mut opened = record(&mut entropy, 2, None);
        let entry = opened.entries[0].entry;
        opened.matching = put(&held);
        let integrated = store.record(opened).await.unwrap();
        // The other side of the same scope is another row, and no entry of ours records it.
        let asked = epoch(MatchSide::Asker, "2026-11-26", 2);
        store.record(change(put(&asked))).await.unwrap();
        drop(store);

        let store = harness.open();
        let found = async |side, scope: &MatchScope, day| store.match_epoch(side, scope, day).await.unwrap();
        assert_eq!(found(MatchSide::Holder, &scope(1), today).await, Some(held.clone()));
        assert_eq!(found(MatchSide::Asker, &scope(1), today).await, Some(asked.clone()));
        assert_eq!(found(MatchSide::Holder, &scope(2), today).await, None, "another question");
        assert_eq!(found(MatchSide::Holder, &scope(1), tomorrow).await, None);
        let (found_entry, place) = store.match_opened(&scope(1), today).await.unwrap().unwrap();
        assert_eq!((found_entry, place.index), (entry, integrated.index));
        assert_eq!(store.match_opened(&scope(1), tomorrow).await.unwrap(), None);

        let scopes = async |peer, day| store.match_scopes(&party(peer), day).await.unwrap();
        assert_eq!(
            (scopes("XA", today).await, scopes("XA", tomorrow).await, scopes("XB", today).await),
            (1, 0, 0)
        );
        // It stays as it is: whoever comes second is told, and their entry is not logged.
        let mut late = record(&mut entropy, 1, None);
        late.matching = put(&MatchEpochRow { statement: signed(9), ..held.clone() });
        conflicts(store.record(late).await, "a second key for the day");
        assert_eq!(found(MatchSide::Holder, &scope(1), today).await, Some(held));

        assert!(!store.matches_before(today).await.unwrap());
        assert!(store.matches_before(tomorrow).await.unwrap());
        store.record(change(MatchChange { ended: Some(tomorrow), ..MatchChange::default() })).await.unwrap();
        assert_eq!(found(MatchSide::Holder, &scope(1), today).await, None, "it goes with its day");
        assert_eq!(found(MatchSide::Asker, &scope(1), today).await, None);
        assert!(!store.matches_before(tomorrow).await.unwrap());
    });
}

pub(crate) fn a_batch_is_answered_once_and_uses_its_budget<H: Harness<Store: Matches>>(harness: &H) {
    let mut entropy = Seeded(62);
    let id = MatchId::draw(&mut entropy);
    let month = Month::of(at("2026-11-26T00:00:00Z"));
    let of = scope(1);
    let row = |message: u8, batch| MatchAnswerRow {
        message: Digest([message; 32]),
        peer: party("XA"),
        id,
        batch,
        day: day("2026-11-26"),
        answer: signed(message),
        bodies: vec![message; 4_096],
    };
    let spent = |before, after| MatchSpent {
        peer: of.peer.clone(),
        agreement: of.agreement.clone(),
        purpose: of.purpose.clone(),
        month,
        before,
        after,
    };
    let mut answered = |row: MatchAnswerRow, spent: Option<MatchSpent>| {
        let mut answered = record(&mut entropy, 1, None);
        answered.matching = MatchChange { answers: vec![row], spent, ..MatchChange::default() };
        answered
    };
    wait(async {
        let store = harness.open();
        let used = async |store: &H::Store| {
            store.match_spent(&of.peer, &of.agreement, &of.purpose, month).await.unwrap()
        };
        assert_eq!(used(&store).await, 0);
        let first = answered(row(1, 1), Some(spent(0, 128)));
        let entry = first.entries[0].entry;
        let integrated = store.record(first).await.unwrap();
        drop(store);

        let store = harness.open();
        let stored = store.match_answer(Digest([1; 32])).await.unwrap().unwrap();
        assert_eq!((stored.row, stored.entry, stored.integrated.index), (row(1, 1), entry, integrated.index));
        assert_eq!(store.match_answer(Digest([2; 32])).await.unwrap(), None);
        assert_eq!(store.match_message(&of.peer, id, 1).await.unwrap(), Some(Digest([1; 32])));
        assert_eq!(store.match_message(&of.peer, id, 2).await.unwrap(), None);
        assert_eq!(store.match_message(&party("XB"), id, 1).await.unwrap(), None);

        // What is in conflict happens not at all: neither the answer, nor what it used.
        conflicts(store.record(answered(row(1, 1), Some(spent(128, 256)))).await, "the same message");
        conflicts(
            store.record(answered(row(2, 1), Some(spent(128, 256)))).await,
            "another batch under the number",
        );
        conflicts(store.record(answered(row(2, 2), Some(spent(0, 128)))).await, "a budget that has moved on");
        conflicts(store.record(answered(row(2, 2), Some(spent(64, 192)))).await, "a budget that never was");
        assert_eq!((used(&store).await, store.match_answer(Digest([2; 32])).await.unwrap()), (128, None));
        store.record(answered(row(2, 2), Some(spent(128, 256)))).await.unwrap();
        store.record(answered(row(3, 3), None)).await.unwrap();
        assert_eq!(used(&store).await, 256, "a refusal uses nothing");

        let end = |of: &str| change(MatchChange { ended: Some(day(of)), ..MatchChange::default() });
        store.record(end("2026-11-27")).await.unwrap();
        assert_eq!(store.match_answer(Digest([1; 32])).await.unwrap(), None, "answers go with their day");
        assert_eq!(used(&store).await, 256, "a budget lasts for its month");
        store.record(end("2026-12-01")).await.unwrap();
        assert_eq!(used(&store).await, 0);
    });
}
