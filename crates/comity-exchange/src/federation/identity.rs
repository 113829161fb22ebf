//! The identity of a gateway: what an operator gives to a peer's operator.
//!
//! One JSON file: the party, its public keys, the pin of its federation certificate, and the laws it has
//! signed. Signed by the party key that it names: so the file cannot be changed on its way, while whether the
//! key is the party's is for the two operators to confirm (the file's digest is short enough to read out).

use super::transport::TransportKey;
use crate::signature::{Domain, PartyKey, PartyVerifier, Signature, SignatureError};
use crate::wire::Text;
use comity_terms::{Digest, PackSlug, Party, Timestamp};
use serde::{Deserialize, Serialize};

/// The largest identity file: 256 signed laws of 256 bytes.
pub const IDENTITY_BYTES_MAX: usize = 256 * 256;

/// What a gateway tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The version of this format: 1.
    pub version: u8,
    /// The party that it speaks for.
    pub jurisdiction: Text<Party>,
    /// The authority that runs it.
    pub authority: String,
    /// Verifies laws, offers and answers.
    pub party_key: String,
    /// Verifies its log's checkpoints: a vkey.
    pub log: String,
    /// Verifies its cosignatures on partners' logs: a vkey.
    pub witness: String,
    /// SHA-256 of its federation certificate (DER).
    pub certificate: Text<Digest>,
    /// The packs whose digests it has signed.
    pub laws: Vec<SignedLaw>,
    /// The transport key of the day on which it told this.
    pub transport: Option<TransportKey>,
    /// How often its keys have changed: whoever knows a later one refuses this.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sequence: u64,
    /// The federation certificate that it is going to have: let in from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_certificate: Option<Text<Digest>>,
    /// The party keys that it had before, oldest first, each signing for the next one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub party_keys: Vec<KeyLink>,
    /// The log that its log succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeds: Option<EndedLog>,
}

/// A party key's word on the key that comes after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLink {
    /// The key that ends.
    pub key: String,
    /// The key that begins.
    pub next: String,
    /// Until when messages signed by the one that ends count, UTC: what was under way.
    pub until: Text<Timestamp>,
    /// By the key that ends.
    pub signature: String,
}

/// A log that grows no more, and how far it had come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedLog {
    /// The key that verifies it: a vkey.
    pub log: String,
    /// How many entries were signed under it, as far as its gateway knows.
    pub size: u64,
    /// The root of these: hexadecimal.
    pub root: Text<Digest>,
    /// How many of them the log that succeeds it begins with.
    pub kept: u64,
    /// The log that signed the last of them, where it is a later one: it is lost, and what succeeds this one succeeds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

impl KeyLink {
    /// The word of `key` that `next` comes after it.
    #[must_use]
    pub fn sign(key: &PartyKey, next: &PartyVerifier, until: Timestamp) -> Self {
        let (old, next) = (key.verifier().to_string(), next.to_string());
        let signature = key.sign(Domain::PartyKey, &Self::message(&old, &next, until)).to_string();
        Self { key: old, next, until: Text(until), signature }
    }

    /// Whether the key that ends signed this.
    ///
    /// # Errors
    /// [`SignatureError`]; callers follow no such link.
    pub fn verify(&self) -> Result<(), SignatureError> {
        let signature = Signature::parse(&self.signature)?;
        let message = Self::message(&self.key, &self.next, self.until.0);
        PartyVerifier::parse(&self.key)?.verify(Domain::PartyKey, &message, &signature)
    }

    fn message(old: &str, next: &str, until: Timestamp) -> Vec<u8> {
        format!("{old}\n{next}\n{until}\n").into_bytes()
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A pack's digest, signed by a party: it is bound once its partner has signed the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedLaw {
    /// The pack.
    pub pack: Text<PackSlug>,
    /// Its digest.
    pub digest: Text<Digest>,
    /// By the party key.
    pub signature: String,
}

impl SignedLaw {
    /// Signs a pack's digest for the key's party.
    #[must_use]
    pub fn sign(pack: &PackSlug, digest: Digest, key: &PartyKey) -> Self {
        let signature = key.sign(Domain::Law, &Self::message(pack, digest));
        Self { pack: Text(pack.clone()), digest: Text(digest), signature: signature.to_string() }
    }

    /// Whether `party` signed this.
    ///
    /// # Errors
    /// [`SignatureError`]; callers keep no such signature.
    pub fn verify(&self, party: &PartyVerifier) -> Result<(), SignatureError> {
        let signature = Signature::parse(&self.signature)?;
        party.verify(Domain::Law, &Self::message(&self.pack.0, self.digest.0), &signature)
    }

    fn message(pack: &PackSlug, digest: Digest) -> Vec<u8> {
        format!("{pack}\n{digest}\n").into_bytes()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityFile {
    identity: Identity,
    signature: String,
}

/// Why an identity file is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Too large to be one.
    #[error("the identity is {0} bytes long, the most is {IDENTITY_BYTES_MAX}")]
    TooLong(usize),
    /// Not the format.
    #[error("the identity does not read: {0}")]
    Content(String),
    /// Another version.
    #[error("identity version {0} is not known here; version 1 is")]
    Version(u8),
    /// A key or a signature in it does not count.
    #[error("{what}: {error}")]
    Signature {
        /// Which one.
        what: String,
        /// Why.
        error: SignatureError,
    },
}

impl Identity {
    /// The file: readable JSON, signed by the key that it names.
    ///
    /// The signature covers the compact form, so that reformatting the file does not break it.
    #[must_use]
    pub fn to_file(&self, key: &PartyKey) -> String {
        let signature = key.sign(Domain::Identity, &self.signed_bytes()).to_string();
        let file = IdentityFile { identity: self.clone(), signature };
        // Unwrap safety: strings, digests and lists of them always serialise.
        serde_json::to_string_pretty(&file).expect("an identity is plain data") + "\n"
    }

    /// Reads the file and verifies its signature and those of its laws.
    ///
    /// # Errors
    /// [`IdentityError`], naming the part; callers add no peer.
    pub fn from_file(bytes: &[u8]) -> Result<Self, IdentityError> {
        if bytes.len() > IDENTITY_BYTES_MAX {
            return Err(IdentityError::TooLong(bytes.len()));
        }
        let IdentityFile { identity, signature } =
            serde_json::from_slice(bytes).map_err(|e| IdentityError::Content(e.to_string()))?;
        if identity.version != 1 {
            return Err(IdentityError::Version(identity.version));
        }
        let wrong = |what: &str| {
            let what = what.to_owned();
            move |error| IdentityError::Signature { what, error }
        };
        let party = PartyVerifier::parse(&identity.party_key).map_err(wrong("party_key"))?;
        Signature::parse(&signature)
            .and_then(|signature| party.verify(Domain::Identity, &identity.signed_bytes(), &signature))
            .map_err(wrong("signature"))?;
        for law in &identity.laws {
            law.verify(&party).map_err(wrong(&format!("laws: {}", law.pack.0)))?;
        }
        Ok(identity)
    }

    /// The party's key; with it the one before, where its gateway has not let go of that yet.
    ///
    /// # Errors
    /// [`SignatureError::Key`] when one is none.
    pub fn party_verifier(&self) -> Result<PartyVerifier, SignatureError> {
        let key = PartyVerifier::parse(&self.party_key)?;
        match self.party_keys.last() {
            Some(link) => Ok(key.or(&PartyVerifier::parse(&link.key)?)),
            None => Ok(key),
        }
    }

    /// As it stands at `now`: keys that have ended by then are left out.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.party_keys.retain(|link| now < link.until.0);
        self
    }

    /// The certificates that let it in.
    pub fn certificates(&self) -> impl Iterator<Item = Digest> {
        std::iter::once(self.certificate.0).chain(self.next_certificate.as_ref().map(|next| next.0))
    }

    fn signed_bytes(&self) -> Vec<u8> {
        // Unwrap safety: as in `to_file`.
        serde_json::to_vec(self).expect("an identity is plain data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(key: &PartyKey) -> Identity {
        let pack: PackSlug = "pact".parse().unwrap();
        Identity {
            version: 1,
            jurisdiction: Text("XA".parse().unwrap()),
            authority: "Cyber Centre of XA".into(),
            party_key: key.verifier().to_string(),
            log: "xa.example+00000000+AQ==".into(),
            witness: "xa.example/witness+00000000+BA==".into(),
            certificate: Text(Digest::of(b"certificate")),
            laws: vec![SignedLaw::sign(&pack, Digest::of(b"pact"), key)],
            transport: None,
            sequence: 0,
            next_certificate: None,
            party_keys: Vec::new(),
            succeeds: None,
        }
    }

    #[test]
    fn a_file_reads_back_even_reformatted() {
        let key = PartyKey::from_seed(&[1; 32]);
        let file = identity(&key).to_file(&key);
        assert_eq!(Identity::from_file(file.as_bytes()), Ok(identity(&key)));
        let compact: serde_json::Value = serde_json::from_str(&file).unwrap();
        let reordered =
            serde_json::json!({ "signature": compact["signature"], "identity": compact["identity"] });
        assert_eq!(Identity::from_file(reordered.to_string().as_bytes()), Ok(identity(&key)));
    }

    #[test]
    fn a_change_on_the_way_is_found() {
        let key = PartyKey::from_seed(&[1; 32]);
        let file = identity(&key).to_file(&key).replace("Cyber Centre of XA", "Cyber Centre of XB");
        assert!(matches!(Identity::from_file(file.as_bytes()), Err(IdentityError::Signature { .. })));
    }

    #[test]
    fn a_law_signed_by_another_key_is_named() {
        let key = PartyKey::from_seed(&[1; 32]);
        let mut forged = identity(&key);
        forged.laws[0] =
            SignedLaw::sign(&forged.laws[0].pack.0, Digest::of(b"pact"), &PartyKey::from_seed(&[2; 32]));
        let error = Identity::from_file(forged.to_file(&key).as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "laws: pact: the signature is not by the party's key over this message"
        );
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        for bad in [&b""[..], b"[]", b"{\"identity\":{}}", &[b' '; IDENTITY_BYTES_MAX + 1]] {
            assert!(Identity::from_file(bad).is_err());
        }
    }
}
