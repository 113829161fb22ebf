//! Three gateways in a line, the second or the third of which is killed at each durable step of an erasure that the first
//! orders of both: it is done once at each, proved to the first, and touches nothing else.
//!
//! ```text
//! of the second   taken fsync 1 · erased fsync 2 · done fsync 3 · mark fdatasync · answer, and the order passed on writev
//! of the third    the same, and it passes nothing on
//! ```
//! Each row is killed there, started again, and must come to the same end as one that never died.

use crate::place::{AGREEMENT, Node, Place, anywhere, somewhere, verified};
use crate::traced::{Traced, can_trace};
use crate::world::Rows;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const CODES: [&str; 3] = ["EE", "FI", "BE"];

/// Who dies, at which calls, and until which of them: an order has no more steps of its own there.
const STEPS: [(usize, &str, u32); 8] = [
    (1, "fsync", 4),
    (1, "fdatasync", 3),
    (1, "writev", 3),
    (1, "pwrite64", 1),
    (2, "fsync", 3),
    (2, "fdatasync", 2),
    (2, "writev", 1),
    (2, "pwrite64", 1),
];

/// How long an order may take to be answered by all: longer than it is put off after some failed tries.
const ANSWERED: Duration = Duration::from_secs(120);

struct Line {
    _room: tempfile::TempDir,
    nodes: [Option<Node>; 3],
    /// How many objects were shared.
    objects: u32,
}

/// A bundle of one indicator.
fn bundle(number: u32) -> String {
    let id = format!("0b0a8a5a-8d0e-4a51-9c36-{number:012x}");
    let pattern = format!("[domain-name:value = 'login-{number}.invoice.example.com']");
    serde_json::json!({ "type": "bundle", "id": format!("bundle--{id}"), "objects": [{
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{id}"),
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z",
        "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-11-01T00:00:00Z",
    }] })
    .to_string()
}

impl Line {
    fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let places = CODES.map(|code| Place::init(room.path(), code));
        places.iter().for_each(Place::officer);
        let [first, second, third] = &places;
        // Each comes back where it was.
        third.meet("FI", second, "https://127.0.0.1:1");
        let at = somewhere();
        second.meet("BE", third, &format!("https://{at}"));
        second.meet("EE", first, "https://127.0.0.1:1");
        let far = third.serve(None, at);
        let at = somewhere();
        first.meet("FI", second, &format!("https://{at}"));
        let near = second.serve(None, at);
        Self { _room: room, nodes: [Some(first.serve(None, anywhere())), Some(near), Some(far)], objects: 0 }
    }

    fn node(&self, number: usize) -> &Node {
        self.nodes[number].as_ref().unwrap()
    }

    fn place(&self, number: usize) -> Place {
        self.node(number).place.clone()
    }

    /// Started again where it was, if it has ended.
    fn again(&mut self, number: usize) -> bool {
        let dead = self.node(number).is_dead();
        if dead {
            let node = self.nodes[number].take().unwrap();
            let (place, at) = (node.place.clone(), node.federation);
            let (status, said) = node.ended();
            assert_eq!(status.code(), None, "it ended with {status}: {said}");
            self.nodes[number] = Some(place.serve(None, at));
        }
        dead
    }

    /// The first shares with the second, and that with the third: the same object, which nobody had before.
    async fn shared(&mut self) -> [String; 2] {
        let mut exchanges = Vec::new();
        self.objects += 1;
        let bundle = bundle(self.objects);
        for (number, to) in [(0, "FI"), (1, "BE")] {
            let words = ["share", "-", "--officer", "tamm", "--under", AGREEMENT, "--to", to];
            let more = ["--activity", "threat_intel", "--purpose", "cyber_defence"];
            let words = [&words[..], &more].concat();
            let told = json(&self.place(number), &words, Some(bundle.as_bytes())).await.unwrap();
            assert_eq!(told["outcome"], "delivered", "{told}");
            exchanges.push(told["exchange_id"].as_str().unwrap().to_owned());
        }
        [exchanges.remove(0), exchanges.remove(0)]
    }
}

async fn json(place: &Place, words: &[&str], stdin: Option<&[u8]>) -> Option<Json> {
    let reply = place.tell(&[words, &["--json"]].concat(), stdin).await?;
    serde_json::from_slice(&reply.stdout.0).ok()
}

/// The order about an exchange, once all have answered it.
async fn complete(place: &Place, exchange: &str) -> Json {
    let began = Instant::now();
    loop {
        let all = json(place, &["recalls"], None).await.unwrap_or_default();
        let mut about = all.as_array().into_iter().flatten();
        let order = about.find(|order| order["exchanges"][0] == exchange).cloned().unwrap_or_default();
        if order["state"] == "complete" {
            return order;
        }
        assert!(began.elapsed() < ANSWERED, "it is not answered: {order}");
        // The gateways' own jobs ask, in processes that tell nobody when they have: it is looked at again.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One order while `who` dies at `calls`, `when` that comes for the nth time; whether it died, and what was erased.
async fn killed(line: &mut Line, who: usize, calls: &str, when: u32) -> (bool, [String; 2]) {
    let row = format!("{} {calls} {when}", CODES[who]);
    let exchanges = line.shared().await;
    let [given, passed] = &exchanges;
    let places = [0, 1, 2].map(|number| line.place(number));
    assert!(Rows::of(&places[1]).records_of(given) > 0 && Rows::of(&places[2]).records_of(passed) > 0);
    let traced = Traced::begin(line.node(who), calls, &format!("signal=SIGKILL:when={when}"));
    let order = ["recall", given, "--officer", "tamm", "--ground", "sent_in_error"];
    // Until it is answered by all, or somebody has died of it.
    traced
        .during(async {
            assert_eq!(places[0].tell(&order, None).await.unwrap().exit, 0, "{row}");
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(20) {
                let told = json(&places[0], &["recalls"], None).await.unwrap_or_default();
                let mut about = told.as_array().into_iter().flatten();
                if about.any(|order| order["exchanges"][0] == **given && order["state"] == "complete") {
                    return;
                }
                if line.node(who).is_dead() {
                    return;
                }
                // Another process: it tells nobody that it is done, or dead.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    let dead = line.again(who);
    let told = complete(&places[0], given).await;
    for (holder, exchange) in [("FI", given), ("BE", passed)] {
        let mut holders = told["holders"].as_array().unwrap().iter();
        let answered = holders.find(|one| one["holder"] == holder).unwrap_or_else(|| panic!("{row}: {told}"));
        let result = &answered["results"][0];
        assert_eq!(
            (&result["exchange_id"], &result["result"]),
            (&exchange.as_str().into(), &"completed".into()),
            "{row}: {told}"
        );
        assert!(answered["receipt"]["index"].is_u64(), "{row}: {told}");
    }
    let id = told["order_id"].as_str().unwrap();
    for (place, exchange) in places[1..].iter().zip(&exchanges) {
        assert_eq!(Rows::of(place).records_of(exchange), 0, "{row}");
        assert_eq!(Rows::of(place).taken(id), 1, "{row}: it is taken once");
    }
    (dead, exchanges)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_over_three_gateways_is_done_once_at_each_wherever_one_is_killed() {
    if !can_trace() {
        return;
    }
    let mut line = Line::new();
    let kept = line.shared().await;
    let (mut died, mut gone) = (BTreeSet::new(), Vec::new());
    for (who, calls, most) in STEPS {
        for when in 1..=most {
            let (dead, exchanges) = killed(&mut line, who, calls, when).await;
            gone.push(exchanges);
            if !dead {
                break;
            }
            died.insert((who, calls, when));
        }
    }
    for (who, calls, _) in STEPS {
        assert!(died.contains(&(who, calls, 1)), "{} did not die at {calls}: {died:?}", CODES[who]);
    }
    let places = line.nodes.map(|node| {
        let node = node.unwrap();
        let place = node.place.clone();
        node.stop();
        place
    });
    for (number, place) in places[1..].iter().enumerate() {
        assert!(Rows::of(place).records_of(&kept[number]) > 0, "what no order names stays");
        assert!(gone.iter().all(|exchanges| Rows::of(place).records_of(&exchanges[number]) == 0));
    }
    for place in &places {
        let key = place.run(&["log", "key"], "");
        verified(place.dir.join("log").to_str().unwrap(), key.trim());
        let replayed: Json = serde_json::from_str(&place.run(&["audit", "replay", "--json"], "")).unwrap();
        assert_eq!(replayed["different"], serde_json::json!([]), "{replayed}");
    }
}
