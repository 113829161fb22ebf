//! What tests find beside the repository: the shared data, Python with what others wrote, a security module.
//!
//! The shared data lies where `COMITY_SHARED` says, else in `../shared`; Python where `COMITY_VENV` says, else in `.venv`, which
//! `scripts/test` makes, else it is the system's. What is not there is said on standard error, on a line that begins
//! with `skipped:`.

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file or a folder of the shared data; `None`, said aloud, where it is absent.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COMITY_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    let path = root.join(path);
    let is_there = path.exists();
    if !is_there {
        eprintln!("skipped: no shared data at {}", path.display());
    }
    is_there.then_some(path)
}

/// Every file below a folder of the shared data, in order; `None`, said aloud, where it is absent.
#[must_use]
pub fn shared_files(folder: &str) -> Option<Vec<PathBuf>> {
    shared(folder).map(|folder| files(&folder))
}

/// Every file below a folder, in order.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// A token of SoftHSM2, a security module in software.
#[derive(Debug, Clone)]
pub struct SoftToken {
    /// The library that speaks PKCS#11 with it.
    pub library: PathBuf,
    /// What `SOFTHSM2_CONF` has to name in a process that uses it.
    pub conf: PathBuf,
    /// The file with its PIN.
    pub pin: PathBuf,
}

impl SoftToken {
    /// The label of every such token.
    pub const LABEL: &str = "comity";

    /// The token that [`made`](Self::made) makes in `room`.
    #[must_use]
    pub fn at(room: &Path) -> Self {
        let library = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
        Self { library, conf: room.join("softhsm2.conf"), pin: room.join("pin") }
    }

    /// Makes a token in `room`; `None`, said aloud, where Debian's `softhsm2` is not installed.
    ///
    /// # Panics
    /// When it is installed and makes none.
    #[must_use]
    pub fn made(room: &Path) -> Option<Self> {
        let token = Self::at(room);
        if !token.library.exists() {
            eprintln!("skipped: SoftHSM2 is not installed");
            return None;
        }
        let tokens = room.join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        std::fs::write(&token.conf, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
        std::fs::write(&token.pin, "471100\n").unwrap();
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", Self::LABEL, "--pin", "471100", "--so-pin", "815000"])
            .env("SOFTHSM2_CONF", &token.conf)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(token)
    }
}

/// Python that has these modules, their names with commas between; `None`, said aloud, where there is none.
#[must_use]
pub fn python(modules: &str) -> Option<PathBuf> {
    let venv = std::env::var_os("COMITY_VENV").map_or_else(|| workspace().join(".venv"), PathBuf::from);
    let own = venv.join("bin/python");
    let python = if own.exists() { own } else { PathBuf::from("python3") };
    let ready = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    let is_there = ready.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: no Python with {modules}; scripts/test installs it (COMITY_VENV)");
    }
    is_there.then_some(python)
}

/// What a script of `tests/` that uses `modules` says of each of these lines: it reads them, and writes a line of JSON
/// for each. `None`, said aloud, where what it needs is not there.
///
/// # Panics
/// When the script fails, or does not answer each line.
#[must_use]
pub fn asked(script: &str, modules: &str, lines: &[String]) -> Option<Vec<Value>> {
    let mut child = Command::new(python(modules)?)
        .arg(workspace().join("tests").join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut input = child.stdin.take().expect("a pipe");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    // From a thread: both pipes would fill up. What a script that fails leaves unread is told by its status.
    let writer = std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
    let output = child.wait_with_output().expect("the script ends");
    writer.join().expect("the writer ends");
    assert!(output.status.success(), "{script} failed: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    assert_eq!(answers.len(), lines.len(), "one answer a line");
    Some(answers)
}
