//! One round with one endpoint: what it has not been told of, in the order of the log, until it fails or the time is up.
//!
//! ```text
//! 1 read        the log from where it was told; openings that are erased, and acts that it does not want, are passed over
//! 2 claim       the row's next version, with an end: whoever else comes waits until then        a crash here: told again
//! 3 tell        one message after the other, each asked first whether the endpoint still stands
//! 4 note        the row's version after that: how far it was told, or when to try again         a crash before: told again
//! ```
//! At least once: what was told between the claim and a crash is told again, under the same ids.

use super::call::{Caller, Trouble};
use super::events::Wanted;
use super::message::{Message, Told};
use crate::gateway::{Gateway, GatewayError};
use crate::watch::Stop;
use comity_exchange::ports::{Record, Store as _, StoreError, WebhookRow, Webhooks as _};
use comity_exchange::shell::Shell as _;
use comity_terms::Timestamp;
use comity_tlog::LeafIndex;
use std::time::{Duration, Instant};

/// What came of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// How many messages it took.
    pub told: u32,
    /// Why it took no more.
    pub trouble: Option<Trouble>,
    /// The first entry that was not looked at.
    pub reached: LeafIndex,
}

/// Tells an endpoint what it has not been told of, from `seen` on where nothing before was for it. `now` is the instant of
/// the round; `stop` ends it early, and what was told by then is noted.
///
/// # Errors
/// [`GatewayError`] when log or keys cannot be read; nothing was told.
pub async fn round(
    gateway: &Gateway,
    caller: &Caller,
    row: &WebhookRow,
    seen: LeafIndex,
    now: Timestamp,
    stop: &mut Stop,
) -> Result<Round, GatewayError> {
    let from = row.next.max(seen);
    let (messages, reached) = waiting(gateway, row, from).await?;
    let mut round = Round { told: 0, trouble: None, reached: from };
    if messages.is_empty() {
        round.reached = reached;
        // Nothing for it: noted now and then, so that a restart need not look at all of the log again.
        if reached.0 >= row.next.0 + u64::from(ENTRIES_MAX) {
            let noted = WebhookRow { version: row.version + 1, next: reached, ..row.clone() };
            written(gateway, noted).await?;
        }
        return Ok(round);
    }
    let patience = gateway.settings().webhooks.patience();
    let claimed = now.checked_add(2 * patience + ROUND_MAX).unwrap_or(Timestamp::MAX);
    let claim = WebhookRow { version: row.version + 1, next_at: claimed, ..row.clone() };
    if !written(gateway, claim.clone()).await? {
        return Ok(round);
    }
    let secret = gateway.webhook_secrets().secret(row.id)?;
    let began = Instant::now();
    let mut next = from;
    let mut all = true;
    for (index, message) in &messages {
        if began.elapsed() > ROUND_MAX || !stands(gateway, &claim).await? {
            all = false;
            break;
        }
        let told = async {
            let secret = secret.as_deref().ok_or(Trouble::Secret)?;
            caller.tell(&row.url, secret, message, gateway.now().max(now)).await
        };
        let told = tokio::select! {
            told = told => told,
            () = stop.wait() => { all = false; break }
        };
        match told {
            Ok(()) => {
                round.told += 1;
                next = LeafIndex(index.0 + 1);
            }
            Err(trouble) => {
                round.trouble = Some(trouble);
                all = false;
                break;
            }
        }
    }
    round.reached = if all { reached } else { next };
    written(gateway, noted(claim, &round, now, gateway)).await?;
    Ok(round)
}

/// The row after a round.
fn noted(claim: WebhookRow, round: &Round, now: Timestamp, gateway: &Gateway) -> WebhookRow {
    let settings = &gateway.settings().webhooks;
    let mut row = WebhookRow { version: claim.version + 1, next: round.reached, next_at: now, ..claim };
    if round.told > 0 {
        (row.failures, row.failing_since, row.trouble) = (0, None, None);
    }
    if let Some(trouble) = &round.trouble {
        row.failures = row.failures.saturating_add(1);
        row.trouble = Some(trouble.to_string());
        row.next_at = now.checked_add(settings.pause(row.failures)).unwrap_or(Timestamp::MAX);
        let since = *row.failing_since.get_or_insert(now);
        let over = since.checked_add(settings.give_up()).is_ok_and(|end| end <= now);
        if over || *trouble == Trouble::Gone {
            row.disabled = Some(now);
        }
    }
    row
}

/// What waits for an endpoint from `from` on, and the first entry that was not looked at.
async fn waiting(
    gateway: &Gateway,
    row: &WebhookRow,
    from: LeafIndex,
) -> Result<(Vec<(LeafIndex, Message)>, LeafIndex), GatewayError> {
    let store = gateway.store();
    let wanted = Wanted::kept(&row.events);
    let signatory = gateway.signatory();
    let (mut messages, mut reached) = (Vec::new(), from);
    for logged in store.logged(from, ENTRIES_MAX).await? {
        if messages.len() >= MESSAGES_MAX {
            break;
        }
        reached = LeafIndex(logged.index.0 + 1);
        let Some(segment) = &logged.opening else { continue };
        let opening = gateway.with_keys(|keys| signatory.open_opening(segment, keys))?;
        let Some((act, told)) = opening.and_then(|opening| Told::of(opening.content())) else { continue };
        if !wanted.has(act) {
            continue;
        }
        let exchange = match logged.exchange {
            Some(exchange) => store.exchange(exchange).await?,
            None => None,
        };
        let of = (&signatory.party, signatory.log.name());
        messages.push((logged.index, Message::of(of, &logged, &told, exchange.as_ref())));
    }
    Ok((messages, reached))
}

/// Writes a row; `false` when another version is there.
async fn written(gateway: &Gateway, row: WebhookRow) -> Result<bool, StoreError> {
    match gateway.store().record(Record { webhooks: vec![row], ..Record::default() }).await {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the endpoint is still as it was claimed: nobody has ended it.
async fn stands(gateway: &Gateway, claim: &WebhookRow) -> Result<bool, StoreError> {
    let known = gateway.store().webhooks().await?;
    Ok(known.iter().any(|row| row.id == claim.id && row.version == claim.version))
}

/// Entries that are looked at in one round: an opening takes some microseconds to open.
const ENTRIES_MAX: u32 = 256;

/// Messages of one round: below 1 KiB each.
const MESSAGES_MAX: usize = 32;

/// How long a round goes on with further messages.
const ROUND_MAX: Duration = Duration::from_secs(30);
