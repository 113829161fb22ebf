//! Uses of what was received, and how often persons were looked up.

use super::columns::{change, every, first, id, instant, integer, number, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{Counted, LookUp, Record, StoreError, UseCount, UseRow, Uses};
use comity_terms::{ExchangeId, Timestamp};
use comity_tlog::LeafIndex;
use rusqlite::{Connection, Row, params};

impl Uses for super::SqliteStore {
    async fn used(&self, exchange: ExchangeId, limit: u32) -> Result<Vec<UseRow>, StoreError> {
        self.readers.read(move |c| used(c, exchange, limit)).await
    }

    async fn use_counts(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> Result<Vec<(ExchangeId, UseCount)>, StoreError> {
        self.readers.read(move |c| use_counts(c, &exchanges)).await
    }

    async fn used_from(&self) -> Result<LeafIndex, StoreError> {
        self.readers.read(used_from).await
    }

    async fn look_ups_over(&self, at: Timestamp) -> Result<bool, StoreError> {
        self.readers.read(move |c| look_ups_over(c, at)).await
    }

    async fn looked_up(&self, who: Counted, since: Timestamp) -> Result<u64, StoreError> {
        self.readers.read(move |c| looked_up(c, who, since)).await
    }
}

/// Keeps what a record says of uses; its first entry will have `index`.
pub(super) fn put(connection: &Connection, record: &Record, index: LeafIndex) -> Result<(), Fault> {
    for row in &record.uses {
        put_use(connection, row, index)?;
    }
    for look_up in &record.looked_up {
        put_look_up(connection, look_up, index)?;
    }
    if let Some(at) = record.uncounted {
        change(
            connection,
            "-- put, look-ups that count no more
             DELETE FROM looked_up WHERE until <= ?1",
            [at.as_second()],
        )?;
    }
    Ok(())
}

fn put_use(connection: &Connection, row: &UseRow, index: LeafIndex) -> Result<(), Fault> {
    change(
        connection,
        "-- put_use
         INSERT INTO used (exchange, leaf_index, at, action, purpose, reader, given, refused)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.exchange.as_bytes(),
            integer(index.0)?,
            instant(row.at),
            row.action.as_str(),
            row.purpose.as_str(),
            row.reader,
            integer(row.given)?,
            integer(row.refused)?,
        ],
    )
    .map(drop)
}

fn put_look_up(connection: &Connection, look_up: &LookUp, index: LeafIndex) -> Result<(), Fault> {
    if looked_up(connection, look_up.who, look_up.since)? != look_up.done {
        return Err(Fault::Conflict("another look-up"));
    }
    change(
        connection,
        "-- put_look_up
         INSERT INTO looked_up (who, at, leaf_index, times, until) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            look_up.who.0,
            look_up.at.as_second(),
            integer(index.0)?,
            integer(look_up.times)?,
            look_up.until.as_second(),
        ],
    )
    .map(drop)
}

fn used(connection: &Connection, exchange: ExchangeId, limit: u32) -> Result<Vec<UseRow>, Fault> {
    let mut rows = every(
        connection,
        "-- used
         SELECT exchange, leaf_index, at, action, purpose, reader, given, refused
         FROM used WHERE exchange = ?1 ORDER BY leaf_index DESC LIMIT ?2",
        params![exchange.as_bytes(), limit],
        read_use,
    )?;
    rows.reverse();
    Ok(rows)
}

fn read_use(row: &Row<'_>) -> Result<UseRow, Fault> {
    Ok(UseRow {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        entry: LeafIndex(number(row, "leaf_index")?),
        at: text(row, "at")?,
        action: text(row, "action")?,
        purpose: text(row, "purpose")?,
        reader: plain(row, "reader")?,
        given: number(row, "given")?,
        refused: number(row, "refused")?,
    })
}

fn use_counts(
    connection: &Connection,
    exchanges: &[ExchangeId],
) -> Result<Vec<(ExchangeId, UseCount)>, Fault> {
    let mut counts = Vec::new();
    for exchange in exchanges {
        let count = first(
            connection,
            "-- use_counts
             SELECT count(*) AS uses, coalesce(sum(given), 0) AS given, coalesce(sum(refused), 0) AS refused,
                    coalesce(sum(action = 'unmask' AND given > 0), 0) AS unmasked
             FROM used WHERE exchange = ?1",
            [exchange.as_bytes()],
            |row| {
                Ok(UseCount {
                    uses: number(row, "uses")?,
                    given: number(row, "given")?,
                    refused: number(row, "refused")?,
                    unmasked: number(row, "unmasked")?,
                })
            },
        )?;
        counts.extend(count.filter(|count| count.uses > 0).map(|count| (*exchange, count)));
    }
    counts.sort_by_key(|(exchange, _)| *exchange);
    counts.dedup();
    Ok(counts)
}

fn used_from(connection: &Connection) -> Result<LeafIndex, Fault> {
    let size = first(
        connection,
        "-- used_from
         SELECT coalesce(max(tree_size), 0) AS size FROM used_from",
        [],
        |row| number(row, "size"),
    )?;
    Ok(LeafIndex(size.unwrap_or_default()))
}

fn looked_up(connection: &Connection, who: Counted, since: Timestamp) -> Result<u64, Fault> {
    let times = first(
        connection,
        "-- looked_up
         SELECT coalesce(sum(times), 0) AS times FROM looked_up WHERE who = ?1 AND at > ?2",
        params![who.0, since.as_second()],
        |row| number(row, "times"),
    )?;
    Ok(times.unwrap_or_default())
}

pub(super) const LOOK_UPS_OVER: &str = "-- look_ups_over
     SELECT 1 AS one FROM looked_up WHERE until <= ?1 LIMIT 1";

fn look_ups_over(connection: &Connection, at: Timestamp) -> Result<bool, Fault> {
    let found = first(connection, LOOK_UPS_OVER, [at.as_second()], |row| plain::<i64>(row, "one"))?;
    Ok(found.is_some())
}
