//! The few file operations that keys and directories rest on: private, whole, and durable before they return.

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

/// Creates a directory (0700) and its parents; one that is there already stays as it is.
pub(crate) fn create_directory(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at(path, "create the directory"))
}

/// Creates a file (0600) that was not there; it and its name are durable when this returns.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let error = at(path, "create");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(&error)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(&error)?;
    sync_parent(path)
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
    fs::rename(&draft, path).map_err(at(path, "replace"))?;
    sync_parent(path)
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
    let mut bytes = Vec::new();
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
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(at(parent, "make durable"))
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
