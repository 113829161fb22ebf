//! Partners, what is witnessed between their logs and ours, and officers.

use super::columns::{Step, bytes, every, first, instant, integer, maybe_text, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{Officer, OfficerKey, Peer, WitnessStep};
use comity_terms::Party;
use comity_tlog::{Hash, TreeSize};
use tokio_postgres::Row;

pub(super) fn put_peers<'p>(rows: &[&'p Peer]) -> Result<Step<'p>, Fault> {
    let identities = rows
        .iter()
        .map(|peer| serde_json::to_string(&peer.identity))
        .collect::<Result<Vec<String>, _>>()
        .map_err(|_| Fault::Other("an identity does not write as JSON".into()))?;
    Ok(Step::new(
        "-- put_peers
         INSERT INTO peer (party, url, identity) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
         ON CONFLICT (party) DO UPDATE SET url = excluded.url, identity = excluded.identity",
    )
    .column(rows, |peer| peer.party.as_str())
    .column(rows, |peer| peer.url.as_str())
    .with(identities))
}

pub(super) async fn peer(client: &Client, party: &Party) -> Result<Option<Peer>, Fault> {
    first(
        client,
        "-- peer
         SELECT party, url, identity FROM peer WHERE party = $1",
        &[&party.as_str()],
        read_peer,
    )
    .await
}

pub(super) async fn peers(client: &Client) -> Result<Vec<Peer>, Fault> {
    every(
        client,
        "-- peers
         SELECT party, url, identity FROM peer ORDER BY party",
        &[],
        read_peer,
    )
    .await
}

fn read_peer(row: &Row) -> Result<Peer, Fault> {
    let identity: String = plain(row, "identity")?;
    Ok(Peer {
        party: text(row, "party")?,
        url: plain(row, "url")?,
        identity: serde_json::from_str(&identity).map_err(|_| Fault::Column("identity"))?,
    })
}

/// Keeps where steps led; that they begin where the log stands was checked under the sequencer's lock.
pub(super) fn put_witnessed<'p>(rows: &[&'p WitnessStep]) -> Result<Step<'p>, Fault> {
    let sizes = rows.iter().map(|step| integer(step.size.0)).collect::<Result<Vec<i64>, Fault>>()?;
    Ok(Step::new(
        "-- put_witnessed
         INSERT INTO witnessed (origin, tree_size, root, note)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[])
         ON CONFLICT (origin) DO UPDATE SET
             tree_size = excluded.tree_size, root = excluded.root, note = excluded.note",
    )
    .column(rows, |step| step.origin.as_str())
    .with(sizes)
    .column(rows, |step| &step.root.0[..])
    .column(rows, |step| step.checkpoint.as_str()))
}

/// How far these logs are witnessed.
pub(super) async fn sizes_witnessed(
    client: &Client,
    origins: &[&str],
) -> Result<Vec<(String, TreeSize)>, Fault> {
    every(
        client,
        "-- sizes_witnessed
         SELECT origin, tree_size FROM witnessed WHERE origin = ANY($1::text[])",
        &[&origins],
        |row| Ok((plain(row, "origin")?, TreeSize(number(row, "tree_size")?))),
    )
    .await
}

pub(super) async fn witnessed(client: &Client, origin: &str) -> Result<Option<(TreeSize, Hash)>, Fault> {
    first(
        client,
        "-- witnessed
         SELECT tree_size, root FROM witnessed WHERE origin = $1",
        &[&origin],
        |row| Ok((TreeSize(number(row, "tree_size")?), Hash(bytes(row, "root")?))),
    )
    .await
}

pub(super) async fn witnessed_checkpoint(client: &Client, origin: &str) -> Result<Option<String>, Fault> {
    let note = first(
        client,
        "-- witnessed_checkpoint
         SELECT note FROM witnessed WHERE origin = $1",
        &[&origin],
        |row| plain::<Option<String>>(row, "note"),
    )
    .await?;
    Ok(note.flatten())
}

/// Keeps one key; an end that was set stays.
pub(super) fn put_officer_key(key: &OfficerKey) -> Step<'_> {
    Step::new(
        "-- put_officer_key
         INSERT INTO officer_key (officer, key, begun, ended) VALUES ($1, $2, $3, $4)
         ON CONFLICT (officer, key) DO UPDATE SET ended = coalesce(officer_key.ended, excluded.ended)",
    )
    .with(key.officer.as_str())
    .with(key.key.as_str())
    .with(instant(key.from))
    .with(key.ended.map(instant))
}

pub(super) async fn officer_keys(client: &Client) -> Result<Vec<OfficerKey>, Fault> {
    every(
        client,
        "-- officer_keys
         SELECT officer, key, begun, ended FROM officer_key ORDER BY officer, begun, key",
        &[],
        |row| {
            Ok(OfficerKey {
                officer: plain(row, "officer")?,
                key: plain(row, "key")?,
                from: text(row, "begun")?,
                ended: maybe_text(row, "ended")?,
            })
        },
    )
    .await
}

pub(super) fn put_witnessed_by<'p>(rows: &[(&'p Party, TreeSize)]) -> Result<Step<'p>, Fault> {
    let sizes = rows.iter().map(|(_, size)| integer(size.0)).collect::<Result<Vec<i64>, Fault>>()?;
    Ok(Step::new(
        "-- put_witnessed_by
         INSERT INTO witnessed_by (party, tree_size) SELECT * FROM unnest($1::text[], $2::bigint[])
         ON CONFLICT (party) DO UPDATE SET tree_size = excluded.tree_size",
    )
    .column(rows, |(party, _)| party.as_str())
    .with(sizes))
}

pub(super) async fn witnessed_by(client: &Client, party: &Party) -> Result<TreeSize, Fault> {
    let size = first(
        client,
        "-- witnessed_by
         SELECT tree_size FROM witnessed_by WHERE party = $1",
        &[&party.as_str()],
        |row| number(row, "tree_size"),
    )
    .await?;
    Ok(TreeSize(size.unwrap_or(0)))
}

pub(super) fn put_officers<'p>(rows: &[&'p Officer]) -> Step<'p> {
    Step::new(
        "-- put_officers
         INSERT INTO officer (name, role, unit, training_until, password_hash)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         ON CONFLICT (name) DO UPDATE SET
             role = excluded.role, unit = excluded.unit, training_until = excluded.training_until,
             password_hash = excluded.password_hash",
    )
    .column(rows, |officer| officer.name.as_str())
    .column(rows, |officer| officer.role.as_str())
    .column(rows, |officer| officer.unit.as_deref())
    .column(rows, |officer| instant(officer.training_until))
    .column(rows, |officer| officer.password_hash.as_str())
}

/// An officer from their columns.
pub(super) fn read_officer(row: &Row) -> Result<Officer, Fault> {
    Ok(Officer {
        name: plain(row, "name")?,
        role: plain(row, "role")?,
        unit: plain(row, "unit")?,
        training_until: text(row, "training_until")?,
        password_hash: plain(row, "password_hash")?,
    })
}

pub(super) async fn officer(client: &Client, name: &str) -> Result<Option<Officer>, Fault> {
    first(
        client,
        "-- officer
         SELECT name, role, unit, training_until, password_hash FROM officer WHERE name = $1",
        &[&name],
        read_officer,
    )
    .await
}
