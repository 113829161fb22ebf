//! Exchanges, the answers given to partners, and the receipts got from them.

use super::columns::{
    change, digest, first, id, insert_once, instant, integer, maybe_id, maybe_number, number, plain, text,
};
use super::fault::Fault;
use super::log::checkpoint_over;
use crate::words::{outcome_of, side_of, side_text};
use comity_exchange::ports::{ExchangeRow, FoundAnswer, Integrated, StoredAnswer};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::{ExchangeId, Party};
use comity_tlog::{LeafIndex, TreeSize};
use rusqlite::{Connection, Row, params};

/// Puts the row in the place of the one with its id. `first` is the first entry about it of those that come with the row.
pub(super) fn put_exchange(
    connection: &Connection,
    row: &ExchangeRow,
    first: Option<LeafIndex>,
) -> Result<(), Fault> {
    if is_called_back(connection, row)? {
        return Err(Fault::Conflict("an order about the exchange"));
    }
    let put = change(
        connection,
        "-- put_exchange
         INSERT INTO exchange (id, side, peer, agreement, agreement_digest, supersedes, chain, offer, outcome,
                               whole, objects, at, changed_at, first_entry)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE SET
             side = excluded.side, peer = excluded.peer, agreement = excluded.agreement,
             agreement_digest = excluded.agreement_digest, supersedes = excluded.supersedes,
             chain = excluded.chain, offer = excluded.offer, outcome = excluded.outcome,
             whole = excluded.whole, objects = excluded.objects, at = excluded.at,
             changed_at = excluded.changed_at,
             first_entry = coalesce(first_entry, excluded.first_entry)",
        params![
            row.id.as_bytes(),
            side_text(row.side),
            row.peer.as_str(),
            row.agreement.as_str(),
            row.agreement_digest.0,
            row.supersedes.as_ref().map(ExchangeId::as_bytes),
            row.chain.as_bytes(),
            row.offer.map(|offer| offer.0),
            row.outcome.as_str(),
            row.whole,
            integer(row.objects)?,
            instant(row.at),
            instant(row.changed_at),
            first.map(|index| integer(index.0)).transpose()?,
        ],
    );
    match put {
        // The ids being alike updates: what is left is that another of the chain was accepted.
        Err(fault) if fault.is_unique_violation() => {
            Err(Fault::Conflict("an accepted exchange of the chain"))
        }
        put => put.map(drop),
    }
}

/// Whether a row is of an exchange that is received now, and of which an order came before.
fn is_called_back(connection: &Connection, row: &ExchangeRow) -> Result<bool, Fault> {
    if row.side != Side::Receiver || row.outcome != ExchangeOutcome::Delivered {
        return Ok(false);
    }
    let found = first(
        connection,
        "-- is_called_back
         SELECT 1 AS one FROM restricted
         WHERE exchange = ?1 AND NOT EXISTS (SELECT 1 FROM exchange WHERE id = ?1) LIMIT 1",
        [row.id.as_bytes()],
        |row| plain::<i64>(row, "one"),
    )?;
    Ok(found.is_some())
}

pub(super) fn accepted_in_chain(
    connection: &Connection,
    peer: &Party,
    chain: ExchangeId,
) -> Result<Option<ExchangeId>, Fault> {
    first(
        connection,
        "-- accepted_in_chain
         SELECT id FROM exchange
         WHERE peer = ?1 AND chain = ?2 AND side = 'receiver' AND outcome = 'delivered'",
        params![peer.as_str(), chain.as_bytes()],
        |row| id(row, "id", ExchangeId::from_bytes),
    )
}

pub(super) fn exchange(connection: &Connection, exchange: ExchangeId) -> Result<Option<ExchangeRow>, Fault> {
    first(
        connection,
        "-- exchange
         SELECT id, side, peer, agreement, agreement_digest, supersedes, chain, offer, outcome, whole, objects,
                at, changed_at
         FROM exchange WHERE id = ?1",
        [exchange.as_bytes()],
        read_exchange,
    )
}

pub(super) fn read_exchange(row: &Row<'_>) -> Result<ExchangeRow, Fault> {
    Ok(ExchangeRow {
        id: id(row, "id", ExchangeId::from_bytes)?,
        side: side_of(&plain::<String>(row, "side")?).ok_or(Fault::Column("side"))?,
        peer: text(row, "peer")?,
        agreement: text(row, "agreement")?,
        agreement_digest: digest(row, "agreement_digest")?,
        supersedes: maybe_id(row, "supersedes", ExchangeId::from_bytes)?,
        chain: id(row, "chain", ExchangeId::from_bytes)?,
        offer: plain::<Option<[u8; 32]>>(row, "offer")?.map(comity_terms::Digest),
        outcome: outcome_of(&plain::<String>(row, "outcome")?).ok_or(Fault::Column("outcome"))?,
        whole: plain(row, "whole")?,
        objects: number(row, "objects")?,
        at: text(row, "at")?,
        changed_at: text(row, "changed_at")?,
    })
}

/// Keeps the final answer, recorded by the entry at `index`; with its cosignature only where the witness's step is taken.
pub(super) fn put_answer(
    connection: &Connection,
    answer: &StoredAnswer,
    stepped: bool,
    index: LeafIndex,
) -> Result<(), Fault> {
    insert_once(
        connection,
        "answer",
        "-- put_answer
         INSERT INTO answer (peer, exchange, offer, header, signature, cosignature, witnessed, leaf_index)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (peer, exchange) DO NOTHING",
        params![
            answer.peer.as_str(),
            answer.exchange.as_bytes(),
            answer.offer.0,
            answer.header,
            answer.signature,
            answer.cosignature.as_ref().filter(|_| stepped),
            answer.witnessed.filter(|_| stepped).map(|size| integer(size.0)).transpose()?,
            integer(index.0)?,
        ],
    )
}

pub(super) fn answer(
    connection: &Connection,
    peer: &Party,
    exchange: ExchangeId,
) -> Result<Option<FoundAnswer>, Fault> {
    let found = first(
        connection,
        "-- answer
         SELECT peer, exchange, offer, header, signature, cosignature, witnessed, leaf_index
         FROM answer WHERE peer = ?1 AND exchange = ?2",
        params![peer.as_str(), exchange.as_bytes()],
        |row| {
            let answer = StoredAnswer {
                peer: text(row, "peer")?,
                exchange: id(row, "exchange", ExchangeId::from_bytes)?,
                offer: digest(row, "offer")?,
                header: plain(row, "header")?,
                signature: plain(row, "signature")?,
                cosignature: plain(row, "cosignature")?,
                witnessed: maybe_number(row, "witnessed")?.map(TreeSize),
            };
            Ok((answer, LeafIndex(number(row, "leaf_index")?)))
        },
    )?;
    let Some((answer, index)) = found else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(connection, index)?;
    Ok(Some(FoundAnswer { answer, integrated: Integrated { index, size, checkpoint } }))
}

pub(super) fn put_partner_receipt(
    connection: &Connection,
    exchange: ExchangeId,
    receipt: &[u8],
) -> Result<(), Fault> {
    change(
        connection,
        "-- put_partner_receipt
         INSERT OR REPLACE INTO partner_receipt (exchange, receipt) VALUES (?1, ?2)",
        params![exchange.as_bytes(), receipt],
    )?;
    Ok(())
}

pub(super) fn partner_receipt(
    connection: &Connection,
    exchange: ExchangeId,
) -> Result<Option<Vec<u8>>, Fault> {
    first(
        connection,
        "-- partner_receipt
         SELECT receipt FROM partner_receipt WHERE exchange = ?1",
        [exchange.as_bytes()],
        |row| plain(row, "receipt"),
    )
}
