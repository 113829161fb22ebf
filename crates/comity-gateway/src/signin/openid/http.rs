//! The way to a provider: HTTPS with its certificate checked against the roots that an operator names; plain HTTP within
//! this machine. Answers are bounded in size and time, and no redirect is followed.

use crate::net::client::Connector;
use crate::net::outside::under_roots;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

/// Calls a provider.
pub(super) struct Caller {
    plain: Client<HttpConnector, Body>,
    tls: Client<Connector, Body>,
}

impl Caller {
    /// A caller that believes certificates under the roots in a PEM file.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub(super) fn new(roots_file: &Path) -> Result<Self, String> {
        let tls = under_roots(roots_file)?;
        Ok(Self {
            plain: Client::builder(TokioExecutor::new()).build_http(),
            tls: Client::builder(TokioExecutor::new()).build(Connector::new(tls)),
        })
    }

    /// What is at `url`.
    ///
    /// # Errors
    /// Why there is nothing, in words without a secret.
    pub(super) async fn get(&self, url: &Uri) -> Result<Vec<u8>, String> {
        self.call(Method::GET, url, None, Body::empty()).await
    }

    /// The answer to a form.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) async fn post(
        &self,
        url: &Uri,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Vec<u8>, String> {
        self.call(Method::POST, url, authorization, Body::from(form)).await
    }

    async fn call(
        &self,
        method: Method,
        url: &Uri,
        authorization: Option<HeaderValue>,
        body: Body,
    ) -> Result<Vec<u8>, String> {
        let failed = |why: String| format!("{}{}: {why}", url.host().unwrap_or_default(), url.path());
        let mut request = Request::builder().method(&method).uri(url.clone());
        if let Some(headers) = request.headers_mut() {
            headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
            if method == Method::POST {
                headers.insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                );
            }
            headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        }
        let request = request.body(body).map_err(|error| failed(error.to_string()))?;
        let answer = async {
            let sent = match url.scheme_str() {
                Some("https") => self.tls.request(request).await,
                _ => self.plain.request(request).await,
            };
            let response = sent.map_err(|error| failed(error.to_string()))?;
            let status = response.status();
            if !status.is_success() {
                return Err(failed(format!("answered {status}")));
            }
            let body = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await;
            body.map(Vec::from).map_err(|error| failed(error.to_string()))
        };
        timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(failed(format!("no answer in {PATIENCE:?}"))))
    }
}

/// The longest answer: a token of 64 KiB beside another, twice.
const ANSWER_BYTES_MAX: usize = 256 * 1_024;

/// The longest that a call may take: a person waits for two of them.
const PATIENCE: Duration = Duration::from_secs(10);
