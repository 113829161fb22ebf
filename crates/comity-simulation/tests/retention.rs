//! The time of everything comes: what went over three gateways ends at each by its own clock, whoever was stopped meanwhile
//! and however clocks were set, and its keys are destroyed; not a day before, and a second copy changes nothing.

use comity_exchange::ports::{HeldRecord, Store as _};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_simulation::check;
use comity_simulation::clockwork::at_once;
use comity_simulation::law::PARTIES;
use comity_simulation::op::Op;
use comity_simulation::work::Order;
use comity_simulation::world::World;
use comity_terms::{ExchangeId, Timestamp};
use comity_vault::EpochKeys as _;

const DAY: u64 = 86_400;

fn share(world: &mut World, from: usize, to: usize) {
    world.happen(Op::Share(from, Order { to, officer: 0, bundle: 1 }));
    world.happen(Op::Wait(30));
}

/// What a gateway holds of what it received.
fn held(world: &World, number: usize) -> Vec<HeldRecord> {
    let gateway = world.process(number).expect("it runs");
    let received: Vec<ExchangeId> = {
        let ledger = gateway.disk.faults.ledger();
        let kept = ledger
            .exchanges
            .values()
            .filter(|row| row.side == Side::Receiver && row.outcome == ExchangeOutcome::Delivered);
        kept.map(|row| row.id).collect()
    };
    let of = |id| at_once(gateway.store().inner().held_of(id, false, 1_000)).expect("it reads");
    received.into_iter().flat_map(of).collect()
}

/// Every gateway is stopped for so long, and started again.
fn stopped(world: &mut World, seconds: u64) {
    for number in 0..PARTIES.len() {
        world.happen(Op::Crash(number, seconds));
    }
    world.happen(Op::Wait(seconds + 60));
}

fn swept(world: &mut World) {
    for _ in 0..2 {
        for number in 0..PARTIES.len() {
            world.happen(Op::Sweep(number, false));
        }
        world.happen(Op::Wait(600));
    }
}

fn may_end(world: &World) {
    for disk in &world.disks {
        let mut ledger = disk.faults.ledger();
        ledger.by_record = true;
        let all: Vec<ExchangeId> = ledger.exchanges.keys().copied().collect();
        ledger.ended.extend(all.into_iter().map(|id| (id, false)));
    }
}

#[test]
fn what_its_time_has_ended_is_gone_at_every_hop_and_nothing_before() {
    let mut world = World::new(11);
    // The second's clock runs ahead when it receives, and is set back when it passes on.
    world.happen(Op::Skew(1, 5 * 3_600));
    share(&mut world, 0, 1);
    world.happen(Op::Skew(1, -3_600));
    share(&mut world, 1, 2);
    world.happen(Op::Skew(1, 0));
    let first: Vec<Vec<HeldRecord>> = [1, 2].map(|number| held(&world, number)).into();
    assert!(first.iter().all(|held| !held.is_empty()));
    let ends = |held: &[HeldRecord]| -> (Timestamp, Timestamp) {
        let all = || held.iter().map(|record| record.row.erase_by);
        (all().min().expect("a record"), all().max().expect("a record"))
    };
    let last = first.iter().map(|held| ends(held).1).max().expect("two gateways");

    // A second copy, within the month of its pseudonyms, ends when the first does.
    stopped(&mut world, 3 * DAY);
    share(&mut world, 0, 1);
    assert!(held(&world, 1).len() > first[0].len(), "it came again");
    assert_eq!(ends(&held(&world, 1)).1, ends(&first[0]).1, "a second copy begins no clock");

    // Some hours before the first of them ends, all of it is there.
    let before = first.iter().map(|held| ends(held).0).min().expect("two gateways");
    let until = |world: &World, at: Timestamp| {
        let now = world.process(0).expect("it runs").now();
        u64::try_from(at.duration_since(now).as_secs()).unwrap_or_default()
    };
    let left = until(&world, before).saturating_sub(DAY / 2);
    stopped(&mut world, left);
    let all = held(&world, 1).len();
    swept(&mut world);
    assert_eq!(held(&world, 1).len(), all, "nothing ends before its time");
    assert_eq!(held(&world, 2).len(), first[1].len());

    // It comes while they are stopped, and one is started with its clock behind.
    world.happen(Op::Skew(2, -6 * 3_600));
    let left = until(&world, last) + DAY;
    stopped(&mut world, left);
    world.happen(Op::Skew(2, 0));
    may_end(&world);
    swept(&mut world);
    for number in [1, 2] {
        assert_eq!(held(&world, number).len(), 0, "{number} holds what its time has ended");
    }
    // The keys of the month go once that has passed.
    stopped(&mut world, 40 * DAY);
    swept(&mut world);
    for number in [1, 2] {
        let gateway = world.process(number).expect("it runs");
        let mut wanted: Vec<_> =
            first[number - 1].iter().map(|record| record.row.bucket(&record.agreement)).collect();
        wanted.dedup();
        for bucket in wanted {
            assert!(gateway.disk.epochs.is_destroyed(&bucket).unwrap_or(false), "{number}: {bucket:?}");
        }
    }
    world.calm();
    if let Some(finding) = check::finding(&world) {
        panic!("{finding}");
    }
}
