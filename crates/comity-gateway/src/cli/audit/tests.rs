use super::*;
use crate::net::listener::{Door, Limits, serve};
use crate::net::plain;
use crate::watch::stopping;
use comity_exchange::ports::StoreError;
use comity_tlog::{
    Checkpoint, Frontier, Hash, LeafIndex, Node, NodeReader, SignedCheckpoint, SigningKey, bundles_for,
    encode_bundle, inclusion_proof, leaf_hash, tile_bytes, tiles_for,
};
use std::collections::HashMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

/// The nodes of a log of entries `entry 0`, `entry 1` and so on.
struct Nodes(HashMap<(u8, u64), Hash>);

impl NodeReader for Nodes {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Infallible> {
        Ok(self.0.get(&(level, index)).copied())
    }
}

struct Published {
    room: tempfile::TempDir,
    log: String,
    vkey: String,
    nodes: Nodes,
    checkpoint: SignedCheckpoint,
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// A log of `size` entries in a directory, as a gateway publishes it.
fn publish(size: u64) -> Published {
    let room = tempfile::tempdir().unwrap();
    let directory = room.path().join("log");
    let mut frontier = Frontier::new();
    let mut nodes = HashMap::new();
    for index in 0..size {
        for Node { level, index, hash } in frontier.append(leaf_hash(&entry(index))) {
            nodes.insert((level, index), hash);
        }
    }
    let nodes = Nodes(nodes);
    let write = |path: String, bytes: Vec<u8>| {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let none = TreeSize(0);
    for tile in tiles_for(none, TreeSize(size)) {
        write(tile.path(), tile_bytes(tile, &nodes).unwrap());
    }
    for bundle in bundles_for(none, TreeSize(size)) {
        let first = bundle.index() * 256;
        let entries: Vec<_> = (first..first + u64::from(bundle.width())).map(entry).collect();
        write(bundle.path(), encode_bundle(entries.iter().map(Vec::as_slice)).unwrap());
    }
    let key = SigningKey::from_seed("log.example", &[7; 32]).unwrap();
    let checkpoint = Checkpoint::new("log.example", TreeSize(size), frontier.root()).unwrap();
    let checkpoint = SignedCheckpoint::sign(checkpoint, &key).unwrap();
    write("checkpoint".to_owned(), checkpoint.to_string().into_bytes());
    let log = directory.to_str().unwrap().to_owned();
    Published { room, log, vkey: key.verifier_key().to_string(), nodes, checkpoint }
}

impl Published {
    fn receipt(&self, index: u64, extra: &[u8]) -> PathBuf {
        let index = LeafIndex(index);
        let proof = inclusion_proof(index, self.checkpoint.checkpoint().size(), &self.nodes).unwrap();
        let receipt = Receipt::new(extra, index, proof, self.checkpoint.clone()).unwrap();
        self.file("receipt.txt", receipt.to_string().as_bytes())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.room.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Exit, standard output and standard error of a command.
fn run(command: impl FnOnce(&mut Out<'_>) -> Exit) -> (Exit, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = command(&mut Out::to(&mut stdout, &mut stderr));
    (exit, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn verify_json(log: &str, key: Option<&str>, quorum: Option<PathBuf>) -> (Exit, serde_json::Value) {
    let args = AuditVerify { log: log.to_owned(), key: key.map(str::to_owned), quorum };
    let (exit, stdout, stderr) = run(|out| verify(&args, true, out));
    (exit, serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}")))
}

fn receipt_args(file: PathBuf, key: &str, entry: Option<PathBuf>) -> AuditReceipt {
    AuditReceipt { file, key: key.to_owned(), entry, quorum: None }
}

#[test]
fn a_sound_log_is_verified() {
    let published = publish(600);
    let (exit, verdict) = verify_json(&published.log, Some(&published.vkey), None);
    assert_eq!(exit, Exit::Done);
    let root = published.checkpoint.checkpoint().root().to_string();
    assert_eq!(
        verdict,
        serde_json::json!({
            "origin": "log.example", "size": 600, "root": root, "ok": true, "signature_verified": true, "finding": null
        })
    );
}

#[test]
fn a_flipped_byte_is_found_where_it_is() {
    let published = publish(600);
    let bundle = Path::new(&published.log).join("tile/entries/001");
    let mut bytes = std::fs::read(&bundle).unwrap();
    // The last byte of the third entry of the second bundle: each is 2 + 9 bytes long.
    bytes[3 * 11 - 1] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let (exit, verdict) = verify_json(&published.log, Some(&published.vkey), None);
    assert_eq!(exit, Exit::Refused);
    assert_eq!(verdict["ok"], false);
    assert_eq!(verdict["finding"]["kind"], "entry");
    assert_eq!((&verdict["finding"]["first"], &verdict["finding"]["last"]), (&258.into(), &258.into()));
}

#[test]
fn a_missing_tile_is_named_with_its_range() {
    let published = publish(600);
    std::fs::remove_file(Path::new(&published.log).join("tile/0/001")).unwrap();
    let (exit, verdict) = verify_json(&published.log, None, None);
    assert_eq!(exit, Exit::Refused);
    assert_eq!(verdict["finding"]["path"], "tile/0/001");
    assert_eq!((&verdict["finding"]["first"], &verdict["finding"]["last"]), (&256.into(), &511.into()));
}

#[test]
fn another_key_or_a_quorum_that_is_not_reached_fails() {
    let published = publish(3);
    let other = SigningKey::from_seed("log.example", &[8; 32]).unwrap().verifier_key().to_string();
    let (exit, verdict) = verify_json(&published.log, Some(&other), None);
    assert_eq!((exit, &verdict["finding"]["kind"]), (Exit::Refused, &"checkpoint".into()));

    let witness = comity_tlog::CosigningKey::from_seed("witness.example", &[9; 32]).unwrap();
    let policy = format!("witness w {}\nquorum w\n", witness.verifier_key());
    let quorum = published.file("quorum", policy.as_bytes());
    let (exit, verdict) = verify_json(&published.log, Some(&published.vkey), Some(quorum));
    assert_eq!(exit, Exit::Refused);
    assert_eq!(verdict["finding"]["text"], "checkpoint: not cosigned by the quorum");
}

/// A log that is published whole: its files are all there is.
struct Folder(PathBuf);

impl plain::PublicLog for Folder {
    fn folder(&self) -> PathBuf {
        self.0.clone()
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        std::fs::read_to_string(self.0.join("checkpoint")).map_err(|e| StoreError::Failed(e.to_string()))
    }

    async fn derive(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_stopped(&self) -> bool {
        false
    }
}

#[test]
fn a_log_is_verified_over_http() {
    let published = publish(300);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/log/", listener.local_addr().unwrap());
    let (_stopper, stop) = stopping();
    let routes = plain::router(Arc::new(Folder(published.log.clone().into())));
    runtime.spawn(serve(listener, Door::Plain, routes, Limits::default(), stop));
    let (exit, verdict) = verify_json(&url, Some(&published.vkey), None);
    assert_eq!((exit, &verdict["size"]), (Exit::Done, &300.into()));
    std::fs::remove_file(Path::new(&published.log).join("tile/entries/000")).unwrap();
    assert_eq!(verify_json(&url, Some(&published.vkey), None).0, Exit::Refused);
}

#[test]
fn what_is_no_log_is_bad_input_with_one_message() {
    let room = tempfile::tempdir().unwrap();
    let empty = room.path().to_str().unwrap();
    for (log, key, says) in [
        ("no/such/place", None, "no such directory"),
        (empty, None, "no checkpoint"),
        ("https://log.example/", None, "http://"),
        ("http://127.0.0.1:1/log", None, "127.0.0.1:1/log/checkpoint"),
        (empty, Some("nonsense".to_owned()), "--key"),
    ] {
        let args = AuditVerify { log: log.to_owned(), key, quorum: None };
        let (exit, stdout, stderr) = run(|out| verify(&args, true, out));
        assert_eq!((exit, &*stdout), (Exit::BadInput, ""), "{log}");
        assert!(stderr.starts_with("error: ") && stderr.contains(says), "{log}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn a_receipt_verifies_from_its_own_bytes() {
    let published = publish(300);
    let args = receipt_args(published.receipt(257, &entry(257)), &published.vkey, None);
    let (exit, stdout, _) = run(|out| receipt(&args, true, out));
    assert_eq!(stdout, "{\"ok\":true,\"index\":257,\"tree_size\":300,\"grade\":\"integrated\"}\n");
    assert_eq!(exit, Exit::Done);
}

#[test]
fn the_entry_given_overrides_the_one_carried() {
    let published = publish(10);
    let path = published.receipt(4, &entry(4));
    let other = published.file("entry", &entry(5));
    let args = receipt_args(path, &published.vkey, Some(other));
    let (exit, stdout, _) = run(|out| receipt(&args, true, out));
    assert_eq!(exit, Exit::Refused);
    let verdict: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&verdict["ok"], &verdict["grade"]), (&false.into(), &serde_json::Value::Null));

    let right = published.file("entry", &entry(4));
    let args = receipt_args(published.receipt(4, b""), &published.vkey, Some(right));
    assert_eq!(run(|out| receipt(&args, true, out)).0, Exit::Done);
}

#[test]
fn a_receipt_that_does_not_read_or_lacks_its_entry_is_bad_input() {
    let published = publish(10);
    for (path, says) in [
        (published.file("nonsense", b"nonsense"), "line 1"),
        (published.room.path().join("absent"), "no such file"),
        (published.receipt(4, b""), "--entry"),
    ] {
        let (exit, stdout, stderr) =
            run(|out| receipt(&receipt_args(path, &published.vkey, None), true, out));
        assert_eq!((exit, &*stdout), (Exit::BadInput, ""));
        assert!(stderr.contains(says), "{stderr}");
    }
}
