//! What meets on its way: two corrections of the same data, an erasure and a read, and a request about much.

use crate::erasure::opened;
use crate::house::{House, PHISHING, pair};
use crate::recall::{complete, order, told};
use crate::recall_chain::{held, line, own_bundle, share};
use crate::uses::{CREDENTIAL_PAGE, object};
use comity_exchange::collect::status;
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{Erasure, Recalls as _, Record, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{Claim, Kind};
use comity_gateway::gateway::Gateway;
use comity_gateway::work::recall::{self, Order};
use comity_gateway::work::subjects::SeenByOfficer;
use comity_gateway::work::{audit, subjects, uses};
use comity_terms::ExchangeId;
use comity_terms::ids::OrderId;
use comity_vault::RECORD_LENGTH_MAX;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

async fn corrected(house: &House, wrong: ExchangeId, right: ExchangeId) -> OrderId {
    let order = Order { replaced_by: Some(right), ..order(wrong, RecallAction::Correct) };
    let (id, given) = recall::order(&house.gateway, &order).await.unwrap();
    assert!(given.row.is_some(), "{:?}", given.decision);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn two_corrections_that_cross_end_the_wrong_at_both_ends_and_keep_both_that_are_right() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let back = share(second, first, &held(second, given).await).await;
    let here = share(first, second, &own_bundle(1)).await;
    let there = share(second, first, &own_bundle(2)).await;

    // Each finds it wrong at the same time, and says what is right.
    let (one, other) = tokio::join!(corrected(first, given, here), corrected(second, back, there));
    let (at_first, at_second) = (complete(first, one).await, complete(second, other).await);
    for (order, right) in [(&at_first, here), (&at_second, there)] {
        assert_eq!(order["replaced_by"], right.to_string());
        let results = order["holders"].as_array().unwrap();
        let done = |told: &Json| {
            let result = told["results"][0]["result"].as_str();
            matches!(result, Some("completed" | "not_found"))
        };
        assert!(results.iter().all(done), "whichever came first did it: {order}");
    }
    for (house, exchange) in [(second, given), (first, back)] {
        assert_eq!(opened(&house.gateway, exchange).await, (0, 0), "the wrong is gone");
    }
    for (house, exchange) in [(second, here), (first, there)] {
        assert!(opened(&house.gateway, exchange).await.0 > 0, "the right stays");
    }
    for house in &houses {
        let rows = house.gateway.store().recalls(None).await.unwrap();
        assert!(rows.len() <= 6 && rows.iter().all(|row| row.complete), "no order goes round: {rows:?}");
        let replayed = audit::replay(&house.gateway, false, |_| {}).await.unwrap();
        assert_eq!(replayed.different.len(), 0, "{:?}", replayed.different);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_what_went_there_and_back_ends_the_wrong_everywhere_and_does_not_go_round() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let back = share(second, first, &held(second, given).await).await;
    let again = share(first, second, &held(first, back).await).await;
    let right = share(first, second, &own_bundle(1)).await;

    let id = corrected(first, given, right).await;
    let order = complete(first, id).await;
    for (house, exchange) in [(second, given), (first, back), (second, again)] {
        assert_eq!(opened(&house.gateway, exchange).await, (0, 0), "the wrong is gone: {order}");
    }
    assert!(opened(&second.gateway, right).await.1 > 0, "what is right stays");
    for house in [first, second] {
        let rows = house.gateway.store().recalls(Some(id)).await.unwrap();
        assert!(rows.iter().all(|row| row.complete), "{rows:?}");
        assert!(rows.len() <= 4, "each exchange once, and no round more: {}", rows.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_lists_who_read_the_wrong_and_where_it_went_on() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let other = share(first, second, &own_bundle(2)).await;
    let passed = share(second, third, &held(second, given).await).await;
    let read = uses::read(&second.gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    assert_eq!(read.read.records.len(), 1);
    let right = share(first, second, &own_bundle(1)).await;

    let id = corrected(first, given, right).await;
    complete(first, id).await;
    let used = async |house: &House| {
        let known = recall::orders(&house.gateway, Some(id)).await.unwrap().pop().unwrap();
        recall::uses(&house.gateway, &known).await.unwrap()
    };
    let at_second = used(second).await;
    assert_eq!(at_second["passed_on"], json!([passed.to_string()]), "{at_second}");
    let reads = at_second["read"].as_array().unwrap();
    assert_eq!(reads.len(), 1, "what was read of {other} is none: {at_second}");
    assert!(reads[0]["entry"].is_u64() && reads[0]["purpose"].is_string(), "{at_second}");
    assert_eq!(used(third).await, json!({ "read": [], "passed_on": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_races_an_erasure_gives_the_whole_or_nothing_and_is_recorded() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    let exchange = report.exchange_id.0;
    let whole = uses::read(&receiver.gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    let whole = whole.read.records[0].object.as_bytes().to_vec();

    let given = Arc::new(AtomicUsize::new(1));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (gateway, given, whole) = (Arc::clone(&receiver.gateway), Arc::clone(&given), whole.clone());
            tokio::spawn(async move {
                // Until it is gone: the order is on its way meanwhile.
                for _ in 0..200 {
                    let found = uses::read(&gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
                    match found.read.records.as_slice() {
                        [] => return,
                        [record] => assert_eq!(record.object.as_bytes(), whole, "the whole of it"),
                        more => panic!("{more:?}"),
                    }
                    given.fetch_add(1, Ordering::Relaxed);
                }
                panic!("it is read on and on");
            })
        })
        .collect();
    let (id, _) = recall::order(&sender.gateway, &order(exchange, RecallAction::Erase)).await.unwrap();
    assert_eq!(complete(&sender, id).await["holders"][0]["results"][0]["result"], "completed");
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0));
    // Whatever was given was recorded before, and its sender can see it.
    let uses = told(&receiver, "records.used").await;
    let recorded: u64 = uses.iter().filter_map(|told| told["given"].as_u64()).sum();
    assert!(recorded as usize >= given.load(Ordering::Relaxed), "{recorded} recorded");
    let after = uses::read(&receiver.gateway, &object(CREDENTIAL_PAGE)).await.unwrap();
    assert_eq!(after.read.records.len(), 0);
    let replayed = audit::replay(&receiver.gateway, false, |_| {}).await.unwrap();
    assert_eq!(replayed.different.len(), 0, "{:?}", replayed.different);
}

/// Indicators that look for mail of one person: more than a page of the index has. `COMITY_MANY=100000` asks for as many as the
/// largest request that is promised; that takes minutes.
pub(crate) fn many() -> usize {
    std::env::var("COMITY_MANY").ok().and_then(|many| many.parse().ok()).unwrap_or(2_000)
}

const PERSON: &str = "billing@invoice.example.com";

pub(crate) fn about(person: &str, from: usize, to: usize) -> Vec<u8> {
    let objects: Vec<Json> = (from..to)
        .map(|number| {
            json!({
                "type": "indicator", "spec_version": "2.1",
                "id": format!("indicator--0b0a8a5a-8d0e-4a51-9c36-{number:012x}"),
                "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z", "pattern_type": "stix",
                "pattern": format!("[email-message:from_ref.value = '{person}' AND email-message:subject = 'n{number}']"),
                "valid_from": "2026-11-01T00:00:00Z",
            })
        })
        .collect();
    json!({ "type": "bundle", "id": "bundle--0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c9", "objects": objects })
        .to_string()
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_about_thousands_of_records_is_answered_whole_and_erased_whole() {
    let many = many();
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    let mut given = Vec::new();
    for part in 0..2 {
        let (from, to) = (part * many / 2, (part + 1) * many / 2);
        given.push(share(first, second, &about(PERSON, from, to)).await);
    }
    let held = async || {
        let mut held = 0;
        for exchange in &given {
            held += second.gateway.store().held_of(*exchange, false, u32::MAX).await.unwrap().len();
        }
        held
    };
    assert_eq!(held().await, many);
    let claim = json!({ "identifiers": [{ "kind": "email", "value": PERSON }] });
    let claim = Claim::read(claim.to_string().as_bytes()).unwrap();
    let seen = SeenByOfficer(true);

    let asked = subjects::file(&second.gateway, Kind::Access, &claim).await.unwrap();
    let began = std::time::Instant::now();
    let decided = subjects::decide(&second.gateway, asked.number, "trained", &seen, &[]).await.unwrap();
    let answer: Json = serde_json::from_slice(&decided.decided.answer.0).unwrap();
    assert_eq!(answer["records"].as_array().map(Vec::len), Some(many), "every record, none twice");
    let ids: std::collections::BTreeSet<&str> = answer["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|record| record["object"]["id"].as_str())
        .collect();
    assert_eq!(ids.len(), many);
    let length = decided.decided.answer.0.len();
    eprintln!("access to {many} records took {:?}, {length} bytes", began.elapsed());

    let asked = subjects::file(&second.gateway, Kind::Erase, &claim).await.unwrap();
    let unlawful = [("processing_unlawful".parse().unwrap(), "true".to_owned())];
    let decided = subjects::decide(&second.gateway, asked.number, "trained", &seen, &unlawful).await.unwrap();
    let record = &decided.decided.record;
    assert_eq!(record["granted"].as_u64(), Some(many as u64), "{record}");
    assert_eq!(held().await, 0, "nothing of them is left");
    let erased = told(second, "records.erased").await;
    assert!(erased.len() > 1, "in batches, each with its entry: {}", erased.len());
}

/// An answer about a hundred thousand records is longer than the vault takes as one record.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_longer_than_one_record_is_read_whole_or_not_at_all() {
    let houses = line(&["EE", "FI"]).await;
    let gateway: &Gateway = &houses[0].gateway;
    let now = gateway.now();
    let until = now.checked_add(Duration::from_secs(3_600)).unwrap();
    let long: Vec<u8> = (0..RECORD_LENGTH_MAX + 1).map(|at| (at % 251) as u8).collect();
    for (text, parts) in [(&long[..], 2), (&long[..251], 1), (&[][..], 1)] {
        let number = ExchangeId::draw(&mut gateway.entropy());
        status::keep(gateway, number, text, until).await.unwrap();
        let kept = status::kept(gateway, number, now).await.unwrap().unwrap();
        assert!(kept.as_bytes() == text, "{} bytes of {}", kept.as_bytes().len(), text.len());
        assert!(status::kept(gateway, number, until).await.unwrap().is_none(), "its time has come");
        let held = gateway.store().held_of(number, false, 10).await.unwrap();
        assert_eq!(held.len(), parts);
        // Of one that is erased in part, as when a sweep dies between its batches, nothing is read.
        let erased = Erasure { records: vec![held[parts - 1].place()], at: now, whatever_holds: false };
        gateway.store().record(Record { erased: Some(erased), ..Record::default() }).await.unwrap();
        assert!(status::kept(gateway, number, now).await.unwrap().is_none(), "{parts} parts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_about_thousands_of_records_is_one_message_a_hop_and_erases_all_of_them() {
    let many = many();
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let bundle = about(PERSON, 0, many);
    let given = share(first, second, &bundle).await;
    let passed = share(second, third, &bundle).await;
    let stays = share(second, third, &own_bundle(3)).await;
    let of = async |house: &House, exchange| {
        house.gateway.store().held_of(exchange, false, u32::MAX).await.unwrap().len()
    };
    assert_eq!((of(second, given).await, of(third, passed).await), (many, many));

    let began = std::time::Instant::now();
    let (id, _) = recall::order(&first.gateway, &order(given, RecallAction::Recall)).await.unwrap();
    let told = complete(first, id).await;
    eprintln!("an order about {many} records over two hops took {:?}", began.elapsed());
    for holder in told["holders"].as_array().unwrap() {
        let result = &holder["results"][0];
        assert_eq!((&result["result"], &result["records"]), (&"completed".into(), &many.into()), "{holder}");
    }
    assert_eq!((of(second, given).await, of(third, passed).await), (0, 0));
    assert!(of(third, stays).await > 0, "what no order names stays");
    for (house, messages) in [(first, 1), (second, 2), (third, 1)] {
        let rows = house.gateway.store().recalls(Some(id)).await.unwrap();
        assert_eq!(rows.len(), messages, "one message a hop");
    }
    // It goes on in batches, each with its entry: a reader of the log sees how far it is.
    for house in [second, third] {
        assert_eq!(told_of(house, "records.erased").await, many.div_ceil(500));
    }
}

/// How many openings tell of an act.
async fn told_of(house: &House, act: &str) -> usize {
    told(house, act).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_twice_is_told_and_erased_twice_for_a_person() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    let bundle = about(PERSON, 0, 3);
    let given = [share(first, second, &bundle).await, share(first, second, &bundle).await];
    let claim = json!({ "identifiers": [{ "kind": "email", "value": PERSON }] });
    let claim = Claim::read(claim.to_string().as_bytes()).unwrap();
    let seen = SeenByOfficer(true);
    let asked = subjects::file(&second.gateway, Kind::Access, &claim).await.unwrap();
    let decided = subjects::decide(&second.gateway, asked.number, "trained", &seen, &[]).await.unwrap();
    let answer: Json = serde_json::from_slice(&decided.decided.answer.0).unwrap();
    assert_eq!(answer["records"].as_array().map(Vec::len), Some(6), "both copies: {answer}");

    let asked = subjects::file(&second.gateway, Kind::Erase, &claim).await.unwrap();
    let unlawful = [("processing_unlawful".parse().unwrap(), "true".to_owned())];
    let decided = subjects::decide(&second.gateway, asked.number, "trained", &seen, &unlawful).await.unwrap();
    assert_eq!(decided.decided.record["granted"], 6, "{}", decided.decided.record);
    for exchange in given {
        assert_eq!(second.gateway.store().held_of(exchange, false, 100).await.unwrap().len(), 0);
    }
}
