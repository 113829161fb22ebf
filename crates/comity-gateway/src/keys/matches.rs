//! The secrets that keys of blind matching are derived from: one for each day, UTC, destroyed when it has passed. From then
//! on no filter of that day leads anywhere, at whoever has it.
//!
//! ```text
//! KEYS/matches/<yyyy-mm-dd>     32 bytes
//! ```
//! Invariant: a secret is durable before it is given; a day that has passed gets no new one.

use super::{HOLD, KeyError, read_key};
use crate::clock::OsEntropy;
use crate::files;
use comity_terms::{Day, Entropy as _, Timestamp};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The secrets under one directory.
#[derive(Debug)]
pub struct MatchSecrets {
    root: PathBuf,
    dry: bool,
}

impl MatchSecrets {
    /// The secrets under `root`, which is `KEYS/matches`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, dry: false }
    }

    /// The same secrets for a dry run: one that it draws is not kept.
    #[must_use]
    pub fn dry(&self) -> Self {
        Self { root: self.root.clone(), dry: true }
    }

    /// The secret of a day; drawn when there is none yet and that day is the one of `now`.
    ///
    /// # Errors
    /// [`KeyError::Gone`] when the day has passed; callers answer no question.
    pub fn of(&self, day: Day, now: Timestamp) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        if day != Day::of(now) {
            return Err(KeyError::Gone(format!("the secret of matching on {day}")));
        }
        let path = self.root.join(day.to_string());
        if let Some(secret) = read_key(&path)? {
            return Ok(secret);
        }
        let mut secret = Zeroizing::new([0; 32]);
        OsEntropy.fill(&mut secret[..]);
        if self.dry {
            return Ok(secret);
        }
        files::create_directory(&self.root)?;
        // Whoever else draws, here or at another node, is waited for, and then theirs is the day's.
        let _one = files::hold(&self.root.join(HOLD))?;
        if let Some(theirs) = read_key(&path)? {
            return Ok(theirs);
        }
        files::create_atomically(&path, &path.with_added_extension("draft"), &secret[..])?;
        Ok(secret)
    }

    /// The days before that of `now` whose secrets are there.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn passed(&self, now: Timestamp) -> Result<Vec<Day>, KeyError> {
        let day = |name: std::ffi::OsString| name.to_str()?.parse::<Day>().ok();
        let days = super::listed(&self.root)?.into_iter().filter_map(day);
        Ok(days.filter(|day| *day < Day::of(now)).collect())
    }

    /// Destroys the secrets of these days.
    ///
    /// # Errors
    /// [`KeyError`]; callers try again, those destroyed stay so.
    pub fn destroy(&self, days: &[Day]) -> Result<(), KeyError> {
        for day in days {
            files::destroy(&self.root.join(day.to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_secret_and_none_once_it_has_passed() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let room = tempfile::tempdir().unwrap();
        let (now, next) = (at("2026-11-26T12:00:00Z"), at("2026-11-27T00:00:00Z"));
        let open = || MatchSecrets::new(room.path().join("matches"));
        let day = Day::of(now);
        let first = open().of(day, now).unwrap();
        assert_eq!(open().of(day, at("2026-11-26T23:59:59Z")).unwrap(), first, "another node has the same");
        assert_eq!(open().passed(now).unwrap(), []);
        assert!(matches!(open().of(day, next), Err(KeyError::Gone(_))));
        assert_eq!(open().passed(next).unwrap(), [day]);
        open().destroy(&[day]).unwrap();
        assert_eq!(open().passed(next).unwrap(), []);
        assert_ne!(open().of(Day::of(next), next).unwrap(), first);
    }
}
