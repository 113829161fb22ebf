//! `comity webhook`: who is told of acts.

use super::out::{Exit, Out};
use super::{Cli, Webhook};
use crate::gateway::{Gateway, GatewayError};
use crate::work::webhooks::{self, state};
use comity_exchange::ports::{WebhookRow, Webhooks as _};
use comity_exchange::shell::Shell as _;
use serde_json::{Value as Json, json};

/// Runs one of the commands at an open gateway.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Webhook,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        Webhook::Add(args) => {
            let (secret, row) = webhooks::add(gateway, &args.officer, &args.url, &args.events).await?;
            if cli.json {
                let mut said = told(&row);
                said["secret"] = json!(*secret);
                out.json(&said);
            } else {
                out.line(&secret);
                out.note(&format!("endpoint {}: its secret is shown this once", row.id));
            }
        }
        Webhook::List(_) => {
            let known = gateway.store().webhooks().await?;
            if cli.json {
                out.json(&known.iter().map(told).collect::<Vec<_>>());
            }
            for row in known.iter().filter(|_| !cli.json) {
                let trouble = row.trouble.as_ref().map_or_else(String::new, |why| format!("  ({why})"));
                out.line(&format!("{}  {}  {}  {}{trouble}", row.id, state(row), row.url, row.events));
            }
        }
        Webhook::End(args) => {
            let row = webhooks::end(gateway, &args.id).await?;
            said(cli, out, &row, &format!("endpoint {} is told nothing any more", row.id));
        }
        Webhook::Resume(args) => {
            let row = webhooks::resume(gateway, &args.id).await?;
            said(cli, out, &row, &format!("endpoint {} is tried again", row.id));
        }
    }
    Ok(Exit::Done)
}

fn said(cli: &Cli, out: &mut Out<'_>, row: &WebhookRow, text: &str) {
    if cli.json { out.json(&told(row)) } else { out.line(text) }
}

fn told(row: &WebhookRow) -> Json {
    json!({
        "id": row.id.to_string(),
        "url": row.url,
        "events": row.events.split(' ').collect::<Vec<_>>(),
        "officer": row.officer,
        "created": row.from.to_string(),
        "ended": row.ended.map(|at| at.to_string()),
        "state": state(row),
        "next_entry": row.next.0,
        "failures": row.failures,
        "failing_since": row.failing_since.map(|at| at.to_string()),
        "trouble": row.trouble,
        "disabled": row.disabled.map(|at| at.to_string()),
    })
}
