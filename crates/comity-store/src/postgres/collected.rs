//! What readers may ask for: streams, the objects in them, and the standing requests that tools ask by.

use super::columns::{Step, bytes, change, every, first, id, instant, number, plain, text};
use super::connection::Client;
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
use std::collections::BTreeSet;
use tokio_postgres::Row;

impl Collections for super::PostgresStore {
    async fn standing_requests(&self) -> Result<Vec<StandingRequest>, StoreError> {
        self.ask(|client| Box::pin(standing(client))).await
    }

    async fn collected(&self, wanted: Wanted) -> Result<Page, StoreError> {
        let wanted = std::sync::Arc::new(wanted);
        self.ask(move |client| {
            let wanted = std::sync::Arc::clone(&wanted);
            Box::pin(async move { collected(client, &wanted).await })
        })
        .await
    }

    async fn present(
        &self,
        stream: Stream,
        objects: Vec<ObjectTag>,
    ) -> Result<Vec<(ObjectTag, Presence)>, StoreError> {
        let asked = std::sync::Arc::new((stream, objects));
        self.ask(move |client| {
            let asked = std::sync::Arc::clone(&asked);
            Box::pin(async move { present(client, &asked.0, &asked.1).await })
        })
        .await
    }
}

/// Whether the record takes anything out, or makes or changes a standing request.
pub(super) fn speaks(record: &Record) -> bool {
    !(record.removed.is_empty() && record.standing.is_empty())
}

/// Keeps what a record takes out and which requests it makes, in an open transaction.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    for removal in &record.removed {
        put_removed(client, removal).await?;
    }
    for request in &record.standing {
        put_standing(client, request).await?;
    }
    Ok(())
}

/// The statements that put the records of a segment into their stream, in this order. The segment is there by then.
pub(super) fn put_collected(collected: &CollectedSegment, now: Timestamp) -> Vec<Step<'_>> {
    let Stream { agreement, partner, activity, purpose } = &collected.stream;
    let objects = &collected.objects;
    let stream = Step::new(
        "-- put_collected, its stream
         INSERT INTO stream (number, agreement, partner, activity, purpose)
         SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4 FROM stream
         ON CONFLICT (agreement, partner, activity, purpose) DO NOTHING",
    );
    let known = Step::new(
        "-- put_collected, what is known
         INSERT INTO collected_segment (segment, known) SELECT number, $2 FROM segment WHERE id = $1",
    );
    let rows = Step::new(
        "-- put_collected
         INSERT INTO collected (stream, added, object, content, stix_type, version, segment, ordinal)
         SELECT s.number, base.added + o.place - 1, o.object, o.content, o.stix_type,
                coalesce(o.version, to_char(to_timestamp((base.added + o.place - 1) / 1000000) AT TIME ZONE 'UTC',
                                            'YYYY-MM-DD\"T\"HH24:MI:SS')
                                    || '.' || lpad(((base.added + o.place - 1) % 1000000)::text, 6, '0') || '000Z'),
                held.number, o.place - 1
         FROM stream AS s,
              LATERAL (SELECT greatest($5::bigint, coalesce(max(added), 0) + 1) AS added
                       FROM collected WHERE stream = s.number) AS base,
              (SELECT number FROM segment WHERE id = $6) AS held,
              unnest($7::bytea[], $8::bytea[], $9::text[], $10::text[])
                  WITH ORDINALITY AS o (object, content, stix_type, version, place)
         WHERE s.agreement = $1 AND s.partner = $2 AND s.activity = $3 AND s.purpose = $4
           AND NOT EXISTS (SELECT 1 FROM collected AS c
                           WHERE c.stream = s.number AND c.object = o.object
                             AND (c.version = o.version OR c.content = o.content))
           AND NOT EXISTS (SELECT 1 FROM removed AS r
                           WHERE r.stream = s.number AND r.object = o.object AND r.content = o.content)
         ON CONFLICT DO NOTHING",
    );
    let named = [agreement.as_str(), partner.as_str(), activity.as_str(), purpose.as_str()];
    let stream = named.into_iter().fold(stream, Step::with);
    let rows = named
        .into_iter()
        .fold(rows, Step::with)
        .with(microseconds(collected.added.unwrap_or(now)))
        .with(&collected.segment.as_bytes()[..])
        .column(objects, |object| object.object.0.to_vec())
        .column(objects, |object| object.content.0.to_vec())
        .column(objects, |object| object.stix_type.clone())
        .column(objects, |object| object.version.map(instant));
    let known = known.with(&collected.segment.as_bytes()[..]).with(collected.known.as_str());
    vec![stream, known, rows]
}

async fn stream_number(client: &Client, stream: &Stream) -> Result<Option<i64>, Fault> {
    let Stream { agreement, partner, activity, purpose } = stream;
    first(
        client,
        "-- stream_number
         SELECT number FROM stream WHERE agreement = $1 AND partner = $2 AND activity = $3 AND purpose = $4",
        &[&agreement.as_str(), &partner.as_str(), &activity.as_str(), &purpose.as_str()],
        |row| plain(row, "number"),
    )
    .await
}

async fn put_removed(client: &Client, removal: &Removal) -> Result<(), Fault> {
    // What is taken out was there.
    let stream = stream_number(client, &removal.stream).await?;
    let stream = stream.ok_or_else(|| Fault::Other("a removal from a stream that is not there".into()))?;
    change(
        client,
        "-- put_removed
         INSERT INTO removed (stream, object, version, at, content) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        &[
            &stream,
            &&removal.object.0[..],
            &removal.version.map_or_else(String::new, instant),
            &instant(removal.at),
            &removal.content.as_ref().map(|content| &content.0[..]),
        ],
    )
    .await?;
    Ok(())
}

async fn put_standing(client: &Client, request: &StandingRequest) -> Result<(), Fault> {
    let detail = serde_json::to_string(request)
        .map_err(|_| Fault::Other("a standing request does not write as JSON".into()))?;
    change(
        client,
        "-- put_standing
         INSERT INTO collection (id, detail) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET detail = excluded.detail",
        &[&&request.id.0.as_bytes()[..], &detail],
    )
    .await?;
    Ok(())
}

/// Takes erased records out of what readers may ask for, and forgets what is known of segments that have ended.
pub(super) async fn forget(client: &Client, segments: &[i64], ordinals: &[i64]) -> Result<(), Fault> {
    change(
        client,
        "-- forget
         DELETE FROM collected USING unnest($1::bigint[], $2::bigint[]) AS gone (segment, ordinal)
         WHERE collected.segment = gone.segment AND collected.ordinal = gone.ordinal",
        &[&segments, &ordinals],
    )
    .await?;
    change(
        client,
        "-- forget, segments
         DELETE FROM collected_segment WHERE segment = ANY($1::bigint[])
           AND NOT EXISTS (SELECT 1 FROM key_row WHERE key_row.segment = collected_segment.segment)",
        &[&segments],
    )
    .await?;
    Ok(())
}

pub(super) async fn standing(client: &Client) -> Result<Vec<StandingRequest>, Fault> {
    every(
        client,
        "-- standing
         SELECT detail FROM collection ORDER BY id",
        &[],
        |row| {
            let detail: String = plain(row, "detail")?;
            serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))
        },
    )
    .await
}

/// A page of what is asked for.
pub(super) async fn collected(client: &Client, wanted: &Wanted) -> Result<Page, Fault> {
    let Some(stream) = stream_number(client, &wanted.stream).await? else { return Ok(Page::default()) };
    let after = wanted.added_after.max(wanted.after).map_or(i64::MIN, microseconds);
    let objects: Vec<&[u8]> = wanted.objects.iter().map(|tag| &tag.0[..]).collect();
    let exact: Vec<String> = wanted
        .versions
        .iter()
        .filter_map(|version| match version {
            VersionWanted::Exactly(at) => Some(instant(*at)),
            _ => None,
        })
        .collect();
    let asks = |version| wanted.versions.contains(&version);
    let mut found = every(
        client,
        "-- collected
         SELECT added, version, object, c.segment, c.ordinal, id,
                \"offset\", length, wrapped_key, commitment, generation, erase_by
         FROM collected AS c JOIN key_row AS k ON k.segment = c.segment AND k.ordinal = c.ordinal
                             JOIN segment AS s ON s.number = c.segment
         WHERE stream = $1 AND added > $2
           AND (cardinality($3::bytea[]) = 0 OR object = ANY($3))
           AND (cardinality($4::text[]) = 0 OR stix_type = ANY($4))
           AND ($5 OR version = ANY($6::text[])
             OR ($7 AND NOT EXISTS (SELECT 1 FROM collected AS o
                     WHERE o.stream = c.stream AND o.object = c.object AND o.version > c.version))
             OR ($8 AND NOT EXISTS (SELECT 1 FROM collected AS o
                     WHERE o.stream = c.stream AND o.object = c.object AND o.version < c.version)))
         ORDER BY added LIMIT $9",
        &[
            &stream,
            &after,
            &objects,
            &wanted.types,
            &asks(VersionWanted::All),
            &exact,
            &asks(VersionWanted::Last),
            &asks(VersionWanted::First),
            &(i64::from(wanted.limit) + 1),
        ],
        |row| Ok((plain::<i64>(row, "segment")?, read_listed(row)?)),
    )
    .await?;
    let more = found.len() > wanted.limit as usize;
    found.truncate(wanted.limit as usize);
    let numbers: BTreeSet<i64> = found.iter().map(|(number, _)| *number).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let segments = segments(client, &numbers).await?;
    Ok(Page { listed: found.into_iter().map(|(_, listed)| listed).collect(), segments, more })
}

fn read_listed(row: &Row) -> Result<Listed, Fault> {
    Ok(Listed {
        added: of_microseconds(plain(row, "added")?).ok_or(Fault::Column("added"))?,
        version: text(row, "version")?,
        object: ObjectTag(bytes(row, "object")?),
        place: RecordPlace {
            segment: id(row, "id", SegmentId::from_bytes)?,
            ordinal: number(row, "ordinal")?,
        },
        row: read_key_row(row)?,
    })
}

/// What a stream has of these objects.
pub(super) async fn clocks(
    client: &Client,
    held: &HeldFor,
    objects: &[ObjectTag],
) -> Result<Vec<(ContentTag, Timestamp)>, Fault> {
    let HeldFor { agreement, activity, purpose } = held;
    let tags: Vec<&[u8]> = objects.iter().map(|tag| &tag.0[..]).collect();
    let mut all = every(
        client,
        "-- clocks, of what has ended
         SELECT content, at FROM stream JOIN removed ON stream = number
         WHERE agreement = $1 AND activity = $2 AND purpose = $3 AND object = ANY($4::bytea[])
           AND content IS NOT NULL",
        &[&agreement.as_str(), &activity.as_str(), &purpose.as_str(), &tags],
        |row| Ok((ContentTag(bytes(row, "content")?), text(row, "at")?)),
    )
    .await?;
    let held = every(
        client,
        "-- clocks
         SELECT content, erase_by FROM stream
         JOIN collected ON stream = number
         JOIN key_row USING (segment, ordinal)
         WHERE agreement = $1 AND activity = $2 AND purpose = $3 AND object = ANY($4::bytea[])",
        &[&agreement.as_str(), &activity.as_str(), &purpose.as_str(), &tags],
        |row| {
            let until =
                Timestamp::from_second(plain(row, "erase_by")?).map_err(|_| Fault::Column("erase_by"))?;
            Ok((ContentTag(bytes(row, "content")?), until))
        },
    )
    .await?;
    all.extend(held);
    Ok(all)
}

/// Those of these records that readers may ask for, with the segments that they lie in.
pub(super) async fn leaving(client: &Client, places: &[RecordPlace]) -> Result<Left, Fault> {
    let ids: Vec<&[u8]> = places.iter().map(|place| &place.segment.as_bytes()[..]).collect();
    let ordinals: Vec<i64> = places.iter().map(|place| i64::from(place.ordinal)).collect();
    let found = every(
        client,
        "-- leaving
         SELECT st.agreement, st.partner, st.activity, st.purpose, object, content, version, c.segment, c.ordinal, s.id,
                (SELECT count(*) FROM collected AS o
                 WHERE o.stream = c.stream AND o.object = c.object) AS versions
         FROM unnest($1::bytea[], $2::bigint[]) AS place (id, ordinal)
              JOIN segment AS s ON s.id = place.id
              JOIN collected AS c ON c.segment = s.number AND c.ordinal = place.ordinal
              JOIN stream AS st ON st.number = c.stream",
        &[&ids, &ordinals],
        |row| {
            let leaving = Leaving {
                stream: Stream {
                    agreement: text(row, "agreement")?,
                    partner: text(row, "partner")?,
                    activity: text(row, "activity")?,
                    purpose: text(row, "purpose")?,
                },
                object: ObjectTag(bytes(row, "object")?),
                content: ContentTag(bytes(row, "content")?),
                version: text(row, "version")?,
                versions: number(row, "versions")?,
                place: RecordPlace {
                    segment: id(row, "id", SegmentId::from_bytes)?,
                    ordinal: number(row, "ordinal")?,
                },
            };
            Ok((plain::<i64>(row, "segment")?, leaving))
        },
    )
    .await?;
    let numbers: BTreeSet<i64> = found.iter().map(|(number, _)| *number).collect();
    let segments = segments(client, &numbers.into_iter().collect::<Vec<_>>()).await?;
    Ok((found.into_iter().map(|(_, leaving)| leaving).collect(), segments))
}

async fn segments(client: &Client, numbers: &[i64]) -> Result<Vec<(SealedSegment, String)>, Fault> {
    every(
        client,
        "-- segments, with what is known
         SELECT id, exchange, class, agreement, kind, quarantined, known, blob
         FROM segment JOIN collected_segment ON segment = number WHERE number = ANY($1::bigint[])",
        &[&numbers],
        |row| Ok((read_segment(row)?, plain(row, "known")?)),
    )
    .await
}

pub(super) async fn present(
    client: &Client,
    stream: &Stream,
    objects: &[ObjectTag],
) -> Result<Vec<(ObjectTag, Presence)>, Fault> {
    let Some(stream) = stream_number(client, stream).await? else { return Ok(Vec::new()) };
    let tags: Vec<&[u8]> = objects.iter().map(|tag| &tag.0[..]).collect();
    let mut all = every(
        client,
        "-- present
         SELECT object, version, content FROM collected WHERE stream = $1 AND object = ANY($2::bytea[])",
        &[&stream, &tags],
        |row| {
            let (version, content) = (text(row, "version")?, ContentTag(bytes(row, "content")?));
            Ok((ObjectTag(bytes(row, "object")?), Presence::Here { version, content }))
        },
    )
    .await?;
    all.extend(
        every(
            client,
            "-- present, what was taken out
             SELECT object, version FROM removed WHERE stream = $1 AND object = ANY($2::bytea[])",
            &[&stream, &tags],
            |row| {
                let version: String = plain(row, "version")?;
                let version = (!version.is_empty()).then(|| version.parse()).transpose();
                let version = version.map_err(|_| Fault::Column("version"))?;
                Ok((ObjectTag(bytes(row, "object")?), Presence::Removed { version }))
            },
        )
        .await?,
    );
    Ok(all)
}
