//! What OASIS's stix2-validator accepted before minimising, it accepts after.
//!
//! Needs Python with `stix2-validator`: in the venv that `COMITY_VENV` names (default `.venv` in the
//! workspace), else the system's. Skips aloud without it.

mod files;
mod support;

use comity_minimise::{Bundle, Limits, PathTable};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn what_was_valid_stays_valid() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = files::example_bundles();
    files.extend(files::shared_bundles().unwrap_or_default());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("minimised");
    std::fs::create_dir_all(&folder).expect("a folder for the minimised bundles");
    let table = PathTable::shipped().expect("the shipped table");
    let mut pairs = Vec::new();
    for (number, file) in files.into_iter().enumerate() {
        let bytes = std::fs::read(&file).expect("a readable file");
        let Ok(bundle) = Bundle::parse(&bytes, &Limits::default()) else { continue };
        let minimised = folder.join(format!("{number}.json"));
        let text = support::minimise_all(&bundle, &table).bytes();
        std::fs::write(&minimised, text).expect("a written file");
        pairs.push((file, minimised));
    }
    let names = pairs.iter().flat_map(|(before, after)| [before.clone(), after.clone()]).collect();
    let Some(verdicts) = validate(&workspace, names) else { return };
    let mut accepted = 0;
    let mut failures = Vec::new();
    for (before, after) in &pairs {
        if verdicts[before].0 {
            accepted += 1;
            if let (false, errors) = &verdicts[after] {
                failures.push(format!("{} -> {}: {errors}", before.display(), after.display()));
            }
        }
    }
    eprintln!("stix2-validator: {accepted} of {} valid before, {} no longer", pairs.len(), failures.len());
    assert!(failures.is_empty(), "no longer valid:\n{}", failures.join("\n"));
}

/// The verdict on each file; `None`, said aloud, where the validator is not installed.
fn validate(workspace: &Path, files: Vec<PathBuf>) -> Option<HashMap<PathBuf, (bool, String)>> {
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
    let mut names = String::new();
    for file in &files {
        names.push_str(file.to_str().expect("a file name in UTF-8"));
        names.push('\n');
    }
    let mut input = child.stdin.take().expect("a pipe");
    // From a thread: both pipes would fill up.
    let writer = std::thread::spawn(move || {
        // The script ends early when the validator is absent; its exit code says so.
        let _ = input.write_all(names.as_bytes());
    });
    let output = child.wait_with_output().expect("the validator ends");
    writer.join().expect("the writer ends");
    if output.status.code() == Some(3) {
        eprintln!("skipped: stix2-validator is not installed (set COMITY_VENV)");
        return None;
    }
    assert!(output.status.success(), "validate.py failed: {}", output.status);
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let verdicts: HashMap<PathBuf, (bool, String)> = lines
        .lines()
        .map(|line| {
            let verdict: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
            let file = verdict["file"].as_str().expect("a file name").into();
            (file, (verdict["valid"] == true, verdict["errors"].to_string()))
        })
        .collect();
    assert_eq!(verdicts.len(), files.len(), "one verdict a file");
    Some(verdicts)
}
