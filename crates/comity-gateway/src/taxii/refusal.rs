//! Errors, as TAXII 2.1 says them (section 3.6.1): one body, one media type, whatever went wrong.

use super::media;
use crate::api::problem::Problem;
use crate::gateway::GatewayError;
use crate::signin::Denied;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use comity_exchange::ExchangeError;
use comity_exchange::ports::StoreError;
use serde::Serialize;
use std::borrow::Cow;

/// Why a request is not done, for whoever asked.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    /// Where nobody is signed in: why, which has headers of its own.
    denied: Option<Denied>,
    title: Cow<'static, str>,
    description: Option<String>,
}

#[derive(Serialize)]
struct Message<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    http_status: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, title: &'static str) -> Self {
        Self { status, denied: None, title: title.into(), description: None }
    }

    pub(super) fn not_found(title: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, title)
    }

    pub(super) fn malformed(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "the request does not read").with_description(description)
    }

    /// 400 and above.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let title = match denied.status() {
            StatusCode::UNAUTHORIZED => "sign in",
            StatusCode::FORBIDDEN => "this officer orders nothing any more",
            StatusCode::TOO_MANY_REQUESTS => "too many requests",
            _ => "nobody can be signed in now",
        };
        Self { denied: Some(denied), ..Self::new(denied.status(), title) }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = problem.status();
        let (title, description) = problem.into_words();
        Self { status, denied: None, title: title.into(), description }
    }
}

impl From<GatewayError> for Refusal {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Input(why) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "it cannot be done so").with_description(why)
            }
            error @ GatewayError::PeerRemoved(_) => {
                Self::new(StatusCode::FORBIDDEN, "the partner was removed")
                    .with_description(error.to_string())
            }
            error @ GatewayError::OfficerKeyAbsent { .. } => {
                let why = error.to_string();
                failed(StatusCode::SERVICE_UNAVAILABLE, "this node lacks the officer's key", &error)
                    .with_description(why)
            }
            GatewayError::Store(error) | GatewayError::Exchange(ExchangeError::Store(error)) => {
                failed(StatusCode::SERVICE_UNAVAILABLE, "the store takes and gives nothing now", &error)
            }
            error => failed(StatusCode::INTERNAL_SERVER_ERROR, "the gateway failed", &error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        GatewayError::from(error).into()
    }
}

fn failed(status: StatusCode, title: &'static str, error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error, "a TAXII request failed");
    Refusal::new(status, title)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let message = Message {
            title: &self.title,
            description: self.description.as_deref(),
            http_status: self.status.as_u16().to_string(),
        };
        // Unwrap safety: strings always serialise.
        let body = serde_json::to_vec(&message).expect("a refusal is plain data");
        let headers = self.denied.map(Denied::headers).unwrap_or_default();
        (self.status, headers, [(header::CONTENT_TYPE, media::TAXII)], body).into_response()
    }
}
