//! Webhooks: programmes of the house are told of acts, by messages that they can verify.

use crate::fresh;
use crate::house::House;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comity_exchange::audit::due::Awaited;
use comity_exchange::ports::{WebhookRow, Webhooks as _};
use comity_exchange::shell::Shell as _;
use comity_gateway::jobs::obligations;
use comity_gateway::watch::metrics;
use comity_gateway::watch::stopping;
use comity_gateway::webhooks::call::{Caller, Trouble};
use comity_gateway::webhooks::deliver::round;
use comity_gateway::work::{audit, doctor, manage, notices, webhooks};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a receiver was sent.
#[derive(Debug, Clone)]
struct Sent {
    id: String,
    at: i64,
    signature: String,
    body: Vec<u8>,
}

impl Sent {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether it is signed with the secret, by the words of the specification and not by our own code.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(
            [self.id.as_bytes(), b".", self.at.to_string().as_bytes(), b".", &self.body].concat().as_ref(),
        );
        let expected = format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()));
        self.signature == expected
    }
}

/// A programme that listens on a socket, and answers with the status that it is told.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    sent: Arc<Mutex<Vec<Sent>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/comity", listener.local_addr().unwrap());
        let (status, sent) = (Arc::new(AtomicU16::new(204)), Arc::new(Mutex::new(Vec::new())));
        let (answering, noting) = (Arc::clone(&status), Arc::clone(&sent));
        let take = async move |headers: HeaderMap, body: axum::body::Bytes| {
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), "application/json");
            noting.lock().unwrap().push(Sent {
                id: header("webhook-id"),
                at: header("webhook-timestamp").parse().unwrap(),
                signature: header("webhook-signature"),
                body: body.to_vec(),
            });
            let status = axum::http::StatusCode::from_u16(answering.load(Ordering::SeqCst)).unwrap();
            (status, [("location", "/elsewhere")], "a".repeat(100_000))
        };
        let router = axum::Router::new().fallback(take);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, status, sent, serving }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn all(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// What was sent once there are `count`.
    async fn after(&self, count: usize) -> Vec<Sent> {
        self.once(|sent| sent.len() >= count).await
    }

    /// The type of each act that was told, once `act` was.
    async fn told(&self, act: &str) -> Vec<String> {
        let types = |sent: &[Sent]| -> Vec<_> {
            sent.iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect()
        };
        types(&self.once(|sent| types(sent).iter().any(|told| told == act)).await)
    }

    async fn once(&self, wanted: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
        for _ in 0..600 {
            let sent = self.all();
            if wanted(&sent) {
                return sent;
            }
            // Nobody tells when a message is under way: it is looked for until the time is up.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("of what was awaited came: {:?}", self.all());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn row(house: &House, id: &WebhookRow) -> WebhookRow {
    house.gateway.store().webhooks().await.unwrap().into_iter().find(|row| row.id == id.id).unwrap()
}

/// The row once it is as wanted.
async fn row_when(house: &House, of: &WebhookRow, wanted: impl Fn(&WebhookRow) -> bool) -> WebhookRow {
    for _ in 0..600 {
        let row = row(house, of).await;
        if wanted(&row) {
            return row;
        }
        // The gateway's job writes rows when it likes: they are looked at until the time is up.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", row(house, of).await);
}

async fn add(house: &House, receiver: &Receiver, events: &str) -> (String, WebhookRow) {
    let events: Vec<_> = events.split(',').map(str::to_owned).collect();
    let (secret, row) = webhooks::add(&house.gateway, "ana", &receiver.url, &events).await.unwrap();
    (secret.to_string(), row)
}

/// Something happens that the log records.
async fn happens(house: &House) {
    let facts = json!({ "records": 3, "name": "not to be told" });
    let nothing = comity_exchange::ports::Record::default();
    manage::record(&house.gateway, comity_terms::Act::RecordsErased, facts, nothing).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_what_it_wants_and_can_verify_it() {
    let (house, tool, _) = fresh().await;
    let receiver = Receiver::new().await;
    let (secret, endpoint) = add(&house, &receiver, "exchange.decided,records.erased").await;
    let order = json!({
        "under": "comity-open", "to": "EE", "activity": "threat_intel", "purpose": "cyber_defence",
        "bundle": [crate::indicator(1, 1)],
    });
    let headers = [("content-type", "application/json")];
    let shared = tool.ask("POST", "/api/v1/exchanges", &headers, order.to_string().as_bytes()).await.json();
    crate::officer(&house, "berta", 10).await;
    happens(&house).await;
    let sent = receiver.after(2).await;
    let (decided, erased) = (sent[0].json(), sent[1].json());
    assert_eq!(decided["type"], "exchange.decided");
    assert_eq!(decided["data"]["exchange_id"], shared["exchange_id"]);
    assert_eq!(decided["data"]["outcome"], shared["outcome"]);
    assert_eq!((&decided["data"]["party"], &decided["data"]["pack"]), (&json!("EE"), &json!("comity-open")));
    // Counts and ids, and nothing else of what was recorded.
    assert_eq!((&erased["type"], &erased["data"]["records"]), (&json!("records.erased"), &json!(3)));
    let keys: Vec<_> = erased["data"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["party", "log", "entry", "records"]);
    assert_eq!(sent.len(), 2, "nothing that it did not ask for");
    assert_ne!(sent[0].id, sent[1].id);
    let other = webhooks::add(&house.gateway, "ana", &receiver.url, &["law.adopted".into()]).await.unwrap().0;
    for one in &sent {
        assert!(one.is_signed_with(&secret), "{one:?}");
        assert!(!one.is_signed_with(&other), "another endpoint's secret");
        assert!((house.gateway.now().as_second() - one.at).abs() < 60);
    }
    assert!(row_when(&house, &endpoint, |row| row.next.0 > 0).await.failing_since.is_none());
    // Whoever has a copy of the data alone has no secret.
    let kept = house.gateway.webhook_secrets().secret(endpoint.id).unwrap().unwrap();
    assert!(!holds(house.gateway.directory().data(), &*kept));
    assert!(holds(house.gateway.directory().keys(), &*kept), "the search finds it where it is");
}

/// Whether any file under `folder` holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, bytes);
        }
        path.is_file() && std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}

/// PyPI's `standardwebhooks`, by those who wrote the specification.
#[tokio::test(flavor = "multi_thread")]
async fn the_library_of_the_specification_verifies_what_is_sent() {
    let Some(python) = comity_beside::python("standardwebhooks") else { return };
    let (house, _, _) = fresh().await;
    let receiver = Receiver::new().await;
    let (secret, _) = add(&house, &receiver, "*").await;
    happens(&house).await;
    // The first is of the endpoint itself.
    let sent = receiver.after(2).await.pop().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/webhooks.py");
    let verified = |sent: &Sent, secret: &str| {
        let mut process = Command::new(&python)
            .arg(&script)
            .args([secret, &sent.id, &sent.at.to_string(), &sent.signature])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(&sent.body).unwrap();
        let output = process.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(verified(&sent, &secret).0, Some(0), "{}", verified(&sent, &secret).1);
    let wrong = format!("whsec_{}", BASE64.encode([1; 32]));
    let mut later = sent.clone();
    later.at += 1;
    let mut replayed = sent.clone();
    replayed.id = "msg_another".to_owned();
    let mut altered = sent.clone();
    altered.body.push(b' ');
    for (forged, secret) in [(&sent, &wrong), (&later, &secret), (&replayed, &secret), (&altered, &secret)] {
        assert_eq!(verified(forged, secret).0, Some(1), "{forged:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_taken_is_sent_again_in_order_under_the_same_id() {
    let (house, _, _) = fresh().await;
    let receiver = Receiver::new().await;
    receiver.answers(500);
    let (_, endpoint) = add(&house, &receiver, "records.erased").await;
    happens(&house).await;
    happens(&house).await;
    let failing = row_when(&house, &endpoint, |row| row.failures > 0).await;
    assert_eq!(failing.trouble.as_deref(), Some("it answered 500"));
    let found = doctor::examine(&house.gateway).await.unwrap();
    assert!(found.iter().any(|looked| looked.what == "webhook" && looked.found.contains("answered 500")));
    let figures = metrics::text(&house.gateway).await.unwrap();
    assert!(figures.contains(r#"comity_webhook_endpoints{state="failing"} 1"#), "{figures}");
    // A redirect is no success, and is not followed.
    receiver.answers(307);
    let failing = row_when(&house, &endpoint, |row| row.failures > 1).await;
    assert_eq!(failing.trouble.as_deref(), Some("it answered 307"));
    receiver.answers(204);
    webhooks::resume(&house.gateway, &endpoint.id.to_string()).await.unwrap();
    let whole = row_when(&house, &endpoint, |row| row.next > failing.next && row.failures == 0).await;
    assert_eq!((whole.failing_since, whole.trouble), (None, None));
    let ids: Vec<_> = receiver.all().into_iter().map(|sent| sent.id).collect();
    let (last, first) = ids.split_last().unwrap();
    assert!(first.iter().all(|id| *id == first[0]) && first.len() >= 3, "the first one until it is taken");
    assert_ne!(*last, first[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_from_what_was_told() {
    let (house, tool, _) = fresh().await;
    drop(tool);
    let receiver = Receiver::new().await;
    let (secret, endpoint) = add(&house, &receiver, "records.erased").await;
    happens(&house).await;
    receiver.after(1).await;
    row_when(&house, &endpoint, |row| row.next > endpoint.next).await;
    // Down for a while: what happens then is recorded and waits.
    receiver.answers(503);
    happens(&house).await;
    row_when(&house, &endpoint, |row| row.failures > 0).await;
    let address = house.address();
    let directory = house.gateway.directory().clone();
    let room = house.close().await;
    receiver.answers(200);
    let house = House::reopen(room, directory, address).await;
    row_when(&house, &endpoint, |row| row.failures == 0).await;
    let sent = receiver.all();
    let ids: BTreeSet<_> = sent.iter().map(|sent| sent.id.clone()).collect();
    assert_eq!(ids.len(), 2, "nothing is lost, and what was told is not told again");
    assert_eq!(sent.iter().filter(|one| one.id == sent[0].id).count(), 1);
    assert!(sent.iter().all(|sent| sent.is_signed_with(&secret)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_endpoint_gets_nothing_and_a_dead_one_is_given_up() {
    let (house, _, _) = fresh().await;
    let (ended, dead, gone) = (Receiver::new().await, Receiver::new().await, Receiver::new().await);
    let (_, one) = add(&house, &ended, "records.erased").await;
    let size = house.gateway.store().webhooks().await.unwrap().len();
    webhooks::end(&house.gateway, &one.id.to_string()).await.unwrap();
    assert_eq!(house.gateway.webhook_secrets().secret(one.id).unwrap(), None, "its secret is destroyed");
    assert!(webhooks::end(&house.gateway, &one.id.to_string()).await.is_err());
    assert!(webhooks::resume(&house.gateway, &one.id.to_string()).await.is_err());
    assert_eq!(size, 1);
    dead.answers(500);
    gone.answers(410);
    let (_, two) = add(&house, &dead, "records.erased").await;
    let (_, three) = add(&house, &gone, "records.erased").await;
    happens(&house).await;
    let failing = row_when(&house, &two, |row| row.failures > 0).await;
    assert_eq!(failing.disabled, None);
    // Three days later it still fails.
    let caller = Caller::new(&house.gateway.settings().webhooks);
    let (_stopper, mut stop) = stopping();
    let later = failing.failing_since.unwrap().checked_add(Duration::from_secs(72 * 60 * 60)).unwrap();
    loop {
        // The gateway's own job may be at it.
        let now = row(&house, &two).await;
        let tried = round(&house.gateway, &caller, &now, now.next, later, &mut stop).await.unwrap();
        if tried.trouble == Some(Trouble::Answered(500)) {
            break;
        }
    }
    let given_up = row_when(&house, &two, |row| row.disabled.is_some()).await;
    assert_eq!(given_up.disabled, Some(later));
    // One that says so itself is given up at once.
    assert!(row_when(&house, &three, |row| row.disabled.is_some()).await.trouble.unwrap().contains("410"));
    let found = doctor::examine(&house.gateway).await.unwrap();
    let bad: Vec<_> = found.iter().filter(|looked| looked.what == "webhook").collect();
    assert_eq!(bad.len(), 2);
    assert!(bad.iter().all(|looked| looked.health == doctor::Health::Bad), "{bad:?}");
    let figures = metrics::text(&house.gateway).await.unwrap();
    assert!(figures.contains(r#"comity_webhook_endpoints{state="disabled"} 2"#), "{figures}");
    let count = dead.all().len();
    // One that answers is told of what happens, twice: by then whoever would be told of the first has been.
    let alive = Receiver::new().await;
    add(&house, &alive, "records.erased").await;
    for told in 1..=2 {
        happens(&house).await;
        alive.after(told).await;
    }
    assert_eq!(dead.all().len(), count, "nothing more is sent to it");
    assert!(ended.all().is_empty());
    // Mended and resumed it gets what it missed, in order.
    dead.answers(200);
    webhooks::resume(&house.gateway, &two.id.to_string()).await.unwrap();
    assert_eq!(dead.after(count + 3).await.len(), count + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_it_could_be_read() {
    let (house, _, _) = fresh().await;
    let events = ["*".to_owned()];
    let add = async |url: &str, events: &[String]| {
        webhooks::add(&house.gateway, "ana", url, events).await.map(drop).map_err(|error| error.to_string())
    };
    for url in [
        "http://soc.example/hook",
        "http://10.0.0.1/hook",
        "http://169.254.169.254/latest/",
        "ftp://127.0.0.1/",
        "https://user:secret@soc.example/",
        "https://soc.example/#part",
        "soc.example",
        "",
    ] {
        let refused = add(url, &events).await.unwrap_err();
        assert!(refused.contains("expected https://"), "{url}: {refused}");
    }
    let refused = add("https://soc.example/", &["exchange.decide".to_owned()]).await.unwrap_err();
    assert!(refused.contains("exchange.decided"), "{refused}");
    assert!(webhooks::add(&house.gateway, "nobody", "https://soc.example/", &events).await.is_err());
    assert_eq!(house.gateway.store().webhooks().await.unwrap(), []);
}

/// What falls due is an event, and what is late another: each once, by an entry, also in the ledger of what is owed.
#[tokio::test(flavor = "multi_thread")]
async fn a_duty_that_falls_due_is_told_once_and_once_when_it_is_late() {
    let (sender, house) = crate::house::pair(&["EE", "FI"], true).await;
    crate::officer(&house, "ana", 365).await;
    let receiver = Receiver::new().await;
    let (secret, _) = add(&house, &receiver, "obligation.*").await;
    let exchange = sender.share(crate::house::PHISHING).await.exchange_id.0;
    let gateway = &house.gateway;
    let mut awaited = Awaited::default();
    assert_eq!(
        obligations::once(gateway, &mut awaited, gateway.now()).await.unwrap(),
        0,
        "nothing is due yet"
    );
    let reviews = async || -> Vec<Json> {
        let owed = audit::ledger(gateway).await.unwrap();
        owed.into_iter().filter(|duty| duty["type"] == "review_by" && duty["owner"] == "FI").collect()
    };
    let before = reviews().await;
    assert!(
        !before.is_empty()
            && before.iter().all(|duty| duty["told"] == json!({ "due": null, "overdue": null }))
    );
    let due: comity_terms::Timestamp =
        before.iter().map(|duty| duty["due_legal_latest"].as_str().unwrap().parse().unwrap()).max().unwrap();
    let late = due.checked_add(Duration::from_secs(1)).unwrap();
    for (at, event) in [(due, "due"), (late, "overdue")] {
        // Two nodes may look at the same moment: this one, and one that has not looked before.
        let mut another = Awaited::default();
        let (one, other) = tokio::join!(
            obligations::once(gateway, &mut awaited, at),
            obligations::once(gateway, &mut another, at)
        );
        let told = one.unwrap() + other.unwrap();
        assert_eq!(told as usize, before.len(), "{event}");
        assert_eq!(obligations::once(gateway, &mut awaited, at).await.unwrap(), 0, "{event}: once");
        // Whoever begins anew reads off the log what was told.
        assert_eq!(
            obligations::once(gateway, &mut Awaited::default(), at).await.unwrap(),
            0,
            "{event}: once"
        );
        assert!(reviews().await.iter().all(|duty| duty["told"][event].is_u64()), "{event}");
    }
    let sent = receiver.after(2 * before.len()).await;
    let (first, last) = (sent[0].json(), sent[sent.len() - 1].json());
    assert_eq!((&first["type"], &last["type"]), (&json!("obligation.due"), &json!("obligation.overdue")));
    let data = &first["data"];
    assert_eq!(
        (&data["obligation"], &data["exchange_id"]),
        (&json!("review_by"), &json!(exchange.to_string()))
    );
    assert_eq!((&data["peer"], &data["side"]), (&json!("EE"), &json!("receiver")));
    assert!(data["decided_by_entry"].is_u64() && data["due_legal_latest"].is_string(), "{data}");
    assert!(sent.iter().all(|one| one.is_signed_with(&secret)));
}

/// That a person is to be told, and is not told yet, no endpoint learns: not by an event, and not by a gap that has a name.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_waits_is_told_to_no_endpoint() {
    let house = House::open("EE").await;
    manage::adopt(&house.gateway, "eu-led-2016-680", Path::new("/")).await.unwrap();
    crate::officer(&house, "ana", 365).await;
    let receiver = Receiver::new().await;
    for words in ["notice.deferred", "notice.opened", "notice.overdue"] {
        let refused = webhooks::add(&house.gateway, "ana", &receiver.url, &[words.to_owned()]).await;
        assert!(refused.unwrap_err().to_string().contains("no event"), "{words}");
    }
    add(&house, &receiver, "*").await;
    let to = json!({ "name": "Mari Kask", "mailbox": "38001010000", "language": "et", "audience": "person" });
    let facts =
        [("activity", "threat_intel"), ("purpose", "cyber_defence"), ("data_category", "traffic_data")];
    let order = notices::Order {
        exchange: None,
        under: Some("eu-led-2016-680".parse().unwrap()),
        to: comity_exchange::notice::Addressee::read(to.to_string().as_bytes()).unwrap(),
        facts: facts.map(|(key, value)| (key.parse().unwrap(), value.to_owned())).to_vec(),
        once: None,
    };
    let opened = notices::open(&house.gateway, "ana", order).await.unwrap();
    let off = notices::Off {
        ground: "obstruct_investigation".into(),
        reasons: "A search is planned.".into(),
        recheck: house.gateway.now().checked_add(Duration::from_secs(30 * 86_400)).unwrap(),
        facts: Vec::new(),
    };
    notices::defer(&house.gateway, opened.id, "ana", off).await.unwrap();
    // The next act is told: what came before it was passed over.
    happens(&house).await;
    let told = receiver.told("records.erased").await;
    assert!(told.iter().all(|act| !act.starts_with("notice.")), "{told:?}");
    // Once the person is told, everybody may be.
    notices::send(&house.gateway, opened.id, "ana").await.unwrap();
    let told = receiver.told("notice.given").await;
    assert_eq!(told.iter().filter(|act| act.starts_with("notice.")).count(), 1, "{told:?}");
}
