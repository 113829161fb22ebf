//! `comity token`: what tools sign in with.

use super::out::{Exit, Out};
use super::{Cli, Token};
use crate::gateway::{Gateway, GatewayError};
use crate::signin::tokens::id;
use crate::work::{manage, tokens};
use comity_exchange::ports::{Store as _, TokenRow};
use comity_exchange::shell::Shell as _;
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};

/// Runs one of the commands at an open gateway.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Token,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let now = gateway.now();
    match command {
        Token::Add(args) => {
            let until = args.until.map(manage::end_of);
            let (text, row) = tokens::give(gateway, &args.officer, &args.title, until).await?;
            if cli.json {
                let mut said = told(&row, now);
                said["token"] = json!(*text);
                out.json(&said);
            } else {
                out.line(&text);
                out.note(&format!("token {}: shown this once and kept nowhere", id(row.digest)));
            }
        }
        Token::List(_) => {
            let known = gateway.store().tokens().await?;
            if cli.json {
                out.json(&known.iter().map(|row| told(row, now)).collect::<Vec<_>>());
            }
            for row in known.iter().filter(|_| !cli.json) {
                let until = row.until.map_or_else(|| "ended by hand".to_owned(), |until| until.to_string());
                let TokenRow { officer, title, .. } = row;
                out.line(&format!(
                    "{}  {officer}  {}  until {until}  {title}",
                    id(row.digest),
                    state(row, now)
                ));
            }
        }
        Token::End(args) => {
            let row = tokens::end(gateway, &args.id).await?;
            if cli.json {
                out.json(&told(&row, now));
            } else {
                out.line(&format!("token {} is ended", args.id));
            }
        }
    }
    Ok(Exit::Done)
}

fn told(row: &TokenRow, now: Timestamp) -> Json {
    json!({
        "id": id(row.digest),
        "officer": row.officer,
        "title": row.title,
        "created": row.from.to_string(),
        "expires": row.until.map(|until| until.to_string()),
        "ended": row.ended.map(|ended| ended.to_string()),
        "state": state(row, now),
    })
}

fn state(row: &TokenRow, now: Timestamp) -> &'static str {
    match row {
        TokenRow { ended: Some(_), .. } => "ended",
        TokenRow { until: Some(until), .. } if *until < now => "expired",
        _ => "valid",
    }
}
