//! Two gateways in one process over real TLS on loopback: what a partner, an overseer or an attacker would try.

mod approve;
mod bad_input;
mod bad_law;
mod chain;
mod compromise;
mod crossing;
mod disorder;
mod dry;
mod erasure;
mod false_answers;
mod holds;
mod house;
mod kept;
mod matching;
mod misbehaving;
mod mismatch;
mod outbox;
mod overdue;
mod partner;
mod questions;
mod recall;
mod recall_chain;
mod referral;
mod removal;
mod replay;
mod succession;
mod uses;
mod views;
mod warned;
mod watching;

use comity_exchange::disclose::{Clearance, Delivery, Grade, Recorded};
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::offer::OfferHeader;
use comity_exchange::ports::{OutboxItem, Peer, PeerError, Peers, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::Domain;
use comity_exchange::wire::Text;
use comity_gateway::net::client::{ClientError, PeerClient};
use comity_tlog::SignedCheckpoint;
use house::{House, PHISHING, at_once, pair};
use std::sync::Mutex;
use std::time::Duration;

const OFFERS: &str = "/federation/v1/offers";
const MOST: usize = 32 << 20;

/// How many entries a gateway's log has.
async fn entries(house: &House) -> u64 {
    let checkpoint = house.gateway.store().checkpoint().await.unwrap();
    SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap().checkpoint().size().0
}

/// Everything under a directory, file by file.
fn files(root: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                found.push((path, bytes));
            }
        }
    }
    found
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_crosses_and_leaves_no_value_of_it_in_the_clear() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    let objects = report.objects;
    assert_eq!(objects.input, objects.kept + objects.changed + objects.withheld);
    assert!(report.safeguards.erase_by.is_some(), "no data crosses without an end");
    assert_eq!(report.receipts.sender.unwrap().grade, "witnessed", "the partner cosigned");

    // The receiver holds every object that went, sealed, each with its own clock.
    let mut rows = 0;
    for id in receiver.gateway.store().segments(report.exchange_id.0).await.unwrap() {
        let segment = receiver.gateway.store().segment(id).await.unwrap().unwrap();
        rows += usize::from(segment.class.is_some()) * segment.rows.len();
    }
    assert_eq!(rows as u64, objects.kept + objects.changed);

    // Neither a value of the input nor an id of it lies in the clear, in any file of either gateway.
    let input: serde_json::Value = serde_json::from_slice(PHISHING).unwrap();
    let mut values = Vec::new();
    strings(&input, &mut values);
    for house in [&sender, &receiver] {
        house.gateway.finish().await;
        for (path, bytes) in files(house.gateway.directory().data()) {
            if path.components().any(|part| part.as_os_str() == "law") {
                continue;
            }
            for value in values.iter().filter(|value| value.len() >= 12) {
                assert!(!holds(&bytes, value), "{} holds a value of the bundle", path.display());
            }
        }
    }
}

/// Every text in a tree of JSON that is not a word of STIX itself.
fn strings(json: &serde_json::Value, out: &mut Vec<String>) {
    match json {
        serde_json::Value::String(text) if text.contains(['@', ' ', '.']) || text.contains("--") => {
            out.push(text.clone());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_binds_only_when_both_have_signed_the_same_digest() {
    let (sender, receiver) = pair(&["EE", "FI"], false).await;
    let before = entries(&receiver).await;
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Refused);
    assert!(report.decisions.iter().all(|d| d.reasons.contains(&"agreement_not_binding".to_owned())));
    assert!(
        report.decisions.iter().any(|d| !d.citations.is_empty()),
        "what the laws say is shown all the same"
    );
    assert_eq!(entries(&receiver).await, before, "nothing reached the receiver");

    receiver.adopt().await;
    assert_eq!(sender.share(PHISHING).await.outcome, ExchangeOutcome::Delivered, "decided on its merits");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_whose_training_has_ended_shares_nothing() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let before = entries(&receiver).await;
    let report = sender.share_as("untrained", PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Refused);
    assert!(report.decisions.iter().all(|d| d.reasons.contains(&"training_not_valid".to_owned())));
    assert_eq!(entries(&receiver).await, before);
}

/// A road that keeps what would have been sent, and answers nothing.
#[derive(Default)]
struct Tap(Mutex<Vec<Vec<u8>>>);

impl Peers for Tap {
    async fn offer(&self, _: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        self.0.lock().unwrap().push(frame);
        Err(PeerError::Unreachable("tapped".to_owned()))
    }

    async fn identity(&self, _: &Peer) -> Result<Vec<u8>, PeerError> {
        Err(PeerError::Unreachable("tapped".to_owned()))
    }
}

/// A recorded offer that was never delivered; the partner is there again.
async fn waiting(sender: &House, receiver: &House) -> OutboxItem {
    let at = receiver.unplug(sender).await;
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Queued, "the partner is not reached");
    let store = sender.gateway.store();
    let later = sender.gateway.now().checked_add(Duration::from_secs(3_600)).unwrap();
    // The outbox may hold it for a try of its own just now; afterwards nobody else takes it for an hour.
    let item = loop {
        if let Some(item) = store.claim_offer(report.exchange_id.0, later, later).await.unwrap() {
            break item;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    store.postpone(item.exchange, later).await.unwrap();
    receiver.plug(sender, at).await;
    item
}

/// A recorded offer as it would travel.
async fn framed(sender: &House, receiver: &House, recorded: Recorded) -> Vec<u8> {
    let lent = sender.gateway.laws(recorded.agreement(), &receiver.party()).unwrap();
    let (now, until) = (sender.gateway.now(), sender.gateway.holds_until(recorded.decided_at()));
    let Clearance::Cleared(cleared) = recorded.clear(Grade::Integrated, &lent.laws, now, until) else {
        panic!("integrated is enough")
    };
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    let tap = Tap::default();
    let Delivery::Failed(..) = cleared.deliver(&tap, &peer, sender.gateway.store()).await else {
        panic!("a tap does not answer")
    };
    tap.0.lock().unwrap().pop().unwrap()
}

/// The way to the receiver as its sender has it.
fn client(sender: &House, receiver: &House) -> PeerClient {
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    let pin = peer.identity.certificate.0;
    PeerClient::new(&peer.url, &[pin], sender.gateway.certificate(), Duration::from_secs(30)).unwrap()
}

/// A recorded offer that was never delivered, as it would travel; and a way to the receiver as its sender.
async fn tapped(sender: &House, receiver: &House) -> (Vec<u8>, PeerClient) {
    let item = waiting(sender, receiver).await;
    let (store, signatory) = (sender.gateway.store(), sender.gateway.signatory());
    let recorded = Recorded::reverify(item, store, signatory).await.unwrap();
    (framed(sender, receiver, recorded).await, client(sender, receiver))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_offer_gets_the_same_answer_and_another_one_a_conflict() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (frame, client) = tapped(&sender, &receiver).await;
    let first = client.post(OFFERS, frame.clone(), MOST).await.unwrap();
    let size = entries(&receiver).await;
    let again = client.post(OFFERS, frame.clone(), MOST).await.unwrap();
    assert_eq!(first, again, "byte for byte");
    assert_eq!(entries(&receiver).await, size, "a replay is no act");

    // The sender's own key signs another offer under the answered exchange.
    let parsed = Frame::parse(&frame).unwrap();
    let mut header: OfferHeader = serde_json::from_slice(parsed.dangerous_unverified_header()).unwrap();
    header.horizon = Text(header.horizon.0.checked_add(Duration::from_secs(1)).unwrap());
    let other = SignedHeader::sign(
        serde_json::to_vec(&header).unwrap(),
        Domain::Offer,
        &sender.gateway.signatory().key,
    );
    let conflicting = other.frame(parsed.attachments, parsed.bodies);
    let answered = client.post(OFFERS, conflicting, MOST).await;
    assert!(matches!(answered, Err(ClientError::Refused { status: 409, .. })), "{answered:?}");
    assert_eq!(entries(&receiver).await, size + 1, "the conflict is recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_altered_offers_are_refused_and_recorded() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (frame, client) = tapped(&sender, &receiver).await;
    let parsed = Frame::parse(&frame).unwrap();
    let header = parsed.dangerous_unverified_header().to_vec();
    let stranger = comity_exchange::signature::PartyKey::from_seed(&[9; 32]);
    let forged = SignedHeader::sign(header.clone(), Domain::Offer, &stranger);
    let mut bent = parsed.bodies.to_vec();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    let signed = SignedHeader::sign(header, Domain::Offer, &sender.gateway.signatory().key);
    let cases = [
        ("signed by a stranger", forged.frame(parsed.attachments, parsed.bodies)),
        ("a body altered", signed.frame(parsed.attachments, &bent)),
        ("a body cut off", frame[..frame.len() - 10].to_vec()),
        ("without its receipt", signed.frame(b"{\"receipt\":\"\",\"witness\":null}", parsed.bodies)),
        ("no frame at all", b"hello".to_vec()),
    ];
    for (what, bytes) in cases {
        let before = entries(&receiver).await;
        let answered = client.post(OFFERS, bytes, MOST).await;
        assert!(matches!(answered, Err(ClientError::Refused { status: 400, .. })), "{what}: {answered:?}");
        assert_eq!(entries(&receiver).await, before + 1, "{what}: recorded");
    }
    // And the true one is still taken.
    client.post(OFFERS, frame, MOST).await.unwrap();
}

/// The offer with its header bent, signed again by the sender itself: a partner that does not say what is so.
fn bent(sender: &House, frame: &[u8], bodies: &[u8], bend: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let parsed = Frame::parse(frame).unwrap();
    let mut header = serde_json::from_slice(parsed.dangerous_unverified_header()).unwrap();
    bend(&mut header);
    // Through the header's own struct, for its fields have an order.
    let header: OfferHeader = serde_json::from_value(header).unwrap();
    let key = &sender.gateway.signatory().key;
    SignedHeader::sign(serde_json::to_vec(&header).unwrap(), Domain::Offer, key)
        .frame(parsed.attachments, bodies)
}

/// What the receiver answered.
fn result(answer: &[u8]) -> String {
    let header = Frame::parse(answer).unwrap().dangerous_unverified_header().to_vec();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["result"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_never_opened_the_body() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (frame, client) = tapped(&sender, &receiver).await;
    // Bodies that open to nothing: had one been opened, the answer would be a mismatch.
    let noise = vec![0x5a; Frame::parse(&frame).unwrap().bodies.len()];
    let offer = bent(&sender, &frame, &noise, |header| {
        let mut at = 0;
        for class in header["classes"].as_array_mut().unwrap() {
            let length = usize::try_from(class["length"].as_u64().unwrap()).unwrap();
            class["sealed"] = comity_terms::Digest::of(&noise[at..at + length]).to_string().into();
            at += length;
        }
        for fact in header["facts"].as_array_mut().unwrap() {
            if fact["key"] == "training_valid" {
                fact["value"] = false.into();
            }
        }
    });
    let before = entries(&receiver).await;
    let answer = client.post(OFFERS, offer, MOST).await.unwrap();
    assert_eq!(result(&answer), "refused_unopened");
    assert_eq!(entries(&receiver).await, before + 1, "the refusal is recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_delivered_once_the_partner_is_back() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let at = receiver.unplug(&sender).await;
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Queued);
    receiver.plug(&sender, at).await;
    let store = sender.gateway.store();
    for _ in 0..300 {
        at_once(&sender).await;
        let row = store.exchange(report.exchange_id.0).await.unwrap().unwrap();
        if row.outcome == ExchangeOutcome::Delivered {
            assert!(store.partner_receipt(row.id).await.unwrap().is_some());
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the offer was not delivered within 30 seconds of the partner's return");
}
