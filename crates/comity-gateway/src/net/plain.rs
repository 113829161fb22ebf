//! The public routes: whether the gateway lives, and its log for anyone to verify.
//!
//! ```text
//! GET /health              {"status":"ok","version":"…"}; 503 as a problem once its store has stopped
//! GET /log/checkpoint      text/plain; changes with each act; from the database
//! GET /log/tile/…          application/octet-stream; never changes
//! ```
//! Only paths that C2SP tlog-tiles knows are looked up, in their one spelling: there is no way from here to any
//! other file.

use crate::api::problem::{Kind, Problem};
use crate::files;
use crate::gateway::Gateway;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use comity_exchange::ports::{Store as _, StoreError};
use comity_exchange::shell::Shell as _;
use comity_tlog::{BUNDLE_BYTES_MAX, Resource};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// A log for the public: the newest checkpoint as the database has it, and files that any node can derive.
pub trait PublicLog: Send + Sync + 'static {
    /// Where the files are.
    fn folder(&self) -> PathBuf;

    /// The newest checkpoint.
    fn checkpoint(&self) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Waits until the files that committed checkpoints need are there.
    fn derive(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether it has stopped by itself, and is about to end.
    fn has_stopped(&self) -> bool;
}

impl PublicLog for Gateway {
    fn folder(&self) -> PathBuf {
        self.directory().log()
    }

    async fn checkpoint(&self) -> Result<String, StoreError> {
        self.store().checkpoint().await
    }

    async fn derive(&self) -> Result<(), StoreError> {
        self.store().flush_tiles().await
    }

    fn has_stopped(&self) -> bool {
        self.store().stopped().is_some()
    }
}

/// The routes of the public listener.
pub fn router<L: PublicLog>(log: Arc<L>) -> Router {
    Router::new()
        .route("/health", get(health::<L>))
        .route("/log/{*path}", get(log_file::<L>))
        .fallback(async || not_found())
        .with_state(log)
}

async fn health<L: PublicLog>(State(log): State<Arc<L>>) -> Response {
    if log.has_stopped() {
        return Problem::new(Kind::Stopped).into_response();
    }
    let body = Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

async fn log_file<L: PublicLog>(State(log): State<Arc<L>>, Path(path): Path<String>) -> Response {
    match path.parse::<Resource>() {
        Ok(Resource::Checkpoint) => newest(&*log).await,
        Ok(Resource::Tile(_) | Resource::Bundle(_)) => tile(&*log, &path).await,
        Err(_) => not_found().into_response(),
    }
}

/// The newest checkpoint, once what it needs can be had here.
async fn newest<L: PublicLog>(log: &L) -> Response {
    let checkpoint = match log.checkpoint().await {
        Ok(checkpoint) => checkpoint,
        Err(error) => return failed(&error),
    };
    if let Err(error) = log.derive().await {
        return failed(&error);
    }
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, checkpoint).into_response()
}

async fn tile<L: PublicLog>(log: &L, path: &str) -> Response {
    let file = log.folder().join(path);
    let mut content = read(file.clone()).await;
    if let Ok(None) = content {
        // The checkpoint that names it may have come from another node.
        if let Err(error) = log.derive().await {
            return failed(&error);
        }
        content = read(file).await;
    }
    match content {
        Ok(Some(bytes)) => {
            let caching = "public, max-age=31536000, immutable";
            let headers =
                [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, caching)];
            (headers, bytes).into_response()
        }
        Ok(None) => not_found().into_response(),
        Err(error) => failed(&*error),
    }
}

async fn read(file: PathBuf) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(tokio::task::spawn_blocking(move || files::read(&file, BUNDLE_BYTES_MAX)).await??)
}

fn not_found() -> Problem {
    Problem::new(Kind::NotFound)
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "a file of the log was not read");
    Problem::new(Kind::Failed).with_detail("the log cannot be read now").into_response()
}

#[cfg(test)]
mod tests;
