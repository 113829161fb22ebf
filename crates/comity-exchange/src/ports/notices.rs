//! What the store is asked and told about notices to persons.
//!
//! Leaves what a notice says, and when it may wait, to [`notice`](crate::notice).

use super::StoreError;
use crate::wire::Text;
use comity_terms::ids::{NoticeId, SegmentId};
use comity_terms::{ExchangeId, Office, PackSlug, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeState {
    /// An exchange gave rise to it; what came of the exchange is not known, and no clock is fixed.
    Arisen,
    /// It is owed, and its clock runs.
    Open,
    /// It is put off until a date.
    Deferred,
    /// It is on its way.
    Issued,
    /// It was handed over.
    Given,
    /// It is owed no more, and was not given.
    Closed,
}

impl NoticeState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Arisen, Self::Open, Self::Deferred, Self::Issued, Self::Given, Self::Closed];

    /// Its word in output and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arisen => "arisen",
            Self::Open => "open",
            Self::Deferred => "deferred",
            Self::Issued => "issued",
            Self::Given => "given",
            Self::Closed => "closed",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether something is owed still.
    #[must_use]
    pub fn is_owed(self) -> bool {
        !matches!(self, Self::Given | Self::Closed)
    }
}

/// A notice to a person. A row is replaced by that of the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its number.
    pub id: NoticeId,
    /// Where it stands.
    pub state: NoticeState,
    /// The exchange that gave rise to it, where one did.
    pub exchange: Option<ExchangeId>,
    /// The agreement whose law is asked of it, beside that of this party.
    pub agreement: PackSlug,
    /// When it arose, UTC.
    pub arisen_at: Timestamp,
    /// By when the person is to be told, by plain arithmetic, UTC. Of one that is put off, when it goes out.
    pub due_operational: Timestamp,
    /// The last lawful instant, UTC.
    pub due_legal_latest: Timestamp,
    /// When it is looked at next, UTC; `None` when it is not.
    pub next_at: Option<Timestamp>,
    /// When it was found that the person had not been told in time, UTC.
    pub overdue_since: Option<Timestamp>,
    /// When it was given or closed, UTC.
    pub ended_at: Option<Timestamp>,
    /// How often the row was written.
    pub version: u32,
    /// The rest: nothing of whom it goes to, and nothing of what it says.
    pub detail: NoticeDetail,
}

/// The rest of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoticeDetail {
    /// The rules that owe it: `pack/rule`, with their articles. None where an officer opened it on their own.
    pub owed_by: Vec<(String, String)>,
    /// Whether `due_…` are of the rules that owe it.
    pub has_due: bool,
    /// The segment that holds whom it goes to and what it says, sealed; `None` while nobody said whom.
    pub file: Option<Text<SegmentId>>,
    /// How it was put off, first to last.
    pub deferrals: Vec<Deferral>,
    /// What waits for offices.
    pub proposed: Option<Proposed>,
    /// By which road it goes, once it is on its way: `mailbox` or `email`.
    pub road: Option<String>,
    /// How often handing it over failed.
    pub failures: u32,
    /// Why it failed last: words of this program, and what a server said in numbers.
    pub trouble: Option<String>,
    /// Why it was closed: a reason code.
    pub closed_for: Option<String>,
}

/// One deferral: a dated act of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// The ground: a word of the vocabulary.
    pub ground: String,
    /// The rules that list it: `pack/rule`, with their articles.
    pub listed_by: Vec<(String, String)>,
    /// When it was put off, UTC.
    pub at: Text<Timestamp>,
    /// When it is looked at again, and goes out unless it is put off anew, UTC.
    pub recheck: Text<Timestamp>,
    /// The segment that holds the reasons, sealed.
    pub reasons: Text<SegmentId>,
    /// Who put it off: an officer's name.
    pub officer: String,
    /// Who approved, by office.
    pub approved: Vec<(Text<Office>, String)>,
    /// When its ground ended before its date, UTC.
    pub ended: Option<Text<Timestamp>>,
}

/// What an officer proposes and offices have to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// A deferral; `None` for sending it.
    pub deferral: Option<Deferral>,
    /// Who proposes: an officer's name.
    pub officer: String,
    /// The offices that have to approve.
    pub offices: Vec<Text<Office>>,
    /// Those that did, each with the officer's name.
    pub approved: Vec<(Text<Office>, String)>,
    /// Until when it may be approved, UTC.
    pub until: Text<Timestamp>,
}

/// The notices of a gateway.
pub trait Notices: Send + Sync + 'static {
    /// Every notice by the instant at which it arose: those that are owed, with `all` the others too.
    fn notices(&self, all: bool) -> impl Future<Output = Result<Vec<NoticeRow>, StoreError>> + Send;

    /// A part of the notices that are owed, the one that arose first first: at most `limit`, from behind the one that arose at
    /// this instant and has this number.
    fn notices_owed(
        &self,
        after: Option<(Timestamp, NoticeId)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<NoticeRow>, StoreError>> + Send;

    /// A notice.
    fn notice(&self, id: NoticeId) -> impl Future<Output = Result<Option<NoticeRow>, StoreError>> + Send;

    /// Those to be looked at by `now`, the longest waiting first; at most `limit`.
    fn notices_due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<NoticeRow>, StoreError>> + Send;
}
