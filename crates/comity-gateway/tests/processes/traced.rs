//! System calls of a running gateway that do not do what they should: `strace` follows it and puts something else in
//! their place.
//!
//! Debian: `strace`. Where it is missing, or may not follow another process, the tests that need it say so.

use crate::place::{Node, PATIENCE};
use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What follows a gateway until it is dropped.
pub(crate) struct Traced {
    strace: Child,
    followed: u32,
}

/// Whether a gateway here can be followed; says so where it cannot.
pub(crate) fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    match traced {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            eprintln!("skipped: strace may not follow a process here: {}", why.trim());
            false
        }
        Err(error) => {
            eprintln!("skipped: strace is not installed: {error}");
            false
        }
    }
}

impl Traced {
    /// From when this returns on, `calls` of each thread of `node` are met with `what`: `signal=SIGKILL:when=2`.
    /// strace counts by thread and call.
    pub(crate) fn begin(node: &Node, calls: &str, what: &str) -> Self {
        let mut strace = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:{what}"), "-p", &node.id().to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        assert!(first.contains("attached"), "strace follows it: {first}");
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || said.lines().for_each(drop));
        Self { strace, followed: node.id() }
    }

    /// What `work` comes to while the gateway is followed, or has died of it.
    ///
    /// strace may hold what is left of a process that it killed, and with it the ends of connections that others wait
    /// at: it lets go at once.
    pub(crate) async fn during<T>(self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut looking = tokio::time::interval(Duration::from_millis(10));
        let ended = async {
            loop {
                tokio::select! {
                    done = &mut work => return Some(done),
                    _ = looking.tick() => if is_dead(self.followed) { return None },
                }
            }
        };
        let done = tokio::time::timeout(PATIENCE, ended).await.expect("it is done, or the gateway dies");
        drop(self);
        match done {
            Some(done) => done,
            None => tokio::time::timeout(PATIENCE, work).await.expect("whoever waits hears of a death"),
        }
    }
}

/// Whether a process has ended, whoever still holds what is left of it.
pub(crate) fn is_dead(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name before it may hold anything, and ends with the last parenthesis.
    state.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

impl Drop for Traced {
    /// The system lets go of the gateway for it, and that goes on by itself.
    fn drop(&mut self) {
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}
