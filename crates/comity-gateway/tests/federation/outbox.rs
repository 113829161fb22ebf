//! The outbox: a partner that is slow or dead holds nobody else up.

use crate::house::{House, PHISHING, pair};
use comity_exchange::ports::Store as _;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::manage;
use comity_terms::Timestamp;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Less than one try at delivering may take (two minutes): who waits for the slow one has not answered by then.
const SOON: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_never_answers_keeps_no_other_waiting() {
    let (sender, good) = pair(&["EE", "FI"], true).await;
    let slow = House::open("NL").await;
    slow.adopt().await;
    slow.meet(&sender, sender.address()).await;
    sender.meet(&slow, slow.address()).await;
    // It accepts, and never says a word.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = silent.local_addr().unwrap();
    let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
            let _ = heard.send(());
        }
    });

    // More for the slow one, and longer due.
    let nowhere = ([127, 0, 0, 1], 1).into();
    let first = sender.share_to(&slow.party(), "trained", PHISHING, &[]).await;
    assert_eq!(first.outcome, ExchangeOutcome::Delivered, "its law is known by now");
    sender.meet(&slow, nowhere).await;
    let mut late = Vec::new();
    for _ in 0..3 {
        let report = sender.share_to(&slow.party(), "trained", PHISHING, &[]).await;
        assert_eq!(report.outcome, ExchangeOutcome::Queued);
        late.push(report.exchange_id.0);
    }
    let to_good = good.unplug(&sender).await;
    let report = sender.share_to(&good.party(), "trained", PHISHING, &[]).await;
    assert_eq!(report.outcome, ExchangeOutcome::Queued);
    sender.meet(&slow, at).await;
    good.plug(&sender, to_good).await;
    let store = sender.gateway.store();
    let now = sender.gateway.now();
    let early: Timestamp = now.checked_sub(Duration::from_secs(60)).unwrap();
    for exchange in &late {
        store.postpone(*exchange, early).await.unwrap();
    }
    hearing.recv().await.expect("the slow one is being tried");
    store.postpone(report.exchange_id.0, now).await.unwrap();

    let began = Instant::now();
    while store.exchange(report.exchange_id.0).await.unwrap().unwrap().outcome != ExchangeOutcome::Delivered {
        assert!(began.elapsed() < SOON, "the good partner waits for the slow one");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    for exchange in late {
        let row = store.exchange(exchange).await.unwrap().unwrap();
        assert_eq!(row.outcome, ExchangeOutcome::Queued);
    }
    manage::unheard(&sender.gateway).unwrap();
}
