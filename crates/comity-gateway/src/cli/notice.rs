//! `comity notice`: persons who are to be told, at an officer's desk.

use super::out::{Exit, Out};
use super::{Cli, Notice, NoticeDefer, NoticeOpen, NoticeShow};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::notices::{self, Off, Order, REASONS_BYTES_MAX};
use comity_exchange::notice::{ADDRESSEE_BYTES_MAX, Addressee, Done};
use comity_exchange::shell::Shell as _;
use serde_json::Value as Json;
use std::path::Path;
use zeroize::Zeroizing;

/// Runs one of the commands at an open gateway.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Notice,
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let stdin = stdin.map(Zeroizing::new);
    match command {
        Notice::Open(args) => {
            let row = open(gateway, args, stdin, cwd).await?;
            Ok(told(cli, &notices::row_json(&row, gateway.now()), out))
        }
        Notice::Address(args) => {
            let to = addressee(&args.to, stdin, cwd)?;
            let row = notices::address(gateway, args.number, &args.officer, to).await?;
            Ok(told(cli, &notices::row_json(&row, gateway.now()), out))
        }
        Notice::Defer(args) => {
            let done = defer(gateway, args, stdin, cwd).await?;
            Ok(came(gateway, cli, &done, out))
        }
        Notice::Approve(args) => {
            let done = notices::approve(gateway, args.number, &args.officer, &args.office).await?;
            Ok(came(gateway, cli, &done, out))
        }
        Notice::Send(args) => {
            let done = notices::send(gateway, args.number, &args.officer).await?;
            Ok(came(gateway, cli, &done, out))
        }
        Notice::Close(args) => {
            let done = notices::close(gateway, args.number, &args.officer, &args.reason).await?;
            Ok(came(gateway, cli, &done, out))
        }
        Notice::Show(args) => show(gateway, cli, args, out).await,
        Notice::List(args) => {
            let listed = notices::listed(gateway, args.all).await?;
            if cli.json {
                out.json(&listed);
                return Ok(Exit::Done);
            }
            let text = |row: &Json, key: &str| match &row[key] {
                Json::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
                value => value.as_str().unwrap_or("-").to_owned(),
            };
            let keys = [
                "number",
                "state",
                "pack",
                "due_operational",
                "due_legal_latest",
                "overdue",
                "addressed",
                "trouble",
            ];
            let rows: Vec<Vec<String>> =
                listed.iter().map(|row| keys.iter().map(|key| text(row, key)).collect()).collect();
            out.table(
                &["number", "state", "under", "due", "at the latest", "overdue", "addressed", "trouble"],
                &rows,
            );
            Ok(Exit::Done)
        }
    }
}

/// What a file holds, or standard input.
fn given(
    path: &Path,
    stdin: Option<Zeroizing<Vec<u8>>>,
    cwd: &Path,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, GatewayError> {
    match stdin {
        Some(bytes) => Ok(bytes),
        None => files::read(&cwd.join(path), most + 1)?
            .map(Zeroizing::new)
            .ok_or_else(|| GatewayError::Input(format!("{}: there is no such file", path.display()))),
    }
}

fn addressee(path: &Path, stdin: Option<Zeroizing<Vec<u8>>>, cwd: &Path) -> Result<Addressee, GatewayError> {
    let bytes = given(path, stdin, cwd, ADDRESSEE_BYTES_MAX)?;
    Addressee::read(&bytes).map_err(|error| GatewayError::Input(format!("{}: {error}", path.display())))
}

async fn open(
    gateway: &Gateway,
    args: &NoticeOpen,
    stdin: Option<Zeroizing<Vec<u8>>>,
    cwd: &Path,
) -> Result<comity_exchange::ports::NoticeRow, GatewayError> {
    let order = Order {
        exchange: args.exchange,
        under: args.under.clone(),
        to: addressee(&args.to, stdin, cwd)?,
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
        once: None,
    };
    notices::open(gateway, &args.officer, order).await
}

async fn defer(
    gateway: &Gateway,
    args: &NoticeDefer,
    stdin: Option<Zeroizing<Vec<u8>>>,
    cwd: &Path,
) -> Result<Done, GatewayError> {
    let file = args.reason_file.display();
    let bytes = given(&args.reason_file, stdin, cwd, REASONS_BYTES_MAX)?;
    let reasons = String::from_utf8(bytes.to_vec())
        .map_err(|_| GatewayError::Input(format!("{file}: it is not text")))?;
    let off = Off {
        ground: args.ground.clone(),
        reasons,
        recheck: args.recheck,
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
    };
    notices::defer(gateway, args.number, &args.officer, off).await
}

fn came(gateway: &Gateway, cli: &Cli, done: &Done, out: &mut Out<'_>) -> Exit {
    let json = notices::done_json(done, gateway.now());
    if cli.json {
        out.json(&json);
    } else {
        match done {
            Done::Yes(_) => _ = told(cli, &json, out),
            Done::Proposed(row) => {
                told(cli, &json, out);
                let offices = row.detail.proposed.iter().flat_map(|proposed| &proposed.offices);
                let offices: Vec<String> = offices.map(|office| office.0.to_string()).collect();
                out.line(&format!("waits for: {}", offices.join(", ")));
            }
            Done::Refused(refusal) => {
                out.line("refused");
                refusal.reasons.iter().for_each(|reason| out.line(&format!("reason: {reason}")));
                for citation in &refusal.citations {
                    let text = |key: &str| citation[key].as_str().unwrap_or("-").to_owned();
                    out.line(&format!("{} {}: {}", text("pack"), text("article"), text("summary")));
                }
            }
        }
    }
    if matches!(done, Done::Yes(_)) { Exit::Done } else { Exit::Refused }
}

fn told(cli: &Cli, said: &Json, out: &mut Out<'_>) -> Exit {
    if cli.json {
        out.json(said);
        return Exit::Done;
    }
    for key in
        ["number", "state", "pack", "exchange_id", "due_operational", "due_legal_latest", "road", "trouble"]
    {
        if let Some(text) = said[key].as_str() {
            out.line(&format!("{key}: {text}"));
        }
    }
    Exit::Done
}

async fn show(
    gateway: &Gateway,
    cli: &Cli,
    args: &NoticeShow,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let shown = notices::shown(gateway, args.number, args.audience, args.language).await?;
    told(cli, &shown, out);
    if let (false, Some(text)) = (cli.json, shown["message"]["text"].as_str()) {
        out.line("");
        out.line(shown["message"]["subject"].as_str().unwrap_or_default());
        out.line("");
        text.lines().for_each(|line| out.line(line));
    }
    Ok(Exit::Done)
}
