//! A tool that speaks HTTP to a gateway, and can say anything.

use crate::house::House;
use base64::Engine as _;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// A tool with an officer's password.
#[derive(Clone)]
pub(crate) struct Tool {
    at: SocketAddr,
    authorization: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|values| values.first()).map(String::as_str)
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {} {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON, once the answer is a TAXII message of that status.
    #[track_caller]
    pub(crate) fn taxii(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some(TAXII), "{status}");
        let json = self.json();
        if status >= 400 {
            assert!(json["title"].is_string(), "{json}");
            assert_eq!(json["http_status"], status.to_string());
        }
        json
    }
}

impl Tool {
    pub(crate) fn of(house: &House, officer: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{officer}:{password}"));
        Self { at: house.plain(), authorization: Some(format!("Basic {pair}")) }
    }

    /// One that shows nothing, or this.
    pub(crate) fn showing(&self, authorization: Option<&str>) -> Self {
        Self { authorization: authorization.map(str::to_owned), ..self.clone() }
    }

    /// The line of a head that it shows.
    pub(crate) fn shown(&self) -> String {
        self.authorization.as_ref().map_or_else(String::new, |shown| format!("authorization: {shown}\r\n"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("accept", TAXII)], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Answer {
        let headers = [("accept", TAXII), ("content-type", TAXII)];
        self.ask("POST", path, &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[("accept", TAXII)], b"").await
    }

    /// Says exactly this.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.at);
        head.push_str(&self.shown());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let announced = headers.iter().any(|(name, _)| *name == "content-length");
        if method == "POST" && !announced {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        read(&self.say(&[head.as_bytes(), body].concat()).await)
    }

    /// Everything that comes back for these bytes until the gateway closes.
    pub(crate) async fn say(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        // A gateway that refuses early may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    }

    /// A connection on which these bytes were said, and nothing more.
    pub(crate) async fn begin(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }
}

fn read(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    Answer { status, headers, body: answer[end + 4..].to_vec() }
}
