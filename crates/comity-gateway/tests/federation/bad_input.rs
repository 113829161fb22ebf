//! What an officer or a partner gives that cannot be used: each is told what is wrong and where, nothing is lost, and
//! nothing reaches the partner that the law did not let go.

use super::{House, OFFERS, entries, pair};
use crate::house::PHISHING;
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_gateway::gateway::GatewayError;
use comity_gateway::work::collections::{self, Asked};
use comity_gateway::work::share::{Order, share};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn order(house: &House, bundle: &[u8]) -> Order {
    Order {
        bundle: Arc::new(bundle.to_vec()),
        officer: "trained".to_owned(),
        under: "eu-nis2-2022-2555".parse().unwrap(),
        to: house.gateway.register().peers.keys().next().cloned().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: Vec::new(),
        attestations: Vec::new(),
        assume_in_force: false,
        added: None,
        once: None,
    }
}

/// What came of an order; of one that cannot be used, what the officer is told.
async fn given(house: &House, order: Order) -> Result<ExchangeReport, String> {
    let shared = tokio::time::timeout(Duration::from_secs(60), share(&house.gateway, order)).await;
    shared.expect("sharing ends").map_err(|error| {
        assert!(matches!(error, GatewayError::Input(_)), "the officer's, not the gateway's: {error}");
        error.to_string()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_does_not_read_is_refused_with_its_place() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let before = (entries(&sender).await, entries(&receiver).await);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (bytes, told) in [
        (&b"{\"type\":\n oops"[..], "line 2, column 2"),
        (b"", "not JSON"),
        (b"<stix:STIX_Package/>", "not JSON at line 1, column 1"),
        (b"{\"type\":\"bundle\",\"id\":\"bundle--1\"}", "`id` of the bundle"),
        (b"{\"type\":\"bundle\",\"id\":\"\xff\"}", "not UTF-8 after byte 23"),
        (b"{\"type\":\"bundle\",\"objects\":{}}", "`objects` of the bundle"),
        (b"\"a string\"", "neither a bundle"),
    ] {
        let error = given(&sender, order(&sender, bytes)).await.expect_err("no bundle");
        assert!(error.contains(told), "{error}");
    }
    // Where only objects are wrong, they are named and the exchange is refused: nothing is left to give.
    for (bytes, told) in [
        (deep.as_bytes(), "object 0 (no id): nested deeper than 64"),
        (b"[{\"type\":\"tool\",\"type\":\"tool\"}]", "object 0 (no id): a property is named twice"),
        (b"[7]", "object 0 (no id): not an object"),
    ] {
        let report = given(&sender, order(&sender, bytes)).await.unwrap();
        assert_eq!(report.outcome, ExchangeOutcome::Refused);
        assert!(report.rejected[0].reason.contains(told), "{}", report.rejected[0].reason);
        assert_eq!(report.refused_by.as_deref(), Some("reading"));
        assert_eq!(report.reasons, ["not_read".to_owned()].into());
        assert_eq!(report.withholdings.len(), 1, "it is counted among what stays");
    }
    // A bundle of nothing is valid, and there is nothing to share: refused, and said.
    let empty = b"{\"type\":\"bundle\",\"id\":\"bundle--00000000-0000-4000-8000-000000000009\"}";
    let report = given(&sender, order(&sender, empty)).await.unwrap();
    assert_eq!((report.outcome, report.refused_by.as_deref()), (ExchangeOutcome::Refused, Some("reading")));
    assert_eq!(report.reasons, ["nothing_given".to_owned()].into());
    assert_eq!(entries(&receiver).await, before.1, "nothing reached the partner");
    assert!(entries(&sender).await >= before.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_objects_the_bad_one_is_named_and_the_good_ones_go() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    let id = |number: usize| format!("malware--00000000-0000-4000-8000-{number:012}");
    let mut objects: Vec<_> = (0..1_000)
        .map(|number| {
            json!({"type": "malware", "spec_version": "2.1", "id": id(number), "created": "2026-01-01T00:00:00Z",
                "modified": "2026-01-01T00:00:00Z", "name": "Loader", "is_family": true})
        })
        .collect();
    let bundle = |objects: &[serde_json::Value]| {
        json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": objects})
            .to_string()
    };
    for (property, value, told) in [
        ("created", json!("yesterday"), "not an instant"),
        ("modified", json!("2025-01-01T00:00:00Z"), "before `created`"),
        ("name", json!(["Loader"]), "not a string"),
        ("is_family", json!("true"), "not true or false"),
        ("spec_version", json!("1.2"), "neither `2.1` nor `2.0`"),
        ("id", json!("malware--1"), "no id of the form"),
        ("id", json!(id(0)), "the same id and version as object 0"),
    ] {
        let good = objects[500].clone();
        objects[500][property] = value;
        let report = given(&sender, order(&sender, bundle(&objects).as_bytes())).await.unwrap();
        objects[500] = good;
        assert_eq!(report.outcome, ExchangeOutcome::Delivered, "{told}");
        assert_eq!((report.objects.input, report.objects.kept, report.objects.withheld), (1_000, 999, 1));
        let [rejected] = &report.rejected[..] else {
            panic!("one is rejected, not {}", report.rejected.len())
        };
        assert_eq!(rejected.index, 500);
        assert!(
            rejected.reason.contains(told) && rejected.reason.contains(&format!("`{property}`")),
            "{}",
            rejected.reason
        );
        assert_eq!(
            rejected.object.is_some(),
            property != "id" || told.contains("same"),
            "by its id, where it has one"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_no_law_can_be_asked_about_is_told_why() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let before = entries(&receiver).await;
    let attested = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut file = json!({"value": "court", "issuer": "A court", "document_digest": format!("sha256:{}", "0".repeat(64)),
            "valid_until": "2100-01-01T00:00:00Z"});
        change(&mut file);
        vec![("authorisation".parse().unwrap(), file.to_string().into_bytes())]
    };
    let cases: [(&str, Order); 8] = [
        (
            "`no-such-pact` was not adopted here",
            Order { under: "no-such-pact".parse().unwrap(), ..order(&sender, PHISHING) },
        ),
        ("no officer `nobody`", Order { officer: "nobody".to_owned(), ..order(&sender, PHISHING) }),
        (
            "no fact `no_such_fact`",
            Order {
                facts: vec![("no_such_fact".parse().unwrap(), "1".to_owned())],
                ..order(&sender, PHISHING)
            },
        ),
        (
            "urgent",
            Order {
                facts: vec![("urgent".parse().unwrap(), "perhaps".to_owned())],
                ..order(&sender, PHISHING)
            },
        ),
        ("purpose", Order { purpose: "world_domination".parse().unwrap(), ..order(&sender, PHISHING) }),
        (
            "names no issuer",
            Order { attestations: attested(&|file| file["issuer"] = " ".into()), ..order(&sender, PHISHING) },
        ),
        (
            "it was valid until",
            Order {
                attestations: attested(&|file| file["valid_until"] = "2000-01-01T00:00:00Z".into()),
                ..order(&sender, PHISHING)
            },
        ),
        (
            "does not read",
            Order { attestations: attested(&|file| file["more"] = true.into()), ..order(&sender, PHISHING) },
        ),
    ];
    for (told, order) in cases {
        let error = given(&sender, order).await.expect_err(told);
        assert!(error.contains(told), "{told}: {error}");
    }
    assert_eq!(entries(&receiver).await, before, "nothing reached the partner");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_its_giver_may_not_assert_is_refused_by_its_name() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let before = entries(&receiver).await;
    // Only an office can say that the order was validated.
    let said =
        Order { facts: vec![("validated".parse().unwrap(), "true".to_owned())], ..order(&sender, PHISHING) };
    let report = given(&sender, said).await.unwrap();
    assert_eq!(report.outcome, ExchangeOutcome::Refused);
    let reasons: Vec<_> = report.decisions.iter().flat_map(|decision| &decision.reasons).collect();
    assert!(reasons.iter().any(|reason| *reason == "fact_not_assertable:validated"), "{reasons:?}");
    // Nobody can say for the gateway whether an officer is trained: of a trained one neither, and no more that one is not.
    for (officer, value) in [("untrained", "true"), ("trained", "true"), ("trained", "false")] {
        let said = Order {
            officer: officer.to_owned(),
            facts: vec![("training_valid".parse().unwrap(), value.to_owned())],
            ..order(&sender, PHISHING)
        };
        let report = given(&sender, said).await.unwrap();
        assert_eq!(report.outcome, ExchangeOutcome::Refused);
        let named = "fact_not_assertable:training_valid".to_owned();
        assert!(report.decisions.iter().all(|decision| decision.reasons.contains(&named)), "{value}");
    }
    // What was found in the data is not declared away.
    let said = Order {
        facts: vec![("personal_data".parse().unwrap(), "false".to_owned())],
        ..order(&sender, PHISHING)
    };
    let error = given(&sender, said).await.expect_err("it lowers what was found");
    assert!(error.contains("fact_lowered:personal_data: false was declared, true was found"), "{error}");
    // What an officer cannot say, a standing request of theirs cannot either: it would refuse every act later.
    let asked = Asked {
        title: "Standing".to_owned(),
        description: None,
        agreement: "eu-nis2-2022-2555".parse().unwrap(),
        partner: sender.party(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: vec![("training_valid".parse().unwrap(), "true".to_owned())],
        can_read: true,
        can_write: true,
        until: None,
        reviewer: None,
    };
    let error = collections::make(&sender.gateway, "trained", asked).await.unwrap_err().to_string();
    assert!(error.contains("fact_not_assertable:training_valid"), "{error}");
    assert_eq!(entries(&receiver).await, before, "nothing reached the partner");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_of_a_gigabyte_is_refused_before_it_comes() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    let tls = sender.gateway.certificate().client(&[peer.identity.certificate.0]).unwrap();
    let address = peer.url.trim_start_matches("https://").to_owned();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("gateway").unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(tls).connect(name, stream).await.unwrap();
    let head = format!("POST {OFFERS} HTTP/1.1\r\nhost: gateway\r\ncontent-length: 1073741824\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answered = String::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut answered)).await;
    let _ = read.expect("answered before a byte of it came");
    assert!(answered.starts_with("HTTP/1.1 413"), "{answered}");
    assert!(answered.contains("1073741824 bytes, the most is "), "{answered}");
}
