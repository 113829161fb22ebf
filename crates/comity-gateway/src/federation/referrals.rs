//! The door for persons' requests that partners pass on.

use super::routes::{Caller, unavailable};
use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{TakeReferralError, take_referral};
use std::sync::Arc;

pub(super) async fn referral(
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
    match take_referral(&*gateway, &peer, &body, gateway.now()).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        Err(TakeReferralError::Failed(error)) => {
            tracing::error!(party = %caller.party, %error, "a referral could not be taken");
            Problem::new(Kind::Unavailable).with_detail("it takes no referrals now").into_response()
        }
        Err(TakeReferralError::Misbehaved(why)) => {
            gateway.counts().misbehaved();
            tracing::warn!(party = %caller.party, %why, "a partner's referral is not accepted");
            Problem::new(Kind::ReferralNotAccepted).with_detail(why).into_response()
        }
    }
}
