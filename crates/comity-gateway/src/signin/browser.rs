//! What a browser brings in the query of a URL: where a sign-in goes on, and what the provider answered. Pure.
//!
//! Both come from whoever made the browser ask: a link of somebody else is read as strictly as one of ours.

use form_urlencoded::parse;

/// What a browser brings back from the provider.
///
/// Source: RFC 6749 section 4.1.2; RFC 9207 section 2 (`iss`).
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// What this sign-in was begun with.
    pub state: String,
    /// What a token is had for; none where the provider lets nobody in.
    pub code: Option<String>,
    /// Who says that it answers.
    pub issuer: Option<String>,
}

impl Answer {
    /// Reads a query; `None` where a part that counts is there twice, or is longer than 4,096 bytes, or `state` is not
    /// there.
    #[must_use]
    pub fn read(query: &str) -> Option<Self> {
        let (mut state, mut code, mut issuer) = (None, None, None);
        for (key, value) in parse(query.as_bytes()) {
            let place = match &*key {
                "state" => &mut state,
                "code" => &mut code,
                "iss" => &mut issuer,
                _ => continue,
            };
            if value.len() > PART_BYTES_MAX || place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self { state: state?, code, issuer })
    }
}

/// Where in this gateway the browser goes on, `/me` where the query says nothing of it: a path, which no browser takes
/// for another host. `None` where `back` is none, or is there twice.
#[must_use]
pub fn back(query: &str) -> Option<String> {
    let mut named = parse(query.as_bytes()).filter(|(key, _)| key == "back");
    let Some((_, path)) = named.next() else { return Some("/me".to_owned()) };
    let host = path.starts_with("//") || path.contains('\\');
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic()) && path.len() <= PATH_BYTES_MAX;
    (named.next().is_none() && path.starts_with('/') && !host && plain).then(|| path.into_owned())
}

/// The longest part of an answer: codes of some providers are signed tokens.
const PART_BYTES_MAX: usize = 4_096;

/// The longest path that a sign-in goes on at.
const PATH_BYTES_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_brings_back() {
        let answer = |state: &str, code: Option<&str>, issuer: Option<&str>| {
            let owned = |text: &str| text.to_owned();
            Some(Answer { state: owned(state), code: code.map(owned), issuer: issuer.map(owned) })
        };
        let long = format!("state=s&code={}", "x".repeat(PART_BYTES_MAX + 1));
        let table = [
            ("", None),
            ("code=c", None),
            ("state=s", answer("s", None, None)),
            ("error=access_denied&error_description=no&state=s", answer("s", None, None)),
            ("code=c%2Bd&state=s&session_state=x", answer("s", Some("c+d"), None)),
            (
                "code=c&state=s&iss=https%3A%2F%2Fid.example",
                answer("s", Some("c"), Some("https://id.example")),
            ),
            ("code=c&state=s&state=s", None),
            ("code=c&code=d&state=s", None),
            ("code=c&state=s&iss=a&iss=a", None),
            (&long, None),
        ];
        for (query, expected) in table {
            assert_eq!(Answer::read(query), expected, "{query}");
        }
    }

    #[test]
    fn a_sign_in_goes_on_in_this_gateway() {
        let table = [
            ("", Some("/me")),
            ("back=/desk?x=1%26y=2", Some("/desk?x=1&y=2")),
            ("back=%2Fdesk", Some("/desk")),
            ("back=//evil.example", None),
            ("back=/%5Cevil.example", None),
            ("back=https://evil.example", None),
            ("back=desk", None),
            ("back=", None),
            ("back=/a%0d%0aSet-Cookie:x", None),
            ("back=/a&back=/b", None),
            ("back=/%C3%A9", None),
        ];
        for (query, expected) in table {
            assert_eq!(back(query).as_deref(), expected, "{query}");
        }
    }
}
