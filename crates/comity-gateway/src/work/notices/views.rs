//! How notices stand, for officers, operators and the ledger; and what one says.

use super::{known, told};
use crate::gateway::{Gateway, GatewayError};
use crate::notices::letter;
use crate::work::Listed;
use comity_exchange::notice::{self, Done, Letter, Refusal, filed};
use comity_exchange::ports::{NoticeRow, NoticeState, Notices as _, StoreError};
use comity_exchange::shell::Shell as _;
use comity_notices::{Audience, Language};
use comity_terms::Timestamp;
use comity_terms::ids::NoticeId;
use serde_json::{Value as Json, json};

/// A notice as officers see it: nothing of whom it goes to.
#[must_use]
pub fn row_json(row: &NoticeRow, now: Timestamp) -> Json {
    let detail = &row.detail;
    json!({
        "number": row.id.to_string(),
        "state": row.state.as_str(),
        "exchange_id": row.exchange.map(|id| id.to_string()),
        "pack": row.agreement.to_string(),
        "owed_by": detail.owed_by.iter().map(|(rule, article)| json!({ "rule": rule, "article": article })).collect::<Json>(),
        "arisen_at": row.arisen_at.to_string(),
        "due_operational": row.due_operational.to_string(),
        "due_legal_latest": row.due_legal_latest.to_string(),
        "overdue": row.state.is_owed() && now > row.due_legal_latest,
        "overdue_since": row.overdue_since.map(|at| at.to_string()),
        "ended_at": row.ended_at.map(|at| at.to_string()),
        "addressed": detail.file.is_some(),
        "deferrals": detail.deferrals.iter().map(|deferral| json!({
            "ground": deferral.ground,
            "listed_by": deferral.listed_by.iter().map(|(rule, article)| json!({ "rule": rule, "article": article })).collect::<Json>(),
            "at": deferral.at.0.to_string(),
            "recheck": deferral.recheck.0.to_string(),
            "ended": deferral.ended.map(|at| at.0.to_string()),
            "officer": deferral.officer,
            "approved": deferral.approved.iter().map(|(office, officer)| json!({ "office": office.0.to_string(), "officer": officer })).collect::<Json>(),
        })).collect::<Json>(),
        "proposed": detail.proposed.as_ref().map(|proposed| json!({
            "what": if proposed.deferral.is_some() { "defer" } else { "send" },
            "officer": proposed.officer,
            "offices": proposed.offices.iter().map(|office| office.0.to_string()).collect::<Json>(),
            "approved": proposed.approved.iter().map(|(office, _)| office.0.to_string()).collect::<Json>(),
            "until": proposed.until.0.to_string(),
        })),
        "road": detail.road,
        "failures": detail.failures,
        "trouble": detail.trouble,
        "closed_for": detail.closed_for,
    })
}

/// What an act came to, as it is printed.
#[must_use]
pub fn done_json(done: &Done, now: Timestamp) -> Json {
    match done {
        Done::Yes(row) => {
            let mut json = row_json(row, now);
            json["outcome"] = "permit".into();
            json
        }
        Done::Proposed(row) => {
            let mut json = row_json(row, now);
            json["outcome"] = "escalate".into();
            json
        }
        Done::Refused(Refusal { reasons, citations }) => {
            json!({ "outcome": "deny", "reasons": reasons, "citations": citations })
        }
    }
}

/// The notices that are owed, with `all` the others too.
///
/// # Errors
/// [`GatewayError`].
pub async fn listed(gateway: &Gateway, all: bool) -> Result<Vec<Json>, GatewayError> {
    let now = gateway.now();
    Ok(gateway.store().notices(all).await?.iter().map(|row| row_json(row, now)).collect())
}

/// A part of the notices that are owed, as they arose: at most `limit`, from behind `after`.
///
/// # Errors
/// [`GatewayError::Input`] when there is no notice `after`.
pub async fn part(gateway: &Gateway, after: Option<NoticeId>, limit: u32) -> Result<Listed, GatewayError> {
    let (now, store) = (gateway.now(), gateway.store());
    let place = match after {
        Some(after) => Some((known(gateway, after).await?.arisen_at, after)),
        None => None,
    };
    let rows = store.notices_owed(place, limit.saturating_add(1)).await?;
    Ok(Listed::of(rows.iter().map(|row| row_json(row, now)).collect(), limit))
}

/// A notice, and what it says to an audience: as it went out, or as it would now. Nobody but whom it goes to, and the officer
/// who looks at what would be sent to them, reads of one that has not gone out.
///
/// # Errors
/// [`GatewayError::Input`] when there is no such notice, or it has not gone out.
pub async fn shown(
    gateway: &Gateway,
    number: NoticeId,
    audience: Option<Audience>,
    language: Option<Language>,
) -> Result<Json, GatewayError> {
    let row = known(gateway, number).await?;
    let mut json = row_json(&row, gateway.now());
    let file = filed(gateway, &row).await?;
    let to = file.as_ref().and_then(|file| file.to.as_ref());
    let own = to.map(letter::reads).transpose()?;
    let out = matches!(row.state, NoticeState::Issued | NoticeState::Given);
    let audience = audience.or(own.map(|(_, audience)| audience)).unwrap_or(Audience::Person);
    if !audience.is_letter() && !out {
        return Err(GatewayError::Input(format!(
            "notice {number} has not gone out: {audience} reads nothing of it"
        )));
    }
    let language = language.or(own.map(|(language, _)| language)).unwrap_or(Language::En);
    let letter: Option<Letter> = match file.as_ref().and_then(|file| file.letter.clone()) {
        Some(letter) => Some(letter),
        None if row.state.is_owed() => Some(told(number, notice::preview(gateway, &row).await)?),
        None => None,
    };
    if let Some(letter) = &letter {
        let name = to.and_then(|to| to.name.as_deref()).filter(|_| audience.is_letter());
        let message = letter::told(letter, audience, language, name)?;
        json["message"] = json!({
            "audience": audience.as_str(),
            "language": language.as_str(),
            "subject": message.subject,
            "text": message.text(),
            "html": message.html(),
        });
    }
    Ok(json)
}

/// What is owed to persons who are to be told, as the ledger prints it.
///
/// # Errors
/// [`GatewayError`].
pub async fn duties(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let (now, owner) = (gateway.now(), gateway.signatory().party.to_string());
    let rows = gateway.store().notices(true).await?;
    let duty = |row: &NoticeRow| {
        let state = match row.state {
            NoticeState::Given => "done",
            _ if now > row.due_legal_latest => "overdue",
            _ => "open",
        };
        json!({
            "type": "notify_subject",
            "value": Json::Null,
            "owner": owner,
            "due_operational": row.due_operational.to_string(),
            "due_legal_latest": row.due_legal_latest.to_string(),
            "state": state,
            "evidence": row.ended_at.map(|at| at.to_string()),
            "notice": row.id.to_string(),
            "exchange_id": row.exchange.map(|id| id.to_string()),
            "deferred": row.state == NoticeState::Deferred,
        })
    };
    Ok(rows.iter().filter(|row| row.state != NoticeState::Closed).map(duty).collect())
}

/// How many notices stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// That are owed and in time.
    pub waiting: usize,
    /// Of these, that are put off.
    pub deferred: usize,
    /// Past their last lawful instant.
    pub overdue: usize,
    /// On their way, and not taken at the last try.
    pub not_taken: usize,
}

/// How notices stand.
///
/// # Errors
/// [`StoreError`].
pub async fn standing(gateway: &Gateway, now: Timestamp) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    for row in gateway.store().notices(false).await? {
        if now > row.due_legal_latest && row.state != NoticeState::Arisen {
            standing.overdue += 1;
        } else {
            standing.waiting += 1;
        }
        standing.deferred += usize::from(row.state == NoticeState::Deferred);
        standing.not_taken += usize::from(row.state == NoticeState::Issued && row.detail.failures > 0);
    }
    Ok(standing)
}
