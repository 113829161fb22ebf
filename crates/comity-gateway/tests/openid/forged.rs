//! With a provider that lies: each answer is right but for one thing, and signs nobody in.

use crate::browser::PUBLIC;
use crate::house::House;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comity_exchange::shell::Shell as _;
use comity_gateway::gateway::Gateway;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

struct Liar {
    issuer: String,
    key: EcdsaKeyPair,
    other: EcdsaKeyPair,
    /// What its token endpoint answers with: an ID token, unless it is another answer altogether.
    answer: Mutex<(StatusCode, Value)>,
}

fn draw() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn liar() -> Arc<Liar> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let liar = Arc::new(Liar {
        issuer,
        key: draw(),
        other: draw(),
        answer: Mutex::new((StatusCode::OK, json!({}))),
    });
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(Arc::clone(&liar));
    tokio::spawn(async move { axum::serve(listener, router).await });
    liar
}

async fn discovery(State(liar): State<Arc<Liar>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", liar.issuer);
    Json(json!({
        "issuer": liar.issuer, "authorization_endpoint": at("auth"), "token_endpoint": at("token"),
        "jwks_uri": at("keys"),
    }))
}

async fn keys(State(liar): State<Arc<Liar>>) -> Json<Value> {
    let point = liar.key.public_key().as_ref();
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": "1", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
    Json(json!({ "keys": [key] }))
}

async fn token(State(liar): State<Arc<Liar>>) -> (StatusCode, Json<Value>) {
    let (status, answer) = liar.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (status, Json(answer))
}

impl Liar {
    fn signed(&self, key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
        let token = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        format!("{token}.{}", encode(key.sign(&SystemRandom::new(), token.as_bytes()).unwrap()))
    }
}

/// What comes of a sign-in in which the provider answers with what `lie` makes of good header and claims.
async fn came(
    house: &House,
    liar: &Liar,
    lie: impl FnOnce(&Liar, Value, Value) -> (StatusCode, Value),
) -> (u16, String) {
    let mut browser = house.browser();
    let begun = browser.get(&format!("{PUBLIC}/signin?back=/desk")).await;
    let part = |name: &str| {
        let rest = begun.location.split_once(&format!("&{name}=")).unwrap().1;
        rest.split('&').next().unwrap().to_owned()
    };
    let now = seconds(&house.gateway);
    let claims = json!({
        "iss": liar.issuer, "sub": "1", "aud": "comity", "nonce": part("nonce"), "iat": now, "exp": now + 300,
        "preferred_username": "t.tamm", "groups": ["cti"], "training_until": "2099-06-30",
    });
    let answer = lie(liar, json!({ "alg": "ES256", "kid": "1" }), claims);
    *liar.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    let answer = browser.get(&format!("{PUBLIC}/signin/callback?code=c&state={}", part("state"))).await;
    let told = serde_json::from_str::<Value>(&answer.text).map(|problem| problem["type"].clone());
    let signed_in = browser.get(&format!("{PUBLIC}/me")).await.status == 200;
    assert_eq!(signed_in, answer.status == 303);
    let told =
        told.ok().and_then(|kind| Some(kind.as_str()?.trim_start_matches("/api/problems/").to_owned()));
    (answer.status, told.unwrap_or(answer.location))
}

fn seconds(gateway: &Gateway) -> i64 {
    gateway.now().as_second()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_wrong_in_one_thing_signs_nobody_in() {
    let liar = liar().await;
    let house = House::open(&liar.issuer, "comity", "secret").await;
    let token = |token: String| (StatusCode::OK, json!({ "id_token": token, "token_type": "Bearer" }));
    let before = house.entries().await;
    let claim = async |name: &str, value: Value| {
        came(&house, &liar, |liar, header, mut claims| {
            claims[name] = value;
            token(liar.signed(&liar.key, &header, &claims))
        })
        .await
    };
    let refused = (403, "sign-in-token".to_owned());
    let now = seconds(&house.gateway);
    assert_eq!(claim("iss", json!("https://id.example")).await, refused);
    assert_eq!(claim("aud", json!("another")).await, refused);
    assert_eq!(claim("aud", json!(["comity", "another"])).await, refused);
    assert_eq!(claim("azp", json!("another")).await, refused);
    assert_eq!(claim("exp", json!(now - 120)).await, refused);
    assert_eq!(claim("iat", json!(now - 600)).await, refused);
    assert_eq!(claim("iat", json!(now + 600)).await, refused);
    assert_eq!(claim("nbf", json!(now + 600)).await, refused);
    assert_eq!(claim("nonce", json!("another")).await, refused);
    assert_eq!(claim("nonce", json!(null)).await, refused);
    let forged =
        came(&house, &liar, |liar, header, claims| token(liar.signed(&liar.other, &header, &claims)));
    assert_eq!(forged.await, refused, "by a key that is not the provider's");
    let unsigned = came(&house, &liar, |_, _, claims| {
        token(format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(claims.to_string())))
    });
    assert_eq!(unsigned.await, refused);
    let unknown = came(&house, &liar, |liar, _, claims| {
        token(liar.signed(&liar.key, &json!({ "alg": "ES256", "kid": "2" }), &claims))
    });
    assert_eq!(unknown.await, refused);
    for answer in [json!({}), json!([]), json!({ "id_token": 7 })] {
        let odd = came(&house, &liar, |_, _, _| (StatusCode::OK, answer.clone()));
        assert_eq!(odd.await, (400, "sign-in-answer".to_owned()));
    }
    let error = came(&house, &liar, |_, _, _| (StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" })));
    assert_eq!(error.await, (502, "sign-in-provider".to_owned()));
    let huge = came(&house, &liar, |_, _, _| (StatusCode::OK, json!({ "id_token": "x".repeat(300_000) })));
    assert_eq!(huge.await, (502, "sign-in-provider".to_owned()));
    assert_eq!(house.entries().await, before, "nobody was made known");

    let right = came(&house, &liar, |liar, header, claims| token(liar.signed(&liar.key, &header, &claims)));
    assert_eq!(right.await, (303, format!("{PUBLIC}/desk")));
    assert_eq!(house.entries().await, before + 1);
    // What the provider says changes the officer, by an entry; another subject of the same name is not them.
    let untrained = came(&house, &liar, |liar, header, mut claims| {
        claims["training_until"] = json!(null);
        claims["groups"] = json!(["leads"]);
        claims["preferred_username"] = json!("t.kask");
        token(liar.signed(&liar.key, &header, &claims))
    });
    assert_eq!(untrained.await.0, 303);
    assert_eq!(house.entries().await, before + 2);
    use comity_exchange::ports::Store as _;
    let officer = house.gateway.store().officer("t.tamm").await.unwrap().unwrap();
    assert_eq!(officer.role, "legal_officer");
    assert!(officer.training_until < house.gateway.now(), "a claim that says nothing trains nobody");
    assert_eq!(house.gateway.store().officer("t.kask").await.unwrap(), None, "a subject keeps its name here");
    assert_eq!(claim("sub", json!("2")).await, (403, "sign-in-taken".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_there_is_said_to_be_so() {
    let house = House::open("http://127.0.0.1:1", "comity", "secret").await;
    let answer = house.browser().get(&format!("{PUBLIC}/signin")).await;
    assert_eq!(answer.status, 502);
    assert!(answer.text.contains("/api/problems/sign-in-provider"), "{}", answer.text);
    let answer = house.browser().get(&format!("{PUBLIC}/signin?back=//evil.example")).await;
    assert_eq!(answer.status, 400);
}
