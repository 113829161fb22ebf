//! The outbox: offers that wait for their answers, each with one try at a time, whichever node tries.
//!
//! ```text
//! waiting ── claim ──> claimed until T ── postpone ──> waiting      ── settle ──> gone
//!                          └── T passes, as after a crash ──> waiting
//! ```

use super::columns::{Step, bytes, change, every, first, id, instant, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::federation::frame::SignedHeader;
use comity_exchange::ports::OutboxItem;
use comity_exchange::signature::Signature;
use comity_terms::{ExchangeId, Party, Timestamp};
use tokio_postgres::Row;

pub(super) fn put_offers<'p>(rows: &[&'p OutboxItem]) -> Step<'p> {
    Step::new(
        "-- put_offers
         INSERT INTO outbox (exchange, peer, header, signature, bodies, horizon, attempts, next_at)
         SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[],
                              $7::bigint[], $8::text[])",
    )
    .column(rows, |item| &item.exchange.as_bytes()[..])
    .column(rows, |item| item.peer.as_str())
    .column(rows, |item| &item.offer.header[..])
    .column(rows, |item| &item.offer.signature.0[..])
    .column(rows, |item| &item.bodies[..])
    .column(rows, |item| instant(item.horizon))
    .column(rows, |item| i64::from(item.attempts))
    .column(rows, |item| instant(item.next_at))
}

pub(super) fn settle_offers<'p>(rows: &[ExchangeId]) -> Step<'p> {
    Step::new(
        "-- settle_offers
         DELETE FROM outbox WHERE exchange = ANY($1::bytea[])",
    )
    .column(rows, |exchange| exchange.as_bytes().to_vec())
}

pub(super) const CLAIM_DUE: &str = "-- claim_due
     UPDATE outbox SET claimed_until = $2, attempts = attempts + 1
     WHERE exchange IN (
         SELECT exchange FROM outbox
         WHERE next_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1) AND peer <> ALL($4::text[])
         ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING exchange, peer, header, signature, bodies, horizon, attempts - 1 AS attempts, next_at";

/// Claims what is due at `now`, the longest due first. What another node is claiming is passed over.
pub(super) async fn claim_due(
    client: &Client,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
    besides: &[Party],
) -> Result<Vec<OutboxItem>, Fault> {
    let besides: Vec<&str> = besides.iter().map(Party::as_str).collect();
    let mut claimed =
        every(client, CLAIM_DUE, &[&instant(now), &instant(until), &i64::from(limit), &besides], read_item)
            .await?;
    claimed.sort_by_key(|item| item.next_at);
    Ok(claimed)
}

/// Claims one offer, whenever it is due. A try counts from its claim, so that one which ends in a crash counts.
pub(super) async fn claim(
    client: &Client,
    exchange: ExchangeId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<OutboxItem>, Fault> {
    first(
        client,
        "-- claim
         UPDATE outbox SET claimed_until = $3, attempts = attempts + 1
         WHERE exchange = $1 AND (claimed_until IS NULL OR claimed_until <= $2)
         RETURNING exchange, peer, header, signature, bodies, horizon, attempts - 1 AS attempts, next_at",
        &[&&exchange.as_bytes()[..], &instant(now), &instant(until)],
        read_item,
    )
    .await
}

pub(super) async fn postpone(client: &Client, exchange: ExchangeId, next_at: Timestamp) -> Result<(), Fault> {
    change(
        client,
        "-- postpone
         UPDATE outbox SET claimed_until = NULL, next_at = $2 WHERE exchange = $1",
        &[&&exchange.as_bytes()[..], &instant(next_at)],
    )
    .await?;
    Ok(())
}

fn read_item(row: &Row) -> Result<OutboxItem, Fault> {
    Ok(OutboxItem {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        peer: text(row, "peer")?,
        offer: SignedHeader { header: plain(row, "header")?, signature: Signature(bytes(row, "signature")?) },
        bodies: plain(row, "bodies")?,
        attempts: number(row, "attempts")?,
        next_at: text(row, "next_at")?,
        horizon: text(row, "horizon")?,
    })
}
