//! Why somebody is not signed in, as a door tells them.

use crate::api::problem::{Kind, Problem};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// Why nobody is signed in. What it says is the same whether an officer of that name exists or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Nothing was shown.
    Missing,
    /// What was shown does not read; why.
    Unreadable(&'static str),
    /// No such officer with such a password, no such token, no such session; or it has ended.
    Wrong,
    /// Too many wrong tries under this name or from this address: nothing is looked at until later.
    LockedOut {
        /// How long.
        retry_after: Duration,
    },
    /// More requests than the rate allows.
    Limited {
        /// When the next one is taken.
        retry_after: Duration,
    },
    /// Too many passwords wait to be looked at.
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The officer is known and has shown it, and orders nothing any more.
    Disabled,
    /// A page of another site may have sent it: the session's CSRF token is missing or wrong.
    Forged,
    /// The store cannot be asked.
    Unavailable,
}

impl Denied {
    /// The kind of problem that it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Missing => Kind::SignInMissing,
            Self::Unreadable(_) => Kind::SignInUnreadable,
            Self::Wrong => Kind::SignInWrong,
            Self::LockedOut { .. } => Kind::SignInLockedOut,
            Self::Limited { .. } => Kind::SignInLimited,
            Self::Busy { .. } => Kind::SignInBusy,
            Self::Disabled => Kind::SignInDisabled,
            Self::Forged => Kind::SignInForged,
            Self::Unavailable => Kind::SignInUnavailable,
        }
    }

    /// 401, 403, 429 or 503.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.kind().status()
    }

    /// `WWW-Authenticate` with a 401, one line for each way to sign in; `Retry-After`, whole seconds, where waiting
    /// helps.
    #[must_use]
    pub fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(BASIC));
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(BEARER));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers
    }

    /// How long to wait, in whole seconds, at least one; `None` where waiting does not help.
    #[must_use]
    pub fn retry_after(self) -> Option<u64> {
        match self {
            Self::LockedOut { retry_after } | Self::Limited { retry_after } | Self::Busy { retry_after } => {
                Some((retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0)).max(1))
            }
            _ => None,
        }
    }

    /// What the reader can do, or where the mistake is.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Missing => "by HTTP Basic with an officer's name and password, or by a bearer token",
            Self::Unreadable(why) => why,
            Self::Wrong => "wrong name or password, or a token or session that is not known or has ended",
            Self::LockedOut { .. } => {
                "nothing from here under this name is looked at until the time in Retry-After has passed"
            }
            Self::Limited { .. } | Self::Busy { .. } => "try again after the seconds in Retry-After",
            Self::Disabled => "their key was ended; a new one is given with `comity key rotate officer`",
            Self::Forged => {
                "send what GET /me says under `csrf` in X-CSRF-Token, from a page of this gateway"
            }
            Self::Unavailable => "try again later",
        }
    }

    /// The word that it is counted under: the kind's name without what all have in common.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.kind().slug().trim_start_matches("sign-in-")
    }
}

impl IntoResponse for Denied {
    /// As an RFC 9457 problem, for doors that have no form of their own.
    fn into_response(self) -> Response {
        let problem = Problem::new(self.kind()).with_detail(self.detail());
        (self.headers(), problem).into_response()
    }
}

const BASIC: &str = r#"Basic realm="comity", charset="UTF-8""#;
const BEARER: &str = r#"Bearer realm="comity""#;
