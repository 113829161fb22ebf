//! What an ID token must say to count, once its signature is verified. Pure: time and what was asked are arguments.
//!
//! Source: OpenID Connect Core 1.0 section 3.1.3.7.

use comity_terms::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// What was asked for.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Of whom.
    pub issuer: &'a str,
    /// By whom.
    pub client_id: &'a str,
    /// The number that this one sign-in was begun with.
    pub nonce: &'a str,
    /// When it was begun.
    pub begun: Timestamp,
}

/// Why an ID token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A claim that it must have is absent or of another type.
    #[error("the token lacks a claim, or it is of another type")]
    Form,
    /// Of another issuer.
    #[error("the token is another issuer's")]
    Issuer,
    /// For somebody else.
    #[error("the token is for another client")]
    Audience,
    /// Its time has passed.
    #[error("the token has expired")]
    Expired,
    /// Issued before it was asked for, or in the future.
    #[error("the token was not issued for this sign-in: its time is not")]
    Time,
    /// For another sign-in.
    #[error("the token was not issued for this sign-in: its nonce is not")]
    Nonce,
}

#[derive(Deserialize)]
struct Standard {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The subject and all claims of a payload that answers what was asked, `now`.
///
/// # Errors
/// [`ClaimError`]; nobody is signed in.
pub fn claims(
    payload: &[u8],
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<(String, Map<String, Value>), ClaimError> {
    let standard: Standard = serde_json::from_slice(payload).map_err(|_| ClaimError::Form)?;
    if standard.iss != expected.issuer {
        return Err(ClaimError::Issuer);
    }
    let (named, alone) = match &standard.aud {
        Audience::One(one) => (one == expected.client_id, true),
        Audience::Many(all) => (all.iter().any(|one| one == expected.client_id), all.len() == 1),
    };
    // Of several audiences, the one that asked is named; whoever is named must be us.
    let asked = standard.azp.as_deref().map_or(alone, |azp| azp == expected.client_id);
    if !named || !asked {
        return Err(ClaimError::Audience);
    }
    let (now, begun) = (now.as_second() as f64, expected.begun.as_second() as f64);
    if standard.exp.is_nan() || now >= standard.exp + LEEWAY.as_secs_f64() {
        return Err(ClaimError::Expired);
    }
    let not_before = standard.nbf.unwrap_or(standard.iat).max(standard.iat);
    if !(not_before <= now + LEEWAY.as_secs_f64() && standard.iat >= begun - LEEWAY.as_secs_f64()) {
        return Err(ClaimError::Time);
    }
    if !bool::from(standard.nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(ClaimError::Nonce);
    }
    if standard.sub.is_empty() || standard.sub.len() > SUBJECT_BYTES_MAX {
        return Err(ClaimError::Form);
    }
    let all = serde_json::from_slice(payload).map_err(|_| ClaimError::Form)?;
    Ok((standard.sub, all))
}

/// How far the provider's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// OpenID Connect Core 1.0 section 2: a subject has at most 255 ASCII characters.
const SUBJECT_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(change: impl FnOnce(&mut Value)) -> Result<String, ClaimError> {
        let begun: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-11-26T10:01:00Z".parse().unwrap();
        let expected = Expected { issuer: "https://id.example", client_id: "comity", nonce: "n-1", begun };
        let mut token = json!({
            "iss": "https://id.example", "sub": "248289761001", "aud": "comity", "nonce": "n-1",
            "iat": now.as_second(), "exp": now.as_second() + 300, "groups": ["analysts"],
        });
        change(&mut token);
        claims(token.to_string().as_bytes(), &expected, now)
            .map(|(subject, all)| format!("{subject} {}", all["groups"]))
    }

    #[test]
    fn what_an_id_token_must_say() {
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let good = Ok(r#"248289761001 ["analysts"]"#.to_owned());
        type Change = Box<dyn FnOnce(&mut Value)>;
        let set = |key: &'static str, value: Value| -> Change { Box::new(move |token| token[key] = value) };
        let gone = |key: &'static str| -> Change {
            Box::new(move |token| drop(token.as_object_mut().unwrap().remove(key)))
        };
        let table: Vec<(Change, Result<String, ClaimError>)> = vec![
            (Box::new(|_| {}), good.clone()),
            (set("iss", json!("https://id.example/")), Err(ClaimError::Issuer)),
            (set("iss", json!(["https://id.example"])), Err(ClaimError::Form)),
            (set("aud", json!("another")), Err(ClaimError::Audience)),
            (set("aud", json!(["comity"])), good.clone()),
            (set("aud", json!(["comity", "another"])), Err(ClaimError::Audience)),
            (set("aud", json!([])), Err(ClaimError::Audience)),
            (
                Box::new(|token| {
                    token["aud"] = json!(["comity", "another"]);
                    token["azp"] = json!("comity");
                }),
                good.clone(),
            ),
            (set("azp", json!("another")), Err(ClaimError::Audience)),
            (set("exp", json!(second("2026-11-26T10:00:01Z"))), good.clone()),
            (set("exp", json!(second("2026-11-26T10:00:00Z"))), Err(ClaimError::Expired)),
            (set("exp", json!("soon")), Err(ClaimError::Form)),
            (set("iat", json!(second("2026-11-26T10:02:00Z"))), good.clone()),
            (set("iat", json!(second("2026-11-26T10:02:01Z"))), Err(ClaimError::Time)),
            (set("iat", json!(second("2026-11-26T09:59:00Z"))), good.clone()),
            (set("iat", json!(second("2026-11-26T09:58:59Z"))), Err(ClaimError::Time)),
            (set("nbf", json!(second("2026-11-26T10:02:01Z"))), Err(ClaimError::Time)),
            (set("nonce", json!("n-2")), Err(ClaimError::Nonce)),
            (set("nonce", json!("")), Err(ClaimError::Nonce)),
            (set("sub", json!("")), Err(ClaimError::Form)),
            (set("sub", json!("x".repeat(256))), Err(ClaimError::Form)),
            (gone("nonce"), Err(ClaimError::Form)),
            (gone("exp"), Err(ClaimError::Form)),
            (gone("iat"), Err(ClaimError::Form)),
            (gone("aud"), Err(ClaimError::Form)),
            (gone("sub"), Err(ClaimError::Form)),
        ];
        for (number, (change, expected)) in table.into_iter().enumerate() {
            assert_eq!(check(change), expected, "row {number}");
        }
    }

    #[test]
    fn a_claim_that_is_there_twice_counts_for_nothing() {
        let expected =
            Expected { issuer: "i", client_id: "c", nonce: "n", begun: Timestamp::from_second(0).unwrap() };
        let twice = br#"{"iss":"i","sub":"s","sub":"t","aud":"c","nonce":"n","iat":0,"exp":9}"#;
        assert_eq!(claims(twice, &expected, Timestamp::from_second(0).unwrap()), Err(ClaimError::Form));
        for payload in [&b""[..], b"[]", b"{}", b"\xff"] {
            assert_eq!(claims(payload, &expected, Timestamp::from_second(0).unwrap()), Err(ClaimError::Form));
        }
    }
}
