//! Clients that others wrote: OASIS's `taxii2-client`, `cytaxii2` of Cyware, and `stix2` to read what they got.

use crate::{PASSWORD, fresh};
use std::path::Path;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_others_write_and_read_a_fresh_gateway() {
    let Some(python) = comity_beside::python("taxii2client, cytaxii2, stix2") else { return };
    let (house, _, path) = fresh().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/clients.py");
    let url = format!("http://{}", house.plain());
    let run = move || Command::new(python).arg(script).args([&url, &path, "ana", PASSWORD]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
