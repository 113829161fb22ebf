//! Endpoints are told of what the log records: each in a task of its own, so that a slow one keeps no other waiting.

use crate::gateway::Gateway;
use crate::watch::Stop;
use crate::webhooks::call::Caller;
use crate::webhooks::deliver::{Round, round};
use comity_exchange::ports::{WebhookRow, Webhooks as _};
use comity_exchange::shell::Shell as _;
use comity_terms::ids::WebhookId;
use comity_tlog::LeafIndex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Tells whoever waits, until it is time to stop; what is under way then is broken off, and noted how far it came.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let caller = Arc::new(Caller::new(&gateway.settings().webhooks));
    let every = Duration::from_secs(gateway.settings().webhooks.every_seconds);
    let mut rounds: JoinSet<(WebhookId, Option<LeafIndex>)> = JoinSet::new();
    let mut busy = BTreeSet::new();
    let mut seen = BTreeMap::new();
    while stop.rest(every).await {
        while let Some(ended) = rounds.try_join_next() {
            match ended {
                Ok((id, reached)) => {
                    busy.remove(&id);
                    seen.extend(reached.map(|reached| (id, reached)));
                }
                // Which one broke off is not known; whoever is tried twice at once is told once.
                Err(_) => busy.clear(),
            }
        }
        let known = match gateway.store().webhooks().await {
            Ok(known) => known,
            Err(error) => {
                tracing::error!(%error, "endpoints cannot be read");
                continue;
            }
        };
        let now = gateway.now();
        for row in known.into_iter().filter(|row| row.is_told() && row.next_at <= now) {
            if busy.insert(row.id) {
                let from = seen.get(&row.id).copied().unwrap_or(row.next);
                let (gateway, caller, stop) = (Arc::clone(&gateway), Arc::clone(&caller), stop.clone());
                rounds.spawn(async move { (row.id, once(&gateway, &caller, row, from, stop).await) });
            }
        }
    }
    while rounds.join_next().await.is_some() {}
}

/// One round; the first entry that the next one need look at.
async fn once(
    gateway: &Gateway,
    caller: &Caller,
    row: WebhookRow,
    seen: LeafIndex,
    mut stop: Stop,
) -> Option<LeafIndex> {
    let id = row.id;
    match round(gateway, caller, &row, seen, gateway.now(), &mut stop).await {
        Ok(Round { told, trouble, reached }) => {
            gateway.counts().webhooks(told, trouble.is_some());
            if let Some(trouble) = trouble {
                tracing::warn!(%id, %trouble, "an endpoint was not told, and is tried again");
            }
            Some(reached)
        }
        Err(error) => {
            tracing::error!(%id, %error, "an endpoint cannot be told");
            None
        }
    }
}
