//! The keys that acts draw as they need them: a dry run has a ring of its own, on which nothing new stays.

use super::{FileEpochKeys, HeldTokenKeys, Hsm, KeyError, MatchSecrets, SubjectKeys, TokenSecrets};
use crate::dirs::Directory;
use comity_terms::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};

/// Keys by what they are for.
#[derive(Debug)]
pub struct KeyRing {
    /// They wrap the secrets of records.
    pub epoch: Mutex<FileEpochKeys>,
    /// Pseudonyms are derived from them.
    pub token_secrets: TokenSecrets,
    /// The keys of pseudonyms in use.
    pub(crate) token_keys: HeldTokenKeys,
    /// Tags of persons are derived from them.
    pub subjects: SubjectKeys,
    /// Tags of opt-outs are derived from them: each named by the last month of a year.
    pub opt_outs: SubjectKeys,
    /// Days of blind matching are derived from them.
    pub matches: MatchSecrets,
}

impl KeyRing {
    /// The keys of the gateway in `directory`.
    ///
    /// # Errors
    /// [`KeyError`]; callers do nothing without them.
    pub fn open(directory: &Directory, hsm: Option<Arc<Hsm>>, now: Timestamp) -> Result<Self, KeyError> {
        Ok(Self {
            epoch: Mutex::new(FileEpochKeys::new(directory.epoch_keys(), hsm)),
            token_secrets: TokenSecrets::open(directory.token_secrets(), now)?,
            token_keys: HeldTokenKeys::default(),
            subjects: SubjectKeys::open(directory.subject_secrets(), now)?,
            opt_outs: SubjectKeys::open(directory.opt_out_secrets(), now)?,
            matches: MatchSecrets::new(directory.match_secrets()),
        })
    }

    /// The same keys for a dry run: what it draws is in memory alone.
    #[must_use]
    pub fn dry(&self) -> Self {
        Self {
            epoch: Mutex::new(self.epoch.lock().unwrap_or_else(PoisonError::into_inner).dry()),
            token_secrets: self.token_secrets.dry(),
            token_keys: HeldTokenKeys::default(),
            subjects: self.subjects.dry(),
            opt_outs: self.opt_outs.dry(),
            matches: self.matches.dry(),
        }
    }
}
