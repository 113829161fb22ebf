//! The keys of pseudonyms that are in use: one for each agreement, partner and month.
//!
//! A key is kept while it is in use, since it remembers the pseudonyms that it made (by keyed digests, never by
//! value). At most [`HELD_MAX`] are kept: beyond that all are dropped and made again as they are asked for. Whoever
//! destroys a secret forgets the keys that were made of it.

use comity_minimise::TokenKey;
use comity_terms::{Month, PackSlug, Party};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The keys of pseudonyms in use.
#[derive(Debug, Default)]
pub(crate) struct HeldTokenKeys(Mutex<BTreeMap<(PackSlug, Party, Month), Arc<TokenKey>>>);

impl HeldTokenKeys {
    /// The key of an agreement and partner in a month: the same one again while it is held, else what `make` gives.
    pub(crate) fn get<E>(
        &self,
        agreement: &PackSlug,
        partner: &Party,
        month: Month,
        make: impl FnOnce() -> Result<TokenKey, E>,
    ) -> Result<Arc<TokenKey>, E> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (agreement.clone(), partner.clone(), month);
        if let Some(key) = held.get(&name) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(make()?);
        // A month that is over is asked for by what is late only.
        held.retain(|(_, _, other), _| *other >= month);
        if held.len() >= HELD_MAX {
            held.clear();
        }
        held.insert(name, Arc::clone(&key));
        Ok(key)
    }

    /// Holds none any more.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// How many keys are held at once: at 1 MB each where they remember all they may, 64 MB.
const HELD_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use comity_minimise::TokenKeyError;

    #[test]
    fn a_key_is_the_same_one_for_its_month_and_the_bound_is_kept() {
        let keys = HeldTokenKeys::default();
        let party: Party = "FI".parse().unwrap();
        let month = |text: &str| Month::of(text.parse().unwrap());
        let get = |slug: &str, at: &str| {
            let make = || TokenKey::derive(&[7; 32], slug, "FI", at);
            keys.get::<TokenKeyError>(&slug.parse().unwrap(), &party, month(at), make).unwrap()
        };
        let first = get("an-agreement", "2026-01-15T00:00:00Z");
        assert!(Arc::ptr_eq(&first, &get("an-agreement", "2026-01-31T00:00:00Z")));
        assert!(!Arc::ptr_eq(&first, &get("an-agreement", "2026-02-01T00:00:00Z")));
        assert_eq!(keys.0.lock().unwrap().len(), 1, "the month that is over is let go");
        for number in 0..2 * HELD_MAX {
            get(&format!("agreement-{number}"), "2026-02-01T00:00:00Z");
            assert!(keys.0.lock().unwrap().len() <= HELD_MAX);
        }
        keys.forget();
        assert_eq!(keys.0.lock().unwrap().len(), 0);
    }
}
