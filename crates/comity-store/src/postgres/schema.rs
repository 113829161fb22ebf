//! The schema in PostgreSQL, brought up by whichever node starts first.

use super::columns::{change, digest, every, number};
use super::connection::{Client, Tries};
use super::fault::Fault;
use crate::schema::known;
use comity_terms::Digest;

/// Every step, in order; the first has number 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_first.sql"),
    include_str!("../../migrations/postgres/0002_chain.sql"),
    include_str!("../../migrations/postgres/0003_erasure.sql"),
    include_str!("../../migrations/postgres/0004_succession.sql"),
    include_str!("../../migrations/postgres/0005_escalation.sql"),
    include_str!("../../migrations/postgres/0006_collected.sql"),
    include_str!("../../migrations/postgres/0007_tokens.sql"),
    include_str!("../../migrations/postgres/0008_first_entry.sql"),
    include_str!("../../migrations/postgres/0009_webhooks.sql"),
    include_str!("../../migrations/postgres/0010_recall.sql"),
    include_str!("../../migrations/postgres/0011_subjects.sql"),
    include_str!("../../migrations/postgres/0012_matching.sql"),
    include_str!("../../migrations/postgres/0013_opt_outs.sql"),
    include_str!("../../migrations/postgres/0014_notices.sql"),
    include_str!("../../migrations/postgres/0015_use_and_holds.sql"),
    include_str!("../../migrations/postgres/0016_effects.sql"),
    include_str!("../../migrations/postgres/0017_restricted_records.sql"),
    include_str!("../../migrations/postgres/0018_removals.sql"),
    include_str!("../../migrations/postgres/0019_ended.sql"),
];

/// Brings the database to the newest schema, each step in a transaction of its own.
pub(super) async fn migrate(client: &Client) -> Result<(), Fault> {
    let mut tries = Tries::default();
    loop {
        match try_migrate(client).await {
            // Another node did the same at the same time: what it did is found on the next look.
            Err(fault) if (fault.is_there_already() || fault.passes()) && tries.again().await => {
                client.batch_execute("-- migrate, takes back\nROLLBACK").await?;
            }
            done => return done,
        }
    }
}

async fn try_migrate(client: &Client) -> Result<(), Fault> {
    client
        .batch_execute(
            "-- migrate
             CREATE TABLE IF NOT EXISTS schema_version (
                 version BIGINT PRIMARY KEY, -- the number of the step
                 digest  BYTEA NOT NULL      -- SHA-256 of its text
             )",
        )
        .await?;
    let done = every(
        client,
        "-- migrate, what is done
         SELECT version, digest FROM schema_version ORDER BY version",
        &[],
        |row| Ok((number::<usize>(row, "version")?, digest(row, "digest")?)),
    )
    .await?;
    let done = known(MIGRATIONS, &done).map_err(Fault::Other)?;
    for (position, step) in MIGRATIONS.iter().enumerate().skip(done) {
        client.batch_execute("-- migrate, one step\nBEGIN").await?;
        // First, so that of two nodes one waits here and then finds it done.
        change(
            client,
            "-- migrate, one step
             INSERT INTO schema_version (version, digest) VALUES ($1, $2)",
            &[&(position as i64 + 1), &&Digest::of(step.as_bytes()).0[..]],
        )
        .await?;
        client.batch_execute(step).await?;
        client.batch_execute("-- migrate, one step\nCOMMIT").await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was merged. A step may be added here; a line that is here may not change.
    const MERGED: &[&str] = &[
        include_str!("../../migrations/postgres/0001_first.sha256"),
        include_str!("../../migrations/postgres/0002_chain.sha256"),
        include_str!("../../migrations/postgres/0003_erasure.sha256"),
        include_str!("../../migrations/postgres/0004_succession.sha256"),
        include_str!("../../migrations/postgres/0005_escalation.sha256"),
        include_str!("../../migrations/postgres/0006_collected.sha256"),
        include_str!("../../migrations/postgres/0007_tokens.sha256"),
        include_str!("../../migrations/postgres/0008_first_entry.sha256"),
        include_str!("../../migrations/postgres/0009_webhooks.sha256"),
        include_str!("../../migrations/postgres/0010_recall.sha256"),
        include_str!("../../migrations/postgres/0011_subjects.sha256"),
        include_str!("../../migrations/postgres/0012_matching.sha256"),
        include_str!("../../migrations/postgres/0013_opt_outs.sha256"),
        include_str!("../../migrations/postgres/0014_notices.sha256"),
        include_str!("../../migrations/postgres/0015_use_and_holds.sha256"),
        include_str!("../../migrations/postgres/0016_effects.sha256"),
        include_str!("../../migrations/postgres/0017_restricted_records.sha256"),
        include_str!("../../migrations/postgres/0018_removals.sha256"),
        include_str!("../../migrations/postgres/0019_ended.sha256"),
    ];

    #[test]
    fn merged_steps_are_never_edited() {
        let digests: Vec<String> =
            MIGRATIONS.iter().map(|step| Digest::of(step.as_bytes()).to_string()).collect();
        let merged: Vec<&str> = MERGED.iter().map(|digest| digest.trim()).collect();
        assert_eq!(digests, merged);
    }
}
