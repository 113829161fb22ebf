//! The keys of officers: each order that an officer gives is signed by a key of theirs, and one whose key has ended
//! gives none.
//!
//! ```text
//! DIR/identity/officers/<SHA-256 of the name, 16 digits>.<n>.key     a seed of 32 bytes, in hexadecimal
//! ```
//! On the local road access to DIR stands for the sign-in, and the gateway signs with the officer's key. The public
//! halves, since when and until when each counts, are in the store. An officer from before there were keys gets the
//! first one with their next order.

use super::{manage, offices, tokens};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use comity_agreement::Vocabulary;
use comity_exchange::audit::recorded::{RecordedFacts, recorded_facts};
use comity_exchange::ports::{OfficerKey, Record, Store as _, TokenRow};
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyKey, Signature};
use comity_terms::{Act, Digest, Entropy as _, Facts, Timestamp};
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

/// An officer who may act now, with the key that signs what they order.
pub struct Acting {
    key: PartyKey,
}

impl Acting {
    /// The public half: what an entry names the officer by.
    #[must_use]
    pub fn key(&self) -> String {
        self.key.verifier().to_string()
    }

    /// Whose order it is, in words that an entry may hold: the key, what the officer stated as far as an opening tells it, and
    /// the signature over `order` and the digest of that. `order` is lines that each end.
    #[must_use]
    pub fn ordered(&self, order: &str, stated: &Facts, vocabulary: &Vocabulary) -> Json {
        let stated = recorded_facts(stated, vocabulary);
        let text = signed_text(order, &stated);
        json!({ "key": self.key(), "stated": stated, "signature": self.sign(text.as_bytes()).to_string() })
    }

    /// Whose order it is, in words that an entry may hold: the key, and its signature over `order`.
    #[must_use]
    pub fn signed(&self, order: &str) -> Json {
        json!({ "key": self.key(), "signature": self.sign(order.as_bytes()).to_string() })
    }

    /// The officer's signature over an order.
    #[must_use]
    pub fn sign(&self, order: &[u8]) -> Signature {
        self.key.sign(Domain::Order, order)
    }
}

/// What an officer signs who orders something with facts: the order, and the digest of what they stated as an opening tells
/// it, on a line of its own. Of a text that is no word of the vocabulary that is its length; no law reads more of it.
#[must_use]
pub fn signed_text(order: &str, stated: &RecordedFacts) -> String {
    // Unwrap safety: a map of words to plain JSON always serialises.
    let stated = serde_json::to_vec(stated).expect("recorded facts are plain data");
    format!("{order}{}\n", Digest::of_parts("comity/stated/v1", &[&stated]))
}

/// The officer, if there is one of that name whose key has not ended. Whether their training is valid is for the
/// laws to ask.
///
/// # Errors
/// [`GatewayError::Input`], telling which it is; [`GatewayError::OfficerKeyAbsent`] when another node drew the key.
pub async fn acting(gateway: &Gateway, name: &str) -> Result<Acting, GatewayError> {
    if gateway.store().officer(name).await?.is_none() {
        return Err(GatewayError::Input(format!("no officer `{name}` is known; `comity officer add`")));
    }
    // One at a time: orders that come at once would each draw the first key.
    let _one = gateway.appointing().lock().await;
    let keys = of(gateway, name).await?;
    let seed = match keys.last() {
        // What a dry run is signed by is shown to nobody.
        None if gateway.is_dry() => Zeroizing::new(OsEntropy.bytes()),
        None => {
            let seed = gateway.directory().draw_officer_seed(name, 1, &mut OsEntropy)?;
            let key = PartyKey::from_seed(&seed);
            begin(gateway, name, &key, Record::default(), json!({ "first": true })).await?;
            seed
        }
        Some(OfficerKey { ended: Some(at), .. }) => {
            return Err(GatewayError::Input(format!(
                "officer `{name}` was revoked on {at} and orders nothing; `comity key rotate officer --name {name}` gives a \
                 new key"
            )));
        }
        Some(_) if !gateway.directory().has_officer_seed(name, keys.len()) => {
            return Err(absent(name, keys.len()));
        }
        Some(_) => gateway.directory().officer_seed(name, keys.len())?,
    };
    let key = PartyKey::from_seed(&seed);
    if keys.last().is_some_and(|known| known.key != key.verifier().to_string()) {
        return Err(absent(name, keys.len()));
    }
    Ok(Acting { key })
}

fn absent(name: &str, number: usize) -> GatewayError {
    GatewayError::OfficerKeyAbsent { name: name.to_owned(), file: file_name(name, number) }
}

/// Gives an officer a new key; the one before ends now.
///
/// # Errors
/// As [`acting`], but for one who was revoked: a new key ends that.
pub async fn rotate(gateway: &Gateway, name: &str, compromised: bool) -> Result<OfficerKey, GatewayError> {
    if gateway.store().officer(name).await?.is_none() {
        return Err(GatewayError::Input(format!("no officer `{name}` is known; `comity officer add`")));
    }
    let _one = gateway.appointing().lock().await;
    let keys = of(gateway, name).await?;
    let seed = gateway.directory().draw_officer_seed(name, keys.len() + 1, &mut OsEntropy)?;
    let now = gateway.now();
    let ended = ending(keys, now);
    // Whoever had the key may have their tokens.
    let tokens = if compromised { tokens::ending(gateway, name, now).await? } else { Vec::new() };
    let facts = json!({ "compromised": compromised, "tokens": ids(&tokens) });
    let change = Record { officer_keys: ended, tokens, ..Record::default() };
    begin(gateway, name, &PartyKey::from_seed(&seed), change, facts).await
}

/// Ends an officer's key, and their tokens with it: from now on they order nothing.
///
/// # Errors
/// [`GatewayError::Input`] when there is none to end.
pub async fn revoke(gateway: &Gateway, name: &str) -> Result<Timestamp, GatewayError> {
    // One who never had a key gets it and loses it: what is revoked stays so.
    acting(gateway, name).await?;
    let now = gateway.now();
    let ended = ending(of(gateway, name).await?, now);
    let tokens = tokens::ending(gateway, name, now).await?;
    let facts = json!({
        "key": "officer",
        "ended": ended.iter().map(|key| &key.key).collect::<Vec<_>>(),
        "tokens": ids(&tokens),
    });
    let change = Record { officer_keys: ended, tokens, ..Record::default() };
    manage::record(gateway, Act::KeyRevoked, facts, change).await?;
    Ok(now)
}

async fn begin(
    gateway: &Gateway,
    name: &str,
    key: &PartyKey,
    mut change: Record,
    mut facts: serde_json::Value,
) -> Result<OfficerKey, GatewayError> {
    let begun = OfficerKey {
        officer: name.to_owned(),
        key: key.verifier().to_string(),
        from: gateway.now(),
        ended: None,
    };
    facts["key"] = json!("officer");
    facts["begun"] = json!(begun.key);
    facts["ended"] = json!(change.officer_keys.iter().map(|key| &key.key).collect::<Vec<_>>());
    change.officer_keys.push(begun.clone());
    manage::record(gateway, Act::KeyRotated, facts, change).await?;
    Ok(begun)
}

/// The officer as [`acting`], whose training is valid too: who decides, where no law asks about that.
///
/// # Errors
/// [`GatewayError::Input`], telling which it is.
pub async fn deciding(gateway: &Gateway, name: &str) -> Result<Acting, GatewayError> {
    let acting = acting(gateway, name).await?;
    offices::trained(gateway, name).await?;
    Ok(acting)
}

async fn of(gateway: &Gateway, name: &str) -> Result<Vec<OfficerKey>, GatewayError> {
    let mut keys = gateway.store().officer_keys().await?;
    keys.retain(|key| key.officer == name);
    Ok(keys)
}

fn ids(tokens: &[TokenRow]) -> Vec<String> {
    tokens.iter().map(|row| crate::signin::tokens::id(row.digest)).collect()
}

fn ending(keys: Vec<OfficerKey>, now: Timestamp) -> Vec<OfficerKey> {
    let in_use = keys.into_iter().filter(|key| key.ended.is_none());
    in_use.map(|key| OfficerKey { ended: Some(now), ..key }).collect()
}

/// The digest that an officer's key file is named by: no name stands in a path.
#[must_use]
pub fn file_name(name: &str, number: usize) -> String {
    format!("{}.{number}.key", &Digest::of(name.as_bytes()).hex()[..16])
}
