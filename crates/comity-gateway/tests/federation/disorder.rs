//! Orders that do not come in the order in which they were given: what holds in the end is what their origin said last.

use crate::house::House;
use crate::recall::{RECALLS, framed, order};
use crate::recall_chain::{line, own_bundle, share};
use crate::{MOST, client};
use comity_exchange::federation::recall::RecallAction::{self, Lift, Restrict};
use comity_exchange::ports::Recalls as _;
use comity_exchange::report::ExchangeOutcome::{Delivered, Refused};
use comity_exchange::shell::Shell as _;
use comity_gateway::work::recall::{self, Order};
use comity_terms::ExchangeId;
use comity_terms::ids::OrderId;

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
