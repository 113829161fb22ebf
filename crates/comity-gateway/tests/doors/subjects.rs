//! The person's door: who asks gets an answer in time, with the way to go on; nobody learns from an answer what is withheld;
//! the overseer does.

use crate::governed::collection;
use crate::house::{House, PHISHING, pair};
use crate::tool::{Answer, Tool};
use crate::{PASSWORD, officer};
use comity_exchange::audit::recorded::RecordedFacts;
use comity_exchange::federation::recall::TakenHop;
use comity_exchange::ports::{Recalls as _, Store as _, Subjects as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyVerifier, Signature};
use comity_gateway::jobs::sweep::{Haste, once};
use comity_gateway::work::officers::signed_text;
use comity_gateway::work::subjects::effects;
use comity_gateway::work::{recall, share};
use comity_terms::ExchangeId;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
pub(crate) const REQUESTS: &str = "/api/v1/subject/requests";
pub(crate) const MARI: &str = "Mari.Kask@example.org";
pub(crate) const NOBODY: &str = "nobody.at.all@example.org";

pub(crate) async fn post(tool: &Tool, path: &str, body: &Json) -> (u16, Json) {
    let answer = tool.ask("POST", path, &JSON, body.to_string().as_bytes()).await;
    (answer.status, answer.json())
}

fn asks(kind: &str, email: &str) -> Json {
    json!({ "request": kind, "identifiers": [{ "kind": "email", "value": email }] })
}

/// Files without signing in; number and code.
pub(crate) async fn filed(tool: &Tool, kind: &str, email: &str) -> (String, String) {
    let (status, told) = post(&tool.showing(None), REQUESTS, &asks(kind, email)).await;
    assert_eq!(status, 202, "{told}");
    assert_eq!((&told["state"], &told["overdue"]), (&json!("waiting"), &json!(false)));
    (told["number"].as_str().unwrap().to_owned(), told["code"].as_str().unwrap().to_owned())
}

pub(crate) async fn decided(tool: &Tool, number: &str, seen: bool, facts: Json) -> Json {
    let path = format!("{REQUESTS}/{number}/decision");
    let (status, told) = post(tool, &path, &json!({ "identity_seen": seen, "facts": facts })).await;
    assert_eq!(status, 200, "{told}");
    told
}

async fn asked(tool: &Tool, kind: &str, email: &str, facts: Json) -> Json {
    let (number, _) = filed(tool, kind, email).await;
    decided(tool, &number, true, facts).await
}

/// How many records a page gives, those included of which it shows nothing but that they are masked.
fn given(page: &Answer) -> usize {
    let masked = page.header("x-comity-masked").map_or(0, |count| count.parse().unwrap());
    let read = page.taxii(200);
    let shown = read["objects"].as_array().unwrap().iter();
    masked + shown.filter(|object| !object["name"].to_string().contains("masked-")).count()
}

/// What somebody reads from outside, without what is of each request alone.
fn without_ids(answer: &str) -> Json {
    let mut answer: Json = serde_json::from_str(answer).unwrap();
    for key in ["number", "filed_at", "decided_at", "due", "due_operational", "due_legal_latest"] {
        for part in ["", "answer"] {
            let part = if part.is_empty() { &mut answer } else { &mut answer[part] };
            if part.get(key).is_some() {
                part[key] = json!(part[key].as_str().map(str::len));
            }
        }
    }
    for way in answer["answer"]["remedies"].as_array_mut().into_iter().flatten() {
        way["until"] = json!(way["until"].as_str().map(str::len));
    }
    answer
}

/// EE with what it placed for itself and sent to FI; its officer's tool.
pub(crate) async fn holding() -> (House, House, Tool) {
    let (ee, fi) = pair(&["EE", "FI"], true).await;
    officer(&ee, "ana", 365).await;
    for to in ["EE", "FI"] {
        let order = share::Order {
            bundle: Arc::new(PHISHING.to_vec()),
            officer: "ana".into(),
            under: "eu-nis2-2022-2555".parse().unwrap(),
            to: to.parse().unwrap(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "cyber_defence".parse().unwrap(),
            facts: Vec::new(),
            attestations: Vec::new(),
            assume_in_force: false,
            added: None,
            once: None,
        };
        let report = share::share(&ee.gateway, order).await.unwrap();
        assert_eq!(report.outcome.as_str(), "delivered", "{to}");
    }
    let tool = Tool::of(&ee, "ana", PASSWORD);
    (ee, fi, tool)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_gets_what_is_held_and_learns_whom_it_went_to() {
    let (ee, fi, tool) = holding().await;
    let told = asked(&tool, "access", MARI, json!({})).await;
    let answer = &told["answer"];
    assert_eq!(answer["outcome"], "answered");
    let records = answer["records"].as_array().unwrap();
    assert!(!records.is_empty(), "{told}");
    assert!(records.iter().all(|record| record["pack"] == "eu-nis2-2022-2555" && record["from"] == "EE"));
    assert!(records.iter().any(|record| record["object"]["type"] == "email-addr"), "{records:?}");
    assert_eq!(answer["sent"][0]["to"], "FI", "{answer}");
    assert_eq!(told["elsewhere"][0]["to"], "FI", "the port that routing goes on by");
    // C07: reasons, where to turn, until when; each with its article.
    assert!(answer["reasons"].as_array().is_some_and(|all| !all.is_empty()));
    let way = &answer["remedies"][0];
    assert!(way["options"].as_array().is_some_and(|all| all.contains(&json!("halduskohus"))), "{way}");
    assert!(way["until"].is_string() && way["article"].is_string(), "{way}");

    // At the partner she is found by nothing but what the partner was let know.
    officer(&fi, "bo", 365).await;
    let there = Tool::of(&fi, "bo", PASSWORD);
    assert_eq!(asked(&there, "access", MARI, json!({})).await["record"]["held"], 0);
    let crook = asked(&there, "access", "billing@invoice.example.com", json!({})).await;
    assert!(crook["record"]["held"].as_u64().unwrap() > 0, "an attacker's address came as it was: {crook}");
    let pseudonym = records.iter().find_map(|record| {
        let text = record["object"]["value"].as_str()?;
        text.split('@').next().filter(|local| local.starts_with("p-")).map(str::to_owned)
    });
    assert!(pseudonym.is_some());
    drop((ee, fi));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_held_and_held_but_withheld_are_the_same_from_outside_and_not_to_the_overseer() {
    let (ee, _fi, tool) = holding().await;
    let against = json!({ "restriction_ground": "obstruct_investigation" });
    let mut seen = Vec::new();
    for email in [MARI, NOBODY] {
        let (number, code) = filed(&tool, "access", email).await;
        let told = decided(&tool, &number, true, against.clone()).await;
        let path = format!("{REQUESTS}/{number}");
        let status = tool.showing(None).ask("GET", &path, &[("request-code", &code)], b"").await;
        assert_eq!(status.status, 200);
        seen.push((status.text(), told["record"].clone()));
    }
    let [(withheld, of_mari), (nothing, of_nobody)] = &seen[..] else { panic!() };
    assert_eq!(without_ids(withheld), without_ids(nothing));
    assert_eq!(withheld.len(), nothing.len(), "byte for byte as long");
    assert!(of_mari["withheld"].as_u64().unwrap() > 0 && of_mari["granted"] == 0, "{of_mari}");
    assert_eq!((&of_nobody["held"], &of_nobody["withheld"]), (&json!(0), &json!(0)));
    // The overseer reads it from the log, with the rule that withheld it.
    let overseen = comity_gateway::work::subjects::overseen(&ee.gateway).await.unwrap();
    assert_eq!(overseen.iter().filter(|told| told["act"] == "request.filed").count(), 2);
    let decided: Vec<_> = overseen.iter().filter(|told| told["act"] == "request.decided").collect();
    assert_eq!(decided[0]["facts"]["withheld"], of_mari["withheld"]);
    let rules = decided[0]["facts"]["classes"][0]["ruling"]["rules"].to_string();
    assert!(rules.contains("ee.person.restricted"), "{rules}");
    // Nothing of who asked is in the log.
    assert!(!overseen.iter().any(|told| told.to_string().to_lowercase().contains("kask")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unlawful_is_erased_and_then_destroyed() {
    let (ee, _fi, tool) = holding().await;
    let lawful = asked(&tool, "erase", MARI, json!({})).await;
    assert_eq!((&lawful["answer"]["outcome"], &lawful["record"]["granted"]), (&json!("answered"), &json!(0)));
    // Why not, of what she may know is held; nothing of it where access is refused.
    let declined = &lawful["answer"]["declined"][0];
    assert_eq!(declined["reasons"][0]["code"], "ground_not_available", "{lawful}");
    let against = json!({ "restriction_ground": "obstruct_investigation" });
    let silent = asked(&tool, "erase", MARI, against).await;
    assert_eq!((&silent["answer"]["declined"], &silent["answer"]["records"]), (&json!([]), &json!([])));
    assert!(silent["record"]["withheld"].as_u64().unwrap() > 0, "{silent}");
    let before = asked(&tool, "access", MARI, json!({})).await["record"]["held"].as_u64().unwrap();
    let unlawful = json!({ "processing_unlawful": "true" });
    let erased = asked(&tool, "erase", MARI, unlawful).await;
    assert_eq!(erased["record"]["erased"].as_u64(), Some(before), "{erased}");
    assert_eq!(erased["elsewhere"][0]["request"], "erase", "FI is to be asked in turn");
    let after = asked(&tool, "access", MARI, json!({})).await;
    assert_eq!(after["record"]["held"], 0, "found no more");
    let swept = once(&ee.gateway, Haste::AtOnce).await.unwrap();
    assert!(!swept.destroyed.buckets.is_empty() && swept.waiting.is_empty(), "erased, then destroyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_owed_until_it_is_answered_and_its_status_tells_nobody_else() {
    let (ee, _fi, tool) = holding().await;
    let nobody = tool.showing(None);
    let (number, code) = filed(&tool, "complain", MARI).await;
    let owed = async || -> Json {
        let all = comity_gateway::work::audit::ledger(&ee.gateway).await.unwrap();
        all.into_iter().find(|duty| duty["request"] == json!(number)).unwrap()
    };
    let duty = owed().await;
    assert_eq!(
        (&duty["type"], &duty["owner"], &duty["state"]),
        (&json!("answer"), &json!("EE"), &json!("open"))
    );
    assert!(duty["due_legal_latest"].as_str() >= duty["due_operational"].as_str(), "{duty}");
    // A month, by the law of Estonia.
    let days = |key: &str| {
        let due: comity_terms::Timestamp = duty[key].as_str().unwrap().parse().unwrap();
        due.duration_since(ee.gateway.now()).as_hours() / 24
    };
    assert!((27..=36).contains(&days("due_legal_latest")), "{duty}");

    // A wrong code, a wrong number and what is no number: one answer.
    let path = format!("{REQUESTS}/{number}");
    let other = format!("{REQUESTS}/6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d");
    let wrong = nobody.ask("GET", &path, &[("request-code", "guess")], b"").await;
    let unknown = nobody.ask("GET", &other, &[("request-code", &code)], b"").await;
    let none = nobody.ask("GET", &format!("{REQUESTS}/1"), &[], b"").await;
    for answer in [&wrong, &unknown, &none] {
        assert_eq!((answer.status, answer.text()), (404, wrong.text()));
    }
    let status = nobody.ask("GET", &path, &[("request-code", &code)], b"").await.json();
    assert_eq!((&status["state"], status.get("answer")), (&json!("waiting"), None));

    // Who is not known to be who they say learns nothing, and that openly.
    let told = decided(&tool, &number, false, json!({})).await;
    assert_eq!(told["state"], "answered", "a complaint needs no proof of who complains");
    let (number, _) = filed(&tool, "access", MARI).await;
    let told = decided(&tool, &number, false, json!({})).await;
    assert_eq!((&told["state"], told["record"]["held"].as_u64()), (&json!("refused"), Some(0)));
    assert_eq!(told["answer"]["reasons"][0]["code"], "identity_not_verified");
    assert!(!told["answer"]["remedies"].as_array().unwrap().is_empty(), "a refusal too says where to turn");
    assert_eq!(owed().await["state"], "done");
    let again = json!({ "identity_seen": true });
    let (status, twice) = post(&tool, &format!("{REQUESTS}/{number}/decision"), &again).await;
    assert_eq!((status, &twice["type"]), (422, &json!("/api/problems/input")), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_is_told_its_place_and_repeats_no_value() {
    let (_ee, _fi, tool) = holding().await;
    let nobody = tool.showing(None);
    for (body, place) in [
        (json!({ "request": "acess", "identifiers": [] }), "`request`"),
        (json!({ "request": "access", "identifiers": [] }), "at least one"),
        (asks("access", "secret"), "identifiers[0].value"),
        (
            json!({ "request": "access", "identifiers": [{ "kind": "shoe", "value": "secret" }] }),
            "identifiers[0].kind",
        ),
        (json!({ "request": "access", "identifiers": "secret" }), "column"),
        (json!({ "identifiers": [], "secret": 1 }), "column"),
    ] {
        let (status, problem) = post(&nobody, REQUESTS, &body).await;
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!((status, &problem["type"]), (400, &json!("/api/problems/malformed")));
        assert!(detail.contains(place) && !detail.contains("secret"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_takes_out_is_verified_offline() {
    let (ee, _fi, tool) = holding().await;
    let told = asked(&tool, "port", MARI, json!({})).await;
    let export = &told["answer"];
    assert_eq!(export["format"], "comity-export/1");
    let room = tempfile::tempdir().unwrap();
    let receipts = export["receipts"].as_object().unwrap();
    assert!(!receipts.is_empty());
    for record in export["answer"]["records"].as_array().unwrap() {
        let receipt = receipts[record["exchange_id"].as_str().unwrap()].as_str().unwrap();
        let file = room.path().join("receipt");
        std::fs::write(&file, receipt).unwrap();
        let verified = std::process::Command::new(env!("CARGO_BIN_EXE_comity"))
            .args(["audit", "receipt", "--json", "--key", export["log"].as_str().unwrap()])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    }
    drop(ee);
}

/// Whether an officer's signature over `order` is on what an opening tells they stated.
fn signed(by: &Json, order: &str) -> bool {
    let stated: RecordedFacts = serde_json::from_value(by["stated"].clone()).unwrap();
    let key = PartyVerifier::parse(by["key"].as_str().unwrap()).unwrap();
    let signature = Signature::parse(by["signature"].as_str().unwrap()).unwrap();
    key.verify(Domain::Order, signed_text(order, &stated).as_bytes(), &signature).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_reads_what_was_stated_and_that_is_recorded_and_their_decision_binds_what_they_state() {
    let (ee, _fi, tool) = holding().await;
    let mut complaint = asks("complain", MARI);
    complaint["text"] = json!("Nobody tells me why.");
    let (_, complained) = post(&tool.showing(None), REQUESTS, &complaint).await;
    let number = complained["number"].as_str().unwrap();
    let path = format!("{REQUESTS}/{number}/statement");
    assert_eq!(tool.showing(None).ask("GET", &path, &[], b"").await.status, 401, "officers alone");
    officer(&ee, "late", -1).await;
    let untrained = Tool::of(&ee, "late", PASSWORD).ask("GET", &path, &[], b"").await;
    assert_eq!(untrained.status, 422, "{}", untrained.text());
    let read = async || -> Vec<Json> {
        let all = comity_gateway::work::subjects::overseen(&ee.gateway).await.unwrap();
        all.into_iter().filter(|told| told["act"] == "request.read").collect()
    };
    assert!(read().await.is_empty(), "what was not read is not told as read");
    let stated = tool.ask("GET", &path, &[], b"").await.json();
    assert_eq!(
        (&stated["text"], &stated["identifiers"][0]["value"]),
        (&json!("Nobody tells me why."), &json!(MARI))
    );
    let reads = read().await;
    assert_eq!((reads.len(), &reads[0]["facts"]["request"]), (1, &json!(number)));
    assert!(reads[0]["facts"]["read"]["key"].is_string() && !reads[0].to_string().contains("Nobody tells"));

    decided(&tool, number, false, json!({})).await;
    let after = tool.ask("GET", &path, &[], b"").await;
    assert_eq!(after.status, 422, "what was stated is erased with the answer");

    // What the officer states is under their signature: nobody puts another fact in its place.
    let (number, _) = filed(&tool, "erase", MARI).await;
    decided(&tool, &number, true, json!({ "processing_unlawful": "true" })).await;
    let all = comity_gateway::work::subjects::overseen(&ee.gateway).await.unwrap();
    let of = |told: &&Json| told["act"] == "request.decided" && told["facts"]["request"] == json!(number);
    let mut by = all.iter().find(of).unwrap()["facts"]["decided"].clone();
    assert_eq!(by["stated"]["processing_unlawful"]["value"], true, "{by}");
    let order = format!("decide\n{number}\nerasure_request\ntrue\n");
    assert!(signed(&by, &order));
    assert!(!signed(&by, &order.replace("true", "false")), "nor another decision");
    by["stated"]["processing_unlawful"]["value"] = json!(false);
    assert!(!signed(&by, &order));
    by["stated"].as_object_mut().unwrap().remove("processing_unlawful");
    assert!(!signed(&by, &order));
}

/// What FI holds of what EE sent, and whether that is restricted there.
async fn there(ee: &House, fi: &House) -> (ExchangeId, usize, bool) {
    let sent = ee.gateway.store().requests(true).await.unwrap();
    let order = sent.iter().flat_map(|row| &row.detail.orders).next().unwrap().exchange.0;
    let held = fi.gateway.store().held_of(order, false, 1_000).await.unwrap();
    let restricted = fi.gateway.store().restricted(vec![order]).await.unwrap();
    (order, held.len(), !restricted.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_restricted_is_used_by_nobody_here_or_there_until_it_is_lifted() {
    let (ee, fi, tool) = holding().await;
    let objects = format!("{}objects/", collection(&ee, "EE", &[]).await);
    let given = async || given(&tool.get(&objects).await);
    let all = given().await;
    let told = asked(&tool, "restrict", MARI, json!({})).await;
    let done = &told["answer"]["done"][0];
    assert_eq!(done["what"], "restricted", "{told}");
    let records = done["records"].as_u64().unwrap() as usize;
    assert!(records > 0 && told["record"]["erased"].is_null(), "{told}");
    assert_eq!(told["answer"]["sent"][0]["ordered"], "restrict", "the person sees what was ordered of whom");
    assert_eq!(given().await, all - records, "what names them, and what came with it is used as before");
    let (exchange, held, restricted) = there(&ee, &fi).await;
    assert!(held > 0 && restricted, "kept there, and not used");
    // The order names nobody: exchange and places alone.
    let rows = fi.gateway.store().recalls(None).await.unwrap();
    let named = TakenHop::stored(&rows[0].header).unwrap().0.exchanges[0].records.clone().unwrap();
    let restricted_there =
        fi.gateway.store().restricted(vec![exchange]).await.unwrap().remove(0).records.unwrap();
    assert_eq!(restricted_there.len(), named.iter().map(|class| class.ordinals.len()).sum::<usize>());
    assert!(restricted_there.len() < held, "{restricted_there:?}");
    assert!(!named.is_empty() && !String::from_utf8_lossy(&rows[0].header).to_lowercase().contains("kask"));

    // A second person restricts the same: it stays so until both are lifted.
    let second = asked(&tool, "restrict", MARI, json!({})).await;
    let (one, other) = (told["number"].as_str().unwrap(), second["number"].as_str().unwrap());
    let lift = async |number: &str| {
        let ground = "restriction_ended".parse().unwrap();
        effects::lift(&ee.gateway, number.parse().unwrap(), "ana", (&ground, true)).await
    };
    lift(one).await.unwrap();
    assert_eq!(given().await, all - records);
    assert!(there(&ee, &fi).await.2, "nor there");
    let said = lift(other).await.unwrap();
    assert_eq!(said["ordered"][0]["action"], "lift", "{said}");
    assert_eq!(given().await, all);
    assert_eq!(there(&ee, &fi).await, (exchange, held, false));
    let again = lift(other).await.unwrap_err().to_string();
    assert!(again.contains("restricts nothing"), "{again}");
    let lifted = comity_gateway::work::subjects::overseen(&ee.gateway).await.unwrap();
    assert_eq!(lifted.iter().filter(|told| told["act"] == "request.lifted").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_that_is_upheld_restricts_where_the_law_asks_no_more() {
    let (_ee, _fi, tool) = holding().await;
    let told = asked(&tool, "object", MARI, json!({})).await;
    assert_eq!(told["answer"]["done"][0]["what"], "restricted", "{told}");
    // Whoever is not in it sees the same, but for what is told of records.
    let nobody = asked(&tool, "object", NOBODY, json!({})).await;
    assert_eq!((&nobody["answer"]["done"], &nobody["answer"]["sent"]), (&json!([]), &json!([])));
    assert_eq!(nobody["record"]["ordered"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_about_a_person_is_put_right_here_and_at_every_partner() {
    const RIGHT: &str = "mari.kask@right.example.org";
    let (ee, fi, tool) = holding().await;
    let objects = format!("{}objects/", collection(&ee, "EE", &[]).await);
    let before = given(&tool.get(&objects).await);
    let mut asks = asks("correct", MARI);
    asks["corrections"] = json!([{ "kind": "email", "was": MARI, "is": RIGHT }]);
    let (status, filed) = post(&tool.showing(None), REQUESTS, &asks).await;
    assert_eq!(status, 202, "{filed}");
    let number = filed["number"].as_str().unwrap();
    let told = decided(&tool, number, true, json!({ "inaccuracy_proven": "true" })).await;
    let corrected = told["record"]["corrected"].as_u64().unwrap();
    assert!(
        corrected > 0 && told["answer"]["done"][0] == json!({ "what": "corrected", "records": corrected }),
        "{told}"
    );

    // Here she is found by what is right, and by what was wrong no more; nothing else went.
    assert_eq!(given(&tool.get(&objects).await), before);
    let taken_out = asked(&tool, "port", RIGHT, json!({})).await["answer"].to_string().to_lowercase();
    assert!(taken_out.contains("@right.example.org"), "as a pseudonym, as it was: {taken_out}");
    assert_eq!(asked(&tool, "access", MARI, json!({})).await["record"]["held"], 0);
    assert_eq!(asked(&tool, "access", RIGHT, json!({})).await["record"]["held"], corrected);

    // FI got what is right, and what was wrong is erased there; the rest of that exchange is used again.
    let again = &told["given_again"][0];
    assert_eq!(again["given_again"]["outcome"], "delivered", "{told}");
    let (old, held, restricted) = there(&ee, &fi).await;
    assert!(!restricted && held > 0, "{again}");
    let orders = recall::orders(&fi.gateway, None).await.unwrap();
    let actions: Vec<&str> = orders.iter().map(|known| known.order.action.as_str()).collect();
    assert_eq!(actions, ["restrict", "correct", "lift"]);
    let right = orders[1].order.replaced_by.unwrap().0;
    assert_eq!(json!(right.to_string()), again["given_again"]["exchange_id"]);
    let erased = &recall::order_json(&fi.gateway, &orders[1], ee.gateway.now())["here"][0];
    assert_eq!((&erased["result"], &erased["exchange_id"]), (&json!("completed"), &json!(old.to_string())));

    // C58: what had used the old value.
    let used = effects::corrected(&ee.gateway, number.parse().unwrap()).await.unwrap();
    assert_eq!(
        used["decisions"].as_array().unwrap().len(),
        1,
        "the read before, and not the one after: {used}"
    );
    assert_eq!(used["decisions"][0]["purpose"], "cyber_defence");
}
