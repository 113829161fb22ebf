//! Opt-outs, the tags that they are found by, and mandates.

use super::columns::{change, every, first, id, insert_once, instant, maybe_text, number, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{MandateRow, OptOutRow, OptOuts, Record, StoreError, SubjectTag};
use comity_terms::ids::{MandateId, OptOutId};
use comity_terms::{Month, Timestamp};
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, BTreeSet};

impl OptOuts for super::SqliteStore {
    async fn opt_out_periods(&self, now: Timestamp) -> Result<Vec<Month>, StoreError> {
        self.readers.look(move |c| periods(c, now)).await
    }

    async fn opted_out(
        &self,
        tags: Vec<(Month, SubjectTag)>,
        now: Timestamp,
    ) -> Result<Vec<(Month, SubjectTag, BTreeSet<String>)>, StoreError> {
        self.readers.read(move |c| opted_out(c, &tags, now)).await
    }

    async fn opt_out(&self, id: OptOutId) -> Result<Option<OptOutRow>, StoreError> {
        self.readers.read(move |c| opt_out(c, id)).await
    }

    async fn opt_out_tags(&self, id: OptOutId) -> Result<BTreeSet<SubjectTag>, StoreError> {
        self.readers.read(move |c| tags_of(c, id)).await
    }

    async fn opt_outs(&self) -> Result<Vec<OptOutRow>, StoreError> {
        self.readers.read(opt_outs).await
    }

    async fn mandates(&self) -> Result<Vec<MandateRow>, StoreError> {
        self.readers.read(mandates).await
    }
}

/// Keeps what a record says of opt-outs and mandates.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    if let Some(period) = record.opt_outs_over {
        change(
            connection,
            "-- put, tags of periods that have passed
             DELETE FROM opt_out_tag WHERE period < ?1",
            [period.number()],
        )?;
        change(
            connection,
            "-- put, opt-outs of periods that have passed
             DELETE FROM opt_out WHERE period < ?1",
            [period.number()],
        )?;
    }
    record.opt_outs.iter().try_for_each(|row| put_opt_out(connection, row))?;
    for tag in &record.opt_out_tags {
        change(
            connection,
            "-- put, a tag
             INSERT INTO opt_out_tag (period, tag, opt_out) VALUES (?1, ?2, ?3)",
            params![tag.period.number(), tag.tag.0, tag.opt_out.as_bytes()],
        )?;
    }
    record.mandates.iter().try_for_each(|row| put_mandate(connection, row))
}

fn put_opt_out(connection: &Connection, row: &OptOutRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("an opt-out does not write as JSON".into()))?;
    insert_once(
        connection,
        "a later version of an opt-out",
        "-- put_opt_out
         INSERT INTO opt_out (id, period, state, categories, filed_at, until, version, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE
         SET state = excluded.state, version = excluded.version, detail = excluded.detail
         WHERE opt_out.version = excluded.version - 1",
        params![
            row.id.as_bytes(),
            row.period.number(),
            row.state.as_str(),
            crate::words::joined(&row.categories),
            instant(row.filed_at),
            instant(row.until),
            row.version,
            detail,
        ],
    )?;
    if !row.state.has_tags() {
        change(
            connection,
            "-- put_opt_out, its tags
             DELETE FROM opt_out_tag WHERE opt_out = ?1",
            [row.id.as_bytes()],
        )?;
    }
    Ok(())
}

fn put_mandate(connection: &Connection, row: &MandateRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.mandate)
        .map_err(|_| Fault::Other("a mandate does not write as JSON".into()))?;
    insert_once(
        connection,
        "a later version of a mandate",
        "-- put_mandate
         INSERT INTO mandate (id, begun, until, ended, version, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE
         SET ended = excluded.ended, version = excluded.version
         WHERE mandate.version = excluded.version - 1",
        params![
            row.id.as_bytes(),
            instant(row.from),
            instant(row.until),
            row.ended.map(instant),
            row.version,
            detail,
        ],
    )
}

fn periods(connection: &Connection, now: Timestamp) -> Result<Vec<Month>, Fault> {
    every(
        connection,
        "-- periods
         SELECT DISTINCT period FROM opt_out WHERE state = 'in_force' AND until > ?1 ORDER BY period",
        [instant(now)],
        period,
    )
}

/// All tags of a period in one statement.
fn opted_out(
    connection: &Connection,
    tags: &[(Month, SubjectTag)],
    now: Timestamp,
) -> Result<Vec<(Month, SubjectTag, BTreeSet<String>)>, Fault> {
    let mut by_period: BTreeMap<Month, Vec<String>> = BTreeMap::new();
    for (period, tag) in tags {
        let hex = tag.0.iter().map(|byte| format!("{byte:02x}")).collect();
        by_period.entry(*period).or_default().push(hex);
    }
    let mut found = Vec::new();
    for (period, tags) in by_period {
        let tags =
            serde_json::to_string(&tags).map_err(|_| Fault::Other("tags do not write as JSON".into()))?;
        let rows = every(
            connection,
            "-- opted_out
             SELECT t.tag, categories
             FROM json_each(?2) AS asked CROSS JOIN opt_out_tag AS t ON t.period = ?1 AND t.tag = unhex(asked.value)
                                         JOIN opt_out AS o ON o.id = t.opt_out
             WHERE state = 'in_force' AND until > ?3",
            params![period.number(), tags, instant(now)],
            |row| Ok((period, SubjectTag(plain(row, "tag")?), categories(row)?)),
        )?;
        found.extend(rows);
    }
    Ok(found)
}

fn tags_of(connection: &Connection, id: OptOutId) -> Result<BTreeSet<SubjectTag>, Fault> {
    let tags = every(
        connection,
        "-- tags_of
         SELECT tag FROM opt_out_tag WHERE opt_out = ?1",
        [id.as_bytes()],
        |row| Ok(SubjectTag(plain(row, "tag")?)),
    )?;
    Ok(tags.into_iter().collect())
}

fn opt_outs(connection: &Connection) -> Result<Vec<OptOutRow>, Fault> {
    every(
        connection,
        "-- opt_outs
         SELECT id, period, state, categories, filed_at, until, version, detail FROM opt_out ORDER BY filed_at, id",
        [],
        read_opt_out,
    )
}

fn opt_out(connection: &Connection, id: OptOutId) -> Result<Option<OptOutRow>, Fault> {
    first(
        connection,
        "-- opt_out
         SELECT id, period, state, categories, filed_at, until, version, detail FROM opt_out WHERE id = ?1",
        [id.as_bytes()],
        read_opt_out,
    )
}

fn read_opt_out(row: &Row<'_>) -> Result<OptOutRow, Fault> {
    let detail: String = plain(row, "detail")?;
    Ok(OptOutRow {
        id: id(row, "id", OptOutId::from_bytes)?,
        period: period(row)?,
        state: text(row, "state")?,
        categories: categories(row)?,
        filed_at: text(row, "filed_at")?,
        until: text(row, "until")?,
        version: number(row, "version")?,
        detail: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
    })
}

fn period(row: &Row<'_>) -> Result<Month, Fault> {
    Month::from_number(number(row, "period")?).ok_or(Fault::Column("period"))
}

fn categories(row: &Row<'_>) -> Result<BTreeSet<String>, Fault> {
    Ok(crate::words::split(&plain::<String>(row, "categories")?))
}

fn mandates(connection: &Connection) -> Result<Vec<MandateRow>, Fault> {
    every(
        connection,
        "-- mandates
         SELECT id, begun, until, ended, version, detail FROM mandate ORDER BY begun, id",
        [],
        |row| {
            let detail: String = plain(row, "detail")?;
            Ok(MandateRow {
                id: id(row, "id", MandateId::from_bytes)?,
                from: text(row, "begun")?,
                until: text(row, "until")?,
                ended: maybe_text(row, "ended")?,
                version: number(row, "version")?,
                mandate: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
            })
        },
    )
}
