//! What a person stated, for the officer who is to decide on it.

use super::Desk;
use super::claim::Claim;
use super::request::opened_claim;
use crate::ExchangeError;
use crate::act::note;
use crate::ports::{RequestRow, Store};
use comity_terms::{Act, Timestamp};
use serde_json::{Value as Json, json};

/// What the person of a request stated; `None` when it is erased, and nothing is recorded then. That somebody reads it is
/// recorded before it is opened: `by` says who, in words that an entry may hold.
///
/// # Errors
/// [`ExchangeError`]; nothing was opened when it could not be recorded.
pub async fn read<W: Desk>(
    world: &W,
    row: &RequestRow,
    by: Json,
    at: Timestamp,
) -> Result<Option<Claim>, ExchangeError> {
    let segment = world.store().segment(row.detail.claim.0).await?;
    let Some(segment) = segment.filter(|segment| !segment.rows.is_empty()) else { return Ok(None) };
    let facts = json!({ "request": row.id.to_string(), "read": by });
    note(world, Act::RequestRead, (facts, None), at).await?;
    opened_claim(world, &segment)
}
