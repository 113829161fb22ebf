//! One call of an endpoint.
//!
//! Where it goes: `https://…` whose certificate is checked for the name, under the operator's roots; `http://` on a loopback
//! address alone. No redirect is followed and no proxy asked. Of the answer only the status counts; its body is read to a
//! bound and thrown away, so that nobody learns by an endpoint what else lies in this network.

use super::WebhookSettings;
use super::message::Message;
use super::signed::signature;
use crate::net::client::Connector;
use crate::net::outside::{endpoint, under_roots};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use comity_terms::Timestamp;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tokio::time::timeout;

/// Calls endpoints.
pub struct Caller {
    plain: Client<HttpConnector, Body>,
    tls: Result<Client<Connector, Body>, String>,
    patience: Duration,
}

/// Why an endpoint was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Where it is, is none where anything is sent.
    #[error("its URL is neither https:// nor on a loopback address")]
    Url,
    /// This machine has no roots to check its certificate by.
    #[error("no certificate can be checked: {0}")]
    Roots(String),
    /// Not reached, not who was expected, or cut off.
    #[error("it is not reached")]
    Unreachable,
    /// Reached, and it took too long.
    #[error("it gave no answer in time")]
    Slow,
    /// It wants nothing any more: 410.
    #[error("it answered 410: it is gone")]
    Gone,
    /// Any other answer than 2xx.
    #[error("it answered {0}")]
    Answered(u16),
    /// Its secret is not there.
    #[error("its secret is not in KEYS")]
    Secret,
}

impl Caller {
    /// A caller as the settings say. Where the roots do not read, endpoints over TLS are not told, and say why.
    #[must_use]
    pub fn new(settings: &WebhookSettings) -> Self {
        let tls = under_roots(&settings.roots_file)
            .map(|config| Client::builder(TokioExecutor::new()).build(Connector::new(config)));
        Self { plain: Client::builder(TokioExecutor::new()).build_http(), tls, patience: settings.patience() }
    }

    /// Sends a message, signed as of `at`.
    ///
    /// # Errors
    /// [`Trouble`]. The endpoint may have had the message or not; it is sent again under the same id.
    pub async fn tell(
        &self,
        url: &str,
        secret: &[u8; 32],
        message: &Message,
        at: Timestamp,
    ) -> Result<(), Trouble> {
        let url = endpoint(url).ok_or(Trouble::Url)?;
        let signature = signature(secret, &message.id, at, &message.body);
        let request = Request::post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("comity/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", at.as_second())
            .header("webhook-signature", signature)
            .body(Body::from(message.body.clone()))
            .map_err(|_| Trouble::Url)?;
        let answer = async {
            let sent = match (url.scheme_str(), &self.tls) {
                (Some("https"), Ok(client)) => client.request(request).await,
                (Some("https"), Err(why)) => return Err(Trouble::Roots(why.clone())),
                _ => self.plain.request(request).await,
            };
            let response = sent.map_err(|error| {
                tracing::debug!(error = &error as &dyn std::error::Error, "an endpoint is not reached");
                Trouble::Unreachable
            })?;
            let status = response.status();
            // A connection can be used again once its answer was read; a longer answer ends it.
            let _ = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await;
            match status {
                status if status.is_success() => Ok(()),
                StatusCode::GONE => Err(Trouble::Gone),
                status => Err(Trouble::Answered(status.as_u16())),
            }
        };
        timeout(self.patience, answer).await.unwrap_or(Err(Trouble::Slow))
    }
}

/// As much of an answer as is read: receivers answer with nothing, or some words.
const ANSWER_BYTES_MAX: usize = 16 * 1_024;
