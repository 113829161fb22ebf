//! The secrets that pseudonyms are derived from: one for each month, destroyed when nothing made with it is wanted
//! any more. From then on nobody, here or elsewhere, can find a person by a token of that month.
//!
//! ```text
//! KEYS/tokens/<yyyymm>     32 bytes
//! ```
//! Invariant: a secret is durable before it is given; a month that has passed gets no new one.

use super::{HOLD, KeyError, read_key};
use crate::clock::OsEntropy;
use crate::files;
use comity_terms::{Entropy as _, Month, Timestamp};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The secrets under one directory.
#[derive(Debug)]
pub struct TokenSecrets {
    root: PathBuf,
    dry: bool,
}

impl TokenSecrets {
    /// The secrets under `root`, which is `KEYS/tokens`. Where earlier versions kept one secret for all months, in a
    /// file of that name, it becomes that of the month of `now`.
    ///
    /// # Errors
    /// [`KeyError`]; callers make no pseudonyms.
    pub fn open(root: PathBuf, now: Timestamp) -> Result<Self, KeyError> {
        let secrets = Self { root, dry: false };
        if secrets.root.is_file()
            && let Some(secret) = read_key(&secrets.root)?
        {
            let aside = secrets.root.with_added_extension("months");
            files::create_directory(&aside)?;
            let path = aside.join(Month::of(now).number().to_string());
            // A crash from here on finds the file and begins again.
            files::remove(&path)?;
            files::create(&path, &secret[..])?;
            files::destroy(&secrets.root)?;
        }
        let aside = secrets.root.with_added_extension("months");
        if aside.is_dir() && !secrets.root.exists() {
            files::rename(&aside, &secrets.root)?;
        }
        files::create_directory(&secrets.root)?;
        Ok(secrets)
    }

    /// The same secrets for a dry run: one that it draws is not kept.
    #[must_use]
    pub fn dry(&self) -> Self {
        Self { root: self.root.clone(), dry: true }
    }

    /// The secret of the month that `at` falls in; drawn when there is none yet and that month is the one of `now`.
    ///
    /// # Errors
    /// [`KeyError::Gone`] when it was destroyed; callers make no pseudonyms.
    pub fn of(&self, at: Timestamp, now: Timestamp) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let month = Month::of(at);
        let path = self.root.join(month.number().to_string());
        if let Some(secret) = read_key(&path)? {
            return Ok(secret);
        }
        if month < Month::of(now) {
            return Err(KeyError::Gone(format!("the secret of the pseudonyms of {month}")));
        }
        let mut secret = Zeroizing::new([0; 32]);
        OsEntropy.fill(&mut secret[..]);
        if self.dry {
            return Ok(secret);
        }
        // Whoever else draws, here or at another node, is waited for, and then theirs is the month's.
        let _one = files::hold(&self.root.join(HOLD))?;
        if let Some(theirs) = read_key(&path)? {
            return Ok(theirs);
        }
        files::create_atomically(&path, &path.with_added_extension("draft"), &secret[..])?;
        Ok(secret)
    }

    /// Destroys the secrets of months that ended more than `kept_months` before that of `now`; how many.
    ///
    /// # Errors
    /// [`KeyError`]; callers try again, those destroyed stay so.
    pub fn destroy_older(&self, now: Timestamp, kept_months: u32) -> Result<usize, KeyError> {
        let count = |month: Month| month.number() / 100 * 12 + month.number() % 100;
        self.destroy_but(|month| count(*month) + kept_months >= count(Month::of(now)))
    }

    /// Destroys the secrets of the months that do not stay; how many.
    ///
    /// # Errors
    /// As [`destroy_older`](Self::destroy_older).
    pub(super) fn destroy_but(&self, stays: impl Fn(&Month) -> bool) -> Result<usize, KeyError> {
        let mut destroyed = 0;
        for month in self.months()? {
            if !stays(&month) {
                files::destroy(&self.root.join(month.number().to_string()))?;
                destroyed += 1;
            }
        }
        Ok(destroyed)
    }

    /// The months whose secrets are there.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn months(&self) -> Result<Vec<Month>, KeyError> {
        let names = super::listed(&self.root)?;
        let month = |name: &std::ffi::OsString| Month::from_number(name.to_str()?.parse().ok()?);
        let mut months: Vec<Month> = names.iter().filter_map(month).collect();
        months.sort();
        Ok(months)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_has_one_secret_and_ends_with_its_horizon() {
        let room = tempfile::tempdir().unwrap();
        let (march, july) = (at("2026-03-09T10:00:00Z"), at("2026-07-01T00:00:00Z"));
        let secrets = TokenSecrets::open(room.path().join("tokens"), march).unwrap();
        let first = secrets.of(march, march).unwrap();
        assert_eq!(secrets.of(at("2026-03-31T23:59:59Z"), march).unwrap(), first);
        assert_ne!(secrets.of(july, july).unwrap(), first, "months do not share");
        assert_eq!(secrets.destroy_older(at("2026-06-30T00:00:00Z"), 3).unwrap(), 0);
        assert_eq!(secrets.destroy_older(july, 3).unwrap(), 1);
        assert!(
            matches!(secrets.of(march, july), Err(KeyError::Gone(_))),
            "no second one for a month gone by"
        );
    }

    #[test]
    fn whoever_comes_at_once_gets_the_same() {
        let room = tempfile::tempdir().unwrap();
        let now = at("2026-03-09T10:00:00Z");
        // Of two nodes, several threads each.
        let nodes = [0, 1].map(|_| TokenSecrets::open(room.path().join("tokens"), now).unwrap());
        let drawn: Vec<_> = std::thread::scope(|scope| {
            let nodes = &nodes;
            let one = |number: usize| scope.spawn(move || nodes[number % 2].of(now, now).unwrap());
            let threads: Vec<_> = (0..8).map(one).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(drawn.iter().all(|secret| *secret == drawn[0]));
    }

    #[test]
    fn the_one_secret_of_earlier_versions_becomes_the_months() {
        let room = tempfile::tempdir().unwrap();
        let (path, now) = (room.path().join("tokens"), at("2026-03-09T10:00:00Z"));
        std::fs::write(&path, [7; 32]).unwrap();
        for _ in 0..2 {
            let secrets = TokenSecrets::open(path.clone(), now).unwrap();
            assert_eq!(*secrets.of(now, now).unwrap(), [7; 32]);
        }
        assert!(!path.with_added_extension("months").exists());
    }
}
