//! Where law is read from: files by path, already in memory.
//!
//! ```text
//! vocabulary/facts.toml   agreements/<slug>/pack.toml   jurisdictions/<CODE>/forbids.cedar
//! ```
//! Leaves reading directories and fetching from partners to the shell, which fills a [`LawFiles`].

use include_dir::{Dir, include_dir};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Files of law, by their path from the root that holds `vocabulary/`.
pub trait LawSource: Sync {
    /// The bytes of the file, when there is one.
    fn read(&self, path: &str) -> Option<Cow<'_, [u8]>>;

    /// The paths that begin with `prefix`, in order.
    fn list(&self, prefix: &str) -> Vec<String>;

    /// The folder of a pack, when it is there: `agreements/<slug>` or `jurisdictions/<CODE>`.
    fn folder(&self, pack: &str) -> Option<String> {
        let folders = ROOTS.iter().map(|root| format!("{root}{pack}"));
        folders.into_iter().find(|folder| self.read(&format!("{folder}/pack.toml")).is_some())
    }
}

/// The folders that packs lie in.
pub(crate) const ROOTS: [&str; 2] = ["agreements/", "jurisdictions/"];

/// Files of law in memory.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LawFiles(pub BTreeMap<String, Vec<u8>>);

impl LawFiles {
    /// Adds `other`'s files; where both have a path, `other`'s stays.
    #[must_use]
    pub fn overlaid(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl std::fmt::Debug for LawFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files of law", self.0.len())
    }
}

impl LawSource for LawFiles {
    fn read(&self, path: &str) -> Option<Cow<'_, [u8]>> {
        self.0.get(path).map(|bytes| Cow::Borrowed(bytes.as_slice()))
    }

    fn list(&self, prefix: &str) -> Vec<String> {
        self.0.keys().filter(|path| path.starts_with(prefix)).cloned().collect()
    }
}

/// The law that is built into this binary.
pub fn shipped() -> &'static LawFiles {
    static AGREEMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../agreements");
    static JURISDICTIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../jurisdictions");
    static VOCABULARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../vocabulary");
    static FILES: OnceLock<LawFiles> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = LawFiles::default();
        for (root, dir) in
            [("agreements", &AGREEMENTS), ("jurisdictions", &JURISDICTIONS), ("vocabulary", &VOCABULARY)]
        {
            gather(root, dir, &mut files);
        }
        files
    })
}

fn gather(root: &str, dir: &Dir<'_>, files: &mut LawFiles) {
    for file in dir.files() {
        files.0.insert(format!("{root}/{}", file.path().display()), file.contents().to_vec());
    }
    for inner in dir.dirs() {
        gather(root, inner, files);
    }
}
