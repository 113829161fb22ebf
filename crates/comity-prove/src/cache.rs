//! Proofs that were made, on disk: what a change did not touch is not proved again.
//!
//! One small file for each environment and question, named by the digest of all that the answer rests on: the
//! conditions, and of the schema what they can see. A case that is kept is asked of the engine again before it counts;
//! that there is none is taken from here. Whoever does not trust the folder names none.

use crate::case::Case;
use comity_terms::Digest;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder, or none; and what this process has learnt.
#[derive(Debug, Default)]
pub struct Cache {
    folder: Option<PathBuf>,
    held: Mutex<HashMap<Digest, Kept>>,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// There is no such question.
    None,
    /// There is this one.
    Case(Box<Case>),
}

impl Cache {
    /// Nothing is kept beyond this process.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Answers are kept in `folder`.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), held: Mutex::default() }
    }

    /// What is kept under `key`; a file that does not read counts as none.
    #[must_use]
    pub fn get(&self, key: &Digest) -> Option<Kept> {
        if let Some(kept) = self.held().get(key) {
            return Some(kept.clone());
        }
        let text = std::fs::read_to_string(self.path(key)?).ok()?;
        let json: Json = serde_json::from_str(&text).ok()?;
        match json.get("case") {
            Some(case) => Case::read(case).map(|case| Kept::Case(Box::new(case))),
            None if json["none"] == true => Some(Kept::None),
            None => None,
        }
    }

    /// Keeps an answer. A folder that cannot be written to costs time, not truth: it is left at that.
    pub fn put(&self, key: &Digest, kept: &Kept) {
        self.held().insert(*key, kept.clone());
        let Some(path) = self.path(key) else { return };
        let json = match kept {
            Kept::None => json!({ "none": true }),
            Kept::Case(case) => json!({ "case": case.json() }),
        };
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let folder = path.parent().unwrap_or(Path::new("."));
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&draft, json.to_string()));
        // Whole or not at all, though two of us write it at once.
        let _ = written.and_then(|()| std::fs::rename(&draft, &path));
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Kept>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &Digest) -> Option<PathBuf> {
        let hex = key.hex();
        let (shelf, name) = hex.split_at(2);
        Some(self.folder.as_ref()?.join(shelf).join(name).with_extension("json"))
    }
}
