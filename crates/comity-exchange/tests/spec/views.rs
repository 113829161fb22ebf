//! Remote views: what is looked for, and the records that are seen. Each message is read as its receiver reads it.

use super::messages::{House, SealedText, at, opened, sealed};
use super::{Counted, base64, vector};
use comity_exchange::federation::referral::padded;
use comity_exchange::federation::view::{
    ViewAnswerHeader, ViewAnswered, ViewHeader, ViewQuestion, ViewResult, read_looked_for,
};
use comity_exchange::wire::{Base64, Text, facts_to_wire};
use comity_terms::ids::ViewId;
use comity_terms::{Asserter, Digest, Facts};
use comity_vault::TransportSecret;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const OBJECTS: &[u8] = br#"{"objects":["indicator--00000000-0000-4000-8000-000000000001"]}"#;
const PERSON: &[u8] = br#"{"person":{"identifiers":[{"kind":"email","value":"mari@example.org"}]}}"#;

struct Drawn {
    id: ViewId,
    /// The holder's key of the day, and the asker's of this view alone.
    day: TransportSecret,
    own: TransportSecret,
}

fn header(asker: &House, holder: &House, drawn: &Drawn, (encapsulated, body): &SealedText) -> ViewHeader {
    let mut facts = Facts::new();
    facts.know("specific_identifier", true, Asserter::Gateway);
    ViewHeader {
        version: 1,
        view_id: Text(drawn.id),
        asker: Text(asker.party.clone()),
        holder: Text(holder.party.clone()),
        agreement: Text("pact-2026".parse().unwrap()),
        laws: BTreeMap::from([(Text("agreement".parse().unwrap()), Text(Digest::of(b"agreement")))]),
        activity: Text("threat_intel".parse().unwrap()),
        purpose: Text("cyber_defence".parse().unwrap()),
        facts: facts_to_wire(&facts),
        at: Text(at("2026-11-02T09:20:00Z")),
        transport_key: Text(Digest::of(b"a key of the day")),
        encapsulated: Base64(encapsulated.clone()),
        sealed: Text(Digest::of(body)),
        answer_to: Base64(drawn.own.public().to_bytes().to_vec()),
        entry: Base64(asker.entries[1].clone()),
    }
}

fn questions((xa, xb, xd): (&House, &House, &House), drawn: &Drawn) -> Vec<Json> {
    let info = ViewHeader::seal_info(drawn.id, &xa.party, &xb.party);
    let seal = |text: &[u8], from: u64| {
        sealed(&drawn.day, &info, (b"looked for", &padded(text.to_vec())), &mut Counted(from))
    };
    let objects = seal(OBJECTS, 91_000);
    let whole = header(xa, xb, drawn, &objects);
    let framed = |header: &ViewHeader, by: &House, proof: usize, body: &[u8]| {
        header.sign(&by.key).frame(&xa.proof(proof), body)
    };
    let of = |text: &[u8], from: u64| {
        let text = seal(text, from);
        framed(&header(xa, xb, drawn, &text), xa, 1, &text.1)
    };
    let mut flipped = objects.1.clone();
    flipped[0] ^= 1;
    let unbound = ViewHeader { sealed: Text(Digest::of(&flipped)), ..whole.clone() };
    let family = ViewHeader { entry: Base64(xa.entries[0].clone()), ..whole.clone() };
    let keyless = ViewHeader { answer_to: Base64(vec![9; 31]), ..whole.clone() };
    let version = ViewHeader { version: 2, ..whole.clone() };
    let ids: Vec<String> = (0..257).map(|n| format!("indicator--00000000-0000-4000-8000-{n:012}")).collect();
    let [most, more] = [256, 257].map(|count| json!({ "objects": ids[..count] }).to_string().into_bytes());
    [
        ("for an object", framed(&whole, xa, 1, &objects.1), &xb.party),
        ("for a person", of(PERSON, 92_000), &xb.party),
        ("for as many objects as are possible", of(&most, 93_000), &xb.party),
        ("for one object more", of(&more, 94_000), &xb.party),
        ("for no object", of(br#"{"objects":[]}"#, 95_000), &xb.party),
        ("for all of a type", of(br#"{"types":["identity"]}"#, 96_000), &xb.party),
        ("to another", framed(&whole, xa, 1, &objects.1), &xd.party),
        ("signed by another", framed(&whole, xd, 1, &objects.1), &xb.party),
        ("with another body", framed(&whole, xa, 1, &flipped), &xb.party),
        ("with a body that does not open", framed(&unbound, xa, 1, &flipped), &xb.party),
        ("proved by another entry", framed(&whole, xa, 0, &objects.1), &xb.party),
        ("an entry of another family", framed(&family, xa, 0, &objects.1), &xb.party),
        ("to be answered to no key", framed(&keyless, xa, 1, &objects.1), &xb.party),
        ("another version", framed(&version, xa, 1, &objects.1), &xb.party),
    ]
    .into_iter()
    .map(|(name, frame, holder)| {
        let output = match ViewQuestion::read(&frame, (&xa.party, holder), &xa.known()) {
            Err(_) => json!({ "valid": false }),
            Ok(read) => {
                let encapsulated = &read.header.encapsulated.0;
                let text = opened(&drawn.day, encapsulated, &info, (b"looked for", &read.body));
                // What opens and reads as nothing that can be looked for is not looked for.
                let clear: Option<Base64> = serde_json::from_value(text.clone()).unwrap();
                let reads = clear.is_some_and(|clear| read_looked_for(&clear.0).is_ok());
                json!({
                    "valid": true, "message": read.message.to_string(), "view_id": read.header.view_id,
                    "looked_for": if reads { text } else { Json::Null },
                })
            }
        };
        let input = json!({
            "frame": base64(&frame), "asker": xa.party.as_str(), "holder": holder.as_str(),
            "known": { "XA": xa.keys() }, "transport_secret": base64(&drawn.day.dangerous_bytes()[..]),
        });
        vector("view", name, input, output)
    })
    .collect()
}

fn answers((xa, xb, xd): (&House, &House, &House), drawn: &Drawn) -> Vec<Json> {
    let info = ViewAnswerHeader::seal_info(drawn.id, &xb.party, &xa.party);
    let asked = header(xa, xb, drawn, &(vec![], vec![]));
    let message = Digest::of(b"a view");
    let record = br#"[{"type":"indicator","id":"indicator--00000000-0000-4000-8000-000000000001"}]"#;
    let (encapsulated, body) =
        sealed(&drawn.own, &info, (b"records", &padded(record.to_vec())), &mut Counted(97_000));
    let viewed = ViewAnswerHeader {
        version: 1,
        view_id: Text(drawn.id),
        message: Text(message),
        holder: Text(xb.party.clone()),
        at: Text(at("2026-11-02T09:20:01Z")),
        result: ViewResult::Viewed,
        given: 1,
        masked: 0,
        reasons: Vec::new(),
        escalate_to: Vec::new(),
        citations: Vec::new(),
        again_at: None,
        left: Some(12_672),
        encapsulated: Some(Base64(encapsulated)),
        sealed: Some(Text(Digest::of(&body))),
        entry: Some(Base64(xb.entries[1].clone())),
    };
    let bare = |result: ViewResult| ViewAnswerHeader {
        result,
        given: 0,
        encapsulated: None,
        sealed: None,
        left: None,
        entry: result.is_act().then(|| Base64(xb.entries[1].clone())),
        ..viewed.clone()
    };
    let framed = |header: &ViewAnswerHeader, by: &House, proof: usize, body: &[u8]| {
        header.sign(&by.key).frame(&xb.proof(proof), body)
    };
    let mut flipped = body.clone();
    flipped[0] ^= 1;
    let unbound = ViewAnswerHeader { sealed: Some(Text(Digest::of(&flipped))), ..viewed.clone() };
    let other = ViewAnswerHeader { message: Text(Digest::of(b"another")), ..viewed.clone() };
    let masked = ViewAnswerHeader { masked: 2, ..viewed.clone() };
    let refused = bare(ViewResult::Refused);
    let gives = ViewAnswerHeader { given: 1, ..refused.clone() };
    let unrecorded = ViewAnswerHeader { entry: None, ..refused.clone() };
    let stale = bare(ViewResult::Stale).sign(&xb.key).frame(b"{}", b"");
    [
        ("viewed", framed(&viewed, xb, 1, &body)),
        ("refused", framed(&refused, xb, 1, b"")),
        ("too late", stale),
        ("signed by another", framed(&viewed, xd, 1, &body)),
        ("to another question", framed(&other, xb, 1, &body)),
        ("with another body", framed(&viewed, xb, 1, &flipped)),
        ("with a body that does not open", framed(&unbound, xb, 1, &flipped)),
        ("more masked than given", framed(&masked, xb, 1, &body)),
        ("refused, and records all the same", framed(&gives, xb, 1, b"")),
        ("refused, and recorded nowhere", framed(&unrecorded, xb, 1, b"")),
        ("proved by another entry", framed(&viewed, xb, 0, &body)),
    ]
    .into_iter()
    .map(|(name, frame)| {
        let output = match ViewAnswered::read(&frame, (&asked, message), &xb.known()) {
            Err(_) => json!({ "valid": false }),
            Ok(read) => {
                let encapsulated = read.header.encapsulated.as_ref();
                let open = |key: &Base64| opened(&drawn.own, &key.0, &info, (b"records", &read.body));
                json!({
                    "valid": true, "result": read.header.result, "given": read.header.given,
                    "masked": read.header.masked, "records": encapsulated.map_or(Json::Null, open),
                })
            }
        };
        let input = json!({
            "frame": base64(&frame), "view_id": drawn.id.to_string(), "message": message.to_string(),
            "asker": xa.party.as_str(), "holder": xb.party.as_str(), "known": { "XB": xb.keys() },
            "answer_secret": base64(&drawn.own.dangerous_bytes()[..]),
        });
        vector("view-answer", name, input, output)
    })
    .collect()
}

pub(super) fn all() -> Vec<Json> {
    let [xa, xb, xd] = [("XA", 11), ("XB", 12), ("XD", 14)].map(|(code, seed)| House::new(code, seed));
    let entropy = &mut Counted(90_000);
    let (id, day, own) =
        (ViewId::draw(entropy), TransportSecret::draw(entropy), TransportSecret::draw(entropy));
    let drawn = Drawn { id, day, own };
    [questions((&xa, &xb, &xd), &drawn), answers((&xa, &xb, &xd), &drawn)].concat()
}
