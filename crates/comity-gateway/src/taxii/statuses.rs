//! What became of a POST, for whoever asks later. Kept in the memory of the node that took it, for a day and for the last
//! ten thousand: TAXII lets a server forget (section 4.3). What was done is in the log.

use super::resources::Status;
use crate::bounded::Bounded;
use comity_terms::{ExchangeId, Timestamp};
use jiff::SignedDuration;

const KEPT_MAX: usize = 10_000;
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A status with what it is of.
#[derive(Clone)]
pub(super) struct Kept {
    /// The API root that it was asked of.
    pub(super) root: String,
    /// The status as it was told.
    pub(super) status: Status,
    /// The exchange that its objects went by.
    pub(super) exchange: Option<ExchangeId>,
    /// When it was told, UTC.
    pub(super) at: Timestamp,
}

pub(super) struct Statuses(Bounded<String, Kept>);

impl Default for Statuses {
    fn default() -> Self {
        Self(Bounded::new(KEPT_MAX))
    }
}

impl Statuses {
    pub(super) fn keep(&self, kept: Kept) {
        self.0.lock().insert(kept.status.id.clone(), kept);
    }

    pub(super) fn get(&self, root: &str, id: &str, now: Timestamp) -> Option<Kept> {
        let mut all = self.0.lock();
        all.get(id).filter(|kept| kept.root == root && now.duration_since(kept.at) < KEPT_FOR).cloned()
    }
}
