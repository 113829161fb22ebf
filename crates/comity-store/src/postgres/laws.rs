//! Packs that this gateway has adopted, and what partners have signed.

use super::columns::{Step, digest, every, instant, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::AdoptedLaw;
use comity_exchange::wire::Text;
use comity_terms::Party;
use tokio_postgres::Row;

/// Keeps an adoption; one that is repeated counts as the newest.
pub(super) fn put_adopted(adopted: &AdoptedLaw) -> [Step<'_>; 2] {
    let SignedLaw { pack, digest, signature } = &adopted.law;
    [
        Step::new(
            "-- put_adopted, an earlier one goes
             DELETE FROM adopted_law WHERE pack = $1 AND digest = $2",
        )
        .with(pack.0.as_str())
        .with(&digest.0.0[..]),
        Step::new(
            "-- put_adopted
             INSERT INTO adopted_law (number, pack, digest, signature, at)
             SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4 FROM adopted_law",
        )
        .with(pack.0.as_str())
        .with(&digest.0.0[..])
        .with(signature.as_str())
        .with(instant(adopted.at)),
    ]
}

pub(super) async fn adopted(client: &Client) -> Result<Vec<AdoptedLaw>, Fault> {
    every(
        client,
        "-- adopted
         SELECT pack, digest, signature, at FROM adopted_law ORDER BY number",
        &[],
        |row| Ok(AdoptedLaw { law: read_law(row)?, at: text(row, "at")? }),
    )
    .await
}

/// Keeps signatures; no two of one party under one pack and digest.
pub(super) fn put_signatures<'p>(rows: &[&'p (Party, SignedLaw)]) -> Step<'p> {
    Step::new(
        "-- put_signatures
         INSERT INTO law_signature (party, pack, digest, signature)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
         ON CONFLICT (party, pack, digest) DO UPDATE SET signature = excluded.signature",
    )
    .column(rows, |(party, _)| party.as_str())
    .column(rows, |(_, law)| law.pack.0.as_str())
    .column(rows, |(_, law)| &law.digest.0.0[..])
    .column(rows, |(_, law)| law.signature.as_str())
}

pub(super) async fn signatures(client: &Client, party: &Party) -> Result<Vec<SignedLaw>, Fault> {
    every(
        client,
        "-- signatures
         SELECT pack, digest, signature FROM law_signature WHERE party = $1 ORDER BY pack, digest",
        &[&party.as_str()],
        read_law,
    )
    .await
}

fn read_law(row: &Row) -> Result<SignedLaw, Fault> {
    Ok(SignedLaw {
        pack: Text(text(row, "pack")?),
        digest: Text(digest(row, "digest")?),
        signature: plain(row, "signature")?,
    })
}
