//! Every data class has a rule by which it ends, and it does: a record of each is shared, its time comes, it is erased and its
//! key destroyed. Everything else that a gateway keeps stands in the report, with its rule.

use crate::house::{House, pair};
use crate::officer;
use comity_exchange::erase::{destroy, erase_due, waiting};
use comity_exchange::ports::{HeldRecord, Store as _};
use comity_exchange::shell::Shell as _;
use comity_gateway::work::deletion::{self, Lies, STATE};
use comity_gateway::work::share;
use comity_minimise::{Bundle, Limits, PathTable, classify};
use comity_terms::{Timestamp, Value};
use comity_vault::EpochKeys as _;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn id(kind: &str) -> String {
    format!("{kind}--7f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d")
}

fn domain(kind: &str, more: &Json) -> Json {
    let mut object = json!({
        "type": kind, "spec_version": "2.1", "id": id(kind),
        "created": "2026-03-02T08:15:00.000Z", "modified": "2026-03-02T08:15:00.000Z",
    });
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn observable(kind: &str, more: &Json) -> Json {
    let mut object = json!({ "type": kind, "spec_version": "2.1", "id": id(kind) });
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// For each class of property a bundle with a record that carries it: the first object.
fn samples() -> Vec<(&'static str, Vec<Json>)> {
    let malware = || domain("malware", &json!({ "name": "Dropper", "is_family": false }));
    let note = |content: &str| {
        vec![domain("note", &json!({ "content": content, "object_refs": [id("malware")] })), malware()]
    };
    let individual = |more: &Json| {
        let mut object = domain("identity", &json!({ "name": "Mari Kask", "identity_class": "individual" }));
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vec![object]
    };
    let pattern = json!({
        "pattern": "[domain-name:value = 'c2.example.com']", "pattern_type": "stix", "valid_from": "2026-03-02T08:00:00Z",
        "indicator_types": ["malicious-activity"], "name": "C2",
    });
    let traffic = |more: &Json| {
        let mut object = observable(
            "network-traffic",
            &json!({ "protocols": ["tcp", "http"], "dst_ref": id("domain-name"), "start": "2026-03-02T08:15:00Z" }),
        );
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vec![object, observable("domain-name", &json!({ "value": "c2.example.com" }))]
    };
    let account = |more: &Json| {
        let mut object = observable("user-account", &json!({ "user_id": "mkask", "account_login": "mkask" }));
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vec![object]
    };
    vec![
        ("structure", vec![malware()]),
        ("technical", vec![observable("software", &json!({ "name": "httpd", "version": "2.4" }))]),
        ("indicator", vec![observable("domain-name", &json!({ "value": "c2.example.com" }))]),
        ("pattern", vec![domain("indicator", &pattern)]),
        ("text", note("Seen in several ministries.")),
        ("label", vec![domain("campaign", &json!({ "name": "Overdue invoice" }))]),
        (
            "organisation",
            vec![domain(
                "identity",
                &json!({ "name": "CERT", "identity_class": "organization", "contact_information": "cert@example.org" }),
            )],
        ),
        ("reference", note("Seen.")),
        ("marking", {
            let mut object = malware();
            object["object_marking_refs"] =
                json!(["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]);
            vec![object]
        }),
        ("contact", vec![observable("email-addr", &json!({ "value": "mari.kask@example.org" }))]),
        ("name", individual(&json!({}))),
        ("username", account(&json!({}))),
        ("identifier", note("Paid to DE89 3704 0044 0532 0130 00.")),
        ("likely_name", note("Reported by Zorvan Quillip on Monday.")),
        ("path", vec![observable("directory", &json!({ "path": "C:\\Users\\mkask\\invoices" }))]),
        ("url", vec![observable("url", &json!({ "value": "https://login.example.com/?user=mkask" }))]),
        ("credentials", account(&json!({ "credential": "hunter2" }))),
        ("device", vec![observable("mac-addr", &json!({ "value": "d2:fb:49:24:37:18" }))]),
        ("telemetry", traffic(&json!({}))),
        (
            "authorisation",
            traffic(&json!({ "extensions": { "http-request-ext": {
                "request_method": "get", "request_value": "/", "request_header": { "Authorization": ["Bearer x"] },
            } } })),
        ),
        (
            "content",
            vec![observable("email-message", &json!({ "is_multipart": false, "body": "Dear Ms Kask" }))],
        ),
        (
            "location",
            vec![domain(
                "location",
                &json!({ "latitude": 59.437, "longitude": 24.753, "region": "northern-europe" }),
            )],
        ),
    ]
}

fn bundle(objects: &[Json]) -> Vec<u8> {
    let bundle = json!({ "type": "bundle", "id": id("bundle"), "objects": objects });
    bundle.to_string().into_bytes()
}

async fn held(house: &House, exchange: comity_terms::ExchangeId) -> Vec<HeldRecord> {
    house.gateway.store().held_of(exchange, false, 100).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_every_data_class_ends_when_its_time_has_come() {
    let table = PathTable::shipped().unwrap();
    let (samples, carried) = (samples(), table.carried());
    let named: BTreeSet<&str> = samples.iter().map(|(class, _)| *class).collect();
    let all: BTreeSet<&str> = table.classes().iter().map(|class| class.name.as_str()).collect();
    assert_eq!(named, all, "a class without a sample here");

    let (ee, fi) = pair(&["EE", "FI"], true).await;
    officer(&ee, "ana", 365).await;
    let (mut records, mut crossed) = (Vec::new(), 0);
    for (class, objects) in &samples {
        let bytes = bundle(objects);
        let facts = classify(&Bundle::parse(&bytes, &Limits::default()).unwrap(), &table);
        let category = facts[0].facts.value("data_category").and_then(Value::as_text).unwrap().to_owned();
        let (_, categories) = carried.iter().find(|(known, _)| known.as_str() == *class).unwrap();
        assert!(categories.iter().any(|known| known.as_str() == category), "{class} in {category}");
        let order = share::Order {
            bundle: Arc::new(bytes),
            officer: "ana".into(),
            under: "eu-nis2-2022-2555".parse().unwrap(),
            to: "FI".parse().unwrap(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "cyber_defence".parse().unwrap(),
            facts: vec![("necessary_proportionate".parse().unwrap(), "true".to_owned())],
            attestations: Vec::new(),
            assume_in_force: false,
            added: None,
            once: None,
        };
        let report = share::share(&ee.gateway, order).await.unwrap();
        let there = held(&fi, report.exchange_id.0).await;
        let went = report.objects.kept + report.objects.changed;
        assert_eq!(there.len() as u64, went, "{class}: what went is held, each with its clock");
        if went == 0 {
            // What is not let cross ends before it begins; the officer is told why.
            assert_eq!(report.outcome.as_str(), "refused", "{class}");
            continue;
        }
        crossed += 1;
        let said = serde_json::to_value(&report).unwrap()["decisions"].to_string();
        assert!(said.contains("delete_by") || said.contains("destroy"), "{class}: by no rule: {said}");
        records.push((*class, report.exchange_id.0, there));
    }
    assert!(crossed * 4 > samples.len() * 3, "{crossed} of {} classes cross", samples.len());

    let clock = |record: &HeldRecord| record.row.erase_by;
    let last: Timestamp = records.iter().flat_map(|(_, _, there)| there).map(clock).max().unwrap();
    let before = Timestamp::from_second(last.as_second() - 1).unwrap();
    erase_due(&*fi.gateway, before).await.unwrap();
    let left = records.iter().flat_map(|(_, _, there)| there).filter(|record| clock(record) > before).count();
    assert!(left > 0);
    let mut still = 0;
    for (_, exchange, _) in &records {
        still += held(&fi, *exchange).await.len();
    }
    assert_eq!(still, left, "none ends before its time");
    erase_due(&*fi.gateway, last).await.unwrap();
    for (class, exchange, _) in &records {
        assert_eq!(held(&fi, *exchange).await, [], "{class}: its row is gone");
    }
    // When the month has passed the keys go, and with them every copy.
    let later = Timestamp::from_second(last.as_second() + 32 * 86_400).unwrap();
    let found = waiting(&*fi.gateway, later).await.unwrap();
    destroy(&*fi.gateway, &found, later, std::future::ready(())).await.unwrap();
    for (class, _, there) in &records {
        for record in there {
            let bucket = record.row.bucket(&record.agreement);
            let key = fi.gateway.with_keys(|keys| keys.get(&bucket)).unwrap();
            assert!(key.is_none(), "{class}: {bucket} opens still");
        }
    }
}

/// The tables that the steps of the schema leave, of both engines.
fn tables() -> BTreeSet<String> {
    let steps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../comity-store/migrations");
    let mut all = BTreeSet::from(["schema_version".to_owned()]);
    for folder in [steps.clone(), steps.join("postgres")] {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let files: BTreeSet<_> =
            files.filter(|file| file.extension().is_some_and(|extension| extension == "sql")).collect();
        for file in files {
            for line in std::fs::read_to_string(&file).unwrap().lines() {
                let words: Vec<&str> = line.trim_end_matches(';').split([' ', '(']).collect();
                match words[..] {
                    ["CREATE", "TABLE", name, ..] => {
                        all.insert(name.to_owned());
                    }
                    ["DROP", "TABLE", name] => assert!(all.remove(name), "{}: {line}", file.display()),
                    ["ALTER", "TABLE", old, "RENAME", "TO", new] => {
                        assert!(all.remove(old), "{}: {line}", file.display());
                        all.insert(new.to_owned());
                    }
                    _ => {}
                }
            }
        }
    }
    all
}

fn listed(lies: Lies) -> BTreeSet<String> {
    STATE.iter().filter(|state| state.lies == lies).map(|state| state.name.to_owned()).collect()
}

#[test]
fn every_table_of_the_schema_has_a_rule_in_the_report() {
    assert_eq!(tables(), listed(Lies::Table));
    let names: Vec<_> = STATE.iter().map(|state| (format!("{:?}", state.lies), state.name)).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_knows_what_lies_at_a_gateway_and_by_which_article_data_ends() {
    let (ee, fi) = pair(&["EE", "FI"], true).await;
    officer(&ee, "ana", 365).await;
    for house in [&ee, &fi] {
        let directory = house.gateway.directory();
        for (place, lies) in [(directory.data(), Lies::File), (directory.keys(), Lies::Keys)] {
            let known = listed(lies);
            for file in std::fs::read_dir(place).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                // What SQLite keeps beside, and what whoever draws a key holds.
                let beside = ["-wal", "-shm", ".hold"];
                let name = beside.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
                assert!(known.contains(name), "{name} in {} has no rule", place.display());
            }
        }
    }
    let report = deletion::report(&ee.gateway);
    assert_eq!((&report["complete"], &report["gaps"]), (&json!(true), &json!([])));
    let nis2: Vec<&Json> =
        report["data"].as_array().unwrap().iter().filter(|of| of["pack"] == "eu-nis2-2022-2555").collect();
    let of = |category: &str| *nis2.iter().find(|of| of["category"] == category).unwrap();
    let indicator = of("indicator");
    assert!(
        indicator["without"].is_null()
            && indicator["classes"].as_array().unwrap().contains(&json!("contact"))
    );
    let rules = indicator["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["article"].is_string()), "{rules:?}");
    assert!(rules.iter().any(|rule| rule["days"].as_i64().is_some_and(|days| days > 0)), "{rules:?}");
    // Estonia's own, beside the agreement's.
    let traffic = of("traffic_data")["rules"].to_string();
    assert!(
        traffic.contains("EE/ee.cyber-16.traffic") && traffic.contains("eu-nis2-2022-2555/"),
        "{traffic}"
    );
    // What the agreement does not name is never received, and that is said.
    let outside = of("traffic_for_user_id");
    assert_eq!((&outside["without"], &outside["rules"]), (&json!("refused: no_governing_rule"), &json!([])));
    let state = report["state"].as_array().unwrap();
    assert!(state.iter().all(|state| !state["ends"].as_str().unwrap().is_empty()));
    assert!(state.iter().any(|state| state["name"] == "outbox" && state["period"] == "14 days"));
}
