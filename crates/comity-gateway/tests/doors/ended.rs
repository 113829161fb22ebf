//! What ends tells its readers, whatever ended it: whoever knows only what was added since they last asked learns of it by a
//! tombstone, and what ended by its clock does not begin again.

use crate::governed::collection;
use crate::house::{House, PHISHING, pair};
use crate::tool::Tool;
use crate::{PASSWORD, envelope, fresh, id, indicator, numbers, officer};
use comity_exchange::erase::{Order, erase_due, erase_exchange};
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{Collections as _, Page, Store as _, VersionWanted, Wanted};
use comity_exchange::shell::Shell as _;
use comity_gateway::work::recall;
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// All that lies in a collection of a house, tombstones included.
async fn listed(house: &House, number: usize) -> Page {
    let collection = &comity_gateway::work::collections::standing(&house.gateway)[number];
    let wanted = Wanted {
        stream: collection.stream(),
        added_after: None,
        after: None,
        objects: Vec::new(),
        types: Vec::new(),
        versions: vec![VersionWanted::All],
        limit: 1_000,
    };
    house.gateway.store().collected(wanted).await.unwrap()
}

/// When the last record of a collection is to be erased.
async fn last_end(house: &House, number: usize) -> Timestamp {
    let page = listed(house, number).await;
    page.listed.iter().map(|row| row.row.erase_by).max().expect("something is there")
}

/// The ids that the tombstones of an answer name, and the ids of the tombstones.
fn tombstones(answer: &Json) -> (BTreeSet<String>, BTreeSet<String>) {
    let objects = answer["objects"].as_array().cloned().unwrap_or_default();
    let (mut named, mut own) = (BTreeSet::new(), BTreeSet::new());
    for note in objects.iter().filter(|object| object["labels"] == json!(["removed"])) {
        assert_eq!(note["type"], "note");
        let keys: BTreeSet<&str> = note.as_object().unwrap().keys().map(String::as_str).collect();
        let told = [
            "abstract",
            "content",
            "created",
            "id",
            "labels",
            "modified",
            "object_refs",
            "spec_version",
            "type",
        ];
        assert_eq!(keys, told.into(), "it names objects, and says nothing else of them");
        own.insert(note["id"].as_str().unwrap().to_owned());
        named
            .extend(note["object_refs"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
    }
    (named, own)
}

fn address() -> Json {
    json!({
        "type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--cbd67181-b9f8-595b-8bc3-3971e34fa1cc",
        "value": "198.51.100.3",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_by_its_clock_is_told_and_does_not_begin_again() {
    let (house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let told =
        tool.post(&objects, &envelope(&[indicator(1, 1), indicator(2, 1), address()])).await.taxii(202);
    assert_eq!(told["success_count"], 3, "{told}");
    let seen = tool.get(&objects).await;
    let after = seen.header("x-taxii-date-added-last").unwrap().to_owned();
    let end = last_end(&house, 0).await;

    // A second early nothing has happened.
    erase_due(&*house.gateway, Timestamp::from_second(end.as_second() - 1).unwrap()).await.unwrap();
    let indicators = format!("{objects}?match[type]=indicator");
    assert_eq!(numbers(&tool.get(&indicators).await.taxii(200)), [1, 2]);
    erase_due(&*house.gateway, end).await.unwrap();
    let news = tool.get(&format!("{objects}?added_after={after}")).await.taxii(200);
    let (named, own) = tombstones(&news);
    // The address went in as its network: that has another id.
    assert_eq!(named.len(), 3, "{news}");
    assert!(named.contains(&id(1)) && named.contains(&id(2)) && named != BTreeSet::from([id(1), id(2)]));
    assert_eq!(news["objects"].as_array().unwrap().len(), own.len(), "nothing but that");
    for gone in &named {
        tool.get(&format!("{objects}{gone}/")).await.taxii(404);
    }

    // The same is refused, by each: as a new share under a new decision it would begin its clock again.
    let again =
        tool.post(&objects, &envelope(&[indicator(1, 1), address(), indicator(3, 1)])).await.taxii(202);
    assert!(again["failures"].to_string().contains("ipv4-addr"), "known only once it was minimised: {again}");
    assert_eq!((&again["success_count"], &again["failure_count"]), (&json!(1), &json!(2)), "{again}");
    assert!(
        again["failures"][0]["message"].as_str().unwrap().contains("its time there has ended"),
        "{again}"
    );
    // A newer version is no copy: another record, with a clock of its own.
    let newer = tool.post(&objects, &envelope(&[indicator(1, 2)])).await.taxii(202);
    assert_eq!(newer["success_count"], 1, "{newer}");
    let one = tool.get(&format!("{objects}{}/", id(1))).await.taxii(200);
    assert_eq!(one["objects"][0]["modified"], "2024-01-02T00:00:00.000Z");

    // A tombstone is told as long as is set, and its own end is told to nobody.
    let days = i64::from(house.gateway.settings().tombstone_days);
    let until = Timestamp::from_second(end.as_second() + days * 86_400 + 600).unwrap();
    erase_due(&*house.gateway, until).await.unwrap();
    let left = tool.get(&format!("{objects}?match[type]=note")).await.taxii(200);
    assert_eq!(left, json!({}), "nothing is left of it");
    let refused = tool.post(&objects, &envelope(&[indicator(2, 1)])).await.taxii(202);
    assert_eq!(refused["failure_count"], 1, "and it does not come back: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_which_a_newer_version_stays_has_no_tombstone() {
    let (house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    tool.post(&objects, &envelope(&[indicator(1, 1)])).await.taxii(202);
    let end = last_end(&house, 0).await;
    // Clocks of records are of whole seconds: the second version is to end in a later one, and nothing tells of the turn.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    tool.post(&objects, &envelope(&[indicator(1, 2)])).await.taxii(202);
    assert!(end < last_end(&house, 0).await);
    erase_due(&*house.gateway, end).await.unwrap();
    let left = tool.get(&format!("{objects}?match[version]=all")).await.taxii(200);
    assert_eq!(numbers(&left), [1], "the newer, and nothing that says that it is gone: {left}");
    let again = tool.post(&objects, &envelope(&[indicator(1, 1)])).await.taxii(202);
    assert_eq!(again["failure_count"], 1, "what ended does not begin again: {again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_sender_calls_back_is_told_to_the_readers_of_its_holder() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&receiver, "ana", 365).await;
    let from = collection(&receiver, "EE", &[]).await;
    let objects = format!("{from}objects/");
    let reader = Tool::of(&receiver, "ana", PASSWORD);
    let report = sender.share(PHISHING).await;
    let seen = reader.get(&objects).await;
    let had: BTreeSet<String> = seen.taxii(200)["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect();
    let after = seen.header("x-taxii-date-added-last").unwrap().to_owned();
    assert!(!had.is_empty());
    let order = recall::Order {
        exchange: report.exchange_id.0,
        officer: "trained".to_owned(),
        action: RecallAction::Recall,
        records: None,
        lifts: None,
        replaced_by: None,
        ground: "sent_in_error".parse().unwrap(),
        facts: Vec::new(),
    };
    recall::order(&sender.gateway, &order).await.unwrap();
    let mut named = BTreeSet::new();
    for _ in 0..600 {
        let news = reader.get(&format!("{objects}?added_after={after}")).await;
        if news.status == 200 {
            named = tombstones(&news.json()).0;
        }
        if !named.is_empty() {
            break;
        }
        // The order travels by itself: it tells no test when it has come.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(named.is_superset(&had), "each object of the exchange: {named:?}");
    // What was masked so far that a tool was not given it is named as well: a copy of an earlier day has to go too.
    assert_eq!(named.len(), had.len() + 4, "{named:?}");

    // Shared once more by its origin, it was no mistake: it lies there again.
    sender.share(PHISHING).await;
    let back = reader.get(&format!("{objects}?added_after={after}")).await.taxii(200);
    let back: BTreeSet<&str> =
        back["objects"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap()).collect();
    assert!(had.iter().all(|id| back.contains(id.as_str())), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_at_its_holder_is_kept_for_no_time_when_it_is_sent_again() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&receiver, "ana", 365).await;
    let from = collection(&receiver, "EE", &[]).await;
    let reader = Tool::of(&receiver, "ana", PASSWORD);
    sender.share(PHISHING).await;
    let number = comity_gateway::work::collections::standing(&receiver.gateway)
        .iter()
        .position(|standing| from.contains(&standing.id.0.to_string()))
        .unwrap();
    let end = last_end(&receiver, number).await;
    erase_due(&*receiver.gateway, end).await.unwrap();
    let again = sender.share(PHISHING).await;
    let left = reader.get(&format!("{from}objects/")).await.taxii(200);
    let (_, own) = tombstones(&left);
    assert_eq!(left["objects"].as_array().unwrap().len(), own.len(), "nothing but tombstones: {left}");
    let held = receiver.gateway.store().held_of(again.exchange_id.0, false, 100).await.unwrap();
    let now = receiver.gateway.now();
    assert!(!held.is_empty() && held.iter().all(|record| record.row.erase_by <= now), "due at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_officer_erases_is_told_too_to_a_client_that_others_wrote() {
    let (house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    tool.post(&objects, &envelope(&[indicator(1, 1), indicator(2, 1)])).await.taxii(202);
    let seen = tool.get(&objects).await;
    let after = seen.header("x-taxii-date-added-last").unwrap().to_owned();
    let page = listed(&house, 0).await;
    let exchange = page.segments[0].0.exchange.unwrap();
    let order = Order { exchange, ground: "no_longer_needed".parse().unwrap(), openings: false };
    erase_exchange(&*house.gateway, &order, Json::Null).await.unwrap();
    let (named, _) = tombstones(&tool.get(&format!("{objects}?added_after={after}")).await.taxii(200));
    assert_eq!(named, BTreeSet::from([id(1), id(2)]));

    let Some(python) = comity_beside::python("taxii2client, stix2") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/ended.py");
    let url = format!("http://{}", house.plain());
    let arguments = [url, path, "ana".to_owned(), PASSWORD.to_owned(), after, id(1), id(2)];
    let run = move || Command::new(python).arg(script).args(&arguments).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_reads_while_its_records_are_erased_gets_the_whole_or_nothing_and_each_read_is_recorded()
{
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    officer(&receiver, "ana", 365).await;
    let path = format!("{}objects/", collection(&receiver, "EE", &[]).await);
    let exchange = sender.share_as("ana", PHISHING).await.exchange_id.0;
    // Without a tombstone: what it says of what ended.
    let whole = |answer: &Json| -> Vec<String> {
        let objects = answer["objects"].as_array().cloned().unwrap_or_default();
        let real = objects.into_iter().filter(|object| object["labels"] != json!(["removed"]));
        real.map(|object| object.to_string()).collect()
    };
    let first = whole(&Tool::of(&receiver, "ana", PASSWORD).get(&path).await.taxii(200));
    assert!(!first.is_empty());
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (tool, path, first) = (Tool::of(&receiver, "ana", PASSWORD), path.clone(), first.clone());
            tokio::spawn(async move {
                let mut given = 0;
                for _ in 0..400 {
                    let read = whole(&tool.get(&path).await.taxii(200));
                    assert!(read.iter().all(|object| first.contains(object)), "as it was: {read:?}");
                    if read.is_empty() {
                        return given;
                    }
                    given += read.len();
                }
                panic!("it is read on and on")
            })
        })
        .collect();
    let order = recall::Order {
        exchange,
        officer: "ana".to_owned(),
        action: RecallAction::Erase,
        records: None,
        lifts: None,
        replaced_by: None,
        ground: "sent_in_error".parse().unwrap(),
        facts: Vec::new(),
    };
    recall::order(&sender.gateway, &order).await.unwrap();
    let mut given = first.len();
    for reader in readers {
        given += reader.await.unwrap();
    }
    assert_eq!(receiver.gateway.store().held_of(exchange, false, 1_000).await.unwrap().len(), 0);
    // Whatever was given was recorded before: nobody read what no entry tells of.
    let uses = uses_of(&receiver).await;
    let recorded: u64 = uses.iter().filter_map(|told| told["given"].as_u64()).sum();
    assert!(recorded as usize >= given, "{given} objects were given, {recorded} recorded");
    assert_eq!(
        whole(&Tool::of(&receiver, "ana", PASSWORD).get(&path).await.taxii(200)),
        Vec::<String>::new()
    );
}

/// What the openings of uses tell.
async fn uses_of(house: &House) -> Vec<Json> {
    let mut told = Vec::new();
    for logged in house.gateway.store().logged(comity_tlog::LeafIndex(0), 10_000).await.unwrap() {
        let opening = logged.opening.unwrap();
        let gateway = &house.gateway;
        let opened = gateway.with_keys(|keys| gateway.signatory().open_opening(&opening, keys));
        let content: Json = serde_json::from_slice(opened.unwrap().unwrap().content()).unwrap();
        if content["act"] == "records.used" {
            told.push(content["facts"].clone());
        }
    }
    told
}
