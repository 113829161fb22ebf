//! Recorded decisions made again by an overseer: the same, erased, in part, or told to be otherwise.

use crate::house::{House, PHISHING, pair};
use comity_exchange::entry::{Opening, PublicEntry};
use comity_exchange::erase::Order;
use comity_exchange::ports::{Draft, Record, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::{audit, manage};
use comity_terms::{Act, ExchangeId, PackSlug};
use comity_tlog::LeafIndex;
use serde_json::{Value as Json, json};
use std::path::PathBuf;

async fn replayed(house: &House) -> Json {
    audit::replayed_json(&audit::replay(&house.gateway, false, |_| {}).await.unwrap())
}

/// How many decisions are identical, erased and different.
fn counts(replayed: &Json) -> (u64, usize, usize) {
    let many = |key: &str| replayed[key].as_array().unwrap().len();
    (replayed["identical"].as_u64().unwrap(), many("erased"), many("different"))
}

/// The content of the first opening about an exchange.
async fn opening(house: &House, exchange: ExchangeId) -> Json {
    let logged = house.gateway.store().logged(LeafIndex(0), 1_000).await.unwrap();
    let found = logged.into_iter().find(|logged| logged.exchange == Some(exchange)).unwrap();
    let segment = found.opening.unwrap();
    let opening = house
        .gateway
        .with_keys(|keys| house.gateway.signatory().open_opening(&segment, keys))
        .unwrap()
        .unwrap();
    serde_json::from_slice(opening.content()).unwrap()
}

/// Records `facts` as the decision of another exchange, like `of`: the log and its openings fit each other.
async fn recorded(house: &House, of: ExchangeId, facts: impl Fn(ExchangeId) -> Json) {
    let gateway = &house.gateway;
    let row = gateway.store().exchange(of).await.unwrap().unwrap();
    let until = gateway.opening_until(&row.agreement, gateway.now()).unwrap();
    let (id, entry, opening) = gateway.with_keys(|keys| {
        let entropy = &mut gateway.entropy();
        let id = ExchangeId::draw(entropy);
        let (entry, opening): (PublicEntry, Opening) =
            Opening::draw(Act::ExchangeDecided, gateway.now(), facts(id), entropy);
        let held = (&row.agreement, Some(id));
        (id, entry, gateway.signatory().seal_opening(&opening, held, until, keys, entropy).unwrap())
    });
    let record = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: Some(id) }],
        exchanges: vec![comity_exchange::ports::ExchangeRow { id, chain: id, ..row }],
        segments: vec![opening],
        ..Record::default()
    };
    gateway.store().record(record).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_comes_out_the_same_on_both_sides_and_no_text_is_needed_for_it() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    sender.share(PHISHING).await;
    sender.share_as("untrained", PHISHING).await;
    let stated = [("unneeded_fields", "[\"the-name-of-a-field\"]"), ("vulnerable", "[\"child\"]")];
    let told = sender.share_with("trained", PHISHING, &stated).await;
    assert_eq!(told.outcome, ExchangeOutcome::Escalated);
    assert_eq!(counts(&replayed(&sender).await), (3, 0, 0));
    assert_eq!(counts(&replayed(&receiver).await), (1, 0, 0));
    let opening = opening(&sender, told.exchange_id.0).await.to_string();
    assert!(!opening.contains("the-name-of-a-field"), "{opening}");
    assert!(opening.contains("19 bytes"), "{opening}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_erased_and_never_different() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    let told = sender.share(PHISHING).await;
    sender.share(PHISHING).await;
    let order =
        Order { exchange: told.exchange_id.0, ground: "erasure_ordered".parse().unwrap(), openings: true };
    manage::erase(&sender.gateway, "trained", &order).await.unwrap();
    let replayed = replayed(&sender).await;
    assert_eq!(counts(&replayed), (1, 1, 0), "its acknowledgement is no decision");
    assert_eq!(replayed["decisions"], 2);
    assert_eq!(replayed["erased"][0]["exchange_id"], told.exchange_id.0.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_altered_is_told_with_what_the_laws_say() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    let told = sender.share_as("untrained", PHISHING).await;
    let honest = opening(&sender, told.exchange_id.0).await["facts"].clone();
    let altered = |change: &dyn Fn(&mut Json)| {
        let honest = honest.clone();
        let mut altered = honest;
        change(&mut altered);
        move |id: ExchangeId| {
            let mut facts = altered.clone();
            facts["exchange"] = id.to_string().into();
            facts
        }
    };
    let of = told.exchange_id.0;
    recorded(&sender, of, altered(&|facts| facts["rulings"][0]["outcome"] = "escalate".into())).await;
    recorded(
        &sender,
        of,
        altered(&|facts| {
            facts["rulings"][0]["rules"].as_array_mut().unwrap().pop();
        }),
    )
    .await;
    recorded(
        &sender,
        of,
        altered(&|facts| {
            let facts = &mut facts["asked"]["facts"]["training_valid"];
            facts["value"] = true.into();
        }),
    )
    .await;
    recorded(&sender, of, altered(&|facts| facts["asked"]["at"] = "2029-01-01T00:00:00Z".into())).await;
    let replayed = replayed(&sender).await;
    assert_eq!(counts(&replayed), (1, 0, 4), "{replayed}");
    let what = |number: usize| {
        let differences = replayed["different"][number]["differences"].as_array().unwrap();
        differences.iter().map(|d| d["what"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(what(0), ["outcome"]);
    assert_eq!(replayed["different"][0]["differences"][0]["replayed"], "deny");
    assert_eq!(what(1), ["rules"]);
    assert!(what(2).contains(&"outcome") && what(2).contains(&"reasons"), "trained, it would have gone");
    assert!(what(3).contains(&"obligations"), "a date is not that of the act: {:?}", what(3));
}

/// Where a house keeps the text of a law.
fn text(house: &House, pack: &str) -> PathBuf {
    let pack: PackSlug = pack.parse().unwrap();
    let digest = house.gateway.adopted(&pack).unwrap();
    let folder = house.gateway.directory().law().join(digest.hex());
    folder.join(format!("agreements/{pack}/forbids.cedar"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_law_whose_text_was_changed_is_named() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    sender.share(PHISHING).await;
    let path = text(&sender, "eu-nis2-2022-2555");
    let mut bent = std::fs::read(&path).unwrap();
    bent.extend(b"\n// a line that nobody signed\n");
    std::fs::write(&path, bent).unwrap();
    let replayed = replayed(&sender).await;
    assert_eq!(counts(&replayed), (0, 0, 1));
    let difference = &replayed["different"][0]["differences"][0];
    assert_eq!(difference["what"], "law");
    assert!(difference["replayed"].as_str().unwrap().contains("has the digest"), "{difference}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_law_that_was_not_published_the_rest_is_made_again() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    // Finland's law with a line of its own: it is shipped with no program, and only fetched.
    let room = tempfile::tempdir().unwrap();
    let own = room.path().join("FI");
    std::fs::create_dir(&own).unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jurisdictions/FI");
    for file in std::fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        let mut text = std::fs::read(file.path()).unwrap();
        if file.file_name() == "pack.toml" {
            text.extend(b"\n# not published\n");
        }
        std::fs::write(own.join(file.file_name()), text).unwrap();
    }
    let signed = manage::adopt(&receiver.gateway, own.to_str().unwrap(), room.path()).await.unwrap();
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    manage::hear_from(&sender.gateway, &peer).await.unwrap();
    assert_eq!(sender.share(PHISHING).await.outcome, ExchangeOutcome::Delivered);
    assert_eq!(counts(&replayed(&sender).await), (1, 0, 0));
    let text = sender.gateway.directory().law().join(signed.digest.0.hex());
    std::fs::rename(&text, room.path().join("apart")).unwrap();
    let partial = replayed(&sender).await;
    assert_eq!(counts(&partial), (0, 0, 0), "{partial}");
    let missing = json!([{ "law": "FI", "pack": "FI", "digest": signed.digest.0.to_string() }]);
    assert_eq!(partial["not_available"][0]["laws"], missing);
    // What the laws that are here said is still compared.
    let told = sender.share_as("untrained", PHISHING).await;
    let honest = opening(&sender, told.exchange_id.0).await["facts"].clone();
    recorded(&sender, told.exchange_id.0, |id| {
        let mut facts = honest.clone();
        facts["exchange"] = id.to_string().into();
        let rules = facts["rulings"][0]["rules"].as_array_mut().unwrap();
        rules.retain(|rule| !rule.as_str().unwrap().starts_with("comity-baseline/"));
        facts
    })
    .await;
    assert_eq!(counts(&replayed(&sender).await).2, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_is_listed_with_what_shows_it_done() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let told = sender.share(PHISHING).await;
    let listed = async |house: &House| -> Vec<Json> {
        audit::obligations(&house.gateway).await.unwrap().iter().map(audit::duty_json).collect()
    };
    let of = |duties: &[Json], kind: &str| -> Vec<Json> {
        duties.iter().filter(|duty| duty["type"] == kind).cloned().collect()
    };
    let owed = listed(&receiver).await;
    for duty in &owed {
        for key in ["type", "owner", "due_operational", "due_legal_latest", "state", "evidence"] {
            assert!(duty.get(key).is_some(), "{key} of {duty}");
        }
        assert!(["open", "done", "overdue"].contains(&duty["state"].as_str().unwrap()));
        assert_eq!(duty["state"] == "done", duty["evidence"].is_u64(), "{duty}");
    }
    let delete = of(&owed, "delete_by");
    assert!(!delete.is_empty() && delete.iter().all(|duty| duty["owner"] == "FI" && duty["state"] == "open"));
    assert!(delete[0]["due_legal_latest"].is_string());
    // What goes with the data has gone: the partner acknowledged it.
    let gone = listed(&sender).await;
    let acknowledged =
        gone.iter().filter(|duty| ["keep_marking", "redact"].contains(&duty["type"].as_str().unwrap()));
    assert!(acknowledged.clone().all(|duty| duty["state"] == "done"), "{gone:#?}");

    // The receiver erases what it holds: the entry that says so shows it.
    let trained = comity_exchange::ports::Officer {
        name: "trained".to_owned(),
        role: "analyst".to_owned(),
        unit: None,
        training_until: "2099-01-01T00:00:00Z".parse().unwrap(),
        password_hash: String::new(),
    };
    manage::add_officer(&receiver.gateway, trained).await.unwrap();
    let order =
        Order { exchange: told.exchange_id.0, ground: "erasure_ordered".parse().unwrap(), openings: false };
    manage::erase(&receiver.gateway, "trained", &order).await.unwrap();
    let done = of(&listed(&receiver).await, "delete_by");
    assert!(done.iter().all(|duty| duty["state"] == "done"), "{done:#?}");
    let entry = done[0]["evidence"].as_u64().unwrap();
    let logged = receiver.gateway.store().logged(LeafIndex(entry), 1).await.unwrap().remove(0);
    let segment = logged.opening.unwrap();
    let signatory = receiver.gateway.signatory();
    let opening = receiver.gateway.with_keys(|keys| signatory.open_opening(&segment, keys)).unwrap().unwrap();
    let content: Json = serde_json::from_slice(opening.content()).unwrap();
    assert_eq!(content["act"], "records.erased");
}

/// A copy of a shipped agreement with more in one of its files.
fn amended(room: &std::path::Path, pack: &str, file: &str, more: &str) -> PathBuf {
    let own = room.join(pack);
    std::fs::create_dir(&own).unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements").join(pack);
    for entry in std::fs::read_dir(shipped).unwrap() {
        let entry = entry.unwrap();
        let mut text = std::fs::read(entry.path()).unwrap();
        if entry.file_name() == file {
            text.extend(more.as_bytes());
        }
        std::fs::write(own.join(entry.file_name()), text).unwrap();
    }
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_says_which_past_exchanges_would_come_out_otherwise() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let told = sender.share(PHISHING).await;
    let refused = sender.share_as("untrained", PHISHING).await;
    let room = tempfile::tempdir().unwrap();
    let stop = r#"
@id("nis2.test.stop")
@article("Art. 1")
@summary("What a trained officer gives stays.")
@reason("incompatible_purpose")
@enforce("suppress")
forbid (principal, action == Action::"share", resource)
when { context has training_valid && context.training_valid };
"#;
    let pack = amended(room.path(), "eu-nis2-2022-2555", "forbids.cedar", stop);
    let new = || comity_gateway::laws::named(pack.to_str().unwrap(), room.path()).unwrap();
    for (house, decisions) in [(&sender, 2), (&receiver, 1)] {
        let found = audit::amended(&house.gateway, new()).await.unwrap();
        assert_eq!((found.decisions, found.not_available.len()), (decisions, 0));
        let changed: std::collections::BTreeSet<_> =
            found.otherwise.iter().map(|otherwise| otherwise.place.exchange.unwrap()).collect();
        assert_eq!(changed, [told.exchange_id.0].into(), "{} would come out alike", refused.exchange_id.0);
        let permitted = found.otherwise.iter().find(|otherwise| otherwise.old.0 == "permit").unwrap();
        assert_eq!(permitted.new.0, "deny");
        assert!(
            permitted.new.1.contains("incompatible_purpose")
                && !permitted.old.1.contains("incompatible_purpose")
        );
    }
    // The pack as it is changes nothing, and one that had no part in them is asked about none.
    let same = comity_gateway::laws::named("eu-nis2-2022-2555", room.path()).unwrap();
    let found = audit::amended(&sender.gateway, same).await.unwrap();
    assert_eq!((found.decisions, found.otherwise), (2, vec![]));
    let other = comity_gateway::laws::named("coe-cets224", room.path()).unwrap();
    assert_eq!(audit::amended(&sender.gateway, other).await.unwrap().decisions, 0);
    assert_eq!(counts(&replayed(&sender).await), (2, 0, 0), "and nothing was rewritten");
}
