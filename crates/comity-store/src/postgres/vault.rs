//! Sealed segments: one blob, and a small row of keys for each record in it.

use super::columns::{Step, bytes, every, first, id, integer, maybe_id, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use crate::words::{kind_of, kind_text};
use comity_exchange::ports::{SealedSegment, SegmentKind};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Timestamp};
use comity_vault::KeyRow;
use tokio_postgres::Row;

/// Puts segments, numbered from `first_number` on.
pub(super) fn put_segments<'p>(rows: &[&'p SealedSegment], first_number: i64) -> Step<'p> {
    Step::new(
        "-- put_segments
         INSERT INTO segment (number, id, exchange, class, agreement, kind, quarantined, blob)
         SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::text[],
                              $7::bigint[], $8::bytea[])",
    )
    .with((first_number..).take(rows.len()).collect::<Vec<i64>>())
    .column(rows, |segment| &segment.id.as_bytes()[..])
    .column(rows, |segment| segment.exchange.as_ref().map(|id| &id.as_bytes()[..]))
    .column(rows, |segment| segment.class.as_ref().map(|id| &id.as_bytes()[..]))
    .column(rows, |segment| segment.agreement.as_str())
    .column(rows, |segment| kind_text(segment.kind))
    .column(rows, |segment| i64::from(segment.kind == SegmentKind::Quarantined))
    .column(rows, |segment| &segment.blob[..])
}

/// Puts the key rows of segments that are numbered from `first_number` on.
pub(super) fn put_key_rows<'p>(segments: &[&'p SealedSegment], first_number: i64) -> Result<Step<'p>, Fault> {
    let numbered = segments.iter().zip(first_number..);
    let rows: Vec<(i64, &'p KeyRow)> =
        numbered.flat_map(|(segment, number)| segment.rows.iter().map(move |row| (number, row))).collect();
    let offsets = rows.iter().map(|(_, row)| integer(row.offset)).collect::<Result<Vec<i64>, Fault>>()?;
    Ok(Step::new(
        "-- put_key_rows
         INSERT INTO key_row (segment, ordinal, \"offset\", length, wrapped_key, commitment, generation, erase_by)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[],
                              $7::bigint[], $8::bigint[])",
    )
    .column(&rows, |(number, _)| *number)
    .column(&rows, |(_, row)| i64::from(row.ordinal))
    .with(offsets)
    .column(&rows, |(_, row)| i64::from(row.length))
    .column(&rows, |(_, row)| &row.wrapped_key[..])
    .column(&rows, |(_, row)| &row.commitment[..])
    .column(&rows, |(_, row)| i64::from(row.generation))
    .column(&rows, |(_, row)| row.erase_by.as_second()))
}

pub(super) async fn segment(client: &Client, segment: SegmentId) -> Result<Option<SealedSegment>, Fault> {
    let found = first(
        client,
        "-- segment
         SELECT number, id, exchange, class, agreement, kind, quarantined, blob FROM segment WHERE id = $1",
        &[&&segment.as_bytes()[..]],
        |row| Ok((plain::<i64>(row, "number")?, read_segment(row)?)),
    )
    .await?;
    let Some((number, mut segment)) = found else { return Ok(None) };
    segment.rows = every(
        client,
        "-- segment, its key rows
         SELECT ordinal, \"offset\", length, wrapped_key, commitment, generation, erase_by
         FROM key_row WHERE segment = $1 ORDER BY ordinal",
        &[&number],
        read_key_row,
    )
    .await?;
    Ok(Some(segment))
}

/// A segment from its columns, without its key rows.
pub(super) fn read_segment(row: &Row) -> Result<SealedSegment, Fault> {
    Ok(SealedSegment {
        id: id(row, "id", SegmentId::from_bytes)?,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        class: maybe_id(row, "class", ClassId::from_bytes)?,
        agreement: text(row, "agreement")?,
        kind: read_kind(row)?,
        blob: plain(row, "blob")?,
        rows: Vec::new(),
    })
}

/// What a segment holds, from its columns.
pub(super) fn read_kind(row: &Row) -> Result<SegmentKind, Fault> {
    let quarantined = number::<i64>(row, "quarantined")? == 1;
    kind_of(&plain::<String>(row, "kind")?, quarantined).ok_or(Fault::Column("kind"))
}

pub(super) async fn segments(client: &Client, exchange: ExchangeId) -> Result<Vec<SegmentId>, Fault> {
    every(
        client,
        "-- segments
         SELECT id FROM segment WHERE exchange = $1 ORDER BY number",
        &[&&exchange.as_bytes()[..]],
        |row| id(row, "id", SegmentId::from_bytes),
    )
    .await
}

pub(super) fn read_key_row(row: &Row) -> Result<KeyRow, Fault> {
    Ok(KeyRow {
        ordinal: number(row, "ordinal")?,
        offset: number(row, "offset")?,
        length: number(row, "length")?,
        wrapped_key: bytes(row, "wrapped_key")?,
        commitment: bytes(row, "commitment")?,
        generation: number(row, "generation")?,
        erase_by: Timestamp::from_second(plain(row, "erase_by")?).map_err(|_| Fault::Column("erase_by"))?,
    })
}

/// Which of these segments are there.
pub(super) async fn there(client: &Client, ids: &[&[u8]]) -> Result<Vec<Vec<u8>>, Fault> {
    every(
        client,
        "-- there, segments
         SELECT id FROM segment WHERE id = ANY($1::bytea[])",
        &[&ids],
        |row| plain(row, "id"),
    )
    .await
}
