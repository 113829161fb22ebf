//! `comity taxii`: the collections that tools write and read by.

use super::out::{Exit, Out};
use super::{Cli, Taxii, TaxiiAdd, print};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::collections::{self, Asked, collection_json};
use crate::work::manage;
use comity_exchange::collect::StandingRequest;
use std::path::Path;
use std::sync::Arc;

/// Runs one of the commands at an open gateway.
///
/// # Errors
/// [`GatewayError`].
pub async fn run(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    command: &Taxii,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        Taxii::Collections(_) => {
            let all = collections::standing(gateway);
            if cli.json {
                out.json(&all.iter().map(collection_json).collect::<Vec<_>>());
            } else {
                all.iter().for_each(|request| out.line(&line(request)));
            }
        }
        Taxii::Add(args) => {
            let request = collections::make(gateway, &args.officer, asked(args)).await?;
            if cli.json { out.json(&collection_json(&request)) } else { out.line(&line(&request)) }
        }
        Taxii::End(args) => {
            let request = collections::end(gateway, &args.officer, args.id).await?;
            if cli.json {
                out.json(&collection_json(&request));
            } else {
                out.line(&format!(
                    "{} ({}) takes and gives nothing from now on",
                    request.id.0, request.title
                ));
            }
        }
        Taxii::Import(args) => {
            let input = |why: String| GatewayError::Input(why);
            let collection = gateway
                .collection(args.collection)
                .ok_or_else(|| input(format!("no collection {} stands here", args.collection)))?;
            let path = cwd.join(&args.file);
            let bundle = files::read(&path, gateway.settings().limits.bytes_max)?
                .ok_or_else(|| input(format!("{}: there is no such file", path.display())))?;
            let report =
                collections::back_date(gateway, &collection, &args.officer, bundle, args.added_from).await?;
            if cli.json {
                out.json(&report);
            } else {
                print::exchange(&report, out);
            }
            return Ok(print::exit(report.outcome));
        }
    }
    Ok(Exit::Done)
}

fn asked(args: &TaxiiAdd) -> Asked {
    Asked {
        title: args.title.clone(),
        description: args.description.clone(),
        agreement: args.under.clone(),
        partner: args.partner.clone(),
        activity: args.activity.clone(),
        purpose: args.purpose.clone(),
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
        can_read: !args.write_only,
        can_write: !args.read_only,
        until: args.until.map(manage::end_of),
        reviewer: args.reviewer.as_ref().map(ToString::to_string),
    }
}

fn line(request: &StandingRequest) -> String {
    let doors = match (request.can_read, request.can_write) {
        (true, true) => "read and write",
        (true, false) => "read",
        (false, true) => "write",
        (false, false) => "closed",
    };
    format!(
        "{}  {}: {doors}; {} with {}, {} for {}",
        request.id.0,
        request.title,
        request.agreement.0,
        request.partner.0,
        request.activity.0,
        request.purpose.0
    )
}
