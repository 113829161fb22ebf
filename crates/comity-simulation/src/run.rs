//! One run of a seed, and the shortest row of things that still fails.

use crate::chance::Chance;
use crate::check;
use crate::op::{self, Op};
use crate::world::World;
use comity_exchange::ports::ExchangeRow;
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::Digest;

/// What a run came to.
pub struct Outcome {
    /// The digest of all that happened: the same for the same seed and things.
    pub trace: Digest,
    /// All that happened.
    pub lines: Vec<String>,
    /// What does not hold; `None` when all does.
    pub finding: Option<String>,
    /// How many exchanges were kept by their receivers.
    pub delivered: usize,
    /// How many calls failed as they were told to.
    pub failures: usize,
}

/// How many things happen in a run.
pub const LENGTH: usize = 40;

/// What happens under a seed.
#[must_use]
pub fn ops(seed: u64) -> Vec<Op> {
    op::drawn(&Chance::new(seed ^ 0x0b5e_55ed), LENGTH)
}

/// Lets `ops` happen in the world of `seed`, then calm, then looks.
#[must_use]
pub fn run(seed: u64, ops: &[Op]) -> Outcome {
    let mut world = World::new(seed);
    for op in ops {
        world.happen(*op);
    }
    world.calm();
    let finding = check::finding(&world);
    let ledgers = world.disks.iter().map(|disk| disk.faults.ledger());
    let (delivered, failures) = ledgers.fold((0, 0), |(delivered, failures), ledger| {
        let kept =
            |row: &&ExchangeRow| row.side == Side::Receiver && row.outcome == ExchangeOutcome::Delivered;
        (delivered + ledger.exchanges.values().filter(kept).count(), failures + ledger.failures.len())
    });
    let lines = std::mem::take(&mut world.network.seen().trace);
    Outcome { trace: Digest::of(lines.join("\n").as_bytes()), lines, finding, delivered, failures }
}

/// The ops of a failing run without those that it fails without: first by halves, then one by one.
#[must_use]
pub fn shrunk(seed: u64, mut ops: Vec<Op>) -> Vec<Op> {
    let mut span = ops.len() / 2;
    while span > 0 {
        let mut start = 0;
        while start < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(start..(start + span).min(ops.len()));
            if run(seed, &fewer).finding.is_some() {
                ops = fewer;
            } else {
                start += span;
            }
        }
        span /= 2;
    }
    ops
}
