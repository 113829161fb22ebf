//! What the tests share: the shared files, and the objects of a bundle.

use comity_import::{ImportError, Imported, Left};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The files of a folder of the shared data, by name; `None`, said aloud, where it is absent.
pub(crate) fn shared(folder: &str) -> Option<Vec<PathBuf>> {
    comity_beside::shared_files(&format!("data/{folder}"))
}

pub(crate) fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The objects of a type.
pub(crate) fn all<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let objects = bundle["objects"].as_array().expect("a list of objects");
    objects.iter().filter(|object| object["type"] == kind).collect()
}

pub(crate) fn one<'a>(bundle: &'a Value, kind: &str) -> &'a Value {
    match all(bundle, kind).as_slice() {
        [one] => one,
        others => panic!("{} of {kind}", others.len()),
    }
}

/// `verb from-name to-name` for each relationship; what has no name is told by its type.
pub(crate) fn links(bundle: &Value) -> Vec<String> {
    let objects = bundle["objects"].as_array().expect("a list of objects");
    let name = |id: &Value| {
        let object = objects.iter().find(|object| object["id"] == *id).expect("no reference dangles");
        let name = object["name"].as_str().or(object["country"].as_str()).unwrap_or_default();
        if name.is_empty() { object["type"].as_str().unwrap_or_default().to_owned() } else { name.to_owned() }
    };
    let links = all(bundle, "relationship").into_iter().map(|link| {
        let verb = link["relationship_type"].as_str().unwrap_or_default();
        format!("{} {verb} {}", name(&link["source_ref"]), name(&link["target_ref"]))
    });
    let mut links: Vec<String> = links.collect();
    links.sort();
    links
}

/// Every place that is named as wrong or left, with why.
pub(crate) fn named(result: &Result<Imported, ImportError>) -> Vec<String> {
    let left = |left: &Left| format!("{} {}", left.path, left.reason);
    match result {
        Ok(made) => made.left.iter().map(left).collect(),
        Err(ImportError::Wrong(troubles, _)) => troubles.iter().map(ToString::to_string).collect(),
        Err(other) => vec![other.to_string()],
    }
}
