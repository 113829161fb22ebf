//! One opt-out, from its filing to its end.

use super::Register;
use crate::ExchangeError;
use crate::act::enter;
use crate::ports::{OptOutDetail, OptOutRow, OptOutState, OptOutTag, OptOuts as _, Record, SubjectTag};
use crate::subject::answer::remedies_json;
use crate::subject::law::{Asking, of_request};
use crate::subject::{Claim, Kind, code_drawn};
use crate::wire::{Text, law_digests};
use comity_minimise::Identifier;
use comity_terms::ids::OptOutId;
use comity_terms::{Act, Asserter, Digest, Entropy as _, Facts, Month, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What is to be filed.
#[derive(Debug)]
pub struct OptingOut<'a> {
    /// What the person is known by.
    pub claim: &'a Claim,
    /// Of which categories of data, as the vocabulary has them.
    pub categories: BTreeSet<String>,
    /// Until when, UTC.
    pub until: Timestamp,
}

/// An opt-out that was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledOptOut {
    /// What opens its status and withdraws it: shown once, kept as a digest.
    pub code: String,
    /// The row.
    pub row: OptOutRow,
}

/// How an officer decides on an opt-out.
#[derive(Debug, Clone)]
pub struct Deciding {
    /// Whether who filed it is who they say.
    pub identity_verified: bool,
    /// What is known of who asks.
    pub about: Facts,
    /// The officer's name, for the row.
    pub officer: String,
    /// Whose decision it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
}

/// The month that names the key of an opt-out which ends at `until`: the last one of that year, so that few keys are asked
/// about each person, and each ends.
#[must_use]
pub fn period_of(until: Timestamp) -> Month {
    let year = i16::try_from(Month::of(until).number() / 100).unwrap_or(9999);
    Month::new(year, 12).unwrap_or_else(|| Month::of(until))
}

/// Files an opt-out: it has no effect before somebody has seen who files it. Nothing is looked up.
///
/// # Errors
/// [`ExchangeError`]; nothing was filed.
pub async fn file<W: Register>(world: &W, opting: &OptingOut<'_>) -> Result<FiledOptOut, ExchangeError> {
    let now = world.now();
    let period = period_of(opting.until);
    let tags = tags(world, period, opting.claim)?;
    let id = OptOutId::draw(&mut world.entropy());
    let code = code_drawn(&world.entropy().bytes::<20>());
    let row = OptOutRow {
        id,
        period,
        state: OptOutState::Waiting,
        categories: opting.categories.clone(),
        filed_at: now,
        until: opting.until,
        version: 1,
        detail: OptOutDetail {
            code: Text(code_digest(id, &code)),
            decided_at: None,
            officer: None,
            refusal: None,
        },
    };
    let facts = json!({
        "opt_out": id.to_string(),
        "categories": row.categories,
        "until": row.until.to_string(),
    });
    let tags: Vec<OptOutTag> = tags.into_iter().map(|tag| OptOutTag { opt_out: id, period, tag }).collect();
    enter(world, Act::OptOutFiled, (facts, None), now, |_| Record {
        opt_outs: vec![row.clone()],
        opt_out_tags: tags.clone(),
        ..Record::default()
    })
    .await?;
    Ok(FiledOptOut { code, row })
}

/// Decides on an opt-out that waits: the person states once more what they are known by, before an officer, and this
/// party's law is asked as for an objection.
///
/// # Errors
/// [`ExchangeError::Question`] when it does not wait, has ended, or something else is stated than was filed; it stays as it is.
pub async fn decide<W: Register>(
    world: &W,
    row: OptOutRow,
    claim: &Claim,
    deciding: &Deciding,
) -> Result<OptOutRow, ExchangeError> {
    let now = world.now();
    let wrong = |why: &str| ExchangeError::Question(format!("opt-out {}: {why}", row.id));
    if row.state != OptOutState::Waiting {
        return Err(wrong(&format!("it is {} already", row.state)));
    }
    if row.until <= now {
        return Err(wrong("it has ended"));
    }
    if tags(world, row.period, claim)? != world.store().opt_out_tags(row.id).await? {
        return Err(wrong("something else is stated now than when it was filed"));
    }
    let mut facts = deciding.about.clone();
    facts.know("identity_verified", deciding.identity_verified, Asserter::Gateway);
    let asking = Asking { kind: Kind::Object, at: now, digests: world.adopted_now(), facts };
    let said = of_request(world, &asking, now)?;
    let state = if said.grants() { OptOutState::InForce } else { OptOutState::Refused };
    let words = said.laws.vocabulary.reasons();
    let refusal = (state == OptOutState::Refused).then(|| {
        let reasons = said.decision.reasons().into_iter().map(ToString::to_string);
        json!({
            "reasons": reasons.map(|code| json!({ "code": code, "summary": words.get(code.as_str()) })).collect::<Json>(),
            "remedies": remedies_json(&said),
        })
    });
    let row = OptOutRow {
        state,
        version: row.version + 1,
        detail: OptOutDetail {
            decided_at: Some(Text(now)),
            officer: Some(deciding.officer.clone()),
            refusal,
            ..row.detail
        },
        ..row
    };
    let facts = json!({
        "opt_out": row.id.to_string(),
        "categories": row.categories,
        "until": row.until.to_string(),
        "outcome": row.state.as_str(),
        "laws": law_digests(&said.laws),
        "ruling": said.recorded(0),
        "decided": deciding.by,
    });
    kept(world, Act::OptOutDecided, facts, row, now).await
}

/// Ends an opt-out before its time. One that has ended stays as it is.
///
/// # Errors
/// [`ExchangeError`].
pub async fn withdraw<W: Register>(world: &W, row: OptOutRow) -> Result<OptOutRow, ExchangeError> {
    if !row.state.has_tags() {
        return Ok(row);
    }
    let now = world.now();
    let row = OptOutRow {
        state: OptOutState::Withdrawn,
        version: row.version + 1,
        detail: OptOutDetail { decided_at: Some(Text(now)), ..row.detail },
        ..row
    };
    let facts = json!({ "opt_out": row.id.to_string(), "categories": row.categories });
    kept(world, Act::OptOutEnded, facts, row, now).await
}

async fn kept<W: Register>(
    world: &W,
    act: Act,
    facts: Json,
    row: OptOutRow,
    now: Timestamp,
) -> Result<OptOutRow, ExchangeError> {
    enter(world, act, (facts, None), now, |_| Record { opt_outs: vec![row.clone()], ..Record::default() })
        .await?;
    Ok(row)
}

/// What whoever has the code of an opt-out is shown. `None` for a wrong code as for a wrong number.
///
/// # Errors
/// [`ExchangeError`].
pub async fn shown<W: Register>(
    world: &W,
    number: OptOutId,
    code: &str,
) -> Result<Option<OptOutRow>, ExchangeError> {
    let row = world.store().opt_out(number).await?;
    // Compared whether there is a row or not.
    let given = code_digest(number, code);
    let known = row.as_ref().map_or(Digest([0; 32]), |row| row.detail.code.0);
    Ok(row.filter(|_| given == known))
}

fn code_digest(number: OptOutId, code: &str) -> Digest {
    Digest::of_parts("comity opt-out code v1", &[number.as_bytes(), code.trim().as_bytes()])
}

fn tags<W: Register>(world: &W, period: Month, claim: &Claim) -> Result<BTreeSet<SubjectTag>, ExchangeError> {
    let key = world
        .opt_out_key(period)?
        .ok_or_else(|| ExchangeError::Question(format!("the year that {period} ends has passed")))?;
    let known = claim.stated().filter_map(|(kind, value)| Identifier::new(kind, value));
    Ok(known.map(|identifier| key.tag(&identifier)).collect())
}
