//! The door for a partner that asks how often what it gave was used here.

use super::partner::{Called, NotTaken, Partner, answered};
use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use comity_exchange::federation::uses::{UsesQuestion, answer};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;

const QUESTION: Called = Called { one: "a question about uses", not_now: "it answers no questions now" };

pub(super) async fn uses(
    State(gateway): State<Arc<Gateway>>,
    Partner(peer): Partner,
    body: Bytes,
) -> Response {
    let question = match UsesQuestion::read(&body) {
        Ok(question) => question,
        Err(error) => return Problem::new(Kind::Malformed).with_detail(error.to_string()).into_response(),
    };
    let told = answer(&*gateway, &peer.party, &question, gateway.now()).await;
    answered(&gateway, &peer.party, &QUESTION, told.map_err(NotTaken::Failed))
}
