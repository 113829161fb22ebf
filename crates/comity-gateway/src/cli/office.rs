//! The commands of one gateway: officers, partners, laws, sharing, its log.

use super::out::{Exit, Out};
use super::{Audit, Cli, Command, Init, Key, KeyKind, KeyRotate, Law, Log, Officer as OfficerCommand, Share};
use super::{
    approve, doctor, dry, hold, keep, key, law, mandate, matching, notice, peer, print, recall, record,
    subject, taxii, token, uses, vault, webhook,
};
use crate::clock::{Clock, OsEntropy};
use crate::dirs::Directory;
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::passwords;
use crate::work::preview::preview;
use crate::work::subjects::effects;
use crate::work::{collections, manage, officers, offices, share};
use comity_exchange::ports::{Officer, Record, Store as _};
use comity_exchange::proofs::receipt;
use comity_exchange::shell::Shell as _;
use comity_store::DryUntil;
use comity_terms::{Act, Timestamp};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// `comity init`: makes the directories and adopts the party's own law, where one is shipped.
pub async fn init(args: &Init, json_out: bool, out: &mut Out<'_>) -> Exit {
    let now = Clock::new(Timestamp::UNIX_EPOCH).now();
    let made = Directory::init(
        &args.place.dir,
        args.place.keys.as_deref(),
        &args.jurisdiction,
        &args.authority,
        &mut OsEntropy,
        now,
    );
    let gateway = match made {
        Ok(directory) => Gateway::open(directory).await,
        Err(error) => return out.bad_input(error),
    };
    let gateway = match gateway {
        Ok(gateway) => gateway,
        Err(error) => return out.bad_input(error),
    };
    if let Err(error) = manage::adopt(&gateway, args.jurisdiction.as_str(), Path::new("/")).await {
        out.note(&format!(
            "no law of {} is adopted ({error}); without one no exchange is possible: `comity law adopt DIR`",
            args.jurisdiction
        ));
    }
    // So that a fresh gateway serves a feed at once.
    if let Err(error) = collections::public(&gateway).await {
        out.note(&format!("no collection for public data is there ({error}); `comity taxii add`"));
    }
    let (dir, log) = (args.place.dir.display().to_string(), gateway.signatory().log.to_string());
    if json_out {
        out.json(&json!({ "dir": dir, "jurisdiction": args.jurisdiction.to_string(), "log": log }));
    } else {
        out.line(&format!("{dir}: a gateway of {} ({})\nits log: {log}", args.jurisdiction, args.authority));
    }
    gateway.finish().await;
    Exit::Done
}

/// Runs one command at an open gateway.
pub async fn command(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Exit {
    if let Err(error) = gateway.keep_up().await {
        return out.bad_input(error);
    }
    let came = match cli.command.dry_run() {
        // Each is as large as the largest of its commands.
        Some(until) => Box::pin(dry::run(gateway, (cli, until), stdin, cwd, out)).await,
        None => Box::pin(done(gateway, cli, stdin, cwd, out)).await,
    };
    match came {
        Ok(exit) => exit,
        // A refusal, not a mistake in what was given.
        Err(error @ GatewayError::PeerRemoved(_)) => {
            out.note(&error.to_string());
            Exit::Refused
        }
        Err(error) => out.bad_input(error),
    }
}

/// Does what a command says.
pub(super) async fn done(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match &cli.command {
        Command::Officer(OfficerCommand::Add(args)) => {
            let input = |error: passwords::PasswordError| GatewayError::Input(error.to_string());
            let password = passwords::from_input(&stdin.unwrap_or_default()).map_err(input)?;
            let officer = Officer {
                name: args.name.clone(),
                role: args.role.clone(),
                unit: args.unit.clone(),
                training_until: manage::end_of(args.training_until),
                password_hash: passwords::hash(&password, &mut OsEntropy).map_err(input)?,
            };
            let said =
                json!({ "officer": officer.name, "training_until": officer.training_until.to_string() });
            manage::add_officer(gateway, officer).await?;
            tell(cli, out, &said, &format!("officer {} is known", args.name));
        }
        Command::Identity(_) => out.raw(manage::identity_file(gateway)?.as_bytes()),
        Command::Peer(command) => return peer::run(gateway, cli, command, cwd, out).await,
        Command::Law(Law::Adopt(args)) => {
            let law = manage::adopt(gateway, &args.pack, cwd).await?;
            let said = manage::law_json(&law);
            tell(cli, out, &said, &format!("signed {} {}", law.pack.0, law.digest.0));
        }
        Command::Law(Law::Diff(args)) => return law::differ_at(gateway, args, cli.json, cwd, out).await,
        Command::Taxii(command) => return taxii::run(gateway, cli, command, cwd, out).await,
        Command::Recall(args) => return recall::give(gateway, cli, args, out).await,
        Command::Recalls(args) => return recall::list(gateway, cli, args, out).await,
        Command::Match(args) => return matching::run(gateway, cli, args, stdin, cwd, out).await,
        Command::Share(args) => return shared(gateway, cli, args, stdin, cwd, out).await,
        Command::Log(Log::Key(_)) => {
            let key = gateway.signatory().log.to_string();
            tell(cli, out, &json!({ "vkey": key }), &key);
        }
        Command::Log(Log::Receipt(args)) => {
            let id = args.exchange_id;
            let (entry, integrated) = gateway
                .store()
                .exchange_integrated(id)
                .await?
                .ok_or_else(|| GatewayError::Input(format!("no exchange {id} is recorded here")))?;
            let receipt = receipt(gateway.store(), entry, &integrated).await?.to_string();
            if cli.json { out.json(&json!({ "receipt": receipt })) } else { out.raw(receipt.as_bytes()) }
        }
        Command::Officer(OfficerCommand::Revoke(args)) => {
            let at = officers::revoke(gateway, &args.name).await?;
            let said = json!({ "officer": args.name, "revoked_at": at.to_string() });
            tell(cli, out, &said, &format!("officer {} orders nothing from now on", args.name));
        }
        Command::Officer(OfficerCommand::Delegate(args)) => {
            let row = offices::delegate(gateway, &args.name, &args.to, args.until).await?;
            let text = format!("{} may act for {} until {}", row.delegate, row.holder, row.until.0);
            tell(cli, out, &json!(row), &text);
        }
        Command::Token(command) => return token::run(gateway, cli, command, out).await,
        Command::Webhook(command) => return webhook::run(gateway, cli, command, out).await,
        Command::Doctor(_) => return doctor::run(gateway, cli, out).await,
        Command::Approvals(_) => return approve::list(gateway, cli, out).await,
        Command::Approve(args) => return approve::approve(gateway, cli, args, cwd, out).await,
        Command::Key(Key::List(_)) => return key::list(gateway, cli, out).await,
        Command::Key(Key::Rotate(args)) => return rotated(gateway, cli, args, out).await,
        Command::Backup(args) => return keep::backup(gateway, cli, args, cwd, out),
        Command::Mandate(command) => return mandate::run(gateway, cli, command, cwd, out).await,
        Command::Subject(command) => return subject::run(gateway, cli, command, stdin, cwd, out).await,
        Command::Audit(Audit::Uses(args)) => return uses::of(gateway, cli, args, out).await,
        Command::Notice(command) => return notice::run(gateway, cli, command, stdin, cwd, out).await,
        Command::Audit(Audit::Corrected(args)) => {
            let said = effects::corrected(gateway, args.number).await?;
            let count = |key: &str| said[key].as_array().map_or(0, Vec::len);
            let text = format!(
                "{} decisions read the old, {} exchanges passed it on",
                count("decisions"),
                count("derived")
            );
            tell(cli, out, &said, &text);
        }
        Command::Audit(Audit::Requests(_)) => return record::requests(gateway, cli, out).await,
        Command::Audit(Audit::Deletion(_)) => return Ok(record::deletion(gateway, cli, out)),
        Command::Vault(command) => return vault::run(gateway, cli, command, cwd, out).await,
        Command::Hold(command) => return hold::run(gateway, cli, command, cwd, out).await,
        Command::Audit(Audit::Obligations(_)) => return record::obligations(gateway, cli, out).await,
        Command::Audit(Audit::Replay(args)) => return record::replay(gateway, cli, args, out).await,
        _ => return Err(GatewayError::Input("this command is not one about a gateway".to_owned())),
    }
    Ok(Exit::Done)
}

pub(super) fn tell(cli: &Cli, out: &mut Out<'_>, json: &serde_json::Value, text: &str) {
    if cli.json { out.json(json) } else { out.line(text) }
}

/// The keys that are changed while the gateway serves.
async fn rotated(
    gateway: &Gateway,
    cli: &Cli,
    args: &KeyRotate,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    match (args.kind, &args.name) {
        (KeyKind::Transport, _) => {
            let day = gateway.transport_keys().turn(gateway.now(), args.compromised)?;
            let facts =
                json!({ "key": "transport", "begun": day.id.to_string(), "compromised": args.compromised });
            manage::record(gateway, Act::KeyRotated, facts, Record::default()).await?;
            tell(cli, out, &json!({ "key": "transport", "id": day.id.to_string() }), &day.id.to_string());
        }
        (KeyKind::Officer, Some(name)) => {
            let key = officers::rotate(gateway, name, args.compromised).await?;
            let said = json!({ "key": "officer", "officer": name, "public": key.key });
            tell(cli, out, &said, &format!("officer {name} signs by {} from now on", key.key));
        }
        _ => {
            return Err(GatewayError::Input(
                "this key is changed while the gateway does not serve: stop `comity serve` first".to_owned(),
            ));
        }
    }
    Ok(Exit::Done)
}

async fn shared(
    gateway: &Arc<Gateway>,
    cli: &Cli,
    args: &Share,
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let read = |path: &Path, most: usize| {
        files::read(&cwd.join(path), most)?
            .ok_or_else(|| GatewayError::Input(format!("{}: there is no such file", path.display())))
    };
    let bundle = match stdin {
        Some(bytes) => bytes,
        None => read(&args.file, gateway.settings().limits.bytes_max)?,
    };
    let attestations = args
        .attestations
        .iter()
        .map(|attestation| Ok((attestation.key.clone(), read(&attestation.file, 64 * 1_024)?)))
        .collect::<Result<_, GatewayError>>()?;
    let order = share::Order {
        bundle: Arc::new(bundle),
        officer: args.officer.clone(),
        under: args.under.clone(),
        to: args.to.clone(),
        activity: args.activity.clone(),
        purpose: args.purpose.clone(),
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
        attestations,
        assume_in_force: false,
        added: None,
        once: None,
    };
    let of_the_file = |error| match error {
        GatewayError::Input(text) => GatewayError::Input(format!("{}: {text}", args.file.display())),
        other => other,
    };
    if args.dry.dry_run {
        let dry = gateway.dry_run(DryUntil::FirstRecord);
        let preview = preview(&dry, &order).await.map_err(of_the_file)?;
        let between = print::Between {
            sender: gateway.signatory().party.as_str(),
            receiver: args.to.as_str(),
            asked: (args.under.as_str(), args.activity.as_str(), args.purpose.as_str()),
        };
        if cli.json {
            out.json(&preview)
        } else {
            print::preview(&preview, between, out)
        }
        return Ok(print::exit(preview.outcome));
    }
    let report = share::share(gateway, order).await.map_err(of_the_file)?;
    if cli.json {
        out.json(&report)
    } else {
        print::exchange(&report, out)
    }
    Ok(print::exit(report.outcome))
}
