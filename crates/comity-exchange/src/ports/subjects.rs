//! What the store is asked and told about persons: which records name somebody, by tags, and what they have asked for.
//!
//! Leaves what a person is told to [`subject`](crate::subject).

use super::{HeldRecord, RecordPlace, StoreError, Stream};
use crate::wire::Text;
pub use comity_minimise::SubjectTag;
use comity_terms::ids::{RequestId, SegmentId};
use comity_terms::{Action, Digest, Month, PackSlug, Timestamp};
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
    /// The rest: nothing of who asks, and nothing of what is held.
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

    /// Every request by the instant of filing: those that wait, with `all` the others too.
    fn requests(&self, all: bool) -> impl Future<Output = Result<Vec<RequestRow>, StoreError>> + Send;

    /// A request.
    fn request(&self, id: RequestId) -> impl Future<Output = Result<Option<RequestRow>, StoreError>> + Send;
}
