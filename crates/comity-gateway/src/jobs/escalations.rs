//! What waits for offices: each is looked at until its offices have answered or their time has run out.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::work::approve;
use std::sync::Arc;
use std::time::Duration;

/// Looks at what waits, until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    while stop.rest(EVERY).await {
        match approve::take_up(&gateway).await {
            Ok((0, 0, 0)) => {}
            Ok((gone_on, moved, refused)) => {
                tracing::info!(gone_on, moved, refused, "exchanges that waited for offices were taken up");
            }
            Err(error) => tracing::error!(%error, "what waits for offices cannot be read"),
        }
    }
}

const EVERY: Duration = Duration::from_secs(15);
