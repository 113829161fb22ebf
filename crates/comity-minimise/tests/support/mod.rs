//! What the integration tests share: the shared bundles, a key, randomness that repeats.

use comity_minimise::{Bundle, Minimised, PathTable, Profile, TokenKey, minimise};
use std::path::{Path, PathBuf};

/// Every STIX 2.1 file of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared_bundles() -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("COMITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let root = root.join("data/stix21");
    if !root.is_dir() {
        eprintln!("skipped: no shared bundles at {}", root.display());
        return None;
    }
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
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

/// The key that tests make tokens with.
pub(crate) fn key() -> TokenKey {
    TokenKey::derive(&[7; 32], "an-agreement", "FI", "2026").expect("a key")
}

/// The profile that tests minimise for: the path table's defaults alone.
pub(crate) fn profile() -> Profile {
    Profile { purpose: "cyber_defence".to_owned(), ..Profile::default() }
}

/// Randomness that repeats.
pub(crate) fn entropy() -> impl FnMut(&mut [u8]) {
    let mut state = 1_u64;
    move |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    }
}

/// Minimises every object of `bytes`.
pub(crate) fn minimise_all<'a>(bundle: &Bundle<'a>, table: &PathTable) -> Minimised<'a> {
    let keep: Vec<usize> = (0..bundle.objects().len()).collect();
    minimise(bundle, &keep, table, &profile(), &key(), &mut entropy())
}
