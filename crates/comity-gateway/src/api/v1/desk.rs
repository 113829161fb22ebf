//! What an officer finds on their desk: who they are, what waits, what is owed, what tools use.

use super::problems::Signed;
use super::{Api, Officer, Refused, answer, malformed, number};
use crate::api::problem::Problem;
use crate::work::{self, Listed, audit};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use comity_exchange::shell::Shell as _;
use comity_terms::ids::CollectionId;
use serde::Deserialize;
use serde_json::json;
use std::str::FromStr;
use std::sync::Arc;

#[utoipa::path(
    get,
    path = "/api/v1/me",
    summary = "Who is signed in",
    responses(
        (status = 200, description = "The officer, their role, and until when their training is valid", body = Object),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn me(State(api): State<Arc<Api>>, Officer(officer): Officer) -> Response {
    answer(&json!({
        "officer": officer.officer,
        "role": officer.role,
        "training_valid_until": officer.training_valid_until.to_string(),
        "by": officer.by.as_str(),
        "party": api.gateway.signatory().party.to_string(),
    }))
}

#[utoipa::path(
    get,
    path = "/api/v1/approvals",
    summary = "What waits for offices: of whom, until when, for which reasons",
    params(
        ("after" = Option<String>, Query, description = "The id of the last exchange of the part before"),
        ("limit" = Option<u64>, Query, description = "How many, 1 to 1,000")
    ),
    responses(
        (
            status = 200, description = "The exchanges that wait, by their ids", body = [Object],
            headers(("link" = String, description = "The next part, with `rel=next`, where there is one: RFC 8288"))
        ),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn approvals(
    State(api): State<Arc<Api>>,
    _: Officer,
    query: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Refused> {
    let (after, limit) = Behind::read(query, "an exchange")?;
    let waiting = work::approve::part(&api.gateway, after, limit).await?;
    Ok(part(("/api/v1/approvals", "exchange_id"), &waiting, limit))
}

/// Which part of a list.
#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    pub(super) after: usize,
    #[serde(default = "most")]
    pub(super) limit: usize,
}

impl Part {
    /// The part that a query asks for.
    ///
    /// # Errors
    /// 400, naming what does not read.
    pub(super) fn read(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Refused> {
        let Query(part) = query.map_err(|_| malformed("`after`, `limit`: expected whole numbers"))?;
        if (1..=PART_MAX).contains(&part.limit) {
            Ok(part)
        } else {
            Err(malformed(format!("`limit`: expected 1 to {PART_MAX}")))
        }
    }
}

/// Which part of a list whose items have numbers: what comes behind one of them.
#[derive(Deserialize)]
pub(super) struct Behind {
    #[serde(default)]
    after: Option<String>,
    #[serde(default = "most")]
    limit: usize,
}

impl Behind {
    /// The part that a query asks for: behind which, and how many.
    ///
    /// # Errors
    /// 400, naming what does not read.
    pub(super) fn read<T: FromStr>(
        query: Result<Query<Self>, QueryRejection>,
        of: &str,
    ) -> Result<(Option<T>, u32), Refused> {
        let read =
            query.map_err(|_| malformed("`after`, `limit`: expected a number of the list, and how many"));
        let Query(Self { after, limit }) = read?;
        let after = after.map(|after| number(&after, of)).transpose()?;
        match u32::try_from(limit) {
            Ok(asked) if (1..=PART_MAX).contains(&limit) => Ok((after, asked)),
            _ => Err(malformed(format!("`limit`: expected 1 to {PART_MAX}"))),
        }
    }
}

/// A part of a list, with the address of the next one where there is one (RFC 8288).
///
/// It is at `path`, and its items go by what they have under `key`.
pub(super) fn part((path, key): (&str, &str), part: &Listed, limit: u32) -> Response {
    let mut response = answer(&part.rows);
    let last = part.rows.last().and_then(|row| row[key].as_str());
    if let Some(last) = last.filter(|_| part.more) {
        let next = format!("<{path}?after={last}&limit={limit}>; rel=\"next\"");
        // Unwrap safety: a number and digits between words.
        response.headers_mut().insert(header::LINK, HeaderValue::from_str(&next).expect("a header"));
    }
    response
}

fn most() -> usize {
    PART_MAX
}

/// The most of a list that is given at once.
const PART_MAX: usize = 1_000;

#[utoipa::path(
    get,
    path = "/api/v1/obligations",
    summary = "What is owed: of whom, until when, by which rule, and what shows that it is done",
    params(
        ("after" = Option<u64>, Query, description = "How many to leave out: `next` of the part before"),
        ("limit" = Option<u64>, Query, description = "How many, 1 to 1,000")
    ),
    responses(
        (status = 200, description = "A part of the list, and where the next one begins", body = Object),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn obligations(
    State(api): State<Arc<Api>>,
    _: Officer,
    query: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Refused> {
    let Part { after, limit } = Part::read(query)?;
    let duties = audit::ledger(&api.gateway).await?;
    let part: Vec<_> = duties.iter().skip(after).take(limit).collect();
    let end = after.saturating_add(part.len());
    let next = (end < duties.len()).then_some(end);
    Ok(answer(&json!({ "obligations": part, "total": duties.len(), "next": next })))
}

#[utoipa::path(
    get,
    path = "/api/v1/collections",
    summary = "The collections that tools write and read by, over TAXII",
    params(
        ("after" = Option<String>, Query, description = "The id of the last collection of the part before"),
        ("limit" = Option<u64>, Query, description = "How many, 1 to 1,000")
    ),
    responses(
        (
            status = 200, description = "Those that stand now, by their ids", body = [Object],
            headers(("link" = String, description = "The next part, with `rel=next`, where there is one: RFC 8288"))
        ),
        (status = 400, description = "It does not read", body = Problem, content_type = "application/problem+json"),
        Signed
    ),
    security(("password" = []), ("token" = []))
)]
pub(super) async fn collections(
    State(api): State<Arc<Api>>,
    _: Officer,
    query: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Refused> {
    let (after, limit) = Behind::read::<CollectionId>(query, "a collection")?;
    let mut standing = work::collections::standing(&api.gateway);
    standing.retain(|collection| after.is_none_or(|after| after < collection.id.0));
    standing.sort_by_key(|collection| collection.id.0);
    let rows = standing.iter().take(limit as usize + 1).map(work::collections::collection_json).collect();
    Ok(part(("/api/v1/collections", "id"), &Listed::of(rows, limit), limit))
}
