//! Partners that were removed, and what is not passed on to whom.

use super::columns::{change, every, first, id, instant, maybe_text, number, plain, text};
use super::connection::Client;
use super::exchange::read_exchange;
use super::fault::Fault;
use comity_exchange::ports::{Bar, ExchangeRow, PeerRemoval, Record, Removals, StoreError};
use comity_terms::{ExchangeId, Party};
use tokio_postgres::Row;

impl Removals for super::PostgresStore {
    async fn removals(&self) -> Result<Vec<PeerRemoval>, StoreError> {
        self.ask(|c| Box::pin(removals(c))).await
    }

    async fn bars(&self) -> Result<bool, StoreError> {
        self.ask(|c| Box::pin(bars(c))).await
    }

    async fn barred(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Bar>, StoreError> {
        self.ask(move |c| Box::pin(barred(c, exchanges.clone()))).await
    }

    async fn unbarred(
        &self,
        party: &Party,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<ExchangeRow>, StoreError> {
        let asked = (party.clone(), origin.clone());
        self.ask(move |c| {
            let (party, origin) = asked.clone();
            Box::pin(async move { unbarred(c, &party, &origin, limit).await })
        })
        .await
    }

    async fn barred_in_vain(
        &self,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<(PeerRemoval, ExchangeRow)>, StoreError> {
        let origin = origin.clone();
        self.ask(move |c| {
            let origin = origin.clone();
            Box::pin(async move { barred_in_vain(c, &origin, limit).await })
        })
        .await
    }
}

/// Whether the record says anything of removals or bars.
pub(super) fn speaks(record: &Record) -> bool {
    record.peer_removal.is_some() || !record.bars.is_empty()
}

/// Keeps what a record says of removals and bars. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    if let Some(removal) = &record.peer_removal {
        put_removal(client, removal).await?;
    }
    if !record.bars.is_empty() {
        put_bars(client, &record.bars).await?;
    }
    Ok(())
}

async fn put_removal(client: &Client, row: &PeerRemoval) -> Result<(), Fault> {
    change(
        client,
        "-- put_removal
         INSERT INTO peer_removal (party, reason, at, ended) VALUES ($1, $2, $3, $4)
         ON CONFLICT (party) DO UPDATE
         SET reason = excluded.reason, at = excluded.at, ended = excluded.ended",
        &[&row.party.as_str(), &row.reason.as_str(), &instant(row.at), &row.ended.map(instant)],
    )
    .await?;
    change(
        client,
        "-- put_removal, what waits
         UPDATE outbox SET next_at = least(next_at, $2) WHERE peer = $1",
        &[&row.party.as_str(), &instant(row.at)],
    )
    .await
    .map(drop)
}

async fn put_bars(client: &Client, rows: &[Bar]) -> Result<(), Fault> {
    let exchanges: Vec<&[u8]> = rows.iter().map(|row| &row.exchange.as_bytes()[..]).collect();
    let parties: Vec<&str> = rows.iter().map(|row| row.party.as_str()).collect();
    let origins: Vec<&str> = rows.iter().map(|row| row.origin.as_str()).collect();
    let instants: Vec<String> = rows.iter().map(|row| instant(row.at)).collect();
    let stand: Vec<i64> = rows.iter().map(|row| i64::from(row.stands)).collect();
    change(
        client,
        "-- put_bars
         INSERT INTO barred (exchange, party, origin, at, stands)
         SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::bigint[])
         ON CONFLICT (exchange, party, origin) DO UPDATE SET at = excluded.at, stands = excluded.stands
         WHERE excluded.at > barred.at",
        &[&exchanges, &parties, &origins, &instants, &stand],
    )
    .await
    .map(drop)
}

async fn removals(client: &Client) -> Result<Vec<PeerRemoval>, Fault> {
    every(
        client,
        "-- removals
         SELECT party, reason, at, ended FROM peer_removal WHERE ended IS NULL ORDER BY party",
        &[],
        |row| read_removal(row, "at"),
    )
    .await
}

fn read_removal(row: &Row, at: &'static str) -> Result<PeerRemoval, Fault> {
    Ok(PeerRemoval {
        party: text(row, "party")?,
        reason: text(row, "reason")?,
        at: text(row, at)?,
        ended: maybe_text(row, "ended")?,
    })
}

async fn bars(client: &Client) -> Result<bool, Fault> {
    let found = first(
        client,
        "-- bars
         SELECT 1::bigint AS one FROM barred WHERE stands = 1 LIMIT 1",
        &[],
        |row| plain::<i64>(row, "one"),
    )
    .await?;
    Ok(found.is_some())
}

async fn barred(client: &Client, exchanges: Vec<ExchangeId>) -> Result<Vec<Bar>, Fault> {
    let ids: Vec<&[u8]> = exchanges.iter().map(|exchange| &exchange.as_bytes()[..]).collect();
    every(
        client,
        "-- barred
         SELECT exchange, party, origin, at, stands FROM barred WHERE exchange = ANY($1::bytea[]) AND stands = 1
         ORDER BY exchange, party, origin",
        &[&ids],
        read_bar,
    )
    .await
}

fn read_bar(row: &Row) -> Result<Bar, Fault> {
    Ok(Bar {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        party: text(row, "party")?,
        origin: text(row, "origin")?,
        at: text(row, "at")?,
        stands: number::<i64>(row, "stands")? == 1,
    })
}

async fn unbarred(
    client: &Client,
    party: &Party,
    origin: &Party,
    limit: u32,
) -> Result<Vec<ExchangeRow>, Fault> {
    every(
        client,
        "-- unbarred
         SELECT id, side, peer, agreement, agreement_digest, supersedes, chain, offer, outcome, whole, objects, at,
                changed_at
         FROM exchange
         WHERE side = 'sender' AND outcome IN ('delivered', 'partly_delivered', 'queued') AND peer NOT IN ($1, $2)
           AND NOT EXISTS (SELECT 1 FROM barred
                           WHERE barred.exchange = exchange.id AND party = $1 AND origin = $2 AND stands = 1)
         ORDER BY peer, agreement, id LIMIT $3",
        &[&party.as_str(), &origin.as_str(), &i64::from(limit)],
        read_exchange,
    )
    .await
}

async fn barred_in_vain(
    client: &Client,
    origin: &Party,
    limit: u32,
) -> Result<Vec<(PeerRemoval, ExchangeRow)>, Fault> {
    every(
        client,
        "-- barred_in_vain
         SELECT peer_removal.party, reason, peer_removal.at AS removed_at, ended, id, side, peer, agreement,
                agreement_digest, supersedes, chain, offer, outcome, whole, objects, exchange.at AS at, changed_at
         FROM barred JOIN exchange ON exchange.id = barred.exchange
                     JOIN peer_removal ON peer_removal.party = barred.party AND ended IS NOT NULL
         WHERE stands = 1 AND origin = $1 AND side = 'sender'
         ORDER BY peer_removal.party, peer, agreement, id LIMIT $2",
        &[&origin.as_str(), &i64::from(limit)],
        |row| Ok((read_removal(row, "removed_at")?, read_exchange(row)?)),
    )
    .await
}
