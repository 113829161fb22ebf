//! What can go wrong on the way: failures of ours or of a partner. A refusal is not among them.

use crate::federation::frame::FrameError;
use crate::ports::{PeerError, StoreError};
use comity_vault::VaultError;

/// Why an exchange could not go on. Nothing has left the gateway; what was recorded stays recorded.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The bundle as a whole does not read: tell the officer where.
    #[error("the bundle does not read: {0}")]
    Bundle(String),
    /// The question cannot be asked: an unknown fact, a wrong type. Tell the officer which.
    #[error("the question cannot be asked: {0}")]
    Question(String),
    /// Something that law asks of every pack is not there: an engineer's or a lawyer's mistake.
    #[error("the law does not say {0}")]
    Law(String),
    /// The vault refused or failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The epoch keys could not be read or kept.
    #[error("the epoch keys failed: {0}")]
    Keys(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The partner could not be reached, or said no unsigned: try again later.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// A message does not read or is forged.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A proof in the log does not hold.
    #[error("the log's proof does not hold: {0}")]
    Proof(String),
}

impl ExchangeError {
    pub(crate) fn keys(error: impl std::fmt::Display) -> Self {
        Self::Keys(error.to_string())
    }

    pub(crate) fn proof(error: impl std::fmt::Display) -> Self {
        Self::Proof(error.to_string())
    }
}
