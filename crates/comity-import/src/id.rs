//! Ids: derived ones, those of observables, and the uuids of others.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The namespace of STIX 2.1 section 2.9 for observables.
const OBSERVABLES: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c23_fed2_3ed4_bd8b);

/// The namespace of what is derived here.
const DERIVED: Uuid = Uuid::from_u128(0x7a1c_0f8e_52f3_4d0e_9a54_0c1d_4b8e_6f21);

/// The same uuid for the same parts: a v5 uuid in a namespace of ours.
#[must_use]
pub fn derived(parts: &[&str]) -> String {
    Uuid::new_v5(&DERIVED, parts.join("\u{1f}").as_bytes()).to_string()
}

/// A uuid in its usual form; `None` for what is none.
#[must_use]
pub fn uuid(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 36).then(|| Uuid::parse_str(text).ok().map(|uuid| uuid.to_string())).flatten()
}

/// The uuid of a STIX id.
#[must_use]
pub fn of(stix_id: &str) -> Option<String> {
    uuid(stix_id.split_once("--")?.1)
}

/// The type of a STIX id.
#[must_use]
pub fn kind(stix_id: &str) -> &str {
    stix_id.split_once("--").map_or("", |(kind, _)| kind)
}

/// The id of an observable: a v5 uuid over its ID-contributing properties (STIX 2.1 section 2.9), or, where it has
/// none of them, one derived from `otherwise`.
#[must_use]
pub fn observable(object: &Map<String, Value>, otherwise: &str) -> String {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut contributing: BTreeMap<&str, Value> = BTreeMap::new();
    for name in contributes(kind) {
        if let Some(value) = object.get(*name) {
            let value = if *name == "hashes" { one_hash(value) } else { value.clone() };
            contributing.insert(name, value);
        }
    }
    let uuid = if contributing.is_empty() {
        // The section asks for a v4 uuid here; one of that form, and the same for the same input.
        let derived = Uuid::new_v5(&DERIVED, format!("{kind}\u{1f}{otherwise}").as_bytes());
        uuid::Builder::from_random_bytes(*derived.as_bytes()).into_uuid().to_string()
    } else {
        let canonical = serde_json::to_string(&contributing).unwrap_or_default();
        Uuid::new_v5(&OBSERVABLES, canonical.as_bytes()).to_string()
    };
    format!("{kind}--{uuid}")
}

fn contributes(kind: &str) -> &'static [&'static str] {
    match kind {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "parent_directory_ref"],
        "mutex" => &["name"],
        "network-traffic" => &["src_ref", "dst_ref", "src_port", "dst_port", "protocols"],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => &[],
    }
}

/// Of several hashes one contributes: the first of these, else the first by name.
fn one_hash(hashes: &Value) -> Value {
    let Some(hashes) = hashes.as_object() else { return hashes.clone() };
    let preferred =
        ["MD5", "SHA-1", "SHA-256", "SHA-512"].into_iter().find(|name| hashes.contains_key(*name));
    let first = preferred.or_else(|| hashes.keys().map(String::as_str).min());
    let chosen = first.and_then(|name| Some((name.to_owned(), hashes.get(name)?.clone())));
    Value::Object(chosen.into_iter().collect())
}

/// A CVE id in its usual form, `CVE-2024-12345`; `None` for what is none.
#[must_use]
pub fn cve(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase();
    let (year, number) = text.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (year.len() == 4 && (4..=19).contains(&number.len()) && digits(year) && digits(number)).then_some(text)
}
