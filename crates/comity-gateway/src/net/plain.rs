//! The public routes: whether the gateway lives, and its log for anyone to verify.
//!
//! ```text
//! GET /health              {"status":"ok","version":"…"}
//! GET /log/checkpoint      text/plain; changes with each act
//! GET /log/tile/…          application/octet-stream; never changes
//! ```
//! Only paths that C2SP tlog-tiles knows are looked up, in their one spelling: there is no way from here to any
//! other file.

use crate::api::problem::Problem;
use crate::files;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use comity_tlog::{BUNDLE_BYTES_MAX, Resource};
use std::path::PathBuf;
use std::sync::Arc;

/// The routes of the public listener, the log read from `log`.
pub fn router(log: PathBuf) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/log/{*path}", get(log_file))
        .fallback(async || not_found())
        .with_state(Arc::new(log))
}

async fn health() -> impl IntoResponse {
    let body = Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
    ([(header::CACHE_CONTROL, "no-store")], body)
}

async fn log_file(State(log): State<Arc<PathBuf>>, Path(path): Path<String>) -> Response {
    let Ok(resource) = path.parse::<Resource>() else { return not_found().into_response() };
    let (content_type, caching) = match resource {
        Resource::Checkpoint => ("text/plain; charset=utf-8", "no-cache"),
        Resource::Tile(_) | Resource::Bundle(_) => {
            ("application/octet-stream", "public, max-age=31536000, immutable")
        }
    };
    let file = log.join(&path);
    let content = tokio::task::spawn_blocking(move || files::read(&file, BUNDLE_BYTES_MAX)).await;
    match content {
        Ok(Ok(Some(bytes))) => {
            let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching)];
            (headers, bytes).into_response()
        }
        Ok(Ok(None)) => not_found().into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing here")
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "a file of the log was not read");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the log cannot be read now").into_response()
}

#[cfg(test)]
mod tests;
