//! What lies between the two directions in life: the extract of an agreement. What it lets through is MISP again; what
//! it withholds stands nowhere else in the bundle, whichever part of MISP said it.

use crate::support;
use comity_minimise::{Bundle, Limits, PathTable, Profile, TokenKey, minimise};
use comity_misp::{to_misp, to_stix};
use serde_json::{Value, json};

/// The extract under the path table's defaults alone: every object permitted.
fn extract(bundle: &[u8]) -> Vec<u8> {
    let bundle = Bundle::parse(bundle, &Limits::default()).expect("a bundle");
    assert!(bundle.rejected().is_empty(), "{:?}", bundle.rejected());
    let profile = Profile { purpose: "cyber_defence".to_owned(), ..Profile::default() };
    let keep: Vec<_> = (0..bundle.objects().len()).map(|index| (index, &profile)).collect();
    let key = TokenKey::derive(&[7; 32], "an-agreement", "FI", "2026").expect("a key");
    let table = PathTable::shipped().expect("the shipped table");
    let mut entropy = |out: &mut [u8]| out.fill(7);
    minimise(&bundle, &keep, &table, &key, &mut entropy).bytes()
}

fn through(event: &Value) -> Value {
    let stix = to_stix(event.to_string().as_bytes(), &comity_misp::Limits::default()).expect("MISP reads");
    let extract = extract(stix.document.to_string().as_bytes());
    to_misp(&extract, &comity_misp::Limits::default()).expect("the extract reads").document
}

fn uuid(number: u8) -> String {
    format!("00000000-0000-4000-8000-0000000000{number:02x}")
}

fn attribute(number: u8, kind: &str, value: &str, to_ids: bool) -> Value {
    json!({
        "uuid": uuid(number), "type": kind, "category": "Other", "value": value, "to_ids": to_ids,
        "timestamp": "1603642920",
    })
}

fn part(number: u8, kind: &str, relation: &str, value: &str) -> Value {
    let mut made = attribute(number, kind, value, false);
    made["object_relation"] = json!(relation);
    made
}

fn event(attributes: &[Value], objects: &[Value]) -> Value {
    json!({ "Event": {
        "uuid": uuid(1), "info": "Loader of an unknown group", "date": "2020-10-25", "timestamp": "1603642920",
        "published": true, "publish_timestamp": "1603642920", "Orgc": { "uuid": uuid(2), "name": "CERT" },
        "Tag": [{ "name": "tlp:amber" }, { "name": "PAP:GREEN" }, { "name": "type:OSINT" }],
        "Attribute": attributes, "Object": objects,
    }})
}

#[test]
fn what_is_let_through_comes_back_as_it_was() {
    let file = json!({
        "uuid": uuid(20), "name": "file", "meta-category": "file", "description": "A file",
        "template_uuid": uuid(21), "template_version": "24", "timestamp": "1603642920",
        "Attribute": [
            part(22, "filename", "filename", "loader.exe"),
            part(23, "md5", "md5", "b2a5abfeef9e36964281a31e17b57c97"),
        ],
        "ObjectReference": [{
            "uuid": uuid(24), "referenced_uuid": uuid(10), "relationship_type": "connects-to", "comment": "at start",
        }],
    });
    let mut seen = attribute(10, "domain", "c2.example", true);
    seen["Sighting"] = json!([{
        "uuid": uuid(25), "type": "0", "date_sighting": "1603642990",
        "Organisation": { "uuid": uuid(26), "name": "Another CERT" },
    }]);
    let mut deleted = attribute(11, "ip-dst", "198.51.100.7", true);
    deleted["deleted"] = json!(true);
    let mut tagged = attribute(12, "url", "http://c2.example/gate", true);
    tagged["Tag"] = json!([{ "name": "tlp:red" }, { "name": "misp-galaxy:mitre-tool=\"Mimikatz - S0002\"" }]);
    let attributes = [seen, deleted, tagged, attribute(13, "hostname|port", "c2.example|443", false)];
    let before = event(&attributes, &[file]);
    let after = through(&before);
    let lost = support::lost(&before, &after);
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// What is made coarser is made coarser where it stands: an address that no indicator cites may be a person's.
#[test]
fn what_is_generalised_comes_back_coarser() {
    let after = through(&event(&[attribute(13, "ip-dst|port", "198.51.100.8|443", false)], &[]));
    let attribute = &after["Event"]["Attribute"][0];
    assert_eq!(attribute["value"], "198.51.100.0/24|443");
    assert_eq!(attribute["uuid"], *uuid(13));
}

#[test]
fn what_is_withheld_stands_nowhere_else() {
    let secrets = [
        ("first-name", "Annabella", "first-name"),
        ("last-name", "Kaskilainen", "last-name"),
        ("passport-number", "K7712345", "passport-number"),
        ("phone-number", "+3725550123", "phone-number"),
        ("date-of-birth", "1981-02-03", "date-of-birth"),
        ("text", "Ülikooli 18, Tartu", "address"),
    ];
    let person: Vec<Value> = secrets
        .iter()
        .zip(40..)
        .map(|((kind, value, relation), at)| part(at, kind, relation, value))
        .collect();
    let credential = [
        part(60, "text", "password", "hunter2-Zorro!"),
        part(61, "text", "username", "akaskilainen"),
        part(62, "text", "text", "seen in the dump of the clinic"),
    ];
    let objects = [
        json!({ "uuid": uuid(30), "name": "person", "meta-category": "misc", "description": "A person", "Attribute": person }),
        json!({ "uuid": uuid(31), "name": "credential", "meta-category": "misc", "description": "A credential", "Attribute": credential }),
    ];
    let mut mail = attribute(70, "email-dst", "annabella.kaskilainen@clinic.example", false);
    mail["comment"] = json!("Reset by akaskilainen, tel. +372 555 0123");
    let body = attribute(71, "email-body", "Dear Annabella, the invoice is attached", false);
    let after =
        through(&event(&[mail, body, attribute(72, "domain", "c2.example", true)], &objects)).to_string();
    for (_, value, _) in secrets {
        assert!(!after.contains(value), "`{value}` went through");
    }
    for value in
        ["hunter2", "akaskilainen", "annabella.kaskilainen", "dump of the clinic", "invoice", "555 0123"]
    {
        assert!(!after.contains(value), "`{value}` went through");
    }
    assert!(after.contains("c2.example") && after.contains("tlp:amber"));
}

/// Every value lies under every marking of its event: an observable that left its report is as well protected.
#[test]
fn everything_in_an_event_bears_its_marks() {
    let before = event(&[attribute(10, "domain|ip", "c2.example|198.51.100.7", false)], &[]);
    let stix = to_stix(before.to_string().as_bytes(), &comity_misp::Limits::default()).expect("MISP reads");
    for object in stix.document["objects"].as_array().expect("objects") {
        if object["type"] != "marking-definition" {
            assert_eq!(object["object_marking_refs"].as_array().map(Vec::len), Some(2), "{}", object["id"]);
        }
    }
}
