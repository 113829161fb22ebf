//! Holds: what keeps records from erasure for a time.

use super::columns::{
    change, every, first, id, instant, maybe_id, maybe_number, maybe_text, number, plain, text,
};
use super::connection::Client;
use super::fault::Fault;
use crate::words::{bound_of, bound_text};
use comity_exchange::ports::{HoldRow, Holds, Record, StoreError};
use comity_terms::ids::{ClassId, HoldId};
use comity_terms::{ExchangeId, Timestamp};
use tokio_postgres::Row;

impl Holds for super::PostgresStore {
    async fn holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        self.ask(|c| Box::pin(holds(c))).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<HoldRow>, StoreError> {
        self.ask(move |c| Box::pin(hold(c, id))).await
    }

    async fn holds_of(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<HoldRow>, StoreError> {
        self.ask(move |c| Box::pin(holds_of(c, exchanges.clone()))).await
    }

    async fn holds_restrict(&self, at: Timestamp) -> Result<bool, StoreError> {
        self.ask(move |c| Box::pin(holds_restrict(c, at))).await
    }

    async fn holds_over(&self, at: Timestamp) -> Result<Vec<HoldRow>, StoreError> {
        self.ask(move |c| Box::pin(holds_over(c, at))).await
    }
}

/// Whether the record says anything of holds.
pub(super) fn speaks(record: &Record) -> bool {
    !record.holds.is_empty()
}

/// Keeps what a record says of holds. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    for row in &record.holds {
        put_hold(client, row).await?;
    }
    Ok(())
}

async fn put_hold(client: &Client, row: &HoldRow) -> Result<(), Fault> {
    let (class, ordinal) = row.record.unzip();
    let put = change(
        client,
        "-- put_hold
         INSERT INTO hold (id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                           erase_after, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (id) DO UPDATE
         SET lifted = excluded.lifted, erase_after = excluded.erase_after, version = excluded.version
         WHERE hold.version = excluded.version - 1",
        &[
            &&row.id.as_bytes()[..],
            &&row.exchange.as_bytes()[..],
            &class.map(|class| class.as_bytes().to_vec()),
            &ordinal.map(i64::from),
            &row.ground,
            &i64::from(row.restricts),
            &instant(row.since),
            &row.begun.as_second(),
            &row.until.as_second(),
            &row.lifted.map(Timestamp::as_second),
            &row.key,
            &bound_text(&row.bound),
            &row.erase_after.as_ref().map(ToString::to_string),
            &i64::from(row.version),
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("a later version of a hold")) } else { Ok(()) }
}

async fn holds(client: &Client) -> Result<Vec<HoldRow>, Fault> {
    every(
        client,
        "-- holds
         SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                erase_after, version
         FROM hold ORDER BY begun, id",
        &[],
        read_hold,
    )
    .await
}

async fn hold(client: &Client, id: HoldId) -> Result<Option<HoldRow>, Fault> {
    first(
        client,
        "-- hold
         SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                erase_after, version
         FROM hold WHERE id = $1",
        &[&&id.as_bytes()[..]],
        read_hold,
    )
    .await
}

pub(super) const HOLDS_OF: &str = "-- holds_of
     SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
            erase_after, version
     FROM hold WHERE exchange = ANY($1::bytea[]) ORDER BY begun, id";

async fn holds_of(client: &Client, exchanges: Vec<ExchangeId>) -> Result<Vec<HoldRow>, Fault> {
    let ids: Vec<&[u8]> = exchanges.iter().map(|exchange| &exchange.as_bytes()[..]).collect();
    every(client, HOLDS_OF, &[&ids], read_hold).await
}

async fn holds_restrict(client: &Client, at: Timestamp) -> Result<bool, Fault> {
    let found = first(
        client,
        "-- holds_restrict
         SELECT 1::bigint AS one FROM hold
         WHERE restricts = 1 AND until > $1 AND (lifted IS NULL OR lifted > $1) LIMIT 1",
        &[&at.as_second()],
        |row| plain::<i64>(row, "one"),
    )
    .await?;
    Ok(found.is_some())
}

async fn holds_over(client: &Client, at: Timestamp) -> Result<Vec<HoldRow>, Fault> {
    every(
        client,
        "-- holds_over
         SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                erase_after, version
         FROM hold WHERE erase_after IS NOT NULL AND (until <= $1 OR lifted <= $1) ORDER BY begun, id",
        &[&at.as_second()],
        read_hold,
    )
    .await
}

fn read_hold(row: &Row) -> Result<HoldRow, Fault> {
    let second =
        |column: &'static str| Timestamp::from_second(plain(row, column)?).map_err(|_| Fault::Column(column));
    let record = maybe_id(row, "class", ClassId::from_bytes)?.zip(maybe_number(row, "ordinal")?);
    let lifted: Option<i64> = plain(row, "lifted")?;
    Ok(HoldRow {
        id: id(row, "id", HoldId::from_bytes)?,
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        record,
        ground: plain(row, "ground")?,
        restricts: plain::<i64>(row, "restricts")? == 1,
        since: text(row, "since")?,
        begun: second("begun")?,
        until: second("until")?,
        lifted: lifted.map(|_| second("lifted")).transpose()?,
        key: plain(row, "officer_key")?,
        bound: bound_of(&plain::<String>(row, "bound")?).ok_or(Fault::Column("bound"))?,
        erase_after: maybe_text(row, "erase_after")?,
        version: number(row, "version")?,
    })
}
