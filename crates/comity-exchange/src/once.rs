//! What is asked under a key of the client's own is done once, whichever node of the gateway is asked, and after a restart.
//!
//! ```text
//! act ─> taken     with the act, in its transaction: what was asked, and what is told of it so far
//!     ─> answered  when it is done: the answer, byte for byte
//! ```
//! Both are segments of the vault whose ids stand for the client and its key, so that a second one is a conflict: whoever asks
//! again meanwhile, at whichever node, does nothing, and reads what the first one has left. They are sealed under this
//! party's own law with a clock of their own. A key lasts as long as they lie here.
//!
//! Leaves to callers what an answer is, and how long to wait for one.

use crate::ExchangeError;
use crate::alone::{clear, sealed_as};
use crate::ports::{Record, SealedSegment, Store as _, StoreError};
use crate::shell::Shell;
use crate::wire::{Base64, Text};
use comity_terms::ids::SegmentId;
use comity_terms::{Digest, ExchangeId, Timestamp};
use serde::{Deserialize, Serialize};

/// A request under a client's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    name: Digest,
    request: Digest,
    at: Timestamp,
    until: Timestamp,
}

/// What is sealed of it, each time.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    request: Text<Digest>,
    at: Text<Timestamp>,
    told: Base64,
}

/// What is known of a request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the key was never used, or long ago.
    Unused,
    /// The key was used for another request.
    Another,
    /// It was done, and is not answered yet.
    Taken {
        /// When, UTC.
        at: Timestamp,
        /// What was told of it then.
        told: Vec<u8>,
    },
    /// It was answered so.
    Answered(Vec<u8>),
}

impl Once {
    /// A request with this digest under the key of a client, at `at`; what it comes to is kept until `until`.
    #[must_use]
    pub fn of((client, key): (&str, &[u8]), request: Digest, at: Timestamp, until: Timestamp) -> Self {
        Self { name: Digest::of_parts("comity/once/v1", &[client.as_bytes(), key]), request, at, until }
    }

    /// The segment that is recorded with the act: what is told of it so far.
    ///
    /// # Errors
    /// [`ExchangeError`]; callers record nothing.
    pub fn taken<W: Shell>(&self, world: &W, told: &[u8]) -> Result<SealedSegment, ExchangeError> {
        self.sealed(world, self.segment(TAKEN), told)
    }

    fn sealed<W: Shell>(
        &self,
        world: &W,
        segment: SegmentId,
        told: &[u8],
    ) -> Result<SealedSegment, ExchangeError> {
        let kept = Kept { request: Text(self.request), at: Text(self.at), told: Base64(told.to_vec()) };
        let bytes = serde_json::to_vec(&kept).map_err(ExchangeError::proof)?;
        let number = ExchangeId::of_digest(&self.name);
        sealed_as(world, segment, *number.as_bytes(), &bytes, self.until)
    }

    fn segment(&self, step: &str) -> SegmentId {
        SegmentId::of_digest(&Digest::of_parts(step, &[&self.name.0]))
    }

    async fn kept<W: Shell>(&self, world: &W, step: &str) -> Result<Option<Kept>, ExchangeError> {
        let Some(segment) = world.store().segment(self.segment(step)).await? else { return Ok(None) };
        let Some(clear) = clear(world, &segment)? else { return Ok(None) };
        let kept = serde_json::from_slice(clear.as_bytes());
        kept.map(Some).map_err(|_| ExchangeError::proof("what is kept under a client's key does not read"))
    }
}

/// What is known of a request under its key.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail, or what is kept is not what was sealed.
pub async fn known<W: Shell>(world: &W, once: &Once) -> Result<Known, ExchangeError> {
    let (kept, answered) = match once.kept(world, ANSWERED).await? {
        Some(kept) => (kept, true),
        None => match once.kept(world, TAKEN).await? {
            Some(kept) => (kept, false),
            None => return Ok(Known::Unused),
        },
    };
    let Kept { request, at, told } = kept;
    Ok(match answered {
        _ if request.0 != once.request => Known::Another,
        true => Known::Answered(told.0),
        false => Known::Taken { at: at.0, told: told.0 },
    })
}

/// Keeps `answer`; gives the one that stands, which is another where somebody was faster.
///
/// # Errors
/// [`ExchangeError`]; what was done is done, and whoever asks again finds it taken.
pub async fn answered<W: Shell>(world: &W, once: &Once, answer: Vec<u8>) -> Result<Vec<u8>, ExchangeError> {
    let mut again = true;
    loop {
        let segment = once.sealed(world, once.segment(ANSWERED), &answer)?;
        match world.store().record(Record { segments: vec![segment], ..Record::default() }).await {
            Err(StoreError::KeyClosed(_)) if again => again = false,
            Err(StoreError::Conflict(_)) => {
                return Ok(match known(world, once).await? {
                    Known::Answered(first) => first,
                    _ => answer,
                });
            }
            kept => return kept.map(|_| answer).map_err(ExchangeError::from),
        }
    }
}

const TAKEN: &str = "comity/once/taken/v1";
const ANSWERED: &str = "comity/once/answered/v1";
