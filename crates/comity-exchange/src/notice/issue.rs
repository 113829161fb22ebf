//! A notice goes out: the law is asked once more, what it says is fixed, it is recorded, and then handed over.

use super::law::{Ruled, of_telling};
use super::matter::{Matter, stated};
use super::record::{changed, facts, filed, old, refiled, written};
use super::{Done, Letter, NoticeFile, Teller};
use crate::ExchangeError;
use crate::ports::{NoticeRow, NoticeState, Proposed, Record, StoreError};
use crate::wire::Text;
use comity_agreement::Outcome;
use comity_terms::{Act, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The roads by which notices may be handed over here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// Whether there is a server for e-mail.
    pub email: bool,
}

/// Why a notice does not go out, or not yet: the words of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody said whom it goes to, or that is erased.
    NoAddressee,
    /// The law forbids it now.
    LawRefuses,
    /// An office has to approve first.
    LawEscalates,
    /// No road that is here leads there.
    NoRoad,
    /// It was not taken where it was handed over.
    NotTaken,
}

impl Trouble {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAddressee => "no_addressee",
            Self::LawRefuses => "law_refuses",
            Self::LawEscalates => "law_escalates",
            Self::NoRoad => "no_road",
            Self::NotTaken => "not_taken",
        }
    }
}

/// Sends a notice out, as far as the law permits it now. By an officer, it ends what it was put off for; without one it is
/// the sweep's, for what is due. Where an office has to approve, an officer's word is noted for it.
///
/// # Errors
/// [`ExchangeError::Question`] when it goes to nobody, or by no road that is here; [`StoreError::Conflict`] when it is on its
/// way by now.
pub async fn issue<W: Teller>(
    world: &W,
    row: NoticeRow,
    officer: Option<(&str, &Json, Timestamp)>,
    way: Way,
) -> Result<Result<Done, Trouble>, ExchangeError> {
    if !matches!(row.state, NoticeState::Open | NoticeState::Deferred) {
        return Err(StoreError::Conflict("a notice that waits no more").into());
    }
    let now = world.now();
    let file = filed(world, &row).await?;
    if file.as_ref().is_none_or(|file| file.to.is_none()) {
        return Ok(Err(Trouble::NoAddressee));
    }
    if road(file.as_ref(), way).is_none() {
        return Ok(Err(Trouble::NoRoad));
    }
    let matter = Matter::of(world, &row, &stated(world, &row, file.as_ref())?).await?;
    let ruled = of_telling(world, &matter, &BTreeSet::new(), now)?;
    match (ruled.outcome(), officer) {
        (Outcome::Permitted, officer) => {
            let ordered = officer.map(|(_, by, _)| by.clone());
            let acts = |row: &NoticeRow| {
                let mut facts = facts(row);
                facts["ground_ended"] = ordered.clone().unwrap_or_default();
                if row.detail.deferrals.last().is_some_and(|last| last.ended == Some(Text(now))) {
                    vec![(Act::NoticeDeferred, facts)]
                } else {
                    Vec::new()
                }
            };
            out(world, row, (&matter, &ruled, file), way, acts).await.map(|row| Ok(Done::Yes(row)))
        }
        (Outcome::Escalated, Some((officer, by, until))) => {
            let row = written(world, |_| {
                let mut row = changed(row.clone());
                row.detail.proposed = Some(Proposed {
                    deferral: None,
                    officer: officer.to_owned(),
                    offices: ruled.offices().into_iter().map(Text).collect(),
                    approved: Vec::new(),
                    until: Text(until),
                });
                let mut facts = facts(&row);
                facts["asked"] = ruled.recorded();
                facts["outcome"] = "escalate".into();
                facts["ordered"] = by.clone();
                let change = Record { notices: vec![row.clone()], ..Record::default() };
                Ok((row, vec![(Act::NoticeIssued, facts)], change))
            })
            .await?;
            Ok(Ok(Done::Proposed(row)))
        }
        (Outcome::Escalated, None) => Ok(Err(Trouble::LawEscalates)),
        (Outcome::Refused, None) => Ok(Err(Trouble::LawRefuses)),
        (Outcome::Refused, Some(_)) => Ok(Ok(Done::Refused(ruled.refusal()))),
    }
}

/// The road that leads to whom it goes to.
fn road(file: Option<&NoticeFile>, way: Way) -> Option<&'static str> {
    let to = file?.to.as_ref()?;
    match (&to.email, &to.mailbox) {
        (Some(_), _) if way.email => Some("email"),
        (_, Some(_)) => Some("mailbox"),
        _ => None,
    }
}

/// The notice is on its way: what it says is sealed with whom it goes to, and it is recorded.
pub(super) async fn out<W: Teller>(
    world: &W,
    row: NoticeRow,
    (matter, ruled, file): (&Matter, &Ruled, Option<NoticeFile>),
    way: Way,
    before: impl Fn(&NoticeRow) -> Vec<(Act, Json)>,
) -> Result<NoticeRow, ExchangeError> {
    let now = world.now();
    let road = road(file.as_ref(), way)
        .ok_or_else(|| ExchangeError::Question("no road that is here leads to whom it goes to".to_owned()))?;
    let mut row = row;
    if let Some(last) = row.detail.deferrals.last_mut()
        && last.recheck.0 > now
        && last.ended.is_none()
    {
        last.ended = Some(Text(now));
        // The ground is gone: it is due now, and late is seen.
        (row.due_operational, row.due_legal_latest) = (now, now);
    }
    let file = NoticeFile { letter: Some(matter.letter(world, &row, now)?), ..file.unwrap_or_default() };
    let old_file = old(world, row.detail.file).await?;
    written(world, |world| {
        let mut row = NoticeRow { state: NoticeState::Issued, next_at: Some(now), ..changed(row.clone()) };
        row.detail.road = Some(road.to_owned());
        row.detail.proposed = None;
        row.detail.trouble = None;
        row.detail.failures = 0;
        let (ended, mut change) = refiled(world, &mut row, &file, &old_file)?;
        change.notices = vec![row.clone()];
        let mut facts = facts(&row);
        facts["asked"] = ruled.recorded();
        facts["road"] = road.into();
        facts["outcome"] = "permit".into();
        let mut acts = before(&row);
        acts.push((Act::NoticeIssued, facts));
        acts.extend(ended);
        Ok((row, acts, change))
    })
    .await
}

/// A notice was handed over: that is recorded, and nothing of it is owed any more.
///
/// # Errors
/// [`StoreError::Conflict`] when another hand has noted it.
pub async fn given<W: Teller>(world: &W, row: NoticeRow) -> Result<NoticeRow, ExchangeError> {
    let now = world.now();
    written(world, |_| {
        let mut row = NoticeRow {
            state: NoticeState::Given,
            next_at: None,
            ended_at: Some(now),
            ..changed(row.clone())
        };
        row.detail.trouble = None;
        let mut facts = facts(&row);
        facts["road"] = json!(row.detail.road);
        let change = Record { notices: vec![row.clone()], ..Record::default() };
        Ok((row, vec![(Act::NoticeGiven, facts)], change))
    })
    .await
}

/// Notes why a notice did not go out, or was not taken, and when that is tried again.
///
/// # Errors
/// [`ExchangeError::Store`].
pub async fn failed<W: Teller>(
    world: &W,
    row: NoticeRow,
    why: String,
    again: Option<Timestamp>,
) -> Result<NoticeRow, ExchangeError> {
    written(world, |_| {
        let mut row = NoticeRow { next_at: again, ..changed(row.clone()) };
        // What it was put off for is over, whether it goes out or not.
        if row.state == NoticeState::Deferred {
            row.state = NoticeState::Open;
        }
        row.detail.failures = row.detail.failures.saturating_add(1);
        row.detail.trouble = Some(why.clone());
        Ok((row.clone(), Vec::new(), Record { notices: vec![row], ..Record::default() }))
    })
    .await
}

/// Flags that a person was not told in time: once, with an entry.
///
/// # Errors
/// [`ExchangeError::Store`].
pub async fn overdue<W: Teller>(world: &W, row: NoticeRow, why: Trouble) -> Result<NoticeRow, ExchangeError> {
    let now = world.now();
    if row.overdue_since.is_some() || !row.state.is_owed() || now <= row.due_legal_latest {
        return Ok(row);
    }
    written(world, |_| {
        let row = NoticeRow { overdue_since: Some(now), ..changed(row.clone()) };
        let mut facts = facts(&row);
        facts["why"] = why.as_str().into();
        let change = Record { notices: vec![row.clone()], ..Record::default() };
        Ok((row, vec![(Act::NoticeOverdue, facts)], change))
    })
    .await
}

/// Takes a notice for one try at handing it over, until `until`.
///
/// # Errors
/// [`StoreError::Conflict`] when another hand has taken it.
pub async fn claimed<W: Teller>(
    world: &W,
    row: NoticeRow,
    until: Timestamp,
) -> Result<NoticeRow, ExchangeError> {
    written(world, |_| {
        let row = NoticeRow { next_at: Some(until), ..changed(row.clone()) };
        Ok((row.clone(), Vec::new(), Record { notices: vec![row], ..Record::default() }))
    })
    .await
}

/// What a notice would say if it went out now.
///
/// # Errors
/// [`ExchangeError::Law`] when the law is not here.
pub async fn preview<W: Teller>(world: &W, row: &NoticeRow) -> Result<Letter, ExchangeError> {
    let file = filed(world, row).await?;
    let matter = Matter::of(world, row, &stated(world, row, file.as_ref())?).await?;
    matter.letter(world, row, world.now())
}
