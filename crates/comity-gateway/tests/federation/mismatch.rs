//! What is opened and does not read as its header said: decided again as what it is, and in nobody's hands.

use crate::house::{House, pair};
use crate::{MOST, OFFERS, bent, result, tapped};
use comity_exchange::federation::frame::Frame;
use comity_exchange::federation::offer::{OfferHeader, join_objects};
use comity_exchange::ports::{SegmentKind, Store as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Base64;
use comity_gateway::clock::OsEntropy;
use comity_terms::{Digest, ExchangeId};

fn header(frame: &[u8]) -> OfferHeader {
    serde_json::from_slice(Frame::parse(frame).unwrap().dangerous_unverified_header()).unwrap()
}

/// What the receiver holds of an exchange, its openings apart.
async fn kept(receiver: &House, exchange: ExchangeId) -> Vec<SegmentKind> {
    let store = receiver.gateway.store();
    let mut kinds = Vec::new();
    for id in store.segments(exchange).await.unwrap() {
        kinds.push(store.segment(id).await.unwrap().unwrap().kind);
    }
    kinds.retain(|kind| *kind != SegmentKind::Opening);
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_laws_permit_as_it_was_found_is_kept_without_a_reader() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (frame, client) = tapped(&sender, &receiver).await;
    let bodies = Frame::parse(&frame).unwrap().bodies.to_vec();
    let offer = bent(&sender, &frame, &bodies, |header| {
        for class in header["classes"].as_array_mut().unwrap() {
            for fact in class["sent"].as_array_mut().unwrap() {
                if fact["key"] == "personal_data" {
                    fact["value"] = (!fact["value"].as_bool().unwrap()).into();
                }
            }
        }
    });
    assert_eq!(result(&client.post(OFFERS, offer, MOST).await.unwrap()), "mismatch");
    let kept = kept(&receiver, header(&frame).exchange_id.0).await;
    assert!(!kept.is_empty() && kept.iter().all(|kind| *kind == SegmentKind::Quarantined), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_laws_refuse_as_it_was_found_is_not_kept() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (frame, client) = tapped(&sender, &receiver).await;
    let said = header(&frame);
    // The header says what it said; the bodies hold an object for named recipients only.
    let object = br#"{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","object_marking_refs":["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]}"#;
    let clear = join_objects([&object[..]]);
    let contexts: Vec<Vec<u8>> = said
        .classes
        .iter()
        .map(|class| OfferHeader::body_context(said.exchange_id.0, class.class.0, &said.agreement.0))
        .collect();
    let bodies: Vec<(&[u8], &[u8])> = contexts.iter().map(|context| (&context[..], &clear[..])).collect();
    let info = OfferHeader::seal_info(said.exchange_id.0, &said.sender.0, &said.receiver.0);
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    let to = peer.identity.transport.as_ref().unwrap().seal_to(sender.gateway.now()).unwrap();
    let sealed = comity_vault::seal_offer(&to.public, &info, &bodies, &mut OsEntropy).unwrap();
    let offer = bent(&sender, &frame, &sealed.ciphertexts.concat(), |header| {
        header["encapsulated"] = serde_json::to_value(Base64(sealed.encapsulated.clone())).unwrap();
        for (class, body) in header["classes"].as_array_mut().unwrap().iter_mut().zip(&sealed.ciphertexts) {
            class["objects"] = 1.into();
            class["digest"] = Digest::of(&clear).to_string().into();
            class["sealed"] = Digest::of(body).to_string().into();
            class["length"] = body.len().into();
        }
    });
    assert_eq!(result(&client.post(OFFERS, offer, MOST).await.unwrap()), "mismatch");
    assert_eq!(kept(&receiver, said.exchange_id.0).await, [], "its key is gone with it");
}
