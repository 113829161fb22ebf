//! An order to erase what was given, with a fault at each record of it: at the origin and at the holder, not carried out and
//! carried out, and then the process goes on or dies. Whatever happens, what was ordered is erased in the end, the origin
//! holds a receipt that verifies, and all holds that `check` says.

use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{RecallRow, Recalls as _, Store as _};
use comity_exchange::recall::{Giving, claim, deliver, give, heard, keys_of};
use comity_exchange::shell::Shell as _;
use comity_simulation::check;
use comity_simulation::clockwork::at_once;
use comity_simulation::faults::{Call, Did, Fault, Then};
use comity_simulation::gateway::Gateway;
use comity_simulation::law;
use comity_simulation::op::Op;
use comity_simulation::work::Order;
use comity_simulation::world::World;
use comity_terms::ids::OrderId;
use comity_terms::{Asserter, ExchangeId, FactKey, Facts, Party};
use std::sync::Arc;

const SENDER: usize = 0;
const RECEIVER: usize = 1;
const ORDER: Order = Order { to: RECEIVER, officer: 0, bundle: 0 };

/// Which record fails: at which gateway, and after how many that work.
const RECORDS: [(usize, u32); 6] = [
    (SENDER, 0),   // the order
    (SENDER, 1),   // a claim on its message
    (SENDER, 2),   // the answer, noted
    (RECEIVER, 0), // the decision
    (RECEIVER, 1), // the erasure
    (RECEIVER, 2), // what was done, with the answer
];

macro_rules! table {
    ($($name:ident: $did:ident, $then:ident;)*) => {
        $(#[test]
        fn $name() {
            for (at, after) in RECORDS {
                let fault = Fault { call: Call::Record, after, did: Did::$did, then: Then::$then };
                came(at, fault).unwrap_or_else(|finding| panic!("record {after} at {at}: {finding}"));
            }
        })*
    };
}

table! {
    a_record_of_an_order_fails_undone_and_the_process_goes_on: Nothing, GoesOn;
    a_record_of_an_order_fails_undone_and_the_process_dies: Nothing, Dies;
    a_record_of_an_order_fails_done_and_the_process_goes_on: All, GoesOn;
    a_record_of_an_order_fails_done_and_the_process_dies: All, Dies;
}

fn came(at: usize, fault: Fault) -> Result<(), String> {
    let mut world = World::new(1);
    world.happen(Op::Share(SENDER, ORDER));
    world.happen(Op::Wait(60));
    let exchange = {
        let ledger = world.disks[RECEIVER].faults.ledger();
        *ledger.exchanges.keys().next().ok_or("nothing was shared")?
    };
    world.disks[RECEIVER].faults.ledger().ended.insert(exchange, false);
    world.happen(Op::Fault(at, fault));
    // A claim that its process left behind runs out meanwhile.
    for _ in 0..12 {
        if let Some(sender) = world.process(SENDER).cloned() {
            let works = world.clockwork().clone();
            works.spawn(Some(SENDER), async move { round(&sender, exchange).await });
        }
        world.happen(Op::Wait(45));
    }
    let struck = world.disks[at].faults.ledger().failures.len();
    if struck != 1 {
        return Err(format!("the record is not made here: {struck}"));
    }
    let sender = world.process(SENDER).ok_or("the sender is not back")?;
    let rows = at_once(sender.store().inner().recalls(None)).map_err(|error| error.to_string())?;
    let [row] = rows.as_slice() else { return Err(format!("not one order: {rows:?}")) };
    if !row.complete {
        return Err(format!("it is not answered: {row:?}"));
    }
    let receiver = world.process(RECEIVER).ok_or("the receiver is not back")?;
    let held =
        at_once(receiver.store().inner().held_of(exchange, false, 10)).map_err(|error| error.to_string())?;
    if !held.is_empty() {
        return Err(format!("{} records are held still", held.len()));
    }
    verified(sender, row)?;
    world.disks[RECEIVER].faults.ledger().ended.insert(exchange, true);
    world.calm();
    check::finding(&world).map_or(Ok(()), Err)
}

/// One round at the origin: the order, where it was not recorded yet, and what is due.
async fn round(gateway: &Arc<Gateway>, exchange: ExchangeId) {
    let store = gateway.store();
    let Ok(rows) = store.recalls(None).await else { return };
    if rows.is_empty() {
        let mut facts = Facts::new();
        facts.state(FactKey::new("wrong_data_sent").expect("a key"), true, Asserter::Officer);
        let giving = Giving {
            order: OrderId::draw(&mut gateway.entropy()),
            exchange,
            records: None,
            action: RecallAction::Erase,
            lifts: None,
            replaced_by: None,
            ground: "erasure_ordered".parse().expect("a reason"),
            facts,
            by: serde_json::Value::Null,
            at: gateway.now(),
        };
        let _ = give(&**gateway, &giving).await;
        return;
    }
    let now = gateway.now();
    for row in store.recalls_due(now, 9).await.unwrap_or_default() {
        let Ok(Some(claimed)) = claim(&**gateway, row, now).await else { continue };
        let Some(peer) = gateway.known(&claimed.peer) else { continue };
        let own = Arc::clone(gateway);
        let known = move |party: &Party| own.known(party).and_then(|peer| keys_of(&peer).ok());
        // What fails is claimed still, and is tried again when that runs out.
        let _ = deliver(&**gateway, claimed, &peer, &known).await;
    }
}

/// That the receipt of the holder's entry holds.
fn verified(sender: &Arc<Gateway>, row: &RecallRow) -> Result<(), String> {
    let peer = sender.known(&law::party(RECEIVER)).ok_or("an unknown holder")?;
    let bytes = row.answer.as_deref().ok_or("no answer")?;
    let answered = heard(row, &peer, bytes, &|_| None).map_err(|error| error.to_string())?;
    let result = &answered.header.results[0];
    if result.result.as_str() != "completed" || result.records == 0 {
        return Err(format!("{} of {} records", result.result.as_str(), result.records));
    }
    Ok(())
}
