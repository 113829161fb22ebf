//! A published log over HTTP: one file at a time, bounded in size and time.

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// A web site that publishes a log. Has a runtime of its own: the audit reads in order and waits.
pub(super) struct Site {
    prefix: String,
    client: Client<HttpConnector, Body>,
    runtime: Runtime,
}

impl Site {
    /// The log under `prefix`, an `http://` URL. Not to be made within a runtime.
    pub(super) fn new(prefix: &str) -> Result<Self, String> {
        let prefix = prefix.trim_end_matches('/').to_owned();
        prefix.parse::<Uri>().map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { prefix, client: Client::builder(TokioExecutor::new()).build_http(), runtime })
    }

    /// The file at `path`, of at most `most` bytes; `None` if there is none.
    pub(super) fn fetch(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let url = format!("{}/{path}", self.prefix);
        let failed = |reason: String| format!("{url}: {reason}");
        let uri: Uri = url.parse().map_err(|_| failed("not a URL".to_owned()))?;
        let answer = async {
            let response = self.client.get(uri).await.map_err(|error| failed(error.to_string()))?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
                status => return Err(failed(format!("the server answered {status}"))),
            }
            let body = axum::body::to_bytes(Body::new(response.into_body()), most).await;
            body.map(|bytes| Some(bytes.into())).map_err(|error| failed(error.to_string()))
        };
        self.runtime.block_on(async {
            timeout(PATIENCE, answer)
                .await
                .unwrap_or_else(|_| Err(failed(format!("no answer in {PATIENCE:?}"))))
        })
    }
}

/// The longest that one file may take: 16 MiB at 5 Mbit/s.
const PATIENCE: Duration = Duration::from_secs(30);
