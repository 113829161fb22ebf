//! Media types: lenient in what a client says it reads, strict in what it sends.
//!
//! Source: TAXII 2.1 sections 1.6.8 and 3.1; RFC 9110 section 12.5.1.

use super::refusal::Refusal;
use axum::http::{HeaderMap, StatusCode, header};

/// The media type of every message.
pub const TAXII: &str = "application/taxii+json;version=2.1";
/// The media type of every object.
pub const STIX: &str = "application/stix+json;version=2.1";

/// That the client reads TAXII 2.1, or says nothing of what it reads.
///
/// # Errors
/// 406.
pub fn accepted(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut said = headers.get_all(header::ACCEPT).iter().peekable();
    if said.peek().is_none() {
        return Ok(());
    }
    let readable = said
        .any(|value| value.to_str().is_ok_and(|list| list.split(',').any(|range| reads(&Media::of(range)))));
    if readable { Ok(()) } else { Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "answers are TAXII 2.1")) }
}

fn reads(range: &Media<'_>) -> bool {
    let kind = range.kind.as_str();
    let version = range.parameter("version");
    let refused = range.parameter("q").is_some_and(|q| q.trim_start_matches(['0', '.']).is_empty());
    !refused
        && match kind {
            "*/*" | "application/*" => true,
            "application/taxii+json" => version.is_none_or(|version| version == "2.1"),
            _ => false,
        }
}

/// That the body is said to be TAXII 2.1: neither more nor less.
///
/// # Errors
/// 415, with what to send it as.
pub fn sent(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let said = all.next().filter(|_| all.next().is_none()).and_then(|value| value.to_str().ok());
    let right = said.is_some_and(|said| {
        let media = Media::of(said);
        media.kind == "application/taxii+json"
            && media.parameter("version").is_some_and(|version| version == "2.1")
    });
    if right {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is no TAXII 2.1")
        .with_description(format!("send it as `{TAXII}`")))
}

/// A media type with its parameters, in lower case.
struct Media<'a> {
    kind: String,
    parameters: Vec<(String, &'a str)>,
}

impl<'a> Media<'a> {
    fn of(text: &'a str) -> Self {
        let mut parts = text.split(';');
        let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = parts
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"')))
            .collect();
        Self { kind, parameters }
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_a_client_accepts_is_read_leniently() {
        for (said, reads) in [
            (&[][..], true),
            (&["application/taxii+json;version=2.1"], true),
            (&["application/taxii+json"], true),
            (&["application/taxii+json; version=2.1"], true),
            (&["Application/TAXII+JSON ; Version=\"2.1\""], true),
            (&["text/html, application/taxii+json;version=2.1;q=0.5"], true),
            (&["text/html", "*/*"], true),
            (&["application/*"], true),
            (&["application/taxii+json;version=2.0"], false),
            (&["application/taxii+json;version=2.1;q=0"], false),
            (&["application/json"], false),
            (&["text/html, image/png"], false),
            (&[""], false),
        ] {
            assert_eq!(accepted(&headers(header::ACCEPT, said)).is_ok(), reads, "{said:?}");
        }
    }

    #[test]
    fn what_a_client_sends_is_read_strictly() {
        for (said, taken) in [
            (&["application/taxii+json;version=2.1"][..], true),
            (&["application/taxii+json; version=2.1"], true),
            (&["application/taxii+json;version=\"2.1\""], true),
            (&["application/taxii+json"], false),
            (&["application/taxii+json;version=2.0"], false),
            (&["application/stix+json;version=2.1"], false),
            (&["application/json"], false),
            (&["application/taxii+json;version=2.1", "text/plain"], false),
            (&[], false),
        ] {
            assert_eq!(sent(&headers(header::CONTENT_TYPE, said)).is_ok(), taken, "{said:?}");
        }
    }
}
