//! Three gateways: what the first gave the second, and the second passed on to the third, is called back by the first.

use crate::erasure::opened;
use crate::house::{House, PHISHING};
use crate::recall::{complete, order, ordered, stands, told};
use comity_agreement::shipped;
use comity_exchange::federation::recall::{HopRecords, RecallAction};
use comity_exchange::ports::{Recalls as _, Store as _, Way};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{Claim, Kind};
use comity_exchange::wire::Text;
use comity_gateway::dirs::Directory;
use comity_gateway::work::audit::obligations;
use comity_gateway::work::subjects::SeenByOfficer;
use comity_gateway::work::{manage, recall, subjects};
use comity_terms::ExchangeId;
use comity_vault::{EpochKeys as _, open};
use serde_json::{Value as Json, json};
use std::path::Path;

/// Gateways of these parties, in a line: each knows those beside it.
pub(crate) async fn line(codes: &[&str]) -> Vec<House> {
    let mut houses = Vec::new();
    for code in codes {
        let house = House::open(code).await;
        house.adopt().await;
        house.officers().await;
        houses.push(house);
    }
    for pair in houses.windows(2) {
        pair[0].meet(&pair[1], pair[1].address()).await;
        pair[1].meet(&pair[0], pair[0].address()).await;
    }
    houses
}

pub(crate) async fn share(from: &House, to: &House, bundle: &[u8]) -> ExchangeId {
    let report = from.share_to(&to.party(), "trained", bundle, &[]).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered, "{:?}", report.decisions);
    report.exchange_id.0
}

/// What a gateway holds of an exchange, as a bundle that can be passed on.
pub(crate) async fn held(house: &House, exchange: ExchangeId) -> Vec<u8> {
    let (gateway, mut objects) = (&house.gateway, Vec::new());
    for id in gateway.store().segments(exchange).await.unwrap() {
        let segment = gateway.store().segment(id).await.unwrap().unwrap();
        let Some(context) = gateway.signatory().binds(&segment) else { continue };
        for row in &segment.rows {
            let key = gateway.with_keys(|keys| keys.get(&row.bucket(&segment.agreement))).unwrap().unwrap();
            let start = usize::try_from(row.offset).unwrap();
            let sealed = &segment.blob[start..start + row.length as usize];
            let clear = open(row, sealed, &key, &context).unwrap();
            objects.push(serde_json::from_slice::<Json>(clear.as_bytes()).unwrap());
        }
    }
    let id = "bundle--0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c4";
    json!({ "type": "bundle", "id": id, "objects": objects }).to_string().into_bytes()
}

/// A bundle of one indicator that nobody else has.
pub(crate) fn own_bundle(number: u8) -> Vec<u8> {
    json!({ "type": "bundle", "id": "bundle--0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c5", "objects": [{
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1{number:02x}"),
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z", "pattern_type": "stix",
        "pattern": format!("[ipv4-addr:value = '198.51.100.{number}']"), "valid_from": "2026-11-01T00:00:00Z",
    }] })
    .to_string()
    .into_bytes()
}

/// The same bundle with one object more.
fn with(bundle: &[u8], more: &[u8]) -> Vec<u8> {
    let (mut bundle, more): (Json, Json) =
        (serde_json::from_slice(bundle).unwrap(), serde_json::from_slice(more).unwrap());
    bundle["objects"].as_array_mut().unwrap().push(more["objects"][0].clone());
    bundle.to_string().into_bytes()
}

/// What one holder did with one exchange.
pub(crate) fn result<'a>(order: &'a Json, holder: &str) -> &'a Json {
    let found = order["holders"].as_array().unwrap().iter().find(|told| told["holder"] == holder);
    &found.unwrap_or_else(|| panic!("{holder}: {order}"))["results"][0]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_reaches_every_hop_and_every_receipt_comes_back() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    // Passed on together with something of its own.
    let passed = share(second, third, &with(&held(second, given).await, &own_bundle(7))).await;
    let apart = share(second, third, &own_bundle(8)).await;
    let (before, apart_before) = (opened(&third.gateway, passed).await, opened(&third.gateway, apart).await);

    let id = ordered(first, given, RecallAction::Recall).await;
    let order = complete(first, id).await;
    assert_eq!(result(&order, "FI")["result"], "completed");
    let far = order["holders"].as_array().unwrap().iter().find(|told| told["holder"] == "BE").unwrap();
    assert_eq!((far["state"].as_str(), far["via"].clone()), (Some("answered"), json!(["FI"])));
    assert_eq!(far["results"][0]["result"], "completed");
    assert!(far["receipt"]["origin"].as_str().unwrap().contains("BE"), "proved in its own log: {far}");

    assert_eq!(opened(&second.gateway, given).await, (0, 0));
    let left = opened(&third.gateway, passed).await;
    assert_eq!((left.0, left.1), (1, 1), "of {before:?}, what was the second's own stays");
    assert_eq!(opened(&third.gateway, apart).await, apart_before, "and what it gave apart");

    // One message a hop, and each holder's log tells whose order it was.
    let rows = second.gateway.store().recalls(Some(id)).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.way == Way::Given).count(), 1);
    let taken = told(third, "recall.taken").await;
    assert_eq!((taken[0]["origin"].as_str(), taken[0]["from"].as_str()), (Some("EE"), Some("FI")));
    assert_eq!(stands(third, id).await["here"][0]["result"], "completed");
    assert_eq!(stands(second, id).await["state"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_stopped_meanwhile_answers_when_it_is_back() {
    let mut houses = line(&["EE", "FI", "BE"]).await;
    let (third, second, first) = (houses.pop().unwrap(), houses.pop().unwrap(), houses.pop().unwrap());
    let given = share(&first, &second, PHISHING).await;
    let passed = share(&second, &third, &held(&second, given).await).await;
    let (dir, address) = (second.gateway.directory().data().to_owned(), second.address());
    let room = second.close().await;

    let id = ordered(&first, given, RecallAction::Erase).await;
    assert_eq!(stands(&first, id).await["holders"][0]["state"], "open");
    assert!(opened(&third.gateway, passed).await.0 > 0);

    let second = House::reopen(room, Directory::open(&dir, None).unwrap(), address).await;
    let at = third.unplug(&second).await;
    // The second answers for itself; of the third it can only say that it waits.
    for _ in 0..400 {
        if result_or_none(&stands(&first, id).await, "FI").is_some() {
            break;
        }
        // The first's own job asks again, and tells nobody when it has.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let halfway = stands(&first, id).await;
    assert_eq!(
        (halfway["state"].as_str(), result(&halfway, "FI")["result"].as_str()),
        (Some("open"), Some("completed"))
    );
    let waits = halfway["holders"].as_array().unwrap().iter().find(|told| told["holder"] == "BE").unwrap();
    assert_eq!((waits["state"].as_str(), waits["via"].clone()), (Some("open"), json!(["FI"])));

    // The duty to reach every holder is open at both, each with its own clock.
    for house in [&first, &second] {
        let owed = obligations(&house.gateway).await.unwrap();
        let chain: Vec<_> = owed.iter().filter(|owed| owed.duty["type"] == "propagate_to_holders").collect();
        assert_eq!(chain.len(), 1);
        assert!(chain[0].evidence.is_none() && chain[0].duty["due_legal_latest"].is_string());
        let late = house.gateway.now().checked_add(std::time::Duration::from_secs(73 * 3_600)).unwrap();
        assert_eq!(recall::standing(&house.gateway, late).await.unwrap(), (1, 1), "and overdue at both then");
    }

    third.plug(&second, at).await;
    let order = complete(&first, id).await;
    assert!(
        obligations(&second.gateway)
            .await
            .unwrap()
            .iter()
            .any(|owed| { owed.duty["type"] == "propagate_to_holders" && owed.evidence.is_some() })
    );
    assert_eq!(result(&order, "BE")["result"], "completed");
    assert_eq!(opened(&third.gateway, passed).await, (0, 0));
}

fn result_or_none<'a>(order: &'a Json, holder: &str) -> Option<&'a Json> {
    let mut told = order["holders"].as_array()?.iter();
    told.find(|told| told["holder"] == holder && told["state"] == "answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_back_to_its_origin_ends_there() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let back = share(second, first, &held(second, given).await).await;
    let again = share(first, second, &held(first, back).await).await;
    let id = ordered(first, given, RecallAction::Recall).await;
    let order = complete(first, id).await;
    for (house, exchange) in [(second, given), (first, back), (second, again)] {
        assert_eq!(opened(&house.gateway, exchange).await, (0, 0), "{order}");
    }
    let rows = first.gateway.store().recalls(Some(id)).await.unwrap();
    assert!(rows.iter().all(|row| row.complete) && rows.len() <= 4, "{rows:?}");
}

/// The shipped law of a state, with more in some of its files.
pub(crate) fn stricter(room: &Path, code: &str, more: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = room.join("jurisdictions").join(code);
    std::fs::create_dir_all(&folder).unwrap();
    for (path, bytes) in &shipped().0 {
        if let Some(name) = path.strip_prefix(&format!("jurisdictions/{code}/")) {
            let more = more.iter().find(|(file, _)| *file == name).map_or("", |(_, text)| *text);
            std::fs::write(folder.join(name), [&bytes[..], more.as_bytes()].concat()).unwrap();
        }
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_whose_law_refuses_says_why_and_passes_the_order_on_all_the_same() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let passed = share(second, third, &held(second, given).await).await;
    let rule = r#"
@id("fi.archive.keep")
@article("Constitution § 10; Act on Electronic Communications Services § 272, § 319")
@summary("What an inquiry may still need is not erased on request.")
@reason("restrict_instead_of_erase")
@enforce("suppress")
forbid (principal, action == Action::"erasure_request", resource)
when { context has wrong_data_sent && context.wrong_data_sent };
"#;
    let room = tempfile::tempdir().unwrap();
    let folder = stricter(room.path(), "FI", &[("forbids.cedar", rule)]);
    manage::adopt(&second.gateway, folder.to_str().unwrap(), Path::new("/")).await.unwrap();

    let id = ordered(first, given, RecallAction::Recall).await;
    let order = complete(first, id).await;
    let refused = result(&order, "FI");
    assert_eq!(
        (refused["result"].as_str(), refused["reasons"].clone()),
        (Some("refused"), json!(["restrict_instead_of_erase"]))
    );
    let cited =
        |rule: &Json| rule["rule"] == "fi.archive.keep" && rule["law"] == "FI" && rule["effect"] == "forbid";
    assert!(refused["citations"].as_array().unwrap().iter().any(cited), "{refused}");
    assert!(opened(&second.gateway, given).await.0 > 0, "it stays there");
    assert_eq!(result(&order, "BE")["result"], "completed", "each decides by its own law");
    assert_eq!(opened(&third.gateway, passed).await, (0, 0));
    let replayed = comity_gateway::work::audit::replay(&second.gateway, false, |_| {}).await.unwrap();
    assert_eq!(replayed.different.len(), 0, "{:?}", replayed.different);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restricted_is_not_passed_on_until_that_is_lifted() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let bundle = held(second, given).await;
    let passed = share(second, third, &bundle).await;
    let before = opened(&second.gateway, given).await;

    let id = ordered(first, given, RecallAction::Restrict).await;
    let order = complete(first, id).await;
    for (house, code, exchange) in [(second, "FI", given), (third, "BE", passed)] {
        assert_eq!(result(&order, code)["result"], "completed");
        let restricted = house.gateway.store().restricted(vec![exchange]).await.unwrap();
        assert_eq!(restricted.len(), 1, "{code}");
        assert_eq!(opened(&house.gateway, exchange).await, before, "kept");
    }
    let report = second.share_to(&third.party(), "trained", &bundle, &[]).await;
    assert_eq!(report.outcome, ExchangeOutcome::Refused);
    let reasons: Vec<&String> = report.decisions.iter().flat_map(|decision| &decision.reasons).collect();
    assert!(reasons.iter().all(|reason| *reason == "restricted_by_order"), "{reasons:?}");
    share(second, third, &own_bundle(9)).await;

    let lifted = ordered(first, given, RecallAction::Lift).await;
    assert_eq!(result(&complete(first, lifted).await, "BE")["result"], "completed");
    assert_eq!(second.gateway.store().restricted(vec![given]).await.unwrap(), []);
    share(second, third, &bundle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_names_records_restricts_those_alone() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    let bundle = held(second, given).await;
    let objects = second.gateway.store().held_of(given, false, 1_000).await.unwrap();
    let named = objects[0].name().unwrap();
    let one = HopRecords { class: Text(named.class), ordinals: vec![named.ordinal] };
    let order = recall::Order { records: Some(vec![one]), ..order(given, RecallAction::Restrict) };
    let (id, _) = recall::order(&first.gateway, &order).await.unwrap();
    assert_eq!(result(&complete(first, id).await, "FI")["records"], 1);
    let restricted = second.gateway.store().restricted(vec![given]).await.unwrap();
    assert_eq!(restricted[0].records, Some([(named.class, named.ordinal)].into()));

    let report = second.share_to(&third.party(), "trained", &bundle, &[]).await;
    assert_eq!(report.outcome, ExchangeOutcome::PartlyDelivered);
    let refused: Vec<_> = report.decisions.iter().filter(|decision| !decision.reasons.is_empty()).collect();
    assert!(refused.iter().all(|decision| decision.reasons == ["restricted_by_order"]), "{refused:?}");
    assert_eq!(refused.iter().map(|decision| decision.objects).sum::<u64>(), 1, "{refused:?}");
    assert!(report.objects.kept + report.objects.changed > 0);

    let lifted = ordered(first, given, RecallAction::Lift).await;
    complete(first, lifted).await;
    let report = second.share_to(&third.party(), "trained", &bundle, &[]).await;
    assert!(report.decisions.iter().all(|decision| decision.reasons.is_empty()), "{:?}", report.decisions);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_law_asks_to_preserve_is_restricted_instead_of_erased() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    let rule = r#"
@id("fi.archive.preserve")
@article("Openness Act § 24 (1)(7)")
@summary("What was received is preserved for a month.")
@enforce("cause")
permit (principal, action == Action::"share", resource)
when { context has purpose };
"#;
    let duty = r#"
[[obligation]]
rule     = "fi.archive.preserve"
type     = "preserve_until"
owner    = "receiver"
starts   = "at"
period   = "30 days"
evidence = "the record"
"#;
    let room = tempfile::tempdir().unwrap();
    let folder = stricter(room.path(), "FI", &[("obligations.cedar", rule), ("obligations.toml", duty)]);
    manage::adopt(&second.gateway, folder.to_str().unwrap(), Path::new("/")).await.unwrap();
    let given = share(first, second, PHISHING).await;
    let before = opened(&second.gateway, given).await;

    let id = ordered(first, given, RecallAction::Erase).await;
    let order = complete(first, id).await;
    let done = result(&order, "FI");
    assert_eq!(
        (done["result"].as_str(), done["reasons"].clone()),
        (Some("restricted"), json!(["preservation_runs"]))
    );
    assert!(done["citations"].as_array().unwrap().iter().any(|rule| rule["rule"] == "fi.archive.preserve"));
    assert_eq!(opened(&second.gateway, given).await, before, "it stays, and nobody uses it");
    assert_eq!(second.gateway.store().restricted(vec![given]).await.unwrap().len(), 1);
    // Nor is it erased because a person asks, though the law of their request grants it.
    let claim = br#"{"identifiers":[{"kind":"email","value":"billing@invoice.example.com"}]}"#;
    let filed = subjects::file(&second.gateway, Kind::Erase, &Claim::read(claim).unwrap()).await.unwrap();
    let unlawful = [("processing_unlawful".parse().unwrap(), "true".to_owned())];
    let seen = SeenByOfficer(true);
    let decided = subjects::decide(&second.gateway, filed.number, "trained", &seen, &unlawful).await.unwrap();
    let decided = decided.decided;
    let told = &decided.record;
    assert!(told["preserved"].as_u64().unwrap() > 0 && told["granted"] == 0, "{told}");
    let answer: serde_json::Value = serde_json::from_slice(&decided.answer.0).unwrap();
    assert_eq!(answer["declined"][0]["reasons"][0]["code"], "preservation_runs", "{answer}");
    assert_eq!(opened(&second.gateway, given).await, before);
    // What the holder's own law asks, the origin does not lift.
    let lifted = ordered(first, given, RecallAction::Lift).await;
    let order = complete(first, lifted).await;
    assert_eq!(result(&order, "FI")["result"], "refused");
    assert_eq!(second.gateway.store().restricted(vec![given]).await.unwrap().len(), 1);
}
