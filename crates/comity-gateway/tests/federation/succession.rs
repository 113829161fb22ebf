//! A gateway that was restored, and the log that succeeds its own; keys that change, and the partner that follows.

use crate::erasure::opened;
use crate::house::{House, PHISHING, pair};
use comity_exchange::disclose::{Sent, resume};
use comity_exchange::erase::Order;
use comity_exchange::federation::follow::NotFollowed;
use comity_exchange::ports::{Store as _, StoreError};
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_exchange::shell::Shell as _;
use comity_gateway::cli::out::{Exit, Out};
use comity_gateway::cli::{AuditVerify, audit};
use comity_gateway::gateway::{Gateway, GatewayError};
use comity_gateway::jobs::sweep::{self, Haste};
use comity_gateway::jobs::{telling, witnesses};
use comity_gateway::work::rotate::{self, Key};
use comity_gateway::work::{backup, manage, officers, succession};
use comity_terms::ExchangeId;
use std::path::Path;
use std::time::Duration;

async fn delivered(sender: &House) -> ExchangeReport {
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered, "{:?}", report.waiting);
    report
}

/// Delivers what waits until the exchange has its answer; tells why it has none.
async fn answered(sender: &House, exchange: ExchangeId) {
    let (gateway, mut why) = (&*sender.gateway, String::new());
    for _ in 0..TRIES {
        let now = gateway.now();
        let until = now.checked_add(Duration::from_secs(600)).unwrap();
        // Its own outbox may hold it for a try just now.
        if let Some(item) = gateway.store().claim_offer(exchange, now, until).await.unwrap() {
            let peer = gateway.peer(&item.peer).unwrap();
            if let Sent::Waiting(reason) = resume(gateway, item, &peer).await.unwrap() {
                why = reason.why;
            }
        }
        let row = gateway.store().exchange(exchange).await.unwrap().unwrap();
        if row.outcome == ExchangeOutcome::Delivered {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the offer has no answer yet: {why}");
}

/// At five a second, a minute and more: on a busy machine a partner takes a while to read its laws again.
const TRIES: usize = 600;

/// What an outsider finds of a published log, by its key.
fn verified(log: &Path, key: &str) -> u64 {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let args = AuditVerify { log: log.display().to_string(), key: Some(key.to_owned()), quorum: None };
    let exit = audit::verify(&args, true, &mut Out::to(&mut stdout, &mut stderr));
    assert_eq!(exit, Exit::Done, "{}", String::from_utf8_lossy(&stderr));
    let told: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(told["ok"], true, "{told}");
    told["size"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_gateway_refuses_to_append_until_its_log_is_succeeded() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let first = delivered(&sender).await.exchange_id.0;
    let place = tempfile::tempdir().unwrap();
    let kept = place.path().join("backup");
    let directory = receiver.gateway.directory().clone();
    let manifest = backup::backup(&directory, &kept, receiver.gateway.now()).unwrap();
    let (held, open) = opened(&receiver.gateway, first).await;
    assert!(held > 0 && held == open);

    // After the backup: what was received first is erased for good, and something else comes in.
    let order = Order { exchange: first, ground: "erasure_ordered".parse().unwrap(), openings: false };
    manage::erase(&receiver.gateway, "trained", &order).await.unwrap();
    sweep::once(&receiver.gateway, Haste::AtOnce).await.unwrap();
    let second = delivered(&sender).await.exchange_id.0;
    let old_key = receiver.gateway.signatory().log.to_string();
    let address = receiver.address();
    let room = receiver.close().await;

    // The disk is lost; the keys directory is not.
    std::fs::remove_dir_all(directory.data()).unwrap();
    assert_eq!(backup::restore(&kept, directory.data()).unwrap(), manifest);
    let refused = Gateway::open(directory.clone()).await.unwrap_err();
    assert!(matches!(refused, GatewayError::Store(StoreError::BehindMark { .. })), "{refused}");
    assert!(refused.to_string().contains("comity log succeed"), "{refused}");
    // What comes meanwhile waits.
    let queued = sender.share(PHISHING).await;
    assert_eq!(queued.outcome, ExchangeOutcome::Queued);

    let done = succession::succeed(&directory, false).unwrap();
    assert_eq!(done.ended.kept, manifest.size);
    assert!(done.ended.size > done.ended.kept, "entries were lost, and it says how many were signed");
    // What was erased does not come back: no key opens it, and the first sweep takes it away.
    let opening = Gateway::open(directory.clone()).await.unwrap();
    assert_eq!(opened(&opening, first).await, (held, 0));
    drop(opening);
    let receiver = House::reopen(room, directory, address).await;
    assert_eq!(receiver.gateway.identity().unwrap().log, done.log);
    // A partner that is slow to answer is told again, as `serve` does.
    for _ in 0..5 {
        telling::once(&receiver.gateway).await;
        if manage::unheard(&receiver.gateway).unwrap().is_empty() {
            break;
        }
    }
    assert_eq!(manage::unheard(&receiver.gateway).unwrap(), []);
    let known = sender.gateway.peer(&receiver.party()).unwrap().identity;
    assert_eq!(known.log, done.log, "the partner follows");
    assert_eq!(known.succeeds.unwrap().size, done.ended.size);

    sweep::once(&receiver.gateway, Haste::AsSet).await.unwrap();
    assert_eq!(opened(&receiver.gateway, first).await, (0, 0));
    assert!(receiver.gateway.store().exchange(second).await.unwrap().is_none(), "lost with the disk");

    answered(&sender, queued.exchange_id.0).await;
    delivered(&sender).await;
    receiver.gateway.finish().await;
    let data = receiver.gateway.directory().data();
    let size = verified(&data.join("log"), &done.log);
    assert!(size > manifest.size + 1);
    assert_eq!(verified(&done.published, &old_key), manifest.size, "the ended log, as far as it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_the_last_succession_is_brought_back_and_the_partner_follows() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let place = tempfile::tempdir().unwrap();
    let kept = place.path().join("backup");
    let directory = receiver.gateway.directory().clone();
    let manifest = backup::backup(&directory, &kept, receiver.gateway.now()).unwrap();
    delivered(&sender).await;
    delivered(&sender).await;
    let address = receiver.address();
    let mut room = receiver.close().await;
    // The same old backup, three times: each time after the log that went on from it has signed more.
    for time in 2..=4 {
        std::fs::remove_dir_all(directory.data()).unwrap();
        assert_eq!(backup::restore(&kept, directory.data()).unwrap(), manifest);
        let refused = Gateway::open(directory.clone()).await.unwrap_err();
        let since = matches!(refused, GatewayError::Store(StoreError::SucceededSince { .. }));
        assert_eq!(since, time > 2, "{refused}");
        assert!(refused.to_string().contains("comity log succeed"), "{refused}");
        let done = succession::succeed(&directory, false).unwrap();
        assert!(done.log.contains(&format!("/{time}+")), "no number signs twice: {}", done.log);
        assert_eq!(done.ended.kept, manifest.size);
        assert!(done.ended.size > done.ended.kept, "what the lost log signed is said to be lost");
        assert_eq!(done.ended.signed_by.is_some_and(|by| by.ends_with(&format!("/{}", time - 1))), time > 2);
        let receiver = House::reopen(room, directory.clone(), address).await;
        for _ in 0..5 {
            telling::once(&receiver.gateway).await;
            if manage::unheard(&receiver.gateway).unwrap().is_empty() {
                break;
            }
        }
        let known = sender.gateway.peer(&receiver.party()).unwrap().identity;
        assert_eq!(known.log, done.log, "the partner follows");
        let report = delivered(&sender).await;
        assert!(report.receipts.receiver.unwrap().origin.ends_with(&format!("/{time}")));
        receiver.gateway.finish().await;
        let log = receiver.gateway.directory().data().join("log");
        assert!(verified(&log, &done.log) > manifest.size + 1);
        room = receiver.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_a_planned_change_of_the_logs_key_is_brought_back() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let place = tempfile::tempdir().unwrap();
    let kept = place.path().join("backup");
    let directory = receiver.gateway.directory().clone();
    let manifest = backup::backup(&directory, &kept, receiver.gateway.now()).unwrap();
    let address = receiver.address();
    let room = receiver.close().await;
    let planned = succession::succeed(&directory, true).unwrap();
    assert_eq!((planned.ended.size, planned.ended.kept), (manifest.size, manifest.size));
    // A witness key in other hands was changed as well, and is lost.
    rotate::rotate(directory.clone(), Key::Witness, true, false).await.unwrap();
    let receiver = House::reopen(room, directory.clone(), address).await;
    telling::once(&receiver.gateway).await;
    let known = sender.gateway.peer(&receiver.party()).unwrap().identity;
    assert_eq!((&known.log, known.sequence), (&planned.log, 2));
    let room = receiver.close().await;
    std::fs::remove_dir_all(directory.data()).unwrap();
    backup::restore(&kept, directory.data()).unwrap();
    let done = succession::succeed(&directory, false).unwrap();
    assert!(done.log.contains("/3+") && done.ended.signed_by.is_some());
    let receiver = House::reopen(room, directory, address).await;
    telling::once(&receiver.gateway).await;
    let known = sender.gateway.peer(&receiver.party()).unwrap().identity;
    assert_eq!(known.log, done.log, "its number is above every one that was lost");
    delivered(&sender).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_saw_more_stops_a_log_whose_mark_was_restored_too() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let room = tempfile::tempdir().unwrap();
    let kept = room.path().join("backup");
    let directory = sender.gateway.directory().clone();
    backup::backup(&directory, &kept, sender.gateway.now()).unwrap();
    std::fs::copy(directory.mark(), room.path().join("mark")).unwrap();
    delivered(&sender).await;
    witnesses::ask(&sender.gateway).await.unwrap();
    let held = sender.close().await;
    std::fs::remove_dir_all(directory.data()).unwrap();
    backup::restore(&kept, directory.data()).unwrap();
    std::fs::copy(room.path().join("mark"), directory.mark()).unwrap();
    let gateway = Gateway::open(directory.clone()).await.unwrap();
    let refused = witnesses::ask(&gateway).await.unwrap_err();
    assert!(matches!(refused, GatewayError::Store(StoreError::BehindMark { .. })), "{refused}");
    drop(gateway);
    let again = Gateway::open(directory).await.unwrap_err();
    assert!(matches!(again, GatewayError::Store(StoreError::BehindMark { .. })), "the mark holds: {again}");
    drop((held, receiver));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_as_planned_and_the_partner_follows() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    delivered(&sender).await;
    let old = receiver.gateway.identity().unwrap();
    let (address, directory) = (receiver.address(), receiver.gateway.directory().clone());
    let room = receiver.close().await;
    let queued = sender.share(PHISHING).await;
    assert_eq!(queued.outcome, ExchangeOutcome::Queued);
    for key in [Key::Party, Key::Witness, Key::Certificate] {
        let rotated = rotate::rotate(directory.clone(), key, false, false).await.unwrap();
        assert_eq!(rotated.announced, key == Key::Certificate);
    }
    let unheard = rotate::rotate(directory.clone(), Key::Certificate, false, false).await.unwrap_err();
    assert!(unheard.to_string().contains("EE has not heard"), "{unheard}");
    let receiver = House::reopen(room, directory.clone(), address).await;
    telling::once(&receiver.gateway).await;
    let known = sender.gateway.peer(&receiver.party()).unwrap().identity;
    assert_eq!(known.sequence, 3);
    assert_ne!((&known.party_key, &known.witness), (&old.party_key, &old.witness));
    answered(&sender, queued.exchange_id.0).await;
    let room = receiver.close().await;
    rotate::rotate(directory.clone(), Key::Certificate, false, false).await.unwrap();
    let receiver = House::reopen(room, directory, address).await;
    let report = delivered(&sender).await;
    assert_eq!(report.receipts.sender.unwrap().grade, "witnessed", "by the new witness key");
    telling::once(&receiver.gateway).await;
    let known = sender.gateway.peer(&receiver.party()).unwrap();
    assert_ne!(known.identity.certificate, old.certificate);
    assert_eq!(known.identity.next_certificate, None, "the old certificate lets nobody in");

    // An identity from before is no way back.
    let back = manage::follow(&sender.gateway, &known, old.clone()).await.unwrap_err();
    assert!(matches!(back, GatewayError::NotFollowed(NotFollowed::Older { known: 4, told: 0 })), "{back}");
    let added = manage::add_peer(&sender.gateway, &receiver.party(), &known.url, old).await.unwrap_err();
    assert!(matches!(added, GatewayError::NotFollowed(NotFollowed::Older { .. })), "{added}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_compromise_two_people_confirm_the_new_key() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let (address, directory) = (receiver.address(), receiver.gateway.directory().clone());
    let room = receiver.close().await;
    rotate::rotate(directory.clone(), Key::Party, true, false).await.unwrap();
    let receiver = House::reopen(room, directory, address).await;
    telling::once(&receiver.gateway).await;
    assert_eq!(manage::unheard(&receiver.gateway).unwrap(), [sender.party()], "nothing leads to the new key");
    let known = sender.gateway.peer(&receiver.party()).unwrap();
    let refused = manage::hear_from(&sender.gateway, &known).await.unwrap_err();
    assert!(matches!(refused, GatewayError::NotFollowed(NotFollowed::Unlinked)), "{refused}");
    assert!(refused.to_string().contains("comity peer add"));
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Queued, "an answer by an unknown key is none");
    assert!(report.waiting.unwrap().contains("the signature is not by the party's key"));

    let identity = receiver.gateway.identity().unwrap();
    manage::add_peer(&sender.gateway, &receiver.party(), &known.url, identity).await.unwrap();
    answered(&sender, report.exchange_id.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_whose_key_ended_orders_nothing() {
    let house = House::open("EE").await;
    house.officers().await;
    let (one, other) = tokio::join!(
        officers::acting(&house.gateway, "trained"),
        officers::acting(&house.gateway, "trained")
    );
    let first = one.unwrap().key();
    assert_eq!(other.unwrap().key(), first, "orders that come at once are signed by one key");
    let second = officers::rotate(&house.gateway, "trained", false).await.unwrap();
    assert_ne!(second.key, first);
    assert_eq!(officers::acting(&house.gateway, "trained").await.unwrap().key(), second.key);
    officers::revoke(&house.gateway, "trained").await.unwrap();
    let refused = officers::acting(&house.gateway, "trained").await.err().unwrap().to_string();
    assert!(refused.contains("was revoked"), "{refused}");
    let keys = house.gateway.store().officer_keys().await.unwrap();
    assert!(keys.iter().all(|key| key.ended.is_some()) && keys.len() == 2);
    officers::rotate(&house.gateway, "trained", true).await.unwrap();
    officers::acting(&house.gateway, "trained").await.unwrap();
}
