//! Signatures by a party's key: laws, offers, acknowledgements, transport keys and identities.
//!
//! ```text
//! signed bytes = domain ‖ "\n" ‖ message        Ed25519, verified strictly
//! ```
//! The domain keeps a signature on one kind of message from standing under another. The log's own signatures
//! (checkpoints, cosignatures) are `comity-tlog`'s and use other keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::Signer as _;
use std::fmt;

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// The digest of a pack that this party is bound by.
    Law,
    /// The header of an offer.
    Offer,
    /// The answer to an offer.
    Acknowledgement,
    /// A transport key of the day.
    TransportKey,
    /// The identity file given to a peer.
    Identity,
    /// The party key that comes after the one that signs.
    PartyKey,
    /// What an officer orders.
    Order,
    /// A party's order that data be erased or restricted wherever it went.
    Recall,
    /// The message that such an order goes from one holder to the next by.
    RecallHop,
    /// A holder's answer to such an order.
    RecallAnswer,
    /// A question whether its receiver holds certain values.
    Match,
    /// The answer to one.
    MatchAnswer,
    /// What such questions of a day are answered with: key and filter.
    MatchEpoch,
    /// A question to look at records where they lie.
    View,
    /// The answer to one.
    ViewAnswer,
    /// How often a holder used what it was given.
    Uses,
    /// A person's request, passed on to a partner.
    Referral,
    /// The partner's answer to it.
    ReferralAnswer,
}

impl Domain {
    fn as_str(self) -> &'static str {
        match self {
            Self::Law => "comity/law/v1",
            Self::Offer => "comity/offer/v1",
            Self::Acknowledgement => "comity/acknowledgement/v1",
            Self::TransportKey => "comity/transport-key/v1",
            Self::Identity => "comity/identity/v1",
            Self::Uses => "comity/uses/v1",
            Self::PartyKey => "comity/party-key/v1",
            Self::Order => "comity/order/v1",
            Self::Recall => "comity/recall/v1",
            Self::RecallHop => "comity/recall-hop/v1",
            Self::RecallAnswer => "comity/recall-answer/v1",
            Self::Match => "comity/match/v1",
            Self::MatchAnswer => "comity/match-answer/v1",
            Self::MatchEpoch => "comity/match-epoch/v1",
            Self::View => "comity/view/v1",
            Self::ViewAnswer => "comity/view-answer/v1",
            Self::Referral => "comity/referral/v1",
            Self::ReferralAnswer => "comity/referral-answer/v1",
        }
    }

    fn message(self, bytes: &[u8]) -> Vec<u8> {
        [self.as_str().as_bytes(), b"\n", bytes].concat()
    }
}

/// A party's signing key. Wiped when dropped; `Debug` tells its public half.
pub struct PartyKey(ed25519_dalek::SigningKey);

impl PartyKey {
    /// The key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// What others verify with.
    #[must_use]
    pub fn verifier(&self) -> PartyVerifier {
        PartyVerifier { key: self.0.verifying_key(), before: None }
    }

    /// The signature over `bytes` in `domain`.
    #[must_use]
    pub fn sign(&self, domain: Domain, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(&domain.message(bytes)).to_bytes())
    }
}

impl fmt::Debug for PartyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartyKey({})", self.verifier())
    }
}

/// A party's public key; with it the one before, while what that has signed is still under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartyVerifier {
    key: ed25519_dalek::VerifyingKey,
    before: Option<ed25519_dalek::VerifyingKey>,
}

impl PartyVerifier {
    /// The key in base64, as `Display` writes it.
    ///
    /// # Errors
    /// [`SignatureError::Key`] when the text is no key of this kind.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let bytes: [u8; 32] =
            BASE64.decode(text).ok().and_then(|b| b.try_into().ok()).ok_or(SignatureError::Key)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| SignatureError::Key)?;
        Ok(Self { key, before: None })
    }

    /// This key, and `before` as well.
    #[must_use]
    pub fn or(self, before: &Self) -> Self {
        Self { before: Some(before.key), ..self }
    }

    /// Whether `signature` is this party's over `bytes` in `domain`.
    ///
    /// # Errors
    /// [`SignatureError::Forged`] when it is not; callers refuse the message and record it.
    pub fn verify(&self, domain: Domain, bytes: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        let message = domain.message(bytes);
        let mut keys = std::iter::once(&self.key).chain(&self.before);
        if keys.any(|key| key.verify_strict(&message, &signature).is_ok()) {
            Ok(())
        } else {
            Err(SignatureError::Forged)
        }
    }
}

impl fmt::Display for PartyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.key.as_bytes()))
    }
}

impl fmt::Debug for PartyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A detached signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// The signature in base64, as `Display` writes it.
    ///
    /// # Errors
    /// [`SignatureError::Form`] when the text is not 64 bytes of base64.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        BASE64.decode(text).ok().and_then(|b| b.try_into().ok()).map(Self).ok_or(SignatureError::Form)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a key or a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a public key.
    #[error("not an Ed25519 public key in base64")]
    Key,
    /// Not a signature by its form.
    #[error("not an Ed25519 signature in base64")]
    Form,
    /// The signature is not that party's over this message.
    #[error("the signature is not by the party's key over this message")]
    Forged,
}

#[cfg(test)]
mod tests;
