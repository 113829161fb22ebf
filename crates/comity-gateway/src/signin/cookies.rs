//! Cookies: which are set, and how they are read again.
//!
//! `__Host-` binds a cookie to this host and to TLS: no other host beside it can set one. `HttpOnly`: no script reads it.
//! `SameSite=Lax`: it comes along when the provider sends a browser back, and with no form or picture of another site.
//!
//! Source: RFC 6265bis sections 4.1.3 and 5.6.

use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// A session.
pub const SESSION: &str = "__Host-comity-session";

/// A sign-in under way.
pub const SIGN_IN: &str = "__Host-comity-signin";

/// `Set-Cookie` that keeps `value`, text of base64url, so long.
pub(super) fn set(name: &str, value: &str, lasts: Duration) -> Option<HeaderValue> {
    let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";
    HeaderValue::from_str(&format!("{name}={value}; {attributes}; Max-Age={}", lasts.as_secs())).ok()
}

/// The cookie's value; `None` where it is not there, or twice: then one is not ours.
#[must_use]
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut named = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let only = named.next().filter(|value| value.len() <= VALUE_BYTES_MAX);
    if named.next().is_some() { None } else { only }
}

/// The longest value of ours has 43.
const VALUE_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_once() {
        let long = format!("{SESSION}={}", "x".repeat(65));
        let table: &[(&[&str], Option<&str>)] = &[
            (&[], None),
            (&["__Host-comity-session=abc"], Some("abc")),
            (&["a=b; __Host-comity-session=abc;c=d"], Some("abc")),
            (&["a=b", "__Host-comity-session=abc"], Some("abc")),
            (&["__host-comity-session=abc"], None),
            (&["x__Host-comity-session=abc"], None),
            (&["__Host-comity-session=abc; __Host-comity-session=abc"], None),
            (&["__Host-comity-session"], None),
            (&[&long], None),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(header::COOKIE, line.parse().unwrap());
            }
            assert_eq!(read(&headers, SESSION), *expected, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_this_host_over_tls_and_for_no_script() {
        let value = set(SESSION, "abc", Duration::from_secs(5)).unwrap();
        assert_eq!(value, "__Host-comity-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=5");
    }
}
