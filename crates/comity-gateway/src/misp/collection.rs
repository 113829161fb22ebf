//! A collection as MISP servers push to it and pull from it: `/misp/<collection>/` is what they have for a server's URL.

use super::door::{DoorError, Given, Giving, MispDoor, Page, Taking, Visitor};
use super::router;
use crate::clock::Clock;
use crate::gateway::{Gateway, GatewayError};
use crate::signin::{Denied, SignedIn};
use crate::work::collections::{self, Fate, Reader};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use comity_exchange::ExchangeError;
use comity_exchange::collect::StandingRequest;
use comity_exchange::ports::{Store as _, VersionWanted, Wanted};
use comity_exchange::shell::Shell as _;
use comity_terms::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::net::IpAddr;
use std::sync::Arc;
use tower_service::Service as _;

/// The routes of every collection, under `/misp/<collection>/`.
pub fn collections(gateway: Arc<Gateway>) -> Router {
    Router::new().route("/misp/{collection}/{*rest}", any(served)).with_state(gateway)
}

async fn served(
    State(gateway): State<Arc<Gateway>>,
    Path((collection, _)): Path<(String, String)>,
    request: Request<Body>,
) -> Response {
    let found = collection.parse().ok().and_then(|id| gateway.collection(id));
    let Some(collection) = found else {
        return super::Failure::new(StatusCode::NOT_FOUND, "No such collection stands here").into_response();
    };
    // As it was sent: the inner routes decode it, and only they.
    let rest = request.uri().path().splitn(4, '/').nth(3).unwrap_or_default();
    let Ok(uri) = format!("/{rest}").parse::<Uri>() else {
        return super::Failure::new(StatusCode::NOT_FOUND, "Not found").into_response();
    };
    let from = crate::signin::from(request.extensions());
    let is_dry = match super::dry::asked(request.uri()) {
        Ok(is_dry) => is_dry,
        Err(failure) => return failure.at(uri.path()).into_response(),
    };
    // Without what the outer path said of itself: the inner one has parameters of its own.
    let (outer, body) = request.into_parts();
    let mut request = Request::new(body);
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (outer.method, uri, outer.headers);
    if !is_dry {
        return called(CollectionDoor { gateway, collection, from }, request).await;
    }
    let until = super::dry::until(request.uri().path());
    let gateway = gateway.dry_run(until);
    let came = called(CollectionDoor { gateway: Arc::clone(&gateway), collection, from }, request).await;
    super::dry::answered(&gateway, until, came).await
}

async fn called(door: CollectionDoor, request: Request<Body>) -> Response {
    match router(door, now).call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn now() -> Timestamp {
    Clock::new(Timestamp::UNIX_EPOCH).now()
}

/// One collection, for one request.
struct CollectionDoor {
    gateway: Arc<Gateway>,
    collection: StandingRequest,
    from: Option<IpAddr>,
}

#[derive(Deserialize)]
struct Objects<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

impl MispDoor for CollectionDoor {
    async fn enter(&self, key: &str) -> Result<Option<Visitor>, DoorError> {
        let mut headers = HeaderMap::new();
        let Ok(shown) = HeaderValue::from_str(&format!("Bearer {key}")) else { return Ok(None) };
        headers.insert(header::AUTHORIZATION, shown);
        let gateway = &self.gateway;
        match gateway.signin().who(gateway, &headers, self.from, gateway.now()).await {
            Ok(SignedIn { officer, .. }) => Ok(Some(Visitor {
                id: officer,
                organisation: gateway.authority().to_owned(),
                may_write: self.collection.can_write,
            })),
            Err(Denied::Disabled) => {
                Err(DoorError::Forbidden("this officer orders nothing any more".to_owned()))
            }
            Err(Denied::Missing | Denied::Unreadable(_) | Denied::Wrong) => Ok(None),
            Err(denied @ (Denied::LockedOut { .. } | Denied::Limited { .. } | Denied::Busy { .. })) => {
                Err(DoorError::Limited { retry_after: denied.retry_after().unwrap_or(1) })
            }
            Err(Denied::Forged | Denied::Unavailable) => Err(DoorError::Busy),
        }
    }

    async fn give(&self, visitor: &Visitor, bundle: Vec<u8>) -> Result<Vec<Given>, DoorError> {
        if !self.collection.can_write {
            return Err(DoorError::Forbidden("nothing is added to this collection".to_owned()));
        }
        let read: Objects<'_> = serde_json::from_slice(&bundle).map_err(|_| DoorError::Broken)?;
        let added = collections::add(&self.gateway, &self.collection, &visitor.id, &read.objects).await;
        let (given, _) = added.map_err(refused)?;
        Ok(given
            .into_iter()
            .map(|given| {
                let outcome = match given.fate {
                    Some(Fate::Done(_)) => Giving::Taken,
                    Some(Fate::Waits(_)) => Giving::Waits,
                    Some(Fate::Failed(why)) => Giving::Refused(why),
                    None => Giving::Refused("nothing is known of it".to_owned()),
                };
                Given { id: given.id, outcome }
            })
            .collect())
    }

    async fn take(&self, visitor: &Visitor, taking: Taking) -> Result<Page, DoorError> {
        if !self.collection.can_read {
            return Err(DoorError::Forbidden("this collection is not to be read".to_owned()));
        }
        let gateway = &self.gateway;
        let standing = gateway.store().standing(&visitor.id).await.map_err(|error| refused(error.into()))?;
        let standing = standing.ok_or(DoorError::Broken)?;
        let after = taking.next.as_deref().map(place).transpose()?;
        let wanted = Wanted {
            stream: self.collection.stream(),
            added_after: taking.added_after,
            after,
            objects: taking.ids.iter().map(|id| gateway.tags().object(id)).collect(),
            types: taking.types,
            versions: vec![VersionWanted::Last],
            limit: gateway.settings().page_objects_max,
        };
        let reader = Reader { training_valid_until: standing.officer.training_until, key: standing.key };
        let read = collections::read(gateway, &self.collection, &reader, wanted).await.map_err(refused)?;
        let objects = read.records.iter().map(|record| serde_json::from_slice(record.object.as_bytes()));
        Ok(Page {
            objects: objects.collect::<Result<_, _>>().map_err(|_| DoorError::Broken)?,
            next: read.last.filter(|_| read.more).map(|last| last.as_microsecond().to_string()),
        })
    }
}

/// Where a page ended, as this door said it.
fn place(next: &str) -> Result<Timestamp, DoorError> {
    let microseconds = next.parse().map_err(|_| DoorError::Broken)?;
    Timestamp::from_microsecond(microseconds).map_err(|_| DoorError::Broken)
}

fn refused(error: GatewayError) -> DoorError {
    match error {
        GatewayError::Input(why) => DoorError::Forbidden(why),
        error @ GatewayError::PeerRemoved(_) => DoorError::Forbidden(error.to_string()),
        GatewayError::Store(_) | GatewayError::Exchange(ExchangeError::Store(_)) => DoorError::Busy,
        error @ GatewayError::OfficerKeyAbsent { .. } => {
            tracing::error!(%error, "an officer's order cannot be signed here");
            DoorError::Busy
        }
        error => {
            tracing::error!(%error, "a MISP request failed");
            DoorError::Broken
        }
    }
}
