//! `?dry_run=true` at the routes by which officers do what laws decide on: the handler itself runs, at a gateway that records
//! nothing, and what it would have recorded is the answer (C35).
//!
//! A route takes part by two things: [`or_done`] around it, and a handler that takes its gateway by [`At`].

use super::{Api, Refused, answer, malformed};
use crate::gateway::Gateway;
use crate::work::dry;
use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use comity_store::DryUntil;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;

/// Whether a request is a dry run.
#[derive(Deserialize)]
pub(super) struct Dry {
    #[serde(default)]
    pub(super) dry_run: bool,
}

impl Dry {
    /// What the query says.
    ///
    /// # Errors
    /// 400 where it does not read.
    pub(super) fn read(parts: &axum::http::Uri) -> Result<bool, Refused> {
        let read = Query::<Self>::try_from_uri(parts);
        read.map(|Query(dry)| dry.dry_run).map_err(|_| malformed("`dry_run`: expected true or false"))
    }
}

/// The gateway at which something is done: the one that serves, or a dry run of it.
pub(super) struct At(pub(super) Arc<Gateway>);

impl FromRequestParts<Arc<Api>> for At {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Infallible> {
        let dry = parts.extensions.get::<Arc<Gateway>>();
        Ok(Self(Arc::clone(dry.unwrap_or(&api.gateway))))
    }
}

/// `route`, which a query may ask to be run dry, as far as `until`.
pub(super) fn or_done(
    api: &Arc<Api>,
    until: DryUntil,
    route: MethodRouter<Arc<Api>>,
) -> MethodRouter<Arc<Api>> {
    route.layer(from_fn_with_state((Arc::clone(api), until), within))
}

async fn within(
    State((api, until)): State<(Arc<Api>, DryUntil)>,
    mut request: Request,
    next: Next,
) -> Response {
    match Dry::read(request.uri()) {
        Err(refused) => return refused.into_response(),
        Ok(false) => return next.run(request).await,
        Ok(true) => {}
    }
    let gateway = api.gateway.dry_run(until);
    request.extensions_mut().insert(Arc::clone(&gateway));
    let done = next.run(request).await;
    match dry::told(&gateway, Ok(())) {
        // What was not done at all, and why.
        Ok(would) if would.entries.is_empty() && !done.status().is_success() => done,
        Ok(would) => answer(&would),
        Err(error) => Refused::from(error).into_response(),
    }
}
