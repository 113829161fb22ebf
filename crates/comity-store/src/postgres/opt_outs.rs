//! Opt-outs, the tags that they are found by, and mandates.

use super::columns::{change, every, first, id, instant, maybe_text, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{MandateRow, OptOutRow, OptOuts, Record, StoreError, SubjectTag};
use comity_terms::ids::{MandateId, OptOutId};
use comity_terms::{Month, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_postgres::Row;

impl OptOuts for super::PostgresStore {
    async fn opt_out_periods(&self, now: Timestamp) -> Result<Vec<Month>, StoreError> {
        self.ask(move |client| Box::pin(periods(client, now))).await
    }

    async fn opted_out(
        &self,
        tags: Vec<(Month, SubjectTag)>,
        now: Timestamp,
    ) -> Result<Vec<(Month, SubjectTag, BTreeSet<String>)>, StoreError> {
        let tags = Arc::new(tags);
        self.ask(move |client| {
            let tags = Arc::clone(&tags);
            Box::pin(async move { opted_out(client, &tags, now).await })
        })
        .await
    }

    async fn opt_out(&self, id: OptOutId) -> Result<Option<OptOutRow>, StoreError> {
        self.ask(move |client| Box::pin(opt_out(client, id))).await
    }

    async fn opt_out_tags(&self, id: OptOutId) -> Result<BTreeSet<SubjectTag>, StoreError> {
        self.ask(move |client| Box::pin(tags_of(client, id))).await
    }

    async fn opt_outs(&self) -> Result<Vec<OptOutRow>, StoreError> {
        self.ask(move |client| Box::pin(opt_outs(client))).await
    }

    async fn mandates(&self) -> Result<Vec<MandateRow>, StoreError> {
        self.ask(move |client| Box::pin(mandates(client))).await
    }
}

/// Whether the record says anything of opt-outs or mandates.
pub(super) fn speaks(record: &Record) -> bool {
    record.opt_outs_over.is_some()
        || !record.opt_outs.is_empty()
        || !record.opt_out_tags.is_empty()
        || !record.mandates.is_empty()
}

/// Keeps what a record says of opt-outs and mandates. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    if let Some(period) = record.opt_outs_over {
        let period = i64::from(period.number());
        change(
            client,
            "-- put, tags of periods that have passed
             DELETE FROM opt_out_tag WHERE period < $1",
            &[&period],
        )
        .await?;
        change(
            client,
            "-- put, opt-outs of periods that have passed
             DELETE FROM opt_out WHERE period < $1",
            &[&period],
        )
        .await?;
    }
    for row in &record.opt_outs {
        put_opt_out(client, row).await?;
    }
    if !record.opt_out_tags.is_empty() {
        let periods: Vec<i64> =
            record.opt_out_tags.iter().map(|tag| i64::from(tag.period.number())).collect();
        let tags: Vec<&[u8]> = record.opt_out_tags.iter().map(|tag| &tag.tag.0[..]).collect();
        let of: Vec<&[u8]> = record.opt_out_tags.iter().map(|tag| &tag.opt_out.as_bytes()[..]).collect();
        change(
            client,
            "-- put, tags
             INSERT INTO opt_out_tag (period, tag, opt_out)
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])",
            &[&periods, &tags, &of],
        )
        .await?;
    }
    for row in &record.mandates {
        put_mandate(client, row).await?;
    }
    Ok(())
}

async fn put_opt_out(client: &Client, row: &OptOutRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("an opt-out does not write as JSON".into()))?;
    let put = change(
        client,
        "-- put_opt_out
         INSERT INTO opt_out (id, period, state, categories, filed_at, until, version, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE
         SET state = excluded.state, version = excluded.version, detail = excluded.detail
         WHERE opt_out.version = excluded.version - 1",
        &[
            &&row.id.as_bytes()[..],
            &i64::from(row.period.number()),
            &row.state.as_str(),
            &crate::words::joined(&row.categories),
            &instant(row.filed_at),
            &instant(row.until),
            &i64::from(row.version),
            &detail,
        ],
    )
    .await?;
    if put == 0 {
        return Err(Fault::Conflict("a later version of an opt-out"));
    }
    if !row.state.has_tags() {
        change(
            client,
            "-- put_opt_out, its tags
             DELETE FROM opt_out_tag WHERE opt_out = $1",
            &[&&row.id.as_bytes()[..]],
        )
        .await?;
    }
    Ok(())
}

async fn put_mandate(client: &Client, row: &MandateRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.mandate)
        .map_err(|_| Fault::Other("a mandate does not write as JSON".into()))?;
    let put = change(
        client,
        "-- put_mandate
         INSERT INTO mandate (id, begun, until, ended, version, detail) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE
         SET ended = excluded.ended, version = excluded.version
         WHERE mandate.version = excluded.version - 1",
        &[
            &&row.id.as_bytes()[..],
            &instant(row.from),
            &instant(row.until),
            &row.ended.map(instant),
            &i64::from(row.version),
            &detail,
        ],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("a later version of a mandate")) } else { Ok(()) }
}

async fn periods(client: &Client, now: Timestamp) -> Result<Vec<Month>, Fault> {
    every(
        client,
        "-- periods
         SELECT DISTINCT period FROM opt_out WHERE state = 'in_force' AND until > $1 ORDER BY period",
        &[&instant(now)],
        period,
    )
    .await
}

async fn opted_out(
    client: &Client,
    tags: &[(Month, SubjectTag)],
    now: Timestamp,
) -> Result<Vec<(Month, SubjectTag, BTreeSet<String>)>, Fault> {
    let periods: Vec<i64> = tags.iter().map(|(period, _)| i64::from(period.number())).collect();
    let values: Vec<&[u8]> = tags.iter().map(|(_, tag)| &tag.0[..]).collect();
    every(
        client,
        "-- opted_out
         SELECT t.period, t.tag, categories
         FROM unnest($1::bigint[], $2::bytea[]) AS asked (period, tag)
              JOIN opt_out_tag AS t ON t.period = asked.period AND t.tag = asked.tag
              JOIN opt_out AS o ON o.id = t.opt_out
         WHERE state = 'in_force' AND until > $3",
        &[&periods, &values, &instant(now)],
        |row| Ok((period(row)?, tag(row)?, categories(row)?)),
    )
    .await
}

async fn tags_of(client: &Client, id: OptOutId) -> Result<BTreeSet<SubjectTag>, Fault> {
    let tags = every(
        client,
        "-- tags_of
         SELECT tag FROM opt_out_tag WHERE opt_out = $1",
        &[&&id.as_bytes()[..]],
        tag,
    )
    .await?;
    Ok(tags.into_iter().collect())
}

async fn opt_outs(client: &Client) -> Result<Vec<OptOutRow>, Fault> {
    every(
        client,
        "-- opt_outs
         SELECT id, period, state, categories, filed_at, until, version, detail FROM opt_out ORDER BY filed_at, id",
        &[],
        read_opt_out,
    )
    .await
}

async fn opt_out(client: &Client, id: OptOutId) -> Result<Option<OptOutRow>, Fault> {
    first(
        client,
        "-- opt_out
         SELECT id, period, state, categories, filed_at, until, version, detail FROM opt_out WHERE id = $1",
        &[&&id.as_bytes()[..]],
        read_opt_out,
    )
    .await
}

fn read_opt_out(row: &Row) -> Result<OptOutRow, Fault> {
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

fn period(row: &Row) -> Result<Month, Fault> {
    Month::from_number(number(row, "period")?).ok_or(Fault::Column("period"))
}

fn tag(row: &Row) -> Result<SubjectTag, Fault> {
    super::columns::bytes(row, "tag").map(SubjectTag)
}

fn categories(row: &Row) -> Result<BTreeSet<String>, Fault> {
    Ok(crate::words::split(&plain::<String>(row, "categories")?))
}

async fn mandates(client: &Client) -> Result<Vec<MandateRow>, Fault> {
    every(
        client,
        "-- mandates
         SELECT id, begun, until, ended, version, detail FROM mandate ORDER BY begun, id",
        &[],
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
    .await
}
