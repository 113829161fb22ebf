//! With a real provider, by each algorithm that it signs with.

use crate::browser::{Answer, Browser, PUBLIC};
use crate::house::House;
use comity_exchange::ports::Store as _;
use comity_exchange::shell::Shell as _;
use comity_gateway::signin::Denied;
use comity_gateway::work::officers;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

const SECRET: &str = "a secret: of a test";

/// A provider of its own; it ends with the test.
struct Provider {
    issuer: String,
    process: Child,
    /// Open for as long as it runs: it writes there.
    _told: BufReader<ChildStdout>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn provider() -> Option<Provider> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("COMITY_NODE").map_or_else(|| here.join("../../.node"), Into::into);
    if !folder.join("node_modules/oidc-provider").is_dir() {
        eprintln!(
            "skipped: no oidc-provider in {} (COMITY_NODE; scripts/test installs it)",
            folder.display()
        );
        return None;
    }
    let mut process = Command::new("node")
        .arg(here.join("tests/openid/provider.mjs"))
        .arg(folder.canonicalize().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("node runs, where the package is installed");
    let mut line = String::new();
    let mut said = BufReader::new(process.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).expect("the provider tells its issuer");
    Some(Provider { issuer: told["issuer"].as_str().unwrap().to_owned(), process, _told: said })
}

/// Goes to the provider, signs in there as `login` and agrees; gives where the provider sends the browser back to.
async fn at_provider(browser: &mut Browser, login: &str) -> String {
    let mut answer = browser.get(&format!("{PUBLIC}/signin?back=/me")).await;
    for _ in 0..10 {
        assert_eq!(answer.status, 303, "{answer:?}");
        let to = answer.location.clone();
        if to.starts_with(PUBLIC) {
            return to;
        }
        answer = if to.contains("/interaction/") {
            let page = browser.get(&to).await;
            let form = if page.text.contains(r#"name="login""#) {
                format!("prompt=login&login={login}&password=x")
            } else {
                "prompt=consent".to_owned()
            };
            browser.post(&to, &form, &[]).await
        } else {
            browser.get(&to).await
        };
    }
    panic!("the provider sends the browser in circles: {answer:?}");
}

async fn me(browser: &mut Browser) -> (u16, Value) {
    let answer = browser.get(&format!("{PUBLIC}/me")).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap())
}

fn kind(answer: &Answer) -> (u16, String) {
    let problem: Value = serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{answer:?}"));
    (answer.status, problem["type"].as_str().unwrap().trim_start_matches("/api/problems/").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_out() {
    let Some(provider) = provider() else { return };
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let house = House::open(&provider.issuer, &format!("comity-{algorithm}"), SECRET).await;
        let mut browser = house.browser();
        assert_eq!(me(&mut browser).await.0, 401);
        let before = house.entries().await;
        let back = at_provider(&mut browser, "tamm").await;
        let answer = browser.get(&back).await;
        assert_eq!(
            (answer.status, answer.location),
            (303, format!("{PUBLIC}/me")),
            "{algorithm}: {}",
            answer.text
        );
        let (status, who) = me(&mut browser).await;
        assert_eq!(status, 200);
        assert_eq!(who["officer"], "t.tamm");
        assert_eq!(who["role"], "analyst");
        assert_eq!(who["training_valid_until"], "2099-06-30T23:59:59.999999999Z");
        assert_eq!(who["by"], "session");
        assert_eq!(house.entries().await, before + 1, "an officer is made known by an entry");
        let officer = house.gateway.store().officer("t.tamm").await.unwrap().unwrap();
        assert_eq!((officer.unit.as_deref(), officer.password_hash.as_str()), (Some("cyber"), ""));

        // Again, from another browser: nothing has changed, so nothing is recorded.
        let mut other = house.browser();
        let back = at_provider(&mut other, "tamm").await;
        assert_eq!(other.get(&back).await.status, 303);
        assert_eq!(house.entries().await, before + 1);

        // A page of another site has the cookie sent along, and not the token.
        let out = format!("{PUBLIC}/signout");
        let csrf = who["csrf"].as_str().unwrap();
        let forged = [
            ("", vec![]),
            ("csrf=x", vec![]),
            ("", vec![("x-csrf-token", "x")]),
            ("", vec![("x-csrf-token", csrf), ("origin", "https://evil.example")]),
        ];
        for (form, headers) in forged {
            assert_eq!(kind(&browser.post(&out, form, &headers).await), (403, "sign-in-forged".to_owned()));
        }
        let others = me(&mut other).await.1["csrf"].as_str().unwrap().to_owned();
        let of_another = browser.post(&out, &format!("csrf={others}"), &[]).await;
        assert_eq!(kind(&of_another), (403, "sign-in-forged".to_owned()));
        assert_eq!(me(&mut browser).await.0, 200, "and nothing has ended");

        let kept = browser.clone();
        let answer = browser.post(&out, &format!("csrf={csrf}"), &[("origin", PUBLIC)]).await;
        assert_eq!(answer.status, 303);
        assert!(
            answer.location.starts_with(&format!("{}/session/end?id_token_hint=", provider.issuer)),
            "{answer:?}"
        );
        assert_eq!(browser.get(&answer.location).await.status, 200, "the provider takes it");
        assert_eq!(me(&mut kept.clone()).await.0, 401, "whoever kept the cookie has nothing");
        assert_eq!(me(&mut other).await.0, 200, "and the other session goes on");
        officers::revoke(&house.gateway, "t.tamm").await.unwrap();
        assert_eq!(kind(&other.get(&format!("{PUBLIC}/me")).await), (403, "sign-in-disabled".to_owned()));
        let mut again = house.browser();
        let back = at_provider(&mut again, "tamm").await;
        assert_eq!(kind(&again.get(&back).await), (403, "sign-in-disabled".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_officer_here_is_not_let_in() {
    let Some(provider) = provider() else { return };
    let house = House::open(&provider.issuer, "comity-RS256", SECRET).await;
    let before = house.entries().await;
    for (login, why) in [("guest", "sign-in-role"), ("taken", "sign-in-taken"), ("colon", "sign-in-name")] {
        let mut browser = house.browser();
        let back = at_provider(&mut browser, login).await;
        assert_eq!(kind(&browser.get(&back).await), (403, why.to_owned()));
        assert_eq!(me(&mut browser).await.0, 401);
    }
    assert_eq!(house.entries().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let Some(provider) = provider() else { return };
    let house = House::open(&provider.issuer, "comity-RS256", SECRET).await;
    let not_begun = (400, "sign-in-not-begun".to_owned());
    let mut browser = house.browser();
    let back = at_provider(&mut browser, "tamm").await;
    // An attacker sends it to somebody who began nothing, or something else.
    assert_eq!(kind(&house.browser().get(&back).await), not_begun);
    let mut victim = house.browser();
    victim.get(&format!("{PUBLIC}/signin")).await;
    assert_eq!(kind(&victim.get(&back).await), not_begun);
    // Twice, by who kept the cookie.
    let mut kept = browser.clone();
    assert_eq!(browser.get(&back).await.status, 303);
    assert_eq!(kind(&kept.get(&back).await), not_begun);
    // With another code, issuer or state; without a code; with something twice.
    type Change = fn(&str) -> String;
    let table: [(Change, u16, &str); 5] = [
        (|url| url.replacen("code=", "code=x", 1), 502, "sign-in-provider"),
        (|url| url.replacen("iss=", "iss=x", 1), 400, "sign-in-answer"),
        (|url| url.replacen("state=", "state=x", 1), 400, "sign-in-not-begun"),
        (|url| url.replacen("code=", "error=access_denied&was=", 1), 403, "sign-in-refused"),
        (|url| format!("{url}&state=x"), 400, "sign-in-answer"),
    ];
    for (change, status, why) in table {
        let mut browser = house.browser();
        let back = at_provider(&mut browser, "tamm").await;
        let mut kept = browser.clone();
        assert_eq!(kind(&browser.get(&change(&back)).await), (status, why.to_owned()));
        assert_eq!(kind(&kept.get(&back).await), not_begun, "what was begun is over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_signs_nobody_in() {
    let Some(provider) = provider() else { return };
    let house = House::open(&provider.issuer, "comity-RS256", "another secret").await;
    let mut browser = house.browser();
    let back = at_provider(&mut browser, "tamm").await;
    assert_eq!(kind(&browser.get(&back).await), (502, "sign-in-provider".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_opens_no_door_of_tools() {
    let Some(provider) = provider() else { return };
    let house = House::open(&provider.issuer, "comity-RS256", SECRET).await;
    let mut browser = house.browser();
    let back = at_provider(&mut browser, "tamm").await;
    browser.get(&back).await;
    let pairs = browser.cookies.iter().filter(|((host, _), _)| host == "gateway.example");
    let cookies: Vec<String> = pairs.map(|((_, name), value)| format!("{name}={value}")).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-comity-session=")), "{cookies:?}");
    let headers =
        axum::http::HeaderMap::from_iter([(axum::http::header::COOKIE, cookies.join("; ").parse().unwrap())]);
    let now = house.gateway.now();
    let who = house.gateway.signin().who(&house.gateway, &headers, None, now).await;
    assert_eq!(who, Err(Denied::Missing));
}
