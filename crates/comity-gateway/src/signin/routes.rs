//! What browsers ask of sign-in, on the public listener.
//!
//! ```text
//! GET  /signin?back=/path    303 to the provider; 404 where none is set
//! GET  /signin/callback      303 to the path, with the cookie of a session
//! POST /signout              303 to the provider's own end of session where it has one, else to /; needs the session's
//!                            CSRF token, in X-CSRF-Token or as the field `csrf` of a form
//! GET  /me                   {"officer":…,"role":…,"training_valid_until":…,"by":…,"csrf":…}; 401 for whoever is not signed in
//! ```

use super::openid::person::PersonError;
use super::openid::{FLOW_LASTS, OpenId, OpenIdError, officer_of};
use super::{By, CSRF_HEADER, Denied, browser, cookies, from};
use crate::api::problem::{Kind, Problem};
use crate::clock::OsEntropy;
use crate::gateway::Gateway;
use crate::net::body::at_most;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comity_exchange::shell::Shell as _;
use form_urlencoded::parse;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The routes of the public listener.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/signin", get(begin))
        .route("/signin/callback", get(finish))
        .route("/signout", at_most(FORM_BYTES_MAX, post(end)))
        .route("/me", get(me))
        .with_state(gateway)
}

async fn begin(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let signin = gateway.signin();
    if let Err(denied) = signin.address(request.headers(), from(request.extensions()), gateway.now()) {
        return denied.into_response();
    }
    let Some(openid) = signin.openid() else { return no_provider() };
    let Some(back) = browser::back(request.uri().query().unwrap_or_default()) else {
        return Problem::new(Kind::Malformed)
            .with_detail("`back` is not a path of this gateway")
            .into_response();
    };
    match openid.begin(&back, gateway.now(), &mut OsEntropy).await {
        Ok((url, cookie)) => leaving(&url, &[(cookies::SIGN_IN, &cookie, FLOW_LASTS)]),
        Err(error) => failed(&gateway, &error),
    }
}

async fn finish(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let signin = gateway.signin();
    if let Err(denied) = signin.address(request.headers(), from(request.extensions()), gateway.now()) {
        return denied.into_response();
    }
    let Some(openid) = signin.openid() else { return no_provider() };
    let cookie = cookies::read(request.headers(), cookies::SIGN_IN);
    match finished(&gateway, openid, request.uri().query().unwrap_or_default(), cookie).await {
        Ok((back, session)) => {
            gateway.counts().sign_in(By::OpenId.as_str(), "ok");
            let longest = signin.sessions.longest();
            leaving(&back, &[(cookies::SESSION, &session, longest), (cookies::SIGN_IN, "", Duration::ZERO)])
        }
        Err(error) => failed(&gateway, &error),
    }
}

async fn finished(
    gateway: &Gateway,
    openid: &OpenId,
    query: &str,
    cookie: Option<&str>,
) -> Result<(String, String), OpenIdError> {
    let shown = openid.finish(query, cookie.ok_or(OpenIdError::NotBegun)?, gateway.now()).await?;
    let officer = officer_of(gateway, &shown).await?;
    let sessions = &gateway.signin().sessions;
    Ok((shown.back, sessions.begin(officer, shown.id_token, gateway.now(), &mut OsEntropy)))
}

async fn end(
    State(gateway): State<Arc<Gateway>>,
    extensions: Extensions,
    mut headers: HeaderMap,
    form: Bytes,
) -> Response {
    let signin = gateway.signin();
    if !headers.contains_key(CSRF_HEADER)
        && let Some((_, token)) = parse(&form).find(|(key, _)| key == "csrf")
        && let Ok(token) = HeaderValue::from_str(&token)
    {
        headers.insert(CSRF_HEADER, token);
    }
    let from = from(&extensions);
    match signin.visitor(&gateway, &Method::POST, &headers, from, gateway.now()).await {
        Ok(who) if who.by == By::Session => {}
        // Nothing to end.
        Ok(_) | Err(Denied::Missing | Denied::Wrong) => {
            return leaving("/", &[(cookies::SESSION, "", Duration::ZERO)]);
        }
        Err(denied) => return denied.into_response(),
    }
    let id_token = cookies::read(&headers, cookies::SESSION).and_then(|cookie| signin.sessions.end(cookie));
    let elsewhere = match (signin.openid(), id_token) {
        (Some(openid), Some(id_token)) => openid.signed_out(&id_token, gateway.now()).await,
        _ => None,
    };
    let to = elsewhere.as_ref().map_or("/", String::as_str);
    leaving(to, &[(cookies::SESSION, "", Duration::ZERO)])
}

async fn me(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (signin, headers) = (gateway.signin(), request.headers());
    let from = from(request.extensions());
    match signin.visitor(&gateway, request.method(), headers, from, gateway.now()).await {
        Ok(who) => {
            let csrf = cookies::read(headers, cookies::SESSION).filter(|_| who.by == By::Session);
            let body = json!({
                "officer": who.officer,
                "role": who.role,
                "training_valid_until": who.training_valid_until.to_string(),
                "by": who.by.as_str(),
                "csrf": csrf.map(|cookie| signin.csrf(cookie)),
            });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(denied) => denied.into_response(),
    }
}

/// A redirect that sets cookies; an empty value takes one back.
fn leaving(to: &str, set: &[(&str, &str, Duration)]) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return Problem::new(Kind::Failed).with_detail("there is no way on from here").into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for (name, value, lasts) in set {
        if let Some(cookie) = cookies::set(name, value, *lasts) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn no_provider() -> Response {
    Problem::new(Kind::NoProvider)
        .with_detail("the operator names one in [signin.openid] of settings.toml")
        .into_response()
}

fn failed(gateway: &Gateway, error: &OpenIdError) -> Response {
    // In words of this program: no claim, code or token is in them.
    tracing::warn!(%error, "nobody was signed in by the provider");
    let (kind, detail) = match error {
        OpenIdError::NotBegun => (Kind::SignInNotBegun, "begin again at /signin, in this browser"),
        OpenIdError::Answer => (Kind::SignInAnswer, "begin again at /signin"),
        OpenIdError::Refused => (Kind::SignInRefused, "the provider lets you not in"),
        OpenIdError::Signature(_) | OpenIdError::Claims(_) => {
            (Kind::SignInToken, "what the provider said does not count; begin again at /signin")
        }
        OpenIdError::Person(PersonError::Name) => {
            (Kind::SignInName, "the provider names you by what is no officer's name")
        }
        OpenIdError::Person(PersonError::Role) => {
            (Kind::SignInRole, "the provider gives you no role that is one here")
        }
        OpenIdError::Taken => {
            (Kind::SignInTaken, "an officer of your name is known here by a password; ask the operator")
        }
        OpenIdError::Disabled => (Kind::SignInDisabled, "you order nothing here any more"),
        OpenIdError::Provider(_) => (Kind::SignInProvider, "the provider cannot be used now"),
        OpenIdError::Store(_) => (Kind::SignInUnavailable, "try again later"),
    };
    gateway.counts().sign_in(By::OpenId.as_str(), kind.slug().trim_start_matches("sign-in-"));
    let problem = Problem::new(kind);
    let mut response = problem.with_detail(detail).into_response();
    if let Some(gone) = cookies::set(cookies::SIGN_IN, "", Duration::ZERO) {
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    response
}

/// The longest form: one field.
const FORM_BYTES_MAX: usize = 1_024;
