//! Keys as they lie on a disk of their own: they outlive a crash, and are destroyed for good.

use crate::chance::Chance;
use comity_terms::{Digest, Month, PackSlug, Timestamp};
use comity_vault::{Bucket, EpochKey, EpochKeys, TransportSecret};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

/// Epoch keys; copies are of the same disk.
#[derive(Clone)]
pub struct Epochs(Arc<Mutex<Kept>>);

struct Kept {
    keys: BTreeMap<Bucket, EpochKey>,
    newest: BTreeMap<(PackSlug, Month), u32>,
    destroyed: BTreeSet<Bucket>,
    chance: Chance,
}

impl Kept {
    /// From now on a later generation than the bucket's is current.
    fn leave(&mut self, bucket: &Bucket) {
        let newest = self.newest.entry((bucket.agreement.clone(), bucket.month)).or_default();
        *newest = (*newest).max(bucket.generation + 1);
    }
}

impl Epochs {
    /// A disk without keys, whose keys will be drawn from `chance`.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        let (keys, newest, destroyed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self(Arc::new(Mutex::new(Kept { keys, newest, destroyed, chance })))
    }

    fn kept<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EpochKeys for Epochs {
    type Error = Infallible;

    fn current(&mut self, agreement: &PackSlug, month: Month) -> Result<(Bucket, EpochKey), Infallible> {
        Ok(self.kept(|kept| {
            let generation = *kept.newest.entry((agreement.clone(), month)).or_insert(1);
            let bucket = Bucket { agreement: agreement.clone(), month, generation };
            let key = kept.keys.entry(bucket.clone()).or_insert_with(|| EpochKey::draw(&mut kept.chance));
            (bucket, key.clone())
        }))
    }

    fn get(&self, bucket: &Bucket) -> Result<Option<EpochKey>, Infallible> {
        Ok(self.kept(|kept| kept.keys.get(bucket).cloned()))
    }

    fn turn(&mut self, bucket: &Bucket) -> Result<(Bucket, EpochKey), Infallible> {
        self.kept(|kept| kept.leave(bucket));
        self.current(&bucket.agreement, bucket.month)
    }

    fn is_destroyed(&self, bucket: &Bucket) -> Result<bool, Infallible> {
        Ok(self.kept(|kept| kept.destroyed.contains(bucket)))
    }

    fn buckets(&self) -> Result<Vec<Bucket>, Infallible> {
        Ok(self.kept(|kept| kept.keys.keys().cloned().collect()))
    }

    fn destroy(&mut self, bucket: &Bucket) -> Result<(), Infallible> {
        self.kept(|kept| {
            kept.leave(bucket);
            kept.keys.remove(bucket);
            kept.destroyed.insert(bucket.clone());
        });
        Ok(())
    }
}

/// Transport keys of the day; copies are of the same disk.
#[derive(Clone)]
pub struct Transports {
    days: Arc<Mutex<BTreeMap<Date, [u8; 32]>>>,
    chance: Chance,
}

/// A day's key: its secret, and from when until when partners seal to it.
pub struct Day {
    /// The secret.
    pub secret: TransportSecret,
    /// From when, UTC.
    pub from: Timestamp,
    /// Until when, UTC.
    pub until: Timestamp,
}

impl Transports {
    /// A disk without keys, whose keys will be drawn from `chance`.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self { days: Arc::default(), chance }
    }

    /// The key of the day that `now` falls in.
    #[must_use]
    pub fn of_day(&self, now: Timestamp) -> Day {
        let day = TimeZone::UTC.to_datetime(now).date();
        let bytes = *self
            .days()
            .entry(day)
            .or_insert_with(|| *TransportSecret::draw(&mut self.chance.clone()).dangerous_bytes());
        Day { secret: secret(&bytes), from: midnight(day), until: after(day) }
    }

    /// The secret with this id, while it is there.
    #[must_use]
    pub fn secret(&self, id: Digest) -> Option<TransportSecret> {
        let days = self.days();
        days.values().map(secret).find(|secret| Digest::of(&secret.public().to_bytes()) == id)
    }

    /// Destroys every key whose day ended more than `horizon` before `now`.
    pub fn destroy_older(&self, now: Timestamp, horizon: std::time::Duration) {
        self.days().retain(|day, _| after(*day).checked_add(horizon).is_ok_and(|end| end > now));
    }

    fn days(&self) -> std::sync::MutexGuard<'_, BTreeMap<Date, [u8; 32]>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn secret(bytes: &[u8; 32]) -> TransportSecret {
    TransportSecret::from_bytes(bytes).expect("32 bytes are a key")
}

fn midnight(day: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).expect("a day of the run has a midnight")
}

fn after(day: Date) -> Timestamp {
    midnight(day.tomorrow().expect("a day of the run has a next"))
}
