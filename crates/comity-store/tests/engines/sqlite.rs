//! The SQLite engine: what every engine must do, then what is its own: the mark, the files, the crash.

use crate::conformance::{Harness, ORIGIN, Seeded, at, record, signing_key, vkey, wait};
use comity_exchange::ports::{Store, StoreError};
use comity_store::{FileMark, LogIdentity, Mark, MarkFile, SqliteStore};
use comity_terms::Timestamp;
use comity_tlog::{TileSource, TreeSize, verify_log};
use proptest::prelude::*;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A gateway's folders: data, and keys apart from it.
pub(crate) struct Gateway(tempfile::TempDir);

impl Gateway {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        Self(folder)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn mark(&self) -> FileMark {
        FileMark::open(&self.0.path().join("keys").join("mark")).unwrap()
    }

    /// The folder that has both, and whatever a test puts beside them.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn try_open(&self, mark: impl MarkFile) -> Result<SqliteStore, StoreError> {
        let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
        SqliteStore::open(&self.data(), identity, mark, || at("2026-11-24T04:30:00Z"))
    }

    /// The files of the database as they are now, as a backup or a power cut leaves them.
    pub(crate) fn copy_database(&self, to: &Path) {
        for file in fs::read_dir(self.data()).unwrap().map(Result::unwrap) {
            let name = file.file_name();
            if name.to_string_lossy().starts_with("comity.sqlite")
                && !name.to_string_lossy().ends_with("-shm")
            {
                fs::copy(file.path(), to.join(name)).unwrap();
            }
        }
    }

    /// Puts a copied database in the place of the one that is there.
    pub(crate) fn restore_database(&self, from: &Path) {
        for name in ["comity.sqlite", "comity.sqlite-wal", "comity.sqlite-shm"] {
            let _ = fs::remove_file(self.data().join(name));
            if from.join(name).exists() {
                fs::copy(from.join(name), self.data().join(name)).unwrap();
            }
        }
    }
}

impl Harness for Gateway {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        self.try_open(self.mark()).unwrap()
    }
}

macro_rules! conforms {
    ($($area:ident :: $rule:ident),* $(,)?) => {
        $(#[test]
        fn $rule() {
            crate::conformance::$area::$rule(&Gateway::new());
        })*
    };
}

conforms! {
    atomicity::a_conflict_leaves_nothing,
    atomicity::conflicts_leave_the_rest_of_their_batch_alone,
    atomicity::a_witness_steps_only_from_where_it_stands,
    atomicity::an_answer_is_kept_without_its_cosignature_where_the_step_is_stale,
    atomicity::an_answer_needs_the_entry_that_records_it,
    collected::what_was_added_is_found_by_filter_and_page,
    collected::an_object_is_added_once_with_each_version,
    collected::copies_are_found_with_their_clocks_whoever_they_came_from,
    collected::what_is_erased_is_found_no_more_and_what_was_removed_is_known,
    collected::what_leaves_is_known_and_what_ended_is_not_there_again,
    collected::a_standing_request_is_replaced_by_its_id,
    erasure::what_is_due_is_found_in_order_and_goes_with_its_blob,
    erasure::an_entry_tells_exactly_what_it_erased,
    erasure::a_bucket_closes_once_it_is_empty_and_stays_closed,
    erasure::what_was_erased_meanwhile_is_not_wrapped_anew,
    erasure::openings_are_asked_for_by_name,
    holds::what_is_held_is_neither_due_nor_erased_until_its_hold_ends,
    holds::one_record_is_held_and_a_hold_is_let_go,
    holds::uses_and_look_ups_are_counted_once,
    log::an_empty_log_is_signed,
    log::concurrent_writers_each_get_their_own_index,
    log::a_record_without_entries_leaves_the_log_as_it_is,
    log::impossible_proofs_are_refused,
    outbox::a_claim_is_exclusive_until_it_runs_out,
    outbox::a_postponed_offer_waits_and_a_settled_one_is_gone,
    outbox::concurrent_claims_share_no_offer,
    plans::what_is_due_is_found_by_index,
    recall::messages_of_orders_change_one_version_at_a_time,
    recall::of_two_tries_at_once_one_has_the_message,
    recall::where_records_went_is_found_from_both_ends,
    recall::what_is_restricted_stays_so_until_it_is_lifted,
    recall::what_an_order_was_about_neither_comes_later_nor_is_passed_on,
    removals::no_offer_to_a_removed_partner_is_recorded,
    removals::of_two_words_about_a_party_the_later_counts,
    removals::who_is_to_be_told_is_found,
    rows::exchanges_and_receipts,
    rows::an_answer_is_given_again_byte_for_byte,
    rows::segments_with_their_key_rows,
    rows::peers_officers_and_laws,
    rows::the_log_is_read_with_its_openings,
    rows::offices_answer_once,
    rows::credentials_of_officers,
    matching::a_day_has_one_key_and_filter_at_each_side,
    matching::a_batch_is_answered_once_and_uses_its_budget,
    subjects::a_record_is_found_by_whom_it_names_until_it_is_gone,
    subjects::a_request_moves_on_one_version_at_a_time,
    subjects::requests_that_wait_come_in_parts,
opt_outs::an_opt_out_is_found_while_it_is_in_effect, opt_outs::a_mandate_moves_on_one_version_at_a_time, notices::a_notice_moves_on_one_version_at_a_time, subjects::a_case_is_here_once_and_what_is_to_be_sent_is_found_when_it_is_due,
    webhooks::endpoints_change_one_version_at_a_time,
    webhooks::of_two_changes_at_once_one_is_refused,
}

#[test]
fn a_big_batch_is_one_record() {
    crate::conformance::log::the_log_is_the_tree_of_its_entries(&Gateway::new(), &[700]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_the_tree_of_its_entries(batches in prop::collection::vec(0..20_usize, 1..9)) {
        crate::conformance::log::the_log_is_the_tree_of_its_entries(&Gateway::new(), &batches);
    }
}

#[test]
fn what_was_answered_survives_a_power_cut() {
    let gateway = Gateway::new();
    let store = gateway.open();
    let mut entropy = Seeded(40);
    let integrated = wait(store.record(record(&mut entropy, 3, None))).unwrap();
    let cut = tempfile::tempdir().unwrap();
    // While the store is open nothing was folded back from the write-ahead log.
    gateway.copy_database(cut.path());
    drop(store);
    gateway.restore_database(cut.path());
    let store = gateway.open();
    assert_eq!(wait(store.checkpoint()), Ok(integrated.checkpoint));
    assert_eq!(wait(store.record(record(&mut entropy, 1, None))).unwrap().index.0, 3);
}

#[test]
fn a_restored_database_is_refused_and_nothing_is_appended() {
    let gateway = Gateway::new();
    let mut entropy = Seeded(41);
    let backup = tempfile::tempdir().unwrap();
    wait(gateway.open().record(record(&mut entropy, 2, None))).unwrap();
    gateway.copy_database(backup.path());
    wait(gateway.open().record(record(&mut entropy, 3, None))).unwrap();
    gateway.restore_database(backup.path());
    for _ in 0..2 {
        let refused = gateway.try_open(gateway.mark()).err();
        assert_eq!(refused, Some(StoreError::BehindMark { marked: 5, found: 2 }));
    }
}

#[test]
fn another_tree_of_the_size_signed_is_refused() {
    let gateway = Gateway::new();
    let backup = tempfile::tempdir().unwrap();
    drop(gateway.open());
    gateway.copy_database(backup.path());
    wait(gateway.open().record(record(&mut Seeded(42), 2, None))).unwrap();
    // The other history is written under a mark that knows nothing of the first.
    gateway.restore_database(backup.path());
    let other = FileMark::open(&backup.path().join("mark")).unwrap();
    wait(gateway.try_open(other).unwrap().record(record(&mut Seeded(43), 4, None))).unwrap();
    let refused = gateway.try_open(gateway.mark()).err();
    assert_eq!(refused, Some(StoreError::BehindMark { marked: 2, found: 4 }));
}

#[test]
fn a_log_whose_mark_is_gone_is_refused() {
    let gateway = Gateway::new();
    wait(gateway.open().record(record(&mut Seeded(44), 2, None))).unwrap();
    fs::remove_file(gateway.0.path().join("keys").join("mark")).unwrap();
    assert!(matches!(gateway.try_open(gateway.mark()), Err(StoreError::Failed(_))));
}

#[test]
fn another_key_does_not_open_the_log() {
    let gateway = Gateway::new();
    drop(gateway.open());
    let key = comity_tlog::SigningKey::from_seed(ORIGIN, &[8; 32]).unwrap();
    let identity = LogIdentity { origin: ORIGIN.into(), key };
    let refused = SqliteStore::open(&gateway.data(), identity, gateway.mark(), || Timestamp::UNIX_EPOCH);
    assert!(matches!(refused, Err(StoreError::Failed(_))));
}

#[test]
fn time_never_runs_below_the_mark() {
    let gateway = Gateway::new();
    let later = at("2027-06-01T00:00:00Z");
    let identity = || LogIdentity { origin: ORIGIN.into(), key: signing_key() };
    let store = SqliteStore::open(&gateway.data(), identity(), gateway.mark(), move || later).unwrap();
    wait(store.record(record(&mut Seeded(45), 1, None))).unwrap();
    drop(store);
    // The clock was put back by seven months.
    let store = gateway.open();
    assert_eq!(store.floor(), later);
    wait(store.record(record(&mut Seeded(46), 1, None))).unwrap();
    assert_eq!(gateway.mark().read().unwrap().unwrap().time, later);
}

/// A mark whose disk fails from some point on.
pub(crate) struct Failing(pub(crate) FileMark, pub(crate) Arc<AtomicBool>);

impl MarkFile for Failing {
    fn read(&mut self) -> io::Result<Option<Mark>> {
        self.0.read()
    }

    fn write(&mut self, mark: &Mark) -> io::Result<()> {
        if self.1.load(Ordering::SeqCst) {
            Err(io::Error::other("the disk is gone"))
        } else {
            self.0.write(mark)
        }
    }
}

#[test]
fn doubt_after_the_commit_stops_the_writer_and_opening_recovers() {
    let gateway = Gateway::new();
    let broken = Arc::new(AtomicBool::new(false));
    let store = gateway.try_open(Failing(gateway.mark(), Arc::clone(&broken))).unwrap();
    let mut entropy = Seeded(47);
    wait(store.record(record(&mut entropy, 1, None))).unwrap();
    broken.store(true, Ordering::SeqCst);
    assert!(matches!(wait(store.record(record(&mut entropy, 2, None))), Err(StoreError::Failed(_))));
    broken.store(false, Ordering::SeqCst);
    assert!(matches!(wait(store.record(record(&mut entropy, 4, None))), Err(StoreError::Failed(_))));
    drop(store);
    // The doubtful record was committed; the later one was never begun.
    assert_eq!(gateway.mark().read().unwrap().unwrap().size, TreeSize(1));
    let store = gateway.open();
    assert_eq!(gateway.mark().read().unwrap().unwrap().size, TreeSize(3));
    assert_eq!(wait(store.record(record(&mut entropy, 1, None))).unwrap().index.0, 3);
}

#[test]
fn a_closed_store_answers_no_more() {
    let gateway = Gateway::new();
    let store = gateway.open();
    store.close();
    store.close();
    assert!(matches!(wait(store.record(record(&mut Seeded(48), 1, None))), Err(StoreError::Failed(_))));
}

/// The published log in a folder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl TileSource for Folder {
    type Error = io::Error;

    fn fetch(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }
}

pub(crate) fn published(gateway: &Gateway) -> u64 {
    let report = verify_log(&Folder(gateway.data().join("log")), Some(&vkey()), None, &mut |_| {}).unwrap();
    assert_eq!(report.finding, None);
    report.checkpoint.unwrap().size().0
}

#[test]
fn the_published_log_verifies_at_every_size() {
    let gateway = Gateway::new();
    let mut entropy = Seeded(50);
    let store = gateway.open();
    wait(store.flush_tiles()).unwrap();
    assert_eq!(published(&gateway), 0);
    let mut size = 0;
    for entries in [1, 2, 252, 1, 1, 255, 300, 700] {
        wait(async {
            store.record(record(&mut entropy, entries, None)).await.unwrap();
            store.flush_tiles().await.unwrap();
        });
        size += entries as u64;
        assert_eq!(published(&gateway), size);
    }
    assert!(!gateway.data().join("log/tile/0/000.p").exists(), "partial tiles of a full one are dropped");
    assert!(gateway.data().join("log/tile/0/005.p/232").exists());
}

#[test]
fn a_store_that_closes_has_published_what_it_committed() {
    let gateway = Gateway::new();
    let store = gateway.open();
    for size in 1..20 {
        wait(store.record(record(&mut Seeded(54 + size), 1, None))).unwrap();
    }
    store.close();
    assert_eq!(published(&gateway), 19);
}

#[test]
fn stores_that_follow_each_other_do_not_disturb_the_published_log() {
    let gateway = Gateway::new();
    for turn in 1..30 {
        let store = gateway.open();
        wait(store.record(record(&mut Seeded(100 + turn), 40, None))).unwrap();
        drop(store);
        let store = gateway.open();
        wait(store.flush_tiles()).unwrap();
        assert_eq!(published(&gateway), turn * 40);
    }
}

#[test]
fn what_is_missing_of_the_published_log_is_derived_at_start() {
    let gateway = Gateway::new();
    let log = gateway.data().join("log");
    let store = gateway.open();
    wait(store.record(record(&mut Seeded(51), 600, None))).unwrap();
    wait(store.flush_tiles()).unwrap();
    drop(store);
    let damages: [&dyn Fn(); 5] = [
        &|| fs::remove_dir_all(&log).unwrap(),
        &|| fs::remove_file(log.join("checkpoint")).unwrap(),
        &|| fs::remove_file(log.join("tile/0/001")).unwrap(),
        &|| fs::write(log.join("tile/entries/000"), b"").unwrap(),
        &|| fs::remove_dir_all(log.join("tile/1")).unwrap(),
    ];
    for damage in damages {
        damage();
        let store = gateway.open();
        wait(store.flush_tiles()).unwrap();
        assert_eq!(published(&gateway), 600);
    }
}

#[test]
fn files_of_another_log_are_written_again() {
    let (gateway, other) = (Gateway::new(), Gateway::new());
    wait(other.open().record(record(&mut Seeded(52), 300, None))).unwrap();
    let store = gateway.open();
    wait(store.record(record(&mut Seeded(53), 300, None))).unwrap();
    wait(store.flush_tiles()).unwrap();
    drop(store);
    // Same key, same size, another tree.
    fs::remove_dir_all(gateway.data().join("log")).unwrap();
    fs::rename(other.data().join("log"), gateway.data().join("log")).unwrap();
    let store = gateway.open();
    wait(store.flush_tiles()).unwrap();
    assert_eq!(published(&gateway), 300);
}

#[test]
fn what_a_process_held_when_it_ended_is_tried_at_once_by_the_next() {
    let gateway = Gateway::new();
    let mut entropy = Seeded(47);
    // At 04:30, the clock of these stores.
    let (now, later, last) =
        (at("2026-11-24T04:30:00Z"), at("2026-11-24T05:00:00Z"), at("2026-11-24T06:00:00Z"));
    let [fresh, claimed, waiting] = [0, 1, 2].map(|_| comity_terms::ExchangeId::draw(&mut entropy));
    let store = gateway.open();
    wait(async {
        let mut put = record(&mut entropy, 1, None);
        for exchange in [fresh, claimed, waiting] {
            put.outbox.push(crate::conformance::rows::offer(&mut entropy, exchange, "2026-11-24T05:00:00Z"));
        }
        store.record(put).await.unwrap();
        store.claim_offer(claimed, now, last).await.unwrap().unwrap();
        store.claim_offer(waiting, now, last).await.unwrap().unwrap();
        store.postpone(claimed, now).await.unwrap();
        store.claim_offer(claimed, now, last).await.unwrap().unwrap();
        store.postpone(waiting, later).await.unwrap();
        assert_eq!(
            store.claim_outbox(now, last, 10, &[]).await.unwrap(),
            [],
            "each has a try to itself, or waits"
        );
    });
    drop(store);
    let store = gateway.open();
    let due = |at| {
        let due = wait(store.claim_outbox(at, last, 10, &[])).unwrap();
        let mut due: Vec<_> = due.into_iter().map(|item| item.exchange).collect();
        due.sort();
        due
    };
    let mut both = [fresh, claimed];
    both.sort();
    assert_eq!(due(now), both, "their tries ended with their process");
    assert_eq!(due(later), [waiting], "what was put off stays so");
}
