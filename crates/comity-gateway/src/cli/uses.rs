//! `comity vault read`, `export` and `unmask`, and `comity audit uses`: what an officer reads, and how often it was read.

use super::out::{Exit, Out};
use super::{Attestation, AuditUses, Cli, UseOf, VaultApprove, VaultExport, VaultRead, VaultUnmask};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::unmasking::{self, APPROVAL_BYTES_MAX, Approval};
use crate::work::uses::{self, Asked};
use comity_exchange::collect::{Caps, Read, Selector};
use comity_exchange::subject::Claim;
use comity_exchange::subject::claim::CLAIM_BYTES_MAX;
use comity_terms::FactKey;
use serde_json::Value as Json;
use std::path::Path;

/// The longest attestation.
const ATTESTATION_BYTES_MAX: usize = 1 << 20;

/// `comity vault read`
pub(super) async fn read(
    gateway: &Gateway,
    cli: &Cli,
    args: &VaultRead,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let selector = match &args.person {
        Some(path) => Selector::Person(claim(&cwd.join(path))?),
        None if args.objects.is_empty() => Selector::Types(args.types.clone()),
        None => Selector::Objects(args.objects.clone()),
    };
    let found = uses::read(gateway, &asked(&args.of, selector, cwd)?).await?;
    given(gateway, cli, (&found.read, Some(&found.caps)), out)
}

/// `comity vault unmask`
pub(super) async fn unmask(
    gateway: &Gateway,
    cli: &Cli,
    args: &VaultUnmask,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let asked = asked(&args.of, Selector::Objects(args.objects.clone()), cwd)?;
    let approval = args.approval.as_ref().map(|path| file(&cwd.join(path), APPROVAL_BYTES_MAX));
    let approval = approval.transpose()?.map(|bytes| Approval::read(&bytes)).transpose()?;
    let found = unmasking::unmask(gateway, &asked, approval.as_ref()).await?;
    given(gateway, cli, (&found.read, Some(&found.caps)), out)
}

/// `comity vault approve`
pub(super) async fn approve(
    gateway: &Gateway,
    args: &VaultApprove,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let asked = asked(&args.of, Selector::Objects(args.objects.clone()), cwd)?;
    let asked = Asked { officer: args.reader.clone(), ..asked };
    let approval = unmasking::approve(gateway, &asked, &args.of.officer, args.until).await?;
    // What another officer's command reads: the same whether or not `--json` is given.
    out.json(&approval);
    Ok(Exit::Done)
}

/// `comity vault export`
pub(super) async fn export(
    gateway: &Gateway,
    cli: &Cli,
    args: &VaultExport,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let path = cwd.join(&args.out);
    if path.exists() {
        return Err(GatewayError::Input(format!("{}: there is such a file", path.display())));
    }
    let read = uses::export(gateway, &asked(&args.of, Selector::Types(args.types.clone()), cwd)?).await?;
    if !read.records.is_empty() {
        files::create(&path, uses::bundle(gateway, &read.records)?.as_bytes())?;
    }
    let said = uses::read_json(&read, None);
    if cli.json {
        out.json(&said);
    } else {
        out.line(&format!("{} records are in {}", read.records.len(), path.display()));
        refusals(&said, out);
    }
    Ok(exit(&read))
}

/// `comity audit uses`
pub(super) async fn of(
    gateway: &Gateway,
    cli: &Cli,
    args: &AuditUses,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let said = uses::of(gateway, args.exchange_id).await?;
    if cli.json {
        out.json(&said);
        return Ok(Exit::Done);
    }
    let text = |json: &Json| json.as_str().unwrap_or("-").to_owned();
    for used in said["here"].as_array().into_iter().flatten() {
        out.line(&format!(
            "entry {}  {}  {} for {}: {} given, {} refused",
            used["entry"],
            text(&used["at"]),
            text(&used["action"]),
            text(&used["purpose"]),
            used["given"],
            used["refused"]
        ));
    }
    let holder = &said["holder"];
    if !holder.is_null() {
        out.line(&format!(
            "{}, {}: used {} times, {} records given, {} refused, {} times unmasked",
            text(&holder["holder"]),
            text(&holder["at"]),
            holder["uses"],
            holder["given"],
            holder["refused"],
            holder["unmasked"]
        ));
    } else if said["here"].as_array().is_none_or(Vec::is_empty) {
        out.line("nobody used it");
    }
    Ok(Exit::Done)
}

fn asked(of: &UseOf, selector: Selector, cwd: &Path) -> Result<Asked, GatewayError> {
    let attestations = attested(&of.attestations, cwd)?;
    let came_in = of.came_in.clone().unwrap_or_else(|| of.activity.clone());
    let came_for = of.came_for.clone().unwrap_or_else(|| of.purpose.clone());
    Ok(Asked {
        officer: of.officer.clone(),
        agreement: of.under.clone(),
        partner: of.from.clone(),
        use_for: (of.activity.clone(), of.purpose.clone()),
        came_for: (came_in, came_for),
        selector,
        facts: of.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
        attestations,
    })
}

pub(super) fn attested(given: &[Attestation], cwd: &Path) -> Result<Vec<(FactKey, Vec<u8>)>, GatewayError> {
    let read = |one: &Attestation| Ok((one.key.clone(), file(&cwd.join(&one.file), ATTESTATION_BYTES_MAX)?));
    given.iter().map(read).collect()
}

pub(super) fn claim(path: &Path) -> Result<Claim, GatewayError> {
    Claim::read(&file(path, CLAIM_BYTES_MAX)?)
        .map_err(|error| GatewayError::Input(format!("{}: {error}", path.display())))
}

fn file(path: &Path, most: usize) -> Result<Vec<u8>, GatewayError> {
    let bytes = files::read(path, most)?;
    bytes.ok_or_else(|| GatewayError::Input(format!("{}: there is no such file", path.display())))
}

fn given(
    gateway: &Gateway,
    cli: &Cli,
    (read, caps): (&Read, Option<&Caps>),
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let mut said = uses::read_json(read, caps);
    if cli.json {
        let bundle = uses::bundle(gateway, &read.records)?;
        said["bundle"] = serde_json::from_str(&bundle)
            .map_err(|error| GatewayError::Broken(format!("a bundle of records: {error}")))?;
        out.json(&said);
    } else {
        if !read.records.is_empty() {
            out.line(&uses::bundle(gateway, &read.records)?);
        }
        refusals(&said, out);
    }
    Ok(exit(read))
}

fn refusals(said: &Json, out: &mut Out<'_>) {
    if said["masked"].as_u64().unwrap_or(0) > 0 {
        out.note(&format!("{} records are masked: `comity vault unmask`", said["masked"]));
    }
    if said["refused"].as_u64().unwrap_or(0) == 0 {
        return;
    }
    let reasons = said["reasons"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let caps = &said["caps"];
    let cap = |what: &str, cap: &Json| cap.as_u64().map(|most| format!("at most {most} {what}"));
    let most = [
        cap("records by one query", &caps["records"]),
        cap("look-ups of one person", &caps["lookups_of_a_person"]["cap"]),
        cap("look-ups by one officer", &caps["lookups_by_the_officer"]["cap"]),
    ];
    let most: Vec<String> = most.into_iter().flatten().collect();
    let most =
        if most.is_empty() { String::new() } else { format!("; the laws let be given: {}", most.join(", ")) };
    out.note(&format!(
        "{} records are not given: {}{most}",
        said["refused"],
        reasons.collect::<Vec<_>>().join(", ")
    ));
}

fn exit(read: &Read) -> Exit {
    if read.refused > 0 { Exit::Refused } else { Exit::Done }
}
