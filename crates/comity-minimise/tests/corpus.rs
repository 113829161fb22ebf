//! Every invariant of minimising, on every shared bundle.

mod files;
mod invariants;
mod support;

use comity_minimise::{Bundle, Limits, PathTable, classes, classify};

#[test]
fn every_shared_bundle_keeps_the_invariants() {
    let mut files = files::example_bundles();
    files.extend(files::shared_bundles().unwrap_or_default());
    files.extend(files::shared("stix20").unwrap_or_default());
    let table = PathTable::shipped().expect("the shipped table");
    let mut checked = 0;
    for file in &files {
        let bytes = std::fs::read(file).expect("a readable file");
        checked += usize::from(invariants::check(&bytes, &table).is_some());
    }
    eprintln!("checked {checked} of {} files", files.len());
    assert!(checked * 10 >= files.len() * 9, "most shared bundles can be read");
}

/// Each naughty string in every text of every example: the invariants hold, and nothing is lost unsaid.
#[test]
fn naughty_strings_in_every_text_keep_the_invariants() {
    let Some(files) = files::shared("bad/blns") else { return };
    let table = PathTable::shipped().expect("the shipped table");
    let examples: Vec<serde_json::Value> = files::example_bundles()
        .iter()
        .map(|file| serde_json::from_slice(&std::fs::read(file).expect("an example")).expect("JSON"))
        .collect();
    let mut count = 0;
    for file in files {
        let strings: Vec<String> = serde_json::from_slice(&std::fs::read(file).expect("a readable file"))
            .expect("a list of strings");
        for naughty in strings {
            let mut bundle = examples[count % examples.len()].clone();
            let texts: usize = bundle["objects"]
                .as_array_mut()
                .expect("objects")
                .iter_mut()
                .map(|object| put(object, &naughty))
                .sum();
            assert!(texts > 0);
            count += 1;
            invariants::check(bundle.to_string().as_bytes(), &table).expect("a bundle");
        }
    }
    assert!(count > 100);
}

/// Puts `text` into every string of an object but those that STIX reads: types, ids, instants, closed words.
fn put(object: &mut serde_json::Value, text: &str) -> usize {
    const READ: [&str; 9] = [
        "type",
        "id",
        "spec_version",
        "pattern_type",
        "relationship_type",
        "marking_ref",
        "selectors",
        "definition_type",
        "tlp",
    ];
    match object {
        serde_json::Value::Object(properties) => properties
            .iter_mut()
            .filter(|(name, _)| {
                !READ.contains(&name.as_str()) && !name.ends_with("_ref") && !name.ends_with("_refs")
            })
            .map(|(_, value)| put(value, text))
            .sum(),
        serde_json::Value::Array(items) => items.iter_mut().map(|item| put(item, text)).sum(),
        serde_json::Value::String(held) => {
            let instant = held.len() >= 20 && held.ends_with('Z') && held.as_bytes()[4] == b'-';
            if !instant {
                text.clone_into(held);
            }
            usize::from(!instant)
        }
        _ => 0,
    }
}

#[test]
fn every_shared_bundle_is_classified_into_few_classes() {
    let Some(files) = files::shared_bundles() else { return };
    let table = PathTable::shipped().expect("the shipped table");
    for file in files {
        let bytes = std::fs::read(&file).expect("a readable file");
        let Ok(bundle) = Bundle::parse(&bytes, &Limits::default()) else { continue };
        let facts = classify(&bundle, &table);
        assert_eq!(facts.len(), bundle.objects().len());
        let classes = classes(facts);
        let spread: usize = classes.iter().map(|class| class.objects.len()).sum();
        assert_eq!(spread, bundle.objects().len(), "every object is in one class");
        assert!(classes.len() <= 32, "{}: {} classes", file.display(), classes.len());
    }
}
