//! Putting a notice off: on a ground that a rule lists, with reasons, until a date, and with whoever has to approve.

use super::arise::{kept, rule_of};
use super::law::{Ruled, of_deferring, of_telling};
use super::matter::{Matter, stated};
use super::record::{changed, facts, filed, old, refiled, written};
use super::{Done, NoticeFile, Refusal, Teller, Way};
use crate::ExchangeError;
use crate::alone::sealed;
use crate::ports::{Deferral, NoticeRow, NoticeState, Proposed, Record, StoreError};
use crate::wire::Text;
use comity_agreement::Outcome;
use comity_terms::{Act, Asserter, Facts, Office, Timestamp, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The duty to look at a deferral again: the rule that lays it down is the one that lists the ground.
const REVIEW: &str = "review_deferral";

/// The law's reason where no rule lists a ground.
const NOT_LISTED: &str = "no_listed_ground_to_delay";

/// How an officer puts a notice off.
#[derive(Debug, Clone)]
pub struct Deferring {
    /// The ground: a word of the vocabulary.
    pub ground: Value,
    /// What else the officer states, as an officer may.
    pub facts: Facts,
    /// The reasons, in words.
    pub reasons: String,
    /// Until when.
    pub recheck: Timestamp,
    /// Until when offices may approve it, where they have to.
    pub approve_until: Timestamp,
    /// The officer's name, for the row.
    pub officer: String,
    /// Whose act it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
}

/// Puts a notice off, as far as the law lists the ground. Where offices have to approve, it is noted for them, and the clock
/// runs on until they have.
///
/// # Errors
/// [`ExchangeError::Question`] when the date is past, or later than the law has it looked at again;
/// [`StoreError::Conflict`] when it is on its way by now. Nothing changed.
pub async fn defer<W: Teller>(
    world: &W,
    row: NoticeRow,
    deferring: &Deferring,
) -> Result<Done, ExchangeError> {
    waits(&row)?;
    let now = world.now();
    if deferring.recheck <= now {
        return Err(ExchangeError::Question(format!("{} is past", deferring.recheck)));
    }
    let file = filed(world, &row).await?;
    let ruled = asked(world, &row, file.as_ref(), &BTreeSet::new(), deferring, now).await?;
    match verdict(&ruled, deferring.recheck)? {
        Verdict::Refused(refusal) => {
            refused(world, &row, &ruled, &refusal, &deferring.by).await?;
            Ok(Done::Refused(refusal))
        }
        Verdict::Listed(listed_by) => {
            let old_file = old(world, row.detail.file).await?;
            let ground = word(&deferring.ground);
            let offices = ruled.offices();
            let proposed = ruled.outcome() == Outcome::Escalated;
            let row = written(world, |world| {
                let mut row = changed(row.clone());
                let until = kept(world, &row).max(world.request_until(deferring.recheck));
                let reasons = sealed(world, *row.id.as_bytes(), deferring.reasons.as_bytes(), until)?;
                let deferral = Deferral {
                    ground: ground.clone(),
                    listed_by: listed_by.clone(),
                    at: Text(now),
                    recheck: Text(deferring.recheck),
                    reasons: Text(reasons.id),
                    officer: deferring.officer.clone(),
                    approved: Vec::new(),
                    ended: None,
                };
                let mut facts = facts(&row);
                facts["asked"] = ruled.recorded();
                facts["ground"] = ground.as_str().into();
                facts["recheck"] = deferring.recheck.to_string().into();
                facts["ordered"] = deferring.by.clone();
                if proposed {
                    row.detail.proposed = Some(Proposed {
                        deferral: Some(deferral),
                        officer: deferring.officer.clone(),
                        offices: offices.iter().cloned().map(Text).collect(),
                        approved: Vec::new(),
                        until: Text(deferring.approve_until),
                    });
                    facts["outcome"] = "escalate".into();
                    let change =
                        Record { segments: vec![reasons], notices: vec![row.clone()], ..Record::default() };
                    return Ok((row, vec![(Act::NoticeDeferred, facts)], change));
                }
                facts["outcome"] = "permit".into();
                let (acts, mut change) = take_effect(world, &mut row, deferral, file.as_ref(), &old_file)?;
                change.segments.push(reasons);
                change.notices = vec![row.clone()];
                let acts = std::iter::once((Act::NoticeDeferred, facts)).chain(acts).collect();
                Ok((row, acts, change))
            })
            .await?;
            Ok(if proposed { Done::Proposed(row) } else { Done::Yes(row) })
        }
    }
}

type Ended = (Vec<(Act, Json)>, Record);

/// The row as it is once it is put off; what is sealed of it is kept as long as it waits.
fn take_effect<W: Teller>(
    world: &W,
    row: &mut NoticeRow,
    deferral: Deferral,
    file: Option<&NoticeFile>,
    old_file: &[crate::ports::HeldRecord],
) -> Result<Ended, ExchangeError> {
    let recheck = deferral.recheck.0;
    row.state = NoticeState::Deferred;
    row.due_operational = recheck;
    row.due_legal_latest = recheck;
    row.next_at = Some(recheck);
    row.detail.proposed = None;
    row.detail.trouble = None;
    row.detail.deferrals.push(deferral);
    match file {
        Some(file) => refiled(world, row, file, old_file),
        None => Ok((Vec::new(), Record::default())),
    }
}

/// Only what is owed and not on its way may be put off.
fn waits(row: &NoticeRow) -> Result<(), ExchangeError> {
    match row.state {
        NoticeState::Open | NoticeState::Deferred => Ok(()),
        _ => Err(StoreError::Conflict("a notice that waits no more").into()),
    }
}

async fn asked<W: Teller>(
    world: &W,
    row: &NoticeRow,
    file: Option<&NoticeFile>,
    approvals: &BTreeSet<Office>,
    deferring: &Deferring,
    now: Timestamp,
) -> Result<Ruled, ExchangeError> {
    let matter = Matter::of(world, row, &stated(world, row, file)?).await?;
    let mut known = deferring.facts.clone();
    known.know("deferral_ground", deferring.ground.clone(), Asserter::Officer);
    known.know("ground_ends_at", Value::Instant(deferring.recheck), Asserter::Officer);
    of_deferring(world, &matter, known, approvals, now)
}

enum Verdict {
    Refused(Refusal),
    /// The rules that list the ground.
    Listed(Vec<(String, String)>),
}

/// What the rulings come to. A deferral needs, for each class, a rule that lists its ground: one that has it looked at again.
fn verdict(ruled: &Ruled, recheck: Timestamp) -> Result<Verdict, ExchangeError> {
    if ruled.outcome() == Outcome::Refused {
        return Ok(Verdict::Refused(ruled.refusal()));
    }
    let mut listed_by = BTreeSet::new();
    for said in &ruled.said {
        let reviews: Vec<_> = said.owed.iter().filter(|duty| duty.kind.as_str() == REVIEW).collect();
        if reviews.is_empty() {
            let reasons = vec![NOT_LISTED.to_owned()];
            return Ok(Verdict::Refused(Refusal { reasons, citations: Vec::new() }));
        }
        listed_by.extend(reviews.iter().map(|duty| rule_of(duty)));
        let due = reviews.iter().filter_map(|duty| duty.due.as_ref()).map(|due| due.legal_latest).min();
        if let Some(due) = due.filter(|due| recheck > *due) {
            return Err(ExchangeError::Question(format!("the law has it looked at again by {due}")));
        }
    }
    Ok(Verdict::Listed(listed_by.into_iter().collect()))
}

async fn refused<W: Teller>(
    world: &W,
    row: &NoticeRow,
    ruled: &Ruled,
    refusal: &Refusal,
    by: &Json,
) -> Result<(), ExchangeError> {
    written(world, |_| {
        let mut facts = facts(row);
        facts["asked"] = ruled.recorded();
        facts["outcome"] = "deny".into();
        facts["reasons"] = json!(refusal.reasons);
        facts["ordered"] = by.clone();
        Ok((row.clone(), vec![(Act::NoticeDeferred, facts)], Record::default()))
    })
    .await?;
    Ok(())
}

fn word(value: &Value) -> String {
    match value {
        Value::Text(word) => word.clone(),
        _ => String::new(),
    }
}

/// An office approves what is proposed of a notice. Once all have, the law is asked again, with their approvals: a deferral
/// takes effect, a notice goes out.
///
/// # Errors
/// [`ExchangeError::Question`] when nothing is proposed that waits for this office; [`StoreError`].
pub async fn approve<W: Teller>(
    world: &W,
    row: NoticeRow,
    (office, officer, by): (&Office, &str, &Json),
    way: Way,
) -> Result<Done, ExchangeError> {
    let now = world.now();
    let question = |why: String| ExchangeError::Question(why);
    let proposed = row.detail.proposed.clone().filter(|proposed| proposed.until.0 >= now);
    let mut proposed =
        proposed.ok_or_else(|| question(format!("nothing waits for offices of notice {}", row.id)))?;
    if !proposed.offices.contains(&Text(office.clone())) {
        return Err(question(format!("nothing of notice {} waits for `{office}`", row.id)));
    }
    if proposed.officer == officer {
        return Err(question(format!("`{officer}` proposed it: another officer approves")));
    }
    if proposed.approved.iter().any(|(known, who)| known.0 == *office || who == officer) {
        return Err(question(format!("`{office}` or `{officer}` has approved it before")));
    }
    proposed.approved.push((Text(office.clone()), officer.to_owned()));
    let approvals: BTreeSet<Office> = proposed.approved.iter().map(|(office, _)| office.0.clone()).collect();
    let whole = proposed.offices.iter().all(|office| approvals.contains(&office.0));
    let approved = |row: &NoticeRow| {
        let mut facts = facts(row);
        facts["office"] = office.to_string().into();
        facts["approved"] = by.clone();
        (Act::NoticeApproved, facts)
    };
    if !whole {
        let row = written(world, |_| {
            let mut row = changed(row.clone());
            row.detail.proposed = Some(proposed.clone());
            let change = Record { notices: vec![row.clone()], ..Record::default() };
            let acts = vec![approved(&row)];
            Ok((row, acts, change))
        })
        .await?;
        return Ok(Done::Proposed(row));
    }
    let file = filed(world, &row).await?;
    let Some(mut deferral) = proposed.deferral.clone() else {
        let matter = Matter::of(world, &row, &stated(world, &row, file.as_ref())?).await?;
        let ruled = of_telling(world, &matter, &approvals, now)?;
        if ruled.outcome() != Outcome::Permitted {
            return Ok(Done::Refused(ruled.refusal()));
        }
        let acts = |row: &NoticeRow| vec![approved(row)];
        return super::issue::out(world, row, (&matter, &ruled, file), way, acts).await.map(Done::Yes);
    };
    waits(&row)?;
    let deferring = Deferring {
        ground: Value::Text(deferral.ground.clone()),
        facts: Facts::new(),
        reasons: String::new(),
        recheck: deferral.recheck.0,
        approve_until: proposed.until.0,
        officer: deferral.officer.clone(),
        by: by.clone(),
    };
    if deferring.recheck <= now {
        return Err(question(format!("{} is past", deferring.recheck)));
    }
    let ruled = asked(world, &row, file.as_ref(), &approvals, &deferring, now).await?;
    match (ruled.outcome(), verdict(&ruled, deferring.recheck)?) {
        (Outcome::Permitted, Verdict::Listed(listed_by)) => {
            deferral.listed_by = listed_by;
            deferral.approved = proposed.approved.clone();
            let old_file = old(world, row.detail.file).await?;
            let row = written(world, |world| {
                let mut row = changed(row.clone());
                let (ended, mut change) =
                    take_effect(world, &mut row, deferral.clone(), file.as_ref(), &old_file)?;
                change.notices = vec![row.clone()];
                let mut facts = facts(&row);
                facts["asked"] = ruled.recorded();
                facts["ground"] = deferral.ground.as_str().into();
                facts["recheck"] = deferral.recheck.0.to_string().into();
                facts["outcome"] = "permit".into();
                let mut acts = vec![approved(&row), (Act::NoticeDeferred, facts)];
                acts.extend(ended);
                Ok((row, acts, change))
            })
            .await?;
            Ok(Done::Yes(row))
        }
        (_, Verdict::Refused(refusal)) => Ok(Done::Refused(refusal)),
        _ => Ok(Done::Refused(ruled.refusal())),
    }
}
