//! The door for questions whether values are held: blinded, from a partner.

use super::partner::{Called, NotTaken, Partner, answered, apart};
use crate::api::problem::Kind;
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use comity_exchange::matching::{MatchError, take};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;

const QUESTION: Called = Called { one: "a question", not_now: "it answers no questions now" };

pub(super) async fn question(
    State(gateway): State<Arc<Gateway>>,
    Partner(peer): Partner,
    body: Bytes,
) -> Result<Response, Response> {
    let (working, asker) = (Arc::clone(&gateway), peer.clone());
    // A set may take a minute to be made ready: whoever asks again finds it.
    let taken = apart(&QUESTION, async move || {
        let _one = working.matching().lock().await;
        take(&*working, &asker, &body, working.now()).await
    })
    .await?;
    let taken = taken.map_err(|error| match error {
        MatchError::Failed(error) => NotTaken::Failed(error),
        MatchError::Misbehaved(why) => NotTaken::Refused(Kind::MatchNotAccepted, why),
        MatchError::Conflict(id) => NotTaken::Refused(Kind::MatchConflict, id.to_string()),
    });
    Ok(answered(&gateway, &peer.party, &QUESTION, taken))
}
