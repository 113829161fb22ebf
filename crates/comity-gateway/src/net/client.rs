//! The way to a partner's gateway: one warm connection, mutual TLS, bounded in time and size.

use super::tls::{Certificate, TlsError};
use crate::api::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use comity_terms::Digest;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Calls one partner. Copies share their connections; after a change of address or certificate make another.
#[derive(Clone)]
pub struct PeerClient {
    base: String,
    client: Client<Connector, Body>,
    patience: Duration,
}

/// Why there is no answer to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address or the certificate cannot be used: no call will ever succeed.
    #[error("{0}")]
    Unusable(String),
    /// Not reached, not who was expected, cut off, or too slow.
    #[error("not reached: {0}")]
    Unreachable(String),
    /// Reached, and answered with an error.
    #[error("answered {status}: {title}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's title, cut to 200 characters.
        title: String,
    },
}

impl From<TlsError> for ClientError {
    fn from(error: TlsError) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl PeerClient {
    /// A way to the gateway at `url` (`https://host:port`) whose certificate is one of `pins`, calling with `own`.
    /// `patience` is the longest that a call may take, its answer's body included.
    ///
    /// # Errors
    /// [`ClientError::Unusable`].
    pub fn new(
        url: &str,
        pins: &[Digest],
        own: &Certificate,
        patience: Duration,
    ) -> Result<Self, ClientError> {
        let unusable = || ClientError::Unusable(format!("`{url}` is not of the form https://host:port"));
        let uri: Uri = url.parse().map_err(|_| unusable())?;
        let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let (Some("https"), Some(authority), true) = (uri.scheme_str(), uri.authority(), plain) else {
            return Err(unusable());
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            // Shorter than the other side keeps an idle connection, so that it is not cut under a request.
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(4)
            .build(Connector { tls: own.client(pins)? });
        Ok(Self { base: format!("https://{authority}"), client, patience })
    }

    /// What is at `path`, of at most `most` bytes.
    ///
    /// # Errors
    /// [`ClientError`]; callers try again later.
    pub async fn get(&self, path: &str, most: usize) -> Result<Vec<u8>, ClientError> {
        self.call(Method::GET, path, Body::empty(), most).await
    }

    /// The answer, of at most `most` bytes, to `body` sent to `path`.
    ///
    /// # Errors
    /// As [`get`](Self::get). The other side may have acted on the body or not.
    pub async fn post(&self, path: &str, body: Vec<u8>, most: usize) -> Result<Vec<u8>, ClientError> {
        self.call(Method::POST, path, Body::from(body), most).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Body,
        most: usize,
    ) -> Result<Vec<u8>, ClientError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(headers) = request.headers_mut() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        }
        let request = request.body(body).map_err(|error| ClientError::Unusable(error.to_string()))?;
        let answer = async {
            let response = self.client.request(request).await.map_err(unreachable)?;
            let status = response.status();
            let most = if status.is_success() { most } else { PROBLEM_BYTES_MAX };
            let body = axum::body::to_bytes(Body::new(response.into_body()), most).await;
            match (status.is_success(), body) {
                (true, Ok(body)) => Ok(body.into()),
                (true, Err(error)) => Err(unreachable(error)),
                (false, body) => Err(refused(status, &body.unwrap_or_default())),
            }
        };
        timeout(self.patience, answer)
            .await
            .unwrap_or_else(|_| Err(ClientError::Unreachable(format!("no answer in {:?}", self.patience))))
    }
}

impl std::fmt::Debug for PeerClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PeerClient({})", self.base)
    }
}

fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    let title = match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => problem.into_words().0,
        Err(_) => status.canonical_reason().unwrap_or("no reason").to_owned(),
    };
    let title = title.chars().filter(|c| !c.is_control()).take(200).collect();
    ClientError::Refused { status: status.as_u16(), title }
}

/// The whole chain of causes: the first says only "client error".
fn unreachable(error: impl std::error::Error) -> ClientError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    ClientError::Unreachable(text)
}

/// Connects by TCP and TLS.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Arc<ClientConfig>,
}

impl Connector {
    /// One that takes servers as `tls` says.
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls }
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Wire>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(443))).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            Ok(TokioIo::new(Wire(tls.connect(name, stream).await?)))
        })
    }
}

/// A TLS stream that the pool can keep.
pub(crate) struct Wire(TlsStream<TcpStream>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The longest problem that is read; ours have less than 1 KiB.
const PROBLEM_BYTES_MAX: usize = 16 * 1024;
