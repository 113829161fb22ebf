//! The examples of `examples/api`, each run against a gateway that serves, as its reader would run it.

use comity_gateway::clock::Clock;
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A process that ends with its test.
struct Running {
    process: Child,
    url: String,
}

impl Running {
    /// Starts it and waits until it says where it listens.
    fn start(command: &mut Command) -> (Self, mpsc::Receiver<String>) {
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let (say, said) = mpsc::channel();
        let errors = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn(move || {
            errors.lines().map_while(Result::ok).for_each(|line| drop(say.send(line)))
        });
        let url = loop {
            let line = said.recv_timeout(Duration::from_secs(60)).expect("it listens");
            if let Some((_, url)) = line.split_once("listening on ") {
                break url.to_owned();
            }
        };
        let (say, lines) = mpsc::channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).for_each(|line| drop(say.send(line)))
        });
        (Self { process, url }, lines)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A gateway of Estonia that serves, with an officer and their token.
struct Served {
    room: tempfile::TempDir,
    gateway: Running,
    token: String,
}

impl Served {
    fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let dir = room.path().join("ee");
        told(&dir, &["init", "--jurisdiction", "EE", "--authority", "Centre"], "");
        let officer =
            ["officer", "add", "--name", "a.tamm", "--role", "analyst", "--training-until", "2099-01-01"];
        told(&dir, &[&officer[..], &["--password-stdin"]].concat(), "correct horse battery");
        let token = told(&dir, &["token", "add", "--officer", "a.tamm"], "");
        let mut serve = comity(&dir, &["serve", "--listen", "127.0.0.1:0"]);
        let (gateway, _) = Running::start(&mut serve);
        Self { room, gateway, token: token["token"].as_str().unwrap().to_owned() }
    }

    fn dir(&self) -> PathBuf {
        self.room.path().join("ee")
    }

    /// Runs an example with these arguments.
    fn run(&self, program: &str, example: &str, token: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .arg(examples().join(example))
            .args(arguments)
            .env("COMITY_URL", &self.gateway.url)
            .env("COMITY_TOKEN", token)
            .output()
            .unwrap()
    }

    /// A bundle that may be public.
    fn bundle(&self) -> String {
        let path = self.room.path().join("bundle.json");
        let bundle = json!({
            "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001",
            "objects": [crate::indicator(1, 1), crate::indicator(2, 1)],
        });
        std::fs::write(&path, bundle.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/api")
}

fn comity(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.args(arguments).arg("--dir").arg(dir).env_remove("COMITY_DIR").env_remove("COMITY_KEYS");
    command
}

/// What a command prints as JSON.
fn told(dir: &Path, arguments: &[&str], stdin: &str) -> Json {
    let mut command = comity(dir, arguments);
    let command = command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // One that reads nothing may be gone by now.
    let _ = process.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// Whether a program is there; where it is not, the test says so.
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: no {program}");
    }
    there
}

#[test]
fn the_example_for_curl_shares_once_and_shows_a_problem_as_it_comes() {
    if !is_there("curl") {
        return;
    }
    let served = Served::new();
    let bundle = served.bundle();
    let done = served.run("sh", "share.sh", &served.token, &[&bundle, "comity-open", "EE"]);
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let answers: Vec<Json> = said
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [dry, real, stands] = &answers[..] else { panic!("three answers: {said}") };
    assert_eq!((&dry["dry_run"], &dry["outcome"]), (&json!(true), &json!("delivered")));
    assert_eq!((&real["outcome"], &real["objects"]["in"]), (&json!("delivered"), &json!(2)));
    assert_eq!((&stands["exchange_id"], &stands["outcome"]), (&real["exchange_id"], &json!("delivered")));

    let wrong = served.run("sh", "share.sh", "comity_wrong", &[&bundle, "comity-open", "EE"]);
    let problem: Json = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!((wrong.status.code(), &problem["status"]), (Some(22), &json!(401)));
}

#[test]
fn the_example_in_python_says_what_became_of_it() {
    if !is_there("python3") {
        return;
    }
    let served = Served::new();
    let bundle = served.bundle();
    let run = |token: &str, bundle: &str, agreement: &str| {
        let output = served.run("python3", "share.py", token, &[bundle, agreement, "EE"]);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (status, said, errors) = run(&served.token, &bundle, "comity-open");
    assert_eq!(status, Some(0), "{said}{errors}");
    assert!(said.starts_with("would be delivered\n") && said.contains(" delivered\n"), "{said}");
    assert!(
        said.contains("  sender: permit for 2 objects: ") && said.contains("comity-open Sec. 1"),
        "{said}"
    );
    // What is not public is refused, which is an answer, with its reason.
    let red = served.room.path().join("red.json");
    let mut marked = crate::indicator(3, 1);
    marked["object_marking_refs"] = json!(["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]);
    std::fs::write(&red, json!([marked]).to_string()).unwrap();
    let (status, said, errors) = run(&served.token, red.to_str().unwrap(), "comity-open");
    assert_eq!(status, Some(1), "{said}{errors}");
    assert!(said.contains("would be refused\n") && said.contains("  because "), "{said}");
    let (status, _, errors) = run(&served.token, &bundle, "no-such-pack");
    assert_eq!(status, Some(2));
    assert!(errors.contains("/api/problems/input") && errors.contains("no-such-pack"), "{errors}");
    let (status, _, errors) = run("comity_wrong", &bundle, "comity-open");
    assert_eq!(status, Some(2));
    assert!(errors.contains("/api/problems/sign-in-"), "{errors}");
}

#[test]
fn the_example_of_a_receiver_takes_what_is_signed_and_nothing_else() {
    if !is_there("python3") || !is_there("curl") {
        return;
    }
    let served = Served::new();
    let secret_file = served.room.path().join("secret");
    let mut receive = Command::new("python3");
    let (receiver, lines) = Running::start(receive.arg(examples().join("webhook.py")).arg(&secret_file));
    let add =
        ["webhook", "add", &receiver.url, "--officer", "a.tamm", "--events", "exchange.*,webhook.added"];
    let endpoint = told(&served.dir(), &add, "");
    std::fs::write(&secret_file, endpoint["secret"].as_str().unwrap()).unwrap();
    let shared = served.run("sh", "share.sh", &served.token, &[&served.bundle(), "comity-open", "EE"]);
    assert!(shared.status.success());
    let next = || -> Json {
        serde_json::from_str(&lines.recv_timeout(Duration::from_secs(60)).expect("it is told")).unwrap()
    };
    assert_eq!(next()["type"], "webhook.added");
    let decided = next();
    assert_eq!(
        (&decided["type"], &decided["data"]["outcome"]),
        (&json!("exchange.decided"), &json!("delivered"))
    );
    let forged = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}", "-H", "webhook-id: msg_1", "-H"];
    let now = Clock::new(Timestamp::UNIX_EPOCH).now().as_second();
    let mut curl = Command::new("curl");
    let curl = curl.args(forged).arg(format!("webhook-timestamp: {now}"));
    let answer = curl.args(["-H", "webhook-signature: v1,AAAA", &receiver.url]).output().unwrap();
    assert_eq!(answer.stdout, b"401");

    let listed = told(&served.dir(), &["webhook", "list"], "");
    assert_eq!((&listed[0]["id"], &listed[0]["state"]), (&endpoint["id"], &json!("told")));
    assert_eq!(listed[0].get("secret"), None, "it is shown once");
    let ended = told(&served.dir(), &["webhook", "end", endpoint["id"].as_str().unwrap()], "");
    assert_eq!(ended["state"], "ended");
    served.run("sh", "share.sh", &served.token, &[&served.bundle(), "comity-open", "EE"]);
    assert!(lines.recv_timeout(Duration::from_secs(5)).is_err(), "an ended endpoint is told nothing");
}
