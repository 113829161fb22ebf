//! How fast the store writes. Run by hand: `cargo test --release -p comity-store --test engines -- --ignored`.

use crate::conformance::{ORIGIN, Seeded, at, record, segment, signing_key, wait};
use comity_exchange::ports::{SegmentKind, Store};
use comity_store::{FileMark, LogIdentity, SqliteStore};
use std::sync::Arc;
use std::time::Instant;

fn open(folder: &std::path::Path) -> SqliteStore {
    let mark = FileMark::open(&folder.join("mark")).unwrap();
    let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
    SqliteStore::open(folder, identity, mark, || at("2026-11-24T04:30:00Z")).unwrap()
}

#[test]
#[ignore = "measures"]
fn a_thousand_key_rows_and_a_blob_in_each_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut entropy = Seeded(60);
    let records: Vec<_> = (0..100)
        .map(|_| {
            let mut record = record(&mut entropy, 1, None);
            record.segments.push(segment(&mut entropy, None, SegmentKind::Records, 1000, 600));
            record
        })
        .collect();
    let started = Instant::now();
    wait(async {
        for record in records {
            store.record(record).await.unwrap();
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("{:.0} key rows/s, {:.2} ms a transaction", 100_000.0 / seconds, seconds * 10.0);
}

#[test]
#[ignore = "measures"]
fn one_entry_acts_from_many_writers() {
    for writers in [1, 8, 64, 256] {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(open(folder.path()));
        let acts = 40 * writers;
        let mut entropy = Seeded(61);
        let mut records: Vec<_> = (0..acts).map(|_| record(&mut entropy, 1, None)).collect();
        let started = Instant::now();
        wait(async {
            let tasks: Vec<_> = (0..writers)
                .map(|_| {
                    let (store, mine) = (Arc::clone(&store), records.split_off(records.len() - 40));
                    tokio::spawn(async move {
                        for record in mine {
                            store.record(record).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        eprintln!("{writers} writers: {:.0} acts/s", acts as f64 / started.elapsed().as_secs_f64());
    }
}
