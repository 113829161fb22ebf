//! Directories that earlier releases wrote are opened by this one, and what was in flight in them finishes.
//!
//! `<n>.tar.gz` beside this file was written by a release whose schema's newest step was `n`, with
//! `scripts/upgrade-fixture`: a sender with an offer in its outbox, and the receiver that it waits for. Their keys
//! are in it and serve nothing else.

use comity_exchange::ports::Store as _;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::cli::serve::start;
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::watch::stopping;
use comity_gateway::work::{manage, outbox};
use comity_terms::ExchangeId;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade")
}

/// The steps of the schema, as the store has them.
fn steps() -> usize {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../comity-store/migrations");
    let names = std::fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".sql")).count()
}

#[test]
fn every_schema_that_a_release_had_has_its_directories() {
    let mut kept: Vec<usize> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".tar.gz")?.parse().ok())
        .collect();
    kept.sort_unstable();
    // Steps 2 and 3 came together, 6 to 8, 12 to 16, and 17 to 19: no release ended with the others.
    let expected: Vec<usize> =
        (1..=steps()).filter(|version| ![2, 6, 7, 12, 13, 14, 15, 17, 18].contains(version)).collect();
    assert_eq!(kept, expected, "write the newest one with scripts/upgrade-fixture");
}

async fn open(room: &Path, code: &str) -> Arc<Gateway> {
    Gateway::open(Directory::open(&room.join(code), None).unwrap()).await.unwrap()
}

fn verified(gateway: &Gateway) {
    let output = Command::new(env!("CARGO_BIN_EXE_comity"))
        .args(["audit", "verify"])
        .arg(gateway.directory().data().join("log"))
        .args(["--key", &gateway.signatory().log.to_string()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_in_flight_finishes_after_the_upgrade() {
    for version in 1..=steps() {
        let archive = folder().join(format!("{version}.tar.gz"));
        if archive.exists() {
            finishes(&archive).await;
        }
    }
}

async fn finishes(archive: &Path) {
    let room = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(room.path()).status().unwrap();
    assert!(unpacked.success());
    let waiting: ExchangeId =
        std::fs::read_to_string(room.path().join("exchange")).unwrap().trim().parse().unwrap();
    let (sender, receiver) = (open(room.path(), "EE").await, open(room.path(), "FI").await);
    let row = sender.store().exchange(waiting).await.unwrap().unwrap();
    assert_eq!(row.outcome, ExchangeOutcome::Queued, "it waits since before the upgrade");

    for gateway in [&sender, &receiver] {
        for law in gateway.register().adopted {
            let loaded = gateway.shelf().law(&law.pack.0, law.digest.0);
            assert!(loaded.unwrap().is_some(), "{} as it was adopted", law.pack.0);
        }
    }

    let (_stopper, stop) = stopping();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let running = start(&receiver, any, Some(any), stop).await.unwrap();
    let url = format!("https://{}", running.federation.unwrap());
    let party = receiver.signatory().party.clone();
    manage::add_peer(&sender, &party, &url, receiver.identity().unwrap()).await.unwrap();

    outbox::once(&sender).await.unwrap();
    // Decided again where its decision is too old by now: then another exchange of its chain goes.
    let accepted = receiver.store().accepted_in_chain(&sender.signatory().party, row.chain).await.unwrap();
    let stands = sender.store().exchange(waiting).await.unwrap().map(|row| row.outcome);
    let accepted = accepted
        .unwrap_or_else(|| panic!("{}: the receiver accepts it; it is {stands:?}", archive.display()));
    let row = sender.store().exchange(accepted).await.unwrap().unwrap();
    assert_eq!(row.outcome, ExchangeOutcome::Delivered);
    assert!(sender.store().partner_receipt(accepted).await.unwrap().is_some());
    for gateway in [&sender, &receiver] {
        gateway.finish().await;
        verified(gateway);
    }
}
