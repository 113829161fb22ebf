//! What the store is asked and told about opt-outs and mandates.
//!
//! Of a person there are tags alone, under the key of a period that lies beside the epoch keys: no name, no number, nothing
//! that can be read. What an opt-out means for an exchange is [`opt_out`](crate::opt_out)'s.

use super::{StoreError, SubjectTag};
use crate::wire::Text;
use comity_terms::ids::{MandateId, OptOutId};
use comity_terms::{Activity, Digest, Month, PackSlug, Party, Purpose, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::str::FromStr;

/// Where an opt-out stands. That it has ended by itself is told by its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutState {
    /// Filed; nobody has seen yet who filed it.
    Waiting,
    /// In effect.
    InForce,
    /// The law lets it not take effect.
    Refused,
    /// Whoever filed it has withdrawn it.
    Withdrawn,
}

impl OptOutState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::InForce, Self::Refused, Self::Withdrawn];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InForce => "in_force",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether it still needs the tags of whom it is about.
    #[must_use]
    pub fn has_tags(self) -> bool {
        matches!(self, Self::Waiting | Self::InForce)
    }
}

impl fmt::Display for OptOutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no state of an opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no state of an opt-out")]
pub struct OptOutStateError;

impl FromStr for OptOutState {
    type Err = OptOutStateError;

    fn from_str(text: &str) -> Result<Self, OptOutStateError> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(OptOutStateError)
    }
}

/// One opt-out. A row is replaced by that of the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutRow {
    /// Its number.
    pub id: OptOutId,
    /// The month that names the key of its tags: the last one of the year in which it ends.
    pub period: Month,
    /// Where it stands.
    pub state: OptOutState,
    /// The categories of data, as the vocabulary has them.
    pub categories: BTreeSet<String>,
    /// When it was filed, UTC.
    pub filed_at: Timestamp,
    /// When it ends by itself, UTC.
    pub until: Timestamp,
    /// How often the row was written.
    pub version: u32,
    /// The rest: nothing of who filed it.
    pub detail: OptOutDetail,
}

/// The rest of an opt-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOutDetail {
    /// The digest of the code that its status is shown for, and that withdraws it.
    pub code: Text<Digest>,
    /// When it took effect, was refused or was withdrawn last, UTC.
    pub decided_at: Option<Text<Timestamp>>,
    /// Who decided: an officer's name.
    pub officer: Option<String>,
    /// Why it was refused, and where to turn.
    pub refusal: Option<Json>,
}

/// One tag of whoever filed an opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OptOutTag {
    /// The opt-out.
    pub opt_out: OptOutId,
    /// The month that names the tag's key.
    pub period: Month,
    /// The tag.
    pub tag: SubjectTag,
}

/// A mandate that a body which speaks for people gave: within it, and until it ends, flows may claim consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandateRow {
    /// Its id.
    pub id: MandateId,
    /// Since when, UTC.
    pub from: Timestamp,
    /// Until when, UTC.
    pub until: Timestamp,
    /// When it was ended before that, UTC.
    pub ended: Option<Timestamp>,
    /// How often the row was written.
    pub version: u32,
    /// What it covers.
    pub mandate: Mandate,
}

/// What a mandate covers: everything that is named, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// Who gave it: the body, as it is called in public.
    pub body: String,
    /// The act or resolution, as it is cited.
    pub citation: String,
    /// The digest of its text.
    pub document: Text<Digest>,
    /// The agreements.
    pub agreements: BTreeSet<Text<PackSlug>>,
    /// The receivers.
    pub receivers: BTreeSet<Text<Party>>,
    /// The agreed categories of cooperation.
    pub activities: BTreeSet<Text<Activity>>,
    /// What for.
    pub purposes: BTreeSet<Text<Purpose>>,
    /// The categories of data.
    pub data_categories: BTreeSet<String>,
    /// The special categories of personal data; none unless named.
    #[serde(default)]
    pub sensitive: BTreeSet<String>,
}

/// Opt-outs and mandates.
pub trait OptOuts: Send + Sync + 'static {
    /// The periods in which an opt-out is in effect at `now`.
    fn opt_out_periods(&self, now: Timestamp) -> impl Future<Output = Result<Vec<Month>, StoreError>> + Send;

    /// The categories that whoever these tags stand for has opted out of, as far as it is in effect at `now`: one row for
    /// each tag and opt-out.
    fn opted_out(
        &self,
        tags: Vec<(Month, SubjectTag)>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<(Month, SubjectTag, BTreeSet<String>)>, StoreError>> + Send;

    /// An opt-out.
    fn opt_out(&self, id: OptOutId) -> impl Future<Output = Result<Option<OptOutRow>, StoreError>> + Send;

    /// The tags of an opt-out, in order.
    fn opt_out_tags(
        &self,
        id: OptOutId,
    ) -> impl Future<Output = Result<BTreeSet<SubjectTag>, StoreError>> + Send;

    /// Every opt-out by the instant of filing.
    fn opt_outs(&self) -> impl Future<Output = Result<Vec<OptOutRow>, StoreError>> + Send;

    /// Every mandate by the instant from which it holds.
    fn mandates(&self) -> impl Future<Output = Result<Vec<MandateRow>, StoreError>> + Send;
}
