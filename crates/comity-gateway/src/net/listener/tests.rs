use super::*;
use crate::clock::OsEntropy;
use crate::net::body::at_most;
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
    slow_began: Arc<tokio::sync::Notify>,
}

impl Gateway {
    async fn start(limits: Limits) -> Self {
        let own = certificate("XB");
        let pins = PinSet::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow_began = Arc::new(tokio::sync::Notify::new());
        let began = Arc::clone(&slow_began);
        let router = Router::new()
            .route("/who", get(async |ConnectInfo(c): ConnectInfo<Connection>| c.party.to_string()))
            .route(
                "/slow",
                get(async move || {
                    began.notify_one();
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }),
            )
            .route("/length", post(async |body: axum::body::Bytes| body.len().to_string()))
            .layer(DefaultBodyLimit::max(1_000));
        let door = Door::Federation { tls: own.server(pins.clone()).unwrap(), pins: pins.clone() };
        let (stopper, stop) = stopping();
        let serving = tokio::spawn(serve(listener, door, router, limits, stop));
        Self { address, pin: own.pin(), pins, stopper, serving, slow_began }
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
async fn one_more_than_the_cap_takes_the_seat_of_who_waited_longest() {
    let gateway = Gateway::start(Limits { connections: 1, ..Limits::default() }).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let mut silent = TcpStream::connect(gateway.address).await.unwrap();
    assert_eq!(text(gateway.client(&xa).get("/who", 100).await), "XA", "long before the silent one's time");
    let cut = timeout(PATIENCE, silent.read(&mut [0; 8])).await.expect("cut off");
    assert!(matches!(cut, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_request_under_way_keeps_its_seat() {
    let gateway = Gateway::start(Limits { connections: 1, ..Limits::default() }).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    let client = gateway.client(&xa);
    let slow = tokio::spawn(async move { client.get("/slow", 100).await });
    gateway.slow_began.notified().await;
    assert_eq!(text(gateway.client(&xa).get("/who", 100).await), "XA", "after the other was answered");
    slow.await.unwrap().unwrap();
}

/// A plain listener with one route that answers `here`, and one that tells how long a body is.
async fn plain(limits: Limits) -> (SocketAddr, Stopper) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = stopping();
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/length", at_most(1_000, post(async |body: axum::body::Bytes| body.len().to_string())));
    tokio::spawn(serve(listener, Door::Plain, router, limits, stop));
    (address, stopper)
}

/// Everything that comes back for these bytes until the other side closes.
async fn answer(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The other side may close before it has read all: what it said counts.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_that_say_nothing_keep_nobody_out() {
    let (address, _stopper) = plain(Limits { connections: 64, ..Limits::default() }).await;
    // Both ends of each lie in this process: no more at once than its files allow.
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok());
    let at_once = (files.unwrap_or(1_024_usize) / 2).saturating_sub(200).clamp(100, 4_000);
    let mut crowd = std::collections::VecDeque::new();
    for number in 0..10_000 {
        if crowd.len() == at_once {
            crowd.pop_front();
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET / HT").await;
        }
        crowd.push_back(stream);
        if number % 1_000 == 999 {
            let answered = answer(address, ASK).await;
            assert!(answered.ends_with("here"), "after {number}: {answered}");
        }
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_cut_off() {
    let (address, _stopper) = plain(Limits::default()).await;
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let long = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "a".repeat(1 << 20));
    for flood in [many, long] {
        let answered = answer(address, flood.as_bytes()).await;
        assert!(answered.is_empty() || answered.starts_with("HTTP/1.1 431"), "{answered}");
    }
    assert!(answer(address, ASK).await.ends_with("here"));
}

#[tokio::test]
async fn garbage_behind_a_request_leaves_its_answer_alone() {
    let (address, _stopper) = plain(Limits::default()).await;
    let mut bytes = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec();
    bytes.extend((0..=255_u8).cycle().take(10_000));
    let answered = answer(address, &bytes).await;
    assert!(answered.contains("\r\n\r\nhere"), "{answered}");
    assert_eq!(answered.matches("200 OK").count(), 1, "{answered}");
    assert!(answer(address, ASK).await.ends_with("here"));
}

#[tokio::test]
async fn garbage_on_the_federation_listener_is_cut_off_before_and_after_the_handshake() {
    let gateway = Gateway::start(Limits::default()).await;
    let xa = certificate("XA");
    gateway.pins.admit(party("XA"), xa.pin());
    answer(gateway.address, &[0x16; 4_096]).await;
    answer(gateway.address, ASK).await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(xa.client(&[gateway.pin]).unwrap());
    let mut stream = connector.connect(name, stream).await.unwrap();
    let _ = stream.write_all(&[b"GET /who HTTP/1.1\r\nhost: a\r\n\r\n", &[0xff; 4_096][..]].concat()).await;
    let mut answered = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answered)).await.expect("an end");
    let answered = String::from_utf8_lossy(&answered);
    assert!(answered.contains("\r\n\r\nXA") && answered.matches("200 OK").count() == 1, "{answered}");
    assert_eq!(text(gateway.client(&xa).get("/who", 100).await), "XA", "others are answered");
}

#[tokio::test]
async fn a_body_may_not_trickle() {
    let (address, _stopper) = plain(Limits { piece: Duration::from_millis(200), ..Limits::default() }).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\na").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut rest)).await.expect("cut off").unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));

    // Nor may it come piece by piece beyond the time for all of it.
    let (address, _stopper) = plain(Limits { body: Duration::from_millis(200), ..Limits::default() }).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\na").await.unwrap();
    let (mut read, mut write) = slow.split();
    // At a byte in ten milliseconds the whole would take ten seconds.
    let mut drip = tokio::time::interval(Duration::from_millis(10));
    let trickle = async {
        while write.write_all(b"a").await.is_ok() {
            drip.tick().await;
        }
    };
    let mut rest = Vec::new();
    let cut = async { read.read_to_end(&mut rest).await };
    tokio::select! {
        () = trickle => {}
        _ = timeout(PATIENCE, cut) => {}
    }
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_comes_and_told_the_bound() {
    let (address, _stopper) = plain(Limits::default()).await;
    // A gigabyte is announced, and none of it is sent: the answer does not wait for it.
    let head = b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 1073741824\r\n\r\n";
    let answered = answer(address, head).await;
    assert!(answered.starts_with("HTTP/1.1 413"), "{answered}");
    assert!(answered.contains("1073741824 bytes, the most is 1000 bytes"), "{answered}");
    // One that does not say how long it is, is read no further than the bound.
    let chunk = format!("{:x}\r\n{}\r\n", 800, "a".repeat(800)).repeat(2);
    let chunked =
        format!("POST /length HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    let answered = answer(address, chunked.as_bytes()).await;
    assert!(
        answered.starts_with("HTTP/1.1 413") && answered.contains("the most is 1000 bytes"),
        "{answered}"
    );
}

#[test]
fn a_path_is_text_or_not_once_it_is_decoded() {
    assert!(["/%c3%a9", "/%", "/%zz", "/%+f", "/%2"].into_iter().all(is_text));
    assert!(!["/%ff", "/a/%c3%28", "/%C3", "/%ed%a0%80"].into_iter().any(is_text));
}

#[tokio::test]
async fn a_compressed_body_is_refused_by_name() {
    let (address, _stopper) = plain(Limits::default()).await;
    for packing in ["gzip", "identity, gzip", "br", "zstd"] {
        let bomb = format!(
            "POST /length HTTP/1.1\r\nhost: a\r\ncontent-encoding: {packing}\r\ncontent-length: 3\r\n\r\nabc"
        );
        let answered = answer(address, bomb.as_bytes()).await;
        assert!(
            answered.starts_with("HTTP/1.1 415") && answered.contains("compressed"),
            "{packing}: {answered}"
        );
    }
    let plain = b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-encoding: identity\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc";
    assert!(answer(address, plain).await.ends_with('3'));
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
