//! Others as judges of what is made: comity's own reader and minimiser, and OASIS's stix2-validator.
//!
//! The validator needs Python with `stix2-validator`: in the venv that `COMITY_VENV` names (default `.venv` in the
//! workspace), else the system's. Skips aloud without.

use crate::support::{name_of, shared};
use crate::{kev, veris};
use comity_import::{Limits, kev as catalogue, veris as incidents};
use comity_minimise::{Bundle, PathTable, Profile, TokenKey, minimise};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Our examples and every file of the shared data that is not refused, by name.
fn bundles() -> Vec<(String, Value)> {
    let limits = Limits::default();
    let read = |file: &PathBuf| std::fs::read(file).expect("a readable file");
    let mut found = Vec::new();
    let example = catalogue::to_stix(kev::example().to_string().as_bytes(), &limits).expect("a catalogue");
    found.push(("kev-example".to_owned(), example.bundle));
    let example = incidents::to_stix(veris::example().to_string().as_bytes(), &limits).expect("an incident");
    found.push(("veris-example".to_owned(), example.bundle));
    for file in shared("reference/cisa-kev").unwrap_or_default() {
        let made = catalogue::to_stix(&read(&file), &limits).expect("a catalogue");
        found.push((name_of(&file), made.bundle));
    }
    for folder in ["incidents/veris-tests", "incidents/veris-import-tests"] {
        for file in shared(folder).unwrap_or_default() {
            if let Ok(made) = incidents::to_stix(&read(&file), &limits) {
                found.push((name_of(&file), made.bundle));
            }
        }
    }
    found
}

fn extract(bundle: &Bundle<'_>) -> (Vec<u8>, usize, usize) {
    let profile = Profile { purpose: "cyber_defence".to_owned(), ..Profile::default() };
    let keep: Vec<_> = (0..bundle.objects().len()).map(|index| (index, &profile)).collect();
    let key = TokenKey::derive(&[7; 32], "an-agreement", "FI", "2026").expect("a key");
    let table = PathTable::shipped().expect("the shipped table");
    let mut entropy = |out: &mut [u8]| out.fill(7);
    let minimised = minimise(bundle, &keep, &table, &key, &mut entropy);
    (minimised.bytes(), minimised.counts.changed, minimised.counts.withheld)
}

/// Everything reads, and nothing stays home for lying where nobody knows it.
#[test]
fn what_is_made_goes_through_an_agreement() {
    for (name, bundle) in bundles() {
        let text = bundle.to_string();
        let read = Bundle::parse(text.as_bytes(), &comity_minimise::Limits::default()).expect("a bundle");
        assert!(read.rejected().is_empty(), "{name}: {:?}", read.rejected());
        let (out, changed, withheld) = extract(&read);
        assert_eq!(withheld, 0, "{name}");
        let out = String::from_utf8(out).expect("UTF-8");
        match name.as_str() {
            // The address in the analyst's note is a person's.
            "veris-example" => assert!(changed > 0 && !out.contains("anna.kask"), "{out}"),
            "kev-example" => assert_eq!(changed, 0),
            _ => {}
        }
    }
}

#[test]
fn what_is_made_is_valid_stix() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imported");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut names = String::new();
    for (name, bundle) in bundles() {
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, bundle.to_string()).expect("a written file");
        names.push_str(&format!("{}\n", path.display()));
    }
    let Some(verdicts) = validate(&names) else { return };
    assert_eq!(verdicts.len(), names.lines().count(), "one verdict a file");
    for verdict in verdicts {
        assert_eq!(verdict["valid"], true, "{}: {}", verdict["file"], verdict["errors"]);
    }
}

/// The verdict on each file; `None`, said aloud, where the validator is not installed.
fn validate(names: &str) -> Option<Vec<Value>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv = std::env::var_os("COMITY_VENV").map_or_else(|| workspace.join(".venv"), PathBuf::from);
    let python = venv.join("bin/python");
    let python = if python.exists() { python } else { PathBuf::from("python3") };
    let mut child = Command::new(python)
        .arg(workspace.join("tests/stix/validate.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .inspect_err(|error| eprintln!("skipped: python3 does not run: {error}"))
        .ok()?;
    let mut input = child.stdin.take().expect("a pipe");
    let names = names.to_owned();
    // From a thread: both pipes would fill up. The script ends early when the validator is absent.
    let writer = std::thread::spawn(move || drop(input.write_all(names.as_bytes())));
    let output = child.wait_with_output().expect("the script ends");
    writer.join().expect("the writer ends");
    if output.status.code() == Some(3) {
        eprintln!("skipped: stix2-validator is not installed (set COMITY_VENV)");
        return None;
    }
    assert!(output.status.success(), "validate.py failed: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect())
}
