//! Orders that data be erased or restricted wherever it went, and where it went.

use super::columns::{
    change, digest, every, first, id, insert_once, instant, integer, maybe_text, number, plain, text,
};
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
use rusqlite::{Connection, Row, params};

impl Recalls for super::SqliteStore {
    async fn recalls(&self, order: Option<OrderId>) -> Result<Vec<RecallRow>, StoreError> {
        self.readers.read(move |c| recalls(c, order)).await
    }

    async fn recalls_open(&self) -> Result<Vec<RecallRow>, StoreError> {
        self.readers.read(recalls_open).await
    }

    async fn recall(&self, message: Digest) -> Result<Option<RecallRow>, StoreError> {
        self.readers.look(move |c| recall(c, message)).await
    }

    async fn recalls_under(&self, parent: Digest) -> Result<Vec<RecallRow>, StoreError> {
        self.readers.read(move |c| recalls_under(c, parent)).await
    }

    async fn recalls_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RecallRow>, StoreError> {
        self.readers.read(move |c| recalls_due(c, now, limit)).await
    }

    async fn recall_integrated(
        &self,
        message: Digest,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.readers.read(move |c| recall_integrated(c, message)).await
    }

    async fn derived_from(&self, source: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        self.readers.read(move |c| derived_from(c, source)).await
    }

    async fn derived_of(&self, given: ExchangeId) -> Result<Vec<Derived>, StoreError> {
        self.readers.read(move |c| derived_of(c, given)).await
    }

    async fn sources(
        &self,
        objects: Vec<ObjectTag>,
        besides: Option<&Party>,
    ) -> Result<Vec<(ObjectTag, RecordName)>, StoreError> {
        let besides = besides.cloned();
        self.readers.look_all(objects.len(), move |c| sources(c, &objects, besides.as_ref())).await
    }

    async fn restricted_by(&self, order: OrderId) -> Result<Vec<Restriction>, StoreError> {
        self.readers.read(move |c| restriction::restricted_by(c, order)).await
    }

    async fn restrictions_of(&self, exchange: ExchangeId) -> Result<Vec<Restriction>, StoreError> {
        self.readers.read(move |c| restriction::restrictions_of(c, exchange)).await
    }

    async fn restricts(&self) -> Result<bool, StoreError> {
        self.readers.look(restriction::restricts).await
    }

    async fn restricted(&self, exchanges: Vec<ExchangeId>) -> Result<Vec<Restriction>, StoreError> {
        self.readers.read(move |c| restriction::restricted(c, &exchanges)).await
    }
}

/// Keeps what a record says of orders; its first entry will have `index`.
pub(super) fn put(connection: &Connection, record: &Record, index: LeafIndex) -> Result<(), Fault> {
    for row in &record.recalls {
        put_recall(connection, row, index)?;
    }
    for row in &record.derived {
        put_derived(connection, row)?;
    }
    for exchange in &record.absent {
        let here = first(
            connection,
            "-- absent
             SELECT 1 AS one FROM exchange WHERE id = ?1",
            [exchange.as_bytes()],
            |row| plain::<i64>(row, "one"),
        )?;
        if here.is_some() {
            return Err(Fault::Conflict("an exchange that an order speaks of"));
        }
    }
    restriction::put(connection, record)
}

fn put_recall(connection: &Connection, row: &RecallRow, index: LeafIndex) -> Result<(), Fault> {
    let entry = row.entered.then(|| integer(index.0)).transpose()?;
    insert_once(
        connection,
        "a later version of an order's message",
        "-- put_recall
         INSERT INTO recall (message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due,
                             version, answer, complete, attempts, next_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (message) DO UPDATE
         SET leaf_index = coalesce(leaf_index, excluded.leaf_index), version = excluded.version,
             answer = excluded.answer, complete = excluded.complete, attempts = excluded.attempts,
             next_at = excluded.next_at
         WHERE recall.version = excluded.version - 1",
        params![
            row.message.0,
            row.order.as_bytes(),
            way_text(row.way),
            row.peer.as_str(),
            row.parent.map(|parent| parent.0),
            row.header,
            row.signature,
            row.receipt,
            entry,
            instant(row.at),
            row.due.map(instant),
            row.version,
            row.answer,
            row.complete,
            row.attempts,
            instant(row.next_at),
        ],
    )
}

fn put_derived(connection: &Connection, row: &Derived) -> Result<(), Fault> {
    let Derived { given, source } = row;
    change(
        connection,
        "-- put_derived
         INSERT INTO derived (exchange, class, ordinal, source, source_class, source_ordinal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        params![
            given.exchange.as_bytes(),
            given.class.as_bytes(),
            given.ordinal,
            source.exchange.as_bytes(),
            source.class.as_bytes(),
            source.ordinal,
        ],
    )
    .map(drop)
}

fn recalls(connection: &Connection, order: Option<OrderId>) -> Result<Vec<RecallRow>, Fault> {
    every(
        connection,
        "-- recalls
         SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
                complete, attempts, next_at
         FROM recall WHERE ?1 IS NULL OR recall_order = ?1 ORDER BY at, message",
        [order.as_ref().map(OrderId::as_bytes)],
        read_recall,
    )
}

pub(super) const RECALLS_OPEN: &str = "-- recalls_open
     SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
            complete, attempts, next_at
     FROM recall WHERE complete = 0 ORDER BY at, message";

fn recalls_open(connection: &Connection) -> Result<Vec<RecallRow>, Fault> {
    every(connection, RECALLS_OPEN, [], read_recall)
}

fn recall(connection: &Connection, message: Digest) -> Result<Option<RecallRow>, Fault> {
    first(
        connection,
        "-- recall
         SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
                complete, attempts, next_at
         FROM recall WHERE message = ?1",
        [message.0],
        read_recall,
    )
}

fn recalls_under(connection: &Connection, parent: Digest) -> Result<Vec<RecallRow>, Fault> {
    every(
        connection,
        "-- recalls_under
         SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
                complete, attempts, next_at
         FROM recall WHERE parent = ?1 ORDER BY at, message",
        [parent.0],
        read_recall,
    )
}

pub(super) const RECALLS_DUE: &str = "-- recalls_due
     SELECT message, recall_order, way, peer, parent, header, signature, receipt, leaf_index, at, due, version, answer,
            complete, attempts, next_at
     FROM recall WHERE complete = 0 AND way = 'given' AND next_at <= ?1 ORDER BY next_at, message LIMIT ?2";

fn recalls_due(connection: &Connection, now: Timestamp, limit: u32) -> Result<Vec<RecallRow>, Fault> {
    every(connection, RECALLS_DUE, params![instant(now), limit], read_recall)
}

fn read_recall(row: &Row<'_>) -> Result<RecallRow, Fault> {
    Ok(RecallRow {
        message: digest(row, "message")?,
        order: id(row, "recall_order", OrderId::from_bytes)?,
        way: way_of(&plain::<String>(row, "way")?).ok_or(Fault::Column("way"))?,
        peer: text(row, "peer")?,
        parent: plain::<Option<[u8; 32]>>(row, "parent")?.map(Digest),
        header: plain(row, "header")?,
        signature: plain(row, "signature")?,
        receipt: plain(row, "receipt")?,
        at: text(row, "at")?,
        due: maybe_text(row, "due")?,
        version: number(row, "version")?,
        entered: plain::<Option<i64>>(row, "leaf_index")?.is_some(),
        answer: plain(row, "answer")?,
        complete: plain(row, "complete")?,
        attempts: number(row, "attempts")?,
        next_at: text(row, "next_at")?,
    })
}

fn recall_integrated(
    connection: &Connection,
    message: Digest,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    entry_under(
        connection,
        "-- recall_integrated
         SELECT entry.leaf_index, bytes FROM recall JOIN entry ON entry.leaf_index = recall.leaf_index
         WHERE message = ?1",
        [message.0],
    )
}

fn derived_from(connection: &Connection, source: ExchangeId) -> Result<Vec<Derived>, Fault> {
    every(
        connection,
        "-- derived_from
         SELECT exchange, class, ordinal, source, source_class, source_ordinal
         FROM derived WHERE source = ?1 ORDER BY exchange, class, ordinal",
        [source.as_bytes()],
        read_derived,
    )
}

fn derived_of(connection: &Connection, given: ExchangeId) -> Result<Vec<Derived>, Fault> {
    every(
        connection,
        "-- derived_of
         SELECT exchange, class, ordinal, source, source_class, source_ordinal
         FROM derived WHERE exchange = ?1 ORDER BY class, ordinal",
        [given.as_bytes()],
        read_derived,
    )
}

fn read_derived(row: &Row<'_>) -> Result<Derived, Fault> {
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

/// Stream by stream, for the index begins with it.
fn sources(
    connection: &Connection,
    objects: &[ObjectTag],
    besides: Option<&Party>,
) -> Result<Vec<(ObjectTag, RecordName)>, Fault> {
    let streams: Vec<i64> = every(
        connection,
        "-- sources, the streams
         SELECT number FROM stream WHERE ?1 IS NULL OR partner <> ?1",
        [besides.map(Party::as_str)],
        |row| plain(row, "number"),
    )?;
    let mut found = Vec::new();
    for stream in streams {
        for object in objects {
            found.extend(every(
                connection,
                "-- sources
                 SELECT segment.exchange, class, ordinal
                 FROM collected INDEXED BY collected_by_object JOIN segment ON number = collected.segment
                 WHERE stream = ?1 AND object = ?2 AND segment.exchange IS NOT NULL AND class IS NOT NULL",
                params![stream, object.0],
                |row| {
                    let name = RecordName {
                        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
                        class: id(row, "class", ClassId::from_bytes)?,
                        ordinal: number(row, "ordinal")?,
                    };
                    Ok((*object, name))
                },
            )?);
        }
    }
    Ok(found)
}
