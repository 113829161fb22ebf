//! The warning lists that an operator names, over the shipped ones: read once, and what of a bundle is on them.
//!
//! They tell the officer, and decide nothing: facts are found by the lists that ship, which both gateways of an exchange
//! have (`comity_minimise::PathTable::warning_lists`); otherwise a partner would find other facts in the same data.

use crate::files::{self, FileError};
use comity_exchange::report::WarningReport;
use comity_minimise::{Bundle, Limits, PathTable, Warning, WarningListError, WarningLists, warnings};
use std::path::{Path, PathBuf};

/// The largest warning list that is read: the longest public ones, of a million domains, have 25 MB.
const WARNING_LIST_BYTES_MAX: usize = 64 << 20;

/// Why warning lists do not read.
#[derive(Debug, thiserror::Error)]
pub enum WarningError {
    /// The file system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no such file or directory.
    #[error("{}: there is no such warning list", .0.display())]
    Missing(PathBuf),
    /// A list is not what it should be: the file, and where in it.
    #[error(transparent)]
    List(#[from] WarningListError),
}

/// The shipped lists, and those that `named` names: a file, or a directory of files that end in `.json`, by name.
///
/// # Errors
/// [`WarningError`], naming the file and the place in it; callers do not start.
pub fn lists<'p>(named: impl IntoIterator<Item = &'p Path>) -> Result<WarningLists, WarningError> {
    let mut lists = WarningLists::shipped()?;
    for path in named {
        if !path.is_dir() {
            add(&mut lists, path)?;
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(files::at(path, "read"))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "json"));
        files.sort();
        for file in files {
            add(&mut lists, &file)?;
        }
    }
    Ok(lists)
}

fn add(lists: &mut WarningLists, file: &Path) -> Result<(), WarningError> {
    let bytes =
        files::read(file, WARNING_LIST_BYTES_MAX)?.ok_or_else(|| WarningError::Missing(file.to_owned()))?;
    Ok(lists.add(&file.display().to_string(), &bytes)?)
}

/// What is on a warning list: the object, the property and the list. A bundle that does not read has none.
#[must_use]
pub fn warned(bytes: &[u8], limits: &Limits, table: &PathTable, lists: &WarningLists) -> Vec<WarningReport> {
    let Ok(bundle) = Bundle::parse(bytes, limits) else { return Vec::new() };
    let told = |warning: Warning| WarningReport {
        object: bundle.objects()[warning.index].id().to_owned(),
        path: warning.path.to_owned(),
        list: warning.list,
    };
    warnings(&bundle, table, lists).into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_file_and_the_place_in_it() {
        let room = tempfile::tempdir().unwrap();
        let told = |path: &Path| lists([path]).unwrap_err().to_string();
        let missing = room.path().join("none.json");
        assert!(told(&missing).contains("none.json: there is no such"), "{}", told(&missing));
        let broken = room.path().join("broken.json");
        std::fs::write(&broken, "{\n\"name\": 1}").unwrap();
        let error = told(room.path());
        assert!(error.contains("broken.json") && error.contains("line 2"), "{error}");
        let range = r#"{"name":"a","type":"cidr","list":["10.0.0.0/99"],"matching_attributes":["ip-dst"]}"#;
        std::fs::write(&broken, range).unwrap();
        assert!(told(room.path()).contains("`10.0.0.0/99`"), "{}", told(room.path()));
    }
}
