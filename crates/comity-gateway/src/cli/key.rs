//! `comity key`: the keys of a gateway, and new ones in their place.

use super::out::{Exit, Out};
use super::{Cli, KeyKind, KeyRotate};
use crate::dirs::Directory;
use crate::gateway::{Gateway, GatewayError};
use crate::work::rotate::{self, Key};
use crate::work::{manage, succession};
use comity_exchange::ports::Store as _;
use comity_exchange::shell::Shell as _;
use serde_json::{Value as Json, json};

/// `comity key rotate` of a key that is changed while the gateway does not serve; `None` for those that are changed
/// while it does.
pub async fn rotate_apart(
    args: &KeyRotate,
    directory: &Directory,
    json_out: bool,
    out: &mut Out<'_>,
) -> Option<Exit> {
    let key = match args.kind {
        KeyKind::Log => return Some(log(directory, args.compromised, json_out, out)),
        KeyKind::Party => Key::Party,
        KeyKind::Certificate => Key::Certificate,
        KeyKind::Witness => Key::Witness,
        KeyKind::Transport | KeyKind::Officer => return None,
    };
    let rotated = rotate::rotate(directory.clone(), key, args.compromised, args.at_once).await;
    Some(match rotated {
        Ok(rotated) => {
            if json_out {
                out.json(&json!({
                    "key": key.as_str(),
                    "sequence": rotated.sequence,
                    "announced": rotated.announced,
                    "compromised": args.compromised,
                }));
            } else {
                out.line(&format!("{}: identity {} from now on", key.as_str(), rotated.sequence));
                out.note(next_step(key, args.compromised, rotated.announced));
            }
            Exit::Done
        }
        Err(error) => out.bad_input(error),
    })
}

fn next_step(key: Key, compromised: bool, announced: bool) -> &'static str {
    match (key, compromised, announced) {
        (Key::Party | Key::Certificate, true, _) => {
            "give the new identity to every partner (`comity identity`); each confirms it and adds it by `peer add`"
        }
        (_, _, true) => "`comity serve` tells the partners; once each has heard, run this again to use it",
        _ => "`comity serve` tells the partners",
    }
}

/// `comity log succeed`, and `comity key rotate log`.
pub fn log(directory: &Directory, compromised: bool, json_out: bool, out: &mut Out<'_>) -> Exit {
    match succession::succeed(directory, compromised) {
        Ok(done) => {
            let lost = done.ended.size.saturating_sub(done.ended.kept);
            if json_out {
                out.json(&json!({
                    "vkey": done.log,
                    "succeeds": done.ended.log,
                    "signed": done.ended.size,
                    "kept": done.ended.kept,
                    "lost": lost,
                    "signed_by": done.ended.signed_by,
                    "ended_log": done.published.display().to_string(),
                }));
            } else {
                out.line(&done.log);
                out.note(&format!(
                    "succeeds a log of {} signed entries, {lost} of which are not in the database; it is published in {}; \
                     `comity serve` tells the partners",
                    done.ended.size,
                    done.published.display()
                ));
                if let Some(lost) = &done.ended.signed_by {
                    out.note(&format!("succeeds `{lost}` too, of which nothing is in the database"));
                }
            }
            Exit::Done
        }
        Err(error) => out.bad_input(error),
    }
}

/// `comity key list`
///
/// # Errors
/// [`GatewayError`].
pub async fn list(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    let identity = gateway.identity()?;
    let seat = gateway.directory().gateway()?;
    let heard = manage::unheard(gateway)?;
    let officers = gateway.store().officer_keys().await?;
    let now = gateway.now();
    if cli.json {
        out.json(&json!({
            "sequence": identity.sequence,
            "party": { "key": identity.party_key, "generation": seat.generations.party },
            "log": { "key": identity.log, "generation": seat.generations.log },
            "witness": { "key": identity.witness, "generation": seat.generations.witness },
            "certificate": {
                "pin": identity.certificate.0.to_string(),
                "next": identity.next_certificate.as_ref().map(|pin| pin.0.to_string()),
                "generation": seat.generations.certificate,
            },
            "transport": identity.transport.as_ref().map(|key| json!({
                "id": key.id().to_string(),
                "until": key.until.0.to_string(),
                "opens_until": key.opens_until.0.to_string(),
            })),
            "earlier_party_keys": identity.party_keys.iter().map(|link| json!({
                "key": link.key, "until": link.until.0.to_string(), "counts": now < link.until.0,
            })).collect::<Json>(),
            "officers": officers.iter().map(|officer| json!({
                "officer": officer.officer,
                "key": officer.key,
                "from": officer.from.to_string(),
                "ended": officer.ended.map(|at| at.to_string()),
            })).collect::<Json>(),
            "partners_to_hear": heard.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Done);
    }
    out.line(&format!("identity {}", identity.sequence));
    let mut rows = vec![
        vec!["party".to_owned(), seat.generations.party.to_string(), identity.party_key.clone()],
        vec!["log".to_owned(), seat.generations.log.to_string(), identity.log.clone()],
        vec!["witness".to_owned(), seat.generations.witness.to_string(), identity.witness.clone()],
        vec![
            "certificate".to_owned(),
            seat.generations.certificate.to_string(),
            identity.certificate.0.to_string(),
        ],
    ];
    if let Some(key) = &identity.transport {
        rows.push(vec!["transport".to_owned(), key.from.0.to_string(), key.id().to_string()]);
    }
    for officer in &officers {
        let state = officer.ended.map_or_else(|| "in use".to_owned(), |at| format!("ended {at}"));
        rows.push(vec![format!("officer {}", officer.officer), state, officer.key.clone()]);
    }
    out.table(&["key", "generation", "public"], &rows);
    if !heard.is_empty() {
        let names: Vec<String> = heard.iter().map(ToString::to_string).collect();
        out.line(&format!("has not heard of it yet: {}", names.join(", ")));
    }
    Ok(Exit::Done)
}
