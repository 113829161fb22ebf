//! What the store is asked and told about blind matching, and the road that questions go by.
//!
//! Nothing of it tells a value: a filter leads nowhere without its day's key, which lies beside the epoch keys and is
//! destroyed when the day has passed.

use super::{Integrated, Peer, PeerError, StoreError};
use crate::entry::PublicEntry;
use crate::federation::frame::SignedHeader;
use comity_terms::ids::MatchId;
use comity_terms::{Activity, Day, Digest, Month, PackSlug, Party, Purpose};
use std::future::Future;

/// On which side of a question a gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchSide {
    /// Its set is asked about.
    Holder,
    /// It asks.
    Asker,
}

/// What one key and one filter of a day are for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchScope {
    /// The partner.
    pub peer: Party,
    /// The agreement.
    pub agreement: PackSlug,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// What else the laws are asked with, and these: another question is answered with another key and filter.
    pub question: Digest,
}

/// The key and filter of a day. There is one of a scope and day at each side, and it stays as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct MatchEpochRow {
    /// Whose.
    pub side: MatchSide,
    /// What it is for.
    pub scope: MatchScope,
    /// The day.
    pub day: Day,
    /// What the holder signed.
    pub statement: SignedHeader,
    /// The holder's receipt, as it came; `None` at the holder, whose own log has it.
    pub receipt: Option<String>,
    /// The filter.
    pub filter: Vec<u8>,
}

impl std::fmt::Debug for MatchEpochRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { side, scope, day, filter, .. } = self;
        write!(f, "MatchEpochRow {side:?} {} {day}, filter of {} bytes", scope.peer, filter.len())
    }
}

/// An answer that was given to a batch, or to a view: the same message gets it again.
#[derive(Clone, PartialEq, Eq)]
pub struct MatchAnswerRow {
    /// What the message is known by.
    pub message: Digest,
    /// Who asked.
    pub peer: Party,
    /// The question.
    pub id: MatchId,
    /// Which batch of it, from 1; 0 where it is a view.
    pub batch: u32,
    /// The day of its key; of a view the last one on which it is kept.
    pub day: Day,
    /// The answer's header as signed.
    pub answer: SignedHeader,
    /// What follows it.
    pub bodies: Vec<u8>,
}

impl std::fmt::Debug for MatchAnswerRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MatchAnswerRow {} batch {} of {}", self.id, self.batch, self.peer)
    }
}

/// An answer found again, with its entry and where that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMatch {
    /// The answer.
    pub row: MatchAnswerRow,
    /// Its entry.
    pub entry: PublicEntry,
    /// Where it was integrated.
    pub integrated: Integrated,
}

/// What a partner has used of its budget in a month. It changes from what was found; anything else is a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchSpent {
    /// The partner.
    pub peer: Party,
    /// The agreement.
    pub agreement: PackSlug,
    /// What for.
    pub purpose: Purpose,
    /// The month, UTC.
    pub month: Month,
    /// Evaluations, as found.
    pub before: u64,
    /// Evaluations, from now on.
    pub after: u64,
}

/// What one act changes of it. What is empty changes nothing.
#[derive(Debug, Default)]
pub struct MatchChange {
    /// Keys and filters of a day; of one that is there already, a conflict. The record's first entry is a holder's.
    pub epochs: Vec<MatchEpochRow>,
    /// Answers given, by the record's first entry. Another one to a batch is a conflict.
    pub answers: Vec<MatchAnswerRow>,
    /// What was used of a budget.
    pub spent: Option<MatchSpent>,
    /// Keys, filters and answers of days before this one go; budgets of months before its own.
    pub ended: Option<Day>,
}

impl MatchChange {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.epochs.is_empty() && self.answers.is_empty() && self.spent.is_none() && self.ended.is_none()
    }
}

/// Where blind matching is kept. It changes by a [`Record`](super::Record).
pub trait Matches: Send + Sync + 'static {
    /// The key and filter of a day.
    fn match_epoch(
        &self,
        side: MatchSide,
        scope: &MatchScope,
        day: Day,
    ) -> impl Future<Output = Result<Option<MatchEpochRow>, StoreError>> + Send;

    /// The entry by which a holder made a day's key and filter ready, and where it was integrated.
    fn match_opened(
        &self,
        scope: &MatchScope,
        day: Day,
    ) -> impl Future<Output = Result<Option<(PublicEntry, Integrated)>, StoreError>> + Send;

    /// The answer that was given to a message.
    fn match_answer(
        &self,
        message: Digest,
    ) -> impl Future<Output = Result<Option<StoredMatch>, StoreError>> + Send;

    /// The message that was answered as this batch of a partner's question.
    fn match_message(
        &self,
        peer: &Party,
        id: MatchId,
        batch: u32,
    ) -> impl Future<Output = Result<Option<Digest>, StoreError>> + Send;

    /// For how many scopes a partner's key and filter of a day are there, at the holder.
    fn match_scopes(&self, peer: &Party, day: Day) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Whether keys, filters or answers of days before this one are there.
    fn matches_before(&self, day: Day) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How many evaluations a partner has used in a month.
    fn match_spent(
        &self,
        peer: &Party,
        agreement: &PackSlug,
        purpose: &Purpose,
        month: Month,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// The road that questions go to a partner's gateway by.
pub trait MatchRoad: Send + Sync + 'static {
    /// Sends a question's frame and gives the answer's frame.
    ///
    /// # Errors
    /// [`PeerError`]; no answer decides nothing.
    fn ask_match(
        &self,
        peer: &Peer,
        frame: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, PeerError>> + Send;
}
