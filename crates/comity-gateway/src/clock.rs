//! The shell's clock and randomness: the only place that reads the system's.

use comity_terms::clock::OwnTime;
use comity_terms::{Entropy, Timestamp};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The system's time, never running back: neither below the log's mark nor below what it has given before.
#[derive(Debug)]
pub struct Clock {
    own: Mutex<OwnTime>,
    started: Instant,
}

impl Clock {
    /// A clock that never gives an instant before `mark`: the newest that this gateway has signed.
    #[must_use]
    pub fn new(mark: Timestamp) -> Self {
        Self { own: Mutex::new(OwnTime::new(mark)), started: Instant::now() }
    }

    /// The present instant, UTC; where the system's clock was set back, one that goes on slowly from the latest.
    pub fn now(&self) -> Timestamp {
        self.own().at(system_time(), self.started.elapsed())
    }

    /// From now on no instant before `floor` is given: what the log's mark says was signed.
    pub fn not_below(&self, floor: Timestamp) {
        self.own().not_below(floor);
    }

    fn own(&self) -> MutexGuard<'_, OwnTime> {
        // A poisoned lock still holds an instant that was given.
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_time() -> Timestamp {
    Timestamp::now()
}

/// The operating system's random bytes, fit for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system gives no randomness: no key may be drawn then, and nothing works without.
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system gives random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn time_is_not_below_the_mark_and_does_not_stand_still() {
        let ahead = at("2999-01-01T00:00:00Z");
        let clock = Clock::new(Timestamp::UNIX_EPOCH);
        clock.not_below(ahead);
        let first = clock.now();
        assert!(first >= ahead);
        while clock.now() == first {}
    }

    #[test]
    fn the_systems_time_comes_through() {
        assert!(Clock::new(Timestamp::UNIX_EPOCH).now() > at("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(OsEntropy.bytes::<32>(), OsEntropy.bytes::<32>());
    }
}
