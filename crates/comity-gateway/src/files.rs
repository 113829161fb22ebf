//! The few file operations that keys and directories rest on: private, whole, and durable before they return.
//!
//! ```text
//! content flushed ─> in place under its name (rename, or link where nothing may be replaced) ─> its folder flushed
//! ```
//! Whoever writes what must survive a power cut writes it through this file.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {doing}: {source}", path.display())]
pub struct FileError {
    /// The file or directory.
    pub path: PathBuf,
    /// What was being done: `read`, `create`.
    pub doing: &'static str,
    /// What the system said.
    pub source: io::Error,
}

/// Adds path and operation to what the system said.
pub(crate) fn at<'a>(path: &'a Path, doing: &'static str) -> impl Fn(io::Error) -> FileError + 'a {
    move |source| FileError { path: path.to_owned(), doing, source }
}

/// Creates a directory (0700) and its parents; one that is there already stays as it is. Their names are durable when
/// this returns, also where a crash came between making and flushing them.
pub(crate) fn create_directory(path: &Path) -> Result<(), FileError> {
    let missing = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    let missing: Vec<&Path> = missing.collect();
    for folder in missing.iter().rev() {
        match DirBuilder::new().mode(0o700).create(folder) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            made => made.map_err(at(folder, "create the directory"))?,
        }
        sync_parent(folder)?;
    }
    if missing.is_empty() { sync_parent(path) } else { Ok(()) }
}

/// Creates a directory that was not there with these files in it, by their paths from there, in one step: a crash leaves
/// it whole or absent.
pub(crate) fn create_tree<'a>(
    path: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), FileError> {
    let draft = path.with_added_extension("draft");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(at(&draft, "clear"))?;
    }
    create_directory(&draft)?;
    let mut folders = BTreeSet::from([draft.clone()]);
    let mut written = Vec::new();
    for (name, bytes) in files {
        let file = draft.join(name);
        let inside = file.ancestors().skip(1).take_while(|folder| **folder != draft);
        for folder in inside.map(Path::to_owned).collect::<Vec<_>>().into_iter().rev() {
            if folders.insert(folder.clone()) {
                DirBuilder::new().mode(0o700).create(&folder).map_err(at(&folder, "create the directory"))?;
            }
        }
        write_new(&file, bytes)?;
        written.push(file);
    }
    // All are written before the first is flushed: the disk takes them together. Names are flushed once for each folder.
    for place in written.iter().chain(&folders) {
        sync(place)?;
    }
    rename(&draft, path)
}

/// Gives what lies at `from`, and is durable there, the name `to`: a crash leaves the old name or the new.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(at(to, "put into place"))?;
    sync_parent(to)?;
    if from.parent() == to.parent() { Ok(()) } else { sync_parent(from) }
}

/// Creates a file (0600) that was not there; it and its name are durable when this returns.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_new(path, bytes)?;
    sync(path)?;
    sync_parent(path)
}

/// As [`create`]; neither it nor its name is durable yet.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let error = at(path, "create");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(&error)?;
    file.write_all(bytes).map_err(&error)
}

/// Creates a file in one step: a crash leaves it whole or absent.
///
/// `draft` is a name beside it for the time before; what an earlier crash left there is replaced.
pub(crate) fn create_atomically(path: &Path, draft: &Path, bytes: &[u8]) -> Result<(), FileError> {
    remove(draft)?;
    create(draft, bytes)?;
    // A hard link, unlike a rename, never replaces what another process put there meanwhile.
    fs::hard_link(draft, path).map_err(at(path, "create"))?;
    remove(draft)
}

/// Writes a file (0600) that can be derived again, in one step, in place of what was there.
///
/// Not synced: after a power cut the old file, the new one or none may be there, and whoever needs it derives it.
pub(crate) fn replace_derived(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let error = at(&draft, "write");
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(&error)?;
    file.write_all(bytes).map_err(&error)?;
    fs::rename(&draft, path).map_err(at(path, "replace"))
}

/// Writes a file (0600) in one step, in place of what was there: a crash leaves the old content or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let draft = path.with_added_extension("draft");
    remove(&draft)?;
    create(&draft, bytes)?;
    rename(&draft, path)
}

/// The content of a file of at most `most` bytes; `None` if there is none.
pub(crate) fn read(path: &Path, most: usize) -> Result<Option<Vec<u8>>, FileError> {
    let error = at(path, "read");
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(error(e)),
    };
    let metadata = file.metadata().map_err(&error)?;
    if metadata.is_dir() {
        return Err(error(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if metadata.len() > most as u64 {
        let long = format!("it has {} bytes, the most is {most}", metadata.len());
        return Err(error(io::Error::other(long)));
    }
    // Its room at once, where it has a length: a large one that grows would lie in memory twice.
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(&error)?;
    if bytes.len() > most {
        return Err(error(io::Error::other(format!("it is longer than {most} bytes"))));
    }
    Ok(Some(bytes))
}

/// Overwrites a file with zeros and removes it; done as well when it is gone already.
///
/// File systems that copy on write, and flash, may keep the old blocks: that is why keys lie on a volume of their
/// own choosing, apart from the data and from its backups.
pub(crate) fn destroy(path: &Path) -> Result<(), FileError> {
    let error = at(path, "destroy");
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return sync_parent(path),
        Err(e) => return Err(error(e)),
    };
    let length = file.metadata().map_err(&error)?.len();
    let overwrite = |file: &mut File| {
        file.rewind()?;
        io::copy(&mut io::repeat(0).take(length), file)?;
        file.sync_all()
    };
    overwrite(&mut file).map_err(&error)?;
    remove(path)
}

/// Removes a file, durably; done as well when it is gone already.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(at(path, "remove")(e)),
        _ => sync_parent(path),
    }
}

/// Makes the names in the folder of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), FileError> {
    sync(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Makes what a file holds, or a folder lists, durable.
fn sync(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(at(path, "make durable"))
}

/// Holds `path`, a file made for nothing else, against other threads and processes until it is dropped.
///
/// Nodes of one gateway share their keys, and with them this hold.
pub(crate) fn hold(path: &Path) -> Result<File, FileError> {
    let error = at(path, "hold");
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path).map_err(&error)?;
    file.lock().map_err(&error)?;
    Ok(file)
}

/// Whether there is anything at `path`.
pub(crate) fn is_there(path: &Path) -> Result<bool, FileError> {
    path.try_exists().map_err(at(path, "look for"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_private_and_never_replaced() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("key");
        create(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create(&path, b"two").is_err());
        assert!(create_atomically(&path, &room.path().join("key.draft"), b"two").is_err());
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"one");
    }

    #[test]
    fn a_draft_left_by_a_crash_is_replaced() {
        let room = tempfile::tempdir().unwrap();
        let (path, draft) = (room.path().join("key"), room.path().join("key.draft"));
        create(&draft, b"half").unwrap();
        create_atomically(&path, &draft, b"whole").unwrap();
        assert_eq!(read(&path, 10).unwrap().unwrap(), b"whole");
        assert!(!draft.exists());
    }

    #[test]
    fn a_tree_is_there_whole_and_private_or_not_at_all() {
        let room = tempfile::tempdir().unwrap();
        let (path, half) = (room.path().join("new/tree"), room.path().join("new/tree.draft/old"));
        create_directory(half.parent().unwrap()).unwrap();
        create(&half, b"of a crash").unwrap();
        let files = [("a/b/one", &b"1"[..]), ("a/two", b"2"), ("three", b"3")];
        create_tree(&path, files).unwrap();
        for (name, bytes) in files {
            assert_eq!(read(&path.join(name), 1).unwrap().unwrap(), bytes);
        }
        assert!(!path.join("old").exists() && !half.exists());
        for folder in [&path, &path.join("a/b")] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert!(create_tree(&path, files).is_err(), "what is there is not replaced");
        create_directory(&path).unwrap();
        assert!(create_directory(&path.join("three")).is_err(), "a file is no directory");
    }

    #[test]
    fn reading_is_bounded_and_tells_absence() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("file");
        assert_eq!(read(&path, 3).unwrap(), None);
        create(&path, b"four").unwrap();
        assert!(read(&path, 3).unwrap_err().to_string().ends_with("it has 4 bytes, the most is 3"));
        assert!(read(room.path(), 3).is_err());
    }

    #[test]
    fn destroying_overwrites_first_and_twice_is_once() {
        let room = tempfile::tempdir().unwrap();
        let (path, other_name) = (room.path().join("key"), room.path().join("link"));
        create(&path, b"secret").unwrap();
        fs::hard_link(&path, &other_name).unwrap();
        destroy(&path).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read(&other_name).unwrap(), [0; 6]);
    }
}
