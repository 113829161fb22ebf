//! Signatures of a provider: JSON Web Signature in its compact form, and the keys that verify it.
//!
//! ```text
//! base64url(header) "." base64url(payload) "." base64url(signature)
//! ```
//! Three algorithms are known, each with its own kind of key: RS256, ES256, EdDSA with Ed25519. Nothing in a token chooses
//! anything else: no `none`, no shared secrets, no key or address of one in its header; a header with extensions that
//! must be understood (`crit`) is refused. Verification is `ring`'s, which TLS brings along.
//!
//! Source: RFC 7515, RFC 7517, RFC 7518 section 3, RFC 8037, RFC 9864, RFC 8725 section 3.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// Why a token's signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// It has not the form.
    #[error("not a signed token")]
    Form,
    /// An algorithm that is not taken.
    #[error("signed by an algorithm that is not taken")]
    Algorithm,
    /// No key of the provider fits it.
    #[error("signed by a key that the provider does not have")]
    Key,
    /// The signature is not that key's.
    #[error("its signature does not verify")]
    Signature,
}

/// The keys of a provider.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// A key of RFC 7517. What is not known of one makes it none of ours.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

impl Keys {
    /// The keys in a JWK set that can verify; others in it are left out. `None` when it is no set.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let set: Set = serde_json::from_slice(json).ok()?;
        let keys = set
            .keys
            .into_iter()
            .take(KEYS_MAX)
            .filter_map(|key| Key::read(serde_json::from_value(key).ok()?));
        Some(Self(keys.collect()))
    }

    /// Whether there is a key that the token names; where there is none, the provider may have a new one.
    #[must_use]
    pub fn may_verify(&self, token: &str) -> bool {
        header(token).is_ok_and(|header| self.fitting(&header).next().is_some())
    }

    /// The payload of a token that one of the keys has signed.
    ///
    /// # Errors
    /// [`JwsError`]; nothing of the token may be believed.
    pub fn verified(&self, token: &str) -> Result<Vec<u8>, JwsError> {
        let header = header(token)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Form)?;
        let payload = signed.split_once('.').ok_or(JwsError::Form)?.1;
        let signature = decoded(signature)?;
        let mut fitting = self.fitting(&header).peekable();
        if fitting.peek().is_none() {
            return Err(JwsError::Key);
        }
        if fitting.any(|key| key.public.verifies(signed.as_bytes(), &signature)) {
            decoded(payload)
        } else {
            Err(JwsError::Signature)
        }
    }

    /// The keys of the algorithm's kind that the header names; all of that kind where it names none.
    fn fitting(&self, header: &Header) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |key| {
            let named = header.kid.is_none() || key.id == header.kid;
            named && key.public.serves(&header.alg)
        })
    }
}

impl Key {
    fn read(jwk: Jwk) -> Option<Self> {
        let bytes =
            |text: &Option<String>| text.as_deref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let number = |text| {
            bytes(text).map(|bytes| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>())
        };
        let exactly = |text| bytes(text).filter(|bytes| bytes.len() == 32);
        let public = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", None) => Public::Rsa { n: number(&jwk.n)?, e: number(&jwk.e)? },
            ("EC", Some("P-256")) => Public::P256([vec![4], exactly(&jwk.x)?, exactly(&jwk.y)?].concat()),
            ("OKP", Some("Ed25519")) => Public::Ed25519(exactly(&jwk.x)?),
            _ => return None,
        };
        let for_signing = jwk.usage.is_none_or(|usage| usage == "sig");
        let algorithm = jwk.alg.is_none_or(|alg| public.serves(&alg));
        (for_signing && algorithm).then_some(Self { id: jwk.kid, public })
    }
}

impl Public {
    fn serves(&self, algorithm: &str) -> bool {
        match self {
            Self::Rsa { .. } => algorithm == "RS256",
            Self::P256(_) => algorithm == "ES256",
            // RFC 9864 names the curve.
            Self::Ed25519(_) => algorithm == "EdDSA" || algorithm == "Ed25519",
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Self::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
        }
        .is_ok()
    }
}

fn header(token: &str) -> Result<Header, JwsError> {
    if token.len() > TOKEN_BYTES_MAX || token.split('.').count() != 3 {
        return Err(JwsError::Form);
    }
    let (header, _) = token.split_once('.').ok_or(JwsError::Form)?;
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| JwsError::Form)?;
    if header.crit.is_some() {
        return Err(JwsError::Form);
    }
    if !["RS256", "ES256", "EdDSA", "Ed25519"].contains(&header.alg.as_str()) {
        return Err(JwsError::Algorithm);
    }
    Ok(header)
}

fn decoded(text: &str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| JwsError::Form)
}

/// The longest token: a provider's with some hundred groups in it has 16 KiB.
const TOKEN_BYTES_MAX: usize = 64 * 1_024;

/// The most keys of a provider that are looked at: they have two to five.
const KEYS_MAX: usize = 64;

#[cfg(test)]
mod tests;
