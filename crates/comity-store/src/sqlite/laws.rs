//! Packs that this gateway has adopted, and what partners have signed.

use super::columns::{change, digest, every, instant, plain, text};
use super::fault::Fault;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::AdoptedLaw;
use comity_exchange::wire::Text;
use comity_terms::Party;
use rusqlite::{Connection, Row, params};

/// Keeps the adoption; one that is repeated counts as the newest.
pub(super) fn put_adopted(connection: &Connection, adopted: &AdoptedLaw) -> Result<(), Fault> {
    let SignedLaw { pack, digest, signature } = &adopted.law;
    change(
        connection,
        "-- put_adopted
         INSERT OR REPLACE INTO adopted_law (pack, digest, signature, at) VALUES (?1, ?2, ?3, ?4)",
        params![pack.0.as_str(), digest.0.0, signature, instant(adopted.at)],
    )?;
    Ok(())
}

pub(super) fn adopted(connection: &Connection) -> Result<Vec<AdoptedLaw>, Fault> {
    every(
        connection,
        "-- adopted
         SELECT pack, digest, signature, at FROM adopted_law ORDER BY number",
        [],
        |row| Ok(AdoptedLaw { law: read_law(row)?, at: text(row, "at")? }),
    )
}

pub(super) fn put_signature(connection: &Connection, party: &Party, law: &SignedLaw) -> Result<(), Fault> {
    change(
        connection,
        "-- put_signature
         INSERT OR REPLACE INTO law_signature (party, pack, digest, signature) VALUES (?1, ?2, ?3, ?4)",
        params![party.as_str(), law.pack.0.as_str(), law.digest.0.0, law.signature],
    )?;
    Ok(())
}

pub(super) fn signatures(connection: &Connection, party: &Party) -> Result<Vec<SignedLaw>, Fault> {
    every(
        connection,
        "-- signatures
         SELECT pack, digest, signature FROM law_signature WHERE party = ?1 ORDER BY pack, digest",
        [party.as_str()],
        read_law,
    )
}

fn read_law(row: &Row<'_>) -> Result<SignedLaw, Fault> {
    Ok(SignedLaw {
        pack: Text(text(row, "pack")?),
        digest: Text(digest(row, "digest")?),
        signature: plain(row, "signature")?,
    })
}
