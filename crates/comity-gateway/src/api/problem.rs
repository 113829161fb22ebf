//! Errors over HTTP, as RFC 9457 problems. `type` is a path of the gateway, where a page tells of the kind.
//!
//! | read | for |
//! |---|---|
//! | [`Kind`] | every kind there is |
//! | [`pages`] | what people read of each |

mod kind;
pub mod pages;

pub use kind::{Kind, PAGES};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// A problem as its reader gets it: nothing in it is for the operator. Ours are made from a [`Kind`] alone; those of
/// partners may say anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// What kind of problem: a path of the gateway that answers, where a page says what to do.
    #[serde(rename = "type", default = "blank")]
    #[schema(example = "/api/problems/malformed")]
    kind: String,
    /// What happened, in a few words: the same for each problem of the kind.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What the reader can do, or where the mistake is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    detail: Option<String>,
}

impl Problem {
    /// A problem of that kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind: kind.uri(),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: None,
        }
    }

    /// With what the reader can do, or where the mistake is.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What happened, and what the reader can do about it.
    #[must_use]
    pub fn into_words(self) -> (String, Option<String>) {
        (self.title, self.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Unwrap safety: strings and a number always serialise.
        let body = serde_json::to_vec(&self).expect("a problem is plain data");
        (self.status(), [(header::CONTENT_TYPE, PROBLEM_CONTENT_TYPE)], body).into_response()
    }
}

/// A problem as the door that `path` leads to tells it: TAXII has a form of its own.
#[must_use]
pub fn told(path: &str, problem: Problem) -> Response {
    if crate::taxii::has(path) { crate::taxii::told(problem) } else { problem.into_response() }
}

fn blank() -> String {
    "about:blank".to_owned()
}

/// The media type of a problem.
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_travels_as_rfc_9457_says() {
        let response = Problem::new(Kind::Idempotency).with_detail("draw a new key").into_response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        let text = r#"{"type":"/api/problems/idempotency","title":"the key was used for another request","status":422,"detail":"draw a new key"}"#;
        assert_eq!(body, text);
    }
}
