//! The door for partners' officers who look at what is here.

use super::partner::{Called, NotTaken, Partner, answered, apart};
use crate::api::problem::Kind;
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use comity_exchange::shell::Shell as _;
use comity_exchange::view::{ViewError, take};
use std::sync::Arc;

const VIEW: Called = Called { one: "a question to look at records", not_now: "it shows nothing now" };

pub(super) async fn view(
    State(gateway): State<Arc<Gateway>>,
    Partner(peer): Partner,
    body: Bytes,
) -> Result<Response, Response> {
    let (working, asker) = (Arc::clone(&gateway), peer.clone());
    let taken = apart(&VIEW, async move || take(&*working, &asker, &body, working.now()).await).await?;
    let taken = taken.map_err(|error| match error {
        ViewError::Failed(error) => NotTaken::Failed(error),
        ViewError::Misbehaved(why) => NotTaken::Refused(Kind::ViewNotAccepted, why),
        ViewError::Conflict(id) => NotTaken::Refused(Kind::ViewConflict, id.to_string()),
    });
    Ok(answered(&gateway, &peer.party, &VIEW, taken))
}
