//! Gateways killed with SIGKILL at each durable step of an erasure that travels, and of one that a person asked for: it is done
//! once, what it does not name stays, and nobody is told that it was done where it was not.
//!
//! A step is a system call for the nth time, as in [`killed`](crate::killed). Each row is killed there, started again, and must
//! come to the same end as one that never died.
//!
//! ```text
//! recall   of the sender     append pwrite64 · record fsync 1 · mark fdatasync 1 · deliver writev · note fsync, fdatasync
//!          of the holder     append pwrite64 · taken fsync 1 · mark fdatasync 1 · erased fsync 2 · done fsync 3 · answer writev
//! person   filed fsync 1 · a key linkat 1 · decided and erased fsync 2, 3, … until one is not killed any more
//! ```

use crate::place::Place;
use crate::traced::{Traced, can_trace};
use crate::world::{Rows, Side, World};
use Side::{Receiver, Sender};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// At which calls each of the two dies: the first time, the second, and so on, until one is done before it comes to that.
const CALLS: [&str; 3] = ["fsync", "fdatasync", "writev"];

/// The most deaths at one kind of call: an order has no more steps of its own.
const DEATHS_MAX: u32 = 4;

/// How long an order may take to be answered once both serve again: longer than it is put off after a failed try.
const ANSWERED: Duration = Duration::from_secs(60);

async fn json(place: &Place, words: &[&str], stdin: Option<&[u8]>) -> Option<Json> {
    let reply = place.tell(&[words, &["--json"]].concat(), stdin).await?;
    serde_json::from_slice(&reply.stdout.0).ok()
}

/// The records of data that a gateway holds of an exchange.
fn records(place: &Place, exchange: &str) -> u64 {
    Rows::of(place).records_of(exchange)
}

/// The orders that a gateway knows about an exchange of its own.
async fn orders(place: &Place, exchange: &str) -> Vec<Json> {
    let all = json(place, &["recalls"], None).await.expect("it serves");
    let about = |order: &&Json| order["exchanges"].as_array().unwrap().iter().any(|one| one == exchange);
    all.as_array().unwrap().iter().filter(about).cloned().collect()
}

async fn until_complete(place: &Place, exchange: &str) -> Vec<Json> {
    let began = Instant::now();
    loop {
        let known = orders(place, exchange).await;
        if !known.is_empty() && known.iter().all(|order| order["state"] == "complete") {
            return known;
        }
        assert!(began.elapsed() < ANSWERED, "it is not answered: {known:?}");
        // The gateway's own job asks the holder, in another process that tells nobody when it has: it is looked at again.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One order about an exchange of its own while `side` dies at `calls`, `when` that comes for the nth time; whether it died,
/// and which exchange it was. Whatever happened, it is erased once in the end, and proved.
async fn recalled(world: &mut World, side: Side, calls: &str, when: u32) -> (bool, String) {
    let (exchange, outcome) = world.node(Sender).place.share().await.unwrap();
    assert_eq!(outcome, "delivered");
    let (home, away) = (world.node(Sender).place.clone(), world.node(Receiver).place.clone());
    assert!(records(&away, &exchange) > 0);
    let traced = Traced::begin(world.node(side), calls, &format!("signal=SIGKILL:when={when}"));
    let order = ["recall", &exchange, "--officer", "tamm", "--ground", "sent_in_error"];
    let told = traced.during(home.tell(&order, None)).await;
    let dead = ended(world, side, told.is_none() && side == Sender).await;
    // One that died before it was recorded was never given, and is given again by its officer.
    if orders(&home, &exchange).await.is_empty() {
        assert!(records(&away, &exchange) > 0, "{side:?} {calls} {when}: erased without an order");
        assert_eq!(home.tell(&order, None).await.unwrap().exit, 0);
    }
    let known = until_complete(&home, &exchange).await;
    assert_eq!(known.len(), 1, "{side:?} {calls} {when}: {known:?}");
    let result = &known[0]["holders"][0]["results"][0];
    assert_eq!(result["result"], "completed", "{side:?} {calls} {when}: {known:?}");
    assert!(known[0]["holders"][0]["receipt"]["index"].is_u64());
    assert_eq!(records(&away, &exchange), 0, "{side:?} {calls} {when}");
    // The holder has taken it once.
    let taken = Rows::of(&away).taken(known[0]["order_id"].as_str().unwrap());
    assert_eq!(taken, 1, "{side:?} {calls} {when}");
    (dead, exchange)
}

/// Whether `side` has ended, started again then. Whoever is not answered hears of a death before the system tells of it.
async fn ended(world: &mut World, side: Side, unanswered: bool) -> bool {
    let began = Instant::now();
    while unanswered && !world.node(side).is_dead() {
        assert!(began.elapsed() < ANSWERED, "{side:?} does not answer, and lives");
        // A killed process is dead a little after its connection is: the system tells of it when it is asked.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let dead = world.node(side).is_dead();
    if dead {
        world.again(side);
    }
    dead
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_erasure_that_is_killed_at_any_step_is_done_once_and_proved() {
    if !can_trace() {
        return;
    }
    let mut world = World::new();
    let mut gone = Vec::new();
    let (kept, outcome) = world.node(Sender).place.share().await.unwrap();
    assert_eq!(outcome, "delivered");
    let mut died = BTreeSet::new();
    for (side, calls) in [Sender, Receiver].into_iter().flat_map(|side| CALLS.map(|calls| (side, calls))) {
        for when in 1..=DEATHS_MAX {
            let (dead, exchange) = recalled(&mut world, side, calls, when).await;
            gone.push(exchange);
            if !dead {
                break;
            }
            died.insert((side == Sender, calls, when));
        }
    }
    // In the middle of the write-ahead log.
    for side in [Sender, Receiver] {
        let (dead, exchange) = recalled(&mut world, side, "pwrite64", 2).await;
        assert!(dead, "{side:?} writes nothing");
        gone.push(exchange);
    }
    for side in [true, false] {
        for calls in CALLS {
            assert!(died.contains(&(side, calls, 1)), "nobody died at {calls}: {died:?}");
        }
    }
    let (_room, home, away) = world.stop();
    assert!(records(&away, &kept) > 0, "what no order names stays");
    assert!(gone.iter().all(|exchange| records(&away, exchange) == 0), "what was erased stays so");
    for place in [&home, &away] {
        let key = place.run(&["log", "key"], "");
        crate::place::verified(place.dir.join("log").to_str().unwrap(), key.trim());
        let replayed: Json = serde_json::from_str(&place.run(&["audit", "replay", "--json"], "")).unwrap();
        assert_eq!(replayed["different"], serde_json::json!([]), "{replayed}");
    }
}

/// Whoever is known by this address: the campaign's own, which stays as it is.
const CLAIM: &[u8] = br#"{"identifiers":[{"kind":"email","value":"billing@invoice.example.com"}]}"#;

/// How many exchanges are there for a person's erasure to die over.
const TRIES: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_erasure_that_is_killed_at_any_step_is_done_once_and_told_truly() {
    if !can_trace() {
        return;
    }
    let mut world = World::new();
    let unlawful = ["--officer", "tamm", "--identity-seen", "--fact", "processing_unlawful=true"];
    let mut died = BTreeSet::new();
    let steps = (1..=TRIES as u32).flat_map(|when| [("fsync", when), ("fdatasync", when)]);
    for (calls, when) in steps {
        let (exchange, outcome) = world.node(Sender).place.share().await.unwrap();
        assert_eq!(outcome, "delivered");
        let away = world.node(Receiver).place.clone();
        let before = records(&away, &exchange);
        let traced = Traced::begin(world.node(Receiver), calls, &format!("signal=SIGKILL:when={when}"));
        let asked = [&["subject", "erase", "--identifiers", "-"][..], &unlawful].concat();
        let told = traced.during(json(&away, &asked, Some(CLAIM))).await;
        let dead = ended(&mut world, Receiver, told.is_none()).await;
        if dead {
            died.insert((calls, when));
        }
        // What waits is decided again; one that was never filed is asked again.
        let open = json(&away, &["subject", "list"], None).await.unwrap();
        let open = open.as_array().unwrap();
        assert!(open.len() <= 1, "{calls} {when}: {open:?}");
        let answer = match (open.first(), &told) {
            (Some(row), _) => {
                let number = row["number"].as_str().unwrap();
                json(&away, &[&["subject", "decide", number][..], &unlawful].concat(), None).await
            }
            (None, Some(told)) => Some(told.clone()),
            // Done, and its officer was not told; or never filed.
            (None, None) => json(&away, &asked, Some(CLAIM)).await,
        };
        assert!(answer.is_some(), "{calls} {when}");
        let left = records(&away, &exchange);
        assert!(left < before, "{calls} {when}: nothing of {before} went");
        assert!(left > 0, "{calls} {when}: what names nobody stays");
        let access = ["subject", "access", "--identifiers", "-", "--officer", "tamm", "--identity-seen"];
        let held = json(&away, &access, Some(CLAIM)).await.unwrap();
        let of = |record: &&Json| record["exchange_id"] == exchange.as_str();
        let named = held["records"].as_array().into_iter().flatten().filter(of).count();
        assert_eq!(named, 0, "{calls} {when}: something that names them is left: {held}");
        if !dead {
            break;
        }
    }
    assert!(died.len() >= 4, "it died at several steps: {died:?}");
    let (_room, _home, away) = world.stop();
    let key = away.run(&["log", "key"], "");
    crate::place::verified(away.dir.join("log").to_str().unwrap(), key.trim());
    let replayed: Json = serde_json::from_str(&away.run(&["audit", "replay", "--json"], "")).unwrap();
    assert_eq!(replayed["different"], serde_json::json!([]), "{replayed}");
    let requests: Json = serde_json::from_str(&away.run(&["audit", "requests", "--json"], "")).unwrap();
    let all = requests.as_array().unwrap();
    assert!(all.iter().all(|row| row["state"] != "open"), "every request has its answer: {requests}");
}
