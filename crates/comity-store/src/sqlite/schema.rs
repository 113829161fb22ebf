//! The schema in SQLite.

use super::columns::{change, digest, every, number};
use super::fault::Fault;
use crate::schema::known;
use comity_terms::Digest;
use rusqlite::{Connection, TransactionBehavior, params};

/// Every step, in order; the first has number 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_chain.sql"),
    include_str!("../../migrations/0003_erasure.sql"),
    include_str!("../../migrations/0004_succession.sql"),
    include_str!("../../migrations/0005_escalation.sql"),
    include_str!("../../migrations/0006_collected.sql"),
    include_str!("../../migrations/0007_tokens.sql"),
    include_str!("../../migrations/0008_first_entry.sql"),
    include_str!("../../migrations/0009_webhooks.sql"),
    include_str!("../../migrations/0010_recall.sql"),
    include_str!("../../migrations/0011_subjects.sql"),
    include_str!("../../migrations/0012_matching.sql"),
    include_str!("../../migrations/0013_opt_outs.sql"),
    include_str!("../../migrations/0014_notices.sql"),
    include_str!("../../migrations/0015_use_and_holds.sql"),
    include_str!("../../migrations/0016_effects.sql"),
    include_str!("../../migrations/0017_restricted_records.sql"),
    include_str!("../../migrations/0018_removals.sql"),
    include_str!("../../migrations/0019_ended.sql"),
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
    let done = known(MIGRATIONS, &done).map_err(Fault::Other)?;
    for (position, step) in MIGRATIONS.iter().enumerate().skip(done) {
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
