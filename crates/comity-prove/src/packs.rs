//! Packs as a command names them: a shipped name, or a directory that lies over the shipped ones.
//!
//! As `comity law` reads them; kept here because nothing of the gateway is a part of this room.

use comity_agreement::pack::placed;
use comity_agreement::{LawFiles, LawSource as _, shipped};
use comity_terms::PackSlug;
use std::path::{Path, PathBuf};

/// The most that a pack may weigh, with all that lies in its folder.
const BYTES_MAX: u64 = 16 << 20;

/// A pack that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No such pack.
    #[error("no pack `{0}`: neither shipped nor a directory with a pack.toml")]
    Unknown(String),
    /// Its manifest does not say what it is called.
    #[error("{0}: its pack.toml does not say which pack it is")]
    Unnamed(PathBuf),
    /// It is too large.
    #[error("{0}: more than {BYTES_MAX} bytes")]
    Large(PathBuf),
    /// The file system failed.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
}

/// The files of law with the pack in them, and its name.
///
/// # Errors
/// [`PackError`].
pub fn named(name: &str) -> Result<(LawFiles, PackSlug), PackError> {
    if shipped().folder(name).is_some()
        && let Ok(slug) = name.parse()
    {
        return Ok((shipped().clone(), slug));
    }
    let path = Path::new(name);
    if !path.join("pack.toml").is_file() {
        return Err(PackError::Unknown(name.to_owned()));
    }
    let path = path.canonicalize().map_err(|error| PackError::File(path.to_owned(), error))?;
    let mut own = LawFiles::default();
    let mut left = BYTES_MAX;
    for entry in std::fs::read_dir(&path).map_err(|error| PackError::File(path.clone(), error))? {
        let file = entry.map_err(|error| PackError::File(path.clone(), error))?.path();
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
        let size = std::fs::metadata(&file).map_err(|error| PackError::File(file.clone(), error))?.len();
        left = left.checked_sub(size).ok_or_else(|| PackError::Large(path.clone()))?;
        let bytes = std::fs::read(&file).map_err(|error| PackError::File(file.clone(), error))?;
        own.0.insert(name.to_owned(), bytes);
    }
    let manifest = own.0.get("pack.toml").map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
    let (slug, place) = placed(&manifest).ok_or_else(|| PackError::Unnamed(path.clone()))?;
    let mut files = shipped().clone();
    files.0.retain(|file, _| !file.starts_with(&format!("{place}/")));
    files.0.extend(own.0.into_iter().map(|(file, bytes)| (format!("{place}/{file}"), bytes)));
    Ok((files, slug))
}
