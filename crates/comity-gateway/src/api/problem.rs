//! Errors over HTTP, as RFC 9457 problems.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// A problem as its reader gets it: nothing in it is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// What kind of problem: a stable URI, `about:blank` where the status says all.
    #[serde(rename = "type", default = "blank")]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What the reader can do, or where the mistake is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
}

impl Problem {
    /// A problem that its status and title describe.
    #[must_use]
    pub fn new(status: StatusCode, title: &str) -> Self {
        Self { kind: blank(), title: title.to_owned(), status: status.as_u16(), detail: None }
    }

    /// With a kind of its own: `urn:comity:problem:<name>`.
    #[must_use]
    pub fn of_kind(mut self, name: &str) -> Self {
        self.kind = format!("urn:comity:problem:{name}");
        self
    }

    /// With what the reader can do, or where the mistake is.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Unwrap safety: strings and a number always serialise.
        let body = serde_json::to_vec(&self).expect("a problem is plain data");
        (status, [(header::CONTENT_TYPE, PROBLEM_CONTENT_TYPE)], body).into_response()
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
        let problem = Problem::new(StatusCode::CONFLICT, "another offer has this id").of_kind("conflict");
        let response = problem.clone().with_detail("draw a new id").into_response();
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        let text = r#"{"type":"urn:comity:problem:conflict","title":"another offer has this id","status":409,"detail":"draw a new id"}"#;
        assert_eq!(body, text);
    }
}
