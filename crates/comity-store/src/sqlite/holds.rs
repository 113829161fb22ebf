//! Holds: what keeps records from erasure for a time.

use super::columns::{
    every, first, id, insert_once, instant, maybe_id, maybe_number, maybe_text, number, plain, text,
};
use super::fault::Fault;
use crate::words::{bound_of, bound_text};
use comity_exchange::ports::{HoldRow, Holds, Record, StoreError};
use comity_terms::ids::{ClassId, HoldId};
use comity_terms::{ExchangeId, Timestamp};
use rusqlite::{Connection, Row, params};

impl Holds for super::SqliteStore {
    async fn holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        self.readers.read(holds).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<HoldRow>, StoreError> {
        self.readers.read(move |c| hold(c, id)).await
    }

    async fn holds_of(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<HoldRow>, StoreError> {
        self.readers.read(move |c| holds_of(c, &exchanges)).await
    }

    async fn holds_restrict(&self, at: Timestamp) -> Result<bool, StoreError> {
        self.readers.look(move |c| holds_restrict(c, at)).await
    }

    async fn holds_over(&self, at: Timestamp) -> Result<Vec<HoldRow>, StoreError> {
        self.readers.read(move |c| holds_over(c, at)).await
    }
}

/// Keeps what a record says of holds.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    record.holds.iter().try_for_each(|row| put_hold(connection, row))
}

fn put_hold(connection: &Connection, row: &HoldRow) -> Result<(), Fault> {
    let (class, ordinal) = row.record.unzip();
    insert_once(
        connection,
        "a later version of a hold",
        "-- put_hold
         INSERT INTO hold (id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                           erase_after, version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE
         SET lifted = excluded.lifted, erase_after = excluded.erase_after, version = excluded.version
         WHERE hold.version = excluded.version - 1",
        params![
            row.id.as_bytes(),
            row.exchange.as_bytes(),
            class.as_ref().map(ClassId::as_bytes),
            ordinal,
            row.ground,
            row.restricts,
            instant(row.since),
            row.begun.as_second(),
            row.until.as_second(),
            row.lifted.map(Timestamp::as_second),
            row.key,
            bound_text(&row.bound),
            row.erase_after.as_ref().map(ToString::to_string),
            row.version,
        ],
    )
}

pub(super) const COVERS: &str = "-- covers
     SELECT 1 AS one FROM segment JOIN hold ON hold.exchange = segment.exchange
     WHERE segment.number = ?1 AND hold.until > ?3 AND (hold.lifted IS NULL OR hold.lifted > ?3)
       AND (hold.class IS NULL OR (hold.class = segment.class AND hold.ordinal = ?2)) LIMIT 1";

/// Whether a hold that stands at `at` covers a record.
pub(super) fn covers(
    connection: &Connection,
    segment: i64,
    ordinal: u32,
    at: Timestamp,
) -> Result<bool, Fault> {
    let found =
        first(connection, COVERS, params![segment, ordinal, at.as_second()], |row| plain::<i64>(row, "one"))?;
    Ok(found.is_some())
}

fn holds(connection: &Connection) -> Result<Vec<HoldRow>, Fault> {
    every(
        connection,
        "-- holds
         SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                erase_after, version
         FROM hold ORDER BY begun, id",
        [],
        read_hold,
    )
}

fn hold(connection: &Connection, id: HoldId) -> Result<Option<HoldRow>, Fault> {
    first(
        connection,
        "-- hold
         SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                erase_after, version
         FROM hold WHERE id = ?1",
        [id.as_bytes()],
        read_hold,
    )
}

pub(super) const HOLDS_OF: &str = "-- holds_of
     SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
            erase_after, version
     FROM hold WHERE exchange = ?1 ORDER BY begun, id";

fn holds_of(connection: &Connection, exchanges: &[ExchangeId]) -> Result<Vec<HoldRow>, Fault> {
    let mut found = Vec::new();
    for exchange in exchanges {
        found.extend(every(connection, HOLDS_OF, [exchange.as_bytes()], read_hold)?);
    }
    found.sort_by_key(|row| (row.begun, row.id));
    Ok(found)
}

fn holds_restrict(connection: &Connection, at: Timestamp) -> Result<bool, Fault> {
    let found = first(
        connection,
        "-- holds_restrict
         SELECT 1 AS one FROM hold WHERE restricts = 1 AND until > ?1 AND (lifted IS NULL OR lifted > ?1) LIMIT 1",
        [at.as_second()],
        |row| plain::<i64>(row, "one"),
    )?;
    Ok(found.is_some())
}

fn holds_over(connection: &Connection, at: Timestamp) -> Result<Vec<HoldRow>, Fault> {
    every(
        connection,
        "-- holds_over
         SELECT id, exchange, class, ordinal, ground, restricts, since, begun, until, lifted, officer_key, bound,
                erase_after, version
         FROM hold WHERE erase_after IS NOT NULL AND (until <= ?1 OR lifted <= ?1) ORDER BY begun, id",
        [at.as_second()],
        read_hold,
    )
}

fn read_hold(row: &Row<'_>) -> Result<HoldRow, Fault> {
    let second =
        |column: &'static str| Timestamp::from_second(plain(row, column)?).map_err(|_| Fault::Column(column));
    let record = maybe_id(row, "class", ClassId::from_bytes)?.zip(maybe_number(row, "ordinal")?);
    let lifted: Option<i64> = plain(row, "lifted")?;
    Ok(HoldRow {
        id: id(row, "id", HoldId::from_bytes)?,
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        record,
        ground: plain(row, "ground")?,
        restricts: plain(row, "restricts")?,
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
