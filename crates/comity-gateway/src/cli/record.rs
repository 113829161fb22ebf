//! `comity audit replay`, `comity audit obligations`: a gateway's own record, judged by its own openings.

use super::out::{Exit, Out};
use super::progress::Progress;
use super::{AuditReplay, Cli};
use crate::gateway::{Gateway, GatewayError};
use crate::work::{audit, deletion, subjects};
use comity_exchange::audit::replay::{Difference, MissingLaw};
use comity_exchange::audit::walk::{Place, Replayed};
use serde_json::Value as Json;

/// `comity audit replay`
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn replay(
    gateway: &Gateway,
    cli: &Cli,
    args: &AuditReplay,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let progress = Progress::of(out, "decisions made again", None);
    let replayed = audit::replay(gateway, args.memo, |decisions| progress.at(decisions)).await?;
    drop(progress);
    if cli.json {
        out.json(&audit::replayed_json(&replayed));
    } else {
        lines(&replayed).iter().for_each(|line| out.line(line));
    }
    Ok(if replayed.different.is_empty() { Exit::Done } else { Exit::Refused })
}

/// `comity audit obligations`
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn obligations(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    let duties = audit::ledger(gateway).await?;
    if cli.json {
        out.json(&duties);
        return Ok(Exit::Done);
    }
    let keys = ["state", "type", "owner", "due_operational", "due_legal_latest"];
    let rule = |duty: &Json| {
        let rule = duty["rule"].as_str().or(duty["request"].as_str());
        rule.unwrap_or("-").to_owned()
    };
    let evidence = |duty: &Json| match &duty["evidence"] {
        Json::Number(entry) => format!("entry {entry}"),
        other => other.as_str().unwrap_or("-").to_owned(),
    };
    let rows: Vec<Vec<String>> = duties
        .iter()
        .map(|duty| {
            let text = |key: &&str| duty[*key].as_str().unwrap_or("-").to_owned();
            keys.iter().map(text).chain([evidence(duty), rule(duty)]).collect()
        })
        .collect();
    if rows.is_empty() {
        out.line("no recorded decision lays anything down");
    } else {
        out.table(&["state", "duty", "owner", "due", "at the latest", "shown by", "rule"], &rows);
    }
    Ok(Exit::Done)
}

/// `comity audit requests`
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn requests(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Result<Exit, GatewayError> {
    let told = subjects::overseen(gateway).await?;
    if cli.json {
        out.json(&told);
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = told
        .iter()
        .map(|told| {
            let facts = &told["facts"];
            let number = |key: &str| facts[key].as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
            let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
            let words = [text(&told["act"]), text(&facts["action"]), text(&facts["request"])];
            let counts = [number("held"), number("granted"), number("withheld"), number("sent")];
            [told["entry"].to_string()].into_iter().chain(words).chain(counts).collect()
        })
        .collect();
    out.table(&["entry", "act", "asked", "request", "held", "granted", "withheld", "sent"], &rows);
    Ok(Exit::Done)
}

/// `comity audit deletion`
pub fn deletion(gateway: &Gateway, cli: &Cli, out: &mut Out<'_>) -> Exit {
    let report = deletion::report(gateway);
    if cli.json {
        out.json(&report);
    } else {
        let text = |value: &Json| match value {
            Json::Null => "-".to_owned(),
            Json::Number(number) => number.to_string(),
            value => value.as_str().unwrap_or("-").to_owned(),
        };
        let mut rows = Vec::new();
        for of in report["data"].as_array().into_iter().flatten() {
            for rule in of["rules"].as_array().into_iter().flatten() {
                rows.push(["pack", "category"].map(|key| text(&of[key])).to_vec());
                let last = ["rule", "article", "days"].map(|key| text(&rule[key]));
                rows.last_mut().into_iter().for_each(|row: &mut Vec<String>| row.extend(last.clone()));
            }
            if let Some(without) = of["without"].as_str() {
                rows.push(vec![
                    text(&of["pack"]),
                    text(&of["category"]),
                    "-".into(),
                    without.into(),
                    "-".into(),
                ]);
            }
        }
        out.table(&["agreement", "category", "rule", "article", "days"], &rows);
        let row = |of: &Json| ["lies", "name", "ends", "period"].map(|key| text(&of[key])).to_vec();
        let rows: Vec<Vec<String>> = report["state"].as_array().into_iter().flatten().map(row).collect();
        out.table(&["what", "name", "ends", "after"], &rows);
        for gap in report["gaps"].as_array().into_iter().flatten() {
            out.line(&format!("no rule: {}", text(gap)));
        }
    }
    if report["complete"] == true { Exit::Done } else { Exit::Refused }
}

/// What replaying came to, for people.
#[must_use]
pub fn lines(replayed: &Replayed) -> Vec<String> {
    let Replayed { decisions, identical, erased, different, not_available, earlier, .. } = replayed;
    let mut lines = vec![format!(
        "{decisions} decisions: {identical} identical, {} erased, {} different",
        erased.len(),
        different.len()
    )];
    for (place, differences) in different {
        let what: Vec<String> = differences.iter().map(differs).collect();
        lines.push(format!("  different  {}: {}", placed(*place), what.join("; ")));
    }
    lines.extend(erased.iter().map(|place| format!("  erased     {}", placed(*place))));
    for (place, missing) in not_available {
        let laws: Vec<String> = missing.iter().map(missed).collect();
        lines.push(format!("  in part    {}: not here: {}", placed(*place), laws.join(", ")));
    }
    lines.extend(
        earlier
            .iter()
            .map(|place| format!("  not whole  {}: recorded by an earlier release", placed(*place))),
    );
    lines
}

fn placed(place: Place) -> String {
    let exchange = place.exchange.map_or_else(|| "no exchange".to_owned(), |id| format!("exchange {id}"));
    format!("entry {}, {exchange}", place.entry.0)
}

fn differs(difference: &Difference) -> String {
    let class = difference.class.map_or_else(String::new, |class| format!("class {class}, "));
    format!("{class}{}: recorded {}, replayed {}", difference.what, difference.recorded, difference.replayed)
}

fn missed(missing: &MissingLaw) -> String {
    format!("{} ({} {})", missing.law, missing.pack, missing.digest)
}
