//! The executable itself: exit statuses, streams, and a reader that goes away.

use clap::CommandFactory as _;
use comity_beside::SoftToken;
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

/// Every command, by its words.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for one in command.get_subcommands() {
            walk(one, &[path, &[one.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    walk(&comity_gateway::cli::Cli::command(), &[], &mut all);
    assert!(all.len() > 80, "{} commands", all.len());
    all
}

#[test]
fn every_command_is_plain_in_a_pipe_and_survives_a_reader_that_went_away() {
    let with = |path: &[String], last: &str| {
        let mut command = comity(&path.iter().map(String::as_str).chain([last]).collect::<Vec<_>>());
        // What a terminal's owner may have set for others.
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        command
    };
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for path in commands() {
        let help = with(&path, "--help").output().unwrap();
        assert_eq!(help.status.code(), Some(0), "{path:?}");
        assert!(!help.stdout.is_empty() && !help.stdout.contains(&0x1b), "{path:?}");
        let wrong = with(&path, "--no-such-option").output().unwrap();
        assert_eq!(wrong.status.code(), Some(2), "{path:?}");
        assert!(wrong.stdout.is_empty() && !wrong.stderr.contains(&0x1b), "{path:?}");
        let unheard = with(&path, "--help").stdout(gone()).output().unwrap();
        assert_eq!((unheard.status.code(), unheard.stderr), (Some(0), Vec::new()), "{path:?}");
        let unheard = with(&path, "--no-such-option").stderr(gone()).output().unwrap();
        assert_eq!(unheard.status.code(), Some(2), "{path:?}");
    }
    // What prints more than a pipe holds.
    for words in
        [&["completions", "bash"][..], &["law", "show", "eu-nis2-2022-2555"], &["law", "check", "--json"]]
    {
        let unheard = comity(words).stdout(gone()).output().unwrap();
        assert_eq!((unheard.status.code(), unheard.stderr), (Some(0), Vec::new()), "{words:?}");
    }
}

#[test]
fn a_word_that_is_mistyped_is_suggested() {
    for (words, suggested) in [
        (&["law", "tyr"][..], "'try'"),
        (&["amn"], "'man'"),
        (&["token", "dad"], "'add'"),
        (&["share", "f", "--ot", "FI"], "'--to'"),
        (&["serve", "--dri=x"], "'--dir'"),
    ] {
        let output = comity(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(said.contains("similar") && said.contains(suggested), "{words:?}: {said}");
    }
}

/// What a command prints as JSON; it exits with `status`.
fn told(arguments: &[&str], status: i32) -> (serde_json::Value, String) {
    let output = comity(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

#[test]
fn a_gateway_is_kept_restored_and_its_log_succeeded_by_commands() {
    let room = tempfile::tempdir().unwrap();
    let place = |name: &str| room.path().join(name).display().to_string();
    let (dir, lost, kept) = (place("ee"), place("lost"), place("kept"));
    told(&["init", "--dir", &dir, "--jurisdiction", "EE", "--authority", "Centre", "--json"], 0);
    let (copied, _) = told(&["backup", "--dir", &dir, "--to", &kept, "--json"], 0);
    told(&["key", "rotate", "witness", "--dir", &dir, "--json"], 0);
    let (keys, _) = told(&["key", "list", "--dir", &dir, "--json"], 0);
    assert_eq!((&keys["sequence"], &keys["witness"]["generation"]), (&1.into(), &2.into()));
    std::fs::rename(&dir, &lost).unwrap();
    told(&["restore", "--from", &kept, "--dir", &dir, "--json"], 0);
    let (_, refused) = told(&["vault", "show", "--dir", &dir, "--json"], 2);
    assert!(refused.contains("comity log succeed"), "{refused}");
    let (succeeded, _) = told(&["log", "succeed", "--dir", &dir, "--json"], 0);
    assert_eq!((&succeeded["kept"], &succeeded["lost"]), (&copied["size"], &1.into()));
    // The same backup again, which now lies before a succession: doctor says what to do, and it is done.
    std::fs::rename(&dir, place("lost again")).unwrap();
    told(&["restore", "--from", &kept, "--dir", &dir, "--json"], 0);
    let (_, refused) = told(&["vault", "show", "--dir", &dir, "--json"], 2);
    assert!(refused.contains("comity log succeed"), "{refused}");
    let (looked, _) = told(&["doctor", "--dir", &dir, "--json"], 1);
    let found = looked.as_array().unwrap().iter().find(|looked| looked["what"] == "database").unwrap();
    assert!(found["advice"].as_str().unwrap().contains("comity log succeed"), "{found}");
    let (succeeded, _) = told(&["log", "succeed", "--dir", &dir, "--json"], 0);
    assert!(succeeded["vkey"].as_str().unwrap().contains("/3+"), "{succeeded}");
    assert!(succeeded["signed_by"].as_str().unwrap().ends_with("/2"), "{succeeded}");
    let (vault, _) = told(&["vault", "show", "--dir", &dir, "--json"], 0);
    assert_eq!((&vault["overdue"], &vault["erased"]), (&0.into(), &0.into()));
    let log = room.path().join("ee/log").display().to_string();
    let vkey = succeeded["vkey"].as_str().unwrap();
    let (verdict, _) = told(&["audit", "verify", &log, "--key", vkey, "--json"], 0);
    assert_eq!((&verdict["ok"], &verdict["finding"]), (&true.into(), &serde_json::Value::Null));
    let ended = succeeded["ended_log"].as_str().unwrap();
    let (verdict, _) =
        told(&["audit", "verify", ended, "--key", succeeded["succeeds"].as_str().unwrap(), "--json"], 0);
    assert_eq!((&verdict["ok"], &verdict["size"]), (&true.into(), &copied["size"]));
}

#[test]
fn a_gateway_keeps_its_epoch_keys_in_the_security_module_that_it_names() {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("ee");
    let Some(hsm) = SoftToken::made(room.path()) else { return };
    let run = |arguments: &[&str], status: i32| {
        let place = ["--dir", dir.to_str().unwrap(), "--json"];
        let output = comity(arguments).args(place).env("SOFTHSM2_CONF", &hsm.conf).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        (serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_default(), said)
    };
    run(&["init", "--jurisdiction", "EE", "--authority", "Centre"], 0);
    let settings = dir.join("settings.toml");
    let shipped = std::fs::read_to_string(&settings).unwrap();
    let named = |token: &str| {
        let (library, pin) = (hsm.library.display(), hsm.pin.display());
        let table = format!("\n[hsm]\nmodule = \"{library}\"\ntoken = \"{token}\"\npin_file = \"{pin}\"\n");
        std::fs::write(&settings, format!("{shipped}{table}")).unwrap();
    };
    named("comity");
    run(&["law", "adopt", "EE"], 0);
    let (looked, _) = run(&["doctor"], 0);
    let told = looked.to_string();
    assert!(told.contains("security module") && told.contains("answers and holds"), "{told}");
    let epoch = dir.with_file_name("ee.keys").join("epoch");
    let mut lengths = Vec::new();
    for agreement in std::fs::read_dir(epoch).unwrap() {
        for key in std::fs::read_dir(agreement.unwrap().path()).unwrap() {
            lengths.push(key.unwrap().metadata().unwrap().len());
        }
    }
    assert!(lengths.contains(&76), "the keys that were made since are sealed: {lengths:?}");
    named("another");
    let (_, said) = run(&["law", "adopt", "comity-open"], 2);
    assert!(said.contains("no token is called `another`"), "{said}");
}
