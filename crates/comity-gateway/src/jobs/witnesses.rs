//! Before anything is appended, partners are asked what they have seen of this gateway's log: a database that was
//! restored together with its mark is behind what they cosigned.
//!
//! A partner shows the checkpoint that it cosigned last. It counts by this gateway's own signature alone, so no partner
//! can stop another by a lie; one that is not reached says nothing.

use crate::gateway::{Gateway, GatewayError};
use comity_exchange::ports::{Peer, Store as _};
use comity_exchange::shell::Shell as _;
use comity_tlog::{Checkpoint, SignedCheckpoint};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Asks every partner.
///
/// # Errors
/// [`GatewayError::Store`] with `BehindMark` when one has seen more than is stored, or another tree; the mark is moved
/// there, so that nothing is appended from then on.
pub async fn ask(gateway: &Arc<Gateway>) -> Result<(), GatewayError> {
    let mut asking = JoinSet::new();
    for peer in gateway.register().peers.into_values() {
        let gateway = Arc::clone(gateway);
        asking.spawn(async move {
            let seen = timeout(PATIENCE, seen_by(&gateway, &peer)).await;
            seen.ok().flatten().map(|seen| (peer.party, seen))
        });
    }
    while let Some(seen) = asking.join_next().await {
        let Ok(Some((party, seen))) = seen else { continue };
        if !holds(gateway, &seen).await? {
            tracing::error!(%party, size = seen.size().0, "a partner has seen another log of ours than is stored");
            return Err(gateway.halt(&seen).await?.into());
        }
    }
    Ok(())
}

/// The newest checkpoint of ours that a partner can show, signed by the key in use.
async fn seen_by(gateway: &Gateway, peer: &Peer) -> Option<Checkpoint> {
    let note = gateway.peers().seen(peer).await.ok()?;
    let signed = SignedCheckpoint::open(&note, &gateway.signatory().log).ok()?;
    Some(signed.checkpoint().clone())
}

/// Whether what is stored goes on from what was seen.
async fn holds(gateway: &Gateway, seen: &Checkpoint) -> Result<bool, GatewayError> {
    let stored = gateway.store().checkpoint().await?;
    let stored =
        SignedCheckpoint::parse(stored.as_bytes()).map_err(|e| GatewayError::Broken(e.to_string()))?;
    let stored = stored.checkpoint();
    if seen.size() > stored.size() {
        return Ok(false);
    }
    let proof = gateway.store().consistency(seen.size(), stored.size()).await?;
    Ok(proof.verify(seen.size(), &seen.root(), stored.size(), &stored.root()).is_ok())
}

/// How long a partner may take; one that is slow says nothing.
const PATIENCE: Duration = Duration::from_secs(5);
