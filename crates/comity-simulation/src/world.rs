//! Three gateways that know each other, and the hand that things happen by.

use crate::chance::Chance;
use crate::clockwork::{Clockwork, Instant, Works, at_once};
use crate::gateway::{Disk, Gateway};
use crate::law::PARTIES;
use crate::network::Network;
use crate::op::Op;
use crate::work::{self, Told};
use comity_exchange::ExchangeError;
use comity_exchange::ports::Peer;
use comity_exchange::report::Side;
use comity_exchange::shell::Shell as _;
use comity_terms::ExchangeId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The world of one run.
pub struct World {
    works: Works,
    /// The road.
    pub network: Arc<Network>,
    /// The disks, by number.
    pub disks: Vec<Arc<Disk>>,
    processes: Vec<Option<Arc<Gateway>>>,
    /// When a process that ended is to be started again.
    starts: Vec<Option<Instant>>,
    /// What officers were told, and of which gateway they are.
    pub told: Arc<Mutex<Vec<(usize, Told)>>>,
    /// What should never happen.
    pub wrong: Vec<String>,
}

impl World {
    /// Three gateways that have adopted the agreement and know each other, at rest.
    ///
    /// # Panics
    /// When they cannot be set up.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let chance = Chance::new(seed);
        let disks: Vec<Arc<Disk>> =
            (0..PARTIES.len()).map(|number| Arc::new(Disk::new(number, &chance))).collect();
        let mut world = Self {
            works: Works::new(chance),
            network: Arc::default(),
            processes: vec![None; disks.len()],
            starts: vec![None; disks.len()],
            told: Arc::default(),
            wrong: Vec::new(),
            disks,
        };
        for number in 0..world.disks.len() {
            world.start(number);
            world.told_by(number, |gateway| async move {
                work::adopt(&gateway, 0).await?;
                work::employ(&gateway).await
            });
        }
        for number in 0..world.disks.len() {
            let others: Vec<Peer> = world.processes.iter().flatten().map(peer).collect();
            world.told_by(number, |gateway| async move {
                for peer in others.into_iter().filter(|peer| peer.party != gateway.signatory().party) {
                    work::meet(&gateway, peer).await?;
                }
                Ok(())
            });
        }
        world
    }

    /// Time, as all wait for it.
    #[must_use]
    pub fn clockwork(&self) -> &Clockwork {
        &self.works.clockwork
    }

    /// The process of a gateway, while it runs.
    #[must_use]
    pub fn process(&self, number: usize) -> Option<&Arc<Gateway>> {
        self.processes[number].as_ref()
    }

    /// Carries an operator's act out and waits for it.
    fn told_by<F: Future<Output = Result<(), ExchangeError>> + Send + 'static>(
        &mut self,
        number: usize,
        act: impl FnOnce(Arc<Gateway>) -> F,
    ) {
        let gateway = Arc::clone(self.processes[number].as_ref().expect("it was started"));
        let done = Arc::new(Mutex::new(None));
        let (telling, work) = (Arc::clone(&done), act(gateway));
        self.clockwork().spawn(Some(number), async move {
            let outcome = work.await;
            *telling.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        });
        self.pass(Duration::from_secs(10));
        let outcome = done.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.expect("an operator's act takes less than 10 seconds").expect("the first acts succeed");
    }

    /// Lets one thing happen.
    pub fn happen(&mut self, op: Op) {
        self.network.note(self.clockwork(), &format!("{op:?}"));
        match op {
            Op::Share(number, order) => {
                let Some(gateway) = self.processes[number].clone() else { return };
                let told = Arc::clone(&self.told);
                self.clockwork().spawn(Some(number), async move {
                    let said = work::share(&gateway, order).await;
                    gateway.network.note(&gateway.clockwork, &format!("{number} is told {said:?}"));
                    told.lock().unwrap_or_else(PoisonError::into_inner).push((number, said));
                });
            }
            Op::Wait(seconds) => self.pass(Duration::from_secs(seconds)),
            Op::Part(one, other) => self.network.part(one, other, true),
            Op::Mend(one, other) => self.network.part(one, other, false),
            Op::Weather(weather) => self.network.set_weather(weather),
            Op::Crash(number, seconds) => self.end(number, Duration::from_secs(seconds)),
            Op::Skew(number, seconds) => {
                *self.disks[number].skew.lock().unwrap_or_else(PoisonError::into_inner) = seconds;
            }
            Op::Adopt(number, edition) => {
                let Some(gateway) = self.processes[number].clone() else { return };
                self.clockwork().spawn(Some(number), async move {
                    // One that fails is the operator's to repeat.
                    let _ = work::adopt(&gateway, edition).await;
                });
            }
            Op::Fault(number, fault) => self.disks[number].faults.plan(fault),
            Op::Hold(number, seconds) => {
                let Some(gateway) = self.processes[number].clone() else { return };
                let Some(exchange) = self.received_last(number) else { return };
                self.clockwork().spawn(Some(number), async move {
                    let placed = work::hold(&gateway, exchange, seconds).await;
                    gateway
                        .network
                        .note(&gateway.clockwork, &format!("{number} holds {exchange}: {placed:?}"));
                });
            }
            Op::Sweep(number, order) => {
                let Some(gateway) = self.processes[number].clone() else { return };
                let last = order.then(|| self.received_last(number)).flatten();
                self.clockwork().spawn(Some(number), async move {
                    // Sweeps that meet wait for each other; one that fails goes on in the next.
                    if let Some(sweep) = gateway.begin_sweep() {
                        let swept = work::sweep(&gateway, last).await;
                        gateway.network.note(&gateway.clockwork, &format!("{number} swept: {swept:?}"));
                        drop(sweep);
                    }
                });
            }
        }
        // Whatever begins, begins before the next thing happens or among it, as chance has it.
        let some = Duration::from_millis(self.clockwork().chance().below(40));
        self.pass(some);
    }

    /// The exchange that a gateway received and kept last.
    fn received_last(&self, number: usize) -> Option<ExchangeId> {
        let ledger = self.disks[number].faults.ledger();
        let kept = ledger.exchanges.values().filter(|row| row.side == Side::Receiver && row.whole);
        kept.max_by_key(|row| (row.changed_at, row.id)).map(|row| row.id)
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        let end = self.clockwork().now() + time;
        loop {
            let start = self.starts.iter().flatten().min().copied().filter(|at| *at <= end);
            if self.works.step(start.unwrap_or(end)) {
                for number in self.works.doomed() {
                    self.end(number, Duration::from_secs(3));
                }
            } else if let Some(due) = start {
                for number in 0..self.starts.len() {
                    if self.starts[number].is_some_and(|at| at <= due) {
                        self.starts[number] = None;
                        self.start(number);
                    }
                }
            } else {
                return;
            }
        }
    }

    /// Mends the roads, sets the clocks, starts what ended, agrees on the law, and lets all of it come to rest.
    pub fn calm(&mut self) {
        self.network.note(self.clockwork(), "calm");
        self.network.calm();
        for disk in &self.disks {
            disk.faults.clear();
            *disk.skew.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        }
        // Whatever ended is back by then, and no crash comes between.
        self.pass(Duration::from_secs(300));
        for number in 0..self.disks.len() {
            // All go by one edition again: an offer under another waits for that as long as it takes.
            self.happen(Op::Adopt(number, 0));
            self.happen(Op::Sweep(number, false));
        }
        self.pass(REST);
    }

    fn end(&mut self, number: usize, again: Duration) {
        let Some(gateway) = self.processes[number].take() else { return };
        self.network.note(self.clockwork(), &format!("{number} ends"));
        self.network.open(number, None);
        self.works.kill(number);
        let held = Arc::strong_count(&gateway);
        if held > 1 {
            self.wrong.push(format!("{number} is held by {} others after its end", held - 1));
        }
        drop(gateway);
        self.starts[number] = Some(self.clockwork().now() + again);
    }

    fn start(&mut self, number: usize) {
        match Gateway::start(&self.disks[number], &self.works.clockwork, &self.network) {
            Ok(gateway) => {
                self.network.note(self.clockwork(), &format!("{number} starts"));
                self.network.open(number, Some(&gateway));
                self.clockwork().spawn(Some(number), work::outbox(Arc::clone(&gateway)));
                self.processes[number] = Some(gateway);
            }
            Err(error) => self.wrong.push(format!("{number} does not start: {error}")),
        }
    }

    /// Publishes what every running gateway has committed.
    ///
    /// # Panics
    /// When its files cannot be written.
    pub fn publish(&self) {
        for gateway in self.processes.iter().flatten() {
            at_once(gateway.store().inner().flush_tiles()).expect("the files of the log are written");
        }
    }
}

fn peer(gateway: &Arc<Gateway>) -> Peer {
    let party = gateway.signatory().party.clone();
    Peer { url: format!("simulated://{party}"), party, identity: gateway.identity() }
}

/// How long it is calm in the end: longer than any claim, pause or try takes, shorter than the horizon.
const REST: Duration = Duration::from_secs(20 * 3_600);
