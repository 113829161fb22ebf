//! Sign-in of people by an OpenID provider: the authorization code flow with PKCE.
//!
//! ```text
//! browser ─ GET /signin ──────────> begun: state, nonce, verifier are kept here, under a cookie of this browser alone
//!         <─ 303 to the provider ── signs in there
//!         ─ GET /signin/callback ─> that cookie and state? once ─> code for token ─> signature, issuer, audience, time, nonce
//!                                   ─> which officer ─> a session
//! ```
//! - What was begun is used once, within [`FLOW_LASTS`], by the browser that began it: a link from somebody else signs nobody in.
//! - An officer is bound to issuer and subject with their first sign-in; a name at the provider that is an officer's here
//!   already signs nobody in. Role, unit and training are read anew each time, and a change of them is an entry in the log.
//! - Why a sign-in failed is logged in words of this program; no claim, code or token is.
//!
//! The flow is our own, some hundred lines over `ring` for signatures and hyper for calls: the library for it,
//! `openidconnect`, brings `rsa` (RUSTSEC-2023-0071), two more curves and its own clock, and `jsonwebtoken` without its
//! backends leaves the signatures to us and reads the system's clock too.
//!
//! Source: OpenID Connect Core 1.0 section 3.1; RFC 6749 section 4.1; RFC 7636 (PKCE); RFC 9207 (issuer in the answer);
//! RFC 9700.

mod http;
pub mod id_token;
pub mod jws;
mod officer;
pub mod person;
mod provider;
mod settings;

pub(super) use officer::officer_of;
pub use provider::Endpoints;
pub use settings::{OpenIdSettings, RoleOf};

use super::browser::Answer;
use crate::bounded::Bounded;
use crate::files;
use axum::http::{HeaderValue, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use comity_terms::{Digest, Entropy, Timestamp};
use form_urlencoded::{Serializer, byte_serialize};
use http::Caller;
use id_token::{ClaimError, Expected, claims};
use jws::JwsError;
use person::{Person, PersonError, person};
use provider::Provider;
use serde::Deserialize;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

/// Why nobody is signed in by a provider.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// This browser has begun no sign-in that this is the end of, or too long ago.
    #[error("this sign-in was not begun in this browser, or it took too long")]
    NotBegun,
    /// The provider's answer does not read.
    #[error("the provider's answer does not read")]
    Answer,
    /// The provider lets them not in.
    #[error("the provider signed nobody in")]
    Refused,
    /// The provider is not reached, or does not do what it should; for the operator.
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    /// Its token's signature.
    #[error(transparent)]
    Signature(#[from] JwsError),
    /// Its token's claims.
    #[error(transparent)]
    Claims(#[from] ClaimError),
    /// They are no officer.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// There is an officer of that name who is not known to be them.
    #[error("the name that the provider gives is another officer's")]
    Taken,
    /// They order nothing any more.
    #[error("this officer orders nothing any more")]
    Disabled,
    /// The store.
    #[error("officers cannot be looked up or kept: {0}")]
    Store(String),
}

/// Somebody whom the provider has signed in.
#[derive(Debug)]
pub struct Shown {
    /// SHA-256 of the issuer and its subject.
    pub subject: Digest,
    /// The officer as its claims say.
    pub person: Person,
    /// Where in this gateway they go on.
    pub back: String,
    /// The token, for signing out at the provider.
    pub id_token: Zeroizing<String>,
}

/// A provider, and the sign-ins under way.
pub struct OpenId {
    settings: OpenIdSettings,
    caller: OnceCell<Caller>,
    provider: Provider,
    flows: Bounded<[u8; 32], Flow>,
}

/// A sign-in under way, kept under the digest of its browser's cookie.
struct Flow {
    state: String,
    nonce: String,
    verifier: Zeroizing<String>,
    back: String,
    begun: Timestamp,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

impl OpenId {
    pub(super) fn new(settings: OpenIdSettings, most: usize) -> Self {
        Self { settings, caller: OnceCell::new(), provider: Provider::default(), flows: Bounded::new(most) }
    }

    /// What the operator set.
    #[must_use]
    pub fn settings(&self) -> &OpenIdSettings {
        &self.settings
    }

    /// Begins a sign-in that goes on at `back`: where to send the browser, and the cookie that it is to keep.
    ///
    /// # Errors
    /// [`OpenIdError::Provider`].
    pub async fn begin(
        &self,
        back: &str,
        now: Timestamp,
        entropy: &mut impl Entropy,
    ) -> Result<(String, String), OpenIdError> {
        let [state, nonce, verifier, cookie] = [(); 4].map(|()| random(entropy));
        let scopes = ["openid"].into_iter().chain(self.settings.scopes.iter().map(String::as_str));
        let url = asking(
            &self.endpoints(now).await?.authorization,
            &[
                ("response_type", "code"),
                ("client_id", &self.settings.client_id),
                ("redirect_uri", &self.settings.redirect_uri()),
                ("scope", &scopes.collect::<Vec<_>>().join(" ")),
                ("state", &state),
                ("nonce", &nonce),
                ("code_challenge", &URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_bytes()).0)),
                ("code_challenge_method", "S256"),
            ],
        );
        let flow =
            Flow { state, nonce, verifier: Zeroizing::new(verifier), back: back.to_owned(), begun: now };
        self.flows.lock().insert(Digest::of(cookie.as_bytes()).0, flow);
        Ok((url, cookie))
    }

    /// Ends the sign-in that the browser with `cookie` has begun, with the answer that it brings in `query`.
    ///
    /// # Errors
    /// [`OpenIdError`]; what was begun is over.
    pub async fn finish(&self, query: &str, cookie: &str, now: Timestamp) -> Result<Shown, OpenIdError> {
        let flow = self.flows.lock().remove(&Digest::of(cookie.as_bytes()).0).ok_or(OpenIdError::NotBegun)?;
        if flow.begun.checked_add(FLOW_LASTS).is_ok_and(|until| until < now) {
            return Err(OpenIdError::NotBegun);
        }
        let answer = Answer::read(query).ok_or(OpenIdError::Answer)?;
        if !bool::from(answer.state.as_bytes().ct_eq(flow.state.as_bytes())) {
            return Err(OpenIdError::NotBegun);
        }
        if answer.issuer.is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(OpenIdError::Answer);
        }
        let code = answer.code.ok_or(OpenIdError::Refused)?;
        let token = self.token(&code, &flow, now).await?;
        let endpoints = self.endpoints(now).await?;
        let keys = self.provider.keys(self.caller().await?, &endpoints, &token, now).await;
        let payload = keys.map_err(OpenIdError::Provider)?.verified(&token)?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &flow.nonce,
            begun: flow.begun,
        };
        let (subject, claims) = claims(&payload, &expected, now)?;
        let person = person(&claims, &self.settings)?;
        // An issuer has no line end in it.
        let subject = Digest::of(format!("{}\n{subject}", self.settings.issuer).as_bytes());
        Ok(Shown { subject, person, back: flow.back, id_token: token })
    }

    /// Where the browser ends its session at the provider too; `None` where it does not offer that, or is not reached.
    pub async fn signed_out(&self, id_token: &str, now: Timestamp) -> Option<String> {
        let url = self.endpoints(now).await.ok()?.end_session?;
        let home = format!("{}/", self.settings.origin());
        let (client, home) = (("client_id", &*self.settings.client_id), ("post_logout_redirect_uri", &*home));
        Some(asking(&url, &[("id_token_hint", id_token), client, home]))
    }

    async fn endpoints(&self, now: Timestamp) -> Result<Endpoints, OpenIdError> {
        let endpoints = self.provider.endpoints(self.caller().await?, &self.settings.issuer, now).await;
        endpoints.map_err(OpenIdError::Provider)
    }

    async fn caller(&self) -> Result<&Caller, OpenIdError> {
        let made = self.caller.get_or_try_init(async || Caller::new(&self.settings.roots_file)).await;
        made.map_err(OpenIdError::Provider)
    }

    /// The ID token that a code stands for.
    async fn token(&self, code: &str, flow: &Flow, now: Timestamp) -> Result<Zeroizing<String>, OpenIdError> {
        let url = self.endpoints(now).await?.token;
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let mut form = format!(
            "grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={}",
            encoded(code),
            encoded(&self.settings.redirect_uri()),
            encoded(&flow.verifier),
        );
        let authorization = match self.secret()? {
            None => {
                form.push_str(&format!("&client_id={}", encoded(&self.settings.client_id)));
                None
            }
            Some(secret) => {
                // RFC 6749 section 2.3.1: each encoded as in a form, then as HTTP Basic says.
                let pair =
                    Zeroizing::new(format!("{}:{}", encoded(&self.settings.client_id), encoded(&secret)));
                let value = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(&*pair)));
                let mut value = value.map_err(|error| OpenIdError::Provider(error.to_string()))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let answer =
            self.caller().await?.post(&url, authorization, form).await.map_err(OpenIdError::Provider)?;
        let answer = Zeroizing::new(answer);
        let read: TokenAnswer = serde_json::from_slice(&answer).map_err(|_| OpenIdError::Answer)?;
        Ok(Zeroizing::new(read.id_token))
    }

    fn secret(&self) -> Result<Option<Zeroizing<String>>, OpenIdError> {
        let Some(path) = &self.settings.client_secret_file else { return Ok(None) };
        let failed = |why: &str| OpenIdError::Provider(format!("{}: {why}", path.display()));
        let bytes =
            files::read(path, SECRET_BYTES_MAX).map_err(|error| OpenIdError::Provider(error.to_string()))?;
        let bytes = Zeroizing::new(bytes.ok_or_else(|| failed("it is not there"))?);
        let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not text"))?;
        Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

/// An address with these in its query, beside those that it has.
fn asking(url: &Uri, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{url}{}{}", if url.query().is_some() { '&' } else { '?' }, query.finish())
}

/// 256 random bits as text.
pub(super) fn random(entropy: &mut impl Entropy) -> String {
    URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())
}

/// How long a sign-in may take: a person looks for their second factor.
pub(super) const FLOW_LASTS: Duration = Duration::from_secs(10 * 60);

/// The longest secret.
const SECRET_BYTES_MAX: usize = 4_096;
