//! A copy of a gateway to keep, and the gateway that is made of it.
//!
//! ```text
//! PATH/                 0700
//!   comity.sqlite       the database at one instant, also where it is on a server
//!   identity/           who the gateway is, with the keys that sign: as secret as DIR
//!   law/, settings.toml
//!   backup.toml         last: version, log, size, when, and the digest of every file
//! ```
//! Epoch keys, transport keys, secrets of pseudonyms and the mark are in no backup: what was destroyed stays so, and a
//! database that is older than its log is known for that. The published log is not kept either: it is derived.
//! A gateway that is made of a backup has its database in its folder; `serve --database` moves it to a server that holds
//! none.

use crate::dirs::Directory;
use crate::files::{self, FileError};
use crate::gateway::GatewayError;
use comity_store::copy_database;
use comity_terms::{Digest, Timestamp};
use comity_tlog::SignedCheckpoint;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What `backup.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format: 1.
    pub version: u8,
    /// The log.
    pub log: String,
    /// How many entries it had.
    pub size: u64,
    /// When, UTC.
    pub at: String,
    /// The digest of every other file, by its path.
    pub files: BTreeMap<String, String>,
}

/// The largest file beside the database: a pack's.
const FILE_BYTES_MAX: usize = crate::laws::LAW_BYTES_MAX;

/// The largest manifest: 100,000 files of 200 bytes.
const MANIFEST_BYTES_MAX: usize = 100_000 * 200;

/// Copies the gateway in `directory` to `to`, which is not there yet; whether it serves or not.
///
/// # Errors
/// [`GatewayError`]; there is no `to` then.
pub fn backup(directory: &Directory, to: &Path, now: Timestamp) -> Result<Manifest, GatewayError> {
    if to.exists() {
        return Err(GatewayError::Input(format!("{} is there already", to.display())));
    }
    if [directory.data(), directory.keys()].into_iter().any(|place| to.starts_with(place)) {
        return Err(GatewayError::Input(format!("{} lies inside what it is a copy of", to.display())));
    }
    let draft = beside(to, ".draft");
    if draft.exists() {
        std::fs::remove_dir_all(&draft).map_err(files::at(&draft, "clear"))?;
    }
    files::create_directory(&draft)?;
    let note = copy_database(&directory.database()?, directory.data(), &draft.join(DATABASE))?;
    let checkpoint =
        SignedCheckpoint::parse(note.as_bytes()).map_err(|e| GatewayError::Broken(e.to_string()))?;
    let mut digests = BTreeMap::new();
    digests.insert(DATABASE.to_owned(), digest_of(&draft.join(DATABASE))?);
    for name in ["identity", "law", "settings.toml"] {
        copy(directory.data(), &draft, Path::new(name), &mut digests)?;
    }
    let manifest = Manifest {
        version: 1,
        log: checkpoint.checkpoint().origin().to_owned(),
        size: checkpoint.checkpoint().size().0,
        at: now.to_string(),
        files: digests,
    };
    let text = toml::to_string(&manifest).map_err(|e| GatewayError::Broken(e.to_string()))?;
    files::create(&draft.join(MANIFEST), text.as_bytes())?;
    files::rename(&draft, to)?;
    Ok(manifest)
}

/// Makes a gateway in `to`, which is not there or empty, of the backup in `from`.
///
/// # Errors
/// [`GatewayError::Input`] when a file is not as it was; nothing is made then.
pub fn restore(from: &Path, to: &Path) -> Result<Manifest, GatewayError> {
    let path = from.join(MANIFEST);
    let wrong = |reason: String| GatewayError::Input(format!("{}: {reason}", path.display()));
    let text = files::read(&path, MANIFEST_BYTES_MAX)?.ok_or_else(|| {
        wrong("it is not there: this is no backup, or one that was not finished".to_owned())
    })?;
    let text = String::from_utf8(text).map_err(|_| wrong("it is not text".to_owned()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if manifest.version != 1 {
        return Err(wrong(format!("version {} is not known here; version 1 is", manifest.version)));
    }
    if std::fs::read_dir(to).is_ok_and(|mut list| list.next().is_some()) || to.is_file() {
        return Err(GatewayError::Input(format!("{} is there already and not empty", to.display())));
    }
    for (name, digest) in &manifest.files {
        let inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside {
            return Err(wrong(format!("`{name}` leads elsewhere")));
        }
        if digest_of(&from.join(name))? != *digest {
            return Err(GatewayError::Input(format!("{}: not as it was kept", from.join(name).display())));
        }
    }
    files::create_directory(to)?;
    // The file that makes a directory a gateway comes last.
    let (last, others): (Vec<_>, Vec<_>) = manifest.files.keys().partition(|name| *name == GATEWAY);
    for name in others.into_iter().chain(last) {
        let target = to.join(name);
        files::create_directory(target.parent().unwrap_or(to))?;
        copy_file(&from.join(name), &target)?;
    }
    for folder in ["log", "receipts"] {
        files::create_directory(&to.join(folder))?;
    }
    Ok(manifest)
}

fn copy(
    from: &Path,
    to: &Path,
    name: &Path,
    digests: &mut BTreeMap<String, String>,
) -> Result<(), GatewayError> {
    let source = from.join(name);
    if source.is_dir() {
        files::create_directory(&to.join(name))?;
        for entry in std::fs::read_dir(&source).map_err(files::at(&source, "list"))? {
            let entry = entry.map_err(files::at(&source, "list"))?;
            copy(from, to, &name.join(entry.file_name()), digests)?;
        }
        return Ok(());
    }
    // A draft that is gone by now, or a setting that was never made, is no loss.
    let Some(bytes) = files::read(&source, FILE_BYTES_MAX)? else { return Ok(()) };
    files::create(&to.join(name), &bytes)?;
    digests.insert(name.display().to_string(), Digest::of(&bytes).to_string());
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let error = files::at(to, "copy");
    std::fs::copy(from, to).map_err(&error)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).map_err(&error)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(&error)?;
    files::sync_parent(to)
}

/// The digest of a file of any size.
fn digest_of(path: &Path) -> Result<String, GatewayError> {
    use std::io::Read as _;
    let error = files::at(path, "read");
    let mut file = std::fs::File::open(path).map_err(&error)?;
    // A digest over the digests of pieces: a database need not fit into memory.
    let mut whole = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let mut filled = 0;
        while filled < piece.len() {
            let read = file.read(&mut piece[filled..]).map_err(&error)?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        if filled == 0 {
            break;
        }
        whole.extend(Digest::of(&piece[..filled]).0);
        if filled < piece.len() {
            break;
        }
    }
    // One piece is its own digest, as a reader would compute it.
    let digest = match <[u8; 32]>::try_from(whole.as_slice()) {
        Ok(only) => Digest(only),
        Err(_) => Digest::of(&whole),
    };
    Ok(digest.to_string())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.to_owned().into();
    name.push(suffix);
    name.into()
}

const DATABASE: &str = "comity.sqlite";
const MANIFEST: &str = "backup.toml";
const GATEWAY: &str = "identity/gateway.toml";

/// 64 MiB, more than any file beside the database.
const PIECE_BYTES: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(room: &Path) -> Directory {
        let code = "XA".parse().unwrap();
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        let data = room.join("xa");
        let directory =
            Directory::init(&data, None, &code, "Centre of XA", &mut crate::clock::OsEntropy, now).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Opening makes the database.
        drop(runtime.block_on(crate::gateway::Gateway::open(directory.clone())).unwrap());
        directory
    }

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_backup_has_no_key_that_makes_records_end_and_comes_back_whole() {
        let room = tempfile::tempdir().unwrap();
        let directory = gateway(room.path());
        let (to, back) = (room.path().join("kept"), room.path().join("back"));
        let manifest = backup(&directory, &to, now()).unwrap();
        assert!(manifest.files.contains_key("identity/party.key") && manifest.files.contains_key(DATABASE));
        assert!(manifest.files.keys().all(|name| !name.contains("epoch") && !name.contains("mark")));
        assert_eq!(restore(&to, &back).unwrap(), manifest);
        for name in manifest.files.keys() {
            assert_eq!(
                std::fs::read(to.join(name)).unwrap(),
                std::fs::read(back.join(name)).unwrap(),
                "{name}"
            );
        }
        assert!(
            matches!(backup(&directory, &to, now()), Err(GatewayError::Input(_))),
            "nothing is overwritten"
        );
        assert!(matches!(restore(&to, &back), Err(GatewayError::Input(_))));
    }

    #[test]
    fn what_was_altered_or_not_finished_is_not_restored() {
        let room = tempfile::tempdir().unwrap();
        let directory = gateway(room.path());
        let (to, back) = (room.path().join("kept"), room.path().join("back"));
        for inside in [directory.data(), directory.keys()] {
            assert!(backup(&directory, &inside.join("kept"), now()).is_err());
        }
        backup(&directory, &to, now()).unwrap();
        let settings = to.join("settings.toml");
        let kept = std::fs::read(&settings).unwrap();
        std::fs::write(&settings, "retry_horizon_days = 1").unwrap();
        let refused = restore(&to, &back).unwrap_err().to_string();
        assert!(refused.ends_with("settings.toml: not as it was kept"), "{refused}");
        std::fs::write(&settings, kept).unwrap();
        std::fs::remove_file(to.join(MANIFEST)).unwrap();
        let refused = restore(&to, &back).unwrap_err().to_string();
        assert!(refused.contains("not finished"), "{refused}");
        assert!(!back.exists(), "nothing was made");
    }
}
