//! Two gateways as processes that know each other, one of which comes to harm; and what must hold afterwards.

use crate::place::{Node, Place, anywhere, somewhere, verified};
use crate::traced::Traced;
use comity_terms::ExchangeId;
use comity_terms::ids::OrderId;
use comity_tlog::SignedCheckpoint;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;

/// Two gateways that know each other, and serve.
pub(crate) struct World {
    _room: tempfile::TempDir,
    sender: Option<Node>,
    receiver: Option<Node>,
    /// Exchanges that their officer was told of.
    pub(crate) answered: Vec<String>,
}

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

use Side::{Receiver, Sender};

impl World {
    pub(crate) fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let (home, away) = (Place::init(room.path(), "EE"), Place::init(room.path(), "FI"));
        home.officer();
        away.officer();
        // The receiver comes back where it was.
        let at = somewhere();
        away.meet("EE", &home, "https://127.0.0.1:1");
        home.meet("FI", &away, &format!("https://{at}"));
        let (sender, receiver) = (home.serve(None, anywhere()), away.serve(None, at));
        Self { _room: room, sender: Some(sender), receiver: Some(receiver), answered: Vec::new() }
    }

    pub(crate) fn node(&self, side: Side) -> &Node {
        let node = if side == Sender { &self.sender } else { &self.receiver };
        node.as_ref().unwrap()
    }

    /// The one that was killed, started again where it was.
    pub(crate) fn again(&mut self, side: Side) {
        self.anew(side, None);
    }

    /// The one that ended by itself, started again where it was.
    pub(crate) fn again_after_doubt(&mut self, side: Side) {
        self.anew(side, Some(3));
    }

    fn anew(&mut self, side: Side, code: Option<i32>) {
        let node = if side == Sender { &mut self.sender } else { &mut self.receiver };
        let dead = node.take().unwrap();
        let (place, at) = (dead.place.clone(), dead.federation);
        let (status, said) = dead.ended();
        assert_eq!(status.code(), code, "{side:?} ended with {status}: {said}");
        *node = Some(place.serve(None, at));
    }

    /// One share while `side` dies at `calls`, `when` that comes for the nth time; whether it died.
    pub(crate) async fn share(&mut self, side: Side, calls: &str, when: u32) -> bool {
        let traced = Traced::begin(self.node(side), calls, &format!("signal=SIGKILL:when={when}"));
        let told = traced.during(self.node(Sender).place.share()).await;
        let died = match (&told, side) {
            // Whoever is not answered asks a process that is no more.
            (None, _) => true,
            (Some((_, outcome)), Receiver) => outcome == "queued",
            (Some(_), Sender) => false,
        };
        self.answered.extend(told.map(|(exchange, _)| exchange));
        if died {
            self.again(side);
        }
        self.node(Sender).until_delivered();
        died
    }

    /// Stops both; gives where they lie.
    pub(crate) fn stop(self) -> (tempfile::TempDir, Place, Place) {
        let places = [self.sender, self.receiver].map(|node| {
            let node = node.unwrap();
            let place = node.place.clone();
            node.stop();
            place
        });
        let [home, away] = places;
        (self._room, home, away)
    }
}

/// A database, looked at from outside.
pub(crate) struct Rows(Connection);

impl Rows {
    pub(crate) fn of(place: &Place) -> Self {
        let path = place.dir.join("comity.sqlite");
        Self(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap())
    }

    /// The first column of the first row.
    fn count(&self, sql: &str) -> u64 {
        self.0.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
    }

    /// How many records of data lie here of an exchange.
    pub(crate) fn records_of(&self, exchange: &str) -> u64 {
        let exchange: ExchangeId = exchange.parse().unwrap();
        let sql = "SELECT count(*) FROM key_row JOIN segment ON number = key_row.segment
                   WHERE exchange = ?1 AND class IS NOT NULL";
        let count: i64 = self.0.query_row(sql, [exchange.as_bytes()], |row| row.get(0)).unwrap();
        count.unsigned_abs()
    }

    /// How many messages of an order were taken here.
    pub(crate) fn taken(&self, order: &str) -> u64 {
        let order: OrderId = order.parse().unwrap();
        let sql = "SELECT count(*) FROM recall WHERE recall_order = ?1 AND way = 'taken'";
        let count: i64 = self.0.query_row(sql, [order.as_bytes()], |row| row.get(0)).unwrap();
        count.unsigned_abs()
    }

    /// Exchanges by id, each with its outcome and how many entries are about it.
    pub(crate) fn exchanges(&self) -> BTreeMap<String, (String, u64)> {
        let sql = "SELECT id, outcome, (SELECT count(*) FROM entry WHERE exchange = id) FROM exchange";
        let mut statement = self.0.prepare(sql).unwrap();
        let read = |row: &rusqlite::Row<'_>| {
            let id = ExchangeId::from_bytes(row.get(0)?).unwrap().to_string();
            Ok((id, (row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs())))
        };
        statement.query_map([], read).unwrap().map(Result::unwrap).collect()
    }
}

/// What must hold whatever failed, once all is calm. `known`: how many exchanges were decided, whoever heard of it;
/// `erased`: those whose records the receiver erased.
pub(crate) fn assert_whole(
    home: &Place,
    away: &Place,
    answered: &[String],
    known: Option<usize>,
    erased: &[String],
) {
    let (sent, received) = (Rows::of(home), Rows::of(away));
    assert_eq!(sent.count("SELECT count(*) FROM outbox"), 0);
    let (at_home, there) = (sent.exchanges(), received.exchanges());
    let known = known.unwrap_or(at_home.len());
    assert_eq!(at_home.len(), known, "{at_home:?}");
    for id in answered {
        assert!(at_home.contains_key(id), "{id} was answered, and is lost");
    }
    for (id, (outcome, entries)) in &at_home {
        assert_eq!((outcome.as_str(), *entries), ("delivered", 2), "{id}: decided once, acknowledged once");
    }
    for id in at_home.keys() {
        let entries = 1 + u64::from(erased.contains(id));
        assert_eq!(there.get(id), Some(&("delivered".to_owned(), entries)), "{id}: received once");
    }
    assert_eq!(there.len(), known, "nothing was received that was not sent");
    assert_eq!(received.count("SELECT count(*) FROM answer"), known as u64);
    assert_eq!(sent.count("SELECT count(*) FROM partner_receipt"), known as u64);
    for (place, rows) in [(home, &sent), (away, &received)] {
        let key = place.run(&["log", "key"], "");
        let entries = rows.count("SELECT count(*) FROM entry");
        assert_eq!(verified(place.dir.join("log").to_str().unwrap(), key.trim()), entries);
    }
    // What the partner cosigned is part of the log as it is now.
    let cosigned = "SELECT note FROM witnessed";
    let note: String = received.0.query_row(cosigned, [], |row| row.get(0)).unwrap();
    let cosigned = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    let signed = "SELECT note FROM checkpoint WHERE tree_size = ?1";
    let size = i64::try_from(cosigned.checkpoint().size().0).unwrap();
    let note: String = sent.0.query_row(signed, [size], |row| row.get(0)).unwrap();
    let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    assert_eq!(signed.checkpoint(), cosigned.checkpoint(), "the log has forked");
}
