//! Offers that wait for a partner: tried again until they are answered or their horizon has passed.

use super::manage::hear_from;
use crate::gateway::{Gateway, GatewayError};
use crate::watch::Stop;
use comity_exchange::disclose::{Sent, abandon, resume};
use comity_exchange::ports::{OutboxItem, Store as _};
use comity_exchange::report::Side;
use comity_exchange::shell::Shell as _;
use comity_terms::Timestamp;
use std::sync::Arc;

/// The most offers taken from the outbox at once.
const CLAIM_MAX: u32 = 16;

/// Delivers what waits, until it is time to stop; what is under way is finished.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    loop {
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(gateway.settings().outbox_every) => {}
        }
        if let Err(error) = once(&gateway).await {
            tracing::error!(%error, "the outbox could not be worked off");
        }
    }
}

/// Takes every offer that is due up once.
///
/// # Errors
/// [`GatewayError`] when the store fails; a partner that does not answer is no error.
pub async fn once(gateway: &Arc<Gateway>) -> Result<(), GatewayError> {
    gateway.keep_up().await?;
    let now = gateway.now();
    let until = gateway.claimed_until(now);
    for item in gateway.store().claim_outbox(now, until, CLAIM_MAX).await? {
        let (exchange, attempts) = (item.exchange, item.attempts);
        match take_up(gateway, item, now).await {
            Ok(Some(sent)) => tracing::info!(%exchange, ?sent, "an offer was taken up again"),
            Ok(None) => tracing::warn!(%exchange, "an offer was given up at its horizon"),
            Err(error) => {
                tracing::error!(%exchange, %error, "an offer could not be taken up");
                let next = comity_exchange::disclose::next_try(gateway.now(), attempts);
                gateway.store().postpone(exchange, next).await?;
            }
        }
    }
    Ok(())
}

async fn take_up(
    gateway: &Arc<Gateway>,
    item: OutboxItem,
    now: Timestamp,
) -> Result<Option<&'static str>, GatewayError> {
    if now >= item.horizon {
        abandon(&**gateway, item).await?;
        return Ok(None);
    }
    let peer = gateway.peer(&item.peer)?;
    let sent = resume(&**gateway, item, &peer).await?;
    gateway.counts().reached(&peer.party, matches!(sent, Sent::Answered { .. }));
    let sent = match sent {
        Sent::Answered { outcome, .. } => {
            gateway.counts().exchange(Side::Sender, outcome);
            "answered"
        }
        Sent::Ended(outcome) => {
            gateway.counts().exchange(Side::Sender, outcome);
            "decided again, and it may not go"
        }
        Sent::Waiting(_) => {
            // It may have moved on while we waited: its new keys and laws serve the next exchange.
            let _ = hear_from(gateway, &peer).await;
            "still waiting"
        }
    };
    Ok(Some(sent))
}
