//! `comity peer`: who is a partner, and who is one no more.

use super::office::tell;
use super::out::{Exit, Out};
use super::{Cli, Peer, PeerAdd};
use crate::gateway::{Gateway, GatewayError};
use crate::work::{manage, removal};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Runs one of these commands at an open gateway.
pub(super) async fn run(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    command: &Peer,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match command {
        Peer::Add(args) => add(gateway, cli, args, cwd, out).await,
        Peer::Remove(args) => {
            let removed = removal::remove(gateway, &args.officer, &args.jurisdiction, &args.reason).await?;
            let removal::Removed { removal, offers, questions, orders } = removed;
            let said = json!({
                "jurisdiction": removal.party.to_string(),
                "removed_at": removal.at.to_string(),
                "reason": removal.reason.to_string(),
                "offers_ended": offers,
                "questions_ended": questions,
                "orders": orders,
            });
            let text = format!(
                "{removal}\nended: {offers} offers that waited for it, {questions} that waited for offices; \
                 told: {orders} orders to those who have data from here (`comity recalls`)"
            );
            tell(cli, out, &said, &text);
            Ok(Exit::Done)
        }
        Peer::List(_) => {
            let all = removal::partners_json(gateway);
            if cli.json {
                out.json(&all);
            } else if all.is_empty() {
                out.line("no partner is known; `comity peer add`");
            } else {
                for peer in &all {
                    let word = |key: &str| peer[key].as_str().unwrap_or_default().to_owned();
                    let removed = match &peer["removed"] {
                        removed if removed.is_null() => String::new(),
                        removed => format!(
                            ", removed at {} ({})",
                            removed["at"].as_str().unwrap_or_default(),
                            removed["reason"].as_str().unwrap_or_default()
                        ),
                    };
                    out.line(&format!(
                        "{} ({}) at {}{removed}",
                        word("jurisdiction"),
                        word("authority"),
                        word("url")
                    ));
                }
            }
            Ok(Exit::Done)
        }
    }
}

async fn add(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    args: &PeerAdd,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let PeerAdd { jurisdiction, url, identity, officer, .. } = args;
    let identity = manage::read_identity(&cwd.join(identity))?;
    let peer = match officer {
        Some(officer) => removal::readmit(gateway, officer, jurisdiction, url, identity).await?,
        None => manage::add_peer(gateway, jurisdiction, url, identity).await?,
    };
    let said = json!({
        "jurisdiction": peer.party.to_string(),
        "authority": peer.identity.authority,
        "url": peer.url,
        "laws": peer.identity.laws.iter().map(manage::law_json).collect::<Vec<_>>(),
    });
    tell(cli, out, &said, &format!("{} ({}) is a partner", peer.party, peer.identity.authority));
    Ok(Exit::Done)
}
