//! A real PostgreSQL: the one that `COMITY_TEST_POSTGRES` names, else a private one for this process.

use comity_store::ServerUrl;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The server's URL, without a database; `None`, said on standard error, where PostgreSQL is not installed.
pub(crate) fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("COMITY_TEST_POSTGRES") {
        Ok(url) => Some(Server { url, _private: None }),
        Err(_) => Server::start(),
    });
    server.as_ref().map(|server| server.url.as_str())
}

struct Server {
    url: String,
    /// It stops when its standard input is closed, as when this process ends, however it ends.
    _private: Option<(Child, ChildStdin)>,
}

impl Server {
    fn start() -> Option<Self> {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let mut server = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
        if url.is_empty() {
            let status = server.wait().unwrap();
            assert_eq!(status.code(), Some(3), "a private PostgreSQL did not start");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        }
        let stdin = server.stdin.take().unwrap();
        Some(Self { url: url.trim().to_owned(), _private: Some((server, stdin)) })
    }
}

/// A new database on the server.
pub(crate) fn database(server: &str) -> ServerUrl {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("engines_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    sql(&format!("{server}/postgres").parse().unwrap(), &format!("CREATE DATABASE {name}"));
    format!("{server}/{name}").parse().unwrap()
}

/// Runs statements as an operator would, past the store.
pub(crate) fn sql(url: &ServerUrl, text: &str) -> Vec<String> {
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, url.dangerous_text()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
