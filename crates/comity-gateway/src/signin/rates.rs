//! How often somebody may ask: a token bucket for each, as one instant (the generic cell rate algorithm).
//!
//! A bucket holds `burst` tokens and gains `each_second`. Kept is the instant at which it will be full again; one that
//! is full need not be remembered, so what is forgotten for want of room is the one unused for longest.

use crate::bounded::Bounded;
use comity_terms::Timestamp;
use serde::Deserialize;
use std::hash::Hash;
use std::time::Duration;

/// A rate, as an operator sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many in a second on the long run; 0 is no bound.
    pub each_second: u32,
    /// How many at once.
    pub burst: u32,
}

/// The buckets of all.
pub(super) struct Rates<K> {
    rate: Rate,
    full_at: Bounded<K, Timestamp>,
}

impl<K: Hash + Eq> Rates<K> {
    pub(super) fn new(rate: Rate, most: usize) -> Self {
        Self { rate, full_at: Bounded::new(most) }
    }

    /// Takes one from the bucket of `key`.
    ///
    /// # Errors
    /// How long until there is one; nothing was taken.
    pub(super) fn take(&self, key: K, now: Timestamp) -> Result<(), Duration> {
        if self.rate.each_second == 0 {
            return Ok(());
        }
        let one = Duration::from_secs(1) / self.rate.each_second;
        let all = one * self.rate.burst.max(1);
        let mut full_at = self.full_at.lock();
        let before = full_at.get(&key).copied().unwrap_or(now).max(now);
        let after = before.checked_add(one).unwrap_or(Timestamp::MAX);
        let missing = Duration::try_from(after.duration_since(now)).unwrap_or_default();
        if missing > all {
            return Err(missing - all);
        }
        full_at.insert(key, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let rates = Rates::new(Rate { each_second: 10, burst: 3 }, 100);
        for _ in 0..3 {
            assert_eq!(rates.take("a", at(0)), Ok(()));
        }
        assert_eq!(rates.take("a", at(0)), Err(Duration::from_millis(100)));
        // Each has a bucket of their own, and a refusal costs nothing.
        assert_eq!(rates.take("b", at(0)), Ok(()));
        assert_eq!(rates.take("a", at(50)), Err(Duration::from_millis(50)));
        assert_eq!(rates.take("a", at(100)), Ok(()));
        assert_eq!(rates.take("a", at(100)), Err(Duration::from_millis(100)));
        // A long rest gives a burst, and no more.
        for _ in 0..3 {
            assert_eq!(rates.take("a", at(3_600_000)), Ok(()));
        }
        assert_eq!(rates.take("a", at(3_600_000)), Err(Duration::from_millis(100)));
    }

    #[test]
    fn zero_is_no_bound() {
        let rates = Rates::new(Rate { each_second: 0, burst: 1 }, 100);
        assert!((0..1_000).all(|_| rates.take("a", at(0)).is_ok()));
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let rates = Rates::new(Rate { each_second: 1, burst: 1 }, 2);
        for key in ["a", "b", "c"] {
            rates.take(key, at(0)).unwrap();
        }
        assert_eq!(rates.full_at.lock().len(), 2);
    }
}
