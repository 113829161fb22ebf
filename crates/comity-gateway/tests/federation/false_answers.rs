//! A holder that answers an order wrongly, and then truly: each lie is found out and named, the order stays open, and what
//! is true settles it.

use crate::erasure::opened;
use crate::house::{House, PHISHING, pair};
use crate::partner::{Manner, false_partner};
use crate::recall::{complete, ordered, stands, told};
use comity_exchange::federation::frame::Frame;
use comity_exchange::federation::recall::{RecallAction, RecallAnswerHeader};
use comity_exchange::ports::{Peer, RecallRow, Recalls as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::{Base64, Text};
use comity_gateway::watch::metrics;
use comity_gateway::work::{audit, manage, recall};
use comity_terms::ids::OrderId;
use serde_json::{Value as Json, json};
use std::time::Duration;

async fn row(house: &House, id: OrderId) -> RecallRow {
    house.gateway.store().recalls(Some(id)).await.unwrap().pop().unwrap()
}

/// What the gateway has recorded of answers that were none, once there are so many.
async fn found_out(house: &House, count: usize) -> Vec<Json> {
    for _ in 0..300 {
        recall::once(&house.gateway).await.unwrap();
        let found = told(house, "peer.misbehaved").await;
        if found.len() >= count {
            return found;
        }
        // The next try is due by the clock: 1, 2, 4 seconds after the last.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody finds out: {:?}", told(house, "peer.misbehaved").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_lies_is_found_out_and_its_true_answer_settles_the_order() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let share = async || {
        let report = sender.share(PHISHING).await;
        assert_eq!(report.outcome, ExchangeOutcome::Delivered);
        report.exchange_id.0
    };
    // An honest answer about something else: what the lies are made of.
    let other = share().await;
    let earlier = ordered(&sender, other, RecallAction::Erase).await;
    complete(&sender, earlier).await;
    let honest = row(&sender, earlier).await.answer.unwrap();
    let frame = Frame::parse(&honest).unwrap();
    let template: RecallAnswerHeader = serde_json::from_slice(frame.dangerous_unverified_header()).unwrap();

    let known = sender.gateway.peer(&receiver.party()).unwrap();
    let (manner, at, stopper) = false_partner(&receiver).await;
    let falsely = format!("https://{at}");
    let signed_by = |house: &House, bend: &dyn Fn(&mut RecallAnswerHeader)| {
        let mut bent = template.clone();
        bend(&mut bent);
        bent.sign(&house.gateway.signatory().key).frame(frame.attachments, &[])
    };
    let mut recorded = 0;
    for (what, kind) in [
        ("claims an erasure that its log does not have", "answer_unproven"),
        ("shows the receipt of another erasure", "answer_unproven"),
        ("speaks of another exchange", "answer_unreadable"),
        ("is signed by somebody else", "answer_signature"),
        ("is the answer to another order", "answer_unreadable"),
    ] {
        let exchange = share().await;
        let all = opened(&receiver.gateway, exchange).await;
        // The order has to exist before anybody can lie about it: at first nobody is there.
        receiver.unplug(&sender).await;
        let id = ordered(&sender, exchange, RecallAction::Erase).await;
        let asked = row(&sender, id).await;
        let about = |header: &mut RecallAnswerHeader| {
            header.order_id = Text(id);
            header.message = Text(asked.message);
            header.results[0].exchange_id = Text(exchange);
        };
        let lie = match what {
            "claims an erasure that its log does not have" => signed_by(&receiver, &|header| {
                about(header);
                let mut entry = template.entry.0.clone();
                entry[20] ^= 1;
                header.entry = Base64(entry);
            }),
            "shows the receipt of another erasure" => signed_by(&receiver, &about),
            "speaks of another exchange" => signed_by(&receiver, &|header| {
                about(header);
                header.results[0].exchange_id = Text(other);
            }),
            "is signed by somebody else" => signed_by(&sender, &about),
            _ => honest.clone(),
        };
        *manner.lock().unwrap() = Manner::Says(lie);
        manage::add_peer(&sender.gateway, &known.party, &falsely, known.identity.clone()).await.unwrap();
        recorded += 1;
        let found = found_out(&sender, recorded).await;
        let said = json!({ "peer": "FI", "kind": kind, "exchange": exchange.to_string() });
        assert_eq!(found[recorded - 1], said, "{what}");
        let figures = metrics::text(&sender.gateway).await.unwrap();
        assert!(
            figures.contains("comity_misbehaviour_total ")
                && !figures.contains("comity_misbehaviour_total 0\n")
        );
        // No lie settles anything: it is open, turns overdue, and the data is where it was.
        let stood = stands(&sender, id).await;
        assert_eq!(
            (&stood["state"], &stood["holders"][0]["state"]),
            (&"open".into(), &"open".into()),
            "{what}"
        );
        let due: comity_terms::Timestamp = stood["due"].as_str().unwrap().parse().unwrap();
        let late = due.checked_add(Duration::from_secs(1)).unwrap();
        assert_eq!(recall::standing(&sender.gateway, late).await.unwrap(), (1, 1), "{what}");
        assert_eq!(opened(&receiver.gateway, exchange).await, all, "{what}");

        // Itself again: the same message is carried out, and the receipt of its own log is believed.
        let Peer { party, url, identity } = known.clone();
        manage::add_peer(&sender.gateway, &party, &url, identity).await.unwrap();
        let settled = complete(&sender, id).await;
        let holder = &settled["holders"][0];
        assert_eq!(
            (&holder["state"], &holder["results"][0]["result"]),
            (&"answered".into(), &"completed".into())
        );
        assert!(holder["receipt"]["origin"].as_str().unwrap().contains("FI"), "{holder}");
        assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0), "{what}");
        assert_eq!(recall::standing(&sender.gateway, late).await.unwrap(), (0, 0), "{what}");
    }
    let replayed = audit::replay(&sender.gateway, false, |_| {}).await.unwrap();
    assert_eq!(replayed.different, []);
    stopper.stop();
}
