//! Holds: what an officer keeps from erasure, for how long, and what becomes of everything that wants it erased meanwhile.

use crate::erasure::opened;
use crate::house::{House, PHISHING, pair};
use crate::recall::{complete, ordered, told};
use comity_exchange::erase::hold::{Placed, erase_after};
use comity_exchange::erase::{Order, destroy, erase_due, waiting};
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{HeldRecord, HoldRow, Holds as _, Record, Store as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::gateway::{Gateway, GatewayError};
use comity_gateway::jobs::sweep::{self, Haste};
use comity_gateway::work::audit::{duty_json, obligations, replay};
use comity_gateway::work::holds::{self, Asked};
use comity_gateway::work::manage;
use comity_terms::{Digest, ExchangeId, Month, Timestamp};
use std::future::ready;
use std::time::Duration;

const MOST: u32 = 10_000;

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(at.as_second() + seconds).unwrap()
}

async fn delivered(sender: &House) -> ExchangeId {
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    report.exchange_id.0
}

fn asked(exchange: ExchangeId, ground: &str, until: Timestamp) -> Asked {
    Asked {
        exchange,
        object: None,
        officer: "trained".to_owned(),
        ground: ground.to_owned(),
        until,
        reasons: Some(Digest::of(b"why, in a file of the authority")),
        facts: Vec::new(),
    }
}

async fn placed(gateway: &Gateway, exchange: ExchangeId, ground: &str, seconds: i64) -> HoldRow {
    let until = later(gateway.now(), seconds);
    let placed: Placed = holds::place(gateway, &asked(exchange, ground, until)).await.unwrap();
    placed.hold.unwrap_or_else(|| panic!("{:?} {:?}", placed.decision, placed.reasons))
}

async fn held(gateway: &Gateway, exchange: ExchangeId) -> Vec<HeldRecord> {
    gateway.store().held_of(exchange, false, MOST).await.unwrap()
}

/// Brings the end of a hold about, as the store sees it: time itself would make these tests wait, or hurry.
async fn end(gateway: &Gateway, hold: &HoldRow) {
    let row = gateway.store().hold(hold.id).await.unwrap().unwrap();
    let (lifted, version) = (Some(later(gateway.now(), 0)), row.version + 1);
    let holds = vec![HoldRow { lifted, version, ..row }];
    gateway.store().record(Record { holds, ..Record::default() }).await.unwrap();
}

/// Waits until the hold stands no more.
async fn lapse(gateway: &Gateway, hold: &HoldRow) {
    while hold.stands(gateway.now()) {
        // It ends by the clock alone.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn order(exchange: ExchangeId) -> Order {
    Order { exchange, ground: "erasure_ordered".parse().unwrap(), openings: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_clock_nor_officer_nor_origin_ends_what_is_held_and_all_of_them_do_when_it_lapses() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &*receiver.gateway;
    let exchange = delivered(&sender).await;
    let all = held(gateway, exchange).await.len();
    let until = held(gateway, exchange).await[0].row.erase_by;
    let hold = placed(gateway, exchange, "legal_claim", 3_600).await;
    assert!(hold.restricts && hold.bound[2] == "base.hold.term", "{hold:?}");

    // The clock: a year on, as far as the sweep is told.
    assert_eq!(erase_due(gateway, until).await.unwrap().records, 0, "held past its time");
    // An officer, with the facts behind it too.
    let ended = manage::erase(gateway, "trained", &order(exchange)).await.unwrap();
    assert_eq!((ended.erased.records, ended.erased.openings), (0, 0));
    assert_eq!(ended.erased.kept as usize, all + 1);
    assert_eq!(ended.against.reasons(), ["hold_stands"]);
    assert_eq!(ended.against.citations()[0].rule, "base.hold.term");
    // The origin: told that it is restricted, and why.
    let id = ordered(&sender, exchange, RecallAction::Recall).await;
    let answered = complete(&sender, id).await;
    let result = &answered["holders"][0]["results"][0];
    assert_eq!(result["result"], "restricted", "{result}");
    assert_eq!(result["reasons"][0], "hold_stands");
    assert_eq!(result["records"], all);
    // The store itself: whoever would erase it.
    let records = held(gateway, exchange).await.iter().map(HeldRecord::place).collect();
    let erased = Some(comity_exchange::ports::Erasure { records, at: gateway.now(), whatever_holds: false });
    gateway.store().record(Record { erased, ..Record::default() }).await.unwrap_err();
    assert_eq!(opened(gateway, exchange).await, (all, all), "and it opens still");

    assert_eq!(erase_after(gateway, gateway.now()).await.unwrap().records, 0, "not while it stands");
    end(gateway, &hold).await;
    let after = erase_after(gateway, gateway.now()).await.unwrap();
    assert_eq!(after.records, all as u64, "what was asked meanwhile is done by itself");
    assert_eq!(opened(gateway, exchange).await, (0, 0));
    let row = gateway.store().hold(hold.id).await.unwrap().unwrap();
    assert_eq!(row.erase_after, None);
    assert_eq!(erase_after(gateway, gateway.now()).await.unwrap().records, 0, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_lapses_leaves_the_clock_where_it_was() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &*receiver.gateway;
    let (kept, other) = (delivered(&sender).await, delivered(&sender).await);
    let (until, bucket) = {
        let held = held(gateway, kept).await;
        (held[0].row.erase_by, held[0].bucket())
    };
    let all = held(gateway, kept).await.len();
    let hold = placed(gateway, kept, "court_order", 3_600).await;
    let erased = erase_due(gateway, until).await.unwrap();
    assert_eq!(erased.records as usize, held(gateway, kept).await.len(), "the other exchange alone");
    assert_eq!(held(gateway, other).await, []);

    // The month has passed: what was erased is destroyed all the same, and what is held opens under a new key.
    let (_, next) = Month::of(until).bounds().unwrap();
    let found = waiting(gateway, next).await.unwrap();
    assert!(found.iter().any(|waiting| waiting.bucket == bucket), "{found:?}");
    let done = destroy(gateway, &found, next, ready(())).await.unwrap();
    assert!(done.buckets.contains(&bucket) && done.rewrapped as usize == all, "{done:?}");
    assert!(gateway.with_keys(|keys| comity_vault::EpochKeys::get(keys, &bucket)).unwrap().is_none());
    assert_eq!(opened(gateway, kept).await, (all, all));
    let found = waiting(gateway, next).await.unwrap();
    assert!(
        found.iter().all(|waiting| waiting.bucket.month != bucket.month),
        "it does not turn for ever: {found:?}"
    );

    // A copy that comes while it is held is not held, and ends when the first was to.
    let again = delivered(&sender).await;
    assert!(held(gateway, again).await.iter().all(|held| held.row.erase_by <= until));

    end(gateway, &hold).await;
    assert!(erase_due(gateway, until).await.unwrap().records as usize >= all);
    assert_eq!(held(gateway, kept).await, []);
    let found = waiting(gateway, next).await.unwrap();
    let done = destroy(gateway, &found, next, ready(())).await.unwrap();
    assert!(done.buckets.iter().any(|gone| gone.month == bucket.month));
    let left = gateway.with_keys(|keys| comity_vault::EpochKeys::buckets(keys)).unwrap();
    assert!(left.iter().all(|left| left.month != bucket.month || left.generation > bucket.generation + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_law_says_who_holds_what_and_how_long() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &*receiver.gateway;
    let exchange = delivered(&sender).await;
    let soon = later(gateway.now(), 3_600);
    // No reasons, no hold; and a word that is no ground, an officer without training, an exchange that is not here.
    let unreasoned = Asked { reasons: None, ..asked(exchange, "legal_claim", soon) };
    let refused = holds::place(gateway, &unreasoned).await.unwrap();
    assert!(refused.hold.is_none());
    assert_eq!(
        refused.decision.reasons().into_iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["hold_ground_missing"]
    );
    let wrong = [
        (asked(exchange, "because", soon), "no ground of a hold: court_order"),
        (Asked { officer: "untrained".into(), ..asked(exchange, "audit", soon) }, "training"),
        (Asked { object: Some("indicator--0".into()), ..asked(exchange, "audit", soon) }, "no such object"),
        (asked("6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10".parse().unwrap(), "audit", soon), "no exchange"),
    ];
    for (asked, why) in wrong {
        let error = holds::place(gateway, &asked).await.unwrap_err();
        assert!(matches!(&error, GatewayError::Input(text) if text.contains(why)), "{error}");
    }
    // A year at the most, and what would be permitted is said; an instant that is past is none.
    let too_long =
        holds::place(gateway, &asked(exchange, "audit", later(gateway.now(), 400 * 86_400))).await.unwrap();
    assert!(too_long.hold.is_none());
    assert_eq!(too_long.reasons, ["hold_too_long"]);
    let most = too_long.at_most.unwrap();
    assert!(most > later(gateway.now(), 364 * 86_400) && most < later(gateway.now(), 367 * 86_400), "{most}");
    assert_eq!(too_long.bound.unwrap().article, "P11.3 (C59)");
    let past = holds::place(gateway, &asked(exchange, "audit", later(gateway.now(), -10))).await.unwrap();
    assert!(past.hold.is_none());
    // A second hold on the same ground does not begin again, whatever became of the first.
    let first = placed(gateway, exchange, "audit", 2).await;
    assert!(!first.restricts, "an audit does not stop the use");
    lapse(gateway, &first).await;
    let second = placed(gateway, exchange, "audit", 60).await;
    assert_eq!(second.since, first.since);
    assert_eq!(told(&receiver, "hold.placed").await.len(), 5, "refused ones are recorded too");
    // The ledger shows what it is bounded by, and the decisions come out the same again.
    let owed = obligations(gateway).await.unwrap();
    let bound: Vec<_> = owed.iter().map(duty_json).filter(|duty| duty["type"] == "hold_no_longer").collect();
    assert!(!bound.is_empty() && bound.iter().all(|duty| duty["state"] == "open"), "{bound:?}");
    let replayed = replay(gateway, false, |_| {}).await.unwrap();
    assert_eq!(replayed.different, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_court_had_held_a_court_lets_go() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &*receiver.gateway;
    let exchange = delivered(&sender).await;
    let hold = placed(gateway, exchange, "court_order", 3_600).await;
    let reasons = Some(Digest::of(b"why"));
    let (decision, row) = holds::lift(gateway, (hold.id, "trained"), reasons, (&[], &[])).await.unwrap();
    assert_eq!(row.lifted, None);
    assert_eq!(
        decision.reasons().into_iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["hold_lifted_by_court"]
    );
    let court = format!(
        r#"{{"value":"court","issuer":"Helsinki District Court","document_digest":"{}","valid_until":"2099-01-01T00:00:00Z"}}"#,
        Digest::of(b"the decision")
    );
    let attested = [("authorisation".parse().unwrap(), court.into_bytes())];
    let (_, row) = holds::lift(gateway, (hold.id, "trained"), reasons, (&[], &attested)).await.unwrap();
    assert!(row.lifted.is_some());
    let gone = holds::lift(gateway, (hold.id, "trained"), reasons, (&[], &attested)).await.unwrap_err();
    assert!(gone.to_string().contains("no hold"), "{gone}");
    let ended =
        manage::erase(gateway, "trained", &Order { openings: false, ..order(exchange) }).await.unwrap();
    assert!(ended.erased.records > 0 && ended.erased.kept == 0);
    let owed = obligations(gateway).await.unwrap();
    let bound: Vec<_> = owed.iter().map(duty_json).filter(|duty| duty["type"] == "hold_no_longer").collect();
    assert_eq!(bound[0]["state"], "done", "let go before its time");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_is_held_and_the_others_go() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &*receiver.gateway;
    let exchange = delivered(&sender).await;
    let bundle: serde_json::Value = serde_json::from_slice(PHISHING).unwrap();
    let indicator = bundle["objects"].as_array().unwrap().iter().find(|object| object["type"] == "indicator");
    let object = indicator.unwrap()["id"].as_str().unwrap().to_owned();
    let all = held(gateway, exchange).await.len();
    let one = Asked { object: Some(object), ..asked(exchange, "oversight", later(gateway.now(), 3_600)) };
    let hold = holds::place(gateway, &one).await.unwrap().hold.unwrap();
    let ended =
        manage::erase(gateway, "trained", &Order { openings: false, ..order(exchange) }).await.unwrap();
    assert_eq!((ended.erased.records as usize, ended.erased.kept), (all - 1, 1));
    let left = held(gateway, exchange).await;
    assert!(left.len() == 1 && hold.covers(&left[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_and_an_erasure_that_race_leave_the_record_whole_or_gone() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &receiver.gateway;
    for _ in 0..4 {
        let exchange = delivered(&sender).await;
        let all = held(gateway, exchange).await.len();
        let until = later(gateway.now(), 3_600);
        let asked = asked(exchange, "oversight", until);
        let order = Order { openings: false, ..order(exchange) };
        let (hold, ended) =
            tokio::join!(holds::place(gateway, &asked), manage::erase(gateway, "trained", &order),);
        let left = held(gateway, exchange).await.len();
        match hold {
            Ok(placed) => {
                assert!(placed.hold.is_some());
                assert_eq!((left, ended.unwrap().erased.records), (all, 0));
            }
            // It was gone before.
            Err(error) => {
                assert!(error.to_string().contains("nothing is left"), "{error}");
                assert_eq!((left, ended.unwrap().erased.records as usize), (0, all));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_of_a_month_that_has_passed_keeps_the_tags_of_what_is_held() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let gateway = &*receiver.gateway;
    let exchange = delivered(&sender).await;
    let hold = placed(gateway, exchange, "person_request", 3_600).await;
    sweep::once(gateway, Haste::AtOnce).await.unwrap();
    assert!(hold.stands(gateway.now()) && !held(gateway, exchange).await.is_empty());
    let restricted =
        comity_exchange::recall::restricted_now(gateway, [exchange].into(), gateway.now()).await.unwrap();
    assert!(!restricted.is_empty(), "nobody uses it meanwhile");
}
