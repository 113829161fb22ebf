//! The secrets that messages to endpoints are signed with.
//!
//! ```text
//! KEYS/webhooks/<id>     32 bytes
//! ```
//! Shared by the nodes of one gateway. Each ends with its endpoint.

use super::{KeyError, read_key};
use crate::files;
use comity_terms::Entropy;
use comity_terms::ids::WebhookId;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The secrets in one directory.
#[derive(Debug)]
pub struct WebhookSecrets(PathBuf);

impl WebhookSecrets {
    /// Those in `directory`, which is made with the first.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// A fresh secret for an endpoint that has none.
    ///
    /// # Errors
    /// [`KeyError::File`] when it cannot be kept.
    pub fn draw(&self, id: WebhookId, entropy: &mut impl Entropy) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        entropy.fill(&mut secret[..]);
        files::create_directory(&self.0)?;
        let path = self.path(id);
        files::create_atomically(&path, &path.with_added_extension("draft"), &secret[..])?;
        Ok(secret)
    }

    /// The secret of an endpoint; `None` when there is none.
    ///
    /// # Errors
    /// [`KeyError`] when it does not read.
    pub fn secret(&self, id: WebhookId) -> Result<Option<Zeroizing<[u8; 32]>>, KeyError> {
        read_key(&self.path(id))
    }

    /// Overwrites and removes the secret of an endpoint; done as well when there is none.
    ///
    /// # Errors
    /// [`KeyError::File`]; it may be there still.
    pub fn destroy(&self, id: WebhookId) -> Result<(), KeyError> {
        Ok(files::destroy(&self.path(id))?)
    }

    fn path(&self, id: WebhookId) -> PathBuf {
        self.0.join(id.to_string())
    }
}
