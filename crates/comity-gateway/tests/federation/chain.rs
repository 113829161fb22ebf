//! Offers whose decision grew old: decided again under another exchange, of which the receiver accepts one.

use crate::house::{House, at_once, pair};
use crate::{MOST, OFFERS, client, framed, result, tapped, waiting};
use comity_exchange::disclose::{Clearance, Grade, Recorded, Renewal, Stale};
use comity_exchange::federation::offer::OfferHeader;
use comity_exchange::ports::{OutboxItem, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::{Lent, Shell as _};
use comity_terms::{ExchangeId, Timestamp};
use std::time::Duration;

fn laws(sender: &House, receiver: &House) -> Lent {
    sender.gateway.laws(&"eu-nis2-2022-2555".parse().unwrap(), &receiver.party()).unwrap()
}

/// The offer as its gateway finds it a day and an hour later.
async fn stale(sender: &House, lent: &Lent, item: OutboxItem) -> (Stale, Timestamp) {
    let (store, signatory) = (sender.gateway.store(), sender.gateway.signatory());
    let recorded = Recorded::reverify(item, store, signatory).await.unwrap();
    let later = recorded.decided_at().checked_add(Duration::from_secs(25 * 3_600)).unwrap();
    let holds_until = sender.gateway.holds_until(recorded.decided_at());
    let Clearance::Stale(stale) = recorded.clear(Grade::Integrated, &lent.laws, later, holds_until) else {
        panic!("a decision of yesterday does not hold")
    };
    (stale, later)
}

/// The offer decided again, as it would travel; with its new exchange.
pub(crate) async fn renewed(sender: &House, receiver: &House, item: OutboxItem) -> (ExchangeId, Vec<u8>) {
    let lent = laws(sender, receiver);
    let (stale, _) = stale(sender, &lent, item).await;
    // The act is now: the laws of the test are those of today.
    let renewed = stale.decide(&*sender.gateway, &lent, sender.gateway.now()).unwrap();
    let Renewal::Goes(recorded) = renewed.record(&*sender.gateway).await.unwrap() else {
        panic!("what was permitted is permitted again")
    };
    (recorded.exchange(), framed(sender, receiver, *recorded).await)
}

async fn outcome(house: &House, id: ExchangeId) -> ExchangeOutcome {
    house.gateway.store().exchange(id).await.unwrap().unwrap().outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_decision_is_made_again_and_one_of_the_chain_is_accepted() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let item = waiting(&sender, &receiver).await;
    let old = item.exchange;
    let (store, signatory) = (sender.gateway.store(), sender.gateway.signatory());
    let first =
        framed(&sender, &receiver, Recorded::reverify(item.clone(), store, signatory).await.unwrap()).await;
    let (new, again) = renewed(&sender, &receiver, item).await;

    let row = store.exchange(new).await.unwrap().unwrap();
    assert_eq!((row.supersedes, row.chain, row.outcome), (Some(old), old, ExchangeOutcome::Queued));
    assert_eq!(outcome(&sender, old).await, ExchangeOutcome::Refused, "another takes its place");
    let far = sender.gateway.now().checked_add(Duration::from_secs(86_400)).unwrap();
    assert!(store.claim_offer(old, far, far).await.unwrap().is_none(), "the old offer waits no longer");

    let client = client(&sender, &receiver);
    let answer = client.post(OFFERS, again.clone(), MOST).await.unwrap();
    assert_eq!(result(&answer), "accepted", "sealed under the first, it opens under the second");
    assert_eq!(client.post(OFFERS, again, MOST).await.unwrap(), answer, "byte for byte");
    let late = client.post(OFFERS, first, MOST).await.unwrap();
    assert_eq!(result(&late), "accepted_before", "the first arrives late, and is not taken a second time");
    let kept = receiver.gateway.store().segments(old).await.unwrap();
    assert_eq!(kept.len(), 1, "only the opening of its entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_whose_answer_was_lost_is_not_taken_again_under_another_exchange() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (first, client) = tapped(&sender, &receiver).await;
    assert_eq!(result(&client.post(OFFERS, first, MOST).await.unwrap()), "accepted");
    // The answer is lost: the sender's outbox still holds the offer, and by now its decision is old.
    let store = sender.gateway.store();
    let far = sender.gateway.now().checked_add(Duration::from_secs(86_400)).unwrap();
    let item = store.claim_outbox(far, far, 16, &[]).await.unwrap().pop().unwrap();
    let old = item.exchange;
    let (new, _) = renewed(&sender, &receiver, item).await;

    let later = sender.gateway.now();
    store.postpone(new, later).await.unwrap();
    for _ in 0..300 {
        at_once(&sender).await;
        if outcome(&sender, new).await == ExchangeOutcome::Delivered {
            break;
        }
        // The gateway's own outbox may have taken it up.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(outcome(&sender, new).await, ExchangeOutcome::Delivered, "the partner has it");
    assert_eq!(outcome(&sender, old).await, ExchangeOutcome::Delivered, "under this exchange");
    assert_eq!(outcome(&receiver, new).await, ExchangeOutcome::Refused, "and not under that");
    assert_eq!(receiver.gateway.store().segments(new).await.unwrap().len(), 1, "it was not opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_decision_that_no_longer_comes_out_right_ends_the_exchange() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let item = waiting(&sender, &receiver).await;
    let old = item.exchange;
    let lent = Lent { binding: false, ..laws(&sender, &receiver) };
    let (stale, now) = stale(&sender, &lent, item).await;
    let renewed = stale.decide(&*sender.gateway, &lent, now).unwrap();
    let ended = renewed.record(&*sender.gateway).await.unwrap();
    assert!(matches!(ended, Renewal::Ends(ExchangeOutcome::Refused)), "{ended:?}");
    let store = sender.gateway.store();
    let far = now.checked_add(Duration::from_secs(86_400)).unwrap();
    assert!(store.claim_outbox(far, far, 16, &[]).await.unwrap().is_empty(), "nothing is left to deliver");
    assert_eq!(outcome(&sender, old).await, ExchangeOutcome::Refused);
    assert_eq!(receiver.gateway.store().exchange(old).await.unwrap(), None, "nothing reached the receiver");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_office_attested_counts_no_longer_than_it_is_valid() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let item = waiting(&sender, &receiver).await;
    let lent = laws(&sender, &receiver);
    let header: OfferHeader = serde_json::from_slice(&item.offer.header).unwrap();
    // What attests a fact runs out while the offer waits: its decision no longer holds, though it is young.
    let at = header.at.0;
    let until = at.checked_add(Duration::from_secs(600)).unwrap();
    let attested = |valid_until| {
        let mut header = serde_json::to_value(&header).unwrap();
        header["attestations"] = serde_json::json!([{
            "key": "authorisation", "document": comity_terms::Digest::of(b"").to_string(), "valid_until": valid_until,
        }]);
        let header: OfferHeader = serde_json::from_value(header).unwrap();
        OutboxItem { offer: header.sign(&sender.gateway.signatory().key), ..item.clone() }
    };
    for (after, stale) in [(599, false), (600, false), (601, true)] {
        let now = at.checked_add(Duration::from_secs(after)).unwrap();
        let item = attested(until.to_string());
        let signatory = sender.gateway.signatory();
        let recorded = Recorded::reverify(item, sender.gateway.store(), signatory).await.unwrap();
        let holds_until = sender.gateway.holds_until(recorded.decided_at());
        let clearance = recorded.clear(Grade::Integrated, &lent.laws, now, holds_until);
        assert_eq!(matches!(clearance, Clearance::Stale(_)), stale, "after {after} s");
    }
}
