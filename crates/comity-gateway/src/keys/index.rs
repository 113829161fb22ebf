//! The key of the index of collections: under it an object's id and content stand in the database as digests.
//!
//! ```text
//! KEYS/index     32 bytes
//! ```
//! Shared by the nodes of one gateway, and as long-lived as the gateway: what is held is found by it.

use super::{HOLD, KeyError, read_key};
use crate::clock::OsEntropy;
use crate::files;
use comity_exchange::collect::Tags;
use comity_terms::Entropy as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The tags under the key at `path`, which is drawn when there is none.
///
/// # Errors
/// [`KeyError`] when it can neither be read nor kept.
pub fn tags(path: &Path) -> Result<Tags, KeyError> {
    if let Some(key) = read_key(path)? {
        return Ok(Tags::new(*key));
    }
    // Another node that draws at the same time is waited for, and then its key is the gateway's.
    let _one = files::hold(&path.with_added_extension(HOLD))?;
    if let Some(key) = read_key(path)? {
        return Ok(Tags::new(*key));
    }
    let mut key = Zeroizing::new([0; 32]);
    OsEntropy.fill(&mut key[..]);
    files::create_atomically(path, &path.with_added_extension("draft"), &key[..])?;
    Ok(Tags::new(*key))
}
