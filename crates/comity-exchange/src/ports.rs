//! What the rules need from the world, as domain operations. `comity-store` and the gateway implement them.
//!
//! The one promise that everything leans on is [`Store::record`]: acts, state, outbox, sealed records, log
//! entries and the signed checkpoint are one transaction. It has happened whole or not at all, and once it
//! returned it survives a power cut. No SQL, path or URL shows through here.

mod collected;
mod credentials;
mod erasure;
mod escalation;
mod holds;
mod logged;
mod matching;
mod notices;
mod opt_outs;
mod parties;
mod recall;
mod record;
mod removals;
mod road;
mod subjects;
mod uses;
mod vitals;
mod webhooks;

pub use collected::{
    CollectedObject, CollectedSegment, Collections, HeldFor, Leaving, Left, Listed, Page, Presence, Removal,
    Stream, VersionWanted, Wanted,
};
pub use credentials::{Standing, SubjectRow, TokenRow};
pub use erasure::{Destruction, Epoch, Erasure, HeldRecord, RecordPlace, Rewrapped};
pub use escalation::{ApprovalRow, DelegationRow, EscalationDetail, EscalationRow, Put, Turn};
pub use holds::{HoldRow, Holds};
pub use logged::Logged;
pub use matching::{
    MatchAnswerRow, MatchChange, MatchEpochRow, MatchRoad, MatchScope, MatchSide, MatchSpent, Matches,
    StoredMatch,
};
pub use notices::{Deferral, NoticeDetail, NoticeRow, NoticeState, Notices, Proposed};
pub use opt_outs::{Mandate, MandateRow, OptOutDetail, OptOutRow, OptOutState, OptOutTag, OptOuts};
pub use parties::{AdoptedLaw, Officer, OfficerKey, Peer};
pub use recall::{Derived, RecallRow, Recalls, RecordName, Restriction, Way};
pub use record::{Draft, Record, SealedSegment, SegmentKind};
pub use removals::{Bar, PeerRemoval, Removals};
pub use road::{PeerError, Peers, RecallRoad, ReferralRoad, ViewRoad};
pub use subjects::{
    FoundRecord, OrderedFor, Referral, ReferralSent, Referred, ReferredAnswer, RequestDetail, RequestRow,
    SubjectTag, Subjects, Tagged,
};
pub use uses::{Counted, LookUp, UseCount, UseRow, Uses};
pub use vitals::Vitals;
pub use webhooks::{WebhookRow, Webhooks};

use crate::collect::{ContentTag, ObjectTag};
use crate::entry::PublicEntry;
use crate::federation::frame::SignedHeader;
use crate::federation::identity::SignedLaw;
use crate::report::{ExchangeOutcome, Side};
use comity_terms::ids::SegmentId;
use comity_terms::{Digest, ExchangeId, Month, PackSlug, Party, Timestamp};
use comity_tlog::{ConsistencyProof, Hash, InclusionProof, LeafIndex, TreeSize};
use comity_vault::Bucket;
use std::future::Future;

/// The skeleton of an exchange: ids, digests, counts and dates; no value of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRow {
    /// The exchange.
    pub id: ExchangeId,
    /// Which side this gateway is on.
    pub side: Side,
    /// The other party.
    pub peer: Party,
    /// The agreement.
    pub agreement: PackSlug,
    /// Its digest.
    pub agreement_digest: Digest,
    /// The exchange that it replaces.
    pub supersedes: Option<ExchangeId>,
    /// The first exchange of its chain: itself, unless it replaces another. A receiver accepts one of a chain.
    pub chain: ExchangeId,
    /// The offer, once there is one.
    pub offer: Option<Digest>,
    /// What became of it so far.
    pub outcome: ExchangeOutcome,
    /// Whether every class was permitted by the sender's laws.
    pub whole: bool,
    /// Objects that went.
    pub objects: u64,
    /// The instant of the act, UTC.
    pub at: Timestamp,
    /// The instant of its last change, UTC.
    pub changed_at: Timestamp,
}

/// An offer waiting for its answer.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Whom it goes to.
    pub peer: Party,
    /// The header as signed.
    pub offer: SignedHeader,
    /// The sealed bodies, end to end.
    pub bodies: Vec<u8>,
    /// How many tries there were.
    pub attempts: u32,
    /// The next try, UTC.
    pub next_at: Timestamp,
    /// When to give up, UTC.
    pub horizon: Timestamp,
}

impl std::fmt::Debug for OutboxItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutboxItem {} to {}, try {}", self.exchange, self.peer, self.attempts)
    }
}

/// The final answer to an offer, kept as long as the skeleton.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Who offered.
    pub peer: Party,
    /// The exchange.
    pub exchange: ExchangeId,
    /// The offer's digest: another offer under the same exchange is a conflict.
    pub offer: Digest,
    /// The signed header of the answer; receipt and cosignature are attached when it is given.
    pub header: Vec<u8>,
    /// The signature over it.
    pub signature: [u8; 64],
    /// The cosignature line given with it.
    pub cosignature: Option<String>,
    /// The size of the partner's log that was known here when it was given.
    pub witnessed: Option<TreeSize>,
}

/// An answer found again, with where its entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAnswer {
    /// The answer.
    pub answer: StoredAnswer,
    /// Where its entry was integrated.
    pub integrated: Integrated,
}

/// One step of a partner's log, compared and swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessStep {
    /// The log.
    pub origin: String,
    /// The size known before; `None` for a log seen the first time.
    pub old: Option<TreeSize>,
    /// The size cosigned.
    pub size: TreeSize,
    /// The root cosigned.
    pub root: Hash,
    /// The checkpoint cosigned, with the log's own signature: what can be shown of it later.
    pub checkpoint: String,
}

/// Where entries were integrated: under a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrated {
    /// The index of the first entry of the record.
    pub index: LeafIndex,
    /// The size of the tree that the checkpoint signs.
    pub size: TreeSize,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row that may be written once is there already: a second answer to one exchange, a second acceptance
    /// in one chain, a stale witness step without an answer.
    /// Nothing changed; callers read what is there and go by that.
    #[error("{0} is there already")]
    Conflict(&'static str),
    /// The log is behind what this gateway has signed before: a restored database. Nothing is ever appended.
    #[error(
        "the log holds {found} entries, but {marked} were signed: the database was restored, and nothing is appended \
         until `comity log succeed` has opened the log that succeeds this one"
    )]
    BehindMark {
        /// What the high-water mark says.
        marked: u64,
        /// What the database holds.
        found: u64,
    },
    /// The log has been succeeded since the database was copied: a restored database. Nothing is ever appended.
    #[error(
        "the database holds the log `{found}`, but `{marked}` has succeeded it: the database was restored, and nothing is \
         appended until `comity log succeed` has opened the log that succeeds both"
    )]
    SucceededSince {
        /// The log that the high-water mark is of.
        marked: String,
        /// The log in the database.
        found: String,
    },
    /// A record was sealed under an epoch key that is being destroyed. Nothing changed; callers seal again, under
    /// the key that is current by now.
    #[error("the epoch key of {0} takes no more records")]
    KeyClosed(Bucket),
    /// The act is a dry run: it came as far as its record, which is kept aside to be told of. Nothing changed.
    #[error("a dry run: nothing is recorded")]
    DryRun,
    /// The store failed; whether the change persisted is not known. Callers stop and recover by reading.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// The one database: state, vault rows and log.
pub trait Store: Send + Sync + 'static {
    /// Does all of `record` in one durable transaction and integrates its entries.
    ///
    /// Concurrent callers share a transaction and a checkpoint where they arrive together.
    ///
    /// # Errors
    /// [`StoreError`]; after `Failed` nothing may be assumed.
    fn record(&self, record: Record) -> impl Future<Output = Result<Integrated, StoreError>> + Send;

    /// The skeleton of an exchange.
    fn exchange(
        &self,
        id: ExchangeId,
    ) -> impl Future<Output = Result<Option<ExchangeRow>, StoreError>> + Send;

    /// Where the entry that records an exchange on this side was integrated: the first about it that came with its skeleton.
    fn exchange_integrated(
        &self,
        id: ExchangeId,
    ) -> impl Future<Output = Result<Option<(PublicEntry, Integrated)>, StoreError>> + Send;

    /// The final answer given to a partner's offer under this exchange.
    fn answer(
        &self,
        peer: &Party,
        exchange: ExchangeId,
    ) -> impl Future<Output = Result<Option<FoundAnswer>, StoreError>> + Send;

    /// The exchange of a chain that was accepted here from `peer`, where one was.
    fn accepted_in_chain(
        &self,
        peer: &Party,
        chain: ExchangeId,
    ) -> impl Future<Output = Result<Option<ExchangeId>, StoreError>> + Send;

    /// The partner's receipt for an exchange.
    fn partner_receipt(
        &self,
        exchange: ExchangeId,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Offers due at `now`, but for those to the partners `besides`; claimed until `until` so that no one else delivers
    /// them meanwhile.
    fn claim_outbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
        besides: &[Party],
    ) -> impl Future<Output = Result<Vec<OutboxItem>, StoreError>> + Send;

    /// Claims one offer, whenever it is due; `None` when it is settled or claimed.
    fn claim_offer(
        &self,
        exchange: ExchangeId,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Option<OutboxItem>, StoreError>> + Send;

    /// Gives a claimed offer back, to be tried again at `next_at`.
    fn postpone(
        &self,
        exchange: ExchangeId,
        next_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The newest signed checkpoint.
    fn checkpoint(&self) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// The proof that entry `index` is in the tree of `size`.
    fn inclusion(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> impl Future<Output = Result<InclusionProof, StoreError>> + Send;

    /// The proof that the tree of `old` is a prefix of the tree of `new`.
    fn consistency(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> impl Future<Output = Result<ConsistencyProof, StoreError>> + Send;

    /// The entries from `from` on, in their order, each with its sealed opening while that is there; at most `limit`.
    fn logged(
        &self,
        from: LeafIndex,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Logged>, StoreError>> + Send;

    /// What this gateway last cosigned of a partner's log.
    fn witnessed(
        &self,
        origin: &str,
    ) -> impl Future<Output = Result<Option<(TreeSize, Hash)>, StoreError>> + Send;

    /// The checkpoint of a partner's log that this gateway last cosigned, a signed note.
    fn witnessed_checkpoint(
        &self,
        origin: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// What a partner said it knows of this gateway's log.
    fn witnessed_by(&self, peer: &Party) -> impl Future<Output = Result<TreeSize, StoreError>> + Send;

    /// A partner by its party.
    fn peer(&self, party: &Party) -> impl Future<Output = Result<Option<Peer>, StoreError>> + Send;

    /// Every partner, by party.
    fn peers(&self) -> impl Future<Output = Result<Vec<Peer>, StoreError>> + Send;

    /// An officer by name.
    fn officer(&self, name: &str) -> impl Future<Output = Result<Option<Officer>, StoreError>> + Send;

    /// The keys of every officer, by officer, the newest last.
    fn officer_keys(&self) -> impl Future<Output = Result<Vec<OfficerKey>, StoreError>> + Send;

    /// An officer as they stand now: with whether they may order anything.
    fn standing(&self, name: &str) -> impl Future<Output = Result<Option<Standing>, StoreError>> + Send;

    /// The token with this digest, also when it has ended.
    fn token(&self, digest: Digest) -> impl Future<Output = Result<Option<TokenRow>, StoreError>> + Send;

    /// Every token, those that have ended too, oldest first.
    fn tokens(&self) -> impl Future<Output = Result<Vec<TokenRow>, StoreError>> + Send;

    /// The officer whom a provider speaks of, by the digest of issuer and subject.
    fn subject(&self, subject: Digest) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// An exchange that waits for offices, or waited.
    fn escalation(
        &self,
        exchange: ExchangeId,
    ) -> impl Future<Output = Result<Option<EscalationRow>, StoreError>> + Send;

    /// The exchanges that wait for offices, by their ids: at most `limit`, from behind `after`.
    fn escalations(
        &self,
        after: Option<ExchangeId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<EscalationRow>, StoreError>> + Send;

    /// What offices said of an exchange, in the order of what it binds.
    fn approvals(
        &self,
        exchange: ExchangeId,
    ) -> impl Future<Output = Result<Vec<ApprovalRow>, StoreError>> + Send;

    /// Every office that was lent, by holder and delegate.
    fn delegations(&self) -> impl Future<Output = Result<Vec<DelegationRow>, StoreError>> + Send;

    /// Every pack this gateway has adopted, newest last.
    fn adopted_laws(&self) -> impl Future<Output = Result<Vec<AdoptedLaw>, StoreError>> + Send;

    /// A party's signatures under packs that this gateway knows of.
    fn law_signatures(
        &self,
        party: &Party,
    ) -> impl Future<Output = Result<Vec<SignedLaw>, StoreError>> + Send;

    /// A segment with its key rows.
    fn segment(
        &self,
        id: SegmentId,
    ) -> impl Future<Output = Result<Option<SealedSegment>, StoreError>> + Send;

    /// The segments of an exchange, in the order in which they were sealed.
    fn segments(
        &self,
        exchange: ExchangeId,
    ) -> impl Future<Output = Result<Vec<SegmentId>, StoreError>> + Send;

    /// Records to be erased by `by` that no hold which stands at `at` covers, the longest due first; at most `limit`.
    fn due(
        &self,
        by: Timestamp,
        at: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<HeldRecord>, StoreError>> + Send;

    /// Records of an exchange, in the order in which they were sealed, with `openings` those of its entries too; at
    /// most `limit`.
    fn held_of(
        &self,
        exchange: ExchangeId,
        openings: bool,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<HeldRecord>, StoreError>> + Send;

    /// Those of these records that readers may ask for, with the segments that they lie in, without key rows, each with
    /// what is known of its class. In no order.
    fn leaving(&self, places: Vec<RecordPlace>) -> impl Future<Output = Result<Left, StoreError>> + Send;

    /// The clocks of these objects under an agreement, for one activity and purpose, whoever they came from: each content
    /// that is held, with the instant by which it is erased, or whose time has come, with the instant when it was; a content
    /// held twice is there twice. In no order.
    fn clocks(
        &self,
        held: HeldFor,
        objects: Vec<ObjectTag>,
    ) -> impl Future<Output = Result<Vec<(ContentTag, Timestamp)>, StoreError>> + Send;

    /// Records of a bucket after `after`, in an order of the store's own; at most `limit`. One that comes in
    /// meanwhile may be missed.
    fn held_in(
        &self,
        bucket: &Bucket,
        after: Option<&HeldRecord>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<HeldRecord>, StoreError>> + Send;

    /// Closes a bucket that holds nothing: from then on a record of it is refused with
    /// [`KeyClosed`](StoreError::KeyClosed). Whether it is closed now; `false` when it holds something.
    fn close_bucket(
        &self,
        bucket: &Bucket,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Buckets that have held records, or were closed, and whose keys are not destroyed: those from which
    /// something was erased, those of months before `month`, and with `all` the others too. By month.
    fn epochs(&self, month: Month, all: bool) -> impl Future<Output = Result<Vec<Epoch>, StoreError>> + Send;

    /// What an operator watches, at `now`.
    fn vitals(&self, now: Timestamp) -> impl Future<Output = Result<Vitals, StoreError>> + Send;
}
