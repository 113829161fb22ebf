//! Removing a partner: an officer's signed act, after which nothing flows to it on any path.
//!
//! ```text
//! 1 record    the removal, with its entry: from here on no offer to it is recorded, whoever decides one
//! 2 end       what waits for it in the outbox, and what waits for offices on its way there
//! 3 tell      whoever has data from here, that it is not passed on to it; they tell those further on
//! ```
//! Crash points: after 1 the outbox ends each offer to it when it comes to that, the job of escalations ends what waits
//! there, and the job of orders tells whoever was not told. What is owed stays owed: orders to erase or restrict still go to
//! it, its answers and its own orders still come in (docs/decisions/0019). It is a partner again by another signed act.

use super::{approve, manage, officers, outbox, recall};
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::federation::identity::Identity;
use comity_exchange::ports::{Peer, PeerRemoval, Record};
use comity_exchange::recall::tell_holders;
use comity_exchange::shell::Shell as _;
use comity_terms::{Act, Party, ReasonCode};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What removing a partner came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The removal.
    pub removal: PeerRemoval,
    /// How many offers that waited for it were ended.
    pub offers: usize,
    /// How many questions that waited for offices on its way there were ended.
    pub questions: usize,
    /// How many orders tell holders of it.
    pub orders: usize,
}

/// Removes a partner.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may order it, there is no such partner, it is removed already, or the
/// vocabulary has no such reason; nothing changed then.
pub async fn remove(
    gateway: &Arc<Gateway>,
    officer: &str,
    party: &Party,
    reason: &ReasonCode,
) -> Result<Removed, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    if !manage::is_reason(reason)? {
        return Err(GatewayError::Input(format!("`{reason}` is no reason that the vocabulary knows")));
    }
    // One that is removed is none to remove.
    gateway.peer(party).map_err(|error| match error {
        GatewayError::PeerRemoved(removal) => GatewayError::Input(removal.to_string()),
        other => other,
    })?;
    let at = gateway.now();
    let text = format!("remove\n{party}\n{reason}\n{at}\n");
    let removal = PeerRemoval { party: party.clone(), reason: reason.clone(), at, ended: None };
    let facts = json!({
        "party": party.to_string(),
        "reason": reason.to_string(),
        "at": at.to_string(),
        "ordered": acting.signed(&text),
    });
    let change = Record { peer_removal: Some(removal.clone()), ..Record::default() };
    manage::record(gateway, Act::PeerRemoved, facts, change).await?;
    let offers = outbox::end_of(gateway, &removal).await?;
    let questions = approve::end_of(gateway, &removal).await?;
    let orders = tell(gateway).await?;
    Ok(Removed { removal, offers, questions, orders })
}

/// Makes a partner that was removed one again, by its identity file and an officer's signature; holders are told that what
/// they have from here may be passed on to it again, as their laws allow.
///
/// # Errors
/// As [`manage::add_peer`], and [`GatewayError::Input`] when no such officer may order it; nothing changed.
pub async fn readmit(
    gateway: &Arc<Gateway>,
    officer: &str,
    party: &Party,
    url: &str,
    identity: Identity,
) -> Result<Peer, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let peer = manage::new_peer(gateway, party, url, identity)?;
    let at = gateway.now();
    let text = format!("add\n{party}\n{}\n{at}\n", manage::identity_digest(&peer.identity));
    let removal = gateway.removal(party);
    let by = json!({
        "at": at.to_string(),
        "removed_at": removal.as_ref().map(|removal| removal.at.to_string()),
        "ordered": acting.signed(&text),
    });
    let ended = removal.map(|removal| PeerRemoval { ended: Some(at), ..removal });
    manage::keep_added(gateway, &peer, (ended, by)).await?;
    tell(gateway).await?;
    Ok(peer)
}

/// Tells holders what they are not told yet, and tries at once to send it; how many orders go out.
///
/// # Errors
/// [`GatewayError`] when the store fails; the rest is told the next time.
pub async fn tell(gateway: &Gateway) -> Result<usize, GatewayError> {
    let orders = tell_holders(gateway, gateway.now()).await?;
    if orders > 0 {
        recall::once(gateway).await?;
    }
    Ok(orders)
}

/// The partners, those that are removed too, as they are printed.
#[must_use]
pub fn partners_json(gateway: &Gateway) -> Vec<Json> {
    let register = gateway.register();
    let removed = |party| {
        let removal: Option<&PeerRemoval> = register.removed.get(party);
        removal.map(|removal| json!({ "at": removal.at.to_string(), "reason": removal.reason.to_string() }))
    };
    let peers = register.peers.values().map(|peer| {
        json!({
            "jurisdiction": peer.party.to_string(),
            "authority": peer.identity.authority,
            "url": peer.url,
            "removed": removed(&peer.party),
        })
    });
    peers.collect()
}
