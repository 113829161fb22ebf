//! The shell's clock and randomness: the only place that reads the system's.

use comity_terms::{Entropy, Timestamp};
use std::sync::{Mutex, PoisonError};

/// The system's time, never running back: neither below the log's mark nor below what it has given before.
#[derive(Debug)]
pub struct Clock {
    floor: Mutex<Timestamp>,
}

impl Clock {
    /// A clock that never gives an instant before `mark`: the newest that this gateway has signed.
    #[must_use]
    pub fn new(mark: Timestamp) -> Self {
        Self { floor: Mutex::new(mark) }
    }

    /// The present instant, UTC; or the latest one given before, where the system's clock was set back.
    pub fn now(&self) -> Timestamp {
        self.not_before(system_time())
    }

    /// From now on no instant before `floor` is given: what the log's mark says was signed.
    pub fn not_below(&self, floor: Timestamp) {
        self.not_before(floor);
    }

    fn not_before(&self, now: Timestamp) -> Timestamp {
        // A poisoned lock still holds an instant that was given.
        let mut floor = self.floor.lock().unwrap_or_else(PoisonError::into_inner);
        *floor = now.max(*floor);
        *floor
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
    fn time_never_runs_back() {
        let clock = Clock::new(at("2026-03-01T12:00:00Z"));
        assert_eq!(clock.not_before(at("2026-03-01T11:00:00Z")), at("2026-03-01T12:00:00Z"), "the mark");
        assert_eq!(clock.not_before(at("2026-03-01T13:00:00Z")), at("2026-03-01T13:00:00Z"));
        assert_eq!(clock.not_before(at("2026-03-01T12:30:00Z")), at("2026-03-01T13:00:00Z"), "set back");
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
