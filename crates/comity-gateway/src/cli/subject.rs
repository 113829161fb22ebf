//! `comity subject`: what persons ask about their data, at an officer's desk.

use super::out::{Exit, Out};
use super::{Cli, GivenFact, Subject, SubjectDecide, SubjectFile};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::subjects::{self, Closed, SeenByOfficer};
use crate::work::subjects::{effects, words};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::claim::CLAIM_BYTES_MAX;
use comity_exchange::subject::{Claim, Kind};
use comity_notices::{Audience, Language};
use comity_terms::FactKey;
use comity_terms::ids::RequestId;
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Runs one of the commands at an open gateway.
pub(super) async fn run(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    command: &Subject,
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let stdin = stdin.map(Zeroizing::new);
    match command {
        Subject::Ask(ask) => asked(gateway, cli, ask.parts(), stdin, cwd, out).await,
        Subject::Show(args) => {
            let claim = subjects::show(gateway, args.number, &args.officer).await?;
            if cli.json {
                out.json(&subjects::shown_json(args.number, &claim));
                return Ok(Exit::Done);
            }
            for (kind, value) in claim.stated() {
                out.line(&format!("{kind}: {value}"));
            }
            claim.text().into_iter().for_each(|text| out.line(text));
            Ok(Exit::Done)
        }
        Subject::Lift(args) => {
            let how = (&args.ground, args.person_informed);
            let said = effects::lift(gateway, args.number, &args.officer, how).await?;
            if cli.json {
                out.json(&said);
            } else {
                let orders = said["ordered"].as_array().map_or(0, Vec::len);
                out.line(&format!(
                    "what request {} restricted may be used again; {orders} orders to partners",
                    args.number
                ));
            }
            Ok(Exit::Done)
        }
        Subject::Decide(args) => decide(gateway, cli, args, out).await,
        Subject::Status(args) => {
            let code = stdin.unwrap_or_default();
            let code = String::from_utf8_lossy(&code);
            let Some(status) = subjects::status(gateway, args.number, code.trim()).await? else {
                return Err(GatewayError::Input("no request has this number and this code".to_owned()));
            };
            let mut said = read(&status)?;
            let words = match (args.audience, args.language) {
                (None, None) => None,
                (audience, language) => {
                    let reads = (audience.unwrap_or(Audience::Person), language.unwrap_or(Language::En));
                    words::in_words(&said, gateway.authority(), reads)?
                }
            };
            if let Some(words) = words.as_ref().filter(|_| cli.json) {
                said["message"] = words::message_json(words);
            }
            told(cli, &said, out);
            for text in words.iter().flatten().filter(|_| !cli.json) {
                out.line(&format!("\n{}\n\n{}", text.subject, text.text().trim_end()));
            }
            Ok(Exit::Done)
        }
        Subject::OptOut(command) => super::opt_out::run(gateway, cli, command, stdin, cwd, out).await,
        Subject::List(args) => {
            let listed = subjects::listed(gateway, args.all).await?;
            let (all, limit) = (listed.len(), args.limit.unwrap_or(usize::MAX));
            let listed: Vec<Json> = listed.into_iter().skip(args.after).take(limit).collect();
            let end = args.after.saturating_add(listed.len());
            if end < all {
                out.note(&format!("{} of {all}; the next: --after {end}", listed.len()));
            }
            if cli.json {
                out.json(&listed);
                return Ok(Exit::Done);
            }
            let text = |row: &Json, key: &str| row[key].as_str().unwrap_or("-").to_owned();
            let keys = ["number", "request", "state", "filed_at", "due_operational", "due_legal_latest"];
            let rows: Vec<Vec<String>> =
                listed.iter().map(|row| keys.iter().map(|key| text(row, key)).collect()).collect();
            out.table(&["number", "asks", "state", "filed", "due", "at the latest"], &rows);
            Ok(Exit::Done)
        }
    }
}

/// What a person is known by, from a file or standard input.
pub(super) fn claimed(
    path: &Path,
    stdin: Option<Zeroizing<Vec<u8>>>,
    cwd: &Path,
) -> Result<Claim, GatewayError> {
    let file = path.display();
    let bytes = match stdin {
        Some(bytes) => bytes,
        None => files::read(&cwd.join(path), CLAIM_BYTES_MAX + 1)?
            .map(Zeroizing::new)
            .ok_or_else(|| GatewayError::Input(format!("{file}: there is no such file")))?,
    };
    Claim::read(&bytes).map_err(|error| GatewayError::Input(format!("{file}: {error}")))
}

async fn asked(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    (kind, args): (Kind, &SubjectFile),
    stdin: Option<Zeroizing<Vec<u8>>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let claim = claimed(&args.identifiers, stdin, cwd)?;
    let filed = subjects::file(gateway, kind, &claim).await?;
    let Some(officer) = &args.officer else {
        let said = subjects::filed_json(&filed, gateway.now());
        if cli.json {
            out.json(&said);
        } else {
            told(cli, &said, out);
            out.note("the code opens the request's status; it is shown this once");
        }
        return Ok(Exit::Done);
    };
    let decided = decided(gateway, filed.number, officer, args.identity_seen, &args.facts).await;
    let decided =
        decided.inspect_err(|_| out.note(&format!("request {} is filed, and waits", filed.number)))?;
    let mut said = read(&subjects::decided_json(gateway, &decided).await?)?;
    said["code"] = filed.code.into();
    answered(cli, &said, out);
    Ok(exit(&decided))
}

async fn decide(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    args: &SubjectDecide,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let decided = decided(gateway, args.number, &args.officer, args.identity_seen, &args.facts).await?;
    answered(cli, &read(&subjects::decided_json(gateway, &decided).await?)?, out);
    Ok(exit(&decided))
}

async fn decided(
    gateway: &Arc<Gateway>,
    number: RequestId,
    officer: &str,
    seen: bool,
    facts: &[GivenFact],
) -> Result<Closed, GatewayError> {
    let facts: Vec<(FactKey, String)> =
        facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect();
    subjects::decide(gateway, number, officer, &SeenByOfficer(seen), &facts).await
}

fn exit(closed: &Closed) -> Exit {
    let refused = closed.decided.row.detail.outcome.as_deref() == Some("refused");
    if refused { Exit::Refused } else { Exit::Done }
}

fn read(text: &str) -> Result<Json, GatewayError> {
    serde_json::from_str(text).map_err(|_| GatewayError::Broken("an answer does not read".to_owned()))
}

fn answered(cli: &Cli, said: &Json, out: &mut Out<'_>) {
    if cli.json {
        return out.json(said);
    }
    told(cli, said, out);
    let answer = match &said["answer"]["answer"] {
        Json::Null => &said["answer"],
        of_export => of_export,
    };
    let count = |list: &str| answer[list].as_array().map_or(0, Vec::len);
    out.line(&format!("{} records, {} times sent to partners", count("records"), count("sent")));
    for done in answer["done"].as_array().into_iter().flatten() {
        let (what, records) =
            (done["what"].as_str().unwrap_or("-"), done["records"].as_u64().unwrap_or_default());
        out.line(&format!("{what}: {records} records"));
    }
    for order in said["record"]["ordered"].as_array().into_iter().flatten() {
        let text = |key: &str| order[key].as_str().unwrap_or("-").to_owned();
        out.line(&format!("ordered of {}: {} ({})", text("to"), text("action"), text("order")));
    }
    for reason in answer["reasons"].as_array().into_iter().flatten() {
        let text = |key: &str| reason[key].as_str().unwrap_or("-").to_owned();
        out.line(&format!("{}: {}", text("code"), text("summary")));
    }
    for way in answer["remedies"].as_array().into_iter().flatten() {
        let options = way["options"]
            .as_array()
            .map(|all| all.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "));
        out.line(&format!(
            "turn to: {}, until {} ({} {})",
            options.as_deref().or(way["options"].as_str()).unwrap_or("-"),
            way["until"].as_str().unwrap_or("-"),
            way["pack"].as_str().unwrap_or("-"),
            way["article"].as_str().unwrap_or("-"),
        ));
    }
}

fn told(cli: &Cli, said: &Json, out: &mut Out<'_>) {
    if cli.json {
        return out.json(said);
    }
    for key in [
        "number",
        "code",
        "request",
        "state",
        "filed_at",
        "due_operational",
        "due_legal_latest",
        "decided_at",
    ] {
        if let Some(text) = said[key].as_str() {
            out.line(&format!("{key}: {text}"));
        }
    }
}
