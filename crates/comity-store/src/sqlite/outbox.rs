//! The outbox: offers that wait for their answers, each with one try at a time.
//!
//! ```text
//! waiting ── claim ──> claimed until T ── postpone ──> waiting      ── settle ──> gone
//!                          └── T passes, or the database is opened anew ──> waiting
//! ```

use super::columns::{change, every, first, id, insert_once, instant, number, plain, text};
use super::fault::Fault;
use comity_exchange::federation::frame::SignedHeader;
use comity_exchange::ports::OutboxItem;
use comity_exchange::signature::Signature;
use comity_terms::{ExchangeId, Party, Timestamp};
use rusqlite::{Connection, Row, params};

pub(super) fn put_offer(connection: &Connection, item: &OutboxItem) -> Result<(), Fault> {
    insert_once(
        connection,
        "offer",
        "-- put_offer
         INSERT INTO outbox (exchange, peer, header, signature, bodies, horizon, attempts, next_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
         WHERE NOT EXISTS (SELECT 1 FROM peer_removal WHERE party = ?2 AND ended IS NULL)
         ON CONFLICT (exchange) DO NOTHING",
        params![
            item.exchange.as_bytes(),
            item.peer.as_str(),
            item.offer.header,
            item.offer.signature.0,
            item.bodies,
            instant(item.horizon),
            item.attempts,
            instant(item.next_at),
        ],
    )
}

/// Gives back what a process before this one held when it ended: whoever opens the database is alone with it. An offer
/// that was never tried waits for nobody any more.
pub(super) fn release(connection: &Connection, now: Timestamp) -> Result<(), Fault> {
    change(
        connection,
        "-- release
         UPDATE outbox
         SET claimed_until = NULL, next_at = CASE WHEN attempts = 0 THEN min(next_at, ?1) ELSE next_at END
         WHERE claimed_until IS NOT NULL OR (attempts = 0 AND next_at > ?1)",
        [instant(now)],
    )?;
    Ok(())
}

pub(super) fn settle_offer(connection: &Connection, exchange: ExchangeId) -> Result<(), Fault> {
    insert_once(
        connection,
        "settlement",
        "-- settle_offer
         DELETE FROM outbox WHERE exchange = ?1",
        [exchange.as_bytes()],
    )
}

pub(super) const CLAIM_DUE: &str = "-- claim_due
     SELECT exchange FROM outbox
     WHERE next_at <= ?1 AND (claimed_until IS NULL OR claimed_until <= ?1)
       AND peer NOT IN (SELECT value FROM json_each(?3))
     ORDER BY next_at LIMIT ?2";

/// Claims what is due at `now`, the longest due first, but for what goes to `besides`.
pub(super) fn claim_due(
    connection: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
    besides: &[Party],
) -> Result<Vec<OutboxItem>, Fault> {
    let besides: Vec<&str> = besides.iter().map(Party::as_str).collect();
    let besides = serde_json::to_string(&besides).map_err(|error| Fault::Other(error.to_string()))?;
    let due = every(connection, CLAIM_DUE, params![instant(now), limit, besides], |row| {
        id(row, "exchange", ExchangeId::from_bytes)
    })?;
    due.into_iter().filter_map(|exchange| claim(connection, exchange, now, until).transpose()).collect()
}

/// Claims one offer, whenever it is due. A try counts from its claim, so that one which ends in a crash counts.
pub(super) fn claim(
    connection: &Connection,
    exchange: ExchangeId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<OutboxItem>, Fault> {
    first(
        connection,
        "-- claim
         UPDATE outbox SET claimed_until = ?3, attempts = attempts + 1
         WHERE exchange = ?1 AND (claimed_until IS NULL OR claimed_until <= ?2)
         RETURNING exchange, peer, header, signature, bodies, horizon, attempts - 1 AS attempts, next_at",
        params![exchange.as_bytes(), instant(now), instant(until)],
        read_item,
    )
}

pub(super) fn postpone(
    connection: &Connection,
    exchange: ExchangeId,
    next_at: Timestamp,
) -> Result<(), Fault> {
    change(
        connection,
        "-- postpone
         UPDATE outbox SET claimed_until = NULL, next_at = ?2 WHERE exchange = ?1",
        params![exchange.as_bytes(), instant(next_at)],
    )?;
    Ok(())
}

fn read_item(row: &Row<'_>) -> Result<OutboxItem, Fault> {
    Ok(OutboxItem {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        peer: text(row, "peer")?,
        offer: SignedHeader { header: plain(row, "header")?, signature: Signature(plain(row, "signature")?) },
        bodies: plain(row, "bodies")?,
        attempts: number(row, "attempts")?,
        next_at: text(row, "next_at")?,
        horizon: text(row, "horizon")?,
    })
}
