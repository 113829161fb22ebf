//! A store that fails when it is told to: before the call was carried out, or after.
//!
//! Stands between the rules and the real store. Every call takes a little virtual time before and after, so
//! that others come between and a crash can fall on either side; the call itself happens at one instant.
//! Keeps the [`Ledger`](crate::faults::Ledger): what was really persisted, whatever the rules were told.

use crate::clockwork::{Clockwork, at_once};
use crate::faults::{Call, Did, Faults, Then};
use comity_exchange::collect::{ContentTag, ObjectTag};
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::{
    AdoptedLaw, ApprovalRow, Bar, Counted, DelegationRow, Derived, Epoch, EscalationRow, ExchangeRow,
    FoundAnswer, FoundRecord, HeldFor, HeldRecord, HoldRow, Holds, Integrated, Left, Logged, Officer,
    OfficerKey, OutboxItem, Peer, PeerRemoval, RecallRow, Recalls, Record, RecordName, RecordPlace, Removals,
    RequestRow, Restriction, SealedSegment, Standing, Store, StoreError, SubjectTag, Subjects, TokenRow,
    UseCount, UseRow, Uses, Vitals,
};
use comity_terms::ids::{HoldId, OrderId, RequestId, SegmentId};
use comity_terms::{Digest, ExchangeId, Month, Party, Timestamp};
use comity_tlog::{ConsistencyProof, Hash, InclusionProof, LeafIndex, TreeSize};
use comity_vault::Bucket;
use std::future::Future;
use std::time::Duration;

/// The store of process `number`, with the failures to come.
pub struct Faulty<S> {
    inner: S,
    process: usize,
    clockwork: Clockwork,
    faults: Faults,
}

impl<S> Faulty<S> {
    /// `inner`, failing as `faults` say.
    pub fn new(inner: S, process: usize, clockwork: Clockwork, faults: Faults) -> Self {
        Self { inner, process, clockwork, faults }
    }

    /// The store itself.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    async fn pass<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>>,
        persisted: impl FnOnce(&T),
    ) -> Result<T, StoreError> {
        self.clockwork.dawdle(Duration::ZERO, Duration::from_millis(2)).await;
        let fault = self.faults.strike(call);
        if fault.is_none_or(|fault| fault.did == Did::All) {
            let done = at_once(work);
            if let Ok(done) = &done {
                persisted(done);
            }
            if fault.is_none() {
                if call.changes() {
                    self.clockwork.dawdle(Duration::ZERO, Duration::from_millis(4)).await;
                }
                return done;
            }
        }
        if fault.is_some_and(|fault| fault.then == Then::Dies) {
            self.clockwork.doom(self.process);
            std::future::pending::<()>().await;
        }
        Err(StoreError::Failed(format!("{call:?} fails as it was told to")))
    }
}

impl<S: Store> Store for Faulty<S> {
    async fn record(&self, record: Record) -> Result<Integrated, StoreError> {
        let (entries, rows) = (record.entries.len() as u64, record.exchanges.clone());
        let integrated = self
            .pass(Call::Record, self.inner.record(record), |_| {
                let mut ledger = self.faults.ledger();
                ledger.entries += entries;
                ledger.exchanges.extend(rows.iter().map(|row| (row.id, row.clone())));
            })
            .await?;
        self.faults.ledger().told.extend(rows.into_iter().map(|row| (row.id, row)));
        Ok(integrated)
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError> {
        self.pass(Call::Exchange, self.inner.exchange(id), |_| {}).await
    }

    async fn exchange_integrated(
        &self,
        id: ExchangeId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.pass(Call::ExchangeIntegrated, self.inner.exchange_integrated(id), |_| {}).await
    }

    async fn answer(&self, peer: &Party, exchange: ExchangeId) -> Result<Option<FoundAnswer>, StoreError> {
        self.pass(Call::Answer, self.inner.answer(peer, exchange), |_| {}).await
    }

    async fn accepted_in_chain(
        &self,
        peer: &Party,
        chain: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError> {
        self.pass(Call::AcceptedInChain, self.inner.accepted_in_chain(peer, chain), |_| {}).await
    }

    async fn partner_receipt(&self, exchange: ExchangeId) -> Result<Option<Vec<u8>>, StoreError> {
        self.pass(Call::PartnerReceipt, self.inner.partner_receipt(exchange), |_| {}).await
    }

    async fn claim_outbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
        besides: &[Party],
    ) -> Result<Vec<OutboxItem>, StoreError> {
        self.pass(Call::ClaimOutbox, self.inner.claim_outbox(now, until, limit, besides), |_| {}).await
    }

    async fn claim_offer(
        &self,
        exchange: ExchangeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<OutboxItem>, StoreError> {
        self.pass(Call::ClaimOffer, self.inner.claim_offer(exchange, now, until), |_| {}).await
    }

    async fn postpone(&self, exchange: ExchangeId, next_at: Timestamp) -> Result<(), StoreError> {
        self.pass(Call::Postpone, self.inner.postpone(exchange, next_at), |()| {}).await
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        self.pass(Call::Checkpoint, self.inner.checkpoint(), |_| {}).await
    }

    async fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<InclusionProof, StoreError> {
        self.pass(Call::Inclusion, self.inner.inclusion(index, size), |_| {}).await
    }

    async fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<ConsistencyProof, StoreError> {
        self.pass(Call::Consistency, self.inner.consistency(old, new), |_| {}).await
    }

    async fn logged(&self, from: LeafIndex, limit: u32) -> Result<Vec<Logged>, StoreError> {
        self.pass(Call::Logged, self.inner.logged(from, limit), |_| {}).await
    }

    async fn witnessed(&self, origin: &str) -> Result<Option<(TreeSize, Hash)>, StoreError> {
        self.pass(Call::Witnessed, self.inner.witnessed(origin), |_| {}).await
    }

    async fn witnessed_checkpoint(&self, origin: &str) -> Result<Option<String>, StoreError> {
        self.pass(Call::WitnessedCheckpoint, self.inner.witnessed_checkpoint(origin), |_| {}).await
    }

    async fn witnessed_by(&self, peer: &Party) -> Result<TreeSize, StoreError> {
        self.pass(Call::WitnessedBy, self.inner.witnessed_by(peer), |_| {}).await
    }

    async fn peer(&self, party: &Party) -> Result<Option<Peer>, StoreError> {
        self.pass(Call::Peer, self.inner.peer(party), |_| {}).await
    }

    async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        self.pass(Call::Peers, self.inner.peers(), |_| {}).await
    }

    async fn officer(&self, name: &str) -> Result<Option<Officer>, StoreError> {
        self.pass(Call::Officer, self.inner.officer(name), |_| {}).await
    }

    async fn officer_keys(&self) -> Result<Vec<OfficerKey>, StoreError> {
        self.pass(Call::OfficerKeys, self.inner.officer_keys(), |_| {}).await
    }

    async fn standing(&self, name: &str) -> Result<Option<Standing>, StoreError> {
        self.pass(Call::Standing, self.inner.standing(name), |_| {}).await
    }

    async fn token(&self, digest: Digest) -> Result<Option<TokenRow>, StoreError> {
        self.pass(Call::Token, self.inner.token(digest), |_| {}).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.pass(Call::Tokens, self.inner.tokens(), |_| {}).await
    }

    async fn subject(&self, subject: Digest) -> Result<Option<String>, StoreError> {
        self.pass(Call::Subject, self.inner.subject(subject), |_| {}).await
    }

    async fn escalation(&self, exchange: ExchangeId) -> Result<Option<EscalationRow>, StoreError> {
        self.pass(Call::Escalation, self.inner.escalation(exchange), |_| {}).await
    }

    async fn escalations(
        &self,
        after: Option<ExchangeId>,
        limit: u32,
    ) -> Result<Vec<EscalationRow>, StoreError> {
        self.pass(Call::Escalations, self.inner.escalations(after, limit), |_| {}).await
    }

    async fn approvals(&self, exchange: ExchangeId) -> Result<Vec<ApprovalRow>, StoreError> {
        self.pass(Call::Approvals, self.inner.approvals(exchange), |_| {}).await
    }

    async fn delegations(&self) -> Result<Vec<DelegationRow>, StoreError> {
        self.pass(Call::Delegations, self.inner.delegations(), |_| {}).await
    }

    async fn adopted_laws(&self) -> Result<Vec<AdoptedLaw>, StoreError> {
        self.pass(Call::AdoptedLaws, self.inner.adopted_laws(), |_| {}).await
    }

    async fn law_signatures(&self, party: &Party) -> Result<Vec<SignedLaw>, StoreError> {
        self.pass(Call::LawSignatures, self.inner.law_signatures(party), |_| {}).await
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<SealedSegment>, StoreError> {
        self.pass(Call::Segment, self.inner.segment(id), |_| {}).await
    }

    async fn segments(&self, exchange: ExchangeId) -> Result<Vec<SegmentId>, StoreError> {
        self.pass(Call::Segments, self.inner.segments(exchange), |_| {}).await
    }

    async fn due(&self, by: Timestamp, at: Timestamp, limit: u32) -> Result<Vec<HeldRecord>, StoreError> {
        self.pass(Call::Due, self.inner.due(by, at, limit), |_| {}).await
    }

    async fn held_of(
        &self,
        exchange: ExchangeId,
        openings: bool,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        self.pass(Call::HeldOf, self.inner.held_of(exchange, openings, limit), |_| {}).await
    }

    async fn leaving(&self, places: Vec<RecordPlace>) -> Result<Left, StoreError> {
        self.pass(Call::Leaving, self.inner.leaving(places), |_| {}).await
    }

    async fn clocks(
        &self,
        held: HeldFor,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ContentTag, Timestamp)>, StoreError> {
        self.pass(Call::Clocks, self.inner.clocks(held, objects), |_| {}).await
    }

    async fn held_in(
        &self,
        bucket: &Bucket,
        after: Option<&HeldRecord>,
        limit: u32,
    ) -> Result<Vec<HeldRecord>, StoreError> {
        self.pass(Call::HeldIn, self.inner.held_in(bucket, after, limit), |_| {}).await
    }

    async fn close_bucket(&self, bucket: &Bucket, now: Timestamp) -> Result<bool, StoreError> {
        self.pass(Call::CloseBucket, self.inner.close_bucket(bucket, now), |_| {}).await
    }

    async fn epochs(&self, month: Month, all: bool) -> Result<Vec<Epoch>, StoreError> {
        self.pass(Call::Epochs, self.inner.epochs(month, all), |_| {}).await
    }

    async fn vitals(&self, now: Timestamp) -> Result<Vitals, StoreError> {
        self.pass(Call::Vitals, self.inner.vitals(now), |_| {}).await
    }
}

/// Reads of holds do not fail here: what changes them is `record`, which does.
impl Holds for Faulty<comity_store::SqliteStore> {
    async fn holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        at_once(self.inner.holds())
    }

    async fn hold(&self, id: HoldId) -> Result<Option<HoldRow>, StoreError> {
        at_once(self.inner.hold(id))
    }

    async fn holds_of(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<HoldRow>, StoreError> {
        at_once(self.inner.holds_of(exchanges))
    }

    async fn holds_restrict(&self, at: Timestamp) -> Result<bool, StoreError> {
        at_once(self.inner.holds_restrict(at))
    }

    async fn holds_over(&self, at: Timestamp) -> Result<Vec<HoldRow>, StoreError> {
        at_once(self.inner.holds_over(at))
    }
}

/// Nor do reads of removals.
impl Removals for Faulty<comity_store::SqliteStore> {
    async fn removals(&self) -> Result<Vec<PeerRemoval>, StoreError> {
        at_once(self.inner.removals())
    }

    async fn bars(&self) -> Result<bool, StoreError> {
        at_once(self.inner.bars())
    }

    async fn barred(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Bar>, StoreError> {
        at_once(self.inner.barred(exchanges))
    }

    async fn unbarred(
        &self,
        party: &Party,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<ExchangeRow>, StoreError> {
        at_once(self.inner.unbarred(party, origin, limit))
    }

    async fn barred_in_vain(
        &self,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<(PeerRemoval, ExchangeRow)>, StoreError> {
        at_once(self.inner.barred_in_vain(origin, limit))
    }
}

/// Nor do reads of uses.
impl Uses for Faulty<comity_store::SqliteStore> {
    async fn used(&self, exchange: ExchangeId, limit: u32) -> Result<Vec<UseRow>, StoreError> {
        at_once(self.inner.used(exchange, limit))
    }

    async fn use_counts(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> Result<Vec<(ExchangeId, UseCount)>, StoreError> {
        at_once(self.inner.use_counts(exchanges))
    }

    async fn used_from(&self) -> Result<LeafIndex, StoreError> {
        at_once(self.inner.used_from())
    }

    async fn look_ups_over(&self, at: Timestamp) -> Result<bool, StoreError> {
        at_once(self.inner.look_ups_over(at))
    }

    async fn looked_up(&self, who: Counted, since: Timestamp) -> Result<u64, StoreError> {
        at_once(self.inner.looked_up(who, since))
    }
}

/// Reads of orders do not fail here: what changes them is `record`, which does.
impl Recalls for Faulty<comity_store::SqliteStore> {
    async fn recalls(&self, order: Option<OrderId>) -> Result<Vec<RecallRow>, StoreError> {
        at_once(self.inner.recalls(order))
    }

    async fn recalls_open(&self) -> Result<Vec<RecallRow>, StoreError> {
        at_once(self.inner.recalls_open())
    }

    async fn recall(&self, message: Digest) -> Result<Option<RecallRow>, StoreError> {
        at_once(self.inner.recall(message))
    }

    async fn recalls_under(&self, parent: Digest) -> Result<Vec<RecallRow>, StoreError> {
        at_once(self.inner.recalls_under(parent))
    }

    async fn recalls_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RecallRow>, StoreError> {
        at_once(self.inner.recalls_due(now, limit))
    }

    async fn recall_integrated(
        &self,
        message: Digest,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        at_once(self.inner.recall_integrated(message))
    }

    async fn derived_from(&self, source: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        at_once(self.inner.derived_from(source))
    }

    async fn derived_of(&self, given: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        at_once(self.inner.derived_of(given))
    }

    async fn sources(
        &self,
        objects: Vec<ObjectTag>,
        besides: Option<&Party>,
    ) -> Result<Vec<(ObjectTag, RecordName)>, StoreError> {
        at_once(self.inner.sources(objects, besides))
    }

    async fn restricted_by(&self, order: OrderId) -> Result<Vec<Restriction>, StoreError> {
        at_once(self.inner.restricted_by(order))
    }

    async fn restrictions_of(&self, exchange: ExchangeId) -> Result<Vec<Restriction>, StoreError> {
        at_once(self.inner.restrictions_of(exchange))
    }

    async fn restricts(&self) -> Result<bool, StoreError> {
        at_once(self.inner.restricts())
    }

    async fn restricted(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Restriction>, StoreError> {
        at_once(self.inner.restricted(exchanges))
    }
}

/// Reads of requests do not fail here either.
impl Subjects for Faulty<comity_store::SqliteStore> {
    async fn tagged(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<FoundRecord>, StoreError> {
        at_once(self.inner.tagged(tags))
    }

    async fn tagged_months(&self, month: Month) -> Result<Vec<Month>, StoreError> {
        at_once(self.inner.tagged_months(month))
    }

    async fn tagged_sent(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<RecordName>, StoreError> {
        at_once(self.inner.tagged_sent(tags))
    }

    async fn requests(&self, all: bool) -> Result<Vec<RequestRow>, StoreError> {
        at_once(self.inner.requests(all))
    }

    async fn requests_waiting(
        &self,
        after: Option<(Timestamp, RequestId)>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        at_once(self.inner.requests_waiting(after, limit))
    }

    async fn requests_counted(&self, at: Timestamp) -> Result<(u64, u64), StoreError> {
        at_once(self.inner.requests_counted(at))
    }

    async fn request_of_case(&self, case: RequestId) -> Result<Option<RequestRow>, StoreError> {
        at_once(self.inner.request_of_case(case))
    }

    async fn requests_to_send(&self, by: Timestamp, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        at_once(self.inner.requests_to_send(by, limit))
    }

    async fn request_integrated(
        &self,
        id: RequestId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        at_once(self.inner.request_integrated(id))
    }

    async fn request(&self, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
        at_once(self.inner.request(id))
    }
}
