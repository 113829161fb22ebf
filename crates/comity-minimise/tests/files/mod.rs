//! The files that tests read: the bundles that ship, and the shared ones.

use std::path::{Path, PathBuf};

/// Every STIX 2.1 file of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared_bundles() -> Option<Vec<PathBuf>> {
    let mut files = shared("stix21")?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    Some(files)
}

/// Every file of a folder of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared(folder: &str) -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("COMITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let root = root.join("data").join(folder);
    if !root.is_dir() {
        eprintln!("skipped: no shared data at {}", root.display());
        return None;
    }
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Some(files)
}

/// The bundles that ship with Comity.
pub(crate) fn example_bundles() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bundles");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the examples")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}
