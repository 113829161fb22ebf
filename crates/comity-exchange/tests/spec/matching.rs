//! Matching: forms of values, the VOPRF over them, the filter, and the messages that carry them. Each message is read as its
//! receiver reads it.

use super::messages::{House, at};
use super::{Counted, base64, vector};
use comity_exchange::federation::matching::{
    AttachedStatement, EpochStatement, MatchAnswerAttachments, MatchAnswerHeader, MatchAnswered, MatchHeader,
    MatchQuestion, MatchResult, MatchStep, question_digest,
};
use comity_exchange::wire::{Base64, Text, facts_to_wire};
use comity_minimise::matching::{BATCH, Blinded, ELEMENT_LENGTH, Elements, Filter, MatchKey, MatchValue};
use comity_terms::ids::MatchId;
use comity_terms::{Asserter, Digest, Entropy, Facts, Party};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The secret of a day, and a scope under it as the page lists its parts.
const SECRET: [u8; 32] = [7; 32];
const DAY: &str = "2026-11-02";
const HELD: [&str; 3] = ["c2.example.com", "198.51.100.7", "b2a5abfeef9e36964281a31e17b57c97"];
const LOOKED_FOR: [&str; 3] = ["C2.example[.]com", "203.0.113.9", "hxxps://Example.org/A"];

fn hex(tag: u64) -> String {
    format!("{tag:016x}")
}

fn value(text: &str) -> MatchValue {
    MatchValue::new(text).unwrap()
}

fn forms() -> Vec<Json> {
    let long = "x".repeat(4_097);
    [
        "198.51.100.7",
        "198.51.100.77/24",
        "198.51.100.7/32",
        "198.51.100.7/33",
        "2001:DB8:0:0::1",
        "2001:db8::ffff/64",
        "hxxps://Example[.]ORG/Path?q=A",
        "https://example.org/",
        " C2.Example.COM. ",
        "Mari.Kask[@]Example.EE",
        "B2A5ABFEEF9E36964281A31E17B57C97",
        "Global\\Some  Mutex",
        "",
        long.as_str(),
    ]
    .into_iter()
    .map(|text| {
        let form = MatchValue::new(text).map(|value| json!({ "kind": value.kind(), "form": value.value() }));
        let name = if text.len() > 64 { "4,097 bytes" } else { text };
        vector("match-value", name, json!({ "text": text }), json!({ "value": form }))
    })
    .collect()
}

/// Remembers what it gave: a blind is drawn from the bytes that the asker keeps.
struct Kept(Counted, Vec<Vec<u8>>);

impl Entropy for Kept {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.fill(out);
        self.1.push(out.to_vec());
    }
}

/// What one asker and one holder come to.
struct Batch {
    scope: Vec<String>,
    key: MatchKey,
    blinded: Blinded,
    /// The bytes that the blinds of what is looked for are made of.
    blinds: Vec<Vec<u8>>,
    evaluated: Vec<u8>,
    proof: [u8; 64],
    filter: Vec<u8>,
}

impl Batch {
    fn new(question: Digest) -> Self {
        let scope = ["XA", "pact-2026", "threat_intel", "cyber_defence", &question.to_string(), DAY];
        let key = MatchKey::derive(&SECRET, &scope).unwrap();
        let mut kept = Kept(Counted(50_000), Vec::new());
        let values = LOOKED_FOR.map(value);
        let blinded = Blinded::draw(&values.each_ref(), &mut kept).unwrap();
        // 64 bytes each, that are reduced; before them the filling was drawn, 32 bytes each.
        let blinds: Vec<Vec<u8>> = kept.1.into_iter().filter(|drawn| drawn.len() == 64).collect();
        assert_eq!(blinds.len(), BATCH);
        let blinds = blinds[..values.len()].to_vec();
        let elements = Elements::parse(blinded.bytes()).unwrap();
        let (evaluated, proof) = key.evaluate(&elements, &mut Counted(60_000)).unwrap();
        let tags: BTreeSet<u64> = HELD.iter().map(|text| key.tag(&value(text)).unwrap()).collect();
        let filter = Filter::build(tags, &mut Counted(70_000)).unwrap().to_bytes();
        Self { scope: scope.map(str::to_owned).to_vec(), key, blinded, blinds, evaluated, proof, filter }
    }

    fn tags(&self) -> Vec<Json> {
        let texts = HELD.iter().chain(&LOOKED_FOR);
        let tag = |text: &&str| {
            let input = json!({ "secret": base64(&SECRET), "scope": self.scope, "text": text });
            let tag = hex(self.key.tag(&value(text)).unwrap());
            vector("match-tag", text, input, json!({ "key": base64(&self.key.public()), "tag": tag }))
        };
        texts.map(tag).collect()
    }

    /// What the holder makes of the asker's batch.
    fn evaluation(&self) -> Json {
        let input = json!({ "secret": base64(&SECRET), "scope": self.scope, "elements": base64(self.blinded.bytes()) });
        let output = json!({ "key": base64(&self.key.public()), "evaluated": base64(&self.evaluated) });
        vector("match-evaluate", "a batch", input, output)
    }

    /// What the asker makes of the holder's answer.
    fn finished(&self) -> Vec<Json> {
        let (mut swapped, mut bent, mut unread) =
            (self.evaluated.clone(), self.proof, self.evaluated.clone());
        let (first, second) = swapped.split_at_mut(ELEMENT_LENGTH);
        first.swap_with_slice(&mut second[..ELEMENT_LENGTH]);
        bent[0] ^= 1;
        // Its one encoding is that of the even representative.
        unread[0] |= 1;
        let mut identity = self.evaluated.clone();
        identity[..ELEMENT_LENGTH].fill(0);
        let short = &self.evaluated[ELEMENT_LENGTH..];
        let another = MatchKey::derive(&[8; 32], &[]).unwrap().public();
        let own = self.key.public();
        [
            ("as it came", own, &self.evaluated[..], self.proof),
            ("by another key", another, &self.evaluated, self.proof),
            ("two elements in each other's place", own, &swapped, self.proof),
            ("a bit of the proof flipped", own, &self.evaluated, bent),
            ("an element in another encoding", own, &unread, self.proof),
            ("the identity", own, &identity, self.proof),
            ("one element too few", own, short, self.proof),
        ]
        .into_iter()
        .map(|(name, key, evaluated, proof)| {
            let output = match self.blinded.finish(&key, evaluated, &proof) {
                Err(_) => json!({ "valid": false }),
                Ok(tags) => json!({ "valid": true, "tags": tags.into_iter().map(hex).collect::<Vec<_>>() }),
            };
            let input = json!({
                "texts": LOOKED_FOR, "blinds": self.blinds.iter().map(|one| base64(one)).collect::<Vec<_>>(),
                "elements": base64(self.blinded.bytes()), "key": base64(&key), "evaluated": base64(evaluated),
                "proof": base64(&proof),
            });
            vector("match-finish", name, input, output)
        })
        .collect()
    }

    fn filters(&self) -> Vec<Json> {
        let texts = HELD.iter().chain(&LOOKED_FOR);
        let tags: Vec<u64> = texts.map(|text| self.key.tag(&value(text)).unwrap()).collect();
        let mut segments = self.filter.clone();
        segments[8..12].copy_from_slice(&3_u32.to_be_bytes());
        [
            ("what is held and what is looked for", &self.filter[..]),
            ("cut off", &self.filter[..self.filter.len() - 4]),
            ("of segments that are no power of two", &segments),
        ]
        .into_iter()
        .map(|(name, bytes)| {
            let output = match Filter::from_bytes(bytes) {
                Err(_) => json!({ "valid": false }),
                Ok(filter) => {
                    json!({ "valid": true, "found": tags.iter().map(|tag| filter.contains(*tag)).collect::<Vec<_>>() })
                }
            };
            let asked: Vec<String> = tags.iter().copied().map(hex).collect();
            vector("match-filter", name, json!({ "filter": base64(bytes), "tags": asked }), output)
        })
        .collect()
    }
}

fn header(asker: &House, holder: &House, step: MatchStep) -> MatchHeader {
    let mut facts = Facts::new();
    facts.know("specific_identifier", true, Asserter::Gateway);
    facts.know("case_number", "1-26-4711", Asserter::Gateway);
    let laws =
        ["agreement", "XA", "XB"].map(|law| (Text(law.parse().unwrap()), Text(Digest::of(law.as_bytes()))));
    MatchHeader {
        version: 1,
        match_id: Text(MatchId::draw(&mut Counted(80_000))),
        asker: Text(asker.party.clone()),
        holder: Text(holder.party.clone()),
        agreement: Text("pact-2026".parse().unwrap()),
        laws: BTreeMap::from(laws),
        activity: Text("threat_intel".parse().unwrap()),
        purpose: Text("cyber_defence".parse().unwrap()),
        facts: facts_to_wire(&facts),
        at: Text(at("2026-11-02T09:20:00Z")),
        step,
        entry: Base64(asker.entries[1].clone()),
    }
}

fn open() -> MatchStep {
    MatchStep::Open { have: None }
}

fn evaluate(elements: &[u8], batch: u32) -> MatchStep {
    MatchStep::Evaluate { day: Text(DAY.parse().unwrap()), batch, elements: Text(Digest::of(elements)) }
}

fn questions((xa, xb, xd): (&House, &House, &House), batch: &Batch) -> Vec<Json> {
    let elements = batch.blinded.bytes();
    let framed = |step: MatchStep, by: &House, proof: usize, bodies: &[u8]| {
        header(xa, xb, step).sign(&by.key).frame(&xa.proof(proof), bodies)
    };
    let mut identity = elements.to_vec();
    identity[..ELEMENT_LENGTH].fill(0);
    let have = MatchStep::Open { have: Some(Text(Digest::of(&batch.filter))) };
    let family = MatchHeader { entry: Base64(xa.entries[0].clone()), ..header(xa, xb, open()) };
    let version = MatchHeader { version: 2, ..header(xa, xb, open()) };
    let one = |name, frame, holder| (name, frame, holder);
    [
        one("to open", framed(open(), xa, 1, b""), &xb.party),
        one("to open, the filter is here", framed(have, xa, 1, b""), &xb.party),
        one("to open, with elements", framed(open(), xa, 1, elements), &xb.party),
        one("a batch", framed(evaluate(elements, 1), xa, 1, elements), &xb.party),
        one("batch 0", framed(evaluate(elements, 0), xa, 1, elements), &xb.party),
        one("the last batch", framed(evaluate(elements, 72), xa, 1, elements), &xb.party),
        one("one batch more", framed(evaluate(elements, 73), xa, 1, elements), &xb.party),
        one("another batch than was signed", framed(evaluate(b"", 1), xa, 1, elements), &xb.party),
        one("a batch with the identity", framed(evaluate(&identity, 1), xa, 1, &identity), &xb.party),
        one("a batch too short", framed(evaluate(&elements[32..], 1), xa, 1, &elements[32..]), &xb.party),
        one("to another", framed(open(), xa, 1, b""), &xd.party),
        one("signed by another", framed(open(), xd, 1, b""), &xb.party),
        one("proved by another entry", framed(open(), xa, 0, b""), &xb.party),
        one("an entry of another family", family.sign(&xa.key).frame(&xa.proof(0), b""), &xb.party),
        one("another version", version.sign(&xa.key).frame(&xa.proof(1), b""), &xb.party),
    ]
    .into_iter()
    .map(|(name, frame, holder)| {
        let output = match MatchQuestion::read(&frame, (&xa.party, holder), &xa.known()) {
            Err(_) => json!({ "valid": false }),
            Ok(read) => json!({
                "valid": true, "message": read.message.to_string(), "match_id": read.header.match_id,
                "question": read.scope().question.to_string(), "step": read.header.step,
            }),
        };
        let input = json!({
            "frame": base64(&frame), "asker": xa.party.as_str(), "holder": holder.as_str(),
            "known": { "XA": xa.keys() },
        });
        vector("match-question", name, input, output)
    })
    .collect()
}

fn answers((xa, xb, xd): (&House, &House, &House), batch: &Batch) -> Vec<Json> {
    let (elements, message) = (batch.blinded.bytes(), Digest::of(b"a question"));
    let [asked_open, asked_batch] = [open(), evaluate(elements, 1)].map(|step| header(xa, xb, step));
    let have = Some(Text(Digest::of(&batch.filter)));
    let asked_had = header(xa, xb, MatchStep::Open { have });
    let answer = |result: MatchResult| MatchAnswerHeader {
        version: 1,
        match_id: asked_open.match_id,
        message: Text(message),
        holder: Text(xb.party.clone()),
        at: Text(at("2026-11-02T09:20:01Z")),
        result,
        reasons: Vec::new(),
        escalate_to: Vec::new(),
        citations: Vec::new(),
        again_at: None,
        left: None,
        proof: None,
        elements: None,
        entry: result.is_act().then(|| Base64(xb.entries[1].clone())),
    };
    let statement = EpochStatement {
        version: 1,
        holder: Text(xb.party.clone()),
        asker: Text(xa.party.clone()),
        agreement: asked_open.agreement.clone(),
        activity: asked_open.activity.clone(),
        purpose: asked_open.purpose.clone(),
        question: Text(question_digest(&asked_open.facts, &asked_open.laws)),
        day: Text(DAY.parse().unwrap()),
        key: Base64(batch.key.public().to_vec()),
        filter: Text(Digest::of(&batch.filter)),
        entry: Base64(xb.entries[1].clone()),
    };
    let receipt = |house: &House, index: usize| {
        let proof: Json = serde_json::from_slice(&house.proof(index)).unwrap();
        proof["receipt"].as_str().unwrap().to_owned()
    };
    let opened = |statement: &EpochStatement, by: &House, proof: usize, bodies: &[u8]| {
        let signed = statement.sign(&by.key);
        let attached = AttachedStatement {
            statement: Base64(signed.header.clone()),
            signature: Base64(signed.signature.0.to_vec()),
            receipt: receipt(xb, proof),
        };
        let attachments = MatchAnswerAttachments { receipt: None, opened: Some(attached) };
        answer(MatchResult::Opened).sign(&xb.key).frame(&serde_json::to_vec(&attachments).unwrap(), bodies)
    };
    let evaluated = MatchAnswerHeader {
        proof: Some(Base64(batch.proof.to_vec())),
        elements: Some(Text(Digest::of(&batch.evaluated))),
        left: Some(12_672),
        ..answer(MatchResult::Evaluated)
    };
    let acted = |header: &MatchAnswerHeader, by: &House, proof: usize, bodies: &[u8]| {
        header.sign(&by.key).frame(&xb.proof(proof), bodies)
    };
    let other = EpochStatement { question: Text(Digest::of(b"another question")), ..statement.clone() };
    let late = MatchAnswerHeader { message: Text(Digest::of(b"another")), ..evaluated.clone() };
    let unproved = MatchAnswerHeader { proof: None, ..evaluated.clone() };
    let refused = answer(MatchResult::Refused);
    let (filter, whole) = (&batch.filter[..], &batch.evaluated[..]);
    let over = answer(MatchResult::DayOver).sign(&xb.key).frame(b"{}", b"");
    let cases: Vec<(&str, Vec<u8>, &MatchHeader)> = vec![
        ("opened", opened(&statement, xb, 1, filter), &asked_open),
        ("opened, the filter was here", opened(&statement, xb, 1, b""), &asked_had),
        ("opened without its filter", opened(&statement, xb, 1, b""), &asked_open),
        ("opened, for another question", opened(&other, xb, 1, filter), &asked_open),
        ("opened, a statement signed by another", opened(&statement, xd, 1, filter), &asked_open),
        ("opened, a statement proved by another entry", opened(&statement, xb, 0, filter), &asked_open),
        ("opened, where a batch was asked for", opened(&statement, xb, 1, filter), &asked_batch),
        ("evaluated", acted(&evaluated, xb, 1, whole), &asked_batch),
        ("evaluated, other elements than were signed", acted(&evaluated, xb, 1, &whole[32..]), &asked_batch),
        ("evaluated without a proof", acted(&unproved, xb, 1, whole), &asked_batch),
        ("to another question", acted(&late, xb, 1, whole), &asked_batch),
        ("signed by another", acted(&evaluated, xd, 1, whole), &asked_batch),
        ("proved by another entry", acted(&evaluated, xb, 0, whole), &asked_batch),
        ("refused", acted(&refused, xb, 1, b""), &asked_batch),
        ("refused, with something behind it", acted(&refused, xb, 1, b"x"), &asked_batch),
        ("the day is over", over, &asked_batch),
    ];
    let told = |(name, frame, asked): (&str, Vec<u8>, &MatchHeader)| {
        let output = match MatchAnswered::read(&frame, (asked, message), &xb.known()) {
            Err(_) => json!({ "valid": false }),
            Ok(read) => json!({
                "valid": true,
                "result": read.header.result,
                "opened": read.opened.map(|opened| json!({
                    "day": opened.statement.day, "key": base64(&opened.key), "filter": opened.statement.filter,
                    "came": opened.filter.is_some(),
                })),
                "elements": Digest::of(&read.elements).to_string(),
                "proof": read.proof.map(|proof| base64(&proof)),
            }),
        };
        let party = |party: &Party| party.to_string();
        let input = json!({
            "frame": base64(&frame), "asked": asked, "message": message.to_string(),
            "holder": party(&xb.party), "known": { "XB": xb.keys() },
        });
        vector("match-answer", name, input, output)
    };
    cases.into_iter().map(told).collect()
}

pub(super) fn all() -> Vec<Json> {
    let [xa, xb, xd] = [("XA", 11), ("XB", 12), ("XD", 14)].map(|(code, seed)| House::new(code, seed));
    let houses = (&xa, &xb, &xd);
    let asked = header(&xa, &xb, open());
    let batch = Batch::new(question_digest(&asked.facts, &asked.laws));
    let parts = [
        forms(),
        batch.tags(),
        vec![batch.evaluation()],
        batch.finished(),
        batch.filters(),
        questions(houses, &batch),
        answers(houses, &batch),
    ];
    parts.concat()
}
