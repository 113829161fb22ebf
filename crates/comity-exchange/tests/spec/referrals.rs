//! Requests of persons that are passed on, and their answers: each is read as its receiver reads it.

use super::messages::{House, World, at, opened, sealed};
use super::{Counted, base64, vector};
use comity_exchange::federation::referral::{
    HeardReferral, ReferralAnswerHeader, ReferralHeader, ReferralResult, SealedTo, TakenReferral, padded,
};
use comity_exchange::wire::{Base64, Text};
use comity_terms::Digest;
use comity_terms::ids::RequestId;
use comity_vault::TransportSecret;
use serde_json::{Value as Json, json};

pub(super) fn all(world: &World) -> Vec<Json> {
    let World { xa, xb, xd, .. } = world;
    let entropy = &mut Counted(40_000);
    let secret = TransportSecret::draw(entropy);
    let case = RequestId::draw(entropy);
    let statement = padded(br#"{"identifiers":[{"kind":"email","value":"mari@example.org"}]}"#.to_vec());
    let info = ReferralHeader::seal_info(case, &xa.party, &xb.party);
    let (encapsulated, body) = sealed(&secret, &info, (b"statement", &statement), entropy);
    let header = ReferralHeader {
        version: 1,
        case_id: Text(case),
        origin: Text(xa.party.clone()),
        sender: Text(xa.party.clone()),
        receiver: Text(xb.party.clone()),
        depth: 0,
        action: Text("access_request".parse().unwrap()),
        agreement: Text("pact-2026".parse().unwrap()),
        identity_verified: true,
        at: Text(at("2026-11-02T09:20:00Z")),
        transport_key: Text(Digest::of(b"a key of the day")),
        encapsulated: Base64(encapsulated.clone()),
        sealed: Text(Digest::of(&body)),
        entry: Base64(xa.entries[0].clone()),
    };
    let framed = |header: &ReferralHeader, by: &House, proof: usize, body: &[u8]| {
        header.sign(&by.key).frame(&xa.proof(proof), body)
    };
    let mut flipped = body.clone();
    flipped[0] ^= 1;
    let unbound = ReferralHeader { sealed: Text(Digest::of(&flipped)), ..header.clone() };
    let family = ReferralHeader { entry: Base64(xa.entries[1].clone()), ..header.clone() };
    let mut all: Vec<Json> = [
        ("as sent", framed(&header, xa, 0, &body), &xb.party),
        ("at the most gateways", framed(&ReferralHeader { depth: 7, ..header.clone() }, xa, 0, &body), &xb.party),
        ("at one gateway more", framed(&ReferralHeader { depth: 8, ..header.clone() }, xa, 0, &body), &xb.party),
        ("to another", framed(&header, xa, 0, &body), &xd.party),
        ("signed by another", framed(&header, xd, 0, &body), &xb.party),
        ("with another body", framed(&header, xa, 0, &flipped), &xb.party),
        ("with a body that does not open", framed(&unbound, xa, 0, &flipped), &xb.party),
        ("proved by another entry", framed(&header, xa, 1, &body), &xb.party),
        ("an entry of another family", framed(&family, xa, 1, &body), &xb.party),
    ]
    .into_iter()
    .map(|(name, frame, receiver)| {
        let output = match TakenReferral::read(&frame, (&xa.party, receiver), &xa.known()) {
            Err(_) => json!({ "valid": false }),
            Ok(taken) => json!({
                "valid": true, "message": taken.message.to_string(), "case_id": taken.header.case_id,
                "statement": opened(&secret, &taken.header.encapsulated.0, &info, (b"statement", &taken.body)),
            }),
        };
        let input = json!({
            "frame": base64(&frame), "sender": xa.party.as_str(), "receiver": receiver.as_str(),
            "known": { "XA": xa.keys() }, "transport_secret": base64(&secret.dangerous_bytes()[..]),
        });
        vector("referral", name, input, output)
    })
    .collect();

    let message = Digest::of(b"a referral");
    let answer = padded(br#"[{"party":"XB","answer":{"result":"nothing_to_tell"}}]"#.to_vec());
    let info = ReferralAnswerHeader::seal_info(case, &xb.party, &xa.party);
    let (encapsulated, body) = sealed(&secret, &info, (b"answers", &answer), entropy);
    let sealed_to = SealedTo {
        transport_key: Text(Digest::of(b"a key of the day")),
        encapsulated: Base64(encapsulated),
        sealed: Text(Digest::of(&body)),
    };
    let answered = ReferralAnswerHeader {
        version: 1,
        case_id: Text(case),
        message: Text(message),
        holder: Text(xb.party.clone()),
        at: Text(at("2026-11-09T09:20:00Z")),
        result: ReferralResult::Answered,
        due: None,
        complete: true,
        reasons: Vec::new(),
        citations: Vec::new(),
        body: Some(sealed_to),
        entry: Base64(xb.entries[0].clone()),
    };
    let taken = ReferralAnswerHeader {
        result: ReferralResult::Taken,
        due: Some(Text(at("2026-12-02T09:20:00Z"))),
        complete: false,
        body: None,
        ..answered.clone()
    };
    let framed = |header: &ReferralAnswerHeader, by: &House, body: &[u8]| {
        header.sign(&by.key).frame(&xb.proof(0), body)
    };
    let bodiless = ReferralAnswerHeader { body: None, ..answered.clone() };
    let other = ReferralAnswerHeader { message: Text(Digest::of(b"another")), ..taken.clone() };
    all.extend(
        [
            ("taken", framed(&taken, xb, b"")),
            ("answered", framed(&answered, xb, &body)),
            ("answered without a body", framed(&bodiless, xb, b"")),
            ("taken with a body", framed(&taken, xb, &body)),
            ("to another referral", framed(&other, xb, b"")),
            ("signed by another", framed(&taken, xd, b"")),
        ]
        .into_iter()
        .map(|(name, frame)| {
            let output = match HeardReferral::read(&frame, (case, message), &xb.party, &xb.known()) {
                Err(_) => json!({ "valid": false }),
                Ok(heard) => json!({
                    "valid": true, "result": heard.header.result, "complete": heard.header.complete,
                    "answers": heard.header.body.as_ref().map(|to| {
                        opened(&secret, &to.encapsulated.0, &info, (b"answers", &heard.body))
                    }),
                }),
            };
            let input = json!({
                "frame": base64(&frame), "case_id": case.to_string(), "message": message.to_string(),
                "holder": xb.party.as_str(), "asks": xa.party.as_str(), "known": { "XB": xb.keys() },
                "transport_secret": base64(&secret.dangerous_bytes()[..]),
            });
            vector("referral-answer", name, input, output)
        }),
    );
    all
}
