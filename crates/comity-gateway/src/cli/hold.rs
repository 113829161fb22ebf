//! `comity hold`: what is kept from erasure for a time, and why.

use super::out::{Exit, Out};
use super::{Cli, Hold, HoldLift, HoldPlace};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::holds::{self, Asked, hold_json};
use comity_agreement::Decision;
use comity_exchange::ports::Holds as _;
use comity_exchange::report::{Side, decision_report};
use comity_exchange::shell::Shell as _;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The longest attestation.
const ATTESTATION_BYTES_MAX: usize = 1 << 20;

/// Runs one of these commands at an open gateway.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Hold,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        Hold::Place(args) => place(gateway, cli, args, cwd, out).await,
        Hold::Lift(args) => lift(gateway, cli, args, cwd, out).await,
        Hold::List(_) => {
            let now = gateway.now();
            let said: Vec<Json> =
                gateway.store().holds().await?.iter().map(|row| hold_json(row, now)).collect();
            if cli.json {
                out.json(&said);
            } else if said.is_empty() {
                out.line("nothing is held");
            } else {
                said.iter().for_each(|hold| tell(hold, out));
            }
            Ok(Exit::Done)
        }
    }
}

async fn place(
    gateway: &Gateway,
    cli: &Cli,
    args: &HoldPlace,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let asked = Asked {
        exchange: args.exchange_id,
        object: args.object.clone(),
        officer: args.officer.clone(),
        ground: args.ground.clone(),
        until: args.until,
        reasons: args.reasons.as_ref().map(|path| holds::reasons(&cwd.join(path))).transpose()?,
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
    };
    let placed = holds::place(gateway, &asked).await?;
    let decision = report(&placed.decision);
    let refused: Vec<String> =
        decision.reasons.iter().cloned().chain(placed.reasons.iter().cloned()).collect();
    let mut said = match &placed.hold {
        Some(row) => hold_json(row, gateway.now()),
        None => json!({ "exchange_id": args.exchange_id.to_string(), "state": "refused" }),
    };
    said["decision"] = json!(decision);
    said["reasons"] = json!(refused);
    said["at_most"] = json!(placed.at_most.map(|most| most.to_string()));
    if placed.hold.is_none() {
        said["bound_by"] = json!(placed.bound);
    }
    if cli.json {
        out.json(&said);
    } else if placed.hold.is_some() {
        tell(&said, out);
    } else {
        let most = placed.at_most.map_or_else(
            || "no law says how long it may be held".to_owned(),
            |most| format!("it may be held until {most} at the latest"),
        );
        let by = placed.bound.map_or_else(String::new, |rule| format!(" ({} {})", rule.pack.0, rule.article));
        out.line(&format!("not held: {}; {most}{by}", refused.join(", ")));
    }
    Ok(if placed.hold.is_some() { Exit::Done } else { Exit::Refused })
}

async fn lift(
    gateway: &Gateway,
    cli: &Cli,
    args: &HoldLift,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let reasons = args.reasons.as_ref().map(|path| holds::reasons(&cwd.join(path))).transpose()?;
    let facts: Vec<_> = args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect();
    let mut attestations = Vec::new();
    for attested in &args.attestations {
        let path = cwd.join(&attested.file);
        let none = || GatewayError::Input(format!("{}: there is no such file", path.display()));
        attestations
            .push((attested.key.clone(), files::read(&path, ATTESTATION_BYTES_MAX)?.ok_or_else(none)?));
    }
    let of = (args.hold_id, args.officer.as_str());
    let (decision, row) = holds::lift(gateway, of, reasons, (&facts, &attestations)).await?;
    let lifted = row.lifted.is_some();
    let mut said = hold_json(&row, gateway.now());
    let decision = report(&decision);
    said["reasons"] = json!(decision.reasons);
    if !lifted {
        said["state"] = json!("stands");
    }
    if cli.json {
        said["decision"] = json!(decision);
        out.json(&said);
    } else if lifted {
        tell(&said, out);
    } else {
        out.line(&format!("hold {} stands: {}", args.hold_id, decision.reasons.join(", ")));
    }
    Ok(if lifted { Exit::Done } else { Exit::Refused })
}

fn report(decision: &Decision) -> comity_exchange::report::DecisionReport {
    decision_report(decision, Side::Receiver, 0, &BTreeSet::new())
}

fn tell(hold: &Json, out: &mut Out<'_>) {
    let text = |key: &str| hold[key].as_str().unwrap_or("-").to_owned();
    let what = if hold["whole"] == true { "all" } else { "one record" };
    out.line(&format!(
        "hold {}: {what} of exchange {}, {}, until {}: {}",
        text("hold_id"),
        text("exchange_id"),
        text("ground"),
        text("until"),
        text("state"),
    ));
    let bound = &hold["bound_by"];
    let rule = |key: &str| bound[key].as_str().unwrap_or("-").to_owned();
    let used = if hold["restricts"] == true { "nobody uses it meanwhile" } else { "its use goes on" };
    out.line(&format!("  since {}, bounded by {} {}; {used}", text("since"), rule("pack"), rule("article")));
    if let Some(ground) = hold["erase_after"].as_str() {
        out.line(&format!("  when it ends all of it is erased: {ground}"));
    }
}
