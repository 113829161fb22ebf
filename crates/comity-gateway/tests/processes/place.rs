//! Gateways as processes: where they lie, what they are told, and how they end.

use comity_gateway::socket::{Bytes, CommandReply, CommandRequest, call};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) const AGREEMENT: &str = "eu-nis2-2022-2555";

/// Longer than anything here takes, on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn comity(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.args(arguments);
    for name in ["COMITY_DIR", "COMITY_KEYS", "COMITY_LOG", "COMITY_DATABASE"] {
        command.env_remove(name);
    }
    command
}

/// A directory of a gateway, and the keys that belong to it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    pub(crate) keys: PathBuf,
}

impl Place {
    pub(crate) fn at(room: &Path, name: &str) -> Self {
        Self { dir: room.join(name), keys: room.join(format!("{name}-keys")) }
    }

    /// A new gateway that has adopted the agreement.
    pub(crate) fn init(room: &Path, code: &str) -> Self {
        let place = Self::at(room, code);
        place.run(&["init", "--jurisdiction", code, "--authority", "An authority"], "");
        place.run(&["law", "adopt", AGREEMENT], "");
        place
    }

    /// A command at this place, run to its end: its standard output.
    pub(crate) fn run(&self, arguments: &[&str], stdin: &str) -> String {
        let (status, stdout, said) = self.tried(arguments, stdin);
        assert!(status.success(), "{arguments:?}: {said}");
        stdout
    }

    /// A command at this place, run to its end: how it ended, its standard output, and what it said.
    pub(crate) fn tried(&self, arguments: &[&str], stdin: &str) -> (ExitStatus, String, String) {
        let mut process = comity(arguments)
            .arg("--dir")
            .arg(&self.dir)
            .arg("--keys")
            .arg(&self.keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status, text(output.stdout), text(output.stderr))
    }

    /// Makes the officer known that these tests share as.
    pub(crate) fn officer(&self) {
        let words =
            ["officer", "add", "--name", "tamm", "--role", "analyst", "--training-until", "2099-01-01"];
        self.run(&[&words[..], &["--password-stdin"]].concat(), "a long enough password\n");
    }

    /// Makes the gateway at `other` known here, at `url`.
    pub(crate) fn meet(&self, code: &str, other: &Self, url: &str) {
        let file = self.dir.with_extension("identity");
        std::fs::write(&file, other.run(&["identity"], "")).unwrap();
        let file = file.to_str().unwrap();
        self.run(&["peer", "add", "--jurisdiction", code, "--url", url, "--identity", file], "");
    }

    /// Runs the gateway here, on its database; partners come in at `federation`.
    pub(crate) fn serve(&self, database: Option<&str>, federation: SocketAddr) -> Node {
        self.try_serve(database, federation).unwrap_or_else(|said| panic!("it did not start: {said}"))
    }

    /// As [`serve`](Self::serve); what it said where it does not start.
    pub(crate) fn try_serve(&self, database: Option<&str>, federation: SocketAddr) -> Result<Node, String> {
        let mut command = comity(&["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
        command.arg("--federation").arg(federation.to_string());
        command.arg("--dir").arg(&self.dir).arg("--keys").arg(&self.keys);
        if let Some(url) = database {
            command.args(["--database", url]);
        }
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let mut address = |scheme: &str| -> Option<SocketAddr> {
            for line in lines.by_ref() {
                let line = line.unwrap();
                if let Some((_, address)) = line.split_once(scheme) {
                    return Some(address.trim_end_matches("/metrics").trim().parse().unwrap());
                }
                said.push(line);
            }
            None
        };
        let public = address("listening on http://");
        let federation = address("listening on https://");
        let figures = address("figures at http://");
        let (Some(public), Some(federation), Some(figures)) = (public, federation, figures) else {
            process.wait().unwrap();
            return Err(said.join("\n"));
        };
        // What it says later is read, so that it never waits for a reader.
        let (sender, last) = mpsc::channel();
        std::thread::spawn(move || {
            said.extend(lines.map_while(Result::ok));
            let _ = sender.send(said.join("\n"));
        });
        Ok(Node { place: self.clone(), process, public, federation, figures, last })
    }

    /// A command through the socket of the process that serves here; `None` when that did not answer.
    pub(crate) async fn tell(&self, words: &[&str], stdin: Option<&[u8]>) -> Option<CommandReply> {
        let dir = self.dir.display().to_string();
        let command = words.iter().copied().chain(["--dir", &dir]).map(str::to_owned).collect();
        let request =
            CommandRequest { command, stdin: stdin.map(|bytes| Bytes(bytes.to_vec())), cwd: "/".into() };
        call(&self.dir.join("comity.sock"), &request).await.ok()?
    }

    /// One share through the process that serves here: the exchange's id and its outcome; `None` when that did not
    /// answer, or could not.
    pub(crate) async fn share(&self) -> Option<(String, String)> {
        self.share_told().await.ok()
    }

    /// As [`share`](Self::share); what was said where nothing was shared.
    pub(crate) async fn share_told(&self) -> Result<(String, String), String> {
        let words = ["share", "-", "--officer", "tamm", "--under", AGREEMENT, "--to", "FI"];
        let more = ["--activity", "threat_intel", "--purpose", "cyber_defence", "--json"];
        let bundle = include_bytes!("../../../../examples/bundles/phishing-campaign.json");
        let reply = self.tell(&[&words[..], &more].concat(), Some(bundle)).await.ok_or("no answer")?;
        let said: Json = serde_json::from_slice(&reply.stdout.0).unwrap_or_default();
        let told = |key: &str| said[key].as_str().map(str::to_owned);
        let exchange = told("exchange_id").zip(told("outcome"));
        exchange.ok_or_else(|| String::from_utf8_lossy(&reply.stderr.0).into_owned())
    }
}

/// A running gateway.
pub(crate) struct Node {
    pub(crate) place: Place,
    process: Child,
    pub(crate) public: SocketAddr,
    pub(crate) federation: SocketAddr,
    figures: SocketAddr,
    /// What it has said, once it has ended.
    last: mpsc::Receiver<String>,
}

impl Node {
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has ended, whoever still holds what is left of it.
    pub(crate) fn is_dead(&self) -> bool {
        crate::traced::is_dead(self.id())
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended: how, and what it said.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let said = self.last.recv_timeout(PATIENCE).expect("it ends");
        (self.process.wait().unwrap(), said)
    }

    /// Asks it to finish, and waits until it has.
    pub(crate) fn stop(self) {
        self.signal("-TERM");
        let (status, said) = self.ended();
        assert!(status.success(), "{status}: {said}");
    }

    /// What is at `path` of its public listener: head and body; empty when it does not answer.
    pub(crate) fn get(&self, path: &str) -> String {
        get(self.public, path).unwrap_or_default()
    }

    /// One of its figures; `None` when it does not answer.
    pub(crate) fn figure(&self, series: &str) -> Option<f64> {
        let text = get(self.figures, "/metrics").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    /// Asks again and again until nothing waits in its outbox.
    pub(crate) fn until_delivered(&self) {
        let began = Instant::now();
        while self.figure("comity_outbox_offers") != Some(0.0) {
            assert!(began.elapsed() < PATIENCE, "its outbox is not worked off");
            // It is asked again soon, and has the processor meanwhile.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Any address on loopback that is free.
pub(crate) fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// An address on loopback that a process can have again after it ended: none that the system gives to others.
pub(crate) fn somewhere() -> SocketAddr {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    let free = (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    ([127, 0, 0, 1], free.expect("a port is free")).into()
}

/// Verifies a log from outside; how many entries it has.
pub(crate) fn verified(log: &str, key: &str) -> u64 {
    let output = comity(&["audit", "verify", log, "--key", key, "--json"]).output().unwrap();
    let verdict: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["ok"], true, "{verdict}");
    verdict["size"].as_u64().unwrap()
}
