//! How PostgreSQL goes about what is asked by the clock: [`Plan`].

use super::fault::Fault;
use super::{erasure, escalation, holds, notices, outbox, recall, subjects, uses};
use crate::plans::Plan;
use comity_exchange::ports::StoreError;
use tokio_postgres::SimpleQueryMessage;

/// What a look by the clock asks, what it asks of each record that it finds, and the lists that come in parts.
const ASKED: [&str; 17] = [
    erasure::DUE,
    erasure::HELD_IN,
    erasure::EPOCHS,
    erasure::VITALS,
    erasure::COVERS,
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

impl super::PostgresStore {
    /// How the server goes about what is asked by the clock once tables are large: small ones it reads whole, which costs
    /// nothing and tells nothing, so it has no such choice here.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the server cannot be asked.
    pub async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        let mut plans = Vec::with_capacity(ASKED.len());
        for sql in ASKED {
            plans.push(self.ask(move |c| Box::pin(plan(c, sql))).await?);
        }
        Ok(plans)
    }
}

async fn plan(client: &super::Client, sql: &'static str) -> Result<Plan, Fault> {
    let count = client.prepare_cached(sql).await?.params().len();
    let nothing = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
    // All of it ends with this transaction, whatever happens: nothing of it stays with the connection.
    let asked = client
        .simple_query(&format!(
            "-- plan
             BEGIN;
             SET LOCAL enable_seqscan = off;
             SET LOCAL enable_hashjoin = off;
             SET LOCAL enable_mergejoin = off;
             SET LOCAL plan_cache_mode = force_generic_plan;
             PREPARE planned AS {sql};
             EXPLAIN (COSTS OFF) EXECUTE planned {nothing};
             DEALLOCATE planned;
             ROLLBACK"
        ))
        .await?;
    let mut steps = Vec::new();
    for message in asked {
        if let SimpleQueryMessage::Row(row) = message {
            steps.push(row.get(0).unwrap_or_default().to_owned());
        }
    }
    Ok(Plan::of(sql, steps))
}
