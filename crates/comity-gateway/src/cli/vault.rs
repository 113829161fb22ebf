//! `comity vault`: what is held, what is due, and the end of it.

use super::out::{Exit, Out};
use super::progress::Progress;
use super::{Cli, ReviewOutcome, Vault, VaultErase, VaultReview, uses, views};
use crate::gateway::{Gateway, GatewayError};
use crate::jobs::sweep::{self, Haste, Swept};
use crate::work::holds::{self, hold_json};
use crate::work::manage;
use comity_agreement::Outcome;
use comity_exchange::erase::{Order, Waiting};
use comity_exchange::ports::{Epoch, Store as _};
use comity_exchange::report::{Side, decision_report};
use comity_exchange::shell::Shell as _;
use comity_terms::{Month, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Runs one of these commands at an open gateway.
///
/// # Errors
/// [`GatewayError`].
pub async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Vault,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        Vault::Show(_) => show(gateway, cli, out).await,
        Vault::Sweep(args) => {
            let haste = if args.at_once { Haste::AtOnce } else { Haste::AsSet };
            let progress = Progress::on(out, "sweeping the vault");
            let swept = sweep::once(gateway, haste).await;
            drop(progress);
            told(&swept?, cli, out);
            Ok(Exit::Done)
        }
        Vault::Erase(args) => erase(gateway, cli, args, out).await,
        Vault::Review(args) => review(gateway, cli, args, cwd, out).await,
        Vault::Read(args) => uses::read(gateway, cli, args, cwd, out).await,
        Vault::Export(args) => uses::export(gateway, cli, args, cwd, out).await,
        Vault::Unmask(args) => uses::unmask(gateway, cli, args, cwd, out).await,
        Vault::View(args) => views::run(gateway, cli, args, cwd, out).await,
        Vault::Approve(args) => uses::approve(gateway, args, cwd, out).await,
    }
}

async fn show(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    let now = gateway.now();
    let vitals = gateway.store().vitals(now).await?;
    let epochs = gateway.store().epochs(Month::of(now), true).await?;
    if cli.json {
        out.json(&json!({
            "held": vitals.held,
            "overdue": vitals.overdue,
            "holds": vitals.holds,
            "erased": vitals.erased,
            "destroyed": vitals.destroyed,
            "waiting_since": vitals.waiting_since.map(|at| at.to_string()),
            "epochs": epochs.iter().map(epoch_json).collect::<Json>(),
        }));
        return Ok(Exit::Done);
    }
    out.line(&format!(
        "{} sealed records and openings held, {} overdue, {} holds stand; {} erased, {} of them destroyed",
        vitals.held, vitals.overdue, vitals.holds, vitals.erased, vitals.destroyed
    ));
    let rows: Vec<Vec<String>> = epochs
        .iter()
        .map(|epoch| {
            let since = epoch.erased_since.map_or_else(|| "-".to_owned(), |at| at.to_string());
            vec![epoch.bucket.to_string(), epoch.held.to_string(), epoch.erased.to_string(), since]
        })
        .collect();
    if !rows.is_empty() {
        out.table(&["epoch key of", "held", "erased", "waits since"], &rows);
    }
    Ok(Exit::Done)
}

async fn erase(
    gateway: &Gateway,
    cli: &Cli,
    args: &VaultErase,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let order =
        Order { exchange: args.exchange_id, ground: args.ground.clone(), openings: args.with_openings };
    let ended = manage::erase(gateway, &args.officer, &order).await?;
    let (erased, against) = (ended.erased, &ended.against);
    let exit = if erased.kept > 0 { Exit::Refused } else { Exit::Done };
    if cli.json {
        out.json(&json!({
            "exchange_id": args.exchange_id.to_string(),
            "ground": args.ground.to_string(),
            "records": erased.records,
            "openings": erased.openings,
            "entries": erased.entries,
            "kept": erased.kept,
            "reasons": if erased.kept > 0 { against.reasons() } else { Vec::new() },
            "citations": if erased.kept > 0 { against.citations() } else { Vec::new() },
            "holds": against.holds().iter().map(|hold| hold_json(hold, gateway.now())).collect::<Json>(),
        }));
        return Ok(exit);
    }
    if erased.kept > 0 {
        let until = against.holds().iter().map(|hold| format!("hold {} until {}", hold.id, hold.until));
        let why: Vec<String> = against.reasons().into_iter().chain(until).collect();
        out.line(&format!("{} records and openings are kept: {}", erased.kept, why.join(", ")));
    }
    if erased.records + erased.openings > 0 || erased.kept == 0 {
        out.line(&format!(
            "{} records and {} openings of {} are erased; their keys are destroyed within {} hours",
            erased.records,
            erased.openings,
            args.exchange_id,
            gateway.settings().destroy_after.as_secs() / 3_600 + 1
        ));
    }
    Ok(exit)
}

async fn review(
    gateway: &Gateway,
    cli: &Cli,
    args: &VaultReview,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let reasons = args.reasons.as_ref().map(|path| holds::reasons(&cwd.join(path))).transpose()?;
    let needed = args.outcome == ReviewOutcome::StillNeeded;
    let reviewed = holds::review(gateway, (args.exchange_id, &args.officer), needed, reasons).await?;
    let decision = decision_report(&reviewed.decision, Side::Receiver, 0, &BTreeSet::new());
    let permitted = reviewed.decision.outcome == Outcome::Permitted;
    let erased = reviewed.erased.unwrap_or_default();
    if cli.json {
        out.json(&json!({
            "exchange_id": args.exchange_id.to_string(),
            "outcome": if !permitted { "refused" } else if needed { "still_needed" } else { "no_longer_needed" },
            "records": erased.records,
            "kept": erased.kept,
            "decision": decision,
        }));
    } else if !permitted {
        out.line(&format!("the review does not count: {}", decision.reasons.join(", ")));
    } else if needed {
        out.line("looked at, and still needed until its time");
    } else {
        out.line(&format!(
            "no longer needed: {} records are erased, {} are kept",
            erased.records, erased.kept
        ));
    }
    Ok(if permitted && erased.kept == 0 { Exit::Done } else { Exit::Refused })
}

fn told(swept: &Swept, cli: &Cli, out: &mut Out<'_>) {
    let Swept {
        erased,
        destroyed,
        transport_keys,
        token_secrets,
        subject_secrets,
        match_secrets,
        opt_out_secrets,
        waiting,
    } = swept;
    if cli.json {
        out.json(&json!({
            "erased": { "records": erased.records, "openings": erased.openings, "entries": erased.entries },
            "destroyed": destroyed.buckets.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "rewrapped": destroyed.rewrapped,
            "transport_keys": transport_keys,
            "token_secrets": token_secrets,
            "subject_secrets": subject_secrets,
            "match_secrets": match_secrets,
            "opt_out_secrets": opt_out_secrets,
            "waiting": waiting.iter().map(waiting_json).collect::<Json>(),
        }));
        return;
    }
    out.line(&format!("erased: {} records, {} openings", erased.records, erased.openings));
    out.line(&format!(
        "destroyed: {} epoch keys ({} records that stay were wrapped anew), {transport_keys} transport keys, \
         {token_secrets} secrets of pseudonyms, {subject_secrets} of tags, \
         {match_secrets} of matching, {opt_out_secrets} of opt-outs",
        destroyed.buckets.len(),
        destroyed.rewrapped,
    ));
    for waiting in waiting {
        let since = waiting.epoch.as_ref().and_then(|epoch| epoch.erased_since);
        let since = since.map_or_else(String::new, |at: Timestamp| format!(" since {at}"));
        out.line(&format!("waits for its destruction{since}: the epoch key of {}", waiting.bucket));
    }
}

fn waiting_json(waiting: &Waiting) -> Json {
    json!({
        "bucket": waiting.bucket.to_string(),
        "since": waiting.epoch.as_ref().and_then(|epoch| epoch.erased_since).map(|at| at.to_string()),
    })
}

fn epoch_json(epoch: &Epoch) -> Json {
    json!({
        "agreement": epoch.bucket.agreement.to_string(),
        "month": epoch.bucket.month.to_string(),
        "generation": epoch.bucket.generation,
        "held": epoch.held,
        "erased": epoch.erased,
        "erased_since": epoch.erased_since.map(|at| at.to_string()),
    })
}
