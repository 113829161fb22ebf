//! Notices to persons.

use super::columns::{change, every, first, id, instant, maybe_id, maybe_text, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{NoticeRow, NoticeState, Notices, Record, StoreError};
use comity_terms::ids::NoticeId;
use comity_terms::{ExchangeId, Timestamp};
use tokio_postgres::Row;

impl Notices for super::PostgresStore {
    async fn notices(&self, all: bool) -> Result<Vec<NoticeRow>, StoreError> {
        self.ask(move |client| Box::pin(notices(client, all))).await
    }

    async fn notices_owed(
        &self,
        after: Option<(Timestamp, NoticeId)>,
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        self.ask(move |client| Box::pin(owed(client, after, limit))).await
    }

    async fn notice(&self, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
        self.ask(move |client| Box::pin(notice(client, id))).await
    }

    async fn notices_due(&self, now: Timestamp, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
        self.ask(move |client| Box::pin(due(client, now, limit))).await
    }
}

/// Whether the record says anything of notices.
pub(super) fn speaks(record: &Record) -> bool {
    !record.notices.is_empty()
}

/// Keeps what a record says of notices. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    for row in &record.notices {
        put_one(client, row).await?;
    }
    Ok(())
}

async fn put_one(client: &Client, row: &NoticeRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("a notice does not write as JSON".into()))?;
    let put = change(
        client,
        "-- put, notice
         INSERT INTO notice (id, state, owed, exchange, agreement, arisen_at, due_operational, due_legal_latest, next_at,
                             overdue_since, ended_at, version, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE
         SET state = excluded.state, owed = excluded.owed, due_operational = excluded.due_operational,
             due_legal_latest = excluded.due_legal_latest, next_at = excluded.next_at,
             overdue_since = excluded.overdue_since, ended_at = excluded.ended_at, version = excluded.version,
             detail = excluded.detail
         WHERE notice.version = excluded.version - 1",
        &[
            &&row.id.as_bytes()[..],
            &row.state.as_str(),
            &i64::from(row.state.is_owed()),
            &row.exchange.as_ref().map(|exchange| exchange.as_bytes().to_vec()),
            &row.agreement.as_str(),
            &instant(row.arisen_at),
            &instant(row.due_operational),
            &instant(row.due_legal_latest),
            &row.next_at.map(instant),
            &row.overdue_since.map(instant),
            &row.ended_at.map(instant),
            &i64::from(row.version),
            &detail,
        ],
    )
    .await?;
    if put == 0 && row.version > 1 { Err(Fault::Conflict("a later version of a notice")) } else { Ok(()) }
}

async fn notices(client: &Client, all: bool) -> Result<Vec<NoticeRow>, Fault> {
    every(
        client,
        "-- notices
         SELECT id, state, exchange, agreement, arisen_at, due_operational, due_legal_latest, next_at, overdue_since,
                ended_at, version, detail
         FROM notice WHERE $1 OR owed = 1 ORDER BY arisen_at, id",
        &[&all],
        read,
    )
    .await
}

pub(super) const OWED: &str = "-- owed
     SELECT id, state, exchange, agreement, arisen_at, due_operational, due_legal_latest, next_at, overdue_since,
            ended_at, version, detail
     FROM notice WHERE owed = 1 AND (arisen_at, id) > ($1, $2) ORDER BY arisen_at, id LIMIT $3";

async fn owed(
    client: &Client,
    after: Option<(Timestamp, NoticeId)>,
    limit: u32,
) -> Result<Vec<NoticeRow>, Fault> {
    let (arisen, id) =
        after.map(|(arisen, id)| (instant(arisen), id.as_bytes().to_vec())).unwrap_or_default();
    every(client, OWED, &[&arisen, &id, &i64::from(limit)], read).await
}

async fn notice(client: &Client, id: NoticeId) -> Result<Option<NoticeRow>, Fault> {
    first(
        client,
        "-- notice
         SELECT id, state, exchange, agreement, arisen_at, due_operational, due_legal_latest, next_at, overdue_since,
                ended_at, version, detail
         FROM notice WHERE id = $1",
        &[&&id.as_bytes()[..]],
        read,
    )
    .await
}

pub(super) const DUE: &str = "-- due, notices
     SELECT id, state, exchange, agreement, arisen_at, due_operational, due_legal_latest, next_at, overdue_since,
            ended_at, version, detail
     FROM notice WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2";

async fn due(client: &Client, now: Timestamp, limit: u32) -> Result<Vec<NoticeRow>, Fault> {
    every(client, DUE, &[&instant(now), &i64::from(limit)], read).await
}

fn read(row: &Row) -> Result<NoticeRow, Fault> {
    let (state, detail): (String, String) = (plain(row, "state")?, plain(row, "detail")?);
    Ok(NoticeRow {
        id: id(row, "id", NoticeId::from_bytes)?,
        state: NoticeState::of_word(&state).ok_or(Fault::Column("state"))?,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        agreement: text(row, "agreement")?,
        arisen_at: text(row, "arisen_at")?,
        due_operational: text(row, "due_operational")?,
        due_legal_latest: text(row, "due_legal_latest")?,
        next_at: maybe_text(row, "next_at")?,
        overdue_since: maybe_text(row, "overdue_since")?,
        ended_at: maybe_text(row, "ended_at")?,
        version: number(row, "version")?,
        detail: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
    })
}
