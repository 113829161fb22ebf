//! The log's rows: entries, nodes, checkpoints, and the frontier to go on from.

use super::columns::{change, every, first, integer, maybe_id, number, plain, text};
use super::fault::Fault;
use super::vault::{read_held_kind, read_key_row};
use crate::log::Batch;
use crate::nodes::{STORED_FROM, entries_below, folded, is_stored};
use crate::tiles::LogReader;
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{Integrated, Logged, SealedSegment};
use comity_terms::ExchangeId;
use comity_terms::ids::{ClassId, SegmentId};
use comity_tlog::{Frontier, Hash, LeafIndex, NodeReader, ReadError, TreeSize};
use rusqlite::{Connection, Params, Row, params};
use std::ops::Range;

/// Writes what a batch added, its frontier and its checkpoint.
pub(super) fn put_batch(
    connection: &Connection,
    batch: &Batch,
    frontier: &Frontier,
    checkpoint: &str,
) -> Result<(), Fault> {
    let mut put_entry = connection.prepare_cached(
        "-- put_batch, entries
         INSERT INTO entry (leaf_index, bytes, opening, exchange) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (index, draft) in &batch.entries {
        put_entry.execute(params![
            integer(index.0)?,
            draft.entry.to_bytes(),
            draft.opening.as_bytes(),
            draft.exchange.as_ref().map(ExchangeId::as_bytes),
        ])?;
    }
    let mut put_node = connection.prepare_cached(
        "-- put_batch, nodes
         INSERT INTO node (level, position, hash) VALUES (?1, ?2, ?3)",
    )?;
    for node in batch.nodes.iter().filter(|node| is_stored(node)) {
        put_node.execute(params![node.level, integer(node.index)?, node.hash.0])?;
    }
    put_checkpoint(connection, frontier.size(), &frontier.to_bytes(), checkpoint)
}

/// Writes a checkpoint and the frontier of its tree.
pub(super) fn put_checkpoint(
    connection: &Connection,
    size: TreeSize,
    frontier: &[u8],
    checkpoint: &str,
) -> Result<(), Fault> {
    change(
        connection,
        "-- put_checkpoint
         INSERT INTO checkpoint (tree_size, note) VALUES (?1, ?2)",
        params![integer(size.0)?, checkpoint],
    )?;
    change(
        connection,
        "-- put_checkpoint, the frontier
         INSERT OR REPLACE INTO frontier (one, bytes) VALUES (1, ?1)",
        [frontier],
    )?;
    Ok(())
}

/// The frontier to go on from; `None` in a database just made.
pub(super) fn frontier(connection: &Connection) -> Result<Option<Vec<u8>>, Fault> {
    first(
        connection,
        "-- frontier
         SELECT bytes FROM frontier WHERE one = 1",
        [],
        |row| plain(row, "bytes"),
    )
}

/// The newest checkpoint.
pub(super) fn checkpoint(connection: &Connection) -> Result<(TreeSize, String), Fault> {
    let found = first(
        connection,
        "-- checkpoint
         SELECT tree_size, note FROM checkpoint ORDER BY tree_size DESC LIMIT 1",
        [],
        |row| Ok((TreeSize(number(row, "tree_size")?), plain(row, "note")?)),
    )?;
    found.ok_or_else(|| Fault::Other("there is no checkpoint".into()))
}

/// The first checkpoint that the entry at `index` was integrated under.
pub(super) fn checkpoint_over(
    connection: &Connection,
    index: LeafIndex,
) -> Result<(TreeSize, String), Fault> {
    let found = first(
        connection,
        "-- checkpoint_over
         SELECT tree_size, note FROM checkpoint WHERE tree_size > ?1 ORDER BY tree_size LIMIT 1",
        [integer(index.0)?],
        |row| Ok((TreeSize(number(row, "tree_size")?), plain(row, "note")?)),
    )?;
    found.ok_or_else(|| Fault::Other(format!("no checkpoint covers entry {index}")))
}

/// The entry that records an exchange, and where it was integrated.
pub(super) fn exchange_integrated(
    connection: &Connection,
    exchange: ExchangeId,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    entry_under(
        connection,
        "-- exchange_integrated
         SELECT leaf_index, bytes FROM exchange JOIN entry ON leaf_index = first_entry WHERE id = ?1",
        [exchange.as_bytes()],
    )
}

/// The entry that a statement finds by `leaf_index` and `bytes`, and where it was integrated.
pub(super) fn entry_under(
    connection: &Connection,
    sql: &str,
    of: impl Params,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    let Some((index, entry)) = first(connection, sql, of, read_entry)? else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(connection, index)?;
    Ok(Some((entry, Integrated { index, size, checkpoint })))
}

/// An entry and its place.
pub(super) fn read_entry(row: &Row<'_>) -> Result<(LeafIndex, PublicEntry), Fault> {
    let bytes: Vec<u8> = plain(row, "bytes")?;
    let entry = PublicEntry::from_bytes(&bytes).ok_or(Fault::Column("bytes"))?;
    Ok((LeafIndex(number(row, "leaf_index")?), entry))
}

/// The entries from `from` on, each with its sealed opening while that is there.
pub(super) fn logged(connection: &Connection, from: LeafIndex, limit: u32) -> Result<Vec<Logged>, Fault> {
    every(
        connection,
        "-- logged
         SELECT leaf_index, bytes, entry.exchange AS about, segment.id, segment.exchange, class, agreement, kind,
                quarantined, blob, ordinal, offset, length, wrapped_key, commitment, generation, erase_by
         FROM entry LEFT JOIN segment ON segment.id = entry.opening
                    LEFT JOIN key_row ON key_row.segment = segment.number AND ordinal = 0
         WHERE leaf_index >= ?1 ORDER BY leaf_index LIMIT ?2",
        params![integer(from.0)?, limit],
        |row| {
            let bytes: Vec<u8> = plain(row, "bytes")?;
            Ok(Logged {
                index: LeafIndex(number(row, "leaf_index")?),
                entry: PublicEntry::from_bytes(&bytes).ok_or(Fault::Column("bytes"))?,
                exchange: maybe_id(row, "about", ExchangeId::from_bytes)?,
                opening: opening(row)?,
            })
        },
    )
}

fn opening(row: &Row<'_>) -> Result<Option<SealedSegment>, Fault> {
    let Some(id) = maybe_id(row, "id", SegmentId::from_bytes)? else { return Ok(None) };
    // A segment goes with the last of its key rows; the one of an opening is its only one.
    Ok(Some(SealedSegment {
        id,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        class: maybe_id(row, "class", ClassId::from_bytes)?,
        agreement: text(row, "agreement")?,
        kind: read_held_kind(row)?,
        blob: plain(row, "blob")?,
        rows: vec![read_key_row(row)?],
    }))
}

/// The stored log, as proofs and tiles are computed from it.
pub(super) struct StoredLog<'c>(pub(super) &'c Connection);

impl NodeReader for StoredLog<'_> {
    type Error = Fault;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Fault> {
        if level < STORED_FROM {
            let below = entries_below(level, &(index..index.saturating_add(1)));
            return Ok(folded(level, &entries(self.0, below)?).pop());
        }
        first(
            self.0,
            "-- node
             SELECT hash FROM node WHERE level = ?1 AND position = ?2",
            params![level, integer(index)?],
            |row| plain(row, "hash").map(Hash),
        )
    }
}

/// The stored log on a connection of its own, as it is published.
pub(super) struct OwnLog(pub(super) Connection);

impl LogReader for StoredLog<'_> {
    type Error = Fault;

    fn newest(&self) -> Result<(TreeSize, String), Fault> {
        checkpoint(self.0)
    }

    fn level(&self, level: u8, range: Range<u64>) -> Result<Vec<(u64, Hash)>, Fault> {
        if level < STORED_FROM {
            let hashes = folded(level, &entries(self.0, entries_below(level, &range))?);
            return Ok((range.start..).zip(hashes).collect());
        }
        every(
            self.0,
            "-- level
             SELECT position, hash FROM node WHERE level = ?1 AND position >= ?2 AND position < ?3",
            params![level, integer(range.start)?, integer(range.end)?],
            |row| Ok((number(row, "position")?, Hash(plain(row, "hash")?))),
        )
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<[u8; PublicEntry::SIZE]>, Fault> {
        entries(self.0, range)
    }
}

impl LogReader for OwnLog {
    type Error = Fault;

    fn newest(&self) -> Result<(TreeSize, String), Fault> {
        StoredLog(&self.0).newest()
    }

    fn level(&self, level: u8, range: Range<u64>) -> Result<Vec<(u64, Hash)>, Fault> {
        StoredLog(&self.0).level(level, range)
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<[u8; PublicEntry::SIZE]>, Fault> {
        StoredLog(&self.0).entries(range)
    }
}

/// The entries of a range that the log holds, in order.
fn entries(connection: &Connection, range: Range<u64>) -> Result<Vec<[u8; PublicEntry::SIZE]>, Fault> {
    every(
        connection,
        "-- entries
         SELECT bytes FROM entry WHERE leaf_index >= ?1 AND leaf_index < ?2 ORDER BY leaf_index",
        params![integer(range.start)?, integer(range.end)?],
        |row| plain(row, "bytes"),
    )
}

/// Why a proof or a root could not be computed.
pub(super) fn unread(error: ReadError<Fault>) -> Fault {
    match error {
        ReadError::Reader(fault) => fault,
        other => Fault::Other(other.to_string()),
    }
}
