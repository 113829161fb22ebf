//! Persons: the tags that records are found by, and what was asked.

use super::columns::{
    change, every, first, id, insert_once, instant, integer, maybe_text, number, plain, text,
};
use super::erasure::read_held;
use super::fault::Fault;
use super::log::entry_under;
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{
    FoundRecord, Integrated, Record, RecordName, RequestRow, StoreError, Stream, SubjectTag, Subjects, Tagged,
};
use comity_terms::ids::{ClassId, RequestId, SegmentId};
use comity_terms::{ExchangeId, Month, Timestamp};
use comity_tlog::LeafIndex;
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

impl Subjects for super::SqliteStore {
    async fn tagged(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<FoundRecord>, StoreError> {
        self.readers.read(move |c| tagged(c, &tags)).await
    }

    async fn tagged_months(&self, month: Month) -> Result<Vec<Month>, StoreError> {
        self.readers.read(move |c| tagged_months(c, month)).await
    }

    async fn tagged_sent(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<RecordName>, StoreError> {
        self.readers.read(move |c| tagged_sent(c, &tags)).await
    }

    async fn requests(&self, all: bool) -> Result<Vec<RequestRow>, StoreError> {
        self.readers.read(move |c| requests(c, all)).await
    }

    async fn requests_waiting(
        &self,
        after: Option<(Timestamp, RequestId)>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        self.readers.read(move |c| requests_waiting(c, after, limit)).await
    }

    async fn requests_counted(&self, at: Timestamp) -> Result<(u64, u64), StoreError> {
        self.readers.read(move |c| requests_counted(c, at)).await
    }

    async fn request_of_case(&self, case: RequestId) -> Result<Option<RequestRow>, StoreError> {
        self.readers.read(move |c| request_of_case(c, case)).await
    }

    async fn requests_to_send(&self, by: Timestamp, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        self.readers.read(move |c| requests_to_send(c, by, limit)).await
    }

    async fn request_integrated(
        &self,
        id: RequestId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        self.readers.read(move |c| request_integrated(c, id)).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
        self.readers.read(move |c| request(c, id)).await
    }
}

/// Keeps what a record says of persons. Its segments are there by now.
pub(super) fn put(connection: &Connection, record: &Record, index: LeafIndex) -> Result<(), Fault> {
    put_tags(connection, &record.tagged)?;
    if let Some(month) = record.untagged {
        change(
            connection,
            "-- put, what no key leads to any more
             DELETE FROM subject_tag WHERE month < ?1
               AND NOT EXISTS (SELECT 1 FROM key_row JOIN segment ON segment.number = key_row.segment
                                                     JOIN hold ON hold.exchange = segment.exchange
                               WHERE key_row.segment = subject_tag.segment AND key_row.ordinal = subject_tag.ordinal
                                 AND erase_by < ?2 AND hold.until > ?2 AND (hold.lifted IS NULL OR hold.lifted > ?2)
                                 AND (hold.class IS NULL
                                      OR (hold.class = segment.class AND hold.ordinal = key_row.ordinal)))",
            params![month.number(), first_second(month)?],
        )?;
        change(
            connection,
            "-- put, what no key leads to any more of what was sent
             DELETE FROM subject_sent WHERE month < ?1
               AND NOT EXISTS (SELECT 1 FROM key_row JOIN segment ON segment.number = key_row.segment
                                                     JOIN hold ON hold.exchange = segment.exchange
                               WHERE key_row.segment = subject_sent.segment AND erase_by < ?2
                                 AND hold.until > ?2 AND (hold.lifted IS NULL OR hold.lifted > ?2)
                                 AND hold.class IS NULL)",
            params![month.number(), first_second(month)?],
        )?;
    }
    record.requests.iter().try_for_each(|row| put_request(connection, row, index))
}

/// The first second of a month, since 1970.
fn first_second(month: Month) -> Result<i64, Fault> {
    let bounds = month.bounds().ok_or_else(|| Fault::Other(format!("{month} has no end")))?;
    Ok(bounds.0.as_second())
}

pub(super) const TAGGED_MONTHS: &str = "-- tagged_months
     SELECT month FROM subject_tag WHERE month < ?1 UNION SELECT month FROM subject_sent WHERE month < ?1
     ORDER BY month";

fn tagged_months(connection: &Connection, month: Month) -> Result<Vec<Month>, Fault> {
    every(connection, TAGGED_MONTHS, [month.number()], |row| {
        Month::from_number(number(row, "month")?).ok_or(Fault::Column("month"))
    })
}

/// Puts tags in their own order, so that each page of the index is looked up once. What was sent has no other row than the
/// one that names it.
fn put_tags(connection: &Connection, tagged: &[Tagged]) -> Result<(), Fault> {
    let mut held = connection.prepare_cached(
        "-- put_tags
         INSERT INTO subject_tag (month, tag, segment, ordinal) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let mut sent_of = connection.prepare_cached(
        "-- put_tags, what was sent
         INSERT INTO subject_sent (month, tag, segment, class, ordinal) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?;
    let mut numbers: HashMap<SegmentId, i64> = HashMap::new();
    let mut sorted: Vec<&Tagged> = tagged.iter().collect();
    sorted.sort_unstable_by_key(|tagged| (tagged.month, tagged.tag));
    for Tagged { place, month, tag, sent } in sorted {
        let segment = match numbers.get(&place.segment) {
            Some(number) => *number,
            None => *numbers.entry(place.segment).or_insert(number_of(connection, place.segment)?),
        };
        match sent {
            Some((class, ordinal)) => {
                sent_of.execute(params![month.number(), tag.0, segment, class.as_bytes(), ordinal])?
            }
            None => held.execute(params![month.number(), tag.0, segment, place.ordinal])?,
        };
    }
    Ok(())
}

/// The number of a segment.
fn number_of(connection: &Connection, segment: SegmentId) -> Result<i64, Fault> {
    let number = first(
        connection,
        "-- number_of
         SELECT number FROM segment WHERE id = ?1",
        [segment.as_bytes()],
        |row| plain(row, "number"),
    )?;
    number.ok_or_else(|| Fault::Other("a tag of a segment that is not there".into()))
}

fn put_request(connection: &Connection, row: &RequestRow, index: LeafIndex) -> Result<(), Fault> {
    let entry = row.entered.then(|| integer(index.0)).transpose()?;
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("a request does not write as JSON".into()))?;
    insert_once(
        connection,
        "a later version of a request, or another of its case",
        "-- put_request
         INSERT INTO subject_request (id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version,
                                      detail, case_id, leaf_index, next_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
         WHERE NOT EXISTS (SELECT 1 FROM subject_request WHERE case_id = ?10 AND id <> ?1)
         ON CONFLICT (id) DO UPDATE
         SET open = excluded.open, due_operational = excluded.due_operational,
             due_legal_latest = excluded.due_legal_latest, decided_at = excluded.decided_at,
             version = excluded.version, detail = excluded.detail, case_id = excluded.case_id,
             leaf_index = coalesce(excluded.leaf_index, leaf_index), next_at = excluded.next_at
         WHERE subject_request.version = excluded.version - 1",
        params![
            row.id.as_bytes(),
            row.action.as_str(),
            row.open,
            instant(row.filed_at),
            instant(row.due_operational),
            instant(row.due_legal_latest),
            row.decided_at.map(instant),
            row.version,
            detail,
            row.case.as_ref().map(RequestId::as_bytes),
            entry,
            row.next_at.map(instant),
        ],
    )
}

/// Forgets whom an erased record named.
pub(super) fn forget(connection: &Connection, segment: i64, ordinal: u32) -> Result<(), Fault> {
    change(
        connection,
        "-- forget, tags
         DELETE FROM subject_tag WHERE segment = ?1 AND ordinal = ?2",
        params![segment, ordinal],
    )?;
    change(
        connection,
        "-- forget, tags of what was sent
         DELETE FROM subject_sent WHERE segment = ?1",
        [segment],
    )?;
    Ok(())
}

/// The records sent that these tags lead to.
fn tagged_sent(connection: &Connection, tags: &[(Month, SubjectTag)]) -> Result<Vec<RecordName>, Fault> {
    let mut found = BTreeSet::new();
    for (month, tag) in tags {
        found.extend(every(
            connection,
            "-- tagged_sent
             SELECT exchange, t.class, t.ordinal FROM subject_sent AS t JOIN segment AS s ON s.number = t.segment
             WHERE month = ?1 AND tag = ?2 AND exchange IS NOT NULL",
            params![month.number(), tag.0],
            |row| {
                Ok(RecordName {
                    exchange: id(row, "exchange", ExchangeId::from_bytes)?,
                    class: id(row, "class", ClassId::from_bytes)?,
                    ordinal: number(row, "ordinal")?,
                })
            },
        )?);
    }
    Ok(found.into_iter().collect())
}

/// The records that these tags lead to.
fn tagged(connection: &Connection, tags: &[(Month, SubjectTag)]) -> Result<Vec<FoundRecord>, Fault> {
    let mut found = BTreeMap::new();
    for (month, tag) in tags {
        let records = every(
            connection,
            "-- tagged
             SELECT s.number, s.id, exchange, class, s.agreement, kind, quarantined, k.ordinal, \"offset\", length,
                    wrapped_key, commitment, generation, erase_by, known,
                    (SELECT stream FROM collected AS c WHERE c.segment = s.number LIMIT 1) AS stream
             FROM (SELECT segment, ordinal FROM subject_tag WHERE month = ?1 AND tag = ?2
                   -- What explains what was sent is one record, whatever it has sent.
                   UNION SELECT segment, 0 FROM subject_sent WHERE month = ?1 AND tag = ?2) AS t
                  JOIN key_row AS k ON k.segment = t.segment AND k.ordinal = t.ordinal
                  JOIN segment AS s ON s.number = t.segment
                  LEFT JOIN collected_segment AS held ON held.segment = t.segment",
            params![month.number(), tag.0],
            |row| {
                let found = FoundRecord { held: read_held(row)?, known: plain(row, "known")?, stream: None };
                Ok((found, plain::<Option<i64>>(row, "stream")?))
            },
        )?;
        for (record, stream) in records {
            found.insert((record.held.number, record.held.row.ordinal), (record, stream));
        }
    }
    let mut all = Vec::with_capacity(found.len());
    for (record, number) in found.into_values() {
        let stream = number.map_or(Ok(None), |number| stream(connection, number))?;
        all.push(FoundRecord { stream, ..record });
    }
    Ok(all)
}

fn stream(connection: &Connection, number: i64) -> Result<Option<Stream>, Fault> {
    first(
        connection,
        "-- stream
         SELECT agreement, partner, activity, purpose FROM stream WHERE number = ?1",
        [number],
        |row| {
            Ok(Stream {
                agreement: text(row, "agreement")?,
                partner: text(row, "partner")?,
                activity: text(row, "activity")?,
                purpose: text(row, "purpose")?,
            })
        },
    )
}

fn requests(connection: &Connection, all: bool) -> Result<Vec<RequestRow>, Fault> {
    every(
        connection,
        "-- requests
         SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
                leaf_index, next_at
         FROM subject_request WHERE ?1 OR open = 1 ORDER BY filed_at, id",
        [all],
        read_request,
    )
}

pub(super) const REQUESTS_WAITING: &str = "-- requests_waiting
     SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
            leaf_index, next_at
     FROM subject_request WHERE open = 1 AND (due_legal_latest, id) > (?1, ?2)
     ORDER BY due_legal_latest, id LIMIT ?3";

fn requests_waiting(
    connection: &Connection,
    after: Option<(Timestamp, RequestId)>,
    limit: u32,
) -> Result<Vec<RequestRow>, Fault> {
    let (due, id) = after.map(|(due, id)| (instant(due), id.as_bytes().to_vec())).unwrap_or_default();
    every(connection, REQUESTS_WAITING, params![due, id, limit], read_request)
}

pub(super) const REQUESTS_COUNTED: &str = "-- requests_counted
     SELECT count(*) AS waiting, count(*) FILTER (WHERE due_legal_latest < ?1) AS late
     FROM subject_request WHERE open = 1";

fn requests_counted(connection: &Connection, at: Timestamp) -> Result<(u64, u64), Fault> {
    let counted = first(connection, REQUESTS_COUNTED, [instant(at)], |row| {
        Ok((number(row, "waiting")?, number(row, "late")?))
    })?;
    Ok(counted.unwrap_or_default())
}

fn request(connection: &Connection, id: RequestId) -> Result<Option<RequestRow>, Fault> {
    first(
        connection,
        "-- request
         SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
                leaf_index, next_at
         FROM subject_request WHERE id = ?1",
        [id.as_bytes()],
        read_request,
    )
}

fn request_of_case(connection: &Connection, case: RequestId) -> Result<Option<RequestRow>, Fault> {
    first(
        connection,
        "-- request_of_case
         SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
                leaf_index, next_at
         FROM subject_request WHERE case_id = ?1",
        [case.as_bytes()],
        read_request,
    )
}

pub(super) const REQUESTS_TO_SEND: &str = "-- requests_to_send
     SELECT id, action, open, filed_at, due_operational, due_legal_latest, decided_at, version, detail, case_id,
            leaf_index, next_at
     FROM subject_request WHERE next_at <= ?1 ORDER BY next_at, id LIMIT ?2";

fn requests_to_send(connection: &Connection, by: Timestamp, limit: u32) -> Result<Vec<RequestRow>, Fault> {
    every(connection, REQUESTS_TO_SEND, params![instant(by), limit], read_request)
}

fn request_integrated(
    connection: &Connection,
    id: RequestId,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    entry_under(
        connection,
        "-- request_integrated
         SELECT entry.leaf_index, bytes FROM subject_request AS r JOIN entry ON entry.leaf_index = r.leaf_index
         WHERE id = ?1",
        [id.as_bytes()],
    )
}

fn read_request(row: &Row<'_>) -> Result<RequestRow, Fault> {
    let detail: String = plain(row, "detail")?;
    Ok(RequestRow {
        id: id(row, "id", RequestId::from_bytes)?,
        action: text(row, "action")?,
        open: plain(row, "open")?,
        filed_at: text(row, "filed_at")?,
        due_operational: text(row, "due_operational")?,
        due_legal_latest: text(row, "due_legal_latest")?,
        decided_at: maybe_text(row, "decided_at")?,
        version: number(row, "version")?,
        case: plain::<Option<[u8; 16]>>(row, "case_id")?.and_then(RequestId::from_bytes),
        entered: false,
        next_at: maybe_text(row, "next_at")?,
        detail: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
    })
}
