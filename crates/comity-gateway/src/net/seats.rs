//! The bounded number of connections that a listener has open, and who leaves when one more comes.
//!
//! A connection that waits for its client (its handshake, the head of a request, or just idle) holds a seat only
//! until somebody else needs it: then the one that has waited longest is closed. A connection whose request is
//! under way keeps its seat. So a crowd that says nothing keeps nobody out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The seats of one listener.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    count: u32,
    /// Who waits for its client, the longest first.
    waiting: Mutex<BTreeMap<u64, Arc<Notify>>>,
    turn: AtomicU64,
}

/// One connection's seat. Dropped, it is free again.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    leave: Arc<Notify>,
    /// Its place among those that wait; none while a request is under way.
    place: Mutex<Option<u64>>,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(count)),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            waiting: Mutex::default(),
            turn: AtomicU64::new(0),
        })
    }

    /// A seat for one more connection: a free one, or that of whoever has waited longest for its client. Waits
    /// where every connection has a request under way.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.dismiss_one();
                Arc::clone(&self.free).acquire_owned().await.ok()?
            }
        };
        let seat = Seat {
            seats: Arc::clone(self),
            leave: Arc::new(Notify::new()),
            place: Mutex::default(),
            _permit: permit,
        };
        seat.wait();
        Some(Arc::new(seat))
    }

    /// Every seat is free.
    pub(super) async fn empty(&self) {
        // Fails only on a closed semaphore, and nobody closes this one.
        let _ = self.free.acquire_many(self.count).await;
    }

    fn dismiss_one(&self) {
        let first = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
        if let Some((_, leave)) = first {
            leave.notify_one();
        }
    }
}

impl Seat {
    /// Returns when the seat is needed for somebody else.
    pub(super) async fn dismissed(&self) {
        self.leave.notified().await;
    }

    /// A request is under way.
    pub(super) fn work(&self) {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(place) = place {
            self.seats.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
        }
    }

    /// It waits for its client again, behind all who wait already.
    pub(super) fn wait(&self) {
        let turn = self.seats.turn.fetch_add(1, Ordering::Relaxed);
        let before = self.place.lock().unwrap_or_else(PoisonError::into_inner).replace(turn);
        let mut waiting = self.seats.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            waiting.remove(&before);
        }
        waiting.insert(turn, Arc::clone(&self.leave));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.work();
    }
}
