//! What is restricted by whom; and that nothing restricted is passed on.

use super::columns::{change, every, first, id, instant, maybe_text, number, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{Record, RecordName, Restriction};
use comity_terms::ExchangeId;
use comity_terms::ids::{ClassId, OrderId};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;

/// Keeps the restrictions of a record, unless what it passes on is no longer here or is restricted.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    let names: Vec<RecordName> = record.usable.iter().copied().collect();
    for of_class in names.chunk_by(|one, other| (one.exchange, one.class) == (other.exchange, other.class)) {
        if usable(connection, of_class)? < of_class.len() as u64 {
            return Err(Fault::Conflict("what it passes on was erased or restricted meanwhile"));
        }
    }
    for row in &record.restrictions {
        put_restriction(connection, row)?;
    }
    Ok(())
}

/// How many of these records, all of one class of one exchange, are here, and restricted by nobody.
fn usable(connection: &Connection, names: &[RecordName]) -> Result<u64, Fault> {
    let Some(RecordName { exchange, class, .. }) = names.first() else { return Ok(0) };
    let ordinals: Vec<u32> = names.iter().map(|name| name.ordinal).collect();
    let ordinals = serde_json::to_string(&ordinals).map_err(|error| Fault::Other(error.to_string()))?;
    let here = first(
        connection,
        "-- usable
         SELECT count(DISTINCT key_row.ordinal) AS here
         FROM segment CROSS JOIN json_each(?3) AS named
         CROSS JOIN key_row ON key_row.segment = segment.number AND key_row.ordinal = named.value
         WHERE segment.exchange = ?1 AND segment.class = ?2 AND NOT EXISTS (
             SELECT 1 FROM restricted WHERE exchange = ?1 AND lifted IS NULL AND (whole = 1 OR EXISTS (
                 SELECT 1 FROM restricted_record AS record
                 WHERE record.exchange = ?1 AND record.recall_order = restricted.recall_order
                   AND record.class = ?2 AND record.ordinal = named.value)))",
        params![exchange.as_bytes(), class.as_bytes(), ordinals],
        |row| number(row, "here"),
    )?;
    Ok(here.unwrap_or_default())
}

fn put_restriction(connection: &Connection, row: &Restriction) -> Result<(), Fault> {
    change(
        connection,
        "-- put_restriction
         INSERT INTO restricted (exchange, recall_order, begun, lifted, whole) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (exchange, recall_order) DO UPDATE
         SET lifted = coalesce(lifted, excluded.lifted), whole = max(whole, excluded.whole)",
        params![
            row.exchange.as_bytes(),
            row.order.as_bytes(),
            instant(row.from),
            row.lifted.map(instant),
            row.records.is_none(),
        ],
    )?;
    for (class, ordinal) in row.records.iter().flatten() {
        change(
            connection,
            "-- put_restricted_record
             INSERT INTO restricted_record (exchange, recall_order, class, ordinal) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
            params![row.exchange.as_bytes(), row.order.as_bytes(), class.as_bytes(), ordinal],
        )?;
    }
    Ok(())
}

pub(super) fn restricted(
    connection: &Connection,
    exchanges: &[ExchangeId],
) -> Result<Vec<Restriction>, Fault> {
    let mut found = Vec::new();
    for exchange in exchanges {
        found.extend(every(
            connection,
            "-- restricted
             SELECT exchange, recall_order, begun, lifted, whole FROM restricted
             WHERE exchange = ?1 AND lifted IS NULL ORDER BY begun, recall_order",
            [exchange.as_bytes()],
            read_restriction,
        )?);
    }
    with_records(connection, found)
}

pub(super) fn restrictions_of(
    connection: &Connection,
    exchange: ExchangeId,
) -> Result<Vec<Restriction>, Fault> {
    let found = every(
        connection,
        "-- restrictions_of
         SELECT exchange, recall_order, begun, lifted, whole FROM restricted
         WHERE exchange = ?1 ORDER BY begun, recall_order",
        [exchange.as_bytes()],
        read_restriction,
    )?;
    with_records(connection, found)
}

pub(super) fn restricted_by(connection: &Connection, order: OrderId) -> Result<Vec<Restriction>, Fault> {
    let found = every(
        connection,
        "-- restricted_by
         SELECT exchange, recall_order, begun, lifted, whole FROM restricted WHERE recall_order = ?1 ORDER BY exchange",
        [order.as_bytes()],
        read_restriction,
    )?;
    with_records(connection, found)
}

/// The same restrictions, each with the records that it names.
fn with_records(connection: &Connection, mut found: Vec<Restriction>) -> Result<Vec<Restriction>, Fault> {
    for restriction in &mut found {
        let Some(records) = &mut restriction.records else { continue };
        records.extend(every(
            connection,
            "-- restricted_records
             SELECT class, ordinal FROM restricted_record WHERE exchange = ?1 AND recall_order = ?2",
            params![restriction.exchange.as_bytes(), restriction.order.as_bytes()],
            |row| Ok((id(row, "class", ClassId::from_bytes)?, number(row, "ordinal")?)),
        )?);
    }
    Ok(found)
}

fn read_restriction(row: &Row<'_>) -> Result<Restriction, Fault> {
    Ok(Restriction {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        records: if plain(row, "whole")? { None } else { Some(BTreeSet::new()) },
        order: id(row, "recall_order", OrderId::from_bytes)?,
        from: text(row, "begun")?,
        lifted: maybe_text(row, "lifted")?,
    })
}

pub(super) fn restricts(connection: &Connection) -> Result<bool, Fault> {
    let found = first(
        connection,
        "-- restricts
         SELECT 1 AS one FROM restricted WHERE lifted IS NULL LIMIT 1",
        [],
        |row| plain::<i64>(row, "one"),
    )?;
    Ok(found.is_some())
}
