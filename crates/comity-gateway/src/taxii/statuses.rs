//! What became of a POST, for whoever asks later. Kept in the memory of the node that took it, for a day and for the last
//! ten thousand: TAXII lets a server forget (section 4.3). What was done is in the log.

use super::resources::Status;
use comity_terms::{ExchangeId, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const KEPT_MAX: usize = 10_000;
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A status with what it is of.
#[derive(Clone)]
pub(super) struct Kept {
    /// The API root that it was asked of.
    pub(super) root: String,
    /// The status as it was told.
    pub(super) status: Status,
    /// The exchange that its objects went by.
    pub(super) exchange: Option<ExchangeId>,
}

#[derive(Default)]
pub(super) struct Statuses(Mutex<All>);

#[derive(Default)]
struct All {
    by_id: HashMap<String, Kept>,
    order: VecDeque<(Timestamp, String)>,
}

impl Statuses {
    /// Keeps a status, and lets go of those that are old.
    pub(super) fn keep(&self, kept: Kept, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = |at: &Timestamp| now.duration_since(*at).unsigned_abs() > KEPT_FOR;
        while all.order.len() >= KEPT_MAX || all.order.front().is_some_and(|(at, _)| old(at)) {
            let Some((_, id)) = all.order.pop_front() else { break };
            all.by_id.remove(&id);
        }
        all.order.push_back((now, kept.status.id.clone()));
        all.by_id.insert(kept.status.id.clone(), kept);
    }

    pub(super) fn get(&self, root: &str, id: &str) -> Option<Kept> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.by_id.get(id).filter(|kept| kept.root == root).cloned()
    }
}
