//! Persons' requests that go on to partners: sent until they are answered, overdue where they are not, and the answers that
//! came back.

use super::manage;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::disclose::Because;
use comity_exchange::ports::{Referral, RequestRow, StoreError, Subjects as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{ReferralTold, elsewhere, end_referral, send_referral, telling};
use comity_terms::{Party, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The most requests that one round looks at.
const ROUND_MAX: u32 = 64;

/// Sends every referral that is due, once.
///
/// # Errors
/// [`GatewayError`] when the store fails; a partner that does not answer is no error.
pub async fn once(gateway: &Gateway) -> Result<(), GatewayError> {
    let now = gateway.now();
    let mut unreached: BTreeSet<Party> = BTreeSet::new();
    for row in gateway.store().requests_to_send(now, ROUND_MAX).await? {
        let due: Vec<usize> =
            (0..row.detail.referrals.len()).filter(|place| is_due(&row, *place, now)).collect();
        for place in due {
            // A try writes the row anew.
            let Some(row) = gateway.store().request(row.id).await? else { continue };
            if !is_due(&row, place, now) {
                continue;
            }
            let party = row.detail.referrals[place].to.0.clone();
            if !unreached.contains(&party) && send(gateway, &row, place).await? {
                unreached.insert(party);
            }
        }
    }
    Ok(())
}

fn is_due(row: &RequestRow, place: usize, now: Timestamp) -> bool {
    row.detail.referrals.get(place).is_some_and(|one| !one.complete && one.next_at.0 <= now)
}

/// Sends what goes on of a request that was just decided on.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub(super) async fn at_once(gateway: &Gateway, row: &RequestRow) -> Result<(), GatewayError> {
    for place in 0..row.detail.referrals.len() {
        let Some(row) = gateway.store().request(row.id).await? else { continue };
        if is_due(&row, place, gateway.now()) {
            send(gateway, &row, place).await?;
        }
    }
    Ok(())
}

/// Sends one; whether its partner is not reached.
async fn send(gateway: &Gateway, row: &RequestRow, place: usize) -> Result<bool, GatewayError> {
    let party = row.detail.referrals[place].to.0.clone();
    let Ok(peer) = gateway.peer(&party) else {
        tracing::warn!(request = %row.id, %party, "a request was passed on to who is no partner any more");
        end_referral(gateway, row, place).await?;
        return Ok(false);
    };
    let told = send_referral(gateway, row, place, &peer).await?;
    gateway.counts().reached(&party, matches!(told, ReferralTold::Heard(_)));
    match told {
        ReferralTold::Heard(result) => {
            tracing::info!(request = %row.id, %party, result = result.as_str(), "a partner answered a request");
        }
        ReferralTold::Busy => {}
        ReferralTold::Waiting { why, because } => {
            match because {
                Because::Unreached => tracing::info!(request = %row.id, %party, "a partner is not reached"),
                Because::Misbehaved(kind) => {
                    gateway.counts().misbehaved();
                    tracing::warn!(request = %row.id, %party, kind = kind.as_str(), "a partner's answer is none");
                }
                Because::NotReady => {
                    tracing::warn!(request = %row.id, %party, %why, "a request is not answered");
                }
            }
            if because != Because::Unreached {
                // It may have moved on while we waited: its new keys serve the next try.
                let _ = manage::hear_from(gateway, &peer).await;
            }
            return Ok(because == Because::Unreached);
        }
    }
    Ok(false)
}

/// Learns the transport keys of the day of partners whose known one has ended, as far as they are reached: what a person
/// stated is sealed to it.
pub(super) async fn freshen(gateway: &Gateway) {
    let now = gateway.now();
    let register = gateway.register();
    for peer in register.peers.values().filter(|peer| !register.removed.contains_key(&peer.party)) {
        if !peer.identity.transport.as_ref().is_some_and(|key| key.is_current(now)) {
            let _ = manage::hear_from(gateway, peer).await;
        }
    }
}

/// How many referrals wait for an answer, and how many of them are overdue.
///
/// # Errors
/// [`StoreError`].
pub async fn standing(gateway: &Gateway, now: Timestamp) -> Result<(u64, u64), StoreError> {
    let rows = gateway.store().requests_to_send(Timestamp::MAX, u32::MAX).await?;
    let open = || rows.iter().flat_map(|row| &row.detail.referrals).filter(|one| !one.complete);
    Ok((open().count() as u64, open().filter(|one| now > one.due.0).count() as u64))
}

/// What partners owe for persons, as the ledger prints it.
///
/// # Errors
/// [`GatewayError`].
pub async fn duties(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let now = gateway.now();
    let rows = gateway.store().requests(true).await?;
    let duty = |row: &RequestRow, one: &Referral| {
        let state = match (one.complete, now > one.due.0) {
            (true, _) => "done",
            (false, true) => "overdue",
            (false, false) => "open",
        };
        json!({
            "type": "answer",
            "value": row.action.to_string(),
            "owner": one.to.0.to_string(),
            "due_operational": one.due.0.to_string(),
            "due_legal_latest": one.due.0.to_string(),
            "state": state,
            "evidence": one.result.map(comity_exchange::federation::referral::ReferralResult::as_str),
            "request": row.id.to_string(),
        })
    };
    let sent = |one: &&Referral| one.sent.is_some();
    Ok(rows
        .iter()
        .flat_map(|row| row.detail.referrals.iter().filter(sent).map(|one| duty(row, one)))
        .collect())
}

/// A referral as officers and overseers see it.
#[must_use]
pub fn referral_json(one: &Referral) -> Json {
    json!({
        "to": one.to.0.to_string(),
        "pack": one.agreement.0.to_string(),
        "due": one.due.0.to_string(),
        "result": one.result.map(comity_exchange::federation::referral::ReferralResult::as_str),
        "complete": one.complete,
        "not_sent": one.not_sent,
        "attempts": one.attempts,
    })
}

/// The answers from elsewhere that tell the person something, as JSON.
///
/// # Errors
/// [`GatewayError`].
pub(super) async fn told(gateway: &Gateway, row: &RequestRow) -> Result<String, GatewayError> {
    let all = telling(elsewhere(gateway, &row.detail).await?);
    serde_json::to_string(&all).map_err(|error| GatewayError::Broken(error.to_string()))
}

/// Where a person may turn by themselves, whatever is held: every partner of this gateway, and who runs it there. The same
/// for everybody, so that it tells nobody whether anything went there.
pub(super) fn partners(gateway: &Gateway) -> Result<String, GatewayError> {
    let all: Vec<Json> = gateway
        .register()
        .peers
        .values()
        .map(|peer| json!({ "party": peer.party.to_string(), "authority": peer.identity.authority }))
        .collect();
    serde_json::to_string(&all).map_err(|error| GatewayError::Broken(error.to_string()))
}
