//! Persons who are to be told: by when, what may wait on which ground, and what reaches them; over real mail and mailboxes.

mod post;
mod room;

use comity_exchange::notice::{Addressee, Done};
use comity_exchange::ports::{NoticeRow, NoticeState, Notices as _};
use comity_exchange::shell::Shell as _;
use comity_gateway::gateway::GatewayError;
use comity_gateway::watch::metrics;
use comity_gateway::work::notices::{self, Looked, Off, Order};
use comity_gateway::work::{audit, doctor};
use comity_terms::Timestamp;
use comity_terms::ids::NoticeId;
use room::{Room, letters, person};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

const LED: &str = "eu-led-2016-680";

fn off(ground: &str, recheck: Timestamp) -> Off {
    Off {
        ground: ground.into(),
        reasons: "A search is planned for next week.".into(),
        recheck,
        facts: Vec::new(),
    }
}

fn order(to: Addressee, facts: &[(&str, &str)]) -> Order {
    let facts = facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect();
    Order { exchange: None, under: Some(LED.parse().unwrap()), to, facts, once: None }
}

async fn opened(room: &Room, to: Addressee) -> NoticeRow {
    let facts =
        [("activity", "threat_intel"), ("purpose", "cyber_defence"), ("data_category", "traffic_data")];
    notices::open(&room.gateway, "ana", order(to, &facts)).await.unwrap()
}

async fn row(room: &Room, number: NoticeId) -> NoticeRow {
    room.gateway.store().notice(number).await.unwrap().unwrap()
}

/// What the doctor says of notices.
async fn health(room: &Room) -> (String, String) {
    let looked = doctor::examine(&room.gateway).await.unwrap();
    let looked = looked.into_iter().find(|looked| looked.what == "notices").unwrap();
    (serde_json::to_value(looked.health).unwrap().as_str().unwrap().to_owned(), looked.found)
}

async fn ledger(room: &Room, number: NoticeId) -> String {
    let duties = audit::ledger(&room.gateway).await.unwrap();
    let duty = duties.into_iter().find(|duty| duty["notice"] == number.to_string()).unwrap();
    duty["state"].as_str().unwrap().to_owned()
}

/// C54: what an officer asks, and what the law says of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_waits_only_on_a_listed_ground_with_reasons_and_no_longer_than_the_law_looks_away() {
    let room = Room::open("EE", "", &[LED]).await;
    let table: [(&str, &str, i64, Result<&str, &str>); 7] = [
        ("an inquiry would be blocked", "obstruct_investigation", 60, Ok("permit")),
        ("the safety of the public", "public_security", 90, Ok("permit")),
        ("the rights of others", "rights_of_others", 1, Ok("permit")),
        ("because it is convenient", "convenience", 30, Ok("deny no_listed_ground_to_delay")),
        ("longer than the law looks away", "obstruct_investigation", 91, Err("looked at again by")),
        ("until yesterday", "obstruct_investigation", -1, Err("is past")),
        ("on a ground that is none", "because", 30, Err("expected one of")),
    ];
    for (title, ground, days, expected) in table {
        let opened = opened(&room, person("mailbox")).await;
        let recheck = room.after(days * 86_400);
        let came = notices::defer(&room.gateway, opened.id, "ana", off(ground, recheck)).await;
        let came = match &came {
            Ok(Done::Yes(row)) => {
                assert_eq!((row.state, row.due_operational), (NoticeState::Deferred, recheck), "{title}");
                let deferral = &row.detail.deferrals[0];
                let articles: Vec<&str> =
                    deferral.listed_by.iter().map(|(_, article)| article.as_str()).collect();
                assert!(articles.contains(&"Art. 13(3)"), "{title}: {articles:?}");
                Ok("permit".to_owned())
            }
            Ok(Done::Refused(refusal)) => Ok(format!("deny {}", refusal.reasons.join(" "))),
            Ok(Done::Proposed(_)) => Ok("escalate".to_owned()),
            Err(error @ GatewayError::Input(_)) => Err(error.to_string()),
            Err(error) => panic!("{title}: {error}"),
        };
        match (came, expected) {
            (Ok(came), Ok(expected)) => assert_eq!(came, expected, "{title}"),
            (Err(came), Err(expected)) => assert!(came.contains(expected), "{title}: {came}"),
            (came, expected) => panic!("{title}: {came:?} instead of {expected:?}"),
        }
    }
    let none = Off { reasons: " \n".into(), ..off("obstruct_investigation", room.after(86_400)) };
    let opened = opened(&room, person("mailbox")).await;
    let error = notices::defer(&room.gateway, opened.id, "ana", none).await.unwrap_err();
    assert!(error.to_string().contains("reasons"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_waits_nobody_reads_of_it_and_on_its_date_it_goes_out() {
    let room = Room::open("EE", "", &[LED]).await;
    let opened = opened(&room, person("mailbox")).await;
    // The law of the place and the agreement have thirty days between them.
    let due = opened.due_operational.duration_since(opened.arisen_at);
    assert_eq!(
        due,
        jiff::SignedDuration::from_hours(30 * 24),
        "by the agreement, which includes the mission's own"
    );
    let recheck = room.after(2);
    let done =
        notices::defer(&room.gateway, opened.id, "ana", off("public_security", recheck)).await.unwrap();
    assert!(matches!(done, Done::Yes(_)));
    assert_eq!(notices::once(&room.gateway).await.unwrap(), Looked::default());
    assert!(letters(&room).is_empty(), "nothing is in the mailbox");
    for audience in ["journalist", "partner", "expert"] {
        let shown = notices::shown(&room.gateway, opened.id, Some(audience.parse().unwrap()), None).await;
        assert!(shown.unwrap_err().to_string().contains("has not gone out"), "{audience}");
    }
    let figures = metrics::text(&room.gateway).await.unwrap();
    assert!(figures.contains("comity_notices{state=\"deferred\"} 1"), "{figures}");
    assert_eq!(health(&room).await.0, "good");

    // It is put off until an instant two seconds from when it was: that has to pass.
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let looked = notices::once(&room.gateway).await.unwrap();
    assert_eq!((looked.given, looked.overdue), (1, 0), "{looked:?}");
    let given = row(&room, opened.id).await;
    assert_eq!(given.state, NoticeState::Given);
    assert_eq!(ledger(&room, opened.id).await, "done");
    let letters = letters(&room);
    let (path, letter) = &letters[0];
    assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{}.json", opened.id));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((&letter["mailbox"], &letter["language"]), (&json!("38001010000"), &json!("et")));
    let text = letter["text"].as_str().unwrap();
    // C54: scope, purpose, holder, remedies; and that it was put off, on which ground.
    for said in [
        "Mari Kask",
        "National Cyber Centre",
        "kes kellega suhtles, millal ja kust",
        "peatada ründeid arvutite ja võrkude vastu",
        "halduskohus",
        "avalik julgeolek",
        "Art. 13(3)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(letter["html"].as_str().unwrap().contains("lang=\"et\""));
    // Now others may read of it; nobody's name is in that.
    let shown = notices::shown(
        &room.gateway,
        opened.id,
        Some("journalist".parse().unwrap()),
        Some("fr".parse().unwrap()),
    );
    let shown = shown.await.unwrap();
    let text = shown["message"]["text"].as_str().unwrap();
    assert!(text.contains("sécurité publique") && !text.contains("Kask"), "{text}");
    assert_eq!(notices::once(&room.gateway).await.unwrap(), Looked::default(), "it is given once");
}

/// EE: a prosecutor permits that it waits in a criminal case; nobody permits their own.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_law_says_so_another_office_has_to_approve() {
    let room = Room::open("EE", "", &[LED]).await;
    room.officer("pia", "prosecutor").await;
    room.officer("rein", "prosecutor").await;
    let facts = [("activity", "criminal_investigation"), ("purpose", "criminal_investigation")];
    let opened = notices::open(&room.gateway, "pia", order(person("mailbox"), &facts)).await.unwrap();
    let recheck = room.after(30 * 86_400);
    let done = notices::defer(&room.gateway, opened.id, "pia", off("obstruct_investigation", recheck)).await;
    let Done::Proposed(proposed) = done.unwrap() else { panic!("no office is asked") };
    assert_eq!(proposed.state, NoticeState::Open, "the clock runs on until it is approved");
    assert_eq!(proposed.due_operational, opened.due_operational);
    let prosecutor = "prosecutor".parse().unwrap();
    for (officer, why) in [("pia", "proposed it"), ("ana", "does not act for")] {
        let error = notices::approve(&room.gateway, opened.id, officer, &prosecutor).await.unwrap_err();
        assert!(error.to_string().contains(why), "{officer}: {error}");
    }
    let judge = "judge".parse().unwrap();
    room.officer("jaan", "judge").await;
    let error = notices::approve(&room.gateway, opened.id, "jaan", &judge).await.unwrap_err();
    assert!(error.to_string().contains("nothing of notice"), "{error}");
    let done = notices::approve(&room.gateway, opened.id, "rein", &prosecutor).await.unwrap();
    let Done::Yes(deferred) = done else { panic!("{done:?}") };
    assert_eq!((deferred.state, deferred.due_operational), (NoticeState::Deferred, recheck));
    let deferral = &deferred.detail.deferrals[0];
    assert_eq!((deferral.officer.as_str(), deferral.approved[0].1.as_str()), ("pia", "rein"));
    let again = notices::approve(&room.gateway, opened.id, "rein", &prosecutor).await.unwrap_err();
    assert!(again.to_string().contains("nothing waits"), "{again}");
    // The ground ends before its date: an officer says so, and it goes out.
    let Done::Yes(sent) = notices::send(&room.gateway, opened.id, "ana").await.unwrap() else { panic!() };
    assert_eq!(sent.state, NoticeState::Given);
    assert!(sent.detail.deferrals[0].ended.is_some());
    assert_eq!(letters(&room).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_is_flagged_once_and_tried_on() {
    // Nobody listens there.
    let smtp = "server = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nfrom = \"Centre <notices@cyber.example>\"";
    let settings = format!("[notices]\nretry_seconds = 1\nretry_seconds_most = 1\n[notices.smtp]\n{smtp}\n");
    let room = Room::open("EE", &settings, &[LED]).await;
    let opened = opened(&room, person("email")).await;
    let off = off("public_security", room.after(1));
    notices::defer(&room.gateway, opened.id, "ana", off).await.unwrap();
    // It is put off for a second: that has to pass.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let looked = notices::once(&room.gateway).await.unwrap();
    assert_eq!((looked.given, looked.troubled, looked.overdue), (0, 1, 1), "{looked:?}");
    let late = row(&room, opened.id).await;
    assert_eq!(late.state, NoticeState::Issued);
    let trouble = late.detail.trouble.clone().unwrap();
    assert!(trouble.contains("mail server") && !trouble.contains("mari"), "{trouble}");
    let (health, found) = health(&room).await;
    assert_eq!(health, "bad", "{found}");
    assert_eq!(ledger(&room, opened.id).await, "overdue");
    let figures = metrics::text(&room.gateway).await.unwrap();
    assert!(figures.contains("comity_notices{state=\"overdue\"} 1"), "{figures}");
    // The next try is due a second later, as set: that has to pass.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let looked = notices::once(&room.gateway).await.unwrap();
    assert_eq!((looked.troubled, looked.overdue), (1, 0), "flagged once");
    // It is put off no more; another road is found, and it arrives.
    let refused =
        notices::defer(&room.gateway, opened.id, "ana", self::off("public_security", room.after(60))).await;
    assert!(refused.unwrap_err().to_string().contains("has gone on"), "what is on its way is not put off");
    let row = row(&room, opened.id).await;
    assert!(row.overdue_since.is_some() && row.detail.failures >= 2, "{row:?}");
}

/// Nothing of whom a notice goes to, what it says or why it waits is in what is not sealed.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_names_nobody() {
    let room = Room::open("EE", "", &[LED]).await;
    let opened = opened(&room, person("mailbox")).await;
    notices::defer(&room.gateway, opened.id, "ana", off("public_security", room.after(86_400)))
        .await
        .unwrap();
    let listed = serde_json::to_string(&notices::listed(&room.gateway, true).await.unwrap()).unwrap();
    let bytes = room.stored();
    for secret in ["Mari Kask", "mari@example.ee", "38001010000", "search is planned"] {
        assert!(!listed.contains(secret), "{secret} is listed");
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} lies open in the directory");
    }
}

/// An exchange whose decision owes a notice gives rise to one, in the transaction that records it.
#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_owes_a_notice_opens_one_with_its_clock() {
    let room = Room::open("EE", "", &["comity-baseline"]).await;
    let report = room.share_traffic().await;
    assert_eq!(report.outcome.as_str(), "delivered", "{report:?}");
    let arisen = room.gateway.store().notices(false).await.unwrap();
    let [arisen] = arisen.as_slice() else { panic!("{arisen:?}: {report:?}") };
    assert_eq!(arisen.id.to_string(), report.exchange_id.0.to_string());
    assert_eq!(arisen.detail.owed_by[0].0, "EE/ee.ccp-126-13.notice");
    let looked = notices::once(&room.gateway).await.unwrap();
    assert_eq!((looked.settled, looked.troubled), (1, 0), "{looked:?}");
    let settled = row(&room, arisen.id).await;
    assert_eq!(settled.state, NoticeState::Open);
    let due = settled.due_operational.duration_since(settled.arisen_at);
    assert_eq!(due, jiff::SignedDuration::from_hours(30 * 24));
    // Nobody is addressed: it can be sent to nobody, and says what it would.
    let error = notices::send(&room.gateway, arisen.id, "ana").await.unwrap_err();
    assert!(error.to_string().contains("nobody is named"), "{error}");
    let order = Order {
        exchange: Some(report.exchange_id.0),
        under: None,
        to: person("mailbox"),
        facts: Vec::new(),
        once: None,
    };
    let addressed = notices::open(&room.gateway, "ana", order).await.unwrap();
    assert_eq!(addressed.id, arisen.id, "the first person is the one that it waits for");
    // A second person of the same exchange has a notice of their own, and the same clock.
    let order = Order {
        exchange: Some(report.exchange_id.0),
        under: None,
        to: person("mailbox"),
        facts: Vec::new(),
        once: None,
    };
    let second = notices::open(&room.gateway, "ana", order).await.unwrap();
    assert_ne!(second.id, arisen.id);
    assert_eq!(second.due_operational, settled.due_operational);
    let Done::Yes(given) = notices::send(&room.gateway, arisen.id, "ana").await.unwrap() else { panic!() };
    assert_eq!(given.state, NoticeState::Given);
    let text = letters(&room)[0].1["text"].as_str().unwrap().to_owned();
    assert!(text.contains("§ 126¹³"), "{text}");
}

/// Nobody closes what a decision owes; what an officer opened of an exchange that owes none, an officer may.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_closed_where_the_decision_owes_none_and_never_where_it_does() {
    let room = Room::open("EE", "", &["comity-baseline", "eu-nis2-2022-2555"]).await;
    let traffic = room.share_traffic().await.exchange_id.0;
    notices::once(&room.gateway).await.unwrap();
    let reason = "sent_in_error".parse().unwrap();
    let owed = room.gateway.store().notices(false).await.unwrap().pop().unwrap();
    assert_eq!(owed.exchange, Some(traffic));
    let came = notices::close(&room.gateway, owed.id, "ana", &reason).await.unwrap();
    let Done::Refused(refusal) = came else { panic!("{came:?}") };
    assert_eq!(refusal.reasons, ["notice_owed"]);
    assert!(refusal.citations[0]["article"].as_str().unwrap().contains("126"), "{refusal:?}");
    assert_eq!(row(&room, owed.id).await.state, NoticeState::Open);

    let indicator = room.share_indicator().await;
    assert_eq!(indicator.outcome.as_str(), "delivered", "{indicator:?}");
    let about = Order {
        exchange: Some(indicator.exchange_id.0),
        under: None,
        to: person("mailbox"),
        facts: Vec::new(),
        once: None,
    };
    let opened = notices::open(&room.gateway, "ana", about).await.unwrap();
    let unknown = notices::close(&room.gateway, opened.id, "ana", &"no_such_reason".parse().unwrap()).await;
    assert!(matches!(unknown, Err(GatewayError::Input(_))), "{unknown:?}");
    let came = notices::close(&room.gateway, opened.id, "ana", &reason).await.unwrap();
    let Done::Yes(closed) = came else { panic!("{came:?}") };
    assert_eq!(closed.state, NoticeState::Closed);
    assert_eq!(closed.detail.closed_for.as_deref(), Some("sent_in_error"));
    assert!(closed.detail.file.is_none(), "whom it was to go to is erased");
    let again = notices::send(&room.gateway, opened.id, "ana").await;
    assert!(matches!(again, Err(GatewayError::Input(_))), "it goes nowhere: {again:?}");
    assert_eq!(letters(&room).len(), 0);

    // What is kept is looked at in time: the doctor says how much of that is owed.
    let looked = doctor::examine(&room.gateway).await.unwrap();
    let reviews = looked.into_iter().find(|looked| looked.what == "reviews").unwrap();
    assert!(reviews.found.contains("reviews of what is kept are owed"), "{}", reviews.found);
}
