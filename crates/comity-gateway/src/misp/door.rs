//! The door to a collection, as MISP's interface needs it: in goes STIX, out comes STIX. Agreement, law and log are
//! behind it.

use jiff::Timestamp;
use serde_json::Value;
use std::future::Future;

/// Who asks: what the door tells of the holder of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The door's own name for them, handed back with each call.
    pub id: String,
    /// The organisation that they are of.
    pub organisation: String,
    /// Whether they may give.
    pub may_write: bool,
}

/// What became of one object that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its STIX id.
    pub id: String,
    /// What was done with it.
    pub outcome: Giving,
}

/// What was done with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Giving {
    /// It is in the collection.
    Taken,
    /// It waits: for an office, or its turn.
    Waits,
    /// It is not, and why: ground and article, as told to whoever gave it.
    Refused(String),
}

/// What is to be handed out: objects for which all of these hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taking {
    /// Added to the collection after this instant.
    pub added_after: Option<Timestamp>,
    /// Of one of these STIX types, where there are any.
    pub types: Vec<String>,
    /// Under one of these STIX ids, where there are any.
    pub ids: Vec<String>,
    /// What the page before said is next.
    pub next: Option<String>,
}

/// Objects in the order in which they were added, the newest version of each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Value>,
    /// What to ask for the page after it; none after the last.
    pub next: Option<String>,
}

/// Why the door does not serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// They may not do that at all; why, as told to them.
    #[error("{0}")]
    Forbidden(String),
    /// Too often, or too many wrong keys.
    #[error("too many requests: try again after the seconds in Retry-After")]
    Limited {
        /// The seconds to wait.
        retry_after: u64,
    },
    /// Not now.
    #[error("the gateway is busy: try again later")]
    Busy,
    /// We failed; the log says how.
    #[error("the gateway failed")]
    Broken,
}

/// A collection that MISP servers push to and pull from.
pub trait MispDoor: Send + Sync + 'static {
    /// Who holds that key; nobody, when the key is not known.
    fn enter(&self, key: &str) -> impl Future<Output = Result<Option<Visitor>, DoorError>> + Send;

    /// Gives a STIX 2.1 bundle, and hears of each object what became of it.
    fn give(
        &self,
        visitor: &Visitor,
        bundle: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<Given>, DoorError>> + Send;

    /// A page of what may be handed out to them.
    fn take(&self, visitor: &Visitor, taking: Taking)
    -> impl Future<Output = Result<Page, DoorError>> + Send;
}
