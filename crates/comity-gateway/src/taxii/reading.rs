//! GET: every answer with objects, or with what there is of them, is a use: decided on by the laws, recorded, then given. By
//! `?dry_run=true` what the laws say of it, and nothing is given (C35).

use super::query::{Query, next_of};
use super::refusal::Refusal;
use super::resources::{Manifest, ManifestRecord, Objects, Page, Versions, WouldUse, instant, version};
use super::{Addressed, Client, Door, answer, media};
use crate::gateway::Gateway;
use crate::signin::SignedIn;
use crate::work::collections::{self, Reader};
use crate::work::dry::{self, WouldBe};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use comity_exchange::collect::{Read, Record, StandingRequest};
use comity_exchange::ports::Presence;
use comity_exchange::shell::Shell as _;
use comity_store::DryUntil;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

const FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// How many of a page are masked: TAXII has no word for it.
const MASKED: HeaderName = HeaderName::from_static("x-comity-masked");

pub(super) async fn objects(
    State(door): State<Arc<Door>>,
    client: Client,
    Addressed { collection, .. }: Addressed,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let came = page(&door, &client, &collection, &Query::read(raw.as_deref())?).await?;
    given(&came, |records| Ok(Objects { objects: raws(records)? }))
}

pub(super) async fn manifest(
    State(door): State<Arc<Door>>,
    client: Client,
    Addressed { collection, .. }: Addressed,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let came = page(&door, &client, &collection, &Query::read(raw.as_deref())?).await?;
    given(&came, |records| {
        let record = |record: &Record| {
            let head: Head<'_> = serde_json::from_slice(record.object.as_bytes()).map_err(unreadable)?;
            Ok(ManifestRecord {
                id: head.id.into_owned(),
                date_added: instant(record.added),
                version: version(record.version),
                media_type: media::STIX,
            })
        };
        Ok(Manifest { objects: records.iter().map(record).collect::<Result<_, Refusal>>()? })
    })
}

pub(super) async fn object(
    State(door): State<Arc<Door>>,
    client: Client,
    addressed: Addressed,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let (collection, id) = known(&door, addressed).await?;
    let query = Query::read(raw.as_deref())?.of_object(&id);
    let came = page(&door, &client, &collection, &query).await?;
    given(&came, |records| Ok(Objects { objects: raws(records)? }))
}

pub(super) async fn versions(
    State(door): State<Arc<Door>>,
    client: Client,
    addressed: Addressed,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let (collection, id) = known(&door, addressed).await?;
    let query = Query::read(raw.as_deref())?.of_object(&id).of_all_versions();
    let came = page(&door, &client, &collection, &query).await?;
    given(&came, |records| {
        Ok(Versions { versions: records.iter().map(|record| version(record.version)).collect() })
    })
}

/// The object that the path names, where the collection may be read and has it.
async fn known(door: &Door, addressed: Addressed) -> Result<(StandingRequest, String), Refusal> {
    let Addressed { collection, object } = addressed;
    readable(&collection)?;
    let id = object.unwrap_or_default();
    let present = collections::present(&door.gateway, collection.stream(), &[&id]).await?;
    if present.iter().any(|(_, presence)| matches!(presence, Presence::Here { .. })) {
        Ok((collection, id))
    } else {
        Err(Refusal::not_found("no such object is in this collection"))
    }
}

fn readable(collection: &StandingRequest) -> Result<(), Refusal> {
    if collection.can_read {
        Ok(())
    } else {
        Err(Refusal::new(StatusCode::FORBIDDEN, "this collection is not to be read"))
    }
}

/// What came of asking for a page.
enum Came {
    /// The page.
    Read(Read),
    /// Of a dry run: what would be recorded of its use.
    Would(WouldBe),
}

async fn page(
    door: &Door,
    client: &Client,
    collection: &StandingRequest,
    query: &Query,
) -> Result<Came, Refusal> {
    readable(collection)?;
    let gateway = &door.gateway;
    let most = gateway.settings().page_objects_max;
    let Some(wanted) = query.wanted(collection.stream(), gateway.tags(), most) else {
        return Ok(Came::Read(Read::default()));
    };
    let SignedIn { training_valid_until, key, .. } = client.who.clone();
    let reader = Reader { training_valid_until, key };
    if query.dry_run() {
        let until = DryUntil::FirstRecord;
        let used = async |dry: &Arc<Gateway>| collections::read(dry, collection, &reader, wanted).await;
        return Ok(Came::Would(dry::run(gateway, until, used).await?));
    }
    let read = collections::read(gateway, collection, &reader, wanted).await?;
    if read.records.is_empty() && read.refused + read.left_out > 0 && !read.more {
        return Err(refused(&read));
    }
    Ok(Came::Read(read))
}

/// That the laws let the reader have nothing of a page, and why: the reasons, in the vocabulary's words.
fn refused(read: &Read) -> Refusal {
    let reasons: std::collections::BTreeSet<String> = read
        .decisions
        .iter()
        .flat_map(|(_, decision)| decision.grounds.iter())
        .map(|ground| format!("{}: {}", ground.law, ground.reason))
        .collect();
    let mut reasons: Vec<String> = reasons.into_iter().collect();
    if read.left_out > 0 {
        let (masked, unmask) = (read.left_out, "an officer asks to see them by `comity vault unmask`");
        reasons.push(format!("{masked} about people who are not targeted are masked: {unmask}"));
    }
    Refusal::new(StatusCode::FORBIDDEN, "the laws do not let you use what is here")
        .with_description(reasons.join("; "))
}

/// The answer of a page: what `items` makes of its records, and when the first and the last were added.
fn given<'r, T: Serialize>(
    came: &'r Came,
    items: impl FnOnce(&'r [Record]) -> Result<T, Refusal>,
) -> Result<Response, Refusal> {
    let read = match came {
        Came::Read(read) => read,
        Came::Would(would) => return Ok(answer(StatusCode::OK, &WouldUse { would })),
    };
    let next = read.last.filter(|_| read.more).map(next_of);
    let page = Page { more: read.more, next, items: items(&read.records)? };
    let mut response = answer(StatusCode::OK, &page).into_response();
    if let (Some(first), Some(last)) = (read.records.first(), read.records.last()) {
        for (name, at) in [(FIRST, first.added), (LAST, last.added)] {
            if let Ok(value) = HeaderValue::from_str(&instant(at)) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    if read.masked() > 0 {
        response.headers_mut().insert(MASKED, read.masked().into());
    }
    Ok(response)
}

fn raws(records: &[Record]) -> Result<Vec<&RawValue>, Refusal> {
    records
        .iter()
        .map(|record| serde_json::from_slice(record.object.as_bytes()).map_err(unreadable))
        .collect()
}

fn unreadable(error: serde_json::Error) -> Refusal {
    crate::gateway::GatewayError::Broken(format!("a record of a collection: {error}")).into()
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}
