use super::*;
use crate::clock::OsEntropy;
use crate::net::client::{ClientError, PeerClient};
use crate::net::tls::Certificate;
use crate::watch::{Stopper, stopping};
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::routing::{get, post};
use comity_terms::Party;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(10);

fn party(code: &str) -> Party {
    Party::new(code).unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::draw(name, &mut OsEntropy).unwrap()
}

/// A federation listener of XB with the routes that the tests need.
struct Gateway {
    address: SocketAddr,
    pin: Digest,
    pins: PinSet,
    stopper: Stopper,
    serving: JoinHandle<()>,
}

impl Gateway {
    async fn start(limits: Limits) -> Self {
        let own = certificate("XB");
        let pins = PinSet::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/who", get(async |ConnectInfo(c): ConnectInfo<Connection>| c.party.to_string()))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(300)).await))
            .route("/length", post(async |body: axum::body::Bytes| body.len().to_string()))
            .layer(DefaultBodyLimit::max(1_000));
        let door = Door::Federation { tls: own.server(pins.clone()).unwrap(), pins: pins.clone() };
        let (stopper, stop) = stopping();
        let serving = tokio::spawn(serve(listener, door, router, limits, stop));
        Self { address, pin: own.pin(), pins, stopper, serving }
    }

    fn client(&self, own: &Certificate) -> PeerClient {
        PeerClient::new(&format!("https://{}", self.address), &[self.pin], own, PATIENCE).unwrap()
    }
}

fn text(answer: Result<Vec<u8>, ClientError>) -> String {
    String::from_utf8(answer.unwrap()).unwrap()
}

#[tokio::test]
async fn a_partner_is_known_by_its_certificate() {
    let gateway = Gateway::start(Limits::default()).await;
    let (xa, xc) = (certificate("XA"), certificate("XC"));
    gateway.pins.admit(party("XA"), xa.pin());
    gateway.pins.admit(party("XC"), xc.pin());
    assert_eq!(text(gateway.client(&xa).get("/who", 100).await), "XA");
    assert_eq!(text(gateway.client(&xc).get("/who", 100).await), "XC");
}

#[tokio::test]
async fn a_stranger_is_refused_until_admitted_and_again_once_dismissed() {
    let gateway = Gateway::start(Limits::default()).await;
    let xa = certificate("XA");
    let client = gateway.client(&xa);
    assert!(matches!(client.get("/who", 100).await, Err(ClientError::Unreachable(_))));
    gateway.pins.admit(party("XA"), xa.pin());
    assert_eq!(text(client.get("/who", 100).await), "XA");
    // The warm connection does not outlive the pin.
    gateway.pins.dismiss(&party("XA"));
    assert!(matches!(client.get("/who", 100).await, Err(ClientError::Refused { status: 403, .. })));
    assert!(matches!(client.get("/who", 100).await, Err(ClientError::Unreachable(_))));
}

#[tokio::test]
async fn a_new_certificate_takes_the_place_of_the_old() {
    let gateway = Gateway::start(Limits::default()).await;
    let (old, new) = (certificate("XA"), certificate("XA"));
    gateway.pins.admit(party("XA"), old.pin());
    gateway.pins.admit(party("XA"), new.pin());
    assert!(gateway.client(&old).get("/who", 100).await.is_err());
    assert_eq!(text(gateway.client(&new).get("/who", 100).await), "XA");
}

#[tokio::test]
async fn another_server_at_the_address_is_not_talked_to() {
    let gateway = Gateway::start(Limits::default()).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let url = format!("https://{}", gateway.address);
    let client = PeerClient::new(&url, &[certificate("XB").pin()], &xa, PATIENCE).unwrap();
    assert!(matches!(client.get("/who", 100).await, Err(ClientError::Unreachable(_))));
}

#[tokio::test]
async fn a_pinned_certificate_without_its_key_is_refused() {
    // Whoever saw a certificate on the wire can present it, but not sign with it.
    let gateway = Gateway::start(Limits::default()).await;
    let (xa, thief) = (certificate("XA"), certificate("thief"));
    gateway.pins.admit(party("XA"), xa.pin());
    let stolen = Certificate::from_pem(&xa.to_pem().0, &thief.to_pem().1).unwrap();
    match PeerClient::new(&format!("https://{}", gateway.address), &[gateway.pin], &stolen, PATIENCE) {
        Err(ClientError::Unusable(_)) => {}
        Err(other) => panic!("{other}"),
        Ok(client) => assert!(client.get("/who", 100).await.is_err()),
    }
}

#[tokio::test]
async fn who_says_nothing_holds_nobody_up_and_is_cut_off() {
    let limits = Limits { handshake: Duration::from_millis(300), ..Limits::default() };
    let gateway = Gateway::start(limits).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(gateway.address).await.unwrap());
    }
    let client = gateway.client(&xa);
    let quick = timeout(Duration::from_millis(250), client.get("/who", 100));
    assert_eq!(text(quick.await.expect("the silent ones hold nobody up")), "XA");
    for stream in &mut silent {
        let cut = timeout(Duration::from_secs(5), stream.read(&mut [0; 8])).await.expect("cut off");
        assert!(matches!(cut, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_their_turn() {
    let limits = Limits { connections: 1, handshake: Duration::from_millis(200), ..Limits::default() };
    let gateway = Gateway::start(limits).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let _silent = TcpStream::connect(gateway.address).await.unwrap();
    assert_eq!(text(gateway.client(&xa).get("/who", 100).await), "XA", "after the silent one's time");
}

#[tokio::test]
async fn a_body_above_the_limit_is_413_and_an_answer_above_it_is_not_read() {
    let gateway = Gateway::start(Limits::default()).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let client = gateway.client(&xa);
    assert_eq!(text(client.post("/length", vec![0; 1_000], 100).await), "1000");
    let refused = client.post("/length", vec![0; 1_001], 100).await;
    assert!(matches!(refused, Err(ClientError::Refused { status: 413, .. })), "{refused:?}");
    assert!(matches!(client.get("/who", 1).await, Err(ClientError::Unreachable(_))));
}

#[tokio::test]
async fn a_connection_is_kept_warm() {
    let gateway = Gateway::start(Limits { connections: 1, ..Limits::default() }).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let client = gateway.client(&xa);
    // With room for one connection, a second one would wait for the first to end.
    for _ in 0..5 {
        assert_eq!(text(client.get("/who", 100).await), "XA");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let gateway = Gateway::start(Limits::default()).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let url = format!("https://{}", gateway.address);
    let client = PeerClient::new(&url, &[gateway.pin], &xa, Duration::from_millis(100)).unwrap();
    assert!(matches!(client.get("/slow", 100).await, Err(ClientError::Unreachable(_))));
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way() {
    let gateway = Gateway::start(Limits::default()).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let client = gateway.client(&xa);
    let slow = tokio::spawn(async move { client.get("/slow", 100).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    gateway.stopper.stop();
    slow.await.unwrap().unwrap();
    timeout(Duration::from_secs(5), gateway.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(gateway.address).await.is_err());
}

#[tokio::test]
async fn the_head_of_a_request_may_not_trickle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stopper, stop) = stopping();
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    tokio::spawn(serve(listener, Door::Plain, Router::new(), limits, stop));
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HT").await.unwrap();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(5), slow.read_to_end(&mut rest)).await.expect("cut off").unwrap();
}

#[test]
fn an_address_is_https_with_a_host_and_no_path() {
    let own = certificate("XA");
    for bad in ["http://xb.example:1", "xb.example", "https://", "https://xb.example/path", ""] {
        let made = PeerClient::new(bad, &[own.pin()], &own, PATIENCE);
        assert!(matches!(made, Err(ClientError::Unusable(_))), "{bad}");
    }
}
