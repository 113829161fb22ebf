//! Mutual TLS between gateways: self-signed certificates, known by the SHA-256 of their DER form.
//!
//! A pin says which certificate; the handshake's signature says that whoever is there holds its key. Both are
//! checked, on both sides; names, dates and issuers in a certificate say nothing and are not read. Pins come
//! from identity files, signed by the party key, which two operators confirmed.
//!
//! Invariants: TLS 1.3 only; no session is resumed, so that every connection is checked against the pins of
//! its own time; a client without a known certificate does not get past the handshake.

use comity_terms::{Digest, Entropy, Party};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName as AuthorityName, Error,
    PeerIncompatible, ServerConfig, SignatureScheme,
};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// A federation certificate with its key.
pub struct Certificate {
    chain: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Clone for Certificate {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// Why a certificate or a configuration cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The PEM text does not hold what it should.
    #[error("the federation {what} does not read: {reason}")]
    Pem {
        /// `certificate` or `key`.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// It cannot be made, or key and certificate do not belong together.
    #[error("the federation certificate cannot be used: {0}")]
    Unusable(String),
}

/// The certificates that are let in, and whose each is. Copies share one set: a change is seen by all at once.
#[derive(Debug, Clone, Default)]
pub struct PinSet(Arc<RwLock<HashMap<Digest, Party>>>);

/// Who is at the other end of a federation connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The party whose certificate it is.
    pub party: Party,
    /// The certificate.
    pub pin: Digest,
}

impl Certificate {
    /// A fresh self-signed certificate (Ed25519) with `name` as its common name, for people to read.
    ///
    /// It bears dates far apart (1975 to 4096): a certificate ends when its pin is taken out.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] when `name` cannot stand in a certificate.
    pub fn draw(name: &str, entropy: &mut impl Entropy) -> Result<Self, TlsError> {
        let unusable = |error: rcgen::Error| TlsError::Unusable(error.to_string());
        let mut pkcs8 = Zeroizing::new([0; 48]);
        pkcs8[..16].copy_from_slice(&ED25519_PKCS8);
        entropy.fill(&mut pkcs8[16..]);
        let key = PrivatePkcs8KeyDer::from(pkcs8.to_vec());
        let pair = KeyPair::try_from(&key).map_err(unusable)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let chain = params.self_signed(&pair).map_err(unusable)?.der().clone();
        Ok(Self { chain, key: key.into() })
    }

    /// Reads what [`to_pem`](Self::to_pem) wrote.
    ///
    /// # Errors
    /// [`TlsError::Pem`]; callers open no federation listener.
    pub fn from_pem(chain: &str, key: &str) -> Result<Self, TlsError> {
        let wrong = |what| {
            move |error: rustls::pki_types::pem::Error| TlsError::Pem { what, reason: error.to_string() }
        };
        Ok(Self {
            chain: CertificateDer::from_pem_slice(chain.as_bytes()).map_err(wrong("certificate"))?,
            key: PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(wrong("key"))?,
        })
    }

    /// The certificate and its key (PKCS #8), in PEM.
    #[must_use]
    pub fn to_pem(&self) -> (String, Zeroizing<String>) {
        let pem = |label: &str, bytes: &[u8]| {
            use base64::Engine as _;
            let text = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(bytes));
            let lines: Vec<&str> =
                text.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
        };
        (pem("CERTIFICATE", &self.chain), Zeroizing::new(pem("PRIVATE KEY", self.key.secret_der())))
    }

    /// What partners know it by: the digest of its DER form.
    #[must_use]
    pub fn pin(&self) -> Digest {
        Digest::of(&self.chain)
    }

    /// How a federation listener speaks TLS: it lets in whoever is in `pins` at the time.
    ///
    /// # Errors
    /// [`TlsError::Unusable`] when the key is not the certificate's.
    pub fn server(&self, pins: PinSet) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(PinnedClients { pins, provider: Arc::clone(&provider) });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map(|builder| builder.with_client_cert_verifier(verifier))
            .and_then(|builder| builder.with_single_cert(vec![self.chain.clone()], self.key.clone_key()))
            .map_err(|error| TlsError::Unusable(error.to_string()))?;
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// How this gateway calls the partner whose certificate is one of `pins`, and no other.
    ///
    /// # Errors
    /// As [`server`](Self::server).
    pub fn client(&self, pins: &[Digest]) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(PinnedServer { pins: pins.to_vec(), provider: Arc::clone(&provider) });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map(|builder| builder.dangerous().with_custom_certificate_verifier(verifier))
            .and_then(|builder| builder.with_client_auth_cert(vec![self.chain.clone()], self.key.clone_key()))
            .map_err(|error| TlsError::Unusable(error.to_string()))?;
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.pin())
    }
}

impl PinSet {
    /// Lets a party in by its certificate, in place of any that it had.
    pub fn admit(&self, party: Party, pin: Digest) {
        self.admit_any(party, [pin]);
    }

    /// Lets a party in by any of these certificates, in place of those that it had.
    pub fn admit_any(&self, party: Party, admitted: impl IntoIterator<Item = Digest>) {
        let mut pins = self.0.write().unwrap_or_else(PoisonError::into_inner);
        pins.retain(|_, known| *known != party);
        pins.extend(admitted.into_iter().map(|pin| (pin, party.clone())));
    }

    /// Lets a party in no more, also on connections that are open.
    pub fn dismiss(&self, party: &Party) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|_, known| known != party);
    }

    /// Whose certificate this is; `None` when it is let in no more, or never was.
    #[must_use]
    pub fn party(&self, pin: Digest) -> Option<Party> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&pin).cloned()
    }
}

#[derive(Debug)]
struct PinnedClients {
    pins: PinSet,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct PinnedServer {
    pins: Vec<Digest>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PinnedClients {
    fn root_hint_subjects(&self) -> &[AuthorityName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.pins.party(Digest::of(certificate)) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(not_pinned()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(too_old())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.pins.contains(&Digest::of(certificate)) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(not_pinned())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(too_old())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn not_pinned() -> Error {
    CertificateError::ApplicationVerificationFailure.into()
}

fn too_old() -> Error {
    PeerIncompatible::Tls12NotOffered.into()
}

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8, version 1. Source: RFC 8410, section 7.
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
