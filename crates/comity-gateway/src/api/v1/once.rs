//! The same request twice is done once: a client that heard no answer asks again under the same `Idempotency-Key`.
//!
//! Keys are an officer's own, kept for a day by the node that took them, the last ten thousand. The same key with another
//! request is a mistake of the client's, and told so. While the first is under way, the second waits for it.
//!
//! Source: the Idempotency-Key header field, draft-ietf-httpapi-idempotency-key-header-07.

use super::Refused;
use crate::api::problem::Problem;
use axum::http::StatusCode;
use comity_terms::{Digest, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const KEPT_MAX: usize = 10_000;
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest key, bytes: a UUID has 36.
const KEY_BYTES_MAX: usize = 255;

type Slot = Arc<tokio::sync::Mutex<Option<Vec<u8>>>>;

#[derive(Default)]
pub(super) struct Once(Mutex<All>);

#[derive(Default)]
struct All {
    slots: HashMap<Digest, (Digest, Slot)>,
    order: VecDeque<(Timestamp, Digest)>,
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
        let slot = self.slot(name, request, now)?;
        let mut answer = slot.lock().await;
        if let Some(answer) = &*answer {
            return Ok(answer.clone());
        }
        let made = work.await?;
        *answer = Some(made.clone());
        Ok(made)
    }

    fn slot(&self, name: Digest, request: Digest, now: Timestamp) -> Result<Slot, Refused> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = |at: &Timestamp| now.duration_since(*at).unsigned_abs() > KEPT_FOR;
        while all.order.len() >= KEPT_MAX || all.order.front().is_some_and(|(at, _)| old(at)) {
            let Some((_, name)) = all.order.pop_front() else { break };
            all.slots.remove(&name);
        }
        if let Some((known, slot)) = all.slots.get(&name) {
            if *known == request {
                return Ok(Arc::clone(slot));
            }
            let problem =
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the key was used for another request");
            return Err(problem.of_kind("idempotency").with_detail("draw a new `Idempotency-Key`").into());
        }
        let slot = Slot::default();
        all.slots.insert(name, (request, Arc::clone(&slot)));
        all.order.push_back((now, name));
        Ok(slot)
    }
}
