//! Where each thing lies; what lies there is not looked at.

use super::{Directory, SeedOf};
use comity_terms::Party;
use std::path::{Path, PathBuf};

impl Directory {
    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The keys directory.
    #[must_use]
    pub fn keys(&self) -> &Path {
        &self.keys
    }

    /// What the operator sets.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.data.join("settings.toml")
    }

    /// Where a log that ended is published.
    #[must_use]
    pub fn ended_log(&self, generation: u32) -> PathBuf {
        self.data.join("log.ended").join(generation.to_string())
    }

    /// What a succession under way has read from the mark, until the successor is in use.
    #[must_use]
    pub fn succession(&self) -> PathBuf {
        self.identity().join("succession")
    }

    /// Where it is kept which identity a partner has heard last.
    #[must_use]
    pub fn heard(&self, party: &Party) -> PathBuf {
        self.identity().join("heard").join(party.as_str())
    }

    pub(super) fn database_path(&self) -> PathBuf {
        self.data.join("database")
    }

    /// The socket for commands.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.data.join("comity.sock")
    }

    /// The published log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data.join("log")
    }

    /// Packs as adopted.
    #[must_use]
    pub fn law(&self) -> PathBuf {
        self.data.join("law")
    }

    /// Receipts.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.data.join("receipts")
    }

    /// The epoch keys.
    #[must_use]
    pub fn epoch_keys(&self) -> PathBuf {
        self.keys.join("epoch")
    }

    /// The transport keys.
    #[must_use]
    pub fn transport_keys(&self) -> PathBuf {
        self.keys.join("transport")
    }

    /// The secrets of pseudonyms.
    #[must_use]
    pub fn token_secrets(&self) -> PathBuf {
        self.keys.join("tokens")
    }

    /// The secrets of tags of persons.
    #[must_use]
    pub fn subject_secrets(&self) -> PathBuf {
        self.keys.join("subjects")
    }

    /// The secrets of days of blind matching.
    #[must_use]
    pub fn match_secrets(&self) -> PathBuf {
        self.keys.join("matches")
    }

    /// The secrets of tags of opt-outs.
    #[must_use]
    pub fn opt_out_secrets(&self) -> PathBuf {
        self.keys.join("opt_outs")
    }

    /// The secrets of endpoints.
    #[must_use]
    pub fn webhook_secrets(&self) -> PathBuf {
        self.keys.join("webhooks")
    }

    /// The key of the index of collections.
    #[must_use]
    pub fn index_key(&self) -> PathBuf {
        self.keys.join("index")
    }

    /// The log's high-water mark.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.keys.join("mark")
    }

    pub(super) fn identity(&self) -> PathBuf {
        self.data.join("identity")
    }

    pub(super) fn gateway_path(&self) -> PathBuf {
        self.identity().join("gateway.toml")
    }

    pub(super) fn seed_path(&self, of: SeedOf, generation: u32) -> PathBuf {
        let name = match of {
            SeedOf::Party => "party",
            SeedOf::Log => "log",
            SeedOf::Witness => "witness",
        };
        self.identity().join(numbered(name, generation, "key"))
    }
}

/// `party.key` for the first generation, `party.2.key` for the second.
pub(super) fn numbered(name: &str, generation: u32, ending: &str) -> String {
    if generation == 1 { format!("{name}.{ending}") } else { format!("{name}.{generation}.{ending}") }
}
