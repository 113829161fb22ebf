//! What the tests share: the invented states' law, and how a question is put to it.

use comity_agreement::{LawFiles, LawSet, Library, Question};
use comity_terms::{Asserter, FactKey, Facts, PackSlug, Timestamp};
use std::path::Path;

/// The law of the invented states.
pub(crate) fn fixtures() -> LawFiles {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files = LawFiles::default();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.0.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Writes `new` for the first `old` in a file that has it.
#[track_caller]
pub(crate) fn edit(files: &mut LawFiles, path: &str, old: &str, new: &str) {
    let text = String::from_utf8(files.0[path].clone()).unwrap();
    assert!(text.contains(old), "{path} has no `{old}`");
    files.0.insert(path.into(), text.replacen(old, new, 1).into_bytes());
}

/// `agreement` between the given jurisdictions.
pub(crate) fn law_set(files: &LawFiles, agreement: &str, codes: &[&str]) -> LawSet {
    let mut library = Library::open(files).unwrap();
    let agreement = library.law(&agreement.parse().unwrap()).unwrap();
    let national = codes
        .iter()
        .map(|code| (code.parse().unwrap(), library.law(&code.parse::<PackSlug>().unwrap()).unwrap()))
        .collect();
    LawSet { agreement, national, vocabulary: library.vocabulary().clone() }
}

/// The agreement of the Grove between XA and XB, with the laws of both.
pub(crate) fn grove() -> LawSet {
    law_set(&fixtures(), "grove", &["XA", "XB"])
}

/// Facts from `key=value` words, each said by one who may say it.
pub(crate) fn facts(laws: &LawSet, words: &[&str]) -> Facts {
    words
        .iter()
        .map(|word| {
            let (key, value) = word.split_once('=').unwrap();
            let term = laws.vocabulary.fact(key).unwrap();
            let asserter = term.asserted_by.first().copied().unwrap_or(Asserter::Office);
            let value = term.from_text(&laws.vocabulary, value).unwrap();
            (FactKey::new(key).unwrap(), comity_terms::Fact { value, asserter })
        })
        .collect()
}

/// Everything that a live share under the Grove must state.
pub(crate) const COMPLETE: [&str; 4] =
    ["training_valid=true", "activity=threat_intel", "seal=TLP:GREEN", "data_category=indicator"];

/// A question of XA giving to XB on a Monday.
pub(crate) fn question(laws: &LawSet, words: &[&str]) -> Question {
    Question {
        action: "share".parse().unwrap(),
        sending: "XA".parse().unwrap(),
        receiving: "XB".parse().unwrap(),
        at: instant("2026-11-02T09:20:00Z"),
        knowledge_time: instant("2026-11-02T09:20:00Z"),
        facts: facts(laws, words),
        approvals: Default::default(),
    }
}

/// An instant.
pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
