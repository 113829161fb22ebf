//! Closing a notice that nobody is owed: by an officer's signed act, where the law has said so.
//!
//! Law said so where the decision on the exchange that the person is to be told of owes no notice: then it was an officer
//! who opened it, and an officer may close it. A notice about no exchange has no decision that says anything; one that a
//! decision owes goes out, or waits on a ground that the law lists.

use super::record::{changed, facts, old, written};
use super::{Done, Refusal, Teller};
use crate::ExchangeError;
use crate::alone::ended;
use crate::erase::facts_of;
use crate::ports::{NoticeRow, NoticeState, Record, StoreError};
use comity_terms::{Act, ReasonCode};
use serde_json::{Value as Json, json};

/// The reason where a decision owes it, or none says that it is not owed.
const OWED: &str = "notice_owed";

/// How an officer closes a notice.
#[derive(Debug, Clone)]
pub struct Closing {
    /// Why: a word of the vocabulary.
    pub reason: ReasonCode,
    /// Whose act it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
}

/// Closes a notice that waits, where the decision on its exchange owes none; whom it was to go to is erased.
///
/// # Errors
/// [`StoreError::Conflict`] when it is on its way by now; nothing changed.
pub async fn close<W: Teller>(world: &W, row: NoticeRow, closing: &Closing) -> Result<Done, ExchangeError> {
    if !matches!(row.state, NoticeState::Open | NoticeState::Deferred) {
        return Err(StoreError::Conflict("a notice that waits no more").into());
    }
    let Closing { reason, by } = closing;
    if row.exchange.is_none() || !row.detail.owed_by.is_empty() {
        let owed_by = row.detail.owed_by.iter();
        let citations = owed_by
            .map(|(rule, article)| json!({ "rule": rule, "article": article, "effect": "obligation" }));
        let refusal = Refusal { reasons: vec![OWED.to_owned()], citations: citations.collect() };
        written(world, |_| {
            let mut facts = facts(&row);
            facts["outcome"] = "deny".into();
            facts["reasons"] = json!(refusal.reasons);
            facts["closed_for"] = reason.to_string().into();
            facts["ordered"] = by.clone();
            Ok((row.clone(), vec![(Act::NoticeClosed, facts)], Record::default()))
        })
        .await?;
        return Ok(Done::Refused(refusal));
    }
    let now = world.now();
    let sealed = old(world, row.detail.file).await?;
    let row = written(world, |_| {
        let mut row = NoticeRow {
            state: NoticeState::Closed,
            next_at: None,
            ended_at: Some(now),
            ..changed(row.clone())
        };
        row.detail.closed_for = Some(reason.to_string());
        row.detail.proposed = None;
        row.detail.file = None;
        let mut facts = facts(&row);
        facts["outcome"] = "permit".into();
        facts["closed_for"] = reason.to_string().into();
        facts["ordered"] = by.clone();
        let gone = (!sealed.is_empty()).then(|| (Act::RecordsErased, facts_of(&sealed, "no_longer_needed")));
        let acts = std::iter::once((Act::NoticeClosed, facts)).chain(gone).collect();
        let erased = ended(&sealed, now);
        Ok((row.clone(), acts, Record { notices: vec![row], erased, ..Record::default() }))
    })
    .await?;
    Ok(Done::Yes(row))
}
