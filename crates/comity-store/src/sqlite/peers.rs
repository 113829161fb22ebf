//! Partners, what is witnessed between their logs and ours, and officers.

use super::columns::{change, every, first, insert_once, instant, integer, maybe_text, number, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{Officer, OfficerKey, Peer, WitnessStep};
use comity_terms::Party;
use comity_tlog::{Hash, TreeSize};
use rusqlite::{Connection, Row, params};

pub(super) fn put_peer(connection: &Connection, peer: &Peer) -> Result<(), Fault> {
    let identity = serde_json::to_string(&peer.identity)
        .map_err(|_| Fault::Other("an identity does not write as JSON".into()))?;
    change(
        connection,
        "-- put_peer
         INSERT OR REPLACE INTO peer (party, url, identity) VALUES (?1, ?2, ?3)",
        params![peer.party.as_str(), peer.url, identity],
    )?;
    Ok(())
}

pub(super) fn peer(connection: &Connection, party: &Party) -> Result<Option<Peer>, Fault> {
    first(
        connection,
        "-- peer
         SELECT party, url, identity FROM peer WHERE party = ?1",
        [party.as_str()],
        read_peer,
    )
}

pub(super) fn peers(connection: &Connection) -> Result<Vec<Peer>, Fault> {
    every(
        connection,
        "-- peers
         SELECT party, url, identity FROM peer ORDER BY party",
        [],
        read_peer,
    )
}

fn read_peer(row: &Row<'_>) -> Result<Peer, Fault> {
    let identity: String = plain(row, "identity")?;
    Ok(Peer {
        party: text(row, "party")?,
        url: plain(row, "url")?,
        identity: serde_json::from_str(&identity).map_err(|_| Fault::Column("identity"))?,
    })
}

/// Takes the step if the log stands where the step begins.
pub(super) fn step_witness(connection: &Connection, step: &WitnessStep) -> Result<(), Fault> {
    const WHAT: &str = "witness step";
    let size = integer(step.size.0)?;
    match step.old {
        None => insert_once(
            connection,
            WHAT,
            "-- step_witness, a log seen the first time
             INSERT INTO witnessed (origin, tree_size, root, note) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (origin) DO NOTHING",
            params![step.origin, size, step.root.0, step.checkpoint],
        ),
        Some(old) => insert_once(
            connection,
            WHAT,
            "-- step_witness
             UPDATE witnessed SET tree_size = ?2, root = ?3, note = ?5 WHERE origin = ?1 AND tree_size = ?4",
            params![step.origin, size, step.root.0, integer(old.0)?, step.checkpoint],
        ),
    }
}

pub(super) fn witnessed(connection: &Connection, origin: &str) -> Result<Option<(TreeSize, Hash)>, Fault> {
    first(
        connection,
        "-- witnessed
         SELECT tree_size, root FROM witnessed WHERE origin = ?1",
        [origin],
        |row| Ok((TreeSize(number(row, "tree_size")?), Hash(plain(row, "root")?))),
    )
}

pub(super) fn witnessed_checkpoint(connection: &Connection, origin: &str) -> Result<Option<String>, Fault> {
    let note = first(
        connection,
        "-- witnessed_checkpoint
         SELECT note FROM witnessed WHERE origin = ?1",
        [origin],
        |row| plain::<Option<String>>(row, "note"),
    )?;
    Ok(note.flatten())
}

pub(super) fn put_officer_key(connection: &Connection, key: &OfficerKey) -> Result<(), Fault> {
    change(
        connection,
        "-- put_officer_key
         INSERT INTO officer_key (officer, key, begun, ended) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (officer, key) DO UPDATE SET ended = coalesce(ended, excluded.ended)",
        params![key.officer, key.key, instant(key.from), key.ended.map(instant)],
    )?;
    Ok(())
}

pub(super) fn officer_keys(connection: &Connection) -> Result<Vec<OfficerKey>, Fault> {
    every(
        connection,
        "-- officer_keys
         SELECT officer, key, begun, ended FROM officer_key ORDER BY officer, begun, key",
        [],
        |row| {
            Ok(OfficerKey {
                officer: plain(row, "officer")?,
                key: plain(row, "key")?,
                from: text(row, "begun")?,
                ended: maybe_text(row, "ended")?,
            })
        },
    )
}

pub(super) fn put_witnessed_by(connection: &Connection, party: &Party, size: TreeSize) -> Result<(), Fault> {
    change(
        connection,
        "-- put_witnessed_by
         INSERT OR REPLACE INTO witnessed_by (party, tree_size) VALUES (?1, ?2)",
        params![party.as_str(), integer(size.0)?],
    )?;
    Ok(())
}

pub(super) fn witnessed_by(connection: &Connection, party: &Party) -> Result<TreeSize, Fault> {
    let size = first(
        connection,
        "-- witnessed_by
         SELECT tree_size FROM witnessed_by WHERE party = ?1",
        [party.as_str()],
        |row| number(row, "tree_size"),
    )?;
    Ok(TreeSize(size.unwrap_or(0)))
}

pub(super) fn put_officer(connection: &Connection, officer: &Officer) -> Result<(), Fault> {
    change(
        connection,
        "-- put_officer
         INSERT OR REPLACE INTO officer (name, role, unit, training_until, password_hash)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            officer.name,
            officer.role,
            officer.unit,
            instant(officer.training_until),
            officer.password_hash
        ],
    )?;
    Ok(())
}

/// An officer from their columns.
pub(super) fn read_officer(row: &Row<'_>) -> Result<Officer, Fault> {
    Ok(Officer {
        name: plain(row, "name")?,
        role: plain(row, "role")?,
        unit: plain(row, "unit")?,
        training_until: text(row, "training_until")?,
        password_hash: plain(row, "password_hash")?,
    })
}

pub(super) fn officer(connection: &Connection, name: &str) -> Result<Option<Officer>, Fault> {
    first(
        connection,
        "-- officer
         SELECT name, role, unit, training_until, password_hash FROM officer WHERE name = ?1",
        [name],
        read_officer,
    )
}
