//! TAXII 2.1, clause by clause, over a real socket.

use crate::tool::TAXII;
use crate::{envelope, fresh, id, indicator, numbers};
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_gateway_is_discovered_down_to_its_collection() {
    let (house, tool, path) = fresh().await;
    let discovery = tool.get("/taxii2/").await.taxii(200);
    let root = discovery["default"].as_str().unwrap();
    assert_eq!(discovery["api_roots"], json!([root]));
    assert_eq!(root, format!("http://{}/taxii2/comity-open/", house.plain()));
    // Behind a server that speaks TLS the roots are where the client reached it.
    let proxied = [("accept", TAXII), ("x-forwarded-proto", "https")];
    let proxied = tool.ask("GET", "/taxii2/", &proxied, b"").await.taxii(200);
    assert_eq!(proxied["default"], root.replace("http:", "https:"));
    let information = tool.get("/taxii2/comity-open/").await.taxii(200);
    assert_eq!(information["versions"], json!([TAXII]));
    assert_eq!(information["max_content_length"], house.gateway.settings().limits.bytes_max);
    let collections = tool.get("/taxii2/comity-open/collections/").await.taxii(200);
    let collection = &collections["collections"][0];
    assert_eq!(*collection, tool.get(&path).await.taxii(200));
    assert_eq!(collection["can_read"], true);
    assert_eq!(collection["can_write"], true);
    assert_eq!(collection["media_types"], json!(["application/stix+json;version=2.1"]));
    assert_eq!(tool.get(&format!("{path}objects/")).await.taxii(200), json!({}), "an empty envelope");
    assert_eq!(tool.get(&format!("{path}manifest/")).await.taxii(200), json!({}));
    // Every path is found without its last slash, too.
    for with in ["/taxii2/", "/taxii2/comity-open/", "/taxii2/comity-open/collections/", &path] {
        tool.get(with.trim_end_matches('/')).await.taxii(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_taxii_tells_it() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let nobody = tool.showing(None).get(&objects).await;
    nobody.taxii(401);
    assert!(nobody.header("www-authenticate").unwrap().starts_with("Basic "));
    for shown in ["Basic !!!", "Basic YW5hOndyb25nIHBhc3N3b3Jk", "Bearer nothing", "Digest x"] {
        tool.showing(Some(shown)).get("/taxii2/").await.taxii(401);
    }
    for path in [
        "/taxii2/nothing/",
        "/taxii2/nothing/collections/",
        "/taxii2/comity-open/nothing/",
        "/taxii2/comity-open/collections/nothing/",
        "/taxii2/comity-open/collections/00000000-0000-4000-8000-000000000000/objects/",
        "/taxii2/comity-open/status/00000000-0000-4000-8000-000000000000/",
        &format!("{objects}indicator--00000000-0000-4000-8000-000000000001/"),
        &format!("{objects}indicator--00000000-0000-4000-8000-000000000001/versions/"),
        &format!("{objects}../../../../etc/passwd"),
        &format!("{objects}%2e%2e%2f%2e%2e%2fcomity.sqlite/"),
        "/taxii2/comity-open/collections/'%3BDROP%20TABLE%20collected%3B--/",
    ] {
        tool.get(path).await.taxii(404);
    }
    for method in ["PUT", "PATCH", "DELETE"] {
        let refused = tool.ask(method, &objects, &[], b"").await;
        refused.taxii(405);
        assert_eq!(refused.header("allow"), Some("GET,HEAD,POST"), "{method}");
    }
    let many = tool.get(&format!("{objects}?limit=99999999999")).await.taxii(200);
    assert_eq!(many, json!({}), "more than a page has is a page");
    tool.post("/taxii2/", &json!({})).await.taxii(405);
    tool.ask("GET", &objects, &[("accept", "application/json")], b"").await.taxii(406);
    tool.ask("GET", &objects, &[("accept", "application/taxii+json;version=2.0")], b"").await.taxii(406);
    for query in
        ["limit=0", "limit=x", "added_after=now", "next=zz", "match[version]=newest", "limit=1&limit=2"]
    {
        let told = tool.get(&format!("{objects}?{query}")).await.taxii(400);
        assert!(told["description"].as_str().unwrap().contains(query.split('=').next().unwrap()), "{told}");
    }
    for query in [
        "limit=",
        "limit=-1",
        "limit=+3",
        "limit=1.5",
        "added_after=",
        "added_after=2024-01-01",
        "added_after=2024-02-30T00:00:00Z",
        "added_after=2024-01-01T00:00:00%2B01:00",
        "next=",
        "next=%00",
        "match[type]=",
        "match[type]=indicator,",
        "match[type]=,indicator",
        "match[type]=%ff",
        "match[type]=indicator&match[type]=malware",
        "match[version]=LAST",
        "match[version]=2024-01-02",
    ] {
        for of in [&objects, &format!("{path}manifest/")] {
            let told = tool.get(&format!("{of}?{query}")).await.taxii(400);
            let name = query.split('=').next().unwrap();
            assert!(told["description"].as_str().unwrap().contains(name), "{query}: {told}");
        }
    }
    // What the standard does not know asks for nothing.
    for query in ["", "&&&", "foo=bar", "%zz=1", "match[]=x", "match%5Btype%5D=indicator%2Cmalware"] {
        assert_eq!(tool.get(&format!("{objects}?{query}")).await.taxii(200), json!({}), "{query}");
    }
    let overridden = [("x-http-method-override", "DELETE"), ("content-type", TAXII)];
    tool.ask("POST", &format!("{path}manifest/"), &overridden, b"{}").await.taxii(405);
    tool.ask("POST", &format!("{objects}{}/", id(1)), &overridden, b"{}").await.taxii(405);
    for (kind, body, status) in [
        (TAXII, "{", 400),
        (TAXII, "not JSON", 400),
        (TAXII, "\u{0}", 400),
        (TAXII, "[]", 422),
        (TAXII, "{}", 422),
        (TAXII, "{\"objects\":7}", 422),
        (TAXII, "{\"objects\":[]}", 422),
        ("application/json", "{\"objects\":[{}]}", 415),
        ("application/taxii+json;version=2.0", "{\"objects\":[{}]}", 415),
        ("application/taxii+json", "{\"objects\":[{}]}", 415),
    ] {
        tool.ask("POST", &objects, &[("content-type", kind)], body.as_bytes()).await.taxii(status);
    }
    tool.ask("POST", &objects, &[], b"{}").await.taxii(415);
    let deep = format!("{{\"objects\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let told = tool.ask("POST", &objects, &[("content-type", TAXII)], deep.as_bytes()).await.taxii(202);
    assert!(told["failures"][0]["message"].as_str().unwrap().contains("nested deeper"), "{told}");
    let wrong: &[u8] = b"{\"objects\":[{\"id\":\"\xff\"}]}";
    tool.ask("POST", &objects, &[("content-type", TAXII)], wrong).await.taxii(400);
    // A gigabyte that is announced is refused at once, and one that is packed is not unpacked.
    let head = [("content-type", TAXII), ("content-length", "1073741824")];
    tool.ask("POST", &objects, &head, b"").await.taxii(413);
    let packed = [("content-type", TAXII), ("content-encoding", "gzip")];
    tool.ask("POST", &objects, &packed, b"\x1f\x8b").await.taxii(415);
    assert_eq!(tool.get(&objects).await.taxii(200), json!({}), "nothing came of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_object_is_told_what_became_of_it() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let bad = json!({ "type": "indicator", "id": "indicator--not-an-id", "spec_version": "2.1" });
    let told =
        tool.post(&objects, &envelope(&[indicator(1, 1), bad, json!(7), indicator(2, 1)])).await.taxii(202);
    assert_eq!(told["status"], "complete");
    assert_eq!((&told["total_count"], &told["success_count"]), (&json!(4), &json!(2)));
    assert_eq!((&told["failure_count"], &told["pending_count"]), (&json!(2), &json!(0)));
    assert_eq!(told["successes"][0], json!({ "id": id(1), "version": "2024-01-01T00:00:00.000Z" }));
    assert_eq!(told["failures"][0]["id"], "indicator--not-an-id");
    assert!(told["failures"][0]["message"].as_str().unwrap().contains("id"));
    assert_eq!(told["failures"][1]["id"], "objects[2]");
    assert!(told.get("pendings").is_none(), "no empty lists");
    let status = format!("/taxii2/comity-open/status/{}/", told["id"].as_str().unwrap());
    assert_eq!(tool.get(&status).await.taxii(200), told);

    let again = tool.post(&objects, &envelope(&[indicator(1, 1), indicator(2, 1)])).await.taxii(202);
    assert_eq!((&again["success_count"], &again["failure_count"]), (&json!(2), &json!(0)));
    assert_eq!(numbers(&tool.get(&objects).await.taxii(200)), [1, 2], "nothing stands there twice");
}

/// What is said twice is there once, and told of twice. Of two that have one id and differ, the first goes, and the other is named.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_twice_is_counted_twice() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let mutex = |name: &str, id: &str| json!({ "type": "mutex", "id": format!("mutex--{id}"), "name": name });
    let first = mutex("a", "ff26c055-6336-5bc5-b98d-13d6226742dd");
    let mut second = mutex("b", "2f689bf9-0ff2-545f-aa61-e495eb8cecc7");
    second["spec_version"] = json!("2.1");
    let mut other = indicator(1, 1);
    other["name"] = json!("Another name");
    let mut unread = indicator(2, 1);
    unread["modified"] = json!("yesterday");
    for (given, failures) in [
        ([first.clone(), first], vec![]),
        ([second.clone(), second], vec![]),
        ([indicator(1, 1), other], vec!["the same id and version as object 0"]),
        ([unread, indicator(2, 1)], vec!["not an instant"]),
    ] {
        let told = tool.post(&objects, &envelope(&given)).await.taxii(202);
        assert_eq!(
            (&told["total_count"], &told["failure_count"]),
            (&json!(2), &json!(failures.len())),
            "{told}"
        );
        assert_eq!(told["success_count"], json!(2 - failures.len()), "{told}");
        for (place, why) in failures.iter().enumerate() {
            assert!(told["failures"][place]["message"].as_str().unwrap().contains(why), "{told}");
        }
    }
    let there = tool.get(&objects).await.taxii(200);
    assert_eq!(there["objects"].as_array().unwrap().len(), 4, "each once: {there}");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_versions_are_those_of_the_standard() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let malware = json!({
        "type": "malware", "spec_version": "2.1", "id": "malware--00000000-0000-4000-8000-000000000009",
        "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
        "name": "A worm", "is_family": false,
    });
    let first = [indicator(1, 1), indicator(2, 1), malware];
    assert_eq!(tool.post(&objects, &envelope(&first)).await.taxii(202)["success_count"], 3);
    for day in [3, 2] {
        tool.post(&objects, &envelope(&[indicator(1, day)])).await.taxii(202);
    }
    let asked = async |query: &str| tool.get(&format!("{objects}?{query}")).await.taxii(200);
    let of = |answer: &Json| -> Vec<(u32, String)> {
        let objects = answer["objects"].as_array().cloned().unwrap_or_default();
        let modified = objects.iter().map(|object| object["modified"].as_str().unwrap()[8..10].to_owned());
        numbers(answer).into_iter().zip(modified).collect()
    };
    for (query, rows) in [
        ("", &[(2, "01"), (9, "01"), (1, "03")][..]),
        ("match[version]=last", &[(2, "01"), (9, "01"), (1, "03")]),
        ("match[version]=first", &[(1, "01"), (2, "01"), (9, "01")]),
        ("match[version]=all", &[(1, "01"), (2, "01"), (9, "01"), (1, "03"), (1, "02")]),
        ("match[version]=2024-01-02T00:00:00.000Z", &[(1, "02")]),
        ("match[version]=first,2024-01-02T00:00:00Z", &[(1, "01"), (2, "01"), (9, "01"), (1, "02")]),
        ("match[type]=malware", &[(9, "01")]),
        ("match[type]=malware,indicator", &[(2, "01"), (9, "01"), (1, "03")]),
        ("match[type]=malware&match[version]=2024-01-02T00:00:00.000Z", &[]),
        ("match[type]=tool", &[]),
        ("match[spec_version]=2.1", &[(2, "01"), (9, "01"), (1, "03")]),
        ("match[spec_version]=2.0", &[]),
        ("match[spec_version]=2.0,2.1&match[type]=malware", &[(9, "01")]),
        ("match[nothing]=x", &[(2, "01"), (9, "01"), (1, "03")]),
    ] {
        let rows: Vec<(u32, String)> = rows.iter().map(|(n, day)| (*n, (*day).to_owned())).collect();
        assert_eq!(of(&asked(query).await), rows, "{query}");
    }
    let one_of = format!("match[id]={},{}", id(1), id(77));
    assert_eq!(of(&asked(&one_of).await), [(1, "03".to_owned())]);

    let object = format!("{objects}{}/", id(1));
    assert_eq!(of(&tool.get(&object).await.taxii(200)), [(1, "03".to_owned())]);
    let all = tool.get(&format!("{object}?match[version]=all")).await.taxii(200);
    assert_eq!(of(&all).len(), 3);
    let versions = tool.get(&format!("{object}versions/")).await;
    let days: Vec<String> = versions.taxii(200)["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version.as_str().unwrap()[8..10].to_owned())
        .collect();
    assert_eq!(days, ["01", "03", "02"], "in the order of adding");
    assert!(versions.header("x-taxii-date-added-first") < versions.header("x-taxii-date-added-last"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_complete_and_in_the_order_of_adding_while_others_add() {
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let batch =
        |numbers: std::ops::Range<u32>| envelope(&numbers.map(|n| indicator(n, 1)).collect::<Vec<_>>());
    tool.post(&objects, &batch(0..30)).await.taxii(202);
    let mut seen = Vec::new();
    let mut next = String::new();
    let mut last: Option<String> = None;
    for round in 0.. {
        let answer = tool.get(&format!("{objects}?limit=7{next}")).await;
        let page = answer.taxii(200);
        let (begin, end) =
            (answer.header("x-taxii-date-added-first"), answer.header("x-taxii-date-added-last"));
        assert!(last.as_deref() < begin && begin < end, "{last:?} {begin:?} {end:?}");
        last = end.map(str::to_owned);
        seen.extend(numbers(&page));
        if round < 3 {
            tool.post(&objects, &batch(30 + 5 * round..35 + 5 * round)).await.taxii(202);
        }
        if page["more"] != true {
            assert!(page.get("next").is_none());
            break;
        }
        next = format!("&next={}", page["next"].as_str().unwrap());
    }
    assert_eq!(seen, (0..45).collect::<Vec<_>>());

    // By the dates alone: exclusive, so nothing comes twice and nothing is left out.
    let manifest = tool.get(&format!("{path}manifest/?limit=20")).await;
    assert_eq!(numbers(&manifest.taxii(200)).len(), 20);
    let after = manifest.header("x-taxii-date-added-last").unwrap();
    let rest = tool.get(&format!("{objects}?added_after={after}")).await.taxii(200);
    assert_eq!(numbers(&rest), (20..45).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_leaves_a_tombstone_and_does_not_come_back() {
    let (house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    tool.post(&objects, &envelope(&[indicator(1, 1), indicator(2, 1)])).await.taxii(202);
    tool.post(&objects, &envelope(&[indicator(1, 2)])).await.taxii(202);
    let seen = tool.get(&objects).await;
    let after = seen.header("x-taxii-date-added-last").unwrap().to_owned();
    let object = format!("{objects}{}/", id(1));

    tool.delete(&format!("{object}?match[version]=2024-01-01T00:00:00.000Z")).await.taxii(200);
    let left = tool.get(&format!("{object}?match[version]=all")).await.taxii(200);
    assert_eq!(left["objects"].as_array().unwrap().len(), 1, "one version of two");
    let again = tool.post(&objects, &envelope(&[indicator(1, 1)])).await.taxii(202);
    assert!(again["failures"][0]["message"].as_str().unwrap().contains("removed"));

    tool.delete(&object).await.taxii(200);
    tool.get(&object).await.taxii(404);
    tool.delete(&object).await.taxii(404);
    // Whoever asks only for what came since learns of it.
    let news = tool.get(&format!("{objects}?added_after={after}")).await.taxii(200);
    let note = &news["objects"][0];
    assert_eq!((&note["type"], &note["labels"]), (&json!("note"), &json!(["removed"])));
    assert_eq!(note["object_refs"], json!([id(1)]));
    for day in [1, 2, 3] {
        let again = tool.post(&objects, &envelope(&[indicator(1, day)])).await.taxii(202);
        assert_eq!(again["failure_count"], 1, "day {day}");
    }
    // The content is gone from the database's live rows, and the id was never in them.
    house.gateway.finish().await;
    let found = tool.get(&format!("{objects}?match[version]=all")).await.taxii(200);
    assert!(!found.to_string().contains("dropper-1.exe"));
}
