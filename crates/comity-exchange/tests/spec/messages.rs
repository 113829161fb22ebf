//! The messages that travel after an exchange: orders and their answers, counts of uses. Each is read as its receiver reads
//! it; what is wrong with one is that it does not count.

use super::{Counted, Tree, base64, referrals, vector};
use comity_exchange::entry::Opening;
use comity_exchange::federation::recall::{
    Answered, ExchangeResult, HopExchange, HopHeader, HopRecords, Known, OnwardAnswer, OrderHeader,
    RecallAction, RecallAnswerHeader, RecallResult, TakenHop,
};
use comity_exchange::federation::uses::{ExchangeUses, UsesAnswer};
use comity_exchange::signature::PartyKey;
use comity_exchange::wire::{Base64, Text};
use comity_terms::ids::{ClassId, OrderId};
use comity_terms::{Act, Digest, ExchangeId, Party, Timestamp};
use comity_tlog::{
    Checkpoint, Frontier, LeafIndex, Receipt, SignedCheckpoint, SigningKey, TreeSize, inclusion_proof,
    leaf_hash,
};
use comity_vault::{TransportPublic, TransportSecret, open_offer, seal_offer};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// A gateway: its party, its keys, and a log whose first entry is of an act of the remedy family, its second of another.
pub(super) struct House {
    pub(super) party: Party,
    pub(super) key: PartyKey,
    log: SigningKey,
    pub(super) entries: [Vec<u8>; 2],
    receipts: [String; 2],
}

impl House {
    pub(super) fn new(code: &str, seed: u8) -> Self {
        let origin = format!("{}.example/log", code.to_lowercase());
        let log = SigningKey::from_seed(&origin, &[seed; 32]).unwrap();
        let (mut frontier, mut tree, mut entropy) =
            (Frontier::new(), Tree::default(), Counted(1_000 * u64::from(seed)));
        let entries = [Act::RecallOrdered, Act::ExchangeDecided].map(|act| {
            let (entry, _) = Opening::draw(act, at("2026-11-02T09:20:00Z"), json!({}), &mut entropy);
            tree.0.extend(frontier.append(leaf_hash(&entry.to_bytes())));
            entry.to_bytes().to_vec()
        });
        let checkpoint = Checkpoint::new(&origin, TreeSize(2), frontier.root()).unwrap();
        let checkpoint = SignedCheckpoint::sign(checkpoint, &log).unwrap();
        let receipts = [0, 1].map(|index| {
            let proof = inclusion_proof(LeafIndex(index), TreeSize(2), &tree).unwrap();
            let entry = &entries[usize::try_from(index).unwrap()];
            Receipt::new(entry, LeafIndex(index), proof, checkpoint.clone()).unwrap().to_string()
        });
        let key = PartyKey::from_seed(&[seed; 32]);
        Self { party: code.parse().unwrap(), key, log, entries, receipts }
    }

    pub(super) fn known(&self) -> Known {
        Known { party: self.key.verifier(), log: self.log.verifier_key().clone() }
    }

    pub(super) fn keys(&self) -> Json {
        json!({ "key": self.key.verifier().to_string(), "log": self.log.verifier_key().to_string() })
    }

    /// What proves an entry.
    pub(super) fn proof(&self, index: usize) -> Vec<u8> {
        json!({ "receipt": self.receipts[index] }).to_string().into_bytes()
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// XA gave to XB, and XB to XC; XD is nobody whom the others know.
pub(super) struct World {
    pub(super) xa: House,
    pub(super) xb: House,
    pub(super) xc: House,
    pub(super) xd: House,
}

impl World {
    fn new() -> Self {
        Self {
            xa: House::new("XA", 11),
            xb: House::new("XB", 12),
            xc: House::new("XC", 13),
            xd: House::new("XD", 14),
        }
    }

    fn of(&self, names: &[&str]) -> BTreeMap<Party, &House> {
        let all = [&self.xa, &self.xb, &self.xc, &self.xd];
        all.into_iter()
            .filter(|house| names.contains(&house.party.as_str()))
            .map(|h| (h.party.clone(), h))
            .collect()
    }
}

fn keys_of(houses: &BTreeMap<Party, &House>) -> Json {
    houses
        .iter()
        .map(|(party, house)| (party.to_string(), house.keys()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn order(origin: &House, entropy: &mut Counted) -> OrderHeader {
    OrderHeader {
        version: 1,
        order_id: Text(OrderId::draw(entropy)),
        origin: Text(origin.party.clone()),
        action: RecallAction::Recall,
        ground: Text("sent_in_error".parse().unwrap()),
        exchanges: vec![Text(ExchangeId::draw(entropy))],
        replaced_by: None,
        lifts: None,
        party: None,
        facts: Vec::new(),
        at: Text(at("2026-11-02T09:20:00Z")),
        due: Some(Text(at("2026-11-05T09:20:00Z"))),
        entry: Base64(origin.entries[0].clone()),
    }
}

fn hop(
    order: &OrderHeader,
    origin: &House,
    (sender, receiver): (&House, &House),
    entropy: &mut Counted,
) -> HopHeader {
    let signed = order.sign(&origin.key);
    let records = HopRecords { class: Text(ClassId::draw(entropy)), ordinals: vec![0, 7] };
    let some = HopExchange { exchange_id: Text(ExchangeId::draw(entropy)), records: Some(vec![records]) };
    HopHeader {
        version: 1,
        order: Base64(signed.header.clone()),
        order_signature: Base64(signed.signature.0.to_vec()),
        origin_key: origin.key.verifier().to_string(),
        sender: Text(sender.party.clone()),
        receiver: Text(receiver.party.clone()),
        at: Text(at("2026-11-02T09:21:00Z")),
        exchanges: vec![HopExchange { exchange_id: Text(ExchangeId::draw(entropy)), records: None }, some],
    }
}

fn hops(world: &World) -> Vec<Json> {
    let World { xa, xb, xc, xd } = world;
    let entropy = &mut Counted(20_000);
    let mut all = Vec::new();
    let mut told = |name: &str, frame: Vec<u8>, ends: (&House, &House), known: &[&str]| {
        let known = world.of(known);
        let keys = |party: &Party| known.get(party).map(|house| house.known());
        let output = match TakenHop::read(&frame, (&ends.0.party, &ends.1.party), keys) {
            Err(_) => json!({ "valid": false }),
            Ok(taken) => json!({
                "valid": true,
                "message": taken.message.to_string(),
                "order_id": taken.order.order_id,
                "origin": taken.order.origin,
                "action": taken.order.action,
                "exchanges": taken.hop.exchanges,
            }),
        };
        let input = json!({
            "frame": base64(&frame), "sender": ends.0.party.as_str(), "receiver": ends.1.party.as_str(),
            "known": keys_of(&known),
        });
        all.push(vector("recall-hop", name, input, output));
    };
    let recall = order(xa, entropy);
    let from_origin = hop(&recall, xa, (xa, xb), entropy);
    let framed = |hop: &HopHeader, by: &House, proof: Vec<u8>| hop.sign(&by.key).frame(&proof, b"");
    let whole = framed(&from_origin, xa, xa.proof(0));
    told("from its origin", whole.clone(), (xa, xb), &["XA"]);
    let onward = hop(&recall, xa, (xb, xc), entropy);
    told("passed on, its origin a partner", framed(&onward, xb, xa.proof(0)), (xb, xc), &["XA", "XB"]);
    told("passed on, its origin unknown here", framed(&onward, xb, xa.proof(0)), (xb, xc), &["XB"]);
    told("between others", whole.clone(), (xa, xc), &["XA"]);
    told("of no partner", whole.clone(), (xa, xb), &["XB"]);
    told("signed by another", framed(&from_origin, xd, xa.proof(0)), (xa, xb), &["XA"]);
    told("proved by another entry", framed(&from_origin, xa, xa.proof(1)), (xa, xb), &["XA"]);
    told("cut off", whole[..whole.len() - 1].to_vec(), (xa, xb), &["XA"]);
    let forged =
        HopHeader { origin_key: xd.key.verifier().to_string(), ..hop(&recall, xd, (xb, xc), entropy) };
    told(
        "an order that its origin has not signed",
        framed(&forged, xb, xa.proof(0)),
        (xb, xc),
        &["XA", "XB"],
    );
    let twice = vec![from_origin.exchanges[0].clone(), from_origin.exchanges[0].clone()];
    let twice = HopHeader { exchanges: twice, ..from_origin.clone() };
    told("an exchange twice", framed(&twice, xa, xa.proof(0)), (xa, xb), &["XA"]);
    let none = HopHeader { exchanges: Vec::new(), ..from_origin.clone() };
    told("no exchange", framed(&none, xa, xa.proof(0)), (xa, xb), &["XA"]);
    let xd_party = Some(Text(xd.party.clone()));
    for (name, order) in [
        (
            "a bar",
            OrderHeader { action: RecallAction::Bar, party: xd_party.clone(), due: None, ..recall.clone() },
        ),
        ("a bar that names nobody", OrderHeader { action: RecallAction::Bar, ..recall.clone() }),
        ("a recall that names a party", OrderHeader { party: xd_party.clone(), ..recall.clone() }),
        (
            "a correction without what is right",
            OrderHeader { action: RecallAction::Correct, ..recall.clone() },
        ),
        (
            "a correction",
            OrderHeader {
                action: RecallAction::Correct,
                replaced_by: Some(recall.exchanges[0]),
                ..recall.clone()
            },
        ),
        (
            "an entry of another family",
            OrderHeader { entry: Base64(xa.entries[1].clone()), ..recall.clone() },
        ),
        ("another version", OrderHeader { version: 2, ..recall.clone() }),
    ] {
        let proof = xa.proof(usize::from(order.entry.0 == xa.entries[1]));
        told(name, framed(&hop(&order, xa, (xa, xb), entropy), xa, proof), (xa, xb), &["XA"]);
    }
    all
}

fn answers(world: &World) -> Vec<Json> {
    let World { xa, xb, xc, xd } = world;
    let entropy = &mut Counted(30_000);
    let (order, message) = (OrderId::draw(entropy), Digest::of(b"a hop"));
    let header = |house: &House, message: Digest, entropy: &mut Counted| RecallAnswerHeader {
        version: 1,
        order_id: Text(order),
        message: Text(message),
        holder: Text(house.party.clone()),
        at: Text(at("2026-11-02T10:00:00Z")),
        results: vec![ExchangeResult {
            exchange_id: Text(ExchangeId::draw(entropy)),
            result: RecallResult::Completed,
            records: 3,
            reasons: Vec::new(),
            escalate_to: Vec::new(),
            citations: Vec::new(),
        }],
        destroyed_by: Some(Text(at("2026-11-03T10:00:00Z"))),
        entry: Base64(house.entries[0].clone()),
    };
    let onward = |house: &House, answer: Option<Vec<u8>>| OnwardAnswer {
        party: Text(house.party.clone()),
        party_key: house.key.verifier().to_string(),
        log: house.log.verifier_key().to_string(),
        due: Some(Text(at("2026-11-05T10:00:00Z"))),
        answer: answer.map(Base64),
    };
    let own = header(xb, message, entropy);
    let framed = |header: &RecallAnswerHeader, by: &House, onward: &[OnwardAnswer]| {
        let bodies = if onward.is_empty() { Vec::new() } else { serde_json::to_vec(onward).unwrap() };
        header.sign(&by.key).frame(&by.proof(0), &bodies)
    };
    let further = framed(&header(xc, Digest::of(b"another hop"), entropy), xc, &[]);
    let liar = framed(&header(xc, Digest::of(b"another hop"), entropy), xd, &[]);
    let other = RecallAnswerHeader { message: Text(Digest::of(b"another hop")), ..own.clone() };
    let unproved = own.sign(&xb.key).frame(&xb.proof(1), b"");
    let family = RecallAnswerHeader { entry: Base64(xb.entries[1].clone()), ..own.clone() };
    let family = family.sign(&xb.key).frame(&xb.proof(1), b"");
    fn read(answered: &Answered) -> Json {
        json!({
            "holder": answered.header.holder,
            "results": answered.header.results.iter().map(|one| json!({ "exchange_id": one.exchange_id, "result": one.result })).collect::<Vec<_>>(),
            "onward": answered.onward.iter().map(|one| json!({ "party": one.party.as_str(), "answer": one.answer.as_ref().map(|answer| read(answer)) })).collect::<Vec<_>>(),
        })
    }
    [
        ("alone", framed(&own, xb, &[])),
        ("with that of the next holder", framed(&own, xb, &[onward(xc, Some(further))])),
        ("while the next holder has not answered", framed(&own, xb, &[onward(xc, None)])),
        ("with one that the next holder has not signed", framed(&own, xb, &[onward(xc, Some(liar))])),
        ("to another hop", framed(&other, xb, &[])),
        ("signed by another", framed(&own, xd, &[])),
        ("proved by another entry", unproved),
        ("an entry of another family", family),
    ]
    .into_iter()
    .map(|(name, frame)| {
        let read_by = Answered::read(&frame, (order, Some(message)), &xb.party, &xb.known(), &|_| None);
        let output = match &read_by {
            Err(_) => json!({ "valid": false }),
            Ok(answered) => {
                json!({ "valid": true, "answer": read(answered), "complete": answered.is_complete() })
            }
        };
        let input = json!({
            "frame": base64(&frame), "order_id": order.to_string(), "message": message.to_string(),
            "holder": xb.party.as_str(), "known": { "XB": xb.keys() }, "asks": xa.party.as_str(),
        });
        vector("recall-answer", name, input, output)
    })
    .collect()
}

/// A text sealed to a key of the day: what agrees its key, and the body.
pub(super) fn sealed(
    secret: &TransportSecret,
    info: &[u8],
    (label, text): (&[u8], &[u8]),
    entropy: &mut Counted,
) -> SealedText {
    let public = TransportPublic::from_bytes(&secret.public().to_bytes()).unwrap();
    let sealed = seal_offer(&public, info, &[(label, text)], entropy).unwrap();
    (sealed.encapsulated, sealed.ciphertexts.into_iter().next().unwrap())
}

pub(super) type SealedText = (Vec<u8>, Vec<u8>);

pub(super) fn opened(
    secret: &TransportSecret,
    encapsulated: &[u8],
    info: &[u8],
    (label, body): (&[u8], &[u8]),
) -> Json {
    let opening = open_offer(secret, encapsulated, info).and_then(|opening| opening.open(0, label, body));
    opening.map_or(Json::Null, |text| base64(text.as_bytes().trim_ascii_end()))
}

fn uses(world: &World) -> Vec<Json> {
    let World { xa, xb, xd, .. } = world;
    let entropy = &mut Counted(50_000);
    let asked = [ExchangeId::draw(entropy), ExchangeId::draw(entropy)];
    let count = |exchange: ExchangeId, uses: u64| ExchangeUses {
        exchange_id: Text(exchange),
        uses,
        given: 2 * uses,
        refused: 0,
        unmasked: 1,
    };
    let answer = |uses: Vec<ExchangeUses>| UsesAnswer {
        version: 1,
        holder: Text(xb.party.clone()),
        asker: Text(xa.party.clone()),
        at: Text(at("2026-11-02T09:20:00Z")),
        uses,
    };
    let stranger = ExchangeId::draw(entropy);
    [
        ("of one of two", answer(vec![count(asked[1], 4)]).frame(&xb.key)),
        ("of none", answer(Vec::new()).frame(&xb.key)),
        ("of one twice", answer(vec![count(asked[0], 1), count(asked[0], 2)]).frame(&xb.key)),
        ("of what was not asked", answer(vec![count(stranger, 1)]).frame(&xb.key)),
        ("to another", UsesAnswer { asker: Text(xd.party.clone()), ..answer(Vec::new()) }.frame(&xb.key)),
        ("signed by another", answer(Vec::new()).frame(&xd.key)),
    ]
    .into_iter()
    .map(|(name, frame)| {
        let asked: BTreeSet<ExchangeId> = asked.into();
        let ends = (&xb.party, &xb.key.verifier());
        let output = match UsesAnswer::read(&frame, ends, &xa.party, &asked) {
            Err(_) => json!({ "valid": false }),
            Ok(answer) => json!({ "valid": true, "uses": answer.uses }),
        };
        let input = json!({
            "frame": base64(&frame), "holder": xb.party.as_str(), "asker": xa.party.as_str(),
            "asked": asked.iter().map(ToString::to_string).collect::<Vec<_>>(), "known": { "XB": xb.keys() },
        });
        vector("uses", name, input, output)
    })
    .collect()
}

pub(super) fn all() -> Vec<Json> {
    let world = World::new();
    [hops(&world), answers(&world), referrals::all(&world), uses(&world)].concat()
}
