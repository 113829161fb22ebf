//! What each parser is fed with first: our own examples, messages made here, and the shared data where it is there.

pub(crate) mod doors;

use crate::targets::{MATCH, PACK, PACK_FILES, USED, key};
use comity_agreement::shipped;
use comity_exchange::federation::frame::SignedHeader;
use comity_exchange::federation::offer::join_objects;
use comity_exchange::signature::Domain;
use comity_minimise::matching::Blinded;
use comity_terms::Digest;
use comity_tlog::{Checkpoint, CosigningKey, SignedCheckpoint, SigningKey, TreeSize, empty_root, leaf_hash};
use std::path::{Path, PathBuf};

/// The longest file that is taken: mutating larger ones finds no more and takes longer.
const FILE_BYTES_MAX: u64 = 24 * 1024;

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let small = |path: &PathBuf| path.metadata().is_ok_and(|meta| meta.len() <= FILE_BYTES_MAX);
    comity_beside::files(folder)
        .into_iter()
        .filter(small)
        .filter_map(|path| std::fs::read(path).ok())
        .collect()
}

/// The files of a folder of the shared data; none, said aloud, where it is absent.
fn shared(folder: &str) -> Vec<Vec<u8>> {
    comity_beside::shared(&format!("data/{folder}")).map_or_else(Vec::new, |folder| files(&folder))
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The cases that were found and mended, by the parser's name.
#[must_use]
pub fn kept(name: &str) -> Vec<Vec<u8>> {
    files(&comity_beside::workspace().join("fuzz/cases").join(name))
}

pub(crate) fn bundles() -> Vec<Vec<u8>> {
    let mut found = files(&comity_beside::workspace().join("examples/bundles"));
    for folder in ["stix21", "stix20", "bad/stix-validator", "bad/attack-flow"] {
        found.extend(shared(folder));
    }
    found
}

pub(crate) fn misp() -> Vec<Vec<u8>> {
    let mut found = texts(&[
        r#"{"Event":{"uuid":"a6ef17d6-91cb-4a05-b10b-2f045daf874c","info":"x","date":"2020-10-25","timestamp":"1603642920","Tag":[{"name":"tlp:red"}],"Attribute":[{"type":"domain|ip","category":"Network activity","value":"a.example|192.0.2.1","to_ids":true,"Sighting":[{"type":"1"}]}],"Object":[{"name":"credential","Attribute":[{"type":"text","object_relation":"password","value":"x"}],"ObjectReference":[{"referenced_uuid":"a6ef17d6-91cb-4a05-b10b-2f045daf874c","relationship_type":"x"}]}]}}"#,
        r#"{"response":[{"Attribute":{"type":"malware-sample","category":"Other","value":"a|00000000000000000000000000000000","data":"AAAA"}}]}"#,
    ]);
    found.extend(shared("misp"));
    found.extend(shared("stix21/misp-export"));
    found
}

pub(crate) fn free_texts() -> Vec<Vec<u8>> {
    texts(&[
        "Dear Ms. Anna Kask, call +372 555 0123 or write to anna.kask@example.org.",
        "From: \"Kask, Anna\" <a@example.org>\nTo: b@example.org\n\nUser CORP\\akask ran C:\\Users\\akask\\x.exe from 192.0.2.7",
        "Herra Matti Virtanen, IBAN FI21 1234 5600 0007 85, korti 4111 1111 1111 1111; kell 12:30",
        "\u{7530}\u{4e2d}\u{3055}\u{3093} 00:1b:44:11:3a:b7 hxxp://evil[.]example/a ssh root@198.51.100.4 /home/kask/.ssh",
    ])
}

pub(crate) fn json() -> Vec<Vec<u8>> {
    let mut found = texts(&["{\"a\":[1.5e-3,\"\\u00e9\\n\",null]}", "[-0]", "\"\\ud83d\\ude00\""]);
    found.extend(shared("bad/JSONTestSuite"));
    found
}

pub(crate) fn patterns() -> Vec<Vec<u8>> {
    texts(&[
        "[email-addr:value = 'anna@example.org' AND file:hashes.'SHA-256' = 'aec0']",
        "[email-message:to_refs[*].value IN ('a@example.org', 'b@example.org')] WITHIN 5 SECONDS",
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR url:value LIKE '%a@b.example%']",
        "[process:command_line MATCHES 'C:\\\\\\\\Users\\\\\\\\anna\\\\\\\\.*'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
        "[user-account:user_id NOT = 'anna' AND process:binary_ref.name = 'x'] FOLLOWEDBY [mutex:name = '\\'']",
    ])
}

const OFFER: &str = r#"{"version":1,"exchange_id":"00000000-0000-4000-8000-000000000001","sender":"EE","receiver":"FI","classes":[]}"#;
const ANSWER: &str = r#"{"version":1,"exchange_id":"00000000-0000-4000-8000-000000000001","offer":"sha256:0000000000000000000000000000000000000000000000000000000000000000","receiver":"FI","result":"accepted"}"#;

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let signed = SignedHeader::sign(OFFER.as_bytes().to_vec(), Domain::Offer, &key());
    vec![
        signed.frame(b"{}", b"bodies"),
        signed.frame(b"", b""),
        join_objects([&b"one"[..], b"", b"three"]),
        [0x5A; 38].to_vec(),
    ]
}

pub(crate) fn offers() -> Vec<Vec<u8>> {
    let facts = r#""facts":[{"key":"training_valid","value":true,"asserter":"gateway"}]"#;
    texts(&[
        OFFER,
        &OFFER.replace("\"classes\"", &format!("{facts},\"classes\"")),
        &format!("{OFFER}\0bodies"),
    ])
}

pub(crate) fn answers() -> Vec<Vec<u8>> {
    texts(&[ANSWER, &ANSWER.replace("accepted", "law_version"), &format!("{ANSWER}\0{{}}")])
}

const RECALL: &str = r#"{"version":1,"order_id":"00000000-0000-4000-8000-000000000001","origin":"EE","action":"erase","ground":"sent_in_error","exchanges":["00000000-0000-4000-8000-000000000002"],"facts":[],"at":"2026-01-01T00:00:00Z","due":null,"entry":"AQIAAxdzxtlKPkl8c1lnC/QYWBEUC3apD+IgPZLuu11ZniMdyHA="}"#;

pub(crate) fn recalls() -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let order = base64::engine::general_purpose::STANDARD.encode(RECALL);
    let hop = format!(
        r#"{{"version":1,"order":"{order}","order_signature":"","origin_key":"","sender":"EE","receiver":"FI","at":"2026-01-01T00:00:00Z","exchanges":[{{"exchange_id":"00000000-0000-4000-8000-000000000002"}}]}}"#
    );
    let records = r#","records":[{"class":"00000000-0000-4000-8000-000000000003","ordinals":[0,1]}]}]}"#;
    texts(&[&format!("{hop}\0{{\"receipt\":\"\"}}"), &hop.replace("\"}]}", &format!("\"{records}")), RECALL])
}

pub(crate) fn recall_answers() -> Vec<Vec<u8>> {
    let answer = r#"{"version":1,"order_id":"00000000-0000-4000-8000-000000000001","message":"sha256:0000000000000000000000000000000000000000000000000000000000000000","holder":"FI","at":"2026-01-01T00:00:00Z","results":[],"destroyed_by":null,"entry":"AQIAAxdzxtlKPkl8c1lnC/QYWBEUC3apD+IgPZLuu11ZniMdyHA="}"#;
    let onward = r#"[{"party":"BE","party_key":"","log":"","due":null,"answer":null}]"#;
    texts(&[answer, &format!("{answer}\0{onward}")])
}

/// Questions to look at records, with what is looked for behind them.
pub(crate) fn view_questions() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"objects":["indicator--00000000-0000-4000-8000-000000000001"]}"#,
        r#"{"person":{"identifiers":[{"kind":"email","value":"mari@example.ee"}]}}"#,
    ];
    bodies.iter().map(|body| [crate::targets::VIEW.as_bytes(), b"\0", body.as_bytes()].concat()).collect()
}

/// Answers to them.
pub(crate) fn view_answers() -> Vec<Vec<u8>> {
    let none = comity_terms::Digest::of(b"");
    let answer = |result: &str, rest: &str| {
        format!(
            r#"{{"version":1,"view_id":"00000000-0000-4000-8000-000000000001","message":"{none}","holder":"FI","at":"2026-01-01T00:00:00Z","result":"{result}","given":0,"masked":0,"reasons":[],"escalate_to":[],"citations":[]{rest}}}"#
        )
        .into_bytes()
    };
    vec![
        answer("stale", ""),
        answer("viewed", &format!(r#","encapsulated":"","sealed":"{none}","entry":"""#)),
    ]
}

pub(crate) fn uses() -> Vec<Vec<u8>> {
    let count = format!(
        r#"{{"exchange_id":"{USED}","uses":2,"given":1,"refused":18446744073709551615,"unmasked":0}}"#
    );
    let answer = |uses: &str| {
        format!(r#"{{"version":1,"holder":"FI","asker":"EE","at":"2026-01-01T00:00:00Z","uses":[{uses}]}}"#)
    };
    let question = |exchanges: &str| format!(r#"{{"exchanges":[{exchanges}]}}"#);
    let many = vec![format!("\"{USED}\""); 257].join(",");
    let found = [
        question(""),
        question(&format!("\"{USED}\"")),
        question(&many),
        answer(""),
        answer(&count),
        answer(&format!("{count},{count}")),
        answer(&count.replace("0001", "0002")),
        answer(&count).replace("\"EE\"", "\"XA\""),
    ];
    found.into_iter().map(String::into_bytes).collect()
}

pub(crate) fn match_questions() -> Vec<Vec<u8>> {
    let evaluated = [MATCH.as_bytes(), &[0], &batch()[..]].concat();
    let mut found = texts(&[
        MATCH,
        r#"{"version":1,"match_id":"00000000-0000-4000-8000-000000000001","asker":"EE","holder":"FI","agreement":"pact-2026","laws":{},"activity":"threat_intel","purpose":"cyber_defence","facts":[{"key":"specific_identifier","by":"detected","value":true}],"at":"2026-01-01T00:00:00Z","step":{"open":{}},"entry":""}"#,
    ]);
    found.push(evaluated);
    found
}

pub(crate) fn match_answers() -> Vec<Vec<u8>> {
    let answer = r#"{"version":1,"match_id":"00000000-0000-4000-8000-000000000001","message":"sha256:0000000000000000000000000000000000000000000000000000000000000000","holder":"FI","at":"2026-01-01T00:00:00Z","result":"day_over","reasons":[],"escalate_to":[],"citations":[]}"#;
    texts(&[answer, &answer.replace("day_over", "evaluated"), &answer.replace("day_over", "opened")])
}

pub(crate) fn match_filters() -> Vec<Vec<u8>> {
    let mut found = texts(&["203.0.113.7/24", "hxxps://Evil[.]example/A", "Mari@Example.ee", "Some  text."]);
    found.push(batch());
    // Two segments of four fingerprints, as small as one may be.
    found.push([&7_u64.to_be_bytes()[..], &4_u32.to_be_bytes(), &4_u32.to_be_bytes(), &[9; 48]].concat());
    found
}

/// A batch of filling.
fn batch() -> Vec<u8> {
    let mut state = 7_u64;
    let mut entropy = |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    };
    Blinded::draw(&[], &mut entropy).expect("a batch").bytes().to_vec()
}

pub(crate) fn referrals() -> Vec<Vec<u8>> {
    let entry = "AQIAAxdzxtlKPkl8c1lnC/QYWBEUC3apD+IgPZLuu11ZniMdyHA=";
    let nothing = Digest::of(b"");
    let referral = format!(
        r#"{{"version":1,"case_id":"00000000-0000-4000-8000-000000000001","origin":"EE","sender":"EE","receiver":"FI","depth":0,"action":"access_request","agreement":"eu-nis2-2022-2555","identity_verified":true,"at":"2026-01-01T00:00:00Z","transport_key":"{nothing}","encapsulated":"","sealed":"{nothing}","entry":"{entry}"}}"#
    );
    let answer = format!(
        r#"{{"version":1,"case_id":"00000000-0000-4000-8000-000000000001","message":"{nothing}","holder":"FI","at":"2026-01-01T00:00:00Z","result":"taken","due":"2026-02-01T00:00:00Z","complete":false,"reasons":[],"citations":[],"body":null,"entry":"{entry}"}}"#
    );
    let body = format!(r#""body":{{"transport_key":"{nothing}","encapsulated":"","sealed":"{nothing}"}}"#);
    let answered = answer.replace(r#""body":null"#, &body).replace("taken", "answered");
    let proved = format!("{referral}\0{{\"receipt\":\"\"}}");
    texts(&[&referral, &proved, &answer, &answered])
}

pub(crate) fn identities() -> Vec<Vec<u8>> {
    texts(&[r#"{"identity":"{}","signature":""}"#, r#"{"version":1,"party":"EE","key":"","laws":[]}"#])
}

pub(crate) fn checkpoints() -> Vec<Vec<u8>> {
    let signer = SigningKey::from_seed("log.example/1", &[1; 32]).expect("a key");
    let witness = CosigningKey::from_seed("witness.example", &[2; 32]).expect("a key");
    let leaf = leaf_hash(b"entry");
    let mut found = Vec::new();
    for (size, root) in [(TreeSize(0), empty_root()), (TreeSize(1), leaf)] {
        let checkpoint = Checkpoint::new("log.example/1", size, root).expect("a checkpoint");
        let mut signed = SignedCheckpoint::sign(checkpoint, &signer).expect("a signed one");
        found.push(signed.to_string().into_bytes());
        let cosignature = witness.cosign(&signed, 1_767_225_600);
        signed.add(cosignature);
        found.push(signed.to_string().into_bytes());
        found.push(format!("old 0\n\n{signed}").into_bytes());
    }
    found.push(signer.verifier_key().to_string().into_bytes());
    found
}

pub(crate) fn receipts() -> Vec<Vec<u8>> {
    let hash = leaf_hash(b"entry");
    let checkpoints = checkpoints().into_iter().take(4);
    checkpoints
        .map(|checkpoint| {
            let checkpoint = String::from_utf8_lossy(&checkpoint).into_owned();
            format!("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n{hash}\n\n{checkpoint}").into_bytes()
        })
        .collect()
}

pub(crate) fn tiles() -> Vec<Vec<u8>> {
    let mut found = texts(&["tile/0/000", "tile/1/x001/x234/067.p/8", "tile/entries/000.p/2", "checkpoint"]);
    found.push([b"tile/0/000.p/2\0", &[7; 64][..]].concat());
    found.push([b"tile/entries/000.p/2\0", &[0, 1, 7, 0, 2, 7, 7][..]].concat());
    found
}

pub(crate) fn policies() -> Vec<Vec<u8>> {
    let key = |name: &str| CosigningKey::from_seed(name, &[2; 32]).expect("a key").verifier_key().clone();
    let log = SigningKey::from_seed("log.example/1", &[1; 32]).expect("a key").verifier_key().clone();
    let (one, two) = (key("one.example"), key("two.example"));
    let group = format!("log {log}\nwitness a {one}\nwitness b {two}\ngroup g 1 a b\nquorum g\n");
    texts(&[&group, &group.replace("g 1", "g any"), "quorum none\n"])
}

pub(crate) fn packs() -> Vec<Vec<u8>> {
    let files = PACK_FILES.iter().enumerate();
    files
        .filter_map(|(which, name)| {
            let text = shipped().0.get(&format!("{PACK}/{name}"))?;
            Some([&[u8::try_from(which).unwrap_or(0)], text.as_slice()].concat())
        })
        .collect()
}

pub(crate) fn kev() -> Vec<Vec<u8>> {
    let mut found = texts(&[
        r#"{"title":"x","catalogVersion":"1","dateReleased":"2026-01-02T00:00:00.5Z","count":1,"vulnerabilities":[{"cveID":"CVE-2026-0001","vendorProject":"x","product":"y","vulnerabilityName":"z","dateAdded":"2026-01-01","shortDescription":"d","requiredAction":"a","dueDate":"2026-01-22","knownRansomwareCampaignUse":"Known","notes":"see: https://a.example ; https://b.example, https://c.example","cwes":["CWE-1"]}]}"#,
    ]);
    found.extend(shared("reference/cisa-kev"));
    found
}

pub(crate) fn veris() -> Vec<Vec<u8>> {
    let mut found = texts(&[
        r#"[{"incident_id":"1","source_id":"s","security_incident":"Confirmed","schema_version":"1.4.1","summary":"s","campaign_id":"c","reference":"https://a.example; x","confidence":"High","timeline":{"incident":{"year":2026,"month":2,"day":30},"discovery":{"unit":"Days","value":1.5}},"victim":{"victim_id":"v","employee_count":"Large","industry":"92","government":["Local"],"country":["EE"],"state":"EE-37","secondary":{"victim_id":["a;52",";51"]}},"action":{"malware":{"variety":["Ransomware"],"vector":["Email"],"name":"a, b","cve":"CVE-2026-0001 and so on"},"hacking":{"variety":["SQLi","Other"],"vector":["Web application"]}},"actor":{"external":{"variety":["Organized crime"],"motive":["Financial"],"country":["XX","Unknown"],"name":["n"]},"unknown":{}},"asset":{"assets":[{"variety":"S - Database","amount":2}]},"attribute":{"confidentiality":{"data_disclosure":"Yes","data":[{"variety":"Bank"}],"notes":"n"}},"discovery_method":{"unknown":true},"ioc":[{"indicator":"hxxps://a[.]example/x","comment":"c"},{"indicator":"'"}],"plus":{"created":"2026-03-01T00:00:00Z","x":1}}]"#,
    ]);
    found.extend(shared("incidents/veris-import-tests"));
    found.extend(shared("incidents/veris-tests"));
    found
}

/// A name for an input: the start of its digest.
#[must_use]
pub fn name_of(input: &[u8]) -> String {
    Digest::of(input).to_string().chars().skip(7).take(16).collect()
}
