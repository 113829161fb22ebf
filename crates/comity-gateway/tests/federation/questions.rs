//! What one gateway asks another that holds a bundle at home, made by hand: as a partner that is not ours would, or would not.

use crate::house::{House, PHISHING, pair};
use crate::recall::told;
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::frame::Frame;
use comity_exchange::ports::{Integrated, Store as _};
use comity_exchange::proofs::receipt;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::net::client::ClientError;
use comity_terms::Family;
use comity_tlog::{LeafIndex, SignedCheckpoint};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// What is asked under.
pub(crate) const AGREEMENT: &str = "eu-nis2-2022-2555";

/// EE keeps a bundle at home, FI asks.
pub(crate) async fn houses() -> (House, House) {
    let (holder, asker) = pair(&["EE", "FI"], true).await;
    asker.officers().await;
    let own = holder.party();
    let placed = holder.share_to(&own, "trained", PHISHING, &[]).await;
    assert!(
        matches!(placed.outcome, ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered),
        "{placed:?}"
    );
    (holder, asker)
}

/// The last entry of an exchange in a gateway's log, with its receipt.
pub(crate) async fn proved(asker: &House) -> (PublicEntry, String) {
    let store = asker.gateway.store();
    let logged = store.logged(LeafIndex(0), 1_000).await.unwrap();
    let entry = logged.iter().rfind(|logged| logged.entry.family() == Family::Exchange).unwrap();
    let checkpoint = store.checkpoint().await.unwrap();
    let size = SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap().checkpoint().size();
    let integrated = Integrated { index: entry.index, size, checkpoint };
    (entry.entry, receipt(store, entry.entry, &integrated).await.unwrap().to_string())
}

/// What an answer says.
pub(crate) fn answer<T: DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(Frame::parse(bytes).unwrap().dangerous_unverified_header()).unwrap()
}

/// That the door refused, with this status.
pub(crate) fn refused(answered: Result<Vec<u8>, ClientError>, status: u16, what: &str) {
    assert!(
        matches!(answered, Err(ClientError::Refused { status: told, .. }) if told == status),
        "{what}: {answered:?}"
    );
}

/// The misbehaviour that a gateway recorded last.
pub(crate) async fn misbehaved(house: &House) -> Json {
    told(house, "peer.misbehaved").await.pop().map_or(Json::Null, |told| told["kind"].clone())
}
