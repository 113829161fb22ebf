//! A gateway's own time: the system's, but never running back.
//!
//! The system's clock can be set back, by hours where it was wrong before; what was signed stays signed at the
//! later instant. Until the system has caught up, time goes on at half its pace: it never stands still, so that
//! what waits for an instant is not kept waiting for hours, and it comes back to the system's.
//!
//! Reads no clock: both readings are arguments.

use crate::Timestamp;
use std::time::Duration;

/// The latest instant that was given, and how far a steady clock was then.
#[derive(Debug, Clone)]
pub struct OwnTime {
    last: Timestamp,
    steady: Duration,
}

impl OwnTime {
    /// A time that never gives an instant before `floor`.
    #[must_use]
    pub fn new(floor: Timestamp) -> Self {
        Self { last: floor, steady: Duration::ZERO }
    }

    /// The present instant, UTC, when the system says `system` and a steady clock stands at `steady`: the
    /// system's, or where that was set back the last one and half of what has passed since.
    pub fn at(&mut self, system: Timestamp, steady: Duration) -> Timestamp {
        let passed = steady.saturating_sub(self.steady);
        self.steady = self.steady.max(steady);
        let slowed = self.last.checked_add(passed / 2).unwrap_or(self.last);
        // However often it is asked: a system that has not caught up with the slowed time is still behind.
        self.last = system.max(slowed);
        self.last
    }

    /// From now on no instant before `floor` is given.
    pub fn not_below(&mut self, floor: Timestamp) {
        self.last = self.last.max(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3_600)
    }

    #[test]
    fn time_is_the_systems_and_never_runs_back() {
        let mut time = OwnTime::new(at("2026-03-01T12:00:00Z"));
        assert_eq!(time.at(at("2026-03-01T11:00:00Z"), hours(0)), at("2026-03-01T12:00:00Z"), "the mark");
        assert_eq!(time.at(at("2026-03-01T13:00:00Z"), hours(2)), at("2026-03-01T13:00:00Z"));
        assert_eq!(
            time.at(at("2026-03-01T13:00:00Z"), hours(2)),
            at("2026-03-01T13:00:00Z"),
            "at once again"
        );
        time.not_below(at("2026-03-01T14:00:00Z"));
        assert_eq!(time.at(at("2026-03-01T13:00:00Z"), hours(2)), at("2026-03-01T14:00:00Z"));
    }

    #[test]
    fn after_a_set_back_time_goes_on_slowly_until_the_system_has_caught_up() {
        let mut time = OwnTime::new(at("2026-03-01T18:00:00Z"));
        let _ = time.at(at("2026-03-01T12:00:00Z"), hours(0));
        assert_eq!(time.at(at("2026-03-01T13:00:00Z"), hours(1)), at("2026-03-01T18:30:00Z"));
        assert_eq!(time.at(at("2026-03-01T23:00:00Z"), hours(11)), at("2026-03-01T23:30:00Z"));
        assert_eq!(time.at(at("2026-03-02T00:00:00Z"), hours(12)), at("2026-03-02T00:00:00Z"));
        assert_eq!(time.at(at("2026-03-02T01:00:00Z"), hours(13)), at("2026-03-02T01:00:00Z"));
    }
}
