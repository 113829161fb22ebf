//! What breaks in a commit is told, loses nothing that was answered, and never forks the log.

use crate::conformance::{Harness as _, ORIGIN, Seeded, at, record, signing_key, wait};
use crate::sqlite::{Gateway, published};
use comity_exchange::ports::{Store, StoreError};
use comity_store::faults::{Faults, Point};
use comity_store::{LogIdentity, SqliteStore};
use std::io;
use std::sync::{Arc, Mutex};

/// Breaks one point, as often as it is told to.
#[derive(Default)]
pub(crate) struct Breaking {
    point: Mutex<Option<Point>>,
    pages: Option<u32>,
}

impl Breaking {
    /// From now on this point breaks, or none.
    pub(crate) fn set(&self, point: Option<Point>) {
        *self.point.lock().unwrap() = point;
    }
}

impl Faults for Breaking {
    fn at(&self, point: Point) -> io::Result<()> {
        if *self.point.lock().unwrap() == Some(point) {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        } else {
            Ok(())
        }
    }

    fn pages_max(&self) -> Option<u32> {
        self.pages
    }
}

fn open(gateway: &Gateway, faults: &Arc<Breaking>) -> SqliteStore {
    let identity = LogIdentity { origin: ORIGIN.into(), key: signing_key() };
    let faults = Arc::clone(faults) as Arc<dyn Faults>;
    let clock = || at("2026-11-24T04:30:00Z");
    SqliteStore::dangerous_open_breaking(&gateway.data(), identity, gateway.mark(), clock, faults).unwrap()
}

fn size(store: &impl Store) -> u64 {
    let note = wait(store.checkpoint()).unwrap();
    comity_tlog::SignedCheckpoint::parse(note.as_bytes()).unwrap().checkpoint().size().0
}

/// For each point: whether what was being recorded persisted, and whether the store goes on.
#[test]
fn each_point_of_a_commit_breaks_as_it_says() {
    for (point, persists, goes_on) in [
        (Point::Begin, false, true),
        (Point::Change, false, true),
        (Point::Append, false, true),
        (Point::Commit, false, true),
        (Point::Committed, true, false),
    ] {
        let gateway = Gateway::new();
        let faults = Arc::new(Breaking::default());
        let store = open(&gateway, &faults);
        let mut entropy = Seeded(70);
        wait(store.record(record(&mut entropy, 1, None))).unwrap();
        faults.set(Some(point));
        let told = wait(store.record(record(&mut entropy, 2, None)));
        assert!(matches!(told, Err(StoreError::Failed(_))), "{point:?}: {told:?}");
        faults.set(None);
        assert_eq!(size(&store), if persists { 3 } else { 1 }, "{point:?}");
        let next = wait(store.record(record(&mut entropy, 4, None)));
        assert_eq!(next.is_ok(), goes_on, "{point:?}: {next:?}");
        if goes_on {
            assert_eq!(store.stopped(), None, "{point:?}");
        } else {
            // Whoever runs the gateway hears of it.
            assert_eq!(told, Err(wait(store.until_stopped())), "{point:?}");
        }
        drop(store);
        let store = gateway.open();
        let expected = if goes_on { 5 } else { 3 };
        assert_eq!(size(&store), expected, "{point:?}");
        wait(store.flush_tiles()).unwrap();
        assert_eq!(published(&gateway), expected, "{point:?}");
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_answered_stays() {
    let gateway = Gateway::new();
    let store = open(&gateway, &Arc::new(Breaking { pages: Some(160), ..Breaking::default() }));
    let mut entropy = Seeded(71);
    let mut answered = 0;
    let told = loop {
        match wait(store.record(record(&mut entropy, 50, None))) {
            Ok(integrated) => answered = integrated.size.0,
            Err(error) => break error,
        }
    };
    assert_eq!(told, StoreError::Failed("database or disk is full".into()));
    assert!(answered >= 50, "some fitted");
    assert_eq!(size(&store), answered);
    drop(store);
    let store = gateway.open();
    assert_eq!(wait(store.record(record(&mut entropy, 50, None))).unwrap().index.0, answered);
    wait(store.flush_tiles()).unwrap();
    assert_eq!(published(&gateway), answered + 50);
}

#[test]
fn files_that_cannot_be_written_hold_up_nothing_and_are_derived_later() {
    let gateway = Gateway::new();
    let faults = Arc::new(Breaking::default());
    let store = open(&gateway, &faults);
    faults.set(Some(Point::Publish));
    wait(store.record(record(&mut Seeded(72), 300, None))).unwrap();
    assert!(wait(store.flush_tiles()).is_err());
    faults.set(None);
    wait(store.flush_tiles()).unwrap();
    assert_eq!(published(&gateway), 300);
}
