//! Runs that failed once, shrunk, each with what was wrong. The world of a case is its seed's.

use crate::{Step, run};
use comity_exchange::federation::recall::RecallAction::{self, Erase};
use comity_simulation::faults::{Call, Did, Fault, Then};
use comity_simulation::network::Weather;
use comity_simulation::op::Op;
use comity_simulation::work::Order;

fn holds(seed: u64, steps: &[Step]) {
    if let Err(finding) = run(seed, steps) {
        panic!("{finding}");
    }
}

const fn share(from: usize, to: usize, bundle: usize) -> Step {
    Step::World(Op::Share(from, Order { to, officer: 0, bundle }))
}

const fn order(by: usize, action: RecallAction, pick: u64) -> Step {
    Step::Order { by, action, pick }
}

/// A copy of an offer that came after the order about it, and was kept: nobody would have called it back again.
#[test]
fn an_offer_that_comes_after_the_order_about_it_is_not_kept() {
    let fault = Fault { call: Call::Record, after: 0, did: Did::All, then: Then::GoesOn };
    let weather = Weather { lost: 0, twice: 0, cut: 2, slow: 58 };
    holds(
        102,
        &[
            share(1, 2, 0),
            share(0, 1, 0),
            Step::World(Op::Mend(0, 2)),
            order(0, Erase, 1_254_250_411_452_870_289),
            share(1, 0, 1),
            Step::World(Op::Weather(weather)),
            share(2, 0, 0),
            share(0, 1, 0),
            share(1, 0, 0),
            Step::World(Op::Fault(0, fault)),
            share(1, 2, 1),
            Step::World(Op::Wait(245)),
            share(0, 2, 0),
            share(1, 2, 0),
            order(2, Erase, 8_445_879_971_143_215_585),
        ],
    );
}
