//! Tokens for tools: given to an officer, listed, ended. Each act is an entry in the log before it counts, signed by
//! the officer's key; entries name a token by its id, and nobody.

use super::{manage, officers};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use crate::signin::tokens;
use comity_exchange::ports::{Record, Store as _, TokenRow};
use comity_exchange::shell::Shell as _;
use comity_terms::{Act, Timestamp};
use serde_json::json;
use zeroize::Zeroizing;

/// Gives an officer a token; the text is told once and kept nowhere.
///
/// # Errors
/// [`GatewayError::Input`] when there is no such officer, their key has ended, the instant is past, or the title is too
/// long or no text; nothing changed.
pub async fn give(
    gateway: &Gateway,
    officer: &str,
    title: &str,
    until: Option<Timestamp>,
) -> Result<(Zeroizing<String>, TokenRow), GatewayError> {
    let acting = officers::acting(gateway, officer).await?;
    let now = gateway.now();
    if let Some(until) = until.filter(|until| *until <= now) {
        return Err(GatewayError::Input(format!("{until} is past")));
    }
    if title.chars().count() > TITLE_CHARACTERS_MAX || title.chars().any(char::is_control) {
        return Err(GatewayError::Input(format!(
            "a title has at most {TITLE_CHARACTERS_MAX} printable characters"
        )));
    }
    let text = tokens::draw(&mut OsEntropy);
    let digest = tokens::digest(&text).ok_or_else(|| GatewayError::Broken("a drawn token is none".into()))?;
    let row = TokenRow {
        digest,
        officer: officer.to_owned(),
        title: title.to_owned(),
        from: now,
        until,
        ended: None,
    };
    let ends = until.map(|until| until.to_string());
    let order = format!("token\n{digest}\n{}\n", ends.as_deref().unwrap_or("-"));
    let facts = json!({
        "token": tokens::id(digest),
        "until": ends,
        "key": acting.key(),
        "signature": acting.sign(order.as_bytes()).to_string(),
    });
    let change = Record { tokens: vec![row.clone()], ..Record::default() };
    manage::record(gateway, Act::TokenGiven, facts, change).await?;
    Ok((text, row))
}

/// Ends a token, from now on; gives it as it ended.
///
/// # Errors
/// [`GatewayError::Input`] when there is none with this id that has not ended.
pub async fn end(gateway: &Gateway, id: &str) -> Result<TokenRow, GatewayError> {
    let known = gateway.store().tokens().await?;
    let row = known.into_iter().find(|row| tokens::id(row.digest) == id);
    let row =
        row.ok_or_else(|| GatewayError::Input(format!("no token `{id}` is known; `comity token list`")))?;
    if let Some(at) = row.ended {
        return Err(GatewayError::Input(format!("token `{id}` was ended on {at}")));
    }
    let ended = TokenRow { ended: Some(gateway.now()), ..row };
    let facts = json!({ "tokens": [id] });
    let change = Record { tokens: vec![ended.clone()], ..Record::default() };
    manage::record(gateway, Act::TokenEnded, facts, change).await?;
    Ok(ended)
}

/// The tokens of an officer that have not ended, as they end at `now`: for the act that ends them with their key.
///
/// # Errors
/// [`GatewayError::Store`].
pub async fn ending(gateway: &Gateway, officer: &str, now: Timestamp) -> Result<Vec<TokenRow>, GatewayError> {
    let known = gateway.store().tokens().await?;
    let theirs = known.into_iter().filter(|row| row.officer == officer && row.ended.is_none());
    Ok(theirs.map(|row| TokenRow { ended: Some(now), ..row }).collect())
}

/// Longer than what a tool is called.
const TITLE_CHARACTERS_MAX: usize = 200;
