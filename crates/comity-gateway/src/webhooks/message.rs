//! What an endpoint is told of one act.
//!
//! ```json
//! {"type":"exchange.decided","timestamp":"2026-11-25T06:00:00Z",
//!  "data":{"party":"EE","log":"…","entry":17,"exchange_id":"…","side":"sender","peer":"FI","pack":"…",
//!          "outcome":"delivered","objects":6}}
//! ```
//! Invariant: ids, parties, words of closed vocabularies, counts and instants; nothing else of an opening. Where the exchange
//! stands is as of the telling. A message about one entry has one id, however often it is sent.

use comity_exchange::ports::{ExchangeRow, Logged};
use comity_terms::{Act, Digest, Party};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// What is sent, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for the same entry: receivers know by it what they have had.
    pub id: String,
    /// JSON.
    pub body: Vec<u8>,
}

/// An act as its opening tells of it.
#[derive(Debug, Deserialize)]
pub struct Told {
    act: String,
    at: String,
    #[serde(default)]
    facts: Counts,
}

/// The counts that an act may tell.
#[derive(Debug, Default, Deserialize)]
struct Counts {
    #[serde(default)]
    records: Json,
    #[serde(default, rename = "type")]
    kind: Json,
    #[serde(default)]
    laid_down: Json,
    #[serde(default)]
    due_operational: Json,
    #[serde(default)]
    due_legal_latest: Json,
}

impl Told {
    /// What an opening tells; `None` when it is none of an act that this program knows.
    #[must_use]
    pub fn of(content: &[u8]) -> Option<(Act, Self)> {
        let told: Self = serde_json::from_slice(content).ok()?;
        Some((Act::of_name(&told.act)?, told))
    }
}

impl Message {
    /// What is told of `logged`, an entry of the log of that name at the gateway of `party`; with where its exchange stands.
    #[must_use]
    pub fn of(
        (party, log): (&Party, &str),
        logged: &Logged,
        told: &Told,
        exchange: Option<&ExchangeRow>,
    ) -> Self {
        let mut data = json!({ "party": party.to_string(), "log": log, "entry": logged.index.0 });
        if let Some(exchange) = logged.exchange {
            data["exchange_id"] = json!(exchange.to_string());
        }
        if let Some(row) = exchange {
            data["side"] = json!(row.side);
            data["peer"] = json!(row.peer.to_string());
            data["pack"] = json!(row.agreement.to_string());
            data["outcome"] = json!(row.outcome.as_str());
            data["objects"] = json!(row.objects);
        }
        if let Some(records) = told.facts.records.as_u64() {
            data["records"] = json!(records);
        }
        if [Act::ObligationDue, Act::ObligationOverdue].iter().any(|act| act.as_str() == told.act) {
            // A word of the vocabulary, the entry of the decision, and instants.
            data["obligation"] = told.facts.kind.clone();
            data["decided_by_entry"] = told.facts.laid_down.clone();
            data["due_operational"] = told.facts.due_operational.clone();
            data["due_legal_latest"] = told.facts.due_legal_latest.clone();
        }
        let body = json!({ "type": told.act, "timestamp": told.at, "data": data });
        // The entry's own bytes hold a salted commitment: no two entries have one id, also after a restore.
        let index = logged.index.0.to_be_bytes();
        let digest = Digest::of_parts("comity/webhook/v1", &[&logged.entry.to_bytes(), &index]);
        Self { id: format!("msg_{}", &digest.hex()[..32]), body: body.to_string().into_bytes() }
    }
}
