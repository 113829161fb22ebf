//! Holds on what is kept here, and reviews of it: an officer's acts, decided by law, each in an entry of its own.

use super::{manage, officers, share};
use crate::clock::OsEntropy;
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use comity_agreement::Decision;
use comity_exchange::ExchangeError;
use comity_exchange::erase::hold::{self, Lifting, Placed, Placing};
use comity_exchange::erase::{Erased, Order};
use comity_exchange::ports::{HoldRow, Holds as _, Recalls as _, Store as _};
use comity_exchange::shell::{Lent, Shell as _};
use comity_terms::ids::HoldId;
use comity_terms::{Asserter, Digest, ExchangeId, FactKey, Facts, Timestamp};
use serde_json::{Value as Json, json};
use std::path::Path;

/// What an officer asks to hold.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The exchange.
    pub exchange: ExchangeId,
    /// One object of it, by its STIX id; `None` for all.
    pub object: Option<String>,
    /// The officer.
    pub officer: String,
    /// Why: a word of `hold_ground`.
    pub ground: String,
    /// Until when, UTC.
    pub until: Timestamp,
    /// The digest of the reasons as they were written down; they stay where the authority keeps its files.
    pub reasons: Option<Digest>,
    /// What the officer states beside it.
    pub facts: Vec<(FactKey, String)>,
}

/// A fact as an officer states it: key and text.
pub type StatedFact = (FactKey, String);

/// A fact as an office attests it: key and file.
pub type AttestedFact = (FactKey, Vec<u8>);

/// The digest of written reasons.
///
/// # Errors
/// [`GatewayError::Input`] when there is no such file.
pub fn reasons(path: &Path) -> Result<Digest, GatewayError> {
    let bytes = files::read(path, REASONS_BYTES_MAX)?;
    let bytes =
        bytes.ok_or_else(|| GatewayError::Input(format!("{}: there is no such file", path.display())))?;
    if bytes.is_empty() {
        return Err(GatewayError::Input(format!("{}: it is empty", path.display())));
    }
    Ok(Digest::of(&bytes))
}

/// The longest written reasons: a judgment with its annexes.
const REASONS_BYTES_MAX: usize = 64 << 20;

/// The facts that the gateway knows of the acts here.
const RECORDED: &str = "reasons_recorded";

/// Places a hold, as far as the laws let it be.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may act, nothing of the exchange is held, or a word is none of the
/// vocabulary; nothing happened then.
pub async fn place(gateway: &Gateway, asked: &Asked) -> Result<Placed, GatewayError> {
    let acting = officers::deciding(gateway, &asked.officer).await?;
    let lent = laws(gateway, asked.exchange).await?;
    let words = lent.laws.vocabulary.list("hold_ground").unwrap_or_default();
    if !words.contains(&asked.ground) {
        let words = words.join(", ");
        return Err(GatewayError::Input(format!("`{}` is no ground of a hold: {words}", asked.ground)));
    }
    let record = match &asked.object {
        Some(object) => Some(found(gateway, asked.exchange, object).await?),
        None => None,
    };
    let at = gateway.now();
    let id = HoldId::draw(&mut OsEntropy);
    let Asked { exchange, ground, until, .. } = asked;
    let reasons = asked.reasons.map_or_else(String::new, |digest| digest.to_string());
    let text = format!("hold\n{id}\n{exchange}\n{}\n{ground}\n{until}\n{reasons}\n{at}\n", record.is_none());
    let by = json!({
        "key": acting.key(),
        "signature": acting.sign(text.as_bytes()).to_string(),
        "reasons": asked.reasons.map(|digest| digest.to_string()),
    });
    let placing = Placing {
        id,
        exchange: *exchange,
        record,
        ground: ground.clone(),
        until: *until,
        facts: stated(&asked.facts, asked.reasons, &lent)?,
        key: acting.key(),
        by,
        at,
    };
    let _one = gateway.sweeping().lock().await;
    hold::place(gateway, &placing).await.map_err(input)
}

/// Lets a hold go before its time, as far as the laws let it be; the hold as it is then. `attestations` are what offices
/// said, as files.
///
/// # Errors
/// As [`place`].
pub async fn lift(
    gateway: &Gateway,
    (id, officer): (HoldId, &str),
    reasons: Option<Digest>,
    (facts, attestations): (&[StatedFact], &[AttestedFact]),
) -> Result<(Decision, HoldRow), GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let held = gateway.store().hold(id).await?;
    let held = held.ok_or_else(|| GatewayError::Input(format!("no hold {id} is known here")))?;
    let lent = laws(gateway, held.exchange).await?;
    let at = gateway.now();
    let mut known = stated(facts, reasons, &lent)?;
    let attested = share::attested(attestations, &lent, at, &mut known)?;
    let digest = reasons.map_or_else(String::new, |digest| digest.to_string());
    let text = format!("lift\n{id}\n{digest}\n{at}\n");
    let by = json!({
        "key": acting.key(),
        "signature": acting.sign(text.as_bytes()).to_string(),
        "reasons": reasons.map(|digest| digest.to_string()),
        "attested": attested.iter().map(|attested| json!({
            "key": attested.key.to_string(),
            "document": attested.document.to_string(),
            "valid_until": attested.valid_until.to_string(),
        })).collect::<Json>(),
    });
    hold::lift(gateway, &Lifting { id, facts: known, by, at }).await.map_err(input)
}

async fn laws(gateway: &Gateway, exchange: ExchangeId) -> Result<Lent, GatewayError> {
    let row = gateway.store().exchange(exchange).await?;
    let row = row.ok_or_else(|| GatewayError::Input(format!("no exchange {exchange} is recorded here")))?;
    gateway.laws(&row.agreement, &row.peer).ok_or_else(|| {
        GatewayError::Input(format!("`{}` is not adopted here; `comity law adopt {0}`", row.agreement))
    })
}

/// The record of an exchange that holds an object, by class and place.
async fn found(
    gateway: &Gateway,
    exchange: ExchangeId,
    object: &str,
) -> Result<(comity_terms::ids::ClassId, u32), GatewayError> {
    let tag = gateway.tags().object(object);
    let sources = gateway.store().sources(vec![tag], None).await?;
    let of = sources.into_iter().map(|(_, name)| name).find(|name| name.exchange == exchange);
    let none = || {
        GatewayError::Input(format!(
            "no such object came by exchange {exchange}, or it lies in no collection"
        ))
    };
    of.map(|name| (name.class, name.ordinal)).ok_or_else(none)
}

fn stated(facts: &[(FactKey, String)], reasons: Option<Digest>, lent: &Lent) -> Result<Facts, GatewayError> {
    share::assertable_by_officer(facts, lent)?;
    let mut known = share::stated_by_officer(facts, lent)?;
    if reasons.is_some() {
        let key = FactKey::new(RECORDED).map_err(|error| GatewayError::Broken(error.to_string()))?;
        known.state(key, true, Asserter::Officer);
    }
    // Who is not trained did not come this far.
    share::known_training(&mut known, true)?;
    Ok(known)
}

fn input(error: ExchangeError) -> GatewayError {
    match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    }
}

/// What a review of records came to.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// What the laws said of it.
    pub decision: Decision,
    /// What was erased, where they were found to be needed no longer.
    pub erased: Option<Erased>,
}

/// Looks at whether what is held of an exchange is still needed, as an officer says: what is not is erased.
///
/// # Errors
/// As [`place`].
pub async fn review(
    gateway: &Gateway,
    (exchange, officer): (ExchangeId, &str),
    needed: bool,
    reasons: Option<Digest>,
) -> Result<Reviewed, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let lent = laws(gateway, exchange).await?;
    let at = gateway.now();
    let outcome = if needed { "still_needed" } else { "no_longer_needed" };
    let digest = reasons.map_or_else(String::new, |digest| digest.to_string());
    let text = format!("review\n{exchange}\n{outcome}\n{digest}\n{at}\n");
    let by = json!({
        "key": acting.key(),
        "signature": acting.sign(text.as_bytes()).to_string(),
        "reasons": reasons.map(|digest| digest.to_string()),
    });
    let facts = stated(&[], reasons, &lent)?;
    let decision = hold::review(gateway, exchange, (outcome, &facts, &by), at).await.map_err(input)?;
    let permitted = decision.outcome == comity_agreement::Outcome::Permitted;
    let erased = if permitted && !needed {
        let ground =
            NOT_NEEDED.parse().map_err(|_| GatewayError::Broken(format!("`{NOT_NEEDED}` is no reason")))?;
        let order = Order { exchange, ground, openings: false };
        Some(manage::erase(gateway, officer, &order).await?.erased)
    } else {
        None
    };
    Ok(Reviewed { decision, erased })
}

/// The ground of erasing what a review finds to be needed no longer.
const NOT_NEEDED: &str = "no_longer_needed";

/// A hold as it is printed.
#[must_use]
pub fn hold_json(hold: &HoldRow, now: Timestamp) -> Json {
    let state = match hold.lifted {
        Some(_) => "lifted",
        None if hold.stands(now) => "stands",
        None => "lapsed",
    };
    let [law, pack, rule, article] = &hold.bound;
    json!({
        "hold_id": hold.id.to_string(),
        "exchange_id": hold.exchange.to_string(),
        "whole": hold.record.is_none(),
        "ground": hold.ground,
        "since": hold.since.to_string(),
        "from": hold.begun.to_string(),
        "until": hold.until.to_string(),
        "lifted": hold.lifted.map(|at| at.to_string()),
        "state": state,
        "restricts": hold.restricts,
        "key": hold.key,
        "bound_by": { "law": law, "pack": pack, "rule": rule, "article": article },
        "erase_after": hold.erase_after.as_ref().map(ToString::to_string),
    })
}
