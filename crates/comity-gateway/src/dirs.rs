//! Where a gateway keeps what it has.
//!
//! ```text
//! DIR/                 0700            the data; whole in a backup
//!   comity.sqlite                      state, vault rows and log entries
//!   comity.sock                        the local road for commands, while `serve` runs
//!   lock                               held by the one process that works here; its number inside
//!   log/                               the published log, derived from the database
//!   law/<digest>/                      packs as adopted
//!   settings.toml                      what the operator sets
//!   receipts/                          receipts, as printed by `comity log receipt`
//!   identity/gateway.toml              who this gateway is
//!   identity/{party,log,witness}.key   seeds of 32 bytes, in hexadecimal
//!   identity/tls.{crt,key}             the federation certificate and its key, PEM
//! DIR.keys/            0700            beside it, never inside, in no backup: see `keys`
//! ```

use crate::files::{self, FileError};
use crate::net::tls::{Certificate, TlsError};
use comity_terms::{Entropy, JurisdictionCode, Party, Timestamp};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};
use zeroize::Zeroizing;

/// The data directory of a gateway with the keys directory that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    data: PathBuf,
    keys: PathBuf,
}

/// Who a gateway is, as `identity/gateway.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The party that it speaks for.
    pub jurisdiction: Party,
    /// The authority that runs it.
    pub authority: String,
    /// The name of its log and of its store: `comity/XA/1f2e3d4c`, drawn once.
    pub origin: String,
    /// When it was made, UTC.
    pub since: Timestamp,
}

/// A seed of one of the keys that sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeedOf {
    /// Signs laws, offers and answers.
    Party,
    /// Signs the log's checkpoints.
    Log,
    /// Cosigns partners' logs.
    Witness,
}

/// Why a directory is not made or not opened.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// There is something already.
    #[error("{} is there already and not empty; a gateway is made once", .0.display())]
    Exists(PathBuf),
    /// Keys would be copied with the data.
    #[error("the keys directory {} lies inside the data directory {}: a backup would hold both", keys.display(), data.display())]
    KeysInside {
        /// The keys directory.
        keys: PathBuf,
        /// The data directory.
        data: PathBuf,
    },
    /// No gateway lies there.
    #[error("{} holds no gateway; make one with `comity init`", .0.display())]
    Absent(PathBuf),
    /// The keys directory is gone: what is sealed cannot be read, and nothing may be signed without the mark.
    #[error("the keys directory {} is not there; name it with --keys", .0.display())]
    KeysAbsent(PathBuf),
    /// Another process works here.
    #[error("{} is in use by process {holder}", directory.display())]
    Locked {
        /// The data directory.
        directory: PathBuf,
        /// The number of the process, or `unknown`.
        holder: String,
    },
    /// A file of the identity does not read.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The authority's name cannot stand in letters and files.
    #[error("`{0}` is not an authority's name: 1 to 200 printable characters")]
    Authority(String),
    /// The file system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The federation certificate could not be made or read.
    #[error(transparent)]
    Certificate(#[from] TlsError),
}

impl Directory {
    /// Makes the directories of a new gateway, with its keys.
    ///
    /// # Errors
    /// [`DirectoryError`]; nothing that was there is changed.
    pub fn init(
        data: &Path,
        keys: Option<&Path>,
        jurisdiction: &JurisdictionCode,
        authority: &str,
        entropy: &mut impl Entropy,
        now: Timestamp,
    ) -> Result<Self, DirectoryError> {
        let directory = Self::located(data, keys)?;
        let named = |text: &str| !text.trim().is_empty() && text.chars().count() <= 200;
        if !named(authority) || authority.chars().any(char::is_control) {
            return Err(DirectoryError::Authority(authority.chars().take(200).collect()));
        }
        for place in [&directory.data, &directory.keys] {
            if std::fs::read_dir(place).is_ok_and(|mut list| list.next().is_some()) || place.is_file() {
                return Err(DirectoryError::Exists(place.clone()));
            }
        }
        for place in [directory.log(), directory.law(), directory.receipts(), directory.identity()] {
            files::create_directory(&place)?;
        }
        for place in [directory.epoch_keys(), directory.transport_keys()] {
            files::create_directory(&place)?;
        }
        for seed in [SeedOf::Party, SeedOf::Log, SeedOf::Witness] {
            files::create(&directory.seed_path(seed), hex_line(&entropy.bytes()).as_bytes())?;
        }
        let certificate = Certificate::draw(&format!("{jurisdiction} {authority}"), entropy)?;
        let (chain, key) = certificate.to_pem();
        files::create(&directory.identity().join("tls.crt"), chain.as_bytes())?;
        files::create(&directory.identity().join("tls.key"), key.as_bytes())?;
        let tag: [u8; 4] = entropy.bytes();
        let gateway = GatewayFile {
            jurisdiction: jurisdiction.to_string(),
            authority: authority.to_owned(),
            origin: format!("comity/{jurisdiction}/{:08x}", u32::from_be_bytes(tag)),
            since: now.to_string(),
        };
        files::create(&directory.settings(), crate::settings::SHIPPED.as_bytes())?;
        // Last: a directory with this file is a whole gateway.
        let path = directory.gateway_path();
        let text = toml::to_string(&gateway)
            .map_err(|error| DirectoryError::Content { path: path.clone(), reason: error.to_string() })?;
        files::create(&path, text.as_bytes())?;
        Ok(directory)
    }

    /// The directories of a gateway that `init` made.
    ///
    /// # Errors
    /// [`DirectoryError`]; callers work on nothing.
    pub fn open(data: &Path, keys: Option<&Path>) -> Result<Self, DirectoryError> {
        let directory = Self::located(data, keys)?;
        if !directory.gateway_path().is_file() {
            return Err(DirectoryError::Absent(directory.data));
        }
        if !directory.keys.is_dir() {
            return Err(DirectoryError::KeysAbsent(directory.keys));
        }
        Ok(directory)
    }

    fn located(data: &Path, keys: Option<&Path>) -> Result<Self, DirectoryError> {
        let data = resolved(data)?;
        let keys = match keys {
            Some(keys) => resolved(keys)?,
            None => {
                let mut beside: OsString = data.clone().into();
                beside.push(".keys");
                beside.into()
            }
        };
        if keys.starts_with(&data) {
            return Err(DirectoryError::KeysInside { keys, data });
        }
        Ok(Self { data, keys })
    }

    /// Takes the directory for this process until the lock is dropped.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`], naming the process that has it.
    pub fn lock(&self) -> Result<Lock, DirectoryError> {
        let path = self.data.join("lock");
        let error = files::at(&path, "lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(&error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message; a holder that has not written yet is unknown.
                let _ = file.take(20).read_to_string(&mut holder);
                let holder = holder.trim();
                let known = !holder.is_empty() && holder.bytes().all(|b| b.is_ascii_digit());
                let holder = if known { holder } else { "unknown" }.to_owned();
                return Err(DirectoryError::Locked { directory: self.data.clone(), holder });
            }
            Err(TryLockError::Error(e)) => return Err(error(e).into()),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(&error)?;
        Ok(Lock { _file: file })
    }

    /// Who the gateway is.
    ///
    /// # Errors
    /// [`DirectoryError::Content`] when the file does not read.
    pub fn gateway(&self) -> Result<Gateway, DirectoryError> {
        let path = self.gateway_path();
        let text = self.text(&path)?;
        let content = |reason: String| DirectoryError::Content { path: path.clone(), reason };
        let file: GatewayFile = toml::from_str(&text).map_err(|error| content(error.to_string()))?;
        Ok(Gateway {
            jurisdiction: Party::new(&file.jurisdiction).map_err(|error| content(error.to_string()))?,
            since: file.since.parse().map_err(|error| content(format!("since: {error}")))?,
            authority: file.authority,
            origin: file.origin,
        })
    }

    /// The seed of a key that signs.
    ///
    /// # Errors
    /// [`DirectoryError::Content`] when the file holds none.
    pub fn seed(&self, of: SeedOf) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        let path = self.seed_path(of);
        let text = self.text(&path)?;
        seed_from_hex(text.trim_end()).ok_or_else(|| DirectoryError::Content {
            path,
            reason: "not a seed: expected 64 hexadecimal digits".to_owned(),
        })
    }

    /// The federation certificate with its key.
    ///
    /// # Errors
    /// [`DirectoryError::Certificate`] when the files do not read.
    pub fn certificate(&self) -> Result<Certificate, DirectoryError> {
        let [chain, key] = ["tls.crt", "tls.key"].map(|name| self.text(&self.identity().join(name)));
        Ok(Certificate::from_pem(&chain?, &key?)?)
    }

    fn text(&self, path: &Path) -> Result<Zeroizing<String>, DirectoryError> {
        let content =
            |reason: &str| DirectoryError::Content { path: path.to_owned(), reason: reason.to_owned() };
        let bytes = files::read(path, IDENTITY_FILE_BYTES_MAX)?.ok_or_else(|| content("it is not there"))?;
        String::from_utf8(bytes).map(Zeroizing::new).map_err(|_| content("it is not text"))
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The keys directory.
    #[must_use]
    pub fn keys(&self) -> &Path {
        &self.keys
    }

    /// What the operator sets.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.data.join("settings.toml")
    }

    /// The embedded database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data.join("comity.db")
    }

    /// The socket for commands.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.data.join("comity.sock")
    }

    /// The published log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data.join("log")
    }

    /// Packs as adopted.
    #[must_use]
    pub fn law(&self) -> PathBuf {
        self.data.join("law")
    }

    /// Receipts.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.data.join("receipts")
    }

    /// The epoch keys.
    #[must_use]
    pub fn epoch_keys(&self) -> PathBuf {
        self.keys.join("epoch")
    }

    /// The transport keys.
    #[must_use]
    pub fn transport_keys(&self) -> PathBuf {
        self.keys.join("transport")
    }

    /// The secrets of pseudonyms.
    #[must_use]
    pub fn token_secrets(&self) -> PathBuf {
        self.keys.join("tokens")
    }

    /// The log's high-water mark.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.keys.join("mark")
    }

    fn identity(&self) -> PathBuf {
        self.data.join("identity")
    }

    fn gateway_path(&self) -> PathBuf {
        self.identity().join("gateway.toml")
    }

    fn seed_path(&self, of: SeedOf) -> PathBuf {
        self.identity().join(match of {
            SeedOf::Party => "party.key",
            SeedOf::Log => "log.key",
            SeedOf::Witness => "witness.key",
        })
    }
}

/// The lock on a data directory, given up when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayFile {
    jurisdiction: String,
    authority: String,
    origin: String,
    since: String,
}

/// The path from the root, with links and dots resolved as far as it exists.
fn resolved(path: &Path) -> Result<PathBuf, FileError> {
    let whole = std::path::absolute(path).map_err(files::at(path, "resolve"))?;
    let mut plain = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => {
                plain.push(part);
                // A link is followed before what comes after it is taken as inside.
                if let Ok(real) = plain.canonicalize() {
                    plain = real;
                }
            }
        }
    }
    Ok(plain)
}

fn hex_line(seed: &[u8; 32]) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(65));
    for byte in seed {
        line.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    line.push('\n');
    line
}

fn seed_from_hex(hex: &str) -> Option<Zeroizing<[u8; 32]>> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut seed = Zeroizing::new([0; 32]);
    for (index, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(seed)
}

/// No file of the identity is longer: the certificate, with a name of 200 characters, is under 2 KiB.
const IDENTITY_FILE_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests;
