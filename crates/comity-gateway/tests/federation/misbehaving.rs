//! A partner that answers wrongly, or whose log forks: it is recorded here, and the offer goes on by the rules of
//! trying again.

use crate::house::{House, PHISHING, at_once, pair};
use crate::partner::{Manner, false_partner};
use crate::{MOST, OFFERS, client, entries, tapped};
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::ports::{Peer, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::Signature;
use comity_gateway::dirs::SeedOf;
use comity_gateway::net::client::ClientError;
use comity_gateway::work::manage;
use comity_tlog::{AddCheckpoint, Checkpoint, Hash, LeafIndex, SignedCheckpoint, SigningKey};
use serde_json::Value as Json;

/// What a gateway's entries from `from` on tell of partners that misbehaved.
async fn told(house: &House, from: u64) -> Vec<Json> {
    let store = house.gateway.store();
    let mut told = Vec::new();
    for logged in store.logged(LeafIndex(from), 1_000).await.unwrap() {
        let opening = logged.opening.unwrap();
        let opened = house
            .gateway
            .with_keys(|keys| house.gateway.signatory().open_opening(&opening, keys))
            .unwrap()
            .unwrap();
        let content: Json = serde_json::from_slice(opened.content()).unwrap();
        if content["act"] == "peer.misbehaved" {
            told.push(content["facts"].clone());
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_recorded_and_the_offer_goes_on_waiting() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (manner, at, _stopper) = false_partner(&receiver).await;
    let known = sender.gateway.peer(&receiver.party()).unwrap();
    *manner.lock().unwrap() = Manner::Says(b"hello".to_vec());
    let false_url = format!("https://{at}");
    manage::add_peer(&sender.gateway, &known.party, &false_url, known.identity.clone()).await.unwrap();

    let before = entries(&sender).await;
    let report = sender.share(PHISHING).await;
    let (id, outcome) = (report.exchange_id.0, report.outcome);
    assert_eq!(outcome, ExchangeOutcome::Queued);
    assert_eq!(report.waiting.as_deref(), Some("not a comity/1 frame"));
    let recorded = told(&sender, before).await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(
        recorded[0],
        serde_json::json!({ "peer": "FI", "kind": "answer_unreadable", "exchange": id.to_string() })
    );

    // It goes by the same offer once the partner is itself again.
    let Peer { party, url, identity } = known;
    manage::add_peer(&sender.gateway, &party, &url, identity).await.unwrap();
    let store = sender.gateway.store();
    while store.exchange(id).await.unwrap().unwrap().outcome == ExchangeOutcome::Queued {
        store.postpone(id, sender.gateway.now()).await.unwrap();
        at_once(&sender).await;
    }
    assert_eq!(store.exchange(id).await.unwrap().unwrap().outcome, ExchangeOutcome::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forks_is_not_cosigned_and_that_is_recorded() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    assert_eq!(sender.share(PHISHING).await.outcome, ExchangeOutcome::Delivered);
    let log = sender.gateway.signatory().log.clone();
    let (size, root) = receiver.gateway.store().witnessed(log.name()).await.unwrap().unwrap();
    let proof = sender.gateway.store().consistency(size, size).await.unwrap();
    let seed = sender.gateway.directory().seed(SeedOf::Log, 1).unwrap();
    let key = SigningKey::from_seed(log.name(), &seed).unwrap();
    let checkpoint = |root| {
        let checkpoint = Checkpoint::new(log.name(), size, root).unwrap();
        SignedCheckpoint::sign(checkpoint, &key).unwrap()
    };
    let asked =
        |root| AddCheckpoint { old: size, proof: proof.clone(), checkpoint: checkpoint(root) }.to_string();
    let road = client(&sender, &receiver);
    let add = "/federation/v1/witness/add-checkpoint";

    let before = entries(&receiver).await;
    road.post(add, asked(root).into_bytes(), MOST).await.unwrap();
    assert_eq!(told(&receiver, before).await, [] as [Json; 0], "the log as it is");
    let refused = road.post(add, asked(Hash([9; 32])).into_bytes(), MOST).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { status: 409, .. }), "{refused}");
    let forked = serde_json::json!({ "peer": "EE", "kind": "log_forked" });
    assert_eq!(told(&receiver, before).await, [forked]);

    // With an offer: its data goes as the laws say, its log is not cosigned.
    let (frame, road) = tapped(&sender, &receiver).await;
    let parsed = Frame::parse(&frame).unwrap();
    let mut attachments: Json = serde_json::from_slice(parsed.attachments).unwrap();
    attachments["witness"] = asked(Hash([9; 32])).into();
    let header = parsed.dangerous_unverified_header();
    // The signature follows the header: 9 bytes of magic, 4 of its length.
    let signature = frame[13 + header.len()..][..64].try_into().unwrap();
    let signed = SignedHeader { header: header.to_vec(), signature: Signature(signature) };
    let frame = signed.frame(&serde_json::to_vec(&attachments).unwrap(), parsed.bodies);
    let before = entries(&receiver).await;
    let answer = road.post(OFFERS, frame, MOST).await.unwrap();
    let attached: Json = serde_json::from_slice(Frame::parse(&answer).unwrap().attachments).unwrap();
    assert_eq!(attached["cosignature"], Json::Null);
    let recorded = told(&receiver, before).await;
    assert_eq!((recorded.len(), &recorded[0]["kind"]), (1, &"log_forked".into()));
}
