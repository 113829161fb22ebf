//! `?dry_run=true` at the doors of tools (C35): TAXII and MISP say what would come of a POST, a DELETE and a GET, object by object,
//! as the act afterwards says it, and leave every row and key as it was here and at the partner.

use crate::governed::{CHILDREN, collection, kept_here};
use crate::house::{House, PHISHING, pair};
use crate::kept::{Kept, rows_and_keys};
use crate::tool::{Answer, Tool};
use crate::{PASSWORD, envelope, fresh, id, indicator, numbers, officer};
use comity_gateway::work::{collections, tokens};
use serde_json::{Value as Json, json};

const RED: &str = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
const NONE: &str = "00000000-0000-0000-0000-000000000000";

async fn settled(house: &House) -> Kept {
    house.gateway.finish().await;
    rows_and_keys(house)
}

/// A TAXII status without what is of the moment of asking.
fn lasting(status: &Json) -> Json {
    let lists = ["successes", "failures", "pendings"].map(|list| {
        let details = status[list].as_array().cloned().unwrap_or_default();
        // What says no version of itself has that of the request.
        let told = details.iter().map(|detail| json!([detail["id"], detail["message"]]));
        (list, told.collect::<Vec<_>>())
    });
    let counts = ["total_count", "success_count", "failure_count", "pending_count"];
    json!([counts.map(|count| &status[count]), lists])
}

/// Posts dry, finds everything as it was at each of `houses`, posts, and is told the same. Gives what was told.
async fn posted_as_told(houses: &[&House], tool: &Tool, objects: &str, body: &Json) -> Json {
    let mut before = Vec::new();
    for house in houses {
        before.push(settled(house).await);
    }
    let would = tool.post(&format!("{objects}?dry_run=true"), body).await.taxii(200);
    for (house, before) in houses.iter().zip(&before) {
        settled(house).await.are_those_of(before, "a dry POST");
    }
    assert_eq!(
        (&would["x_comity_dry_run"], &would["status"], &would["id"]),
        (&json!(true), &json!("complete"), &json!(NONE)),
        "{would}"
    );
    let root = objects.split('/').nth(2).unwrap();
    assert_eq!(tool.get(&format!("/taxii2/{root}/status/{NONE}/")).await.status, 404, "none is kept");
    let done = tool.post(objects, body).await.taxii(202);
    assert_eq!(lasting(&would), lasting(&done), "as it came to pass");
    assert!(done.get("x_comity_dry_run").is_none(), "{done}");
    would
}

fn address(number: u32, value: &str) -> Json {
    json!({ "type": "ipv4-addr", "spec_version": "2.1", "value": value,
        "id": format!("ipv4-addr--00000000-0000-5000-8000-{number:012}") })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxii_post_is_told_object_by_object_before_it_is_done() {
    let (house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    tool.post(&objects, &envelope(&[indicator(1, 1), indicator(2, 1)])).await.taxii(202);
    assert_eq!(tool.delete(&format!("{objects}{}/", id(2))).await.status, 200);
    let (mut red, mut unread) = (indicator(4, 1), indicator(5, 1));
    red["object_marking_refs"] = json!([RED]);
    unread["id"] = json!("indicator--5");
    let mixed = [indicator(1, 1), indicator(2, 1), indicator(3, 1), red, unread, address(6, "198.51.100.6")];
    let would = posted_as_told(&[&house], &tool, &objects, &envelope(&mixed)).await;
    let failed = would["failures"].to_string();
    assert!(failed.contains("comity-open Sec. 2: marking_red"), "ground and article: {failed}");
    assert!(failed.contains("it is not added again") && failed.contains("indicator--5"), "{failed}");
    assert_eq!((&would["success_count"], &would["failure_count"]), (&json!(3), &json!(3)), "{would}");
    // Once more: what was added is here, and the marking does no more than before.
    let would = posted_as_told(&[&house], &tool, &objects, &envelope(&mixed)).await;
    assert_eq!(would["successes"].to_string().matches("it is here already").count(), 3, "{would}");
    // What would wait for an office says for which.
    let made = collections::make(&house.gateway, "ana", kept_here("Children", CHILDREN)).await.unwrap();
    let children = format!("/taxii2/comity-open/collections/{}/objects/", made.id.0);
    let would = posted_as_told(&[&house], &tool, &children, &envelope(&[indicator(8, 1)])).await;
    assert!(would["pendings"][0]["message"].to_string().contains("approval"), "{would}");
    // Whom the laws let do nothing is told so.
    officer(&house, "bo", -1).await;
    let untrained = Tool::of(&house, "bo", PASSWORD);
    let would = posted_as_told(&[&house], &untrained, &objects, &envelope(&[indicator(7, 1)])).await;
    assert!(would["failures"].to_string().contains("training_not_valid"), "{would}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxii_post_to_a_partner_is_told_before_the_partner_hears_of_it() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&sender, "ana", 365).await;
    let path = collection(&sender, "FI", &[]).await;
    let tool = Tool::of(&sender, "ana", PASSWORD);
    let bundle: Json = serde_json::from_slice(PHISHING).unwrap();
    let objects = format!("{path}objects/");
    // The first share of all draws the month's keys: a dry run draws none.
    let body = json!({ "objects": bundle["objects"] });
    let would = posted_as_told(&[&sender, &receiver], &tool, &objects, &body).await;
    let changed = would["successes"].to_string();
    assert!(
        changed.contains("Art.") || changed.contains('§'),
        "what would be changed, and by which article: {changed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxii_delete_is_told_version_by_version() {
    let (house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    tool.post(&objects, &envelope(&[indicator(1, 1), indicator(1, 2)])).await.taxii(202);
    let before = settled(&house).await;
    let at = format!("{objects}{}/", id(1));
    for (query, versions) in [
        ("?dry_run=true", &["2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00.000Z"][..]),
        ("?match[version]=first&dry_run=true", &["2024-01-01T00:00:00.000Z"]),
    ] {
        let would = tool.delete(&format!("{at}{query}")).await.taxii(200);
        assert_eq!(would["x_comity_dry_run"], true, "{would}");
        let told = would["successes"].as_array().unwrap().iter().map(|detail| &detail["version"]);
        assert_eq!(told.collect::<Vec<_>>(), versions, "{query}");
    }
    assert_eq!(
        tool.delete(&format!("{objects}{}/?dry_run=true", id(9))).await.taxii(404)["http_status"],
        "404"
    );
    settled(&house).await.are_those_of(&before, "a dry DELETE");
    assert_eq!(tool.delete(&at).await.taxii(200), json!({}));
    assert_eq!(tool.delete(&format!("{at}?dry_run=true")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxii_get_is_told_and_gives_nothing() {
    let (house, tool, path) = fresh().await;
    tool.post(&format!("{path}objects/"), &envelope(&[indicator(1, 1)])).await.taxii(202);
    let before = settled(&house).await;
    for rest in
        ["objects/", "manifest/", &format!("objects/{}/", id(1)), &format!("objects/{}/versions/", id(1))]
    {
        let would = tool.get(&format!("{path}{rest}?dry_run=true")).await.taxii(200);
        let told = &would["x_comity_dry_run"];
        assert_eq!((&told["outcome"], &told["dry_run"]), (&json!("permit"), &json!(true)), "{rest}: {would}");
        assert_eq!(told["entries"][0]["act"], "records.used", "{rest}: {would}");
        assert_ne!(told["entries"][0]["decisions"][0]["citations"], json!([]), "{rest}: {would}");
        assert!(!would.to_string().contains(&id(1)), "{rest}: nothing of it is given: {would}");
    }
    settled(&house).await.are_those_of(&before, "a dry GET");
    officer(&house, "bo", -1).await;
    let before = settled(&house).await;
    let untrained = Tool::of(&house, "bo", PASSWORD);
    let would = untrained.get(&format!("{path}objects/?dry_run=true")).await.taxii(200);
    assert_eq!(would["x_comity_dry_run"]["outcome"], "deny", "{would}");
    settled(&house).await.are_those_of(&before, "a GET that would be refused");
    assert_eq!(numbers(&tool.get(&format!("{path}objects/")).await.taxii(200)), [1]);
    for path in
        [format!("{path}objects/?dry_run=perhaps"), format!("{path}objects/?dry_run=true&dry_run=true")]
    {
        assert!(tool.get(&path).await.taxii(400)["description"].to_string().contains("dry_run"));
        assert!(
            tool.post(&path, &envelope(&[])).await.taxii(400)["description"].to_string().contains("dry_run")
        );
    }
}

const EVENT: &str = "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d11";
const ATTRIBUTE: &str = "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d21";

fn event(tag: &str) -> Json {
    let attribute = |uuid: &str, value: &str, tag: &str| {
        json!({ "uuid": uuid, "type": "domain", "category": "Network activity", "value": value, "to_ids": true,
            "Tag": [{ "name": tag }] })
    };
    json!({ "Event": { "uuid": EVENT, "info": "A loader", "date": "2026-05-01", "threat_level_id": "2",
        "analysis": "2", "distribution": "3", "timestamp": "1777500000", "published": true, "Tag": [{ "name": tag }],
        "Attribute": [
            attribute(ATTRIBUTE, "c2.example", "tlp:clear"),
            attribute("5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d22", "for-few.example", "tlp:red"),
        ] } })
}

/// MISP's interface at a collection.
struct Misp {
    tool: Tool,
    at: String,
}

impl Misp {
    async fn post(&self, path: &str, body: &Json) -> Answer {
        let headers = [("accept", "application/json"), ("content-type", "application/json")];
        self.tool.ask("POST", &format!("{}/{path}", self.at), &headers, body.to_string().as_bytes()).await
    }

    /// Asks dry, finds everything as it was, does it, and is told the same.
    async fn as_told(&self, house: &House, path: &str, body: &Json) -> (u16, Json) {
        let before = settled(house).await;
        let would = self.post(&format!("{path}?dry_run=true"), body).await;
        settled(house).await.are_those_of(&before, path);
        let (status, mut would) = (would.status, would.json());
        assert_eq!(would["dry_run"], true, "{path}: {would}");
        would.as_object_mut().unwrap().remove("dry_run");
        let done = self.post(path, body).await;
        assert_eq!((status, &would), (done.status, &done.json()), "{path}");
        (status, would)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_misp_gives_is_told_in_its_own_shape_before_it_is_done() {
    let (house, tool, path) = fresh().await;
    let (key, _) = tokens::give(&house.gateway, "ana", "our MISP", None).await.unwrap();
    let collection = path.trim_end_matches('/').rsplit('/').next().unwrap();
    let misp = Misp { tool: tool.showing(Some(key.as_str())), at: format!("/misp/{collection}") };
    let (status, refused) = misp.as_told(&house, "events/add", &event("tlp:red")).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["errors"].to_string().contains("marking_red"), "{refused}");
    let (status, part) = misp.as_told(&house, "events/add", &event("tlp:clear")).await;
    assert_eq!((status, &part["Event"]["uuid"]), (200, &json!(EVENT)), "{part}");
    assert!(!part["Event"].to_string().contains("for-few.example"), "{part}");
    assert!(part["errors_of_parts"].to_string().contains("marking_red"), "{part}");
    let sighting = json!({ "type": "0", "uuid": ATTRIBUTE, "timestamp": 1_777_500_000 });
    let before = settled(&house).await;
    let would = misp.post("sightings/add?dry_run=true", &sighting).await.json();
    settled(&house).await.are_those_of(&before, "a dry sighting");
    assert_eq!((&would["dry_run"], &would["Sighting"]["type"]), (&json!(true), &json!("0")), "{would}");
    let many = json!([{ "uuid": "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d99", "attribute_uuid": ATTRIBUTE, "type": "0",
        "date_sighting": "1777600000", "source": "", "org_id": "0" }]);
    let (_, saved) = misp.as_told(&house, &format!("sightings/bulkSaveSightings/{EVENT}"), &many).await;
    assert_eq!(saved["saved"], true, "{saved}");

    // What is taken: what would be recorded of it, and nothing of what is there.
    let before = settled(&house).await;
    for (door, body) in [
        ("events/restSearch", json!({ "uuid": EVENT })),
        ("attributes/restSearch", json!({})),
        ("events/index", json!({})),
        ("sightings/restSearch/event", json!({ "last": 0, "uuid": [EVENT] })),
    ] {
        let would = misp.post(&format!("{door}?dry_run=true"), &body).await;
        assert_eq!(would.status, 200, "{door}");
        assert!(!would.text().contains("c2.example") && !would.text().contains("A loader"), "{door}");
        let would = would.json();
        assert_eq!(
            (&would["dry_run"], &would["outcome"]),
            (&json!(true), &json!("permit")),
            "{door}: {would}"
        );
        assert_eq!(would["entries"][0]["act"], "records.used", "{door}: {would}");
    }
    settled(&house).await.are_those_of(&before, "a dry search");
    let unread = misp.post("events/add?dry_run=perhaps", &event("tlp:clear")).await;
    assert_eq!((unread.status, unread.json()["name"].is_string()), (400, true), "{}", unread.text());
    let unsigned = Misp { tool: tool.showing(None), at: misp.at.clone() };
    assert_eq!(unsigned.post("events/add?dry_run=true", &event("tlp:clear")).await.status, 403);
}
