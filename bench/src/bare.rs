//! The bare path: parse, one row per object, one transaction on each side, over the same mutual TLS.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use comity_gateway::clock::OsEntropy;
use comity_gateway::net::client::PeerClient;
use comity_gateway::net::listener::{Door, Limits, serve};
use comity_gateway::net::tls::{Certificate, PinSet};
use comity_gateway::watch::stopping;
use comity_terms::{Digest, Party};
use rusqlite::Connection;
use std::error::Error;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Tested<T> = Result<T, Box<dyn Error>>;

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE objects (id TEXT PRIMARY KEY, type TEXT, created TEXT, added INTEGER, body TEXT) STRICT;
         CREATE INDEX by_type ON objects (type); CREATE INDEX by_created ON objects (created);
         CREATE INDEX by_added ON objects (added);",
    )?;
    Ok(connection)
}

fn store(connection: &mut Connection, bytes: &[u8]) -> Tested<usize> {
    let bundle: serde_json::Value = serde_json::from_slice(bytes)?;
    let objects = bundle["objects"].as_array().ok_or("no objects")?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached("INSERT INTO objects VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (number, object) in objects.iter().enumerate() {
            let text = |key: &str| object[key].as_str();
            insert.execute((text("id"), text("type"), text("created"), number as i64, object.to_string()))?;
        }
    }
    transaction.commit()?;
    Ok(objects.len())
}

/// The receiving process: says where it is in a file, and stores what comes.
pub(crate) async fn receive(room: &Path) -> Tested<()> {
    let certificate = Certificate::draw("bare receiver", &mut OsEntropy)?;
    let sender: Digest = std::fs::read_to_string(room.join("bare-sender"))?.parse()?;
    let pins = PinSet::default();
    pins.admit(Party::new("XA")?, sender);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let said = format!("https://{} {}", listener.local_addr()?, certificate.pin());
    std::fs::write(room.join("bare-receiver.draft"), said)?;
    std::fs::rename(room.join("bare-receiver.draft"), room.join("bare-receiver"))?;
    let database = Arc::new(Mutex::new(open(&room.join("bare-receiver.sqlite"))?));
    let take = async |State(database): State<Arc<Mutex<Connection>>>, body: Bytes| {
        let stored = database.lock().map_err(|_| ()).and_then(|mut c| store(&mut c, &body).map_err(|_| ()));
        stored.map_or_else(|()| "failed".to_owned(), |count| count.to_string())
    };
    let router =
        Router::new().route("/objects", post(take)).layer(DefaultBodyLimit::disable()).with_state(database);
    let tls = certificate.server(pins.clone())?;
    let (_stopper, stop) = stopping();
    serve(listener, Door::Federation { tls, pins }, router, Limits::default(), stop).await;
    Ok(())
}

pub(crate) struct Sender {
    client: PeerClient,
    database: Mutex<Connection>,
    receiver: Child,
}

impl Sender {
    pub(crate) async fn start(room: &Path) -> Tested<Self> {
        let certificate = Certificate::draw("bare sender", &mut OsEntropy)?;
        std::fs::write(room.join("bare-sender"), certificate.pin().to_string())?;
        let receiver = Command::new(std::env::current_exe()?).arg("bare-receiver").arg(room).spawn()?;
        let said = crate::governed::waited(&room.join("bare-receiver")).await?;
        let (url, pin) = said.split_once(' ').ok_or("no address")?;
        let client = PeerClient::new(url, &[pin.parse()?], &certificate, Duration::from_secs(60))?;
        Ok(Self { client, database: Mutex::new(open(&room.join("bare-sender.sqlite"))?), receiver })
    }

    pub(crate) async fn send(&self, bytes: &[u8]) -> Tested<()> {
        let count = {
            let mut database = self.database.lock().map_err(|_| "poisoned")?;
            store(&mut database, bytes)?
        };
        let answer = self.client.post("/objects", bytes.to_vec(), 100).await?;
        if answer == count.to_string().as_bytes() { Ok(()) } else { Err("the receiver failed".into()) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.receiver.kill();
        let _ = self.receiver.wait();
    }
}
