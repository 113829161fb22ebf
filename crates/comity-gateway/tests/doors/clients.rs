//! Clients that others wrote: OASIS's `taxii2-client`, `cytaxii2` of Cyware, and `stix2` to read what they got.

use crate::{PASSWORD, fresh};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python with these modules in it, where `scripts/test` has made it.
pub(crate) fn python_with(modules: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv = std::env::var_os("COMITY_VENV").map_or_else(|| root.join(".venv"), PathBuf::from);
    let python = venv.join("bin/python");
    let ready = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    ready.is_ok_and(|output| output.status.success()).then_some(python)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_others_write_and_read_a_fresh_gateway() {
    let Some(python) = python_with("taxii2client, cytaxii2, stix2") else {
        eprintln!("skipped: no Python with taxii2-client, cytaxii2 and stix2; scripts/test installs them");
        return;
    };
    let (house, _, path) = fresh().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/clients.py");
    let url = format!("http://{}", house.plain());
    let run = move || Command::new(python).arg(script).args([&url, &path, "ana", PASSWORD]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
