//! A worked case as a theorem shows it, and its form in JSON: what `comity law try` takes.

use comity_terms::{Action, JurisdictionCode, Office, Timestamp};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// One question with all that it was asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The act.
    pub action: Action,
    /// Where the data is.
    pub sending: JurisdictionCode,
    /// Who gets it or asks for it.
    pub receiving: JurisdictionCode,
    /// The time of the act.
    pub at: Timestamp,
    /// What of the instrument is set: its status, declarations made under it.
    pub setup: Map<String, Json>,
    /// What is known.
    pub facts: BTreeMap<String, Json>,
    /// The offices that approved.
    pub approvals: BTreeSet<Office>,
}

impl Case {
    /// As JSON, for people and for keeping.
    #[must_use]
    pub fn json(&self) -> Map<String, Json> {
        let mut out = Map::new();
        out.insert("action".into(), self.action.as_str().into());
        out.insert("sending".into(), self.sending.as_str().into());
        out.insert("receiving".into(), self.receiving.as_str().into());
        out.insert("at".into(), self.at.to_string().into());
        if !self.setup.is_empty() {
            out.insert("setup".into(), self.setup.clone().into());
        }
        out.insert("facts".into(), json!(self.facts));
        if !self.approvals.is_empty() {
            let offices: Vec<&str> = self.approvals.iter().map(|office| office.as_str()).collect();
            out.insert("approvals".into(), json!(offices));
        }
        out
    }

    /// The case that [`Case::json`] wrote; `None` for anything else.
    #[must_use]
    pub fn read(json: &Json) -> Option<Self> {
        let word = |key: &str| json[key].as_str();
        let approvals = json["approvals"].as_array().into_iter().flatten();
        Some(Self {
            action: word("action")?.parse().ok()?,
            sending: word("sending")?.parse().ok()?,
            receiving: word("receiving")?.parse().ok()?,
            at: word("at")?.parse().ok()?,
            setup: json["setup"].as_object().cloned().unwrap_or_default(),
            facts: json["facts"]
                .as_object()?
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            approvals: approvals.map(|office| office.as_str()?.parse().ok()).collect::<Option<_>>()?,
        })
    }
}
