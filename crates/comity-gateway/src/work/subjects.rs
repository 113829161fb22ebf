//! What persons ask of this gateway: filed by themselves or at an officer's desk, decided by an officer, shown to whoever
//! has number and code; and what an overseer is told of it.

pub mod effects;
pub mod words;

use super::share::stated::{assertable_by_officer, stated_by_officer};
use super::{Listed, officers, referrals};
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::ports::{RequestRow, SealedSegment, Store as _, Subjects as _};
use comity_exchange::proofs::receipt;
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{
    Answer, Claim, Decided, Decision, Filed, Filing, Kind, decide as decided, file as filed, read, request,
    shown,
};
use comity_terms::ids::RequestId;
use comity_terms::{Act, Asserter, ExchangeId, FactKey, Facts, Family, Timestamp};
use comity_tlog::LeafIndex;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether who asks is who they say: the port of an identity check. A house that has another way (an electronic identity,
/// a notified scheme) implements it there.
pub trait IdentityCheck: Send + Sync {
    /// Whether whoever filed the request is known to be who they say.
    fn verified(&self, number: RequestId) -> bool;
}

/// The simple check: an officer has seen who asks, and says so with their decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenByOfficer(pub bool);

impl IdentityCheck for SeenByOfficer {
    fn verified(&self, _: RequestId) -> bool {
        self.0
    }
}

/// Files what somebody asks.
///
/// # Errors
/// [`GatewayError`]; nothing was filed.
pub async fn file(gateway: &Gateway, kind: Kind, claim: &Claim) -> Result<Filed, GatewayError> {
    Ok(filed(gateway, &Filing { kind, claim }).await?)
}

/// What a person stated, for the officer who is to decide on it: recorded before it is opened.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may decide, or no such request waits; nothing was opened.
pub async fn show(gateway: &Gateway, number: RequestId, officer: &str) -> Result<Claim, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let row = waiting_for_an_answer(gateway, number).await?;
    let at = gateway.now();
    let text = format!("read\n{number}\n{at}\n");
    let by = acting.signed(&text);
    let claim = read(gateway, &row, by, at).await?;
    claim.ok_or_else(|| GatewayError::Input(format!("what request {number} states is erased")))
}

/// A claim as its officer sees it, with what is asked.
#[must_use]
pub fn shown_json(number: RequestId, claim: &Claim) -> Json {
    let known = claim.stated().map(|(kind, value)| json!({ "kind": kind.to_string(), "value": value }));
    json!({
        "number": number.to_string(),
        "identifiers": known.collect::<Json>(),
        "corrections": claim
            .stated_corrections()
            .map(|(kind, was, is)| json!({ "kind": kind, "was": was, "is": is }))
            .collect::<Json>(),
        "text": claim.text(),
    })
}

async fn known_request(gateway: &Gateway, number: RequestId) -> Result<RequestRow, GatewayError> {
    let row = gateway.store().request(number).await?;
    row.ok_or_else(|| GatewayError::Input(format!("no request {number} is recorded here")))
}

async fn waiting_for_an_answer(gateway: &Gateway, number: RequestId) -> Result<RequestRow, GatewayError> {
    let row = known_request(gateway, number).await?;
    if !row.open {
        return Err(GatewayError::Input(format!("request {number} is answered already")));
    }
    Ok(row)
}

/// Decides on a request, as an officer who has looked at it.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may decide, no such request waits, or a fact is none that an officer may
/// state; the request waits still. Other errors may come after it was answered: what was ordered of partners is sent by itself.
pub async fn decide(
    gateway: &Arc<Gateway>,
    number: RequestId,
    officer: &str,
    check: &impl IdentityCheck,
    stated: &[(FactKey, String)],
) -> Result<Closed, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let row = waiting_for_an_answer(gateway, number).await?;
    let lent = gateway.home_laws()?;
    assertable_by_officer(stated, &lent)?;
    let mut facts = stated_by_officer(stated, &lent)?;
    let mut about = Facts::new();
    about.know("training_valid", true, Asserter::Gateway);
    // Who asks is of the request, whatever is held.
    let requester = facts.remove("requester").map_or_else(|| "data_subject".into(), |fact| fact.value);
    about.know("requester", requester, Asserter::Officer);
    let identity_verified = check.verified(number);
    let text = format!("decide\n{number}\n{}\n{identity_verified}\n", row.action);
    let mut stated = facts.clone();
    for (key, fact) in about.iter() {
        stated.state(key.clone(), fact.value.clone(), fact.asserter);
    }
    let by = acting.ordered(&text, &stated, &lent.laws.vocabulary);
    let decision = Decision { identity_verified, about, facts, officer: officer.to_owned(), by };
    referrals::freshen(gateway).await;
    let done = {
        let _one = gateway.sweeping().lock().await;
        decided(&**gateway, row, &decision).await
    };
    let decided = match done {
        Err(error) if request::overtaken(&error) => {
            return Err(GatewayError::Input(format!("request {number} is answered already")));
        }
        decided => decided?,
    };
    effects::send(gateway, &decided.ordered).await?;
    referrals::at_once(gateway, &decided.row).await?;
    let given_again = effects::give_again(gateway, officer, &decided).await?;
    Ok(Closed { decided, given_again })
}

/// A request that was decided on.
#[derive(Debug)]
pub struct Closed {
    /// What deciding came to.
    pub decided: Decided,
    /// What was given again to partners, put right: of each exchange what came of it.
    pub given_again: Vec<Json>,
}

/// Where a request stands, for whoever has its code. `None` for a wrong code as for a wrong number.
///
/// # Errors
/// [`GatewayError`].
pub async fn status(
    gateway: &Gateway,
    number: RequestId,
    code: &str,
) -> Result<Option<String>, GatewayError> {
    let Some((row, answer)) = shown(gateway, number, code).await? else { return Ok(None) };
    let Some(Answer(answer)) = answer else { return Ok(Some(status_json(&row, gateway.now()).to_string())) };
    let kind = Kind::of_action(&row.action);
    let answer = text(answer)?;
    let answer = if kind == Some(Kind::Port) { export(gateway, &answer).await? } else { answer };
    let mut head = status_json(&row, gateway.now()).to_string();
    // The answer as it was sealed: not read, and not written anew.
    head.pop();
    let (told, partners) = (referrals::told(gateway, &row).await?, referrals::partners(gateway)?);
    Ok(Some(format!("{head},\"answer\":{answer},\"elsewhere\":{told},\"partners\":{partners}}}")))
}

fn text(answer: Vec<u8>) -> Result<String, GatewayError> {
    String::from_utf8(answer).map_err(|_| GatewayError::Broken("an answer is no text".to_owned()))
}

/// Where a request stands: nothing of who asks, and nothing of what is held.
#[must_use]
pub fn status_json(row: &RequestRow, now: Timestamp) -> Json {
    json!({
        "number": row.id.to_string(),
        "request": Kind::of_action(&row.action).map(Kind::as_str),
        "state": state(row),
        // Whole seconds, so that all are of one length.
        "filed_at": format!("{:.0}", row.filed_at),
        "due_operational": format!("{:.0}", row.due_operational),
        "due_legal_latest": format!("{:.0}", row.due_legal_latest),
        "overdue": row.open && now > row.due_legal_latest,
        "decided_at": row.decided_at.map(|at| format!("{at:.0}")),
    })
}

fn state(row: &RequestRow) -> &str {
    if row.open { "waiting" } else { row.detail.outcome.as_deref().unwrap_or("answered") }
}

/// A request that was filed, as whoever filed it is told once.
#[must_use]
pub fn filed_json(filed: &Filed, now: Timestamp) -> Json {
    let mut told = status_json(&filed.row, now);
    told["code"] = json!(filed.code);
    told
}

/// What was decided, as the officer is told: the answer that the person gets, what the overseer is told, and who else is to
/// be asked.
///
/// # Errors
/// [`GatewayError::Broken`] when the answer is no text.
pub async fn decided_json(gateway: &Gateway, closed: &Closed) -> Result<String, GatewayError> {
    let Closed { decided, given_again } = closed;
    let mut head = status_json(&decided.row, gateway.now());
    head["record"] = decided.record.clone();
    head["given_again"] = json!(given_again);
    let row = gateway.store().request(decided.row.id).await?;
    let passed_on = row.map(|row| row.detail.referrals).unwrap_or_default();
    head["referrals"] = passed_on.iter().map(referrals::referral_json).collect();
    head["elsewhere"] = decided
        .elsewhere
        .iter()
        .map(|there| {
            json!({
                "to": there.to.to_string(),
                "exchange_id": there.exchange.to_string(),
                "pack": there.agreement.to_string(),
                "request": there.kind.as_str(),
            })
        })
        .collect();
    let answer = text(decided.answer.0.clone())?;
    let port = Kind::of_action(&decided.row.action) == Some(Kind::Port);
    let answer = if port { export(gateway, &answer).await? } else { answer };
    let mut head = head.to_string();
    head.pop();
    Ok(format!("{head},\"answer\":{answer}}}"))
}

/// The format of what a person takes out: docs/subjects.md.
pub const EXPORT_FORMAT: &str = "comity-export/1";

/// An answer that a person can take elsewhere: with the log's key and, for each exchange that a record came by, the receipt
/// of its entry, a C2SP tlog-proof that anybody verifies offline.
async fn export(gateway: &Gateway, answer: &str) -> Result<String, GatewayError> {
    #[derive(serde::Deserialize)]
    struct Records {
        records: Vec<Came>,
    }
    #[derive(serde::Deserialize)]
    struct Came {
        exchange_id: Option<String>,
    }
    let whole: Box<RawValue> = serde_json::from_str(answer)
        .map_err(|_| GatewayError::Broken("an answer does not read".to_owned()))?;
    let Records { records } = serde_json::from_str(answer)
        .map_err(|_| GatewayError::Broken("an answer does not read".to_owned()))?;
    let mut receipts = BTreeMap::new();
    for exchange in records.into_iter().filter_map(|came| came.exchange_id?.parse::<ExchangeId>().ok()) {
        if receipts.contains_key(&exchange.to_string()) {
            continue;
        }
        if let Some((entry, integrated)) = gateway.store().exchange_integrated(exchange).await? {
            let receipt = receipt(gateway.store(), entry, &integrated).await?;
            receipts.insert(exchange.to_string(), receipt.to_string());
        }
    }
    #[derive(serde::Serialize)]
    struct Export<'a> {
        format: &'static str,
        log: String,
        receipts: BTreeMap<String, String>,
        answer: &'a RawValue,
    }
    let log = gateway.signatory().log.to_string();
    let export = Export { format: EXPORT_FORMAT, log, receipts, answer: &whole };
    serde_json::to_string(&export).map_err(|error| GatewayError::Broken(error.to_string()))
}

/// The requests that wait, with `all` the others too, as officers and overseers see them.
///
/// # Errors
/// [`GatewayError`].
pub async fn listed(gateway: &Gateway, all: bool) -> Result<Vec<Json>, GatewayError> {
    let now = gateway.now();
    let rows = gateway.store().requests(all).await?;
    Ok(rows.iter().map(|row| status_json(row, now)).collect())
}

/// A part of the requests that wait, by when they have to be answered: at most `limit`, from behind `after`.
///
/// # Errors
/// [`GatewayError::Input`] when there is no request `after`.
pub async fn part(gateway: &Gateway, after: Option<RequestId>, limit: u32) -> Result<Listed, GatewayError> {
    let (now, store) = (gateway.now(), gateway.store());
    let place = match after {
        Some(after) => Some((known_request(gateway, after).await?.due_legal_latest, after)),
        None => None,
    };
    let rows = store.requests_waiting(place, limit.saturating_add(1)).await?;
    Ok(Listed::of(rows.iter().map(|row| status_json(row, now)).collect(), limit))
}

/// What is owed to persons, as the ledger prints it: one duty for each request.
///
/// # Errors
/// [`GatewayError`].
pub async fn duties(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let (now, owner) = (gateway.now(), gateway.signatory().party.to_string());
    let rows = gateway.store().requests(true).await?;
    let duty = |row: &RequestRow| {
        let state = match (row.open, now > row.due_legal_latest) {
            (false, _) => "done",
            (true, true) => "overdue",
            (true, false) => "open",
        };
        json!({
            "type": "answer",
            "value": row.action.to_string(),
            "owner": owner,
            "due_operational": row.due_operational.to_string(),
            "due_legal_latest": row.due_legal_latest.to_string(),
            "state": state,
            "evidence": row.decided_at.map(|at| at.to_string()),
            "request": row.id.to_string(),
        })
    };
    Ok(rows.iter().map(duty).collect())
}

/// What an overseer is told of requests: every entry of this log about one, opened; what was held, given and withheld, and
/// by which rule. An opening that is erased tells no more than that it was of this family.
///
/// # Errors
/// [`GatewayError`].
pub async fn overseen(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let mut all = Vec::new();
    let mut from = LeafIndex(0);
    loop {
        let batch = gateway.store().logged(from, 1_000).await?;
        let Some(last) = batch.last() else { return Ok(all) };
        from = LeafIndex(last.index.0 + 1);
        for logged in batch.iter().filter(|logged| logged.entry.family() == Family::Remedy) {
            let open = |segment: &SealedSegment| {
                gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys))
            };
            let opening = logged.opening.as_ref().map_or(Ok(None), open)?;
            let told = opening.and_then(|opening| {
                let content: Json = serde_json::from_slice(opening.content()).ok()?;
                logged.entry.commits_to(&opening).then_some(content)
            });
            let is_of_request = |told: &Json| {
                let act = told["act"].as_str().and_then(Act::of_name);
                matches!(
                    act,
                    Some(
                        Act::RequestFiled
                            | Act::RequestRead
                            | Act::RequestDecided
                            | Act::RequestHeard
                            | Act::RequestLifted
                    )
                )
            };
            // Orders between gateways are of this family too.
            if told.as_ref().is_some_and(|told| !is_of_request(told)) {
                continue;
            }
            let mut told = told.unwrap_or_else(|| json!({ "act": null, "erased": true }));
            told["entry"] = json!(logged.index.0);
            all.push(told);
        }
    }
}

/// How many requests wait, and how many of them past their last lawful instant.
///
/// # Errors
/// [`comity_exchange::ports::StoreError`].
pub async fn waiting(
    gateway: &Gateway,
    now: Timestamp,
) -> Result<(u64, u64), comity_exchange::ports::StoreError> {
    gateway.store().requests_counted(now).await
}
