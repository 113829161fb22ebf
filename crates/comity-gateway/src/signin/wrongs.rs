//! Wrong passwords, counted: after so many, nothing is looked at for a time that doubles with each further one.
//!
//! ```text
//! who asks                                 judged by
//! a stranger, under any name               wrong ones under that name by strangers, and all wrong ones from their address
//! one who signed in under that name from   their own wrong ones alone: strangers who guess lock no officer out of the
//! that address lately                      place that they work at
//! ```
//! A name counts whether there is such an officer or not. Names are kept as keyed digests, addresses as networks.

use super::address::Network;
use super::settings::SignInSettings;
use crate::bounded::Bounded;
use comity_terms::Timestamp;
use std::time::Duration;

/// A keyed digest of a name.
pub(super) type Name = [u8; 32];

/// Wrong passwords of all who tried.
pub(super) struct Wrongs {
    by_name: Lock,
    by_address: Lock,
    forgotten: Duration,
    known: Duration,
    counted: Bounded<Key, Count>,
    /// Who signed in from where, until when that is remembered.
    places: Bounded<(Name, Network), Timestamp>,
}

#[derive(Clone, Copy)]
struct Lock {
    after: u32,
    first: Duration,
    most: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Name(Name),
    Address(Network),
    Place(Name, Network),
}

struct Count {
    wrong: u32,
    last: Timestamp,
}

impl Wrongs {
    pub(super) fn new(settings: &SignInSettings) -> Self {
        let lock = |after| Lock {
            after,
            first: Duration::from_secs(settings.lock_seconds),
            most: Duration::from_secs(settings.lock_seconds_most),
        };
        Self {
            by_name: lock(settings.wrong_by_name),
            by_address: lock(settings.wrong_by_address),
            forgotten: Duration::from_secs(settings.wrong_forgotten_seconds),
            known: Duration::from_secs(settings.place_known_seconds),
            counted: Bounded::new(settings.remembered_most),
            places: Bounded::new(settings.remembered_most),
        }
    }

    /// How long nothing is looked at under this name from there; `None` when it is.
    pub(super) fn locked(&self, name: Name, from: Option<Network>, now: Timestamp) -> Option<Duration> {
        let keys = self.judged_by(name, from, now);
        let counted = self.counted.lock();
        let waits = keys.into_iter().flatten().filter_map(|key| {
            let count = counted.peek(&key)?;
            let ends = count.last.checked_add(self.lock(key).of(count.wrong)?).unwrap_or(Timestamp::MAX);
            Duration::try_from(ends.duration_since(now)).ok().filter(|wait| !wait.is_zero())
        });
        waits.max()
    }

    /// One more wrong password.
    pub(super) fn wrong(&self, name: Name, from: Option<Network>, now: Timestamp) {
        for key in self.judged_by(name, from, now).into_iter().flatten() {
            let mut counted = self.counted.lock();
            let before = counted.get(&key).filter(|count| {
                count.last.checked_add(self.forgotten).is_ok_and(|forgotten| now < forgotten)
            });
            let wrong = before.map_or(0, |count| count.wrong).saturating_add(1);
            counted.insert(key, Count { wrong, last: now });
        }
    }

    /// The right password: this name is known there, and its own wrong ones there are forgotten.
    pub(super) fn right(&self, name: Name, from: Option<Network>, now: Timestamp) {
        match from {
            Some(from) => {
                self.counted.lock().remove(&Key::Place(name, from));
                let until = now.checked_add(self.known).unwrap_or(Timestamp::MAX);
                self.places.lock().insert((name, from), until);
            }
            None => {
                self.counted.lock().remove(&Key::Name(name));
            }
        }
    }

    fn judged_by(&self, name: Name, from: Option<Network>, now: Timestamp) -> [Option<Key>; 2] {
        let Some(from) = from else { return [Some(Key::Name(name)), None] };
        let known = self.places.lock().peek(&(name, from)).is_some_and(|until| now < *until);
        if known {
            [Some(Key::Place(name, from)), None]
        } else {
            [Some(Key::Name(name)), Some(Key::Address(from))]
        }
    }

    fn lock(&self, key: Key) -> Lock {
        match key {
            Key::Address(_) => self.by_address,
            Key::Name(_) | Key::Place(..) => self.by_name,
        }
    }
}

impl Lock {
    /// How long after the last of so many wrong ones; `None` when that is not yet too many.
    fn of(self, wrong: u32) -> Option<Duration> {
        let doublings = wrong.checked_sub(self.after)?;
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(factor).min(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use std::path::Path;

    const NAME: Name = [1; 32];
    const OTHER: Name = [2; 32];

    fn wrongs() -> Wrongs {
        let shipped = Settings::read(Path::new("/nonexistent")).unwrap().signin;
        Wrongs::new(&SignInSettings {
            wrong_by_name: 3,
            wrong_by_address: 5,
            lock_seconds: 10,
            lock_seconds_most: 60,
            wrong_forgotten_seconds: 1_000,
            place_known_seconds: 10_000,
            remembered_most: 4,
            ..shipped
        })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn place(last: u8) -> Option<Network> {
        Some(Network::of([192, 0, 2, last].into()))
    }

    fn seconds(wait: Option<Duration>) -> u64 {
        wait.map_or(0, |wait| wait.as_secs())
    }

    #[test]
    fn a_name_is_locked_for_times_that_double() {
        let wrongs = wrongs();
        for last in 1..=2 {
            wrongs.wrong(NAME, place(last), at(0));
            assert_eq!(wrongs.locked(NAME, place(9), at(0)), None);
        }
        wrongs.wrong(NAME, place(3), at(0));
        assert_eq!(seconds(wrongs.locked(NAME, place(9), at(0))), 10);
        assert_eq!(seconds(wrongs.locked(NAME, None, at(4))), 6);
        assert_eq!(wrongs.locked(NAME, place(9), at(10)), None);
        assert_eq!(wrongs.locked(OTHER, place(9), at(0)), None, "another name is not");
        for (time, expected) in [(10, 20), (30, 40), (70, 60), (130, 60)] {
            wrongs.wrong(NAME, None, at(time));
            assert_eq!(seconds(wrongs.locked(NAME, None, at(time))), expected);
        }
    }

    #[test]
    fn an_address_is_locked_whatever_the_names() {
        let wrongs = wrongs();
        for name in 10..15 {
            assert_eq!(wrongs.locked([name; 32], place(1), at(0)), None);
            wrongs.wrong([name; 32], place(1), at(0));
        }
        assert_eq!(seconds(wrongs.locked(NAME, place(1), at(0))), 10);
        assert_eq!(wrongs.locked(NAME, place(2), at(0)), None);
    }

    #[test]
    fn whoever_signed_in_from_there_is_not_locked_out_by_strangers() {
        let wrongs = wrongs();
        wrongs.right(NAME, place(1), at(0));
        for last in [2, 2, 2, 2] {
            wrongs.wrong(NAME, place(last), at(1));
        }
        assert!(wrongs.locked(NAME, place(2), at(1)).is_some());
        assert!(wrongs.locked(NAME, place(3), at(1)).is_some());
        assert_eq!(wrongs.locked(NAME, place(1), at(1)), None);
        // But by themselves, until they know it again.
        for _ in 0..3 {
            wrongs.wrong(NAME, place(1), at(2));
        }
        assert_eq!(seconds(wrongs.locked(NAME, place(1), at(2))), 10);
        wrongs.right(NAME, place(1), at(12));
        assert_eq!(wrongs.locked(NAME, place(1), at(12)), None);
        // And not for ever.
        assert!(wrongs.locked(NAME, place(1), at(10_012)).is_none(), "the strangers' lock is over");
        wrongs.wrong(NAME, place(2), at(10_011));
        wrongs.wrong(NAME, place(2), at(10_011));
        wrongs.wrong(NAME, place(2), at(10_011));
        assert_eq!(wrongs.locked(NAME, place(1), at(10_011)), None);
        assert!(wrongs.locked(NAME, place(1), at(10_012)).is_some());
    }

    #[test]
    fn wrong_ones_are_forgotten_in_time() {
        let wrongs = wrongs();
        for _ in 0..9 {
            wrongs.wrong(NAME, None, at(0));
        }
        wrongs.wrong(NAME, None, at(1_000));
        assert_eq!(wrongs.locked(NAME, None, at(1_000)), None);
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let wrongs = wrongs();
        for name in 0..100 {
            wrongs.wrong([name; 32], place(name), at(0));
            wrongs.right([name; 32], place(name), at(0));
        }
        assert_eq!(wrongs.counted.lock().len(), 4);
        assert_eq!(wrongs.places.lock().len(), 4);
    }
}
