//! The vectors of `docs/spec/`: what a second implementation must find, as this one makes it. They never change but with
//! the version of a format: `UPDATE_GOLDEN=1 cargo test -p comity-exchange --test spec`, and read the diff.

mod matching;
mod messages;
mod referrals;
mod views;

use comity_exchange::entry::{Opening, record_commitment, records_root};
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::offer::{OfferHeader, join_objects, split_objects};
use comity_exchange::signature::{Domain, PartyKey};
use comity_exchange::wire::Base64;
use comity_terms::ids::ClassId;
use comity_terms::{Act, Digest, Entropy, ExchangeId};
use comity_tlog::{
    Checkpoint, Frontier, Hash, LeafIndex, Node, NodeReader, Receipt, SignedCheckpoint, SigningKey, TreeSize,
    inclusion_proof, leaf_hash,
};
use comity_vault::{TransportPublic, TransportSecret, open_offer, seal_offer};
use serde_json::{Value as Json, json};
use std::path::Path;

/// Bytes that are the same in each run: SHA-256 of a counter.
struct Counted(u64);

impl Entropy for Counted {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&Digest::of(&self.0.to_be_bytes()).0[..chunk.len()]);
        }
    }
}

fn base64(bytes: &[u8]) -> Json {
    json!(Base64(bytes.to_vec()))
}

fn vector(kind: &str, name: &str, input: Json, output: Json) -> Json {
    json!({ "kind": kind, "name": name, "input": input, "output": output })
}

fn digests() -> Vec<Json> {
    let of = |name: &str, domain: &str, parts: &[&[u8]]| {
        let written: Vec<Json> = parts.iter().map(|part| base64(part)).collect();
        let digest = Digest::of_parts(domain, parts).to_string();
        vector(
            "digest-of-parts",
            name,
            json!({ "domain": domain, "parts": written }),
            json!({ "digest": digest }),
        )
    };
    vec![
        of("no parts", "a domain", &[]),
        of("an empty part is a part", "a domain", &[b""]),
        of("a boundary here", "a domain", &[b"ab", b"c"]),
        of("a boundary there", "a domain", &[b"a", b"bc"]),
    ]
}

fn entries() -> Vec<Json> {
    let acts = [
        (Act::ExchangeDecided, "2026-11-02T09:20:00Z", "exchange"),
        (Act::LawAdopted, "2027-01-31T23:59:59.999Z", "procedure"),
        (Act::FindingRaised, "2026-02-01T00:00:00Z", "oversight"),
    ];
    let mut entropy = Counted(100);
    acts.into_iter()
        .map(|(act, at, family)| {
            let facts = json!({ "objects": 3, "words": ["one", "two"] });
            let (entry, opening) = Opening::draw(act, at.parse().unwrap(), facts, &mut entropy);
            let input = json!({ "family": family, "month": at[..7], "opening": base64(&opening.to_bytes()) });
            vector("entry", act.as_str(), input, json!({ "entry": base64(&entry.to_bytes()) }))
        })
        .collect()
}

fn roots() -> Vec<Json> {
    let records: [&[u8]; 5] = [b"{\"a\":1}", b"", b"{\"b\":2}", b"x", b"{\"c\":3}"];
    (0..=records.len())
        .map(|count| {
            let records = &records[..count];
            let salt: [u8; 32] = Counted(200).bytes();
            let commitments: Vec<String> = (0..)
                .zip(records)
                .map(|(number, record)| record_commitment(&salt, number, record).to_string())
                .collect();
            let root = records_root(&salt, records.iter().copied()).to_string();
            let records: Vec<Json> = records.iter().map(|record| base64(record)).collect();
            let input = json!({ "salt": base64(&salt), "records": records });
            let output = json!({ "commitments": commitments, "root": root });
            vector("records-root", &format!("{count} records"), input, output)
        })
        .collect()
}

fn objects() -> Vec<Json> {
    let whole = join_objects([&b"{\"id\":\"one\"}"[..], b"", b"{}"]);
    let cases: [(&str, &[u8]); 4] = [
        ("three objects", &whole),
        ("nothing", b""),
        ("cut off", &whole[..whole.len() - 1]),
        ("a length without bytes", &[0, 0, 0, 1]),
    ];
    cases
        .into_iter()
        .map(|(name, text)| {
            let objects = split_objects(text).map(|all| all.into_iter().map(base64).collect::<Vec<_>>());
            vector("objects", name, json!({ "cleartext": base64(text) }), json!({ "objects": objects }))
        })
        .collect()
}

fn frames() -> Vec<Json> {
    let key = PartyKey::from_seed(&[1; 32]);
    let header = br#"{"version":1,"exchange_id":"6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10"}"#.to_vec();
    let signed = SignedHeader::sign(header, Domain::Offer, &key);
    let frame = signed.frame(b"{\"receipt\":\"\",\"witness\":null}", b"sealed bodies");
    let mut altered = frame.clone();
    let place = frame.windows(9).position(|window| window == b"\"version\"").unwrap();
    altered[place + 10] = b'2';
    let other = SignedHeader::sign(signed.header.clone(), Domain::Acknowledgement, &key).frame(b"{}", b"");
    let cases: [(&str, &[u8]); 5] = [
        ("an offer", &frame),
        ("a header that was altered", &altered),
        ("signed as another kind of message", &other),
        ("cut off", &frame[..60]),
        ("no frame", b"comity/2\n"),
    ];
    let verifier = key.verifier();
    cases
        .into_iter()
        .map(|(name, bytes)| {
            let read = Frame::parse(bytes).ok();
            let output = match read.filter(|frame| frame.verified(Domain::Offer, &verifier).is_ok()) {
                None => json!({ "valid": false }),
                Some(frame) => json!({
                    "valid": true,
                    "digest": frame.digest().to_string(),
                    "header": base64(frame.dangerous_unverified_header()),
                    "attachments": base64(frame.attachments),
                    "bodies": base64(frame.bodies),
                }),
            };
            let key = verifier.to_string();
            let input = json!({ "frame": base64(bytes), "domain": "comity/offer/v1", "key": key });
            vector("frame", name, input, output)
        })
        .collect()
}

fn bodies() -> Vec<Json> {
    let mut entropy = Counted(300);
    let secret = TransportSecret::draw(&mut entropy);
    let public = TransportPublic::from_bytes(&secret.public().to_bytes()).unwrap();
    let exchange = ExchangeId::draw(&mut entropy);
    let classes = [ClassId::draw(&mut entropy), ClassId::draw(&mut entropy)];
    let agreement = "pact-2026".parse().unwrap();
    let info = OfferHeader::seal_info(exchange, &"XA".parse().unwrap(), &"XB".parse().unwrap());
    let contexts = classes.map(|class| OfferHeader::body_context(exchange, class, &agreement));
    let texts = [join_objects([&b"{\"id\":\"one\"}"[..]]), join_objects([&b"{}"[..], b"[]"])];
    let sealing: Vec<(&[u8], &[u8])> =
        contexts.iter().zip(&texts).map(|(context, text)| (&context[..], &text[..])).collect();
    let sealed = seal_offer(&public, &info, &sealing, &mut entropy).unwrap();
    let mut flipped = sealed.ciphertexts.clone();
    flipped[1][0] ^= 1;
    let opened = |number: usize, body: &Vec<u8>| {
        let opening = open_offer(&secret, &sealed.encapsulated, &info).unwrap();
        opening.open(number, &contexts[number], body).map_or(Json::Null, |text| base64(text.as_bytes()))
    };
    [("as sealed", &sealed.ciphertexts), ("with a bit of a commitment flipped", &flipped)]
        .into_iter()
        .map(|(name, ciphertexts)| {
            let cleartexts: Vec<Json> =
                ciphertexts.iter().enumerate().map(|(number, body)| opened(number, body)).collect();
            let input = json!({
                "exchange": exchange.to_string(),
                "sender": "XA",
                "receiver": "XB",
                "agreement": "pact-2026",
                "classes": classes.map(|class| class.to_string()),
                "transport_secret": base64(&secret.dangerous_bytes()[..]),
                "encapsulated": base64(&sealed.encapsulated),
                "sealed": ciphertexts.iter().map(|body| base64(body)).collect::<Vec<_>>(),
            });
            vector("bodies", name, input, json!({ "cleartexts": cleartexts }))
        })
        .collect()
}

/// A tree in memory.
#[derive(Default)]
struct Tree(Vec<Node>);

impl NodeReader for Tree {
    type Error = std::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Self::Error> {
        Ok(self.0.iter().find(|node| (node.level, node.index) == (level, index)).map(|node| node.hash))
    }
}

fn receipts() -> Vec<Json> {
    let origin = "gateway.example/log";
    let key = SigningKey::from_seed(origin, &[2; 32]).unwrap();
    let (mut frontier, mut tree, mut entries) = (Frontier::new(), Tree::default(), Vec::new());
    let mut entropy = Counted(400);
    for _ in 0..7 {
        let at = "2026-11-02T09:20:00Z".parse().unwrap();
        let (entry, _) = Opening::draw(Act::ExchangeDecided, at, json!({}), &mut entropy);
        tree.0.extend(frontier.append(leaf_hash(&entry.to_bytes())));
        entries.push(entry.to_bytes());
    }
    let checkpoint = Checkpoint::new(origin, TreeSize(7), frontier.root()).unwrap();
    let checkpoint = SignedCheckpoint::sign(checkpoint, &key).unwrap();
    let mut all = Vec::new();
    for index in [0, 4, 6] {
        let proof = inclusion_proof(LeafIndex(index), TreeSize(7), &tree).unwrap();
        let own = &entries[usize::try_from(index).unwrap()];
        let receipt = Receipt::new(own, LeafIndex(index), proof, checkpoint.clone()).unwrap().to_string();
        for (name, entry) in [("its entry", own), ("another entry", &entries[1])] {
            let read = Receipt::parse(receipt.as_bytes()).unwrap();
            let output = match read.verify(entry, key.verifier_key(), None) {
                Ok(_) => json!({ "valid": true, "index": index, "tree_size": 7 }),
                Err(_) => json!({ "valid": false }),
            };
            let vkey = key.verifier_key().to_string();
            let input = json!({ "receipt": receipt, "entry": base64(entry), "vkey": vkey });
            all.push(vector("receipt", &format!("of entry {index}, {name}"), input, output));
        }
    }
    all
}

#[test]
fn the_vectors_are_what_this_implementation_makes() {
    let formats = [digests(), entries(), roots(), objects(), frames(), bodies(), receipts()].concat();
    let all = [formats, messages::all(), matching::all(), views::all()].concat();
    let text: String = all.iter().map(|vector| format!("{vector}\n")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/vectors.jsonl");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == text, "docs/spec/vectors.jsonl differs: has a format changed?");
}

#[test]
fn a_second_implementation_finds_the_same() {
    let Some(python) = comity_beside::python("cryptography") else { return };
    let spec = comity_beside::workspace().join("docs/spec");
    let run = std::process::Command::new(&python)
        .arg(spec.join("conform.py"))
        .arg(&python)
        .arg(spec.join("second.py"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains(", 0 not supported"), "{said}");
}

#[test]
fn the_runner_tells_what_is_wrong_with_an_implementation_and_waits_for_none() {
    let Some(python) = comity_beside::python("cryptography") else { return };
    let spec = comity_beside::workspace().join("docs/spec");
    let answers =
        |answer: &str| format!("import sys\nfor line in sys.stdin:\n    print('{answer}', flush=True)");
    let (nothing, one) = (answers(r#"{"unsupported": true}"#), answers(r#"{"unsupported": 1}"#));
    let count = std::fs::read_to_string(spec.join("vectors.jsonl")).unwrap().lines().count();
    let none = format!("0 of {count} right, {count} not supported");
    let wrong = format!("0 of {count} right, 0 not supported");
    for (title, command, exit, told) in [
        ("does nothing of it", vec!["-c", &nothing], 1, none.as_str()),
        ("one is not true", vec!["-c", &one], 1, wrong.as_str()),
        ("no JSON", vec!["-c", "while True: print('y', flush=True)"], 1, "the answer is no JSON: y"),
        ("ends", vec!["-c", "pass"], 1, "the command ended"),
        // It never answers: the runner, which is given 2 seconds here, kills it.
        ("hangs", vec!["-c", "import time; time.sleep(600)"], 1, "no answer within 2 s"),
    ] {
        let run = std::process::Command::new(&python)
            .arg(spec.join("conform.py"))
            .args(["--seconds", "2"])
            .arg(&python)
            .args(command)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert_eq!(run.status.code(), Some(exit), "{title}: {said}");
        assert!(said.contains(told) && run.stderr.is_empty(), "{title}: {said}");
    }
    let run =
        std::process::Command::new(&python).arg(spec.join("conform.py")).arg("/no/such/program").output();
    let run = run.unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("does not start"));
}
