//! What OASIS's stix2-validator accepted before minimising, it accepts after; and it accepts whatever comes of
//! STIX 2.0 and of inputs that are bad: these are refused, object by object or whole, with the reason.
//!
//! Needs Python with `stix2-validator`. Skips aloud without.

mod files;
mod support;

use comity_beside::asked;
use comity_minimise::{Bundle, Limits, PathTable, RejectionReason};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

#[test]
fn what_was_valid_stays_valid() {
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
    let Some(verdicts) = validate(names) else { return };
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

/// Every bad file is refused with its reason, or what is left of it is valid.
#[test]
fn what_is_bad_is_refused_or_becomes_valid() {
    let Some(files) = files::shared("bad") else { return };
    let mut refused = 0;
    let mut read = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).expect("a readable file");
        match Bundle::parse(&bytes, &Limits::default()) {
            Err(why) => {
                refused += 1;
                assert!(!why.to_string().is_empty(), "{}", file.display());
            }
            Ok(bundle) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                assert!(!name.starts_with("n_"), "{name} is no JSON and was read");
                for rejected in bundle.rejected() {
                    assert!(rejected.to_string().starts_with(&format!("object {} (", rejected.index)));
                }
                read.push(file);
            }
        }
    }
    assert!(refused > 0);
    eprintln!("{refused} bad files refused whole, {} read", read.len());
    all_valid("bad", read);
}

#[test]
fn stix_2_0_becomes_valid_2_1() {
    let Some(files) = files::shared("stix20") else { return };
    let files: Vec<PathBuf> = files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .collect();
    for file in &files {
        let bytes = std::fs::read(file).expect("a readable file");
        let bundle = Bundle::parse(&bytes, &Limits::default()).expect("a bundle");
        // What is no STIX of either version is named; nothing of 2.0 was beyond 2.1.
        for rejected in bundle.rejected() {
            assert!(
                matches!(rejected.reason, RejectionReason::WrongType(_)),
                "{}: {rejected}",
                file.display()
            );
        }
        assert!(bundle.objects().iter().all(comity_minimise::Object::is_upgraded), "{}", file.display());
    }
    all_valid("upgraded", files);
}

/// Minimises each file and has the validator accept what comes of it.
fn all_valid(folder: &str, files: Vec<PathBuf>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).expect("a folder for the minimised bundles");
    let table = PathTable::shipped().expect("the shipped table");
    let mut minimised = HashMap::new();
    for (number, file) in files.into_iter().enumerate() {
        let bytes = std::fs::read(&file).expect("a readable file");
        let bundle = Bundle::parse(&bytes, &Limits::default()).expect("a bundle");
        let out = folder.join(format!("{number}.json"));
        std::fs::write(&out, support::minimise_all(&bundle, &table).bytes()).expect("a written file");
        minimised.insert(out, file);
    }
    let Some(verdicts) = validate(minimised.keys().cloned().collect()) else { return };
    for (out, (valid, errors)) in verdicts {
        assert!(valid, "{} -> {}: {errors}", minimised[&out].display(), out.display());
    }
}

/// The verdict on each file; `None`, said aloud, where the validator is not installed.
fn validate(files: Vec<PathBuf>) -> Option<HashMap<PathBuf, (bool, String)>> {
    let names: Vec<String> =
        files.iter().map(|file| file.to_str().expect("a file name in UTF-8").to_owned()).collect();
    let verdicts = asked("stix/validate.py", "stix2validator", &names)?;
    let read = |verdict: &serde_json::Value| (verdict["valid"] == true, verdict["errors"].to_string());
    Some(files.into_iter().zip(verdicts.iter().map(read)).collect())
}
