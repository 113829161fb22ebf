//! What nobody should send, at every door: each is answered with the right status in the door's own form, nothing is lost
//! or added by it, and the next one is answered.

use crate::house::House;
use crate::tool::{Answer, TAXII, Tool};
use crate::{envelope, fresh, id, indicator};
use comity_gateway::work::tokens;
use serde_json::{Value as Json, json};
use std::path::PathBuf;

const EXCHANGES: &str = "/api/v1/exchanges";
const JSON: &str = "application/json";

/// A gateway with one good object in its one collection, and what tools find it by.
struct Target {
    house: House,
    tool: Tool,
    misp: Tool,
    /// The objects of the collection.
    objects: String,
    /// Where MISP adds events to it.
    events: String,
    /// What its one object was.
    before: Json,
}

impl Target {
    async fn open() -> Self {
        let (house, tool, path) = fresh().await;
        let objects = format!("{path}objects/");
        let told = tool.post(&objects, &envelope(&[indicator(1, 1)])).await.taxii(202);
        assert_eq!(told["success_count"], 1);
        let before = tool.get(&format!("{objects}{}/", id(1))).await.taxii(200);
        let (key, _) = tokens::give(&house.gateway, "ana", "our MISP", None).await.unwrap();
        let collection = path.trim_end_matches('/').rsplit('/').next().unwrap();
        let misp = tool.showing(Some(&key));
        Self { events: format!("/misp/{collection}/events/add"), house, tool, misp, objects, before }
    }

    async fn adds(&self, body: &[u8]) -> Answer {
        self.tool.ask("POST", &self.objects, &[("content-type", TAXII)], body).await
    }

    async fn shares(&self, body: &[u8]) -> Answer {
        self.tool.ask("POST", EXCHANGES, &[("content-type", JSON)], body).await
    }

    async fn pushes(&self, body: &[u8]) -> Answer {
        self.misp.ask("POST", &self.events, &[("content-type", JSON)], body).await
    }

    /// The gateway answers, and what was there is there.
    async fn stands(&self, after: &str) {
        assert_eq!(self.tool.get("/health").await.status, 200, "after {after}");
        let now = self.tool.get(&format!("{}{}/", self.objects, id(1))).await.taxii(200);
        assert_eq!(now, self.before, "after {after}");
    }
}

/// An error in the form of its door; gives its status.
#[track_caller]
fn refused(answer: &Answer, told: &str) -> u16 {
    let kind = answer.header("content-type").unwrap_or_default();
    let json = answer.json();
    match kind {
        TAXII => assert_eq!(json["http_status"], answer.status.to_string(), "{told}"),
        "application/problem+json" => assert_eq!(json["status"], answer.status, "{told}"),
        // MISP's own form.
        _ => assert_eq!((kind, &json["saved"]), ("application/json", &json!(false)), "{told}"),
    }
    assert!((400..500).contains(&answer.status), "{told}: {json}");
    answer.status
}

/// The files of the shared collections of mistakes; none, said aloud, where they are absent.
fn bad_files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let files = comity_beside::shared_files(&format!("data/bad/{folder}")).unwrap_or_default();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

/// What a status says of each object adds up.
fn told_of_all(told: &Json) -> u64 {
    let count = |key: &str| told[key].as_u64().unwrap();
    assert_eq!(
        count("total_count"),
        count("success_count") + count("failure_count") + count("pending_count")
    );
    count("total_count")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_file_is_told_what_it_is_at_every_door() {
    let target = Target::open().await;
    let good = indicator(2, 1).to_string();
    for (name, bytes) in bad_files("") {
        // JSONTestSuite says by a name what a reader of JSON makes of a file: y takes it, n does not, i may.
        let suite = name.split_once('_').map_or("", |(sort, _)| sort);
        let direct = target.adds(&bytes).await;
        let within = [b"{\"objects\":[", good.as_bytes(), b",", &bytes, b"]}"].concat();
        let within = target.adds(&within).await;
        match suite {
            "y" => {
                assert_eq!(refused(&direct, &name), 422, "{name}");
                let told = within.taxii(202);
                assert_eq!(
                    (&told["success_count"], &told["failure_count"]),
                    (&json!(1), &json!(1)),
                    "{name}: {told}"
                );
            }
            "n" => {
                assert_eq!(refused(&direct, &name), 400, "{name}");
                assert_eq!(refused(&within, &name), 400, "{name}");
            }
            _ => {
                for answer in [direct, within] {
                    if answer.status == 202 {
                        assert!(told_of_all(&answer.taxii(202)) > 0, "{name}");
                    } else {
                        assert!([400, 422].contains(&refused(&answer, &name)), "{name}");
                    }
                }
            }
        }

        assert_eq!(refused(&target.shares(&bytes).await, &name), 400, "{name}");
        let order = br#"{"under":"comity-open","to":"EE","activity":"threat_intel","purpose":"cyber_defence","bundle":"#;
        let shared = target.shares(&[&order[..], &bytes, b"}"].concat()).await;
        match shared.status {
            200 => assert!(suite != "n" && shared.json()["outcome"].is_string(), "{name}"),
            _ if suite == "n" => assert_eq!(refused(&shared, &name), 400, "{name}"),
            _ => assert!([400, 422].contains(&refused(&shared, &name)), "{name}"),
        }
        let pushed = target.pushes(&bytes).await;
        assert!([400, 403].contains(&refused(&pushed, &name)), "{name}: {}", pushed.json());
        target.stands(&name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naughty_strings_in_path_query_and_object_are_texts_like_others() {
    let target = Target::open().await;
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    for (_, list) in bad_files("blns") {
        let strings: Vec<String> = serde_json::from_slice(&list).unwrap();
        for text in strings.iter().filter(|text| !text.is_empty()) {
            let there = encoded(text);
            for path in [
                format!("/taxii2/{there}/"),
                format!("/taxii2/comity-open/collections/{there}/objects/"),
                format!("/taxii2/comity-open/status/{there}/"),
                format!("{}{there}/", target.objects),
            ] {
                target.tool.get(&path).await.taxii(404);
            }
            assert_eq!(refused(&target.tool.get(&format!("{EXCHANGES}/{there}")).await, text), 404);
            let found = target.tool.get(&format!("{}?match[id]={there}", target.objects)).await;
            if found.status == 200 {
                assert_eq!(found.taxii(200), json!({}), "{text}");
            } else {
                assert_eq!(refused(&found, text), 400);
            }
        }
        let named = strings.iter().zip(100..).map(|(text, number)| {
            let mut object = indicator(number, 1);
            object["name"] = json!(text);
            object
        });
        let named: Vec<Json> = named.collect();
        let told = target.adds(envelope(&named).to_string().as_bytes()).await.taxii(202);
        assert_eq!(told_of_all(&told), named.len() as u64);
    }
    target.stands("naughty strings").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_paths_lead_nowhere_else() {
    let target = Target::open().await;
    let uuid = "00000000-0000-4000-8000-000000000001";
    for there in [
        "..",
        "%2e%2e%2f%2e%2e%2fcomity.sqlite",
        "..%5c..%5csettings.toml",
        "%00",
        "a%00b",
        "%0d%0aset-cookie:%20a=b",
        "'%20OR%20'1'='1",
        "'%3bDROP%20TABLE%20collected%3b--",
        "%25%66%66",
        "%3fmatch[id]=x%23y",
        &"a".repeat(30_000),
        &format!("indicator--{uuid}%00"),
        &format!("indicator--{uuid}%2fversions"),
        &format!("{{{uuid}}}"),
    ] {
        for path in [
            format!("/taxii2/{there}/collections/"),
            format!("/taxii2/comity-open/collections/{there}/objects/"),
            format!("/taxii2/comity-open/status/{there}/"),
            format!("{}{there}/versions/", target.objects),
            format!("/api/v1/exchanges/{there}"),
            format!("/log/{there}"),
        ] {
            assert_eq!(refused(&target.tool.get(&path).await, &path), 404, "{path}");
        }
        let gone = target.tool.delete(&format!("{}{there}/", target.objects)).await;
        assert!([404, 405].contains(&refused(&gone, there)), "{there}: {}", gone.status);
        let misp = target.events.replace("events/add", "events/view/");
        assert_eq!(refused(&target.misp.get(&format!("{misp}{there}")).await, there), 404, "{there}");
    }
    target.stands("ids that are none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_utf_8_is_told_by_its_door() {
    let target = Target::open().await;
    for path in [
        "/taxii2/%ff/",
        "/taxii2/comity-open/collections/%ff/",
        "/taxii2/comity-open/status/%c3%28/",
        &format!("{}%ff/", target.objects),
        &format!("{}?match[type]=%ff", target.objects),
        "/api/v1/exchanges/%ff",
        "/api/v1/obligations?after=%ff",
        "/log/%ff",
    ] {
        assert_eq!(refused(&target.tool.get(path).await, path), 400, "{path}");
    }
    let bodies: [&[u8]; 3] =
        [b"{\"objects\":[{\"id\":\"\xff\"}]}", b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{\"objects\":[{}]}"];
    for body in bodies {
        assert_eq!(refused(&target.adds(body).await, "TAXII"), 400);
        assert_eq!(refused(&target.shares(body).await, "API"), 400);
        assert_eq!(refused(&target.pushes(body).await, "MISP"), 400);
    }
    // Bytes that no URL has are cut off at HTTP, and others not.
    for (bytes, status) in [(&b"\xff"[..], "400"), (b"\xc3\xa9", "404")] {
        let head = [b"GET /log/", bytes, b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"].concat();
        let answer = String::from_utf8_lossy(&target.tool.say(&head).await).into_owned();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
    target.stands("what is not UTF-8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_twice_is_not_guessed_at() {
    let target = Target::open().await;
    for query in [
        "limit=1&limit=2",
        "match[type]=indicator&match%5Btype%5D=tool",
        "next=1&next=2",
        "added_after=&added_after=",
    ] {
        let told = target.tool.get(&format!("{}?{query}", target.objects)).await;
        assert_eq!(refused(&told, query), 400, "{query}");
    }
    for query in ["limit=1&limit=2", "after=1&after=1"] {
        let told = target.tool.get(&format!("/api/v1/obligations?{query}")).await;
        assert_eq!(refused(&told, query), 400, "{query}");
    }
    let order = json!({ "under": "comity-open", "to": "EE", "activity": "threat_intel", "purpose": "cyber_defence",
        "bundle": [indicator(3, 1)] });
    let twice = format!("{EXCHANGES}?dry_run=true&dry_run=false");
    let json_type = [("content-type", JSON)];
    let told = target.tool.ask("POST", &twice, &json_type, order.to_string().as_bytes()).await;
    assert_eq!(refused(&told, "dry_run"), 400);
    let order = order.to_string();
    for (one, two) in [
        ("\"to\":\"EE\"", "\"to\":\"FI\",\"to\":\"EE\""),
        ("\"to\":\"EE\"", "\"to\":\"EE\",\"facts\":{\"urgent\":\"true\",\"urgent\":\"false\"}"),
    ] {
        assert_eq!(refused(&target.shares(order.replace(one, two).as_bytes()).await, two), 400, "{two}");
    }
    let twice = [("authorization", "Bearer x")];
    assert_eq!(refused(&target.tool.ask("GET", &target.objects, &twice, b"").await, "two credentials"), 401);
    let none = target.tool.get(&format!("{}{}/", target.objects, id(3))).await;
    assert_eq!(refused(&none, "nothing was placed"), 404);
    target.stands("what is asked twice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_headers_and_packed_bodies_come_to_nothing() {
    let target = Target::open().await;
    for path in [&target.objects, EXCHANGES, &target.events] {
        for flood in [
            "a: b\r\n".repeat(10_000),
            format!("a: {}\r\n", "b".repeat(1 << 20)),
            format!("cookie: {}\r\n", "a=b;".repeat(100_000)),
            format!("{}: b\r\n", "a".repeat(1 << 17)),
        ] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{flood}\r\n");
            let answer = target.tool.say(head.as_bytes()).await;
            let answer = String::from_utf8_lossy(&answer);
            let cut_off = ["HTTP/1.1 431", "HTTP/1.1 400"].iter().any(|status| answer.starts_with(status));
            assert!(answer.is_empty() || cut_off, "{path}: {answer}");
        }
        // A megabyte of zeros in a kilobyte, and what says of itself that it is packed.
        for packing in ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP", "x-none"] {
            let kind = if path == target.objects { TAXII } else { JSON };
            let headers = [("content-type", kind), ("content-encoding", packing)];
            let answer = target.tool.ask("POST", path, &headers, b"\x1f\x8b\x08\0\0\0\0\0").await;
            assert_eq!(refused(&answer, packing), 415, "{path}");
        }
        target.stands(path).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_that_is_announced_is_refused_before_it_comes() {
    let target = Target::open().await;
    let doors = [
        (&target.tool, &*target.objects, TAXII),
        (&target.tool, EXCHANGES, JSON),
        (&target.misp, &*target.events, JSON),
    ];
    for (tool, path, kind) in doors {
        let headers = [("content-type", kind), ("content-length", "1073741824")];
        let asked = tool.ask("POST", path, &headers, b"{");
        let answer = tokio::time::timeout(std::time::Duration::from_secs(10), asked).await.expect("at once");
        assert_eq!(refused(&answer, path), 413, "{path}");
        assert_eq!(refused(&tool.ask("PATCH", path, &[], b"").await, path), 405, "{path}");
    }
    target.stands("a gigabyte").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_end_keep_nobody_out_and_add_nothing() {
    let target = Target::open().await;
    let half = envelope(&[indicator(9, 1)]).to_string();
    let mut waiting = Vec::new();
    for path in [&target.objects, EXCHANGES, &target.events] {
        for _ in 0..50 {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {TAXII}\r\n{}content-length: {}\r\n\r\n",
                target.tool.shown(),
                half.len() + 1,
            );
            waiting.push(target.tool.begin(&[head.as_bytes(), half.as_bytes()].concat()).await);
        }
        target.stands("bodies that wait").await;
        let told = target.adds(envelope(&[indicator(1, 1)]).to_string().as_bytes()).await.taxii(202);
        assert_eq!(told["success_count"], 1, "others are answered meanwhile");
    }
    drop(waiting);
    target.stands("bodies that broke off").await;
    let none = target.tool.get(&format!("{}{}/", target.objects, id(9))).await;
    assert_eq!(refused(&none, "what came in part"), 404);
    drop(target.house);
}
