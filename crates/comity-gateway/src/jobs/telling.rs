//! Partners are told of this gateway's keys: each, until it has heard of the identity in use.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::work::manage;
use std::sync::Arc;
use std::time::Duration;

/// Tells whoever has not heard, until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    loop {
        tokio::select! {
            () = stop.wait() => return,
            () = once(&gateway) => {}
        }
        if !stop.rest(EVERY).await {
            return;
        }
    }
}

/// Tells each partner that has not heard once. One that is not reached, or does not follow, is told again later.
pub async fn once(gateway: &Gateway) {
    let unheard = match manage::unheard(gateway) {
        Ok(unheard) => unheard,
        Err(error) => return tracing::error!(%error, "who has heard of this gateway's keys cannot be read"),
    };
    for party in unheard {
        match manage::tell(gateway, &party).await {
            Ok(()) => tracing::info!(%party, "a partner has heard of this gateway's keys"),
            Err(error) => {
                tracing::warn!(%party, %error, "a partner has not heard of this gateway's keys yet")
            }
        }
    }
}

const EVERY: Duration = Duration::from_secs(30);
