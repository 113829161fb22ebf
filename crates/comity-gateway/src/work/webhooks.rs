//! Endpoints that are told of acts: named, listed, ended. Naming and ending one is an entry in the log before it counts,
//! signed by the officer's key when it is named; entries tell an endpoint by its id, never where it is.

use super::{manage, officers};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use crate::net::outside::endpoint;
use crate::webhooks::events::Wanted;
use crate::webhooks::signed::secret_text;
use comity_exchange::ports::{Record, Store as _, StoreError, WebhookRow, Webhooks as _};
use comity_exchange::shell::Shell as _;
use comity_terms::ids::WebhookId;
use comity_terms::{Act, Digest};
use comity_tlog::{LeafIndex, SignedCheckpoint};
use serde_json::json;
use zeroize::Zeroizing;

/// Names an endpoint that is told of what happens from now on; its secret is told once.
///
/// # Errors
/// [`GatewayError::Input`] when the officer may not act, nothing is sent to such a URL, an event is none, or there are too
/// many endpoints; nothing changed.
pub async fn add(
    gateway: &Gateway,
    officer: &str,
    url: &str,
    events: &[String],
) -> Result<(Zeroizing<String>, WebhookRow), GatewayError> {
    let acting = officers::acting(gateway, officer).await?;
    endpoint(url).ok_or_else(|| {
        GatewayError::Input(format!("`{url}`: expected https://…, or http:// on a loopback address"))
    })?;
    let wanted = Wanted::of(events.iter().map(String::as_str)).map_err(GatewayError::Input)?;
    let known = gateway.store().webhooks().await?;
    if known.iter().filter(|row| row.ended.is_none()).count() >= ENDPOINTS_MAX {
        return Err(GatewayError::Input(format!(
            "there are {ENDPOINTS_MAX} endpoints already; `comity webhook end` one first"
        )));
    }
    let now = gateway.now();
    let checkpoint = gateway.store().checkpoint().await?;
    let size = SignedCheckpoint::parse(checkpoint.as_bytes())
        .map_err(|error| GatewayError::Broken(error.to_string()))?
        .checkpoint()
        .size();
    let id = WebhookId::draw(&mut OsEntropy);
    let row = WebhookRow {
        id,
        url: url.to_owned(),
        events: wanted.text(),
        officer: officer.to_owned(),
        from: now,
        ended: None,
        version: 1,
        next: LeafIndex(size.0),
        failures: 0,
        failing_since: None,
        trouble: None,
        next_at: now,
        disabled: None,
    };
    let order = format!("webhook\n{id}\n{}\n{}\n", Digest::of(url.as_bytes()), row.events);
    let facts = json!({
        "webhook": id.to_string(),
        "events": wanted.words(),
        "key": acting.key(),
        "signature": acting.sign(order.as_bytes()).to_string(),
    });
    let secret = gateway.webhook_secrets().draw(id, &mut OsEntropy)?;
    let change = Record { webhooks: vec![row.clone()], ..Record::default() };
    if let Err(error) = manage::record(gateway, Act::WebhookAdded, facts, change).await {
        gateway.webhook_secrets().destroy(id)?;
        return Err(error);
    }
    Ok((secret_text(&secret[..]), row))
}

/// Ends an endpoint: no message to it is begun from now on, and its secret is destroyed. One that is under way may still
/// arrive.
///
/// # Errors
/// [`GatewayError::Input`] when there is none with this id that has not ended.
pub async fn end(gateway: &Gateway, id: &str) -> Result<WebhookRow, GatewayError> {
    let ended = changed(gateway, id, Change::End).await?;
    gateway.webhook_secrets().destroy(ended.id)?;
    Ok(ended)
}

/// Tries an endpoint again at once that failed or was given up, from where it was told.
///
/// # Errors
/// As [`end`].
pub async fn resume(gateway: &Gateway, id: &str) -> Result<WebhookRow, GatewayError> {
    changed(gateway, id, Change::Resume).await
}

/// What an operator changes of an endpoint.
#[derive(Debug, Clone, Copy)]
enum Change {
    End,
    Resume,
}

/// Makes the next version of an endpoint, again where a round was faster.
async fn changed(gateway: &Gateway, id: &str, change: Change) -> Result<WebhookRow, GatewayError> {
    let mut tries = 0;
    loop {
        let known = gateway.store().webhooks().await?;
        let row = known.into_iter().find(|row| row.id.to_string() == id).ok_or_else(|| {
            GatewayError::Input(format!("no endpoint `{id}` is known; `comity webhook list`"))
        })?;
        if let Some(at) = row.ended {
            return Err(GatewayError::Input(format!("endpoint `{id}` was ended on {at}")));
        }
        tries += 1;
        let row = WebhookRow { version: row.version + 1, ..row };
        match next(gateway, row, change).await {
            Err(GatewayError::Store(StoreError::Conflict(_))) if tries < TRIES_MAX => {}
            changed => return changed,
        }
    }
}

async fn next(gateway: &Gateway, row: WebhookRow, change: Change) -> Result<WebhookRow, GatewayError> {
    let now = gateway.now();
    let row = match change {
        Change::End => WebhookRow { ended: Some(now), ..row },
        Change::Resume => WebhookRow {
            failures: 0,
            failing_since: None,
            trouble: None,
            next_at: now,
            disabled: None,
            ..row
        },
    };
    let record = Record { webhooks: vec![row.clone()], ..Record::default() };
    match change {
        Change::End => {
            let facts = json!({ "webhook": row.id.to_string() });
            manage::record(gateway, Act::WebhookEnded, facts, record).await?;
        }
        Change::Resume => {
            gateway.store().record(record).await?;
        }
    }
    Ok(row)
}

/// How an endpoint is: `told`, `failing`, `disabled`, `ended`.
#[must_use]
pub fn state(row: &WebhookRow) -> &'static str {
    match row {
        WebhookRow { ended: Some(_), .. } => "ended",
        WebhookRow { disabled: Some(_), .. } => "disabled",
        WebhookRow { failing_since: Some(_), .. } => "failing",
        _ => "told",
    }
}

/// More than any house has programmes; each costs one look at the log.
const ENDPOINTS_MAX: usize = 32;

/// A round writes twice: a change that meets it is made at the third try.
const TRIES_MAX: u32 = 8;
