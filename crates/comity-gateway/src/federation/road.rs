//! The way to partners' gateways: one warm client for each.

use crate::net::client::{ClientError, PeerClient};
use crate::net::tls::Certificate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comity_agreement::LawFiles;
use comity_exchange::federation::answer::ANSWER_BYTES_MAX;
use comity_exchange::federation::identity::IDENTITY_BYTES_MAX;
use comity_exchange::federation::referral::REFERRAL_ANSWER_BYTES_MAX;
use comity_exchange::federation::{matching, recall, uses, view};
use comity_exchange::ports::{MatchRoad, Peer, PeerError, Peers, RecallRoad, ReferralRoad, ViewRoad};
use comity_terms::{Digest, Party};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The way to every partner.
pub struct Road {
    own: Certificate,
    patience: Duration,
    clients: Mutex<HashMap<Party, Known>>,
    /// Whether nobody is asked anything.
    dry: bool,
}

/// A client with what it was made for: a partner that moves gets another.
struct Known {
    url: String,
    pins: Vec<Digest>,
    client: PeerClient,
}

impl Road {
    /// The way with our own certificate; `patience` is the longest that one call may take.
    #[must_use]
    pub fn new(own: Certificate, patience: Duration) -> Self {
        Self { own, patience, clients: Mutex::default(), dry: false }
    }

    /// The way of a dry run, on which no partner is reached.
    #[must_use]
    pub fn dry(&self) -> Self {
        Self { dry: true, ..Self::new(self.own.clone(), self.patience) }
    }

    /// The text of a partner's law.
    ///
    /// # Errors
    /// [`PeerError`]; callers try again later.
    pub async fn law(&self, peer: &Peer, digest: Digest) -> Result<LawFiles, PeerError> {
        let path = format!("/federation/v1/law/{}", digest.hex());
        // Base64 and JSON make a third more of it.
        let bytes = self.client(peer)?.get(&path, crate::laws::LAW_BYTES_MAX * 3 / 2).await.map_err(told)?;
        let unreadable = |reason: &str| PeerError::Unreachable(format!("its law does not read: {reason}"));
        let text: BTreeMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|_| unreadable("not a map of files"))?;
        let mut files = LawFiles::default();
        for (path, content) in text {
            // A path is only ever a key of ours, and becomes a file only if the digest is the signed one.
            let strange = |part: &str| matches!(part, "" | "." | "..");
            if path.split('/').any(strange) {
                return Err(unreadable("a path leads elsewhere"));
            }
            let content = BASE64.decode(content).map_err(|_| unreadable("a file is not base64"))?;
            files.0.insert(path, content);
        }
        Ok(files)
    }

    /// Tells a partner of this gateway's identity, by its file.
    ///
    /// # Errors
    /// [`PeerError::Refused`] when it does not follow; people look why.
    pub async fn tell(&self, peer: &Peer, file: String) -> Result<(), PeerError> {
        let told_it = self.client(peer)?.post("/federation/v1/identity", file.into_bytes(), 1_024).await;
        told_it.map(drop).map_err(told)
    }

    /// The checkpoint of this gateway's log that a partner cosigned last, a signed note.
    ///
    /// # Errors
    /// [`PeerError`]; also when it never cosigned any.
    pub async fn seen(&self, peer: &Peer) -> Result<Vec<u8>, PeerError> {
        let most = comity_tlog::NOTE_BYTES_MAX;
        self.client(peer)?.get("/federation/v1/witness/checkpoint", most).await.map_err(told)
    }

    /// How often a partner used what it was given: the frame of its answer to a question.
    ///
    /// # Errors
    /// [`PeerError`]; callers ask again later.
    pub async fn uses(&self, peer: &Peer, question: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let client = self.client(peer)?;
        client.post("/federation/v1/uses", question, uses::ANSWER_BYTES_MAX).await.map_err(told)
    }

    fn client(&self, peer: &Peer) -> Result<PeerClient, PeerError> {
        if self.dry {
            return Err(PeerError::Unreachable("a dry run asks no partner".to_owned()));
        }
        let pins: Vec<Digest> = peer.identity.certificates().collect();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.get(&peer.party)
            && known.url == peer.url
            && known.pins == pins
        {
            return Ok(known.client.clone());
        }
        let client = PeerClient::new(&peer.url, &pins, &self.own, self.patience).map_err(told)?;
        let known = Known { url: peer.url.clone(), pins, client: client.clone() };
        clients.insert(peer.party.clone(), known);
        Ok(client)
    }
}

impl std::fmt::Debug for Road {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Road")
    }
}

impl Peers for Road {
    async fn offer(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let client = self.client(peer)?;
        client.post("/federation/v1/offers", frame, ANSWER_BYTES_MAX).await.map_err(told)
    }

    async fn identity(&self, peer: &Peer) -> Result<Vec<u8>, PeerError> {
        self.client(peer)?.get("/federation/v1/identity", IDENTITY_BYTES_MAX).await.map_err(told)
    }
}

impl RecallRoad for Road {
    async fn recall(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let client = self.client(peer)?;
        client.post("/federation/v1/recalls", frame, recall::ANSWER_BYTES_MAX).await.map_err(told)
    }
}

impl MatchRoad for Road {
    async fn ask_match(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let client = self.client(peer)?;
        client.post("/federation/v1/matches", frame, matching::ANSWER_BYTES_MAX).await.map_err(told)
    }
}

impl ViewRoad for Road {
    async fn view(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let client = self.client(peer)?;
        client.post("/federation/v1/views", frame, view::VIEW_ANSWER_BYTES_MAX).await.map_err(told)
    }
}

impl ReferralRoad for Road {
    async fn refer(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let client = self.client(peer)?;
        client.post("/federation/v1/referrals", frame, REFERRAL_ANSWER_BYTES_MAX).await.map_err(told)
    }
}

fn told(error: ClientError) -> PeerError {
    match error {
        ClientError::Refused { status, title } => PeerError::Refused { status, detail: title },
        other => PeerError::Unreachable(other.to_string()),
    }
}
