//! What is restricted by whom; and that nothing restricted is passed on.

use super::columns::{change, every, first, id, instant, maybe_text, number, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{Record, Restriction};
use comity_terms::ExchangeId;
use comity_terms::ids::{ClassId, OrderId};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;

/// Keeps the restrictions of a record, unless what it passes on is no longer here or is restricted.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    for name in &record.usable {
        let usable = first(
            connection,
            "-- usable
             SELECT 1 AS one FROM segment JOIN key_row ON key_row.segment = segment.number
             WHERE segment.exchange = ?1 AND class = ?2 AND ordinal = ?3 AND NOT EXISTS (
                 SELECT 1 FROM restricted WHERE exchange = ?1 AND lifted IS NULL AND (whole = 1 OR EXISTS (
                     SELECT 1 FROM restricted_record AS named
                     WHERE named.exchange = ?1 AND named.recall_order = restricted.recall_order
                       AND named.class = ?2 AND named.ordinal = ?3)))",
            params![name.exchange.as_bytes(), name.class.as_bytes(), name.ordinal],
            |row| plain::<i64>(row, "one"),
        )?;
        usable.ok_or(Fault::Conflict("what it passes on was erased or restricted meanwhile"))?;
    }
    for row in &record.restrictions {
        put_restriction(connection, row)?;
    }
    Ok(())
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
