//! Removing a partner: what flows to it stops on every path, third parties included; what is owed goes on (docs/decisions/0019).

use crate::erasure::opened;
use crate::house::{House, PHISHING, at_once};
use crate::recall::{complete, order, ordered, told};
use crate::recall_chain::{held, line, own_bundle, result, share};
use crate::{MOST, OFFERS, client, entries};
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{Recalls as _, Record, Removals as _, Store as _, Way};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyVerifier, Signature};
use comity_exchange::subject::{Claim, Kind};
use comity_gateway::gateway::GatewayError;
use comity_gateway::net::client::ClientError;
use comity_gateway::work::collections::{self, Asked};
use comity_gateway::work::removal::{self, Removed};
use comity_gateway::work::subjects::{self, SeenByOfficer};
use comity_gateway::work::{audit, manage, matching, preview, recall, share as sharing};
use comity_minimise::Limits;
use comity_terms::Act;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const AGREEMENT: &str = "eu-nis2-2022-2555";
const REASON: &str = "instrument_suspended";

/// Gateways that all know each other.
async fn ring(codes: &[&str]) -> Vec<House> {
    let houses = line(codes).await;
    for one in &houses {
        for other in houses.iter().filter(|other| other.party() != one.party()) {
            one.meet(other, other.address()).await;
        }
    }
    houses
}

async fn removed(by: &House, house: &House) -> Removed {
    let reason = REASON.parse().unwrap();
    removal::remove(&by.gateway, "trained", &house.party(), &reason).await.unwrap()
}

/// Waits until every holder has answered every order of a gateway.
async fn all_answered(house: &House) {
    for known in recall::orders(&house.gateway, None).await.unwrap() {
        complete(house, known.order.order_id.0).await;
    }
}

fn order_to(house: &House, bundle: &[u8]) -> sharing::Order {
    sharing::Order {
        bundle: Arc::new(bundle.to_vec()),
        officer: "trained".to_owned(),
        under: AGREEMENT.parse().unwrap(),
        to: house.party(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: Vec::new(),
        attestations: Vec::new(),
        assume_in_force: false,
        added: None,
        once: None,
    }
}

/// That it was refused because the partner was removed, saying when.
fn is_removed<T: std::fmt::Debug>(done: Result<T, GatewayError>, way: &str) {
    match done {
        Err(error @ GatewayError::PeerRemoved(_)) => {
            let said = error.to_string();
            assert!(
                said.contains("FI was removed as a partner at 20") && said.contains(REASON),
                "{way}: {said}"
            );
        }
        other => panic!("{way}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_flows_to_a_removed_partner_on_any_path() {
    let houses = ring(&["EE", "FI"]).await;
    let [ours, gone] = houses.as_slice() else { unreachable!() };
    let delivered = share(ours, gone, PHISHING).await;
    let collection = collections::make(&ours.gateway, "trained", asked(gone)).await.unwrap();
    let at = gone.unplug(ours).await;
    let queued = ours.share_to(&gone.party(), "trained", &own_bundle(1), &[]).await;
    assert_eq!(queued.outcome, ExchangeOutcome::Queued);
    let child = [("vulnerable", "[\"child\"]")];
    let ransomware = include_bytes!("../../../../examples/bundles/ransomware-c2.json");
    let escalated = ours.share_to(&gone.party(), "trained", ransomware, &child).await;
    assert_eq!(escalated.outcome, ExchangeOutcome::Escalated);

    let untrained =
        removal::remove(&ours.gateway, "untrained", &gone.party(), &REASON.parse().unwrap()).await;
    assert!(matches!(untrained, Err(GatewayError::Input(_))), "{untrained:?}");
    let before = entries(ours).await;
    let done = removed(ours, gone).await;
    assert_eq!((done.offers, done.questions, done.orders), (1, 1, 0), "{done:?}");
    assert!(entries(ours).await > before);
    let twice = removal::remove(&ours.gateway, "trained", &gone.party(), &REASON.parse().unwrap()).await;
    assert!(matches!(twice, Err(GatewayError::Input(_))), "{twice:?}");

    // The act is an officer's, signed.
    let act = told(ours, "peer.removed").await.pop().unwrap();
    let text = format!("remove\nFI\n{REASON}\n{}\n", act["at"].as_str().unwrap());
    let key = PartyVerifier::parse(act["ordered"]["key"].as_str().unwrap()).unwrap();
    let signature = Signature::parse(act["ordered"]["signature"].as_str().unwrap()).unwrap();
    key.verify(Domain::Order, text.as_bytes(), &signature).unwrap();

    // What waited ended, and says why; nothing of it is tried again.
    for exchange in [queued.exchange_id.0, escalated.exchange_id.0] {
        let row = ours.gateway.store().exchange(exchange).await.unwrap().unwrap();
        assert_eq!(row.outcome, ExchangeOutcome::Refused);
    }
    for (act, exchange) in
        [("exchange.abandoned", queued.exchange_id.0), ("escalation.ended", escalated.exchange_id.0)]
    {
        let ended = told(ours, act).await.pop().unwrap();
        assert_eq!((&ended["ended"], &ended["reason"]), (&json!("removed"), &json!(REASON)), "{act}");
        assert_eq!(ended["exchange"], exchange.to_string());
    }
    // It is reached again, as if it had only been away.
    let mut peer = ours.gateway.known_peer(&gone.party()).unwrap();
    peer.url = format!("https://{at}");
    let change = Record { peer: Some(peer), ..Record::default() };
    manage::record(&ours.gateway, Act::PeerAdded, json!({}), change).await.unwrap();
    let there = entries(gone).await;
    at_once(ours).await;

    // No way that ends there.
    is_removed(sharing::share(&ours.gateway, order_to(gone, PHISHING)).await, "share");
    is_removed(preview::preview(&ours.gateway, &order_to(gone, PHISHING)).await, "preview");
    let bundle = own_bundle(2);
    is_removed(
        collections::write(&ours.gateway, &collection, "trained", bundle).await,
        "a collection is written to",
    );
    is_removed(collections::make(&ours.gateway, "trained", asked(gone)).await, "a collection is made");
    let question = matching::Order {
        values: matching::read_values(b"198.51.100.7\n", &Limits::default()).unwrap(),
        officer: "trained".to_owned(),
        under: AGREEMENT.parse().unwrap(),
        with: gone.party(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: Vec::new(),
    };
    is_removed(matching::order(&ours.gateway, question).await, "a blinded question");
    let claim = json!({ "identifiers": [{ "kind": "email", "value": "billing@invoice.example.com" }] });
    let claim = Claim::read(claim.to_string().as_bytes()).unwrap();
    let filed = subjects::file(&ours.gateway, Kind::Access, &claim).await.unwrap();
    let seen = SeenByOfficer(true);
    let closed = subjects::decide(&ours.gateway, filed.number, "trained", &seen, &[]).await.unwrap();
    let referred = closed.decided.record["referred"].as_array().cloned().unwrap_or_default();
    assert!(referred.iter().all(|one| one["sent"] != true), "a person's request: {referred:?}");
    assert_eq!(entries(gone).await, there, "nothing of all this reached it");

    // Nor does it get anything where it asks itself: it is told that it was removed, and when.
    let theirs = client(gone, ours);
    for path in [OFFERS, "/federation/v1/matches", "/federation/v1/uses", "/federation/v1/referrals"] {
        match theirs.post(path, b"{}".to_vec(), MOST).await {
            Err(ClientError::Refused { status: 403, title }) => {
                assert_eq!(title, "removed as a partner of this gateway", "{path}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    let offered = gone.share_to(&ours.party(), "trained", &own_bundle(3), &[]).await;
    assert_eq!(offered.outcome, ExchangeOutcome::Queued, "not taken");
    assert_eq!(ours.gateway.store().exchange(offered.exchange_id.0).await.unwrap(), None);

    // What it has is still ours to call back, and its receipt comes in.
    let id = ordered(ours, delivered, RecallAction::Recall).await;
    let called = complete(ours, id).await;
    assert_eq!(result(&called, "FI")["result"], "completed");
    assert_eq!(opened(&gone.gateway, delivered).await, (0, 0));

    // Adding it as if it had never been is refused; an officer signs that it is one again.
    let identity = gone.gateway.identity().unwrap();
    let url = format!("https://{}", gone.address());
    is_removed(manage::add_peer(&ours.gateway, &gone.party(), &url, identity.clone()).await, "peer add");
    removal::readmit(&ours.gateway, "trained", &gone.party(), &url, identity).await.unwrap();
    let again = told(ours, "peer.added").await.pop().unwrap();
    assert!(again["again"]["ordered"]["signature"].is_string(), "{again}");
    share(ours, gone, &own_bundle(4)).await;
    let replayed = audit::replay(&ours.gateway, false, |_| {}).await.unwrap();
    assert_eq!(replayed.different.len(), 0, "{:?}", replayed.different);
}

fn asked(with: &House) -> Asked {
    Asked {
        title: "Standing".to_owned(),
        description: None,
        agreement: AGREEMENT.parse().unwrap(),
        partner: with.party(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: Vec::new(),
        can_read: true,
        can_write: true,
        until: None,
        reviewer: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_partner_orders_of_what_it_gave_is_done_as_before() {
    let houses = ring(&["EE", "FI"]).await;
    let [ours, gone] = houses.as_slice() else { unreachable!() };
    let given = share(gone, ours, PHISHING).await;
    assert!(opened(&ours.gateway, given).await.0 > 0);
    removed(ours, gone).await;
    let id = ordered(gone, given, RecallAction::Erase).await;
    assert_eq!(result(&complete(gone, id).await, "EE")["result"], "completed");
    assert_eq!(opened(&ours.gateway, given).await, (0, 0));
    // Its keys are followed too: what it signs tomorrow is still to be verified.
    let identity = manage::identity_file(&gone.gateway).unwrap();
    let told = client(gone, ours).post("/federation/v1/identity", identity.into_bytes(), MOST).await;
    assert!(told.is_ok(), "{told:?}");
}

/// That a holder's share of what is not its own is refused by the laws, and of what is its own goes.
async fn passes_on(from: &House, to: &House, bundle: &[u8]) -> bool {
    let report = from.share_to(&to.party(), "trained", bundle, &[]).await;
    match report.outcome {
        ExchangeOutcome::Delivered => true,
        ExchangeOutcome::Refused => {
            let reasons: Vec<&String> =
                report.decisions.iter().flat_map(|decision| &decision.reasons).collect();
            assert!(reasons.iter().all(|reason| *reason == "restricted_by_order"), "{reasons:?}");
            assert!(report.decisions.iter().any(|decision| !decision.citations.is_empty()));
            false
        }
        other => panic!("{other:?}: {:?}", report.decisions),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_have_data_from_here_pass_it_on_to_a_removed_partner_no_more() {
    let houses = ring(&["EE", "FI", "BE", "NL"]).await;
    let [ours, gone, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(ours, second, PHISHING).await;
    let bundle = held(second, given).await;
    let passed = share(second, third, &bundle).await;
    let before = (opened(&second.gateway, given).await, opened(&third.gateway, passed).await);

    let done = removed(ours, gone).await;
    assert_eq!(done.orders, 1, "one order for whoever has it from here");
    all_answered(ours).await;
    for (house, exchange) in [(second, given), (third, passed)] {
        let bars = house.gateway.store().barred(vec![exchange]).await.unwrap();
        assert_eq!(bars.len(), 1);
        assert_eq!((bars[0].party.as_str(), bars[0].origin.as_str()), ("FI", "EE"));
    }
    let kept = (opened(&second.gateway, given).await, opened(&third.gateway, passed).await);
    assert_eq!(kept, before, "they keep it and use it");
    let far = held(third, passed).await;
    let there = entries(gone).await;
    assert!(!passes_on(second, gone, &bundle).await, "the second, to whom it was given");
    assert!(!passes_on(third, gone, &far).await, "the third, to whom it was passed on");
    assert_eq!(entries(gone).await, there, "it heard of none of it");
    // They are partners of it themselves, in what is their own; and of each other, in what is from here.
    assert!(passes_on(second, gone, &own_bundle(5)).await);
    assert!(passes_on(third, second, &far).await);

    // What goes out later says so itself, down the line.
    let later = share(ours, second, &own_bundle(6)).await;
    let onward = share(second, third, &held(second, later).await).await;
    let far_later = held(third, onward).await;
    assert!(!passes_on(second, gone, &held(second, later).await).await);
    assert!(!passes_on(third, gone, &far_later).await);
    let orders = recall::orders(&ours.gateway, None).await.unwrap();
    assert_eq!(orders.len(), 1, "without another order");

    // A partner again: whoever was told is told that too, and only the origin's word is taken back.
    let identity = gone.gateway.identity().unwrap();
    let url = format!("https://{}", gone.address());
    removal::readmit(&ours.gateway, "trained", &gone.party(), &url, identity).await.unwrap();
    all_answered(ours).await;
    for (from, bundle) in [(second, &bundle), (third, &far), (third, &far_later)] {
        assert!(passes_on(from, gone, bundle).await);
    }
    for house in [ours, second, third] {
        let replayed = audit::replay(&house.gateway, false, |_| {}).await.unwrap();
        assert_eq!(replayed.different.len(), 0, "{:?}", replayed.different);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_a_holder_for_a_removed_partner_does_not_go() {
    let houses = ring(&["EE", "FI", "BE"]).await;
    let [ours, gone, second] = houses.as_slice() else { unreachable!() };
    let given = share(ours, second, PHISHING).await;
    // Its law is known there, and it is not reached.
    share(second, gone, &own_bundle(7)).await;
    let at = gone.unplug(second).await;
    let waits = second.share_to(&gone.party(), "trained", &held(second, given).await, &[]).await;
    assert_eq!(waits.outcome, ExchangeOutcome::Queued);
    removed(ours, gone).await;
    all_answered(ours).await;
    gone.plug(second, at).await;
    at_once(second).await;
    let row = second.gateway.store().exchange(waits.exchange_id.0).await.unwrap().unwrap();
    assert_eq!(row.outcome, ExchangeOutcome::Refused);
    assert_eq!(gone.gateway.store().exchange(waits.exchange_id.0).await.unwrap(), None);
    let hops = second.gateway.store().recalls(None).await.unwrap();
    assert!(hops.iter().all(|row| row.way == Way::Taken), "it is not told of what it does not get: {hops:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_does_not_order_a_bar_by_itself_and_a_forged_one_counts_for_nothing() {
    let houses = ring(&["EE", "FI", "BE"]).await;
    let [ours, gone, second] = houses.as_slice() else { unreachable!() };
    assert!("bar".parse::<RecallAction>().is_err());
    let given = share(ours, second, PHISHING).await;
    // A bar that names nobody, by the road of other orders.
    let told = recall::order(&ours.gateway, &order(given, RecallAction::Bar)).await;
    assert!(matches!(told, Err(GatewayError::Input(_))), "{told:?}");
    // One about what whoever sends it did not give.
    removed(ours, gone).await;
    all_answered(ours).await;
    let row = ours.gateway.store().recalls(None).await.unwrap().pop().unwrap();
    let seen: Json = serde_json::from_slice(&row.header).unwrap();
    assert_eq!(seen["exchanges"][0]["exchange_id"], given.to_string());
    let peer = gone.gateway.peer(&second.party()).unwrap();
    assert_eq!(peer.party, second.party());
    let forged = client(gone, second).post("/federation/v1/recalls", row.header.clone(), MOST).await;
    assert!(matches!(forged, Err(ClientError::Refused { status: 400, .. })), "{forged:?}");
}
