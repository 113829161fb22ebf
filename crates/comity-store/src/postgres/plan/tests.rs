//! Records of one batch meet each other as those of two do.

use super::*;
use comity_exchange::ports::Restriction;
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::ids::OrderId;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn exchange(last: u8) -> ExchangeId {
    let mut id = [0; 16];
    (id[6], id[8], id[15]) = (0x40, 0x80, last);
    ExchangeId::from_bytes(id).unwrap()
}

/// An exchange that is received.
fn comes(id: ExchangeId) -> Record {
    let row = ExchangeRow {
        id,
        side: Side::Receiver,
        peer: "XB".parse().unwrap(),
        agreement: "pact-2026".parse().unwrap(),
        agreement_digest: Digest([0; 32]),
        supersedes: None,
        chain: id,
        offer: None,
        outcome: ExchangeOutcome::Delivered,
        whole: true,
        objects: 1,
        at: NOW,
        changed_at: NOW,
    };
    Record { exchanges: vec![row], ..Record::default() }
}

/// An order that calls back an exchange which never came.
fn called_back(exchange: ExchangeId) -> Record {
    let order = OrderId::from_bytes(*exchange.as_bytes()).unwrap();
    let row = Restriction { exchange, records: Some(BTreeSet::new()), order, from: NOW, lifted: Some(NOW) };
    Record { restrictions: vec![row], absent: vec![exchange], ..Record::default() }
}

#[test]
fn an_order_and_the_offer_that_it_is_about_meet_in_one_batch_too() {
    let (late, other) = (exchange(1), exchange(2));
    let (offer, order, another) = (comes(late), called_back(late), comes(other));
    let conflict = |admitted: Result<(), Fault>| matches!(admitted, Err(Fault::Conflict(_)));

    let mut plan = Plan::over(Found::default());
    plan.admit(&order, LeafIndex(0)).unwrap();
    assert!(conflict(plan.admit(&offer, LeafIndex(1))), "what was called back before it came does not begin");
    plan.admit(&another, LeafIndex(1)).unwrap();

    let mut plan = Plan::over(Found::default());
    plan.admit(&offer, LeafIndex(0)).unwrap();
    assert!(conflict(plan.admit(&order, LeafIndex(1))), "what came meanwhile is not absent");
}
