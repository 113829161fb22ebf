//! Whether the gateway can do its work now, for whoever sends it traffic.
//!
//! ```text
//! GET /ready      200 {"status":"ready"}, or 503 as a problem
//! ```
//! Ready means that the store takes changes: its one writer is asked. However often it is asked from outside, the store
//! is asked once a second.

use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use comity_exchange::ports::{Record, Store as _};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

struct Asked {
    gateway: Arc<Gateway>,
    last: Mutex<Option<(Instant, bool)>>,
}

/// The route of the public listener.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let asked = Arc::new(Asked { gateway, last: Mutex::default() });
    Router::new().route("/ready", get(ready)).with_state(asked)
}

async fn ready(State(asked): State<Arc<Asked>>) -> Response {
    if asked.is_ready().await {
        let body = Json(serde_json::json!({ "status": "ready" }));
        ([(header::CACHE_CONTROL, "no-store")], body).into_response()
    } else {
        Problem::new(Kind::Unavailable).with_detail("its database takes nothing now").into_response()
    }
}

impl Asked {
    async fn is_ready(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH
        {
            return ready;
        }
        // A record of nothing passes the writer and changes nothing.
        let asked = timeout(PATIENCE, self.gateway.store().record(Record::default())).await;
        let ready = matches!(asked, Ok(Ok(_)));
        *last = Some((Instant::now(), ready));
        ready
    }
}

/// How long an answer is given again.
const FRESH: Duration = Duration::from_secs(1);

/// A store that takes longer than this for nothing is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
