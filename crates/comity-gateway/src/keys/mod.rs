//! Keys that lie apart from the data, under `--keys`: whoever has only a copy of the data directory can read
//! nothing that is sealed in it.
//!
//! ```text
//! KEYS/epoch/<agreement>/<yyyymm>.<generation>              32 bytes, or sealed by a security module; wraps the secrets of one bucket
//! KEYS/epoch/<agreement>/<yyyymm>.<generation>.destroyed    empty; that bucket's key is gone for good
//! KEYS/transport/<yyyy-mm-dd>.<id>                          32 bytes; the transport key of that day
//! KEYS/tokens/<yyyymm>                                      32 bytes; what a month's pseudonyms are derived from
//! KEYS/subjects/<yyyymm>                                    32 bytes; what tags of persons are derived from, by month of erasure
//! KEYS/matches/<yyyy-mm-dd>                                 32 bytes; what a day's keys of blind matching are derived from
//! KEYS/opt_outs/<yyyymm>                                    32 bytes; what tags of opt-outs are derived from, by the year in which they end
//! KEYS/index                                                32 bytes; what stands for objects in collections
//! KEYS/webhooks/<id>                                        32 bytes; signs what one endpoint is told
//! KEYS/mark                                                 the log's high-water mark, written by the store
//! ```
//!
//! Never inside the data directory, never in its backup: a restored backup must not bring keys back to life.

pub mod epoch;
pub(crate) mod held;
pub mod hsm;
pub mod index;
pub mod matches;
mod ring;
pub mod subjects;
pub mod tokens;
pub mod transport;
pub mod webhooks;

pub use epoch::FileEpochKeys;
pub(crate) use held::HeldTokenKeys;
pub use hsm::{Hsm, HsmError, HsmSettings};
pub use matches::MatchSecrets;
pub use ring::KeyRing;
pub use subjects::SubjectKeys;
pub use tokens::TokenSecrets;
pub use transport::{DayKey, TransportKeys};
pub use webhooks::WebhookSecrets;

use crate::files::FileError;
use std::path::PathBuf;

/// Why a key is not given or not destroyed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that should hold a key does not.
    #[error("{}: not a key: {found} bytes instead of 32", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// How long it is.
        found: usize,
    },
    /// The security module.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// More generations of one bucket than can be numbered.
    #[error("{0}: no generation is left for this month")]
    Generations(String),
    /// It was destroyed when its time had come.
    #[error("{0} is destroyed")]
    Gone(String),
}

/// The key in a file; `None` if there is no such file.
fn read_key(path: &std::path::Path) -> Result<Option<zeroize::Zeroizing<[u8; 32]>>, KeyError> {
    let Some(bytes) = crate::files::read(path, 32)?.map(zeroize::Zeroizing::new) else { return Ok(None) };
    let mut key = zeroize::Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(KeyError::Length { path: path.to_owned(), found: bytes.len() });
    }
    key.copy_from_slice(&bytes);
    Ok(Some(key))
}

/// The file beside keys that is held by whoever draws or retires one.
const HOLD: &str = "hold";

/// The names in a directory; none when it is not there.
fn listed(directory: &std::path::Path) -> Result<Vec<std::ffi::OsString>, KeyError> {
    let error = crate::files::at(directory, "list");
    let listing = match std::fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(error(e).into()),
    };
    listing.map(|entry| Ok(entry.map_err(&error)?.file_name())).collect()
}
