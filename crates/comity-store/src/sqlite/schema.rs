//! How a database comes to the schema that this program knows: numbered steps, each done once.
//!
//! A step that was merged is never edited. What was done is kept with its digest, so that a database made by
//! an edited step is refused rather than half understood.

use super::columns::{change, digest, every, number};
use super::fault::Fault;
use comity_terms::Digest;
use rusqlite::{Connection, TransactionBehavior, params};

/// Every step, in order; the first has number 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_chain.sql"),
    include_str!("../../migrations/0003_erasure.sql"),
    include_str!("../../migrations/0004_succession.sql"),
];

/// Brings the database to the newest schema, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    connection.execute_batch(
        "-- migrate
         CREATE TABLE IF NOT EXISTS schema_version (
             version INTEGER PRIMARY KEY, -- the number of the step
             digest  BLOB NOT NULL        -- SHA-256 of its text
         ) STRICT;",
    )?;
    let done = every(
        connection,
        "-- migrate, what is done
         SELECT version, digest FROM schema_version ORDER BY version",
        [],
        |row| Ok((number::<usize>(row, "version")?, digest(row, "digest")?)),
    )?;
    for (position, (version, digest)) in done.iter().enumerate() {
        let Some(step) = MIGRATIONS.get(position) else {
            let known = MIGRATIONS.len();
            return Err(Fault::Other(format!(
                "the database has schema {version}, this program knows {known}"
            )));
        };
        if *version != position + 1 || *digest != Digest::of(step.as_bytes()) {
            return Err(Fault::Other(format!("step {version} of the schema is not the one known here")));
        }
    }
    for (position, step) in MIGRATIONS.iter().enumerate().skip(done.len()) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        change(
            &transaction,
            "-- migrate, one step
             INSERT INTO schema_version (version, digest) VALUES (?1, ?2)",
            params![position as i64 + 1, Digest::of(step.as_bytes()).0],
        )?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
