//! `comity recall` and `comity recalls`: orders that data be erased or restricted wherever it went.

use super::out::{Exit, Out};
use super::{Cli, Recall, RecallList};
use crate::gateway::{Gateway, GatewayError};
use crate::work::recall::{self, Order, order_json};
use comity_exchange::report::{Side, decision_report};
use comity_exchange::shell::Shell as _;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// `comity recall`
///
/// # Errors
/// [`GatewayError`]; nothing happened.
pub async fn give(
    gateway: &Gateway,
    cli: &Cli,
    args: &Recall,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let order = Order {
        exchange: args.exchange_id,
        officer: args.officer.clone(),
        action: args.action,
        records: None,
        lifts: None,
        replaced_by: args.by,
        ground: args.ground.clone(),
        facts: args.facts.iter().map(|fact| (fact.key.clone(), fact.value.clone())).collect(),
    };
    let (id, given) = recall::order(gateway, &order).await?;
    let decision = decision_report(&given.decision, Side::Sender, 0, &BTreeSet::new());
    let known = recall::orders(gateway, Some(id)).await?.pop();
    let Some(known) = known else {
        // Our own laws refuse: nothing went out.
        let said = json!({ "order_id": id.to_string(), "state": "refused", "decision": decision });
        if cli.json {
            out.json(&said);
        } else {
            out.line(&format!("order {id}: refused here, {}", decision.reasons.join(", ")));
        }
        return Ok(Exit::Refused);
    };
    let mut said = order_json(gateway, &known, gateway.now());
    said["decision"] = json!(decision);
    tell(cli, &said, out);
    Ok(Exit::Done)
}

/// `comity recalls`
///
/// # Errors
/// [`GatewayError`] when the store fails.
pub async fn list(
    gateway: &Gateway,
    cli: &Cli,
    args: &RecallList,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let now = gateway.now();
    let orders = recall::orders(gateway, args.order).await?;
    let mut said = Vec::new();
    for known in &orders {
        let mut order = order_json(gateway, known, now);
        // Of one order alone.
        if args.order.is_some() {
            order["used"] = recall::uses(gateway, known).await?;
        }
        said.push(order);
    }
    if cli.json {
        out.json(&said);
    } else if said.is_empty() {
        out.line("no order is known");
    } else {
        said.iter().for_each(|said| tell(cli, said, out));
    }
    Ok(Exit::Done)
}

fn tell(cli: &Cli, said: &Json, out: &mut Out<'_>) {
    if cli.json {
        return out.json(said);
    }
    let text = |json: &Json| json.as_str().unwrap_or("-").to_owned();
    out.line(&format!(
        "order {}: {} by {}, {}; answers due {}: {}",
        text(&said["order_id"]),
        text(&said["action"]),
        text(&said["origin"]),
        text(&said["ground"]),
        text(&said["due"]),
        text(&said["state"]),
    ));
    let results = |of: &Json| {
        let results = of.as_array().into_iter().flatten().map(|result| {
            let reasons: Vec<String> = result["reasons"].as_array().into_iter().flatten().map(text).collect();
            let reasons =
                if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
            format!(
                "{} {}, {} records{reasons}",
                text(&result["exchange_id"]),
                text(&result["result"]),
                result["records"]
            )
        });
        results.collect::<Vec<_>>()
    };
    for done in results(&said["here"]) {
        out.line(&format!("  here  {done}"));
    }
    for used in said["used"]["read"].as_array().into_iter().flatten() {
        out.line(&format!(
            "  read before  entry {}, {}, {}",
            used["entry"],
            text(&used["at"]),
            text(&used["purpose"])
        ));
    }
    for exchange in said["used"]["passed_on"].as_array().into_iter().flatten() {
        out.line(&format!("  passed on    exchange {}", text(exchange)));
    }
    for holder in said["holders"].as_array().into_iter().flatten() {
        let via: Vec<String> = holder["via"].as_array().into_iter().flatten().map(text).collect();
        let via = if via.is_empty() { String::new() } else { format!(" via {}", via.join(", ")) };
        out.line(&format!("  {}{via}  {}", text(&holder["holder"]), text(&holder["state"])));
        for done in results(&holder["results"]) {
            out.line(&format!("      {done}"));
        }
    }
}
