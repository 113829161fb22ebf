//! `comity vault`: what is held, what is due, and the end of it.

use super::out::{Exit, Out};
use super::{Cli, Vault, VaultErase};
use crate::gateway::{Gateway, GatewayError};
use crate::jobs::sweep::{self, Haste, Swept};
use crate::work::manage;
use comity_exchange::erase::{Order, Waiting};
use comity_exchange::ports::{Epoch, Store as _};
use comity_exchange::shell::Shell as _;
use comity_terms::{Month, Timestamp};
use serde_json::{Value as Json, json};

/// Runs one of these commands at an open gateway.
///
/// # Errors
/// [`GatewayError`].
pub async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Vault,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        Vault::Show(_) => show(gateway, cli, out).await,
        Vault::Sweep(args) => {
            let haste = if args.at_once { Haste::AtOnce } else { Haste::AsSet };
            told(&sweep::once(gateway, haste).await?, cli, out);
            Ok(Exit::Done)
        }
        Vault::Erase(args) => erase(gateway, cli, args, out).await,
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
            "erased": vitals.erased,
            "destroyed": vitals.destroyed,
            "waiting_since": vitals.waiting_since.map(|at| at.to_string()),
            "epochs": epochs.iter().map(epoch_json).collect::<Json>(),
        }));
        return Ok(Exit::Done);
    }
    out.line(&format!(
        "{} sealed records and openings held, {} overdue; {} erased, {} of them destroyed",
        vitals.held, vitals.overdue, vitals.erased, vitals.destroyed
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
    let erased = manage::erase(gateway, &args.officer, &order).await?;
    if cli.json {
        out.json(&json!({
            "exchange_id": args.exchange_id.to_string(),
            "ground": args.ground.to_string(),
            "records": erased.records,
            "openings": erased.openings,
            "entries": erased.entries,
        }));
    } else {
        out.line(&format!(
            "{} records and {} openings of {} are erased; their keys are destroyed within {} hours",
            erased.records,
            erased.openings,
            args.exchange_id,
            gateway.settings().destroy_after.as_secs() / 3_600 + 1
        ));
    }
    Ok(Exit::Done)
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
