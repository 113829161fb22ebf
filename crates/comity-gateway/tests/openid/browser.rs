//! A browser as far as sign-in needs one: it keeps cookies by host, and tells where it is sent.

use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Where browsers find the gateway: no name is looked up, the test knows where it listens.
pub(crate) const PUBLIC: &str = "https://gateway.example";

#[derive(Clone)]
pub(crate) struct Browser {
    /// Where the gateway listens: `127.0.0.1:port`.
    gateway: String,
    /// By host and name.
    pub(crate) cookies: BTreeMap<(String, String), String>,
}

/// An answer: status, where it leads, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new(gateway: String) -> Self {
        Self { gateway, cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.ask("GET", url, "", &[]).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("POST", url, form, headers).await
    }

    async fn ask(&mut self, method: &str, url: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let (_, rest) = url.split_once("://").unwrap_or_else(|| panic!("{url} is no URL"));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let address = if url.starts_with(PUBLIC) { self.gateway.as_str() } else { host };
        let mine = self.cookies.iter().filter(|((of, _), _)| of == host);
        let cookies: Vec<String> = mine.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        if !cookies.is_empty() {
            request += &format!("cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method == "POST" {
            let kind = "application/x-www-form-urlencoded";
            request += &format!("content-type: {kind}\r\ncontent-length: {}\r\n", form.len());
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request}\r\n{form}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut location = String::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("location") {
                location = if value.starts_with('/') {
                    format!("{}://{host}{value}", url.split_once("://").unwrap().0)
                } else {
                    value.to_owned()
                };
            }
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, rest) = value.split_once('=').unwrap();
                let kept = rest.split(';').next().unwrap().to_owned();
                let key = (host.to_owned(), name.to_owned());
                if kept.is_empty() {
                    self.cookies.remove(&key)
                } else {
                    self.cookies.insert(key, kept)
                };
            }
        }
        Answer { status, location, text: text.to_owned() }
    }
}
