//! The secrets that tags of persons are derived from: one for each month of erasure, destroyed when that has passed. From
//! then on nobody finds by a tag of that month whom a record named, in no copy and by no guess.
//!
//! ```text
//! KEYS/subjects/<yyyymm>     32 bytes
//! ```
//! Invariants: those of [`TokenSecrets`], which keeps them; a secret outlives every record of its month.

use super::{KeyError, TokenSecrets};
use comity_minimise::SubjectKey;
use comity_terms::{Month, Timestamp};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The keys of tags, each remembered while its month lasts.
#[derive(Debug)]
pub struct SubjectKeys {
    secrets: TokenSecrets,
    held: Mutex<BTreeMap<Month, Arc<SubjectKey>>>,
}

impl SubjectKeys {
    /// The keys under `root`, which is `KEYS/subjects`.
    ///
    /// # Errors
    /// [`KeyError`]; callers seal nothing.
    pub fn open(root: PathBuf, now: Timestamp) -> Result<Self, KeyError> {
        Ok(Self { secrets: TokenSecrets::open(root, now)?, held: Mutex::default() })
    }

    /// The same keys for a dry run: one that it draws is in memory alone.
    #[must_use]
    pub fn dry(&self) -> Self {
        Self { secrets: self.secrets.dry(), held: Mutex::default() }
    }

    /// The key of a month; drawn when there is none and the month is not over at `now`. `None` when it is.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn of(&self, month: Month, now: Timestamp) -> Result<Option<Arc<SubjectKey>>, KeyError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = held.get(&month) {
            return Ok(Some(Arc::clone(key)));
        }
        let Some((first, _)) = month.bounds() else { return Ok(None) };
        let secret = match self.secrets.of(first, now) {
            Ok(secret) => secret,
            Err(KeyError::Gone(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let key = SubjectKey::derive(&secret, &month.to_string());
        let key = Arc::new(key.map_err(|error| KeyError::Gone(error.to_string()))?);
        // At 1 MB each where they remember all they may.
        if held.len() >= HELD_MAX {
            held.clear();
        }
        held.insert(month, Arc::clone(&key));
        Ok(Some(key))
    }

    /// The months that have a key, in order.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn months(&self) -> Result<Vec<Month>, KeyError> {
        self.secrets.months()
    }

    /// Destroys the secrets of the months before that of `now`, but for those of `stay`; how many.
    ///
    /// # Errors
    /// [`KeyError`]; callers try again, those destroyed stay so.
    pub fn destroy_passed(&self, now: Timestamp, stay: &[Month]) -> Result<usize, KeyError> {
        let this = Month::of(now);
        let stays = |month: &Month| *month >= this || stay.contains(month);
        let destroyed = self.secrets.destroy_but(stays)?;
        if destroyed > 0 {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).retain(|month, _| stays(month));
        }
        Ok(destroyed)
    }
}

/// How many keys are held at once: ten years of months.
const HELD_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use comity_minimise::{Identifier, IdentifierKind};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_tag_leads_nowhere_once_its_month_has_passed() {
        let room = tempfile::tempdir().unwrap();
        let (now, may) = (at("2026-11-26T12:00:00Z"), Month::of(at("2027-05-09T00:00:00Z")));
        let open = |now| SubjectKeys::open(room.path().join("subjects"), now).unwrap();
        let mari = Identifier::new(IdentifierKind::Email, "mari@example.ee").unwrap();
        let keys = open(now);
        let tag = keys.of(may, now).unwrap().unwrap().tag(&mari);
        assert_eq!(open(now).of(may, now).unwrap().unwrap().tag(&mari), tag, "another node has the same");
        assert_eq!(keys.months().unwrap(), [may]);
        assert_eq!(keys.destroy_passed(at("2027-05-31T23:59:59Z"), &[]).unwrap(), 0);
        let june = at("2027-06-01T00:00:00Z");
        assert_eq!(keys.destroy_passed(june, &[may]).unwrap(), 0, "it is held past its time");
        assert_eq!(keys.of(may, june).unwrap().unwrap().tag(&mari), tag);
        assert_eq!(keys.destroy_passed(june, &[]).unwrap(), 1);
        assert!(keys.of(may, june).unwrap().is_none(), "no second one for a month gone by");
        assert!(keys.months().unwrap().is_empty());
    }
}
