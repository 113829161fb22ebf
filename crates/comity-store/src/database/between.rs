//! What goes between gateways beside offers, and to programmes of the house.

use super::{Database, Engine};
use comity_exchange::collect::ObjectTag;
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{
    Bar, Derived, ExchangeRow, Integrated, MatchEpochRow, MatchScope, MatchSide, Matches, PeerRemoval,
    RecallRow, Recalls, RecordName, Removals, Restriction, StoreError, StoredMatch, WebhookRow, Webhooks,
};
use comity_terms::ids::{MatchId, OrderId};
use comity_terms::{Day, Digest, ExchangeId, Month, PackSlug, Party, Purpose, Timestamp};

impl Matches for Database {
    async fn match_epoch(
        &self,
        side: MatchSide,
        scope: &MatchScope,
        day: Day,
    ) -> Result<Option<MatchEpochRow>, StoreError> {
        either!(self, store => store.match_epoch(side, scope, day).await)
    }

    async fn match_opened(
        &self,
        scope: &MatchScope,
        day: Day,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        either!(self, store => store.match_opened(scope, day).await)
    }

    async fn match_answer(&self, message: Digest) -> Result<Option<StoredMatch>, StoreError> {
        either!(self, store => store.match_answer(message).await)
    }

    async fn match_message(
        &self,
        peer: &Party,
        id: MatchId,
        batch: u32,
    ) -> Result<Option<Digest>, StoreError> {
        either!(self, store => store.match_message(peer, id, batch).await)
    }

    async fn match_scopes(&self, peer: &Party, day: Day) -> Result<u64, StoreError> {
        either!(self, store => store.match_scopes(peer, day).await)
    }

    async fn matches_before(&self, day: Day) -> Result<bool, StoreError> {
        either!(self, store => store.matches_before(day).await)
    }

    async fn match_spent(
        &self,
        peer: &Party,
        agreement: &PackSlug,
        purpose: &Purpose,
        month: Month,
    ) -> Result<u64, StoreError> {
        either!(self, store => store.match_spent(peer, agreement, purpose, month).await)
    }
}

impl Removals for Database {
    async fn removals(&self) -> Result<Vec<PeerRemoval>, StoreError> {
        either!(self, store => store.removals().await)
    }

    async fn bars(&self) -> Result<bool, StoreError> {
        either!(self, store => store.bars().await)
    }

    async fn barred(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Bar>, StoreError> {
        either!(self, store => store.barred(exchanges).await)
    }

    async fn unbarred(
        &self,
        party: &Party,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<ExchangeRow>, StoreError> {
        either!(self, store => store.unbarred(party, origin, limit).await)
    }

    async fn barred_in_vain(
        &self,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<(PeerRemoval, ExchangeRow)>, StoreError> {
        either!(self, store => store.barred_in_vain(origin, limit).await)
    }
}

impl Recalls for Database {
    async fn recalls(&self, order: Option<OrderId>) -> Result<Vec<RecallRow>, StoreError> {
        either!(self, store => store.recalls(order).await)
    }

    async fn recalls_open(&self) -> Result<Vec<RecallRow>, StoreError> {
        either!(self, store => store.recalls_open().await)
    }

    async fn recall(&self, message: Digest) -> Result<Option<RecallRow>, StoreError> {
        either!(self, store => store.recall(message).await)
    }

    async fn recalls_under(&self, parent: Digest) -> Result<Vec<RecallRow>, StoreError> {
        either!(self, store => store.recalls_under(parent).await)
    }

    async fn recalls_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RecallRow>, StoreError> {
        either!(self, store => store.recalls_due(now, limit).await)
    }

    async fn recall_integrated(
        &self,
        message: Digest,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        either!(self, store => store.recall_integrated(message).await)
    }

    async fn derived_from(&self, source: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        either!(self, store => store.derived_from(source).await)
    }

    async fn derived_of(&self, given: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        either!(self, store => store.derived_of(given).await)
    }

    async fn sources(
        &self,
        objects: Vec<ObjectTag>,
        besides: Option<&Party>,
    ) -> Result<Vec<(ObjectTag, RecordName)>, StoreError> {
        either!(self, store => store.sources(objects, besides).await)
    }

    async fn restricted_by(&self, order: OrderId) -> Result<Vec<Restriction>, StoreError> {
        either!(self, store => store.restricted_by(order).await)
    }

    async fn restrictions_of(&self, exchange: ExchangeId) -> Result<Vec<Restriction>, StoreError> {
        either!(self, store => store.restrictions_of(exchange).await)
    }

    async fn restricts(&self) -> Result<bool, StoreError> {
        either!(self, store => store.restricts().await)
    }

    async fn restricted(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Restriction>, StoreError> {
        either!(self, store => store.restricted(exchanges).await)
    }
}

impl Webhooks for Database {
    async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        either!(self, store => store.webhooks().await)
    }
}
