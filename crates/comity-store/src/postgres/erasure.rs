//! The end of records: which are due, which go, and what each epoch key still wraps.
//!
//! A bucket's row counts the key rows under its key: they come in with their segment, leave when they are erased or
//! wrapped anew. INVARIANT: `held` is that count, for every change of key rows happens under the sequencer's lock, in
//! the same transaction; a closed bucket holds none and takes none.

use super::collected;
use super::columns::{
    Step, change, every, first, id, instant, integer, maybe_id, maybe_text, number, plain, run, text,
};
use super::connection::Client;
use super::fault::Fault;
use super::log;
use super::subjects;
use super::vault::{read_key_row, read_kind};
use crate::words::kind_text;
use comity_exchange::ports::{
    Destruction, Epoch, Erasure, HeldRecord, Record, Rewrapped, SegmentKind, Vitals,
};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_tlog::TreeSize;
use comity_vault::Bucket;
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// The columns of a held record. The blob is not among them, and is not read.
macro_rules! held {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- ",
            $name,
            "\n SELECT segment.number, id, exchange, class, agreement, kind, quarantined, ordinal, \"offset\", length,
                wrapped_key, commitment, generation, erase_by
             FROM key_row JOIN segment ON segment.number = key_row.segment ",
            $rest
        )
    };
}

pub(super) const DUE: &str = held!(
    "due",
    "WHERE erase_by <= $1
       AND NOT EXISTS (SELECT 1 FROM hold
                       WHERE hold.exchange = segment.exchange
                         AND hold.until > $3 AND (hold.lifted IS NULL OR hold.lifted > $3)
                         AND (hold.class IS NULL
                              OR (hold.class = segment.class AND hold.ordinal = key_row.ordinal)))
     ORDER BY erase_by, generation, segment, key_row.ordinal LIMIT $2"
);

/// What is to be erased by `by` and not held at `at`, the longest due first.
pub(super) async fn due(
    client: &Client,
    by: Timestamp,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<HeldRecord>, Fault> {
    every(client, DUE, &[&by.as_second(), &i64::from(limit), &at.as_second()], read_held).await
}

pub(super) async fn held_of(
    client: &Client,
    exchange: ExchangeId,
    openings: bool,
    limit: u32,
) -> Result<Vec<HeldRecord>, Fault> {
    every(
        client,
        held!(
            "held_of",
            "WHERE exchange = $1 AND ($2 OR kind <> $3) ORDER BY segment.number, ordinal LIMIT $4"
        ),
        &[&&exchange.as_bytes()[..], &openings, &kind_text(SegmentKind::Opening), &i64::from(limit)],
        read_held,
    )
    .await
}

pub(super) const HELD_IN: &str = held!(
    "held_in",
    "WHERE (erase_by, generation, segment, ordinal) > ($1, $2, $3, $4) AND erase_by < $5
       AND generation = $6 AND agreement = $7
     ORDER BY erase_by, generation, segment, ordinal LIMIT $8"
);

/// Records of a bucket, by the index that tells what is due: those of a month lie together.
pub(super) async fn held_in(
    client: &Client,
    bucket: &Bucket,
    after: Option<&HeldRecord>,
    limit: u32,
) -> Result<Vec<HeldRecord>, Fault> {
    let bounds = bucket.month.bounds();
    let (from, until) = bounds.ok_or_else(|| Fault::Other(format!("{} has no end", bucket.month)))?;
    // Before the first: no row has a segment of this number.
    let (at, generation, segment, ordinal) = match after {
        Some(held) => {
            let (row, segment) = (&held.row, integer(held.number)?);
            (row.erase_by.as_second(), i64::from(row.generation), segment, i64::from(row.ordinal))
        }
        None => (from.as_second(), 0, -1, 0),
    };
    every(
        client,
        HELD_IN,
        &[
            &at,
            &generation,
            &segment,
            &ordinal,
            &until.as_second(),
            &i64::from(bucket.generation),
            &bucket.agreement.as_str(),
            &i64::from(limit),
        ],
        read_held,
    )
    .await
}

pub(super) fn read_held(row: &Row) -> Result<HeldRecord, Fault> {
    Ok(HeldRecord {
        segment: id(row, "id", SegmentId::from_bytes)?,
        number: number(row, "number")?,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        class: maybe_id(row, "class", ClassId::from_bytes)?,
        agreement: text(row, "agreement")?,
        kind: read_kind(row)?,
        row: read_key_row(row)?,
    })
}

/// The buckets of records that come in with segments, and how many each takes in.
pub(super) fn entering(record: &Record) -> BTreeMap<Bucket, u64> {
    let mut counts = BTreeMap::new();
    for segment in &record.segments {
        for row in &segment.rows {
            *counts.entry(row.bucket(&segment.agreement)).or_default() += 1;
        }
    }
    counts
}

/// Adds to what buckets hold. Of those that are closed it adds to none: the count of rows tells.
pub(super) fn add<'p>(counts: &BTreeMap<Bucket, u64>) -> Result<Step<'p>, Fault> {
    let buckets: Vec<&Bucket> = counts.keys().collect();
    let held = counts.values().map(|count| integer(*count)).collect::<Result<Vec<i64>, Fault>>()?;
    Ok(keyed(
        "-- add
         INSERT INTO epoch (agreement, month, generation, held)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
         ON CONFLICT (agreement, month, generation) DO UPDATE SET held = epoch.held + excluded.held
         WHERE epoch.closed_at IS NULL",
        &buckets,
    )
    .with(held))
}

/// A step whose first three columns say which buckets.
fn keyed<'p>(sql: &'static str, buckets: &[&Bucket]) -> Step<'p> {
    Step::new(sql)
        .column(buckets, |bucket| bucket.agreement.to_string())
        .column(buckets, |bucket| i64::from(bucket.month.number()))
        .column(buckets, |bucket| i64::from(bucket.generation))
}

/// Those of these buckets that are closed.
pub(super) async fn closed(client: &Client, buckets: &[Bucket]) -> Result<Vec<Bucket>, Fault> {
    let agreements: Vec<&str> = buckets.iter().map(|bucket| bucket.agreement.as_str()).collect();
    let months: Vec<i64> = buckets.iter().map(|bucket| i64::from(bucket.month.number())).collect();
    let generations: Vec<i64> = buckets.iter().map(|bucket| i64::from(bucket.generation)).collect();
    every(
        client,
        "-- closed
         SELECT agreement, month, generation FROM epoch
         WHERE closed_at IS NOT NULL
           AND (agreement, month, generation) IN (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]))",
        &[&agreements, &months, &generations],
        read_bucket,
    )
    .await
}

fn read_bucket(row: &Row) -> Result<Bucket, Fault> {
    let month = Month::from_number(number(row, "month")?).ok_or(Fault::Column("month"))?;
    Ok(Bucket { agreement: text(row, "agreement")?, month, generation: number(row, "generation")? })
}

/// The bucket of a key row that was changed.
fn bucket_of(row: &Row) -> Result<Bucket, Fault> {
    let erase_by = Timestamp::from_second(plain(row, "erase_by")?).map_err(|_| Fault::Column("erase_by"))?;
    Ok(Bucket {
        agreement: text(row, "agreement")?,
        month: Month::of(erase_by),
        generation: number(row, "generation")?,
    })
}

/// Whether the record ends, moves or destroys anything.
pub(super) fn ends(record: &Record) -> bool {
    record.erased.is_some() || !record.rewrapped.is_empty() || record.destroyed.is_some()
}

/// Does what the record says of ends, in an open transaction. When it fails, whatever it changed is to be taken back.
pub(super) async fn end(client: &Client, record: &Record) -> Result<(), Fault> {
    if let Some(erasure) = &record.erased {
        erase(client, erasure).await?;
    }
    if !record.rewrapped.is_empty() {
        rewrap(client, &record.rewrapped).await?;
    }
    if let Some(destruction) = &record.destroyed {
        put_destroyed(client, destruction).await?;
    }
    Ok(())
}

pub(super) const COVERS: &str = "-- covers
     SELECT 1::bigint AS one
     FROM unnest($1::bytea[], $2::bigint[]) AS place (id, ordinal)
          JOIN segment ON segment.id = place.id JOIN hold ON hold.exchange = segment.exchange
     WHERE hold.until > $3 AND (hold.lifted IS NULL OR hold.lifted > $3)
       AND (hold.class IS NULL OR (hold.class = segment.class AND hold.ordinal = place.ordinal))
     LIMIT 1";

/// Erases records: their key rows, and each blob that no row is left of.
async fn erase(client: &Client, erasure: &Erasure) -> Result<(), Fault> {
    let ids: Vec<&[u8]> = erasure.records.iter().map(|place| &place.segment.as_bytes()[..]).collect();
    let ordinals: Vec<i64> = erasure.records.iter().map(|place| i64::from(place.ordinal)).collect();
    if !erasure.whatever_holds {
        let held = first(client, COVERS, &[&ids, &ordinals, &erasure.at.as_second()], |row| {
            plain::<i64>(row, "one")
        })
        .await?;
        if held.is_some() {
            return Err(Fault::Conflict("a hold on a record"));
        }
    }
    let gone = every(
        client,
        "-- erase
         DELETE FROM key_row USING segment, unnest($1::bytea[], $2::bigint[]) AS place (id, ordinal)
         WHERE segment.id = place.id AND key_row.segment = segment.number AND key_row.ordinal = place.ordinal
         RETURNING key_row.segment, key_row.ordinal, key_row.erase_by, key_row.generation, segment.agreement",
        &[&ids, &ordinals],
        |row| Ok((plain::<i64>(row, "segment")?, plain::<i64>(row, "ordinal")?, bucket_of(row)?)),
    )
    .await?;
    if gone.len() != erasure.records.len() {
        return Err(Fault::Conflict("the erasure of a record"));
    }
    let mut left: BTreeMap<Bucket, u64> = BTreeMap::new();
    let segments: Vec<i64> = gone.iter().map(|(segment, _, _)| *segment).collect();
    let ordinals: Vec<i64> = gone.iter().map(|(_, ordinal, _)| *ordinal).collect();
    collected::forget(client, &segments, &ordinals).await?;
    subjects::forget(client, &segments, &ordinals).await?;
    for (_, _, bucket) in gone {
        *left.entry(bucket).or_default() += 1;
    }
    leave(client, &left, Some(erasure.at)).await?;
    change(
        client,
        "-- erase, segments without records
         DELETE FROM segment WHERE number = ANY($1::bigint[])
           AND NOT EXISTS (SELECT 1 FROM key_row WHERE key_row.segment = segment.number)",
        &[&segments],
    )
    .await?;
    Ok(())
}

async fn leave(
    client: &Client,
    counts: &BTreeMap<Bucket, u64>,
    erased: Option<Timestamp>,
) -> Result<(), Fault> {
    let buckets: Vec<&Bucket> = counts.keys().collect();
    let left = counts.values().map(|count| integer(*count)).collect::<Result<Vec<i64>, Fault>>()?;
    let step = keyed(
        "-- leave
         UPDATE epoch SET held = held - gone.count,
                          erased = erased + CASE WHEN $5::text IS NULL THEN 0 ELSE gone.count END,
                          erased_since = coalesce(erased_since, $5::text)
         FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS gone (a, m, g, count)
         WHERE agreement = a AND month = m AND generation = g",
        &buckets,
    );
    let known = run(client, vec![step.with(left).with(erased.map(instant))]).await?;
    if known != [counts.len() as u64] {
        return Err(Fault::Other("a bucket that records leave is not known".into()));
    }
    Ok(())
}

/// Puts rows wrapped anew in the place of those that they were; what was erased or changed meanwhile stays so.
async fn rewrap(client: &Client, rewrapped: &[Rewrapped]) -> Result<(), Fault> {
    let ids: Vec<&[u8]> = rewrapped.iter().map(|anew| &anew.segment.as_bytes()[..]).collect();
    let ordinals: Vec<i64> = rewrapped.iter().map(|anew| i64::from(anew.row.ordinal)).collect();
    let from: Vec<i64> = rewrapped.iter().map(|anew| i64::from(anew.from)).collect();
    let keys: Vec<&[u8]> = rewrapped.iter().map(|anew| &anew.row.wrapped_key[..]).collect();
    let generations: Vec<i64> = rewrapped.iter().map(|anew| i64::from(anew.row.generation)).collect();
    let moved = every(
        client,
        "-- rewrap
         UPDATE key_row SET wrapped_key = anew.wrapped_key, generation = anew.generation
         FROM segment,
              unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[])
              AS anew (id, ordinal, leaves, wrapped_key, generation)
         WHERE segment.id = anew.id AND key_row.segment = segment.number AND key_row.ordinal = anew.ordinal
           AND key_row.generation = anew.leaves
         RETURNING segment.agreement, key_row.erase_by, key_row.generation, anew.leaves",
        &[&ids, &ordinals, &from, &keys, &generations],
        |row| Ok((bucket_of(row)?, number::<u32>(row, "leaves")?)),
    )
    .await?;
    let (mut left, mut entered) = (BTreeMap::new(), BTreeMap::new());
    for (bucket, from) in moved {
        *left.entry(Bucket { generation: from, ..bucket.clone() }).or_default() += 1;
        *entered.entry(bucket).or_default() += 1;
    }
    if left.is_empty() {
        return Ok(());
    }
    leave(client, &left, None).await?;
    let taken = run(client, vec![add(&entered)?]).await?;
    if taken != [entered.len() as u64] {
        let buckets: Vec<Bucket> = entered.into_keys().collect();
        let closed = closed(client, &buckets).await?.pop();
        return Err(closed.map_or_else(|| Fault::Other("a bucket takes no record".into()), Fault::Closed));
    }
    Ok(())
}

async fn put_destroyed(client: &Client, destruction: &Destruction) -> Result<(), Fault> {
    let buckets: Vec<&Bucket> = destruction.buckets.iter().collect();
    // Destroying what is gone already is done: the first instant stays.
    let step = keyed(
        "-- put_destroyed
         UPDATE epoch SET destroyed_at = coalesce(destroyed_at, $4)
         FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS gone (a, m, g)
         WHERE agreement = a AND month = m AND generation = g AND closed_at IS NOT NULL",
        &buckets,
    );
    let closed = run(client, vec![step.with(instant(destruction.at))]).await?;
    if closed != [buckets.len() as u64] {
        return Err(Fault::Other("a bucket was not closed before its key was destroyed".into()));
    }
    Ok(())
}

/// Closes a bucket that holds nothing, in a turn of its own: nothing comes in meanwhile. Whether it is closed now.
pub(super) async fn close(client: &Client, bucket: &Bucket, now: Timestamp) -> Result<bool, Fault> {
    let closing = async {
        client.batch_execute("-- close, begins\nBEGIN").await?;
        log::take(client).await?;
        let closed = change(
            client,
            "-- close
             INSERT INTO epoch (agreement, month, generation, held, closed_at) VALUES ($1, $2, $3, 0, $4)
             ON CONFLICT (agreement, month, generation)
             DO UPDATE SET closed_at = coalesce(epoch.closed_at, excluded.closed_at) WHERE epoch.held = 0",
            &[
                &bucket.agreement.as_str(),
                &i64::from(bucket.month.number()),
                &i64::from(bucket.generation),
                &instant(now),
            ],
        )
        .await?;
        client.batch_execute("-- close, ends\nCOMMIT").await?;
        Ok(closed == 1)
    };
    let closed = closing.await;
    if closed.is_err() {
        // Fails as well where the connection is gone, and the turn with it.
        let _ = client.batch_execute("-- close, takes back\nROLLBACK").await;
    }
    closed
}

pub(super) const EPOCHS: &str = "-- epochs
     SELECT agreement, month, generation, held, erased, erased_since, closed_at FROM epoch
     WHERE destroyed_at IS NULL AND ($2 OR month < $1 OR erased_since IS NOT NULL)
     ORDER BY month, agreement, generation";

pub(super) async fn epochs(client: &Client, month: Month, all: bool) -> Result<Vec<Epoch>, Fault> {
    every(client, EPOCHS, &[&i64::from(month.number()), &all], |row| {
        Ok(Epoch {
            bucket: read_bucket(row)?,
            held: number(row, "held")?,
            erased: number(row, "erased")?,
            erased_since: maybe_text(row, "erased_since")?,
            closed: plain::<Option<String>>(row, "closed_at")?.is_some(),
        })
    })
    .await
}

pub(super) const VITALS: &str = "-- vitals
     SELECT (SELECT max(tree_size) FROM checkpoint) AS tree_size,
            (SELECT count(*) FROM outbox) AS outbox,
            (SELECT min((SELECT at FROM exchange WHERE id = outbox.exchange)) FROM outbox) AS outbox_since,
            (SELECT coalesce(sum(held), 0)::bigint FROM epoch) AS held,
            overdue, overdue_since,
            (SELECT count(*) FROM hold WHERE until > $1 AND (lifted IS NULL OR lifted > $1)) AS holds,
            (SELECT coalesce(sum(erased), 0)::bigint FROM epoch) AS erased,
            (SELECT coalesce(sum(erased), 0)::bigint FROM epoch WHERE destroyed_at IS NOT NULL) AS destroyed,
            (SELECT min(erased_since) FROM epoch WHERE destroyed_at IS NULL) AS waiting_since
     FROM (SELECT count(*) AS overdue, min(erase_by) AS overdue_since
           FROM key_row JOIN segment ON segment.number = key_row.segment
           WHERE erase_by <= $1
             AND NOT EXISTS (SELECT 1 FROM hold
                             WHERE hold.exchange = segment.exchange
                               AND hold.until > $1 AND (hold.lifted IS NULL OR hold.lifted > $1)
                               AND (hold.class IS NULL
                                    OR (hold.class = segment.class AND hold.ordinal = key_row.ordinal)))) AS late";

/// Counts and ages of the vault and the outbox; what is not the database's is left out.
pub(super) async fn vitals(client: &Client, now: Timestamp) -> Result<Vitals, Fault> {
    let found = first(client, VITALS, &[&now.as_second()], |row| {
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
    })
    .await?;
    found.ok_or_else(|| Fault::Other("a query of counts gave no row".into()))
}
