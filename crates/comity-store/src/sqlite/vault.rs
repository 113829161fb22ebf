//! Sealed segments: one blob, and a small row of keys for each record in it.

use super::columns::{every, first, id, insert_once, integer, maybe_id, number, plain, text};
use super::fault::Fault;
use crate::words::{kind_of, kind_text};
use comity_exchange::ports::{SealedSegment, SegmentKind};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Timestamp};
use comity_vault::KeyRow;
use rusqlite::{Connection, Row, params};

pub(super) fn put_segment(connection: &Connection, segment: &SealedSegment) -> Result<(), Fault> {
    insert_once(
        connection,
        "segment",
        "-- put_segment
         INSERT INTO segment (id, exchange, class, agreement, kind, quarantined, blob)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO NOTHING",
        params![
            segment.id.as_bytes(),
            segment.exchange.as_ref().map(ExchangeId::as_bytes),
            segment.class.as_ref().map(ClassId::as_bytes),
            segment.agreement.as_str(),
            kind_text(segment.kind),
            segment.kind == SegmentKind::Quarantined,
            segment.blob,
        ],
    )?;
    let number = connection.last_insert_rowid();
    let mut statement = connection.prepare_cached(
        "-- put_segment, its key rows
         INSERT INTO key_row (segment, ordinal, offset, length, wrapped_key, commitment, generation, erase_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for row in &segment.rows {
        statement.execute(params![
            number,
            row.ordinal,
            integer(row.offset)?,
            row.length,
            row.wrapped_key,
            row.commitment,
            row.generation,
            row.erase_by.as_second(),
        ])?;
    }
    Ok(())
}

pub(super) fn segment(connection: &Connection, segment: SegmentId) -> Result<Option<SealedSegment>, Fault> {
    let found = first(
        connection,
        "-- segment
         SELECT number, id, exchange, class, agreement, kind, quarantined, blob FROM segment WHERE id = ?1",
        [segment.as_bytes()],
        |row| Ok((plain::<i64>(row, "number")?, read_segment(row)?)),
    )?;
    let Some((number, mut segment)) = found else { return Ok(None) };
    segment.rows = every(
        connection,
        "-- segment, its key rows
         SELECT ordinal, offset, length, wrapped_key, commitment, generation, erase_by
         FROM key_row WHERE segment = ?1 ORDER BY ordinal",
        [number],
        read_key_row,
    )?;
    Ok(Some(segment))
}

/// A segment from its columns, without its key rows.
pub(super) fn read_segment(row: &Row<'_>) -> Result<SealedSegment, Fault> {
    Ok(SealedSegment {
        id: id(row, "id", SegmentId::from_bytes)?,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        class: maybe_id(row, "class", ClassId::from_bytes)?,
        agreement: text(row, "agreement")?,
        kind: read_held_kind(row)?,
        blob: plain(row, "blob")?,
        rows: Vec::new(),
    })
}

pub(super) fn segments(connection: &Connection, exchange: ExchangeId) -> Result<Vec<SegmentId>, Fault> {
    every(
        connection,
        "-- segments
         SELECT id FROM segment WHERE exchange = ?1 ORDER BY number",
        [exchange.as_bytes()],
        |row| id(row, "id", SegmentId::from_bytes),
    )
}

pub(super) fn read_key_row(row: &Row<'_>) -> Result<KeyRow, Fault> {
    Ok(KeyRow {
        ordinal: number(row, "ordinal")?,
        offset: number(row, "offset")?,
        length: number(row, "length")?,
        wrapped_key: plain(row, "wrapped_key")?,
        commitment: plain(row, "commitment")?,
        generation: number(row, "generation")?,
        erase_by: Timestamp::from_second(plain(row, "erase_by")?).map_err(|_| Fault::Column("erase_by"))?,
    })
}

/// What a held record's segment holds, from its columns.
pub(super) fn read_held_kind(row: &Row<'_>) -> Result<SegmentKind, Fault> {
    kind_of(&plain::<String>(row, "kind")?, plain(row, "quarantined")?).ok_or(Fault::Column("kind"))
}
