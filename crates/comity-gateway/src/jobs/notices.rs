//! Notices to persons go out when their time has come; what waits longer than it may is flagged.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::work::notices::{Looked, once};
use std::sync::Arc;
use std::time::Duration;

/// Looks at notices until it is time to stop.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let every = Duration::from_secs(gateway.settings().notices.every_seconds);
    loop {
        match once(&gateway).await {
            Ok(Looked { settled: 0, given: 0, troubled: 0, overdue: 0 }) => {}
            Ok(Looked { settled, given, troubled, overdue }) => {
                tracing::info!(settled, given, troubled, overdue, "notices to persons were looked at");
            }
            Err(error) => tracing::error!(%error, "notices cannot be looked at"),
        }
        if !stop.rest(every).await {
            return;
        }
    }
}
