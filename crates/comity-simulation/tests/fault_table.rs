//! The fault table: every call of the ports, failing before it was carried out or after, and then the process goes
//! on or dies. Each row says whether the exchange comes to its end by itself, and whether the process should stop.
//!
//! After each row all holds that [`check`] says, whatever was expected of it.

use comity_exchange::ports::Store as _;
use comity_exchange::shell::Shell as _;
use comity_simulation::check;
use comity_simulation::clockwork::at_once;
use comity_simulation::faults::{Call, Did, Fault, Then};
use comity_simulation::law;
use comity_simulation::op::Op;
use comity_simulation::work::Order;
use comity_simulation::world::World;
use comity_terms::Digest;
use std::collections::BTreeSet;

/// Who gives and who receives.
const SENDER: usize = 0;
const RECEIVER: usize = 1;

/// In which situation the call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// An officer shares, and the partner answers at once.
    Direct,
    /// The partner is not reached; what waits is delivered when it is.
    Waiting,
    /// The operator asks, and asks again.
    Asked,
    /// What was received is erased by order and its keys destroyed, and again.
    Erased,
}

/// What is expected of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The exchange is delivered without anyone doing more.
    ByItself,
    /// Nothing was recorded and the officer was told, or died with the process: ordering again delivers.
    OrderedAgain,
}
use Progress::{ByItself, OrderedAgain};

struct Row {
    call: Call,
    /// At which gateway.
    at: usize,
    /// After how many of these that still work.
    after: u32,
    way: Way,
    /// Expected when the call had done nothing, and when it had done all.
    nothing: Progress,
    all: Progress,
}

const fn row(call: Call, at: usize, after: u32, way: Way, nothing: Progress, all: Progress) -> Row {
    Row { call, at, after, way, nothing, all }
}

use Way::{Asked, Direct, Erased, Waiting};

/// A call that reads does the same whether it was carried out; its two columns are equal.
const TABLE: &[Row] = &[
    // The sender, up to its record: an order that was not recorded never was.
    row(Call::Officer, SENDER, 0, Direct, OrderedAgain, OrderedAgain),
    row(Call::Record, SENDER, 0, Direct, OrderedAgain, ByItself),
    // From there on the outbox has it.
    row(Call::Inclusion, SENDER, 0, Direct, ByItself, ByItself),
    row(Call::WitnessedBy, SENDER, 0, Direct, ByItself, ByItself),
    row(Call::Consistency, SENDER, 0, Direct, ByItself, ByItself),
    row(Call::SendOffer, SENDER, 0, Direct, ByItself, ByItself),
    row(Call::Exchange, SENDER, 0, Direct, ByItself, ByItself),
    row(Call::Record, SENDER, 1, Direct, ByItself, ByItself),
    // The receiver: before its record nothing has happened, after it the stored answer is given.
    row(Call::Answer, RECEIVER, 0, Direct, ByItself, ByItself),
    row(Call::Witnessed, RECEIVER, 0, Direct, ByItself, ByItself),
    row(Call::AcceptedInChain, RECEIVER, 0, Direct, ByItself, ByItself),
    row(Call::Clocks, RECEIVER, 0, Direct, ByItself, ByItself),
    row(Call::Record, RECEIVER, 0, Direct, ByItself, ByItself),
    row(Call::Answer, RECEIVER, 1, Direct, ByItself, ByItself),
    row(Call::Inclusion, RECEIVER, 0, Direct, ByItself, ByItself),
    // The outbox.
    row(Call::Postpone, SENDER, 0, Waiting, ByItself, ByItself),
    row(Call::ClaimOutbox, SENDER, 0, Waiting, ByItself, ByItself),
    row(Call::ExchangeIntegrated, SENDER, 0, Waiting, ByItself, ByItself),
    row(Call::AskIdentity, SENDER, 0, Waiting, ByItself, ByItself),
    row(Call::Inclusion, SENDER, 1, Waiting, ByItself, ByItself),
    row(Call::SendOffer, SENDER, 1, Waiting, ByItself, ByItself),
    row(Call::Record, SENDER, 1, Waiting, ByItself, ByItself),
    row(Call::Record, RECEIVER, 0, Waiting, ByItself, ByItself),
    // After the partner told of a new key: partners and laws are read again.
    row(Call::Peers, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::AdoptedLaws, SENDER, 0, Asked, ByItself, ByItself),
    // An operator's questions.
    row(Call::Peer, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::PartnerReceipt, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::ClaimOffer, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Checkpoint, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::WitnessedCheckpoint, RECEIVER, 0, Asked, ByItself, ByItself),
    row(Call::OfficerKeys, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Standing, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Token, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Tokens, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Subject, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::LawSignatures, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Escalation, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Escalations, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Approvals, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Delegations, SENDER, 0, Asked, ByItself, ByItself),
    row(Call::Segment, RECEIVER, 0, Asked, ByItself, ByItself),
    row(Call::Segments, RECEIVER, 0, Asked, ByItself, ByItself),
    row(Call::Vitals, RECEIVER, 0, Asked, ByItself, ByItself),
    row(Call::Logged, RECEIVER, 0, Asked, ByItself, ByItself),
    // An erasure by order, to the destruction of its keys: the next one goes on where this one failed.
    row(Call::HeldOf, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::Leaving, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::Record, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::Due, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::Epochs, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::HeldIn, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::CloseBucket, RECEIVER, 0, Erased, ByItself, ByItself),
    row(Call::Record, RECEIVER, 1, Erased, ByItself, ByItself),
];

const ORDER: Order = Order { to: RECEIVER, officer: 0, bundle: 0 };

#[test]
fn every_call_of_the_ports_has_a_row() {
    let rows: BTreeSet<Call> = TABLE.iter().map(|row| row.call).collect();
    let calls: BTreeSet<Call> = Call::ALL.iter().copied().collect();
    assert_eq!(rows, calls);
}

macro_rules! table {
    ($($name:ident: $way:ident, $did:ident, $then:ident;)*) => {
        $(#[test]
        fn $name() {
            hold(Way::$way, Did::$did, Then::$then);
        })*
    };
}

table! {
    a_direct_call_fails_undone_and_the_process_goes_on: Direct, Nothing, GoesOn;
    a_direct_call_fails_undone_and_the_process_dies: Direct, Nothing, Dies;
    a_direct_call_fails_done_and_the_process_goes_on: Direct, All, GoesOn;
    a_direct_call_fails_done_and_the_process_dies: Direct, All, Dies;
    a_waiting_call_fails_undone_and_the_process_goes_on: Waiting, Nothing, GoesOn;
    a_waiting_call_fails_undone_and_the_process_dies: Waiting, Nothing, Dies;
    a_waiting_call_fails_done_and_the_process_goes_on: Waiting, All, GoesOn;
    a_waiting_call_fails_done_and_the_process_dies: Waiting, All, Dies;
    an_erasure_fails_undone_and_the_process_goes_on: Erased, Nothing, GoesOn;
    an_erasure_fails_undone_and_the_process_dies: Erased, Nothing, Dies;
    an_erasure_fails_done_and_the_process_goes_on: Erased, All, GoesOn;
    an_erasure_fails_done_and_the_process_dies: Erased, All, Dies;
    a_question_fails_undone_and_the_process_goes_on: Asked, Nothing, GoesOn;
    a_question_fails_undone_and_the_process_dies: Asked, Nothing, Dies;
    a_question_fails_done_and_the_process_goes_on: Asked, All, GoesOn;
    a_question_fails_done_and_the_process_dies: Asked, All, Dies;
}

/// Every row of one way.
fn hold(way: Way, did: Did, then: Then) {
    for row in TABLE.iter().filter(|row| row.way == way) {
        let expected = if did == Did::All { row.all } else { row.nothing };
        let what = format!(
            "{:?} at {} after {} that worked, {did:?} done, then {then:?}",
            row.call, row.at, row.after
        );
        let found = came(row, did, then).unwrap_or_else(|finding| panic!("{what}: {finding}"));
        assert_eq!(found, expected, "{what}");
    }
}

/// What a row came to; an error when something does not hold after it.
fn came(row: &Row, did: Did, then: Then) -> Result<Progress, String> {
    let mut world = World::new(1);
    let fault = Fault { call: row.call, after: row.after, did, then };
    match row.way {
        Direct => {
            world.happen(Op::Fault(row.at, fault));
            world.happen(Op::Share(SENDER, ORDER));
        }
        Waiting => {
            world.happen(Op::Part(SENDER, RECEIVER));
            world.happen(Op::Fault(row.at, fault));
            world.happen(Op::Share(SENDER, ORDER));
            world.happen(Op::Wait(30));
            world.happen(Op::Mend(SENDER, RECEIVER));
        }
        Asked => {
            world.happen(Op::Share(SENDER, ORDER));
            world.happen(Op::Wait(60));
            world.happen(Op::Fault(row.at, fault));
            asked(&mut world, row.at, row.call, Some(fault));
            asked(&mut world, row.at, row.call, None);
        }
        Erased => {
            world.happen(Op::Share(SENDER, ORDER));
            world.happen(Op::Wait(60));
            world.happen(Op::Fault(row.at, fault));
            for _ in 0..2 {
                world.happen(Op::Sweep(RECEIVER, true));
                world.happen(Op::Wait(60));
            }
            let ledger = world.disks[RECEIVER].faults.ledger();
            if ledger.ended.values().any(|done| !done) || ledger.ended.is_empty() {
                return Err(format!("not erased in the end: {:?}", ledger.ended));
            }
        }
    }
    world.happen(Op::Wait(1_800));
    let struck = world.disks[row.at].faults.ledger().failures.clone();
    if !matches!(&struck[..], [only] if only.call == row.call) {
        return Err(format!("the call is not made here: {struck:?}"));
    }
    let by_itself = delivered(&world);
    if by_itself == 0 {
        world.happen(Op::Share(SENDER, ORDER));
        world.happen(Op::Wait(600));
    }
    world.calm();
    if let Some(finding) = check::finding(&world) {
        return Err(finding);
    }
    match (by_itself, delivered(&world)) {
        (1, 1) => Ok(ByItself),
        (0, 1) => Ok(OrderedAgain),
        (first, last) => {
            let trace = world.network.seen().trace.join("\n");
            Err(format!("{first} were delivered, then {last}:\n{trace}"))
        }
    }
}

/// How many exchanges the receiver has kept.
fn delivered(world: &World) -> usize {
    let ledger = world.disks[RECEIVER].faults.ledger();
    ledger.exchanges.values().filter(|row| row.whole).count()
}

/// Asks an operator's question; it fails if `fault` says so, and is answered otherwise.
fn asked(world: &mut World, at: usize, call: Call, fault: Option<Fault>) {
    let Some(gateway) = world.process(at).cloned() else {
        // It died of the first question, and is asked again when it has come back.
        world.happen(Op::Wait(30));
        return asked(world, at, call, fault);
    };
    let exchange = world.disks[at].faults.ledger().exchanges.keys().next().copied().expect("one was shared");
    let (sender, receiver) = world.clockwork().channel();
    let works = world.clockwork().clone();
    works.spawn(Some(at), async move {
        let store = gateway.store();
        let party = law::party(RECEIVER);
        let answered = match call {
            Call::Peers | Call::AdoptedLaws => gateway.refresh().await,
            Call::Peer => store.peer(&party).await.map(|found| assert!(found.is_some())),
            Call::PartnerReceipt => {
                store.partner_receipt(exchange).await.map(|found| assert!(found.is_some()))
            }
            Call::ClaimOffer => {
                let now = gateway.now();
                store.claim_offer(exchange, now, now).await.map(|found| assert!(found.is_none(), "settled"))
            }
            Call::Checkpoint => store.checkpoint().await.map(drop),
            Call::OfficerKeys => store.officer_keys().await.map(drop),
            Call::Standing => store.standing("nobody").await.map(|found| assert!(found.is_none())),
            Call::Token => store.token(Digest::of(b"token")).await.map(|found| assert!(found.is_none())),
            Call::Tokens => store.tokens().await.map(|found| assert!(found.is_empty())),
            Call::Subject => {
                store.subject(Digest::of(b"subject")).await.map(|found| assert!(found.is_none()))
            }
            Call::WitnessedCheckpoint => {
                let origin = gateway.known(&law::party(SENDER)).unwrap().log_key().unwrap();
                store.witnessed_checkpoint(origin.name()).await.map(|found| assert!(found.is_some()))
            }
            Call::Escalation => store.escalation(exchange).await.map(|found| assert!(found.is_none())),
            Call::Escalations => store.escalations(None, 10).await.map(|found| assert!(found.is_empty())),
            Call::Approvals => store.approvals(exchange).await.map(|found| assert!(found.is_empty())),
            Call::Delegations => store.delegations().await.map(|found| assert!(found.is_empty())),
            Call::Logged => {
                let first = comity_tlog::LeafIndex(0);
                store.logged(first, 10).await.map(|found| assert!(!found.is_empty()))
            }
            Call::Vitals => store.vitals(gateway.now()).await.map(drop),
            Call::LawSignatures => store.law_signatures(&party).await.map(|found| assert_eq!(found.len(), 2)),
            Call::Segments => store.segments(exchange).await.map(|found| assert_eq!(found.len(), 2)),
            Call::Segment => match store.segments(exchange).await {
                Ok(found) => store.segment(found[0]).await.map(|found| assert!(found.is_some())),
                Err(error) => Err(error),
            },
            other => panic!("{other:?} is no operator's question"),
        };
        sender.send(answered.is_ok());
    });
    world.happen(Op::Wait(5));
    let answered = at_once(receiver.within(std::time::Duration::ZERO));
    match fault {
        None => assert_eq!(answered, Some(true), "{call:?} is answered when asked again"),
        Some(fault) if fault.then == Then::GoesOn => assert_eq!(answered, Some(false), "{call:?} fails"),
        Some(_) => assert_eq!(answered, None, "{call:?} dies with its process"),
    }
}
