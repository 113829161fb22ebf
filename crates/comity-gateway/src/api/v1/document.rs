//! The API, as it explains itself: OpenAPI 3.1 from the routes, and a page that shows it.

use super::{desk, exchanges, notices, opt_outs, subjects};
use crate::api::problem::Problem;
use axum::Json;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Comity",
        description = "The gateway by which states exchange cyber-threat data as their agreement and both their laws allow. A refusal is an answer: 200 with `outcome` and the articles. Errors are RFC 9457 problems; `type` leads to a page that says what to do: /api/problems/."
    ),
    paths(
        exchanges::share, exchanges::stands, desk::me, desk::approvals, desk::obligations, desk::collections,
        subjects::file, subjects::stands, subjects::waiting, subjects::statement, subjects::decide,
        opt_outs::file, opt_outs::stands, opt_outs::withdraw, opt_outs::decide,
        notices::owed, notices::open, notices::shown, notices::defer, notices::approve, notices::send,
        notices::address, notices::close
    ),
    components(schemas(Problem)),
    modifiers(&SignIn)
)]
struct Document;

struct SignIn;

impl Modify for SignIn {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [("password", HttpAuthScheme::Basic), ("token", HttpAuthScheme::Bearer)] {
            components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
        }
    }
}

pub(super) async fn openapi() -> impl IntoResponse {
    Json(Document::openapi())
}

pub(super) async fn page() -> impl IntoResponse {
    let policy = "default-src 'none'; connect-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(include_str!("page.html")))
}
