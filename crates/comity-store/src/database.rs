//! The gateway's database, whichever engine it is: one type for the shell to hold.

use crate::location::Location;
use crate::log::LogIdentity;
use crate::mark::MarkFile;
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;
use comity_exchange::collect::{ContentTag, ObjectTag};
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::{
    AdoptedLaw, ApprovalRow, DelegationRow, Epoch, EscalationRow, ExchangeRow, FoundAnswer, HeldFor,
    HeldRecord, Integrated, Left, Logged, Officer, OfficerKey, OutboxItem, Peer, Record, RecordPlace,
    SealedSegment, Standing, Store, StoreError, TokenRow, Vitals,
};
use comity_terms::ids::SegmentId;
use comity_terms::{Digest, ExchangeId, Month, Party, Timestamp};
use comity_tlog::{ConsistencyProof, Hash, InclusionProof, LeafIndex, TreeSize};
use comity_vault::Bucket;
use std::path::Path;
use std::sync::Arc;

/// The store of one gateway, or what a dry run sees of it.
pub struct Database {
    engine: Arc<Engine>,
    /// What a dry run would have recorded; none of it is.
    aside: Option<Aside>,
}

/// Where the data lies.
enum Engine {
    /// Embedded, in the gateway's folder.
    Sqlite(SqliteStore),
    /// On a server that several nodes of the gateway may share.
    Postgres(PostgresStore),
}

/// The same call on whichever engine it is.
macro_rules! either {
    ($database:ident, $store:ident => $call:expr) => {
        match &*$database.engine {
            Engine::Sqlite($store) => $call,
            Engine::Postgres($store) => $call,
        }
    };
}

/// The same call where it changes something: a dry run changes nothing.
macro_rules! unless_dry {
    ($database:ident, $store:ident => $call:expr) => {
        match $database.aside {
            Some(_) => Err(StoreError::DryRun),
            None => either!($database, $store => $call),
        }
    };
}

// After the macro that they use.
mod between;
mod dry;
mod persons;
mod received;

use dry::Aside;
pub use dry::DryUntil;

impl Database {
    /// Opens the database at `location` of the gateway in `folder`: see [`SqliteStore::open`] and
    /// [`PostgresStore::open`].
    ///
    /// # Errors
    /// As there.
    pub async fn open(
        location: &Location,
        folder: &Path,
        identity: LogIdentity,
        mark: impl MarkFile,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, StoreError> {
        let engine = match location {
            Location::Folder => Engine::Sqlite(SqliteStore::open(folder, identity, mark, clock)?),
            Location::Server(url) => {
                Engine::Postgres(PostgresStore::open(url, folder, identity, mark, clock)?)
            }
        };
        Ok(Self { engine: Arc::new(engine), aside: None })
    }

    /// The same data for a dry run: it reads what is there, and nothing that would change it does. What it would record is put
    /// aside ([`put_aside`](Self::put_aside)); where it ends with that, by [`StoreError::DryRun`].
    #[must_use]
    pub fn dry(&self, until: DryUntil) -> Self {
        Self { engine: Arc::clone(&self.engine), aside: Some(Aside::new(until)) }
    }

    /// What a dry run would have recorded by now, in its order, each once; nothing where it is none.
    #[must_use]
    pub fn put_aside(&self) -> Vec<Record> {
        self.aside.as_ref().map(Aside::taken).unwrap_or_default()
    }

    /// How often partners or laws have been changed by any node; what one process alone changes is not counted.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the database cannot be read.
    pub async fn register_version(&self) -> Result<i64, StoreError> {
        match &*self.engine {
            Engine::Sqlite(_) => Ok(0),
            Engine::Postgres(store) => store.register_version().await,
        }
    }

    /// The latest instant at which this log was known to be signed: the gateway's time never runs below it.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        either!(self, store => store.floor())
    }

    /// Why the store takes no changes any more, where it stopped by itself: a commit or the mark is in doubt, and
    /// what persisted is found out by opening it again.
    #[must_use]
    pub fn stopped(&self) -> Option<StoreError> {
        either!(self, store => store.stopped())
    }

    /// Waits until the store stops by itself, and gives why; for ever where it is closed instead.
    pub async fn until_stopped(&self) -> StoreError {
        either!(self, store => store.until_stopped().await)
    }

    /// Waits until what was committed before is published in the folder of the log.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the files cannot be written. Nothing is lost by it: they are derived again.
    pub async fn flush_tiles(&self) -> Result<(), StoreError> {
        either!(self, store => store.flush_tiles().await)
    }

    /// Finishes what is under way; blocks until then. Later calls fail.
    pub fn close(&self) {
        either!(self, store => store.close());
    }
}

impl Store for Database {
    async fn record(&self, record: Record) -> Result<Integrated, StoreError> {
        let Some(aside) = &self.aside else { return either!(self, store => store.record(record).await) };
        aside.put(record, self.checkpoint().await?)
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError> {
        either!(self, store => store.exchange(id).await)
    }

    async fn exchange_integrated(
        &self,
        id: ExchangeId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        either!(self, store => store.exchange_integrated(id).await)
    }

    async fn answer(&self, peer: &Party, exchange: ExchangeId) -> Result<Option<FoundAnswer>, StoreError> {
        either!(self, store => store.answer(peer, exchange).await)
    }

    async fn accepted_in_chain(
        &self,
        peer: &Party,
        chain: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError> {
        either!(self, store => store.accepted_in_chain(peer, chain).await)
    }

    async fn partner_receipt(&self, exchange: ExchangeId) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, store => store.partner_receipt(exchange).await)
    }

    async fn claim_outbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
        besides: &[Party],
    ) -> Result<Vec<OutboxItem>, StoreError> {
        unless_dry!(self, store => store.claim_outbox(now, until, limit, besides).await)
    }

    async fn claim_offer(
        &self,
        exchange: ExchangeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<OutboxItem>, StoreError> {
        unless_dry!(self, store => store.claim_offer(exchange, now, until).await)
    }

    async fn postpone(&self, exchange: ExchangeId, next_at: Timestamp) -> Result<(), StoreError> {
        unless_dry!(self, store => store.postpone(exchange, next_at).await)
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        either!(self, store => store.checkpoint().await)
    }

    async fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<InclusionProof, StoreError> {
        either!(self, store => store.inclusion(index, size).await)
    }

    async fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<ConsistencyProof, StoreError> {
        either!(self, store => store.consistency(old, new).await)
    }

    async fn logged(&self, from: LeafIndex, limit: u32) -> Result<Vec<Logged>, StoreError> {
        either!(self, store => store.logged(from, limit).await)
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<(TreeSize, Hash)>, StoreError> {
        either!(self, store => store.witnessed(origin).await)
    }

    async fn witnessed_checkpoint(&self, origin: &str) -> Result<Option<String>, StoreError> {
        either!(self, store => store.witnessed_checkpoint(origin).await)
    }

    async fn witnessed_by(&self, peer: &Party) -> Result<TreeSize, StoreError> {
        either!(self, store => store.witnessed_by(peer).await)
    }

    async fn peer(&self, party: &Party) -> Result<Option<Peer>, StoreError> {
        either!(self, store => store.peer(party).await)
    }

    async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        either!(self, store => store.peers().await)
    }

    async fn officer(&self, name: &str) -> Result<Option<Officer>, StoreError> {
        either!(self, store => store.officer(name).await)
    }

    async fn officer_keys(&self) -> Result<Vec<OfficerKey>, StoreError> {
        either!(self, store => store.officer_keys().await)
    }

    async fn standing(&self, name: &str) -> Result<Option<Standing>, StoreError> {
        either!(self, store => store.standing(name).await)
    }

    async fn token(&self, digest: Digest) -> Result<Option<TokenRow>, StoreError> {
        either!(self, store => store.token(digest).await)
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        either!(self, store => store.tokens().await)
    }

    async fn subject(&self, subject: Digest) -> Result<Option<String>, StoreError> {
        either!(self, store => store.subject(subject).await)
    }

    async fn escalation(&self, exchange: ExchangeId) -> Result<Option<EscalationRow>, StoreError> {
        either!(self, store => store.escalation(exchange).await)
    }

    async fn escalations(
        &self,
        after: Option<ExchangeId>,
        limit: u32,
    ) -> Result<Vec<EscalationRow>, StoreError> {
        either!(self, store => store.escalations(after, limit).await)
    }

    async fn approvals(&self, exchange: ExchangeId) -> Result<Vec<ApprovalRow>, StoreError> {
        let mut approvals = either!(self, store => store.approvals(exchange).await)?;
        if let Some(aside) = &self.aside {
            let of = |row: &&ApprovalRow| row.exchange == exchange;
            approvals.extend(aside.all(|record| record.approvals.iter().filter(of).cloned().collect()));
        }
        Ok(approvals)
    }

    async fn delegations(&self) -> Result<Vec<DelegationRow>, StoreError> {
        either!(self, store => store.delegations().await)
    }

    async fn adopted_laws(&self) -> Result<Vec<AdoptedLaw>, StoreError> {
        either!(self, store => store.adopted_laws().await)
    }

    async fn law_signatures(&self, party: &Party) -> Result<Vec<SignedLaw>, StoreError> {
        either!(self, store => store.law_signatures(party).await)
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<SealedSegment>, StoreError> {
        let of = |record: &Record| record.segments.iter().find(|segment| segment.id == id).cloned();
        if let Some(segment) = self.aside.as_ref().and_then(|aside| aside.newest(of)) {
            return Ok(Some(segment));
        }
        either!(self, store => store.segment(id).await)
    }

    async fn segments(&self, exchange: ExchangeId) -> Result<Vec<SegmentId>, StoreError> {
        either!(self, store => store.segments(exchange).await)
    }

    async fn due(&self, by: Timestamp, at: Timestamp, limit: u32) -> Result<Vec<HeldRecord>, StoreError> {
        either!(self, store => store.due(by, at, limit).await)
    }

    async fn held_of(
        &self,
        exchange: ExchangeId,
        openings: bool,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        either!(self, store => store.held_of(exchange, openings, limit).await)
    }

    async fn leaving(&self, places: Vec<RecordPlace>) -> Result<Left, StoreError> {
        either!(self, store => store.leaving(places).await)
    }

    async fn clocks(
        &self,
        held: HeldFor,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ContentTag, Timestamp)>, StoreError> {
        either!(self, store => store.clocks(held, objects).await)
    }

    async fn held_in(
        &self,
        bucket: &Bucket,
        after: Option<&HeldRecord>,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        either!(self, store => store.held_in(bucket, after, limit).await)
    }

    async fn close_bucket(&self, bucket: &Bucket, now: Timestamp) -> Result<bool, StoreError> {
        unless_dry!(self, store => store.close_bucket(bucket, now).await)
    }

    async fn epochs(&self, month: Month, all: bool) -> Result<Vec<Epoch>, StoreError> {
        either!(self, store => store.epochs(month, all).await)
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vitals, StoreError> {
        either!(self, store => store.vitals(now).await)
    }
}
