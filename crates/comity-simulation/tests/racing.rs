//! A share of what came from another, prepared before an order restricts that and recorded after it: nothing of it goes. And one
//! that is recorded first: the order follows it.

use comity_exchange::ExchangeError;
use comity_exchange::disclose::carry_out;
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{Recalls as _, Store as _, StoreError, Way};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_simulation::check;
use comity_simulation::clockwork::at_once;
use comity_simulation::faults::{Call, Did, Fault, Then};
use comity_simulation::gateway::Gateway;
use comity_simulation::op::Op;
use comity_simulation::work::{Order, prepared};
use comity_simulation::world::World;
use comity_simulation::{law, orders};
use comity_terms::ExchangeId;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What `work` comes to at a gateway, within a minute.
fn done<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    world: &mut World,
    at: usize,
    work: impl FnOnce(Arc<Gateway>) -> F,
) -> T {
    let (slot, gateway) = (Arc::new(Mutex::new(None)), Arc::clone(world.process(at).expect("it runs")));
    let (telling, work) = (Arc::clone(&slot), work(gateway));
    world.clockwork().spawn(Some(at), async move {
        let done = work.await;
        *telling.lock().expect("nobody panics") = Some(done);
    });
    world.happen(Op::Wait(60));
    let done = slot.lock().expect("nobody panics").take();
    done.expect("it takes less than a minute")
}

/// The exchange by which the second got something of the first.
fn received(world: &World) -> ExchangeId {
    let ledger = world.disks[1].faults.ledger();
    let mut all = ledger.exchanges.values().filter(|row| row.side == Side::Receiver);
    all.next().expect("it was received").id
}

const ON: Order = Order { to: 2, officer: 0, bundle: 0 };

fn ordered(world: &mut World, action: RecallAction) {
    let exchange = received(world);
    world.disks[1].faults.ledger().ended.insert(exchange, false);
    let given = done(world, 0, move |gateway| async move {
        let row = orders::order(&gateway, exchange, action, None).await;
        if let Ok(Some(row)) = &row {
            orders::send(&gateway, row.clone()).await;
        }
        row.map(|row| row.is_some())
    });
    assert!(given.expect("it is recorded"), "its laws let it go");
}

#[test]
fn what_was_restricted_while_it_was_being_prepared_is_not_passed_on() {
    let mut world = World::new(5);
    world.happen(Op::Share(0, Order { to: 1, officer: 0, bundle: 0 }));
    world.happen(Op::Wait(30));
    let peer = world.process(1).and_then(|gateway| gateway.known(&law::party(2))).expect("a partner");
    let to = peer.clone();
    let sealed = done(&mut world, 1, |gateway| async move { prepared(&gateway, ON, &to, None).await });
    let sealed = sealed.expect("it is lawful by then");
    ordered(&mut world, RecallAction::Restrict);
    let came = done(&mut world, 1, |gateway| async move {
        carry_out(&*gateway, sealed, &peer).await.map(|disclosed| disclosed.summary.outcome)
    });
    let refused = matches!(&came, Err(ExchangeError::Store(StoreError::Conflict(_))));
    assert!(refused, "{came:?}");
    let given =
        world.disks[1].faults.ledger().exchanges.values().filter(|row| row.side == Side::Sender).count();
    assert_eq!(given, 0, "nothing is recorded of it");
    assert_eq!(world.disks[2].faults.ledger().exchanges.len(), 0, "nothing came");
    world.calm();
    assert_eq!(check::finding(&world), None);
}

/// Orders are sent on until nobody owes an answer.
fn sent_on(world: &mut World) {
    for _ in 0..3 {
        for number in [1, 0] {
            done(world, number, |gateway| async move { orders::round(&gateway).await });
        }
    }
}

/// What the third holds of what it got.
fn held_by_third(world: &World) -> usize {
    let third = world.process(2).expect("it runs");
    let passed = *third.disk.faults.ledger().exchanges.keys().next().expect("it came");
    at_once(third.store().inner().held_of(passed, false, 10)).expect("it reads").len()
}

#[test]
fn what_was_passed_on_before_is_followed_by_the_order() {
    let mut world = World::new(5);
    world.happen(Op::Share(0, Order { to: 1, officer: 0, bundle: 0 }));
    world.happen(Op::Wait(30));
    world.happen(Op::Share(1, ON));
    world.happen(Op::Wait(30));
    assert!(held_by_third(&world) > 0);
    ordered(&mut world, RecallAction::Erase);
    sent_on(&mut world);
    let third = world.process(2).expect("it runs");
    let rows = at_once(third.store().inner().recalls(None)).expect("it reads");
    assert_eq!(rows.iter().filter(|row| row.way == Way::Taken && row.complete).count(), 1);
    assert_eq!(held_by_third(&world), 0);
}

#[test]
fn what_arrived_and_was_given_up_unanswered_is_followed_too() {
    let mut world = World::new(5);
    world.happen(Op::Share(0, Order { to: 1, officer: 0, bundle: 0 }));
    world.happen(Op::Wait(30));
    // It arrives, and its answer cannot be noted; then the roads are cut until it is given up.
    let fault = Fault { call: Call::Record, after: 1, did: Did::Nothing, then: Then::GoesOn };
    world.happen(Op::Fault(1, fault));
    world.happen(Op::Share(1, ON));
    while world.disks[2].faults.ledger().exchanges.is_empty() {
        world.pass(Duration::from_millis(10));
    }
    world.happen(Op::Part(1, 2));
    world.happen(Op::Wait(3 * 86_400));
    let given = {
        let ledger = world.disks[1].faults.ledger();
        let mut all = ledger.exchanges.values().filter(|row| row.side == Side::Sender);
        all.next().expect("it was given").outcome
    };
    assert_eq!(given, ExchangeOutcome::Refused, "nobody knows that it arrived");
    world.happen(Op::Mend(1, 2));
    assert!(held_by_third(&world) > 0);
    ordered(&mut world, RecallAction::Erase);
    sent_on(&mut world);
    assert_eq!(held_by_third(&world), 0);
}
