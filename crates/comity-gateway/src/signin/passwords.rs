//! Whether a name's password is right: hashed once, then known by a keyed digest for a while.
//!
//! ```text
//! locked? ─> known? ─> wait for a place ─> locked? known? ─> hash, on a thread of its own ─> counted wrong | known from now on
//! ```
//! - The digest is HMAC-SHA-256 of name and password under a key that this process has drawn and never shows; it counts
//!   only for the hash that it was found right against. No password outlives its request.
//! - A name that there is not costs the same hash as one that there is.
//! - Only so many are hashed at once and only so many wait. Whoever waits is looked at again when their turn comes: of
//!   many at once under one name, the first is hashed, the others are known or locked out by then.
//! - What was begun is finished and counted, also when the client leaves meanwhile: nobody guesses uncounted.
//!
//! Knowingly not hidden: that a password is known already is answered sooner. Only who has the right one sees it.

use super::Denied;
use super::address::Network;
use super::settings::SignInSettings;
use super::wrongs::Wrongs;
use crate::bounded::Bounded;
use crate::passwords;
use comity_terms::{Digest, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// What is known of passwords.
pub(super) struct Passwords {
    key: Zeroizing<[u8; 32]>,
    known: Bounded<[u8; 32], Known>,
    known_for: Duration,
    wrongs: Wrongs,
    places: Semaphore,
    waiting: AtomicUsize,
    waiting_most: usize,
    hashes: AtomicU64,
}

/// A password that was right.
struct Known {
    /// Of the hash that it was right against.
    hash: Digest,
    until: Timestamp,
}

impl Passwords {
    pub(super) fn new(key: Zeroizing<[u8; 32]>, settings: &SignInSettings) -> Self {
        Self {
            key,
            known: Bounded::new(settings.remembered_most),
            known_for: Duration::from_secs(settings.verified_seconds),
            wrongs: Wrongs::new(settings),
            places: Semaphore::new(settings.hashes()),
            waiting: AtomicUsize::new(0),
            waiting_most: settings.hashes_waiting.saturating_add(settings.hashes()),
            hashes: AtomicU64::new(0),
        }
    }

    /// Whether a password under this name from there is looked at now.
    ///
    /// # Errors
    /// [`Denied::LockedOut`].
    pub(super) fn open_to(&self, name: &str, from: Option<Network>, now: Timestamp) -> Result<(), Denied> {
        match self.wrongs.locked(self.digest(&[name.as_bytes()]), from, now) {
            Some(retry_after) => Err(Denied::LockedOut { retry_after }),
            None => Ok(()),
        }
    }

    /// Whether `password` is the one behind `hash`; `None` where there is no such name, and nothing is right.
    ///
    /// # Errors
    /// [`Denied::Wrong`], [`Denied::LockedOut`], [`Denied::Busy`]; the first is counted.
    pub(super) async fn verify(
        this: &Arc<Self>,
        name: &str,
        password: Zeroizing<String>,
        hash: Option<String>,
        from: Option<Network>,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let asked = Asked {
            name: this.digest(&[name.as_bytes()]),
            pair: this.digest(&[name.as_bytes(), password.as_bytes()]),
            from,
            now,
        };
        if this.is_known(&asked, hash.as_deref()) {
            return Ok(());
        }
        let Some(waiting) = Waiting::begin(this) else {
            return Err(Denied::Busy { retry_after: BUSY });
        };
        // Its own task: a client that leaves stops nothing.
        let done = tokio::spawn(async move { waiting.0.look(&asked, password, hash).await });
        done.await.unwrap_or(Err(Denied::Unavailable))
    }

    async fn look(
        &self,
        asked: &Asked,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<(), Denied> {
        let _place = self.places.acquire().await.map_err(|_| Denied::Unavailable)?;
        if let Some(retry_after) = self.wrongs.locked(asked.name, asked.from, asked.now) {
            return Err(Denied::LockedOut { retry_after });
        }
        if self.is_known(asked, hash.as_deref()) {
            return Ok(());
        }
        self.hashes.fetch_add(1, Ordering::Relaxed);
        let hashed = tokio::task::spawn_blocking(move || {
            (passwords::matches_in_constant_work(&password, hash.as_deref()), hash)
        });
        // A thread that failed says nothing of the password, and counts as wrong.
        let (right, hash) = hashed.await.unwrap_or((false, None));
        let Some(hash) = hash.filter(|_| right) else {
            self.wrongs.wrong(asked.name, asked.from, asked.now);
            return Err(Denied::Wrong);
        };
        self.wrongs.right(asked.name, asked.from, asked.now);
        let until = asked.now.checked_add(self.known_for).unwrap_or(Timestamp::MAX);
        self.known.lock().insert(asked.pair, Known { hash: Digest::of(hash.as_bytes()), until });
        Ok(())
    }

    /// Whether it was right lately against this same hash.
    fn is_known(&self, asked: &Asked, hash: Option<&str>) -> bool {
        let Some(hash) = hash.map(|hash| Digest::of(hash.as_bytes())) else { return false };
        let mut known = self.known.lock();
        let is_known = match known.get(&asked.pair) {
            None => return false,
            Some(found) => found.hash == hash && asked.now < found.until,
        };
        if !is_known {
            known.remove(&asked.pair);
        }
        drop(known);
        if is_known {
            self.wrongs.right(asked.name, asked.from, asked.now);
        }
        is_known
    }

    /// A digest that means nothing outside this process. Parts are told apart by their lengths.
    pub(super) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        // Unwrap safety: HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.key).expect("a key of 32 bytes");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    pub(super) fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }
}

/// One who asks.
struct Asked {
    name: [u8; 32],
    pair: [u8; 32],
    from: Option<Network>,
    now: Timestamp,
}

/// Somebody waits, or is being looked at, for as long as this lives.
struct Waiting(Arc<Passwords>);

impl Waiting {
    fn begin(passwords: &Arc<Passwords>) -> Option<Self> {
        let waiting = Self(Arc::clone(passwords));
        let before = passwords.waiting.fetch_add(1, Ordering::Relaxed);
        (before < passwords.waiting_most).then_some(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When to come again if too many wait.
const BUSY: Duration = Duration::from_secs(2);
