//! A partner that does not behave: silent, cut off, or answering what is not an answer. The offer stays, and goes
//! when the partner is itself again.

use crate::house::{House, PHISHING, at_once, pair};
use crate::{MOST, OFFERS, entries, tapped};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use comity_exchange::disclose::{Clearance, Delivery, Grade, Recorded};
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::misbehaviour::Misbehaviour::{self, AnswerSignature, AnswerUnproven, AnswerUnreadable};
use comity_exchange::ports::{Peer, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::Domain;
use comity_gateway::federation::Road;
use comity_gateway::net::listener::{Door, Limits, serve};
use comity_gateway::watch::{Stopper, stopping};
use comity_terms::Timestamp;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the false partner answers.
#[derive(Clone)]
pub(crate) enum Manner {
    Silent,
    Says(Vec<u8>),
    /// More is announced than comes.
    Cut(Vec<u8>),
}

async fn misbehave(State(manner): State<Arc<Mutex<Manner>>>) -> Response {
    let manner = manner.lock().unwrap().clone();
    match manner {
        Manner::Silent => std::future::pending().await,
        Manner::Says(bytes) => Response::new(Body::from(bytes)),
        Manner::Cut(bytes) => {
            let length = bytes.len() + 100;
            Response::builder().header("content-length", length).body(Body::from(bytes)).unwrap()
        }
    }
}

/// A gateway with the receiver's certificate that does not keep to the rules: how it answers, where, and what ends it.
pub(crate) async fn false_partner(receiver: &House) -> (Arc<Mutex<Manner>>, SocketAddr, Stopper) {
    let manner = Arc::new(Mutex::new(Manner::Silent));
    let router = Router::new().fallback(post(misbehave)).with_state(Arc::clone(&manner));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let pins = receiver.gateway.pins().clone();
    let door = Door::Federation { tls: receiver.gateway.certificate().server(pins.clone()).unwrap(), pins };
    let (stopper, stop) = stopping();
    tokio::spawn(serve(listener, door, router, Limits::default(), stop));
    (manner, at, stopper)
}

/// The honest answer with its header, signer and attachments bent.
pub(crate) fn bent(
    receiver: &House,
    answer: &[u8],
    bend: impl Fn(&mut serde_json::Value, &mut serde_json::Value),
) -> Vec<u8> {
    let parsed = Frame::parse(answer).unwrap();
    let mut header = serde_json::from_slice(parsed.dangerous_unverified_header()).unwrap();
    let mut attachments = serde_json::from_slice(parsed.attachments).unwrap();
    bend(&mut header, &mut attachments);
    let header: comity_exchange::federation::answer::AnswerHeader = serde_json::from_value(header).unwrap();
    let key = &receiver.gateway.signatory().key;
    SignedHeader::sign(serde_json::to_vec(&header).unwrap(), Domain::Acknowledgement, key)
        .frame(&serde_json::to_vec(&attachments).unwrap(), &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_answer_leaves_the_offer_where_it_is() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (frame, client) = tapped(&sender, &receiver).await;
    let honest = client.post(OFFERS, frame.clone(), MOST).await.unwrap();
    let kept = entries(&receiver).await;

    let (manner, at, _stopper) = false_partner(&receiver).await;

    let mut forged = honest.clone();
    forged[40] ^= 1;
    let own_receipt: serde_json::Value =
        serde_json::from_slice(Frame::parse(&frame).unwrap().attachments).unwrap();
    let wrong = [
        ("silence", Manner::Silent, None),
        ("nothing", Manner::Says(Vec::new()), Some(AnswerUnreadable)),
        ("noise", Manner::Says(b"hello".to_vec()), Some(AnswerUnreadable)),
        ("a frame cut short", Manner::Says(honest[..honest.len() / 2].to_vec()), Some(AnswerUnreadable)),
        ("a body cut on its way", Manner::Cut(honest.clone()), None),
        ("another signature", Manner::Says(forged), Some(AnswerSignature)),
        (
            "the answer to another exchange",
            Manner::Says(bent(&receiver, &honest, |header, _| {
                header["exchange_id"] = "5d0c4e0a-6b0c-4f0e-8f0a-0c1d2e3f4a5b".into();
            })),
            Some(AnswerUnreadable),
        ),
        (
            "no receipt",
            Manner::Says(bent(&receiver, &honest, |_, attached| {
                attached["receipt"] = serde_json::Value::Null
            })),
            Some(AnswerUnproven),
        ),
        (
            "a receipt of another log",
            Manner::Says(bent(&receiver, &honest, |_, attached| {
                attached["receipt"] = own_receipt["receipt"].clone();
            })),
            Some(AnswerUnproven),
        ),
        (
            "another's cosignature",
            Manner::Says(bent(&receiver, &honest, |_, attached| {
                attached["cosignature"] = "— nobody AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
            })),
            Some(AnswerUnproven),
        ),
    ];
    let store = sender.gateway.store();
    let road = Road::new(sender.gateway.certificate().clone(), Duration::from_secs(1));
    let known = sender.gateway.peer(&receiver.party()).unwrap();
    let false_partner = Peer { url: format!("https://{at}"), ..known };
    let header: serde_json::Value =
        serde_json::from_slice(Frame::parse(&frame).unwrap().dangerous_unverified_header()).unwrap();
    let exchange = header["exchange_id"].as_str().unwrap().parse().unwrap();
    let later = sender.gateway.now().checked_add(Duration::from_secs(3_600)).unwrap();
    for (what, is, kind) in wrong {
        *manner.lock().unwrap() = is;
        let item = store.claim_offer(exchange, later, later).await.unwrap().expect("it is still there");
        let recorded = Recorded::reverify(item, store, sender.gateway.signatory()).await.unwrap();
        let lent = sender.gateway.laws(recorded.agreement(), &receiver.party()).unwrap();
        let Clearance::Cleared(cleared) =
            recorded.clear(Grade::Integrated, &lent.laws, sender.gateway.now(), Timestamp::MAX)
        else {
            panic!("it was decided just now")
        };
        let Delivery::Failed(_, error) = cleared.deliver(&road, &false_partner, store).await else {
            panic!("{what} is taken for an answer")
        };
        assert!(!error.to_string().is_empty(), "{what}");
        assert_eq!(Misbehaviour::of_answer(&error), kind, "{what}: {error}");
        store.postpone(exchange, later).await.unwrap();
        let row = store.exchange(exchange).await.unwrap().unwrap();
        assert_eq!(row.outcome, ExchangeOutcome::Queued, "{what}");
    }

    // Itself again: the answer of the first time, and nothing was kept twice.
    store.postpone(exchange, sender.gateway.now()).await.unwrap();
    at_once(&sender).await;
    assert_eq!(store.exchange(exchange).await.unwrap().unwrap().outcome, ExchangeOutcome::Delivered);
    assert_eq!(entries(&receiver).await, kept);
    assert_eq!(sender.share(PHISHING).await.outcome, ExchangeOutcome::Delivered, "and the next one goes");
}
