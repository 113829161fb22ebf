//! A client of some TAXII server: one connection, requests as a tool makes them.

use super::{TAXII, Tested};
use base64::Engine as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A collection of some server.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) name: String,
    at: String,
    path: String,
    authorization: String,
}

impl Peer {
    pub(super) fn of(name: &str, url: &str, officer: &str) -> Tested<Self> {
        let rest = url.strip_prefix("http://").ok_or("a peer is at http://…")?;
        let (at, path) = rest.split_once('/').ok_or("a peer's URL has a path")?;
        let shown = base64::engine::general_purpose::STANDARD.encode(officer);
        Ok(Self {
            name: name.to_owned(),
            at: at.to_owned(),
            path: format!("/{path}"),
            authorization: format!("Basic {shown}"),
        })
    }
}

#[derive(Clone, Copy)]
pub(super) enum Asking {
    Post(u32),
    Get,
}

pub(super) fn envelope(next: &AtomicU64, objects: u32) -> String {
    let first = next.fetch_add(u64::from(objects), Ordering::Relaxed);
    let all: Vec<String> = (first..first + u64::from(objects)).map(indicator).collect();
    format!("{{\"objects\":[{}]}}", all.join(","))
}

fn indicator(number: u64) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-{number:012}","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"Dropper {number}","indicator_types":["malicious-activity"],"pattern":"[file:hashes.'SHA-256' = '{number:064x}']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z"}}"#
    )
}

/// One connection, kept open as long as the server keeps it.
pub(super) struct Client {
    peer: Arc<Peer>,
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(super) async fn connect(peer: &Arc<Peer>) -> Tested<Self> {
        let stream = TcpStream::connect(&peer.at).await?;
        stream.set_nodelay(true)?;
        Ok(Self { peer: Arc::clone(peer), stream, read: Vec::new() })
    }

    pub(super) async fn ask(&mut self, asking: Asking, next: &AtomicU64) -> Tested<()> {
        match asking {
            Asking::Post(objects) => self.post(&envelope(next, objects)).await,
            Asking::Get => self.get().await,
        }
    }

    pub(super) async fn post(&mut self, body: &str) -> Tested<()> {
        let head = format!("content-type: {TAXII}\r\ncontent-length: {}\r\n", body.len());
        let said = self.said("POST", "objects/", &head, body).await?;
        let failed = said
            .windows(18)
            .any(|window| window == b"\"failure_count\":0," || window == b"\"failure_count\": 0");
        if failed { Ok(()) } else { Err(format!("{}: not everything was taken", self.peer.name).into()) }
    }

    pub(super) async fn get(&mut self) -> Tested<()> {
        let said = self.read("objects/?limit=100").await?;
        let objects = said.windows(12).filter(|window| window == b"\"indicator--").count();
        if objects == 100 {
            Ok(())
        } else {
            Err(format!("{}: {objects} objects of 100", self.peer.name).into())
        }
    }

    /// The answer to a GET below the collection.
    pub(super) async fn read(&mut self, path: &str) -> Tested<Vec<u8>> {
        self.said("GET", path, "", "").await
    }

    async fn said(&mut self, method: &str, path: &str, head: &str, body: &str) -> Tested<Vec<u8>> {
        let Peer { at, path: collection, authorization, .. } = &*self.peer;
        let request = format!(
            "{method} {collection}{path} HTTP/1.1\r\nhost: {at}\r\nauthorization: {authorization}\r\naccept: {TAXII}\r\n{head}\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.read.clear();
        let mut chunk = vec![0; 64 * 1_024];
        let (end, length, closes) = loop {
            let count = self.stream.read(&mut chunk).await?;
            if count == 0 {
                return Err("the server closed the connection".into());
            }
            self.read.extend_from_slice(&chunk[..count]);
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.read[..end])?.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.ok_or("an answer without its length")?.trim().parse()?;
                let closes = head.contains("connection: close") || head.starts_with("http/1.0");
                if !head.contains(" 200 ") && !head.contains(" 202 ") {
                    return Err(
                        format!("{}: {}", self.peer.name, head.lines().next().unwrap_or_default()).into()
                    );
                }
                break (end + 4, length, closes);
            }
        };
        while self.read.len() < end + length {
            let count = self.stream.read(&mut chunk).await?;
            if count == 0 {
                return Err("the server closed the connection".into());
            }
            self.read.extend_from_slice(&chunk[..count]);
        }
        let body = self.read[end..].to_vec();
        if closes {
            *self = Self::connect(&self.peer).await?;
        }
        Ok(body)
    }
}
