//! Notices to persons over HTTP, as an officer's programme sees them: what the document says is what is answered, a mistake is told
//! with its place, the list comes in parts, and what was asked twice is done once.

use crate::house::House;
use crate::tool::{Answer, Tool};
use crate::{PASSWORD, officer};
use comity_exchange::shell::Shell as _;
use comity_gateway::work::manage;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const NOTICES: &str = "/api/v1/notices";
const LED: &str = "eu-led-2016-680";

/// A gateway under the law of Estonia and an agreement; the tool of an officer of it.
async fn desk() -> (House, Tool) {
    let house = House::open("EE").await;
    manage::adopt(&house.gateway, LED, Path::new("/")).await.unwrap();
    officer(&house, "ana", 365).await;
    let tool = Tool::of(&house, "ana", PASSWORD);
    (house, tool)
}

fn to_mari() -> Json {
    json!({
        "to": { "name": "Mari Kask", "mailbox": "38001010000", "language": "et", "audience": "person" },
        "under": LED,
        "facts": { "activity": "threat_intel", "purpose": "cyber_defence", "data_category": "traffic_data" },
    })
}

async fn post(tool: &Tool, path: &str, more: &[(&str, &str)], body: &Json) -> Answer {
    tool.ask("POST", path, &[&JSON[..], more].concat(), body.to_string().as_bytes()).await
}

/// The problem, once the answer is one of that status and leads to a page.
#[track_caller]
fn problem(answer: &Answer, status: u16) -> Json {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["status"], status);
    assert!(told["type"].as_str().unwrap().starts_with("/api/problems/"), "{told}");
    assert!(!told.to_string().contains("Kask"), "no value is repeated: {told}");
    told
}

async fn opened(tool: &Tool) -> Json {
    let answer = post(tool, NOTICES, &[], &to_mari()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn number(told: &Json) -> &str {
    told["number"].as_str().unwrap()
}

/// In so many days from now.
fn recheck(house: &House, days: u64) -> String {
    let at = house.gateway.now().checked_add(Duration::from_secs(days * 86_400)).unwrap();
    at.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_opened_put_off_on_a_listed_ground_and_sent() {
    let (house, tool) = desk().await;
    let answer = post(&tool, NOTICES, &[], &to_mari()).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["state"]), (201, &json!("open")), "{told}");
    let place = answer.header("location").unwrap().to_owned();
    assert_eq!(place, format!("{NOTICES}/{}", number(&told)));
    assert!(told["due_operational"].as_str().unwrap() <= told["due_legal_latest"].as_str().unwrap());
    assert!(!told.to_string().contains("Kask"), "nothing of whom it goes to: {told}");

    // Whom it goes to reads it in their language, an officer sees what would go out; others read nothing yet.
    let shown = tool.get(&place).await;
    assert_eq!((shown.status, &shown.json()["state"]), (200, &json!("open")));
    let text = shown.json()["message"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("Mari Kask") && text.contains("halduskohus"), "{text}");
    let others = tool.get(&format!("{place}?audience=journalist&language=fr")).await;
    assert!(problem(&others, 422)["detail"].as_str().unwrap().contains("has not gone out"));

    let deferral = json!({
        "ground": "obstruct_investigation", "reasons": "A search is planned.", "recheck": recheck(&house, 60),
    });
    let put_off = post(&tool, &format!("{place}/deferral"), &[], &deferral).await;
    let told = put_off.json();
    assert_eq!(
        (put_off.status, &told["outcome"], &told["state"]),
        (200, &json!("permit"), &json!("deferred"))
    );
    assert!(told["deferrals"][0]["listed_by"].to_string().contains("Art. 13(3)"), "{told}");
    assert!(!told.to_string().contains("search"), "the reasons are sealed: {told}");
    // A refusal is an answer.
    let convenient = json!({ "ground": "convenience", "reasons": "Later.", "recheck": recheck(&house, 30) });
    let second = number(&opened(&tool).await).to_owned();
    let refused = post(&tool, &format!("{NOTICES}/{second}/deferral"), &[], &convenient).await;
    let told = refused.json();
    assert_eq!((refused.status, &told["outcome"]), (200, &json!("deny")), "{told}");
    assert_eq!(told["reasons"], json!(["no_listed_ground_to_delay"]));

    let sent = tool.ask("POST", &format!("{place}/sending"), &[], b"").await;
    let told = sent.json();
    assert_eq!(
        (sent.status, &told["outcome"], &told["state"]),
        (200, &json!("permit"), &json!("given")),
        "{told}"
    );
    let again = tool.ask("POST", &format!("{place}/sending"), &[], b"").await;
    problem(&again, 422);
    let others = tool.get(&format!("{place}?audience=journalist&language=fr")).await.json();
    let text = others["message"]["text"].as_str().unwrap();
    assert!(!text.contains("Kask") && !text.contains(number(&told)), "{text}");
    // What is given is owed no more.
    let owed = tool.get(NOTICES).await.json();
    let owed: Vec<&str> = owed.as_array().unwrap().iter().map(number).collect();
    assert_eq!(owed, [second.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_goes_to_is_put_right_and_one_that_nobody_is_owed_is_closed() {
    let (_house, tool) = desk().await;
    let first = opened(&tool).await;
    let place = format!("{NOTICES}/{}", number(&first));
    let to = json!({ "to": { "name": "Jaan Tamm", "mailbox": "38001010001", "language": "en", "audience": "person" } });
    let told = post(&tool, &format!("{place}/addressee"), &[], &to).await;
    assert_eq!((told.status, &told.json()["addressed"]), (200, &json!(true)), "{}", told.json());
    assert!(!told.json().to_string().contains("Tamm"), "nothing of whom it goes to");
    let shown = tool.get(&place).await.json();
    let text = shown["message"]["text"].as_str().unwrap();
    assert!(text.contains("Jaan Tamm") && !text.contains("Mari"), "{text}");

    // No decision says that nobody is owed it.
    let closing = format!("{place}/closing");
    let refused = post(&tool, &closing, &[], &json!({ "reason": "sent_in_error" })).await;
    let told = refused.json();
    assert_eq!((refused.status, &told["outcome"]), (200, &json!("deny")), "{told}");
    assert_eq!(told["reasons"], json!(["notice_owed"]));
    problem(&post(&tool, &closing, &[], &json!({ "reason": "because" })).await, 422);
    for (path, body) in
        [(&closing, json!({})), (&format!("{place}/addressee"), json!({ "to": { "name": 3 } }))]
    {
        let told = problem(&post(&tool, path, &[], &body).await, 400);
        assert!(!told["detail"].as_str().unwrap().contains('3'), "{told}");
    }
    let sent = tool.ask("POST", &format!("{place}/sending"), &[], b"").await;
    assert_eq!(sent.status, 200);
    problem(&post(&tool, &format!("{place}/addressee"), &[], &to).await, 422);
    problem(&post(&tool, &closing, &[], &json!({ "reason": "sent_in_error" })).await, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_office_approves_over_http_and_nobody_their_own() {
    let (house, tool) = desk().await;
    let mut order = to_mari();
    order["facts"] = json!({ "activity": "criminal_investigation", "purpose": "criminal_investigation" });
    let mut tools = Vec::new();
    for name in ["pia", "rein"] {
        let known = comity_exchange::ports::Officer {
            name: name.to_owned(),
            role: "prosecutor".to_owned(),
            unit: None,
            training_until: "2099-01-01T00:00:00Z".parse().unwrap(),
            password_hash: comity_gateway::passwords::hash(PASSWORD, &mut comity_gateway::clock::OsEntropy)
                .unwrap(),
        };
        manage::add_officer(&house.gateway, known).await.unwrap();
        tools.push(Tool::of(&house, name, PASSWORD));
    }
    let told = post(&tools[0], NOTICES, &[], &order).await.json();
    let place = format!("{NOTICES}/{}", number(&told));
    let deferral = json!({
        "ground": "obstruct_investigation", "reasons": "A search is planned.", "recheck": recheck(&house, 30),
    });
    let proposed = post(&tools[0], &format!("{place}/deferral"), &[], &deferral).await.json();
    assert_eq!(
        (&proposed["outcome"], &proposed["state"]),
        (&json!("escalate"), &json!("open")),
        "{proposed}"
    );
    assert_eq!(proposed["proposed"]["offices"], json!(["prosecutor"]));
    let approval = json!({ "office": "prosecutor" });
    let own = post(&tools[0], &format!("{place}/approval"), &[], &approval).await;
    assert!(problem(&own, 422)["detail"].as_str().unwrap().contains("proposed it"));
    let wrong = post(&tool, &format!("{place}/approval"), &[], &approval).await;
    assert!(problem(&wrong, 422)["detail"].as_str().unwrap().contains("does not act for"));
    let done = post(&tools[1], &format!("{place}/approval"), &[], &approval).await.json();
    assert_eq!((&done["outcome"], &done["state"]), (&json!("permit"), &json!("deferred")), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_with_its_place_and_repeats_no_value() {
    let (house, tool) = desk().await;
    let with = |key: &str, value: Json| {
        let mut changed = to_mari();
        changed[key] = value;
        changed
    };
    for (body, status, word) in [
        (json!([]), 400, "`to`"),
        (json!({}), 400, "`to`"),
        (json!({ "to": { "name": "Mari Kask" } }), 400, "`to`"),
        (
            with(
                "to",
                json!({ "name": "Mari Kask", "language": "xx", "audience": "person", "mailbox": "1" }),
            ),
            422,
            "`language`",
        ),
        (with("more", json!("Kask")), 400, ""),
        (with("exchange_id", json!("Kask")), 400, ""),
        (with("under", json!("no-such-pack")), 422, "no-such-pack"),
        (with("facts", json!({ "nothing_known": "true" })), 422, "nothing_known"),
        (with("exchange_id", json!("00000000-0000-4000-8000-000000000000")), 422, ""),
    ] {
        let told = problem(&post(&tool, NOTICES, &[], &body).await, status);
        assert!(told["detail"].as_str().unwrap().contains(word), "{word}: {told}");
    }
    problem(&tool.ask("POST", NOTICES, &[("content-type", "text/plain")], b"{}").await, 415);
    let long = vec![b' '; 1_000_000];
    problem(&tool.ask("POST", NOTICES, &JSON, &long).await, 413);
    problem(&tool.ask("PUT", NOTICES, &JSON, b"{}").await, 405);

    let place = format!("{NOTICES}/{}", number(&opened(&tool).await));
    for path in [
        format!("{NOTICES}/not-a-number"),
        format!("{NOTICES}/%ff"),
        format!("{place}?audience=everyone"),
        format!("{place}?language=klingon"),
        format!("{place}?audience=person&audience=child"),
        format!("{NOTICES}?limit=0"),
        format!("{NOTICES}?limit=1001"),
        format!("{NOTICES}?after=x"),
        format!("{NOTICES}?limit=1&limit=2"),
    ] {
        problem(&tool.get(&path).await, 400);
    }
    problem(&tool.get(&format!("{NOTICES}/00000000-0000-4000-8000-000000000000")).await, 422);
    for (body, status, word) in [
        (json!({}), 400, "ground"),
        (json!({ "ground": "obstruct_investigation", "reasons": "Kask", "recheck": "tomorrow" }), 400, ""),
        (
            json!({ "ground": "because", "reasons": "Kask", "recheck": recheck(&house, 3) }),
            422,
            "expected one of",
        ),
        (
            json!({ "ground": "obstruct_investigation", "reasons": " ", "recheck": recheck(&house, 3) }),
            422,
            "reasons",
        ),
        (
            json!({ "ground": "obstruct_investigation", "reasons": "Kask", "recheck": recheck(&house, 400) }),
            422,
            "looked at again by",
        ),
    ] {
        let told = problem(&post(&tool, &format!("{place}/deferral"), &[], &body).await, status);
        assert!(told["detail"].as_str().unwrap().contains(word), "{word}: {told}");
    }
    // Who is not signed in learns nothing, not even that there is one.
    for (method, path) in
        [("GET", NOTICES), ("POST", NOTICES), ("GET", &place), ("POST", &format!("{place}/sending"))]
    {
        let nobody = tool.showing(None).ask(method, path, &JSON, b"{}").await;
        problem(&nobody, 401);
        assert!(nobody.header("www-authenticate").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_comes_in_parts_and_each_is_in_one() {
    let (_house, tool) = desk().await;
    assert_eq!(tool.get(NOTICES).await.json(), json!([]));
    let mut all = BTreeSet::new();
    for _ in 0..5 {
        all.insert(number(&opened(&tool).await).to_owned());
    }
    let (mut seen, mut path) = (Vec::new(), format!("{NOTICES}?limit=2"));
    for _ in 0..10 {
        let answer = tool.get(&path).await;
        assert_eq!(answer.status, 200);
        let part = answer.json();
        assert!(part.as_array().unwrap().len() <= 2);
        seen.extend(part.as_array().unwrap().iter().map(|one| number(one).to_owned()));
        let Some(link) = answer.header("link") else { break };
        let (next, rel) = link.split_once('>').unwrap();
        assert_eq!(rel, "; rel=\"next\"");
        path = next.trim_start_matches('<').to_owned();
    }
    assert_eq!(seen.len(), 5, "none twice");
    assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), all);
    let last = seen.last().unwrap();
    assert_eq!(
        tool.get(&format!("{NOTICES}?after={last}")).await.json(),
        json!([]),
        "nothing is behind the last"
    );
    // Behind one that is owed no more the list goes on where it was.
    problem(&tool.get(&format!("{NOTICES}?after=00000000-0000-4000-8000-000000000000")).await, 422);
    let sent = tool.ask("POST", &format!("{NOTICES}/{}/sending", seen[1]), &[], b"").await;
    assert_eq!(sent.status, 200);
    let behind = tool.get(&format!("{NOTICES}?after={}&limit=1", seen[1])).await.json();
    assert_eq!(number(&behind[0]), seen[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_twice_is_one_notice() {
    let (_house, tool) = desk().await;
    let key = [("idempotency-key", "0b7f2c9e-8d9b-4c0f-9f57-1f6f0a3d2c11")];
    let first = post(&tool, NOTICES, &key, &to_mari()).await;
    let again = post(&tool, NOTICES, &key, &to_mari()).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!((first.json(), first.header("location")), (again.json(), again.header("location")));
    assert_eq!(tool.get(NOTICES).await.json().as_array().unwrap().len(), 1, "a person is told once");
    let mut other = to_mari();
    other["to"]["language"] = json!("en");
    let refused = post(&tool, NOTICES, &key, &other).await;
    assert_eq!(problem(&refused, 422)["type"], "/api/problems/idempotency");
    for wrong in ["", &"k".repeat(256)] {
        problem(&post(&tool, NOTICES, &[("idempotency-key", wrong)], &to_mari()).await, 400);
    }
    // Another key, or none, is another notice.
    opened(&tool).await;
    assert_eq!(tool.get(NOTICES).await.json().as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_says_of_notices_what_is_so() {
    let (_house, tool) = desk().await;
    let document = tool.showing(None).get("/api/v1/openapi.json").await.json();
    let paths = &document["paths"];
    let list = &paths[NOTICES]["get"];
    let named = |of: &Json| -> BTreeSet<String> {
        of["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(named(list), BTreeSet::from(["after".to_owned(), "limit".to_owned()]));
    assert!(list["responses"]["200"]["headers"]["link"].is_object());
    let open = &paths[NOTICES]["post"];
    assert!(named(open).contains("Idempotency-Key"));
    assert!(open["responses"]["201"]["headers"]["location"].is_object());
    for part in ["addressee", "deferral", "approval", "sending", "closing"] {
        let path = &paths[format!("{NOTICES}/{{number}}/{part}")]["post"];
        for status in ["200", "400", "401", "422"] {
            assert!(path["responses"][status].is_object(), "{part} {status}");
        }
    }
}
