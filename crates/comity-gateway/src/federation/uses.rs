//! The door for a partner that asks how often what it gave was used here.

use super::routes::{Caller, unavailable};
use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use comity_exchange::federation::uses::{UsesQuestion, answer};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;

pub(super) async fn uses(
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
    let question = match UsesQuestion::read(&body) {
        Ok(question) => question,
        Err(error) => return Problem::new(Kind::Malformed).with_detail(error.to_string()).into_response(),
    };
    match answer(&*gateway, &peer.party, &question, gateway.now()).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        Err(error) => unavailable(&error),
    }
}
