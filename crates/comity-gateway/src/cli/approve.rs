//! `comity approvals` and `comity approve`: what waits for offices, and what these say.

use super::out::{Exit, Out};
use super::{Approve, Cli, print};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::approve::{self, Came, Word};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The longest attestation.
const ATTESTATION_BYTES_MAX: usize = 64 * 1_024;

/// `comity approvals`
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn list(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    let now = gateway.now();
    let waiting = approve::waiting(gateway).await?;
    if cli.json {
        out.json(&waiting.iter().map(|waiting| approve::waiting_json(waiting, now)).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    for waiting in &waiting {
        let detail = &waiting.row.detail;
        out.line(&format!(
            "exchange {}: {} to {}, {} for {}, asked by {} on {}",
            waiting.row.exchange,
            detail.agreement.0,
            detail.peer.0,
            detail.activity.0,
            detail.purpose.0,
            detail.requester,
            detail.began.0
        ));
        for put in &detail.questions {
            out.line(&format!("  {}", put.reasons.iter().cloned().collect::<Vec<_>>().join(", ")));
        }
        for (office, approved) in &waiting.standing.offices {
            let turn = detail.turn(office, now);
            let waits = match turn {
                _ if *approved => "has approved".to_owned(),
                Some(turn) if turn.office.0 == *office => format!("decides until {}", turn.until.0),
                Some(turn) => format!("let its time pass: {} decides until {}", turn.office.0, turn.until.0),
                None => "let its time pass, and so did those after it".to_owned(),
            };
            out.line(&format!("  {office} {waits}"));
        }
    }
    if waiting.is_empty() {
        out.line("nothing waits for an office");
    }
    Ok(Exit::Done)
}

/// `comity approve`
///
/// # Errors
/// [`GatewayError::Input`] when it is not for this officer and office to decide; nothing was recorded then.
pub async fn approve(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    args: &Approve,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let word = Word { exchange: args.exchange_id, officer: &args.officer, office: &args.office };
    let came = match &args.refuse {
        Some(reason) => approve::refuse(gateway, &word, reason).await?,
        None => {
            let attestation = args.attestation.as_deref().map(|path| {
                let path = cwd.join(path);
                files::read(&path, ATTESTATION_BYTES_MAX)?
                    .ok_or_else(|| GatewayError::Input(format!("{}: there is no such file", path.display())))
            });
            approve::approve(gateway, &word, attestation.transpose()?.as_deref()).await?
        }
    };
    let outcome = match came {
        Came::WentOn(report) => {
            if cli.json {
                out.json(&report);
            } else {
                out.line(&format!("every office has approved {}", args.exchange_id));
                print::exchange(&report, out);
            }
            report.outcome
        }
        Came::Waits(waiting) => {
            let offices: Vec<String> = waiting
                .standing
                .offices
                .iter()
                .filter(|(_, approved)| !**approved)
                .map(|(office, _)| office.to_string())
                .collect();
            let said = json!({
                "exchange_id": args.exchange_id.to_string(),
                "outcome": ExchangeOutcome::Escalated,
                "waits_for": offices,
            });
            if cli.json {
                out.json(&said);
            } else {
                out.line(&format!("approved; {} waits for {}", args.exchange_id, offices.join(", ")));
            }
            ExchangeOutcome::Escalated
        }
        Came::Refused => {
            let reason = args.refuse.as_ref().map(ToString::to_string);
            let said = json!({
                "exchange_id": args.exchange_id.to_string(),
                "outcome": ExchangeOutcome::Refused,
                "refused_by": args.office.to_string(),
                "reason": reason,
            });
            if cli.json {
                out.json(&said);
            } else {
                out.line(&format!("{} is refused by {}", args.exchange_id, args.office));
            }
            ExchangeOutcome::Refused
        }
    };
    Ok(print::exit(outcome))
}
