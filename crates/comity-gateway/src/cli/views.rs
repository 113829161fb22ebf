//! `comity vault view`: an officer looks at what stays with a partner.

use super::out::{Exit, Out};
use super::uses::{attested, claim};
use super::{Cli, VaultView};
use crate::gateway::{Gateway, GatewayError};
use crate::work::views::{Order, order};
use comity_exchange::collect::Selector;
use comity_exchange::report::{Side, decision_report};
use comity_exchange::view::{End, Viewed};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// `comity vault view`
///
/// # Errors
/// [`GatewayError`]; nothing was asked.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    args: &VaultView,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let selector = match &args.person {
        Some(path) => Selector::Person(claim(&cwd.join(path))?),
        None => Selector::Objects(args.objects.clone()),
    };
    let asked = Order {
        officer: args.officer.clone(),
        under: args.under.clone(),
        with: args.with.clone(),
        activity: args.activity.clone(),
        purpose: args.purpose.clone(),
        selector,
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
        attestations: attested(&args.attestations, cwd)?,
    };
    let (id, viewed) = order(gateway, asked).await?;
    if cli.json {
        out.json(&report(args, &id.to_string(), &viewed)?);
    } else {
        tell(args, &viewed, out);
    }
    let done = viewed.end == End::Viewed && viewed.reasons.is_empty();
    Ok(if done { Exit::Done } else { Exit::Refused })
}

fn words<T: ToString>(of: impl IntoIterator<Item = T>) -> Vec<String> {
    of.into_iter().map(|word| word.to_string()).collect()
}

fn report(args: &VaultView, id: &str, viewed: &Viewed) -> Result<Json, GatewayError> {
    let unread = |error: serde_json::Error| GatewayError::Broken(format!("a record that was seen: {error}"));
    let objects = viewed.records.iter().map(|record| serde_json::from_str::<Json>(record).map_err(unread));
    let objects: Vec<Json> = objects.collect::<Result<_, _>>()?;
    let (why, misbehaved) = match &viewed.end {
        End::Broken { why, misbehaved } => (Some(why.clone()), misbehaved.map(|kind| kind.as_str())),
        _ => (None, None),
    };
    Ok(json!({
        "view_id": id,
        "with": args.with.to_string(),
        "pack": args.under.to_string(),
        "activity": args.activity.to_string(),
        "purpose": args.purpose.to_string(),
        "result": viewed.end.as_str(),
        "given": viewed.records.len(),
        "masked": viewed.masked,
        "reasons": words(&viewed.reasons),
        "escalate_to": words(&viewed.escalate_to),
        "citations": viewed.citations,
        "decision": decision_report(&viewed.decision, Side::Receiver, 0, &BTreeSet::new()),
        "left": viewed.left,
        "again_at": viewed.again_at.map(|at| at.to_string()),
        "why": why,
        "misbehaved": misbehaved,
        // Shown once: nothing of it is kept here.
        "objects": objects,
    }))
}

fn tell(args: &VaultView, viewed: &Viewed, out: &mut Out<'_>) {
    let with = &args.with;
    for record in &viewed.records {
        // As it came, but on one line: JSON has no line end inside a string.
        let text = serde_json::from_str::<&RawValue>(record).map_or("", RawValue::get);
        out.line(&text.replace(['\r', '\n'], " "));
    }
    let list = |items: Vec<String>| if items.is_empty() { "-".to_owned() } else { items.join(", ") };
    match &viewed.end {
        End::Viewed => {
            let kept = "nothing of it is kept here";
            out.note(&format!(
                "{} records seen at {with}, {} masked; {kept}",
                viewed.records.len(),
                viewed.masked
            ));
        }
        End::RefusedHere => {
            out.line(&format!("not asked: refused here, {}", list(words(viewed.decision.reasons()))));
        }
        End::RefusedThere => {}
        End::OverBudget => {
            let when = viewed.again_at.map_or_else(|| "later".to_owned(), |at| format!("from {at}"));
            out.line(&format!("the budget of this month is used up at {with}; ask again {when}"));
        }
        End::Stale => {
            out.line(&format!("the clock of {with} is an hour or more off this one: set them right"))
        }
        End::KeyExpired => {
            out.line(&format!("{with} has a newer transport key, which is known by now: ask again"))
        }
        End::LawVersion => out.line(&format!("{with} has other laws: both adopt the same ones first")),
        End::Broken { why, .. } => out.line(&format!("{with} gave no answer that counts: {why}")),
    }
    if !viewed.reasons.is_empty() && viewed.end != End::OverBudget {
        let rules = viewed.citations.iter().filter(|citation| citation.effect == "forbid");
        let articles: BTreeSet<String> =
            rules.map(|rule| format!("{} {}", rule.pack.0, rule.article)).collect();
        out.line(&format!(
            "refused by {with}: {} ({}); its offices: {}",
            list(words(&viewed.reasons)),
            list(articles.into_iter().collect()),
            list(words(&viewed.escalate_to))
        ));
    }
}
