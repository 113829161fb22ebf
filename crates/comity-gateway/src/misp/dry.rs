//! `?dry_run=true` at MISP's interface (C35): the call itself is made at a gateway that records nothing and reaches no partner.
//!
//! What gives is answered as it would be, refusals with their reasons, marked `dry_run`. What takes is answered with what would be
//! recorded of the use, and nothing is handed out.

use super::Failure;
use crate::gateway::Gateway;
use crate::work::dry;
use axum::Json;
use axum::body::to_bytes;
use axum::extract::Query;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use comity_store::DryUntil;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Dry {
    #[serde(default)]
    dry_run: bool,
}

/// Whether a call is a dry run, by its query.
///
/// # Errors
/// 400 where it does not read.
pub(super) fn asked(uri: &Uri) -> Result<bool, Failure> {
    let read = Query::<Dry>::try_from_uri(uri);
    read.map(|Query(dry)| dry.dry_run)
        .map_err(|_| Failure::new(StatusCode::BAD_REQUEST, "`dry_run`: expected true or false"))
}

/// How far the call at `path` runs: what takes ends before anything is opened; what gives looks up what it speaks of, and hands
/// none of it out.
pub(super) fn until(path: &str) -> DryUntil {
    let mut parts = path.trim_start_matches('/').split(['/', '.']);
    match (parts.next(), parts.next()) {
        (Some("events"), Some("add" | "edit")) | (Some("sightings"), Some("add" | "bulkSaveSightings")) => {
            DryUntil::End
        }
        _ => DryUntil::FirstRecord,
    }
}

/// The answer of a dry run: `came`, marked as one; or what would be recorded, where the call would hand something out.
pub(super) async fn answered(gateway: &Gateway, until: DryUntil, came: Response) -> Response {
    match (until, dry::told(gateway, Ok(()))) {
        (DryUntil::FirstRecord, Ok(would)) if !would.entries.is_empty() => Json(would).into_response(),
        (_, Err(error)) => {
            tracing::error!(%error, "what would be recorded does not read");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the gateway failed").into_response()
        }
        _ => marked(came).await,
    }
}

async fn marked(came: Response) -> Response {
    let (mut head, body) = came.into_parts();
    // What this interface answers is in memory whole.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(Value::Object(mut said)) = serde_json::from_slice(&bytes) else {
        return (head, bytes).into_response();
    };
    said.insert("dry_run".to_owned(), json!(true));
    head.headers.remove(header::CONTENT_LENGTH);
    (head, Value::Object(said).to_string()).into_response()
}
