//! The partner that a message comes from, and what it gets: the answer's frame, or a problem.

use super::routes::unavailable;
use crate::api::problem::{Kind, Problem};
use crate::gateway::Gateway;
use crate::net::tls::Connection;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use comity_exchange::ExchangeError;
use comity_exchange::ports::Peer;
use comity_terms::Party;
use std::sync::Arc;

/// The partner whose certificate the connection was pinned by, as this gateway knows it by now; one that is removed too, for
/// what is owed all the same.
pub(super) struct KnownPartner(pub(super) Peer);

impl FromRequestParts<Arc<Gateway>> for KnownPartner {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Response> {
        let caller = ConnectInfo::<Connection>::from_request_parts(parts, gateway).await;
        let ConnectInfo(caller) = caller.map_err(IntoResponse::into_response)?;
        gateway.keep_up().await.map_err(|error| unavailable(&error))?;
        gateway.known_peer(&caller.party).map(Self).map_err(|_| Problem::new(Kind::NoPartner).into_response())
    }
}

/// The same, but for one that is removed: it is told so, and when.
pub(super) struct Partner(pub(super) Peer);

impl FromRequestParts<Arc<Gateway>> for Partner {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Response> {
        let KnownPartner(peer) = KnownPartner::from_request_parts(parts, gateway).await?;
        match gateway.removal(&peer.party) {
            Some(removal) => {
                tracing::warn!(party = %peer.party, "a partner that was removed is not let in");
                Err(Problem::new(Kind::PartnerRemoved).with_detail(removal.to_string()).into_response())
            }
            None => Ok(Self(peer)),
        }
    }
}

/// Why a partner's message gets no answer in a frame.
pub(super) enum NotTaken {
    /// We failed: it is sent again.
    Failed(ExchangeError),
    /// It is not one that counts: which problem that is, and why.
    Refused(Kind, String),
}

/// What a kind of message is called where it is not taken.
pub(super) struct Called {
    /// One of them.
    pub(super) one: &'static str,
    /// What it is told while we fail.
    pub(super) not_now: &'static str,
}

/// The answer's frame; or the problem, which is counted where the partner made the mistake.
pub(super) fn answered(
    gateway: &Gateway,
    party: &Party,
    called: &Called,
    taken: Result<Vec<u8>, NotTaken>,
) -> Response {
    let Called { one, not_now } = *called;
    match taken {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        Err(NotTaken::Failed(error)) => {
            tracing::error!(%party, %error, "{one} could not be taken");
            Problem::new(Kind::Unavailable).with_detail(not_now).into_response()
        }
        Err(NotTaken::Refused(kind, why)) => {
            gateway.counts().misbehaved();
            tracing::warn!(%party, kind = kind.slug(), %why, "{one} of a partner is not accepted");
            Problem::new(kind).with_detail(why).into_response()
        }
    }
}

/// Does what takes the processor for a while off the threads that serve connections, and to its end, whether or not
/// anybody waits for it still.
pub(super) async fn apart<T, F>(
    called: &Called,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<T, Response>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work())).await;
    done.map_err(|error| {
        tracing::error!(%error, "taking {} broke off", called.one);
        Problem::new(Kind::Failed).into_response()
    })
}
