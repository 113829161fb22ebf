//! The keys of signed notes: who may sign, and how a key is written down.
//!
//! ```text
//! vkey   = name + "+" + hex(key id) + "+" + base64(type || public key)
//! key id = first 4 bytes of SHA-256(name || 0A || type || public key)
//! ```
//!
//! Types 01 (Ed25519 over the text) and 04 (cosignature/v1) verify; any other parses and counts as unknown.
//! Names are compared with ids: neither alone identifies a key.
//! Source: C2SP signed-note, "Signatures" and "Signature types".

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::note::SignatureLine;
use crate::text::{base64_decode, base64_encode};

/// The type byte of a key: how its signatures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureType {
    /// 01: Ed25519 over the note's text. What a log signs its checkpoints with.
    Ed25519,
    /// 04: cosignature/v1, Ed25519 with the time. What a witness signs with.
    CosignatureV1,
    /// Any other, 06 (ML-DSA-44) among them: can be written and read, not verified.
    Unsupported(u8),
}

/// A public key with its name: what a verifier is configured with.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    signature_type: SignatureType,
    public_key: Vec<u8>,
    // None exactly for unsupported types.
    ed25519: Option<VerifyingKey>,
}

/// A log's private key, type 01. Wiped from memory when dropped.
pub struct SigningKey {
    verifier: VerifierKey,
    secret: ed25519_dalek::SigningKey,
}

impl VerifierKey {
    /// The key of this name, type and public key.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name with spaces, plus or control characters, or bytes that are no public key of
    /// the type.
    pub fn new(name: &str, signature_type: SignatureType, public_key: &[u8]) -> Result<Self, Error> {
        let id = key_id(name, signature_type, public_key);
        Self::with_id(name, id, signature_type, public_key)
    }

    fn with_id(
        name: &str,
        id: [u8; 4],
        signature_type: SignatureType,
        public_key: &[u8],
    ) -> Result<Self, Error> {
        check_name(name)?;
        let ed25519 = match signature_type {
            SignatureType::Ed25519 | SignatureType::CosignatureV1 => Some(parse_ed25519(public_key)?),
            SignatureType::Unsupported(_) => None,
        };
        Ok(Self { name: name.to_owned(), id, signature_type, public_key: public_key.to_vec(), ed25519 })
    }

    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The four bytes that stand before its signatures.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// How its signatures are made.
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The public key without its type: two keys with the same are one, whatever their names.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Whether `line` claims to be by this key, and the key can verify it.
    pub(crate) fn claims(&self, line: &SignatureLine) -> bool {
        self.ed25519.is_some() && self.id == line.key_id() && self.name == line.name()
    }

    /// Strict Ed25519 over `message`; false for unsupported types.
    pub(crate) fn verify_ed25519(&self, message: &[u8], signature: &[u8]) -> bool {
        match (&self.ed25519, Signature::from_slice(signature)) {
            (Some(key), Ok(signature)) => key.verify_strict(message, &signature).is_ok(),
            _ => false,
        }
    }
}

impl SigningKey {
    /// The key named `name` (a log's origin) of a seed of 32 secret random bytes. The caller wipes the seed.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is not one.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, SignatureType::Ed25519, secret.verifying_key().as_bytes())?;
        Ok(Self { verifier, secret })
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature over a note's text, which ends in a newline.
    pub fn sign(&self, text: &str) -> SignatureLine {
        let signature = self.secret.sign(text.as_bytes());
        SignatureLine::new(&self.verifier, signature.to_bytes().to_vec())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id);
        let typed = [&[self.signature_type.byte()], &self.public_key[..]].concat();
        write!(out, "{}+{id:08x}+{}", self.name, base64_encode(&typed))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VerifierKey({self})")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({}, 32 bytes)", self.verifier.name)
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for anything but the one spelling of a key whose id is its own.
    fn from_str(vkey: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::Invalid { what: "verifier key", reason };
        if vkey.len() > VKEY_BYTES_MAX {
            return Err(Error::TooLarge {
                what: "verifier key bytes",
                length: vkey.len(),
                max: VKEY_BYTES_MAX,
            });
        }
        // The base64 may contain a plus; name and id may not.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(invalid("it is not of the form name+id+base64"));
        };
        let id = parse_id(id).ok_or(invalid("its id is not 8 lower case hexadecimal digits"))?;
        let typed = base64_decode(typed).ok_or(invalid("its key is not standard base64"))?;
        let (&type_byte, public_key) = typed.split_first().ok_or(invalid("it has no type"))?;
        let signature_type = SignatureType::from_byte(type_byte);
        // Other types may derive their ids in another way (02 does): taken as they are.
        let derived = !matches!(signature_type, SignatureType::Unsupported(byte) if byte != ML_DSA_44);
        if derived && id != key_id(name, signature_type, public_key) {
            return Err(invalid("its id is not that of its name and key"));
        }
        Self::with_id(name, id, signature_type, public_key)
    }
}

impl SignatureType {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
            Self::Unsupported(byte) => byte,
        }
    }

    fn from_byte(byte: u8) -> Self {
        match byte {
            0x01 => Self::Ed25519,
            0x04 => Self::CosignatureV1,
            byte => Self::Unsupported(byte),
        }
    }
}

/// Refuses what is no key name: empty, with Unicode spaces, plus or control characters.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let invalid = |reason| Err(Error::Invalid { what: "key name", reason });
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return invalid("it is empty or longer than 1,024 bytes");
    }
    if name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ') {
        return invalid("it has a space, plus or control character");
    }
    Ok(())
}

fn key_id(name: &str, signature_type: SignatureType, public_key: &[u8]) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', signature_type.byte()])
        .chain_update(public_key)
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn parse_id(digits: &str) -> Option<[u8; 4]> {
    let lower_hex = digits.len() == 8 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if lower_hex { u32::from_str_radix(digits, 16).ok().map(u32::to_be_bytes) } else { None }
}

fn parse_ed25519(public_key: &[u8]) -> Result<VerifyingKey, Error> {
    let invalid = |reason| Error::Invalid { what: "verifier key", reason };
    let bytes = public_key.try_into().map_err(|_| invalid("an Ed25519 key has 32 bytes"))?;
    let key =
        VerifyingKey::from_bytes(bytes).map_err(|_| invalid("its bytes are not a point on the curve"))?;
    if key.is_weak() {
        return Err(invalid("its point is of small order: anyone can sign for it"));
    }
    Ok(key)
}

const ML_DSA_44: u8 = 0x06;

/// Long enough for any schema-less URL.
pub(crate) const NAME_BYTES_MAX: usize = 1024;

/// A name of 1,024 bytes, an id, and ML-DSA-44's 1 + 1,312 bytes in base64 (1,752), rounded up.
const VKEY_BYTES_MAX: usize = 4096;

#[cfg(test)]
pub(crate) mod tests;
