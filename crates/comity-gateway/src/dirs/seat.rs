//! Who a gateway is: `identity/gateway.toml`, one small file that is replaced as a whole.
//!
//! ```text
//! jurisdiction, authority, origin, since      fixed when it was made
//! sequence                                    how often its keys have changed
//! [generations]                               which of its keys of each kind are in use: party.key, party.2.key, …
//! [[party_keys]]                              the links from the party keys before
//! [succeeds]                                  the log that its log succeeds
//! ```
//! INVARIANT: a key's file is durable before a generation names it, so that this file always leads to keys.

use super::{Directory, DirectoryError};
use crate::files;
use comity_exchange::federation::identity::{EndedLog, KeyLink};
use comity_terms::{Party, Timestamp};
use serde::{Deserialize, Serialize};

/// Who a gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The party that it speaks for.
    pub jurisdiction: Party,
    /// The authority that runs it.
    pub authority: String,
    /// The name of its store, and of its first log: `comity/XA/1f2e3d4c`, drawn once.
    pub origin: String,
    /// When it was made, UTC.
    pub since: Timestamp,
    /// How often its keys have changed.
    pub sequence: u64,
    /// Which keys are in use.
    pub generations: Generations,
    /// From the party keys before to the one in use, oldest first.
    pub party_keys: Vec<KeyLink>,
    /// The log that its log succeeds.
    pub succeeds: Option<EndedLog>,
}

/// Which of its keys of each kind a gateway uses, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generations {
    /// Signs laws, offers and answers.
    pub party: u32,
    /// Signs the log's checkpoints.
    pub log: u32,
    /// Cosigns partners' logs.
    pub witness: u32,
    /// The federation certificate.
    pub certificate: u32,
    /// The certificate that partners are told to let in, and that is used once they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_certificate: Option<u32>,
}

impl Default for Generations {
    fn default() -> Self {
        Self { party: 1, log: 1, witness: 1, certificate: 1, next_certificate: None }
    }
}

impl Gateway {
    /// The name of the log in use: that of the store, and a number from the second on.
    #[must_use]
    pub fn log_origin(&self) -> String {
        self.log_origin_of(self.generations.log)
    }

    /// The name of one of its logs.
    #[must_use]
    pub fn log_origin_of(&self, generation: u32) -> String {
        if generation == 1 { self.origin.clone() } else { format!("{}/{generation}", self.origin) }
    }

    /// Which of its logs has this name, from 1; `None` where none has.
    #[must_use]
    pub fn log_generation(&self, origin: &str) -> Option<u32> {
        if origin == self.origin {
            return Some(1);
        }
        let generation: u32 = origin.strip_prefix(&self.origin)?.strip_prefix('/')?.parse().ok()?;
        (generation > 1 && self.log_origin_of(generation) == origin).then_some(generation)
    }

    /// The name that its cosignatures carry.
    #[must_use]
    pub fn witness_name(&self) -> String {
        match self.generations.witness {
            1 => format!("{}/witness", self.origin),
            generation => format!("{}/witness/{generation}", self.origin),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayFile {
    jurisdiction: String,
    authority: String,
    origin: String,
    since: String,
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    generations: Generations,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    party_keys: Vec<KeyLink>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    succeeds: Option<EndedLog>,
}

impl Directory {
    /// Who the gateway is.
    ///
    /// # Errors
    /// [`DirectoryError::Content`] when the file does not read.
    pub fn gateway(&self) -> Result<Gateway, DirectoryError> {
        let path = self.gateway_path();
        let text = self.text(&path)?;
        let content = |reason: String| DirectoryError::Content { path: path.clone(), reason };
        let file: GatewayFile = toml::from_str(&text).map_err(|error| content(error.to_string()))?;
        Ok(Gateway {
            jurisdiction: Party::new(&file.jurisdiction).map_err(|error| content(error.to_string()))?,
            since: file.since.parse().map_err(|error| content(format!("since: {error}")))?,
            authority: file.authority,
            origin: file.origin,
            sequence: file.sequence,
            generations: file.generations,
            party_keys: file.party_keys,
            succeeds: file.succeeds,
        })
    }

    /// Makes `gateway` what this directory says of itself from now on: all of it or nothing, durably.
    ///
    /// # Errors
    /// [`DirectoryError`]; what it said before, or this, holds.
    pub fn write_gateway(&self, gateway: &Gateway) -> Result<(), DirectoryError> {
        let path = self.gateway_path();
        let file = GatewayFile {
            jurisdiction: gateway.jurisdiction.to_string(),
            authority: gateway.authority.clone(),
            origin: gateway.origin.clone(),
            since: gateway.since.to_string(),
            sequence: gateway.sequence,
            generations: gateway.generations,
            party_keys: gateway.party_keys.clone(),
            succeeds: gateway.succeeds.clone(),
        };
        let text = toml::to_string(&file)
            .map_err(|error| DirectoryError::Content { path: path.clone(), reason: error.to_string() })?;
        Ok(files::replace(&path, text.as_bytes())?)
    }
}
