//! Orders that data be erased or restricted go out, and are asked about, until every holder has answered.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::work::recall;
use std::sync::Arc;
use std::time::Duration;

/// Sends what is due, until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let every = gateway.settings().outbox_every.max(Duration::from_millis(1));
    while stop.rest(every).await {
        if let Err(error) = recall::once(&gateway).await {
            tracing::error!(%error, "orders to holders could not be sent");
        }
    }
}
