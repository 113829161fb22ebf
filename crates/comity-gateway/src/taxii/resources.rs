//! TAXII's resources, as they are written: sections 4 and 5.

use super::media;
use crate::work::dry::WouldBe;
use comity_exchange::collect::StandingRequest;
use comity_terms::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Section 4.1.1.
#[derive(Serialize)]
pub(super) struct Discovery<'a> {
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) contact: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) api_roots: &'a [String],
}

/// Section 4.2.1.
#[derive(Serialize)]
pub(super) struct ApiRoot<'a> {
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) versions: [&'a str; 1],
    pub(super) max_content_length: usize,
}

/// Section 5.2.1.
#[derive(Serialize)]
pub(super) struct Collection<'a> {
    id: String,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    can_read: bool,
    can_write: bool,
    media_types: [&'a str; 1],
}

impl<'a> Collection<'a> {
    pub(super) fn of(request: &'a StandingRequest) -> Self {
        Self {
            id: request.id.0.to_string(),
            title: &request.title,
            description: request.description.as_deref(),
            can_read: request.can_read,
            can_write: request.can_write,
            media_types: [media::STIX],
        }
    }
}

/// Section 5.1.1.
#[derive(Serialize)]
pub(super) struct Collections<'a> {
    pub(super) collections: Vec<Collection<'a>>,
}

/// A page (sections 3.7, 5.3.1, 5.8.1), of objects, manifest records or versions: empty lists are not written.
#[derive(Serialize)]
pub(super) struct Page<T> {
    #[serde(skip_serializing_if = "is_false")]
    pub(super) more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    #[serde(flatten)]
    pub(super) items: T,
}

#[derive(Serialize)]
pub(super) struct Objects<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) objects: Vec<&'a RawValue>,
}

#[derive(Serialize)]
pub(super) struct Manifest {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) objects: Vec<ManifestRecord>,
}

/// Section 5.3.1.
#[derive(Serialize)]
pub(super) struct ManifestRecord {
    pub(super) id: String,
    pub(super) date_added: String,
    pub(super) version: String,
    pub(super) media_type: &'static str,
}

#[derive(Serialize)]
pub(super) struct Versions {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<String>,
}

/// Whether a request is still under way: section 4.3.1.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Every object has succeeded or failed.
    Complete,
    /// Some object waits.
    Pending,
}

/// Section 4.3.1.
#[derive(Serialize, Deserialize, Clone)]
pub(super) struct Status {
    pub(super) id: String,
    /// A property of our own (section 6.1): of what would be, and is not. A dry run is kept nowhere.
    #[serde(rename = "x_comity_dry_run", skip_serializing_if = "is_false", skip_deserializing)]
    pub(super) dry_run: bool,
    pub(super) status: State,
    pub(super) request_timestamp: String,
    pub(super) total_count: usize,
    pub(super) success_count: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) successes: Vec<StatusDetail>,
    pub(super) failure_count: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failures: Vec<StatusDetail>,
    pub(super) pending_count: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pendings: Vec<StatusDetail>,
}

/// Section 4.3.1.
#[derive(Serialize, Deserialize, Clone)]
pub(super) struct StatusDetail {
    pub(super) id: String,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

/// What would come of a GET, in the place of its answer: a property of our own (section 6.1).
#[derive(Serialize)]
pub(super) struct WouldUse<'a> {
    #[serde(rename = "x_comity_dry_run")]
    pub(super) would: &'a WouldBe,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(more: &bool) -> bool {
    !more
}

/// An instant as TAXII writes it (section 1.6.5): UTC, with microseconds.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// A version as STIX writes it: milliseconds at least, more where there are more.
pub(super) fn version(at: Timestamp) -> String {
    let nanoseconds = at.subsec_nanosecond();
    match nanoseconds {
        n if n % 1_000_000 == 0 => format!("{at:.3}"),
        n if n % 1_000 == 0 => format!("{at:.6}"),
        _ => format!("{at:.9}"),
    }
}
