//! Offers that wait for a partner: tried again until they are answered or their horizon has passed.
//!
//! ```text
//! outbox ── claim, but for partners that are busy ──> one line for each partner, one offer of it at a time
//!                                                      └── not reached: the rest of the line goes back at once
//! ```
//! A partner that is slow, or dead, keeps its own line busy and nobody else waiting. At most [`LINES_MAX`] partners are
//! delivered to at once.

use super::manage::hear_from;
use crate::gateway::{Gateway, GatewayError};
use crate::watch::Stop;
use comity_exchange::disclose::{Because, Sent, abandon, next_try, resume};
use comity_exchange::ports::{OutboxItem, PeerRemoval, Store as _};
use comity_exchange::recall::end_offer;
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_terms::{Party, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

/// The most offers taken from the outbox at once: at most so many of one partner are in memory.
const CLAIM_MAX: u32 = 16;

/// The most partners that are delivered to at once: of 64, each holds a connection and at most 16 offers.
const LINES_MAX: usize = 64;

/// Delivers what waits, until it is time to stop; what is under way is finished.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    let mut lines = Lines::default();
    let mut looking = tokio::time::interval(gateway.settings().outbox_every.max(Duration::from_millis(1)));
    looking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => break,
            // Whoever is free again is asked for at the next look.
            () = lines.ended() => continue,
            _ = looking.tick() => {}
        }
        if let Err(error) = lines.fill(&gateway, Some(&stop)).await {
            tracing::error!(%error, "the outbox could not be worked off");
        }
    }
    while !lines.busy.is_empty() {
        lines.ended().await;
    }
}

/// Takes every offer that is due up once, and waits for what came of it.
///
/// # Errors
/// [`GatewayError`] when the store fails; a partner that does not answer is no error.
pub async fn once(gateway: &Arc<Gateway>) -> Result<(), GatewayError> {
    let mut lines = Lines::default();
    lines.fill(gateway, None).await?;
    while !lines.busy.is_empty() {
        lines.ended().await;
    }
    Ok(())
}

/// Deliveries under way: a task for each partner that is delivered to.
#[derive(Default)]
struct Lines {
    tasks: JoinSet<()>,
    busy: HashMap<Id, Party>,
}

impl Lines {
    /// Claims what is due to partners that are free, and begins to deliver it.
    async fn fill(&mut self, gateway: &Arc<Gateway>, stop: Option<&Stop>) -> Result<(), GatewayError> {
        gateway.keep_up().await?;
        while self.busy.len() < LINES_MAX {
            let now = gateway.now();
            let until = gateway.claimed_until(now);
            let busy: Vec<Party> = self.busy.values().cloned().collect();
            let claimed = gateway.store().claim_outbox(now, until, CLAIM_MAX, &busy).await?;
            let last = claimed.len() < CLAIM_MAX as usize;
            let mut by_partner: BTreeMap<Party, Vec<OutboxItem>> = BTreeMap::new();
            for item in claimed {
                by_partner.entry(item.peer.clone()).or_default().push(item);
            }
            for (party, items) in by_partner {
                let task = self.tasks.spawn(line(Arc::clone(gateway), items, stop.cloned()));
                self.busy.insert(task.id(), party);
            }
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Waits until one of the lines has ended; for ever when there is none.
    async fn ended(&mut self) {
        let Some(ended) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                // Its offers are claimed still, and are taken up again when their claims run out.
                tracing::error!(%error, "delivering broke off");
                error.id()
            }
        };
        self.busy.remove(&id);
    }
}

/// Delivers to one partner, one offer after the other.
async fn line(gateway: Arc<Gateway>, items: Vec<OutboxItem>, stop: Option<Stop>) {
    let mut unreached = false;
    for item in items {
        let (exchange, attempts) = (item.exchange, item.attempts);
        let now = gateway.now();
        if stop.as_ref().is_some_and(Stop::is_set) {
            // Whoever comes next begins with it.
            give_back(&gateway, &item, now).await;
            continue;
        }
        if unreached && now < item.horizon {
            give_back(&gateway, &item, next_try(now, attempts)).await;
            continue;
        }
        match take_up(&gateway, item, now).await {
            Ok(Some(sent)) => {
                unreached = sent == "still not reached";
                tracing::info!(%exchange, ?sent, "an offer was taken up again");
            }
            Ok(None) => tracing::warn!(%exchange, "an offer was given up at its horizon"),
            Err(error) => {
                tracing::error!(%exchange, %error, "an offer could not be taken up");
                let next = next_try(gateway.now(), attempts);
                if let Err(error) = gateway.store().postpone(exchange, next).await {
                    tracing::error!(%exchange, %error, "an offer waits until its claim runs out");
                }
            }
        }
    }
}

/// Gives an offer back untried.
async fn give_back(gateway: &Gateway, item: &OutboxItem, next_at: Timestamp) {
    if let Err(error) = gateway.store().postpone(item.exchange, next_at).await {
        tracing::error!(exchange = %item.exchange, %error, "an offer waits until its claim runs out");
    }
}

/// Ends every offer that waits for a partner that is removed; how many. One that is being tried ends with its try.
///
/// # Errors
/// [`GatewayError`] when the store fails; the rest ends when it comes to it.
pub(super) async fn end_of(gateway: &Gateway, removal: &PeerRemoval) -> Result<usize, GatewayError> {
    let others: Vec<Party> =
        gateway.register().peers.into_keys().filter(|party| *party != removal.party).collect();
    let mut ended = 0;
    loop {
        let now = gateway.now();
        let until = gateway.claimed_until(now);
        let claimed = gateway.store().claim_outbox(now, until, CLAIM_MAX, &others).await?;
        for item in claimed.iter().filter(|item| item.peer == removal.party) {
            ended += usize::from(end(gateway, item, removal).await?);
        }
        if claimed.is_empty() {
            return Ok(ended);
        }
    }
}

async fn end(gateway: &Gateway, item: &OutboxItem, removal: &PeerRemoval) -> Result<bool, GatewayError> {
    let row = gateway.store().exchange(item.exchange).await?;
    let row = row.ok_or_else(|| GatewayError::Broken("an offer that waits has no skeleton".to_owned()))?;
    let ended = end_offer(gateway, &row, removal, item.attempts).await?;
    if ended {
        gateway.counts().exchange(Side::Sender, ExchangeOutcome::Refused);
        let (exchange, party, reason) = (item.exchange, &removal.party, &removal.reason);
        tracing::warn!(%exchange, %party, %reason, "an offer is ended: its partner was removed");
    }
    Ok(ended)
}

async fn take_up(
    gateway: &Arc<Gateway>,
    item: OutboxItem,
    now: Timestamp,
) -> Result<Option<&'static str>, GatewayError> {
    // Another node may have removed the partner while this one's line was at work.
    gateway.keep_up().await?;
    if let Some(removal) = gateway.removal(&item.peer) {
        end(gateway, &item, &removal).await?;
        return Ok(Some("ended: the partner was removed"));
    }
    if now >= item.horizon {
        abandon(&**gateway, item).await?;
        return Ok(None);
    }
    let mut peer = gateway.peer(&item.peer)?;
    let agreement = item.agreement()?;
    if gateway.laws(&agreement, &item.peer).is_some_and(|lent| !lent.laws.national.contains_key(&item.peer)) {
        // Signed otherwise since, or never heard: without it nothing could be decided again.
        peer = hear_from(gateway, &peer).await.unwrap_or(peer);
    }
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
        Sent::Waiting(waiting) => {
            if waiting.because != Because::Unreached {
                // It may have moved on while we waited: its new keys and laws serve the next exchange.
                let _ = hear_from(gateway, &peer).await;
            }
            match waiting.because {
                Because::Unreached => "still not reached",
                Because::Misbehaved(kind) => {
                    gateway.counts().misbehaved();
                    tracing::warn!(party = %peer.party, kind = kind.as_str(), "a partner's answer is none");
                    "answered wrongly"
                }
                Because::NotReady => "still waiting",
            }
        }
    };
    Ok(Some(sent))
}
