//! The doors that tools and programs come in by, over a real socket: TAXII 2.1, clause by clause, with what governing adds
//! to it and clients that others wrote; the API, its problems and examples; and webhooks.

mod answers;
mod api;
mod approvals;
mod clients;
mod conformance;
mod deletion;
mod dry;
mod dry_tools;
mod ended;
mod examples;
mod governed;
mod hostile;
#[path = "../federation/house.rs"]
#[expect(dead_code, reason = "these tests need few of what partners' tests need")]
mod house;
#[path = "../federation/kept.rs"]
mod kept;
mod masked;
mod medallion;
mod misp;
mod notices;
mod opt_outs;
mod problems;
mod racing;
mod rates;
mod requests;
mod subjects;
mod tool;
mod webhooks;

use comity_exchange::ports::Officer;
use comity_exchange::shell::Shell as _;
use comity_gateway::clock::OsEntropy;
use comity_gateway::passwords;
use comity_gateway::work::{collections, manage};
use comity_terms::Timestamp;
use house::House;
use serde_json::{Value as Json, json};
use tool::Tool;

const PASSWORD: &str = "correct horse battery";

/// An officer who can sign in; trained for so many days from now.
async fn officer(house: &House, name: &str, days: i64) {
    let until = house.gateway.now().as_second() + days * 86_400;
    let officer = Officer {
        name: name.to_owned(),
        role: "analyst".to_owned(),
        unit: None,
        training_until: Timestamp::from_second(until).unwrap(),
        password_hash: passwords::hash(PASSWORD, &mut OsEntropy).unwrap(),
    };
    manage::add_officer(&house.gateway, officer).await.unwrap();
}

/// A fresh gateway as `comity init` leaves it, with an officer `ana`; her tool, and the path of its one collection.
async fn fresh() -> (House, Tool, String) {
    let house = House::open("EE").await;
    collections::public(&house.gateway).await.unwrap();
    officer(&house, "ana", 365).await;
    let tool = Tool::of(&house, "ana", PASSWORD);
    let collection = &collections::standing(&house.gateway)[0];
    let path = format!("/taxii2/{}/collections/{}/", collection.agreement.0, collection.id.0);
    (house, tool, path)
}

/// An indicator by number, of a day of 2024.
fn indicator(number: u32, day: u32) -> Json {
    json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2024-01-01T00:00:00.000Z",
        "modified": format!("2024-01-{day:02}T00:00:00.000Z"),
        "name": format!("Indicator {number}"),
        "pattern": format!("[file:name = 'dropper-{number}.exe']"),
        "pattern_type": "stix",
        "valid_from": "2024-01-01T00:00:00Z",
    })
}

fn id(number: u32) -> String {
    format!("indicator--00000000-0000-4000-8000-{number:012}")
}

fn envelope(objects: &[Json]) -> Json {
    json!({ "objects": objects })
}

/// The numbers of the indicators in an envelope or a manifest, in its order.
fn numbers(answer: &Json) -> Vec<u32> {
    let objects = answer["objects"].as_array().cloned().unwrap_or_default();
    objects
        .iter()
        .map(|object| object["id"].as_str().unwrap().rsplit('-').next().unwrap().parse().unwrap())
        .collect()
}
