//! The executable itself: exit statuses, streams, and a reader that goes away.

use std::io::Read as _;
use std::process::{Command, Stdio};

fn comity(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.args(arguments).env_remove("COMITY_DIR").env_remove("COMITY_KEYS").env_remove("COMITY_LOG");
    command
}

#[test]
fn bad_usage_is_2_with_its_reason_on_standard_error_only() {
    for arguments in
        [&["audit", "verify"][..], &["unknown"], &["audit", "receipt", "no-such-file", "--key", "k"]]
    {
        let output = comity(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_has_examples_and_is_no_failure() {
    let output = comity(&["audit", "verify", "--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("Examples:"));
}

#[test]
fn a_reader_that_went_away_is_not_a_failure() {
    // A log without entries still has a verdict to print, into a pipe that nobody reads.
    let log = tempfile::tempdir().unwrap();
    std::fs::write(log.path().join("checkpoint"), "not a checkpoint").unwrap();
    let mut process = comity(&["audit", "verify", log.path().to_str().unwrap(), "--json"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut process = process.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
    assert_eq!(told, "");
}

#[test]
fn no_escape_sequences_leave_where_there_is_no_terminal() {
    let output = comity(&["audit", "verify", "no/such/log"]).output().unwrap();
    assert!(!output.stderr.contains(&0x1b), "{}", String::from_utf8_lossy(&output.stderr));
}
