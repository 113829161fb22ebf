//! Persons: the tags that records are found by, and what was asked.

use super::columns::{
    Step, change, every, first, id, instant, integer, maybe_bytes, maybe_text, number, plain, text,
};
use super::connection::Client;
use super::erasure::read_held;
use super::fault::Fault;
use super::log::entry_under;
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{
    FoundRecord, Integrated, Record, RecordName, RequestRow, StoreError, Stream, SubjectTag, Subjects, Tagged,
};
use comity_terms::ids::{ClassId, RequestId};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_tlog::LeafIndex;
use std::sync::Arc;
use tokio_postgres::Row;

impl Subjects for super::PostgresStore {
    async fn tagged(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<FoundRecord>, StoreError> {
        let tags = Arc::new(tags);
        self.ask(move |client| {
            let tags = Arc::clone(&tags);
            Box::pin(async move { tagged(client, &tags).await })
        })
        .await
    }

    async fn tagged_months(&self, month: Month) -> Result<Vec<Month>, StoreError> {
        self.ask(move |client| Box::pin(tagged_months(client, month))).await
    }

    async fn tagged_sent(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<RecordName>, StoreError> {
        self.ask(move |client| {
            let tags = tags.clone();
            Box::pin(async move { tagged_sent(client, &tags).await })
        })
        .await
    }

    async fn requests(&self, all: bool) -> Result<Vec<RequestRow>, StoreError> {
        self.ask(move |client| Box::pin(requests(client, all))).await
    }

    async fn requests_waiting(
        &self,
        after: Option<(Timestamp, RequestId)>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        self.ask(move |client| Box::pin(requests_waiting(client, after, limit))).await
    }

    async fn requests_counted(&self, at: Timestamp) -> Result<(u64, u64), StoreError> {
        self.ask(move |client| Box::pin(requests_counted(client, at))).await
    }

    async fn request_of_case(&self, case: RequestId) -> Result<Option<RequestRow>, StoreError> {
        self.ask(move |client| Box::pin(request_of_case(client, case))).await
    }

    async fn requests_to_send(&self, by: Timestamp, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        self.ask(move |client| Box::pin(requests_to_send(client, by, limit))).await
    }

    async fn request_integrated(
        &self,
        id: RequestId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.ask(move |client| Box::pin(request_integrated(client, id))).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
        self.ask(move |client| Box::pin(request(client, id))).await
    }
}

/// Whether the record ends tags, or says anything of requests.
pub(super) fn speaks(record: &Record) -> bool {
    record.untagged.is_some() || !record.requests.is_empty()
}

/// Keeps what a record says of requests, and ends tags. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record, index: LeafIndex) -> Result<(), Fault> {
    if let Some(month) = record.untagged {
        change(
            client,
            "-- put, what no key leads to any more
             DELETE FROM subject_tag WHERE month < $1
               AND NOT EXISTS (SELECT 1 FROM key_row JOIN segment ON segment.number = key_row.segment
                                                     JOIN hold ON hold.exchange = segment.exchange
                               WHERE key_row.segment = subject_tag.segment AND key_row.ordinal = subject_tag.ordinal
                                 AND erase_by < $2 AND hold.until > $2 AND (hold.lifted IS NULL OR hold.lifted > $2)
                                 AND (hold.class IS NULL
                                      OR (hold.class = segment.class AND hold.ordinal = key_row.ordinal)))",
            &[&i64::from(month.number()), &first_second(month)?],
        )
        .await?;
        change(
            client,
            "-- put, what no key leads to any more of what was sent
             DELETE FROM subject_sent WHERE month < $1
               AND NOT EXISTS (SELECT 1 FROM key_row JOIN segment ON segment.number = key_row.segment
                                                     JOIN hold ON hold.exchange = segment.exchange
                               WHERE key_row.segment = subject_sent.segment AND erase_by < $2
                                 AND hold.until > $2 AND (hold.lifted IS NULL OR hold.lifted > $2)
                                 AND hold.class IS NULL)",
            &[&i64::from(month.number()), &first_second(month)?],
        )
        .await?;
    }
    for row in &record.requests {
        put_request(client, row, index).await?;
    }
    Ok(())
}

/// The first second of a month, since 1970.
fn first_second(month: Month) -> Result<i64, Fault> {
    let bounds = month.bounds().ok_or_else(|| Fault::Other(format!("{month} has no end")))?;
    Ok(bounds.0.as_second())
}

pub(super) const TAGGED_MONTHS: &str = "-- tagged_months
     SELECT month FROM subject_tag WHERE month < $1 UNION SELECT month FROM subject_sent WHERE month < $1
     ORDER BY month";

async fn tagged_months(client: &Client, month: Month) -> Result<Vec<Month>, Fault> {
    every(client, TAGGED_MONTHS, &[&i64::from(month.number())], |row| {
        Month::from_number(number(row, "month")?).ok_or(Fault::Column("month"))
    })
    .await
}

/// Puts the tags of records whose segments are there by then.
pub(super) fn put_tags<'p>(tagged: &[&'p Tagged]) -> Step<'p> {
    Step::new(
        "-- put_tags
         INSERT INTO subject_tag (month, tag, segment, ordinal)
         SELECT t.month, t.tag, s.number, t.ordinal
         FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[]) AS t (month, tag, segment, ordinal)
              JOIN segment AS s ON s.id = t.segment
         ON CONFLICT DO NOTHING",
    )
    .column(tagged, |tagged| i64::from(tagged.month.number()))
    .column(tagged, |tagged| tagged.tag.0.to_vec())
    .column(tagged, |tagged| tagged.place.segment.as_bytes().to_vec())
    .column(tagged, |tagged| i64::from(tagged.place.ordinal))
}

/// Puts the names of records that were sent, for those tags that have one.
pub(super) fn put_sent<'p>(sent: &[(&'p Tagged, ClassId, u32)]) -> Step<'p> {
    Step::new(
        "-- put_tags, what was sent
         INSERT INTO subject_sent (month, tag, segment, class, ordinal)
         SELECT t.month, t.tag, s.number, t.class, t.ordinal
         FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bigint[])
              AS t (month, tag, segment, class, ordinal) JOIN segment AS s ON s.id = t.segment",
    )
    .column(sent, |(tagged, ..)| i64::from(tagged.month.number()))
    .column(sent, |(tagged, ..)| tagged.tag.0.to_vec())
    .column(sent, |(tagged, ..)| tagged.place.segment.as_bytes().to_vec())
    .column(sent, |(_, class, _)| class.as_bytes().to_vec())
    .column(sent, |(.., ordinal)| i64::from(*ordinal))
}

async fn put_request(client: &Client, row: &RequestRow, index: LeafIndex) -> Result<(), Fault> {
    let entry = row.entered.then(|| integer(index.0)).transpose()?;
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("a request does not write as JSON".into()))?;
    let put = change(
        client,
        "-- put_request
         INSERT INTO subject_request (id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version,
                                      detail, case_id, leaf_index, next_at)
         SELECT $1::bytea, $2::text, $3::bigint, $4::text, $5::text, $6::text, $7::text, $8::bigint, $9::text,
                $10::bytea, $11::bigint, $12::text
         WHERE NOT EXISTS (SELECT 1 FROM subject_request WHERE case_id = $10 AND id <> $1)
         ON CONFLICT (id) DO UPDATE
         SET open = excluded.open, due_operational = excluded.due_operational,
             due_legal_latest = excluded.due_legal_latest, decided_at = excluded.decided_at,
             version = excluded.version, detail = excluded.detail, case_id = excluded.case_id,
             leaf_index = coalesce(excluded.leaf_index, subject_request.leaf_index), next_at = excluded.next_at
         WHERE subject_request.version = excluded.version - 1",
        &[
            &&row.id.as_bytes()[..],
            &row.action.as_str(),
            &i64::from(row.open),
            &instant(row.filed_at),
            &instant(row.due_operational),
            &instant(row.due_legal_latest),
            &row.decided_at.map(instant),
            &i64::from(row.version),
            &detail,
            &row.case.map(|case| case.as_bytes().to_vec()),
            &entry,
            &row.next_at.map(instant),
        ],
    )
    .await?;
    if put == 0 {
        Err(Fault::Conflict("a later version of a request, or another of its case"))
    } else {
        Ok(())
    }
}

/// Forgets whom erased records named.
pub(super) async fn forget(client: &Client, segments: &[i64], ordinals: &[i64]) -> Result<(), Fault> {
    change(
        client,
        "-- forget, tags
         DELETE FROM subject_tag USING unnest($1::bigint[], $2::bigint[]) AS gone (segment, ordinal)
         WHERE subject_tag.segment = gone.segment AND subject_tag.ordinal = gone.ordinal",
        &[&segments, &ordinals],
    )
    .await?;
    change(
        client,
        "-- forget, tags of what was sent
         DELETE FROM subject_sent WHERE segment = ANY($1::bigint[])",
        &[&segments],
    )
    .await?;
    Ok(())
}

/// The records sent that these tags lead to.
async fn tagged_sent(client: &Client, tags: &[(Month, SubjectTag)]) -> Result<Vec<RecordName>, Fault> {
    let months: Vec<i64> = tags.iter().map(|(month, _)| i64::from(month.number())).collect();
    let values: Vec<&[u8]> = tags.iter().map(|(_, tag)| &tag.0[..]).collect();
    every(
        client,
        "-- tagged_sent
         SELECT DISTINCT exchange, t.class, t.ordinal
         FROM subject_sent AS t JOIN unnest($1::bigint[], $2::bytea[]) AS asked (month, tag)
                   ON t.month = asked.month AND t.tag = asked.tag
              JOIN segment AS s ON s.number = t.segment
         WHERE exchange IS NOT NULL ORDER BY exchange, t.class, t.ordinal",
        &[&months, &values],
        |row| {
            Ok(RecordName {
                exchange: id(row, "exchange", ExchangeId::from_bytes)?,
                class: id(row, "class", ClassId::from_bytes)?,
                ordinal: number(row, "ordinal")?,
            })
        },
    )
    .await
}

/// The records that these tags lead to.
async fn tagged(client: &Client, tags: &[(Month, SubjectTag)]) -> Result<Vec<FoundRecord>, Fault> {
    let months: Vec<i64> = tags.iter().map(|(month, _)| i64::from(month.number())).collect();
    let values: Vec<&[u8]> = tags.iter().map(|(_, tag)| &tag.0[..]).collect();
    every(
        client,
        "-- tagged
         SELECT s.number, s.id, exchange, class, s.agreement, kind, quarantined, k.ordinal, \"offset\", length,
                wrapped_key, commitment, generation, erase_by, known,
                stream.agreement AS of, partner, activity, purpose
         FROM (SELECT t.segment, t.ordinal
               FROM subject_tag AS t JOIN unnest($1::bigint[], $2::bytea[]) AS asked (month, tag)
                    ON t.month = asked.month AND t.tag = asked.tag
               -- What explains what was sent is one record, whatever it has sent.
               UNION SELECT t.segment, 0
               FROM subject_sent AS t JOIN unnest($1::bigint[], $2::bytea[]) AS asked (month, tag)
                    ON t.month = asked.month AND t.tag = asked.tag) AS found
              JOIN key_row AS k ON k.segment = found.segment AND k.ordinal = found.ordinal
              JOIN segment AS s ON s.number = found.segment
              LEFT JOIN collected_segment AS held ON held.segment = found.segment
              LEFT JOIN stream ON stream.number = (SELECT c.stream FROM collected AS c WHERE c.segment = s.number LIMIT 1)
         ORDER BY s.number, k.ordinal",
        &[&months, &values],
        |row| {
            Ok(FoundRecord { held: read_held(row)?, known: plain(row, "known")?, stream: read_stream(row)? })
        },
    )
    .await
}

fn read_stream(row: &Row) -> Result<Option<Stream>, Fault> {
    let Some(agreement) = maybe_text(row, "of")? else { return Ok(None) };
    Ok(Some(Stream {
        agreement,
        partner: text(row, "partner")?,
        activity: text(row, "activity")?,
        purpose: text(row, "purpose")?,
    }))
}

async fn requests(client: &Client, all: bool) -> Result<Vec<RequestRow>, Fault> {
    every(
        client,
        "-- requests
         SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
                leaf_index, next_at
         FROM subject_request WHERE $1 OR open = 1 ORDER BY filed_at, id",
        &[&all],
        read_request,
    )
    .await
}

pub(super) const REQUESTS_WAITING: &str = "-- requests_waiting
     SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
            leaf_index, next_at
     FROM subject_request WHERE open = 1 AND (due_legal_latest, id) > ($1, $2)
     ORDER BY due_legal_latest, id LIMIT $3";

async fn requests_waiting(
    client: &Client,
    after: Option<(Timestamp, RequestId)>,
    limit: u32,
) -> Result<Vec<RequestRow>, Fault> {
    let (due, id) = after.map(|(due, id)| (instant(due), id.as_bytes().to_vec())).unwrap_or_default();
    every(client, REQUESTS_WAITING, &[&due, &id, &i64::from(limit)], read_request).await
}

pub(super) const REQUESTS_COUNTED: &str = "-- requests_counted
     SELECT count(*) AS waiting, count(*) FILTER (WHERE due_legal_latest < $1) AS late
     FROM subject_request WHERE open = 1";

async fn requests_counted(client: &Client, at: Timestamp) -> Result<(u64, u64), Fault> {
    let at = instant(at);
    let read = |row: &Row| Ok((number(row, "waiting")?, number(row, "late")?));
    Ok(first(client, REQUESTS_COUNTED, &[&at], read).await?.unwrap_or_default())
}

async fn request(client: &Client, id: RequestId) -> Result<Option<RequestRow>, Fault> {
    first(
        client,
        "-- request
         SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
                leaf_index, next_at
         FROM subject_request WHERE id = $1",
        &[&&id.as_bytes()[..]],
        read_request,
    )
    .await
}

async fn request_of_case(client: &Client, case: RequestId) -> Result<Option<RequestRow>, Fault> {
    first(
        client,
        "-- request_of_case
         SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
                leaf_index, next_at
         FROM subject_request WHERE case_id = $1",
        &[&&case.as_bytes()[..]],
        read_request,
    )
    .await
}

pub(super) const REQUESTS_TO_SEND: &str = "-- requests_to_send
     SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
            leaf_index, next_at
     FROM subject_request WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2";

async fn requests_to_send(client: &Client, by: Timestamp, limit: u32) -> Result<Vec<RequestRow>, Fault> {
    every(client, REQUESTS_TO_SEND, &[&instant(by), &i64::from(limit)], read_request).await
}

async fn request_integrated(
    client: &Client,
    of: RequestId,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    entry_under(
        client,
        "-- request_integrated
         SELECT entry.leaf_index, bytes FROM subject_request AS r JOIN entry ON entry.leaf_index = r.leaf_index
         WHERE id = $1",
        &[&&of.as_bytes()[..]],
    )
    .await
}

fn read_request(row: &Row) -> Result<RequestRow, Fault> {
    let detail: String = plain(row, "detail")?;
    Ok(RequestRow {
        id: id(row, "id", RequestId::from_bytes)?,
        action: text(row, "action")?,
        open: plain::<i64>(row, "open")? == 1,
        filed_at: text(row, "filed_at")?,
        due_operational: text(row, "due_operational")?,
        due_legal_latest: text(row, "due_legal_latest")?,
        decided_at: maybe_text(row, "decided_at")?,
        version: number(row, "version")?,
        case: maybe_bytes(row, "case_id")?.and_then(RequestId::from_bytes),
        entered: false,
        next_at: maybe_text(row, "next_at")?,
        detail: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
    })
}
