//! Random orders about what went over three gateways, and what must be so when every one of them is answered.
//!
//! Under a seed each gateway shares one bundle with the others, and passes it on; each orders that it be called back, erased,
//! restricted, put right or used again; what was received is held from erasure; roads are cut, processes end, clocks are
//! set forward and back, and records fail. Then all is calm.
//!
//! INVARIANT, of each holder and each order that it took, in whichever order they came:
//! 1. every order that was recorded at its origin is answered, by every holder, with an entry that is proved;
//! 2. `completed` or `not_found` of an order that erases: nothing that it names is held there any more;
//! 3. `restricted` of one: what it names is gone by now, or nobody uses it;
//! 4. what no order that erases names is there, every record of it: nothing vanishes;
//! 5. what is held from erasure is there, whatever was ordered meanwhile, and whatever a clock says;
//! 6. what is restricted was ordered to be, and what was ordered to be and never lifted is.
//!
//! Not a failure: that a law refuses an order at its origin, or that a restriction which arrives after its `lift` stands. The
//! rest is what [`check`] says of logs, exchanges and decisions.

use comity_exchange::federation::recall::{Known, RecallAction, RecallAnswerHeader, RecallResult, TakenHop};
use comity_exchange::ports::{ExchangeRow, Holds as _, RecallRow, Recalls as _, Store as _, Way};
use comity_exchange::recall::{Giving, claim, deliver, give, keys_of};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_simulation::chance::Chance;
use comity_simulation::check;
use comity_simulation::clockwork::at_once;
use comity_simulation::faults::{Call, Did, Fault, Then};
use comity_simulation::gateway::Gateway;
use comity_simulation::law::PARTIES;
use comity_simulation::op::Op;
use comity_simulation::work::Order;
use comity_simulation::world::World;
use comity_terms::ids::OrderId;
use comity_terms::{Asserter, ExchangeId, FactKey, Facts, Party};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SEEDS: std::ops::Range<u64> = 0..12;

/// How many things happen under a seed.
const LENGTH: usize = 30;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    World(Op),
    /// A gateway orders something of one of its exchanges, whichever of them `pick` falls on.
    Order {
        by: usize,
        action: RecallAction,
        pick: u64,
    },
}

fn drawn(seed: u64) -> Vec<Step> {
    let chance = Chance::new(seed ^ 0x0dde_55ed);
    let number = |below: u64| usize::try_from(chance.below(below)).unwrap_or_default();
    let mut steps = Vec::new();
    for _ in 0..LENGTH {
        let who = number(3);
        let other = (who + 1 + number(2)) % PARTIES.len();
        use RecallAction::{Correct, Erase, Lift, Recall, Restrict};
        let erases = [Recall, Erase, Correct, Restrict, Restrict, Lift];
        steps.push(match chance.below(100) {
            0..34 => Step::World(Op::Share(who, Order { to: other, officer: 0, bundle: 0 })),
            34..60 => Step::Order { by: who, action: chance.one_of(&erases), pick: chance.next() },
            60..74 => Step::World(Op::Wait(chance.below(600))),
            74..80 => Step::World(Op::Hold(who, 60 + chance.below(200_000))),
            80..84 => Step::World(Op::Part(who, other)),
            84..88 => Step::World(Op::Mend(who, other)),
            88..92 => Step::World(Op::Crash(who, chance.below(60))),
            // Back as often as forward.
            92..96 => {
                let off = i64::try_from(chance.below(12 * 3_600)).unwrap_or_default() - 6 * 3_600;
                Step::World(Op::Skew(who, off))
            }
            _ => {
                let did = if chance.happens(50) { Did::All } else { Did::Nothing };
                let then = if chance.happens(50) { Then::Dies } else { Then::GoesOn };
                let after = u32::try_from(chance.below(3)).unwrap_or_default();
                Step::World(Op::Fault(who, Fault { call: Call::Record, after, did, then }))
            }
        });
    }
    steps
}

fn happen(world: &mut World, step: Step) {
    match step {
        Step::World(op) => world.happen(op),
        Step::Order { by, action, pick } => {
            let given: Vec<ExchangeRow> = {
                let ledger = world.disks[by].faults.ledger();
                let given = |row: &&ExchangeRow| {
                    row.side == Side::Sender && row.outcome == ExchangeOutcome::Delivered
                };
                ledger.exchanges.values().filter(given).cloned().collect()
            };
            if let (Some(gateway), false) = (world.process(by).cloned(), given.is_empty()) {
                let row = &given[usize::try_from(pick % given.len() as u64).unwrap_or_default()];
                let right = given.iter().find(|other| other.peer == row.peer && other.id != row.id);
                if action != RecallAction::Correct || right.is_some() {
                    let replaced_by = right.map(|row| row.id).filter(|_| action == RecallAction::Correct);
                    may_end(world);
                    let exchange = row.id;
                    let works = world.clockwork().clone();
                    works.spawn(Some(by), async move {
                        ordered(&gateway, exchange, action, replaced_by).await;
                    });
                }
            }
            world.happen(Op::Wait(1));
        }
    }
    rounds(world);
}

/// From here on any exchange may be erased by an order: which, the invariants say.
fn may_end(world: &World) {
    for disk in &world.disks {
        let mut ledger = disk.faults.ledger();
        let all: Vec<ExchangeId> = ledger.exchanges.keys().copied().collect();
        for exchange in all {
            ledger.ended.entry(exchange).or_insert(false);
        }
    }
}

async fn ordered(
    gateway: &Arc<Gateway>,
    exchange: ExchangeId,
    action: RecallAction,
    replaced_by: Option<ExchangeId>,
) {
    let mut facts = Facts::new();
    for key in ["wrong_data_sent", "inaccuracy_proven"] {
        facts.state(FactKey::new(key).expect("a key"), true, Asserter::Officer);
    }
    let giving = Giving {
        order: OrderId::draw(&mut gateway.entropy()),
        exchange,
        records: None,
        action,
        lifts: None,
        replaced_by,
        ground: "erasure_ordered".parse().expect("a reason"),
        facts,
        by: serde_json::Value::Null,
        at: gateway.now(),
    };
    let came = give(&**gateway, &giving).await.map(|given| given.row.is_some());
    gateway.network.note(&gateway.clockwork, &format!("{action:?} of {exchange}: {came:?}"));
}

/// Every gateway sends what is due of its orders.
fn rounds(world: &mut World) {
    for number in 0..world.disks.len() {
        let Some(gateway) = world.process(number).cloned() else { continue };
        let works = world.clockwork().clone();
        works.spawn(Some(number), async move { round(&gateway).await });
    }
}

async fn round(gateway: &Arc<Gateway>) {
    let now = gateway.now();
    for row in gateway.store().recalls_due(now, 16).await.unwrap_or_default() {
        let Ok(Some(claimed)) = claim(&**gateway, row, now).await else { continue };
        let Some(peer) = gateway.known(&claimed.peer) else { continue };
        let own = Arc::clone(gateway);
        let known =
            move |party: &Party| -> Option<Known> { own.known(party).and_then(|peer| keys_of(&peer).ok()) };
        // What fails is claimed still, and is tried again when that runs out.
        let _ = deliver(&**gateway, claimed, &peer, &known).await;
    }
}

fn run(seed: u64, steps: &[Step]) -> Result<usize, String> {
    let mut world = World::new(seed);
    for step in steps {
        happen(&mut world, *step);
    }
    may_end(&world);
    world.calm();
    // Whatever was put off is due again within ten minutes.
    for _ in 0..60 {
        rounds(&mut world);
        world.happen(Op::Wait(300));
    }
    may_end(&world);
    let mut taken = 0;
    for number in 0..world.disks.len() {
        let gateway = world.process(number).ok_or_else(|| format!("{number} does not run"))?;
        taken += holds_at(gateway).map_err(|what| format!("at {number}: {what}"))?;
    }
    check::finding(&world).map_or(Ok(taken), Err)
}

/// What an order named here, and what became of it.
struct Named {
    row: RecallRow,
    action: RecallAction,
    exchange: ExchangeId,
    /// The records, by class and place; `None`: all of them.
    records: Option<BTreeSet<(Vec<u8>, u32)>>,
    result: RecallResult,
}

fn named(row: RecallRow) -> Result<Vec<Named>, String> {
    let (hop, order) = TakenHop::stored(&row.header).map_err(|error| error.to_string())?;
    let answer = row.answer.as_deref().and_then(|kept| kept.get(64..)).ok_or("taken, and not answered")?;
    let answer: RecallAnswerHeader = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let all = hop.exchanges.iter().zip(&answer.results).map(|(exchange, result)| Named {
        row: row.clone(),
        action: order.action,
        exchange: exchange.exchange_id.0,
        records: exchange.records.as_ref().map(|of| {
            let of = of.iter().flat_map(|of| {
                of.ordinals.iter().map(move |ordinal| (of.class.0.as_bytes().to_vec(), *ordinal))
            });
            of.collect()
        }),
        result: result.result,
    });
    Ok(all.collect())
}

/// The invariants, at one holder; how many orders it took.
fn holds_at(gateway: &Arc<Gateway>) -> Result<usize, String> {
    let store = gateway.store().inner();
    let failed = |error: comity_exchange::ports::StoreError| error.to_string();
    let rows = at_once(store.recalls(None)).map_err(failed)?;
    if let Some(open) = rows.iter().find(|row| row.way == Way::Given && !row.complete) {
        return Err(format!("1: an order is not answered: {open:?}"));
    }
    let mut all: Vec<Named> = Vec::new();
    for row in rows.into_iter().filter(|row| row.way == Way::Taken) {
        all.extend(named(row)?);
    }
    let mut by_exchange: BTreeMap<ExchangeId, Vec<&Named>> = BTreeMap::new();
    for one in &all {
        by_exchange.entry(one.exchange).or_default().push(one);
    }
    let received: Vec<ExchangeRow> = {
        let ledger = gateway.disk.faults.ledger();
        let kept =
            |row: &&ExchangeRow| row.side == Side::Receiver && row.outcome == ExchangeOutcome::Delivered;
        ledger.exchanges.values().filter(kept).cloned().collect()
    };
    for row in received {
        let orders = by_exchange.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let held = at_once(store.held_of(row.id, false, 1_000)).map_err(failed)?;
        let restricted = at_once(store.restricted(vec![row.id])).map_err(failed)?;
        let holds = at_once(store.holds_of(vec![row.id])).map_err(failed)?;
        let erasing: Vec<&&Named> = orders.iter().filter(|one| one.action.erases()).collect();
        for one in &erasing {
            let left = held.iter().filter(|record| {
                let place = record.class.map(|class| (class.as_bytes().to_vec(), record.row.ordinal));
                one.records.as_ref().is_none_or(|all| place.is_some_and(|place| all.contains(&place)))
            });
            let left = left.count();
            match one.result {
                RecallResult::Completed | RecallResult::NotFound if left > 0 => {
                    return Err(format!("2: {left} of {} are held after {:?}", row.id, one.row));
                }
                RecallResult::Restricted if left > 0 && restricted.is_empty() => {
                    return Err(format!("3: {} is used after {:?}", row.id, one.row));
                }
                _ => {}
            }
        }
        let erased = erasing.iter().any(|one| one.result != RecallResult::Refused);
        if !erased && held.len() as u64 != row.objects {
            return Err(format!("4: {} of {} records of {} are there", held.len(), row.objects, row.id));
        }
        let stands = holds.iter().any(|hold| hold.stands(gateway.now()));
        if stands && held.is_empty() {
            return Err(format!("5: {} is held from erasure, and is gone", row.id));
        }
        let restricts = |one: &&&Named| {
            let erases = one.action.erases() && one.result == RecallResult::Restricted;
            one.action == RecallAction::Restrict && one.result == RecallResult::Completed || erases
        };
        let asked: Vec<&&Named> = orders.iter().filter(restricts).collect();
        if restricted.iter().any(|one| asked.iter().all(|asked| asked.row.order != one.order)) {
            return Err(format!("6: nobody asked to restrict {}: {restricted:?}", row.id));
        }
        let lifts = orders.iter().any(|one| one.action == RecallAction::Lift);
        if !lifts && asked.len() != restricted.len() {
            return Err(format!("6: {} orders restrict {}, {restricted:?}", asked.len(), row.id));
        }
    }
    Ok(all.len())
}

#[test]
fn whatever_is_ordered_every_answer_is_true_and_nothing_else_vanishes() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let taken: usize = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                scope.spawn(move || {
                    let mut taken = 0;
                    for seed in SEEDS.skip(part).step_by(threads) {
                        let steps = drawn(seed);
                        match run(seed, &steps) {
                            Ok(orders) => taken += orders,
                            Err(finding) => panic!("seed {seed}: {finding}\n{:#?}", shrunk(seed, steps)),
                        }
                    }
                    taken
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("every seed holds")).sum()
    });
    // Runs in which nothing is ordered would say nothing.
    assert!(taken > 30, "{taken} orders were taken");
}

/// The steps of a failing run without those that it fails without.
fn shrunk(seed: u64, mut steps: Vec<Step>) -> Vec<Step> {
    let mut span = steps.len() / 2;
    while span > 0 {
        let mut start = 0;
        while start < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(start..(start + span).min(steps.len()));
            if run(seed, &fewer).is_err() {
                steps = fewer;
            } else {
                start += span;
            }
        }
        span /= 2;
    }
    steps
}

#[test]
fn the_same_seed_draws_the_same_orders() {
    let told = |seed| format!("{:?}", drawn(seed));
    assert_eq!(told(3), told(3));
    assert_ne!(told(3), told(4));
}
