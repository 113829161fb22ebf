//! `comity subject opt-out`: what people have opted out of.

use super::out::{Exit, Out};
use super::subject::claimed;
use super::{Cli, OptOut};
use crate::gateway::{Gateway, GatewayError};
use crate::work::opt_outs;
use crate::work::subjects::SeenByOfficer;
use comity_exchange::ports::{OptOutRow, OptOutState};
use comity_exchange::shell::Shell as _;
use serde_json::Value as Json;
use std::path::Path;
use zeroize::Zeroizing;

/// Runs one of the commands at an open gateway.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &OptOut,
    stdin: Option<Zeroizing<Vec<u8>>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        OptOut::File(args) => {
            let claim = claimed(&args.identifiers, stdin, cwd)?;
            let filed = opt_outs::file(gateway, &claim, &args.categories, args.until).await?;
            let mut said = opt_outs::filed_json(&filed, gateway.now());
            let mut exit = Exit::Done;
            if let Some(officer) = &args.officer {
                let seen = SeenByOfficer(args.identity_seen);
                let decided = opt_outs::decide(gateway, filed.row.id, &claim, officer, &seen).await;
                let row = decided
                    .inspect_err(|_| out.note(&format!("opt-out {} is filed, and waits", filed.row.id)))?;
                said = opt_outs::status_json(&row, gateway.now());
                said["code"] = filed.code.into();
                exit = of(&row);
            }
            told(cli, &said, out);
            if !cli.json {
                out.note("the code opens its status and withdraws it; it is shown this once");
            }
            Ok(exit)
        }
        OptOut::Decide(args) => {
            let claim = claimed(&args.identifiers, stdin, cwd)?;
            let seen = SeenByOfficer(args.identity_seen);
            let row = opt_outs::decide(gateway, args.number, &claim, &args.officer, &seen).await?;
            told(cli, &opt_outs::status_json(&row, gateway.now()), out);
            Ok(of(&row))
        }
        OptOut::Status(args) | OptOut::Withdraw(args) => {
            let code = stdin.unwrap_or_default();
            let code = String::from_utf8_lossy(&code);
            let said = match command {
                OptOut::Withdraw(_) => opt_outs::withdraw(gateway, args.number, code.trim()).await?,
                _ => opt_outs::status(gateway, args.number, code.trim()).await?,
            };
            let Some(said) = said else {
                return Err(GatewayError::Input("no opt-out has this number and this code".to_owned()));
            };
            told(cli, &said, out);
            Ok(Exit::Done)
        }
        OptOut::List(_) => {
            let listed = opt_outs::listed(gateway).await?;
            if cli.json {
                out.json(&listed);
                return Ok(Exit::Done);
            }
            let row = |row: &Json| {
                let keys = ["number", "state", "categories", "filed_at", "until"];
                keys.iter().map(|key| text(&row[*key])).collect::<Vec<_>>()
            };
            let rows: Vec<Vec<String>> = listed.iter().map(row).collect();
            out.table(&["number", "state", "of", "filed", "until"], &rows);
            Ok(Exit::Done)
        }
    }
}

fn of(row: &OptOutRow) -> Exit {
    if row.state == OptOutState::Refused { Exit::Refused } else { Exit::Done }
}

fn text(value: &Json) -> String {
    match value {
        Json::Array(words) => words.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
        value => value.as_str().unwrap_or("-").to_owned(),
    }
}

fn told(cli: &Cli, said: &Json, out: &mut Out<'_>) {
    if cli.json {
        return out.json(said);
    }
    for key in ["number", "code", "state", "categories", "filed_at", "until", "decided_at"] {
        if !said[key].is_null() {
            out.line(&format!("{key}: {}", text(&said[key])));
        }
    }
    for reason in said["reasons"].as_array().into_iter().flatten() {
        out.line(&format!("{}: {}", text(&reason["code"]), text(&reason["summary"])));
    }
    for way in said["remedies"].as_array().into_iter().flatten() {
        let (options, until) = (text(&way["options"]), text(&way["until"]));
        out.line(&format!(
            "turn to: {options}, until {until} ({} {})",
            text(&way["pack"]),
            text(&way["article"])
        ));
    }
}
