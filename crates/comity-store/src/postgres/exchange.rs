//! Exchanges, the answers given to partners, and the receipts got from them.

use super::columns::{
    Step, bytes, digest, every, first, id, instant, integer, maybe_bytes, maybe_id, maybe_number, number,
    plain, text,
};
use super::connection::Client;
use super::fault::Fault;
use super::log::checkpoint_over;
use crate::words::{outcome_of, side_of, side_text};
use comity_exchange::ports::{ExchangeRow, FoundAnswer, Integrated, StoredAnswer};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_terms::{ExchangeId, Party};
use comity_tlog::{LeafIndex, TreeSize};
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// Puts each row in the place of the one with its id; `first` are the first entries about them that come with the rows.
pub(super) fn put_exchanges<'p>(
    rows: &[&'p ExchangeRow],
    first: &BTreeMap<ExchangeId, LeafIndex>,
) -> Result<Step<'p>, Fault> {
    let first = rows.iter().map(|row| first.get(&row.id).map(|index| integer(index.0)).transpose());
    let first = first.collect::<Result<Vec<Option<i64>>, Fault>>()?;
    let objects = rows.iter().map(|row| integer(row.objects)).collect::<Result<Vec<i64>, Fault>>()?;
    Ok(Step::new(
        "-- put_exchanges
         INSERT INTO exchange (id, side, peer, agreement, agreement_digest, supersedes, chain, offer, outcome, whole,
                               objects, at, changed_at, first_entry)
         SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
                              $7::bytea[], $8::bytea[], $9::text[], $10::bigint[], $11::bigint[], $12::text[],
                              $13::text[], $14::bigint[])
         ON CONFLICT (id) DO UPDATE SET
             side = excluded.side, peer = excluded.peer, agreement = excluded.agreement,
             agreement_digest = excluded.agreement_digest, supersedes = excluded.supersedes,
             chain = excluded.chain, offer = excluded.offer, outcome = excluded.outcome, whole = excluded.whole,
             objects = excluded.objects, at = excluded.at, changed_at = excluded.changed_at,
             first_entry = coalesce(exchange.first_entry, excluded.first_entry)",
    )
    .column(rows, |row| &row.id.as_bytes()[..])
    .column(rows, |row| side_text(row.side))
    .column(rows, |row| row.peer.as_str())
    .column(rows, |row| row.agreement.as_str())
    .column(rows, |row| &row.agreement_digest.0[..])
    .column(rows, |row| row.supersedes.as_ref().map(|id| &id.as_bytes()[..]))
    .column(rows, |row| &row.chain.as_bytes()[..])
    .column(rows, |row| row.offer.as_ref().map(|offer| &offer.0[..]))
    .column(rows, |row| row.outcome.as_str())
    .column(rows, |row| i64::from(row.whole))
    .with(objects)
    .column(rows, |row| instant(row.at))
    .column(rows, |row| instant(row.changed_at))
    .with(first))
}

pub(super) async fn exchange(client: &Client, exchange: ExchangeId) -> Result<Option<ExchangeRow>, Fault> {
    first(
        client,
        "-- exchange
         SELECT id, side, peer, agreement, agreement_digest, supersedes, chain, offer, outcome, whole, objects, at,
                changed_at
         FROM exchange WHERE id = $1",
        &[&&exchange.as_bytes()[..]],
        read_exchange,
    )
    .await
}

pub(super) fn read_exchange(row: &Row) -> Result<ExchangeRow, Fault> {
    Ok(ExchangeRow {
        id: id(row, "id", ExchangeId::from_bytes)?,
        side: side_of(&plain::<String>(row, "side")?).ok_or(Fault::Column("side"))?,
        peer: text(row, "peer")?,
        agreement: text(row, "agreement")?,
        agreement_digest: digest(row, "agreement_digest")?,
        supersedes: maybe_id(row, "supersedes", ExchangeId::from_bytes)?,
        chain: id(row, "chain", ExchangeId::from_bytes)?,
        offer: maybe_bytes(row, "offer")?.map(comity_terms::Digest),
        outcome: outcome_of(&plain::<String>(row, "outcome")?).ok_or(Fault::Column("outcome"))?,
        whole: number::<i64>(row, "whole")? == 1,
        objects: number(row, "objects")?,
        at: text(row, "at")?,
        changed_at: text(row, "changed_at")?,
    })
}

pub(super) async fn accepted_in_chain(
    client: &Client,
    peer: &Party,
    chain: ExchangeId,
) -> Result<Option<ExchangeId>, Fault> {
    first(
        client,
        "-- accepted_in_chain
         SELECT id FROM exchange
         WHERE peer = $1 AND chain = $2 AND side = 'receiver' AND outcome = 'delivered'",
        &[&peer.as_str(), &&chain.as_bytes()[..]],
        |row| id(row, "id", ExchangeId::from_bytes),
    )
    .await
}

/// Which exchanges of these chains, each of a peer, were accepted; and of which of these exchanges an order came before they
/// did: of no chain.
pub(super) async fn accepted(
    client: &Client,
    (peers, chains, ids): (&[&str], &[&[u8]], &[&[u8]]),
) -> Result<Vec<(Option<Chain>, ExchangeId)>, Fault> {
    every(
        client,
        "-- accepted, and called back
         SELECT peer, chain, id FROM exchange
         WHERE side = 'receiver' AND outcome = 'delivered'
           AND (peer, chain) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))
         UNION ALL
         SELECT NULL, NULL, exchange FROM restricted
         WHERE exchange = ANY($3::bytea[]) AND NOT EXISTS (SELECT 1 FROM exchange WHERE id = restricted.exchange)",
        &[&peers, &chains, &ids],
        |row| {
            let chain = plain::<Option<String>>(row, "peer")?.zip(plain::<Option<Vec<u8>>>(row, "chain")?);
            Ok((chain, id(row, "id", ExchangeId::from_bytes)?))
        },
    )
    .await
}

/// A chain of exchanges with a peer.
pub(super) type Chain = (String, Vec<u8>);

/// The chain of which this row is the accepted one, if it is.
pub(super) fn accepts(row: &ExchangeRow) -> Option<Chain> {
    let accepted = row.side == Side::Receiver && row.outcome == ExchangeOutcome::Delivered;
    accepted.then(|| (row.peer.as_str().to_owned(), row.chain.as_bytes().to_vec()))
}

/// Keeps final answers, each recorded by the entry at its index.
/// Final answers, each with the entry that records it and whether the witness's step is taken: without it, an answer is kept
/// without its cosignature.
pub(super) fn put_answers<'p>(rows: &[(&'p StoredAnswer, bool, LeafIndex)]) -> Result<Step<'p>, Fault> {
    let witnessed = rows.iter().map(|(answer, stepped, _)| {
        answer.witnessed.filter(|_| *stepped).map(|size| integer(size.0)).transpose()
    });
    let witnessed = witnessed.collect::<Result<Vec<Option<i64>>, Fault>>()?;
    let indices = rows.iter().map(|(.., index)| integer(index.0)).collect::<Result<Vec<i64>, Fault>>()?;
    Ok(Step::new(
        "-- put_answers
         INSERT INTO answer (peer, exchange, offer, header, signature, cosignature, witnessed, leaf_index)
         SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[],
                              $7::bigint[], $8::bigint[])",
    )
    .column(rows, |(answer, ..)| answer.peer.as_str())
    .column(rows, |(answer, ..)| &answer.exchange.as_bytes()[..])
    .column(rows, |(answer, ..)| &answer.offer.0[..])
    .column(rows, |(answer, ..)| &answer.header[..])
    .column(rows, |(answer, ..)| &answer.signature[..])
    .column(rows, |(answer, stepped, _)| answer.cosignature.as_deref().filter(|_| *stepped))
    .with(witnessed)
    .with(indices))
}

pub(super) async fn answer(
    client: &Client,
    peer: &Party,
    exchange: ExchangeId,
) -> Result<Option<FoundAnswer>, Fault> {
    let found = first(
        client,
        "-- answer
         SELECT peer, exchange, offer, header, signature, cosignature, witnessed, leaf_index
         FROM answer WHERE peer = $1 AND exchange = $2",
        &[&peer.as_str(), &&exchange.as_bytes()[..]],
        |row| {
            let answer = StoredAnswer {
                peer: text(row, "peer")?,
                exchange: id(row, "exchange", ExchangeId::from_bytes)?,
                offer: digest(row, "offer")?,
                header: plain(row, "header")?,
                signature: bytes(row, "signature")?,
                cosignature: plain(row, "cosignature")?,
                witnessed: maybe_number(row, "witnessed")?.map(TreeSize),
            };
            Ok((answer, LeafIndex(number(row, "leaf_index")?)))
        },
    )
    .await?;
    let Some((answer, index)) = found else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(client, index).await?;
    Ok(Some(FoundAnswer { answer, integrated: Integrated { index, size, checkpoint } }))
}

pub(super) fn put_partner_receipts<'p>(rows: &[(ExchangeId, &'p [u8])]) -> Step<'p> {
    Step::new(
        "-- put_partner_receipts
         INSERT INTO partner_receipt (exchange, receipt) SELECT * FROM unnest($1::bytea[], $2::bytea[])
         ON CONFLICT (exchange) DO UPDATE SET receipt = excluded.receipt",
    )
    .column(rows, |(exchange, _)| exchange.as_bytes().to_vec())
    .column(rows, |(_, receipt)| *receipt)
}

pub(super) async fn partner_receipt(client: &Client, exchange: ExchangeId) -> Result<Option<Vec<u8>>, Fault> {
    first(
        client,
        "-- partner_receipt
         SELECT receipt FROM partner_receipt WHERE exchange = $1",
        &[&&exchange.as_bytes()[..]],
        |row| plain(row, "receipt"),
    )
    .await
}
