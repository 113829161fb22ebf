//! What the shell lends to the rules: ports, keys, laws and randomness. The gateway implements it once; a
//! simulation implements it again.

use crate::ExchangeError;
use crate::collect::Tags;
use crate::ports::{Holds, Peers, RecallRoad, Recalls, Removals, Store, Uses};
use crate::signatory::Signatory;
use comity_agreement::{LawSet, Memo};
use comity_minimise::{Limits, PathTable, SubjectKey, TokenKey};
use comity_terms::{Digest, Entropy, Month, PackSlug, Party, Timestamp};
use comity_vault::{EpochKeys, TransportSecret};
use std::fmt::Display;
use std::sync::Arc;

/// One gateway, as the rules see it.
pub trait Shell: Send + Sync {
    /// The store.
    type Store: Store + Recalls + Removals + Holds + Uses;
    /// The road to partners.
    type Peers: Peers + RecallRoad;
    /// The epoch keys.
    type Keys: EpochKeys<Error: Display>;

    /// The store.
    fn store(&self) -> &Self::Store;
    /// The road to partners.
    fn peers(&self) -> &Self::Peers;
    /// Who signs.
    fn signatory(&self) -> &Signatory;
    /// What stands for objects in the index of collections.
    fn tags(&self) -> &Tags;
    /// The path table.
    fn table(&self) -> &PathTable;
    /// The bounds on a bundle.
    fn limits(&self) -> &Limits;
    /// Lends the memo of decisions; one borrower at a time.
    fn with_memo<T>(&self, work: impl FnOnce(&mut Memo) -> T) -> T;
    /// Now, UTC. Never before the high-water mark.
    fn now(&self) -> Timestamp;
    /// The laws between this gateway's party and `partner` under an agreement, as adopted here, and whether
    /// both have signed the agreement's digest; `None` when this gateway does not have them.
    fn laws(&self, agreement: &PackSlug, partner: &Party) -> Option<Lent>;
    /// The secret of a transport key, while it is there.
    fn transport_secret(&self, id: Digest) -> Option<TransportSecret>;
    /// The key of pseudonyms for an agreement and a partner, in the period that `at` falls in: the same one
    /// again while it lasts, for it remembers what it made.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`] when none can be derived.
    fn token_key(
        &self,
        agreement: &PackSlug,
        partner: &Party,
        at: Timestamp,
    ) -> Result<Arc<TokenKey>, ExchangeError>;
    /// The key of the tags of records that are erased in `month`: the same one again while that lasts. `None` for a month
    /// that has passed and has none any more.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`] when it cannot be read, or a new one not be kept.
    fn subject_key(&self, month: Month) -> Result<Option<Arc<SubjectKey>>, ExchangeError>;
    /// Until when openings are kept, for an act at `at` under `pack`.
    ///
    /// # Errors
    /// [`ExchangeError::Law`] when no law says.
    fn opening_until(&self, pack: &PackSlug, at: Timestamp) -> Result<Timestamp, ExchangeError>;
    /// Until when readers of collections are told at least of what ended at `at`.
    fn told_until(&self, at: Timestamp) -> Timestamp;
    /// How long after the act delivery is tried.
    fn horizon(&self, at: Timestamp) -> Timestamp;
    /// Until when a decision made at `at` holds, as long as no law changes before.
    fn holds_until(&self, at: Timestamp) -> Timestamp;
    /// Until when a try at delivering that begins at `now` has its offer to itself.
    fn claimed_until(&self, now: Timestamp) -> Timestamp;
    /// Randomness.
    fn entropy(&self) -> impl Entropy;
    /// Lends the epoch keys to `work`. One borrower at a time: what needs no key is done before, or after.
    fn with_keys<T>(&self, work: impl FnOnce(&mut Self::Keys) -> T) -> T;
}

/// Laws lent for one exchange.
#[derive(Clone)]
pub struct Lent {
    /// The laws.
    pub laws: Arc<LawSet>,
    /// Whether the agreement binds both parties: both have signed the same digest.
    pub binding: bool,
}
