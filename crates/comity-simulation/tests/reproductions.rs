//! Runs that failed once, shrunk, each with what was wrong. The world of a case is its seed's.

use comity_simulation::faults::{Call, Did, Fault, Then};
use comity_simulation::network::Weather;
use comity_simulation::op::Op::{self, Crash, Mend, Part, Share, Skew, Wait};
use comity_simulation::run::run;
use comity_simulation::work::Order;

fn holds(seed: u64, ops: &[Op]) {
    let outcome = run(seed, ops);
    assert_eq!(outcome.finding, None, "{}", outcome.lines.join("\n"));
}

const fn share(from: usize, to: usize, bundle: usize) -> Op {
    Share(from, Order { to, officer: 0, bundle })
}

/// Answers under way longer than a claim lasts: the try that came after it had one too, and both acknowledged.
#[test]
fn two_tries_that_overlap_acknowledge_once() {
    let fault = Fault { call: Call::Witnessed, after: 1, did: Did::All, then: Then::GoesOn };
    holds(
        42,
        &[
            share(0, 2, 0),
            Op::Fault(2, fault),
            Skew(2, -6081),
            share(1, 0, 0),
            share(2, 1, 1),
            Crash(1, 29),
            Crash(0, 115),
            Wait(3),
            Wait(12),
            share(2, 0, 1),
            Part(0, 1),
            Mend(0, 1),
            Wait(0),
            Mend(2, 1),
            share(2, 1, 0),
            Crash(1, 95),
            Part(2, 1),
            Crash(1, 4),
            share(2, 1, 0),
            Wait(131),
            Wait(14),
            share(2, 1, 0),
            share(1, 2, 0),
            Skew(2, -7370),
            share(2, 1, 0),
            share(2, 1, 0),
            share(1, 2, 0),
            Op::Weather(Weather { lost: 0, twice: 42, cut: 0, slow: 12 }),
            Wait(17),
        ],
    );
}
