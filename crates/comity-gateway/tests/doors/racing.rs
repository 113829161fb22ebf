//! An erasure races with those who read: whatever order they come in, nothing is given by a use that stands in the log after
//! the erasure.

use crate::governed::collection;
use crate::house::{PHISHING, looks, pair};
use crate::tool::Tool;
use crate::{PASSWORD, officer};
use comity_exchange::collect::Selector;
use comity_exchange::erase::{Order, erase_exchange};
use comity_exchange::ports::{Store as _, Uses as _};
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::uses;
use serde_json::Value as Json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_record_leaves_by_a_use_that_comes_after_its_erasure() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    officer(&receiver, "ana", 365).await;
    let path = collection(&receiver, "EE", &[]).await;
    let machines = ["indicator", "file", "relationship"].map(str::to_owned).to_vec();
    let asked = Arc::new(looks("ana", Selector::Types(machines)));
    for _ in 0..12 {
        let report = sender.share(PHISHING).await;
        assert_eq!(report.outcome, ExchangeOutcome::Delivered);
        let exchange = report.exchange_id.0;
        let over = Arc::new(AtomicBool::new(false));
        let mut readers = tokio::task::JoinSet::new();
        for number in 0..3 {
            let (gateway, over, asked) =
                (Arc::clone(&receiver.gateway), Arc::clone(&over), Arc::clone(&asked));
            let (tool, path) = (Tool::of(&receiver, "ana", PASSWORD), path.clone());
            readers.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    match number {
                        0 => _ = tool.get(&format!("{path}objects/")).await,
                        1 => _ = uses::export(&gateway, &asked).await.unwrap(),
                        _ => _ = uses::read(&gateway, &asked).await.unwrap(),
                    }
                }
            });
        }
        // Some of them are under way.
        while receiver.gateway.store().used(exchange, 10).await.unwrap().len() < 3 {
            tokio::task::yield_now().await;
        }
        let order = Order { exchange, ground: "no_longer_needed".parse().unwrap(), openings: false };
        erase_exchange(&*receiver.gateway, &order, Json::Null).await.unwrap();
        let erased = receiver.gateway.store().vitals(receiver.gateway.now()).await.unwrap().tree_size.0;
        over.store(true, Ordering::Relaxed);
        while let Some(read) = readers.join_next().await {
            read.unwrap();
        }
        for used in receiver.gateway.store().used(exchange, 1_000).await.unwrap() {
            if used.entry.0 >= erased {
                assert_eq!(used.given, 0, "given by entry {}, erased before {erased}", used.entry.0);
            }
        }
    }
}
