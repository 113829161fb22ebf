//! A database that moves from one engine to the other, with every row.

use crate::conformance::{ORIGIN, Seeded, at, record, rows, signing_key, vkey, wait};
use crate::postgres::{Folder, Nodes, published};
use comity_exchange::ports::{Record, Store as _, StoreError};
use comity_store::{Location, LogIdentity, PostgresStore, SqliteStore};
use comity_terms::ExchangeId;
use comity_tlog::verify_log;
use std::fs;

/// A record of 300 entries that has a row for most tables.
fn of_each_table(entropy: &mut Seeded, exchange: ExchangeId) -> Record {
    let mut kept = record(entropy, 300, Some(exchange));
    kept.exchanges.push(rows::exchange_row(exchange));
    kept.outbox.push(rows::offer(entropy, exchange, "2026-11-24T00:00:00Z"));
    kept.answer = Some(rows::answer("XA", exchange, b"header"));
    kept.witness = Some(rows::witness(None, 3));
    kept.peer = Some(rows::peer("XB"));
    kept
}

#[test]
fn a_database_moves_to_a_server_with_every_row_and_goes_on_there() {
    let Some(nodes) = Nodes::new() else { return };
    let folder = nodes.folder("one");
    assert_eq!(comity_store::carry(&folder, &nodes.url), Ok(false), "nothing to carry");
    let mut entropy = Seeded(89);
    let exchange = ExchangeId::draw(&mut entropy);
    let identity = || LogIdentity { origin: ORIGIN.into(), key: signing_key() };
    let here = SqliteStore::open(&folder, identity(), nodes.mark(), || at("2026-11-24T04:30:00Z")).unwrap();
    wait(here.record(of_each_table(&mut entropy, exchange))).unwrap();
    let (checkpoint, segments) = (wait(here.checkpoint()), wait(here.segments(exchange)));
    let segment = segments.as_ref().unwrap()[7];
    let sealed = wait(here.segment(segment)).unwrap().unwrap();
    drop(here);
    assert_eq!(comity_store::carry(&folder, &nodes.url), Ok(true));
    // Cut off before it was noted, it is done again, and changes nothing.
    assert_eq!(comity_store::carry(&folder, &nodes.url), Ok(true));
    let there = nodes.node("one");
    assert_eq!((wait(there.checkpoint()), wait(there.segments(exchange))), (checkpoint, segments));
    let moved = wait(there.segment(segment)).unwrap().unwrap();
    assert_eq!((moved.blob, moved.rows), (sealed.blob, sealed.rows));
    assert!(wait(there.answer(&"XA".parse().unwrap(), exchange)).unwrap().is_some());
    assert_eq!(wait(there.peers()).unwrap().len(), 1);
    assert_eq!(wait(there.record(record(&mut entropy, 1, None))).unwrap().index.0, 300);
    wait(there.flush_tiles()).unwrap();
    assert_eq!(published(&nodes, "one"), 301);
    let told = comity_store::carry(&folder, &nodes.url).unwrap_err().to_string();
    assert!(told.ends_with("the server holds another log, of 301 entries"), "{told}");
}

#[test]
fn a_copy_of_what_a_server_holds_opens_in_a_folder_and_goes_back_to_a_server() {
    let Some(nodes) = Nodes::new() else { return };
    let store = nodes.node("one");
    let mut entropy = Seeded(90);
    let exchange = ExchangeId::draw(&mut entropy);
    wait(store.record(of_each_table(&mut entropy, exchange))).unwrap();
    let (checkpoint, segments) = (wait(store.checkpoint()).unwrap(), wait(store.segments(exchange)).unwrap());
    let sealed = wait(store.segment(segments[7])).unwrap().unwrap();

    // While a node serves.
    let folder = nodes.folder("kept");
    let location = Location::Server(nodes.url.clone());
    let copied = comity_store::copy_database(&location, &folder, &folder.join("comity.sqlite"));
    assert_eq!(copied.unwrap(), checkpoint);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["comity.sqlite"], "the file alone");
    let open = || {
        let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
        SqliteStore::open(&folder, identity, nodes.mark(), || at("2026-11-24T04:30:00Z"))
    };
    let copy = open().unwrap();
    assert_eq!(
        (wait(copy.checkpoint()).unwrap(), wait(copy.segments(exchange)).unwrap()),
        (checkpoint, segments.clone())
    );
    let moved = wait(copy.segment(segments[7])).unwrap().unwrap();
    assert_eq!((moved.blob, moved.rows), (sealed.blob, sealed.rows));
    assert!(wait(copy.answer(&"XA".parse().unwrap(), exchange)).unwrap().is_some());
    drop(copy);

    // More is signed since: the copy is behind, on whichever engine, and succeeds itself there.
    wait(store.record(record(&mut entropy, 2, None))).unwrap();
    drop(store);
    let behind = Some(StoreError::BehindMark { marked: 302, found: 300 });
    assert_eq!(open().err(), behind);
    let Some(other) = Nodes::new() else { return };
    assert_eq!(comity_store::carry(&folder, &other.url), Ok(true));
    let location = Location::Server(other.url.clone());
    let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
    let refused =
        PostgresStore::open(&other.url, &folder, identity, nodes.mark(), || at("2026-11-24T04:30:00Z"));
    assert_eq!(refused.err(), behind);
    let succeed = || {
        let keys = (&vkey(), crate::succession::successor());
        let (published, now) = (folder.join("ended"), at("2026-11-25T00:00:00Z"));
        comity_store::succeed(&location, &folder, keys, nodes.mark(), &published, now, |_| {
            let mut record = record(&mut Seeded(801), 1, None);
            Ok((record.entries.remove(0), record.segments.remove(0)))
        })
    };
    let ended = succeed().unwrap();
    assert_eq!((ended.signed.0.0, ended.kept.0), (302, 300));
    let report = verify_log(&Folder(folder.join("ended")), Some(&vkey()), None, &mut |_| {}).unwrap();
    assert_eq!((report.finding, report.checkpoint.unwrap().size().0), (None, 300));
    assert_eq!(succeed().unwrap().kept, ended.kept, "done again it changes nothing");
    let successor = crate::succession::successor();
    let store =
        PostgresStore::open(&other.url, &folder, successor, nodes.mark(), || at("2026-11-25T00:00:00Z"))
            .unwrap();
    assert_eq!(
        wait(store.record(record(&mut entropy, 1, None))).unwrap().index.0,
        301,
        "300 and its own first"
    );
    wait(store.flush_tiles()).unwrap();
    drop(store);
    let key = crate::succession::successor().key.verifier_key().clone();
    let report = verify_log(&Folder(folder.join("log")), Some(&key), None, &mut |_| {}).unwrap();
    assert_eq!((report.finding, report.checkpoint.unwrap().size().0), (None, 302));
}
