use super::*;
use crate::net::listener::{Door, Limits, serve};
use crate::watch::stopping;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A log whose files come when they are asked to be derived, and whose gateway stops when it is told to.
struct Files(PathBuf, AtomicBool);

impl PublicLog for Files {
    fn folder(&self) -> PathBuf {
        self.0.clone()
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        Ok("origin\n1\n".to_owned())
    }

    async fn derive(&self) -> Result<(), StoreError> {
        std::fs::create_dir_all(self.0.join("tile/0/000.p")).unwrap();
        std::fs::write(self.0.join("tile/0/000.p/1"), "tile").unwrap();
        Ok(())
    }

    fn has_stopped(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

/// Head and body of the answer to `GET path`, over a real socket.
async fn get_path(address: std::net::SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn the_public_sees_health_and_the_log_and_nothing_else() {
    let room = tempfile::tempdir().unwrap();
    let log = room.path().join("log");
    std::fs::create_dir_all(log.join("tile/0")).unwrap();
    std::fs::write(log.join("checkpoint"), "what a reader of the folder sees").unwrap();
    std::fs::write(log.join("tile/0/draft"), "unfinished").unwrap();
    std::fs::write(room.path().join("secret"), "secret").unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = stopping();
    let log = Arc::new(Files(log, AtomicBool::new(false)));
    let serving =
        tokio::spawn(serve(listener, Door::Plain, router(Arc::clone(&log)), Limits::default(), stop));

    let (head, body) = get_path(address, "/health").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, concat!(r#"{"status":"ok","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#));
    let (head, body) = get_path(address, "/log/tile/0/000.p/1").await;
    assert!(head.contains("application/octet-stream") && head.contains("immutable"), "{head}");
    assert_eq!(body, "tile", "not there at first: a checkpoint of another node names it");
    let (head, body) = get_path(address, "/log/checkpoint").await;
    assert!(head.contains("text/plain") && head.contains("no-cache"), "{head}");
    assert_eq!(body, "origin\n1\n", "as the database has it");
    for absent in [
        "/log/tile/0/001",
        "/log/tile/0/draft",
        "/log/../secret",
        "/log/%2e%2e/secret",
        "/log/tile/0/000.p/01",
        "/log/",
        "/federation/v1/offers",
    ] {
        let (head, body) = get_path(address, absent).await;
        assert!(head.starts_with("HTTP/1.1 404"), "{absent}: {head}");
        assert!(head.contains("application/problem+json") && body.contains(r#""status":404"#), "{absent}");
    }
    log.1.store(true, Ordering::Relaxed);
    let (head, body) = get_path(address, "/health").await;
    assert!(head.starts_with("HTTP/1.1 503") && body.contains("/api/problems/stopped"), "{head}{body}");
    stopper.stop();
    serving.await.unwrap();
}
