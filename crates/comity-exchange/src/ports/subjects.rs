//! What the store is asked and told about persons: which records name somebody, by tags, and what they have asked for.
//!
//! Leaves what a person is told to [`subject`](crate::subject).

use super::{HeldRecord, Integrated, RecordName, RecordPlace, StoreError, Stream};
use crate::entry::PublicEntry;
use crate::federation::recall::RecallAction;
use crate::federation::referral::ReferralResult;
use crate::wire::{Base64, Text};
pub use comity_minimise::SubjectTag;
use comity_terms::ids::{ClassId, OrderId, RequestId, SegmentId};
use comity_terms::{Action, Digest, ExchangeId, Month, PackSlug, Party, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;

/// One tag of a sealed record: whoever has the month's key and the identifier finds the record by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tagged {
    /// The record: of a segment in the same change. For what was sent, the opening of the exchange's entry.
    pub place: RecordPlace,
    /// The month of the tag's key: that in which the record is to be erased, here or where it was sent.
    pub month: Month,
    /// The tag.
    pub tag: SubjectTag,
    /// Of what was sent, the record: its class and its place in it. So an order can name it.
    pub sent: Option<(ClassId, u32)>,
}

/// A record that was found by a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecord {
    /// The record. An opening stands for what was sent in its exchange.
    pub held: HeldRecord,
    /// What is known of its class, as JSON: see [`ClassKnown`](crate::collect::ClassKnown). `None` for what is in no
    /// collection.
    pub known: Option<String>,
    /// The stream that its segment's records lie in.
    pub stream: Option<Stream>,
}

/// What a person asked for, and where it stands. A row is replaced by that of the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number.
    pub id: RequestId,
    /// What is asked, as law knows it.
    pub action: Action,
    /// Whether it waits for its answer.
    pub open: bool,
    /// When it was filed, UTC.
    pub filed_at: Timestamp,
    /// By when it is to be answered, by plain arithmetic, UTC.
    pub due_operational: Timestamp,
    /// The last lawful instant of an answer, UTC.
    pub due_legal_latest: Timestamp,
    /// When it was answered, UTC.
    pub decided_at: Option<Timestamp>,
    /// How often the row was written.
    pub version: u32,
    /// The case, where it was passed on or came from a partner: the same at every gateway, and once at each.
    pub case: Option<RequestId>,
    /// Whether the first entry of the record that brings this row is the one that a receipt about it is for from now on. Of a
    /// row that is read, `false`.
    pub entered: bool,
    /// When something is to be sent to a partner about it next, UTC; `None` where nothing is.
    pub next_at: Option<Timestamp>,
    /// The rest: nothing of who asks; of what is held no more than by which exchanges it came where something followed.
    pub detail: RequestDetail,
}

/// The rest of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDetail {
    /// The digest of the code that its status is shown for.
    pub code: Text<Digest>,
    /// The laws as they stood when it was filed: every pack adopted here, by its digest.
    pub laws: BTreeMap<Text<PackSlug>, Text<Digest>>,
    /// The segment that holds what the person stated, sealed, until it is answered.
    pub claim: Text<SegmentId>,
    /// The segment that holds the answer, sealed.
    pub answer: Option<Text<SegmentId>>,
    /// What came of it, once it is answered: `answered` or `refused`.
    pub outcome: Option<String>,
    /// Who answered: an officer's name.
    pub officer: Option<String>,
    /// The orders to partners that it led to, each with the exchange that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderedFor>,
    /// The exchanges of which something was put right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<Text<ExchangeId>>,
    /// Since when what it restricted here is restricted no more, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Text<Timestamp>>,
    /// What was passed on to partners, or would have been.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referrals: Vec<Referral>,
    /// Which partner passed it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referred: Option<Referred>,
}

/// A request that goes on to a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The partner.
    pub to: Text<Party>,
    /// The agreement that data went between the two under.
    pub agreement: Text<PackSlug>,
    /// What is sent; `None` where nothing is.
    pub sent: Option<ReferralSent>,
    /// Why nothing is sent, or no more: `refused` by our law, `left`, `no_transport_key`.
    pub not_sent: Option<String>,
    /// By when it is to be answered, UTC: by our law, then as the partner says.
    pub due: Text<Timestamp>,
    /// What the partner said last.
    pub result: Option<ReferralResult>,
    /// Whether no more is to come.
    pub complete: bool,
    /// The segment that holds the answers that came, sealed.
    pub told: Option<Text<SegmentId>>,
    /// How many tries there were.
    pub attempts: u32,
    /// No try before this instant, UTC.
    pub next_at: Text<Timestamp>,
}

/// A referral as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralSent {
    /// What it is known by.
    pub message: Text<Digest>,
    /// The header as signed.
    pub header: Base64,
    /// The signature over it.
    pub signature: Base64,
    /// The statement, sealed to the partner.
    pub body: Base64,
}

/// Where a request came from that a partner passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referred {
    /// The case.
    pub case: Text<RequestId>,
    /// Who passed it on.
    pub from: Text<Party>,
    /// Where the person asked.
    pub origin: Text<Party>,
    /// How many had it before that one.
    pub depth: u8,
    /// The referral, by what it is known by.
    pub message: Text<Digest>,
    /// Whether the partner vouches for who asks.
    pub identity_verified: bool,
    /// Why it was not taken.
    pub reasons: Vec<String>,
    /// The answer as it was last sealed to the partner.
    pub answer: Option<ReferredAnswer>,
}

/// An answer as it was sealed and signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferredAnswer {
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// The header as signed.
    pub header: Base64,
    /// The signature over it.
    pub signature: Base64,
    /// The answers, sealed.
    pub body: Base64,
    /// Whether no more is to come.
    pub complete: bool,
    /// How many partners after this one had answered.
    pub further: u64,
}

/// An order to a partner that a request led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedFor {
    /// The order.
    pub order: Text<OrderId>,
    /// The exchange that it is about.
    pub exchange: Text<ExchangeId>,
    /// What is ordered.
    pub action: RecallAction,
}

/// The persons whom records name, and what they asked for.
pub trait Subjects: Send + Sync + 'static {
    /// The records that any of these tags lead to, each once, in the order in which they were sealed.
    fn tagged(
        &self,
        tags: Vec<(Month, SubjectTag)>,
    ) -> impl Future<Output = Result<Vec<FoundRecord>, StoreError>> + Send;

    /// The months before `month` that tags of records are left of: they are held past their time.
    fn tagged_months(&self, month: Month) -> impl Future<Output = Result<Vec<Month>, StoreError>> + Send;
    /// The records that were sent and that any of these tags lead to, each once, by exchange and place.
    fn tagged_sent(
        &self,
        tags: Vec<(Month, SubjectTag)>,
    ) -> impl Future<Output = Result<Vec<RecordName>, StoreError>> + Send;

    /// Every request by the instant of filing: those that wait, with `all` the others too.
    fn requests(&self, all: bool) -> impl Future<Output = Result<Vec<RequestRow>, StoreError>> + Send;

    /// A part of the requests that wait, the one that has to be answered first first: at most `limit`, from behind the one with
    /// this last lawful instant and this number.
    fn requests_waiting(
        &self,
        after: Option<(Timestamp, RequestId)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RequestRow>, StoreError>> + Send;

    /// How many requests wait, and how many of them past their last lawful instant at `at`.
    fn requests_counted(&self, at: Timestamp) -> impl Future<Output = Result<(u64, u64), StoreError>> + Send;

    /// The request of a case; one that was refused too.
    fn request_of_case(
        &self,
        case: RequestId,
    ) -> impl Future<Output = Result<Option<RequestRow>, StoreError>> + Send;

    /// Requests of which something is to be sent to a partner by `by`, the longest due first; at most `limit`.
    fn requests_to_send(
        &self,
        by: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RequestRow>, StoreError>> + Send;

    /// The entry that a receipt about a request is for, and where it was integrated.
    fn request_integrated(
        &self,
        id: RequestId,
    ) -> impl Future<Output = Result<Option<(PublicEntry, Integrated)>, StoreError>> + Send;

    /// A request.
    fn request(&self, id: RequestId) -> impl Future<Output = Result<Option<RequestRow>, StoreError>> + Send;
}
