//! Blind matching: keys and filters of a day, answers, and what was used of budgets.

use super::columns::{change, digest, first, id, insert_once, integer, maybe_text, number, plain, text};
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
use rusqlite::{Connection, Row, params};

impl Matches for super::SqliteStore {
    async fn match_epoch(
        &self,
        side: MatchSide,
        scope: &MatchScope,
        day: Day,
    ) -> Result<Option<MatchEpochRow>, StoreError> {
        let scope = scope.clone();
        self.readers.read(move |c| epoch(c, side, &scope, day)).await
    }

    async fn match_opened(
        &self,
        scope: &MatchScope,
        day: Day,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        let scope = scope.clone();
        self.readers.read(move |c| opened(c, &scope, day)).await
    }

    async fn match_answer(&self, message: Digest) -> Result<Option<StoredMatch>, StoreError> {
        self.readers.read(move |c| answer(c, message)).await
    }

    async fn match_message(
        &self,
        peer: &Party,
        id: MatchId,
        batch: u32,
    ) -> Result<Option<Digest>, StoreError> {
        let peer = peer.clone();
        self.readers.read(move |c| message(c, &peer, id, batch)).await
    }

    async fn match_scopes(&self, peer: &Party, day: Day) -> Result<u64, StoreError> {
        let peer = peer.clone();
        self.readers.read(move |c| scopes(c, &peer, day)).await
    }

    async fn matches_before(&self, day: Day) -> Result<bool, StoreError> {
        self.readers.read(move |c| before(c, day)).await
    }

    async fn match_spent(
        &self,
        peer: &Party,
        agreement: &PackSlug,
        purpose: &Purpose,
        month: Month,
    ) -> Result<u64, StoreError> {
        let (peer, agreement, purpose) = (peer.clone(), agreement.clone(), purpose.clone());
        self.readers.read(move |c| spent(c, &peer, &agreement, &purpose, month)).await
    }
}

/// Keeps what a record says of blind matching; its first entry will have `index`.
pub(super) fn put(connection: &Connection, change: &MatchChange, index: LeafIndex) -> Result<(), Fault> {
    for row in &change.epochs {
        put_epoch(connection, row, index)?;
    }
    for row in &change.answers {
        put_answer(connection, row, index)?;
    }
    if let Some(spent) = &change.spent {
        put_spent(connection, spent)?;
    }
    if let Some(day) = change.ended {
        end(connection, day)?;
    }
    Ok(())
}

fn put_epoch(connection: &Connection, row: &MatchEpochRow, index: LeafIndex) -> Result<(), Fault> {
    let MatchScope { peer, agreement, activity, purpose, question } = &row.scope;
    let entry = (row.side == MatchSide::Holder).then(|| integer(index.0)).transpose()?;
    insert_once(
        connection,
        "the key and filter of a day",
        "-- put_epoch, of blind matching
         INSERT INTO match_epoch (side, peer, agreement, activity, purpose, question, day, header, signature, receipt,
                                  leaf_index, filter)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO NOTHING",
        params![
            match_side_text(row.side),
            peer.as_str(),
            agreement.as_str(),
            activity.as_str(),
            purpose.as_str(),
            question.0,
            row.day.to_string(),
            row.statement.header,
            row.statement.signature.0,
            row.receipt,
            entry,
            row.filter,
        ],
    )
}

fn put_answer(connection: &Connection, row: &MatchAnswerRow, index: LeafIndex) -> Result<(), Fault> {
    insert_once(
        connection,
        "the answer to a batch",
        "-- put_answer, of blind matching
         INSERT INTO match_answer (message, peer, question, batch, day, header, signature, bodies, leaf_index)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO NOTHING",
        params![
            row.message.0,
            row.peer.as_str(),
            row.id.as_bytes(),
            row.batch,
            row.day.to_string(),
            row.answer.header,
            row.answer.signature.0,
            row.bodies,
            integer(index.0)?,
        ],
    )
}

fn put_spent(connection: &Connection, row: &MatchSpent) -> Result<(), Fault> {
    let MatchSpent { peer, agreement, purpose, month, before, after } = row;
    let (before, after) = (integer(*before)?, integer(*after)?);
    insert_once(
        connection,
        "what was used of a budget",
        "-- put_spent
         INSERT INTO match_spent (peer, agreement, purpose, month, spent)
         SELECT ?1, ?2, ?3, ?4, ?6
         WHERE ?5 = coalesce((SELECT spent FROM match_spent
                              WHERE peer = ?1 AND agreement = ?2 AND purpose = ?3 AND month = ?4), 0)
         ON CONFLICT (peer, agreement, purpose, month) DO UPDATE SET spent = excluded.spent",
        params![peer.as_str(), agreement.as_str(), purpose.as_str(), month.number(), before, after],
    )
}

fn end(connection: &Connection, day: Day) -> Result<(), Fault> {
    change(
        connection,
        "-- end, keys and filters
         DELETE FROM match_epoch WHERE day < ?1",
        [day.to_string()],
    )?;
    change(
        connection,
        "-- end, answers
         DELETE FROM match_answer WHERE day < ?1",
        [day.to_string()],
    )?;
    change(
        connection,
        "-- end, budgets
         DELETE FROM match_spent WHERE month < ?1",
        [day.month().number()],
    )?;
    Ok(())
}

fn epoch(
    connection: &Connection,
    side: MatchSide,
    scope: &MatchScope,
    day: Day,
) -> Result<Option<MatchEpochRow>, Fault> {
    let MatchScope { peer, agreement, activity, purpose, question } = scope;
    first(
        connection,
        "-- epoch, of blind matching
         SELECT header, signature, receipt, filter FROM match_epoch
         WHERE side = ?1 AND peer = ?2 AND agreement = ?3 AND activity = ?4 AND purpose = ?5 AND question = ?6 AND day = ?7",
        params![
            match_side_text(side),
            peer.as_str(),
            agreement.as_str(),
            activity.as_str(),
            purpose.as_str(),
            question.0,
            day.to_string(),
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
}

fn opened(
    connection: &Connection,
    scope: &MatchScope,
    day: Day,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    let MatchScope { peer, agreement, activity, purpose, question } = scope;
    let found = first(
        connection,
        "-- opened
         SELECT entry.leaf_index, bytes FROM match_epoch JOIN entry ON entry.leaf_index = match_epoch.leaf_index
         WHERE side = ?1 AND peer = ?2 AND agreement = ?3 AND activity = ?4 AND purpose = ?5 AND question = ?6 AND day = ?7",
        params![
            match_side_text(MatchSide::Holder),
            peer.as_str(),
            agreement.as_str(),
            activity.as_str(),
            purpose.as_str(),
            question.0,
            day.to_string(),
        ],
        read_entry,
    )?;
    let Some((index, entry)) = found else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(connection, index)?;
    Ok(Some((entry, Integrated { index, size, checkpoint })))
}

fn answer(connection: &Connection, message: Digest) -> Result<Option<StoredMatch>, Fault> {
    let found = first(
        connection,
        "-- answer, of blind matching
         SELECT message, peer, question, batch, day, header, signature, bodies, entry.leaf_index, bytes
         FROM match_answer JOIN entry ON entry.leaf_index = match_answer.leaf_index
         WHERE message = ?1",
        [message.0],
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
    )?;
    let Some((row, (index, entry))) = found else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(connection, index)?;
    Ok(Some(StoredMatch { row, entry, integrated: Integrated { index, size, checkpoint } }))
}

fn message(connection: &Connection, peer: &Party, id: MatchId, batch: u32) -> Result<Option<Digest>, Fault> {
    first(
        connection,
        "-- message
         SELECT message FROM match_answer WHERE peer = ?1 AND question = ?2 AND batch = ?3",
        params![peer.as_str(), id.as_bytes(), batch],
        |row| digest(row, "message"),
    )
}

fn scopes(connection: &Connection, peer: &Party, day: Day) -> Result<u64, Fault> {
    let found = first(
        connection,
        "-- scopes
         SELECT count(*) AS found FROM match_epoch WHERE side = ?1 AND peer = ?2 AND day = ?3",
        params![match_side_text(MatchSide::Holder), peer.as_str(), day.to_string()],
        |row| number(row, "found"),
    )?;
    Ok(found.unwrap_or(0))
}

fn before(connection: &Connection, day: Day) -> Result<bool, Fault> {
    let found = first(
        connection,
        "-- before
         SELECT EXISTS (SELECT 1 FROM match_epoch WHERE day < ?1)
             OR EXISTS (SELECT 1 FROM match_answer WHERE day < ?1) AS found",
        [day.to_string()],
        |row| plain(row, "found"),
    )?;
    Ok(found.unwrap_or(false))
}

fn spent(
    connection: &Connection,
    peer: &Party,
    agreement: &PackSlug,
    purpose: &Purpose,
    month: Month,
) -> Result<u64, Fault> {
    let spent = first(
        connection,
        "-- spent
         SELECT spent FROM match_spent WHERE peer = ?1 AND agreement = ?2 AND purpose = ?3 AND month = ?4",
        params![peer.as_str(), agreement.as_str(), purpose.as_str(), month.number()],
        |row| number(row, "spent"),
    )?;
    Ok(spent.unwrap_or(0))
}

fn signed(row: &Row<'_>) -> Result<SignedHeader, Fault> {
    Ok(SignedHeader { header: plain(row, "header")?, signature: Signature(plain(row, "signature")?) })
}
