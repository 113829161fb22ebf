//! What partner gateways can ask.

use super::partner::{Called, NotTaken, Partner, answered, apart};
use super::{matches, recalls, referrals, uses, views};
use crate::api::problem::{Kind, Problem, pages};
use crate::gateway::{Gateway, GatewayError};
use crate::net::body::at_most;
use crate::net::tls::Connection;
use crate::work::manage;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comity_exchange::federation::answer::{AnswerHeader, AnswerResult};
use comity_exchange::federation::frame::{ATTACHMENTS_BYTES_MAX, HEADER_BYTES_MAX};
use comity_exchange::federation::identity::{IDENTITY_BYTES_MAX, Identity};
use comity_exchange::federation::recall::HOP_BYTES_MAX;
use comity_exchange::federation::referral::REFERRAL_BYTES_MAX;
use comity_exchange::misbehaviour::misbehaved;
use comity_exchange::ports::{Record, Store as _, StoreError};
use comity_exchange::proofs::cosign;
use comity_exchange::receive::{OfferError, receive};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_exchange::{ExchangeError, federation};
use comity_tlog::{REQUEST_BYTES_MAX, Refusal, SIZE_CONTENT_TYPE};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

type Caller = ConnectInfo<Connection>;

/// The routes of the federation listener.
pub fn router(gateway: Arc<Gateway>) -> Router {
    // An offer at its bounds: header, attachments, and a bundle of the largest size, sealed class by class.
    let offer_max = HEADER_BYTES_MAX + ATTACHMENTS_BYTES_MAX + 2 * gateway.settings().limits.bytes_max;
    Router::new()
        .route("/federation/v1/offers", at_most(offer_max, post(offer)))
        .route("/federation/v1/recalls", at_most(HOP_BYTES_MAX, post(recalls::recall)))
        .route(
            "/federation/v1/matches",
            at_most(federation::matching::QUESTION_BYTES_MAX, post(matches::question)),
        )
        .route("/federation/v1/views", at_most(federation::view::VIEW_BYTES_MAX, post(views::view)))
        .route("/federation/v1/uses", at_most(federation::uses::QUESTION_BYTES_MAX, post(uses::uses)))
        .route("/federation/v1/referrals", at_most(REFERRAL_BYTES_MAX, post(referrals::referral)))
        .route("/federation/v1/identity", at_most(IDENTITY_BYTES_MAX, get(identity).post(told)))
        .route("/federation/v1/witness/checkpoint", get(witnessed))
        .route("/federation/v1/keys", get(keys))
        .route("/federation/v1/law/{digest}", get(law))
        .route("/federation/v1/witness/add-checkpoint", at_most(REQUEST_BYTES_MAX, post(add_checkpoint)))
        .fallback(async || Problem::new(Kind::NotFound))
        .with_state(gateway)
        // Where the problems that partners are told lead.
        .merge(pages::router())
}

const OFFER: Called = Called { one: "an offer", not_now: "it takes no offers now" };

async fn offer(
    State(gateway): State<Arc<Gateway>>,
    Partner(peer): Partner,
    body: Bytes,
) -> Result<Response, Response> {
    let begun = Instant::now();
    let (working, sender) = (Arc::clone(&gateway), peer.clone());
    let taken = apart(&OFFER, async move || {
        let take = || receive(&*working, &sender, &body, working.now());
        match take().await {
            // Sealed under a key that was being destroyed: nothing was kept, and a later key takes it.
            Err(OfferError::Failed(ExchangeError::Store(StoreError::KeyClosed(_)))) => take().await,
            taken => taken,
        }
    })
    .await?;
    if let Ok(answer) = &taken {
        gateway.counts().took(Side::Receiver, begun.elapsed());
        count(&gateway, &answer.header);
    }
    let taken = taken.map(|answer| answer.frame);
    let taken = taken.map_err(|error| match error {
        OfferError::Failed(error) => NotTaken::Failed(error),
        OfferError::Misbehaved(why) => NotTaken::Refused(Kind::OfferNotAccepted, why),
        OfferError::Conflict(exchange) => NotTaken::Refused(Kind::ExchangeConflict, exchange.to_string()),
    });
    Ok(answered(&gateway, &peer.party, &OFFER, taken))
}

/// Counts what our own answer says.
fn count(gateway: &Gateway, header: &AnswerHeader) {
    gateway.counts().decisions(Side::Receiver, &header.decisions);
    gateway.counts().refusals(Side::Receiver, &header.decisions, &[]);
    if header.result.is_final() {
        let accepted = header.result == AnswerResult::Accepted;
        let outcome = if accepted { ExchangeOutcome::Delivered } else { ExchangeOutcome::Refused };
        gateway.counts().exchange(Side::Receiver, outcome);
    }
}

async fn identity(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.identity() {
        Ok(identity) => {
            let file = identity.to_file(&gateway.signatory().key);
            ([(header::CONTENT_TYPE, "application/json")], file).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

async fn told(State(gateway): State<Arc<Gateway>>, ConnectInfo(caller): Caller, body: Bytes) -> Response {
    let Ok(peer) = gateway.known_peer(&caller.party) else {
        return Problem::new(Kind::NoPartner).into_response();
    };
    let not_followed = |why: String| Problem::new(Kind::IdentityNotFollowed).with_detail(why).into_response();
    let identity = match Identity::from_file(&body) {
        Ok(identity) => identity,
        Err(error) => return not_followed(error.to_string()),
    };
    match manage::follow(&gateway, &peer, identity).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(GatewayError::NotFollowed(why)) => not_followed(why.to_string()),
        Err(error) => unavailable(&error),
    }
}

async fn witnessed(State(gateway): State<Arc<Gateway>>, ConnectInfo(caller): Caller) -> Response {
    let nothing =
        || Problem::new(Kind::NotFound).with_detail("nothing of this log was cosigned here").into_response();
    let Some(log) = gateway.known_peer(&caller.party).ok().and_then(|peer| peer.log_key().ok()) else {
        return nothing();
    };
    match gateway.store().witnessed_checkpoint(log.name()).await {
        Ok(Some(note)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        Ok(None) => nothing(),
        Err(error) => unavailable(&error),
    }
}

async fn keys(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.identity() {
        Ok(identity) => Json(identity.transport).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn law(State(gateway): State<Arc<Gateway>>, Path(digest): Path<String>) -> Response {
    let files = match format!("sha256:{digest}").parse() {
        Ok(digest) => gateway.shelf().files(digest),
        Err(_) => Ok(None),
    };
    match files {
        Ok(Some(files)) => {
            let text: BTreeMap<String, String> =
                files.0.into_iter().map(|(path, bytes)| (path, BASE64.encode(bytes))).collect();
            Json(text).into_response()
        }
        Ok(None) => {
            Problem::new(Kind::NotFound).with_detail("no law of that digest was adopted here").into_response()
        }
        Err(error) => unavailable(&error),
    }
}

async fn add_checkpoint(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(caller): Caller,
    body: Bytes,
) -> Response {
    let text = |status: StatusCode, body: String| (status, body).into_response();
    let (Ok(peer), Ok(request)) = (gateway.known_peer(&caller.party), std::str::from_utf8(&body)) else {
        return text(StatusCode::BAD_REQUEST, String::new());
    };
    let Ok(log) = peer.log_key() else { return text(StatusCode::NOT_FOUND, String::new()) };
    let cosigned = match cosign(gateway.store(), request, &log, gateway.signatory(), gateway.now()).await {
        Ok(cosigned) => cosigned,
        Err(_) => return text(StatusCode::BAD_REQUEST, String::new()),
    };
    if let Some(kind) = cosigned.misbehaviour {
        gateway.counts().misbehaved();
        tracing::error!(party = %caller.party, kind = kind.as_str(), "a partner's log is not cosigned");
        if let Err(error) = misbehaved(&*gateway, &peer, kind, None, gateway.now()).await {
            return unavailable(&error);
        }
    }
    match (cosigned.refusal, cosigned.line) {
        (Some(refusal), _) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let conflict = matches!(refusal, Refusal::Conflict { .. });
            let kind = if conflict { SIZE_CONTENT_TYPE } else { "text/plain; charset=utf-8" };
            (status, [(header::CONTENT_TYPE, kind)], refusal.body()).into_response()
        }
        (None, Some(line)) => {
            // Persist before answering: a witness that forgets what it signed is none.
            let record = Record { witness: cosigned.step, ..Record::default() };
            match gateway.store().record(record).await {
                Ok(_) => text(StatusCode::OK, format!("{line}\n")),
                Err(error) => unavailable(&error),
            }
        }
        (None, None) => text(StatusCode::BAD_REQUEST, String::new()),
    }
}

pub(super) fn unavailable(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a partner's request could not be answered");
    Problem::new(Kind::Unavailable).into_response()
}
