//! Whether a partner holds values: asked by officers.

use super::{officers, offices, share};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::ExchangeError;
use comity_exchange::matching::{Asked, Asking, End, ask};
use comity_exchange::shell::Shell as _;
use comity_minimise::Limits;
use comity_minimise::matching::{MatchValue, match_values};
use comity_terms::ids::MatchId;
use comity_terms::{Activity, Asserter, FactKey, PackSlug, Party, Purpose};
use std::collections::BTreeSet;

/// What an officer asks.
#[derive(Debug)]
pub struct Order {
    /// What is looked for.
    pub values: BTreeSet<MatchValue>,
    /// The officer.
    pub officer: String,
    /// The agreement.
    pub under: PackSlug,
    /// Whose set is asked about.
    pub with: Party,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// Facts that the officer states.
    pub facts: Vec<(FactKey, String)>,
}

/// The fact that single values are named, which a question always does.
const SPECIFIC: &str = "specific_identifier";

/// What is looked for in a file: STIX objects where it is JSON, else a value a line; lines that begin with `#` are remarks.
///
/// # Errors
/// [`GatewayError::Input`], naming the line that is too long, or telling that there is nothing.
pub fn read_values(bytes: &[u8], limits: &Limits) -> Result<BTreeSet<MatchValue>, GatewayError> {
    let input = |text: String| GatewayError::Input(text);
    let begins = bytes.iter().find(|b| !b.is_ascii_whitespace());
    let values = if begins.is_some_and(|b| matches!(b, b'{' | b'[')) {
        comity_minimise::Bundle::parse(bytes, limits).map_err(|error| input(error.to_string()))?;
        match_values(bytes, limits)
    } else {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            input(format!("neither STIX nor text: byte {} is no UTF-8", error.valid_up_to()))
        })?;
        let mut values = BTreeSet::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let value = MatchValue::new(line);
            values.insert(value.ok_or_else(|| input(format!("line {}: too long for a value", number + 1)))?);
        }
        values
    };
    if values.is_empty() {
        return Err(input("nothing to look for is in it".to_owned()));
    }
    Ok(values)
}

/// Asks a partner, from the decision to the last batch; the question, what was looked for, and what came of it.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may ask it, there is no such partner, or the laws cannot be asked; nothing
/// was asked then.
pub async fn order(
    gateway: &Gateway,
    order: Order,
) -> Result<(MatchId, Vec<MatchValue>, Asked), GatewayError> {
    let acting = officers::acting(gateway, &order.officer).await?;
    let trained = offices::trained(gateway, &order.officer).await.is_ok();
    let peer = gateway.peer(&order.with)?;
    let Order { values, under, with, activity, purpose, .. } = &order;
    let lent = gateway.laws(under, with).ok_or_else(|| {
        GatewayError::Input(format!("`{under}` is not adopted here; `comity law adopt {under}`"))
    })?;
    share::assertable_by_officer(&order.facts, &lent)?;
    let mut facts = share::stated_by_officer(&order.facts, &lent)?;
    share::known_training(&mut facts, trained)?;
    if facts.get(SPECIFIC).is_none() {
        facts.know(SPECIFIC, true, Asserter::Detected);
    }
    let (id, at) = (MatchId::draw(&mut OsEntropy), gateway.now());
    let text = format!("match\n{id}\n{under}\n{with}\n{activity}\n{purpose}\n{}\n{at}\n", values.len());
    let by = acting.signed(&text);
    let asking = Asking {
        id,
        agreement: under.clone(),
        activity: activity.clone(),
        purpose: purpose.clone(),
        facts,
        by,
        values: order.values.into_iter().collect(),
        at,
    };
    let asked = ask(gateway, &peer, &asking).await.map_err(|error| match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    })?;
    let party = &peer.party;
    if let End::Broken { misbehaved: Some(kind), .. } = &asked.end {
        gateway.counts().misbehaved();
        tracing::warn!(%id, %party, kind = kind.as_str(), "a partner's answer to a question is none");
    }
    tracing::info!(%id, %party, result = asked.end.as_str(), evaluations = asked.evaluations, "a question has ended");
    Ok((id, asking.values, asked))
}
