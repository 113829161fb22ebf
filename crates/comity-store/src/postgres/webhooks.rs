//! Endpoints that are told of acts.

use super::columns::{change, every, id, instant, integer, maybe_text, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{Record, StoreError, WebhookRow, Webhooks};
use comity_terms::ids::WebhookId;
use comity_tlog::LeafIndex;
use tokio_postgres::Row;

impl Webhooks for super::PostgresStore {
    async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        self.ask(|c| Box::pin(webhooks(c))).await
    }
}

/// Whether the record says anything of them.
pub(super) fn speaks(record: &Record) -> bool {
    !record.webhooks.is_empty()
}

/// Keeps what a record says of them, each row in the place of its version before. When it fails, whatever it changed is to
/// be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    for row in &record.webhooks {
        put_webhook(client, row).await?;
    }
    Ok(())
}

async fn put_webhook(client: &Client, row: &WebhookRow) -> Result<(), Fault> {
    let put = change(
        client,
        "-- put_webhook
         INSERT INTO webhook (id, url, events, officer, begun, ended, version, next_entry, failures, failing_since,
                              trouble, next_at, disabled)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE
         SET ended = excluded.ended, version = excluded.version, next_entry = excluded.next_entry,
             failures = excluded.failures, failing_since = excluded.failing_since, trouble = excluded.trouble,
             next_at = excluded.next_at, disabled = excluded.disabled
         WHERE webhook.version = excluded.version - 1",
        &[
            &&row.id.as_bytes()[..],
            &row.url,
            &row.events,
            &row.officer,
            &instant(row.from),
            &row.ended.map(instant),
            &i64::from(row.version),
            &integer(row.next.0)?,
            &i64::from(row.failures),
            &row.failing_since.map(instant),
            &row.trouble,
            &instant(row.next_at),
            &row.disabled.map(instant),
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("a later version of an endpoint")) } else { Ok(()) }
}

async fn webhooks(client: &Client) -> Result<Vec<WebhookRow>, Fault> {
    every(
        client,
        "-- webhooks
         SELECT id, url, events, officer, begun, ended, version, next_entry, failures, failing_since, trouble, next_at,
                disabled
         FROM webhook ORDER BY begun, id",
        &[],
        read_webhook,
    )
    .await
}

fn read_webhook(row: &Row) -> Result<WebhookRow, Fault> {
    Ok(WebhookRow {
        id: id(row, "id", WebhookId::from_bytes)?,
        url: plain(row, "url")?,
        events: plain(row, "events")?,
        officer: plain(row, "officer")?,
        from: text(row, "begun")?,
        ended: maybe_text(row, "ended")?,
        version: number(row, "version")?,
        next: LeafIndex(number(row, "next_entry")?),
        failures: number(row, "failures")?,
        failing_since: maybe_text(row, "failing_since")?,
        trouble: plain(row, "trouble")?,
        next_at: text(row, "next_at")?,
        disabled: maybe_text(row, "disabled")?,
    })
}
