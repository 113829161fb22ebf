//! `comity demo`: two new gateways, an exchange of every bundle, and everything verified from outside.

use super::out::{Exit, Out};
use super::serve::{Running, start};
use super::{AuditVerify, Demo, audit, print, record};
use crate::clock::{Clock, OsEntropy};
use crate::dirs::Directory;
use crate::gateway::{Gateway, GatewayError};
use crate::passwords;
use crate::watch::{Stopper, stopping};
use crate::work::{manage, share};
use comity_exchange::ports::Officer;
use comity_exchange::report::ExchangeReport;
use comity_exchange::shell::Shell as _;
use comity_terms::{Party, Timestamp};
use comity_tlog::Receipt;
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The bundles that come with this program.
const EXAMPLES: [(&str, &str); 3] = [
    ("phishing-campaign", include_str!("../../../../examples/bundles/phishing-campaign.json")),
    ("ransomware-c2", include_str!("../../../../examples/bundles/ransomware-c2.json")),
    ("grid-incident", include_str!("../../../../examples/bundles/grid-incident.json")),
];

const OFFICER: &str = "demo-officer";

/// `comity demo`
pub async fn run(args: &Demo, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    match show(args, json_out, cwd, out).await {
        Ok(exit) => exit,
        Err(error) => out.bad_input(error),
    }
}

struct House {
    gateway: Arc<Gateway>,
    running: Running,
    stopper: Stopper,
}

async fn show(args: &Demo, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    if args.from == args.to {
        return Err(GatewayError::Input("sender and receiver are the same party".to_owned()));
    }
    let bundles = bundles(args, cwd)?;
    let root = match &args.dir {
        Some(dir) => cwd.join(dir),
        None => temporary()?,
    };
    let sender = open(&root, &args.from, &args.under, cwd).await?;
    let receiver = open(&root, &args.to, &args.under, cwd).await?;
    introduce(&sender, &receiver).await?;
    introduce(&receiver, &sender).await?;
    let officer = Officer {
        name: OFFICER.to_owned(),
        role: "analyst".to_owned(),
        unit: None,
        training_until: sender
            .gateway
            .now()
            .checked_add(Duration::from_secs(365 * 24 * 60 * 60))
            .map_err(|e| GatewayError::Broken(e.to_string()))?,
        password_hash: passwords::hash("the demonstration's own", &mut OsEntropy)
            .map_err(|e| GatewayError::Broken(e.to_string()))?,
    };
    manage::add_officer(&sender.gateway, officer).await?;
    if !json_out {
        out.line(&format!(
            "two gateways under {}: {} at {} and {} at {}",
            args.under,
            args.from,
            sender.gateway.directory().data().display(),
            args.to,
            receiver.gateway.directory().data().display()
        ));
        if args.assume_in_force {
            out.line("the agreement is assumed to be in force: a trial, recorded as such");
        }
    }
    let under = crate::laws::named(&args.under, cwd)?.1;
    let mut exchanges: Vec<ExchangeReport> = Vec::new();
    let mut unread = Vec::new();
    for (name, bundle) in bundles {
        out.note(&format!("sending {name}"));
        let order = share::Order {
            bundle: Arc::new(bundle),
            officer: OFFICER.to_owned(),
            under: under.clone(),
            to: args.to.clone(),
            activity: args.activity.clone(),
            purpose: args.purpose.clone(),
            facts: Vec::new(),
            attestations: Vec::new(),
            assume_in_force: args.assume_in_force,
            added: None,
            once: None,
        };
        let report = match share::share(&sender.gateway, order).await {
            Ok(report) => report,
            // One bundle that does not read keeps the others from nothing.
            Err(GatewayError::Input(text)) => {
                out.bad_input(format!("{name}: {text}"));
                unread.push(json!({ "bundle": name, "error": text }));
                continue;
            }
            Err(other) => return Err(other),
        };
        if !json_out {
            out.line(&format!("\n{name}"));
            print::exchange(&report, out);
        }
        exchanges.push(report);
    }
    let (mut verified, logs) = verify(&[&sender, &receiver], &exchanges, json_out, out).await?;
    let (same, replays) = replay(&[&sender, &receiver], json_out, out).await?;
    verified &= same;
    if json_out {
        out.json(&json!({
            "exchanges": exchanges, "verified": verified, "logs": logs, "replays": replays, "unread": unread,
        }));
    }
    if args.serve {
        for house in [&sender, &receiver] {
            let party = &house.gateway.signatory().party;
            out.note(&format!("{party} listening on http://{}", house.running.plain));
            if let Some(address) = house.running.federation {
                out.note(&format!("{party} listening on https://{address}"));
            }
        }
        let (stopper, mut stop) = stopping();
        stopper.on_signals().map_err(|e| GatewayError::Broken(e.to_string()))?;
        stop.wait().await;
    }
    for house in [sender, receiver] {
        house.stopper.stop();
        house.running.finish().await;
        house.gateway.finish().await;
    }
    Ok(match (verified, unread.is_empty()) {
        (false, _) => Exit::Refused,
        (true, false) => Exit::BadInput,
        (true, true) => Exit::Done,
    })
}

fn bundles(args: &Demo, cwd: &Path) -> Result<Vec<(String, Vec<u8>)>, GatewayError> {
    if args.bundles.is_empty() {
        return Ok(EXAMPLES.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into());
    }
    let most = comity_minimise::Limits::default().bytes_max;
    args.bundles
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let bytes = crate::files::read(&cwd.join(path), most)?
                .ok_or_else(|| GatewayError::Input(format!("{name}: there is no such file")))?;
            Ok((name, bytes))
        })
        .collect()
}

fn temporary() -> Result<PathBuf, GatewayError> {
    use comity_terms::Entropy as _;
    let tag: [u8; 8] = OsEntropy.bytes();
    let path = std::env::temp_dir().join(format!("comity-demo-{:016x}", u64::from_be_bytes(tag)));
    crate::files::create_directory(&path)?;
    Ok(path)
}

async fn open(root: &Path, party: &Party, under: &str, cwd: &Path) -> Result<House, GatewayError> {
    let now = Clock::new(Timestamp::UNIX_EPOCH).now();
    let authority = format!("Cyber security authority of {party}");
    let dir = root.join(party.as_str());
    let directory = Directory::init(&dir, None, party, &authority, &mut OsEntropy, now)?;
    let gateway = Gateway::open(directory).await?;
    // The party's own law, where one is shipped; without it every exchange is refused, and says so.
    if let Err(error) = manage::adopt(&gateway, party.as_str(), cwd).await {
        tracing::warn!(%party, %error, "no law of this party is adopted");
    }
    manage::adopt(&gateway, under, cwd).await?;
    let (stopper, stop) = stopping();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let running = start(&gateway, any, Some(any), stop).await.map_err(GatewayError::Broken)?;
    Ok(House { gateway, running, stopper })
}

async fn introduce(to: &House, partner: &House) -> Result<(), GatewayError> {
    let address = partner
        .running
        .federation
        .ok_or_else(|| GatewayError::Broken("the partner has no federation listener".to_owned()))?;
    let identity = partner.gateway.identity()?;
    let party = partner.gateway.signatory().party.clone();
    manage::add_peer(&to.gateway, &party, &format!("https://{address}"), identity).await?;
    Ok(())
}

/// Verifies both logs and every receipt as an outsider would: from files and public keys alone.
async fn verify(
    houses: &[&House],
    exchanges: &[ExchangeReport],
    json_out: bool,
    out: &mut Out<'_>,
) -> Result<(bool, Vec<Json>), GatewayError> {
    let (mut verified, mut logs) = (true, Vec::new());
    if !json_out {
        out.line("\nverified from outside");
    }
    for house in houses {
        house.gateway.store().flush_tiles().await?;
        let key = house.gateway.signatory().log.to_string();
        let log = house.gateway.directory().log();
        let args = AuditVerify { log: log.display().to_string(), key: Some(key.clone()), quorum: None };
        let verdict = audit::verdict_on_log(&args, out).map_err(|e| GatewayError::Broken(e.to_string()))?;
        verified &= verdict.ok;
        if !json_out {
            let said = if verdict.ok { "ok" } else { "FAILED" };
            out.line(&format!("  log {} of {} entries: {said}", verdict.origin, verdict.size));
        }
        let dir = house.gateway.directory().data().display().to_string();
        logs.push(json!({ "dir": dir, "origin": verdict.origin, "size": verdict.size, "vkey": key }));
    }
    for exchange in exchanges {
        let sides = [&exchange.receipts.sender, &exchange.receipts.receiver];
        for (house, receipt) in houses.iter().zip(sides) {
            let Some(receipt) = receipt else { continue };
            let ok = receipt_holds(house, receipt.file.as_deref().unwrap_or_default());
            verified &= ok;
            if !json_out {
                let said = if ok { "ok" } else { "FAILED" };
                out.line(&format!("  receipt {} of {}: {said}", receipt.index, receipt.origin));
            }
        }
    }
    Ok((verified, logs))
}

/// Makes every decision that both recorded again, as an overseer would: from their openings and the laws as signed.
async fn replay(
    houses: &[&House],
    json_out: bool,
    out: &mut Out<'_>,
) -> Result<(bool, Vec<Json>), GatewayError> {
    let (mut same, mut replays) = (true, Vec::new());
    for house in houses {
        let replayed = crate::work::audit::replay(&house.gateway, false, |_| {}).await?;
        same &= replayed.different.is_empty();
        if !json_out {
            let party = &house.gateway.signatory().party;
            for line in record::lines(&replayed) {
                out.line(&format!("  replayed at {party}: {line}"));
            }
        }
        let mut json = crate::work::audit::replayed_json(&replayed);
        json["dir"] = house.gateway.directory().data().display().to_string().into();
        replays.push(json);
    }
    Ok((same, replays))
}

fn receipt_holds(house: &House, file: &str) -> bool {
    let Ok(Some(bytes)) = crate::files::read(Path::new(file), comity_tlog::RECEIPT_BYTES_MAX) else {
        return false;
    };
    Receipt::parse(&bytes).is_ok_and(|receipt| {
        let entry = receipt.extra().unwrap_or_default();
        receipt.verify(entry, &house.gateway.signatory().log, None).is_ok()
    })
}
