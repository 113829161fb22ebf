//! A log that goes on as another, from a database that was restored, and how often.

use crate::conformance::{Harness as _, ORIGIN, Seeded, at, entries, record, vkey, wait};
use crate::sqlite::{Failing, Folder, Gateway};
use comity_exchange::ports::{Store as _, StoreError};
use comity_store::{EndedTree, Location, LogIdentity, Mark, MarkFile, SqliteStore};
use comity_tlog::{TreeSize, verify_log};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A log's key under another name and seed.
pub(crate) fn successor() -> LogIdentity {
    numbered(2)
}

fn numbered(number: u32) -> LogIdentity {
    let origin = format!("{ORIGIN}/{number}");
    LogIdentity { key: comity_tlog::SigningKey::from_seed(&origin, &[9; 32]).unwrap(), origin }
}

/// Succeeds the log of the shared key by the log of the number `next`; gives what ended.
fn succeed(gateway: &Gateway, next: u32, mark: impl MarkFile) -> Result<EndedTree, StoreError> {
    let (published, now) = (gateway.folder().join("ended"), at("2026-11-25T00:00:00Z"));
    let keys = (&vkey(), numbered(next));
    comity_store::succeed(&Location::Folder, &gateway.data(), keys, mark, &published, now, |_| {
        let mut record = record(&mut Seeded(800 + u64::from(next)), 1, None);
        Ok((record.entries.remove(0), record.segments.remove(0)))
    })
}

#[test]
fn a_successor_goes_on_from_what_is_kept_and_the_ended_log_still_verifies() {
    let gateway = Gateway::new();
    let mut entropy = Seeded(60);
    let backup = tempfile::tempdir().unwrap();
    let kept = entries(&record(&mut Seeded(61), 3, None));
    wait(gateway.open().record(record(&mut Seeded(61), 3, None))).unwrap();
    gateway.copy_database(backup.path());
    wait(gateway.open().record(record(&mut entropy, 2, None))).unwrap();
    gateway.restore_database(backup.path());
    let ended = succeed(&gateway, 2, gateway.mark()).unwrap();
    assert_eq!(
        (ended.signed.0, ended.kept),
        (TreeSize(5), TreeSize(3)),
        "two entries were lost, and it says so"
    );
    let report =
        verify_log(&Folder(gateway.folder().join("ended")), Some(&vkey()), None, &mut |_| {}).unwrap();
    assert_eq!((report.finding, report.checkpoint.unwrap().size()), (None, TreeSize(3)));

    let refused = gateway.try_open(gateway.mark()).err();
    assert!(
        matches!(refused, Some(StoreError::Failed(_))),
        "the old key signs nothing any more: {refused:?}"
    );
    fs::remove_dir_all(gateway.data().join("log")).unwrap();
    let open = || {
        SqliteStore::open(&gateway.data(), successor(), gateway.mark(), || at("2026-11-25T00:00:00Z"))
            .unwrap()
    };
    let store = open();
    let integrated = wait(store.record(record(&mut entropy, 1, None))).unwrap();
    assert_eq!(integrated.index.0, 4, "three were kept, and the first of the successor");
    let proof = wait(store.inclusion(comity_tlog::LeafIndex(0), integrated.size)).unwrap();
    let checkpoint = comity_tlog::SignedCheckpoint::parse(integrated.checkpoint.as_bytes()).unwrap();
    let root = checkpoint.checkpoint().root();
    let leaf = comity_tlog::leaf_hash(&kept[0].to_bytes());
    proof.verify(&leaf, comity_tlog::LeafIndex(0), integrated.size, &root).unwrap();
    wait(store.flush_tiles()).unwrap();
    drop(store);
    let key = successor().key.verifier_key().clone();
    let report = verify_log(&Folder(gateway.data().join("log")), Some(&key), None, &mut |_| {}).unwrap();
    assert_eq!((report.finding, report.checkpoint.unwrap().size()), (None, TreeSize(5)));
    drop(open());
}

#[test]
fn a_succession_that_broke_off_before_its_mark_ends_the_same() {
    let gateway = Gateway::new();
    wait(gateway.open().record(record(&mut Seeded(62), 3, None))).unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    assert!(succeed(&gateway, 2, Failing(gateway.mark(), broken)).is_err(), "the disk of the mark is gone");
    let ended = succeed(&gateway, 2, gateway.mark()).unwrap();
    assert_eq!((ended.signed.0, ended.kept), (TreeSize(3), TreeSize(3)));
    assert_eq!(succeed(&gateway, 2, gateway.mark()).unwrap(), ended, "and once more");
    let mark = gateway.mark().read().unwrap().unwrap();
    assert_eq!((mark.origin, mark.size), (successor().origin, TreeSize(4)), "one entry, not three");
}

#[test]
fn a_database_from_before_the_last_succession_is_refused_until_a_log_succeeds_both() {
    let gateway = Gateway::new();
    let backup = tempfile::tempdir().unwrap();
    wait(gateway.open().record(record(&mut Seeded(63), 3, None))).unwrap();
    gateway.copy_database(backup.path());
    succeed(&gateway, 2, gateway.mark()).unwrap();
    gateway.restore_database(backup.path());
    let since = StoreError::SucceededSince { marked: format!("{ORIGIN}/2"), found: ORIGIN.to_owned() };
    assert_eq!(gateway.try_open(gateway.mark()).err(), Some(since.clone()));
    assert_eq!(
        succeed(&gateway, 2, gateway.mark()).err(),
        Some(since),
        "what has signed once does not begin again"
    );
    for _ in 0..2 {
        let ended = succeed(&gateway, 3, gateway.mark()).unwrap();
        assert_eq!(ended.kept, TreeSize(3));
        let mark = gateway.mark().read().unwrap().unwrap();
        assert_eq!((mark.origin, mark.size), (format!("{ORIGIN}/3"), TreeSize(4)), "once, and done again");
    }
    gateway.restore_database(backup.path());
    let ended = succeed(&gateway, 4, gateway.mark()).unwrap();
    assert_eq!(
        (ended.signed.0, ended.signed_by, ended.kept),
        (TreeSize(4), format!("{ORIGIN}/3"), TreeSize(3))
    );
}

#[test]
fn the_mark_of_another_gateway_is_none() {
    let gateway = Gateway::new();
    drop(gateway.open());
    let mut mark = gateway.mark();
    let marked = mark.read().unwrap().unwrap();
    mark.write(&Mark { origin: "comity/XB/00c0ffee/2".into(), ..marked }).unwrap();
    let refused = [gateway.try_open(gateway.mark()).err(), succeed(&gateway, 3, gateway.mark()).err()];
    for refused in refused.map(Option::unwrap) {
        assert!(
            matches!(&refused, StoreError::Failed(why) if why.contains("not of this gateway")),
            "{refused}"
        );
    }
}
