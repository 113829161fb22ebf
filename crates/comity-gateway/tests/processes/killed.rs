//! Two gateways as processes, killed with SIGKILL at each step at which something becomes durable or leaves, and
//! started again: nothing is lost, nothing is delivered twice, neither log forks, and every exchange has an outcome.
//!
//! A system call at which a process dies is not carried out; what was written before it stays, as after any kill. (What
//! a power cut does is the store's own tests', which cut off files.) Calls are counted by thread and kind.
//!
//! ```text
//! of the sender      first share   linkat 1    a key is written and has no name yet
//!                                  unlink 2    each key that it makes, once it has: officer's, pseudonyms', epoch's
//!                    append        pwrite64    in the middle of the write-ahead log
//!                                  fsync 1     committed, and not flushed: a kill leaves what is written
//!                    seal, record  fdatasync 1 committed, the mark is behind
//!                    deliver       writev 1    before the offer leaves
//!                    acknowledge   fsync 2, fdatasync 2   answered and not noted; noted, the mark is behind
//! of the receiver    first share   unlink 2    the first epoch key that it makes
//!                    append, seal  pwrite64, fsync 1, fdatasync 1, as above
//!                    answer        writev 1    recorded, and nobody was told
//! rotate             linkat, fsync, fdatasync, unlink, from the first to the last of a sweep that destroys a key
//! ```

use crate::place::Place;
use crate::traced::{Traced, can_trace};
use crate::world::{Rows, Side, World, assert_whole};
use Side::{Receiver, Sender};
use comity_exchange::ports::Store as _;
use comity_exchange::shell::Shell as _;
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_vault::{EpochKeys as _, SegmentContext, open};

/// Records of data that a gateway holds, and how many of them its keys open.
async fn opened(place: &Place) -> (usize, usize) {
    let directory = Directory::open(&place.dir, Some(&place.keys)).unwrap();
    let gateway = Gateway::open(directory).await.unwrap();
    let (mut held, mut opened) = (0, 0);
    for id in Rows::of(place).exchanges().into_keys() {
        let exchange = id.parse().unwrap();
        for id in gateway.store().segments(exchange).await.unwrap() {
            let segment = gateway.store().segment(id).await.unwrap().unwrap();
            let Some(class) = segment.class else { continue };
            let (store, agreement) = (gateway.signatory().store.clone(), segment.agreement.clone());
            let context = SegmentContext { store, agreement, exchange, class, segment: id };
            for row in &segment.rows {
                let start = usize::try_from(row.offset).unwrap();
                let sealed = &segment.blob[start..start + row.length as usize];
                let any = gateway.with_keys(|keys| {
                    let keys = keys.buckets().unwrap().into_iter().filter_map(|b| keys.get(&b).unwrap());
                    keys.into_iter().any(|key| open(row, sealed, &key, &context).is_ok())
                });
                held += 1;
                opened += usize::from(any);
            }
        }
    }
    (held, opened)
}

/// Who dies, at which call, for the nth time; whether the exchange was decided by then.
const STEPS: [(Side, &str, u32, bool); 11] = [
    (Receiver, "unlink", 2, true),
    (Sender, "pwrite64", 5, false),
    (Sender, "fsync", 1, true),
    (Sender, "fdatasync", 1, true),
    (Sender, "writev", 1, true),
    (Sender, "fsync", 2, true),
    (Sender, "fdatasync", 2, true),
    (Receiver, "pwrite64", 5, true),
    (Receiver, "fsync", 1, true),
    (Receiver, "fdatasync", 1, true),
    (Receiver, "writev", 1, true),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_at_any_step_loses_nothing_and_delivers_once() {
    if !can_trace() {
        return;
    }
    let mut world = World::new();
    let mut known = 0;
    // Keys are made by the first share: whoever dies once one has its name does not make it again, and dies at the next.
    assert!(world.share(Sender, "linkat", 1).await, "a key was made without its name");
    for key in ["an officer's", "that of pseudonyms", "of an epoch"] {
        assert!(world.share(Sender, "unlink", 2).await, "no key was made: {key}");
    }
    for (side, calls, when, decided) in STEPS {
        assert!(world.share(side, calls, when).await, "{side:?} lives on after {calls} {when}");
        known += usize::from(decided);
    }
    let (exchange, outcome) = world.node(Sender).place.share().await.unwrap();
    assert_eq!(outcome, "delivered");
    world.answered.push(exchange);
    let answered = world.answered.clone();
    let (_room, home, away) = world.stop();
    assert_whole(&home, &away, &answered, Some(known + 1), &[]);
    let (held, open) = opened(&away).await;
    assert!(held > 0 && open == held, "{open} of {held} records open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_while_it_destroys_a_key_keeps_what_stays() {
    if !can_trace() {
        return;
    }
    let mut world = World::new();
    for _ in 0..SWEEPS {
        let (exchange, outcome) = world.node(Sender).place.share().await.unwrap();
        assert_eq!(outcome, "delivered");
        world.answered.push(exchange);
    }
    let mut erased = world.answered.clone().into_iter();
    for calls in ["linkat", "unlink", "fdatasync", "fsync"] {
        let mut when = 1;
        loop {
            let exchange = erased.next().expect("enough exchanges to erase");
            let place = world.node(Receiver).place.clone();
            let erase = ["vault", "erase", &exchange, "--officer", "tamm", "--ground", "erasure_ordered"];
            assert_eq!(place.tell(&erase, None).await.unwrap().exit, 0);
            let traced = Traced::begin(world.node(Receiver), calls, &format!("signal=SIGKILL:when={when}"));
            let swept = traced.during(place.tell(&["vault", "sweep", "--at-once"], None)).await;
            if swept.is_some() {
                break;
            }
            world.again(Receiver);
            // The next sweep goes on where that one died.
            assert_eq!(place.tell(&["vault", "sweep", "--at-once"], None).await.unwrap().exit, 0);
            when += 1;
        }
        assert!(when > 1, "no sweep died at {calls}");
    }
    let shares = world.answered.clone();
    let (_room, home, away) = world.stop();
    let kept = erased.count();
    assert_whole(&home, &away, &shares, Some(shares.len()), &shares[..shares.len() - kept]);
    let (held, open) = opened(&away).await;
    assert!(kept > 0 && held > 0 && open == held, "{open} of {held} records of {kept} exchanges open");
    let show: serde_json::Value = serde_json::from_str(&away.run(&["vault", "show", "--json"], "")).unwrap();
    assert_eq!(show["erased"], show["destroyed"], "nothing waits for its key's end: {show}");
}

/// As many exchanges as sweeps are killed, and some that stay.
const SWEEPS: usize = 28;
