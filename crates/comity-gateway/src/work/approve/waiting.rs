//! What waits for offices, and where it stands: looked at, and as it is printed.

use super::{lent, stood};
use crate::gateway::{Gateway, GatewayError};
use crate::work::Listed;
use comity_agreement::approval::Void;
use comity_exchange::escalation::Standing;
use comity_exchange::ports::{ApprovalRow, EscalationRow, Store as _};
use comity_exchange::shell::{Lent, Shell as _};
use comity_terms::{ExchangeId, Timestamp};
use serde_json::{Value as Json, json};

/// An exchange that waits, and where it stands.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What waits.
    pub row: EscalationRow,
    /// What offices have said so far.
    pub standing: Standing,
}

/// Every exchange that waits for offices.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn waiting(gateway: &Gateway) -> Result<Vec<Waiting>, GatewayError> {
    let mut waiting = Vec::new();
    for row in gateway.store().escalations(None, u32::MAX).await? {
        waiting.push(stands(gateway, row).await?.0);
    }
    Ok(waiting)
}

/// A part of the exchanges that wait for offices, by their ids: at most `limit`, from behind `after`.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn part(gateway: &Gateway, after: Option<ExchangeId>, limit: u32) -> Result<Listed, GatewayError> {
    let now = gateway.now();
    let mut waiting = Vec::new();
    for row in gateway.store().escalations(after, limit.saturating_add(1)).await? {
        waiting.push(waiting_json(&stands(gateway, row).await?.0, now));
    }
    Ok(Listed::of(waiting, limit))
}

/// Where a row stands now, with what offices said of it.
pub(super) async fn stands(
    gateway: &Gateway,
    row: EscalationRow,
) -> Result<(Waiting, Vec<ApprovalRow>), GatewayError> {
    let approvals = gateway.store().approvals(row.exchange).await?;
    let Lent { laws, .. } = lent(gateway, &row)?;
    let standing = stood(gateway, &row, &approvals, &laws);
    Ok((Waiting { row, standing }, approvals))
}

/// Why an approval does not count, in words.
#[must_use]
pub fn why(void: Void) -> &'static str {
    match void {
        Void::OtherQuestion => "the question is another by now",
        Void::OtherLaw => "a law is another by now",
        Void::OtherRules => "it does not name every rule",
        Void::Expired => "it has run out",
        Void::Used => "it was used before",
        Void::OwnQuestion => "nobody approves what they asked for, nor lends out the approving",
        Void::DelegationOver => "the delegation has ended",
        Void::OtherOffice => "the same person answers for another office",
        Void::OneOfTwo => "a second person has to approve",
        Void::SameUnit => "somebody of another unit than the one who asked has to approve",
    }
}

/// What waits, as it is printed.
#[must_use]
pub fn waiting_json(waiting: &Waiting, now: Timestamp) -> Json {
    let Waiting { row, standing } = waiting;
    let detail = &row.detail;
    let offices = standing.offices.iter().map(|(office, approved)| {
        let turn = detail.turn(office, now);
        json!({
            "office": office.to_string(),
            "approved": approved,
            "acting": turn.map(|turn| turn.office.0.to_string()),
            "until": turn.map(|turn| turn.until.0.to_string()),
        })
    });
    let questions = detail
        .questions
        .iter()
        .map(|put| json!({ "question": put.question, "reasons": put.reasons, "rules": put.rules }));
    json!({
        "exchange_id": row.exchange.to_string(),
        "pack": detail.agreement,
        "receiver": detail.peer,
        "activity": detail.activity,
        "purpose": detail.purpose,
        "requested_by": detail.requester,
        "since": detail.began,
        "offices": offices.collect::<Json>(),
        "questions": questions.collect::<Json>(),
        "void": standing.void.iter().map(|void| why(*void)).collect::<Vec<_>>(),
    })
}
