//! Two gateways as processes, one of which finds its disk full at a write or a flush: whoever waits is told, nothing is
//! lost, and once there is room again it goes on, by itself or started again.
//!
//! ```text
//! of the sender      pwrite64     the database's log takes no rows            refused, and it goes on
//!                    fsync        they cannot be flushed                      in doubt: it ends, and opening finds out
//!                    fdatasync    the high-water mark cannot be flushed       in doubt: it ends, and opening finds out
//!                    linkat       an epoch key gets no name                   refused, and it goes on
//! of the receiver    the same: the sender's offer waits, and goes when there is room
//! ```
//! A disk that is full stays so until somebody makes room: every call fails from the first one on. The same three calls fail
//! while data ends, each way in which it does.

use crate::place::Place;
use crate::traced::{Traced, can_trace};
use crate::world::{Rows, Side, World, assert_whole};
use Side::{Receiver, Sender};
use std::time::{Duration, Instant};

/// Whose disk is full, for which calls; whether it ends by itself.
const CALLS: [(Side, &str, bool); 8] = [
    (Sender, "linkat", false),
    (Receiver, "linkat", false),
    (Sender, "pwrite64", false),
    (Sender, "fdatasync", true),
    (Receiver, "pwrite64", false),
    (Receiver, "fsync", true),
    (Receiver, "fdatasync", true),
    (Sender, "fsync", true),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_whose_disk_is_full_says_so_and_goes_on_once_there_is_room() {
    if !can_trace() {
        return;
    }
    let mut world = World::new();
    for (side, calls, ends) in CALLS {
        let full = Traced::begin(world.node(side), calls, "error=ENOSPC:when=1+");
        let place = world.node(Sender).place.clone();
        let told = full.during(place.share_told()).await;
        match (side, &told) {
            (Receiver, Ok((_, outcome))) => {
                assert_eq!(outcome, "queued", "{calls}: the partner is told to come back")
            }
            (Sender, Err(said)) => {
                // The system's word, or the database's.
                let clear = said.starts_with("error: ")
                    && (said.contains("No space left on device")
                        || said.contains("full")
                        || said.contains("I/O"));
                assert!(clear, "{calls}: {said}");
            }
            other => panic!("{calls}: {other:?}"),
        }
        world.answered.extend(told.ok().map(|(exchange, _)| exchange));
        if ends {
            world.again_after_doubt(side);
        }
        world.node(Sender).until_delivered();
    }
    let (exchange, outcome) = world.node(Sender).place.share().await.unwrap();
    assert_eq!(outcome, "delivered");
    world.answered.push(exchange);
    let answered = world.answered.clone();
    let (_room, home, away) = world.stop();
    assert_whole(&home, &away, &answered, None, &[]);
}

/// What ends data, at which of the two its disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The sender calls back what it gave, and its own disk is full.
    Recalled,
    /// The same, and the holder's is.
    RecalledThere,
    /// An officer of the holder erases.
    Erased,
    /// A person has erased what names them.
    Asked,
    /// The holder's sweep destroys the key of what was erased.
    Swept,
}

const ACTS: [Act; 5] = [Act::Recalled, Act::RecalledThere, Act::Erased, Act::Asked, Act::Swept];

/// Whoever is known by this address, as the person states it.
const CLAIM: &[u8] = br#"{"identifiers":[{"kind":"email","value":"billing@invoice.example.com"}]}"#;

/// Carries an act out at a place: whether it is done, or what was said.
async fn done(act: Act, place: &Place, exchange: &str) -> Result<(), String> {
    let unlawful = ["--officer", "tamm", "--identity-seen", "--fact", "processing_unlawful=true"];
    let (words, stdin): (Vec<&str>, Option<&[u8]>) = match act {
        Act::Recalled | Act::RecalledThere => {
            (vec!["recall", exchange, "--officer", "tamm", "--ground", "sent_in_error"], None)
        }
        Act::Erased => {
            (vec!["vault", "erase", exchange, "--officer", "tamm", "--ground", "erasure_ordered"], None)
        }
        Act::Asked => ([&["subject", "erase", "--identifiers", "-"][..], &unlawful].concat(), Some(CLAIM)),
        Act::Swept => (vec!["vault", "sweep", "--at-once"], None),
    };
    let reply = place.tell(&words, stdin).await.ok_or("nobody answers")?;
    if reply.exit == 0 { Ok(()) } else { Err(String::from_utf8_lossy(&reply.stderr.0).into_owned()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_data_while_the_disk_is_full_says_so_and_is_done_once_there_is_room() {
    if !can_trace() {
        return;
    }
    let mut world = World::new();
    let (kept, outcome) = world.node(Sender).place.share().await.unwrap();
    assert_eq!(outcome, "delivered");
    for (act, calls) in
        ACTS.iter().flat_map(|act| ["pwrite64", "fsync", "fdatasync"].map(|calls| (*act, calls)))
    {
        let (home, away) = (world.node(Sender).place.clone(), world.node(Receiver).place.clone());
        let (exchange, outcome) = home.share().await.unwrap();
        assert_eq!(outcome, "delivered", "{act:?} {calls}");
        let before = Rows::of(&away).records_of(&exchange);
        assert!(before > 0, "{act:?} {calls}");
        if act == Act::Swept {
            done(Act::Erased, &away, &exchange).await.unwrap();
        }
        let full = if act == Act::Recalled { Sender } else { Receiver };
        let at = if matches!(act, Act::Recalled | Act::RecalledThere) { &home } else { &away };
        let traced = Traced::begin(world.node(full), calls, "error=ENOSPC:when=1+");
        let told = traced.during(done(act, at, &exchange)).await;
        match (act, &told) {
            // The order stands at its origin, and waits.
            (Act::RecalledThere, Ok(())) => {}
            (_, Err(said)) => {
                let clear = ["No space left on device", "full", "I/O", "nobody answers"];
                assert!(clear.iter().any(|word| said.contains(word)), "{act:?} {calls}: {said}");
            }
            other => panic!("{act:?} {calls}: {other:?}"),
        }
        if calls == "pwrite64" && act != Act::Swept {
            assert_eq!(Rows::of(&away).records_of(&exchange), before, "{act:?} {calls}: nothing was done");
        }
        // There is room: it is done by itself, or when it is ordered again. What was in doubt may have been done, and whoever
        // is in doubt ends; what failed before the commit was refused, and its gateway goes on.
        let began = Instant::now();
        while calls != "pwrite64" && !world.node(full).is_dead() && began.elapsed() < Duration::from_secs(3) {
            // Another process, which its end is told of by the system alone.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let is_done = |left: u64| left == 0 || act == Act::Asked && left < before;
        while !is_done(Rows::of(&away).records_of(&exchange)) || world.node(full).is_dead() {
            assert!(began.elapsed() < Duration::from_secs(60), "{act:?} {calls}: it is not done");
            // The gateway's own jobs do it, in another process that tells nobody when they have.
            tokio::time::sleep(Duration::from_millis(100)).await;
            if world.node(full).is_dead() {
                world.again_after_doubt(full);
            } else if act != Act::RecalledThere {
                // Whether it still ends or goes on, what it says now is said again after it.
                let _ = done(act, at, &exchange).await;
            }
        }
    }
    let (_room, home, away) = world.stop();
    // A person's erasure is of all that names them, and of nothing else.
    assert!(Rows::of(&away).records_of(&kept) > 0, "what names nobody stays");
    for place in [&home, &away] {
        let key = place.run(&["log", "key"], "");
        crate::place::verified(place.dir.join("log").to_str().unwrap(), key.trim());
        let replayed: serde_json::Value =
            serde_json::from_str(&place.run(&["audit", "replay", "--json"], "")).unwrap();
        assert_eq!(replayed["different"], serde_json::json!([]), "{replayed}");
    }
    away.run(&["vault", "sweep", "--at-once"], "");
    let show: serde_json::Value = serde_json::from_str(&away.run(&["vault", "show", "--json"], "")).unwrap();
    assert_eq!(show["erased"], show["destroyed"], "nothing waits for its key's end: {show}");
}
