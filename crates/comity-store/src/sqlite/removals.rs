//! Partners that were removed, and what is not passed on to whom.

use super::columns::{change, every, first, id, instant, maybe_text, plain, text};
use super::exchange::read_exchange;
use super::fault::Fault;
use comity_exchange::ports::{Bar, ExchangeRow, PeerRemoval, Record, Removals, StoreError};
use comity_terms::{ExchangeId, Party};
use rusqlite::{Connection, Row, params};

impl Removals for super::SqliteStore {
    async fn removals(&self) -> Result<Vec<PeerRemoval>, StoreError> {
        self.readers.read(removals).await
    }

    async fn bars(&self) -> Result<bool, StoreError> {
        self.readers.look(bars).await
    }

    async fn barred(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Bar>, StoreError> {
        self.readers.read(move |c| barred(c, &exchanges)).await
    }

    async fn unbarred(
        &self,
        party: &Party,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<ExchangeRow>, StoreError> {
        let (party, origin) = (party.clone(), origin.clone());
        self.readers.read(move |c| unbarred(c, &party, &origin, limit)).await
    }

    async fn barred_in_vain(
        &self,
        origin: &Party,
        limit: u32,
    ) -> Result<Vec<(PeerRemoval, ExchangeRow)>, StoreError> {
        let origin = origin.clone();
        self.readers.read(move |c| barred_in_vain(c, &origin, limit)).await
    }
}

/// Keeps what a record says of removals and bars.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    if let Some(removal) = &record.peer_removal {
        put_removal(connection, removal)?;
    }
    record.bars.iter().try_for_each(|bar| put_bar(connection, bar))
}

fn put_removal(connection: &Connection, row: &PeerRemoval) -> Result<(), Fault> {
    change(
        connection,
        "-- put_removal
         INSERT INTO peer_removal (party, reason, at, ended) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (party) DO UPDATE
         SET reason = excluded.reason, at = excluded.at, ended = excluded.ended",
        params![row.party.as_str(), row.reason.as_str(), instant(row.at), row.ended.map(instant)],
    )?;
    change(
        connection,
        "-- put_removal, what waits
         UPDATE outbox SET next_at = min(next_at, ?2) WHERE peer = ?1",
        params![row.party.as_str(), instant(row.at)],
    )
    .map(drop)
}

fn put_bar(connection: &Connection, row: &Bar) -> Result<(), Fault> {
    change(
        connection,
        "-- put_bar
         INSERT INTO barred (exchange, party, origin, at, stands) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (exchange, party, origin) DO UPDATE SET at = excluded.at, stands = excluded.stands
         WHERE excluded.at > barred.at",
        params![
            row.exchange.as_bytes(),
            row.party.as_str(),
            row.origin.as_str(),
            instant(row.at),
            row.stands
        ],
    )
    .map(drop)
}

fn removals(connection: &Connection) -> Result<Vec<PeerRemoval>, Fault> {
    every(
        connection,
        "-- removals
         SELECT party, reason, at, ended FROM peer_removal WHERE ended IS NULL ORDER BY party",
        [],
        |row| read_removal(row, "at"),
    )
}

fn read_removal(row: &Row<'_>, at: &'static str) -> Result<PeerRemoval, Fault> {
    Ok(PeerRemoval {
        party: text(row, "party")?,
        reason: text(row, "reason")?,
        at: text(row, at)?,
        ended: maybe_text(row, "ended")?,
    })
}

fn bars(connection: &Connection) -> Result<bool, Fault> {
    let found = first(
        connection,
        "-- bars
         SELECT 1 AS one FROM barred WHERE stands = 1 LIMIT 1",
        [],
        |row| plain::<i64>(row, "one"),
    )?;
    Ok(found.is_some())
}

fn barred(connection: &Connection, exchanges: &[ExchangeId]) -> Result<Vec<Bar>, Fault> {
    let mut found = Vec::new();
    for exchange in exchanges {
        found.extend(every(
            connection,
            "-- barred
             SELECT exchange, party, origin, at, stands FROM barred WHERE exchange = ?1 AND stands = 1
             ORDER BY party, origin",
            [exchange.as_bytes()],
            read_bar,
        )?);
    }
    Ok(found)
}

fn read_bar(row: &Row<'_>) -> Result<Bar, Fault> {
    Ok(Bar {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        party: text(row, "party")?,
        origin: text(row, "origin")?,
        at: text(row, "at")?,
        stands: plain(row, "stands")?,
    })
}

fn unbarred(
    connection: &Connection,
    party: &Party,
    origin: &Party,
    limit: u32,
) -> Result<Vec<ExchangeRow>, Fault> {
    every(
        connection,
        "-- unbarred
         SELECT id, side, peer, agreement, agreement_digest, supersedes, chain, offer, outcome, whole, objects, at,
                changed_at
         FROM exchange
         WHERE side = 'sender' AND outcome IN ('delivered', 'partly_delivered', 'queued') AND peer NOT IN (?1, ?2)
           AND NOT EXISTS (SELECT 1 FROM barred
                           WHERE barred.exchange = exchange.id AND party = ?1 AND origin = ?2 AND stands = 1)
         ORDER BY peer, agreement, id LIMIT ?3",
        params![party.as_str(), origin.as_str(), limit],
        read_exchange,
    )
}

fn barred_in_vain(
    connection: &Connection,
    origin: &Party,
    limit: u32,
) -> Result<Vec<(PeerRemoval, ExchangeRow)>, Fault> {
    every(
        connection,
        "-- barred_in_vain
         SELECT peer_removal.party, reason, peer_removal.at AS removed_at, ended, id, side, peer, agreement,
                agreement_digest, supersedes, chain, offer, outcome, whole, objects, exchange.at AS at, changed_at
         FROM barred JOIN exchange ON exchange.id = barred.exchange
                     JOIN peer_removal ON peer_removal.party = barred.party AND ended IS NOT NULL
         WHERE stands = 1 AND origin = ?1 AND side = 'sender'
         ORDER BY peer_removal.party, peer, agreement, id LIMIT ?2",
        params![origin.as_str(), limit],
        |row| Ok((read_removal(row, "removed_at")?, read_exchange(row)?)),
    )
}
