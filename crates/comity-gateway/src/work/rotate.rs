//! New keys in the place of those in use: as planned, or because one is in other hands.
//!
//! ```text
//! key           as planned                                        compromised
//! party         the old one signs for the new one; what it        no link: every partner adds the new identity by
//!               signed counts until the retry horizon             `peer add`, once two people have confirmed it
//! certificate   announced first, used once every partner lets     used at once: every partner adds the new identity
//!               it in: two calls
//! witness       in the next identity, signed by the party key     the same
//! log           a successor log (see `succession`)                the same
//! transport     today's is not sealed to any more                 and none is left that opens
//! ```
//! Each is an entry in the log before it counts. The sequence of the identity goes up, and partners that know a
//! later one refuse an older. Partners are told by `serve`, until each has heard.

use super::manage;
use crate::clock::OsEntropy;
use crate::dirs::{Directory, SeedOf, seat};
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::federation::identity::KeyLink;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::PartyKey;
use comity_terms::Act;
use serde_json::json;
use std::sync::Arc;

/// The keys that are changed while the gateway does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Signs laws, offers and answers.
    Party,
    /// The federation certificate.
    Certificate,
    /// Cosigns partners' logs.
    Witness,
}

impl Key {
    /// The word in entries and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Certificate => "certificate",
            Self::Witness => "witness",
        }
    }
}

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The sequence of the identity from now on.
    pub sequence: u64,
    /// Whether the new certificate is only announced so far.
    pub announced: bool,
}

/// Changes a key.
///
/// # Errors
/// [`GatewayError::Input`] when partners have not heard of the announced certificate yet, naming them. After any other
/// error the key in use is the old one or the new one; done again it goes on.
pub async fn rotate(
    directory: Directory,
    key: Key,
    compromised: bool,
    at_once: bool,
) -> Result<Rotated, GatewayError> {
    let gateway = Gateway::open(directory.clone()).await?;
    let mut seat = directory.gateway()?;
    let announced = change(&gateway, &directory, &mut seat, key, compromised, at_once)?;
    seat.sequence += 1;
    let facts = json!({
        "key": key.as_str(),
        "sequence": seat.sequence,
        "compromised": compromised,
        "announced": announced,
    });
    manage::record(&gateway, Act::KeyRotated, facts, Default::default()).await?;
    gateway.finish().await;
    directory.write_gateway(&seat)?;
    // The lock is held until here.
    drop::<Arc<Gateway>>(gateway);
    Ok(Rotated { sequence: seat.sequence, announced })
}

/// Draws the new key and names it in `seat`; whether it is only announced.
fn change(
    gateway: &Gateway,
    directory: &Directory,
    seat: &mut seat::Gateway,
    key: Key,
    compromised: bool,
    at_once: bool,
) -> Result<bool, GatewayError> {
    let generations = &mut seat.generations;
    match key {
        Key::Party => {
            let next = generations.party + 1;
            let new = PartyKey::from_seed(&*directory.draw_seed(SeedOf::Party, next, &mut OsEntropy)?);
            if compromised {
                seat.party_keys.clear();
            } else {
                let until = gateway.settings().horizon(gateway.now());
                seat.party_keys.push(KeyLink::sign(&gateway.signatory().key, &new.verifier(), until));
                let superfluous = seat.party_keys.len().saturating_sub(LINKS_MAX);
                seat.party_keys.drain(..superfluous);
            }
            generations.party = next;
        }
        Key::Witness => {
            let next = generations.witness + 1;
            directory.draw_seed(SeedOf::Witness, next, &mut OsEntropy)?;
            generations.witness = next;
        }
        Key::Certificate => {
            let name = format!("{} {}", seat.jurisdiction, seat.authority);
            match generations.next_certificate {
                Some(next) if !compromised => {
                    let unheard = manage::unheard(gateway)?;
                    if !unheard.is_empty() && !at_once {
                        let names: Vec<String> = unheard.iter().map(ToString::to_string).collect();
                        return Err(GatewayError::Input(format!(
                            "{} has not heard of the new certificate yet and would be cut off: serve until it has, \
                             or give --at-once and let it add the new identity by `peer add`",
                            names.join(", ")
                        )));
                    }
                    generations.certificate = next;
                    generations.next_certificate = None;
                }
                // What was announced may be in other hands as well.
                announced => {
                    let next = announced.unwrap_or(generations.certificate) + 1;
                    directory.draw_certificate(next, &name, &mut OsEntropy)?;
                    if compromised {
                        generations.certificate = next;
                        generations.next_certificate = None;
                    } else {
                        generations.next_certificate = Some(next);
                        return Ok(true);
                    }
                }
            }
        }
    }
    Ok(false)
}

/// The most links that an identity carries: a partner that was away for 16 rotations adds the new identity by hand.
const LINKS_MAX: usize = 16;
