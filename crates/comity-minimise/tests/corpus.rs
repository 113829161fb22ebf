//! Every invariant of minimising, on every shared bundle.

mod files;
mod invariants;
mod support;

use comity_minimise::{Bundle, Limits, PathTable, classes, classify};

#[test]
fn every_shared_bundle_keeps_the_invariants() {
    let mut files = files::example_bundles();
    files.extend(files::shared_bundles().unwrap_or_default());
    let table = PathTable::shipped().expect("the shipped table");
    let mut checked = 0;
    for file in &files {
        let bytes = std::fs::read(file).expect("a readable file");
        checked += usize::from(invariants::check(&bytes, &table).is_some());
    }
    eprintln!("checked {checked} of {} files", files.len());
    assert!(checked * 10 >= files.len() * 9, "most shared bundles can be read");
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
