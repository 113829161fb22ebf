//! Mandates: recorded and ended by officers.

use super::officers;
use super::share::input;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::opt_out::{end_mandate, record_mandate};
use comity_exchange::ports::{Mandate, MandateRow, OptOuts as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_terms::ids::MandateId;
use comity_terms::{Digest, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// A mandate as it stands in a file.
#[derive(Deserialize)]
struct File {
    from: Text<Timestamp>,
    until: Text<Timestamp>,
    #[serde(flatten)]
    mandate: Json,
}

/// Records the mandate that a file states.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may act, or the file does not read: what and where.
pub async fn add(gateway: &Gateway, file: &[u8], officer: &str) -> Result<MandateRow, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let wrong = |why: &dyn std::fmt::Display| GatewayError::Input(format!("the mandate: {why}"));
    let File { from, until, mandate } = serde_json::from_slice(file).map_err(|error| wrong(&error))?;
    let mandate: Mandate = serde_json::from_value(mandate).map_err(|error| wrong(&error))?;
    let lent = gateway.home_laws()?;
    let mandate = mandate.checked(&lent.laws.vocabulary).map_err(|error| wrong(&error))?;
    // All that it says, as it was given.
    let file = Digest::of(file);
    let mut by = acting.signed(&format!("mandate\n{file}\n"));
    by["file"] = file.to_string().into();
    record_mandate(gateway, mandate, (from.0, until.0), by).await.map_err(input)
}

/// Ends a mandate.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may act, or there is none of that id.
pub async fn end(gateway: &Gateway, id: MandateId, officer: &str) -> Result<MandateRow, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let text = format!("mandate ended\n{id}\n");
    let by = acting.signed(&text);
    end_mandate(gateway, id, by).await.map_err(input)
}

/// Every mandate, those that have ended too.
///
/// # Errors
/// [`GatewayError`].
pub async fn listed(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let now = gateway.now();
    Ok(gateway.store().mandates().await?.iter().map(|row| told(row, now)).collect())
}

/// A mandate as it is printed.
#[must_use]
pub fn told(row: &MandateRow, now: Timestamp) -> Json {
    let state = match row.ended {
        Some(_) => "ended",
        None if row.until <= now => "ended",
        None if now < row.from => "not_yet",
        None => "in_force",
    };
    let mut said = json!(row.mandate);
    said["id"] = json!(row.id.to_string());
    said["state"] = json!(state);
    said["from"] = json!(row.from.to_string());
    said["until"] = json!(row.until.to_string());
    said["ended"] = json!(row.ended.map(|at| at.to_string()));
    said
}
