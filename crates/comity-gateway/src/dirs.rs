//! Where a gateway keeps what it has.
//!
//! ```text
//! DIR/                 0700            the data; whole in a backup
//!   comity.sqlite                      state, vault rows and log entries, unless a server has them
//!   database                           the URL of that server; 0600, for it may hold a password
//!   comity.sock                        the local road for commands, while `serve` runs
//!   lock                               held by the one process that works here; its number inside
//!   log/                               the published log, derived from the database
//!   law/<digest>/                      packs as adopted
//!   settings.toml                      what the operator sets
//!   receipts/                          receipts, as printed by `comity log receipt`
//!   identity/gateway.toml              who this gateway is
//!   identity/{party,log,witness}.key   seeds of 32 bytes, in hexadecimal; {party,log,witness}.2.key, … after these
//!   identity/tls.{crt,key}             the federation certificate and its key, PEM; tls.2.{crt,key}, …
//!   identity/officers/                 seeds of officers' keys
//!   identity/heard/                    which identity each partner has heard last
//!   log.ended/<n>/                     logs that ended, as they were published last
//! DIR.keys/            0700            beside it, never inside, in no backup: see `keys`
//! ```

mod paths;
pub mod seat;
mod seed;

pub use seat::{Gateway, Generations};

use crate::files::{self, FileError};
use crate::net::tls::{Certificate, TlsError};
use crate::work::officers;
use comity_store::{Location, LocationError, ServerUrl};
use comity_terms::{Entropy, JurisdictionCode, Timestamp};
use paths::numbered;
use seed::{hex_line, seed_from_hex};
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
            directory.draw_seed(seed, 1, entropy)?;
        }
        directory.draw_certificate(1, &format!("{jurisdiction} {authority}"), entropy)?;
        let tag: [u8; 4] = entropy.bytes();
        let gateway = Gateway {
            jurisdiction: jurisdiction.clone(),
            authority: authority.to_owned(),
            origin: format!("comity/{jurisdiction}/{:08x}", u32::from_be_bytes(tag)),
            since: now,
            sequence: 0,
            generations: Generations::default(),
            party_keys: Vec::new(),
            succeeds: None,
        };
        files::create(&directory.settings(), crate::settings::SHIPPED.as_bytes())?;
        // Last: a directory with this file is a whole gateway.
        directory.write_gateway(&gateway)?;
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

    /// The seed of a key that signs.
    ///
    /// # Errors
    /// [`DirectoryError::Content`] when the file holds none.
    pub fn seed(&self, of: SeedOf, generation: u32) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        self.read_seed(self.seed_path(of, generation))
    }

    /// The seed of a key's generation, drawn and durable when there is none yet.
    ///
    /// # Errors
    /// As [`seed`](Self::seed).
    pub fn draw_seed(
        &self,
        of: SeedOf,
        generation: u32,
        entropy: &mut impl Entropy,
    ) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        self.drawn_seed(self.seed_path(of, generation), entropy)
    }

    /// The seed of an officer's key.
    ///
    /// # Errors
    /// As [`seed`](Self::seed).
    pub fn officer_seed(&self, name: &str, number: usize) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        self.read_seed(self.identity().join("officers").join(officers::file_name(name, number)))
    }

    /// Whether the seed of an officer's key lies here: another node of the gateway may have drawn it.
    #[must_use]
    pub fn has_officer_seed(&self, name: &str, number: usize) -> bool {
        self.identity().join("officers").join(officers::file_name(name, number)).exists()
    }

    /// The seed of an officer's key, drawn and durable when there is none yet.
    ///
    /// # Errors
    /// As [`seed`](Self::seed).
    pub fn draw_officer_seed(
        &self,
        name: &str,
        number: usize,
        entropy: &mut impl Entropy,
    ) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        let folder = self.identity().join("officers");
        files::create_directory(&folder)?;
        self.drawn_seed(folder.join(officers::file_name(name, number)), entropy)
    }

    fn drawn_seed(
        &self,
        path: PathBuf,
        entropy: &mut impl Entropy,
    ) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        if !path.exists() {
            let draft = path.with_added_extension("draft");
            files::create_atomically(&path, &draft, hex_line(&entropy.bytes()).as_bytes())?;
        }
        self.read_seed(path)
    }

    fn read_seed(&self, path: PathBuf) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
        let text = self.text(&path)?;
        seed_from_hex(text.trim_end()).ok_or_else(|| DirectoryError::Content {
            path,
            reason: "not a seed: expected 64 hexadecimal digits".to_owned(),
        })
    }

    /// A federation certificate with its key.
    ///
    /// # Errors
    /// [`DirectoryError::Certificate`] when the files do not read.
    pub fn certificate(&self, generation: u32) -> Result<Certificate, DirectoryError> {
        let [chain, key] = self.certificate_paths(generation).map(|path| self.text(&path));
        Ok(Certificate::from_pem(&chain?, &key?)?)
    }

    /// Makes a federation certificate, unless there is one of this generation.
    ///
    /// # Errors
    /// [`DirectoryError`]; done again it goes on.
    pub fn draw_certificate(
        &self,
        generation: u32,
        name: &str,
        entropy: &mut impl Entropy,
    ) -> Result<(), DirectoryError> {
        let [chain_path, key_path] = self.certificate_paths(generation);
        if chain_path.exists() {
            return Ok(());
        }
        let (chain, key) = Certificate::draw(name, entropy)?.to_pem();
        // The certificate last: where it is, its key is.
        files::replace(&key_path, key.as_bytes())?;
        files::replace(&chain_path, chain.as_bytes())?;
        Ok(())
    }

    fn certificate_paths(&self, generation: u32) -> [PathBuf; 2] {
        ["crt", "key"].map(|ending| self.identity().join(numbered("tls", generation, ending)))
    }

    fn text(&self, path: &Path) -> Result<Zeroizing<String>, DirectoryError> {
        let content =
            |reason: &str| DirectoryError::Content { path: path.to_owned(), reason: reason.to_owned() };
        let bytes = files::read(path, IDENTITY_FILE_BYTES_MAX)?.ok_or_else(|| content("it is not there"))?;
        String::from_utf8(bytes).map(Zeroizing::new).map_err(|_| content("it is not text"))
    }

    /// Where the gateway's database is: on the server that was remembered, else in this directory.
    ///
    /// # Errors
    /// [`DirectoryError::Content`] when what was remembered does not read.
    pub fn database(&self) -> Result<Location, DirectoryError> {
        let path = self.database_path();
        if files::read(&path, DATABASE_URL_BYTES_MAX)?.is_none() {
            return Ok(Location::Folder);
        }
        let url = self.text(&path)?.trim().parse();
        let content = |error: LocationError| DirectoryError::Content { path, reason: error.to_string() };
        url.map(Location::Server).map_err(content)
    }

    /// From now on the gateway's database is on the server at `url`.
    ///
    /// # Errors
    /// [`DirectoryError::File`]; what was remembered before is, or is no longer.
    pub fn remember_database(&self, url: &ServerUrl) -> Result<(), DirectoryError> {
        let path = self.database_path();
        files::remove(&path)?;
        let line = Zeroizing::new(format!("{}\n", url.dangerous_text()));
        Ok(files::create_atomically(&path, &path.with_added_extension("draft"), line.as_bytes())?)
    }
}

/// The lock on a data directory, given up when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
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

/// Longer than any URL that a server is named by.
const DATABASE_URL_BYTES_MAX: usize = 4 * 1024;

/// No file of the identity is longer: the certificate, with a name of 200 characters, is under 2 KiB; 16 links between
/// party keys come to 6 KiB.
const IDENTITY_FILE_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests;
