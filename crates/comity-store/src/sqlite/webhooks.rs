//! Endpoints that are told of acts.

use super::columns::{every, id, insert_once, instant, integer, maybe_text, number, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{StoreError, WebhookRow, Webhooks};
use comity_terms::ids::WebhookId;
use comity_tlog::LeafIndex;
use rusqlite::{Connection, Row, params};

impl Webhooks for super::SqliteStore {
    async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        self.readers.read(webhooks).await
    }
}

/// Keeps these rows, each in the place of its version before.
pub(super) fn put(connection: &Connection, rows: &[WebhookRow]) -> Result<(), Fault> {
    rows.iter().try_for_each(|row| put_webhook(connection, row))
}

fn put_webhook(connection: &Connection, row: &WebhookRow) -> Result<(), Fault> {
    insert_once(
        connection,
        "a later version of an endpoint",
        "-- put_webhook
         INSERT INTO webhook (id, url, events, officer, begun, ended, version, next_entry, failures, failing_since,
                              trouble, next_at, disabled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (id) DO UPDATE
         SET ended = excluded.ended, version = excluded.version, next_entry = excluded.next_entry,
             failures = excluded.failures, failing_since = excluded.failing_since, trouble = excluded.trouble,
             next_at = excluded.next_at, disabled = excluded.disabled
         WHERE webhook.version = excluded.version - 1",
        params![
            row.id.as_bytes(),
            row.url,
            row.events,
            row.officer,
            instant(row.from),
            row.ended.map(instant),
            row.version,
            integer(row.next.0)?,
            row.failures,
            row.failing_since.map(instant),
            row.trouble,
            instant(row.next_at),
            row.disabled.map(instant),
        ],
    )
}

fn webhooks(connection: &Connection) -> Result<Vec<WebhookRow>, Fault> {
    every(
        connection,
        "-- webhooks
         SELECT id, url, events, officer, begun, ended, version, next_entry, failures, failing_since, trouble, next_at,
                disabled
         FROM webhook ORDER BY begun, id",
        [],
        read_webhook,
    )
}

fn read_webhook(row: &Row<'_>) -> Result<WebhookRow, Fault> {
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
