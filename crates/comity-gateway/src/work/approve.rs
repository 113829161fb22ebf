//! Escalated exchanges: what waits for whom, what offices say, and what comes of it.
//!
//! ```text
//! 1 approve     the approval is recorded, with its entry: from then on it counts
//! 2 go on       every office has approved: the order is unsealed, decided again with the approvals, recorded with their
//!               use as another exchange of the chain, delivered
//! 3 erase       the order's sealed bytes end
//! ```
//! Crash points: after 1 the job finds that every office has approved, and goes on at 2. After 2's record the waiting is
//! over; what 3 leaves is erased at its time by the sweep. Two that go on at once meet at the use of the approvals.

mod waiting;

pub use waiting::{Waiting, part, waiting, waiting_json, why};

use super::share::{Order, carried_out};
use super::{manage, officers, offices};
use crate::gateway::{Gateway, GatewayError};
use comity_agreement::LawSet;
use comity_agreement::approval::{Approval, Delegation, Person, Void};
use comity_exchange::ExchangeError;
use comity_exchange::erase::{Order as EraseOrder, erase_exchange};
use comity_exchange::escalation::{Approved, Standing, open_order, standing};
use comity_exchange::ports::{
    ApprovalRow, EscalationRow, ExchangeRow, Officer, PeerRemoval, Record, Store as _, StoreError,
};
use comity_exchange::question::Superseded;
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::wire::Text;
use comity_terms::{Act, Digest, ExchangeId, Office, ReasonCode, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use waiting::stands;

/// What an office's word came to.
#[derive(Debug)]
pub enum Came {
    /// It waits for others.
    Waits(Box<Waiting>),
    /// Every office has approved, and it went on.
    WentOn(Box<ExchangeReport>),
    /// It is refused.
    Refused,
}

fn stood(gateway: &Gateway, row: &EscalationRow, approvals: &[ApprovalRow], laws: &LawSet) -> Standing {
    standing(row, approvals, laws, &gateway.signatory().party, gateway.now())
}

fn lent(gateway: &Gateway, row: &EscalationRow) -> Result<Lent, GatewayError> {
    let agreement = &row.detail.agreement.0;
    let lent = gateway.laws(agreement, &row.detail.peer.0);
    lent.ok_or_else(|| GatewayError::Input(format!("`{agreement}` is not adopted here any more")))
}

/// The exchange that waits.
async fn open(gateway: &Gateway, exchange: ExchangeId) -> Result<EscalationRow, GatewayError> {
    let store = gateway.store();
    if let Some(row) = store.escalation(exchange).await? {
        return if row.open {
            Ok(row)
        } else {
            Err(GatewayError::Input(format!("exchange {exchange} waits for nobody any more")))
        };
    }
    Err(GatewayError::Input(match store.exchange(exchange).await? {
        Some(row) => format!("exchange {exchange} is {} and waits for nobody", row.outcome.as_str()),
        None => format!("no exchange {exchange} is recorded here"),
    }))
}

/// What an office says.
pub struct Word<'a> {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The officer who acts for the office.
    pub officer: &'a str,
    /// The office.
    pub office: &'a Office,
}

/// What an office decided by.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attested {
    issuer: String,
    document_digest: Text<Digest>,
    valid_until: Text<Timestamp>,
}

/// Whoever speaks for an office, to what waits for it.
struct Speaking {
    row: EscalationRow,
    acting: officers::Acting,
    officer: Officer,
    delegation: Option<Delegation>,
    now: Timestamp,
}

/// An officer with a key and valid training who acts for the office now, before what waits.
async fn speaking(gateway: &Gateway, word: &Word<'_>) -> Result<Speaking, GatewayError> {
    let row = open(gateway, word.exchange).await?;
    let acting = officers::acting(gateway, word.officer).await?;
    let officer = offices::trained(gateway, word.officer).await?;
    let now = gateway.now();
    let delegation = offices::acts_for(gateway, &officer, word.office, now).await?;
    Ok(Speaking { row, acting, officer, delegation, now })
}

/// Approves an exchange for an office; when it was the last, the exchange goes on.
///
/// # Errors
/// [`GatewayError::Input`] when it is not for this officer or office to approve now; nothing was recorded then.
pub async fn approve(
    gateway: &Arc<Gateway>,
    word: &Word<'_>,
    attestation: Option<&[u8]>,
) -> Result<Came, GatewayError> {
    let _one = gateway.approving().lock().await;
    let Speaking { row, acting, officer, delegation, now } = speaking(gateway, word).await?;
    let attested = attestation.map(|file| attested(file, now)).transpose()?;
    let until = gateway.settings().approval_until(now);
    let expires = attested.as_ref().map_or(until, |attested| until.min(attested.valid_until.0));
    let (Waiting { standing, .. }, mut approvals) = stands(gateway, row.clone()).await?;
    let office = turn_of(&row, &standing, word.office, now)?;
    let stands_in = (*word.office != office).then(|| word.office.clone());
    let approver = Person { name: officer.name, unit: officer.unit };
    let given: Vec<ApprovalRow> = row
        .detail
        .questions
        .iter()
        .filter_map(|put| {
            let rules = put.rules.iter().find(|(known, _)| known.0 == office)?.1;
            let approval = Approval {
                question: put.question.0,
                rules: rules.iter().map(|rule| rule.0.clone()).collect(),
                packs: row.detail.packs.iter().map(|digest| digest.0).collect(),
                office: office.clone(),
                stands_in: stands_in.clone(),
                approver: approver.clone(),
                delegation: delegation.clone(),
                expires,
            };
            Some(ApprovalRow { exchange: row.exchange, approval, used_by: None })
        })
        .collect();
    // One that would not count is not recorded: whoever gives it learns why. A second pair of eyes may be missing still.
    approvals.extend(given.iter().cloned());
    let lent = lent(gateway, &row)?;
    let then = stood(gateway, &row, &approvals, &lent.laws);
    let new = then.void.difference(&standing.void).find(|void| **void != Void::OneOfTwo);
    if let Some(void) = new {
        return Err(GatewayError::Input(format!("the approval would not count: {}", why(*void))));
    }
    let signed: Vec<Json> = given.iter().map(|row| approval_json(row, &acting)).collect();
    let facts = json!({
        "exchange": row.exchange.to_string(),
        "office": office.to_string(),
        "stands_in": stands_in.as_ref().map(ToString::to_string),
        "delegated_until": delegation.as_ref().map(|delegation| delegation.until.to_string()),
        "attested": attested.as_ref().map(|attested| json!({
            "document": attested.document_digest, "valid_until": attested.valid_until,
        })),
        "key": acting.key(),
        "approvals": signed,
    });
    let change = Record { approvals: given, ..Record::default() };
    manage::record(gateway, Act::ApprovalGiven, facts, change).await?;
    match go_on(gateway, row).await? {
        Ok(report) => Ok(Came::WentOn(Box::new(report))),
        Err(waiting) => Ok(Came::Waits(waiting)),
    }
}

fn attested(file: &[u8], now: Timestamp) -> Result<Attested, GatewayError> {
    let wrong = |why: String| GatewayError::Input(format!("the attestation: {why}"));
    let attested: Attested =
        serde_json::from_slice(file).map_err(|error| wrong(format!("does not read: {error}")))?;
    if attested.issuer.trim().is_empty() {
        return Err(wrong("it names no issuer".to_owned()));
    }
    if now > attested.valid_until.0 {
        return Err(wrong(format!("it was valid until {}", attested.valid_until.0)));
    }
    Ok(attested)
}

/// What an entry says of one approval: all that it binds, but for who gave it.
fn approval_json(row: &ApprovalRow, acting: &officers::Acting) -> Json {
    let Approval { question, rules, packs, expires, .. } = &row.approval;
    let digest = row.approval.digest();
    let text = format!("approve\n{}\n{digest}\n", row.exchange);
    json!({
        "digest": digest.to_string(),
        "question": question.to_string(),
        "rules": rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "packs": packs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "expires": expires.to_string(),
        "signature": acting.sign(text.as_bytes()).to_string(),
    })
}

/// The office in whose place `acting` decides now: itself, or one whose time ran out.
fn turn_of(
    row: &EscalationRow,
    standing: &Standing,
    acting: &Office,
    now: Timestamp,
) -> Result<Office, GatewayError> {
    let mut waits = Vec::new();
    for (office, _) in standing.offices.iter().filter(|(_, approved)| !**approved) {
        let Some(turn) = row.detail.turn(office, now) else { continue };
        if turn.office.0 == *acting {
            return Ok(office.clone());
        }
        waits.push(format!("{} until {}", turn.office.0, turn.until.0));
    }
    let waits = if waits.is_empty() { "nobody".to_owned() } else { waits.join(", ") };
    Err(GatewayError::Input(format!("it is not for `{acting}` to decide: it waits for {waits}")))
}

/// Refuses an exchange for an office: it ends.
///
/// # Errors
/// As [`approve`].
pub async fn refuse(
    gateway: &Arc<Gateway>,
    word: &Word<'_>,
    reason: &ReasonCode,
) -> Result<Came, GatewayError> {
    let _one = gateway.approving().lock().await;
    let Speaking { row, acting, now, .. } = speaking(gateway, word).await?;
    if !manage::is_reason(reason)? {
        return Err(GatewayError::Input(format!("`{reason}` is no reason that the vocabulary knows")));
    }
    let (Waiting { standing, .. }, _) = stands(gateway, row.clone()).await?;
    let office = turn_of(&row, &standing, word.office, now)?;
    let text = format!("refuse\n{}\n{office}\n{reason}\n", row.exchange);
    let facts = json!({
        "exchange": row.exchange.to_string(),
        "office": office.to_string(),
        "stands_in": (*word.office != office).then(|| word.office.to_string()),
        "reason": reason.to_string(),
        "key": acting.key(),
        "signature": acting.sign(text.as_bytes()).to_string(),
    });
    end(gateway, row, Act::ApprovalRefused, facts).await?;
    Ok(Came::Refused)
}

/// Ends what waits with a refusal: its entry, its skeleton, and the sealed order.
async fn end(gateway: &Gateway, row: EscalationRow, act: Act, facts: Json) -> Result<(), GatewayError> {
    let exchange = skeleton(gateway, row.exchange).await?;
    let now = gateway.now();
    let change = Record {
        exchanges: vec![ExchangeRow { outcome: ExchangeOutcome::Refused, changed_at: now, ..exchange }],
        escalations: vec![EscalationRow { open: false, ..row.clone() }],
        ..Record::default()
    };
    manage::record(gateway, act, facts, change).await?;
    erase_order(gateway, row.exchange).await
}

async fn skeleton(gateway: &Gateway, exchange: ExchangeId) -> Result<ExchangeRow, GatewayError> {
    let row = gateway.store().exchange(exchange).await?;
    row.ok_or_else(|| GatewayError::Broken(format!("exchange {exchange} has no skeleton")))
}

/// Erases the sealed order of an exchange that waits no longer.
async fn erase_order(gateway: &Gateway, exchange: ExchangeId) -> Result<(), GatewayError> {
    let ground = ENDED.parse().map_err(|_| GatewayError::Broken(format!("`{ENDED}` is no reason")))?;
    let _one = gateway.sweeping().lock().await;
    let order = EraseOrder { exchange, ground, openings: false };
    erase_exchange(gateway, &order, Json::Null).await?;
    Ok(())
}

/// The ground on which an order's sealed bytes end with its waiting.
const ENDED: &str = "retention_over";

/// Goes on with an exchange that every office has approved; gives it back when one has not.
///
/// # Errors
/// [`GatewayError`]; it waits on, and is taken up again.
async fn go_on(
    gateway: &Arc<Gateway>,
    row: EscalationRow,
) -> Result<Result<ExchangeReport, Box<Waiting>>, GatewayError> {
    let (waiting, approvals) = stands(gateway, row).await?;
    if !waiting.standing.complete() {
        return Ok(Err(Box::new(waiting)));
    }
    let Waiting { row, .. } = waiting;
    let store = gateway.store();
    let sealed = store.segment(row.detail.order.0).await?;
    let gone = || GatewayError::Input(format!("the order of exchange {} was erased", row.exchange));
    let sealed = sealed.ok_or_else(gone)?;
    let opened = gateway.with_keys(|keys| open_order(&sealed, gateway.signatory(), keys))?;
    let (clear, order) = opened.ok_or_else(gone)?;
    let (order, bundle) = (&clear.as_bytes()[order.clone()], clear.as_bytes()[order.end..].to_vec());
    let order = Order::read(order, bundle)?;
    let chain = skeleton(gateway, row.exchange).await?.chain;
    let used = approvals.iter().filter(|row| row.used_by.is_some());
    let approved = Approved {
        row: row.clone(),
        used: used.map(|row| row.approval.digest()).collect(),
        approvals: approvals.iter().map(|row| row.approval.clone()).collect(),
    };
    let supersedes = Superseded { exchange: row.exchange, chain };
    let report = carried_out(gateway, order, Some((supersedes, approved))).await?;
    erase_order(gateway, row.exchange).await?;
    Ok(Ok(report))
}

/// Takes up what waits: what every office has approved goes on; an office whose time ran out gives way to the next; what
/// nobody answered is refused. Gives how many of each.
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn take_up(gateway: &Arc<Gateway>) -> Result<(usize, usize, usize), GatewayError> {
    gateway.keep_up().await?;
    let _one = gateway.approving().lock().await;
    let (mut gone_on, mut moved, mut refused) = (0, 0, 0);
    for row in gateway.store().escalations(None, u32::MAX).await? {
        let exchange = row.exchange;
        match one(gateway, row).await {
            Ok(Some(Act::ExchangeDecided)) => gone_on += 1,
            Ok(Some(Act::EscalationMoved)) => moved += 1,
            Ok(Some(_)) => refused += 1,
            Ok(None) => {}
            // Another hand was faster: it is not open any more.
            Err(
                GatewayError::Store(StoreError::Conflict(_))
                | GatewayError::Exchange(ExchangeError::Store(StoreError::Conflict(_))),
            ) => {}
            Err(error) => tracing::error!(%exchange, %error, "what waits could not be taken up"),
        }
    }
    Ok((gone_on, moved, refused))
}

/// Ends every question that waits for offices about what would go to a partner that is removed; how many.
///
/// # Errors
/// [`GatewayError`] when the store fails; the rest ends when it is taken up.
pub(super) async fn end_of(gateway: &Gateway, removal: &PeerRemoval) -> Result<usize, GatewayError> {
    let _one = gateway.approving().lock().await;
    let mut ended = 0;
    for row in gateway.store().escalations(None, u32::MAX).await? {
        if row.detail.peer.0 == removal.party {
            end_removed(gateway, row, removal).await?;
            ended += 1;
        }
    }
    Ok(ended)
}

async fn end_removed(
    gateway: &Gateway,
    row: EscalationRow,
    removal: &PeerRemoval,
) -> Result<(), GatewayError> {
    let facts = json!({
        "exchange": row.exchange.to_string(),
        "ended": "removed",
        "removed_at": removal.at.to_string(),
        "reason": removal.reason.to_string(),
    });
    end(gateway, row, Act::EscalationEnded, facts).await
}

/// Takes one up; gives what was done with it.
async fn one(gateway: &Arc<Gateway>, row: EscalationRow) -> Result<Option<Act>, GatewayError> {
    if let Some(removal) = gateway.removal(&row.detail.peer.0) {
        end_removed(gateway, row, &removal).await?;
        return Ok(Some(Act::EscalationEnded));
    }
    let waiting = match go_on(gateway, row.clone()).await {
        Ok(Ok(_)) => return Ok(Some(Act::ExchangeDecided)),
        Ok(Err(waiting)) => *waiting,
        // It cannot go on now; its time runs all the same.
        Err(GatewayError::Input(why)) => {
            tracing::warn!(exchange = %row.exchange, %why, "an approved exchange does not go on");
            let offices = row.detail.turns.keys().map(|office| (office.0.clone(), false)).collect();
            Waiting { row, standing: Standing { offices, void: Default::default() } }
        }
        Err(other) => return Err(other),
    };
    let now = gateway.now();
    let Waiting { mut row, standing } = waiting;
    let mut late: BTreeMap<Text<Office>, usize> = row.detail.late.clone();
    let mut moves = Vec::new();
    for (office, _) in standing.offices.iter().filter(|(_, approved)| !**approved) {
        let key = Text(office.clone());
        let Some(turns) = row.detail.turns.get(&key) else { continue };
        let passed = turns.iter().filter(|turn| now > turn.until.0).count();
        if passed == turns.len() {
            let facts = json!({ "exchange": row.exchange.to_string(), "office": office.to_string() });
            end(gateway, row, Act::EscalationEnded, facts).await?;
            return Ok(Some(Act::EscalationEnded));
        }
        if passed > late.get(&key).copied().unwrap_or(0) {
            let next = &turns[passed];
            moves.push(json!({
                "for": office.to_string(), "to": next.office, "until": next.until,
            }));
            late.insert(key, passed);
        }
    }
    if moves.is_empty() {
        return Ok(None);
    }
    let facts = json!({ "exchange": row.exchange.to_string(), "moves": moves });
    row.detail.late = late;
    let change = Record { escalations: vec![row], ..Record::default() };
    manage::record(gateway, Act::EscalationMoved, facts, change).await?;
    Ok(Some(Act::EscalationMoved))
}
