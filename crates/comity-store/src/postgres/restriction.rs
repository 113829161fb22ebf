//! What is restricted by whom; and that nothing restricted is passed on.

use super::columns::{change, every, first, id, instant, maybe_text, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{Record, RecordName, Restriction};
use comity_terms::ExchangeId;
use comity_terms::ids::{ClassId, OrderId};
use std::collections::{BTreeSet, HashMap};
use tokio_postgres::Row;

/// Keeps the restrictions of a record, unless what it passes on is no longer here or is restricted.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    if !record.usable.is_empty() && usable(client, &record.usable).await? < record.usable.len() {
        return Err(Fault::Conflict("what it passes on was erased or restricted meanwhile"));
    }
    for row in &record.restrictions {
        put_restriction(client, row).await?;
    }
    Ok(())
}

/// How many of these records are here, and restricted by nobody.
async fn usable(client: &Client, names: &BTreeSet<RecordName>) -> Result<usize, Fault> {
    let exchanges: Vec<&[u8]> = names.iter().map(|name| &name.exchange.as_bytes()[..]).collect();
    let classes: Vec<&[u8]> = names.iter().map(|name| &name.class.as_bytes()[..]).collect();
    let ordinals: Vec<i64> = names.iter().map(|name| name.ordinal.into()).collect();
    let found = first(
        client,
        "-- usable
         SELECT count(*) AS here
         FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS named (exchange, class, ordinal)
         WHERE EXISTS (SELECT 1 FROM segment JOIN key_row ON key_row.segment = segment.number
                       WHERE segment.exchange = named.exchange AND segment.class = named.class
                         AND key_row.ordinal = named.ordinal)
           AND NOT EXISTS (SELECT 1 FROM restricted
                           WHERE restricted.exchange = named.exchange AND lifted IS NULL AND (whole = 1 OR EXISTS (
                               SELECT 1 FROM restricted_record AS record
                               WHERE record.exchange = named.exchange
                                 AND record.recall_order = restricted.recall_order
                                 AND record.class = named.class AND record.ordinal = named.ordinal)))",
        &[&exchanges, &classes, &ordinals],
        |row| plain::<i64>(row, "here"),
    )
    .await?;
    Ok(usize::try_from(found.unwrap_or_default()).unwrap_or_default())
}

async fn put_restriction(client: &Client, row: &Restriction) -> Result<(), Fault> {
    change(
        client,
        "-- put_restriction
         INSERT INTO restricted (exchange, recall_order, begun, lifted, whole) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (exchange, recall_order) DO UPDATE
         SET lifted = coalesce(restricted.lifted, excluded.lifted), whole = greatest(restricted.whole, excluded.whole)",
        &[
            &&row.exchange.as_bytes()[..],
            &&row.order.as_bytes()[..],
            &instant(row.from),
            &row.lifted.map(instant),
            &i64::from(row.records.is_none()),
        ],
    )
    .await?;
    let Some(records) = row.records.as_ref().filter(|records| !records.is_empty()) else { return Ok(()) };
    let classes: Vec<&[u8]> = records.iter().map(|(class, _)| &class.as_bytes()[..]).collect();
    let ordinals: Vec<i64> = records.iter().map(|(_, ordinal)| (*ordinal).into()).collect();
    change(
        client,
        "-- put_restricted_records
         INSERT INTO restricted_record (exchange, recall_order, class, ordinal)
         SELECT $1::bytea, $2::bytea, * FROM unnest($3::bytea[], $4::bigint[]) ON CONFLICT DO NOTHING",
        &[&&row.exchange.as_bytes()[..], &&row.order.as_bytes()[..], &classes, &ordinals],
    )
    .await
    .map(drop)
}

pub(super) async fn restricted(
    client: &Client,
    exchanges: Vec<ExchangeId>,
) -> Result<Vec<Restriction>, Fault> {
    let ids: Vec<&[u8]> = exchanges.iter().map(|exchange| &exchange.as_bytes()[..]).collect();
    let found = every(
        client,
        "-- restricted
         SELECT exchange, recall_order, begun, lifted, whole FROM restricted
         WHERE exchange = ANY($1::bytea[]) AND lifted IS NULL ORDER BY begun, recall_order",
        &[&ids],
        read_restriction,
    )
    .await?;
    with_records(client, found).await
}

pub(super) async fn restrictions_of(
    client: &Client,
    exchange: ExchangeId,
) -> Result<Vec<Restriction>, Fault> {
    let found = every(
        client,
        "-- restrictions_of
         SELECT exchange, recall_order, begun, lifted, whole FROM restricted
         WHERE exchange = $1 ORDER BY begun, recall_order",
        &[&&exchange.as_bytes()[..]],
        read_restriction,
    )
    .await?;
    with_records(client, found).await
}

pub(super) async fn restricted_by(client: &Client, order: OrderId) -> Result<Vec<Restriction>, Fault> {
    let found = every(
        client,
        "-- restricted_by
         SELECT exchange, recall_order, begun, lifted, whole FROM restricted WHERE recall_order = $1 ORDER BY exchange",
        &[&&order.as_bytes()[..]],
        read_restriction,
    )
    .await?;
    with_records(client, found).await
}

/// The same restrictions, each with the records that it names.
async fn with_records(client: &Client, mut found: Vec<Restriction>) -> Result<Vec<Restriction>, Fault> {
    let naming = found.iter().filter(|restriction| restriction.records.is_some());
    let (exchanges, orders): (Vec<&[u8]>, Vec<&[u8]>) =
        naming.map(|row| (&row.exchange.as_bytes()[..], &row.order.as_bytes()[..])).unzip();
    if exchanges.is_empty() {
        return Ok(found);
    }
    let listed = every(
        client,
        "-- restricted_records
         SELECT exchange, recall_order, class, ordinal FROM restricted_record
         WHERE (exchange, recall_order) IN (SELECT * FROM unnest($1::bytea[], $2::bytea[]))",
        &[&exchanges, &orders],
        |row| {
            let of =
                (id(row, "exchange", ExchangeId::from_bytes)?, id(row, "recall_order", OrderId::from_bytes)?);
            Ok((of, (id(row, "class", ClassId::from_bytes)?, number(row, "ordinal")?)))
        },
    )
    .await?;
    let mut records: HashMap<(ExchangeId, OrderId), BTreeSet<(ClassId, u32)>> = HashMap::new();
    for (of, record) in listed {
        records.entry(of).or_default().insert(record);
    }
    for restriction in found.iter_mut().filter(|restriction| restriction.records.is_some()) {
        restriction.records =
            records.remove(&(restriction.exchange, restriction.order)).or(Some(BTreeSet::new()));
    }
    Ok(found)
}

fn read_restriction(row: &Row) -> Result<Restriction, Fault> {
    Ok(Restriction {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        records: if plain::<i64>(row, "whole")? == 1 { None } else { Some(BTreeSet::new()) },
        order: id(row, "recall_order", OrderId::from_bytes)?,
        from: text(row, "begun")?,
        lifted: maybe_text(row, "lifted")?,
    })
}

pub(super) async fn restricts(client: &Client) -> Result<bool, Fault> {
    let found = first(
        client,
        "-- restricts
         SELECT 1::bigint AS one FROM restricted WHERE lifted IS NULL LIMIT 1",
        &[],
        |row| plain::<i64>(row, "one"),
    )
    .await?;
    Ok(found.is_some())
}
