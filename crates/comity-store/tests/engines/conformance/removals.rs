//! Removing a partner: no offer to it is recorded, what waits for it is due; and what is not passed on to whom, whichever
//! word of its origin arrives first.

use super::rows::{exchange_row, offer};
use super::{Harness, Seeded, at, party, record, wait};
use comity_exchange::ports::{Bar, ExchangeRow, PeerRemoval, Record, Removals, Store, StoreError};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::ExchangeId;

const REMOVED: &str = "2026-11-24T12:00:00Z";

fn removal(code: &str, ended: Option<&str>) -> PeerRemoval {
    PeerRemoval {
        party: party(code),
        reason: "instrument_suspended".parse().unwrap(),
        at: at(REMOVED),
        ended: ended.map(at),
    }
}

fn put(removal: &PeerRemoval) -> Record {
    Record { peer_removal: Some(removal.clone()), ..Record::default() }
}

pub(crate) fn no_offer_to_a_removed_partner_is_recorded<H: Harness<Store: Removals>>(harness: &H) {
    let mut entropy = Seeded(51);
    wait(async {
        let store = harness.open();
        let (waiting, later) = (ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy));
        let mut before = record(&mut entropy, 1, Some(waiting));
        before.outbox.push(offer(&mut entropy, waiting, "2026-11-25T00:00:00Z"));
        store.record(before).await.unwrap();
        assert_eq!(store.removals().await.unwrap(), []);
        store.record(put(&removal("XB", None))).await.unwrap();
        drop(store);

        let store = harness.open();
        assert_eq!(store.removals().await.unwrap(), [removal("XB", None)]);
        let mut after = record(&mut entropy, 1, Some(later));
        after.exchanges.push(exchange_row(later));
        after.outbox.push(offer(&mut entropy, later, REMOVED));
        let refused = store.record(after).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
        assert_eq!(store.exchange(later).await.unwrap(), None, "nothing of it was recorded");
        // What waits for it is looked at at once, and not when its next try would be.
        let due = store.claim_outbox(at(REMOVED), at("2026-11-24T12:01:00Z"), 9, &[]).await.unwrap();
        assert_eq!(due.iter().map(|item| item.exchange).collect::<Vec<_>>(), [waiting]);

        store.record(put(&removal("XB", Some("2026-11-26T00:00:00Z")))).await.unwrap();
        assert_eq!(store.removals().await.unwrap(), []);
        let mut again = record(&mut entropy, 1, Some(later));
        again.outbox.push(offer(&mut entropy, later, REMOVED));
        store.record(again).await.expect("it is a partner again");
    });
}

pub(crate) fn of_two_words_about_a_party_the_later_counts<H: Harness<Store: Removals>>(harness: &H) {
    let mut entropy = Seeded(52);
    wait(async {
        let store = harness.open();
        let exchange = ExchangeId::draw(&mut entropy);
        let word = |from: &str, stands| Bar {
            exchange,
            party: party("XB"),
            origin: party("XA"),
            at: at(from),
            stands,
        };
        let says = async |bar: Bar| {
            store.record(Record { bars: vec![bar], ..Record::default() }).await.unwrap();
            store.barred(vec![exchange]).await.unwrap()
        };
        assert!(!store.bars().await.unwrap());
        // Taken back before it came: it does not stand.
        assert_eq!(says(word("2026-11-25T00:00:00Z", false)).await, []);
        assert_eq!(says(word("2026-11-24T00:00:00Z", true)).await, []);
        let stands = word("2026-11-26T00:00:00Z", true);
        assert_eq!(says(stands.clone()).await, std::slice::from_ref(&stands));
        assert!(store.bars().await.unwrap());
        // Another's word is another's to take back.
        let other = Bar { origin: party("XC"), ..word("2026-11-27T00:00:00Z", true) };
        assert_eq!(says(other.clone()).await, [stands, other.clone()]);
        assert_eq!(says(word("2026-11-28T00:00:00Z", false)).await, [other]);
        assert_eq!(store.barred(vec![ExchangeId::draw(&mut entropy)]).await.unwrap(), []);
    });
}

pub(crate) fn who_is_to_be_told_is_found<H: Harness<Store: Removals>>(harness: &H) {
    let mut entropy = Seeded(53);
    wait(async {
        let store = harness.open();
        let (own, gone) = (party("XA"), party("XC"));
        let row = |entropy: &mut Seeded, peer: &str, outcome| ExchangeRow {
            peer: party(peer),
            outcome,
            ..exchange_row(ExchangeId::draw(entropy))
        };
        use ExchangeOutcome::{Delivered, Queued, Refused};
        let given = row(&mut entropy, "XB", Delivered);
        let waiting = row(&mut entropy, "XD", Queued);
        let received = ExchangeRow { side: Side::Receiver, ..row(&mut entropy, "XB", Delivered) };
        let exchanges = vec![
            given.clone(),
            waiting.clone(),
            row(&mut entropy, "XB", Refused),
            row(&mut entropy, "XC", Delivered),
            row(&mut entropy, "XA", Delivered),
            received,
        ];
        store.record(Record { exchanges, ..Record::default() }).await.unwrap();
        let unbarred = async |limit| store.unbarred(&gone, &own, limit).await.unwrap();
        assert_eq!(unbarred(9).await, [given.clone(), waiting.clone()], "what others have, or will");
        assert_eq!(unbarred(1).await, std::slice::from_ref(&given));

        let bar = |row: &ExchangeRow| Bar {
            exchange: row.id,
            party: gone.clone(),
            origin: own.clone(),
            at: at(REMOVED),
            stands: true,
        };
        let told = Record { bars: vec![bar(&given)], ..put(&removal("XC", None)) };
        store.record(told).await.unwrap();
        assert_eq!(unbarred(9).await, std::slice::from_ref(&waiting));
        assert_eq!(store.barred_in_vain(&own, 9).await.unwrap(), [], "it is removed");
        let ended = removal("XC", Some("2026-11-26T00:00:00Z"));
        store.record(put(&ended)).await.unwrap();
        assert_eq!(store.barred_in_vain(&own, 9).await.unwrap(), [(ended, given)]);
        assert_eq!(store.barred_in_vain(&party("XB"), 9).await.unwrap(), []);
    });
}
