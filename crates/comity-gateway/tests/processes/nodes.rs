//! Several gateway processes on one PostgreSQL: shares go through any of them, and whichever is killed or stopped,
//! nothing is lost, nothing is there twice, and there is one log.

use crate::place::{AGREEMENT, Node, Place, anywhere, comity, verified};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use tokio::sync::watch;

/// A real server, private to this process unless `COMITY_TEST_POSTGRES` names one; stops with its standard input.
struct Server {
    url: String,
    _private: Option<(Child, ChildStdin)>,
}

impl Server {
    fn start() -> Option<Self> {
        if let Ok(url) = std::env::var("COMITY_TEST_POSTGRES") {
            return Some(Self { url, _private: None });
        }
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let mut server = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
        if url.is_empty() {
            assert_eq!(server.wait().unwrap().code(), Some(3), "a private PostgreSQL did not start");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        }
        let stdin = server.stdin.take().unwrap();
        Some(Self { url: url.trim().to_owned(), _private: Some((server, stdin)) })
    }

    fn database(&self, name: &str) -> String {
        let name = format!("{name}_{}", std::process::id());
        sql(&format!("{}/postgres", self.url), &format!("CREATE DATABASE {name}"));
        format!("{}/{name}", self.url)
    }
}

fn sql(url: &str, text: &str) -> Vec<String> {
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Two gateways that know each other: the first on PostgreSQL, the second in its folder and served.
struct World {
    room: tempfile::TempDir,
    server: Server,
    home: Place,
    partner: Node,
}

impl World {
    fn new() -> Option<Self> {
        let server = Server::start()?;
        let room = tempfile::tempdir().unwrap();
        let (home, away) = (Place::init(room.path(), "EE"), Place::init(room.path(), "FI"));
        home.officer();
        // The partner never calls back: its gateway needs to know only who we are.
        away.meet("EE", &home, "https://127.0.0.1:1");
        let partner = away.serve(None, anywhere());
        home.meet("FI", &away, &format!("https://{}", partner.federation));
        Some(Self { room, server, home, partner })
    }
}

/// Makes an officer known through a running node: its name, once that is answered. An act of one entry and one row.
async fn make_known(place: &Place, name: String) -> Option<String> {
    let words = ["officer", "add", "--role", "analyst", "--training-until", "2099-01-01", "--password-stdin"];
    let reply =
        place.tell(&[&words[..], &["--name", &name]].concat(), Some(b"a long enough password\n")).await?;
    assert_eq!(reply.exit, 0, "{}", String::from_utf8_lossy(&reply.stderr.0));
    Some(name)
}

/// Acts through every one of `places` at once, `each` times through each, one after the other; those answered.
async fn load(places: &[Place], each: usize, round: &str, done: &Arc<watch::Sender<usize>>) -> Vec<String> {
    let tasks: Vec<_> = places
        .iter()
        .cloned()
        .enumerate()
        .map(|(number, place)| {
            let (done, round) = (Arc::clone(done), round.to_owned());
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for act in 0..each {
                    answered.extend(make_known(&place, format!("{round}-{number}-{act}")).await);
                    done.send_modify(|count| *count += 1);
                }
                answered
            })
        })
        .collect();
    let mut answered = Vec::new();
    for task in tasks {
        answered.extend(task.await.unwrap());
    }
    answered
}

/// What must hold whatever was killed: what was answered is there; no act without its entry, no entry twice; every
/// node serves the same log.
fn assert_whole(database: &str, before: u64, answered: &[String], nodes: &[&Node], key: &str) {
    let count = |text: &str| -> u64 { sql(database, text)[0].parse().unwrap() };
    for name in answered {
        assert_eq!(count(&format!("SELECT count(*) FROM officer WHERE name = '{name}'")), 1, "{name}");
    }
    let entries = count("SELECT count(*) FROM entry");
    assert_eq!(count("SELECT count(*) FROM officer WHERE name LIKE '%-%-%'"), entries - before);
    for node in nodes {
        assert_eq!(verified(&format!("http://{}/log", node.public), key), entries);
    }
}

/// Counts acts as they end.
fn counter() -> Arc<watch::Sender<usize>> {
    Arc::new(watch::Sender::new(0))
}

async fn until(done: &watch::Sender<usize>, count: usize) {
    done.subscribe().wait_for(|shares| *shares >= count).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_of_which_one_is_killed_and_one_is_stopped_make_one_log() {
    let Some(world) = World::new() else { return };
    let database = world.server.database("nodes");
    let key = world.home.run(&["log", "key"], "").trim().to_owned();
    // The first start moves the database to the server; the others find it there.
    let one = world.home.serve(Some(&database), anywhere());
    let room = |name: &str| world.room.path().join(name);
    let places = [room("two"), room("three")].map(|dir| another(&world.home, dir));
    let [two, three] = places.map(|place| place.serve(None, anywhere()));
    let all = [one.place.clone(), two.place.clone(), three.place.clone()];
    assert!(!world.home.dir.join("comity.sqlite").exists(), "the database has moved");

    // All three at once.
    let before: u64 = sql(&database, "SELECT count(*) FROM entry")[0].parse().unwrap();
    let mut answered = load(&all, 2, "calm", &counter()).await;
    assert_eq!(answered.len(), 6, "every act is answered");
    assert_whole(&database, before, &answered, &[&one, &two, &three], &key);

    // One is killed in the middle of it.
    let done = counter();
    let killing = async {
        until(&done, 4).await;
        one.signal("-KILL");
    };
    let (more, ()) = tokio::join!(load(&all, 5, "killed", &done), killing);
    assert!(more.len() >= 10, "the other two answer all of theirs: {more:?}");
    answered.extend(more);
    assert_whole(&database, before, &answered, &[&two, &three], &key);

    // It comes back; another is stopped in the middle, and wakes up when the others have gone on.
    let place = one.place.clone();
    drop(one);
    let one = place.serve(None, anywhere());
    let (others, sleeping) = ([one.place.clone(), three.place.clone()], [two.place.clone()]);
    let (done, sleepers) = (counter(), counter());
    let stopping = async {
        until(&sleepers, 1).await;
        two.signal("-STOP");
        until(&done, 6).await;
        two.signal("-CONT");
    };
    let awake = load(&others, 3, "awake", &done);
    let (more, late, ()) = tokio::join!(awake, load(&sleeping, 4, "asleep", &sleepers), stopping);
    assert_eq!((more.len(), late.len()), (6, 4), "nobody is left without an answer");
    answered.extend(more);
    answered.extend(late);
    assert_whole(&database, before, &answered, &[&one, &two, &three], &key);

    // A share goes through any node, and its receipt comes from any other.
    let (exchange, outcome) = two.place.share().await.unwrap();
    assert_eq!(outcome, "delivered");
    let acts = format!("SELECT count(*) FROM entry WHERE exchange = '\\x{}'", exchange.replace('-', ""));
    assert_eq!(sql(&database, &acts), ["2"], "decided, acknowledged");
    let file = world.room.path().join("receipt");
    std::fs::write(&file, three.place.run(&["log", "receipt", &exchange], "")).unwrap();
    let checked = comity(&["audit", "receipt", file.to_str().unwrap(), "--key", &key]).status().unwrap();
    assert!(checked.success(), "a receipt from another node than the one that shared");
    kept_and_succeeded([one, two, three], world.room.path());
    assert!(verified(&format!("http://{}/log", world.partner.public), &partner_key(&world)) > 0);
}

/// What a TAXII client is answered by a node: the status of HTTP, and the body.
fn asked(node: &Node, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
    let taxii = "application/taxii+json;version=2.1";
    let output = Command::new("curl")
        .args(["-s", "-u", "tamm:a long enough password", "-X", method, "-w", "\n%{http_code}"])
        .args(["-H", &format!("accept: {taxii}"), "-H", &format!("content-type: {taxii}")])
        .args(["--data-binary", body, &format!("http://{}{path}", node.public)])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

/// What became of a POST is told by a node that did not take it, and by one that was started since; the same objects again are
/// there already, whichever node is asked.
async fn statuses(database: Option<&str>, room: &Path) {
    let home = Place::init(room, "EE");
    home.officer();
    let one = home.serve(database, anywhere());
    let listed: serde_json::Value =
        serde_json::from_str(&one.place.run(&["taxii", "collections", "--json"], "")).unwrap();
    let root = format!("/taxii2/{}", listed[0]["pack"].as_str().unwrap());
    let objects = format!("{root}/collections/{}/objects/", listed[0]["id"].as_str().unwrap());
    let indicator = |number: u32| {
        serde_json::json!({
            "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
            "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z", "pattern_type": "stix",
            "pattern": format!("[file:name = 'dropper-{number}.exe']"), "valid_from": "2024-01-01T00:00:00Z",
        })
    };
    let bad = serde_json::json!({ "type": "indicator", "id": "indicator--not-an-id", "spec_version": "2.1" });
    let body = serde_json::json!({ "objects": [indicator(1), bad, indicator(2)] }).to_string();
    let (status, told) = asked(&one, "POST", &objects, &body);
    assert_eq!(
        (status, &told["success_count"], &told["failure_count"]),
        (202, &2.into(), &1.into()),
        "{told}"
    );
    let path = format!("{root}/status/{}/", told["id"].as_str().unwrap());

    let other = database.map(|_| another(&home, room.join("two")).serve(None, anywhere()));
    for node in [Some(&one), other.as_ref()].into_iter().flatten() {
        assert_eq!(asked(node, "GET", &path, ""), (200, told.clone()));
        assert_eq!(
            asked(node, "GET", &path.replace("comity-open", "other"), "").0,
            404,
            "of its own API root"
        );
        let (status, again) = asked(node, "POST", &objects, &body);
        assert_eq!((status, &again["success_count"]), (202, &2.into()), "{again}");
        assert!(again["successes"].to_string().contains("it is here already"), "{again}");
        assert_ne!(again["id"], told["id"]);
    }
    let listed = asked(&one, "GET", &objects, "").1;
    assert_eq!(listed["objects"].as_array().unwrap().len(), 2, "nothing is there twice");
    other.into_iter().for_each(Node::stop);
    one.stop();
    let back = home.serve(None, anywhere());
    assert_eq!(asked(&back, "GET", &path, ""), (200, told), "after a restart");
    // It names objects: nothing of it stands anywhere in the clear.
    for file in comity_beside::files(&home.dir) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(20).any(|part| part == b"indicator--not-an-id"), "{}", file.display());
    }
    back.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_told_by_every_node_and_after_a_restart() {
    let Some(server) = Server::start() else { return };
    let (room, database) = (tempfile::tempdir().unwrap(), server.database("statuses"));
    statuses(Some(&database), room.path()).await;
    let named = sql(
        &database,
        "SELECT count(*) FROM segment WHERE position('not-an-id' IN encode(blob, 'escape')) > 0",
    );
    assert_eq!(named, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_told_after_a_restart_without_a_server() {
    let room = tempfile::tempdir().unwrap();
    statuses(None, room.path()).await;
}

/// What the node at an address answers to an order under a key of the client's own: the status of HTTP, and the body as it came.
fn ordered(at: SocketAddr, to: &str, key: &str, body: &str) -> (u16, String) {
    let output = Command::new("curl")
        .args(["-s", "-u", "tamm:a long enough password", "-w", "\n%{http_code}"])
        .args(["-H", "content-type: application/json", "-H", &format!("idempotency-key: {key}")])
        .args(["--data-binary", body, &format!("http://{at}/api/v1/{to}")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

/// The same request under one key, at two nodes at once, later, and after a restart: one act, one answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_one_act_whichever_node_is_asked() {
    let Some(world) = World::new() else { return };
    let database = world.server.database("once");
    let one = world.home.serve(Some(&database), anywhere());
    // The officer's key is made with their first order.
    one.place.share().await.unwrap();
    let two = another(&world.home, world.room.path().join("two")).serve(None, anywhere());
    let bundle = include_str!("../../../../examples/bundles/phishing-campaign.json");
    let share = format!(
        r#"{{"under":"{AGREEMENT}","to":"FI","activity":"threat_intel","purpose":"cyber_defence","bundle":{bundle}}}"#
    );
    let person = r#"{"name":"Mari Kask","mailbox":"380","language":"et","audience":"person"}"#;
    let notice = format!(r#"{{"under":"{AGREEMENT}","to":{person}}}"#);
    let acts =
        |of: &str| -> u64 { sql(&database, &format!("SELECT count(*) FROM {of}"))[0].parse().unwrap() };
    for (to, body, of, status) in
        [("exchanges", &share, "exchange", 200), ("notices", &notice, "notice", 201)]
    {
        let (key, before) = (format!("a-key-for-{to}"), acts(of));
        let at_once: Vec<(u16, String)> = std::thread::scope(|scope| {
            let ask = |node: &Node| {
                let (at, key) = (node.public, &key);
                scope.spawn(move || ordered(at, to, key, body))
            };
            let asked = [&one, &two, &one, &two].map(ask);
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        assert_eq!(at_once[0].0, status, "{to}: {}", at_once[0].1);
        for (status, told) in &at_once {
            // What is told of an exchange is long.
            assert!(*told == at_once[0].1, "{to}: not the same answer, byte for byte: {status} {told:.400}");
        }
        assert!(ordered(two.public, to, &key, body) == at_once[0], "{to}: later");
        assert_eq!(acts(of), before + 1, "{to}: one act");
        let other = body.replace("threat_intel", "incident_response").replace("Mari", "Jaan");
        let (refused, told) = ordered(two.public, to, &key, &other);
        assert_eq!(refused, 422, "another request under it, at a node that did not take the first: {told}");
    }
    let (_, before) = ordered(one.public, "exchanges", "a-key-for-exchanges", &share);
    one.stop();
    let one = world.home.serve(None, anywhere());
    assert!(
        ordered(one.public, "exchanges", "a-key-for-exchanges", &share).1 == before,
        "the same after a restart"
    );

    // Who took it has died before it could answer: what was done is told as it stands, and nothing is done again.
    let last = |_| sql(&database, "SELECT number FROM segment ORDER BY number DESC LIMIT 1")[0].clone();
    let (begun, (_, told)) = (last(()), ordered(two.public, "exchanges", "another-key", &share));
    let answer = last(());
    assert_ne!(answer, begun);
    sql(&database, &format!("DELETE FROM key_row WHERE segment = {answer}"));
    sql(&database, &format!("DELETE FROM segment WHERE number = {answer}"));
    let (status, again) = ordered(one.public, "exchanges", "another-key", &share);
    let [told, again]: [serde_json::Value; 2] =
        [told, again].map(|text| serde_json::from_str(&text).unwrap());
    assert_eq!((status, &again["outcome"]), (200, &"delivered".into()), "{again}");
    for key in ["exchange_id", "objects", "withholdings", "safeguards", "pack_digest"] {
        assert_eq!(again[key], told[key], "{key}");
    }
    for side in ["sender", "receiver"] {
        assert_eq!(again["receipts"][side]["origin"], told["receipts"][side]["origin"], "{side}");
    }
    assert_eq!(acts("exchange"), 3);
    [one, two].into_iter().for_each(Node::stop);
}

/// A copy of the gateway is taken while its nodes serve; more is signed since, so the gateway that is made of it is refused.
/// The log on the server is succeeded once no node serves.
fn kept_and_succeeded(nodes: [Node; 3], room: &Path) {
    let [one, two, three] = nodes;
    let place = one.place.clone();
    let (kept, back) = (room.join("kept"), Place { dir: room.join("back"), keys: place.keys.clone() });
    let (from, to) = (kept.to_str().unwrap(), back.dir.to_str().unwrap());
    three.place.run(&["backup", "--to", from], "");
    let words = ["officer", "add", "--name", "late", "--role", "analyst", "--training-until", "2099-01-01"];
    two.place.run(&[&words[..], &["--password-stdin"]].concat(), "a long enough password\n");
    assert!(comity(&["restore", "--from", from, "--dir", to]).status().unwrap().success());
    let (status, _, refused) = back.tried(&["vault", "show"], "");
    assert!(!status.success() && refused.contains("`comity log succeed`"), "{refused}");

    [one, two, three].into_iter().for_each(Node::stop);
    let told = place.run(&["key", "rotate", "log", "--json"], "");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let (key, ended) = (told["vkey"].as_str().unwrap(), told["ended_log"].as_str().unwrap());
    let size = verified(ended, told["succeeds"].as_str().unwrap());
    assert_eq!((&told["kept"], &told["lost"]), (&size.into(), &0.into()));
    let node = place.serve(None, anywhere());
    assert_eq!(verified(&format!("http://{}/log", node.public), key), size + 1);
    node.stop();
}

/// Another node of the same gateway: who it is and what it adopted are copied, the keys are shared.
fn another(home: &Place, dir: PathBuf) -> Place {
    let copied = Command::new("cp").arg("-a").arg(&home.dir).arg(&dir).status().unwrap();
    assert!(copied.success());
    for derived in ["log", "lock"] {
        let path = dir.join(derived);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
    }
    assert!(!Path::new(&dir.join("comity.sqlite")).exists());
    Place { dir, keys: home.keys.clone() }
}

fn partner_key(world: &World) -> String {
    world.partner.place.run(&["log", "key"], "").trim().to_owned()
}
