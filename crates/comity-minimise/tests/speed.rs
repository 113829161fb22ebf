//! How many objects a second: measured, never asserted. `cargo test --release --test speed -- --nocapture`.

mod files;
mod support;

use comity_minimise::{Bundle, Limits, PathTable, classes, classify};
use std::time::Instant;

#[test]
fn objects_a_second() {
    let mut files = files::example_bundles();
    files.extend(files::shared_bundles().unwrap_or_default());
    let table = PathTable::shipped().expect("the shipped table");
    for file in files {
        let bytes = std::fs::read(&file).expect("a readable file");
        // Single objects measure the clock.
        if bytes.len() < 10_000 {
            continue;
        }
        let start = Instant::now();
        let Ok(bundle) = Bundle::parse(&bytes, &Limits::default()) else { continue };
        let parsed = start.elapsed();
        let facts = classes(classify(&bundle, &table)).len();
        let classified = start.elapsed() - parsed;
        let minimised = support::minimise_all(&bundle, &table);
        let done = start.elapsed() - parsed - classified;
        let count = bundle.objects().len();
        eprintln!(
            "{}: {} KB, {count} objects, {facts} classes; parse {parsed:?}, classify {classified:?}, minimise {done:?} ({:.0} objects/s), {:?}",
            file.file_name().unwrap_or_default().display(),
            bytes.len() / 1000,
            count as f64 / start.elapsed().as_secs_f64(),
            minimised.counts
        );
    }
}
