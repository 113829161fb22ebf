//! Exchanges: give a bundle to a partner, see what would come of it, ask where it stands.

use super::dry::Dry;
use super::once::Asked;
use super::order::{self, ShareRequest};
use super::problems::{HasBody, Signed};
use super::{Api, Officer, Refused, answer, json_body, malformed, once, written};
use crate::api::problem::{Kind, Problem};
use crate::gateway::{Gateway, GatewayError};
use crate::work::preview::preview;
use crate::work::share;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use comity_exchange::ports::Store as _;
use comity_exchange::report::ExchangeReport;
use comity_exchange::shell::Shell as _;
use comity_store::DryUntil;
use comity_terms::{Digest, ExchangeId};
use serde_json::json;
use std::sync::Arc;

#[utoipa::path(
    post,
    path = "/api/v1/exchanges",
    summary = "Share a bundle with a partner, or see what would come of it",
    request_body = ShareRequest,
    params(
        ("dry_run" = Option<bool>, Query, description = "Only say what would come of it: nothing is recorded or sent"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same request is done once")
    ),
    responses(
        (status = 200, description = "The exchange, whatever the laws said of it: `outcome`", body = Object),
        (status = 422, description = "It cannot be done so", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The first request under this key is under way", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Problem, content_type = "application/problem+json"),
        HasBody,
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn share(
    State(api): State<Arc<Api>>,
    Officer(officer): Officer,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let dry_run = Dry::read(&uri)?;
    let body = json_body(&headers, body, api.gateway.settings().limits.bytes_max)?;
    let order = order::read(&body, &officer.officer).map_err(|error| malformed(error.to_string()))?;
    if dry_run {
        let dry = api.gateway.dry_run(DryUntil::FirstRecord);
        return Ok(answer(&preview(&dry, &order).await?));
    }
    let Some(once) = once::key(&api, &officer.officer, &headers, Digest::of(&body))? else {
        return Ok(written(in_bytes(&share::share(&api.gateway, order).await?)));
    };
    let (gateway, ordered) = (Arc::clone(&api.gateway), share::Order { once: Some(once.clone()), ..order });
    let work = async move { Ok(in_bytes(&share::share(&gateway, ordered).await?)) };
    Ok(written(once::answer(&api.gateway, once, work, Asked::Share).await?))
}

/// The answer to what was taken under a client's key, of what was `told` of it then.
pub(super) async fn told_again(
    gateway: &Gateway,
    told: &[u8],
    ended: bool,
) -> Result<Option<Vec<u8>>, GatewayError> {
    Ok(share::told_again(gateway, told, ended).await?.as_ref().map(in_bytes))
}

fn in_bytes(report: &ExchangeReport) -> Vec<u8> {
    // Unwrap safety: a report is plain data with text keys.
    serde_json::to_vec(report).expect("a report is plain data")
}

#[utoipa::path(
    get,
    path = "/api/v1/exchanges/{id}",
    summary = "Where an exchange stands",
    params(("id" = String, Path, description = "The exchange")),
    responses(
        (status = 200, description = "Its skeleton: parties, agreement, counts, dates, outcome", body = Object),
        (status = 404, description = "No such exchange is recorded here", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn stands(
    State(api): State<Arc<Api>>,
    _: Officer,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let none = || Problem::new(Kind::NotFound).with_detail("no such exchange is recorded here");
    let id: ExchangeId = id.parse().map_err(|_| none())?;
    let row = api.gateway.store().exchange(id).await.map_err(GatewayError::from)?;
    let row = row.ok_or_else(none)?;
    Ok(answer(&json!({
        "exchange_id": row.id.to_string(),
        "side": row.side,
        "peer": row.peer.to_string(),
        "pack": row.agreement.to_string(),
        "pack_digest": row.agreement_digest.to_string(),
        "supersedes": row.supersedes.map(|id| id.to_string()),
        "outcome": row.outcome.as_str(),
        "objects": row.objects,
        "at": row.at.to_string(),
        "changed_at": row.changed_at.to_string(),
    })))
}
