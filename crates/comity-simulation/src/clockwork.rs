//! Virtual time and the tasks that live in it: one thread, one order, decided by the seed.
//!
//! A task runs until it waits; what it waits for is an instant or a message. Of events at one instant the one
//! that was asked for first comes first. Nothing here reads a clock: a year passes as fast as its events.

use crate::chance::Chance;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Since the beginning of the run.
pub type Instant = Duration;

/// Which process a task dies with; `None`: the network's, which outlives them all.
pub type Owner = Option<usize>;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct State {
    now: Instant,
    events: BTreeMap<(Instant, u64), u64>,
    numbered: u64,
    /// The task that is being polled.
    current: u64,
    spawned: VecDeque<(u64, Owner, Task)>,
    /// Processes that are to end as soon as the task that is being polled has yielded.
    doomed: Vec<usize>,
}

/// A handle on virtual time; copies are of the same.
#[derive(Clone)]
pub struct Clockwork {
    state: Arc<Mutex<State>>,
    chance: Chance,
}

/// The clockwork with its tasks: what is turned.
pub struct Works {
    /// Time, for all who wait.
    pub clockwork: Clockwork,
    tasks: BTreeMap<u64, (Owner, Task)>,
}

impl Works {
    /// Works at the instant zero.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self { clockwork: Clockwork { state: Arc::default(), chance }, tasks: BTreeMap::new() }
    }

    /// Runs the next event that is due by `until`; `false` when there is none, and it is `until` then.
    ///
    /// After each event [`doomed`](Self::doomed) is to be asked.
    pub fn step(&mut self, until: Instant) -> bool {
        self.adopt();
        let task = {
            let mut state = self.clockwork.state();
            match state.events.first_entry().filter(|event| event.key().0 <= until) {
                Some(event) => {
                    let ((at, _), task) = event.remove_entry();
                    state.now = at;
                    state.current = task;
                    task
                }
                None => {
                    state.now = state.now.max(until);
                    return false;
                }
            }
        };
        if let Some((owner, mut future)) = self.tasks.remove(&task) {
            let waits = future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
            if waits {
                self.tasks.insert(task, (owner, future));
            }
        }
        true
    }

    /// The processes that are to end now.
    #[must_use]
    pub fn doomed(&self) -> Vec<usize> {
        std::mem::take(&mut self.clockwork.state().doomed)
    }

    /// Takes in what was spawned.
    fn adopt(&mut self) {
        loop {
            let spawned = std::mem::take(&mut self.clockwork.state().spawned);
            if spawned.is_empty() {
                return;
            }
            self.tasks.extend(spawned.into_iter().map(|(id, owner, task)| (id, (owner, task))));
        }
    }

    /// Drops every task of a process, wherever it stands: it is gone between two of its steps.
    pub fn kill(&mut self, process: usize) {
        self.adopt();
        let dead: Vec<u64> =
            self.tasks.iter().filter(|(_, (owner, _))| *owner == Some(process)).map(|(id, _)| *id).collect();
        for id in dead {
            // Dropped one by one and outside the lock: what a task held may wake another.
            drop(self.tasks.remove(&id));
        }
    }
}

impl Clockwork {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.state().now
    }

    /// The chance of this run.
    #[must_use]
    pub fn chance(&self) -> &Chance {
        &self.chance
    }

    /// Ready after `time`.
    #[must_use]
    pub fn sleep(&self, time: Duration) -> Sleep {
        Sleep { clockwork: self.clone(), until: self.now() + time, asked: false }
    }

    /// Ready after a time between `least` and `most`, as chance has it.
    #[must_use]
    pub fn dawdle(&self, least: Duration, most: Duration) -> Sleep {
        let span = u64::try_from((most - least).as_micros()).unwrap_or(u64::MAX).max(1);
        self.sleep(least + Duration::from_micros(self.chance.below(span)))
    }

    /// Starts a task that dies with `owner`.
    pub fn spawn(&self, owner: Owner, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.state();
        state.numbered += 1;
        let (id, now) = (state.numbered, state.now);
        state.spawned.push_back((id, owner, Box::pin(task)));
        state.wake(id, now);
    }

    /// Ends a process as soon as the present task has yielded: never to go on, so callers wait for ever after.
    pub fn doom(&self, process: usize) {
        self.state().doomed.push(process);
    }

    /// A way for one message.
    #[must_use]
    pub fn channel<T>(&self) -> (Sender<T>, Receiver<T>) {
        let slot = Arc::new(Mutex::new(Slot { message: None, closed: false, waiting: None }));
        (
            Sender { clockwork: self.clone(), slot: Arc::clone(&slot) },
            Receiver { clockwork: self.clone(), slot },
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self, task: u64, at: Instant) {
        self.numbered += 1;
        self.events.insert((at, self.numbered), task);
    }
}

/// Waits for an instant.
pub struct Sleep {
    clockwork: Clockwork,
    until: Instant,
    asked: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let clockwork = self.clockwork.clone();
        let mut state = clockwork.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        if !self.asked {
            self.asked = true;
            let current = state.current;
            state.wake(current, self.until);
        }
        Poll::Pending
    }
}

struct Slot<T> {
    message: Option<T>,
    closed: bool,
    waiting: Option<u64>,
}

/// Sends one message; dropped without, its receiver learns that none will come.
pub struct Sender<T> {
    clockwork: Clockwork,
    slot: Arc<Mutex<Slot<T>>>,
}

/// Receives one message.
pub struct Receiver<T> {
    clockwork: Clockwork,
    slot: Arc<Mutex<Slot<T>>>,
}

impl<T> Sender<T> {
    /// Sends.
    pub fn send(self, message: T) {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).message = Some(message);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.closed = true;
        if let Some(task) = slot.waiting.take() {
            let mut state = self.clockwork.state();
            let now = state.now;
            state.wake(task, now);
        }
    }
}

impl<T: Unpin> Receiver<T> {
    /// The message; `None` when none came `within` that time, or none ever will.
    pub async fn within(self, within: Duration) -> Option<T> {
        let mut deadline = self.clockwork.sleep(within);
        std::future::poll_fn(move |context| {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(message) = slot.message.take() {
                return Poll::Ready(Some(message));
            }
            if slot.closed {
                return Poll::Ready(None);
            }
            slot.waiting = Some(self.clockwork.state().current);
            drop(slot);
            Pin::new(&mut deadline).poll(context).map(|()| None)
        })
        .await
    }
}

/// Runs `future` to its end on this thread, which waits for whoever completes it: the store's own threads do,
/// and no virtual time passes meanwhile.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}
