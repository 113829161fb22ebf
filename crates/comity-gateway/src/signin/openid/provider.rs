//! What a provider tells of itself: its endpoints, and the keys that it signs with.
//!
//! Both are kept for a while. A token signed by a key that is not among them makes the keys be read again, but not more
//! often than once in a while: whoever sends nonsense sends no calls to the provider.
//!
//! Source: OpenID Connect Discovery 1.0 sections 3 and 4; RP-Initiated Logout 1.0 section 2.1.

use super::http::Caller;
use super::jws::Keys;
use crate::net::outside::endpoint;
use axum::http::Uri;
use comity_terms::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// The endpoints of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers are sent to sign in.
    pub authorization: Uri,
    /// Where a code is given for a token.
    pub token: Uri,
    /// Where its keys are.
    pub keys: Uri,
    /// Where browsers are sent to sign out, where it offers that.
    pub end_session: Option<Uri>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
}

impl Endpoints {
    /// The endpoints in a discovery document of `issuer`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(json: &[u8], issuer: &str) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(json).map_err(|_| "its discovery document does not read".to_owned())?;
        // As text, to the letter: what a token's issuer is compared with.
        if document.issuer != issuer {
            return Err("its discovery document is another issuer's".to_owned());
        }
        let safe =
            |key: &str, text: &str| endpoint(text).ok_or_else(|| format!("its {key} is no safe address"));
        let end_session = document.end_session_endpoint.as_deref();
        Ok(Self {
            authorization: safe("authorization_endpoint", &document.authorization_endpoint)?,
            token: safe("token_endpoint", &document.token_endpoint)?,
            keys: safe("jwks_uri", &document.jwks_uri)?,
            end_session: end_session.map(|text| safe("end_session_endpoint", text)).transpose()?,
        })
    }
}

/// What is known of one provider.
#[derive(Default)]
pub(super) struct Provider(Mutex<Known>);

#[derive(Default)]
struct Known {
    endpoints: Option<(Endpoints, Timestamp)>,
    keys: Option<(Arc<Keys>, Timestamp)>,
}

impl Provider {
    /// Its endpoints, asked for anew where they are old.
    ///
    /// # Errors
    /// Why they are not known, in words.
    pub(super) async fn endpoints(
        &self,
        caller: &Caller,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Endpoints, String> {
        let mut known = self.0.lock().await;
        if let Some((endpoints, at)) = &known.endpoints
            && is_fresh(*at, now, FRESH)
        {
            return Ok(endpoints.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = endpoint(&url).ok_or("its issuer is no safe address")?;
        let endpoints = Endpoints::read(&caller.get(&url).await?, issuer)?;
        known.endpoints = Some((endpoints.clone(), now));
        Ok(endpoints)
    }

    /// Its keys: with the one that `token` names, if it has it.
    ///
    /// # Errors
    /// As [`endpoints`](Self::endpoints).
    pub(super) async fn keys(
        &self,
        caller: &Caller,
        endpoints: &Endpoints,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Keys>, String> {
        let mut known = self.0.lock().await;
        if let Some((keys, at)) = &known.keys {
            let serves = is_fresh(*at, now, FRESH) && keys.may_verify(token);
            if serves || is_fresh(*at, now, NOT_AGAIN) {
                return Ok(Arc::clone(keys));
            }
        }
        let keys = Keys::read(&caller.get(&endpoints.keys).await?).ok_or("its keys do not read")?;
        let keys = Arc::new(keys);
        known.keys = Some((Arc::clone(&keys), now));
        Ok(keys)
    }
}

fn is_fresh(at: Timestamp, now: Timestamp, long: Duration) -> bool {
    at.checked_add(long).is_ok_and(|until| now < until)
}

/// How long what it told is kept.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How soon its keys are not asked for again, whatever a token says.
const NOT_AGAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(change: impl FnOnce(&mut Value)) -> Result<Endpoints, String> {
        let mut document = json!({
            "issuer": "https://id.example/realm",
            "authorization_endpoint": "https://id.example/realm/auth?tenant=1",
            "token_endpoint": "https://id.example/realm/token",
            "jwks_uri": "https://id.example/realm/jwks",
            "end_session_endpoint": "https://id.example/realm/end",
            "claims_supported": ["sub"],
        });
        change(&mut document);
        Endpoints::read(document.to_string().as_bytes(), "https://id.example/realm")
    }

    #[test]
    fn a_discovery_document_is_believed_of_its_own_issuer_only() {
        let endpoints = read(|_| {}).unwrap();
        assert_eq!(endpoints.token.to_string(), "https://id.example/realm/token");
        assert!(
            read(|document| document["end_session_endpoint"] = json!(null)).unwrap().end_session.is_none()
        );
        let wrong =
            |key: &'static str, value: Value| read(move |document| document[key] = value).unwrap_err();
        for issuer in ["https://id.example/realm/", "https://id.example", "https://ID.example/realm"] {
            assert_eq!(wrong("issuer", json!(issuer)), "its discovery document is another issuer's");
        }
        for address in
            ["http://id.example/token", "ftp://id.example", "/token", "https://u:p@id.example/", ""]
        {
            assert_eq!(
                wrong("token_endpoint", json!(address)),
                "its token_endpoint is no safe address",
                "{address}"
            );
        }
        assert_eq!(wrong("jwks_uri", json!("http://10.0.0.1/keys")), "its jwks_uri is no safe address");
        assert_eq!(wrong("jwks_uri", json!(7)), "its discovery document does not read");
        assert!(read(|document| document["token_endpoint"] = json!("http://127.0.0.1:1/token")).is_ok());
    }
}
