//! Persons' requests go on to partners, and are asked about, until each has answered.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::work::referrals;
use std::sync::Arc;
use std::time::Duration;

/// Sends what is due, until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let every = gateway.settings().outbox_every.max(Duration::from_millis(1));
    while stop.rest(every).await {
        if let Err(error) = referrals::once(&gateway).await {
            tracing::error!(%error, "requests of persons could not be passed on");
        }
    }
}
