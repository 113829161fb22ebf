use super::*;

fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn event(uuid: &str, timestamp: &str, value: &str) -> Value {
    json!({
        "uuid": uuid, "info": "x", "timestamp": timestamp, "date": "2026-04-30", "published": true,
        "Tag": [{ "name": "tlp:green" }],
        "Attribute": [
            { "type": "domain", "category": "Network activity", "value": value, "to_ids": true, "timestamp": timestamp },
            { "type": "ip-dst", "value": "192.0.2.1", "deleted": true, "timestamp": timestamp },
        ],
        "Object": [],
    })
}

fn found(request: Value) -> Vec<String> {
    let search = Search::read(&request, now()).unwrap();
    let events = vec![event("a", "1777600000", "a.example"), event("b", "1746100000", "b.example|192.0.2.9")];
    let found = search.events(events);
    found.iter().map(|event| event["uuid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn searches_find_what_they_ask_for() {
    for (request, wanted) in [
        (json!({}), vec!["a", "b"]),
        (json!({ "request": { "value": "a.example" } }), vec!["a"]),
        (json!({ "value": "192.0.2.9" }), vec!["b"]),
        (json!({ "value": "192.0.2.1" }), vec![]),
        (json!({ "value": "192.0.2.1", "deleted": 1 }), vec!["a", "b"]),
        (json!({ "value": "%.example" }), vec!["a", "b"]),
        (json!({ "value": "a.%" }), vec!["a"]),
        (json!({ "headerless": 0, "excludeDecayed": false }), vec!["a", "b"]),
        (json!({ "value": { "NOT": ["a.example"], "OR": ["%.example%"] } }), vec!["b"]),
        (json!({ "timestamp": "7d" }), vec!["a"]),
        (json!({ "timestamp": ["1746000000", "1746200000"] }), vec!["b"]),
        (json!({ "tags": ["tlp:red"] }), vec![]),
        (json!({ "uuid": ["b"], "published": 1 }), vec!["b"]),
        (json!({ "limit": 1, "page": 2 }), vec!["b"]),
        (json!({ "type": "domain", "from": "2026-05-01" }), vec![]),
    ] {
        assert_eq!(found(request.clone()), wanted, "{request}");
    }
}

#[test]
fn what_is_not_known_is_not_ignored() {
    for request in [
        json!({ "nonsense": 1 }),
        json!({ "timestamp": "yesterday" }),
        json!({ "returnFormat": "stix2" }),
        json!({ "value": { "AND": ["a"] } }),
        json!({ "limit": "many" }),
        json!({ "timestamp": "9999999999999999999d" }),
        json!([]),
    ] {
        assert!(Search::read(&request, now()).is_err(), "{request}");
    }
}

#[test]
fn what_is_no_event_or_attribute_is_not_found() {
    let mut broken = event("a", "1777600000", "a.example");
    broken["Attribute"] = json!(["text", 7, null, { "type": "domain", "value": "a.example" }]);
    broken["Object"] = json!(["text", { "Attribute": [[]] }]);
    for request in [json!({}), json!({ "metadata": true }), json!({ "deleted": 1 })] {
        let search = Search::read(&request, now()).unwrap();
        let all = vec![json!("text"), json!(7), json!([]), broken.clone()];
        assert_eq!(search.events(all.clone()).len(), 1, "{request}");
        assert_eq!(search.attributes(all).len(), 1, "{request}");
    }
}

#[test]
fn deleted_parts_are_told_of_only_when_asked_for() {
    let events = || vec![event("a", "1777600000", "a.example")];
    let count = |request: Value| {
        let found = Search::read(&request, now()).unwrap().events(events());
        found[0]["Attribute"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({})), 1);
    assert_eq!(count(json!({ "deleted": true })), 2);
    assert_eq!(count(json!({ "metadata": true })), 0);
}
