//! MISP's interface over a real socket, before a door in memory; PyMISP as its client.

mod memory;

use comity_gateway::misp::router;
use memory::{KEY, Memory};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

fn now() -> jiff::Timestamp {
    "2026-05-01T12:00:00Z".parse().expect("a time")
}

/// The interface at an address, until the test ends.
async fn serve(door: Memory) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router(door, now)).await });
    format!("http://{address}/")
}

/// What the client of `tests/misp/client.py` found; `None`, said aloud, where PyMISP is not installed.
fn client(url: String) -> Option<Value> {
    let output = Command::new(comity_beside::python("pymisp")?)
        .arg(comity_beside::workspace().join("tests/misp/client.py"))
        .args([&url, KEY])
        .stdin(Stdio::null())
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "client.py: {said}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn pymisp_adds_reads_searches_edits_and_sights() {
    let url = serve(Memory::default()).await;
    let Some(found) = tokio::task::spawn_blocking(move || client(url)).await.expect("it ends") else {
        return;
    };
    let event = "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10";
    assert_eq!(found["wrong_key"], "PyMISPError");
    assert_eq!(found["role"], "Sync");
    let file = json!([["file", [["filename", "loader.exe"], ["md5", "b2a5abfeef9e36964281a31e17b57c97"]]]]);
    let both = json!([["domain", "c2.example", true, false], ["ip-dst", "198.51.100.7", true, false]]);
    for step in ["added", "read"] {
        assert_eq!(found[step]["uuid"], event, "{step}");
        assert_eq!(found[step]["tags"], json!(["tlp:amber"]), "{step}");
        assert_eq!(found[step]["attributes"], both, "{step}: what the door refused is not there");
        assert_eq!(found[step]["objects"], file, "{step}");
    }
    assert_eq!(found["exists"], json!([true, false]));
    let one = json!([["domain", "c2.example", true, false]]);
    assert_eq!(found["edited"]["info"], "Loader, second stage");
    assert_eq!(found["after_edit"]["attributes"], one, "the deleted one is told of only when asked for");
    assert_eq!(found["sighted"]["Sighting"]["type"], "0", "{}", found["sighted"]);
    assert_eq!(found["after_sighting"]["sightings"], 1);
    let told = &found["sightings"][0];
    assert_eq!(
        (&told["event_uuid"], &told["source"], &told["type"]),
        (&json!(event), &json!("honeypot"), &json!("0"))
    );
    assert_eq!(
        (&told["Attribute"]["value"], &told["Event"]["info"]),
        (&json!("c2.example"), &json!("Loader, second stage"))
    );
    assert_eq!((&found["sighted_value"], &found["recently"]), (&json!(["c2.example"]), &json!([])));
    let both = json!(["5f1c0a42-8d21-4e0f-9a58-000000000001", "5f1c0a42-8d21-4e0f-9a58-000000000002"]);
    let saved = json!({ "saved": true, "success": "2 sightings added." });
    let none = json!({ "saved": false, "success": "No sightings added." });
    assert_eq!(
        found["bulk"],
        json!([[], saved, none, both]),
        "what is here, or is of nothing here, is not taken"
    );
    let pulled = &found["pulled"];
    assert_eq!(pulled[0], json!(["01", "0", "Another CERT"]), "{pulled}");
    assert_eq!(
        (&pulled[1], pulled.as_array().map(Vec::len)),
        (&json!(["02", "1", "Another CERT"]), Some(3)),
        "{pulled}"
    );
    assert_eq!(found["sighted_at"], "1767500000", "by which a server knows that there is something to pull");
    assert_eq!((&found["of_no_event"], &found["proposals"]), (&json!(405), &json!([[], []])));
    assert_eq!(found["by_value"], json!([event]));
    assert_eq!(found["by_part"], json!([event]));
    assert_eq!(found["by_other_value"], 0);
    assert_eq!(found["by_tag"], json!([1, 0]));
    assert_eq!(found["by_time"][1], 1);
    assert_eq!(found["attributes"], json!(["b2a5abfeef9e36964281a31e17b57c97", "c2.example"]));
    assert_eq!(found["index"], json!([event]));
    assert_eq!(found["unknown_filter"], 400);
    assert_eq!(found["absent"], 404);
    assert_eq!(found["wanted"], json!(["5f1c0a42-8d21-4e0f-9a58-000000000000"]));
}

/// Sends one request as it stands, and gives status and body back.
async fn send(url: &str, head: &str, body: &str) -> (u16, Value) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let length = body.len();
    let request = format!("{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn what_is_wrong_is_told_in_misps_own_shape() {
    let url = serve(Memory::default()).await;
    let with = |line: &str| format!("{line} HTTP/1.1\r\nAuthorization: {KEY}");
    let cases = [
        ("GET /servers/getVersion HTTP/1.1".to_owned(), "", 403),
        ("GET /servers/getVersion HTTP/1.1\r\nAuthorization: x".to_owned(), "", 403),
        (with("GET /servers/getVersion"), "", 200),
        (with("GET /admin/users/index"), "", 404),
        (with("GET /users/view/2"), "", 404),
        (with("POST /events/add"), "{", 400),
        (with("POST /events/add"), "[]", 400),
        (with("POST /events/add"), r#"{"response":[{"Event":{"info":"a"}},{"Event":{"info":"b"}}]}"#, 400),
        (with("POST /events/edit/5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"), r#"{"Event":{"info":"a"}}"#, 400),
        (with("POST /events/add"), r#"{"Event":{"info":"refuse.example"}}"#, 403),
        (with("POST /events/restSearch"), r#"{"timestamp":"yesterday"}"#, 400),
        (with("POST /events/restSearch"), "[1]", 400),
        (with("POST /events/filterEventIdsForPush"), r#"[{"Event":{"uuid":"../../etc/passwd"}}]"#, 400),
        (with("POST /sightings/add/5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"), "{}", 404),
        ("POST /sightings/restSearch HTTP/1.1".to_owned(), "{}", 403),
        (with("POST /sightings/restSearch"), "{}", 200),
        (with("POST /sightings/restSearch"), r#"{"nonsense":1}"#, 400),
        (with("POST /sightings/restSearch/event"), r#"{"last":0}"#, 400),
        (with("POST /sightings/restSearch/tag"), r#"{"uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"}"#, 400),
        (with("POST /sightings/bulkSaveSightings/../../etc"), "[]", 404),
        (with("POST /sightings/bulkSaveSightings/etc"), "[]", 400),
        (
            with("POST /sightings/bulkSaveSightings/5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"),
            r#"[{"uuid":1}]"#,
            400,
        ),
        (with("POST /sightings/filterSightingUuidsForPush/5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"), "[]", 404),
        (
            with(
                "GET /shadow_attributes/index/all:1/timestamp:1/limit:1000/page:1/deleted[]:0/deleted[]:1.json",
            ),
            "",
            200,
        ),
        ("GET /shadow_attributes/index HTTP/1.1".to_owned(), "", 403),
    ];
    for (head, body, status) in cases {
        let (found, answer) = send(&url, &head, body).await;
        assert_eq!(found, status, "{head} {body}: {answer}");
        if status >= 400 {
            assert!(answer["name"].is_string() && answer["url"].is_string(), "{head}: {answer}");
        }
    }
    // One who may only read, and a reason that reaches whoever was refused.
    let reader = "POST /events/add HTTP/1.1\r\nAuthorization: Bearer a reader's key";
    assert_eq!(send(&url, reader, r#"{"Event":{"info":"a"}}"#).await.0, 403);
    assert_eq!(send(&url, &reader.replace("events/add", "sightings/bulkSaveSightings/x"), "[]").await.0, 403);
    let refused = send(&url, &with("POST /events/add"), r#"{"Event":{"info":"refuse.example"}}"#).await.1;
    assert!(refused["errors"][0].as_str().is_some_and(|why| why.contains("Art.")), "{refused}");
}
