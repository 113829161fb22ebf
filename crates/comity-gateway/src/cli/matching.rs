//! `comity match`: whether a partner holds values, without either showing its own.

use super::out::{Exit, Out};
use super::{Cli, Match};
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::work::matching::{Order, order, read_values};
use comity_exchange::matching::{Asked, End};
use comity_exchange::report::{Side, decision_report};
use comity_minimise::matching::MatchValue;
use comity_terms::ids::MatchId;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// `comity match`
///
/// # Errors
/// [`GatewayError`]; nothing was asked.
pub(super) async fn run(
    gateway: &Gateway,
    cli: &Cli,
    args: &Match,
    stdin: Option<Vec<u8>>,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let limits = &gateway.settings().limits;
    let named = |text: String| GatewayError::Input(format!("{}: {text}", args.file.display()));
    let bytes = match stdin {
        Some(bytes) => bytes,
        None => files::read(&cwd.join(&args.file), limits.bytes_max)?
            .ok_or_else(|| named("there is no such file".to_owned()))?,
    };
    let values = read_values(&bytes, limits).map_err(|error| named(error.to_string()))?;
    let asked = Order {
        values,
        officer: args.officer.clone(),
        under: args.under.clone(),
        with: args.with.clone(),
        activity: args.activity.clone(),
        purpose: args.purpose.clone(),
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
    };
    let (id, values, asked) = order(gateway, asked).await?;
    if cli.json {
        out.json(&report(args, id, &values, &asked));
    } else {
        tell(args, &values, &asked, out);
    }
    Ok(if asked.end == End::Complete { Exit::Done } else { Exit::Refused })
}

fn matched<'v>(values: &'v [MatchValue], asked: &'v Asked) -> impl Iterator<Item = &'v MatchValue> {
    let matched = values.iter().zip(&asked.matched).filter(|(_, matched)| **matched == Some(true));
    matched.map(|(value, _)| value)
}

/// What is printed of a question: the officer's own values alone, and nothing of the partner's.
fn report(args: &Match, id: MatchId, values: &[MatchValue], asked: &Asked) -> Json {
    let (reasons, escalate_to, citations) = match &asked.end {
        End::RefusedThere { reasons, escalate_to, citations } => (
            reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
            escalate_to.iter().map(ToString::to_string).collect::<Vec<_>>(),
            json!(citations),
        ),
        _ => (Vec::new(), Vec::new(), json!([])),
    };
    let again_at = match &asked.end {
        End::OverBudget { again_at } => again_at.map(|at| at.to_string()),
        _ => None,
    };
    let (why, misbehaved) = match &asked.end {
        End::Broken { why, misbehaved } => (Some(why.clone()), misbehaved.map(|kind| kind.as_str())),
        _ => (None, None),
    };
    json!({
        "match_id": id.to_string(),
        "with": args.with.to_string(),
        "pack": args.under.to_string(),
        "activity": args.activity.to_string(),
        "purpose": args.purpose.to_string(),
        "result": asked.end.as_str(),
        "values": values.len(),
        "answered": asked.matched.iter().flatten().count(),
        "matched": matched(values, asked)
            .map(|value| json!({ "kind": value.kind(), "value": value.value() }))
            .collect::<Vec<_>>(),
        // Of each value that is not held: the fingerprints of the filter have 32 bits.
        "false_positive_rate": 2_f64.powi(-32),
        "day": asked.day.map(|day| day.to_string()),
        "evaluations": asked.evaluations,
        "left": asked.left,
        "again_at": again_at,
        "why": why,
        "misbehaved": misbehaved,
        "reasons": reasons,
        "escalate_to": escalate_to,
        "citations": citations,
        "decision": decision_report(&asked.decision, Side::Receiver, values.len() as u64, &BTreeSet::new()),
        "bytes": { "sent": asked.traffic.sent, "received": asked.traffic.received, "filter": asked.traffic.filter },
        "to_ask": (asked.matches() > 0).then(|| to_ask(args)),
    })
}

/// How to go on from a match.
fn to_ask(args: &Match) -> String {
    let Match { with, under, activity, purpose, .. } = args;
    format!(
        "a match is no data: ask {with} for the records under {under}, for {activity} and {purpose}; it gives them with \
         `comity share`, as far as both laws permit"
    )
}

fn tell(args: &Match, values: &[MatchValue], asked: &Asked, out: &mut Out<'_>) {
    let answered = asked.matched.iter().flatten().count();
    let with = &args.with;
    out.line(&format!("{} of {answered} values matched at {with}", asked.matches()));
    for value in matched(values, asked) {
        out.line(&format!("  {}  {}", value.kind(), value.value()));
    }
    let list = |items: &[String]| if items.is_empty() { "-".to_owned() } else { items.join(", ") };
    match &asked.end {
        End::Complete => {}
        End::RefusedHere => {
            let reasons: Vec<String> = asked.decision.reasons().iter().map(ToString::to_string).collect();
            out.line(&format!("not asked: refused here, {}", list(&reasons)));
        }
        End::RefusedThere { reasons, escalate_to, .. } => {
            let words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            let offices: Vec<String> = escalate_to.iter().map(ToString::to_string).collect();
            out.line(&format!("refused by {with}: {}; its offices: {}", list(&words), list(&offices)));
        }
        End::OverBudget { again_at } => {
            let when = again_at.map_or_else(|| "later".to_owned(), |at| format!("from {at}"));
            out.line(&format!(
                "{} of {} values have no answer: the budget of this month is used up; ask again {when}",
                values.len() - answered,
                values.len()
            ));
        }
        End::LawVersion => out.line(&format!("{with} has other laws: both adopt the same ones first")),
        End::Broken { why, .. } => out.line(&format!("{with} gave no answer that counts: {why}")),
    }
    if asked.matches() > 0 {
        out.line(&to_ask(args));
    }
}
