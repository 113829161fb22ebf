//! The files that tests read: the bundles that ship, and the shared ones.

use std::path::PathBuf;

/// Every STIX 2.1 file of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared_bundles() -> Option<Vec<PathBuf>> {
    let mut files = shared("stix21")?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    Some(files)
}

/// Every file of a folder of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared(folder: &str) -> Option<Vec<PathBuf>> {
    comity_beside::shared_files(&format!("data/{folder}"))
}

/// The bundles that ship with Comity.
pub(crate) fn example_bundles() -> Vec<PathBuf> {
    comity_beside::files(&comity_beside::workspace().join("examples/bundles"))
}
