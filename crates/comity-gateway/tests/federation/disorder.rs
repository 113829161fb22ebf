//! Orders that do not come in the order in which they were given: what holds in the end is what their origin said last.

use crate::chain::renewed;
use crate::erasure::opened;
use crate::house::{House, PHISHING, pair};
use crate::recall::{RECALLS, framed, order, stands, told};
use crate::recall_chain::{line, own_bundle, share};
use crate::{MOST, OFFERS, client, framed as offered, result, tapped, waiting};
use comity_exchange::disclose::Recorded;
use comity_exchange::federation::recall::RecallAction::{self, Erase, Lift, Restrict};
use comity_exchange::ports::{Recalls as _, Store as _};
use comity_exchange::report::ExchangeOutcome::{Delivered, Refused};
use comity_exchange::shell::Shell as _;
use comity_gateway::work::audit;
use comity_gateway::work::recall::{self, Order};
use comity_terms::ExchangeId;
use comity_terms::ids::OrderId;
use std::time::Duration;

/// Gives an order that does not get there by itself; its message, as it would go.
async fn kept_back(
    house: &House,
    exchange: ExchangeId,
    action: RecallAction,
    lifts: Option<OrderId>,
) -> (OrderId, Vec<u8>) {
    let order = Order { lifts, ..order(exchange, action) };
    let (id, given) = recall::order(&house.gateway, &order).await.unwrap();
    assert!(given.row.is_some(), "{:?}", given.decision);
    let row = house.gateway.store().recalls(Some(id)).await.unwrap().pop().unwrap();
    (id, framed(house, &row).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_and_its_end_come_out_right_whichever_arrives_first() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let post = client(first, second);
    let mut exchanges = Vec::new();
    for number in 0..4 {
        exchanges.push(share(first, second, &own_bundle(number)).await);
    }
    second.unplug(first).await;
    let restricts = async |exchange| {
        let stands = second.gateway.store().restricted(vec![exchange]).await.unwrap();
        stands.into_iter().map(|restriction| restriction.order).collect::<Vec<_>>()
    };
    let send = async |what: &str, (_, frame): &(OrderId, Vec<u8>)| {
        post.post(RECALLS, frame.clone(), MOST).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    };

    // The end of every restriction, before the restriction that it ends.
    let restrict = kept_back(first, exchanges[0], Restrict, None).await;
    let lift = kept_back(first, exchanges[0], Lift, None).await;
    send("lift", &lift).await;
    send("restrict", &restrict).await;
    assert_eq!(restricts(exchanges[0]).await, [], "it was lifted, and says so only later");
    // Again, and a third time: nothing comes back.
    send("restrict", &restrict).await;
    assert_eq!(restricts(exchanges[0]).await, []);

    // The end of one restriction by its name, before it.
    let restrict = kept_back(first, exchanges[1], Restrict, None).await;
    let lift = kept_back(first, exchanges[1], Lift, Some(restrict.0)).await;
    let stays = kept_back(first, exchanges[1], Restrict, None).await;
    send("lift", &lift).await;
    send("restrict", &restrict).await;
    send("another", &stays).await;
    assert_eq!(restricts(exchanges[1]).await, [stays.0], "the other is lifted by nobody");

    // A restriction that was given after the end of those before it, and comes before that.
    let lift = kept_back(first, exchanges[2], Lift, None).await;
    let later = kept_back(first, exchanges[2], Restrict, None).await;
    send("restrict", &later).await;
    send("lift", &lift).await;
    assert_eq!(restricts(exchanges[2]).await, [later.0], "what was said last stands");

    // Both at once: whichever is faster.
    let restrict = kept_back(first, exchanges[3], Restrict, None).await;
    let lift = kept_back(first, exchanges[3], Lift, None).await;
    tokio::join!(send("restrict", &restrict), send("lift", &lift));
    assert_eq!(restricts(exchanges[3]).await, []);

    // What is restricted no more is passed on, and what is restricted is not.
    for (number, outcome) in [(0, Delivered), (1, Refused), (2, Refused), (3, Delivered)] {
        let report = second.share_to(&third.party(), "trained", &own_bundle(number), &[]).await;
        assert_eq!(report.outcome, outcome, "{number}: {:?}", report.decisions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_comes_after_the_order_about_it_is_not_kept() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let item = waiting(&sender, &receiver).await;
    let exchange = item.exchange;
    let (store, signatory) = (sender.gateway.store(), sender.gateway.signatory());
    let recorded = Recorded::reverify(item, store, signatory).await.unwrap();
    let offer = offered(&sender, &receiver, recorded).await;
    let (_, order) = kept_back(&sender, exchange, Erase, None).await;
    assert_eq!(store.exchange(exchange).await.unwrap().unwrap().outcome, Refused, "it is withdrawn");
    let post = client(&sender, &receiver);
    post.post(RECALLS, order.clone(), MOST).await.unwrap();

    // A copy of it was under way all the time.
    let answer = post.post(OFFERS, offer.clone(), MOST).await.unwrap();
    assert_eq!(result(&answer), "refused_unopened");
    assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0), "nothing of it is held");
    assert_eq!(post.post(OFFERS, offer, MOST).await.unwrap(), answer, "byte for byte");
    post.post(RECALLS, order, MOST).await.unwrap();
    let refused = told(&receiver, "exchange.refused").await;
    assert_eq!((refused.len(), &refused[0]["called_back"]), (1, &true.into()), "{refused:?}");
    let replayed = audit::replay(&receiver.gateway, false, |_| {}).await.unwrap();
    assert_eq!((replayed.different.len(), replayed.earlier.len()), (0, 0), "{replayed:?}");
    // What comes under another exchange is another offer.
    let again = share(&sender, &receiver, PHISHING).await;
    assert!(opened(&receiver.gateway, again).await.0 > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_reaches_what_was_accepted_under_an_earlier_exchange_of_its_chain() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (first, post) = tapped(&sender, &receiver).await;
    assert_eq!(result(&post.post(OFFERS, first, MOST).await.unwrap()), "accepted");
    // The answer is lost, and the offer is decided again under another exchange, which never goes.
    let far = sender.gateway.now().checked_add(Duration::from_secs(86_400)).unwrap();
    let item = sender.gateway.store().claim_outbox(far, far, 16, &[]).await.unwrap().pop().unwrap();
    let old = item.exchange;
    let (new, _) = renewed(&sender, &receiver, item).await;
    assert!(opened(&receiver.gateway, old).await.0 > 0);

    let (id, order) = kept_back(&sender, new, Erase, None).await;
    post.post(RECALLS, order, MOST).await.unwrap();
    assert_eq!(opened(&receiver.gateway, old).await, (0, 0), "it is the same data");
    let here = stands(&receiver, id).await;
    let results: Vec<(&str, &str)> = here["here"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["exchange_id"].as_str().unwrap(), one["result"].as_str().unwrap()))
        .collect();
    let (old, new) = (old.to_string(), new.to_string());
    assert_eq!(results, [(new.as_str(), "not_found"), (old.as_str(), "completed")], "{here}");
}
