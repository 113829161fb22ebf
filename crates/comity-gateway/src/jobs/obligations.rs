//! Duties whose time comes are told of: an entry when one falls due, another when it is late.

use crate::gateway::{Gateway, GatewayError};
use crate::laws::vocabulary;
use crate::watch::Stop;
use comity_exchange::audit::due::{Awaited, tell};
use comity_exchange::shell::Shell as _;
use comity_terms::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Looks at what is owed until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let every = Duration::from_secs(gateway.settings().notices.every_seconds);
    let mut awaited = Awaited::default();
    loop {
        match once(&gateway, &mut awaited, gateway.now()).await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "duties have fallen due, or are late"),
            Err(error) => tracing::error!(%error, "what is owed cannot be looked at"),
        }
        if !stop.rest(every).await {
            return;
        }
    }
}

/// Tells of the duties whose time has come by `now`; how many.
///
/// # Errors
/// [`GatewayError`] when log or keys cannot be read; what was told stays so.
pub async fn once(gateway: &Gateway, awaited: &mut Awaited, now: Timestamp) -> Result<u64, GatewayError> {
    let vocabulary = vocabulary().map_err(|error| GatewayError::Broken(error.to_string()))?;
    let told = tell(gateway, awaited, vocabulary, now).await?;
    gateway.counts().reviews(awaited.reviews(now));
    Ok(told)
}
