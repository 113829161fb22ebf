//! Bodies under way: sealed to a partner's transport key, one encapsulation per exchange, one body per class.
//!
//! A receiver opens the classes that its laws permit and no other. HPKE's own messages are numbered and would
//! have to be opened in order; here HPKE only agrees a key (its export-only mode), and every body has a secret
//! of its own from the exporter:
//!
//! ```text
//! encapsulated (32)                            once per offer
//! body secret = Export("comity offer 1 body" | index (u64))            RFC 9180 section 5.3
//! body        = commitment (32) | ciphertext | tag (16)
//! ```
//!
//! What is agreed is bound to the recipient's key and to `info`; each body also to its index and its
//! associated data. The sender is not authenticated here: the signature over the header is, and the header
//! names the digest of every body.
//!
//! Leaves to `comity-exchange` what `info` and the associated data are, and to the shell the life of transport
//! secrets: who keeps a copy of one can open every body that was sealed to it.
//!
//! Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only; bodies AES-256-GCM with key commitment.

use crate::aead::{COMMITMENT_LENGTH, KEY_LENGTH, Seal, Secret, TAG_LENGTH};
use crate::record::push_text;
use crate::{Cause, Cleartext, VaultError};
use comity_terms::Entropy;
use hpke::aead::{AeadCtxR, ExportOnlyAead};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use std::convert::Infallible;
use std::fmt;
use zeroize::Zeroizing;

/// The most bodies of one offer: one per class of equal facts, of which a bundle of 1,000 objects has some
/// tens. Opening 4,096 empty ones costs a receiver 7 ms.
pub const BODIES_MAX: usize = 4096;

/// The most bytes of one body: 256 MiB, half a segment, so that the records it holds fit into one with their tags.
pub const BODY_LENGTH_MAX: usize = 256 << 20;

/// The bytes of a transport key, public or secret.
pub const TRANSPORT_KEY_LENGTH: usize = 32;

type Suite = X25519HkdfSha256;

/// The half of a transport key that opens. Overwritten when dropped.
pub struct TransportSecret(<Suite as Kem>::PrivateKey);

/// The half of a transport key that seals.
#[derive(Clone, PartialEq, Eq)]
pub struct TransportPublic(<Suite as Kem>::PublicKey);

impl TransportSecret {
    /// A fresh key.
    #[must_use]
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        let mut material = Zeroizing::new([0; TRANSPORT_KEY_LENGTH]);
        entropy.fill(&mut material[..]);
        Self(Suite::derive_keypair(&material[..]).0)
    }

    /// The key that was kept.
    ///
    /// # Errors
    /// [`VaultError::TransportKey`] when these are not 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        <Suite as Kem>::PrivateKey::from_bytes(bytes).map(Self).map_err(|_| VaultError::TransportKey)
    }

    /// The key's bytes, to keep until the retry horizon and to destroy then.
    #[must_use]
    pub fn dangerous_bytes(&self) -> Zeroizing<[u8; TRANSPORT_KEY_LENGTH]> {
        let mut bytes = Zeroizing::new([0; TRANSPORT_KEY_LENGTH]);
        self.0.write_exact(&mut bytes[..]);
        bytes
    }

    /// The half to publish.
    #[must_use]
    pub fn public(&self) -> TransportPublic {
        TransportPublic(Suite::sk_to_pk(&self.0))
    }
}

impl fmt::Debug for TransportSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transport secret of {TRANSPORT_KEY_LENGTH} bytes")
    }
}

impl TransportPublic {
    /// The key that a partner published.
    ///
    /// # Errors
    /// [`VaultError::TransportKey`] when these are not 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        <Suite as Kem>::PublicKey::from_bytes(bytes).map(Self).map_err(|_| VaultError::TransportKey)
    }

    /// The key's bytes, to sign and publish.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; TRANSPORT_KEY_LENGTH] {
        let mut bytes = [0; TRANSPORT_KEY_LENGTH];
        self.0.write_exact(&mut bytes);
        bytes
    }
}

impl fmt::Debug for TransportPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transport key of {TRANSPORT_KEY_LENGTH} bytes")
    }
}

/// The sealed bodies of an offer.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBodies {
    /// What the recipient needs beside its secret to agree the key.
    pub encapsulated: Vec<u8>,
    /// One per class, in the order they were given.
    pub ciphertexts: Vec<Vec<u8>>,
}

impl fmt::Debug for SealedBodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.ciphertexts.iter().map(Vec::len).sum::<usize>();
        write!(f, "{} sealed bodies of {bytes} bytes", self.ciphertexts.len())
    }
}

/// The bodies (associated data, text), sealed to `recipient` under one encapsulation.
///
/// # Errors
/// [`VaultError::Bodies`] and [`VaultError::Body`] over the bounds, [`VaultError::Encapsulation`] when the
/// recipient's key is not a usable one; callers fetch the partner's keys again.
pub fn seal_offer(
    recipient: &TransportPublic,
    info: &[u8],
    bodies: &[(&[u8], &[u8])],
    entropy: &mut dyn Entropy,
) -> Result<SealedBodies, VaultError> {
    if bodies.len() > BODIES_MAX {
        return Err(VaultError::Bodies { count: bodies.len() });
    }
    let (encapsulated, agreed) = hpke::setup_sender_with_rng::<ExportOnlyAead, HkdfSha256, Suite>(
        &OpModeS::Base,
        &recipient.0,
        info,
        &mut Drawn(entropy),
    )
    .map_err(|_| VaultError::Encapsulation)?;
    let seal = |(index, (associated, text)): (usize, &(&[u8], &[u8]))| {
        let sealed = || {
            if text.len() > BODY_LENGTH_MAX {
                return Err(Cause::TooLong(BODY_LENGTH_MAX));
            }
            let secret = body_secret(index, |context, out| agreed.export(context, out))?;
            let seal = Seal::new(&secret, associated);
            let mut sealed = Vec::with_capacity(COMMITMENT_LENGTH + text.len() + TAG_LENGTH);
            sealed.extend_from_slice(seal.commitment());
            seal.seal(text, &mut sealed)?;
            Ok(sealed)
        };
        sealed().map_err(|cause| VaultError::Body { index, cause })
    };
    let ciphertexts = bodies.iter().enumerate().map(seal).collect::<Result<_, _>>()?;
    Ok(SealedBodies { encapsulated: encapsulated.to_bytes().to_vec(), ciphertexts })
}

/// An offer whose key is agreed and of which nothing is opened yet.
pub struct OfferBodies(AeadCtxR<ExportOnlyAead, HkdfSha256, Suite>);

/// Agrees the key of an offer, and opens nothing.
///
/// # Errors
/// [`VaultError::Encapsulation`] when what was encapsulated is not a key; the partner sent no valid offer.
pub fn open_offer(
    secret: &TransportSecret,
    encapsulated: &[u8],
    info: &[u8],
) -> Result<OfferBodies, VaultError> {
    <Suite as Kem>::EncappedKey::from_bytes(encapsulated)
        .and_then(|encapsulated| hpke::setup_receiver(&OpModeR::Base, &secret.0, &encapsulated, info))
        .map(OfferBodies)
        .map_err(|_| VaultError::Encapsulation)
}

impl OfferBodies {
    /// The text of one body; the others stay as they are.
    ///
    /// # Errors
    /// [`VaultError::Body`] when the transport key, `info`, the index, the associated data or the bytes are not
    /// those that it was sealed with.
    pub fn open(&self, index: usize, associated: &[u8], sealed: &[u8]) -> Result<Cleartext, VaultError> {
        let opened = || {
            let (commitment, sealed) =
                sealed.split_first_chunk::<COMMITMENT_LENGTH>().ok_or(Cause::Length)?;
            if sealed.len() > BODY_LENGTH_MAX + TAG_LENGTH {
                return Err(Cause::TooLong(BODY_LENGTH_MAX));
            }
            let secret = body_secret(index, |context, out| self.0.export(context, out))?;
            Seal::new(&secret, associated).open(commitment, sealed)
        };
        opened().map_err(|cause| VaultError::Body { index, cause })
    }
}

impl fmt::Debug for OfferBodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("offer with its key agreed")
    }
}

fn body_secret(
    index: usize,
    export: impl FnOnce(&[u8], &mut [u8]) -> Result<(), hpke::HpkeError>,
) -> Result<Secret, Cause> {
    let mut context = Vec::with_capacity(32);
    push_text(&mut context, "comity offer 1 body");
    context.extend_from_slice(&(index as u64).to_be_bytes());
    let mut secret = Secret::new([0; KEY_LENGTH]);
    export(&context, &mut secret[..]).map_err(|_| Cause::Key)?;
    Ok(secret)
}

/// Entropy as `hpke` asks for it.
struct Drawn<'a>(&'a mut dyn Entropy);

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

#[cfg(test)]
mod tests;
