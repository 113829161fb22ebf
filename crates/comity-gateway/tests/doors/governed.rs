//! What governing adds: a POST is a share, a GET is a use, and both are in the log.

use crate::house::{House, PHISHING, pair};
use crate::tool::Tool;
use crate::{PASSWORD, envelope, fresh, indicator, numbers, officer};
use comity_gateway::work::collections::{self, Asked};
use comity_gateway::work::{audit, manage};
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};
use std::time::Duration;

const NIS2: &str = "eu-nis2-2022-2555";

/// A collection for public data that EE keeps itself.
pub(crate) fn kept_here(title: &str, facts: &[(&str, &str)]) -> Asked {
    Asked {
        title: title.to_owned(),
        description: None,
        agreement: "comity-open".parse().unwrap(),
        partner: "EE".parse().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "research".parse().unwrap(),
        facts: facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect(),
        can_read: true,
        can_write: true,
        until: None,
        reviewer: None,
    }
}

/// Facts by which a share waits for an office.
pub(crate) const CHILDREN: &[(&str, &str)] = &[("vulnerable", "[\"child\"]")];

/// A collection with `partner` under the agreement that both have signed; its path.
pub(crate) async fn collection(house: &House, partner: &str, facts: &[(&str, &str)]) -> String {
    let asked = Asked {
        title: format!("With {partner}"),
        description: None,
        agreement: NIS2.parse().unwrap(),
        partner: partner.parse().unwrap(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect(),
        can_read: true,
        can_write: true,
        until: None,
        reviewer: None,
    };
    let made = collections::make(&house.gateway, "ana", asked).await.unwrap();
    format!("/taxii2/{NIS2}/collections/{}/", made.id.0)
}

async fn replayed(house: &House) -> (u64, u64, Vec<Json>) {
    let told = audit::replayed_json(&audit::replay(&house.gateway, false, |_| ()).await.unwrap());
    let different = told["different"].as_array().unwrap().clone();
    (told["decisions"].as_u64().unwrap(), told["identical"].as_u64().unwrap(), different)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_state_posts_the_other_reads_as_its_laws_let_it() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    officer(&receiver, "ana", 365).await;
    let (to, from) = (collection(&sender, "FI", &[]).await, collection(&receiver, "EE", &[]).await);
    let (writer, reader) = (Tool::of(&sender, "ana", PASSWORD), Tool::of(&receiver, "ana", PASSWORD));
    let bundle: Json = serde_json::from_slice(PHISHING).unwrap();
    let told =
        writer.post(&format!("{to}objects/"), &json!({ "objects": bundle["objects"] })).await.taxii(202);
    assert_eq!(told["failure_count"], 0, "{told}");
    // What was treated is told with the article that asks for it.
    let messages: Vec<&str> = told["successes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|detail| detail["message"].as_str())
        .collect();
    assert!(messages.iter().any(|message| message.contains("Art.") || message.contains("§")), "{messages:?}");

    let read = reader.get(&format!("{from}objects/")).await.taxii(200);
    // All but four that are about victims, and of which a mask leaves no object (masked.rs).
    assert_eq!(read["objects"].as_array().unwrap().len() + 4, bundle["objects"].as_array().unwrap().len());
    let (decisions, identical, different) = replayed(&receiver).await;
    assert_eq!((decisions, identical), (2, 2), "the receipt and the use: {different:?}");
    // The sender's own collection shows what came from the partner: nothing yet.
    assert_eq!(writer.get(&format!("{to}objects/")).await.taxii(200), json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_laws_refuse_is_told_object_by_object() {
    let (house, tool, path) = fresh().await;
    let mut amber = indicator(2, 1);
    amber["object_marking_refs"] = json!(["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]);
    let told = tool.post(&format!("{path}objects/"), &envelope(&[indicator(1, 1), amber])).await.taxii(202);
    assert_eq!((&told["success_count"], &told["failure_count"]), (&json!(1), &json!(1)), "{told}");
    assert!(told["failures"][0]["message"].as_str().unwrap().contains("marking_amber"), "{told}");
    assert_eq!(numbers(&tool.get(&format!("{path}objects/")).await.taxii(200)), [1]);

    officer(&house, "bo", -1).await;
    let untrained = Tool::of(&house, "bo", PASSWORD);
    let refused = untrained.get(&format!("{path}objects/")).await.taxii(403);
    assert!(refused["description"].as_str().unwrap().contains("training_not_valid"), "{refused}");
    let refused = untrained.post(&format!("{path}objects/"), &envelope(&[indicator(3, 1)])).await.taxii(202);
    assert!(refused["failures"][0]["message"].as_str().unwrap().contains("training_not_valid"), "{refused}");
    let (decisions, identical, different) = replayed(&house).await;
    assert_eq!((decisions, identical), (4, 4), "{different:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_down_leaves_objects_pending_until_it_has_answered() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    let path = collection(&sender, "FI", &[]).await;
    let at = receiver.unplug(&sender).await;
    let writer = Tool::of(&sender, "ana", PASSWORD);
    let told = writer.post(&format!("{path}objects/"), &envelope(&[indicator(1, 1)])).await.taxii(202);
    assert_eq!((&told["status"], &told["pending_count"]), (&json!("pending"), &json!(1)), "{told}");
    receiver.plug(&sender, at).await;
    let status = format!("/taxii2/{NIS2}/status/{}/", told["id"].as_str().unwrap());
    let delivered = async {
        loop {
            let told = writer.get(&status).await.taxii(200);
            if told["status"] == "complete" {
                return told;
            }
            // A client asks again until it is done: that is all that TAXII gives it.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), delivered).await.expect("delivered");
    assert_eq!((&told["success_count"], &told["pending_count"]), (&json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_for_tests_says_when_it_was_added_and_in_service_nothing_does() {
    let (house, tool, path) = fresh().await;
    let collection = collections::standing(&house.gateway).remove(0);
    let bundle = |number| {
        json!({ "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001",
        "objects": [indicator(number, 1)] })
        .to_string()
        .into_bytes()
    };
    let added: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let import = async |house: &House, added| {
        collections::back_date(&house.gateway, &collection, "ana", bundle(1), added).await
    };
    let refused = import(&house, added).await.unwrap_err().to_string();
    assert!(refused.contains("test_imports"), "{refused}");
    assert_eq!(tool.get(&format!("{path}objects/")).await.taxii(200), json!({}));

    let directory = house.gateway.directory().clone();
    let room = house.close().await;
    std::fs::write(directory.settings(), "test_imports = true\n").unwrap();
    let house = House::reopen(room, directory, ([127, 0, 0, 1], 0).into()).await;
    let tool = Tool::of(&house, "ana", PASSWORD);
    assert!(import(&house, "2099-01-01T00:00:00Z".parse().unwrap()).await.is_err(), "not in the future");
    import(&house, added).await.unwrap();
    tool.post(&format!("{path}objects/"), &envelope(&[indicator(2, 1)])).await.taxii(202);
    let manifest = tool.get(&format!("{path}manifest/")).await.taxii(200);
    assert_eq!(manifest["objects"][0]["date_added"], "2026-01-01T00:00:00.000000Z");
    let since = tool.get(&format!("{path}objects/?added_after=2026-01-01T00:00:00Z")).await.taxii(200);
    assert_eq!(numbers(&since), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_gives_the_facts_that_a_client_cannot_say_and_ends() {
    let (house, tool, _) = fresh().await;
    for wrong in [&[("nothing_known", "true")][..], &[("urgent", "perhaps")]] {
        assert!(
            collections::make(&house.gateway, "ana", kept_here("Another", wrong)).await.is_err(),
            "{wrong:?}"
        );
    }
    // The facts say that children are concerned: such a share waits for an office.
    let made = collections::make(&house.gateway, "ana", kept_here("Another", CHILDREN)).await.unwrap();
    let path = format!("/taxii2/comity-open/collections/{}/", made.id.0);
    let told = tool.post(&format!("{path}objects/"), &envelope(&[indicator(1, 1)])).await.taxii(202);
    assert_eq!((&told["status"], &told["pending_count"]), (&json!("pending"), &json!(1)), "{told}");
    collections::end(&house.gateway, "ana", made.id.0).await.unwrap();
    tool.get(&path).await.taxii(404);
    tool.post(&format!("{path}objects/"), &envelope(&[indicator(2, 1)])).await.taxii(404);
    assert!(manage::unheard(&house.gateway).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_giver_restricts_is_read_by_no_tool_until_that_is_lifted() {
    use comity_exchange::federation::recall::RecallAction;
    use comity_gateway::work::recall;
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    officer(&receiver, "ana", 365).await;
    let from = collection(&receiver, "EE", &[]).await;
    let reader = Tool::of(&receiver, "ana", PASSWORD);
    let exchange = sender.share_as("ana", PHISHING).await.exchange_id.0;
    let path = format!("{from}objects/");
    let all = reader.get(&path).await.taxii(200)["objects"].as_array().unwrap().len();
    for (action, status) in [(RecallAction::Restrict, 403), (RecallAction::Lift, 200)] {
        let order = recall::Order {
            exchange,
            officer: "ana".to_owned(),
            action,
            records: None,
            lifts: None,
            replaced_by: None,
            ground: "sent_in_error".parse().unwrap(),
            facts: Vec::new(),
        };
        recall::order(&sender.gateway, &order).await.unwrap();
        let read = reader.get(&path).await.taxii(status);
        match action {
            RecallAction::Restrict => assert_eq!(read["description"], "agreement: restricted_by_order"),
            _ => assert_eq!(read["objects"].as_array().unwrap().len(), all),
        }
    }
    // Whoever holds it can tell what had been made of it when it turns out to be wrong.
    let right = sender.share_as("ana", PHISHING).await.exchange_id.0;
    let order = recall::Order {
        exchange,
        officer: "ana".to_owned(),
        action: RecallAction::Correct,
        records: None,
        lifts: None,
        replaced_by: Some(right),
        ground: "sent_in_error".parse().unwrap(),
        facts: Vec::new(),
    };
    let (id, _) = recall::order(&sender.gateway, &order).await.unwrap();
    let known = recall::orders(&receiver.gateway, Some(id)).await.unwrap().pop().unwrap();
    let used = recall::uses(&receiver.gateway, &known).await.unwrap();
    assert_eq!(used["read"].as_array().unwrap().len(), 3, "also the read that was refused: {used}");
    assert!(used["read"].as_array().unwrap().iter().all(|read| read["purpose"] == "cyber_defence"));
    assert_eq!(used["passed_on"], json!([]));
    let (_, _, different) = replayed(&receiver).await;
    assert_eq!(different, Vec::<Json>::new());
}

/// An indicator by number under a marking of one's own, with its definition.
fn marked(number: u32, definition: &Json) -> Vec<Json> {
    let id = format!("marking-definition--00000000-0000-4000-8000-{number:012}");
    let mut marking = json!({
        "type": "marking-definition", "spec_version": "2.1", "id": id, "created": "2026-01-01T00:00:00.000Z",
    });
    marking.as_object_mut().unwrap().extend(definition.as_object().unwrap().clone());
    let mut object = indicator(number, 1);
    object["object_marking_refs"] = json!([id]);
    vec![marking, object]
}

fn statement(text: &str) -> Json {
    json!({ "definition_type": "statement", "definition": { "statement": text } })
}

/// C13: a handling code that a marking carries is asked at every door; none is dropped, whether it is understood or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_handling_code_in_a_marking_is_enforced_where_it_is_read_and_where_it_is_not() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let extended = json!({ "extensions": { "extension-definition--11111111-1111-4111-8111-111111111111": {
        "extension_type": "property-extension", "handling_code": "H2",
    } } });
    let own = json!({ "definition_type": "handling-code", "definition": { "handling_code": "H1" } });
    // A plain agreement for public data knows no handling codes: nothing under one goes by it.
    for (number, definition) in
        [statement("Europol handling code: H2"), statement("Handling code H7"), own, extended]
            .iter()
            .enumerate()
    {
        let given = marked(number as u32 + 10, definition);
        let told = tool.post(&objects, &envelope(&given)).await.taxii(202);
        let failed = told["failures"].to_string();
        assert!(failed.contains(&crate::id(number as u32 + 10)) && failed.contains("marking_red"), "{told}");
    }
    let plain =
        tool.post(&objects, &envelope(&marked(20, &statement("Copyright Europol 2026")))).await.taxii(202);
    assert_eq!(plain["failure_count"], 0, "a statement that names no code asks for nothing: {plain}");
    // A part that is marked binds the whole.
    let mut part = marked(21, &statement("SIENA H3"));
    let marking = part[1].as_object_mut().unwrap().remove("object_marking_refs").unwrap()[0].clone();
    part[1]["granular_markings"] = json!([{ "marking_ref": marking, "selectors": ["name"] }]);
    let told = tool.post(&objects, &envelope(&part)).await.taxii(202);
    assert!(told["failures"].to_string().contains("marking_red"), "{told}");
    assert_eq!(numbers(&tool.get(&format!("{objects}?match[type]=indicator")).await.taxii(200)), [20]);
}

/// The agreement that knows the codes: H0 is used for crime alone, H2 goes across and is not passed on.
#[tokio::test(flavor = "multi_thread")]
async fn police_messages_go_across_with_their_handling_codes_and_are_used_as_these_let_them() {
    let siena = "europol-siena";
    let (sender, receiver) = (House::open("EE").await, House::open("FI").await);
    for house in [&sender, &receiver] {
        manage::adopt(&house.gateway, siena, std::path::Path::new("/")).await.unwrap();
        officer(house, "ana", 365).await;
    }
    sender.meet(&receiver, receiver.address()).await;
    receiver.meet(&sender, sender.address()).await;
    let standing = async |house: &House, partner: &str, purpose: &str| {
        let asked = Asked {
            title: format!("Messages with {partner} for {purpose}"),
            description: None,
            agreement: siena.parse().unwrap(),
            partner: partner.parse().unwrap(),
            activity: "criminal_investigation".parse().unwrap(),
            purpose: purpose.parse().unwrap(),
            // What is not about a person has no term there, and is kept by nobody.
            facts: [("strictly_necessary", "true"), ("personal_data", "true"), ("subject_status", "suspect")]
                .map(|(key, value)| (key.parse().unwrap(), value.to_owned()))
                .to_vec(),
            can_read: true,
            can_write: true,
            until: None,
            reviewer: None,
        };
        let made = collections::make(&house.gateway, "ana", asked).await.unwrap();
        format!("/taxii2/{siena}/collections/{}/objects/", made.id.0)
    };
    let crime = "criminal_investigation";
    let (to, from) = (standing(&sender, "FI", crime).await, standing(&receiver, "EE", crime).await);
    let (writer, reader) = (Tool::of(&sender, "ana", PASSWORD), Tool::of(&receiver, "ana", PASSWORD));
    for (number, text) in [(1, "Handling code H0"), (2, "Handling code H2"), (3, "Handling code H3")] {
        let told = writer.post(&to, &envelope(&marked(number, &statement(text)))).await.taxii(202);
        assert_eq!(
            (&told["success_count"], &told["status"]),
            (&json!(2), &json!("complete")),
            "{text}: {told}"
        );
    }
    // H3 asks the provider before each use: it lies there, and is not given.
    let read = reader.get(&format!("{from}?match[type]=indicator")).await.taxii(200);
    assert_eq!(numbers(&read), [1, 2], "{read}");
    // The marking went along, word for word.
    let markings = reader.get(&format!("{from}?match[type]=marking-definition")).await.taxii(200).to_string();
    assert!(markings.contains("Handling code H0") && markings.contains("Handling code H2"), "{markings}");
}

/// A tool sends the marking with what bears it, each time: the second time it is here already, and says what it said.
#[tokio::test(flavor = "multi_thread")]
async fn a_marking_that_is_here_already_is_read_with_what_comes_later() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let marking = json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--00000000-0000-4000-8000-000000000007",
        "created": "2024-01-01T00:00:00.000Z",
        "definition_type": "statement",
        "definition": { "statement": "MISP distribution: 3" },
    });
    for number in 1..=3 {
        let mut marked = indicator(number, 1);
        marked["object_marking_refs"] = json!([marking["id"]]);
        let added = tool.post(&objects, &json!({ "objects": [marking, marked] })).await.taxii(202);
        assert_eq!(
            (&added["success_count"], &added["failure_count"]),
            (&json!(2), &json!(0)),
            "{number}: {added}"
        );
    }
    // Kept once, and told once.
    let kept =
        tool.get(&format!("{objects}?match[type]=marking-definition&match[version]=all")).await.taxii(200);
    assert_eq!(kept["objects"].as_array().map(Vec::len), Some(1), "{kept}");
    let read = tool.get(&format!("{objects}?match[type]=indicator")).await.taxii(200);
    assert_eq!(crate::numbers(&read), [1, 2, 3]);
}

/// An exchange policy binds under every agreement that reads the Traffic Light Protocol, not under its own pack alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_policy_in_a_marking_is_kept_to() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    for (number, policy, refused) in [
        (1, json!({ "start_date": "2020-01-01", "end_date": "2199-01-01" }), None),
        (2, json!({ "encrypt_in_transit": "must" }), None),
        (3, json!({ "end_date": "2020-01-01" }), Some("IEP 2.0, end_date")),
        (4, json!({ "start_date": "2199-01-01" }), Some("IEP 2.0, start_date")),
        (5, json!({ "tlp": "red" }), Some("marking_red")),
    ] {
        let id = format!("marking-definition--00000000-0000-4000-8000-{number:012}");
        let marking = json!({ "type": "marking-definition", "spec_version": "2.1", "id": id,
            "created": "2024-01-01T00:00:00.000Z", "definition_type": "statement", "definition": { "iep": policy } });
        let mut marked = indicator(number, 1);
        marked["object_marking_refs"] = json!([id]);
        let added = tool.post(&objects, &json!({ "objects": [marking, marked] })).await.taxii(202);
        let failed = added["failures"].to_string();
        match refused {
            None => assert_eq!(added["failure_count"], 0, "{policy}: {added}"),
            Some(why) => assert!(failed.contains(why) && failed.contains("indicator--"), "{policy}: {added}"),
        }
    }
}
