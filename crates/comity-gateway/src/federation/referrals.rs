//! The door for persons' requests that partners pass on.

use super::partner::{Called, NotTaken, Partner, answered};
use crate::api::problem::Kind;
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{TakeReferralError, take_referral};
use std::sync::Arc;

const REFERRAL: Called = Called { one: "a referral", not_now: "it takes no referrals now" };

pub(super) async fn referral(
    State(gateway): State<Arc<Gateway>>,
    Partner(peer): Partner,
    body: Bytes,
) -> Response {
    let taken = take_referral(&*gateway, &peer, &body, gateway.now()).await;
    let taken = taken.map_err(|error| match error {
        TakeReferralError::Failed(error) => NotTaken::Failed(error),
        TakeReferralError::Misbehaved(why) => NotTaken::Refused(Kind::ReferralNotAccepted, why),
    });
    answered(&gateway, &peer.party, &REFERRAL, taken)
}
