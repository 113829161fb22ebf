//! The shape of an object as STIX 2.1 has it: what must be there, and what kind of value each property has.
//!
//! A property's name says its kind, the same in every type of the standard. Names that the standard does not
//! know, and types that it does not know, are not looked at: the path table leaves them at home. Source: STIX
//! 2.1 sections 3.2 and 4 to 7; instants are those of section 2.16.

use super::RejectionReason;
use crate::json::Node;
use crate::pattern::has_whole_literals;
use crate::table::Words;
use std::borrow::Cow;
use std::sync::LazyLock;

/// The properties that a type of the standard must have besides those that all of its kind have. What is here is
/// also `require`d by the path table, so that minimising never makes an object that does not read.
pub(crate) const REQUIRED: &[(&str, &[&str])] = &[
    ("artifact", &[]),
    ("attack-pattern", &["name"]),
    ("autonomous-system", &["number"]),
    ("campaign", &["name"]),
    ("course-of-action", &["name"]),
    ("directory", &["path"]),
    ("domain-name", &["value"]),
    ("email-addr", &["value"]),
    ("email-message", &["is_multipart"]),
    ("extension-definition", &["name", "schema", "version", "extension_types"]),
    ("file", &[]),
    ("grouping", &["context", "object_refs"]),
    ("identity", &["name"]),
    ("incident", &["name"]),
    ("indicator", &["pattern", "pattern_type", "valid_from"]),
    ("infrastructure", &["name"]),
    ("intrusion-set", &["name"]),
    ("ipv4-addr", &["value"]),
    ("ipv6-addr", &["value"]),
    ("language-content", &["object_ref", "contents"]),
    ("location", &[]),
    ("mac-addr", &["value"]),
    ("malware", &["is_family"]),
    ("malware-analysis", &["product"]),
    ("marking-definition", &[]),
    ("mutex", &["name"]),
    ("network-traffic", &["protocols"]),
    ("note", &["content", "object_refs"]),
    ("observed-data", &["first_observed", "last_observed", "number_observed"]),
    ("opinion", &["opinion", "object_refs"]),
    ("process", &[]),
    ("relationship", &["relationship_type", "source_ref", "target_ref"]),
    ("report", &["name", "published", "object_refs"]),
    ("sighting", &["sighting_of_ref"]),
    ("software", &["name"]),
    ("threat-actor", &["name"]),
    ("tool", &["name"]),
    ("url", &["value"]),
    ("user-account", &[]),
    ("vulnerability", &["name"]),
    ("windows-registry-key", &[]),
    ("x509-certificate", &[]),
];

/// The types that are observables: they have neither `created` nor `modified`.
const OBSERVABLES: &[&str] = &[
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

/// Whether objects of a type have versions, told apart by `modified` (STIX 2.1 section 3.6).
pub(super) fn has_versions(kind: &str) -> bool {
    kind != "marking-definition" && !OBSERVABLES.contains(&kind)
}

/// Of these two instants the second is never before the first.
const ORDERED: [(&str, &str); 5] = [
    ("created", "modified"),
    ("valid_from", "valid_until"),
    ("first_seen", "last_seen"),
    ("first_observed", "last_observed"),
    ("start_time", "stop_time"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Instant,
    Texts,
    Flag,
    Integer,
    Number,
    Object,
    Objects,
}

const TEXT: &str = "abstract account_login account_type administrative_area body city command_line contact_information content context country credential cwd definition_type description display_name explanation identity_class issuer key lang message_id mime_type name name_enc objective opinion path path_enc pattern pattern_type pattern_version payload_bin postal_code primary_motivation product region relationship_type resource_level result schema serial_number sophistication spec_version street_address subject tool_version user_id value vendor version";
const INSTANT: &str = "account_created account_expires account_first_login account_last_login analysis_ended analysis_started atime created created_time credential_last_changed ctime end first_observed first_seen last_observed last_seen modified modified_time mtime object_modified published start start_time stop_time submitted valid_from valid_until validity_not_after validity_not_before";
const TEXTS: &str = "aliases architecture_execution_envs authors capabilities extension_types goals implementation_languages indicator_types infrastructure_types labels languages malware_types modules personal_motivations protocols received_lines report_types roles secondary_motivations sectors threat_actor_types tool_types";
const FLAG: &str = "can_escalate_privs defanged is_active is_disabled is_family is_hidden is_multipart is_privileged is_self_signed is_service_account revoked summary";
const INTEGER: &str = "confidence count dst_byte_count dst_packets dst_port number number_observed number_of_subkeys pid size src_byte_count src_packets src_port";
const NUMBER: &str = "latitude longitude precision";
const OBJECT: &str =
    "additional_header_fields contents environment_variables extensions hashes ipfix x509_v3_extensions";
const OBJECTS: &str = "body_multipart external_references granular_markings kill_chain_phases";

static SHAPES: LazyLock<Words<&'static str, Shape>> = LazyLock::new(|| {
    let kinds = [
        (TEXT, Shape::Text),
        (INSTANT, Shape::Instant),
        (TEXTS, Shape::Texts),
        (FLAG, Shape::Flag),
        (INTEGER, Shape::Integer),
        (NUMBER, Shape::Number),
        (OBJECT, Shape::Object),
        (OBJECTS, Shape::Objects),
    ];
    kinds.iter().flat_map(|(names, shape)| names.split(' ').map(|name| (name, *shape))).collect()
});

static NEEDS: LazyLock<Words<&'static str, &'static [&'static str]>> =
    LazyLock::new(|| REQUIRED.iter().copied().collect());

/// Whether an object of a type of the standard has the shape that the standard gives it.
///
/// # Errors
/// The property, and what is wrong with it; the caller rejects the object.
pub(super) fn check(kind: &str, tree: &Node<'_>) -> Result<(), (Cow<'static, str>, RejectionReason)> {
    let (Some(needs), Node::Object(properties)) = (NEEDS.get(kind), tree) else { return Ok(()) };
    let own: &[&str] = match kind {
        "marking-definition" => &["spec_version", "created"],
        kind if OBSERVABLES.contains(&kind) => &[],
        _ => &["spec_version", "created", "modified"],
    };
    for name in own.iter().chain(*needs) {
        if tree.get(name).is_none() {
            return Err((Cow::Borrowed(name), RejectionReason::Absent));
        }
    }
    for (name, value) in properties {
        let (known, shape) = match SHAPES.get_key_value(name.as_ref()) {
            Some((known, shape)) => (Cow::Borrowed(*known), *shape),
            None if name.ends_with("_ref") => (Cow::Owned(name.to_string()), Shape::Text),
            None if name.ends_with("_refs") => (Cow::Owned(name.to_string()), Shape::Texts),
            None => continue,
        };
        if let Some(reason) = wrong(shape, value) {
            return Err((known, reason));
        }
    }
    let stix = tree.get("pattern_type").and_then(Node::as_text).is_none_or(|language| language == "stix");
    let pattern = tree.get("pattern").and_then(Node::as_text).filter(|_| kind == "indicator" && stix);
    if pattern.is_some_and(|pattern| !has_whole_literals(pattern)) {
        return Err((Cow::Borrowed("pattern"), RejectionReason::BadPattern));
    }
    for (first, second) in ORDERED {
        let instant = |name| tree.get(name).and_then(Node::as_text).map(order);
        if let (Some(before), Some(after)) = (instant(first), instant(second))
            && after < before
        {
            return Err((Cow::Borrowed(second), RejectionReason::Before(first)));
        }
    }
    Ok(())
}

fn wrong(shape: Shape, value: &Node<'_>) -> Option<RejectionReason> {
    let text = |value: &Node<'_>| matches!(value, Node::Text(_));
    let object = |value: &Node<'_>| matches!(value, Node::Object(_));
    let all = |what: &dyn Fn(&Node<'_>) -> bool| matches!(value, Node::List(items) if items.iter().all(what));
    let number = |value: &Node<'_>, digits_only: bool| match value {
        Node::Literal(number) => {
            number.starts_with(|first: char| first == '-' || first.is_ascii_digit())
                && !(digits_only && number.contains(['.', 'e', 'E']))
        }
        _ => false,
    };
    let (right, expected) = match shape {
        Shape::Text => (text(value), "a string"),
        Shape::Instant => match value.as_text() {
            Some(instant) if is_instant(instant) => return None,
            Some(_) => return Some(RejectionReason::BadInstant),
            None => (false, "a string"),
        },
        Shape::Texts => (all(&text), "a list of strings"),
        Shape::Flag => {
            (matches!(value, Node::Literal(word) if word == "true" || word == "false"), "true or false")
        }
        Shape::Integer => (number(value, true), "a whole number"),
        Shape::Number => (number(value, false), "a number"),
        Shape::Object => (object(value), "an object"),
        Shape::Objects => (all(&object), "a list of objects"),
    };
    (!right).then_some(RejectionReason::WrongType(expected))
}

/// Whether `text` is an instant as STIX writes it: RFC 3339 with seconds, UTC as `Z`, a day that exists.
fn is_instant(text: &str) -> bool {
    let Some((date_time, fraction)) = text.strip_suffix('Z').and_then(|text| text.split_at_checked(19))
    else {
        return false;
    };
    let fraction_right = match fraction.strip_prefix('.') {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
        None => fraction.is_empty(),
    };
    let form = b"0000-00-00T00:00:00";
    let alike = |(byte, form): (u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form };
    if !fraction_right || !date_time.bytes().zip(form).all(alike) {
        return false;
    }
    let part = |at: usize, length: usize| date_time[at..at + length].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month, day) = (part(0, 4), part(5, 2), part(8, 2));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && part(11, 2) < 24
        && part(14, 2) < 60
        && part(17, 2) <= 60
}

/// What two instants are ordered by: their text up to the seconds, then their fraction.
fn order(instant: &str) -> (&str, &str) {
    let instant = instant.trim_end_matches('Z');
    let (seconds, fraction) = instant.split_once('.').unwrap_or((instant, ""));
    (seconds, fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests;
