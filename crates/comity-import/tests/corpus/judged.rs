//! Others as judges of what is made: comity's own reader and minimiser, and OASIS's stix2-validator.
//!
//! The validator needs Python with `stix2-validator`. Skips aloud without.

use crate::support::{name_of, shared};
use crate::{kev, veris};
use comity_beside::asked;
use comity_import::{Limits, kev as catalogue, veris as incidents};
use comity_minimise::{Bundle, PathTable, Profile, TokenKey, minimise};
use serde_json::Value;
use std::path::{Path, PathBuf};

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
    let mut names = Vec::new();
    for (name, bundle) in bundles() {
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, bundle.to_string()).expect("a written file");
        names.push(path.display().to_string());
    }
    let Some(verdicts) = asked("stix/validate.py", "stix2validator", &names) else { return };
    for verdict in verdicts {
        assert_eq!(verdict["valid"], true, "{}: {}", verdict["file"], verdict["errors"]);
    }
}
