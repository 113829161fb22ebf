//! What readers may ask for: streams, the objects in them, and the standing requests that tools ask by.

use super::columns::{change, every, first, instant, integer, number, plain, text};
use super::fault::Fault;
use super::vault::{read_key_row, read_segment};
use crate::words::{microseconds, of_microseconds};
use comity_exchange::collect::{ContentTag, ObjectTag, StandingRequest};
use comity_exchange::ports::{
    CollectedSegment, Collections, HeldFor, Leaving, Left, Listed, Page, Presence, Record, RecordPlace,
    Removal, SealedSegment, StoreError, Stream, VersionWanted, Wanted,
};
use comity_terms::Timestamp;
use comity_terms::ids::SegmentId;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::collections::BTreeSet;

impl Collections for super::SqliteStore {
    async fn standing_requests(&self) -> Result<Vec<StandingRequest>, StoreError> {
        self.readers.read(standing).await
    }

    async fn collected(&self, wanted: Wanted) -> Result<Page, StoreError> {
        self.readers.read(move |c| collected(c, &wanted)).await
    }

    async fn present(
        &self,
        stream: Stream,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ObjectTag, Presence)>, StoreError> {
        self.readers.read(move |c| present(c, &stream, &objects)).await
    }
}

/// Keeps what a record says of collections. Its segments are there by now.
pub(super) fn put(connection: &Connection, record: &Record, now: Timestamp) -> Result<(), Fault> {
    for collected in &record.collected {
        put_collected(connection, collected, now)?;
    }
    for removal in &record.removed {
        put_removed(connection, removal)?;
    }
    for request in &record.standing {
        put_standing(connection, request)?;
    }
    Ok(())
}

/// Whether a content of an object lies in a stream. Of an object that has versions the version tells.
///
/// Without statistics SQLite would rather walk along a stream than look an object up in it: wherever an object is
/// given, its index is named.
const IS_COLLECTED: &str = "-- put_collected, whether it is there
     SELECT 1 FROM collected INDEXED BY collected_by_object
     WHERE stream = ?1 AND object = ?2 AND content = ?3";

/// Whether the time of a content in a stream has ended.
const HAS_ENDED: &str = "-- put_collected, whether it has ended
     SELECT 1 FROM removed WHERE stream = ?1 AND object = ?2 AND content = ?3";

/// Whether the time of anything in a stream has ended.
const ANY_ENDED: &str = "-- put_collected, whether anything has ended
     SELECT 1 FROM removed WHERE stream = ?1 AND content IS NOT NULL LIMIT 1";

fn put_collected(connection: &Connection, collected: &CollectedSegment, now: Timestamp) -> Result<(), Fault> {
    let stream = put_stream(connection, &collected.stream)?;
    let segment = first(
        connection,
        "-- put_collected, its segment
         SELECT number FROM segment WHERE id = ?1",
        [collected.segment.as_bytes()],
        |row| plain::<i64>(row, "number"),
    )?;
    let segment = segment.ok_or_else(|| Fault::Other("records of a segment that is not there".into()))?;
    change(
        connection,
        "-- put_collected, what is known
         INSERT INTO collected_segment (segment, known) VALUES (?1, ?2)",
        params![segment, collected.known],
    )?;
    let last = first(
        connection,
        "-- put_collected, the last place
         SELECT max(added) AS added FROM collected WHERE stream = ?1",
        [stream],
        |row| plain::<Option<i64>>(row, "added"),
    )?;
    let mut added =
        microseconds(collected.added.unwrap_or(now)).max(last.flatten().map_or(0, |last| last + 1));
    let any_ended = connection.prepare_cached(ANY_ENDED)?.exists([stream])?;
    let mut has_ended = connection.prepare_cached(HAS_ENDED)?;
    let mut is_there = connection.prepare_cached(IS_COLLECTED)?;
    // One row in each statement: for one that may insert several, SQLite first copies every page that it may have to
    // restore.
    let mut put = connection.prepare_cached(
        "-- put_collected
         INSERT INTO collected (stream, added, object, content, stix_type, version, segment, ordinal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (stream, object, version) DO NOTHING",
    )?;
    for (ordinal, object) in collected.objects.iter().enumerate() {
        let (tag, content) = (object.object.0, object.content.0);
        let ended = any_ended && has_ended.exists(params![stream, tag, content])?;
        if ended || object.version.is_none() && is_there.exists(params![stream, tag, content])? {
            continue;
        }
        let version = object.version.map_or_else(|| of_microseconds(added), Some);
        let version = instant(version.ok_or_else(|| Fault::Other("an instant out of range".into()))?);
        let ordinal = integer(ordinal as u64)?;
        // A version that is there stays as it is.
        let row = params![stream, added, tag, content, object.stix_type, version, segment, ordinal];
        added += i64::from(put.execute(row)? == 1);
    }
    Ok(())
}

fn put_stream(connection: &Connection, stream: &Stream) -> Result<i64, Fault> {
    if let Some(number) = stream_number(connection, stream)? {
        return Ok(number);
    }
    change(
        connection,
        "-- put_stream
         INSERT INTO stream (agreement, partner, activity, purpose) VALUES (?1, ?2, ?3, ?4)",
        columns_of(stream),
    )?;
    Ok(connection.last_insert_rowid())
}

fn stream_number(connection: &Connection, stream: &Stream) -> Result<Option<i64>, Fault> {
    first(
        connection,
        "-- stream_number
         SELECT number FROM stream WHERE agreement = ?1 AND partner = ?2 AND activity = ?3 AND purpose = ?4",
        columns_of(stream),
        |row| plain(row, "number"),
    )
}

fn columns_of(stream: &Stream) -> [&str; 4] {
    let Stream { agreement, partner, activity, purpose } = stream;
    [agreement.as_str(), partner.as_str(), activity.as_str(), purpose.as_str()]
}

fn put_removed(connection: &Connection, removal: &Removal) -> Result<(), Fault> {
    let stream = put_stream(connection, &removal.stream)?;
    change(
        connection,
        "-- put_removed
         INSERT OR IGNORE INTO removed (stream, object, version, at, content) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            stream,
            removal.object.0,
            removal.version.map_or_else(String::new, instant),
            instant(removal.at),
            removal.content.map(|content| content.0)
        ],
    )?;
    Ok(())
}

fn put_standing(connection: &Connection, request: &StandingRequest) -> Result<(), Fault> {
    let detail = serde_json::to_string(request)
        .map_err(|_| Fault::Other("a standing request does not write as JSON".into()))?;
    change(
        connection,
        "-- put_standing
         INSERT INTO collection (id, detail) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET detail = excluded.detail",
        params![request.id.0.as_bytes(), detail],
    )?;
    Ok(())
}

/// Takes an erased record out of what readers may ask for.
pub(super) fn forget(connection: &Connection, segment: i64, ordinal: u32) -> Result<(), Fault> {
    change(
        connection,
        "-- forget
         DELETE FROM collected WHERE segment = ?1 AND ordinal = ?2",
        params![segment, ordinal],
    )?;
    Ok(())
}

/// Forgets what is known of a segment that has ended.
pub(super) fn forget_segment(connection: &Connection, segment: i64) -> Result<(), Fault> {
    change(
        connection,
        "-- forget_segment
         DELETE FROM collected_segment WHERE segment = ?1 AND NOT EXISTS (SELECT 1 FROM key_row WHERE segment = ?1)",
        [segment],
    )?;
    Ok(())
}

pub(super) fn standing(connection: &Connection) -> Result<Vec<StandingRequest>, Fault> {
    every(
        connection,
        "-- standing
         SELECT detail FROM collection ORDER BY id",
        [],
        |row| {
            let detail: String = plain(row, "detail")?;
            serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))
        },
    )
}

/// A page of what is asked for.
pub(super) fn collected(connection: &Connection, wanted: &Wanted) -> Result<Page, Fault> {
    let Some(stream) = stream_number(connection, &wanted.stream)? else { return Ok(Page::default()) };
    let (sql, values) = question(stream, wanted);
    let mut found = every(connection, &sql, params_from_iter(values), |row| {
        Ok((plain::<i64>(row, "segment")?, read_listed(row)?))
    })?;
    let more = found.len() > wanted.limit as usize;
    found.truncate(wanted.limit as usize);
    let numbers: BTreeSet<i64> = found.iter().map(|(number, _)| *number).collect();
    let segments = numbers.into_iter().map(|number| segment(connection, number));
    let segments = segments.collect::<Result<Vec<_>, Fault>>()?.into_iter().flatten().collect();
    Ok(Page { listed: found.into_iter().map(|(_, listed)| listed).collect(), segments, more })
}

/// What is asked for, in SQL: by object where objects are given, by type where it is one, else along the stream.
fn question(stream: i64, wanted: &Wanted) -> (String, Vec<Value>) {
    let by = match (wanted.objects.len(), wanted.types.len()) {
        (1.., _) => "INDEXED BY collected_by_object",
        (0, 1) => "INDEXED BY collected_by_type",
        _ => "",
    };
    let mut sql = format!(
        "-- collected
         SELECT added, version, object, c.segment, c.ordinal, id,
                \"offset\", length, wrapped_key, commitment, generation, erase_by
         FROM collected AS c {by} JOIN key_row AS k ON k.segment = c.segment AND k.ordinal = c.ordinal
                             JOIN segment AS s ON s.number = c.segment
         WHERE stream = ?1 AND added > ?2"
    );
    let after = wanted.added_after.max(wanted.after).map_or(i64::MIN, microseconds);
    let mut values = vec![Value::Integer(stream), Value::Integer(after)];
    let mut one_of = |column: &str, all: Vec<Value>| {
        if all.is_empty() {
            return;
        }
        let from = values.len() + 1;
        let places: Vec<String> = (from..from + all.len()).map(|place| format!("?{place}")).collect();
        sql.push_str(&format!(" AND {column} IN ({})", places.join(", ")));
        values.extend(all);
    };
    one_of("object", wanted.objects.iter().map(|tag| Value::Blob(tag.0.to_vec())).collect());
    one_of("stix_type", wanted.types.iter().cloned().map(Value::Text).collect());
    let other = |than: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM collected AS o INDEXED BY collected_by_object
                         WHERE o.stream = c.stream AND o.object = c.object AND o.version {than} c.version)"
        )
    };
    let mut versions = Vec::new();
    for version in &wanted.versions {
        versions.push(match version {
            VersionWanted::Last => other(">"),
            VersionWanted::First => other("<"),
            VersionWanted::All => "1".to_owned(),
            VersionWanted::Exactly(at) => {
                values.push(Value::Text(instant(*at)));
                format!("version = ?{}", values.len())
            }
        });
    }
    values.push(Value::Integer(i64::from(wanted.limit) + 1));
    sql.push_str(&format!(" AND ({}) ORDER BY added LIMIT ?{}", versions.join(" OR "), values.len()));
    (sql, values)
}

fn read_listed(row: &Row<'_>) -> Result<Listed, Fault> {
    let key = read_key_row(row)?;
    Ok(Listed {
        added: of_microseconds(plain(row, "added")?).ok_or(Fault::Column("added"))?,
        version: text(row, "version")?,
        object: ObjectTag(plain(row, "object")?),
        place: RecordPlace {
            segment: super::columns::id(row, "id", SegmentId::from_bytes)?,
            ordinal: number(row, "ordinal")?,
        },
        row: key,
    })
}

fn segment(connection: &Connection, number: i64) -> Result<Option<(SealedSegment, String)>, Fault> {
    first(
        connection,
        "-- segment, with what is known
         SELECT id, exchange, class, agreement, kind, quarantined, known, blob
         FROM segment JOIN collected_segment ON segment = number WHERE number = ?1",
        [number],
        |row| Ok((read_segment(row)?, plain(row, "known")?)),
    )
}

/// Those of these records that readers may ask for, with the segments that they lie in.
pub(super) fn leaving(connection: &Connection, places: &[RecordPlace]) -> Result<Left, Fault> {
    let mut of_one = connection.prepare_cached(
        "-- leaving
         SELECT agreement_of, partner, activity, purpose, object, content, version, c.segment,
                (SELECT count(*) FROM collected AS o INDEXED BY collected_by_object
                 WHERE o.stream = c.stream AND o.object = c.object) AS versions
         FROM segment AS s
              CROSS JOIN collected AS c INDEXED BY collected_by_record ON c.segment = s.number AND c.ordinal = ?2
              CROSS JOIN (SELECT number, agreement AS agreement_of, partner, activity, purpose FROM stream) AS st
                         ON st.number = c.stream
         WHERE s.id = ?1",
    )?;
    let mut leaving = Vec::new();
    let mut numbers: BTreeSet<i64> = BTreeSet::new();
    for place in places {
        let mut rows = of_one.query(params![place.segment.as_bytes(), place.ordinal])?;
        while let Some(row) = rows.next()? {
            numbers.insert(plain(row, "segment")?);
            leaving.push(Leaving {
                stream: Stream {
                    agreement: text(row, "agreement_of")?,
                    partner: text(row, "partner")?,
                    activity: text(row, "activity")?,
                    purpose: text(row, "purpose")?,
                },
                object: ObjectTag(plain(row, "object")?),
                content: ContentTag(plain(row, "content")?),
                version: text(row, "version")?,
                versions: number(row, "versions")?,
                place: *place,
            });
        }
    }
    let segments = numbers.into_iter().map(|number| segment(connection, number));
    Ok((leaving, segments.collect::<Result<Vec<_>, Fault>>()?.into_iter().flatten().collect()))
}

/// A statement for each object: a list of them in one would be written and read as text first.
const CLOCK: &str = "-- clocks, of one object
     SELECT content, erase_by
     FROM collected AS c INDEXED BY collected_by_object
          CROSS JOIN key_row AS k ON k.segment = c.segment AND k.ordinal = c.ordinal
     WHERE c.stream = ?1 AND c.object = ?2";

/// What had ended of one object.
const ENDED: &str = "-- clocks, of what has ended
     SELECT content, at FROM removed WHERE stream = ?1 AND object = ?2 AND content IS NOT NULL";

/// The contents of these objects that are held for this, each with the instant by which it is erased; and those that ended.
pub(super) fn clocks(
    connection: &Connection,
    held: &HeldFor,
    objects: &[ObjectTag],
) -> Result<Vec<(ContentTag, Timestamp)>, Fault> {
    let HeldFor { agreement, activity, purpose } = held;
    // Few: one for each partner.
    let streams = every(
        connection,
        "-- clocks, the streams
         SELECT number FROM stream WHERE agreement = ?1 AND activity = ?2 AND purpose = ?3",
        [agreement.as_str(), activity.as_str(), purpose.as_str()],
        |row| plain::<i64>(row, "number"),
    )?;
    let mut clocks = Vec::new();
    let (mut of_one, mut ended) = (connection.prepare_cached(CLOCK)?, connection.prepare_cached(ENDED)?);
    // Each page of the index is looked at once.
    let mut sorted = objects.to_vec();
    sorted.sort_unstable();
    for stream in streams {
        let any_ended = first(
            connection,
            "-- clocks, whether anything has ended
             SELECT 1 AS one FROM removed WHERE stream = ?1 LIMIT 1",
            [stream],
            |row| plain::<i64>(row, "one"),
        )?;
        for object in &sorted {
            if any_ended.is_some() {
                let mut rows = ended.query(params![stream, object.0])?;
                while let Some(row) = rows.next()? {
                    clocks.push((ContentTag(plain(row, "content")?), text(row, "at")?));
                }
            }
            let mut rows = of_one.query(params![stream, object.0])?;
            while let Some(row) = rows.next()? {
                let until = plain(row, "erase_by")?;
                let until = Timestamp::from_second(until).map_err(|_| Fault::Column("erase_by"))?;
                clocks.push((ContentTag(plain(row, "content")?), until));
            }
        }
    }
    Ok(clocks)
}

const PRESENT: &str = "-- present
     SELECT object, version, content FROM collected INDEXED BY collected_by_object
     WHERE stream = ?1 AND object IN (SELECT unhex(value) FROM json_each(?2))";

/// What a stream has of these objects.
pub(super) fn present(
    connection: &Connection,
    stream: &Stream,
    objects: &[ObjectTag],
) -> Result<Vec<(ObjectTag, Presence)>, Fault> {
    let Some(stream) = stream_number(connection, stream)? else { return Ok(Vec::new()) };
    let tags: Vec<String> = objects.iter().map(|tag| format!("\"{}\"", hex(&tag.0))).collect();
    let tags = format!("[{}]", tags.join(","));
    let mut all = every(connection, PRESENT, params![stream, tags], |row| {
        let (version, content) = (text(row, "version")?, ContentTag(plain(row, "content")?));
        Ok((ObjectTag(plain(row, "object")?), Presence::Here { version, content }))
    })?;
    all.extend(every(
        connection,
        "-- present, what was taken out
         SELECT object, version FROM removed
         WHERE stream = ?1 AND object IN (SELECT unhex(value) FROM json_each(?2))",
        params![stream, tags],
        |row| {
            let version: String = plain(row, "version")?;
            let version = (!version.is_empty()).then(|| version.parse()).transpose();
            let version = version.map_err(|_| Fault::Column("version"))?;
            Ok((ObjectTag(plain(row, "object")?), Presence::Removed { version }))
        },
    )?);
    Ok(all)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite goes about `sql` with the schema as it is.
    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let nothing = params_from_iter(vec![Value::Null; count]);
        let rows = statement.query_map(nothing, |row| row.get::<_, String>("detail")).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn wanted(objects: usize, types: usize, version: VersionWanted) -> Wanted {
        let stream = Stream {
            agreement: "comity-open".parse().unwrap(),
            partner: "EE".parse().unwrap(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "public_warning".parse().unwrap(),
        };
        Wanted {
            stream,
            objects: (0..objects).map(|at| ObjectTag([at as u8; 16])).collect(),
            types: (0..types).map(|at| format!("type-{at}")).collect(),
            versions: vec![version],
            added_after: None,
            after: None,
            limit: 100,
        }
    }

    #[test]
    fn whoever_names_objects_walks_along_no_stream() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut connection).unwrap();
        let asked = [
            question(1, &wanted(1, 0, VersionWanted::Last)).0,
            question(1, &wanted(3, 2, VersionWanted::First)).0,
            question(1, &wanted(0, 1, VersionWanted::Last)).0,
        ];
        for sql in asked.iter().map(String::as_str).chain([IS_COLLECTED, HAS_ENDED, PRESENT]) {
            for step in plan(&connection, sql) {
                let walks = step.contains("(stream=?)") || step.contains("(stream=? AND added>?)");
                assert!(!walks && !step.starts_with("SCAN c"), "{step} of {sql}");
            }
        }
        // A page of everything is the stream, in its order, without sorting.
        let steps = plan(&connection, &question(1, &wanted(0, 0, VersionWanted::Last)).0);
        assert!(steps.iter().any(|step| step.contains("(stream=? AND added>?)")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
