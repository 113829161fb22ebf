//! Who is not targeted is masked at every door that hands out records (C27): what a tool reads, and what an officer takes out.

use crate::governed::collection;
use crate::house::{House, PHISHING, looks, pair};
use crate::tool::Tool;
use crate::{PASSWORD, officer};
use comity_exchange::collect::Selector;
use comity_exchange::report::ExchangeOutcome;
use comity_gateway::work::{audit, tokens, uses};
use serde_json::{Value as Json, json};

/// The accountant whom the campaign of the example targets, and an indicator that names her address beside the attacker's.
const VICTIM: &str = "identity--cbf27734-ac10-4525-8b66-402800e03d2c";
const NAMES_HER: &str = "indicator--f1260ebc-7d56-4b56-b714-dc919b27dbdf";
const ATTACHMENT: &str = "indicator--6caf76a5-7035-48ae-8280-ad3729a6f2e7";
const EVENT: &str = "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d11";

/// A partner's report, which says who is who: what tools of the receiver read it by.
async fn delivered() -> (House, House, Tool, String) {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    sender.officers().await;
    officer(&receiver, "ana", 365).await;
    let mut bundle: Json = serde_json::from_slice(PHISHING).unwrap();
    let objects = bundle["objects"].as_array_mut().unwrap();
    let all: Vec<Json> = objects.iter().map(|object| object["id"].clone()).collect();
    objects.push(json!({
        "type": "report", "spec_version": "2.1", "id": format!("report--{EVENT}"),
        "created": "2026-03-02T08:15:00.000Z", "modified": "2026-03-02T08:15:00.000Z",
        "name": "Invoices", "published": "2026-03-02T08:15:00.000Z", "object_refs": all,
    }));
    let report = sender.share(bundle.to_string().as_bytes()).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    let path = collection(&receiver, "EE", &[]).await;
    let tool = Tool::of(&receiver, "ana", PASSWORD);
    (sender, receiver, tool, path)
}

/// That nothing of it stands for the accountant: her pseudonym is not there, nor that she is one.
fn says_nothing_of_her(text: &str) {
    for told in ["Accountant", "individual", "@example.org"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn taxii_gives_what_a_mask_leaves_and_says_how_many_it_masked() {
    let (sender, receiver, tool, path) = delivered().await;
    let page = tool.get(&format!("{path}objects/")).await;
    let masked: u64 = page.header("x-comity-masked").expect("how many are masked").parse().unwrap();
    assert!(masked >= 2, "{masked}");
    let read = page.taxii(200);
    let objects = read["objects"].as_array().unwrap();
    let of = |id: &str| objects.iter().find(|object| object["id"] == id);
    let her = of(VICTIM).expect("there is somebody");
    let left: Vec<&str> = her.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(left, ["created", "id", "modified", "name", "spec_version", "type"]);
    assert_eq!(her["name"], "masked-cbf27734", "an object of STIX still, told apart from others");
    says_nothing_of_her(&her.to_string());
    assert!(of(NAMES_HER).is_none(), "without its pattern it is no indicator");
    assert_eq!(of(ATTACHMENT).unwrap()["pattern_type"], "stix", "what is about nobody is whole");

    // By id, by its versions and in the manifest it is the same.
    let one = tool.get(&format!("{path}objects/{VICTIM}/")).await;
    assert_eq!(one.header("x-comity-masked"), Some("1"));
    assert_eq!(one.taxii(200)["objects"][0]["name"], "masked-cbf27734");
    let refused = tool.get(&format!("{path}objects/{NAMES_HER}/")).await.taxii(403);
    let why = refused["description"].as_str().unwrap();
    assert!(why.contains("are masked") && why.contains("comity vault unmask"), "{why}");
    tool.get(&format!("{path}objects/{NAMES_HER}/versions/")).await.taxii(403);
    let manifest = tool.get(&format!("{path}manifest/")).await;
    assert_eq!(manifest.header("x-comity-masked"), Some(masked.to_string().as_str()));
    assert!(!manifest.taxii(200).to_string().contains(NAMES_HER));
    let none = tool.get(&format!("{path}objects/{ATTACHMENT}/")).await;
    assert_eq!((none.status, none.header("x-comity-masked")), (200, None));

    // What was masked is in the entry, and the overseer's replay comes to the same.
    let told = audit::replayed_json(&audit::replay(&receiver.gateway, false, |_| ()).await.unwrap());
    assert_eq!(told["decisions"], told["identical"], "{told}");
    drop(sender);
}

#[tokio::test(flavor = "multi_thread")]
async fn misp_pulls_nobody_who_is_not_targeted() {
    let (_sender, receiver, tool, path) = delivered().await;
    let (key, _) = tokens::give(&receiver.gateway, "ana", "our MISP", None).await.unwrap();
    let id = path.trim_end_matches('/').rsplit('/').next().unwrap();
    let misp = tool.showing(Some(key.as_str()));
    let headers = [("accept", "application/json"), ("content-type", "application/json")];
    let doors = [("POST", "events/restSearch"), ("POST", "attributes/restSearch"), ("POST", "events/index")];
    let view = format!("events/view/{EVENT}");
    for (method, door) in doors.into_iter().chain([("GET", view.as_str())]) {
        let found = misp.ask(method, &format!("/misp/{id}/{door}"), &headers, b"{}").await;
        assert_eq!(found.status, 200, "{door}: {}", found.text());
        assert!(found.text().contains("Invoices"), "{door}: {}", found.text());
        says_nothing_of_her(&found.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_who_takes_out_all_there_is_takes_out_no_names() {
    let (_sender, receiver, _, _) = delivered().await;
    let named = [VICTIM, NAMES_HER, ATTACHMENT].map(str::to_owned).to_vec();
    let by_id = looks("ana", Selector::Objects(named));
    for read in [
        uses::read(&receiver.gateway, &by_id).await.unwrap().read,
        uses::export(&receiver.gateway, &by_id).await.unwrap(),
    ] {
        assert_eq!((read.records.len(), read.masked(), read.refused), (3, 2, 0));
        says_nothing_of_her(&uses::bundle(&receiver.gateway, &read.records).unwrap());
    }
}
