//! What the store is asked and told about collections: which records readers may ask for, in which order.
//!
//! Leaves what a reader is given to [`collect`](crate::collect).

use super::{RecordPlace, SealedSegment, StoreError};
use crate::collect::{ContentTag, ObjectTag, StandingRequest};
use comity_terms::ids::SegmentId;
use comity_terms::{Activity, PackSlug, Party, Purpose, Timestamp};
use comity_vault::KeyRow;
use std::future::Future;

/// What lies here under one agreement, from one partner, for one activity and purpose, in the order of adding.
///
/// Several collections may read one stream; each record is in one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// The agreement.
    pub agreement: PackSlug,
    /// Whom it came from; the gateway's own party for what was placed here.
    pub partner: Party,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
}

/// The records of a sealed segment, as readers may ask for them.
#[derive(Debug, Clone)]
pub struct CollectedSegment {
    /// The segment: of the same record.
    pub segment: SegmentId,
    /// The stream that it goes into.
    pub stream: Stream,
    /// When the first of them is said to be added; `None`: now. Never before what the stream holds already.
    pub added: Option<Timestamp>,
    /// What is known of its objects, all of one class: see [`ClassKnown`](crate::collect::ClassKnown), as JSON.
    pub known: String,
    /// The objects, in the order of the segment.
    pub objects: Vec<CollectedObject>,
}

/// One object: nothing in it tells a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedObject {
    /// Stands for its id.
    pub object: ObjectTag,
    /// Stands for its content. One with the id and the version, or the content, of another in the stream is not added.
    pub content: ContentTag,
    /// Its STIX type.
    pub stix_type: String,
    /// When it was modified, or created; `None` for a type without: the instant of adding stands for it.
    pub version: Option<Timestamp>,
}

/// An object that was taken out of a stream: nobody puts it there again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The stream.
    pub stream: Stream,
    /// The object.
    pub object: ObjectTag,
    /// The version that was taken out; `None` for the object whole.
    pub version: Option<Timestamp>,
    /// Stands for its content, where its time had come: no copy of it is put there again, whoever sends it. `None` where it
    /// was taken out before its time.
    pub content: Option<ContentTag>,
    /// When, UTC.
    pub at: Timestamp,
}

/// A record that readers may ask for, and that is about to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// The stream that it lies in.
    pub stream: Stream,
    /// Stands for its id.
    pub object: ObjectTag,
    /// Stands for its content.
    pub content: ContentTag,
    /// Its version: where the object has none, the instant of adding.
    pub version: Timestamp,
    /// How many versions of the object the stream has, with this one.
    pub versions: u64,
    /// Where it lies.
    pub place: RecordPlace,
}

/// Records that are about to go, with the segments that they lie in, without key rows, each with what is known of its class.
pub type Left = (Vec<Leaving>, Vec<(SealedSegment, String)>);

/// Which versions of an object are asked for: TAXII 2.1, section 3.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionWanted {
    /// The latest.
    Last,
    /// The earliest.
    First,
    /// Every one.
    All,
    /// That of this instant.
    Exactly(Timestamp),
}

/// What a reader asks for. Alternatives in a list are joined by OR, the lists by AND; an empty list asks nothing.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The stream.
    pub stream: Stream,
    /// Added after this instant, which is not included.
    pub added_after: Option<Timestamp>,
    /// After this place of the stream: where the last page ended.
    pub after: Option<Timestamp>,
    /// These objects.
    pub objects: Vec<ObjectTag>,
    /// These types.
    pub types: Vec<String>,
    /// These versions: at least one.
    pub versions: Vec<VersionWanted>,
    /// At most so many.
    pub limit: u32,
}

/// One object of a stream: what stands in the index of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// When it was added, UTC, in microseconds: no two of a stream have the same, so it is its place too.
    pub added: Timestamp,
    /// The version: where the object has none, the instant of adding.
    pub version: Timestamp,
    /// Stands for its id.
    pub object: ObjectTag,
    /// Where it lies.
    pub place: RecordPlace,
    /// Its key row.
    pub row: KeyRow,
}

/// A page of a stream.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The objects, in the order of adding.
    pub listed: Vec<Listed>,
    /// The segments that they lie in, without key rows, each with what is known of its class.
    pub segments: Vec<(SealedSegment, String)>,
    /// Whether there are more.
    pub more: bool,
}

/// What a stream has of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// This version, with this content.
    Here {
        /// The version, or the instant of adding.
        version: Timestamp,
        /// Stands for its content.
        content: ContentTag,
    },
    /// It was taken out: this version, or the object whole.
    Removed {
        /// The version; `None` for all.
        version: Option<Timestamp>,
    },
}

/// The collections of one gateway, and what lies in them.
pub trait Collections: Send + Sync + 'static {
    /// Every standing request, by its id; those that ended too.
    fn standing_requests(&self) -> impl Future<Output = Result<Vec<StandingRequest>, StoreError>> + Send;

    /// A page of what is asked for, with the sealed records.
    fn collected(&self, wanted: Wanted) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// What a stream has of these objects, in no order.
    fn present(
        &self,
        stream: Stream,
        objects: Vec<ObjectTag>,
    ) -> impl Future<Output = Result<Vec<(ObjectTag, Presence)>, StoreError>> + Send;
}

/// Why records are held: what one clock is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFor {
    /// The agreement.
    pub agreement: PackSlug,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
}
