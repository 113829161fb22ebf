//! One function for each parser. What it accepts is held against what accepting it promises.

pub mod doors;

use comity_agreement::{Keep, LawFiles, Pack, Vocabulary, shipped};
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::answer::Answer;
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::identity::Identity;
use comity_exchange::federation::matching::{MatchAnswered, MatchHeader, MatchQuestion, MatchStep};
use comity_exchange::federation::offer::{Offer, split_objects};
use comity_exchange::federation::recall::{Answered, HopHeader, Known, TakenHop};
use comity_exchange::federation::referral::{HeardReferral, TakenReferral};
use comity_exchange::federation::uses::{EXCHANGES_MAX, UsesAnswer, UsesQuestion};
use comity_exchange::federation::view::{
    ViewAnswered, ViewHeader, ViewQuestion, looked_for, read_looked_for,
};
use comity_exchange::signature::{Domain, PartyKey, PartyVerifier};
use comity_exchange::wire::Base64;
use comity_minimise::json::Node;
use comity_minimise::matching::{Elements, Filter, MatchValue};
use comity_minimise::text::detect;
use comity_minimise::{Bundle, Limits, PathTable, Profile, TokenKey, classes, classify, minimise};
use comity_terms::ids::{OrderId, RequestId};
use comity_terms::{Digest, ExchangeId, Party};
use comity_tlog::{
    AddCheckpoint, Checkpoint, Note, Policy, Receipt, Resource, SignedCheckpoint, SigningKey, TreeSize,
    VerifierKey, leaf_hash,
};
use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

/// The bounds that bundles are read within: small, so that reaching them is part of the search.
const LIMITS: Limits = Limits { bytes_max: 1 << 20, objects_max: 2_000, string_length_max: 1 << 16 };

static TABLE: LazyLock<PathTable> = LazyLock::new(|| PathTable::shipped().expect("the shipped table reads"));
static KEY: LazyLock<TokenKey> =
    LazyLock::new(|| TokenKey::derive(&[7; 32], "agreement", "FI", "2026-01").expect("a key"));

/// A STIX bundle, read, classified and minimised: what comes out reads back, and minimising it changes nothing.
pub fn bundle(data: &[u8]) {
    let Ok(bundle) = Bundle::parse(data, &LIMITS) else { return };
    for rejected in bundle.rejected() {
        assert!(!rejected.to_string().is_empty());
    }
    let classes = classes(classify(&bundle, &TABLE));
    assert_eq!(classes.iter().map(|class| class.objects.len()).sum::<usize>(), bundle.objects().len());
    let out = minimised(&bundle);
    let again = Bundle::parse(&out, &Limits::default()).expect("what goes out reads");
    if let Some(rejected) = again.rejected().first() {
        panic!("what goes out is rejected: {rejected}");
    }
    assert!(minimised(&again) == out, "minimising again changed something");
}

fn minimised(bundle: &Bundle<'_>) -> Vec<u8> {
    let profile = Profile { purpose: "cyber_defence".to_owned(), ..Profile::default() };
    let keep: Vec<_> = (0..bundle.objects().len()).map(|index| (index, &profile)).collect();
    let mut entropy = |out: &mut [u8]| out.fill(7);
    let minimised = minimise(bundle, &keep, &TABLE, &KEY, &mut entropy);
    let counts = minimised.counts;
    assert_eq!(counts.input, counts.kept + counts.changed + counts.withheld);
    minimised.bytes()
}

/// A MISP document: what is made of it is a bundle that reads back, and says the same the second time round. And a
/// bundle of others: what is made of it is a MISP document.
pub fn misp(data: &[u8]) {
    let limits = comity_misp::Limits { bytes_max: 1 << 20, records_max: 20_000, text_length_max: 1 << 16 };
    if let Ok(misp) = comity_misp::to_misp(data, &limits) {
        let _ = comity_misp::to_stix(misp.document.to_string().as_bytes(), &comity_misp::Limits::default());
    }
    let Ok(stix) = comity_misp::to_stix(data, &limits) else { return };
    let roomy = comity_misp::Limits::default();
    let back = comity_misp::to_misp(stix.document.to_string().as_bytes(), &roomy).expect("our STIX reads");
    let again = comity_misp::to_stix(back.document.to_string().as_bytes(), &roomy).expect("our MISP reads");
    let count = |document: &serde_json::Value| document["objects"].as_array().map_or(0, Vec::len);
    assert!(count(&again.document) <= count(&stix.document), "more comes back than went");
}

/// A free text: what is found in it lies in order, apart, and between characters.
pub fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = detect(text);
    let mut end = 0;
    let spans = found.spans.iter().map(|span| span.start..span.end);
    for range in spans {
        assert!(end <= range.start && range.start < range.end, "found things overlap");
        assert!(text.get(range.clone()).is_some(), "cut through a character");
        end = range.end;
    }
    for range in found.likely_names {
        assert!(text.get(range).is_some(), "cut through a character");
    }
}

/// A pattern, as an indicator of STIX 2.1 and of STIX 2.0 has it.
pub fn pattern(data: &[u8]) {
    let Ok(pattern) = std::str::from_utf8(data) else { return };
    let mut object = serde_json::json!({
        "type": "indicator", "id": "indicator--00000000-0000-4000-8000-000000000001",
        "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
        "valid_from": "2026-01-01T00:00:00Z", "pattern": pattern,
    });
    bundle(object.to_string().as_bytes());
    object["spec_version"] = "2.1".into();
    object["pattern_type"] = "stix".into();
    bundle(object.to_string().as_bytes());
}

/// JSON as a tree: whatever is read, serde_json reads too, and reads the same again from what is written.
pub fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match Node::read(text, LIMITS.string_length_max) {
        Ok(tree) => {
            let mut written = Vec::new();
            tree.write(&mut written);
            // What serde_json refuses of JSON's grammar: numbers beyond a double.
            let Ok(theirs) = theirs else { return assert!(is_beyond_double(text), "only ours reads it") };
            let again: serde_json::Value = serde_json::from_slice(&written).expect("what is written is JSON");
            assert!(again == theirs, "read differently");
            tree.write_canonical(&mut written);
        }
        Err(comity_minimise::json::TreeError::NotJson) => assert!(theirs.is_err(), "only theirs reads it"),
        Err(_) => {}
    }
}

fn is_beyond_double(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text)
        .is_err_and(|error| error.to_string().contains("out of range"))
}

/// The party that signs here.
pub(crate) fn key() -> PartyKey {
    PartyKey::from_seed(&[3; 32])
}

fn verifier() -> &'static PartyVerifier {
    static VERIFIER: OnceLock<PartyVerifier> = OnceLock::new();
    VERIFIER.get_or_init(|| key().verifier())
}

fn party(code: &str) -> Party {
    code.parse().expect("a party")
}

/// A frame, its entry and its bodies, before any signature is looked at.
pub fn frame(data: &[u8]) {
    if let Ok(frame) = Frame::parse(data) {
        let _ = frame.verified(Domain::Offer, verifier());
        let _ = frame.digest();
        let parts = frame.dangerous_unverified_header().len() + frame.attachments.len() + frame.bodies.len();
        assert!(parts < data.len());
    }
    let _ = PublicEntry::from_bytes(data);
    if let Some(objects) = split_objects(data) {
        assert_eq!(objects.iter().map(|object| object.len() + 4).sum::<usize>(), data.len());
    }
}

/// The header of an offer that its sender did sign, with bodies behind it (after the first zero byte).
pub fn offer(data: &[u8]) {
    let (header, bodies) = split(data);
    let frame = SignedHeader::sign(header.to_vec(), Domain::Offer, &key()).frame(b"{}", bodies);
    let _ = Offer::read(&frame, &party("EE"), &party("FI"), verifier());
}

/// The header of an answer that its receiver did sign, with attachments behind it (after the first zero byte).
pub fn answer(data: &[u8]) {
    let (header, attachments) = split(data);
    let frame = SignedHeader::sign(header.to_vec(), Domain::Acknowledgement, &key()).frame(attachments, b"");
    let said: serde_json::Value = serde_json::from_slice(header).unwrap_or_default();
    let exchange: Option<ExchangeId> = said["exchange_id"].as_str().and_then(|id| id.parse().ok());
    let offer: Option<Digest> = said["offer"].as_str().and_then(|digest| digest.parse().ok());
    let exchange = exchange.unwrap_or_else(|| "00000000-0000-4000-8000-000000000001".parse().expect("an id"));
    let offer = offer.unwrap_or(Digest::of(b""));
    let _ = Answer::read(&frame, exchange, offer, &party("FI"), verifier());
}

/// The header of an order's message that its sender did sign, with attachments behind it (after the first zero byte); its
/// order is signed here too, where it reads.
pub fn recall(data: &[u8]) {
    let (header, attachments) = split(data);
    let mut header = header.to_vec();
    if let Ok(mut hop) = serde_json::from_slice::<HopHeader>(&header) {
        hop.order_signature = Base64(key().sign(Domain::Recall, &hop.order.0).0.to_vec());
        header = serde_json::to_vec(&hop).expect("plain data");
    }
    let frame = SignedHeader::sign(header, Domain::RecallHop, &key()).frame(attachments, b"");
    if let Ok(taken) = TakenHop::read(&frame, (&party("EE"), &party("FI")), known) {
        let _ = TakenHop::stored(&taken.header).expect("what was read reads again");
    }
}

/// The header of an answer to an order that its holder did sign, with what is told of others behind it (after the first
/// zero byte).
pub fn recall_answer(data: &[u8]) {
    let (header, bodies) = split(data);
    let frame = SignedHeader::sign(header.to_vec(), Domain::RecallAnswer, &key()).frame(b"{}", bodies);
    let said: serde_json::Value = serde_json::from_slice(header).unwrap_or_default();
    let order: Option<OrderId> = said["order_id"].as_str().and_then(|id| id.parse().ok());
    let order = order.unwrap_or_else(|| "00000000-0000-4000-8000-000000000001".parse().expect("an id"));
    let keys = known(&party("FI")).expect("a key");
    let _ = Answered::read(&frame, (order, None), &party("FI"), &keys, &known);
}

/// The header of a question whether values are held that its asker did sign, with the batch behind it (after the first zero
/// byte). Its entry is one that the log holds, and its batch the one that follows: what comes after these is reached.
pub fn match_question(data: &[u8]) {
    let (header, bodies) = split(data);
    let mut header = header.to_vec();
    if let Ok(mut question) = serde_json::from_slice::<MatchHeader>(&header) {
        question.entry = Base64(ENTRY.to_vec());
        if let MatchStep::Evaluate { elements, .. } = &mut question.step {
            elements.0 = Digest::of(bodies);
        }
        header = serde_json::to_vec(&question).expect("plain data");
    }
    let attachments = format!("{{\"receipt\":{}}}", serde_json::Value::from(receipt_of_entry()));
    let frame = SignedHeader::sign(header, Domain::Match, &key()).frame(attachments.as_bytes(), bodies);
    let keys = known(&party("EE")).expect("a key");
    if let Ok(question) = MatchQuestion::read(&frame, (&party("EE"), &party("FI")), &keys) {
        let _ = question.scope();
    }
}

/// The header of an answer to such a question that its holder did sign, with what follows (after the first zero byte).
pub fn match_answer(data: &[u8]) {
    let (header, bodies) = split(data);
    let frame = SignedHeader::sign(header.to_vec(), Domain::MatchAnswer, &key());
    let frame = frame.frame(b"{}", bodies);
    let said: serde_json::Value = serde_json::from_slice(header).unwrap_or_default();
    let message: Option<Digest> = said["message"].as_str().and_then(|digest| digest.parse().ok());
    let asked: MatchHeader = serde_json::from_str(MATCH).expect("our own question reads");
    let keys = known(&party("FI")).expect("a key");
    let _ = MatchAnswered::read(&frame, (&asked, message.unwrap_or(Digest::of(b""))), &keys);
}

/// The header of a question to look at records that its asker did sign, with the sealed body behind it (after the first zero
/// byte), which is also read as what was opened.
pub fn view_question(data: &[u8]) {
    let (header, body) = split(data);
    let mut header = header.to_vec();
    if let Ok(mut question) = serde_json::from_slice::<ViewHeader>(&header) {
        question.entry = Base64(ENTRY.to_vec());
        question.sealed.0 = Digest::of(body);
        header = serde_json::to_vec(&question).expect("plain data");
    }
    let attachments = format!("{{\"receipt\":{}}}", serde_json::Value::from(receipt_of_entry()));
    let frame = SignedHeader::sign(header, Domain::View, &key()).frame(attachments.as_bytes(), body);
    let keys = known(&party("EE")).expect("a key");
    let _ = ViewQuestion::read(&frame, (&party("EE"), &party("FI")), &keys);
    if let Ok(selector) = read_looked_for(body) {
        let again = looked_for(&selector).expect("what is looked for is named");
        assert!(read_looked_for(&again).is_ok(), "and reads again");
    }
}

/// The header of an answer to such a question that its holder did sign, with what follows (after the first zero byte).
pub fn view_answer(data: &[u8]) {
    let (header, body) = split(data);
    let frame = SignedHeader::sign(header.to_vec(), Domain::ViewAnswer, &key()).frame(b"{}", body);
    let said: serde_json::Value = serde_json::from_slice(header).unwrap_or_default();
    let message: Option<Digest> = said["message"].as_str().and_then(|digest| digest.parse().ok());
    let asked: ViewHeader = serde_json::from_str(VIEW).expect("our own question reads");
    let keys = known(&party("FI")).expect("a key");
    let _ = ViewAnswered::read(&frame, (&asked, message.unwrap_or(Digest::of(b""))), &keys);
}

/// A question how often what was given was used; and the header of an answer that its holder did sign, to a question of one
/// exchange.
pub fn uses(data: &[u8]) {
    if let Ok(question) = UsesQuestion::read(data) {
        assert!(question.exchanges.len() <= EXCHANGES_MAX);
    }
    let frame = SignedHeader::sign(data.to_vec(), Domain::Uses, &key()).frame(b"{}", &[]);
    let asked = BTreeSet::from([USED.parse().expect("an exchange")]);
    let verifier = key().verifier();
    let holder = party("FI");
    if let Ok(answer) = UsesAnswer::read(&frame, (&holder, &verifier), &party("EE"), &asked) {
        assert!(
            answer.uses.len() <= 1 && answer.holder.0 == holder,
            "what was asked, once, by whom it was asked"
        );
    }
}

/// The exchange that is asked about.
pub(crate) const USED: &str = "00000000-0000-4000-8000-000000000001";

/// A question to look at records as its asker signs it, but for its receipt.
pub(crate) const VIEW: &str = r#"{"version":1,"view_id":"00000000-0000-4000-8000-000000000001","asker":"EE","holder":"FI","agreement":"pact-2026","laws":{},"activity":"threat_intel","purpose":"cyber_defence","facts":[],"at":"2026-01-01T00:00:00Z","transport_key":"sha256:0000000000000000000000000000000000000000000000000000000000000000","encapsulated":"","sealed":"sha256:0000000000000000000000000000000000000000000000000000000000000000","answer_to":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","entry":""}"#;

/// A filter: what is one answers every question, and is written as it was read. Also a batch, and a value.
pub fn match_filter(data: &[u8]) {
    if let Ok(filter) = Filter::from_bytes(data) {
        for tag in [0, 1, u64::MAX, 0x9e37_79b9_7f4a_7c15] {
            let _ = filter.contains(tag);
        }
        for tag in data.chunks(8).take(64) {
            let _ = filter.contains(tag.iter().fold(0, |tag, byte| tag << 8 | u64::from(*byte)));
        }
        assert_eq!(filter.to_bytes(), data, "written as it was read");
    }
    let _ = Elements::parse(data);
    if let Some(value) = std::str::from_utf8(data).ok().and_then(MatchValue::new) {
        let again = MatchValue::new(value.value()).expect("a normal form is a value");
        assert_eq!(again, value, "in its normal form already");
    }
}

/// A question as its asker signs it, but for its receipt.
pub(crate) const MATCH: &str = r#"{"version":1,"match_id":"00000000-0000-4000-8000-000000000001","asker":"EE","holder":"FI","agreement":"pact-2026","laws":{},"activity":"threat_intel","purpose":"cyber_defence","facts":[],"at":"2026-01-01T00:00:00Z","step":{"evaluate":{"day":"2026-01-01","batch":1,"elements":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}},"entry":""}"#;

/// An entry of the family of exchanges.
const ENTRY: [u8; 38] = {
    let mut entry = [7; 38];
    // Version 1, family 1, the month 202601 in big-endian.
    (entry[0], entry[1], entry[2], entry[3], entry[4], entry[5]) = (1, 1, 0, 3, 0x17, 0x69);
    entry
};

/// That [`ENTRY`] is the one entry of the log that is known.
fn receipt_of_entry() -> String {
    static RECEIPT: LazyLock<String> = LazyLock::new(|| {
        let signer = SigningKey::from_seed("log.example/1", &[1; 32]).expect("a key");
        let checkpoint =
            Checkpoint::new("log.example/1", TreeSize(1), leaf_hash(&ENTRY)).expect("a checkpoint");
        let signed = SignedCheckpoint::sign(checkpoint, &signer).expect("a signed one");
        format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{signed}")
    });
    RECEIPT.clone()
}

/// The header of a person's request that a partner passes on, or of the answer to one, signed, with attachments behind it
/// (after the first zero byte).
pub fn referral(data: &[u8]) {
    let (header, attachments) = split(data);
    let keys = known(&party("EE")).expect("a key");
    let passed_on = SignedHeader::sign(header.to_vec(), Domain::Referral, &key()).frame(attachments, b"");
    let _ = TakenReferral::read(&passed_on, (&party("EE"), &party("FI")), &keys);
    let answer = SignedHeader::sign(header.to_vec(), Domain::ReferralAnswer, &key()).frame(attachments, b"");
    let said: serde_json::Value = serde_json::from_slice(header).unwrap_or_default();
    let case: Option<RequestId> = said["case_id"].as_str().and_then(|id| id.parse().ok());
    let case = case.unwrap_or_else(|| "00000000-0000-4000-8000-000000000001".parse().expect("an id"));
    let message: Option<Digest> = said["message"].as_str().and_then(|digest| digest.parse().ok());
    let _ = HeardReferral::read(&answer, (case, message.unwrap_or(Digest([0; 32]))), &party("FI"), &keys);
}

fn known(_: &Party) -> Option<Known> {
    static LOG: LazyLock<VerifierKey> = LazyLock::new(|| {
        SigningKey::from_seed("log.example/1", &[1; 32]).expect("a key").verifier_key().clone()
    });
    Some(Known { party: *verifier(), log: LOG.clone() })
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, b""),
    }
}

/// The identity file of a partner.
pub fn identity(data: &[u8]) {
    if let Ok(identity) = Identity::from_file(data) {
        let _ = identity.party_verifier();
    }
}

/// A checkpoint, a note, a request to a witness, the vkey of a log.
pub fn checkpoint(data: &[u8]) {
    if let Ok(checkpoint) = SignedCheckpoint::parse(data) {
        let text = checkpoint.checkpoint().to_string();
        let again = comity_tlog::Checkpoint::parse(&text).expect("what is written reads");
        assert_eq!(again.to_string(), text);
    }
    let _ = Note::parse(data);
    let _ = AddCheckpoint::parse(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = text.trim_end().parse::<VerifierKey>();
    }
}

/// A C2SP tlog-proof.
pub fn receipt(data: &[u8]) {
    let _ = Receipt::parse(data);
}

/// The path of a tile, and its bytes (after the first zero byte).
pub fn tile(data: &[u8]) {
    let (path, bytes) = split(data);
    let Ok(path) = std::str::from_utf8(path) else { return };
    match path.parse::<Resource>() {
        Ok(Resource::Tile(tile)) => {
            assert_eq!(tile.path(), path, "one path for each tile");
            let _ = comity_tlog::tile_hashes(tile, bytes);
        }
        Ok(Resource::Bundle(bundle)) => {
            assert_eq!(bundle.path(), path, "one path for each bundle");
            let _ = comity_tlog::decode_bundle(bundle, bytes);
        }
        Ok(Resource::Checkpoint) | Err(_) => {}
    }
}

/// A C2SP tlog-policy: the quorum of a log's witnesses.
pub fn policy(data: &[u8]) {
    let _ = Policy::parse(data);
}

/// The files of a pack that a partner gives: the first byte says which of them is not as it shipped.
pub fn pack(data: &[u8]) {
    let Some((which, text)) = data.split_first() else { return };
    let mut files: LawFiles = shipped().clone();
    let path = format!("{PACK}/{}", PACK_FILES[usize::from(*which) % PACK_FILES.len()]);
    files.0.insert(path, text.to_vec());
    if let Err(error) = Pack::load(&files, PACK, vocabulary(), Keep::Text) {
        assert!(!error.to_string().is_empty());
    }
}

fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
    VOCABULARY.get_or_init(|| Vocabulary::load(shipped()).expect("the shipped vocabulary loads"))
}

/// The pack that is altered.
pub(crate) const PACK: &str = "agreements/eu-nis2-2022-2555";

/// Its files, by the first byte of an input.
pub(crate) const PACK_FILES: [&str; 5] =
    ["pack.toml", "permits.cedar", "forbids.cedar", "obligations.cedar", "obligations.toml"];

/// The bounds that imports read within: small, as those of bundles.
const IMPORTS: comity_import::Limits =
    comity_import::Limits { bytes_max: 1 << 20, records_max: 20_000, text_length_max: 1 << 16 };

/// A KEV catalogue: a refusal says something; every object of what is made reads as STIX.
pub fn kev(data: &[u8]) {
    imported(comity_import::kev::to_stix(data, &IMPORTS));
}

/// A VERIS incident: a refusal says something; every object of what is made reads as STIX.
pub fn veris(data: &[u8]) {
    imported(comity_import::veris::to_stix(data, &IMPORTS));
}

fn imported(made: Result<comity_import::Imported, comity_import::ImportError>) {
    match made {
        Ok(made) => {
            let text = made.bundle.to_string();
            // An empty list makes a bundle without objects.
            let Ok(bundle) = Bundle::parse(text.as_bytes(), &Limits::default()) else {
                return assert!(made.count == 0, "what is made does not read");
            };
            if let Some(rejected) = bundle.rejected().first() {
                panic!("what is made is rejected: {rejected}");
            }
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}
