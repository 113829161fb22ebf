//! Endpoints that are told of acts, and how far each has been told.

use super::StoreError;
use comity_terms::Timestamp;
use comity_terms::ids::WebhookId;
use comity_tlog::LeafIndex;
use std::future::Future;

/// An endpoint. A record replaces its row by the one of the next version; where another version is there by then, that
/// is a conflict: of two that change it at once, one hears that the other was faster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Where it is.
    pub url: String,
    /// What it is told of: names of acts and `family.*`, with spaces between.
    pub events: String,
    /// The officer who asked for it.
    pub officer: String,
    /// Since when, UTC.
    pub from: Timestamp,
    /// When it was ended; `None` while it was not.
    pub ended: Option<Timestamp>,
    /// How often the row was written: 1 for the first.
    pub version: u32,
    /// The first entry that it was not told of.
    pub next: LeafIndex,
    /// How many tries have failed since the last that did not.
    pub failures: u32,
    /// The first of these, UTC.
    pub failing_since: Option<Timestamp>,
    /// Why the last one failed, in words of this program.
    pub trouble: Option<String>,
    /// No try before this instant, UTC: the next one, or the end of one that is under way.
    pub next_at: Timestamp,
    /// When it was given up; `None` while it is told.
    pub disabled: Option<Timestamp>,
}

impl WebhookRow {
    /// Whether it is told of anything.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.ended.is_none() && self.disabled.is_none()
    }
}

/// Where endpoints are kept. They change by a [`Record`](super::Record).
pub trait Webhooks: Send + Sync + 'static {
    /// Every endpoint, those that ended too, oldest first.
    fn webhooks(&self) -> impl Future<Output = Result<Vec<WebhookRow>, StoreError>> + Send;
}
