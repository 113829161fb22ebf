//! A command as a dry run: done at a gateway that records nothing, and what it would have recorded printed in its place.

use super::office::done;
use super::out::{Exit, Out};
use super::{Cli, print};
use crate::gateway::{Gateway, GatewayError};
use crate::work::dry::{self, WouldBe};
use comity_store::DryUntil;
use std::io;
use std::path::Path;

/// Runs a command as a dry run.
///
/// # Errors
/// As the command, where it would have recorded nothing.
pub(super) async fn run(
    gateway: &Gateway,
    (cli, until): (&Cli, DryUntil),
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let act = async |dry: &_| {
        let mut nowhere = Out::to(io::sink(), io::sink());
        Box::pin(done(dry, cli, stdin, cwd, &mut nowhere)).await
    };
    let would = dry::run(gateway, until, act).await?;
    if cli.json {
        out.json(&would);
    } else {
        tell(&would, out);
    }
    Ok(if would.outcome == "permit" { Exit::Done } else { Exit::Refused })
}

fn tell(would: &WouldBe, out: &mut Out<'_>) {
    out.line("dry run: nothing was recorded, drawn or sent");
    if would.entries.is_empty() {
        out.line("  nothing would be recorded");
    }
    for entry in &would.entries {
        out.line(&format!("  {} would be recorded", entry.act));
        for decision in &entry.decisions {
            let reasons = print::after(": ", &decision.reasons);
            let offices = print::after("; its offices: ", &decision.escalate_to);
            out.line(&format!("    {}{reasons}{offices}", decision.outcome));
            for rule in &decision.citations {
                out.line(&format!(
                    "      {:<10} {} {}  {}",
                    rule.effect, rule.pack, rule.article, rule.summary
                ));
            }
            for duty in &decision.obligations {
                let word = |key: &str| duty[key].as_str().map(ToOwned::to_owned);
                let owner = word("owner").unwrap_or_else(|| "-".to_owned());
                let until = word("due_legal_latest").map_or_else(String::new, |at| format!(", by {at}"));
                let what = word("type").unwrap_or_else(|| "-".to_owned());
                out.line(&format!("      owed by the {owner}: {what}{until}"));
            }
        }
    }
}
