//! The end of records: erased, then destroyed, so that no copy of the data opens with any key that still exists.

use crate::house::{House, PHISHING, pair};
use comity_exchange::entry::{Opening, PublicEntry};
use comity_exchange::erase::{Order, destroy, erase_due, waiting};
use comity_exchange::ports::{HeldRecord, Rewrapped, SegmentKind, Store as _};
use comity_exchange::proofs::receipt;
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyVerifier, Signature};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::{Gateway, GatewayError};
use comity_gateway::jobs::sweep::{self, Haste};
use comity_gateway::work::manage;
use comity_terms::{Digest, ExchangeId, Month, Timestamp};
use comity_vault::{
    Bucket, EpochKeys as _, OpeningContext, SealedOpening, SegmentContext, open, open_opening, rewrap,
};
use std::collections::BTreeSet;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const MOST: u32 = 10_000;

/// Records of an exchange at a gateway, and how many of them open with any epoch key that is there.
pub(crate) async fn opened(gateway: &Gateway, exchange: ExchangeId) -> (usize, usize) {
    let store = gateway.store();
    let (mut held, mut opened) = (0, 0);
    for id in store.segments(exchange).await.unwrap() {
        let segment = store.segment(id).await.unwrap().unwrap();
        let Some(class) = segment.class else { continue };
        let context = SegmentContext {
            store: gateway.signatory().store.clone(),
            agreement: segment.agreement.clone(),
            exchange,
            class,
            segment: id,
        };
        for row in &segment.rows {
            let start = usize::try_from(row.offset).unwrap();
            let sealed = &segment.blob[start..start + row.length as usize];
            let any = gateway.with_keys(|keys| {
                let buckets = keys.buckets().unwrap();
                buckets.iter().any(|bucket| {
                    let key = keys.get(bucket).unwrap();
                    key.is_some_and(|key| open(row, sealed, &key, &context).is_ok())
                })
            });
            held += 1;
            opened += usize::from(any);
        }
    }
    (held, opened)
}

/// The facts behind the first entry about an exchange.
async fn told(gateway: &Gateway, exchange: ExchangeId) -> serde_json::Value {
    let held = gateway.store().held_of(exchange, true, MOST).await.unwrap();
    let held = held.into_iter().find(|held| held.kind == SegmentKind::Opening).unwrap();
    let segment = gateway.store().segment(held.segment).await.unwrap().unwrap();
    let context = OpeningContext {
        store: gateway.signatory().store.clone(),
        agreement: held.agreement.clone(),
        opening: held.segment,
    };
    let sealed = SealedOpening { sealed: segment.blob, row: held.row.clone() };
    let key = gateway.with_keys(|keys| keys.get(&held.bucket())).unwrap().unwrap();
    let opened = open_opening(&sealed, &key, &context).unwrap();
    serde_json::from_slice(Opening::from_bytes(opened.as_bytes()).unwrap().content()).unwrap()
}

/// Until when the records of an exchange are kept here, the earliest and the latest.
async fn kept(gateway: &Gateway, exchange: ExchangeId) -> (Timestamp, Timestamp) {
    let held = gateway.store().held_of(exchange, false, MOST).await.unwrap();
    let clocks = || held.iter().map(|held| held.row.erase_by);
    (clocks().min().unwrap(), clocks().max().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_does_not_start_the_clock_again() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let first = sender.share(PHISHING).await.exchange_id.0;
    let (of_first, last) = kept(&receiver.gateway, first).await;
    assert_eq!(of_first, last);
    // Clocks are of whole seconds: the same bundle again, where one has passed.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let again = sender.share(PHISHING).await;
    let own = again.safeguards.erase_by.map(|until| until.0).unwrap();
    assert!(own > of_first, "by itself it would be kept longer");
    assert_eq!(kept(&receiver.gateway, again.exchange_id.0).await, (of_first, of_first));

    // Another object is no copy, and has its own clock.
    let text = String::from_utf8(PHISHING.to_vec()).unwrap();
    let changed = text.replacen("Credential", "Another credential", 1);
    assert_ne!(changed, text);
    let other = sender.share(changed.as_bytes()).await;
    let (earliest, latest) = kept(&receiver.gateway, other.exchange_id.0).await;
    assert_eq!(earliest, of_first);
    assert!(latest > of_first);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else if path.is_file() && !path.ends_with("comity.sqlite-shm") && !path.ends_with("lock") {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// A thief's copy of DIR, made while the gateway serves: with the mark of its time, and nothing else of the keys.
struct Copy {
    room: tempfile::TempDir,
    keys: PathBuf,
}

impl Copy {
    fn of(house: &House) -> Self {
        let room = tempfile::tempdir().unwrap();
        let directory = house.gateway.directory();
        copy(directory.data(), &room.path().join("data"));
        std::fs::create_dir(room.path().join("keys")).unwrap();
        std::fs::copy(directory.mark(), room.path().join("keys/mark")).unwrap();
        Self { room, keys: directory.keys().to_owned() }
    }

    /// The copy with every epoch key that still exists; how many records of the exchange there are, and open.
    async fn opened(&self, exchange: ExchangeId) -> (usize, usize) {
        let keys = self.room.path().join("keys");
        let _ = std::fs::remove_dir_all(keys.join("epoch"));
        copy(&self.keys.join("epoch"), &keys.join("epoch"));
        let directory = Directory::open(&self.room.path().join("data"), Some(&keys)).unwrap();
        let gateway = Gateway::open(directory).await.unwrap();
        opened(&gateway, exchange).await
    }
}

fn order(exchange: ExchangeId, openings: bool) -> Order {
    Order { exchange, ground: "erasure_ordered".parse().unwrap(), openings }
}

async fn delivered(sender: &House) -> ExchangeReport {
    let report = sender.share(PHISHING).await;
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copy_opens_once_the_key_is_destroyed_and_what_stays_opens_still() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let (first, second) = (delivered(&sender).await, delivered(&sender).await);
    let (first, second) = (first.exchange_id.0, second.exchange_id.0);
    let stolen = Copy::of(&receiver);
    let all = opened(&receiver.gateway, first).await;
    assert!(all.0 > 0 && all.0 == all.1);
    assert_eq!(stolen.opened(first).await, all);
    let held = receiver.gateway.store().held_of(first, false, 1_000).await.unwrap();
    let classes: BTreeSet<_> = held.iter().map(|record| record.class).collect();

    let erased = manage::erase(&receiver.gateway, "trained", &order(first, false)).await.unwrap().erased;
    assert_eq!((erased.records, erased.openings, erased.entries), (all.0 as u64, 0, 1));
    assert_eq!(opened(&receiver.gateway, first).await, (0, 0), "erased");
    assert_eq!(stolen.opened(first).await, all, "erased, and not yet destroyed");

    let swept = sweep::once(&receiver.gateway, Haste::AsSet).await.unwrap();
    assert_eq!((swept.destroyed.buckets.len(), swept.waiting.len()), (0, 1), "it waits for its hour");
    let swept = sweep::once(&receiver.gateway, Haste::AtOnce).await.unwrap();
    assert_eq!((swept.destroyed.buckets.len(), swept.waiting.len()), (1, 0));
    // And what tells readers of each class that it is gone.
    assert_eq!(swept.destroyed.rewrapped, (all.0 + classes.len()) as u64, "the other exchange stays");
    assert_eq!(stolen.opened(first).await, (all.0, 0), "no key that still exists opens it");
    assert_eq!(opened(&receiver.gateway, second).await, all, "what stays opens here");
    assert_eq!(stolen.opened(second).await, (all.0, 0), "the copy's wrapping is of the old key");

    let vitals = receiver.gateway.store().vitals(receiver.gateway.now()).await.unwrap();
    assert_eq!((vitals.erased, vitals.destroyed), (erased.records, erased.records));
    assert_eq!((vitals.overdue, vitals.waiting_since), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_tells_by_whose_key_an_exchange_was_ordered() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    let exchange = sender.share(PHISHING).await.exchange_id.0;
    let told = told(&sender.gateway, exchange).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (asked, ordered) = (&told["facts"]["asked"], &told["facts"]["ordered"]);
    let said = [
        &asked["action"],
        &asked["agreement"],
        &asked["receiver"],
        &ordered["activity"],
        &ordered["purpose"],
        &ordered["bundle"],
        &told["at"],
    ];
    let order: String = said.into_iter().map(|part| text(part) + "\n").collect();
    let key = PartyVerifier::parse(&text(&ordered["key"])).unwrap();
    let signature = Signature::parse(&text(&ordered["signature"])).unwrap();
    key.verify(Domain::Order, order.as_bytes(), &signature).unwrap();
    assert_eq!(text(&ordered["bundle"]), Digest::of(PHISHING).to_string());
    let known = sender.gateway.store().officer_keys().await.unwrap();
    assert_eq!(known.iter().map(|known| &known.key).collect::<Vec<_>>(), [&text(&ordered["key"])]);
    assert!(!told.to_string().contains("trained\""), "no name stands there");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_opening_leaves_its_entry_and_the_receipt_still_verifies() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let held = receiver.gateway.store().held_of(exchange, true, MOST).await.unwrap();
    let openings = held.iter().filter(|held| held.kind == SegmentKind::Opening).count();
    assert_eq!(openings, 1);
    let erased = manage::erase(&receiver.gateway, "trained", &order(exchange, true)).await.unwrap().erased;
    assert_eq!(erased.openings, 1);
    assert_eq!(receiver.gateway.store().segments(exchange).await.unwrap(), []);
    let found = receiver.gateway.store().exchange_integrated(exchange).await.unwrap();
    let (entry, integrated): (PublicEntry, _) = found.unwrap();
    let receipt = receipt(receiver.gateway.store(), entry, &integrated).await.unwrap();
    receipt.verify(&entry.to_bytes(), &receiver.gateway.signatory().log, None).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_erasure_needs_an_officer_an_exchange_and_a_ground() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let unknown: ExchangeId = "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10".parse().unwrap();
    let no_reason = Order { ground: "because".parse().unwrap(), ..order(exchange, false) };
    let cases = [
        ("untrained", order(exchange, false), "training"),
        ("nobody", order(exchange, false), "no officer `nobody`"),
        ("trained", order(unknown, false), "no exchange"),
        ("trained", no_reason, "`because` is no reason"),
    ];
    for (officer, order, why) in cases {
        let refused = manage::erase(&receiver.gateway, officer, &order).await.unwrap_err();
        assert!(matches!(&refused, GatewayError::Input(text) if text.contains(why)), "{refused}");
    }
    assert!(opened(&receiver.gateway, exchange).await.0 > 0, "nothing was erased");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_time_a_record_ends_and_with_its_month_the_key() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let exchange = delivered(&sender).await.exchange_id.0;
    let gateway = &*receiver.gateway;
    let held = gateway.store().held_of(exchange, false, MOST).await.unwrap();
    let (until, bucket) = (held[0].row.erase_by, held[0].bucket());
    let before = Timestamp::from_second(until.as_second() - 1).unwrap();
    assert_eq!(erase_due(gateway, before).await.unwrap().records, 0, "not a second early");
    assert_eq!(erase_due(gateway, until).await.unwrap().records, held.len() as u64);
    let (_, next) = Month::of(until).bounds().unwrap();
    let found = waiting(gateway, next).await.unwrap();
    assert_eq!(found.len(), 1);
    let done = destroy(gateway, &found, next, pending()).await.unwrap();
    assert_eq!((done.buckets, done.rewrapped), (vec![bucket.clone()], 0), "a month gone by needs no rest");
    let keys = gateway.with_keys(|keys| keys.buckets()).unwrap();
    assert!(!keys.contains(&bucket));
    assert_eq!(waiting(gateway, next).await.unwrap(), []);
}

/// Where a crash hits the way from erased to destroyed.
#[derive(Debug, Clone, Copy)]
enum Crash {
    Erased,
    Turned,
    HalfRewrapped,
    Rewrapped,
    Closed,
    Marked,
    Destroyed,
}

/// Goes the way up to `crash`, by the hands of the ports.
async fn go(gateway: &Gateway, bucket: &Bucket, crash: Crash) {
    let store = gateway.store();
    match crash {
        Crash::Erased => {}
        Crash::Turned => {
            gateway.with_keys(|keys| keys.turn(bucket)).unwrap();
        }
        Crash::HalfRewrapped => {
            let held = store.held_in(bucket, None, 1).await.unwrap();
            let rewrapped = held.iter().map(|held| anew(gateway, held)).collect();
            let record = comity_exchange::ports::Record { rewrapped, ..Default::default() };
            store.record(record).await.unwrap();
        }
        Crash::Rewrapped | Crash::Closed | Crash::Marked | Crash::Destroyed => {
            let found = waiting(gateway, gateway.now()).await.unwrap();
            tokio::select! {
                _ = destroy(gateway, &found, gateway.now(), pending()) => panic!("it does not go on by itself"),
                () = emptied(gateway, bucket) => {}
            }
            if matches!(crash, Crash::Closed | Crash::Marked | Crash::Destroyed) {
                assert!(store.close_bucket(bucket, gateway.now()).await.unwrap());
            }
            if matches!(crash, Crash::Marked) {
                let Bucket { agreement, month, generation } = bucket;
                let name = format!("{agreement}/{}.{generation}.destroyed", month.number());
                std::fs::write(gateway.directory().epoch_keys().join(name), b"").unwrap();
            }
            if matches!(crash, Crash::Destroyed) {
                gateway.with_keys(|keys| keys.destroy(bucket)).unwrap();
            }
        }
    }
}

async fn emptied(gateway: &Gateway, bucket: &Bucket) {
    loop {
        let epochs = gateway.store().epochs(bucket.month, true).await.unwrap();
        if epochs.iter().any(|epoch| epoch.bucket == *bucket && epoch.held == 0) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn anew(gateway: &Gateway, held: &HeldRecord) -> Rewrapped {
    let context = SegmentContext {
        store: gateway.signatory().store.clone(),
        agreement: held.agreement.clone(),
        exchange: held.exchange.unwrap(),
        class: held.class.unwrap(),
        segment: held.segment,
    };
    let row = gateway.with_keys(|keys| {
        let entropy = &mut gateway.entropy();
        let old = keys.get(&held.bucket()).unwrap().unwrap();
        let (bucket, new) = keys.turn(&held.bucket()).unwrap();
        rewrap(&held.row, &context, &old, (&bucket, &new), entropy).unwrap()
    });
    Rewrapped { segment: held.segment, from: held.row.generation, row }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_is_made_good_by_the_next_sweep() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let first = delivered(&sender).await.exchange_id.0;
    let stays = delivered(&sender).await.exchange_id.0;
    let held = receiver.gateway.store().held_of(first, false, MOST).await.unwrap();
    let bucket = held[0].bucket();
    manage::erase(&receiver.gateway, "trained", &order(first, false)).await.unwrap();
    let code = receiver.party().to_string();
    let room = receiver.close().await;
    let crashes = [
        Crash::Erased,
        Crash::Turned,
        Crash::HalfRewrapped,
        Crash::Rewrapped,
        Crash::Closed,
        Crash::Marked,
        Crash::Destroyed,
    ];
    for crash in crashes {
        let after = tempfile::tempdir().unwrap();
        copy(room.path(), after.path());
        let opening = || async {
            Gateway::open(Directory::open(&after.path().join(&code), None).unwrap()).await.unwrap()
        };
        let gateway = opening().await;
        go(&gateway, &bucket, crash).await;
        drop(gateway);
        let gateway = opening().await;
        let swept = sweep::once(&gateway, Haste::AtOnce).await.unwrap();
        assert_eq!(swept.destroyed.buckets, std::slice::from_ref(&bucket), "{crash:?}: noted once it is so");
        assert_eq!(swept.waiting, [], "{crash:?}");
        assert!(gateway.with_keys(|keys| keys.get(&bucket)).unwrap().is_none(), "{crash:?}");
        let (held, opened) = opened(&gateway, stays).await;
        assert!(held > 0 && held == opened, "{crash:?}: {opened} of {held} open");
        let again = sweep::once(&gateway, Haste::AtOnce).await.unwrap();
        assert_eq!(again.destroyed.buckets, [], "{crash:?}: once is enough");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_nothing_else_is_lost() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    receiver.officers().await;
    let (sender, receiver) = (Arc::new(sender), Arc::new(receiver));
    let mut shares = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let sender = Arc::clone(&sender);
        shares.spawn(async move { sender.share(PHISHING).await });
    }
    let (mut erased, mut kept) = (Vec::new(), Vec::new());
    let mut rotations = 0;
    while let Some(report) = shares.join_next().await {
        let report = report.unwrap();
        assert_eq!(report.outcome, ExchangeOutcome::Delivered, "{:?}", report.waiting);
        let exchange = report.exchange_id.0;
        if erased.len() <= kept.len() {
            manage::erase(&receiver.gateway, "trained", &order(exchange, false)).await.unwrap();
            erased.push(exchange);
            // While the others come in: each turn of the key meets records under way.
            let swept = sweep::once(&receiver.gateway, Haste::AtOnce).await.unwrap();
            rotations += swept.destroyed.buckets.len();
        } else {
            kept.push(exchange);
        }
    }
    assert!(rotations >= 2, "{rotations} rotations");
    for exchange in erased {
        assert_eq!(opened(&receiver.gateway, exchange).await, (0, 0));
    }
    for exchange in kept {
        let (held, opened) = opened(&receiver.gateway, exchange).await;
        assert!(held > 0 && held == opened, "{opened} of {held} records open");
    }
}
