//! The port, as this engine answers it: each question goes to the file that has its statements.

use super::writer::Message;
use super::{
    PostgresStore, collected, credentials, erasure, escalation, exchange, laws, log, outbox, peers, stopped,
    vault,
};
use comity_exchange::collect::{ContentTag, ObjectTag};
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::{
    AdoptedLaw, ApprovalRow, DelegationRow, Epoch, EscalationRow, ExchangeRow, FoundAnswer, HeldFor,
    HeldRecord, Integrated, Left, Logged, Officer, OfficerKey, OutboxItem, Peer, Record, RecordPlace,
    SealedSegment, Standing, Store, StoreError, TokenRow, Vitals,
};
use comity_terms::{Digest, ExchangeId, Month, Party, Timestamp, ids::SegmentId};
use comity_tlog::{
    ConsistencyProof, Hash, InclusionProof, LeafIndex, TreeSize, consistency_proof, inclusion_proof,
};
use comity_vault::Bucket;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

impl Store for PostgresStore {
    async fn record(&self, record: Record) -> Result<Integrated, StoreError> {
        let (waiter, made) = oneshot::channel();
        self.messages.send(Message::Record(Box::new(record), waiter)).map_err(|_| stopped())?;
        made.await.map_err(|_| stopped())?
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError> {
        self.ask(move |c| Box::pin(exchange::exchange(c, id))).await
    }

    async fn exchange_integrated(
        &self,
        id: ExchangeId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.ask(move |c| Box::pin(log::exchange_integrated(c, id))).await
    }

    async fn answer(&self, peer: &Party, exchange: ExchangeId) -> Result<Option<FoundAnswer>, StoreError> {
        let peer = peer.clone();
        self.ask(move |c| {
            let peer = peer.clone();
            Box::pin(async move { exchange::answer(c, &peer, exchange).await })
        })
        .await
    }

    async fn accepted_in_chain(
        &self,
        peer: &Party,
        chain: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError> {
        let peer = peer.clone();
        self.ask(move |c| {
            let peer = peer.clone();
            Box::pin(async move { exchange::accepted_in_chain(c, &peer, chain).await })
        })
        .await
    }

    async fn partner_receipt(&self, exchange: ExchangeId) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(move |c| Box::pin(exchange::partner_receipt(c, exchange))).await
    }

    async fn claim_outbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
        besides: &[Party],
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let besides = besides.to_vec();
        self.ask(move |c| {
            let besides = besides.clone();
            Box::pin(async move { outbox::claim_due(c, now, until, limit, &besides).await })
        })
        .await
    }

    async fn claim_offer(
        &self,
        exchange: ExchangeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<OutboxItem>, StoreError> {
        self.ask(move |c| Box::pin(outbox::claim(c, exchange, now, until))).await
    }

    async fn postpone(&self, exchange: ExchangeId, next_at: Timestamp) -> Result<(), StoreError> {
        self.ask(move |c| Box::pin(outbox::postpone(c, exchange, next_at))).await
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        self.ask(|c| Box::pin(async move { Ok(log::checkpoint(c).await?.1) })).await
    }

    async fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<InclusionProof, StoreError> {
        self.ask(move |c| Box::pin(log::computed(c, move |nodes| inclusion_proof(index, size, nodes)))).await
    }

    async fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<ConsistencyProof, StoreError> {
        self.ask(move |c| Box::pin(log::computed(c, move |nodes| consistency_proof(old, new, nodes)))).await
    }

    async fn logged(&self, from: LeafIndex, limit: u32) -> Result<Vec<Logged>, StoreError> {
        self.ask(move |c| Box::pin(log::logged(c, from, limit))).await
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<(TreeSize, Hash)>, StoreError> {
        let origin = origin.to_owned();
        self.ask(move |c| {
            let origin = origin.clone();
            Box::pin(async move { peers::witnessed(c, &origin).await })
        })
        .await
    }

    async fn witnessed_checkpoint(&self, origin: &str) -> Result<Option<String>, StoreError> {
        let origin = origin.to_owned();
        self.ask(move |c| {
            let origin = origin.clone();
            Box::pin(async move { peers::witnessed_checkpoint(c, &origin).await })
        })
        .await
    }

    async fn witnessed_by(&self, peer: &Party) -> Result<TreeSize, StoreError> {
        let peer = peer.clone();
        self.ask(move |c| {
            let peer = peer.clone();
            Box::pin(async move { peers::witnessed_by(c, &peer).await })
        })
        .await
    }

    async fn peer(&self, party: &Party) -> Result<Option<Peer>, StoreError> {
        let party = party.clone();
        self.ask(move |c| {
            let party = party.clone();
            Box::pin(async move { peers::peer(c, &party).await })
        })
        .await
    }

    async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        self.ask(|c| Box::pin(peers::peers(c))).await
    }

    async fn officer(&self, name: &str) -> Result<Option<Officer>, StoreError> {
        let name = name.to_owned();
        self.ask(move |c| {
            let name = name.clone();
            Box::pin(async move { peers::officer(c, &name).await })
        })
        .await
    }

    async fn officer_keys(&self) -> Result<Vec<OfficerKey>, StoreError> {
        self.ask(|c| Box::pin(peers::officer_keys(c))).await
    }

    async fn standing(&self, name: &str) -> Result<Option<Standing>, StoreError> {
        let name = name.to_owned();
        self.ask(move |c| {
            let name = name.clone();
            Box::pin(async move { credentials::standing(c, &name).await })
        })
        .await
    }

    async fn token(&self, digest: Digest) -> Result<Option<TokenRow>, StoreError> {
        self.ask(move |c| Box::pin(credentials::token(c, digest))).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.ask(|c| Box::pin(credentials::tokens(c))).await
    }

    async fn subject(&self, subject: Digest) -> Result<Option<String>, StoreError> {
        self.ask(move |c| Box::pin(credentials::subject(c, subject))).await
    }

    async fn escalation(&self, exchange: ExchangeId) -> Result<Option<EscalationRow>, StoreError> {
        self.ask(move |c| Box::pin(escalation::escalation(c, exchange))).await
    }

    async fn escalations(
        &self,
        after: Option<ExchangeId>,
        limit: u32,
    ) -> Result<Vec<EscalationRow>, StoreError> {
        self.ask(move |c| Box::pin(escalation::escalations(c, after, limit))).await
    }

    async fn approvals(&self, exchange: ExchangeId) -> Result<Vec<ApprovalRow>, StoreError> {
        self.ask(move |c| Box::pin(escalation::approvals(c, exchange))).await
    }

    async fn delegations(&self) -> Result<Vec<DelegationRow>, StoreError> {
        self.ask(move |c| Box::pin(escalation::delegations(c))).await
    }

    async fn adopted_laws(&self) -> Result<Vec<AdoptedLaw>, StoreError> {
        self.ask(|c| Box::pin(laws::adopted(c))).await
    }

    async fn law_signatures(&self, party: &Party) -> Result<Vec<SignedLaw>, StoreError> {
        let party = party.clone();
        self.ask(move |c| {
            let party = party.clone();
            Box::pin(async move { laws::signatures(c, &party).await })
        })
        .await
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<SealedSegment>, StoreError> {
        self.ask(move |c| Box::pin(vault::segment(c, id))).await
    }

    async fn segments(&self, exchange: ExchangeId) -> Result<Vec<SegmentId>, StoreError> {
        self.ask(move |c| Box::pin(vault::segments(c, exchange))).await
    }

    async fn due(&self, by: Timestamp, at: Timestamp, limit: u32) -> Result<Vec<HeldRecord>, StoreError> {
        self.ask(move |c| Box::pin(erasure::due(c, by, at, limit))).await
    }

    async fn held_of(
        &self,
        exchange: ExchangeId,
        openings: bool,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        self.ask(move |c| Box::pin(erasure::held_of(c, exchange, openings, limit))).await
    }

    async fn leaving(&self, places: Vec<RecordPlace>) -> Result<Left, StoreError> {
        let places = std::sync::Arc::new(places);
        self.ask(move |client| {
            let places = std::sync::Arc::clone(&places);
            Box::pin(async move { collected::leaving(client, &places).await })
        })
        .await
    }

    async fn clocks(
        &self,
        held: HeldFor,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ContentTag, Timestamp)>, StoreError> {
        let asked = std::sync::Arc::new((held, objects));
        self.ask(move |client| {
            let asked = std::sync::Arc::clone(&asked);
            Box::pin(async move { collected::clocks(client, &asked.0, &asked.1).await })
        })
        .await
    }

    async fn held_in(
        &self,
        bucket: &Bucket,
        after: Option<&HeldRecord>,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        let (bucket, after) = (bucket.clone(), after.cloned());
        self.ask(move |c| {
            let (bucket, after) = (bucket.clone(), after.clone());
            Box::pin(async move { erasure::held_in(c, &bucket, after.as_ref(), limit).await })
        })
        .await
    }

    async fn close_bucket(&self, bucket: &Bucket, now: Timestamp) -> Result<bool, StoreError> {
        let bucket = bucket.clone();
        self.ask(move |c| {
            let bucket = bucket.clone();
            Box::pin(async move { erasure::close(c, &bucket, now).await })
        })
        .await
    }

    async fn epochs(&self, month: Month, all: bool) -> Result<Vec<Epoch>, StoreError> {
        self.ask(move |c| Box::pin(erasure::epochs(c, month, all))).await
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vitals, StoreError> {
        let commit = match self.commit_nanos.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        };
        let vitals = self.ask(move |c| Box::pin(erasure::vitals(c, now))).await?;
        Ok(Vitals { commit, ..vitals })
    }
}
