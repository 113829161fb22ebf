//! The law that is shipped: it loads, its own cases come out, and so do the shared ones.

use comity_agreement::matrix::matrix;
use comity_agreement::pack::Kind;
use comity_agreement::{LawSource as _, Library, Vocabulary, lint, shipped, try_case};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn try_all(library: &mut Library<'_>, text: &str, asked: impl Fn(&Json) -> bool) -> (usize, Vec<String>) {
    let mut tried = 0;
    let mut failures = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let case: Json = serde_json::from_str(line).unwrap();
        if !asked(&case) {
            continue;
        }
        tried += 1;
        let answer = try_case::try_case(library, &case);
        failures.extend(try_case::amiss(&case, &answer).map(|text| format!("{}: {text}", case["id"])));
    }
    (tried, failures)
}

/// `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law` writes the schema anew.
#[test]
fn the_schema_is_the_generated_one() {
    let vocabulary = Vocabulary::load(shipped()).unwrap_or_else(|error| panic!("{error}"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vocabulary/schema.cedarschema");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, vocabulary.schema_text()).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == vocabulary.schema_text(),
        "vocabulary/schema.cedarschema is out of date: UPDATE_GOLDEN=1"
    );
}

/// `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law matrix` writes every matrix anew.
#[test]
fn the_matrix_of_every_pack_is_the_one_that_people_read() {
    let mut library = Library::open(shipped()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut stale = Vec::new();
    for slug in library.slugs() {
        let matrix = matrix(&mut library, &slug).unwrap_or_else(|error| panic!("{error}"));
        let path = root.join(library.dir(&slug).unwrap()).join("matrix.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &matrix).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != matrix {
            stale.push(path.display().to_string());
        }
    }
    assert!(stale.is_empty(), "written by UPDATE_GOLDEN=1, then read the diff: {stale:#?}");
}

#[test]
fn every_pack_loads_and_its_own_cases_come_out() {
    let mut library = Library::open(shipped()).unwrap();
    for slug in library.slugs() {
        let found: Vec<String> = lint::check(&mut library, &slug).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "not even a warning: {}", found.join("\n"));
        let path = format!("{}/scenarios.jsonl", library.dir(&slug).unwrap());
        let Some(bytes) = shipped().read(&path) else { continue };
        let (tried, failures) = try_all(&mut library, std::str::from_utf8(&bytes).unwrap(), |_| true);
        assert!(
            failures.is_empty(),
            "{path}: {} of {tried} come out wrong\n{}",
            failures.len(),
            failures.join("\n")
        );
    }
}

#[test]
fn agreements_and_the_laws_of_parties_go_together() {
    let mut library = Library::open(shipped()).unwrap();
    let laws: Vec<_> = library.slugs().iter().map(|slug| library.law(slug).unwrap()).collect();
    for agreement in laws.iter().filter(|law| law.pack().kind != Kind::Jurisdiction) {
        for overlay in laws.iter().filter(|law| law.pack().kind == Kind::Jurisdiction) {
            let findings = lint::check_together(agreement, overlay, library.vocabulary());
            assert!(findings.is_empty(), "{findings:?}");
        }
    }
}

#[test]
fn shared_cases_of_shipped_packs_come_out() {
    let shared = std::env::var_os("COMITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(shared.join("law/scenarios.jsonl")) else {
        eprintln!("skipped: no shared cases at {}", shared.display());
        return;
    };
    let mut library = Library::open(shipped()).unwrap();
    let slugs: Vec<String> = library.slugs().iter().map(ToString::to_string).collect();
    let ours = |case: &Json| slugs.iter().any(|slug| case["instrument"] == slug.as_str());
    let (tried, failures) = try_all(&mut library, &text, ours);
    eprintln!("{tried} shared cases tried");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(tried > 0);
}
