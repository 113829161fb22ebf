//! The log's rows: entries, nodes, checkpoints, and the sequencer's row, which is the fence.
//!
//! ```text
//! take    SELECT … FROM sequencer FOR UPDATE                         one node at a time, the others wait in line
//! pass    UPDATE sequencer … WHERE tree_size = old AND epoch = mine  no row: someone else was there, nothing commits
//! ```
//! Proofs are computed twice over: once to learn which nodes they need, which does not depend on hashes, and again
//! once these are fetched in one query.

use super::columns::{Step, bytes, every, first, integer, maybe_id, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use super::vault::{read_key_row, read_kind};
use crate::log::Batch;
use crate::nodes::{STORED_FROM, entries_below, folded, is_stored};
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{Integrated, Logged, SealedSegment};
use comity_terms::ExchangeId;
use comity_terms::ids::{ClassId, SegmentId};
use comity_tlog::{Frontier, Hash, LeafIndex, Node, NodeReader, ReadError, TreeSize};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::ops::Range;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The sequencer's row, locked by whoever has read it.
pub(super) struct Turn {
    pub(super) size: TreeSize,
    pub(super) frontier: Vec<u8>,
    pub(super) epoch: i64,
    pub(super) holder: String,
    pub(super) segments: i64,
    pub(super) register: i64,
}

/// Waits for the turn and takes it, until the transaction ends. `None` in a database just made.
pub(super) async fn take(client: &Client) -> Result<Option<Turn>, Fault> {
    first(
        client,
        "-- take
         SELECT tree_size, frontier, epoch, holder, segments, register FROM sequencer WHERE one = 1 FOR UPDATE",
        &[],
        |row| {
            Ok(Turn {
                size: TreeSize(number(row, "tree_size")?),
                frontier: plain(row, "frontier")?,
                epoch: plain(row, "epoch")?,
                holder: plain(row, "holder")?,
                segments: plain(row, "segments")?,
                register: plain(row, "register")?,
            })
        },
    )
    .await
}

/// Writes what a batch added, but for the sequencer's row.
pub(super) fn put_batch<'p>(
    batch: &'p Batch,
    size: TreeSize,
    checkpoint: &'p str,
) -> Result<Vec<Step<'p>>, Fault> {
    let indices = batch.entries.iter().map(|(index, _)| integer(index.0)).collect::<Result<Vec<i64>, _>>()?;
    let nodes: Vec<&Node> = batch.nodes.iter().filter(|node| is_stored(node)).collect();
    let positions = nodes.iter().map(|node| integer(node.index)).collect::<Result<Vec<i64>, _>>()?;
    Ok(vec![
        Step::new(
            "-- put_batch, entries
             INSERT INTO entry (leaf_index, bytes, opening, exchange)
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[])",
        )
        .with(indices)
        .column(&batch.entries, |(_, draft)| draft.entry.to_bytes().to_vec())
        .column(&batch.entries, |(_, draft)| draft.opening.as_bytes().to_vec())
        .column(&batch.entries, |(_, draft)| draft.exchange.map(|exchange| exchange.as_bytes().to_vec())),
        Step::new(
            "-- put_batch, nodes
             INSERT INTO node (level, position, hash)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])",
        )
        .column(&nodes, |node| i64::from(node.level))
        .with(positions)
        .column(&nodes, |node| &node.hash.0[..]),
        put_checkpoint(size, checkpoint)?,
    ])
}

pub(super) fn put_checkpoint(size: TreeSize, note: &str) -> Result<Step<'_>, Fault> {
    Ok(Step::new(
        "-- put_checkpoint
         INSERT INTO checkpoint (tree_size, note) VALUES ($1, $2)",
    )
    .with(integer(size.0)?)
    .with(note))
}

/// The sequencer's row of a log just begun; nothing where another node has begun it.
pub(super) fn begin<'p>(frontier: Vec<u8>, holder: &'p str) -> Step<'p> {
    Step::new(
        "-- begin
         INSERT INTO sequencer (one, tree_size, frontier, epoch, holder, segments, register)
         VALUES (1, 0, $1, 1, $2, 0, 0) ON CONFLICT (one) DO NOTHING",
    )
    .with(frontier)
    .with(holder)
}

/// Passes the turn on with what was written in it: one row, or none where the fence holds.
pub(super) fn pass<'p>(
    turn: &Turn,
    frontier: &Frontier,
    holder: &'p str,
    segments: i64,
    register: i64,
) -> Result<Step<'p>, Fault> {
    // A number for each stretch of turns that one node had.
    let epoch = if turn.holder == holder { turn.epoch } else { turn.epoch + 1 };
    Ok(Step::new(
        "-- pass
         UPDATE sequencer
         SET tree_size = $3, frontier = $4, epoch = $5, holder = $6, segments = $7, register = $8
         WHERE one = 1 AND tree_size = $1 AND epoch = $2",
    )
    .with(integer(turn.size.0)?)
    .with(turn.epoch)
    .with(integer(frontier.size().0)?)
    .with(frontier.to_bytes())
    .with(epoch)
    .with(holder)
    .with(segments)
    .with(register))
}

/// The newest checkpoint.
pub(super) async fn checkpoint(client: &Client) -> Result<(TreeSize, String), Fault> {
    let found = first(
        client,
        "-- checkpoint
         SELECT tree_size, note FROM checkpoint ORDER BY tree_size DESC LIMIT 1",
        &[],
        |row| Ok((TreeSize(number(row, "tree_size")?), plain(row, "note")?)),
    )
    .await?;
    found.ok_or_else(|| Fault::Other("there is no checkpoint".into()))
}

/// The checkpoint that signs exactly `size` entries.
pub(super) async fn checkpoint_of(client: &Client, size: TreeSize) -> Result<Option<String>, Fault> {
    first(
        client,
        "-- checkpoint_of
         SELECT note FROM checkpoint WHERE tree_size = $1",
        &[&integer(size.0)?],
        |row| plain(row, "note"),
    )
    .await
}

/// The first checkpoint that the entry at `index` was integrated under.
pub(super) async fn checkpoint_over(client: &Client, index: LeafIndex) -> Result<(TreeSize, String), Fault> {
    let found = first(
        client,
        "-- checkpoint_over
         SELECT tree_size, note FROM checkpoint WHERE tree_size > $1 ORDER BY tree_size LIMIT 1",
        &[&integer(index.0)?],
        |row| Ok((TreeSize(number(row, "tree_size")?), plain(row, "note")?)),
    )
    .await?;
    found.ok_or_else(|| Fault::Other(format!("no checkpoint covers entry {index}")))
}

/// The entry that records an exchange, and where it was integrated.
pub(super) async fn exchange_integrated(
    client: &Client,
    exchange: ExchangeId,
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    entry_under(
        client,
        "-- exchange_integrated
         SELECT leaf_index, bytes FROM exchange JOIN entry ON leaf_index = first_entry WHERE id = $1",
        &[&&exchange.as_bytes()[..]],
    )
    .await
}

/// The entry that a statement finds by `leaf_index` and `bytes`, and where it was integrated.
pub(super) async fn entry_under(
    client: &Client,
    sql: &str,
    of: &[&(dyn ToSql + Sync)],
) -> Result<Option<(PublicEntry, Integrated)>, Fault> {
    let Some((index, entry)) = first(client, sql, of, read_entry).await? else { return Ok(None) };
    let (size, checkpoint) = checkpoint_over(client, index).await?;
    Ok(Some((entry, Integrated { index, size, checkpoint })))
}

/// An entry and its place.
pub(super) fn read_entry(row: &Row) -> Result<(LeafIndex, PublicEntry), Fault> {
    let bytes: Vec<u8> = plain(row, "bytes")?;
    let entry = PublicEntry::from_bytes(&bytes).ok_or(Fault::Column("bytes"))?;
    Ok((LeafIndex(number(row, "leaf_index")?), entry))
}

/// The entries from `from` on, each with its sealed opening while that is there.
pub(super) async fn logged(client: &Client, from: LeafIndex, limit: u32) -> Result<Vec<Logged>, Fault> {
    every(
        client,
        "-- logged
         SELECT leaf_index, bytes, entry.exchange AS about, segment.id, segment.exchange, class, agreement, kind,
                quarantined, blob, ordinal, \"offset\", length, wrapped_key, commitment, generation, erase_by
         FROM entry LEFT JOIN segment ON segment.id = entry.opening
                    LEFT JOIN key_row ON key_row.segment = segment.number AND ordinal = 0
         WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2",
        &[&integer(from.0)?, &i64::from(limit)],
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
    .await
}

fn opening(row: &Row) -> Result<Option<SealedSegment>, Fault> {
    let Some(id) = maybe_id(row, "id", SegmentId::from_bytes)? else { return Ok(None) };
    // A segment goes with the last of its key rows; the one of an opening is its only one.
    Ok(Some(SealedSegment {
        id,
        exchange: maybe_id(row, "exchange", ExchangeId::from_bytes)?,
        class: maybe_id(row, "class", ClassId::from_bytes)?,
        agreement: text(row, "agreement")?,
        kind: read_kind(row)?,
        blob: plain(row, "blob")?,
        rows: vec![read_key_row(row)?],
    }))
}

/// What `compute` comes to over the stored nodes: it is called twice and must ask for the same ones.
pub(super) async fn computed<T>(
    client: &Client,
    compute: impl Fn(&Nodes) -> Result<T, ReadError<Infallible>>,
) -> Result<T, Fault> {
    let impossible = |error: ReadError<Infallible>| Fault::Other(error.to_string());
    let asked = Nodes::default();
    compute(&asked).map_err(impossible)?;
    let held = nodes(client, &asked.asked.into_inner()).await?;
    compute(&Nodes { asked: RefCell::default(), held: Some(held) }).map_err(impossible)
}

/// Nodes for a proof: notes which are asked for until it holds them.
#[derive(Default)]
pub(super) struct Nodes {
    asked: RefCell<Vec<(u8, u64)>>,
    held: Option<HashMap<(u8, u64), Hash>>,
}

impl NodeReader for Nodes {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Infallible> {
        if let Some(held) = &self.held {
            return Ok(held.get(&(level, index)).copied());
        }
        self.asked.borrow_mut().push((level, index));
        Ok(Some(Hash([0; 32])))
    }
}

/// These nodes, as far as they are there.
async fn nodes(client: &Client, asked: &[(u8, u64)]) -> Result<HashMap<(u8, u64), Hash>, Fault> {
    let (small, asked): (Vec<_>, Vec<_>) = asked.iter().partition(|(level, _)| *level < STORED_FROM);
    let levels: Vec<i64> = asked.iter().map(|(level, _)| i64::from(*level)).collect();
    let positions = asked.iter().map(|(_, index)| integer(*index)).collect::<Result<Vec<i64>, Fault>>()?;
    let params: [&(dyn ToSql + Sync); 2] = [&levels, &positions];
    let found = every(
        client,
        "-- nodes
         SELECT level, position, hash FROM node
         JOIN unnest($1::bigint[], $2::bigint[]) AS asked (l, p) ON level = l AND position = p",
        &params,
        |row| Ok(((number(row, "level")?, number(row, "position")?), Hash(bytes(row, "hash")?))),
    );
    // Both are sent before either is answered.
    let (found, hashed) = tokio::try_join!(found, hashed(client, &small))?;
    Ok(found.into_iter().chain(hashed).collect())
}

/// Nodes without rows, hashed from their entries, as far as these are there.
async fn hashed(client: &Client, asked: &[(u8, u64)]) -> Result<Vec<((u8, u64), Hash)>, Fault> {
    let mut wanted = Vec::new();
    for (level, index) in asked {
        let below = entries_below(*level, &(*index..index.saturating_add(1)));
        wanted.extend(below.map(integer).collect::<Result<Vec<i64>, Fault>>()?);
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let held: BTreeMap<u64, [u8; PublicEntry::SIZE]> = every(
        client,
        "-- hashed
         SELECT leaf_index, bytes FROM entry WHERE leaf_index = ANY($1::bigint[])",
        &[&wanted],
        |row| Ok((number(row, "leaf_index")?, bytes(row, "bytes")?)),
    )
    .await?
    .into_iter()
    .collect();
    let root = |(level, index): &(u8, u64)| {
        let below = entries_below(*level, &(*index..index.saturating_add(1)));
        let entries: Vec<_> = held.range(below).map(|(_, entry)| *entry).collect();
        folded(*level, &entries).pop().map(|hash| ((*level, *index), hash))
    };
    Ok(asked.iter().filter_map(root).collect())
}

/// The nodes of a level from `range`, as far as they are complete.
pub(super) async fn level(client: &Client, level: u8, range: Range<u64>) -> Result<Vec<(u64, Hash)>, Fault> {
    if level < STORED_FROM {
        let hashes = folded(level, &entries(client, entries_below(level, &range)).await?);
        return Ok((range.start..).zip(hashes).collect());
    }
    every(
        client,
        "-- level
         SELECT position, hash FROM node WHERE level = $1 AND position >= $2 AND position < $3",
        &[&i64::from(level), &integer(range.start)?, &integer(range.end)?],
        |row| Ok((number(row, "position")?, Hash(bytes(row, "hash")?))),
    )
    .await
}

/// The entries of a range that the log holds, in order.
pub(super) async fn entries(
    client: &Client,
    range: Range<u64>,
) -> Result<Vec<[u8; PublicEntry::SIZE]>, Fault> {
    every(
        client,
        "-- entries
         SELECT bytes FROM entry WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index",
        &[&integer(range.start)?, &integer(range.end)?],
        |row| bytes(row, "bytes"),
    )
    .await
}
