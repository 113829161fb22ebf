//! What went from one gateway to the next and on to a third is called back by the first.

use super::Tested;
use super::house::{self, AGREEMENT, House, OFFICER, What};
use crate::{line, ms};
use comity_exchange::federation::identity::Identity;
use comity_exchange::federation::recall::RecallAction;
use comity_exchange::ports::{Recalls as _, Way};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::recall::{self, Order};
use comity_gateway::work::{manage, share};
use comity_terms::ExchangeId;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PARTIES: [&str; 3] = ["EE", "FI", "BE"];

async fn meet(one: &House, other: &House, code: &str) -> Tested<()> {
    let address = other.running.federation.ok_or("no listener")?;
    let identity = Identity::from_file(manage::identity_file(&other.gateway)?.as_bytes())?;
    manage::add_peer(&one.gateway, &code.parse()?, &format!("https://{address}"), identity).await?;
    Ok(())
}

async fn given(from: &House, to: &str, bundle: Vec<u8>) -> Tested<ExchangeId> {
    let order = share::Order {
        bundle: Arc::new(bundle),
        officer: OFFICER.to_owned(),
        under: AGREEMENT.parse()?,
        to: to.parse()?,
        activity: "threat_intel".parse()?,
        purpose: "cyber_defence".parse()?,
        facts: Vec::new(),
        attestations: Vec::new(),
        assume_in_force: false,
        added: None,
        once: None,
    };
    let report = share::share(&from.gateway, order).await?;
    if report.outcome == ExchangeOutcome::Delivered {
        Ok(report.exchange_id.0)
    } else {
        Err(format!("{:?}", report.outcome).into())
    }
}

/// 1,000 records over three gateways: how long until every receipt is back, and how many messages each hop took.
pub(super) async fn called_back(room: &Path) -> Tested<()> {
    let mut houses = Vec::new();
    for (number, code) in PARTIES.iter().enumerate() {
        houses.push(House::open(&room.join(format!("chain-{number}")), code).await?);
    }
    for (number, pair) in houses.windows(2).enumerate() {
        meet(&pair[0], &pair[1], PARTIES[number + 1]).await?;
        meet(&pair[1], &pair[0], PARTIES[number]).await?;
    }
    let [first, second, _] = houses.as_slice() else { return Err("three gateways".into()) };
    let bundle = house::bundle(What::Machines, 0, house::BUNDLE).into_bytes();
    let exchange = given(first, PARTIES[1], bundle).await?;
    let held = second.came_from(PARTIES[0]).await?;
    given(second, PARTIES[2], held).await?;

    let begun = Instant::now();
    let order = Order {
        exchange,
        officer: OFFICER.to_owned(),
        action: RecallAction::Recall,
        replaced_by: None,
        ground: "sent_in_error".parse()?,
        facts: Vec::new(),
        records: None,
        lifts: None,
    };
    let (id, _) = recall::order(&first.gateway, &order).await?;
    loop {
        let known = recall::orders(&first.gateway, Some(id)).await?.pop().ok_or("the order is gone")?;
        let told = recall::order_json(&first.gateway, &known, first.gateway.now());
        if told["state"] == "complete" {
            break;
        }
        if begun.elapsed() > Duration::from_secs(120) {
            return Err(format!("it does not end: {told}").into());
        }
        // The gateways' own jobs ask and answer: they tell nobody when they have.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = begun.elapsed();
    let mut messages = Vec::new();
    for house in [first, second] {
        let rows = house.gateway.store().recalls(Some(id)).await?;
        messages.push(rows.iter().filter(|row| row.way == Way::Given).count());
    }
    line(&format!(
        "{} records called back over three gateways: {:.0} ms until every receipt is back; messages at each hop: {messages:?}",
        house::BUNDLE,
        ms(took)
    ));
    Ok(())
}
