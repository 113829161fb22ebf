use super::*;
use crate::clock::Clock;
use crate::dirs::Directory;
use crate::passwords::hash;
use crate::settings::Settings;
use crate::work::{manage, officers, tokens as given_out};
use axum::http::{HeaderValue, StatusCode, header};
use base64::engine::general_purpose::STANDARD as BASE64;
use comity_exchange::ports::Officer;
use std::time::Duration;

const PASSWORD: &str = "correct horse";

struct House {
    gateway: Arc<Gateway>,
    /// With the settings of a test, in the place of the gateway's own.
    signin: SignIn,
    _room: tempfile::TempDir,
}

async fn house(set: impl FnOnce(&mut SignInSettings)) -> House {
    let room = tempfile::tempdir().unwrap();
    let now = Clock::new(Timestamp::UNIX_EPOCH).now();
    let party = "EE".parse().unwrap();
    let dir = room.path().join("EE");
    let directory = Directory::init(&dir, None, &party, "An authority", &mut OsEntropy, now).unwrap();
    let mut settings = Settings::read(&directory.settings()).unwrap().signin;
    set(&mut settings);
    let gateway = Gateway::open(directory).await.unwrap();
    let house =
        House { gateway, signin: SignIn::new(&settings, Rate { each_second: 0, burst: 1 }), _room: room };
    house.officer("a.tamm", PASSWORD).await;
    house
}

impl House {
    async fn officer(&self, name: &str, password: &str) {
        let officer = Officer {
            name: name.to_owned(),
            role: "analyst".to_owned(),
            unit: None,
            training_until: at(1_000_000),
            password_hash: hash(password, &mut OsEntropy).unwrap(),
        };
        manage::add_officer(&self.gateway, officer).await.unwrap();
    }

    async fn who(&self, pair: &str, from: u8, seconds: i64) -> Result<SignedIn, Denied> {
        let from = Some([192, 0, 2, from].into());
        self.signin.who(&self.gateway, &basic(pair), from, at(seconds)).await
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn basic(pair: &str) -> HeaderMap {
    let value = format!("Basic {}", BASE64.encode(pair));
    HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())])
}

#[tokio::test]
async fn a_password_is_hashed_once() {
    let house = house(|settings| settings.verified_seconds = 100).await;
    let expected = SignedIn {
        officer: "a.tamm".to_owned(),
        role: "analyst".to_owned(),
        training_valid_until: at(1_000_000),
        key: None,
        by: By::Password,
    };
    for seconds in [0, 1, 99] {
        assert_eq!(house.who("a.tamm:correct horse", 1, seconds).await, Ok(expected.clone()));
    }
    assert_eq!(house.signin.hashes(), 1);
    // Known no longer than it may be, and not under another spelling of the same text.
    assert!(house.who("a.tamm:correct horse", 1, 100).await.is_ok());
    assert_eq!(house.signin.hashes(), 2);
    house.officer("a.tam", "m:correct horse").await;
    assert_eq!(house.who("a.tam:correct horse", 1, 101).await, Err(Denied::Wrong));
    assert!(house.who("a.tam:m:correct horse", 1, 101).await.is_ok());
    assert_eq!(house.signin.hashes(), 4);
}

#[tokio::test]
async fn a_changed_password_and_an_ended_officer_are_seen_at_once() {
    let house = house(|_| {}).await;
    house.who("a.tamm:correct horse", 1, 0).await.unwrap();
    house.officer("a.tamm", "another horse").await;
    assert_eq!(house.who("a.tamm:correct horse", 1, 1).await, Err(Denied::Wrong));
    house.who("a.tamm:another horse", 1, 2).await.unwrap();
    officers::revoke(&house.gateway, "a.tamm").await.unwrap();
    let hashes = house.signin.hashes();
    assert_eq!(house.who("a.tamm:another horse", 1, 3).await, Err(Denied::Disabled));
    assert_eq!(
        house.who("a.tamm:correct horse", 1, 3).await,
        Err(Denied::Wrong),
        "who is wrong learns nothing"
    );
    assert_eq!(house.signin.hashes(), hashes + 1);
    officers::rotate(&house.gateway, "a.tamm", false).await.unwrap();
    house.who("a.tamm:another horse", 1, 4).await.unwrap();
}

#[tokio::test]
async fn a_name_that_there_is_not_costs_the_same() {
    let house = house(|_| {}).await;
    for (number, pair) in ["a.tamm:wrong horse", "nobody:wrong horse"].into_iter().enumerate() {
        assert_eq!(house.who(pair, 1, 0).await, Err(Denied::Wrong));
        assert_eq!(house.signin.hashes(), number as u64 + 1);
    }
    // One without a password is never right, and costs the same too.
    let officer = Officer {
        password_hash: String::new(),
        ..house.gateway.store().officer("a.tamm").await.unwrap().unwrap()
    };
    manage::add_officer(&house.gateway, officer).await.unwrap();
    assert_eq!(house.who("a.tamm:", 1, 0).await, Err(Denied::Wrong));
    assert_eq!(house.signin.hashes(), 3);
}

#[tokio::test]
async fn wrong_passwords_lock_and_cost_nothing_then() {
    let house = house(|settings| settings.wrong_by_name = 3).await;
    house.who("a.tamm:correct horse", 1, 0).await.unwrap();
    for _ in 0..3 {
        assert_eq!(house.who("a.tamm:wrong horse", 2, 10).await, Err(Denied::Wrong));
    }
    let hashes = house.signin.hashes();
    let locked = Err(Denied::LockedOut { retry_after: Duration::from_secs(30) });
    assert_eq!(house.who("a.tamm:wrong horse", 2, 10).await, locked);
    assert_eq!(house.who("a.tamm:correct horse", 3, 10).await, locked, "the right one is not told");
    assert_eq!(house.signin.hashes(), hashes);
    house.who("a.tamm:correct horse", 1, 10).await.expect("known there");
    house.who("a.tamm:correct horse", 3, 40).await.expect("the lock is over");
    assert_eq!(house.signin.hashes(), hashes, "and it was known all the time");
    // The same with a name that there is not.
    for _ in 0..3 {
        assert_eq!(house.who("nobody:wrong horse", 4, 10).await, Err(Denied::Wrong));
    }
    assert_eq!(house.who("nobody:wrong horse", 5, 10).await, locked);
}

#[tokio::test]
async fn many_at_once_are_hashed_once_or_locked() {
    let house = house(|settings| {
        settings.hashes_at_once = 1;
        settings.wrong_by_name = 3;
    })
    .await;
    let right =
        futures_util::future::join_all((0..20).map(|_| house.who("a.tamm:correct horse", 1, 0))).await;
    assert!(right.iter().all(Result::is_ok));
    assert_eq!(house.signin.hashes(), 1);
    let wrong = futures_util::future::join_all((0..20).map(|_| house.who("a.tamm:wrong horse", 2, 0))).await;
    assert_eq!(wrong.iter().filter(|denied| **denied == Err(Denied::Wrong)).count(), 3);
    assert_eq!(house.signin.hashes(), 4);
}

#[tokio::test]
async fn only_so_many_wait() {
    let house = house(|settings| {
        settings.hashes_at_once = 1;
        settings.hashes_waiting = 2;
    })
    .await;
    let pairs: Vec<String> = (0..10).map(|n| format!("officer{n}:wrong horse")).collect();
    let asked = futures_util::future::join_all(pairs.iter().map(|pair| house.who(pair, 1, 0))).await;
    let busy = asked.iter().filter(|denied| matches!(denied, Err(Denied::Busy { .. }))).count();
    assert_eq!((busy, house.signin.hashes()), (7, 3));
    assert_eq!(house.who("a.tamm:wrong horse", 1, 0).await, Err(Denied::Wrong), "places are given back");
}

#[tokio::test]
async fn a_client_that_leaves_is_counted() {
    let house = house(|settings| {
        settings.hashes_at_once = 1;
        settings.wrong_by_name = 1;
    })
    .await;
    {
        let mut asking = std::pin::pin!(house.who("a.tamm:wrong horse", 1, 0));
        while house.signin.hashes() == 0 {
            let _ = tokio::time::timeout(Duration::from_millis(1), &mut asking).await;
        }
    }
    let locked = Err(Denied::LockedOut { retry_after: Duration::from_secs(30) });
    assert_eq!(house.who("a.tamm:wrong horse", 2, 0).await, locked);
}

#[tokio::test]
async fn a_token_stands_for_its_officer_until_it_ends() {
    let house = house(|_| {}).await;
    house.officer("b.saar", "another horse").await;
    let now = house.gateway.now();
    let later = |seconds: u64| now.checked_add(Duration::from_secs(seconds)).unwrap();
    let who = async |token: &str, at: Timestamp| {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        house.signin.who(&house.gateway, &headers, None, at).await.map(|who| (who.officer, who.by))
    };
    let give =
        async |officer: &str, until| given_out::give(&house.gateway, officer, "MISP", until).await.unwrap();
    let (short, _) = give("a.tamm", Some(later(100))).await;
    let (long, row) = give("a.tamm", None).await;
    let (other, _) = give("b.saar", None).await;
    let tamm = Ok(("a.tamm".to_owned(), By::Token));
    let saar = Ok(("b.saar".to_owned(), By::Token));
    assert_eq!(who(&short, later(100)).await, tamm, "the last instant");
    assert_eq!(who(&short, later(101)).await, Err(Denied::Wrong), "expired");
    assert_eq!(who(&long, later(1_000_000)).await, tamm);
    assert_eq!(who(&other, now).await, saar);
    for wrong in ["x", "comity_x", &tokens::draw(&mut OsEntropy)] {
        assert_eq!(who(wrong, now).await, Err(Denied::Wrong));
    }
    assert_eq!(house.signin.hashes(), 0, "no password is hashed for a token");

    let id = tokens::id(row.digest);
    given_out::end(&house.gateway, &id).await.unwrap();
    assert_eq!(who(&long, now).await, Err(Denied::Wrong), "ended");
    let again = given_out::end(&house.gateway, &id).await.unwrap_err().to_string();
    assert!(again.starts_with(&format!("token `{id}` was ended on ")), "{again}");
    assert!(given_out::end(&house.gateway, "0123456789abcdef").await.is_err());

    // With the officer's key their tokens end, and a new key brings none back.
    officers::revoke(&house.gateway, "a.tamm").await.unwrap();
    assert_eq!(who(&short, now).await, Err(Denied::Wrong));
    officers::rotate(&house.gateway, "a.tamm", false).await.unwrap();
    assert_eq!(who(&short, now).await, Err(Denied::Wrong));
    officers::rotate(&house.gateway, "b.saar", false).await.unwrap();
    assert_eq!(who(&other, now).await, saar, "a planned change of key ends no token");
    officers::rotate(&house.gateway, "b.saar", true).await.unwrap();
    assert_eq!(who(&other, now).await, Err(Denied::Wrong), "a compromise does");
}

#[tokio::test]
async fn a_token_is_not_given_to_just_anybody() {
    let house = house(|_| {}).await;
    let give = async |officer: &str, title: &str, until| {
        given_out::give(&house.gateway, officer, title, until).await.unwrap_err().to_string()
    };
    let past = Some(at(-1_000_000_000));
    assert!(give("nobody", "", None).await.contains("no officer `nobody` is known"));
    assert!(give("a.tamm", "", past).await.contains("is past"));
    assert!(give("a.tamm", "a\nb", None).await.contains("a title has at most"));
    assert!(give("a.tamm", &"x".repeat(201), None).await.contains("a title has at most"));
    officers::revoke(&house.gateway, "a.tamm").await.unwrap();
    assert!(give("a.tamm", "", None).await.contains("was revoked"));
    assert_eq!(house.gateway.store().tokens().await.unwrap(), []);
}

#[tokio::test]
async fn officers_and_addresses_have_their_rates() {
    let rate = |each_second, burst| rates::Rate { each_second, burst };
    let house = house(|settings| {
        settings.officer_rate = rate(1, 2);
        settings.address_rate = rate(1, 3);
    })
    .await;
    for _ in 0..2 {
        house.who("a.tamm:correct horse", 1, 0).await.unwrap();
    }
    let limited = Err(Denied::Limited { retry_after: Duration::from_secs(1) });
    assert_eq!(house.who("a.tamm:correct horse", 2, 0).await, limited, "the officer");
    assert_eq!(house.who("a.tamm:correct horse", 1, 0).await, limited);
    let nothing = HeaderMap::new();
    let from = Some([192, 0, 2, 1].into());
    assert_eq!(house.signin.who(&house.gateway, &nothing, from, at(0)).await, limited, "the address");
    assert_eq!(house.signin.who(&house.gateway, &nothing, from, at(1)).await, Err(Denied::Missing));
    assert_eq!(house.signin.who(&house.gateway, &nothing, None, at(1)).await, Err(Denied::Missing));
}

#[tokio::test]
async fn what_is_counted_names_nobody() {
    let house = house(|_| {}).await;
    house.who("a.tamm:correct horse", 1, 0).await.unwrap();
    let _ = house.who("a.tamm:wrong horse", 1, 0).await;
    let text = crate::watch::metrics::text(&house.gateway).await.unwrap();
    assert!(text.contains(r#"comity_sign_ins_total{by="password",outcome="ok"} 1"#), "{text}");
    assert!(text.contains(r#"comity_sign_ins_total{by="password",outcome="wrong"} 1"#), "{text}");
    assert!(!text.contains("tamm") && !text.contains("192.0.2"), "{text}");
}

#[test]
fn what_a_client_is_told() {
    let seconds = Duration::from_millis;
    let table = [
        (Denied::Missing, 401, None),
        (Denied::Unreadable("why"), 401, None),
        (Denied::Wrong, 401, None),
        (Denied::LockedOut { retry_after: seconds(30_000) }, 429, Some("30")),
        (Denied::Limited { retry_after: seconds(1_001) }, 429, Some("2")),
        (Denied::Limited { retry_after: seconds(0) }, 429, Some("1")),
        (Denied::Busy { retry_after: seconds(2_000) }, 503, Some("2")),
        (Denied::Disabled, 403, None),
        (Denied::Unavailable, 503, None),
    ];
    for (denied, status, retry_after) in table {
        assert_eq!(denied.status(), StatusCode::from_u16(status).unwrap());
        let headers = denied.headers();
        assert_eq!(headers.get("retry-after").map(|value| value.to_str().unwrap()), retry_after);
        let asked: Vec<&HeaderValue> = headers.get_all("www-authenticate").iter().collect();
        if status == 401 {
            assert_eq!(asked, [r#"Basic realm="comity", charset="UTF-8""#, r#"Bearer realm="comity""#]);
        } else {
            assert!(asked.is_empty());
        }
    }
}
