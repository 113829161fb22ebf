//! The end of records: which are due, which go, and what each epoch key still wraps.
//!
//! A bucket's row counts the key rows under its key: they come in with their segment, leave when they are erased or
//! wrapped anew. INVARIANT: `held` is that count, for every change of key rows goes through this file in the same
//! transaction; a closed bucket holds none and takes none.

use super::collected;
use super::columns::{change, every, first, id, instant, integer, maybe_id, maybe_text, number, plain, text};
use super::fault::Fault;
use super::holds;
use super::subjects;
use super::vault::{read_held_kind, read_key_row};
use crate::words::kind_text;
use comity_exchange::ports::{Destruction, Epoch, Erasure, HeldRecord, Rewrapped, SegmentKind, Vitals};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Month, PackSlug, Timestamp};
use comity_tlog::TreeSize;
use comity_vault::{Bucket, KeyRow};
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, BTreeSet};

/// The columns of a held record. The blob is not among them, and is not read.
macro_rules! held {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- ",
            $name,
            "\n SELECT segment.number, id, exchange, class, agreement, kind, quarantined, ordinal, offset, length,
                wrapped_key, commitment, generation, erase_by
             FROM key_row JOIN segment ON segment.number = key_row.segment ",
            $rest
        )
    };
}

pub(super) const DUE: &str = held!(
    "due",
    "WHERE erase_by <= ?1
       AND NOT EXISTS (SELECT 1 FROM hold
                       WHERE hold.exchange = segment.exchange
                         AND hold.until > ?3 AND (hold.lifted IS NULL OR hold.lifted > ?3)
                         AND (hold.class IS NULL
                              OR (hold.class = segment.class AND hold.ordinal = key_row.ordinal)))
     ORDER BY erase_by, generation, segment, key_row.ordinal LIMIT ?2"
);

/// What is to be erased by `by` and not held at `at`, the longest due first.
pub(super) fn due(
    connection: &Connection,
    by: Timestamp,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<HeldRecord>, Fault> {
    every(connection, DUE, params![by.as_second(), limit, at.as_second()], read_held)
}

pub(super) fn held_of(
    connection: &Connection,
    exchange: ExchangeId,
    openings: bool,
    limit: u32,
) -> Result<Vec<HeldRecord>, Fault> {
    every(
        connection,
        held!(
            "held_of",
            "WHERE exchange = ?1 AND (?2 OR kind <> ?3) ORDER BY segment.number, ordinal LIMIT ?4"
        ),
        params![exchange.as_bytes(), openings, kind_text(SegmentKind::Opening), limit],
        read_held,
    )
}

pub(super) const HELD_IN: &str = held!(
    "held_in",
    "WHERE (erase_by, generation, segment, ordinal) > (?1, ?2, ?3, ?4) AND erase_by < ?5
       AND generation = ?6 AND agreement = ?7
     ORDER BY erase_by, generation, segment, ordinal LIMIT ?8"
);

/// Records of a bucket, by the index that tells what is due: those of a month lie together.
pub(super) fn held_in(
    connection: &Connection,
    bucket: &Bucket,
    after: Option<&HeldRecord>,
    limit: u32,
) -> Result<Vec<HeldRecord>, Fault> {
    let (from, until) = bounds(bucket.month)?;
    // Before the first: no row has a segment of this number.
    let (at, generation, segment, ordinal) = match after {
        Some(held) => {
            let segment = integer(held.number)?;
            (held.row.erase_by.as_second(), held.row.generation, segment, held.row.ordinal)
        }
        None => (from, 0, -1, 0),
    };
    every(
        connection,
        HELD_IN,
        params![at, generation, segment, ordinal, until, bucket.generation, bucket.agreement.as_str(), limit],
        read_held,
    )
}

pub(super) fn read_held(row: &Row<'_>) -> Result<HeldRecord, Fault> {
    Ok(HeldRecord {
        segment: id(row, "id", SegmentId::from_bytes)?,
        number: number(row, "number")?,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        class: maybe_id(row, "class", ClassId::from_bytes)?,
        agreement: text(row, "agreement")?,
        kind: read_held_kind(row)?,
        row: read_key_row(row)?,
    })
}

/// Records that come in with a segment. One of a closed bucket keeps them all out.
pub(super) fn enter(connection: &Connection, agreement: &PackSlug, rows: &[KeyRow]) -> Result<(), Fault> {
    let mut counts: BTreeMap<(Month, u32), u64> = BTreeMap::new();
    for row in rows {
        *counts.entry((Month::of(row.erase_by), row.generation)).or_default() += 1;
    }
    for ((month, generation), count) in counts {
        add(connection, &Bucket { agreement: agreement.clone(), month, generation }, count)?;
    }
    Ok(())
}

fn add(connection: &Connection, bucket: &Bucket, count: u64) -> Result<(), Fault> {
    let taken = change(
        connection,
        "-- add
         INSERT INTO epoch (agreement, month, generation, held) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (agreement, month, generation) DO UPDATE SET held = held + excluded.held
         WHERE closed_at IS NULL",
        params![bucket.agreement.as_str(), bucket.month.number(), bucket.generation, integer(count)?],
    )?;
    if taken == 0 { Err(Fault::Closed(bucket.clone())) } else { Ok(()) }
}

fn leave(
    connection: &Connection,
    bucket: &Bucket,
    count: u64,
    erased: Option<Timestamp>,
) -> Result<(), Fault> {
    let known = change(
        connection,
        "-- leave
         UPDATE epoch SET held = held - ?4, erased = erased + iif(?5 IS NULL, 0, ?4),
                          erased_since = coalesce(erased_since, ?5)
         WHERE agreement = ?1 AND month = ?2 AND generation = ?3",
        params![
            bucket.agreement.as_str(),
            bucket.month.number(),
            bucket.generation,
            integer(count)?,
            erased.map(instant)
        ],
    )?;
    if known == 0 { Err(Fault::Other(format!("{bucket} is not known"))) } else { Ok(()) }
}

/// Erases records: their key rows, and each blob that no row is left of.
pub(super) fn erase(connection: &Connection, erasure: &Erasure) -> Result<(), Fault> {
    let mut left: BTreeMap<Bucket, u64> = BTreeMap::new();
    let mut segments = BTreeSet::new();
    for place in &erasure.records {
        let gone = first(
            connection,
            "-- erase
             DELETE FROM key_row WHERE ordinal = ?2 AND segment = (SELECT number FROM segment WHERE id = ?1)
             RETURNING segment, erase_by, generation,
                       (SELECT agreement FROM segment WHERE id = ?1) AS agreement",
            params![place.segment.as_bytes(), place.ordinal],
            |row| {
                let month = Month::of(erase_by(row)?);
                let bucket = Bucket {
                    agreement: text(row, "agreement")?,
                    month,
                    generation: number(row, "generation")?,
                };
                Ok((plain::<i64>(row, "segment")?, bucket))
            },
        )?;
        let (segment, bucket) = gone.ok_or(Fault::Conflict("the erasure of a record"))?;
        if !erasure.whatever_holds && holds::covers(connection, segment, place.ordinal, erasure.at)? {
            return Err(Fault::Conflict("a hold on a record"));
        }
        collected::forget(connection, segment, place.ordinal)?;
        subjects::forget(connection, segment, place.ordinal)?;
        segments.insert(segment);
        *left.entry(bucket).or_default() += 1;
    }
    for (bucket, count) in left {
        leave(connection, &bucket, count, Some(erasure.at))?;
    }
    for segment in segments {
        change(
            connection,
            "-- erase, a segment without records
             DELETE FROM segment WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM key_row WHERE segment = ?1)",
            [segment],
        )?;
        collected::forget_segment(connection, segment)?;
    }
    Ok(())
}

/// Puts rows wrapped anew in the place of those that they were; what was erased or changed meanwhile stays so.
pub(super) fn rewrap(connection: &Connection, rewrapped: &[Rewrapped]) -> Result<(), Fault> {
    let mut moved: BTreeMap<(Bucket, u32), u64> = BTreeMap::new();
    for Rewrapped { segment, from, row } in rewrapped {
        let agreement = first(
            connection,
            "-- rewrap
             UPDATE key_row SET wrapped_key = ?4, generation = ?5
             WHERE ordinal = ?2 AND generation = ?3 AND segment = (SELECT number FROM segment WHERE id = ?1)
             RETURNING (SELECT agreement FROM segment WHERE id = ?1) AS agreement",
            params![segment.as_bytes(), row.ordinal, from, row.wrapped_key, row.generation],
            |found| text::<PackSlug>(found, "agreement"),
        )?;
        if let Some(agreement) = agreement {
            *moved.entry((row.bucket(&agreement), *from)).or_default() += 1;
        }
    }
    for ((bucket, from), count) in moved {
        leave(connection, &Bucket { generation: from, ..bucket.clone() }, count, None)?;
        add(connection, &bucket, count)?;
    }
    Ok(())
}

/// Closes a bucket that holds nothing; whether it is closed now.
pub(super) fn close(connection: &Connection, bucket: &Bucket, now: Timestamp) -> Result<bool, Fault> {
    let closed = change(
        connection,
        "-- close
         INSERT INTO epoch (agreement, month, generation, held, closed_at) VALUES (?1, ?2, ?3, 0, ?4)
         ON CONFLICT (agreement, month, generation)
         DO UPDATE SET closed_at = coalesce(closed_at, excluded.closed_at) WHERE held = 0",
        params![bucket.agreement.as_str(), bucket.month.number(), bucket.generation, instant(now)],
    )?;
    Ok(closed == 1)
}

pub(super) fn put_destroyed(connection: &Connection, destruction: &Destruction) -> Result<(), Fault> {
    for bucket in &destruction.buckets {
        // Destroying what is gone already is done: the first instant stays.
        let closed = change(
            connection,
            "-- put_destroyed
             UPDATE epoch SET destroyed_at = coalesce(destroyed_at, ?4)
             WHERE agreement = ?1 AND month = ?2 AND generation = ?3 AND closed_at IS NOT NULL",
            params![
                bucket.agreement.as_str(),
                bucket.month.number(),
                bucket.generation,
                instant(destruction.at)
            ],
        )?;
        if closed == 0 {
            return Err(Fault::Other(format!("{bucket} was not closed before its key was destroyed")));
        }
    }
    Ok(())
}

pub(super) const EPOCHS: &str = "-- epochs
     SELECT agreement, month, generation, held, erased, erased_since, closed_at FROM epoch
     WHERE destroyed_at IS NULL AND (?2 OR month < ?1 OR erased_since IS NOT NULL)
     ORDER BY month, agreement, generation";

pub(super) fn epochs(connection: &Connection, month: Month, all: bool) -> Result<Vec<Epoch>, Fault> {
    every(connection, EPOCHS, params![month.number(), all], |row| {
        let month = Month::from_number(number(row, "month")?).ok_or(Fault::Column("month"))?;
        Ok(Epoch {
            bucket: Bucket {
                agreement: text(row, "agreement")?,
                month,
                generation: number(row, "generation")?,
            },
            held: number(row, "held")?,
            erased: number(row, "erased")?,
            erased_since: maybe_text(row, "erased_since")?,
            closed: plain::<Option<String>>(row, "closed_at")?.is_some(),
        })
    })
}

pub(super) const VITALS: &str = "-- vitals
     SELECT (SELECT max(tree_size) FROM checkpoint) AS tree_size,
            (SELECT count(*) FROM outbox) AS outbox,
            (SELECT min((SELECT at FROM exchange WHERE id = outbox.exchange)) FROM outbox) AS outbox_since,
            (SELECT coalesce(sum(held), 0) FROM epoch) AS held,
            overdue, overdue_since,
            (SELECT count(*) FROM hold WHERE until > ?1 AND (lifted IS NULL OR lifted > ?1)) AS holds,
            (SELECT coalesce(sum(erased), 0) FROM epoch) AS erased,
            (SELECT coalesce(sum(erased), 0) FROM epoch WHERE destroyed_at IS NOT NULL) AS destroyed,
            (SELECT min(erased_since) FROM epoch WHERE destroyed_at IS NULL) AS waiting_since
     FROM (SELECT count(*) AS overdue, min(erase_by) AS overdue_since
           FROM key_row JOIN segment ON segment.number = key_row.segment
           WHERE erase_by <= ?1
             AND NOT EXISTS (SELECT 1 FROM hold
                             WHERE hold.exchange = segment.exchange
                               AND hold.until > ?1 AND (hold.lifted IS NULL OR hold.lifted > ?1)
                               AND (hold.class IS NULL
                                    OR (hold.class = segment.class AND hold.ordinal = key_row.ordinal))))";

/// Counts and ages of the vault and the outbox; what is not the database's is left out.
pub(super) fn vitals(connection: &Connection, now: Timestamp) -> Result<Vitals, Fault> {
    let found = first(connection, VITALS, [now.as_second()], |row| {
        Ok(Vitals {
            tree_size: TreeSize(number(row, "tree_size")?),
            commit: None,
            outbox: number(row, "outbox")?,
            outbox_since: maybe_text(row, "outbox_since")?,
            held: number(row, "held")?,
            overdue: number(row, "overdue")?,
            overdue_since: plain::<Option<i64>>(row, "overdue_since")?
                .map(|at| Timestamp::from_second(at).map_err(|_| Fault::Column("overdue_since")))
                .transpose()?,
            erased: number(row, "erased")?,
            destroyed: number(row, "destroyed")?,
            waiting_since: maybe_text(row, "waiting_since")?,
            holds: number(row, "holds")?,
        })
    })?;
    found.ok_or_else(|| Fault::Other("a query of counts gave no row".into()))
}

fn erase_by(row: &Row<'_>) -> Result<Timestamp, Fault> {
    Timestamp::from_second(plain(row, "erase_by")?).map_err(|_| Fault::Column("erase_by"))
}

/// The first second of a month and of the next, since 1970.
fn bounds(month: Month) -> Result<(i64, i64), Fault> {
    let (from, until) = month.bounds().ok_or_else(|| Fault::Other(format!("{month} has no end")))?;
    Ok((from.as_second(), until.as_second()))
}
