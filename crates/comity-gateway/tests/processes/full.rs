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
//! A disk that is full stays so until somebody makes room: every call fails from the first one on.

use crate::traced::{Traced, can_trace};
use crate::world::{Side, World, assert_whole};
use Side::{Receiver, Sender};

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
