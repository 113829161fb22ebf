//! What is remembered in memory, of at most so many: the one unused for longest is forgotten first.

use hashlink::LruCache;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A map with a bound, shared by tasks.
pub(crate) struct Bounded<K, V>(Mutex<LruCache<K, V>>);

impl<K: Hash + Eq, V> Bounded<K, V> {
    /// An empty one for at most `most`, at least one.
    pub(crate) fn new(most: usize) -> Self {
        Self(Mutex::new(LruCache::new(most.max(1))))
    }

    /// The map, for as long as the guard lives: no await while it does.
    pub(crate) fn lock(&self) -> MutexGuard<'_, LruCache<K, V>> {
        // Each change is one call: a poisoned lock guards a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
