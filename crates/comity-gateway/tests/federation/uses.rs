//! Use is governed: what an officer reads of what was received is decided by the laws, masked, capped, recorded, and seen by
//! whoever gave it as a count.

use crate::house::{House, PHISHING, looks, pair};
use crate::recall::told;
use comity_exchange::collect::{Found, Selector};
use comity_exchange::ports::{Officer, Store as _, Uses as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::PartyKey;
use comity_exchange::subject::Claim;
use comity_exchange::wire::Text;
use comity_gateway::gateway::{Gateway, GatewayError};
use comity_gateway::work::audit::replay;
use comity_gateway::work::unmasking::{Approval, approve, unmask};
use comity_gateway::work::uses::{self, Asked, bundle, read_json};
use comity_gateway::work::{holds, manage};
use comity_terms::{Digest, ExchangeId, Timestamp};
use serde_json::Value as Json;

/// The person whom the campaign of the example targets, and what is about machines alone.
const VICTIM: &str = "identity--cbf27734-ac10-4525-8b66-402800e03d2c";
pub(crate) const CREDENTIAL_PAGE: &str = "indicator--3f0c9931-918c-40bf-9670-c342c6cce996";

fn asked(selector: Selector) -> Asked {
    looks("trained", selector)
}

pub(crate) fn object(id: &str) -> Asked {
    asked(Selector::Objects(vec![id.to_owned()]))
}

fn reasons(found: &Found) -> Vec<String> {
    let said = read_json(&found.read, Some(&found.caps));
    said["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap().to_owned()).collect()
}

fn objects(gateway: &Gateway, found: &Found) -> Vec<Json> {
    let bundle: Json = serde_json::from_str(&bundle(gateway, &found.read.records).unwrap()).unwrap();
    bundle["objects"].as_array().unwrap().clone()
}

async fn delivered() -> (House, House, ExchangeId) {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    (sender, receiver, report.exchange_id.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reading_is_decided_and_recorded_and_its_sender_sees_a_count() {
    let (sender, receiver, exchange) = delivered().await;
    let gateway = &*receiver.gateway;
    let found = uses::read(gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    assert_eq!((found.read.records.len(), found.read.refused), (1, 0), "{:?}", reasons(&found));
    assert_eq!(objects(gateway, &found)[0]["type"], "indicator");
    let said = read_json(&found.read, Some(&found.caps));
    let rules = said["decisions"][0]["citations"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["effect"] == "permit" && rule["article"] != ""), "{rules:?}");
    // Who is not trained gets nothing, and that is recorded too (C26).
    let untrained = Asked { officer: "untrained".into(), ..object(CREDENTIAL_PAGE) };
    let refused = uses::read(gateway, &untrained).await.unwrap();
    assert_eq!((refused.read.records.len(), refused.read.refused), (0, 1));
    assert!(reasons(&refused).contains(&"training_not_valid".to_owned()));
    let recorded = told(&receiver, "records.used").await;
    assert_eq!(recorded.len(), 2);
    assert_eq!((recorded[0]["given"].as_u64(), recorded[1]["given"].as_u64()), (Some(1), Some(0)));
    assert!(recorded[0]["ordered"]["signature"].is_string() && recorded[0]["of"][0] == exchange.to_string());
    assert!(!recorded[0].to_string().contains(CREDENTIAL_PAGE), "an entry tells no id");

    // The sender: a signed count of its partner's, and nothing of who or what for.
    let seen = uses::of(&sender.gateway, exchange).await.unwrap();
    let holder = &seen["holder"];
    assert_eq!((holder["holder"].as_str(), holder["uses"].as_u64()), (Some("FI"), Some(2)));
    assert_eq!((holder["given"].as_u64(), holder["refused"].as_u64()), (Some(1), Some(1)));
    let here = uses::of(gateway, exchange).await.unwrap();
    assert_eq!(here["here"].as_array().unwrap().len(), 2);
    assert!(here["holder"].is_null());
    // Of what somebody else gave it is told nothing.
    let unknown = uses::of(gateway, "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10".parse().unwrap()).await;
    assert!(matches!(unknown, Err(GatewayError::Input(_))));
    assert_eq!(replay(gateway, false, |_| {}).await.unwrap().different, [], "each comes out the same again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_for_defence_is_no_evidence_until_a_court_says_so() {
    let (_sender, receiver, _) = delivered().await;
    let gateway = &*receiver.gateway;
    let criminal = Asked {
        use_for: ("criminal_investigation".parse().unwrap(), "criminal_investigation".parse().unwrap()),
        ..object(CREDENTIAL_PAGE)
    };
    let refused = uses::read(gateway, &criminal).await.unwrap();
    assert_eq!(refused.read.records.len(), 0);
    let why = reasons(&refused);
    assert!(why.contains(&"category_crossing_needs_new_ground".to_owned()), "{why:?}");
    assert!(why.contains(&"incompatible_purpose".to_owned()), "{why:?}");
    let visa = Asked {
        use_for: ("threat_intel".parse().unwrap(), "immigration_control".parse().unwrap()),
        ..object(CREDENTIAL_PAGE)
    };
    let refused = uses::read(gateway, &visa).await.unwrap();
    assert!(reasons(&refused).contains(&"incompatible_purpose".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_targeted_is_masked_until_another_officer_lets_it_be_seen() {
    let (sender, receiver, exchange) = delivered().await;
    let gateway = &*receiver.gateway;
    let second = Officer {
        name: "second".to_owned(),
        role: "analyst".to_owned(),
        unit: None,
        training_until: Timestamp::from_second(gateway.now().as_second() + 86_400).unwrap(),
        password_hash: String::new(),
    };
    manage::add_officer(gateway, second).await.unwrap();
    let found = uses::read(gateway, &object(VICTIM)).await.unwrap();
    assert_eq!((found.read.records.len(), found.read.refused), (1, 0), "{:?}", reasons(&found));
    let masked = &objects(gateway, &found)[0];
    assert!(found.read.records[0].masked && masked["name"] == "masked-cbf27734", "{masked}");
    // Nobody approves; whoever asks does; then another does.
    let until = Timestamp::from_second(gateway.now().as_second() + 3_600).unwrap();
    let approved = async |by: &str, asked: &Asked| approve(gateway, asked, by, until).await.unwrap();
    let alone = unmask(gateway, &object(VICTIM), None).await.unwrap();
    assert!(reasons(&alone).contains(&"unmask_needs_approval".to_owned()));
    let own = approved("trained", &object(VICTIM)).await;
    let oneself = unmask(gateway, &object(VICTIM), Some(&own)).await.unwrap();
    assert!(reasons(&oneself).contains(&"self_approval".to_owned()));
    let untrained = approve(gateway, &object(VICTIM), "untrained", until).await.unwrap_err();
    assert!(untrained.to_string().contains("training"), "{untrained}");
    // What was approved is one thing: not another object, another use, another officer, or a longer time.
    let by_another = approved("second", &object(VICTIM)).await;
    let other_use = ("vulnerability_coordination".parse().unwrap(), "cyber_defence".parse().unwrap());
    for (what, asked) in [
        ("another object", object(CREDENTIAL_PAGE)),
        ("another use", Asked { use_for: other_use, ..object(VICTIM) }),
        ("another officer", Asked { officer: "second".to_owned(), ..object(VICTIM) }),
    ] {
        let error = unmask(gateway, &asked, Some(&by_another)).await.unwrap_err();
        assert!(error.to_string().contains("it is of other objects"), "{what}: {error}");
    }
    let longer = Timestamp::from_second(until.as_second() + 1).unwrap();
    let longer = Approval { until: Text(longer), ..by_another.clone() };
    assert!(unmask(gateway, &object(VICTIM), Some(&longer)).await.is_err());
    let over = Approval { until: Text(Timestamp::UNIX_EPOCH), ..by_another.clone() };
    let error = unmask(gateway, &object(VICTIM), Some(&over)).await.unwrap_err();
    assert!(error.to_string().contains("it ended at"), "{error}");
    let stranger = Approval { key: PartyKey::from_seed(&[9; 32]).verifier().to_string(), ..own };
    let error = unmask(gateway, &object(VICTIM), Some(&stranger)).await.unwrap_err();
    assert!(error.to_string().contains("no officer here"), "{error}");
    let seen = unmask(gateway, &object(VICTIM), Some(&by_another)).await.unwrap();
    assert_eq!((seen.read.records.len(), seen.read.refused), (1, 0), "{:?}", reasons(&seen));
    assert_ne!(objects(gateway, &seen)[0]["name"], masked["name"]);
    let recorded = told(&receiver, "records.unmasked").await;
    assert_eq!(recorded.len(), 3);
    let approved = &recorded[2]["ordered"];
    assert!(approved["approved"]["signature"].is_string() && approved["key"] != approved["approved"]["key"]);
    let holder = &uses::of(&sender.gateway, exchange).await.unwrap()["holder"];
    assert_eq!(holder["unmasked"].as_u64(), Some(1), "counted, and its sender sees it: {holder}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_names_whom_it_is_about_and_has_caps() {
    let (_sender, receiver, _) = delivered().await;
    let gateway = &*receiver.gateway;
    // Everything at once: what is about people is not given.
    let all = uses::read(gateway, &asked(Selector::Types(Vec::new()))).await.unwrap();
    assert!(all.read.refused > 0 && !all.read.records.is_empty());
    assert!(reasons(&all).contains(&"specific_identifier_required".to_owned()));
    assert_eq!(all.caps.records, Some(100), "what is permitted is told");
    let exported = uses::export(gateway, &asked(Selector::Types(Vec::new()))).await.unwrap();
    assert!(exported.refused > 0 && exported.records.iter().all(|record| !record.masked));

    // One person, until the cap is reached: also by two queries at once.
    let (cap, done) = {
        let first = uses::read(gateway, &object(VICTIM)).await.unwrap();
        assert_eq!(first.read.records.len(), 1);
        first.caps.person.unwrap()
    };
    assert_eq!((cap, done), (20, 0));
    let mut given = 1;
    while given < cap {
        let (one, other) = (object(VICTIM), object(VICTIM));
        let (one, other) = tokio::join!(uses::read(gateway, &one), uses::read(gateway, &other));
        given += (one.unwrap().read.records.len() + other.unwrap().read.records.len()) as u64;
        assert!(given <= cap, "{given} of {cap}");
    }
    let over = uses::read(gateway, &object(VICTIM)).await.unwrap();
    assert_eq!(over.read.records.len(), 0);
    assert!(reasons(&over).contains(&"breadth_cap_reached".to_owned()));
    assert_eq!(over.caps.person, Some((20, 20)));
    // Of machines there is no such cap.
    let machine = uses::read(gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    assert_eq!(machine.read.records.len(), 1);
    // A month on they count no more, and the rows go.
    let later = Timestamp::from_second(gateway.now().as_second() + 31 * 86_400).unwrap();
    assert!(gateway.store().look_ups_over(later).await.unwrap());
    comity_exchange::collect::query::forget(gateway, later).await.unwrap();
    assert!(!gateway.store().look_ups_over(later).await.unwrap());
    let again = uses::read(gateway, &object(VICTIM)).await.unwrap();
    assert_eq!(again.read.records.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_looked_up_by_what_they_are_known_by() {
    let (_sender, receiver, _) = delivered().await;
    let gateway = &*receiver.gateway;
    let nobody = Claim::read(br#"{"identifiers":[{"kind":"email","value":"nobody@example.org"}]}"#).unwrap();
    let none = uses::read(gateway, &asked(Selector::Person(nobody))).await.unwrap();
    assert_eq!((none.read.records.len(), none.read.refused), (0, 0));
    assert_eq!(told(&receiver, "records.used").await.len(), 0, "nothing was found, nothing was used");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_for_a_claim_is_not_used_and_uses_before_an_order_are_found_by_rows() {
    let (sender, receiver, exchange) = delivered().await;
    let gateway = &*receiver.gateway;
    uses::read(gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    let one = holds::Asked {
        exchange,
        object: Some(VICTIM.to_owned()),
        officer: "trained".to_owned(),
        ground: "legal_claim".to_owned(),
        until: Timestamp::from_second(gateway.now().as_second() + 3_600).unwrap(),
        reasons: Some(Digest::of(b"why")),
        facts: Vec::new(),
    };
    assert!(holds::place(gateway, &one).await.unwrap().hold.is_some());
    let beside = uses::read(gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    assert_eq!(beside.read.records.len(), 1, "what came with it is used as before");
    assert_eq!(uses::read(gateway, &object(VICTIM)).await.unwrap().read.records.len(), 0);
    let whole = holds::Asked { object: None, ..one };
    assert!(holds::place(gateway, &whole).await.unwrap().hold.is_some());
    let held = uses::read(gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    assert_eq!(held.read.records.len(), 0);
    assert!(reasons(&held).contains(&"restricted_by_order".to_owned()), "{:?}", reasons(&held));
    let rows = gateway.store().used(exchange, 10).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.given, row.refused)).collect::<Vec<_>>(),
        [(1, 0), (1, 0), (0, 1), (0, 1)]
    );
    assert_eq!(gateway.store().exchange(exchange).await.unwrap().unwrap().peer, sender.party());
}
