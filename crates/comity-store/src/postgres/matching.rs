//! Blind matching: keys and filters of a day, answers, and what was used of budgets.

use super::columns::{bytes, change, digest, first, id, integer, maybe_text, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use super::log::{checkpoint_over, read_entry};
use crate::words::match_side_text;
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::frame::SignedHeader;
use comity_exchange::ports::{
    Integrated, MatchAnswerRow, MatchChange, MatchEpochRow, MatchScope, MatchSide, MatchSpent, Matches,
    StoreError, StoredMatch,
};
use comity_exchange::signature::Signature;
use comity_terms::ids::MatchId;
use comity_terms::{Day, Digest, Month, PackSlug, Party, Purpose};
use comity_tlog::LeafIndex;
use tokio_postgres::Row;

impl Matches for super::PostgresStore {
    async fn match_epoch(
        &self,
        side: MatchSide,
        scope: &MatchScope,
        day: Day,
    ) -> Result<Option<MatchEpochRow>, StoreError> {
        let scope = scope.clone();
        self.ask(move |c| Box::pin(epoch(c, side, scope.clone(), day))).await
    }

    async fn match_opened(
        &self,
        scope: &MatchScope,
        day: Day,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        let scope = scope.clone();
        self.ask(move |c| Box::pin(opened(c, scope.clone(), day))).await
    }

    async fn match_answer(&self, message: Digest) -> Result<Option<StoredMatch>, StoreError> {
        self.ask(move |c| Box::pin(answer(c, message))).await
    }

    async fn match_message(
        &self,
        peer: &Party,
        id: MatchId,
        batch: u32,
    ) -> Result<Option<Digest>, StoreError> {
        let peer = peer.clone();
        self.ask(move |c| Box::pin(message(c, peer.clone(), id, batch))).await
    }

    async fn match_scopes(&self, peer: &Party, day: Day) -> Result<u64, StoreError> {
        let peer = peer.clone();
        self.ask(move |c| Box::pin(scopes(c, peer.clone(), day))).await
    }

    async fn matches_before(&self, day: Day) -> Result<bool, StoreError> {
        self.ask(move |c| Box::pin(before(c, day))).await
    }

    async fn match_spent(
        &self,
        peer: &Party,
        agreement: &PackSlug,
        purpose: &Purpose,
        month: Month,
    ) -> Result<u64, StoreError> {
        let of = (peer.clone(), agreement.clone(), purpose.clone());
        self.ask(move |c| Box::pin(spent(c, of.clone(), month))).await
    }
}

/// Keeps what a record says of blind matching; its first entry will have `index`. When it fails, whatever it changed is to
/// be taken back.
pub(super) async fn put(client: &Client, change: &MatchChange, index: LeafIndex) -> Result<(), Fault> {
    for row in &change.epochs {
        put_epoch(client, row, index).await?;
    }
    for row in &change.answers {
        put_answer(client, row, index).await?;
    }
    if let Some(spent) = &change.spent {
        put_spent(client, spent).await?;
    }
    if let Some(day) = change.ended {
        end(client, day).await?;
    }
    Ok(())
}

async fn put_epoch(client: &Client, row: &MatchEpochRow, index: LeafIndex) -> Result<(), Fault> {
    let MatchScope { peer, agreement, activity, purpose, question } = &row.scope;
    let entry = (row.side == MatchSide::Holder).then(|| integer(index.0)).transpose()?;
    let put = change(
        client,
        "-- put_epoch, of blind matching
         INSERT INTO match_epoch (side, peer, agreement, activity, purpose, question, day, header, signature, receipt,
                                  leaf_index, filter)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT DO NOTHING",
        &[
            &match_side_text(row.side),
            &peer.as_str(),
            &agreement.as_str(),
            &activity.as_str(),
            &purpose.as_str(),
            &&question.0[..],
            &row.day.to_string(),
            &row.statement.header,
            &&row.statement.signature.0[..],
            &row.receipt,
            &entry,
            &row.filter,
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("the key and filter of a day")) } else { Ok(()) }
}

async fn put_answer(client: &Client, row: &MatchAnswerRow, index: LeafIndex) -> Result<(), Fault> {
    let put = change(
        client,
        "-- put_answer, of blind matching
         INSERT INTO match_answer (message, peer, question, batch, day, header, signature, bodies, leaf_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT DO NOTHING",
        &[
            &&row.message.0[..],
            &row.peer.as_str(),
            &&row.id.as_bytes()[..],
            &i64::from(row.batch),
            &row.day.to_string(),
            &row.answer.header,
            &&row.answer.signature.0[..],
            &row.bodies,
            &integer(index.0)?,
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("the answer to a batch")) } else { Ok(()) }
}

async fn put_spent(client: &Client, row: &MatchSpent) -> Result<(), Fault> {
    let MatchSpent { peer, agreement, purpose, month, before, after } = row;
    let (before, after) = (integer(*before)?, integer(*after)?);
    let put = change(
        client,
        "-- put_spent
         INSERT INTO match_spent (peer, agreement, purpose, month, spent)
         SELECT $1::text, $2::text, $3::text, $4::bigint, $6::bigint
         WHERE $5::bigint = coalesce((SELECT spent FROM match_spent
                                      WHERE peer = $1 AND agreement = $2 AND purpose = $3 AND month = $4), 0)
         ON CONFLICT (peer, agreement, purpose, month) DO UPDATE SET spent = excluded.spent",
        &[
            &peer.as_str(),
            &agreement.as_str(),
            &purpose.as_str(),
            &i64::from(month.number()),
            &before,
            &after,
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("what was used of a budget")) } else { Ok(()) }
}

async fn end(client: &Client, day: Day) -> Result<(), Fault> {
    change(
        client,
        "-- end, keys and filters
         DELETE FROM match_epoch WHERE day < $1",
        &[&day.to_string()],
    )
    .await?;
    change(
        client,
        "-- end, answers
         DELETE FROM match_answer WHERE day < $1",
        &[&day.to_string()],
    )
    .await?;
    change(
        client,
        "-- end, budgets
         DELETE FROM match_spent WHERE month < $1",
        &[&i64::from(day.month().number())],
    )
    .await?;
    Ok(())
}

async fn epoch(
    client: &Client,
    side: MatchSide,
    scope: MatchScope,
    day: Day,
) -> Result<Option<MatchEpochRow>, Fault> {
    let MatchScope { peer, agreement, activity, purpose, question } = &scope;
    first(
        client,
        "-- epoch, of blind matching
         SELECT header, signature, receipt, filter FROM match_epoch
         WHERE side = $1 AND peer = $2 AND agreement = $3 AND activity = $4 AND purpose = $5 AND question = $6 AND day = $7",
        &[
            &match_side_text(side),
            &peer.as_str(),
            &agreement.as_str(),
            &activity.as_str(),
            &purpose.as_str(),
            &&question.0[..],
            &day.to_string(),
        ],
        |row| {
            Ok(MatchEpochRow {
                side,
                scope: scope.clone(),
                day,
                statement: signed(row)?,
                receipt: maybe_text(row, "receipt")?,
                filter: plain(row, "filter")?,
            })
        },
    )
    .await
}

async fn opened(
    client: &Client,
    scope: MatchScope,
    day: Day,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    let MatchScope { peer, agreement, activity, purpose, question } = &scope;
    let found = first(
        client,
        "-- opened
         SELECT entry.leaf_index, bytes FROM match_epoch JOIN entry ON entry.leaf_index = match_epoch.leaf_index
         WHERE side = $1 AND peer = $2 AND agreement = $3 AND activity = $4 AND purpose = $5 AND question = $6 AND day = $7",
        &[
            &match_side_text(MatchSide::Holder),
            &peer.as_str(),
            &agreement.as_str(),
            &activity.as_str(),
            &purpose.as_str(),
            &&question.0[..],
            &day.to_string(),
        ],
        read_entry,
    )
    .await?;
    let Some((index, entry)) = found else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(client, index).await?;
    Ok(Some((entry, Integrated { index, size, checkpoint })))
}

async fn answer(client: &Client, message: Digest) -> Result<Option<StoredMatch>, Fault> {
    let found = first(
        client,
        "-- answer, of blind matching
         SELECT message, peer, question, batch, day, header, signature, bodies, entry.leaf_index, bytes
         FROM match_answer JOIN entry ON entry.leaf_index = match_answer.leaf_index
         WHERE message = $1",
        &[&&message.0[..]],
        |row| {
            let stored = MatchAnswerRow {
                message: digest(row, "message")?,
                peer: text(row, "peer")?,
                id: id(row, "question", MatchId::from_bytes)?,
                batch: number(row, "batch")?,
                day: text(row, "day")?,
                answer: signed(row)?,
                bodies: plain(row, "bodies")?,
            };
            Ok((stored, read_entry(row)?))
        },
    )
    .await?;
    let Some((row, (index, entry))) = found else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(client, index).await?;
    Ok(Some(StoredMatch { row, entry, integrated: Integrated { index, size, checkpoint } }))
}

async fn message(client: &Client, peer: Party, id: MatchId, batch: u32) -> Result<Option<Digest>, Fault> {
    first(
        client,
        "-- message
         SELECT message FROM match_answer WHERE peer = $1 AND question = $2 AND batch = $3",
        &[&peer.as_str(), &&id.as_bytes()[..], &i64::from(batch)],
        |row| digest(row, "message"),
    )
    .await
}

async fn scopes(client: &Client, peer: Party, day: Day) -> Result<u64, Fault> {
    let found = first(
        client,
        "-- scopes
         SELECT count(*) AS found FROM match_epoch WHERE side = $1 AND peer = $2 AND day = $3",
        &[&match_side_text(MatchSide::Holder), &peer.as_str(), &day.to_string()],
        |row| number(row, "found"),
    )
    .await?;
    Ok(found.unwrap_or(0))
}

async fn before(client: &Client, day: Day) -> Result<bool, Fault> {
    let found = first(
        client,
        "-- before
         SELECT EXISTS (SELECT 1 FROM match_epoch WHERE day < $1)
             OR EXISTS (SELECT 1 FROM match_answer WHERE day < $1) AS found",
        &[&day.to_string()],
        |row| plain(row, "found"),
    )
    .await?;
    Ok(found.unwrap_or(false))
}

async fn spent(client: &Client, of: (Party, PackSlug, Purpose), month: Month) -> Result<u64, Fault> {
    let (peer, agreement, purpose) = &of;
    let spent = first(
        client,
        "-- spent
         SELECT spent FROM match_spent WHERE peer = $1 AND agreement = $2 AND purpose = $3 AND month = $4",
        &[&peer.as_str(), &agreement.as_str(), &purpose.as_str(), &i64::from(month.number())],
        |row| number(row, "spent"),
    )
    .await?;
    Ok(spent.unwrap_or(0))
}

fn signed(row: &Row) -> Result<SignedHeader, Fault> {
    Ok(SignedHeader { header: plain(row, "header")?, signature: Signature(bytes(row, "signature")?) })
}
