//! One value: whether STIX takes it at its place, and how a pattern finds it.

use std::net::IpAddr;

/// A text as a literal of a pattern (STIX 2.1 section 9.6.1: quotes and backslashes are escaped).
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The comparison that finds a value at a path.
#[must_use]
pub fn equal(path: &str, value: &str) -> String {
    format!("{path} = {}", quoted(value))
}

/// `ipv4-addr` or `ipv6-addr`, for an address or a network of addresses; `None` for what is neither.
#[must_use]
pub fn address_type(value: &str) -> Option<&'static str> {
    let (address, length) = value.split_once('/').map_or((value, None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    if let Some(length) = length {
        let length: u8 = length.parse().ok()?;
        if length > bits {
            return None;
        }
    }
    Some(if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" })
}

/// Whether STIX takes the value there: `kind` is a type of observable, and one without a rule takes any.
#[must_use]
pub fn is_valid(kind: &str, value: &str) -> bool {
    match kind {
        "domain-name" => value.trim_end_matches('.').split('.').all(|label| {
            let inside = |c: char| c.is_alphanumeric() || c == '-';
            (1..=63).contains(&label.len())
                && label.chars().all(inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        }),
        "url" => {
            let scheme = value.split_once("://").map_or("", |(scheme, _)| scheme);
            !scheme.is_empty()
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
                && value.bytes().all(|b| b.is_ascii_graphic())
                && !value.contains(['<', '>', '"', '{', '}', '|', '\\', '^', '`'])
        }
        "email-addr" => value.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !value.contains(char::is_whitespace)
        }),
        "mac-addr" => {
            value.len() == 17
                && value.split(':').count() == 6
                && value.split(':').all(|pair| {
                    pair.len() == 2 && pair.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                })
        }
        "windows-registry-key" => {
            let hive = value.split('\\').next().unwrap_or_default().to_ascii_uppercase();
            !matches!(hive.as_str(), "HKLM" | "HKCU" | "HKCR" | "HKU" | "HKCC" | "HKPD")
        }
        _ => true,
    }
}
