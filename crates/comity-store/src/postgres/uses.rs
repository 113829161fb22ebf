//! Uses of what was received, and how often persons were looked up.

use super::columns::{change, every, first, id, instant, integer, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{Counted, LookUp, Record, StoreError, UseCount, UseRow, Uses};
use comity_terms::{ExchangeId, Timestamp};
use comity_tlog::LeafIndex;
use tokio_postgres::Row;

impl Uses for super::PostgresStore {
    async fn used(&self, exchange: ExchangeId, limit: u32) -> Result<Vec<UseRow>, StoreError> {
        self.ask(move |c| Box::pin(used(c, exchange, limit))).await
    }

    async fn use_counts(
        &self,
        exchanges: Vec<ExchangeId>,
    ) -> Result<Vec<(ExchangeId, UseCount)>, StoreError> {
        self.ask(move |c| Box::pin(use_counts(c, exchanges.clone()))).await
    }

    async fn used_from(&self) -> Result<LeafIndex, StoreError> {
        self.ask(|c| Box::pin(used_from(c))).await
    }

    async fn look_ups_over(&self, at: Timestamp) -> Result<bool, StoreError> {
        self.ask(move |c| Box::pin(look_ups_over(c, at))).await
    }

    async fn looked_up(&self, who: Counted, since: Timestamp) -> Result<u64, StoreError> {
        self.ask(move |c| Box::pin(looked_up(c, who, since))).await
    }
}

/// Whether the record says anything of uses.
pub(super) fn speaks(record: &Record) -> bool {
    !(record.uses.is_empty() && record.looked_up.is_empty()) || record.uncounted.is_some()
}

/// Keeps what a record says of uses; its first entry will have `index`. When it fails, whatever it changed is to be taken
/// back.
pub(super) async fn put(client: &Client, record: &Record, index: LeafIndex) -> Result<(), Fault> {
    if !record.uses.is_empty() {
        put_uses(client, &record.uses, index).await?;
    }
    for look_up in &record.looked_up {
        put_look_up(client, look_up, index).await?;
    }
    if let Some(at) = record.uncounted {
        change(
            client,
            "-- put, look-ups that count no more
             DELETE FROM looked_up WHERE until <= $1",
            &[&at.as_second()],
        )
        .await?;
    }
    Ok(())
}

async fn put_uses(client: &Client, rows: &[UseRow], index: LeafIndex) -> Result<(), Fault> {
    let exchanges: Vec<&[u8]> = rows.iter().map(|row| &row.exchange.as_bytes()[..]).collect();
    let at: Vec<String> = rows.iter().map(|row| instant(row.at)).collect();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    let purposes: Vec<&str> = rows.iter().map(|row| row.purpose.as_str()).collect();
    let readers: Vec<Option<&str>> = rows.iter().map(|row| row.reader.as_deref()).collect();
    let given = rows.iter().map(|row| integer(row.given)).collect::<Result<Vec<i64>, Fault>>()?;
    let refused = rows.iter().map(|row| integer(row.refused)).collect::<Result<Vec<i64>, Fault>>()?;
    change(
        client,
        "-- put_uses
         INSERT INTO used (exchange, leaf_index, at, action, purpose, reader, given, refused)
         SELECT exchange, $2, at, action, purpose, reader, given, refused
         FROM unnest($1::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
              AS one (exchange, at, action, purpose, reader, given, refused)",
        &[&exchanges, &integer(index.0)?, &at, &actions, &purposes, &readers, &given, &refused],
    )
    .await
    .map(drop)
}

async fn put_look_up(client: &Client, look_up: &LookUp, index: LeafIndex) -> Result<(), Fault> {
    if looked_up(client, look_up.who, look_up.since).await? != look_up.done {
        return Err(Fault::Conflict("another look-up"));
    }
    change(
        client,
        "-- put_look_up
         INSERT INTO looked_up (who, at, leaf_index, times, until) VALUES ($1, $2, $3, $4, $5)",
        &[
            &&look_up.who.0[..],
            &look_up.at.as_second(),
            &integer(index.0)?,
            &integer(look_up.times)?,
            &look_up.until.as_second(),
        ],
    )
    .await
    .map(drop)
}

async fn used(client: &Client, exchange: ExchangeId, limit: u32) -> Result<Vec<UseRow>, Fault> {
    let mut rows = every(
        client,
        "-- used
         SELECT exchange, leaf_index, at, action, purpose, reader, given, refused
         FROM used WHERE exchange = $1 ORDER BY leaf_index DESC LIMIT $2",
        &[&&exchange.as_bytes()[..], &i64::from(limit)],
        read_use,
    )
    .await?;
    rows.reverse();
    Ok(rows)
}

fn read_use(row: &Row) -> Result<UseRow, Fault> {
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

async fn use_counts(
    client: &Client,
    exchanges: Vec<ExchangeId>,
) -> Result<Vec<(ExchangeId, UseCount)>, Fault> {
    let ids: Vec<&[u8]> = exchanges.iter().map(|exchange| &exchange.as_bytes()[..]).collect();
    every(
        client,
        "-- use_counts
         SELECT exchange, count(*) AS uses, sum(given)::bigint AS given, sum(refused)::bigint AS refused,
                count(*) FILTER (WHERE action = 'unmask' AND given > 0) AS unmasked
         FROM used WHERE exchange = ANY($1::bytea[]) GROUP BY exchange ORDER BY exchange",
        &[&ids],
        |row| {
            let count = UseCount {
                uses: number(row, "uses")?,
                given: number(row, "given")?,
                refused: number(row, "refused")?,
                unmasked: number(row, "unmasked")?,
            };
            Ok((id(row, "exchange", ExchangeId::from_bytes)?, count))
        },
    )
    .await
}

async fn used_from(client: &Client) -> Result<LeafIndex, Fault> {
    let size = first(
        client,
        "-- used_from
         SELECT coalesce(max(tree_size), 0) AS size FROM used_from",
        &[],
        |row| number(row, "size"),
    )
    .await?;
    Ok(LeafIndex(size.unwrap_or_default()))
}

async fn looked_up(client: &Client, who: Counted, since: Timestamp) -> Result<u64, Fault> {
    let times = first(
        client,
        "-- looked_up
         SELECT coalesce(sum(times), 0)::bigint AS times FROM looked_up WHERE who = $1 AND at > $2",
        &[&&who.0[..], &since.as_second()],
        |row| number(row, "times"),
    )
    .await?;
    Ok(times.unwrap_or_default())
}

pub(super) const LOOK_UPS_OVER: &str = "-- look_ups_over
     SELECT 1::bigint AS one FROM looked_up WHERE until <= $1 LIMIT 1";

async fn look_ups_over(client: &Client, at: Timestamp) -> Result<bool, Fault> {
    let found = first(client, LOOK_UPS_OVER, &[&at.as_second()], |row| plain::<i64>(row, "one")).await?;
    Ok(found.is_some())
}
