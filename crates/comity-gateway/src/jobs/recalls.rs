//! Orders that data be erased or restricted go out, and are asked about, until every holder has answered.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::work::{recall, removal};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sends what is due, until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let every = gateway.settings().outbox_every.max(Duration::from_millis(1));
    if let Err(error) = recall::take_up(&gateway).await {
        tracing::error!(%error, "orders that an earlier process had claimed wait until their claims run out");
    }
    let mut told: Option<Instant> = None;
    while stop.rest(every).await {
        // What a removal still owes to holders: after a crash, and of what was decided again meanwhile.
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            match removal::tell(&gateway).await {
                Ok(_) => told = Some(Instant::now()),
                Err(error) => tracing::error!(%error, "holders could not be told of a removal"),
            }
        }
        if let Err(error) = recall::once(&gateway).await {
            tracing::error!(%error, "orders to holders could not be sent");
        }
    }
}

/// How often it is looked whether every holder was told of a removal.
const TELL_EVERY: Duration = Duration::from_secs(600);
