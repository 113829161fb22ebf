//! Opt-outs: found by tags while they are in effect, by nothing before, after, or once their period has passed; mandates
//! move on one version at a time.

use super::{Harness, Seeded, at, wait};
use comity_exchange::ports::{
    Mandate, MandateRow, OptOutDetail, OptOutRow, OptOutState, OptOutTag, OptOuts, Record, Store, StoreError,
    SubjectTag,
};
use comity_exchange::wire::Text;
use comity_terms::ids::{MandateId, OptOutId};
use comity_terms::{Digest, Month};
use std::collections::BTreeSet;

fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

const NOW: &str = "2026-11-26T12:00:00Z";

pub(crate) fn an_opt_out_is_found_while_it_is_in_effect<H: Harness<Store: OptOuts>>(harness: &H) {
    let mut entropy = Seeded(51);
    let mut row = |until: &str, categories: &[&str]| OptOutRow {
        id: OptOutId::draw(&mut entropy),
        period: Month::new(i16::try_from(Month::of(at(until)).number() / 100).unwrap(), 12).unwrap(),
        state: OptOutState::Waiting,
        categories: words(categories),
        filed_at: at(NOW),
        until: at(until),
        version: 1,
        detail: OptOutDetail {
            code: Text(Digest::of(b"code")),
            decided_at: None,
            officer: None,
            refusal: None,
        },
    };
    let short = row("2026-12-01T00:00:00Z", &["health"]);
    let long = row("2027-06-01T00:00:00Z", &["health", "religion"]);
    let tag = |tag: u8| SubjectTag([tag; 16]);
    let of =
        |row: &OptOutRow, number: u8| OptOutTag { opt_out: row.id, period: row.period, tag: tag(number) };
    let next = |row: &OptOutRow, state| OptOutRow { state, version: row.version + 1, ..row.clone() };
    wait(async {
        let store = harness.open();
        let change = |row: &OptOutRow, tags: Vec<OptOutTag>| Record {
            opt_outs: vec![row.clone()],
            opt_out_tags: tags,
            ..Record::default()
        };
        store.record(change(&short, vec![of(&short, 1), of(&short, 2)])).await.unwrap();
        store.record(change(&long, vec![of(&long, 1)])).await.unwrap();
        let asked = vec![
            (short.period, tag(1)),
            (short.period, tag(2)),
            (short.period, tag(3)),
            (long.period, tag(1)),
            (long.period, tag(2)),
        ];
        assert_eq!(store.opt_out_periods(at(NOW)).await.unwrap(), [], "nobody was seen yet");
        assert_eq!(store.opted_out(asked.clone(), at(NOW)).await.unwrap(), []);
        assert_eq!(store.opt_out_tags(short.id).await.unwrap(), BTreeSet::from([tag(1), tag(2)]));

        let (short, long) = (next(&short, OptOutState::InForce), next(&long, OptOutState::InForce));
        store.record(change(&short, vec![])).await.unwrap();
        store.record(change(&long, vec![])).await.unwrap();
        for version in [1, 2, 4] {
            let made = store.record(change(&OptOutRow { version, ..short.clone() }, vec![])).await;
            assert!(matches!(made, Err(StoreError::Conflict(_))), "{version}: {made:?}");
        }
        drop(store);
        let store = harness.open();
        assert_eq!(store.opt_out_periods(at(NOW)).await.unwrap(), [short.period, long.period]);
        let mut found = store.opted_out(asked.clone(), at(NOW)).await.unwrap();
        found.sort();
        assert_eq!(
            found,
            [
                (short.period, tag(1), words(&["health"])),
                (short.period, tag(2), words(&["health"])),
                (long.period, tag(1), words(&["health", "religion"])),
            ]
        );
        assert_eq!(store.opted_out(vec![], at(NOW)).await.unwrap(), []);
        assert_eq!(store.opt_out(long.id).await.unwrap(), Some(long.clone()));
        let mut all = store.opt_outs().await.unwrap();
        all.sort_by_key(|row| row.until);
        assert_eq!(all, [short.clone(), long.clone()]);
        // At its end it has none, to the instant.
        let left = store.opted_out(asked.clone(), at("2026-12-01T00:00:00Z")).await.unwrap();
        assert_eq!(left, [(long.period, tag(1), words(&["health", "religion"]))]);

        let withdrawn = next(&long, OptOutState::Withdrawn);
        store.record(change(&withdrawn, vec![])).await.unwrap();
        assert_eq!(store.opt_out_tags(long.id).await.unwrap(), BTreeSet::new(), "its tags go at once");
        store.record(Record { opt_outs_over: Month::new(2027, 1), ..Record::default() }).await.unwrap();
        assert_eq!(
            store.opt_outs().await.unwrap(),
            std::slice::from_ref(&withdrawn),
            "of 2026 nothing is left"
        );
        assert_eq!(store.opt_out_tags(short.id).await.unwrap(), BTreeSet::new());
    });
}

pub(crate) fn a_mandate_moves_on_one_version_at_a_time<H: Harness<Store: OptOuts>>(harness: &H) {
    let row = MandateRow {
        id: MandateId::draw(&mut Seeded(52)),
        from: at(NOW),
        until: at("2028-01-01T00:00:00Z"),
        ended: None,
        version: 1,
        mandate: Mandate {
            body: "A parliament".into(),
            citation: "Resolution 7".into(),
            document: Text(Digest::of(b"text")),
            agreements: [Text("pact-2026".parse().unwrap())].into(),
            receivers: [Text("FI".parse().unwrap())].into(),
            activities: [Text("incident_response".parse().unwrap())].into(),
            purposes: [Text("incident_response".parse().unwrap())].into(),
            data_categories: words(&["indicator"]),
            sensitive: words(&[]),
        },
    };
    wait(async {
        let store = harness.open();
        let change = |row: &MandateRow| Record { mandates: vec![row.clone()], ..Record::default() };
        store.record(change(&row)).await.unwrap();
        let ended = MandateRow { ended: Some(at("2027-01-01T00:00:00Z")), version: 2, ..row.clone() };
        store.record(change(&ended)).await.unwrap();
        assert!(matches!(store.record(change(&ended)).await, Err(StoreError::Conflict(_))));
        drop(store);
        assert_eq!(harness.open().mandates().await.unwrap(), [ended]);
    });
}
