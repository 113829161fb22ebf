//! The PostgreSQL engine: what every engine must do, then what is its own: nodes, turns, the fence, the server.

use crate::conformance::{Harness, ORIGIN, Seeded, at, record, signing_key, vkey, wait};
use crate::server::{database, server, sql};
use comity_exchange::ports::{Store, StoreError};
use comity_store::faults::{Faults, Point};
use comity_store::{FileMark, LogIdentity, MarkFile as _, PostgresStore, ServerUrl};
use comity_tlog::{SignedCheckpoint, TileSource, verify_log};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

/// A gateway on a database of its own: a folder for each node, keys that they share.
pub(crate) struct Nodes {
    pub(crate) url: ServerUrl,
    room: tempfile::TempDir,
}

impl Nodes {
    /// `None` where there is no server to test on.
    pub(crate) fn new() -> Option<Self> {
        let room = tempfile::tempdir().unwrap();
        fs::create_dir(room.path().join("keys")).unwrap();
        Some(Self { url: database(server()?), room })
    }

    pub(crate) fn folder(&self, node: &str) -> PathBuf {
        let folder = self.room.path().join(node);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub(crate) fn mark(&self) -> FileMark {
        FileMark::open(&self.room.path().join("keys/mark")).unwrap()
    }

    fn try_node(&self, node: &str) -> Result<PostgresStore, StoreError> {
        let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
        let clock = || at("2026-11-24T04:30:00Z");
        PostgresStore::open(&self.url, &self.folder(node), identity, self.mark(), clock)
    }

    pub(crate) fn node(&self, node: &str) -> PostgresStore {
        self.try_node(node).unwrap()
    }

    fn breaking(&self, node: &str, faults: Arc<dyn Faults>) -> PostgresStore {
        let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
        let clock = || at("2026-11-24T04:30:00Z");
        let folder = self.folder(node);
        PostgresStore::dangerous_open_breaking(&self.url, &folder, identity, self.mark(), clock, faults)
            .unwrap()
    }
}

impl Harness for Nodes {
    type Store = PostgresStore;

    fn open(&self) -> PostgresStore {
        self.node("one")
    }
}

macro_rules! conforms {
    ($($area:ident :: $rule:ident),* $(,)?) => {
        $(#[test]
        fn $rule() {
            let Some(nodes) = Nodes::new() else { return };
            crate::conformance::$area::$rule(&nodes);
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
fn the_log_is_the_tree_of_its_entries() {
    let Some(nodes) = Nodes::new() else { return };
    crate::conformance::log::the_log_is_the_tree_of_its_entries(&nodes, &[1, 0, 5, 300, 2, 17, 700]);
}

fn size(store: &PostgresStore) -> u64 {
    let note = wait(store.checkpoint()).unwrap();
    SignedCheckpoint::open(note.as_bytes(), &vkey()).unwrap().checkpoint().size().0
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

pub(crate) fn published(nodes: &Nodes, node: &str) -> u64 {
    let log = Folder(nodes.folder(node).join("log"));
    let report = verify_log(&log, Some(&vkey()), None, &mut |_| {}).unwrap();
    assert_eq!(report.finding, None);
    report.checkpoint.unwrap().size().0
}

#[test]
fn nodes_that_write_at_once_make_one_log() {
    let Some(nodes) = Nodes::new() else { return };
    let stores: Vec<Arc<PostgresStore>> =
        ["one", "two", "three"].map(|node| Arc::new(nodes.node(node))).into();
    let mut entropy = Seeded(80);
    let taken = wait(async {
        let tasks: Vec<_> = (0..150)
            .map(|number| {
                let store = Arc::clone(&stores[number % 3]);
                let record = record(&mut entropy, 1 + number % 2, None);
                tokio::spawn(async move {
                    let entries = record.entries.len() as u64;
                    let first = store.record(record).await.unwrap().index.0;
                    first..first + entries
                })
            })
            .collect();
        let mut taken = Vec::new();
        for task in tasks {
            taken.extend(task.await.unwrap());
        }
        taken
    });
    let mut sorted = taken.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..225).collect::<Vec<u64>>(), "every index once");
    for (store, node) in stores.iter().zip(["one", "two", "three"]) {
        wait(store.flush_tiles()).unwrap();
        assert_eq!((size(store), published(&nodes, node)), (225, 225), "{node}");
    }
    assert_eq!(nodes.mark().read().unwrap().unwrap().size.0, 225);
}

/// Stops whoever comes to a point there, until it is let go.
struct Gate {
    point: Point,
    state: Mutex<(bool, bool)>,
    moved: Condvar,
}

impl Gate {
    fn at(point: Point) -> Arc<Self> {
        Arc::new(Self { point, state: Mutex::new((false, true)), moved: Condvar::new() })
    }

    fn close(&self) {
        self.state.lock().unwrap().1 = false;
    }

    fn wait_until_reached(&self) {
        let reached = self.moved.wait_while(self.state.lock().unwrap(), |(reached, _)| !*reached);
        drop(reached.unwrap());
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.moved.notify_all();
    }
}

impl Faults for Gate {
    fn at(&self, point: Point) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if point == self.point && !state.1 {
            state.0 = true;
            self.moved.notify_all();
            state = self.moved.wait_while(state, |(_, open)| !*open).unwrap();
        }
        drop(state);
        Ok(())
    }
}

#[test]
fn a_node_that_stops_in_its_turn_loses_it_and_cannot_append_when_it_wakes() {
    let Some(mut nodes) = Nodes::new() else { return };
    // The server's clock gives a turn one second.
    let short =
        format!("{}?options=-c%20idle_in_transaction_session_timeout%3D1000", nodes.url.dangerous_text());
    nodes.url = short.parse().unwrap();
    let gate = Gate::at(Point::Commit);
    let (asleep, awake) = (Arc::new(nodes.breaking("one", gate.clone())), nodes.node("two"));
    let mut entropy = Seeded(81);
    wait(asleep.record(record(&mut entropy, 1, None))).unwrap();
    gate.close();
    let late = record(&mut entropy, 2, None);
    let (sleeper, late_entries) = (Arc::clone(&asleep), crate::conformance::entries(&late));
    let waking = std::thread::spawn(move || wait(sleeper.record(late)));
    gate.wait_until_reached();
    // All rows of the sleeper's batch are written, and its checkpoint is signed: only the commit is missing.
    let integrated = wait(awake.record(record(&mut entropy, 5, None))).unwrap();
    assert_eq!((integrated.index.0, integrated.size.0), (1, 6));
    gate.open();
    // It has lost its turn, takes another, and goes on behind what was written meanwhile.
    let integrated = waking.join().unwrap().unwrap();
    assert_eq!((integrated.index.0, integrated.size.0), (6, 8));
    assert_eq!(sql(&nodes.url, "SELECT count(*) FROM entry"), ["8"]);
    assert_eq!(
        sql(&nodes.url, "SELECT string_agg(tree_size::text, ' ' ORDER BY tree_size) FROM checkpoint"),
        ["0 1 6 8"]
    );
    let bytes = &late_entries[0].to_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let found = format!("SELECT count(*) FROM entry WHERE bytes = '\\x{hex}'");
    assert_eq!(sql(&nodes.url, &found), ["1"], "not twice");
    wait(awake.flush_tiles()).unwrap();
    assert_eq!(published(&nodes, "two"), 8);
}

#[test]
fn the_fence_holds_where_the_row_is_not_as_it_was_taken() {
    let Some(nodes) = Nodes::new() else { return };
    let store = nodes.node("one");
    let mut entropy = Seeded(82);
    wait(store.record(record(&mut entropy, 1, None))).unwrap();
    // No server that locks rows lets that happen: a trigger stands in for one that does not. It hides the row from
    // the update that passes the turn.
    sql(
        &nodes.url,
        "CREATE FUNCTION hide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TRIGGER hide BEFORE UPDATE ON sequencer FOR EACH ROW EXECUTE FUNCTION hide();",
    );
    let told = wait(store.record(record(&mut entropy, 1, None)));
    assert_eq!(told, Err(StoreError::Failed("another node of this gateway wrote meanwhile".into())));
    sql(&nodes.url, "DROP TRIGGER hide ON sequencer");
    assert_eq!(wait(store.record(record(&mut entropy, 1, None))).unwrap().index.0, 1);
    assert_eq!(sql(&nodes.url, "SELECT count(*) FROM entry"), ["2"]);
}

#[test]
fn a_server_that_drops_every_connection_costs_no_record() {
    let Some(nodes) = Nodes::new() else { return };
    let store = Arc::new(nodes.node("one"));
    let mut entropy = Seeded(83);
    wait(async {
        let mut tasks = Vec::new();
        for round in 0..5 {
            for _ in 0..10 {
                let (store, record) = (Arc::clone(&store), record(&mut entropy, 1, None));
                tasks.push(tokio::spawn(async move { store.record(record).await }));
            }
            let url = nodes.url.clone();
            let cut = tokio::task::spawn_blocking(move || {
                sql(
                    &url,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                )
            });
            cut.await.unwrap();
            assert!(store.peers().await.is_ok(), "reading goes on, round {round}");
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!(sql(&nodes.url, "SELECT count(*) FROM entry"), ["50"], "nothing lost, nothing twice");
    wait(store.flush_tiles()).unwrap();
    assert_eq!(published(&nodes, "one"), 50);
}

#[test]
fn serialisation_failures_and_deadlocks_are_tried_again_and_not_for_ever() {
    let Some(nodes) = Nodes::new() else { return };
    let store = nodes.node("one");
    for code in ["40001", "40P01"] {
        // The first two tries fail: the count survives their rollback in a sequence.
        sql(
            &nodes.url,
            &format!(
                "DROP SEQUENCE IF EXISTS tries; CREATE SEQUENCE tries;
                 CREATE OR REPLACE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'clash' USING ERRCODE = '{code}'; END IF;
                     RETURN NEW;
                 END $$;
                 DROP TRIGGER IF EXISTS clash ON sequencer;
                 CREATE TRIGGER clash BEFORE UPDATE ON sequencer FOR EACH ROW EXECUTE FUNCTION clash();"
            ),
        );
        wait(store.record(record(&mut Seeded(84), 0, None))).unwrap();
        assert_eq!(sql(&nodes.url, "SELECT last_value FROM tries"), ["3"], "{code}");
    }
    sql(
        &nodes.url,
        "CREATE OR REPLACE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'clash' USING ERRCODE = '40001';
         END $$",
    );
    let told = wait(store.record(record(&mut Seeded(85), 1, None)));
    assert_eq!(told, Err(StoreError::Failed("the database says 40001: clash".into())));
    assert_eq!(size(&store), 0);
}

#[test]
fn a_restored_database_is_refused_also_under_a_running_node() {
    let Some(nodes) = Nodes::new() else { return };
    let store = nodes.node("one");
    let mut entropy = Seeded(86);
    wait(store.record(record(&mut entropy, 2, None))).unwrap();
    let old = sql(&nodes.url, "SELECT encode(frontier, 'hex') FROM sequencer");
    wait(store.record(record(&mut entropy, 3, None))).unwrap();
    sql(
        &nodes.url,
        &format!(
            "DELETE FROM entry WHERE leaf_index >= 2; DELETE FROM checkpoint WHERE tree_size > 2;
             UPDATE sequencer SET tree_size = 2, frontier = '\\x{}'",
            old[0]
        ),
    );
    for _ in 0..2 {
        let told = wait(store.record(record(&mut entropy, 1, None)));
        assert_eq!(told, Err(StoreError::BehindMark { marked: 5, found: 2 }));
    }
    let told = nodes.try_node("two").err();
    assert_eq!(told, Some(StoreError::BehindMark { marked: 5, found: 2 }));
}

#[test]
fn each_point_of_a_turn_breaks_as_it_says() {
    for (point, persists, goes_on) in [
        (Point::Begin, false, true),
        (Point::Change, false, true),
        (Point::Append, false, true),
        (Point::Commit, false, true),
        (Point::Committed, true, false),
    ] {
        let Some(nodes) = Nodes::new() else { return };
        let faults = Arc::new(crate::faults::Breaking::default());
        let store = nodes.breaking("one", Arc::clone(&faults) as Arc<dyn Faults>);
        let mut entropy = Seeded(87);
        wait(store.record(record(&mut entropy, 1, None))).unwrap();
        faults.set(Some(point));
        let told = wait(store.record(record(&mut entropy, 2, None)));
        assert!(matches!(told, Err(StoreError::Failed(_))), "{point:?}: {told:?}");
        faults.set(None);
        assert_eq!(size(&store), if persists { 3 } else { 1 }, "{point:?}");
        assert_eq!(wait(store.record(record(&mut entropy, 4, None))).is_ok(), goes_on, "{point:?}");
        if goes_on {
            assert_eq!(store.stopped(), None, "{point:?}");
        } else {
            // Whoever runs the gateway hears of it.
            assert_eq!(told, Err(wait(store.until_stopped())), "{point:?}");
        }
        drop(store);
        let store = nodes.node("one");
        assert_eq!(size(&store), if goes_on { 5 } else { 3 }, "{point:?}");
        wait(store.flush_tiles()).unwrap();
        assert_eq!(published(&nodes, "one"), size(&store), "{point:?}");
    }
}

#[test]
fn changes_of_partners_and_laws_are_seen_by_every_node() {
    let Some(nodes) = Nodes::new() else { return };
    let (one, two) = (nodes.node("one"), nodes.node("two"));
    let mut entropy = Seeded(88);
    wait(async {
        let before = two.register_version().await.unwrap();
        one.record(record(&mut entropy, 1, None)).await.unwrap();
        assert_eq!(two.register_version().await.unwrap(), before);
        let mut known = record(&mut entropy, 1, None);
        known.peer = Some(crate::conformance::rows::peer("XB"));
        one.record(known).await.unwrap();
        assert_eq!(two.register_version().await.unwrap(), before + 1);
        assert_eq!(two.peers().await.unwrap().len(), 1);
    });
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    let Some(nodes) = Nodes::new() else { return };
    let nowhere: ServerUrl = "postgres://comity@127.0.0.1:1/none".parse().unwrap();
    let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
    let folder = nodes.folder("one");
    let told = PostgresStore::open(&nowhere, &folder, identity, nodes.mark(), || at("2026-11-24T04:30:00Z"));
    let told = told.err().expect("nobody listens there").to_string();
    assert!(told.contains("no connection to the database"), "{told}");
}
