//! The same request twice is done once: a client that heard no answer asks again under the same `Idempotency-Key`.
//!
//! Keys are an officer's own, kept for a day by the node that took them, the last ten thousand. The same key with another
//! request is a mistake of the client's, and told so. While the first is under way, the second waits for it.
//!
//! Source: the Idempotency-Key header field, draft-ietf-httpapi-idempotency-key-header-07.

use super::Refused;
use crate::api::problem::{Kind, Problem};
use crate::bounded::Bounded;
use comity_terms::{Digest, Timestamp};
use jiff::SignedDuration;
use std::sync::Arc;

const KEPT_MAX: usize = 10_000;
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The longest key, bytes: a UUID has 36.
const KEY_BYTES_MAX: usize = 255;

type Answer = Arc<tokio::sync::Mutex<Option<Vec<u8>>>>;

/// What a key was first used for.
#[derive(Clone)]
struct Use {
    request: Digest,
    at: Timestamp,
    answer: Answer,
}

pub(super) struct Once(Bounded<Digest, Use>);

impl Default for Once {
    fn default() -> Self {
        Self(Bounded::new(KEPT_MAX))
    }
}

impl Once {
    /// The answer under `key`; made by `work` where there is none.
    ///
    /// # Errors
    /// Those of `work`, which are not kept; 422 when the key was used for another request, 400 when it is none.
    pub(super) async fn answer(
        &self,
        (officer, key): (&str, &[u8]),
        request: Digest,
        now: Timestamp,
        work: impl Future<Output = Result<Vec<u8>, Refused>>,
    ) -> Result<Vec<u8>, Refused> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(super::malformed(format!("`Idempotency-Key`: expected 1 to {KEY_BYTES_MAX} bytes")));
        }
        let name = Digest::of_parts("comity/idempotency/v1", &[officer.as_bytes(), key]);
        let used = self.used(name, request, now);
        if used.request != request {
            return Err(Problem::new(Kind::Idempotency).with_detail("draw a new `Idempotency-Key`").into());
        }
        let mut answer = used.answer.lock().await;
        if let Some(answer) = &*answer {
            return Ok(answer.clone());
        }
        let made = work.await?;
        *answer = Some(made.clone());
        Ok(made)
    }

    /// What the key stands for: this request, unless it was used within the day.
    fn used(&self, name: Digest, request: Digest, now: Timestamp) -> Use {
        let mut all = self.0.lock();
        if let Some(known) = all.get(&name).filter(|known| now.duration_since(known.at) < KEPT_FOR) {
            return known.clone();
        }
        let new = Use { request, at: now, answer: Answer::default() };
        all.insert(name, new.clone());
        new
    }
}
