//! How SQLite goes about what is asked by the clock: [`Plan`].

use super::fault::Fault;
use super::{erasure, escalation, holds, notices, outbox, recall, subjects, uses};
use crate::plans::Plan;
use comity_exchange::ports::StoreError;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// What a look by the clock asks, what it asks of each record that it finds, and the lists that come in parts.
const ASKED: [&str; 17] = [
    erasure::DUE,
    erasure::HELD_IN,
    erasure::EPOCHS,
    erasure::VITALS,
    holds::COVERS,
    holds::HOLDS_OF,
    subjects::TAGGED_MONTHS,
    subjects::REQUESTS_TO_SEND,
    subjects::REQUESTS_WAITING,
    subjects::REQUESTS_COUNTED,
    notices::DUE,
    notices::OWED,
    recall::RECALLS_OPEN,
    recall::RECALLS_DUE,
    outbox::CLAIM_DUE,
    escalation::ESCALATIONS,
    uses::LOOK_UPS_OVER,
];

impl super::SqliteStore {
    /// How the database goes about what is asked by the clock.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the database cannot be read.
    pub async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        self.readers.read(|connection| ASKED.into_iter().map(|sql| plan(connection, sql)).collect()).await
    }
}

fn plan(connection: &Connection, sql: &'static str) -> Result<Plan, Fault> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let nothing = params_from_iter(vec![Value::Null; statement.parameter_count()]);
    let steps = statement.query_map(nothing, |row| row.get("detail"))?.collect::<Result<_, _>>()?;
    Ok(Plan::of(sql, steps))
}
