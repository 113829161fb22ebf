//! What the store knows of partners, laws and collections, held in memory; read again where another node changed it.

use super::{Gateway, GatewayError};
use crate::laws::Loaded;
use comity_agreement::shipped;
use comity_exchange::collect::StandingRequest;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::{Collections as _, Peer, PeerRemoval, Removals as _, Store as _, StoreError};
use comity_exchange::shell::Lent;
use comity_exchange::subject::Desk as _;
use comity_terms::ids::CollectionId;
use comity_terms::{Digest, PackSlug, Party};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// What the store knows of partners and laws, held in memory: it changes only through this gateway's nodes.
#[derive(Debug, Default, Clone)]
pub struct Register {
    /// The partners, those that are removed too.
    pub peers: BTreeMap<Party, Peer>,
    /// Which of them are removed.
    pub removed: BTreeMap<Party, PeerRemoval>,
    /// The packs that this gateway has signed, newest last.
    pub adopted: Vec<SignedLaw>,
    /// The collections, by their ids; those that ended too.
    pub standing: Vec<StandingRequest>,
}

impl Gateway {
    /// Reads partners and laws from the store again: after every change of theirs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let mut read = self.house.read.lock().await;
        // First, so that what changes meanwhile is read the next time.
        *read = self.store.register_version().await?;
        let peers: BTreeMap<Party, Peer> =
            self.store.peers().await?.into_iter().map(|peer| (peer.party.clone(), peer)).collect();
        let removed = self.store.removals().await?.into_iter();
        let removed = removed.map(|removal| (removal.party.clone(), removal)).collect();
        let adopted = self.store.adopted_laws().await?.into_iter().map(|adopted| adopted.law).collect();
        let standing = self.store.standing_requests().await?;
        for peer in peers.values() {
            self.house.pins.admit_any(peer.party.clone(), peer.identity.certificates());
        }
        *self.house.register.write().unwrap_or_else(PoisonError::into_inner) =
            Register { peers, removed, adopted, standing };
        Ok(())
    }

    /// Reads partners and laws again if another node of this gateway has changed them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_up(&self) -> Result<(), StoreError> {
        let version = self.store.register_version().await?;
        if version == *self.house.read.lock().await { Ok(()) } else { self.refresh().await }
    }

    /// Partners and adopted laws as they are now.
    #[must_use]
    pub fn register(&self) -> Register {
        self.house.register.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A partner to which something may go.
    ///
    /// # Errors
    /// [`GatewayError::Input`] when it was never added, [`GatewayError::PeerRemoved`] when it is removed.
    pub fn peer(&self, party: &Party) -> Result<Peer, GatewayError> {
        match self.removal(party) {
            Some(removal) => Err(GatewayError::PeerRemoved(removal)),
            None => self.known_peer(party),
        }
    }

    /// The removal of a partner, while it is removed.
    #[must_use]
    pub fn removal(&self, party: &Party) -> Option<PeerRemoval> {
        let register = self.house.register.read().unwrap_or_else(PoisonError::into_inner);
        register.removed.get(party).cloned()
    }

    /// A partner, also one that is removed: for what is owed all the same, and to verify what it signed.
    ///
    /// # Errors
    /// [`GatewayError::Input`] when it was never added.
    pub fn known_peer(&self, party: &Party) -> Result<Peer, GatewayError> {
        let register = self.house.register.read().unwrap_or_else(PoisonError::into_inner);
        let known = register.peers.get(party).cloned();
        let now = self.house.clock.now();
        known.map(|peer| Peer { identity: peer.identity.at(now), ..peer }).ok_or_else(|| {
            GatewayError::Input(format!(
                "no partner gateway of {party} is known; add it with `comity peer add`"
            ))
        })
    }

    /// A collection that stands now.
    #[must_use]
    pub fn collection(&self, id: CollectionId) -> Option<StandingRequest> {
        let now = self.house.clock.now();
        let register = self.house.register.read().unwrap_or_else(PoisonError::into_inner);
        register.standing.iter().find(|request| request.id.0 == id && request.stands(now)).cloned()
    }

    /// The collections that stand now, by their ids.
    #[must_use]
    pub fn collections(&self) -> Vec<StandingRequest> {
        let now = self.house.clock.now();
        let register = self.house.register.read().unwrap_or_else(PoisonError::into_inner);
        register.standing.iter().filter(|request| request.stands(now)).cloned().collect()
    }

    /// The digest under which this gateway has adopted a pack last.
    #[must_use]
    pub fn adopted(&self, pack: &PackSlug) -> Option<Digest> {
        let register = self.house.register.read().unwrap_or_else(PoisonError::into_inner);
        register.adopted.iter().rev().find(|law| law.pack.0 == *pack).map(|law| law.digest.0)
    }

    /// The digest under which a partner has signed a pack, as it last told.
    #[must_use]
    pub fn signed_by(&self, party: &Party, pack: &PackSlug) -> Vec<Digest> {
        let register = self.house.register.read().unwrap_or_else(PoisonError::into_inner);
        let laws = register.peers.get(party).map(|peer| peer.identity.laws.as_slice()).unwrap_or_default();
        laws.iter().filter(|law| law.pack.0 == *pack).map(|law| law.digest.0).collect()
    }

    /// What it has adopted last of each pack, as far as it loads.
    #[must_use]
    pub fn laws_adopted(&self) -> Vec<Loaded> {
        let packs: BTreeSet<PackSlug> = self.register().adopted.into_iter().map(|law| law.pack.0).collect();
        packs.iter().filter_map(|pack| self.loaded(pack, self.adopted(pack)?)).collect()
    }

    /// The law of this party alone, as it is adopted now: what is asked about an act that no agreement is about.
    ///
    /// # Errors
    /// [`GatewayError::Input`] when it is not adopted.
    pub fn home_laws(&self) -> Result<Lent, GatewayError> {
        let home = &self.house.signatory.home;
        self.laws_then(home, &self.adopted_now()).ok_or_else(|| {
            GatewayError::Input(format!(
                "the law of this party, `{home}`, is not adopted; `comity law adopt {home}`"
            ))
        })
    }

    /// The text of a law of that digest, where it is here and loads.
    pub(crate) fn loaded(&self, pack: &PackSlug, digest: Digest) -> Option<Loaded> {
        match self.house.shelf.law(pack, digest) {
            // Adopted at another node, or heard of there: the text of a shipped law is here as well.
            Ok(None) => self.house.shelf.keep_fetched(shipped(), pack, digest).ok(),
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(%pack, %digest, %error, "an adopted law does not load");
                None
            }
        }
    }
}
