//! The door for questions whether values are held: blinded, from a partner.

use super::routes::{Caller, unavailable};
use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use comity_exchange::matching::{MatchError, take};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;

pub(super) async fn question(
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
    // A set may take a minute to be made ready: off the threads that serve connections, and to its end, also where nobody
    // waits for it any more: whoever asks again finds it.
    let runtime = tokio::runtime::Handle::current();
    let working = Arc::clone(&gateway);
    let taken = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            let _one = working.matching().lock().await;
            take(&*working, &peer, &body, working.now()).await
        })
    });
    let taken = match taken.await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::error!(%error, "answering a question broke off");
            return Problem::new(Kind::Failed).into_response();
        }
    };
    let (kind, why) = match taken {
        Ok(answer) => {
            return ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response();
        }
        Err(MatchError::Failed(error)) => {
            tracing::error!(party = %caller.party, %error, "a question could not be answered");
            return Problem::new(Kind::Unavailable)
                .with_detail("it answers no questions now")
                .into_response();
        }
        Err(MatchError::Misbehaved(why)) => (Kind::MatchNotAccepted, why),
        Err(MatchError::Conflict(id)) => (Kind::MatchConflict, id.to_string()),
    };
    gateway.counts().misbehaved();
    tracing::warn!(party = %caller.party, kind = kind.slug(), %why, "a partner's question is not accepted");
    Problem::new(kind).with_detail(why).into_response()
}
