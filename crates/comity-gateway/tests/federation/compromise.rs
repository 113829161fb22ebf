//! Keys in other hands: what whoever has them can still do, and how partners come back.

use crate::house::{House, PHISHING, at_once, pair};
use comity_exchange::ports::{PeerError, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::federation::Road;
use comity_gateway::jobs::telling;
use comity_gateway::net::tls::Certificate;
use comity_gateway::work::manage;
use comity_gateway::work::rotate::{self, Key};
use std::time::Duration;

/// Longer than an answer on loopback takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_other_hands_lets_nobody_in_once_the_new_identity_is_added() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (chain, secret) = receiver.gateway.certificate().to_pem();
    let thief = Road::new(Certificate::from_pem(&chain, &secret).unwrap(), PATIENCE);
    let to_sender = receiver.gateway.peer(&sender.party()).unwrap();
    let (address, directory) = (receiver.address(), receiver.gateway.directory().clone());
    let room = receiver.close().await;
    let rotated = rotate::rotate(directory.clone(), Key::Certificate, true, false).await.unwrap();
    assert!(!rotated.announced, "it is used at once");
    let receiver = House::reopen(room, directory, address).await;
    let report = sender.share(PHISHING).await;
    assert_eq!(
        report.outcome,
        ExchangeOutcome::Queued,
        "the new certificate is nobody's that the sender knows"
    );
    telling::once(&receiver.gateway).await;
    assert_eq!(manage::unheard(&receiver.gateway).unwrap(), [sender.party()], "nor is it let in to tell");
    let let_in = thief.seen(&to_sender).await;
    assert!(matches!(let_in, Err(PeerError::Refused { .. })), "it is answered: the operator must hurry");

    let known = sender.gateway.peer(&receiver.party()).unwrap();
    let identity = receiver.gateway.identity().unwrap();
    manage::add_peer(&sender.gateway, &receiver.party(), &known.url, identity).await.unwrap();
    let again = Road::new(Certificate::from_pem(&chain, &secret).unwrap(), PATIENCE);
    let kept_out = again.seen(&to_sender).await;
    assert!(matches!(kept_out, Err(PeerError::Unreachable(_))), "{kept_out:?}");
    let store = sender.gateway.store();
    store.postpone(report.exchange_id.0, sender.gateway.now()).await.unwrap();
    at_once(&sender).await;
    let row = store.exchange(report.exchange_id.0).await.unwrap().unwrap();
    assert_eq!(row.outcome, ExchangeOutcome::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_to_transport_keys_in_other_hands_opens_nowhere_and_is_sealed_anew() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    assert_eq!(sender.share(PHISHING).await.outcome, ExchangeOutcome::Delivered);
    let to = receiver.unplug(&sender).await;
    let late = sender.share(PHISHING).await;
    assert_eq!(late.outcome, ExchangeOutcome::Queued);
    let keys = receiver.gateway.transport_keys();
    let stolen = keys.of_day(receiver.gateway.now()).unwrap().id;
    keys.turn(receiver.gateway.now(), true).unwrap();
    assert!(keys.secret(stolen).unwrap().is_none());
    receiver.plug(&sender, to).await;

    // What waited cannot be sealed anew, for its cleartext is gone: it ends, and the officer sees it.
    let store = sender.gateway.store();
    store.postpone(late.exchange_id.0, sender.gateway.now()).await.unwrap();
    at_once(&sender).await;
    let row = store.exchange(late.exchange_id.0).await.unwrap().unwrap();
    assert_eq!(row.outcome, ExchangeOutcome::Refused);
    let received = receiver.gateway.store().exchange(late.exchange_id.0).await.unwrap();
    assert!(received.is_none(), "nothing of it is kept");

    // Who shares now is told at once, and seals to the new key by itself.
    keys.turn(receiver.gateway.now(), true).unwrap();
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
}
