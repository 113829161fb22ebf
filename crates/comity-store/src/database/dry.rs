//! What a dry run would record: kept aside in memory, and none of it in the database.
//!
//! A run that goes on after its first record reads of what it put aside what its next step looks up: requests of persons and
//! opt-outs that were filed, segments, words of offices. Everything else is as it is in the database.

use comity_exchange::ports::{Integrated, Record, StoreError};
use comity_tlog::{LeafIndex, SignedCheckpoint, TreeSize};
use std::sync::{Mutex, PoisonError};

/// How far a dry run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryUntil {
    /// To the first thing that it would record: what comes after it is delivered, printed or sent.
    FirstRecord,
    /// As far as it comes without the world: each record counts as done. For acts that are several, and of which none leaves this
    /// house but on the road to partners.
    End,
}

/// The records of one dry run.
pub(super) struct Aside {
    until: DryUntil,
    records: Mutex<Vec<Record>>,
}

impl Aside {
    pub(super) fn new(until: DryUntil) -> Self {
        Self { until, records: Mutex::default() }
    }

    /// Puts a record aside, as the database with this checkpoint would take it.
    pub(super) fn put(&self, record: Record, checkpoint: String) -> Result<Integrated, StoreError> {
        let failed = |error: comity_tlog::Error| StoreError::Failed(error.to_string());
        let size = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(failed)?.checkpoint().size().0;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let index = records.iter().map(|record| record.entries.len() as u64).sum::<u64>() + size;
        let entries = record.entries.len() as u64;
        records.push(record);
        match self.until {
            DryUntil::FirstRecord => Err(StoreError::DryRun),
            DryUntil::End => {
                Ok(Integrated { index: LeafIndex(index), size: TreeSize(index + entries), checkpoint })
            }
        }
    }

    /// Everything that was put aside, in its order.
    pub(super) fn taken(&self) -> Vec<Record> {
        std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The newest thing put aside that `look` finds.
    pub(super) fn newest<T>(&self, look: impl FnMut(&Record) -> Option<T>) -> Option<T> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().rev().find_map(look)
    }

    /// Everything put aside that `look` finds.
    pub(super) fn all<T>(&self, look: impl FnMut(&Record) -> Vec<T>) -> Vec<T> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().flat_map(look).collect()
    }
}
