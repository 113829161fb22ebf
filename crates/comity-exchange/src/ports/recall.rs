//! What the store is asked and told about orders that data be erased or restricted wherever it went.
//!
//! Leaves what an order means to [`recall`](crate::recall).

use super::{Integrated, StoreError};
use crate::collect::ObjectTag;
use crate::entry::PublicEntry;
use crate::federation::frame::SignedHeader;
use comity_terms::ids::{ClassId, OrderId};
use comity_terms::{Digest, ExchangeId, Party, Timestamp};
use std::collections::BTreeSet;
use std::future::Future;

/// Whether a message of an order went out or came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// It goes to a partner.
    Given,
    /// It came from a partner.
    Taken,
}

/// One signed message of an order. A record replaces its row by the one of the next version; where another version is
/// there by then, that is a conflict: of two tries at once, one hears that the other was faster.
#[derive(Clone, PartialEq, Eq)]
pub struct RecallRow {
    /// What the message is known by.
    pub message: Digest,
    /// The order, the same at every gateway.
    pub order: OrderId,
    /// Whether it goes out or came in.
    pub way: Way,
    /// Whom it goes to, or whom it came from.
    pub peer: Party,
    /// The message that is passed on by it; `None` at the origin.
    pub parent: Option<Digest>,
    /// The header as signed.
    pub header: Vec<u8>,
    /// The signature over it.
    pub signature: [u8; 64],
    /// The origin's receipt, where the order is another's: a C2SP tlog-proof.
    pub receipt: Option<String>,
    /// When it was made or came, UTC.
    pub at: Timestamp,
    /// By when every holder owes an answer, UTC; `None` where no law says.
    pub due: Option<Timestamp>,
    /// How often the row was written: 1 for the first.
    pub version: u32,
    /// Whether the first entry of the record that brings this row is the one that its receipt is for. Once it is so, it
    /// stays.
    pub entered: bool,
    /// The newest answer: of one that came in the signed header of ours, of one that goes out the partner's frame.
    pub answer: Option<Vec<u8>>,
    /// Whether no further answer is to come.
    pub complete: bool,
    /// How many tries there were.
    pub attempts: u32,
    /// No try before this instant, UTC: the next one, or the end of one that is under way.
    pub next_at: Timestamp,
}

impl RecallRow {
    /// A message of `order` that goes to `peer`, made at `at`: of this gateway's own order, untried, and due at once.
    #[must_use]
    pub fn given(hop: SignedHeader, order: OrderId, peer: Party, at: Timestamp) -> Self {
        Self {
            message: hop.digest(),
            order,
            way: Way::Given,
            peer,
            parent: None,
            header: hop.header,
            signature: hop.signature.0,
            receipt: None,
            at,
            due: None,
            version: 1,
            entered: true,
            answer: None,
            complete: false,
            attempts: 0,
            next_at: at,
        }
    }

    /// Whether an answer is owed and its time has passed.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !self.complete && self.due.is_some_and(|due| now > due)
    }
}

impl std::fmt::Debug for RecallRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { order, way, peer, version, complete, .. } = self;
        write!(f, "RecallRow {order} {way:?} {peer}, version {version}, complete {complete}")
    }
}

/// A record of an exchange: the same name for it at both gateways, and no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordName {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The class of objects in it.
    pub class: ClassId,
    /// The record in the class, from 0.
    pub ordinal: u32,
}

/// A record that was given to a partner and had been received from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Derived {
    /// As it was given.
    pub given: RecordName,
    /// As it was received.
    pub source: RecordName,
}

/// Records of an exchange that nobody may use. A row is replaced by its exchange and order: each order stands until it is
/// lifted itself, and what was lifted stays so. Of one that is written again with other records, all are restricted.
///
/// An order to lift leaves a row too: of no records, and lifted from the start. So a restriction that comes after its own end
/// finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Its records, each by class and place; `None` for whatever it has; of none, nothing is restricted.
    pub records: Option<BTreeSet<(ClassId, u32)>>,
    /// By which order.
    pub order: OrderId,
    /// Since when, UTC.
    pub from: Timestamp,
    /// Since when no more, UTC; `None` while it is.
    pub lifted: Option<Timestamp>,
}

/// Where orders are kept. They change by a [`Record`](super::Record).
pub trait Recalls: Send + Sync + 'static {
    /// Every message of an order, or of all of them, in the order of time.
    fn recalls(
        &self,
        order: Option<OrderId>,
    ) -> impl Future<Output = Result<Vec<RecallRow>, StoreError>> + Send;

    /// Messages that wait for an answer, or for a further one, in the order of time.
    fn recalls_open(&self) -> impl Future<Output = Result<Vec<RecallRow>, StoreError>> + Send;

    /// One message.
    fn recall(&self, message: Digest) -> impl Future<Output = Result<Option<RecallRow>, StoreError>> + Send;

    /// Messages by which another one is passed on, in the order of time.
    fn recalls_under(
        &self,
        parent: Digest,
    ) -> impl Future<Output = Result<Vec<RecallRow>, StoreError>> + Send;

    /// Messages to deliver at `now`, the longest due first; at most `limit`.
    fn recalls_due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RecallRow>, StoreError>> + Send;

    /// The entry that a message's receipt is for, and where it was integrated.
    fn recall_integrated(
        &self,
        message: Digest,
    ) -> impl Future<Output = Result<Option<(PublicEntry, Integrated)>, StoreError>> + Send;

    /// What was given to partners of the records that were received by this exchange, by exchange and class.
    fn derived_from(
        &self,
        source: ExchangeId,
    ) -> impl Future<Output = Result<Vec<Derived>, StoreError>> + Send;

    /// The sources of what was given to a partner by this exchange.
    fn derived_of(&self, given: ExchangeId) -> impl Future<Output = Result<Vec<Derived>, StoreError>> + Send;

    /// The records with these ids that were received from others than `besides`, as far as readers may ask for them.
    fn sources(
        &self,
        objects: Vec<ObjectTag>,
        besides: Option<&Party>,
    ) -> impl Future<Output = Result<Vec<(ObjectTag, RecordName)>, StoreError>> + Send;

    /// What an order restricts, or restricted, by exchange.
    fn restricted_by(
        &self,
        order: OrderId,
    ) -> impl Future<Output = Result<Vec<Restriction>, StoreError>> + Send;

    /// What orders restrict of an exchange, or restricted, and those that lifted it.
    fn restrictions_of(
        &self,
        exchange: ExchangeId,
    ) -> impl Future<Output = Result<Vec<Restriction>, StoreError>> + Send;

    /// Whether anything is restricted now.
    fn restricts(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// What of these exchanges is restricted now, order by order.
    fn restricted(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> impl Future<Output = Result<Vec<Restriction>, StoreError>> + Send;
}
