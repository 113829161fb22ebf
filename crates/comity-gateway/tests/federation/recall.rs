//! Erasure, restriction and recall travel the chain: the origin's signed order goes to every holder, each decides by its own
//! law, and what it did comes back with a receipt.

use crate::erasure::opened;
use crate::house::{House, PHISHING, pair};
use crate::{MOST, client, entries};
use comity_exchange::audit::recorded::RecordedFacts;
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::recall::{
    HopHeader, OrderHeader, RecallAction, RecallAnswerHeader, TakenHop,
};
use comity_exchange::misbehaviour::Misbehaviour;
use comity_exchange::ports::{RecallRow, Recalls as _, Store as _};
use comity_exchange::recall::heard;
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyVerifier, Signature};
use comity_exchange::wire::{Base64, Text};
use comity_gateway::gateway::GatewayError;
use comity_gateway::jobs::sweep::{self, Haste};
use comity_gateway::jobs::telling;
use comity_gateway::net::client::ClientError;
use comity_gateway::work::audit::{duty_json, obligations};
use comity_gateway::work::officers::signed_text;
use comity_gateway::work::recall::{self, Order, order_json};
use comity_gateway::work::{backup, succession};
use comity_terms::ids::OrderId;
use comity_terms::{ExchangeId, Timestamp};
use comity_tlog::LeafIndex;
use serde_json::Value as Json;
use std::time::Duration;

pub(crate) const RECALLS: &str = "/federation/v1/recalls";

pub(crate) fn order(exchange: ExchangeId, action: RecallAction) -> Order {
    Order {
        exchange,
        officer: "trained".to_owned(),
        action,
        records: None,
        lifts: None,
        replaced_by: None,
        ground: "sent_in_error".parse().unwrap(),
        facts: Vec::new(),
    }
}

async fn delivered(sender: &House) -> ExchangeReport {
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    report
}

/// Orders, and gives the order's id.
pub(crate) async fn ordered(house: &House, exchange: ExchangeId, action: RecallAction) -> OrderId {
    let (id, given) = recall::order(&house.gateway, &order(exchange, action)).await.unwrap();
    assert!(given.row.is_some(), "{:?}", given.decision);
    id
}

/// How an order stands at a gateway, as it is printed.
pub(crate) async fn stands(house: &House, id: OrderId) -> Json {
    let known = recall::orders(&house.gateway, Some(id)).await.unwrap().pop().expect("the order is known");
    order_json(&house.gateway, &known, house.gateway.now())
}

/// Waits until every holder has answered.
pub(crate) async fn complete(house: &House, id: OrderId) -> Json {
    for _ in 0..600 {
        let told = stands(house, id).await;
        if told["state"] == "complete" {
            return told;
        }
        // The gateway's own job asks: it tells nobody when it has.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not end: {}", stands(house, id).await)
}

/// The openings of a gateway's acts of that name.
pub(crate) async fn told(house: &House, act: &str) -> Vec<Json> {
    let mut told = Vec::new();
    for logged in house.gateway.store().logged(LeafIndex(0), 1_000).await.unwrap() {
        let opening = logged.opening.unwrap();
        let gateway = &house.gateway;
        let opened = gateway.with_keys(|keys| gateway.signatory().open_opening(&opening, keys));
        let content: Json = serde_json::from_slice(opened.unwrap().unwrap().content()).unwrap();
        if content["act"] == act {
            told.push(content["facts"].clone());
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_in_error_is_erased_at_its_holder_and_the_receipt_verifies() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (first, second) = (delivered(&sender).await, delivered(&sender).await);
    let (exchange, kept) = (first.exchange_id.0, second.exchange_id.0);
    let all = opened(&receiver.gateway, exchange).await;
    assert!(all.0 > 0 && all.0 == all.1);

    let id = ordered(&sender, exchange, RecallAction::Recall).await;
    let told_at_sender = complete(&sender, id).await;
    let holder = &told_at_sender["holders"][0];
    assert_eq!((holder["holder"].as_str(), holder["state"].as_str()), (Some("FI"), Some("answered")));
    let result = &holder["results"][0];
    assert_eq!(
        (result["result"].as_str(), result["records"].as_u64()),
        (Some("completed"), Some(all.0 as u64))
    );
    assert!(
        result["citations"].as_array().unwrap().iter().any(|rule| rule["rule"] == "nis2.2-14.rights"),
        "by its own law: {result}"
    );
    assert!(holder["receipt"]["index"].is_u64() && holder["destroyed_by"].is_string());
    assert!(told_at_sender["due"].is_string(), "the pack says by when: {told_at_sender}");

    assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0), "erased");
    assert_eq!(opened(&receiver.gateway, kept).await, all, "the other exchange stays");
    let swept = sweep::once(&receiver.gateway, Haste::AtOnce).await.unwrap();
    assert_eq!(swept.destroyed.buckets.len(), 1, "and then destroyed");

    // What happened stands in both logs, by the family that outsiders count remedies in.
    assert_eq!(told(&sender, "recall.ordered").await.len(), 1);
    assert_eq!(told(&sender, "recall.answered").await[0]["complete"], true);
    assert_eq!(told(&receiver, "recall.taken").await[0]["action"], "recall");
    assert_eq!(told(&receiver, "recall.done").await[0]["results"][0]["result"], "completed");
    let erased = told(&receiver, "records.erased").await;
    assert_eq!(erased[0]["ordered"]["order"], id.to_string(), "the erasure names the order");

    // What the officer stated is under their signature.
    let given = told(&sender, "recall.ordered").await.remove(0);
    let signed = |stated: &RecordedFacts| {
        let by = &given["ordered"];
        let key = PartyVerifier::parse(by["key"].as_str().unwrap()).unwrap();
        let signature = Signature::parse(by["signature"].as_str().unwrap()).unwrap();
        let at = given["asked"]["at"].as_str().unwrap();
        let (exchange, ground) = (given["exchange"].as_str().unwrap(), given["ground"].as_str().unwrap());
        let order = format!("recall\n{id}\n{exchange}\nrecall\n\n{ground}\n{at}\n");
        key.verify(Domain::Order, signed_text(&order, stated).as_bytes(), &signature).is_ok()
    };
    let mut stated: RecordedFacts = serde_json::from_value(given["ordered"]["stated"].clone()).unwrap();
    assert!(signed(&stated));
    stated.values_mut().find(|fact| fact.value == true).unwrap().value = false.into();
    assert!(!signed(&stated), "nobody puts another fact in its place");

    // The duty of the chain is in both ledgers, and shown done.
    for house in [&sender, &receiver] {
        let duties: Vec<Json> = obligations(&house.gateway).await.unwrap().iter().map(duty_json).collect();
        let chain: Vec<&Json> = duties.iter().filter(|duty| duty["type"] == "propagate_to_holders").collect();
        assert_eq!(chain.len(), 1, "{duties:?}");
        assert_eq!(
            (chain[0]["state"].as_str(), chain[0]["due_legal_latest"].is_string()),
            (Some("done"), true)
        );
    }
    // Every decision of it can be made again.
    for house in [&sender, &receiver] {
        let replayed = comity_gateway::work::audit::replay(&house.gateway, false, |_| {}).await.unwrap();
        assert_eq!((replayed.different.len(), replayed.earlier.len()), (0, 0), "{:?}", replayed.different);
        assert_eq!(replayed.decisions, 3, "two exchanges and an order");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_a_holder_that_is_down_and_turns_overdue() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let at = receiver.unplug(&sender).await;
    let id = ordered(&sender, exchange, RecallAction::Erase).await;
    let waiting = stands(&sender, id).await;
    assert_eq!(
        (waiting["state"].as_str(), waiting["holders"][0]["state"].as_str()),
        (Some("open"), Some("open"))
    );
    assert!(opened(&receiver.gateway, exchange).await.0 > 0, "it did not hear of it");

    // Four days later nobody has answered: the holder's silence is a duty overdue.
    let due: Timestamp = waiting["due"].as_str().unwrap().parse().unwrap();
    let late = due.checked_add(Duration::from_secs(1)).unwrap();
    let known = recall::orders(&sender.gateway, Some(id)).await.unwrap().pop().unwrap();
    let overdue = order_json(&sender.gateway, &known, late);
    assert_eq!(
        (overdue["state"].as_str(), overdue["holders"][0]["state"].as_str()),
        (Some("overdue"), Some("overdue"))
    );
    assert_eq!(recall::standing(&sender.gateway, late).await.unwrap(), (1, 1));
    let duties = obligations(&sender.gateway).await.unwrap();
    assert!(duties.iter().any(|owed| owed.duty["type"] == "propagate_to_holders" && owed.evidence.is_none()));

    receiver.plug(&sender, at).await;
    let told = complete(&sender, id).await;
    assert_eq!(told["holders"][0]["results"][0]["result"], "completed");
    assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0));
    assert_eq!(recall::standing(&sender.gateway, late).await.unwrap(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_orders_what_is_checked_before_anything_is_decided() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let unknown: ExchangeId = "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10".parse().unwrap();
    let cases = [
        (&sender, Order { officer: "untrained".into(), ..order(exchange, RecallAction::Recall) }, "training"),
        (
            &sender,
            Order { officer: "nobody".into(), ..order(exchange, RecallAction::Recall) },
            "no officer `nobody`",
        ),
        (&sender, order(unknown, RecallAction::Recall), "no exchange"),
        (
            &sender,
            Order { ground: "because".parse().unwrap(), ..order(exchange, RecallAction::Recall) },
            "no reason",
        ),
        (&receiver, order(exchange, RecallAction::Recall), "EE gave it"),
    ];
    for (house, order, why) in cases {
        let before = entries(house).await;
        let refused = recall::order(&house.gateway, &order).await.unwrap_err();
        assert!(matches!(&refused, GatewayError::Input(text) if text.contains(why)), "{refused}");
        // An officer may have got the first key.
        assert!(entries(house).await <= before + 1);
        assert_eq!(recall::orders(&house.gateway, None).await.unwrap().len(), 0);
    }
    assert!(opened(&receiver.gateway, exchange).await.0 > 0, "nothing was erased");
}

/// The frame of a message as its gateway sends it.
pub(crate) async fn framed(house: &House, row: &RecallRow) -> Vec<u8> {
    let (entry, integrated) = house.gateway.store().recall_integrated(row.message).await.unwrap().unwrap();
    let receipt = comity_exchange::proofs::receipt(house.gateway.store(), entry, &integrated).await.unwrap();
    let attachments = serde_json::json!({ "receipt": receipt.to_string() });
    let signed = SignedHeader { header: row.header.clone(), signature: Signature(row.signature) };
    signed.frame(attachments.to_string().as_bytes(), &[])
}

/// A frame bent: what the hop and its order say, before both are signed again by `hop_by` and `order_by`.
fn bent(
    frame: &[u8],
    (hop_by, order_by): (&House, &House),
    bend: impl Fn(&mut HopHeader, &mut OrderHeader),
) -> Vec<u8> {
    let parsed = Frame::parse(frame).unwrap();
    let (mut hop, mut order) = TakenHop::stored(parsed.dangerous_unverified_header()).unwrap();
    bend(&mut hop, &mut order);
    let signed = order.sign(&order_by.gateway.signatory().key);
    hop.order = Base64(signed.header);
    hop.order_signature = Base64(signed.signature.0.to_vec());
    hop.sign(&hop_by.gateway.signatory().key).frame(parsed.attachments, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_foreign_order_is_refused_by_name_and_recorded() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let third = House::open("BE").await;
    third.adopt().await;
    third.officers().await;
    for house in [&sender, &receiver] {
        third.meet(house, house.address()).await;
        house.meet(&third, third.address()).await;
    }
    let exchange = sender.share_to(&receiver.party(), "trained", PHISHING, &[]).await.exchange_id.0;
    let at = receiver.unplug(&sender).await;
    let id = ordered(&sender, exchange, RecallAction::Erase).await;
    receiver.plug(&sender, at).await;
    let row = sender.gateway.store().recalls(Some(id)).await.unwrap().pop().unwrap();
    let frame = framed(&sender, &row).await;
    let mut flipped = frame.clone();
    flipped[60] ^= 1;
    let (by_sender, by_third) = (client(&sender, &receiver), client(&third, &receiver));
    let same = |_: &mut HopHeader, _: &mut OrderHeader| {};
    let cases: [(&str, &comity_gateway::net::client::PeerClient, Vec<u8>, u16, &str); 7] = [
        ("noise", &by_sender, b"hello".to_vec(), 400, "recall_unreadable"),
        ("a bit is flipped", &by_sender, flipped, 400, "recall_forged"),
        (
            "another party's order, passed off as its own",
            &by_sender,
            bent(&frame, (&sender, &third), same),
            400,
            "recall_forged",
        ),
        ("sent by another than who signed it", &by_third, frame.clone(), 400, "recall_forged"),
        (
            "about an exchange that it did not send",
            &by_third,
            bent(&frame, (&third, &sender), |hop, _| hop.sender = Text("BE".parse().unwrap())),
            403,
            "recall_foreign",
        ),
        (
            "about an exchange twice",
            &by_sender,
            bent(&frame, (&sender, &sender), |hop, _| hop.exchanges.extend(hop.exchanges.clone())),
            400,
            "recall_unreadable",
        ),
        (
            "with a receipt of another entry",
            &by_sender,
            bent(&frame, (&sender, &sender), |_, order| order.entry.0[10] ^= 1),
            400,
            "recall_unproven",
        ),
    ];
    for (what, client, bytes, status, kind) in cases {
        let before = told(&receiver, "peer.misbehaved").await.len();
        let refused = client.post(RECALLS, bytes, MOST).await.unwrap_err();
        assert!(
            matches!(&refused, ClientError::Refused { status: is, .. } if *is == status),
            "{what}: {refused:?}"
        );
        let recorded = told(&receiver, "peer.misbehaved").await;
        assert_eq!(recorded.len(), before + 1, "{what}");
        assert_eq!(recorded.last().unwrap()["kind"], kind, "{what}");
        assert!(opened(&receiver.gateway, exchange).await.0 > 0, "{what}: nothing is erased");
    }

    // The order itself is taken, the same answer is given again, and another text under its id is a conflict.
    let answer = by_sender.post(RECALLS, frame.clone(), MOST).await.unwrap();
    assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0));
    let entered = entries(&receiver).await;
    assert_eq!(by_sender.post(RECALLS, frame.clone(), MOST).await.unwrap(), answer, "byte for byte");
    assert_eq!(entries(&receiver).await, entered, "nothing happens twice");
    let another = bent(&frame, (&sender, &sender), |_, order| order.action = RecallAction::Lift);
    let refused = by_sender.post(RECALLS, another, MOST).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { status: 409, .. }), "{refused:?}");
    assert_eq!(told(&receiver, "peer.misbehaved").await.last().unwrap()["kind"], "recall_conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_waits_is_withdrawn_by_the_order_about_it() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let at = receiver.unplug(&sender).await;
    let report = sender.share(PHISHING).await;
    let exchange = report.exchange_id.0;
    assert_eq!(report.outcome, ExchangeOutcome::Queued);
    let id = ordered(&sender, exchange, RecallAction::Recall).await;
    let store = sender.gateway.store();
    assert_eq!(store.exchange(exchange).await.unwrap().unwrap().outcome, ExchangeOutcome::Refused);
    receiver.plug(&sender, at).await;
    let told = complete(&sender, id).await;
    assert_eq!(told["holders"][0]["results"][0]["result"], "not_found");
    assert_eq!(receiver.gateway.store().exchange(exchange).await.unwrap(), None, "it never arrived");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_claims_an_erasure_without_an_entry_has_not_answered() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let other = delivered(&sender).await.exchange_id.0;
    let (id, another) = (
        ordered(&sender, exchange, RecallAction::Erase).await,
        ordered(&sender, other, RecallAction::Erase).await,
    );
    let row = async |id| sender.gateway.store().recalls(Some(id)).await.unwrap().pop().unwrap();
    let (row, another) = (row(id).await, row(another).await);
    let honest = row.answer.clone().unwrap();
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    let read = |bytes: &[u8]| heard(&row, &peer, bytes, &|_| None);
    assert!(read(&honest).unwrap().is_complete());

    let frame = Frame::parse(&honest).unwrap();
    let header: RecallAnswerHeader = serde_json::from_slice(frame.dangerous_unverified_header()).unwrap();
    let signed = |bend: &dyn Fn(&mut RecallAnswerHeader)| {
        let mut bent = header.clone();
        bend(&mut bent);
        bent.sign(&receiver.gateway.signatory().key).frame(frame.attachments, &[])
    };
    assert!(read(&signed(&|_| {})).is_ok());
    let foreign = {
        let mut bent = header.clone();
        bent.at = Text("2026-11-01T00:00:00Z".parse().unwrap());
        bent.sign(&sender.gateway.signatory().key).frame(frame.attachments, &[])
    };
    let cases: [(&str, Vec<u8>, Misbehaviour); 6] = [
        ("no entry", signed(&|header| header.entry = Base64(Vec::new())), Misbehaviour::AnswerUnreadable),
        (
            "an entry of its own making",
            signed(&|header| header.entry.0[20] ^= 1),
            Misbehaviour::AnswerUnproven,
        ),
        (
            "another exchange",
            signed(&|header| header.results[0].exchange_id = Text(other)),
            Misbehaviour::AnswerUnreadable,
        ),
        ("nothing said of it", signed(&|header| header.results.clear()), Misbehaviour::AnswerUnreadable),
        ("the answer to another order", another.answer.unwrap(), Misbehaviour::AnswerUnreadable),
        ("signed by somebody else", foreign, Misbehaviour::AnswerSignature),
    ];
    for (what, bytes, kind) in cases {
        let error = read(&bytes).expect_err(what);
        assert_eq!(Misbehaviour::of_answer(&error), Some(kind), "{what}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_restored_does_again_what_it_lost() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let all = opened(&receiver.gateway, exchange).await;
    let place = tempfile::tempdir().unwrap();
    let kept = place.path().join("backup");
    let directory = receiver.gateway.directory().clone();
    backup::backup(&directory, &kept, receiver.gateway.now()).unwrap();
    let id = ordered(&sender, exchange, RecallAction::Recall).await;
    complete(&sender, id).await;
    let address = receiver.address();
    let room = receiver.close().await;

    // The disk is lost, and the backup is from before the order: the data is back, and nobody there knows of it.
    std::fs::remove_dir_all(directory.data()).unwrap();
    backup::restore(&kept, directory.data()).unwrap();
    succession::succeed(&directory, false).unwrap();
    let receiver = House::reopen(room, directory, address).await;
    assert_eq!(opened(&receiver.gateway, exchange).await, all);
    assert_eq!(recall::orders(&receiver.gateway, None).await.unwrap().len(), 0);

    // The origin follows the log that succeeds the one that was lost, and asks again.
    for _ in 0..200 {
        telling::once(&receiver.gateway).await;
        recall::once(&sender.gateway).await.unwrap();
        if opened(&receiver.gateway, exchange).await == (0, 0) {
            break;
        }
        // Its next try is due by the clock, not by this loop.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0));
    let told = complete(&sender, id).await;
    assert_eq!(told["holders"][0]["results"][0]["result"], "completed");
    let origin = told["holders"][0]["receipt"]["origin"].as_str().unwrap();
    assert!(origin.ends_with("/2"), "by a receipt of the log that goes on: {origin}");
}
