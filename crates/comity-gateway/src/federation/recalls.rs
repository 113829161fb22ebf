//! The door for orders that data be erased or restricted: from a partner, about what it gave.

use super::routes::{Caller, unavailable};
use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use crate::work::recall::{destroyed_by, known};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use comity_exchange::recall::{TakeError, take};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;

pub(super) async fn recall(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(caller): Caller,
    body: Bytes,
) -> Response {
    if let Err(error) = gateway.keep_up().await {
        return unavailable(&error);
    }
    let Ok(peer) = gateway.peer(&caller.party) else {
        return Problem::new(Kind::NoPartner).into_response();
    };
    // Deciding and erasing take a while: off the threads that serve connections, and one at a time with the sweep.
    let runtime = tokio::runtime::Handle::current();
    let working = Arc::clone(&gateway);
    let taken = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            let _one = working.sweeping().lock().await;
            let now = working.now();
            take(&*working, &peer, &body, |party| known(&working, party), (now, destroyed_by(&working, now)))
                .await
        })
    });
    let taken = match taken.await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::error!(%error, "taking an order broke off");
            return Problem::new(Kind::Failed).into_response();
        }
    };
    let (kind, why) = match taken {
        Ok(answer) => {
            return ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response();
        }
        Err(TakeError::Failed(error)) => {
            tracing::error!(party = %caller.party, %error, "an order could not be taken");
            return Problem::new(Kind::Unavailable).with_detail("it takes no orders now").into_response();
        }
        Err(TakeError::Misbehaved(why)) => (Kind::RecallNotAccepted, why),
        Err(TakeError::Foreign(exchange)) => (Kind::RecallForeign, exchange.to_string()),
        Err(TakeError::Conflict(order)) => (Kind::RecallConflict, order.to_string()),
    };
    gateway.counts().misbehaved();
    tracing::warn!(party = %caller.party, kind = kind.slug(), %why, "a partner's order is not accepted");
    Problem::new(kind).with_detail(why).into_response()
}
