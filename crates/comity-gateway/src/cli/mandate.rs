//! `comity mandate`: within what flows may claim consent.

use super::out::{Exit, Out};
use super::{Cli, Mandate};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::mandates;
use comity_exchange::shell::Shell as _;
use serde_json::Value as Json;
use std::path::Path;

/// A mandate names words and codes: a few kilobytes.
const FILE_BYTES_MAX: usize = 64 << 10;

/// Runs one of the commands at an open gateway.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    command: &Mandate,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let row = match command {
        Mandate::Add(args) => {
            let file = args.file.display();
            let bytes = files::read(&cwd.join(&args.file), FILE_BYTES_MAX)?
                .ok_or_else(|| GatewayError::Input(format!("{file}: there is no such file")))?;
            mandates::add(gateway, &bytes, &args.officer).await?
        }
        Mandate::End(args) => mandates::end(gateway, args.id, &args.officer).await?,
        Mandate::List(_) => {
            let listed = mandates::listed(gateway).await?;
            if cli.json {
                out.json(&listed);
                return Ok(Exit::Done);
            }
            let row = |row: &Json| {
                let keys = ["id", "state", "body", "citation", "until"];
                keys.iter().map(|key| row[*key].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
            };
            let rows: Vec<Vec<String>> = listed.iter().map(row).collect();
            out.table(&["id", "state", "given by", "act", "until"], &rows);
            return Ok(Exit::Done);
        }
    };
    let said = mandates::told(&row, gateway.now());
    if cli.json {
        out.json(&said);
    } else {
        out.line(&format!(
            "mandate {}: {}, until {}",
            row.id,
            said["state"].as_str().unwrap_or("-"),
            row.until
        ));
    }
    Ok(Exit::Done)
}
