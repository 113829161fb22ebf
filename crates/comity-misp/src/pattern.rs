//! Patterns of indicators: written for one value, and read where they are a plain conjunction.
//!
//! Source: STIX 2.1 section 9 (patterns), as far as `[a:b = 'c' AND d:e = 1]` goes.

use crate::kinds::{Shape, is_hash};
use comity_import::value::{address_type, equal, quoted};

fn address(side: &str, value: &str) -> Option<String> {
    let kind = address_type(value)?;
    Some(format!(
        "network-traffic:{side}_ref.type = '{kind}' AND network-traffic:{side}_ref.value = {}",
        quoted(value)
    ))
}

/// The pattern that finds a value; `None` where there is none.
pub(crate) fn of(shape: Shape, value: &str) -> Option<String> {
    let two = || value.split_once('|');
    let hashed = |kind: &str, name: &str, value: &str| {
        is_hash(name, value).then(|| equal(&format!("{kind}:hashes.'{name}'"), value))
    };
    Some(match shape {
        Shape::Plain(kind, property) => equal(&format!("{kind}:{property}"), value),
        Shape::Address(side) => address(side, value)?,
        Shape::AddressPort(side) => {
            let (host, port) = two()?;
            let port: u16 = port.parse().ok()?;
            format!("{} AND network-traffic:{side}_port = {port}", address(side, host)?)
        }
        Shape::System => format!("autonomous-system:number = {}", system(value)?),
        Shape::Hash(kind, name) => hashed(kind, name, value)?,
        Shape::NamedHash(name) => {
            let (file, hash) = two()?;
            format!("{} AND {}", equal("file:name", file), hashed("file", name, hash)?)
        }
        Shape::DomainAddress => {
            let (domain, address) = two()?;
            let domain = equal("domain-name:value", domain);
            format!("{domain} AND {}", equal("domain-name:resolves_to_refs[*].value", address))
        }
        Shape::HostPort => {
            let (host, port) = two()?;
            let port: u16 = port.parse().ok()?;
            format!("{} AND network-traffic:dst_port = {port}", equal("domain-name:value", host))
        }
        Shape::RegistryValue => {
            let (key, data) = two()?;
            let key = equal("windows-registry-key:key", key);
            format!("{key} AND {}", equal("windows-registry-key:values[*].data", data))
        }
        Shape::Mail(property) => equal(&format!("email-message:{property}"), value),
        Shape::MailHeader(name) => equal(&format!("email-message:additional_header_fields.'{name}'"), value),
        Shape::MailReceived => equal("email-message:received_lines[*]", value),
        Shape::MailAddress("from_ref") => equal("email-message:from_ref.value", value),
        Shape::MailAddress(property) => equal(&format!("email-message:{property}[*].value"), value),
        Shape::MailFile => equal("email-message:body_multipart[*].body_raw_ref.name", value),
        Shape::File { sample: true } => {
            let (file, hash) = two()?;
            format!("{} AND {}", equal("file:name", file), hashed("file", "MD5", hash)?)
        }
        Shape::File { sample: false } => equal("file:name", value),
        Shape::Account(kind, property) if property != "credential" => {
            let login = equal(&format!("user-account:{property}"), value);
            format!("user-account:account_type = '{kind}' AND {login}")
        }
        Shape::Pattern(path, true) => format!("{path} = {}", value.parse::<u64>().ok()?),
        Shape::Pattern(path, false) => equal(path, value),
        _ => return None,
    })
}

/// The number in `AS174` or `174`.
pub(crate) fn system(value: &str) -> Option<u32> {
    value.trim_start_matches("AS").parse().ok()
}

/// The value that a pattern written by [`of`], or by MISP's own converter, finds.
pub(crate) fn value(shape: Shape, comparisons: &[(String, String)]) -> Option<String> {
    let said = comparisons.iter().filter(|(path, _)| {
        !path.ends_with("_ref.type") && !path.ends_with(":account_type") && !path.ends_with("payload_bin")
    });
    let mut values: Vec<&str> = said.map(|(_, value)| value.as_str()).collect();
    if shape == Shape::DomainAddress {
        values.retain(|value| !matches!(*value, "ipv4-addr" | "ipv6-addr"));
    }
    match (shape, values.as_slice()) {
        (_, []) => None,
        (Shape::System, [number]) => Some(format!("AS{number}")),
        (_, values) => Some(values.join("|")),
    }
}

/// Path and literal of each comparison of a pattern that is one observation, all of whose comparisons must hold and
/// are equalities; `None` for any other.
pub(crate) fn comparisons(pattern: &str) -> Option<Vec<(String, String)>> {
    let mut rest = pattern.trim().strip_prefix('[')?;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start().trim_start_matches('(').trim_start();
        let (path, after) = path(rest)?;
        rest = after.trim_start().strip_prefix('=')?.trim_start();
        let (literal, after) = literal(rest)?;
        found.push((path, literal));
        rest = after.trim_start().trim_start_matches(')').trim_start();
        if let Some(after) = rest.strip_prefix(']') {
            return after.trim().is_empty().then_some(found);
        }
        rest = rest.strip_prefix("AND ").or_else(|| rest.strip_prefix("AND("))?;
    }
}

/// A path up to its operator; quoted steps may hold anything.
fn path(text: &str) -> Option<(String, &str)> {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => inside = !inside,
            ' ' | '=' if !inside => return (at > 0).then(|| (text[..at].to_owned(), &text[at..])),
            '!' | '<' | '>' | ']' | '(' if !inside && c != ']' => return None,
            _ => {}
        }
    }
    None
}

fn literal(text: &str) -> Option<(String, &str)> {
    if let Some(inner) = text.strip_prefix('\'') {
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                c if escaped => {
                    value.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '\'' => return Some((value, &inner[at + 1..])),
                c => value.push(c),
            }
        }
        return None;
    }
    let end = text.find([' ', ']', ')'])?;
    let plain = &text[..end];
    let is_plain =
        !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b));
    is_plain.then(|| (plain.to_owned(), &text[end..]))
}
