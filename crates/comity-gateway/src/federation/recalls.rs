//! The door for orders that data be erased or restricted: from a partner, about what it gave.

use super::partner::{Called, KnownPartner, NotTaken, answered, apart};
use crate::api::problem::Kind;
use crate::gateway::Gateway;
use crate::work::recall::{destroyed_by, known};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use comity_exchange::recall::{TakeError, take};
use comity_exchange::shell::Shell as _;
use std::sync::Arc;

const ORDER: Called = Called { one: "an order", not_now: "it takes no orders now" };

pub(super) async fn recall(
    State(gateway): State<Arc<Gateway>>,
    // One that was removed orders what becomes of what it gave, as before.
    KnownPartner(peer): KnownPartner,
    body: Bytes,
) -> Result<Response, Response> {
    let (working, giver) = (Arc::clone(&gateway), peer.clone());
    // One at a time with the sweep.
    let taken = apart(&ORDER, async move || {
        let _one = working.sweeping().lock().await;
        let now = working.now();
        let by = (now, destroyed_by(&working, now));
        take(&*working, &giver, &body, |party| known(&working, party), by).await
    })
    .await?;
    let taken = taken.map_err(|error| match error {
        TakeError::Failed(error) => NotTaken::Failed(error),
        TakeError::Misbehaved(why) => NotTaken::Refused(Kind::RecallNotAccepted, why),
        TakeError::Foreign(exchange) => NotTaken::Refused(Kind::RecallForeign, exchange.to_string()),
        TakeError::Conflict(order) => NotTaken::Refused(Kind::RecallConflict, order.to_string()),
    });
    Ok(answered(&gateway, &peer.party, &ORDER, taken))
}
