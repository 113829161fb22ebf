//! Observables for one value, and the value read back from them.
//!
//! Source: STIX 2.1 section 6.

use crate::id;
use crate::kinds::{Shape, is_hash};
use crate::pattern::system;
use comity_import::value::{address_type, is_valid};
use serde_json::{Map, Value, json};

/// What a zip of a sample is locked with, as MISP does.
const SAMPLE_KEY: &str = "infected";

/// The observables that carry a value, those that are pointed to included, in the order in which the observed data
/// names them; `None` where they cannot.
pub(crate) fn of(
    shape: Shape,
    value: &str,
    data: Option<&str>,
    uuid: &str,
) -> Option<Vec<Map<String, Value>>> {
    let two = || value.split_once('|');
    Some(match shape {
        Shape::Plain(kind, property) if is_valid(kind, value) => {
            vec![new(kind, json!({ property: value }), uuid)]
        }
        Shape::Address(_) => vec![address(value, uuid)?],
        Shape::AddressPort(side) => {
            let (host, port) = two()?;
            let port: u16 = port.parse().ok()?;
            let host = address(host, uuid)?;
            vec![traffic(side, &host, port, uuid), host]
        }
        Shape::System => vec![new("autonomous-system", json!({ "number": system(value)? }), uuid)],
        Shape::Hash(kind, name) if is_hash(name, value) => {
            vec![new(kind, json!({ "hashes": { name: value } }), uuid)]
        }
        Shape::NamedHash(name) => {
            let (file, hash) = two().filter(|(file, hash)| !file.is_empty() && is_hash(name, hash))?;
            vec![new("file", json!({ "name": file, "hashes": { name: hash } }), uuid)]
        }
        Shape::DomainAddress => {
            let (domain, host) = two().filter(|(domain, _)| is_valid("domain-name", domain))?;
            let host = address(host, uuid)?;
            let refs = [host.get("id")?];
            let domain = json!({ "value": domain, "resolves_to_refs": refs });
            vec![new("domain-name", domain, uuid), host]
        }
        Shape::HostPort => {
            let (host, port) = two().filter(|(host, _)| is_valid("domain-name", host))?;
            let port: u16 = port.parse().ok()?;
            let host = new("domain-name", json!({ "value": host }), uuid);
            let traffic = traffic("dst", &host, port, uuid);
            vec![host, traffic]
        }
        Shape::RegistryValue => {
            let (key, data) = two()?;
            is_valid("windows-registry-key", key).then_some(())?;
            let values = json!([{ "data": data }]);
            vec![new("windows-registry-key", json!({ "key": key, "values": values }), uuid)]
        }
        Shape::Mail(property) => vec![mail(json!({ property: value }), uuid)],
        Shape::MailHeader(name) => {
            vec![mail(json!({ "additional_header_fields": { name: [value] } }), uuid)]
        }
        Shape::MailReceived => vec![mail(json!({ "received_lines": [value] }), uuid)],
        Shape::MailAddress(property) => {
            is_valid("email-addr", value).then_some(())?;
            let sender = new("email-addr", json!({ "value": value }), uuid);
            let id = sender.get("id")?.clone();
            let refs = if property == "from_ref" { id } else { json!([id]) };
            vec![mail(json!({ property: refs }), uuid), sender]
        }
        Shape::MailFile => {
            let file = new("file", json!({ "name": value }), uuid);
            let disposition = format!("attachment; filename=\"{value}\"");
            let part = json!({ "body_raw_ref": file.get("id")?, "content_disposition": disposition });
            let mut message = mail(json!({ "body_multipart": [part] }), uuid);
            message.insert("is_multipart".to_owned(), json!(true));
            vec![message, file]
        }
        Shape::File { sample } => file(sample, value, data, uuid)?,
        Shape::Account(kind, property) => {
            vec![new("user-account", json!({ "account_type": kind, property: value }), uuid)]
        }
        _ => return None,
    })
}

fn file(sample: bool, value: &str, data: Option<&str>, uuid: &str) -> Option<Vec<Map<String, Value>>> {
    let (name, hashes) = match value.split_once('|') {
        Some((name, md5)) if sample => {
            is_hash("MD5", md5).then_some(())?;
            (name, Some(json!({ "MD5": md5 })))
        }
        _ => (value, None),
    };
    let mut said = json!({ "name": name });
    if let Some(hashes) = hashes {
        said["hashes"] = hashes;
    }
    let Some(data) = data else { return Some(vec![new("file", said, uuid)]) };
    let mut content = json!({ "payload_bin": data });
    if sample {
        content["mime_type"] = json!("application/zip");
        content["encryption_algorithm"] = json!("mime-type-indicated");
        content["decryption_key"] = json!(SAMPLE_KEY);
    }
    let content = new("artifact", content, uuid);
    said["content_ref"] = content.get("id")?.clone();
    Some(vec![new("file", said, uuid), content])
}

fn new(kind: &str, said: Value, uuid: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(kind));
    object.insert("spec_version".to_owned(), json!("2.1"));
    if let Value::Object(said) = said {
        object.extend(said);
    }
    let id = id::observable(&object, uuid);
    object.insert("id".to_owned(), json!(id));
    object
}

fn mail(said: Value, uuid: &str) -> Map<String, Value> {
    let mut object = new("email-message", said, uuid);
    object.insert("is_multipart".to_owned(), json!(false));
    object
}

fn address(value: &str, uuid: &str) -> Option<Map<String, Value>> {
    Some(new(address_type(value)?, json!({ "value": value }), uuid))
}

/// STIX asks for a protocol, and MISP does not know it: the lowest that has ports is not known either, so `tcp`, as
/// MISP's own converter writes.
fn traffic(side: &str, host: &Map<String, Value>, port: u16, uuid: &str) -> Map<String, Value> {
    let (end, number) = (format!("{side}_ref"), format!("{side}_port"));
    let host = host.get("id").cloned().unwrap_or_default();
    new("network-traffic", json!({ end: host, number: port, "protocols": ["tcp"] }), uuid)
}

/// The value that observables carry, and the bytes of a file.
pub(crate) fn value(shape: Shape, objects: &[&Map<String, Value>]) -> Option<(String, Option<String>)> {
    let first = |kind: &str| {
        objects.iter().copied().find(|object| object.get("type").is_some_and(|found| found == kind))
    };
    let text = |object: &Map<String, Value>, name: &str| scalar(object.get(name)?);
    let host = || first("ipv4-addr").or_else(|| first("ipv6-addr"));
    let plain = match shape {
        Shape::Plain(kind, property) => text(first(kind)?, property)?,
        Shape::Address(_) => text(host()?, "value")?,
        Shape::AddressPort(side) => {
            let port = text(first("network-traffic")?, &format!("{side}_port"));
            let port = port.or_else(|| text(first("network-traffic")?, "dst_port"))?;
            format!("{}|{port}", text(host()?, "value")?)
        }
        Shape::System => format!("AS{}", text(first("autonomous-system")?, "number")?),
        Shape::Hash(kind, name) => hash(first(kind)?, name)?,
        Shape::NamedHash(name) => {
            let file = first("file")?;
            format!("{}|{}", text(file, "name")?, hash(file, name)?)
        }
        Shape::DomainAddress => {
            format!("{}|{}", text(first("domain-name")?, "value")?, text(host()?, "value")?)
        }
        Shape::HostPort => {
            let port = text(first("network-traffic")?, "dst_port")?;
            format!("{}|{port}", text(first("domain-name")?, "value")?)
        }
        Shape::RegistryValue => {
            let key = first("windows-registry-key")?;
            let value = key.get("values")?.get(0)?.get("data").and_then(scalar)?;
            format!("{}|{value}", text(key, "key")?)
        }
        Shape::Mail(property) => text(first("email-message")?, property)?,
        Shape::MailHeader(name) => {
            let header = first("email-message")?.get("additional_header_fields")?.get(name)?;
            scalar(header).or_else(|| header.get(0).and_then(scalar))?
        }
        Shape::MailReceived => scalar(first("email-message")?.get("received_lines")?.get(0)?)?,
        Shape::MailAddress(_) => text(first("email-addr")?, "value")?,
        Shape::MailFile => text(first("file")?, "name")?,
        Shape::File { sample } => {
            let data = first("artifact").and_then(|content| text(content, "payload_bin"));
            let Some(file) = first("file") else {
                return Some((text(first("artifact")?, "id")?, data));
            };
            let name = text(file, "name")?;
            let md5 = hash(file, "MD5").filter(|_| sample);
            let value = md5.map_or_else(|| name.clone(), |md5| format!("{name}|{md5}"));
            return Some((value, data));
        }
        Shape::Account(_, property) => {
            let account = first("user-account")?;
            text(account, property).or_else(|| text(account, "user_id"))?
        }
        _ => return None,
    };
    Some((plain, None))
}

/// The hash of that name, or, where another converter names it otherwise, the only one.
fn hash(object: &Map<String, Value>, name: &str) -> Option<String> {
    let hashes = object.get("hashes")?.as_object()?;
    let found = hashes.get(name).or_else(|| (hashes.len() == 1).then(|| hashes.values().next())?)?;
    scalar(found)
}

/// Whether a text has the alphabet and length of base64 (RFC 4648 section 4).
pub(crate) fn is_base64(text: &str) -> bool {
    let inside = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - inside.len() <= 2
        && inside.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// A text or a number, as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
