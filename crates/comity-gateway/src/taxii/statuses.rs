//! What became of a POST, for whoever asks later: any node of the gateway answers, after a restart too. Kept sealed in the
//! store for a day, for it names objects: TAXII lets a server forget (section 4.3). What was done is in the log.

use super::resources::Status;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::collect::status;
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_terms::{ExchangeId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A status with what it is of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// The API root that it was asked of.
    pub(super) root: String,
    /// The status as it was told.
    pub(super) status: Status,
    /// The exchange that its objects went by.
    pub(super) exchange: Option<Text<ExchangeId>>,
}

/// Keeps a status that was told at `now` under its id.
///
/// # Errors
/// [`GatewayError`]: whoever posted is told so, and what was done is done.
pub(super) async fn keep(
    gateway: &Gateway,
    id: ExchangeId,
    kept: &Kept,
    now: Timestamp,
) -> Result<(), GatewayError> {
    let bytes = serde_json::to_vec(kept).map_err(|error| GatewayError::Broken(error.to_string()))?;
    let until = now.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
    Ok(status::keep(gateway, id, &bytes, until).await?)
}

/// The status of that id in an API root; `None` when none is kept.
///
/// # Errors
/// [`GatewayError`].
pub(super) async fn get(gateway: &Gateway, root: &str, id: &str) -> Result<Option<Kept>, GatewayError> {
    let Ok(id) = id.parse::<ExchangeId>() else { return Ok(None) };
    let Some(clear) = status::kept(gateway, id, gateway.now()).await? else { return Ok(None) };
    // What reads otherwise is kept for another reason.
    let kept: Option<Kept> = serde_json::from_slice(clear.as_bytes()).ok();
    Ok(kept.filter(|kept| kept.root == root))
}
