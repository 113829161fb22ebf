//! What the store is asked and told about partners that were removed, and about whom data is not passed on to.
//!
//! Leaves what a removal means to [`recall::bar`](crate::recall::bar) and to the shell.

use super::{ExchangeRow, StoreError};
use comity_terms::{ExchangeId, Party, ReasonCode, Timestamp};
use std::future::Future;

/// A partner that an officer removed. A row is replaced by its party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRemoval {
    /// The partner.
    pub party: Party,
    /// Why, in the vocabulary's words.
    pub reason: ReasonCode,
    /// Since when, UTC.
    pub at: Timestamp,
    /// Since when it is a partner again, UTC; `None` while it is removed.
    pub ended: Option<Timestamp>,
}

impl std::fmt::Display for PeerRemoval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { party, reason, at, .. } = self;
        write!(f, "{party} was removed as a partner at {at} ({reason}): nothing goes to it")
    }
}

/// Whether what came by an exchange is passed on to a party, by the word of whoever it is from. A row is replaced by its
/// exchange, party and origin where the new word is a later one; so it does not matter in which order they arrive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bar {
    /// The exchange: one that was received, or one that this gateway gave.
    pub exchange: ExchangeId,
    /// To whom it is not passed on.
    pub party: Party,
    /// Whose word it is.
    pub origin: Party,
    /// When the origin said so, UTC.
    pub at: Timestamp,
    /// Whether it stands; otherwise it was taken back.
    pub stands: bool,
}

/// Where removals and bars are kept. They change by a [`Record`](super::Record).
///
/// INVARIANT: an offer to a partner that is removed is not recorded; it is a conflict.
pub trait Removals: Send + Sync + 'static {
    /// The partners that are removed now, by party.
    fn removals(&self) -> impl Future<Output = Result<Vec<PeerRemoval>, StoreError>> + Send;

    /// Whether any bar stands.
    fn bars(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The bars that stand on these exchanges.
    fn barred(&self, exchanges: Vec<ExchangeId>)
    -> impl Future<Output = Result<Vec<Bar>, StoreError>> + Send;

    /// Exchanges by which something went, or is to go, to others than `party`, and on which no bar of `origin`, this
    /// gateway's own party, stands against it; at most `limit`, by partner and agreement.
    fn unbarred(
        &self,
        party: &Party,
        origin: &Party,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<ExchangeRow>, StoreError>> + Send;

    /// Exchanges on which a bar of `origin`, this gateway's own party, stands against who is not removed any more: each with
    /// the removal that has ended; at most `limit`, by party, partner and agreement.
    fn barred_in_vain(
        &self,
        origin: &Party,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(PeerRemoval, ExchangeRow)>, StoreError>> + Send;
}
