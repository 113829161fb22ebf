//! Orders that data be erased or restricted wherever it went, and where it went.

use super::columns::{
    bytes, change, digest, every, first, id, instant, integer, maybe_bytes, maybe_text, number, plain, text,
};
use super::connection::Client;
use super::fault::Fault;
use super::log::entry_under;
use super::restriction;
use crate::words::{way_of, way_text};
use comity_exchange::collect::ObjectTag;
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{
    Derived, Integrated, RecallRow, Recalls, Record, RecordName, Restriction, StoreError,
};
use comity_terms::ids::{ClassId, OrderId};
use comity_terms::{Digest, ExchangeId, Party, Timestamp};
use comity_tlog::LeafIndex;
use tokio_postgres::Row;

impl Recalls for super::PostgresStore {
    async fn recalls(&self, order: Option<OrderId>) -> Result<Vec<RecallRow>, StoreError> {
        self.ask(move |c| Box::pin(recalls(c, order))).await
    }

    async fn recalls_open(&self) -> Result<Vec<RecallRow>, StoreError> {
        self.ask(|c| Box::pin(recalls_open(c))).await
    }

    async fn recall(&self, message: Digest) -> Result<Option<RecallRow>, StoreError> {
        self.ask(move |c| Box::pin(recall(c, message))).await
    }

    async fn recalls_under(&self, parent: Digest) -> Result<Vec<RecallRow>, StoreError> {
        self.ask(move |c| Box::pin(recalls_under(c, parent))).await
    }

    async fn recalls_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RecallRow>, StoreError> {
        self.ask(move |c| Box::pin(recalls_due(c, now, limit))).await
    }

    async fn recall_integrated(
        &self,
        message: Digest,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.ask(move |c| Box::pin(recall_integrated(c, message))).await
    }

    async fn derived_from(&self, source: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        self.ask(move |c| Box::pin(derived_from(c, source))).await
    }

    async fn derived_of(&self, given: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        self.ask(move |c| Box::pin(derived_of(c, given))).await
    }

    async fn sources(
        &self,
        objects: Vec<ObjectTag>,
        besides: Option<&Party>,
    ) -> Result<Vec<(ObjectTag, RecordName)>, StoreError> {
        let besides = besides.cloned();
        self.ask(move |c| Box::pin(sources(c, objects.clone(), besides.clone()))).await
    }

    async fn restricted_by(&self, order: OrderId) -> Result<Vec<Restriction>, StoreError> {
        self.ask(move |c| Box::pin(restriction::restricted_by(c, order))).await
    }

    async fn restrictions_of(&self, exchange: ExchangeId) -> Result<Vec<Restriction>, StoreError> {
        self.ask(move |c| Box::pin(restriction::restrictions_of(c, exchange))).await
    }

    async fn restricts(&self) -> Result<bool, StoreError> {
        self.ask(|c| Box::pin(restriction::restricts(c))).await
    }

    async fn restricted(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Restriction>, StoreError> {
        self.ask(move |c| Box::pin(restriction::restricted(c, exchanges.clone()))).await
    }
}

/// Whether the record says anything of orders.
pub(super) fn speaks(record: &Record) -> bool {
    !(record.recalls.is_empty()
        && record.derived.is_empty()
        && record.restrictions.is_empty()
        && record.absent.is_empty()
        && record.usable.is_empty())
}

/// Keeps what a record says of orders; its first entry will have `index`. When it fails, whatever it changed is to be taken
/// back.
pub(super) async fn put(client: &Client, record: &Record, index: LeafIndex) -> Result<(), Fault> {
    for row in &record.recalls {
        put_recall(client, row, index).await?;
    }
    if !record.derived.is_empty() {
        put_derived(client, &record.derived).await?;
    }
    if !record.absent.is_empty() && any_here(client, &record.absent).await? {
        return Err(Fault::Conflict("an exchange that an order speaks of"));
    }
    restriction::put(client, record).await
}

async fn put_recall(client: &Client, row: &RecallRow, index: LeafIndex) -> Result<(), Fault> {
    let entry = row.entered.then(|| integer(index.0)).transpose()?;
    let put = change(
        client,
        "-- put_recall
         INSERT INTO recall (message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due,
                             version, answer, complete, attempts, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (message) DO UPDATE
         SET leaf_index = coalesce(recall.leaf_index, excluded.leaf_index), version = excluded.version,
             answer = excluded.answer, complete = excluded.complete, attempts = excluded.attempts,
             next_at = excluded.next_at
         WHERE recall.version = excluded.version - 1",
        &[
            &&row.message.0[..],
            &&row.order.as_bytes()[..],
            &way_text(row.way),
            &row.peer.as_str(),
            &row.parent.map(|parent| parent.0.to_vec()),
            &row.header,
            &&row.signature[..],
            &row.receipt,
            &entry,
            &instant(row.at),
            &row.due.map(instant),
            &i64::from(row.version),
            &row.answer,
            &i64::from(row.complete),
            &i64::from(row.attempts),
            &instant(row.next_at),
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("a later version of an order's message")) } else { Ok(()) }
}

async fn put_derived(client: &Client, rows: &[Derived]) -> Result<(), Fault> {
    let ids = |of: fn(&Derived) -> ExchangeId| -> Vec<Vec<u8>> {
        rows.iter().map(|row| of(row).as_bytes().to_vec()).collect()
    };
    let classes = |of: fn(&Derived) -> ClassId| -> Vec<Vec<u8>> {
        rows.iter().map(|row| of(row).as_bytes().to_vec()).collect()
    };
    let ordinals = |of: fn(&Derived) -> u32| -> Vec<i64> { rows.iter().map(|row| of(row).into()).collect() };
    change(
        client,
        "-- put_derived
         INSERT INTO derived (exchange, class, ordinal, source, source_class, source_ordinal)
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[])
         ON CONFLICT DO NOTHING",
        &[
            &ids(|row| row.given.exchange),
            &classes(|row| row.given.class),
            &ordinals(|row| row.given.ordinal),
            &ids(|row| row.source.exchange),
            &classes(|row| row.source.class),
            &ordinals(|row| row.source.ordinal),
        ],
    )
    .await
    .map(drop)
}

/// Whether one of these exchanges is here.
async fn any_here(client: &Client, exchanges: &[ExchangeId]) -> Result<bool, Fault> {
    let ids: Vec<&[u8]> = exchanges.iter().map(|id| &id.as_bytes()[..]).collect();
    let here = first(
        client,
        "-- absent
         SELECT 1::bigint AS one FROM exchange WHERE id = ANY($1::bytea[]) LIMIT 1",
        &[&ids],
        |row| plain::<i64>(row, "one"),
    )
    .await?;
    Ok(here.is_some())
}

async fn recalls(client: &Client, order: Option<OrderId>) -> Result<Vec<RecallRow>, Fault> {
    every(
        client,
        "-- recalls
         SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
                complete, attempts, next_at
         FROM recall WHERE $1::bytea IS NULL OR recall_order = $1 ORDER BY at, message",
        &[&order.map(|order| order.as_bytes().to_vec())],
        read_recall,
    )
    .await
}

pub(super) const RECALLS_OPEN: &str = "-- recalls_open
     SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
            complete, attempts, next_at
     FROM recall WHERE complete = 0 ORDER BY at, message";

async fn recalls_open(client: &Client) -> Result<Vec<RecallRow>, Fault> {
    every(client, RECALLS_OPEN, &[], read_recall).await
}

async fn recall(client: &Client, message: Digest) -> Result<Option<RecallRow>, Fault> {
    first(
        client,
        "-- recall
         SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
                complete, attempts, next_at
         FROM recall WHERE message = $1",
        &[&&message.0[..]],
        read_recall,
    )
    .await
}

async fn recalls_under(client: &Client, parent: Digest) -> Result<Vec<RecallRow>, Fault> {
    every(
        client,
        "-- recalls_under
         SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
                complete, attempts, next_at
         FROM recall WHERE parent = $1 ORDER BY at, message",
        &[&&parent.0[..]],
        read_recall,
    )
    .await
}

pub(super) const RECALLS_DUE: &str = "-- recalls_due
     SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
            complete, attempts, next_at
     FROM recall WHERE complete = 0 AND way = 'given' AND next_at <= $1 ORDER BY next_at, message LIMIT $2";

async fn recalls_due(client: &Client, now: Timestamp, limit: u32) -> Result<Vec<RecallRow>, Fault> {
    every(client, RECALLS_DUE, &[&instant(now), &i64::from(limit)], read_recall).await
}

fn read_recall(row: &Row) -> Result<RecallRow, Fault> {
    Ok(RecallRow {
        message: digest(row, "message")?,
        order: id(row, "recall_order", OrderId::from_bytes)?,
        way: way_of(&plain::<String>(row, "way")?).ok_or(Fault::Column("way"))?,
        peer: text(row, "peer")?,
        parent: maybe_bytes(row, "parent")?.map(Digest),
        header: plain(row, "header")?,
        signature: bytes(row, "signature")?,
        receipt: plain(row, "receipt")?,
        at: text(row, "at")?,
        due: maybe_text(row, "due")?,
        version: number(row, "version")?,
        entered: plain::<Option<i64>>(row, "leaf_index")?.is_some(),
        answer: plain(row, "answer")?,
        complete: plain::<i64>(row, "complete")? == 1,
        attempts: number(row, "attempts")?,
        next_at: text(row, "next_at")?,
    })
}

async fn recall_integrated(
    client: &Client,
    message: Digest,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    entry_under(
        client,
        "-- recall_integrated
         SELECT entry.leaf_index, bytes FROM recall JOIN entry ON entry.leaf_index = recall.leaf_index
         WHERE message = $1",
        &[&&message.0[..]],
    )
    .await
}

async fn derived_from(client: &Client, source: ExchangeId) -> Result<Vec<Derived>, Fault> {
    every(
        client,
        "-- derived_from
         SELECT exchange, class, ordinal, source, source_class, source_ordinal
         FROM derived WHERE source = $1 ORDER BY exchange, class, ordinal",
        &[&&source.as_bytes()[..]],
        read_derived,
    )
    .await
}

async fn derived_of(client: &Client, given: ExchangeId) -> Result<Vec<Derived>, Fault> {
    every(
        client,
        "-- derived_of
         SELECT exchange, class, ordinal, source, source_class, source_ordinal
         FROM derived WHERE exchange = $1 ORDER BY class, ordinal",
        &[&&given.as_bytes()[..]],
        read_derived,
    )
    .await
}

fn read_derived(row: &Row) -> Result<Derived, Fault> {
    Ok(Derived {
        given: RecordName {
            exchange: id(row, "exchange", ExchangeId::from_bytes)?,
            class: id(row, "class", ClassId::from_bytes)?,
            ordinal: number(row, "ordinal")?,
        },
        source: RecordName {
            exchange: id(row, "source", ExchangeId::from_bytes)?,
            class: id(row, "source_class", ClassId::from_bytes)?,
            ordinal: number(row, "source_ordinal")?,
        },
    })
}

async fn sources(
    client: &Client,
    objects: Vec<ObjectTag>,
    besides: Option<Party>,
) -> Result<Vec<(ObjectTag, RecordName)>, Fault> {
    let tags: Vec<&[u8]> = objects.iter().map(|tag| &tag.0[..]).collect();
    every(
        client,
        "-- sources
         SELECT object, segment.exchange, class, ordinal
         FROM collected JOIN segment ON segment.number = collected.segment
         WHERE stream IN (SELECT number FROM stream WHERE $1::text IS NULL OR partner <> $1) AND object = ANY($2::bytea[])
           AND segment.exchange IS NOT NULL AND class IS NOT NULL",
        &[&besides.as_ref().map(Party::as_str), &tags],
        |row| {
            let name = RecordName {
                exchange: id(row, "exchange", ExchangeId::from_bytes)?,
                class: id(row, "class", ClassId::from_bytes)?,
                ordinal: number(row, "ordinal")?,
            };
            Ok((ObjectTag(bytes(row, "object")?), name))
        },
    )
    .await
}
