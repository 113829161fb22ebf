//! What was received: collections, holds and uses.

use super::{Database, Engine};
use comity_exchange::collect::{ObjectTag, StandingRequest};
use comity_exchange::ports::{
    Collections, Counted, HoldRow, Holds, Page, Presence, StoreError, Stream, UseCount, UseRow, Uses, Wanted,
};
use comity_terms::ids::HoldId;
use comity_terms::{ExchangeId, Timestamp};
use comity_tlog::LeafIndex;

impl Collections for Database {
    async fn standing_requests(&self) -> Result<Vec<StandingRequest>, StoreError> {
        either!(self, store => store.standing_requests().await)
    }

    async fn collected(&self, wanted: Wanted) -> Result<Page, StoreError> {
        either!(self, store => store.collected(wanted).await)
    }

    async fn present(
        &self,
        stream: Stream,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ObjectTag, Presence)>, StoreError> {
        either!(self, store => store.present(stream, objects).await)
    }
}

impl Holds for Database {
    async fn holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        either!(self, store => store.holds().await)
    }

    async fn hold(&self, id: HoldId) -> Result<Option<HoldRow>, StoreError> {
        either!(self, store => store.hold(id).await)
    }

    async fn holds_of(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<HoldRow>, StoreError> {
        either!(self, store => store.holds_of(exchanges).await)
    }

    async fn holds_restrict(&self, at: Timestamp) -> Result<bool, StoreError> {
        either!(self, store => store.holds_restrict(at).await)
    }

    async fn holds_over(&self, at: Timestamp) -> Result<Vec<HoldRow>, StoreError> {
        either!(self, store => store.holds_over(at).await)
    }
}

impl Uses for Database {
    async fn used(&self, exchange: ExchangeId, limit: u32) -> Result<Vec<UseRow>, StoreError> {
        either!(self, store => store.used(exchange, limit).await)
    }

    async fn use_counts(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> Result<Vec<(ExchangeId, UseCount)>, StoreError> {
        either!(self, store => store.use_counts(exchanges).await)
    }

    async fn used_from(&self) -> Result<LeafIndex, StoreError> {
        either!(self, store => store.used_from().await)
    }

    async fn look_ups_over(&self, at: Timestamp) -> Result<bool, StoreError> {
        either!(self, store => store.look_ups_over(at).await)
    }

    async fn looked_up(&self, who: Counted, since: Timestamp) -> Result<u64, StoreError> {
        either!(self, store => store.looked_up(who, since).await)
    }
}
