//! The road to a partner's gateway.

use super::Peer;
use std::future::Future;

/// The road that offers go by.
pub trait Peers: Send + Sync + 'static {
    /// Sends an offer's frame and gives the answer's frame.
    ///
    /// # Errors
    /// [`PeerError`]; callers try again later, for no answer decides nothing.
    fn offer(&self, peer: &Peer, frame: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, PeerError>> + Send;

    /// What the partner tells of itself now: its identity file, with the laws it has signed and its transport key.
    ///
    /// # Errors
    /// As for [`offer`](Self::offer).
    fn identity(&self, peer: &Peer) -> impl Future<Output = Result<Vec<u8>, PeerError>> + Send;
}

/// The road that orders go to a partner's gateway by.
pub trait RecallRoad: Send + Sync + 'static {
    /// Sends an order's frame and gives the answer's frame.
    ///
    /// # Errors
    /// [`PeerError`]; callers try again later, for no answer decides nothing.
    fn recall(&self, peer: &Peer, frame: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, PeerError>> + Send;
}

/// The road that persons' requests go to a partner's gateway by.
pub trait ReferralRoad: Send + Sync + 'static {
    /// Sends a referral's frame and gives the answer's frame.
    ///
    /// # Errors
    /// [`PeerError`]; callers try again later, for no answer decides nothing.
    fn refer(&self, peer: &Peer, frame: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, PeerError>> + Send;
}

/// The road that officers look at what stays with a partner by.
pub trait ViewRoad: Send + Sync + 'static {
    /// Sends a question's frame and gives the answer's frame.
    ///
    /// # Errors
    /// [`PeerError`]; no answer decides nothing.
    fn view(&self, peer: &Peer, frame: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, PeerError>> + Send;
}

/// Why a partner gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Not reached, or cut off.
    #[error("the partner is not reached: {0}")]
    Unreachable(String),
    /// Reached, and it said no without an answer that is signed.
    #[error("the partner answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its problem's title, cut to 200 characters.
        detail: String,
    },
}
