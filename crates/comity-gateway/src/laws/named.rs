//! Packs as a command names them: a shipped slug, a directory of a pack, a directory of packs.
//!
//! What a pack is called is said by its manifest, not by its folder: a copy that somebody works on lies anywhere.

use super::{LawError, read_directory};
use crate::files;
use comity_agreement::finding::did_you_mean;
use comity_agreement::pack::placed;
use comity_agreement::{LawFiles, LawSource as _, shipped};
use comity_terms::PackSlug;
use std::path::Path;

/// A pack that lies in a directory.
#[derive(Debug, Clone)]
pub struct Directory {
    /// What it is called.
    pub slug: PackSlug,
    /// The directory as it was named.
    pub given: String,
    /// Where it lies among files of law: `agreements/<slug>`.
    place: String,
    /// Its files, by their path in it.
    files: LawFiles,
}

/// A pack that was named.
#[derive(Debug, Clone)]
pub enum Named {
    /// One that is shipped.
    Shipped(PackSlug),
    /// One in a directory.
    Directory(Directory),
}

impl Named {
    /// What it is called.
    #[must_use]
    pub fn slug(&self) -> &PackSlug {
        match self {
            Self::Shipped(slug) => slug,
            Self::Directory(directory) => &directory.slug,
        }
    }
}

impl Directory {
    /// Puts the pack among `files`, in the place of the one of its name.
    pub fn lay_over(&self, files: &mut LawFiles) {
        let own = format!("{}/", self.place);
        files.0.retain(|path, _| !path.starts_with(&own));
        files.0.extend(self.files.0.iter().map(|(path, bytes)| (format!("{own}{path}"), bytes.clone())));
    }

    /// A path among files of law as whoever named the directory can open it; any other path as it is.
    #[must_use]
    pub fn as_given(&self, path: &str) -> Option<String> {
        let own = path.strip_prefix(&self.place)?.strip_prefix('/')?;
        Some(Path::new(&self.given).join(own).display().to_string())
    }

    /// The pack in a directory that has a manifest.
    fn read(given: &str, path: &Path) -> Result<Self, LawError> {
        let files = read_directory(path)?;
        let manifest =
            files.0.get("pack.toml").map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let folder = || {
            // A manifest that does not say: what is wrong with it is said under the folder's name.
            let path = path.canonicalize().ok()?;
            let slug: PackSlug = path.file_name()?.to_str()?.parse().ok()?;
            Some((slug.clone(), format!("agreements/{slug}")))
        };
        let (slug, place) = placed(&manifest).or_else(folder).ok_or_else(|| {
            LawError::Load(format!(
                "{}: neither its pack.toml nor its name says which pack it is",
                path.display()
            ))
        })?;
        Ok(Self { slug, given: given.to_owned(), place, files })
    }
}

/// The one pack of that name: a shipped slug, or a directory with a `pack.toml`, read over the shipped files.
///
/// # Errors
/// [`LawError::Unknown`] when it is neither; [`LawError::NoPack`] when the directory holds none.
pub fn named(name: &str, cwd: &Path) -> Result<(LawFiles, PackSlug), LawError> {
    match one(name, cwd)? {
        Some(Named::Shipped(slug)) => Ok((shipped().clone(), slug)),
        Some(Named::Directory(directory)) => {
            let mut files = shipped().clone();
            directory.lay_over(&mut files);
            Ok((files, directory.slug))
        }
        None => Err(missing(name, cwd)),
    }
}

/// Writes the files of one pack to a folder of their own, which [`named`] reads again.
///
/// # Errors
/// [`LawError::Taken`] when something lies there already; [`LawError::File`] when the file system fails.
pub fn write_pack(laws: &LawFiles, pack: &PackSlug, folder: &Path) -> Result<(), LawError> {
    if folder.exists() {
        return Err(LawError::Taken(folder.to_owned()));
    }
    std::fs::create_dir_all(folder).map_err(files::at(folder, "create"))?;
    let own = laws.folder(pack.as_str()).unwrap_or_default();
    let of_it = |path: &str| path.strip_prefix(&own)?.strip_prefix('/').map(|name| folder.join(name));
    for (path, bytes) in laws.0.iter().filter_map(|(path, bytes)| Some((of_it(path)?, bytes))) {
        std::fs::write(&path, bytes).map_err(files::at(&path, "write"))?;
    }
    Ok(())
}

/// The packs of that name: one as [`named`] finds it, else those in the folders of a directory, by their names.
///
/// # Errors
/// [`LawError::Unknown`] when there is nothing of that name; [`LawError::NoPack`] when the directory holds none.
pub fn packs(name: &str, cwd: &Path) -> Result<Vec<Named>, LawError> {
    if let Some(one) = one(name, cwd)? {
        return Ok(vec![one]);
    }
    let path = cwd.join(name);
    if !path.is_dir() {
        return Err(missing(name, cwd));
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(files::at(&path, "list"))? {
        let folder = entry.map_err(files::at(&path, "list"))?.path();
        if folder.join("pack.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    let read = |folder: &std::path::PathBuf| {
        let given = Path::new(name).join(folder.file_name().unwrap_or_default());
        Directory::read(&given.to_string_lossy(), folder).map(Named::Directory)
    };
    let found: Vec<Named> = folders.iter().map(read).collect::<Result<_, _>>()?;
    if found.is_empty() { Err(LawError::NoPack(path)) } else { Ok(found) }
}

fn one(name: &str, cwd: &Path) -> Result<Option<Named>, LawError> {
    if shipped().folder(name).is_some()
        && let Ok(slug) = name.parse()
    {
        return Ok(Some(Named::Shipped(slug)));
    }
    let path = cwd.join(name);
    if !path.join("pack.toml").is_file() {
        return Ok(None);
    }
    Directory::read(name, &path).map(|directory| Some(Named::Directory(directory)))
}

/// Why nothing of that name is a pack.
fn missing(name: &str, cwd: &Path) -> LawError {
    let path = cwd.join(name);
    if path.is_dir() {
        return LawError::NoPack(path);
    }
    let packs: Vec<&str> = shipped().0.keys().filter_map(|path| path.strip_suffix("/pack.toml")).collect();
    let slugs = packs.iter().filter_map(|path| path.rsplit('/').next());
    let near = did_you_mean(name, slugs);
    LawError::Unknown { name: name.to_owned(), hint: format!("{near} (shipped: {})", packs.join(", ")) }
}
